"""When repair is not possible: the work of ending as rows, and the referral letter.

An ending is an outcome of its own and is counted as one. What is chosen, done or dropped is a row
with who and when, as everywhere; the words to choose from are in guidance (`ending.toml`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, get_args

from reattune import guidance
from reattune.caseload import EpisodeRecord
from reattune.errors import InputError
from reattune.follow import Following
from reattune.guidance import Guidance, LetterPart
from reattune.guidance.data import PLACEHOLDER
from reattune.repair import HUMAN, Change, Rupture, RuptureState
from reattune.types import State

Section = Literal["reasons", "naming", "validation", "options", "last_session", "follow_up"]
SECTIONS: tuple[Section, ...] = get_args(Section)
EndingState = Literal["planned", "held", "closed", "called_off"]
ItemState = Literal["chosen", "done", "dropped"]

OWN_WORDS = re.compile(r"own(-[1-9]\d*)?")
"""Items that are not in guidance; their note holds the words."""

MOVES: frozenset[tuple[str, str]] = frozenset(
    {
        ("", "planned"),
        ("planned", "held"),
        ("planned", "closed"),  # a client who stopped coming: no last session
        ("held", "closed"),
        ("planned", "called_off"),
        ("held", "called_off"),
        ("called_off", "planned"),
        ("closed", "planned"),
    }
)
"""What the ending itself may move to; each needs a note that says why."""

ITEM_MOVES: frozenset[tuple[str, str]] = frozenset(
    {
        ("", "chosen"),
        ("", "done"),
        ("chosen", "chosen"),  # another note or date
        ("chosen", "done"),
        ("chosen", "dropped"),
        ("done", "chosen"),
        ("dropped", "chosen"),
    }
)
"""What an item of a section may move to."""


@dataclass(frozen=True, slots=True)
class EndingRow:
    """A change in an ending: of the whole (`section` "") or of an item of a section.

    `item` is the key of a sentence of guidance, or "own", "own-2" and so on, whose words are the
    note; `due` until when it is to be done.
    """

    section: str
    item: str
    old: str
    new: str
    when: datetime
    session: int
    who: str
    note: str = ""
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """The ending of one client's course as rows."""

    client: str
    rows: tuple[EndingRow, ...] = ()

    @property
    def state(self) -> EndingState | Literal[""]:
        """Where the ending stands; "" where none was begun."""
        return self.item("", "")  # type: ignore[return-value]

    def item(self, section: str, item: str) -> str:
        """Where an item stands, "" where it was not chosen."""
        own = (r for r in reversed(self.rows) if (r.section, r.item) == (section, item))
        return next((row.new for row in own), "")


@dataclass(frozen=True, slots=True)
class Item:
    """One item as it stands: its state, the latest note and date."""

    section: Section
    key: str
    state: ItemState
    note: str
    due: date | None


def add(ending: Ending, row: EndingRow) -> Ending:
    """The ending with one more row.

    InputError where it does not say who or why, where the state is another by now, for an item that
    guidance does not have, and for what MOVES and ITEM_MOVES do not have.
    """
    _check(ending, row)
    return replace(ending, rows=(*ending.rows, row))


def _check(ending: Ending, row: EndingRow) -> None:
    where = f"{row.section or 'ending'}, {row.item or row.new}"
    if not row.who.strip() or row.when.tzinfo is None:
        raise _bad("change-incomplete", "It does not say who made it and when.", where)
    if ending.item(row.section, row.item) != row.old:
        raise _bad("stale-change", "The state is another one by now.", where)
    moves = ITEM_MOVES if row.section else MOVES
    if (row.old, row.new) not in moves:
        raise _bad("change-not-allowed", f"From {row.old or 'none'} to {row.new}: no way.", where)
    if row.section:
        _check_item(ending, row, where)
    elif not row.note.strip():
        raise _bad("change-incomplete", "It does not say why.", where)
    elif row.new == "closed" and not chosen(ending, "reasons"):
        raise _bad("change-incomplete", "No reason for the ending is chosen.", where)


def _check_item(ending: Ending, row: EndingRow, where: str) -> None:
    known = guidance.load().ending.sections
    if row.section not in known or ending.state in ("", "called_off"):
        raise _bad("change-not-allowed", "There is no such part, or no ending is planned.", where)
    own = OWN_WORDS.fullmatch(row.item)
    if not own and row.item not in {text.key for text in known[row.section].items}:
        raise _bad("change-not-allowed", "There is no such item.", where)
    if own and not row.note.strip():
        raise _bad("change-incomplete", "An item in your own words needs them as a note.", where)


def _bad(slug: str, what: str, where: str) -> InputError:
    remedy = "Look at the ending as it stands, and decide again."
    return InputError(slug, what, where=where, remedy=remedy)


def chosen(ending: Ending, section: Section) -> tuple[Item, ...]:
    """The items of a section that were chosen or done, in the order they were first chosen."""
    keys = dict.fromkeys(row.item for row in ending.rows if row.section == section)
    found = []
    for key in keys:
        rows = [row for row in ending.rows if (row.section, row.item) == (section, key)]
        last = rows[-1]
        if last.new != "dropped":
            note = next((row.note for row in reversed(rows) if row.note), "")
            due = next((row.due for row in reversed(rows) if row.due), None)
            found.append(Item(section, key, last.new, note, due))  # type: ignore[arg-type]
    return tuple(found)


def untouched(ending: Ending) -> tuple[Section, ...]:
    """The sections in which nothing was chosen yet, in the order of the work; a reminder only."""
    return tuple(section for section in SECTIONS if not chosen(ending, section))


