"""The rules by which readings move the client's inner state, from `rules.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reattune.codebook import CODES, code
from reattune.practice.conditions import Condition, Moment, all_hold
from reattune.practice.parts import PARTS
from reattune.practice.sources import known_sources
from reattune.practice.table import Table, read_toml

SETTINGS = "fewest most english varied same weaker again window minute"
UNSCORED = "empty short foreign varied same weaker long"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one code does to the state: shares of the way that is left, with the reason told."""

    id: str
    code: str
    when: tuple[Condition, ...]
    trust: float
    arousal: float
    engagement: float
    why: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """From when a reply is not scored, and how a reading counts; see [reading] in rules.toml."""

    fewest: int
    most: int
    english: float
    varied: float
    same: float
    weaker: float
    again: float
    window: int
    minute: int


@dataclass(frozen=True, slots=True)
class Rules:
    """The version, the limits, why a reply is not scored, and the rules of each code in order."""

    version: str
    limits: Limits
    unscored: Mapping[str, str]
    of: Mapping[str, tuple[Rule, ...]]

    @property
    def by(self) -> str:
        """Name and version."""
        return f"practice-rules/{self.version}"


@cache
def load_rules() -> Rules:
    """The shipped rules; InputError if the file breaks one of its own."""
    raw = read_toml(files("reattune.practice").joinpath("rules.toml"))
    top = Table("rules.toml", "", raw).only("version reading unscored rule")
    made = [_rule(row) for row in top.rows("rule")]
    of = {id: tuple(rule for rule in made if rule.code == id) for id in THERAPIST}
    for id, own in of.items():
        if not own or own[-1].when or any(not rule.when for rule in own[:-1]):
            raise top.fail(f"needs rules for {id!r}, the last of them without a condition")
    words = top.child("unscored").only(UNSCORED)
    return Rules(
        top.text("version"),
        _limits(top.child("reading")),
        {key: words.text(key) for key in UNSCORED.split()},
        of,
    )


THERAPIST = tuple(id for id in CODES if code(id).role == "therapist")


def _limits(part: Table) -> Limits:
    part.only(SETTINGS)
    fewest, most, window, minute = (
        int(part.number(key, 1, 500)) for key in ("fewest", "most", "window", "minute")
    )
    english, varied, same, weaker, again = (
        part.number(key, 0, 1) for key in ("english", "varied", "same", "weaker", "again")
    )
    return Limits(fewest, most, english, varied, same, weaker, again, window, minute)


def _rule(row: Table) -> Rule:
    row.only("id code trust arousal engagement why source", "when")
    found = row.value["source"]
    sources = (row.text("source"),) if isinstance(found, str) else row.texts("source", 1)
    if not set(sources) <= set(known_sources()):
        raise row.fail(f"names an unknown source among {', '.join(sources)}")
    trust, arousal, engagement = (row.number(key, -1, 1) for key in PARTS)
    return Rule(
        id=row.text("id"),
        code=row.choice("code", THERAPIST),
        when=row.conditions(),
        trust=trust,
        arousal=arousal,
        engagement=engagement,
        why=row.text("why"),
        sources=sources,
    )


def rule_for(code: str, moment: Moment) -> Rule:
    """The first rule of this code whose conditions hold."""
    return next(rule for rule in load_rules().of[code] if all_hold(rule.when, moment))
