"""What to consider after an episode, from the rules of guidance, always the same for the same
episode. Suggestions are tentative, in our own words, and each names its source and its strength.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

from reattune import guidance
from reattune.codebook import CODES, THERAPIST_FAMILIES, code
from reattune.guidance import Source
from reattune.types import Episode

MOST = 3  # suggestions for one episode; more would not be read between two sessions


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
    """The part of guidance that reports on one session use."""

    version: str
    sources: dict[str, Source]
    rules: tuple[Rule, ...]
    lands: dict[str, Landing]


@cache
def load_guidance() -> Guidance:
    """The rules, landings and sources of the shipped guidance."""
    whole = guidance.load()
    moves = [id for id in CODES if code(id).family in THERAPIST_FAMILIES]
    return Guidance(
        whole.version,
        dict(whole.sources),
        tuple(_rule(rule) for rule in whole.rules),
        {id: _landing(whole.lands(id)) for id in moves},
    )


def _rule(rule: guidance.Rule) -> Rule:
    text, source = rule.text.text, rule.text.sources[0]
    conditions = (rule.kind, rule.intensity, rule.state, rule.marker, rule.misstep)
    return Rule(text, source, rule.rank, *conditions)


def _landing(lands: guidance.Lands) -> Landing:
    return Landing(lands.badly.text, lands.well.text, lands.badly.sources[0])


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
