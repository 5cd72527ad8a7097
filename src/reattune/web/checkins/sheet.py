"""A form on the screen: its items with the answers there are, and what was filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reattune.measures import Instrument, Item, Wording

MOST_OPTIONS = 11  # answers to choose among; beyond that, or in fine steps, a number is typed
MOST_WORDED = 7  # answers that stand below each other, each with its words
HINT = "{low} – {high}"
_NUMBER = re.compile(r"(-?[0-9]{1,9})(?:[.,]([0-9]{1,6}))?")


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One item on the screen. `value` is as typed; `options` are empty where a number is typed.

    `ends` are the words of the lowest, the middle and the highest answer; `hint` says what can be
    typed.
    """

    item: Item
    text: str
    value: str
    answer: float | None
    wrong: bool
    options: tuple[Option, ...]
    ends: tuple[str, str, str]
    hint: str = ""

    @property
    def name(self) -> str:
        """The name of its field."""
        return f"item{self.item.number}"

    @property
    def called(self) -> str:
        """Its wording, or what we call it where that is not here."""
        return self.text or self.item.name.replace("_", " ")

    @property
    def open(self) -> bool:
        """Whether it was not answered."""
        return self.answer is None and not self.wrong


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole form in one language, filled in as far as it is."""

    instrument: Instrument
    wording: Wording
    rows: tuple[Row, ...]

    @property
    def layout(self) -> str:
        """How the answers of an item stand: "typed", "worded" (a line each) or "scale" (a row)."""
        first = self.rows[0]
        if not first.options:
            return "typed"
        each = all(option.label for option in first.options)
        return "worded" if each and len(first.options) <= MOST_WORDED else "scale"

    @property
    def width(self) -> int:
        """How many answers an item has."""
        return len(self.rows[0].options)

    @property
    def given(self) -> dict[int, float | None]:
        """The answers by item number, None where there is none."""
        return {row.item.number: row.answer for row in self.rows}

    @property
    def wrong(self) -> tuple[Row, ...]:
        """The rows whose answer cannot be."""
        return tuple(row for row in self.rows if row.wrong)

    @property
    def open(self) -> tuple[Row, ...]:
        """The rows that were not answered."""
        return tuple(row for row in self.rows if row.open)

    @property
    def empty(self) -> bool:
        """Whether nothing was filled in at all."""
        return len(self.open) == len(self.rows)


def filled(
    instrument: Instrument, language: str, data: Mapping[str, str] | None = None, hint: str = HINT
) -> Sheet:
    """The form as sent: `data` holds a text for `item1` and so on; nothing for an empty form."""
    data = data or {}
    wording = instrument.wording(language)
    texts = {i.number: data.get(f"item{i.number}", "").strip() for i in instrument.items}
    rows = tuple(
        make_row(item, wording, text, texts[item.number], hint)
        for item, text in zip(instrument.items, wording.items, strict=True)
    )
    return Sheet(instrument, wording, rows)


def as_sent(answers: Mapping[int, float | None]) -> dict[str, str]:
    """Answers as a form would send them."""
    return {f"item{n}": f"{value:.10g}" for n, value in answers.items() if value is not None}


def make_row(item: Item, wording: Wording, text: str, value: str, hint: str) -> Row:
    """One item with what was filled in."""
    answer = number(value)
    wrong = bool(value) and (answer is None or not possible(item, answer))
    return Row(
        item=item,
        text=text,
        value=value[:40],
        answer=None if wrong else answer,
        wrong=wrong,
        options=options(item, wording, None if wrong else answer),
        ends=(wording.label(item.low), wording.label(middle(item)), wording.label(item.high)),
        hint=hint.format(low=f"{item.low:g}", high=f"{item.high:g}"),
    )


def options(item: Item, wording: Wording, answer: float | None) -> tuple[Option, ...]:
    """The answers to choose among; none where a number is typed."""
    if item.step != 1 or item.high - item.low >= MOST_OPTIONS or item.low % 1:
        return ()
    values = [item.low + n for n in range(int(item.high - item.low) + 1)]
    return tuple(Option(f"{v:g}", wording.label(v), v == answer) for v in values)


def number(text: str) -> float | None:
    """The number that a text is, with point or comma; None for what is none."""
    found = _NUMBER.fullmatch(text)
    return float(f"{found[1]}.{found[2] or 0}") if found else None


def possible(item: Item, answer: float) -> bool:
    """Whether an answer can be given to this item."""
    return item.low <= answer <= item.high and (item.step != 1 or answer % 1 == 0)


def middle(item: Item) -> float:
    """The answer halfway."""
    return (item.low + item.high) / 2
