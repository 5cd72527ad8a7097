"""The forms that are open at one turn of the session page."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from django.http import Http404, QueryDict

from reattune.codebook import Code, code
from reattune.web.accounts.models import User
from reattune.web.reviews import models
from reattune.web.reviews.forms_session import NoteForm
from reattune.web.reviews.labels import known_codes
from reattune.web.reviews.page import Line, Mark, Page


@dataclass(frozen=True, slots=True)
class Panel:
    """A note to write and labels to choose among, at turn `number` from 1, or at 0 for the session.

    `mark` is the flag to relabel and `remark` the note to change, where it is opened for one;
    `labels` are those that the turn can carry and does not, by family.
    """

    number: int
    form: NoteForm
    mark: Mark | None = None
    remark: models.Note | None = None
    labels: tuple[tuple[str, tuple[Code, ...]], ...] = ()

    @property
    def strain(self) -> bool:
        """Whether the labels have an intensity."""
        return bool(self.labels) and self.labels[0][0] in ("withdrawal", "confrontation")


def panel_of(user: User, page: Page, query: QueryDict) -> Panel | None:
    """The panel that an address asks for by `turn`, and by `code` or `note`; Http404 for another's
    or one that is not there."""
    if "turn" not in query:
        return None
    number = number_in(query.get("turn", ""), len(page.lines))
    remarks = page.lines[number - 1].remarks if number else page.notes
    if "note" in query:
        remark = own(remarks, user, query.get("note", ""))
        return Panel(number, note_form(number, remark), remark=remark)
    if number == 0:
        return Panel(number, note_form(number, None))
    line = page.lines[number - 1]
    mark = marked(line, query.get("code", "")) if "code" in query else None
    return Panel(number, note_form(number, None), mark=mark, labels=choice(line, mark))


def number_in(told: str, most: int) -> int:
    """The turn's number; Http404 if there is none such."""
    if not told.isdecimal() or int(told) > most:
        raise Http404
    return int(told)


def note_form(number: int, remark: models.Note | None) -> NoteForm:
    """A form for a new note at a turn, or for this one."""
    return NoteForm(instance=remark, initial={"turn": number or None})


def own(remarks: tuple[models.Note, ...], user: User, told: str) -> models.Note:
    """The note with this id among those here, if it is the user's; Http404 else."""
    for remark in remarks:
        if str(remark.pk) == told and remark.author_id == user.pk:
            return remark
    raise Http404


def marked(line: Line, key: str) -> Mark:
    """The flag or near miss of a turn by the code it is judged by; Http404 if it has none such."""
    for mark in (*line.marks, *line.near):
        if mark.key == key:
            return mark
    raise Http404


def choice(line: Line, mark: Mark | None) -> tuple[tuple[str, tuple[Code, ...]], ...]:
    """The labels that may be set on a turn, by family.

    When one is relabeled its own is among them, for another intensity; those of the turn's other
    flags are not.
    """
    own = mark.flag.code.id if mark else ""
    taken = {m.flag.code.id for m in line.marks if m.flag.marker.decided} - {own}
    free = [code(id) for id in known_codes(line.row.turn.role) if id not in taken]
    return tuple((family, tuple(group)) for family, group in groupby(free, lambda c: c.family))
