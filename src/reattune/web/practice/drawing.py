"""The course of the client's state over the replies, drawn as the report's timeline is.

Positions are percent of the width and pixels of the height, so that it stretches with the window;
each part has its shape and its line as well as its color.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from reattune import practice
from reattune.practice.skills import Skill
from reattune.practice.told import Turned
from reattune.web.practice.words import PARTS

LEFT, RIGHT = 5.0, 3.0  # percent of the width kept free
TOP, PLOT, FOOT = 26, 150, 26  # pixels: for turning points, of the plot, for the replies' numbers
MOST_LABELS = 12  # numbers of replies that a phone has room for
BARS, TALL = 24, 5  # the last talks of a skill that are drawn, and the most times that are


@dataclass(frozen=True, slots=True)
class Dot:
    """A state: `at` percent of the width, `y` pixels, and what it says."""

    at: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One part of the state over the replies."""

    part: str
    name: Any
    dots: tuple[Dot, ...]
    segments: tuple[tuple[Dot, Dot], ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A reply's number below the plot, "" where there is no room."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A turning point above the plot."""

    at: float
    eased: bool
    number: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """All of it; `rows` are the same numbers for a table."""

    height: int
    levels: tuple[tuple[float, int], ...]
    curves: tuple[Curve, ...]
    ticks: tuple[Tick, ...]
    turns: tuple[Turn, ...]
    rows: tuple[tuple[int, tuple[int, ...]], ...]
    bottom: int = TOP + PLOT


def course(states: Sequence[practice.Inner], turned: Sequence[Turned] = ()) -> Drawing | None:
    """The drawing; None before there is a reply."""
    if len(states) < 2:
        return None
    places = [place(number, len(states)) for number in range(len(states))]
    every = -(-len(states) // MOST_LABELS)
    return Drawing(
        height=TOP + PLOT + FOOT,
        levels=tuple((height(value / 100), value) for value in (0, 50, 100)),
        curves=tuple(curve(part, name, states, places) for part, name in PARTS.items()),
        ticks=tuple(Tick(at, "" if n % every else str(n)) for n, at in enumerate(places)),
        turns=tuple(Turn(places[one.number + 1], one.ease > 0, one.number + 1) for one in turned),
        rows=tuple((n, numbers(state)) for n, state in enumerate(states)),
    )


def place(number: int, count: int) -> float:
    """Where a state stands, in percent."""
    return round(LEFT + number * (100 - LEFT - RIGHT) / (count - 1), 2)


def height(value: float) -> float:
    """Where a value from 0 to 1 stands, in pixels."""
    return round(TOP + (1 - value) * PLOT, 1)


def numbers(state: practice.Inner) -> tuple[int, ...]:
    """The parts of a state from 0 to 100."""
    return tuple(round(100 * getattr(state, part)) for part in PARTS)


def curve(part: str, name: Any, states: Sequence[practice.Inner], places: Sequence[float]) -> Curve:
    """One part's dots, and the lines between neighbors."""
    values = [getattr(state, part) for state in states]
    dots = tuple(
        Dot(at, height(value), f"{name} {round(100 * value)}")
        for at, value in zip(places, values, strict=True)
    )
    return Curve(part, name, dots, tuple(pairwise(dots)))


# A skill over time


@dataclass(frozen=True, slots=True)
class Bar:
    """How often a skill was read in one talk, and how often of these it eased: in pixels."""

    x: int
    height: int
    eased: int
    title: str


STEP, UNIT = 11, 7  # pixels from bar to bar, and of one time


def bars(skill: Skill) -> list[Bar]:
    """The last talks in which a skill was read, in order of time."""
    return [
        Bar(
            n * STEP,
            UNIT * min(TALL, point.attempts),
            UNIT * min(TALL, point.landed),
            f"{point.day.isoformat() if point.day else ''} {point.attempts}",
        )
        for n, point in enumerate(skill.points[-BARS:])
    ]
