"""Short drills of single moves, and when each is due again.

A drill is a scenario of one line with three tries. The days between grow after each try that
landed and start again after one that did not (Leitner's boxes); the days are our own choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from reattune import guidance
from reattune.practice.conditions import parse
from reattune.practice.loader import (
    CLIENT,
    MISSTEPS,
    REPAIR,
    REPLIES,
    check_graph,
    check_lines,
    codes_of,
    line_of,
    sources_of,
    state_of,
    wordings,
)
from reattune.practice.parts import Edge, Ending, Node, Person, Scenario, Strain, Wording
from reattune.practice.records import plain
from reattune.practice.runs import Run
from reattune.practice.table import Table, read_toml
from reattune.types import Intensity

DAYS = (1, 3, 7, 16, 35)
"""Days until a drill is due again, by how many times in a row it has landed, from 0."""

TRIES = 3
LANDED, AGAIN = "landed", "again"


@dataclass(frozen=True, slots=True)
class Drill:
    """A short task of one move: `part` and `skill` name the step or move of guidance.

    `scenario` is what is played; a reply lands when one of `codes` is read in it.
    """

    id: str
    title: str
    part: str
    skill: str
    task: str
    codes: tuple[str, ...]
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class Due:
    """When a drill is due: `day`, never before today; `box` how often in a row it landed.

    `done` is how often it was done; `why` says what the day rests on.
    """

    drill: str
    title: str
    skill: str
    day: date
    box: int
    done: int
    why: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        made: dict[str, Any] = plain(self)
        return made


@cache
def load_drills() -> dict[str, Drill]:
    """The drills by id, in the order of the steps and moves."""
    raw = read_toml(files("reattune.practice").joinpath("drills.toml"))
    top = Table("drills.toml", "", raw).only("version drill")
    version = top.text("version")
    return {id: _drill(id, part, version) for id, part in top.children("drill").items()}


HEAD = "title skill task kind intensity name summary state before codes say good mixed poor landed"


def _drill(id: str, part: Table, version: str) -> Drill:
    part.only(f"{HEAD} sources", "tempts done")
    known = {step.id: step for step in guidance.load().steps} | dict(guidance.load().moves)
    skill = part.choice("skill", known)
    made = _scenario(id, part, version, known[skill].codes)
    check_lines(part, made)
    check_graph(part, made)
    kind = "move" if skill in guidance.load().moves else "step"
    return Drill(id, made.title, kind, skill, made.task, known[skill].codes, made)


def _scenario(id: str, part: Table, version: str, skills: tuple[str, ...]) -> Scenario:
    line = Node(
        "line",
        codes_of(part, "codes", CLIENT),
        wordings(part),
        {quality: part.texts(quality, least) for quality, least in REPLIES.items()},
        (*(Edge(LANDED, (parse(skill),)) for skill in skills), Edge("line")),
    )
    landed = tuple(Wording(text) for text in part.texts("landed", 2))
    return Scenario(
        id=id,
        version=version,
        **{key: part.text(key) for key in ("title", "summary", "task")},
        kind=part.choice("kind", get_args(Strain)),  # type: ignore[arg-type]
        intensity=part.choice("intensity", get_args(Intensity)),  # type: ignore[arg-type]
        setting="in_person",
        hard="",
        trigger=part.text("summary"),
        minutes=TRIES,
        person=Person(part.text("name"), "they", part.text("summary"), "As in the lines."),
        state=state_of(part.child("state")),
        before=tuple(line_of(row) for row in part.rows("before")),
        first="line",
        nodes={"line": line},
        endings={
            LANDED: Ending(LANDED, "repaired", landed, "The move was read in your reply."),
            AGAIN: Ending(
                AGAIN, "unresolved", (Wording("[silence]"),), "It was not read this time."
            ),
        },
        time_up=AGAIN,
        shows=line.codes,
        tempts=codes_of(part, "tempts", MISSTEPS),
        sources=sources_of(part),
        done=codes_of(part, "done", REPAIR),
        skills=skills,
        file=part.file,
    )


# When it is due


def landed(run: Run, drill: Drill) -> bool:
    """Whether one of the drill's codes was counted, what is contested left out."""
    return any(
        reading.code in drill.codes for exchange in run.exchanges for reading in exchange.counted
    )


def due(drills: Mapping[str, Drill], runs: Iterable[Run], today: date) -> tuple[Due, ...]:
    """When each drill is due, the longest overdue first, new ones after those in their order.

    Only runs of drills that ended and have a day count. Pure: the same runs give the same days.
    """
    done: dict[str, list[Run]] = {id: [] for id in drills}
    for run in runs:
        if run.drill and run.over and run.begun and run.scenario in done:
            done[run.scenario].append(run)
    found = [_due(drill, done[id], today) for id, drill in drills.items()]
    return tuple(sorted(found, key=lambda one: (one.day, not one.done)))


def _due(drill: Drill, runs: list[Run], today: date) -> Due:
    box, last = 0, None
    for run in sorted(runs, key=lambda run: run.begun or today):
        box = min(box + 1, len(DAYS) - 1) if landed(run, drill) else 0
        last = run.begun
    if last is None:
        return Due(drill.id, drill.title, drill.skill, today, 0, 0, "Not tried yet.")
    day = max(today, last + timedelta(days=DAYS[box]))
    how = f"it landed {box} times in a row" if box > 1 else "it landed" if box else "not landed"
    why = f"Last on {last.isoformat()}, {how}: again after {DAYS[box]} days."
    return Due(
        drill.id, drill.title, drill.skill, day, box, len(runs), why.replace("1 days", "a day")
    )
