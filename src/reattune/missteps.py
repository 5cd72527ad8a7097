"""Missteps in the therapist's own turns: why each may land badly, what to say instead, trends.

Meant for the therapist alone. A misstep is recognized from the words and is often wrong until the
therapist confirms it; what is personal rests on confirmed ones only. Nobody is compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reattune.codebook import CODES, code
from reattune.follow import Following
from reattune.repair import Basis
from reattune.repair_find import basis_of
from reattune.signals import HUMAN
from reattune.types import Analysis

FEWEST = 3  # sessions from which a trend has an interval
MISSTEPS = tuple(id for id in CODES if code(id).family == "misstep")


@dataclass(frozen=True, slots=True)
class Recognized:
    """A misstep: the therapist's own turn, the client's turn before it, and ids of guidance.

    `badly` and `well` say how it may land, `instead` are rewordings to stand beside the turn;
    `confirmed` whether a person said so.
    """

    own: Basis
    before: Basis | None
    confirmed: bool
    probability: float
    badly: str
    well: str
    instead: tuple[str, ...]

    @property
    def code(self) -> str:
        """The code of the codebook."""
        return self.own.code


def recognized(
    analysis: Analysis, session: int = 1, day: date | None = None
) -> tuple[Recognized, ...]:
    """The missteps of one session in order."""
    return tuple(
        Recognized(
            own=basis_of(analysis, move, session, day),
            before=_before(analysis, move.turn, session, day),
            confirmed=move.by == HUMAN,
            probability=max(move.probability, move.family_probability),
            badly=f"missteps.{move.code}.lands.badly",
            well=f"missteps.{move.code}.lands.well",
            instead=rewordings(move.code),
        )
        for move in analysis.moves
        if move.decided and move.family == "misstep"
    )


def rewordings(code: str) -> tuple[str, ...]:
    """The ids of the rewordings of a misstep."""
    from reattune import guidance

    return tuple(text.id for text in guidance.load().missteps[code].instead)


def _before(analysis: Analysis, turn: int, session: int, day: date | None) -> Basis | None:
    """The client's turn before one of the therapist's."""
    turns = analysis.session.turns
    for at in range(turn - 1, -1, -1):
        if turns[at].role == "client" and turns[at].text.strip():
            return Basis(session, day, at, turns[at].text, "client")
    return None


def recognized_in(following: Following) -> tuple[Recognized, ...]:
    """The missteps of a course, in order of session and turn."""
    days = dict(following.held)
    return tuple(
        one
        for session, analysis in sorted(following.analyses.items())
        for one in recognized(analysis, session, days.get(session))
    )


def tendencies(analyses: Iterable[Analysis]) -> dict[str, int]:
    """How often each misstep was confirmed in these sessions, the most frequent first.

    Only what a person confirmed counts; equals stand in the order of the codebook.
    """
    counts = Counter(
        move.code
        for analysis in analyses
        for move in analysis.moves
        if move.decided and move.family == "misstep" and move.by == HUMAN
    )
    return {id: counts[id] for id in sorted(counts, key=lambda id: (-counts[id], CODES.index(id)))}


# Trends


@dataclass(frozen=True, slots=True)
class Rate:
    """Missteps a session: how many in how many sessions, with a 95% interval."""

    count: int
    sessions: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Trend:
    """One misstep, or "any", over a therapist's own sessions in order of time.

    `counts` a session, with the part of them that was `confirmed`; `rate` over all sessions,
    `earlier` and `later` over their two halves; None where there are too few sessions, and `reason`
    says so. Whether a difference is more than chance the two intervals show; no test is made.
    """

    code: str
    counts: tuple[int, ...]
    confirmed: tuple[int, ...]
    rate: Rate | None
    earlier: Rate | None
    later: Rate | None
    reason: str = ""


def trends(sessions: Sequence[Analysis]) -> tuple[Trend, ...]:
    """The trend of each misstep that occurs, and of all together first, over these sessions.

    Sessions are the therapist's own, in order of time, of any client. For the therapist's eyes.
    """
    found = [Counter(codes(analysis)) for analysis in sessions]
    sure = [Counter(codes(analysis, confirmed=True)) for analysis in sessions]
    present = [id for id in MISSTEPS if any(own[id] for own in found)]
    return tuple(_trend(id, found, sure) for id in (["any", *present] if present else []))


def codes(analysis: Analysis, *, confirmed: bool = False) -> Iterator[str]:
    """The codes of the missteps in a session; of those confirmed alone where asked."""
    for move in analysis.moves:
        if move.decided and move.family == "misstep" and (move.by == HUMAN or not confirmed):
            yield move.code


def _trend(id: str, found: Sequence[Mapping[str, int]], sure: Sequence[Mapping[str, int]]) -> Trend:
    counts = tuple(_of(own, id) for own in found)
    confirmed = tuple(_of(own, id) for own in sure)
    if len(counts) < FEWEST:
        reason = f"It rests on {len(counts)} sessions; a rate needs at least {FEWEST}."
        return Trend(id, counts, confirmed, None, None, None, reason)
    half = len(counts) // 2
    whole = rate(counts)
    if half < FEWEST:
        reason = f"Two halves need at least {2 * FEWEST} sessions."
        return Trend(id, counts, confirmed, whole, None, None, reason)
    return Trend(id, counts, confirmed, whole, rate(counts[:half]), rate(counts[half:]))


def _of(own: Mapping[str, int], id: str) -> int:
    return sum(own.values()) if id == "any" else own[id]


def rate(counts: Sequence[int]) -> Rate:
    """The mean a session with Garwood's (1936) exact Poisson interval, widened where they cluster.

    Counts that vary more than a Poisson's are taken as so many fewer events by the ratio of
    variance to mean (the quasi-Poisson allowance).
    """
    from scipy.stats import chi2

    total, n = sum(counts), len(counts)
    mean = total / n
    square = sum(count * count for count in counts) - total * total / n
    spread = square / (n - 1) / mean if total and n > 1 else 1.0
    clustered = max(1.0, spread)
    events = total / clustered
    low = float(chi2.ppf(0.025, 2 * events)) / 2 if events else 0.0
    high = float(chi2.ppf(0.975, 2 * events + 2)) / 2
    return Rate(total, n, mean, low * clustered / n, high * clustered / n)
