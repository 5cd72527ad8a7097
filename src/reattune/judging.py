"""Episodes against labels: which strains were found, which were shown for nothing, told apart how.

A labelled episode is what the episode rules make of the labels themselves, so that model and labels
are cut alike. It counts as found when a decided marker of its kind lies in it or one turn off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reattune.agreement import cohen_kappa, weighted_kappa
from reattune.calibration import Scores, family_scores
from reattune.codebook import CLIENT_FAMILIES, columns
from reattune.episodes import find_episodes
from reattune.features import contexts, measure_baseline
from reattune.labelled import Labelled
from reattune.markers import Reading, find_markers, split_roles
from reattune.metrics import ratio
from reattune.thresholds import OperatingPoint
from reattune.types import Episode

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

NEAR = 1  # turns beside an episode that still belong to it when it is judged
CLIENT = tuple(c for family in CLIENT_FAMILIES for c in columns(family))
ENDS = {"repaired": "repaired", "addressed": "unrepaired", "open": "unrepaired"}
"""State of a session's last episode -> the outcome it stands for, where the names differ."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A session's labelled episodes, those the model shows, and its intensity levels by turn.

    Levels are 0 none, 1 micro, 2 major, on client turns: `true_levels`, `levels` int (n_client,).
    """

    labelled: Labelled
    true: tuple[Episode, ...]
    shown: tuple[Episode, ...]
    true_levels: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]


def episodes_of(
    labelled: Labelled, codes: Array, major: Array, point: OperatingPoint
) -> tuple[Episode, ...]:
    """The episodes that the pipeline shows for these probabilities (n, 26) and (n,)."""
    session = labelled.session
    rows = contexts(session)
    scores = Scores(codes, family_scores(codes), major)
    reading = Reading(rows, scores, measure_baseline(session), "measure", lambda *_: 0)
    markers, moves = split_roles(find_markers(reading, point))
    return find_episodes(markers, moves, rows)


def judge_session(labelled: Labelled, codes: Array, major: Array, point: OperatingPoint) -> Judged:
    """Labelled and shown episodes of one session."""
    import numpy as np

    truth, hard = labelled.codes.astype(np.float32), labelled.major.astype(np.float32)
    client = np.array([turn.role == "client" for turn in labelled.session.turns], bool)
    flagged = np.any(
        [
            family_scores(codes)[:, i] >= point.decide[family]
            for i, family in enumerate(CLIENT_FAMILIES)
        ],
        axis=0,
    )
    levels = np.where(flagged, 1 + (major >= point.major), 0).astype(np.int64)
    true = np.where(labelled.codes[:, CLIENT].any(1), 1 + labelled.major, 0).astype(np.int64)
    return Judged(
        labelled,
        episodes_of(labelled, truth, hard, point),
        episodes_of(labelled, codes, major, point),
        true[client],
        levels[client],
    )


def is_found(true: Episode, shown: Sequence[Episode]) -> bool:
    """Whether a decided marker of its kind lies in the labelled episode or one turn off."""
    return any(
        true.first - NEAR <= marker.turn < true.last + NEAR
        and (true.kind == "mixed" or marker.family == true.kind)
        for episode in shown
        for marker in episode.markers
    )


def is_false(episode: Episode, labelled: Labelled) -> bool:
    """Whether no labelled client turn lies in or next to the episode."""
    near = labelled.codes[max(0, episode.first - NEAR) : episode.last + NEAR, CLIENT]
    return not near.any()


def episode_figures(rows: Sequence[Judged]) -> dict[str, Any]:
    """Episodes found and false, kinds confused, intensity and ends agreed, JSON-ready."""
    turns = sum(len(row.labelled.session.turns) for row in rows)
    true = sum(len(row.true) for row in rows)
    found = sum(is_found(episode, row.shown) for row in rows for episode in row.true)
    false = sum(is_false(episode, row.labelled) for row in rows for episode in row.shown)
    return {
        "labelled": true,
        "found": found,
        "found_share": ratio(found, true),
        "shown": sum(len(row.shown) for row in rows),
        "false": false,
        "false_per_session": ratio(false, len(rows)),
        "false_per_100_turns": 100 * ratio(false, turns),
        "kinds": kinds_table(rows),
        "intensity": intensity_figures(rows),
        "ends": ends_table(rows),
        "ends_agreed": ends_agreed(rows),
    }


def kinds_table(rows: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """Kind of each labelled episode -> kind of the first shown one that meets it, or missed."""
    table: dict[str, Counter[str]] = {}
    for row in rows:
        for true in row.true:
            table.setdefault(true.kind, Counter())[_kind_met(true, row.shown)] += 1
    return {kind: dict(counts) for kind, counts in sorted(table.items())}


def _kind_met(true: Episode, shown: Sequence[Episode]) -> str:
    for episode in shown:
        if episode.first < true.last + NEAR and true.first - NEAR < episode.last:
            return episode.kind
    return "missed"


def intensity_figures(rows: Sequence[Judged]) -> dict[str, float]:
    """Linearly weighted kappa of none, micro, major by client turn; and where both see a strain."""
    import numpy as np

    true = np.concatenate([row.true_levels for row in rows])
    own = np.concatenate([row.levels for row in rows])
    both = (true > 0) & (own > 0)
    return {
        "n": len(true),
        "weighted_kappa": weighted_kappa(true, own, levels=3),
        "n_both": int(both.sum()),
        "kappa_both": weighted_kappa(true[both] - 1, own[both] - 1, levels=2),
        "same_both": ratio(int((true == own)[both].sum()), int(both.sum())),
    }


def end_of(episodes: Sequence[Episode]) -> str:
    """The outcome that the last episode's state stands for; "none" without an episode."""
    return ENDS.get(episodes[-1].state, episodes[-1].state) if episodes else "none"


def ends_table(rows: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """Outcome given by hand -> end that the shown episodes stand for, of excerpts that have one."""
    table: dict[str, Counter[str]] = {}
    for row in rows:
        if row.labelled.outcome:
            table.setdefault(row.labelled.outcome, Counter())[end_of(row.shown)] += 1
    return {given: dict(counts) for given, counts in sorted(table.items())}


def ends_agreed(rows: Sequence[Judged]) -> dict[str, float]:
    """Kappa of repaired against not, and of all ends, over excerpts with an outcome."""
    import numpy as np

    pairs = [(r.labelled.outcome, end_of(r.shown)) for r in rows if r.labelled.outcome]
    given, shown = (np.array([pair[k] for pair in pairs]) for k in (0, 1))
    return {
        "n": len(pairs),
        "repaired_kappa": cohen_kappa(given == "repaired", shown == "repaired"),
        "kappa": cohen_kappa(given, shown),
    }
