"""The order of the stages, written once: `analyze(session)`, `follow(course)`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from reattune import __version__
from reattune.calibration import Scores, adjust, calibrate, carriers
from reattune.episodes import find_episodes
from reattune.features import (
    SHIFTS,
    Context,
    contexts,
    cue_table,
    join_baselines,
    measure_baseline,
    measure_talk,
    table,
)
from reattune.language import check_language
from reattune.markers import Reading, Salience, find_markers, split_roles
from reattune.model import LONGEST, MarkerModel, Progress, load_model
from reattune.recalibration import current
from reattune.risk import screen
from reattune.roles import assign_roles, require_roles
from reattune.thresholds import DEFAULT_POINT, operating_point
from reattune.types import Analysis, Baseline, Note, Session

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from reattune.course import Course
    from reattune.follow import Following

    Array = npt.NDArray[np.float32]


SALIENCE_WINDOW = 6  # turns on each side that are read again to find the words that matter


def analyze(
    session: Session,
    *,
    therapist: str | None = None,
    earlier: Sequence[Baseline] = (),
    point: str = DEFAULT_POINT,
    any_language: bool = False,
    as_shipped: bool = False,
    progress: Progress | None = None,
) -> Analysis:
    """Where the alliance was strained in this session, how, how badly, and whether it was repaired.

    `therapist` names the therapist's label; `earlier` are baselines of the same client's earlier
    sessions (`Analysis.baseline`); `point` is an operating point: few, balanced or many flags;
    `as_shipped` leaves the user's own calibration aside; `progress(done, total)` is called while
    turns are encoded.

    Raises InputError for a session without turns or a damaged calibration, RoleError when it is not
    clear enough who the therapist is, LanguageError when the words are not English (unless
    `any_language`), ModelError when the weights are damaged.
    """
    chosen = operating_point(point)
    session = with_roles(session, therapist)
    risks = screen(session)
    language_notes = check_language(session, any_language=any_language)
    model = load_model()
    own, own_notes = (None, ()) if as_shipped else current(model.stamp)
    by = f"{model.by}+own" if own else model.by
    habit = measure_baseline(session)
    baseline = join_baselines([*earlier, *([habit] if habit else [])])
    rows = contexts(session, baseline if earlier else None)
    skipped = {i for note in language_notes for i in note.turns} if not any_language else set()
    vectors, scores = score(session, rows, model, skip=skipped, progress=progress)
    if own is not None:
        scores, chosen = adjust(scores, own.families), own.point(chosen)
    reading = Reading(rows, scores, baseline, by, _salience(model, vectors, session))
    markers, moves = split_roles(find_markers(reading, chosen))
    return Analysis(
        session=session,
        scores=scores.codes,
        markers=markers,
        moves=moves,
        episodes=find_episodes(markers, moves, rows),
        risks=risks,
        baseline=baseline,
        talk=measure_talk(session),
        notes=(*session.notes, *language_notes, *own_notes, *_limits(session, model)),
        by=f"reattune/{__version__} {by}",
        operating_point=chosen.name,
        reliability=dict(chosen.reliability),
    )


def follow(course: Course, **options: Any) -> Following:
    """Words, scores and attendance of a client's course: `reattune.follow.follow`, options too."""
    from reattune.follow import follow as run

    return run(course, **options)


def with_roles(session: Session, therapist: str | None) -> Session:
    """The session with roles assigned and clear enough to go on; InputError or RoleError if not."""
    if therapist is not None or any(turn.role == "unknown" for turn in session.turns):
        session = assign_roles(session, therapist=therapist)
    require_roles(session)
    return session


def score(
    session: Session,
    rows: Sequence[Context],
    model: MarkerModel,
    *,
    skip: set[int] | frozenset[int] = frozenset(),
    progress: Progress | None = None,
) -> tuple[Array, Scores]:
    """Each turn's vector (n, 384) and its calibrated scores; `skip` names turns left at 0."""
    vectors = model.encode([turn.text for turn in session.turns], progress=progress)
    raw = model.read_sequence(vectors, cue_table(session))
    carries = carriers(["other" if i in skip else t.role for i, t in enumerate(session.turns)])
    return vectors, calibrate(raw, table(SHIFTS, rows), carries, model.stage)


def _salience(model: MarkerModel, vectors: Array, session: Session) -> Salience:
    """Which sentence, standing alone in the turn's place, gives the code its highest logit."""
    cues = cue_table(session)
    known: dict[int, list[Array]] = {}

    def read(turn: int, sentences: Sequence[str]) -> Iterator[Array]:
        first = max(0, turn - SALIENCE_WINDOW)
        near = slice(first, turn + SALIENCE_WINDOW + 1)
        window = vectors[near].copy()
        for vector in model.encode(sentences):
            window[turn - first] = vector
            yield model.read_sequence(window, cues[near])[turn - first]

    def pick(turn: int, sentences: Sequence[str], column: int) -> int:
        if len(sentences) == 1:
            return 0
        if turn not in known:
            known[turn] = list(read(turn, sentences))
        found = [float(row[column]) for row in known[turn]]
        return found.index(max(found))

    return pick


def _limits(session: Session, model: MarkerModel) -> list[Note]:
    """What the result cannot say, from the session's own shape."""
    notes = []
    cut = tuple(
        i
        for i, turn in enumerate(session.turns)
        if len(turn.text) > LONGEST and len(model.tokens(turn.text)) == LONGEST
    )
    if cut:
        what = f"Of {len(cut)} long turn(s) the beginning and the end were read, not the middle."
        notes.append(Note("turn-truncated", what, cut))
    if not any(turn.role == "client" for turn in session.turns):
        notes.append(Note("no-client-turns", "No turn of a client was found: nothing to score."))
    if len(session.turns) < 10:
        what = "So few turns give the model little context; read any flag with more doubt."
        notes.append(Note("short-session", what))
    return notes
