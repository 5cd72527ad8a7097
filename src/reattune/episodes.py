"""Markers -> episodes: strains that belong together, how the therapist answered, how they ended.

Only decided markers open an episode. The rules are few and stated as constants; they are our own
proposal. How far the ends agree with hand-given outcomes is in docs/accuracy.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reattune.features import Context
from reattune.types import Episode, Intensity, Kind, Marker, State

VERSION = "episodes/2"

GAP = 8  # turns; markers no further apart belong to one episode (about four exchanges)
ANSWER = 12  # turns after the last marker that are read for the therapist's answer
MIXED_SHARE = 1 / 3  # of the markers; from this share of the rarer family an episode is mixed
RECOVERED_TURNS = 1  # client turns without a marker after the last repair move
RECOVERED_WORDS = 0.6  # of the client's usual words that those turns must have on average
WIDENS = frozenset({"defensive", "premature_apology", "blaming", "personalizing"})
"""Missteps that take a strain up and tend to widen it; the others pass it over."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """An episode in the making: its markers, and where reading for an answer stops."""

    markers: tuple[Marker, ...]
    until: int

    @property
    def first(self) -> int:
        """The first marker's turn."""
        return self.markers[0].turn

    @property
    def last(self) -> int:
        """One past the last marker's turn."""
        return self.markers[-1].turn + 1


def find_episodes(
    markers: Sequence[Marker], moves: Sequence[Marker], contexts: Sequence[Context]
) -> tuple[Episode, ...]:
    """Episodes in order; together they hold every decided client marker exactly once."""
    decided = [m for m in markers if m.decided]
    taken = [m for m in moves if m.decided]
    return tuple(_episode(part, taken, contexts) for part in _stretches(decided, len(contexts)))


def _stretches(markers: list[Marker], n_turns: int) -> list[Stretch]:
    groups: list[list[Marker]] = []
    for marker in sorted(markers, key=lambda m: m.turn):
        if groups and marker.turn - groups[-1][-1].turn <= GAP:
            groups[-1].append(marker)
        else:
            groups.append([marker])
    ends = [*(group[0].turn for group in groups[1:]), n_turns]
    return [
        Stretch(tuple(group), min(group[-1].turn + 1 + ANSWER, end))
        for group, end in zip(groups, ends, strict=False)
    ]


def _episode(part: Stretch, moves: Sequence[Marker], contexts: Sequence[Context]) -> Episode:
    own = tuple(m for m in moves if part.first <= m.turn < part.until)
    state, why = judge(part, own, contexts)
    return Episode(
        first=part.first,
        last=part.last,
        until=part.until,
        kind=kind_of(part.markers),
        intensity=intensity_of(part.markers),
        state=state,
        markers=part.markers,
        moves=own,
        by=VERSION,
        why=why,
    )


def kind_of(markers: Sequence[Marker]) -> Kind:
    """The family of most markers, or mixed when the other has at least MIXED_SHARE of them."""
    away = sum(m.family == "withdrawal" for m in markers)
    against = len(markers) - away
    if min(away, against) >= MIXED_SHARE * len(markers):
        return "mixed"
    return "withdrawal" if away > against else "confrontation"


def intensity_of(markers: Sequence[Marker]) -> Intensity:
    """Major as soon as one marker is."""
    return "major" if any(m.intensity == "major" for m in markers) else "micro"


def judge(part: Stretch, moves: Sequence[Marker], contexts: Sequence[Context]) -> tuple[State, str]:
    """How the episode ended, and one sentence saying what that rests on."""
    repairs = [m for m in moves if m.family == "repair"]
    wrong = [m for m in moves if m.code in WIDENS]
    if repairs and len(wrong) > len(repairs):
        return "mishandled", "Most answers to it are of the kind that tends to widen a strain."
    if repairs:
        return _after_repair(part, repairs, wrong, contexts)
    if part.until - part.last < 2 and part.until == len(contexts):
        return "open", "The session ends before an answer could be seen."
    if wrong:
        return "mishandled", "The answers to it are of the kind that tends to widen a strain."
    return "unnoticed", "Nothing the therapist says in the turns after it takes it up."


def _after_repair(
    part: Stretch, repairs: list[Marker], wrong: list[Marker], contexts: Sequence[Context]
) -> tuple[State, str]:
    last_move = repairs[-1].turn
    if recovered(part, last_move, contexts):
        return "repaired", "After a repair move the client talks on as usual, without a new marker."
    if wrong and wrong[-1].turn > last_move and len(wrong) >= len(repairs):
        return "mishandled", "A repair move is followed by answers that tend to widen a strain."
    if part.until == len(contexts) and part.until - last_move <= RECOVERED_TURNS:
        return "addressed", "It was taken up; the session ends before the effect can be seen."
    return "addressed", "It was taken up; the client's return to the work does not show yet."


def recovered(part: Stretch, move: int, contexts: Sequence[Context]) -> bool:
    """Whether the client, after the last marker and the move, talks on as usual."""
    start = max(move + 1, part.last)
    after = [c for c in contexts[start : part.until] if c.turn.role == "client" and c.said]
    if len(after) < RECOVERED_TURNS:
        return False
    mean = sum(len(c.said) for c in after) / len(after)
    return mean >= RECOVERED_WORDS * after[0].usual
