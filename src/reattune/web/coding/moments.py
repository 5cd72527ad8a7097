"""Moments: stretches of turns that anybody marked, and who marked something in each.

Marks belong to one moment while each is at most NEAR turns from the next, as an episode counts as
found when a marker lies in it or one turn off (reattune.judging).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reattune.judging import NEAR


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody marked on a turn (from 0): `who` is a key of the comparison."""

    who: str
    turn: int
    code: str
    intensity: str = ""
    note: str = ""


@dataclass(slots=True)
class Moment:
    """The turns `[first, last)` from its first mark to its last, and the marks in them."""

    first: int
    last: int
    seen: list[Seen] = field(default_factory=list)

    @property
    def who(self) -> set[str]:
        """Who marked something in it."""
        return {one.who for one in self.seen}

    def by(self, who: str) -> list[Seen]:
        """The marks of one of them."""
        return [one for one in self.seen if one.who == who]


def moments_of(seen: Iterable[Seen]) -> list[Moment]:
    """The moments in the order of the session."""
    found: list[Moment] = []
    for one in sorted(seen, key=lambda s: s.turn):
        if not found or one.turn - (found[-1].last - 1) > NEAR:
            found.append(Moment(one.turn, one.turn + 1))
        found[-1].last = max(found[-1].last, one.turn + 1)
        found[-1].seen.append(one)
    return found


def met(moments: Iterable[Moment], who: Iterable[str], others: Iterable[str]) -> tuple[int, int]:
    """Of the moments that all of `others` saw, how many all of `who` saw; how many there are."""
    wanted, own = set(others), set(who)
    all_ = [m.who for m in moments if wanted <= m.who]
    return sum(own <= found for found in all_), len(all_)
