"""`python -m reattune.practice.check FILE...`: whether a scenario can be used, by driving it.

Reads the file strictly, then lets the example replies drive it through the marker model: which
nodes and endings can be come to, and whether at each node every good reply eases the client's
state, every poor one strains it and every mixed one lies between what these do on average.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from reattune.codebook import code
from reattune.errors import InputError
from reattune.practice.loader import load_scenario
from reattune.practice.parts import Node, Quality, Scenario
from reattune.practice.runs import Run, answer, begin, course_of

SEEDS = (1, 2)
DEEPEST = 16  # replies of a run that is driven
KEPT = 3  # runs a node and depth that are followed: the easiest, the hardest, one between
LEAST = 0.01  # a good reply eases the state by at least this much, a poor one strains it so

FILLERS = (
    "Where was that, exactly?",
    "And what time was it by then?",
    "Was anybody else there with you?",
    "How long have you lived there now?",
    "Which day did that happen on?",
    "Did you go by bus, or did you drive?",
)
"""Ordinary questions in which nothing is read: what happens if the strain is left alone."""


@dataclass(slots=True)
class Driven:
    """What driving a scenario with one seed came to: a run for each node and each ending."""

    nodes: dict[str, Run] = field(default_factory=dict)
    endings: dict[str, Run] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one example reply did to the ease of the client's state at its node, with its codes."""

    node: str
    quality: Quality
    reply: str
    ease: float
    read: tuple[str, ...]


def ease_of(run: Run) -> float:
    """The ease of the client's state now."""
    return course_of(run).now.ease


def drive(scenario: Scenario, seed: int) -> Driven:
    """The nodes and endings come to with the example replies and ordinary questions."""
    found = Driven()
    note(found, left_alone(scenario, seed))
    front = [begin(scenario, seed)]
    for depth in range(DEEPEST):
        note(found, *front)
        after = [
            answer(scenario, run, text)
            for run in front
            for text in choices(scenario.nodes[run.at], run, depth)
        ]
        note(found, *(run for run in after if run.over))
        if len(found.nodes) == len(scenario.nodes) and len(found.endings) == len(scenario.endings):
            return found
        front = list(_kept(run for run in after if not run.over))
    return found


def note(found: Driven, *runs: Run) -> None:
    """Keep for each node and ending the first run that came to it."""
    for run in runs:
        (found.endings if run.over else found.nodes).setdefault(run.at, run)


def left_alone(scenario: Scenario, seed: int) -> Run:
    """A run in which nothing but ordinary questions is said, to its end."""
    run = begin(scenario, seed)
    while not run.over:
        run = answer(scenario, run, FILLERS[len(run.exchanges) % len(FILLERS)])
    return run


def choices(node: Node, run: Run, depth: int) -> list[str]:
    """The replies tried at a node: of each quality one that was not said, and a question."""
    said = {exchange.reply for exchange in run.exchanges}
    fresh = [[text for text in replies if text not in said] for replies in node.replies.values()]
    tried = [text for replies in fresh for text in replies[:2]]
    return [*tried, FILLERS[depth % len(FILLERS)]]


def _kept(runs: Iterable[Run]) -> Iterator[Run]:
    by_node: dict[str, list[Run]] = {}
    for run in runs:
        by_node.setdefault(run.at, []).append(run)
    for own in by_node.values():
        ranked = sorted(own, key=ease_of)
        places = {0, len(ranked) // 2, len(ranked) - 1}
        yield from (ranked[at] for at in sorted(places)[:KEPT])


def effects(scenario: Scenario, run: Run) -> list[Effect]:
    """What each example reply of the node that a run is at does to the ease of the state."""
    node, before = scenario.nodes[run.at], ease_of(run)
    found = []
    for quality, replies in node.replies.items():
        for text in replies:
            after = answer(scenario, run, text)
            moved = course_of(after).now.ease - before
            read = after.exchanges[-1].counted
            codes = tuple(f"{one.code} {one.probability:.2f}" for one in read)
            found.append(Effect(node.id, quality, text, moved, codes))
    return found


def faults(found: Sequence[Effect], slack: float = 0.0) -> Iterator[str]:
    """What is wrong with the replies of one node, by more than `slack` of ease; a sentence each."""
    good = fmean(one.ease for one in found if one.quality == "good")
    poor = fmean(one.ease for one in found if one.quality == "poor")
    for one in found:
        wrong = {
            "good": one.ease < LEAST - slack and "does not ease",
            "poor": one.ease > slack - LEAST and "does not strain",
            "mixed": not poor - slack < one.ease < good + slack and "is not between the others in",
        }[one.quality]
        if wrong:
            read = ", ".join(one.read) or "nothing"
            yield (
                f"{one.node}, {one.quality}: {wrong} the state ({one.ease:+.3f}; "
                f'read: {read}): "{one.reply}"'
            )


def problems(scenario: Scenario, seed: int, *, slack: float = 0.0) -> Iterator[str]:
    """All that driving a scenario with a seed shows to be wrong, by more than `slack` of ease."""
    found = drive(scenario, seed)
    for name in scenario.nodes:
        if name not in found.nodes:
            yield f"node {name} was not come to"
    for name in scenario.endings:
        if name not in found.endings:
            yield f"ending {name} was not come to"
    read: set[str] = set()
    for run in found.nodes.values():
        own = effects(scenario, run)
        read |= {name.split()[0] for one in own for name in one.read}
        yield from faults(own, slack)
    for id in scenario.tempts:
        if id not in read:
            yield f"tempts {id}, and no example reply was read as {code(id).name.lower()}"


def main(paths: Sequence[str]) -> int:
    """Check the files; 0 if all can be used."""
    failed = False
    for path in paths:
        try:
            scenario = load_scenario(Path(path))
        except InputError as error:
            print(f"{path}: {error}")
            failed = True
            continue
        wrong = [f"seed {seed}: {text}" for seed in SEEDS for text in problems(scenario, seed)]
        for text in wrong:
            print(f"{path}: {text}")
        failed = failed or bool(wrong)
        if not wrong:
            shape = f"{len(scenario.nodes)} nodes, {len(scenario.endings)} endings"
            print(f"{path}: good ({shape}; shows {', '.join(scenario.shows)})")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
