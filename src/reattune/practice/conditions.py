"""Conditions, the small language in which scenarios and rules say when something holds.

trust >= 0.5        trust, arousal, engagement (0 to 1), replies (given so far, this one
                    included), minutes (left); with >=, <=, > or <
repair, misstep     a repair move or a misstep was read in this reply
nothing             neither was
validate            this code of the codebook was read in this reply
after invite        this code or family was read in an earlier reply of the run
kind withdrawal     the strain's kind; one that is both is of either kind
not ...             any of these turned round
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from reattune.codebook import CODES, code

COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
STATE = ("trust", "arousal", "engagement")
NUMBERS = (*STATE, "replies", "minutes")
READABLE = frozenset(id for id in CODES if code(id).role == "therapist")
READ = frozenset({"repair", "misstep", "nothing"}) | READABLE
KINDS = ("withdrawal", "confrontation")

_COMPARISON = re.compile(r"([a-z]+) *(>=|<=|>|<) *(\d+(?:\.\d+)?|\.\d+)")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; `what` is a number's name, a code, a family or a kind."""

    test: Literal["compare", "read", "after", "kind"]
    what: str
    sign: str = ""
    value: float = 0.0
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """What conditions are held against.

    `numbers` by the names in NUMBERS, `read` the codes read in this reply, `earlier` those of the
    replies before it, with the families' names among them; `kind` of the strain.
    """

    numbers: dict[str, float]
    kind: str
    read: frozenset[str] = field(default_factory=frozenset)
    earlier: frozenset[str] = field(default_factory=frozenset)


def parse(text: str, *, state_only: bool = False) -> Condition:
    """The condition that the text says; ValueError with what is wrong and what can be said."""
    words = " ".join(text.split())
    if words.startswith("not "):
        inner = parse(words[4:], state_only=state_only)
        return Condition(inner.test, inner.what, inner.sign, inner.value, not inner.negated)
    found = _COMPARISON.fullmatch(words)
    if found:
        return _comparison(text, *found.groups(), state_only=state_only)
    if state_only:
        raise ValueError(f'{text!r} is not about the state; write e.g. "trust < 0.4"')
    head, _, rest = words.partition(" ")
    if words in READ:
        return Condition("read", words)
    if head == "after" and rest in READ - {"nothing"}:
        return Condition("after", rest)
    if head == "kind" and rest in KINDS:
        return Condition("kind", rest)
    raise ValueError(f"{text!r} is no condition; docs/practicing.md lists what can be said")


def _comparison(text: str, name: str, sign: str, value: str, *, state_only: bool) -> Condition:
    known = STATE if state_only else NUMBERS
    if name not in known:
        raise ValueError(f"{text!r} names {name!r}; compare one of {', '.join(known)}")
    number = float(value)
    if name in STATE and number > 1:
        raise ValueError(f"{text!r} compares with {value}; a state lies between 0 and 1")
    return Condition("compare", name, sign, number)


def holds(condition: Condition, moment: Moment) -> bool:
    """Whether a condition holds at a moment."""
    return _plain(condition, moment) != condition.negated


def _plain(condition: Condition, moment: Moment) -> bool:
    what = condition.what
    if condition.test == "compare":
        return COMPARE[condition.sign](moment.numbers[what], condition.value)
    if condition.test == "after":
        return what in moment.earlier
    if condition.test == "kind":
        return moment.kind in (what, "both")
    return what in moment.read or (what == "nothing" and not moment.read)


def all_hold(conditions: Iterable[Condition], moment: Moment) -> bool:
    """Whether all of them hold."""
    return all(holds(condition, moment) for condition in conditions)


def families(codes: Iterable[str]) -> frozenset[str]:
    """The codes with the names of their families."""
    found = frozenset(codes)
    return found | {code(id).family for id in found}
