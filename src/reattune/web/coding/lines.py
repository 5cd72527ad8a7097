"""The turns as a coder sees them: roles in the place of names, own marks, and nothing else.

Nothing here reads findings, episodes, labels or another coder's marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reattune import redact, types
from reattune.codebook import CODES, Code, code
from reattune.report.transcript import pieces
from reattune.report.words import clean
from reattune.web.coding.marks import Standing, families_of, family_of, fits
from reattune.web.coding.models import SOMETHING, Coding, Mark, Pairing
from reattune.web.reviews.models import Risk, Session, Turn
from reattune.web.reviews.page import marked_up
from reattune.web.reviews.regions import family_name, intensity_name
from reattune.web.reviews.words import to_session

KEYS = {"withdrawal": "1", "confrontation": "2", "repair": "3", "misstep": "4"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A mark in words; `family` is "" for one that has none yet."""

    code: str
    label: str
    family: str
    intensity: str
    note: str

    @property
    def level(self) -> str:
        """The intensity in words."""
        return intensity_name(self.intensity) if self.intensity else ""


@dataclass(frozen=True, slots=True)
class Line:
    """One turn, `number` from 1, with the coder's own marks and the families it can carry."""

    number: int
    role: types.Role
    time: str
    words: SafeString
    marks: tuple[Shown, ...]
    families: tuple[str, ...]

    @property
    def free(self) -> tuple[tuple[str, str], ...]:
        """The families that are not marked yet, with the key of each."""
        taken = {mark.family for mark in self.marks}
        return tuple((f, KEYS[f]) for f in self.families if f not in taken)


def turns_of(session: Session, first: int, last: int) -> list[Turn]:
    """The turns `[first, last)`."""
    return list(session.turns.filter(number__gte=first, number__lt=last))


def read_for(coding: Coding) -> list[Turn]:
    """The turns a coder reads."""
    return hidden(turns_of(coding.session, *coding.span), coding.session, coding.pairing)


def hidden(turns: list[Turn], session: Session, pairing: Pairing | None) -> list[Turn]:
    """The turns, names and the like replaced where a second person codes them too."""
    return without_names(turns, session) if pairing else turns


def without_names(turns: list[Turn], session: Session, names: Iterable[str] = ()) -> list[Turn]:
    """The turns with placeholders for what may point to somebody, as far as the rules find it.

    `names` are hidden wherever they stand, whatever the rules say.
    """
    words = to_session(session)
    names = tuple(names)
    review = redact.Review(redact.find(words, aliases=names))
    for name in names:
        review = hide(review, words, name)
    told = review.apply(words)
    for turn in turns:
        turn.text = told.turns[turn.number].text
    return turns


def hide(review: redact.Review, words: types.Session, name: str) -> redact.Review:
    """The review with a name or other words hidden wherever what it leaves still has them."""
    told = review.apply(words)
    for i, (before, now) in enumerate(zip(words.turns, told.turns, strict=True)):
        found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", before.text, re.IGNORECASE)
        if found and re.search(re.escape(name), now.text, re.IGNORECASE):
            return review.add(words, i, found.start(), found.end())  # and the same elsewhere
    return review


def lines_of(turns: Iterable[Turn], marks: Standing) -> list[Line]:
    """The turns with the marks that stand on them."""
    return [line_of(turn, marks.get(turn.number, ())) for turn in turns]


def line_of(turn: Turn, marks: Iterable[Mark]) -> Line:
    """One turn; marks that its speaker cannot carry any more are left aside."""
    return Line(
        number=turn.number + 1,
        role=cast(types.Role, turn.role),
        time=clock(turn.start),
        words=marked_up(pieces(clean(turn.text), [])),
        marks=tuple(shown(mark) for mark in marks if fits(mark.code, turn.role)),
        families=families_of(turn.role),
    )


def clock(seconds: float | None) -> str:
    """Seconds from the start as minutes and seconds."""
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def shown(mark: Mark) -> Shown:
    """A mark in words."""
    return Shown(mark.code, label_of(mark.code), family_of(mark.code), mark.intensity, mark.note)


def label_of(id: str) -> str:
    """What a code, a family or a mark without one is called."""
    if id == SOMETHING:
        return _("Something here")
    return _(code(id).name) if id in CODES else family_name(id)


def choices(role: str, detail: str) -> list[tuple[str, list[Code]]]:
    """The families a speaker can carry, each with its codes where a coding has codes."""
    every = [code(id) for id in CODES] if detail != "families" else []
    return [(f, [c for c in every if c.family == f]) for f in families_of(role)]


def risks_of(session: Session, first: int, last: int) -> tuple[types.Risk, ...]:
    """What the risk screen found in these turns: it is told first, blind or not."""
    found = Risk.objects.filter(
        analysis__session=session, analysis__current=True, turn__gte=first, turn__lt=last
    )
    return tuple(types.Risk(r.turn, r.topic, r.quote, r.by, r.why) for r in found)  # type: ignore[arg-type]


def open_marks(marks: Standing, turns: Sequence[Turn]) -> list[int]:
    """The turns, from 1, with a mark whose family is not told."""
    roles = {turn.number: turn.role for turn in turns}
    return [
        turn + 1
        for turn, own in sorted(marks.items())
        if any(m.code == SOMETHING and fits(m.code, roles.get(turn, "")) for m in own)
    ]
