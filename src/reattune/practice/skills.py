"""Progress: how often each repair move was read over past runs, for the learner alone.

Counts, not grades: how often a move was read, how often it eased the client's state by the rules,
how often the learner contested the reading. Nobody is compared with anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from reattune.codebook import CODES, code
from reattune.practice.records import plain
from reattune.practice.runs import Course, Run, course_of
from reattune.types import Family

FEWEST_RUNS, FEWEST_READ = 3, 6
"""Runs, and times that a move was read, below which a share says too little to be shown."""


@dataclass(frozen=True, slots=True)
class Point:
    """A skill in one run: day, times read, of these times it eased the state."""

    run: int
    day: date | None
    attempts: int
    landed: int


@dataclass(frozen=True, slots=True)
class Skill:
    """One repair move, or one misstep, over runs in order of day.

    `attempts` times it was read and counted, `landed` of these times the client's ease rose by its
    rule, `contested` times the learner contested the reading, `asked` replies in drills that asked
    for it. `share` is landed of attempts, None with the reason where there are few data. For a
    misstep `landed` is 0: there is nothing in it to land.
    """

    code: str
    name: str
    family: Family
    attempts: int
    landed: int
    contested: int
    asked: int
    share: float | None
    reason: str
    points: tuple[Point, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        made: dict[str, Any] = plain(self)
        return made


def progress(runs: Iterable[Run]) -> tuple[Skill, ...]:
    """Each repair move and misstep over these runs, moves first, in order of the codebook."""
    ordered = sorted(runs, key=lambda run: (run.begun is not None, run.begun or date.min))
    told = [(run, course_of(run)) for run in ordered]
    codes = [id for id in CODES if code(id).role == "therapist"]
    return tuple(_skill(id, told) for id in codes)


def _skill(id: str, told: Sequence[tuple[Run, Course]]) -> Skill:
    runs = [run for run, _ in told]
    points = tuple(_point(id, number, *one) for number, one in enumerate(told))
    attempts = sum(point.attempts for point in points)
    landed = sum(point.landed for point in points)
    enough = len(runs) >= FEWEST_RUNS and attempts >= FEWEST_READ
    return Skill(
        code=id,
        name=code(id).name,
        family=code(id).family,
        attempts=attempts,
        landed=landed,
        contested=sum(one.code == id for run in runs for e in run.exchanges for one in e.contested),
        asked=sum(len(run.exchanges) for run in runs if run.drill and _asks(run, id)),
        share=landed / attempts if enough else None,
        reason="" if enough else _few(len(runs), attempts),
        points=tuple(point for point in points if point.attempts),
    )


def _few(runs: int, attempts: int) -> str:
    return (
        f"Too few to say more: {attempts} times in {runs} runs; "
        f"a share needs {FEWEST_READ} in {FEWEST_RUNS}."
    )


def _asks(run: Run, id: str) -> bool:
    """Whether a run is of a drill that asks for this code."""
    from reattune.practice.drills import load_drills

    drill = load_drills().get(run.scenario)
    return drill is not None and id in drill.codes


def _point(id: str, number: int, run: Run, course: Course) -> Point:
    moved = [one for reply in course.moved for one in reply if one.code == id]
    eased = sum(one.trust + one.engagement - one.arousal > 0 for one in moved)
    return Point(number, run.begun, len(moved), eased)
