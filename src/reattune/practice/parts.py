"""What practice consists of: the client's inner state, scenarios with their graph of lines.

A scenario is a client, a strain and an authored graph: nodes with several wordings each, edges
that are taken by state and by what was read in the reply, and endings. Nothing here is a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from reattune.practice.conditions import Condition
from reattune.types import Intensity

Strain = Literal["withdrawal", "confrontation", "both"]
Setting = Literal["in_person", "video", "phone", "chat"]
Hard = Literal[
    "",
    "denial",
    "apology_bait",
    "late_hour",
    "cultural_slip",
    "telehealth_lag",
    "anger_bait",
    "activated",
    "hopeless",
    "ending",
]
Outcome = Literal["repaired", "partly", "held", "unresolved", "goodbye"]
Quality = Literal["good", "mixed", "poor"]


@dataclass(frozen=True, slots=True)
class Inner:
    """A client's inner state, each part from 0 to 1.

    `trust` in this therapist, `arousal` how stirred up the client is, `engagement` how far the
    client is in the work. They are numbers of a made-up client, moved by stated rules.
    """

    trust: float
    arousal: float
    engagement: float

    @property
    def ease(self) -> float:
        """The mean of trust, engagement and what arousal leaves to 1: how easy it is to work."""
        return (self.trust + self.engagement + 1 - self.arousal) / 3

    def moved(self, *, trust: float = 0, arousal: float = 0, engagement: float = 0) -> Inner:
        """The state after shares of the way that is left: up to 1 if positive, down to 0 if not."""
        return Inner(
            toward(self.trust, trust),
            toward(self.arousal, arousal),
            toward(self.engagement, engagement),
        )


def toward(value: float, share: float) -> float:
    """`value` moved by a share (-1 to 1) of the way that is left to 1, or to 0 if negative."""
    return value + share * (1 - value) if share > 0 else value + share * value


PARTS = tuple(field.name for field in fields(Inner))


@dataclass(frozen=True, slots=True)
class Person:
    """The client of a scenario, made up: first name, pronoun, history, way of speaking.

    `others` are first names that the client's lines may mention.
    """

    name: str
    pronoun: str
    history: str
    speech: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """Something said before the practice begins: by "T", the learner's part, or "C"."""

    who: Literal["T", "C"]
    text: str


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to say a node's line, where all conditions on the state hold."""

    text: str
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """The way to another node or an ending, taken if all conditions hold and none before was."""

    to: str
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the talk: what the client says there, the codes that shows, where it may lead.

    `replies` are example replies written for it, by quality.
    """

    id: str
    codes: tuple[str, ...]
    say: tuple[Wording, ...]
    replies: Mapping[Quality, tuple[str, ...]]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """How it may end: the client's last words there, and in `after` what can be learned from it."""

    id: str
    outcome: Outcome
    say: tuple[Wording, ...]
    after: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A client who strains the alliance in a certain way, to practice with.

    `minutes` are left of the hour; `time_up` is the ending when they have passed. `shows` are the
    client codes of its nodes, `tempts` the missteps that it invites, `sources` ids of sources of
    guidance or practice, `done` repair moves made in `before`. `skills` are the codes that a drill
    asks for, empty in a scenario.
    """

    id: str
    version: str
    title: str
    summary: str
    kind: Strain
    intensity: Intensity
    setting: Setting
    hard: Hard
    trigger: str
    task: str
    minutes: int
    person: Person
    state: Inner
    before: tuple[Line, ...]
    first: str
    nodes: Mapping[str, Node]
    endings: Mapping[str, Ending]
    time_up: str
    shows: tuple[str, ...]
    tempts: tuple[str, ...]
    sources: tuple[str, ...]
    done: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    file: str = ""

    @property
    def drill(self) -> bool:
        """Whether it is a short drill of single moves."""
        return bool(self.skills)
