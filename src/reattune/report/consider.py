"""What to consider after an episode, from `guidance/consider.toml`, always the same for the same
episode. Suggestions are tentative, in our own words, and each names its source and its strength.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reattune.types import Episode

MOST = 3  # suggestions for one episode; more would not be read between two sessions


@dataclass(frozen=True, slots=True)
class Source:
    """Where a suggestion comes from and how strong that is."""

    id: str
    short: str
    citation: str
    strength: str


@dataclass(frozen=True, slots=True)
class Consideration:
    """One tentative suggestion; `source` is the id of a `Source`."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Landing:
    """Why a therapist's move may land `badly` with the client, and when it may land `well`."""

    badly: str
    well: str
    source: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A suggestion with its conditions ("" always holds) and its rank in the choice."""

    text: str
    source: str
    rank: int
    kind: str = ""
    intensity: str = ""
    state: str = ""
    marker: str = ""
    misstep: str = ""


@dataclass(frozen=True, slots=True)
class Guidance:
    """The whole of `consider.toml`."""

    version: str
    sources: dict[str, Source]
    rules: tuple[Rule, ...]
    lands: dict[str, Landing]


@cache
def load_guidance() -> Guidance:
    """The shipped guidance."""
    data = tomllib.loads(files("reattune").joinpath("guidance/consider.toml").read_text("utf-8"))
    return Guidance(
        data["version"],
        {row["id"]: Source(**row) for row in data["source"]},
        tuple(Rule(**row) for row in data["rule"]),
        {id: Landing(**row) for id, row in data["lands"].items()},
    )


def considerations(episode: Episode) -> tuple[Consideration, ...]:
    """One to three suggestions for this episode, in the order to read them.

    The one for its kind and state always; then one for the misstep that occurs most often, care
    for what was marked, and how much it may take. What is repaired needs no more than its own.
    """
    rules = load_guidance().rules
    fitting = [i for i, rule in enumerate(rules) if _fits(rule, episode)]
    chosen = sorted(sorted(fitting, key=lambda i: (rules[i].rank, i))[:MOST])
    return tuple(Consideration(rules[i].text, rules[i].source) for i in chosen)


def _fits(rule: Rule, episode: Episode) -> bool:
    if episode.state == "repaired" and not rule.state:
        return False
    given = {
        rule.kind: (episode.kind,),
        rule.intensity: (episode.intensity,),
        rule.state: (episode.state,),
        rule.marker: {marker.code for marker in episode.markers},
        rule.misstep: (_main_misstep(episode),),
    }
    return all(value in allowed for value, allowed in given.items() if value)


def _main_misstep(episode: Episode) -> str:
    """The misstep that occurs most often, the earliest of equals; "" if there is none."""
    missteps = [m.code for m in episode.moves if m.family == "misstep" and m.decided]
    return Counter(missteps).most_common(1)[0][0] if missteps else ""


def landing(code: str) -> Landing:
    """How a repair move or misstep may land; KeyError for any other code."""
    return load_guidance().lands[code]
