"""Scenarios from their files, checked as they are built: one TOML file a scenario.

Refused with file, place and what to do: unknown keys and codes, edges that lead nowhere, nodes and
endings that no edge leads to, lines without enough wordings, and risk content, which is not played.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, get_args

from reattune.codebook import CODES, code
from reattune.practice.parts import (
    PARTS,
    Edge,
    Ending,
    Hard,
    Inner,
    Line,
    Node,
    Outcome,
    Person,
    Quality,
    Scenario,
    Setting,
    Strain,
    Wording,
)
from reattune.practice.table import Table, bad, read_toml
from reattune.risk import screen
from reattune.types import Intensity, Session

WORDINGS = 3
"""Wordings of a line, at least; one of them without a condition, so that there is always one."""

LONGEST_LINE = 90
"""Words of one wording or example reply; people who speak longer are hard to answer at a keyboard.
"""

REPLIES: dict[Quality, int] = {"good": 2, "mixed": 1, "poor": 2}
"""Example replies a node has at least, by quality."""

CLIENT = tuple(id for id in CODES if code(id).role == "client")
REPAIR = tuple(id for id in CODES if code(id).family == "repair")
MISSTEPS = tuple(id for id in CODES if code(id).family == "misstep")

HEAD = "version title summary kind intensity setting hard trigger task minutes time_up"
LISTS = "tempts sources person state before node ending"


@cache
def load_scenarios(folder: Path | None = None) -> dict[str, Scenario]:
    """The scenarios by id, which is the file's name, in order of name.

    `folder` is another folder than the package's own. InputError "bad-scenario" naming the file,
    the place and what to do.
    """
    place: Traversable = folder or files("reattune.practice").joinpath("scenarios")
    if not place.is_dir():
        raise bad(place.name, "There is no such folder.", "Name a folder with scenarios.")
    found = sorted((f for f in place.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {made.id: made for made in map(load_scenario, found)}


def load_scenario(file: Traversable) -> Scenario:
    """The scenario of one file; InputError as for `load_scenarios`."""
    return build(file.name.removesuffix(".toml"), read_toml(file), file.name)


def build(id: str, raw: Mapping[str, Any], file: str) -> Scenario:
    """A scenario from its table."""
    top = Table(file, "", dict(raw)).only(f"{HEAD} {LISTS}", "done")
    nodes = {name: _node(name, part) for name, part in top.children("node").items()}
    endings = {name: _ending(name, part) for name, part in top.children("ending").items()}
    made = Scenario(
        id=id,
        version=top.text("version"),
        title=top.text("title"),
        summary=top.text("summary"),
        trigger=top.text("trigger"),
        task=top.text("task"),
        kind=top.choice("kind", get_args(Strain)),  # type: ignore[arg-type]
        intensity=top.choice("intensity", get_args(Intensity)),  # type: ignore[arg-type]
        setting=top.choice("setting", get_args(Setting)),  # type: ignore[arg-type]
        hard=top.choice("hard", get_args(Hard)),  # type: ignore[arg-type]
        minutes=int(top.number("minutes", 3, 50)),
        person=_person(top.child("person")),
        state=state_of(top.child("state")),
        before=tuple(line_of(row) for row in top.rows("before")),
        first=next(iter(nodes)),
        nodes=nodes,
        endings=endings,
        time_up=top.choice("time_up", endings),
        shows=tuple(c for c in CLIENT if any(c in node.codes for node in nodes.values())),
        tempts=codes_of(top, "tempts", MISSTEPS, least=1),
        sources=sources_of(top),
        done=codes_of(top, "done", REPAIR),
        file=file,
    )
    check_lines(top, made)
    check_graph(top, made)
    return made


def sources_of(top: Table) -> tuple[str, ...]:
    """The ids of sources named, all known."""
    from reattune.practice.sources import known_sources

    known = known_sources()
    for id in (named := top.texts("sources", 1)):
        if id not in known:
            raise top.fail(f"names the unknown source {id!r}", f"Known: {', '.join(known)}.")
    return named


def state_of(part: Table) -> Inner:
    """The state that a table gives."""
    part.only(" ".join(PARTS))
    return Inner(**{name: part.number(name, 0, 1) for name in PARTS})


def _person(part: Table) -> Person:
    part.only("name pronoun history speech", "others")
    words = {key: part.text(key) for key in ("name", "pronoun", "history", "speech")}
    return Person(**words, others=part.texts("others"))


def line_of(row: Table) -> Line:
    """A line that was said before the practice begins."""
    row.only("who text")
    return Line(row.choice("who", ("T", "C")), row.text("text"))  # type: ignore[arg-type]


def codes_of(part: Table, key: str, known: Iterable[str], least: int = 0) -> tuple[str, ...]:
    """The codes listed under a key, all of those known."""
    names = list(known)
    for id in (found := part.texts(key, least)):
        if id not in names:
            raise part.fail(f"has the unknown code {id!r} in {key!r}", f"Use {', '.join(names)}.")
    return found


def _node(id: str, part: Table) -> Node:
    part.only("codes say good mixed poor next")
    edges = tuple(_edge(row) for row in part.rows("next"))
    if not edges or edges[-1].when:
        raise part.fail(
            "has no way on that always holds", "Let the last edge of 'next' have no condition."
        )
    if any(not edge.when for edge in edges[:-1]):
        raise part.fail("has an edge behind one that always holds", "Put that one last.")
    replies = {quality: part.texts(quality, least) for quality, least in REPLIES.items()}
    return Node(id, codes_of(part, "codes", CLIENT), wordings(part), replies, edges)


def _edge(row: Table) -> Edge:
    row.only("to", "when")
    return Edge(row.text("to"), row.conditions())


def _ending(id: str, part: Table) -> Ending:
    part.only("outcome say after")
    outcome = part.choice("outcome", get_args(Outcome))
    return Ending(id, outcome, wordings(part, 1), part.text("after"))  # type: ignore[arg-type]


def wordings(part: Table, least: int = WORDINGS) -> tuple[Wording, ...]:
    """The wordings of a line: strings, or tables of text and conditions on the state."""
    found = part.value["say"]
    if not isinstance(found, list):
        raise part.fail("has no list in 'say'", 'Write it as ["…", "…", "…"].')
    made = tuple(_wording(part, n, one) for n, one in enumerate(found, 1))
    if len({one.text for one in made}) < max(least, len(made)):
        raise part.fail("has too few different wordings in 'say'", f"Write at least {least}.")
    if not any(not one.when for one in made):
        raise part.fail("has only wordings with conditions", "Leave one of them without.")
    return made


def _wording(part: Table, number: int, one: Any) -> Wording:
    table = one if isinstance(one, dict) else {"text": one}
    own = Table(part.file, f"{part.path}.say {number}", table).only("text", "when")
    return Wording(own.text("text"), own.conditions(state_only=True))


# The whole


def lines_of(made: Scenario) -> Iterator[tuple[str, str]]:
    """(where, words) of everything that is said in a scenario, example replies included."""
    yield from ((f"before {n}", line.text) for n, line in enumerate(made.before, 1))
    for node in made.nodes.values():
        yield from ((f"node.{node.id}", one.text) for one in node.say)
        for quality, replies in node.replies.items():
            yield from ((f"node.{node.id}.{quality}", text) for text in replies)
    for ending in made.endings.values():
        yield from ((f"ending.{ending.id}", one.text) for one in ending.say)


def check_lines(top: Table, made: Scenario) -> None:
    """Each line said once only, none too long, none with risk content."""
    if not made.before:
        raise top.fail("has nothing said before", "Add [[before]] lines that show the trigger.")
    seen: dict[str, str] = {}
    for where, text in lines_of(made):
        if len(text.split()) > LONGEST_LINE:
            raise top.fail(f"has a long line in [{where}]", f"Keep to {LONGEST_LINE} words.")
        if text in seen:
            raise top.fail(f"says the same in [{seen[text]}] and [{where}]", "Word one anew.")
        seen[text] = where
        if screen(Session.from_turns([("C", text)])):
            raise top.fail(
                f"has risk content in [{where}]",
                "Word it without; risk is not practiced with a game but with a protocol.",
            )


def check_graph(top: Table, made: Scenario) -> None:
    """Every edge leads somewhere, everything can be come to, names do not clash."""
    for name in made.nodes:
        if name in made.endings:
            raise top.fail(f"uses {name!r} for a node and an ending", "Rename one of them.")
    for node in made.nodes.values():
        for edge in node.edges:
            if edge.to not in made.nodes and edge.to not in made.endings:
                place = Table(top.file, f"node.{node.id}", {})
                raise place.fail(f"leads to {edge.to!r}, which is not there", "Mend the name.")
    met = reached(made)
    for name in (*made.nodes, *made.endings):
        if name not in met:
            raise top.fail(f"has {name!r}, to which no edge leads", "Add an edge, or remove it.")


def reached(made: Scenario) -> set[str]:
    """Nodes and endings that edges lead to from the first node, or that time leads to."""
    met, waiting = {made.time_up}, [made.first]
    while waiting:
        name = waiting.pop()
        if name not in met:
            met.add(name)
            node = made.nodes.get(name)
            waiting += [edge.to for edge in node.edges] if node else []
    return met
