"""The domain in a handful of frozen values. Every stage takes one and returns a new one.

Turn numbers count from 0 and index `Session.turns`; a range of turns is half-open, `[first, last)`;
times are seconds from the start of the session.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Role = Literal["therapist", "client", "other", "unknown"]
Family = Literal["withdrawal", "confrontation", "repair", "misstep"]
Intensity = Literal["micro", "major"]
Kind = Literal["withdrawal", "confrontation", "mixed"]
SignalKind = Literal["rupture", "decline", "absence", "recovery"]
State = Literal["unnoticed", "addressed", "repaired", "mishandled", "open"]

ROLE_LABELS: dict[str, Role] = {"T": "therapist", "C": "client", "O": "other"}
MARK = re.compile(r"\[[^\[\]\n]{1,60}\]")  # [laughs], [pause], [inaudible], [crosstalk]


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaking turn.

    `speaker` is the label in the transcript, `text` the words with non-speech in [brackets],
    `start` and `end` seconds from session start where the transcript has them.
    """

    speaker: str
    text: str
    role: Role = "unknown"
    start: float | None = None
    end: float | None = None

    @property
    def marks(self) -> tuple[str, ...]:
        """The non-speech marks in the text, such as `[laughs]`, in order."""
        return tuple(MARK.findall(self.text))


@dataclass(frozen=True, slots=True)
class Note:
    """Something tolerated while reading, or a limit of a result, said to the user.

    `slug` is a stable name documented in docs/errors.md and docs/formats.md; `turns` are those it
    concerns, if any.
    """

    slug: str
    text: str
    turns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleGuess:
    """How the roles came about: `by` "labels", "told" or "inferred/1"; `confidence` 0 to 1."""

    by: str
    confidence: float
    therapist: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session's words in order. `source` is a file name or id without a path."""

    turns: tuple[Turn, ...]
    source: str = ""
    format: str = "turns"
    notes: tuple[Note, ...] = ()
    roles: RoleGuess | None = None

    @classmethod
    def from_turns(cls, turns: Iterable[tuple[str, str]], *, source: str = "") -> Session:
        """A session from (speaker, text) pairs, kept exactly as given, one turn for each pair.

        "T", "C" and "O" (or "therapist", "client", "other", any case) set the role; any other
        label leaves it "unknown", for `reattune.assign_roles` to settle.
        """
        made = tuple(Turn(str(who), str(text), role_of(str(who))) for who, text in turns)
        known = any(turn.role == "therapist" for turn in made)
        guess = RoleGuess("labels", 1.0, None, "The labels say who is who.") if known else None
        return cls(made, source=source, roles=guess)


def role_of(label: str) -> Role:
    """The role a bare T/C/O or therapist/client/other label states, else "unknown"."""
    label = label.strip()
    if label.upper() in ROLE_LABELS:
        return ROLE_LABELS[label.upper()]
    lowered = label.lower()
    return lowered if lowered in ROLE_LABELS.values() else "unknown"  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a judgement rests on: a turn with the words quoted, or a named value with its unit."""

    turn: int | None = None
    quote: str = ""
    name: str = ""
    value: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Marker:
    """One code on one turn, a prompt to look.

    `probability` is the calibrated probability of this code on this turn; `family_probability`
    that of any code of its family. `decided` is False for a near miss, which is kept so that
    "why not?" has an answer. `intensity` is None on therapist turns.
    """

    turn: int
    code: str
    family: Family
    intensity: Intensity | None
    probability: float
    by: str
    why: str
    evidence: tuple[Evidence, ...] = ()
    decided: bool = True
    family_probability: float = 0.0


@dataclass(frozen=True, slots=True)
class Episode:
    """Markers that belong together, `[first, last)`, with the therapist's answer to them.

    `moves` holds repair moves and missteps within the episode and right after it, up to `until`
    (exclusive), the end of the stretch that was read for an answer. `why` says what the state
    rests on.
    """

    first: int
    last: int
    until: int
    kind: Kind
    intensity: Intensity
    state: State
    markers: tuple[Marker, ...]
    moves: tuple[Marker, ...]
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Risk:
    """Risk content in a turn: what was found, never how great the risk is."""

    turn: int
    topic: Literal["suicide", "self-harm", "harm to others", "abuse"]
    quote: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """A client's own habit, from this session and any earlier ones given.

    `turns` client turns from `sessions` sessions; words per turn as median and median absolute
    deviation; `short_answers` the share of answers of at most two words after an open question;
    `latency` the median seconds before the client speaks (None without timestamps).
    """

    sessions: int
    turns: int
    words: float
    words_mad: float
    short_answers: float
    latency: float | None
    overlap: float


@dataclass(frozen=True, slots=True)
class Talk:
    """One role's share of the talk: turns, words, share of all words, questions asked."""

    role: Role
    turns: int
    words: int
    share: float
    questions: int


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What `reattune.analyze` returns for one session.

    `scores` is float32 (n_turns, n_codes), columns in the order of `reattune.CODES`: the
    calibrated probability of each code on each turn, 0 where the speaker cannot carry the code.
    `markers` are on client turns, `moves` on therapist turns; both hold near misses
    (`decided=False`). `episodes` rest on decided markers alone.
    """

    session: Session
    scores: npt.NDArray[np.float32]
    markers: tuple[Marker, ...]
    moves: tuple[Marker, ...]
    episodes: tuple[Episode, ...]
    risks: tuple[Risk, ...]
    baseline: Baseline | None
    talk: tuple[Talk, ...]
    notes: tuple[Note, ...]
    by: str
    operating_point: str
    reliability: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict, schema "reattune.analysis/1", described in docs/analysis-schema.md."""
        from reattune.schema import analysis_to_dict

        return analysis_to_dict(self)


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series: the session's number from 1, its date, the value; None if missing."""

    session: int
    date: date | None
    value: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """What the values of a measure can be, its smallest step, and whether high values are good."""

    low: float
    high: float
    step: float
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Series:
    """One client's values of one measure by one rater, in order of session, never mixed.

    `measure` is an instrument's id, with a subscale after a colon where it is one, "attendance", or
    "words" for episodes per session. `scale` is None where the range is not known.
    """

    client: str
    measure: str
    rater: str
    points: tuple[Point, ...]
    scale: Scale | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A sign that the alliance may have moved, from words, scores or attendance; never a verdict.

    `source` is "words", a measure's id or "attendance"; `rule` the rule that fired, `by` its
    version; `level` micro or major; `false_per_12` how often the rule fires in 12 sessions of a
    stable course, None where that was not measured. `with_` names sources that say the same within
    two sessions.
    """

    client: str
    session: int
    date: date | None
    source: str
    kind: SignalKind
    rule: str
    level: Intensity
    by: str
    why: str
    evidence: tuple[Evidence, ...] = ()
    false_per_12: float | None = None
    with_: tuple[str, ...] = ()
