"""What an instrument is: who answers which items, how they are keyed and scored, whose words.

The data lie in TOML files beside this module; `loader.py` reads them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from reattune.types import Scale

Scoring = Literal["sum", "mean"]
Side = Literal["at or above", "at or below", "below"]

TOTAL = "total"
RATERS = ("client", "therapist", "observer")
SCORINGS: tuple[Scoring, ...] = get_args(Scoring)
SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its number on the form, the range of its answers, its place in the key.

    A `step` of 1 takes whole numbers only, a finer one any number in the range. `prompt` is the
    answer from which on, toward the unfavorable end, the item asks for a look, `risk_above` the
    answer above which the risk path is taken; both as answered, before reversal. `name` is ours and
    `text` the wording, "" where it is not ours to ship.
    """

    number: int
    low: float
    high: float
    step: float = 1.0
    reversed: bool = False
    subscale: str | None = None
    name: str = ""
    text: str = ""
    prompt: float | None = None
    risk_above: float | None = None

    @property
    def span(self) -> str:
        """The range of answers in words, as in "from 1 to 7"."""
        return f"from {self.low:g} to {self.high:g}"

    @property
    def called(self) -> str:
        """The item by number and, where it has one, our name for it."""
        named = f" ({self.name.replace('_', ' ')})" if self.name else ""
        return f"Item {self.number}{named}"

    def keyed(self, answer: float) -> float:
        """The answer as it is scored: turned around within the range where the item is reversed."""
        return self.low + self.high - answer if self.reversed else answer

    def prompts(self, answer: float, *, higher_is_better: bool) -> bool:
        """Whether the answer is at the item's prompt or beyond it, toward the unfavorable end."""
        if self.prompt is None:
            return False
        low = self.low_prompts(higher_is_better)
        return answer <= self.prompt if low else answer >= self.prompt

    def low_prompts(self, higher_is_better: bool) -> bool:
        """Whether the item's low answers are the unfavorable ones, before any reversal."""
        return higher_is_better != self.reversed


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A published cut-off of the total or a subscale; one that is not verified is never applied."""

    scale: str
    at: float
    side: Side
    label: str
    source: str
    verified: bool

    def reached(self, value: float) -> bool:
        """Whether a score is on the side of the cut-off that it speaks of."""
        if self.side == "at or above":
            return value >= self.at
        return value <= self.at if self.side == "at or below" else value < self.at


@dataclass(frozen=True, slots=True)
class Norms:
    """SD and reliability of the total or a subscale, which reliable change needs.

    They belong to the sample of their `source`; those that are not verified are never applied.
    """

    scale: str
    sd: float
    reliability: float
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """How much of a scale may be missing, `items` or a `share` of them, before it has no score."""

    items: int | None
    share: float | None
    source: str

    def allowed(self, n: int) -> int:
        """The most items that may be missing among `n` for the rest to stand in for them."""
        most = self.items if self.share is None else math.floor(self.share * n + 1e-9)
        return min(most or 0, n - 1)

    def __str__(self) -> str:
        if self.share is not None:
            most = f"{self.share:.0%} of a scale's items are"
        else:
            most = "one item is" if self.items == 1 else f"{self.items} items are"
        if not (self.items or self.share):
            return "no score unless every item is answered"
        return f"the mean of the rest stands in where at most {most} missing; else no score"


@dataclass(frozen=True, slots=True)
class Key:
    """Where subscales, ranges and reversed items come from.

    `verified` is True where we saw them in the source stated; `confirmed` says what the user
    compared them with.
    """

    verified: bool
    source: str
    confirmed: str = ""

    @property
    def usable(self) -> bool:
        """Whether scores may be made with it."""
        return self.verified or bool(self.confirmed)


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a form in one language.

    `items` are in the order of the form, "" where the wording is not here; `labels` are the words
    of answers, all or some of them; `title` is what whoever answers sees on top, "" for none.
    """

    language: str
    items: tuple[str, ...]
    title: str = ""
    instructions: str = ""
    labels: tuple[tuple[float, str], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every item has its wording."""
        return all(self.items)

    def label(self, answer: float) -> str:
        """The words of an answer, "" where it has none."""
        return dict(self.labels).get(answer, "")


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire: items, key, scoring, and where each of its numbers comes from.

    `labels` are the words of answers, all or some of them; `title`, `instructions`, `labels` and
    the texts of the items are in `language`, `texts` are the same in others. `prompts_from` is the
    source of item prompts, "" where there are none. `risk_why` is said when an answer takes the
    risk path. `origin` is "shipped" or the name of the user's own file.
    """

    id: str
    version: int
    name: str
    about: str
    citation: str
    license: str
    raters: tuple[str, ...]
    items: tuple[Item, ...]
    scoring: Scoring
    missing: Missing
    higher_is_better: bool
    key: Key
    validated: bool
    cutoffs: tuple[Cutoff, ...] = ()
    norms: tuple[Norms, ...] = ()
    prompts_from: str = ""
    risk_why: str = ""
    instructions: str = ""
    labels: tuple[tuple[float, str], ...] = ()
    origin: str = "shipped"
    language: str = "en"
    title: str = ""
    texts: tuple[Wording, ...] = ()

    @property
    def by(self) -> str:
        """Name and version, as judgements carry it."""
        return f"{self.id}/{self.version}"

    @property
    def has_text(self) -> bool:
        """Whether every item has its wording, so that it can be given to somebody."""
        return all(item.text for item in self.items)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in which every item has its wording, the one of `text` first."""
        own = (self.language,) if self.has_text else ()
        return (*own, *(text.language for text in self.texts if text.whole))

    def wording(self, language: str = "") -> Wording:
        """The words in this language if all of them are here, else those of `text`."""
        for text in self.texts:
            if text.language == language and text.whole:
                return text
        items = tuple(item.text for item in self.items)
        return Wording(self.language, items, self.title, self.instructions, self.labels)

    def norms_of(self, scale: str = TOTAL) -> Norms | None:
        """SD and reliability of the total or a subscale, None where none are verified."""
        return next((own for own in self.norms if own.scale == scale and own.verified), None)

    def item_scale(self, item: Item) -> Scale:
        """What the answers to an item can be, as answered, before any reversal."""
        return Scale(item.low, item.high, item.step, item.low_prompts(self.higher_is_better))

    def item(self, name: str) -> Item:
        """The item that bears this name of ours, such as "felt_off"; KeyError if none does."""
        return {item.name: item for item in self.items if item.name}[name]

    def scales(self) -> dict[str, tuple[Item, ...]]:
        """The items of the total and of each subscale, in the order of the form."""
        found: dict[str, tuple[Item, ...]] = {TOTAL: self.items}
        for item in self.items:
            if item.subscale:
                found[item.subscale] = (*found.get(item.subscale, ()), item)
        return found

    def scale(self, name: str = TOTAL) -> Scale:
        """Range, smallest step and direction of the total or a subscale; KeyError if unknown."""
        items = self.scales()[name]
        n = len(items) if self.scoring == "mean" else 1
        low, high = (
            math.fsum(ends) / n for ends in ([i.low for i in items], [i.high for i in items])
        )
        return Scale(low, high, items[0].step / n, self.higher_is_better)
