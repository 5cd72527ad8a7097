"""A talk as its pages show it: lines, replies with the words that were read, what moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from reattune import practice
from reattune.practice.runs import Moved, course_of
from reattune.practice.told import Read
from reattune.web.practice.talks import Kept
from reattune.web.practice.words import ABOUT, CHANGES, PARTS, step_of

ARROWS = ("▼", "▼", "=", "▲", "▲")
OFF = "off"  # how words are marked whose readings do not count


@dataclass(frozen=True, slots=True)
class Meter:
    """A part of the state from 0 to 100, where it was before, and what changed in words."""

    part: str
    name: Any
    about: Any
    value: int
    before: int
    arrow: str
    told: Any

    @property
    def moved(self) -> bool:
        """Whether it is told as a change."""
        return self.arrow != "="


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a reply, with the numbers of the readings that rest on it; `how` marks it."""

    text: str
    numbers: tuple[int, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Told:
    """A reading with its number in this reply, from 1, and what it moved."""

    number: int
    read: Read
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Replied:
    """A reply as it is shown, numbered from 1, with the line after it.

    `meters` is empty where the reply cannot be explained, as its scenario has changed.
    """

    number: int
    pieces: tuple[Piece, ...]
    next: str
    next_by: str
    note: str
    meters: tuple[Meter, ...] = ()
    told: tuple[Told, ...] = ()
    near: tuple[Read, ...] = ()
    unscored: str = ""
    rewordings: tuple[Any, ...] = ()
    last: bool = False

    @property
    def counted(self) -> tuple[Told, ...]:
        """The readings that count."""
        return tuple(one for one in self.told if one.read.counted)

    @property
    def changes(self) -> tuple[Any, ...]:
        """What moved, in words."""
        return tuple(meter.told for meter in self.meters if meter.moved)


def replies(kept: Kept, first: int = 0) -> list[Replied]:
    """The replies from number `first` on."""
    explain = explained if kept.current else unexplained
    return [explain(kept, number) for number in range(first, len(kept.run.exchanges))]


def explained(kept: Kept, number: int) -> Replied:
    """A reply with its feedback."""
    made = practice.feedback(kept.run, number, scenario=kept.scenario)
    decided = [read for read in made.readings if read.decided]
    told = tuple(
        Told(n, read, tuple(one for one in made.moved if one.code == read.code))
        for n, read in enumerate(decided, 1)
    )
    return Replied(
        number=number + 1,
        pieces=tuple(pieces(made.reply, told)),
        next=made.next,
        next_by=worded_by(made.next_by),
        note=kept.notes.get(number, ""),
        meters=tuple(meters(made.before, made.after)),
        told=told,
        near=tuple(read for read in made.readings if not read.decided),
        unscored=made.unscored,
        rewordings=made.rewordings,
        last=number + 1 == len(kept.run.exchanges),
    )


def unexplained(kept: Kept, number: int) -> Replied:
    """A reply by itself: what was said, and the line after it."""
    run = kept.run
    following = run.exchanges[number + 1 :][:1]
    return Replied(
        number=number + 1,
        pieces=(Piece(run.exchanges[number].reply, (), ""),),
        next=following[0].said if following else run.said,
        next_by=worded_by(following[0].by if following else run.by),
        note=kept.notes.get(number, ""),
        last=number + 1 == len(run.exchanges),
    )


def worded_by(by: str) -> str:
    """The model that worded a line, "" for the authored wording."""
    return "" if by == "authored" else by


def pieces(reply: str, told: Sequence[Told]) -> Iterator[Piece]:
    """The reply in stretches, cut where a quoted stretch begins or ends."""
    edges = {0, len(reply)}
    for one in told:
        edges |= {one.read.first, one.read.last}
    cuts = sorted(edge for edge in edges if 0 <= edge <= len(reply))
    for first, last in pairwise(cuts):
        over = [one for one in told if one.read.first <= first and last <= one.read.last]
        ends = tuple(one.number for one in over if one.read.last == last)
        yield Piece(reply[first:last], ends, how_marked(over))


def how_marked(over: Sequence[Told]) -> str:
    """How words are marked: a misstep before a repair move, off where nothing counts."""
    families = {one.read.family for one in over if one.read.counted}
    for family in ("misstep", "repair"):
        if family in families:
            return family
    return OFF if over else ""


def meters(before: practice.Inner, after: practice.Inner) -> Iterator[Meter]:
    """The three parts of the state."""
    for part, name in PARTS.items():
        was, now = getattr(before, part), getattr(after, part)
        step = step_of(now - was)
        yield Meter(
            part,
            name,
            ABOUT[part],
            round(100 * now),
            round(100 * was),
            ARROWS[step],
            CHANGES[part][step],
        )


def meters_now(run: practice.Run) -> list[Meter]:
    """The state as it is, without a change."""
    now = course_of(run).now
    return list(meters(now, now))
