"""What the rules hand on: a candidate for a span, and who wins where two overlap."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace

PERSON, PLACE, ORGANIZATION = "person", "place", "organization"
DATE, AGE, PHONE, EMAIL = "date", "age", "phone", "email"
ADDRESS, ACCOUNT, URL = "address", "account", "url"
CATEGORIES = (
    PERSON,
    PLACE,
    ORGANIZATION,
    DATE,
    AGE,
    PHONE,
    EMAIL,
    ADDRESS,
    ACCOUNT,
    URL,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch [start, end) of a turn that may identify somebody.

    `label` is what its placeholder says ("city", "friend"), `key` what makes two of them the same,
    `rank` decides between overlapping ones: the higher wins, then the longer.
    """

    turn: int
    start: int
    end: int
    category: str
    by: str
    why: str
    sure: float
    label: str = ""
    key: str = ""
    rank: int = 0

    def named(self, label: str, key: str) -> Found:
        """The same with its label and key."""
        return replace(self, label=label, key=key)


class Taken:
    """Stretches of turns that are taken, none of which overlap."""

    def __init__(self) -> None:
        self.ends: dict[int, list[int]] = {}
        self.starts: dict[int, list[int]] = {}

    def free(self, turn: int, start: int, end: int) -> bool:
        """Whether nothing in [start, end) is taken."""
        starts = self.starts.get(turn, [])
        i = bisect_right(starts, start)
        before = i == 0 or self.ends[turn][i - 1] <= start
        return before and (i == len(starts) or starts[i] >= end)

    def take(self, turn: int, start: int, end: int) -> None:
        """Take [start, end), which must be free."""
        i = bisect_right(self.starts.setdefault(turn, []), start)
        self.starts[turn].insert(i, start)
        self.ends.setdefault(turn, []).insert(i, end)


def settle(found: Iterable[Found]) -> list[Found]:
    """Of overlapping ones the highest rank, then the longest; in order of place."""
    taken = Taken()
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: (-f.rank, f.start - f.end, f.turn, f.start)):
        if one.end > one.start and taken.free(one.turn, one.start, one.end):
            taken.take(one.turn, one.start, one.end)
            kept.append(one)
    return sorted(kept, key=lambda f: (f.turn, f.start))