def due(ending: Ending, day: date) -> tuple[Item, ...]:
    """The items that are to be done by this day and are not, the earliest first."""
    items = (item for section in SECTIONS for item in chosen(ending, section))
    late = [item for item in items if item.due and item.due <= day and item.state != "done"]
    return tuple(sorted(late, key=lambda item: item.due or day))


def end_ruptures(
    ruptures: Iterable[Rupture], *, when: datetime, session: int, who: str, note: str
) -> tuple[Change, ...]:
    """The rows that close what is still open or watched as ended, for a person to make.

    What was repaired, in part or otherwise closed keeps its state.
    """
    return tuple(
        Change(r.id, "", r.state, "ended", when, max(session, r.session), who, HUMAN, note)
        for r in ruptures
        if r.state in ("open", "watched")
    )


# Outcomes

OUTCOMES: tuple[RuptureState, ...] = (
    "repaired",
    "repaired_in_part",
    "accepted_unrepaired",
    "ended",
    "watched",
    "open",
)


def outcomes(ruptures: Iterable[Rupture]) -> dict[RuptureState, int]:
    """How many ruptures stand in each state of OUTCOMES; a goodbye counts as an outcome.

    What was set aside, joined to another or taken back is no rupture of its own.
    """
    counts = Counter(rupture.state for rupture in ruptures)
    return {state: counts[state] for state in OUTCOMES}


def episode_records(ruptures: Iterable[Rupture]) -> Iterator[EpisodeRecord]:
    """The ruptures as records of a caseload, for its figures: as people left them.

    Repaired counts as repaired in the session of its closing row, a repair in part does not.
    Noticed is one whose first step was tried, or that a person opened; None where nobody said.
    """
    for rupture in ruptures:
        if rupture.state not in OUTCOMES:
            continue
        closing = rupture.closing
        repaired = closing is not None and closing.new == "repaired"
        first: State = rupture.episodes[0].state if rupture.episodes else "addressed"
        yield EpisodeRecord(
            rupture.client,
            rupture.session,
            rupture.date,
            rupture.kind,
            rupture.intensity,
            state="addressed" if first == "repaired" and not repaired else first,
            noticed=_noticed(rupture),
            repaired_at=closing.session if closing is not None and repaired else None,
        )


def _noticed(rupture: Rupture) -> bool | None:
    opened = rupture.rows("")[:1]
    if opened and opened[0].by == HUMAN:
        return True
    step = rupture.step("notice")
    return True if step in ("tried", "landed", "did_not_land") else None


# The letter


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a letter, or a place left open (`open` is its name, the text is empty)."""

    text: str
    open: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A part of the letter in pieces; `optional` as guidance has it."""

    id: str
    name: str
    pieces: tuple[Piece, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """A referral letter to edit. `left` are the places still open, in order."""

    intro: str
    paragraphs: tuple[Paragraph, ...]
    left: tuple[str, ...]
    language: str


def letter(
    values: Mapping[str, str] | None = None,
    include: Collection[str] = (),
    *,
    language: str = "en",
) -> Letter:
    """The letter with the values that the therapist fills in; what is missing stays open.

    `values` by the names of the placeholders, `include` the optional parts that the client wants in
    it. InputError for a name or a part that guidance does not have. Nothing is filled in from the
    words of a session.
    """
    whole = guidance.load(language)
    given = {key: " ".join(value.split()) for key, value in (values or {}).items()}
    _check_letter(whole, given, include)
    parts = [part for part in whole.ending.letter if not part.optional or part.id in include]
    paragraphs = tuple(_paragraph(part, given) for part in parts)
    left = dict.fromkeys(piece.open for p in paragraphs for piece in p.pieces if piece.open)
    return Letter(whole.ending.letter_intro.id, paragraphs, tuple(left), language)


def _check_letter(whole: Guidance, given: Mapping[str, str], include: Collection[str]) -> None:
    optional = {part.id for part in whole.ending.letter if part.optional}
    wrong = [*(set(given) - set(whole.ending.placeholders)), *(set(include) - optional)]
    if wrong:
        raise InputError(
            "unknown-letter-part",
            f"The letter has no place or optional part {wrong[0]!r:.40}.",
            remedy=f"Places are {', '.join(whole.ending.placeholders)}; optional parts "
            f"{', '.join(sorted(optional))}.",
        )


def _paragraph(part: LetterPart, given: Mapping[str, str]) -> Paragraph:
    pieces: list[Piece] = []
    for i, text in enumerate(PLACEHOLDER.split(part.text.text)):
        if i % 2 == 0:
            pieces += [Piece(text)] if text else []
        else:
            pieces.append(Piece(given[text]) if given.get(text) else Piece("", text))
    return Paragraph(part.id, part.name, tuple(pieces), part.optional)


def known_values(following: Following, made: date) -> dict[str, str]:
    """What the records themselves can fill in: the number of sessions and their dates.

    No name and no word of a session: who it is and what it was about the therapist writes.
    """
    held = sorted(following.held)
    days = [day for _, day in held if day is not None]
    found = {"date": long_day(made), "sessions": str(len(held))}
    if days:
        found |= {"first_session": long_day(days[0]), "last_session": long_day(days[-1])}
    return found


MONTHS: Sequence[str] = (
    "January February March April May June July August September October November December".split()
)


def long_day(day: date) -> str:
    """Such as "March 5, 2026", as a letter writes it."""
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"
