"""Operations on what was found in a session: people's word on it, and their notes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from reattune.errors import InputError
from reattune.types import Marker
from reattune.web import gates
from reattune.web.api import shapes
from reattune.web.api.access import operation
from reattune.web.api.refusals import check
from reattune.web.api.shapes import Cut, Page, page
from reattune.web.reviews import labels, models, results
from reattune.web.reviews.forms_session import NoteForm
from reattune.web.reviews.labels import DISMISSED, Standing
from reattune.web.reviews.page import NEAR, state_of
from reattune.web.reviews.views_session import keep, own_note

router = Router(tags=["Markers and notes"])

READ, WRITE = "sessions:read", "sessions:write"


# Markers


@operation(router, "GET", "/sessions/{uuid:id}/markers", scope=READ, gives=Page[shapes.Marker])
def list_markers(request: HttpRequest, id: UUID, cut: Query[Cut], near: shapes.Flag = False) -> Any:
    """The flags of a session in order, dismissed ones among them; near misses on demand."""
    row = gates.session_of(gates.user_of(request), id)
    _, standing = results.load(row) or results.bare(row)
    told = in_order(standing)
    return page([one for one in told if near or one.state != NEAR], cut, lambda one: one)


@operation(
    router,
    "POST",
    "/sessions/{uuid:id}/markers",
    scope=WRITE,
    gives=Page[shapes.Marker],
    status=201,
)
def judge(request: HttpRequest, id: UUID, told: shapes.Judging) -> Any:
    """Confirm, dismiss, relabel, add or take back; the flags of that turn as they stand then.

    Your word counts in every figure, and stays when the session is read again.
    """
    user = gates.user_of(request)
    row = gates.session_of(user, id, "session.judge")
    standing = labels.judge(row, user, **told.model_dump())
    here = [one for one in in_order(standing) if one.turn == told.turn and one.state != NEAR]
    return page(here, Cut(limit=shapes.MOST), lambda one: one)


def in_order(standing: Standing) -> list[shapes.Marker]:
    """Every marker and move by turn. One that another label was set in the place of is left out."""
    told = [marker_of(marker, standing) for marker in standing.all]
    shown = [one for one in told if one.decided or one.state in (NEAR, DISMISSED)]
    return sorted(shown, key=lambda one: one.turn)


def marker_of(marker: Marker, standing: Standing) -> shapes.Marker:
    """A marker with the word that settles it, as the API tells it."""
    return shapes.Marker(
        turn=marker.turn,
        code=marker.code,
        family=marker.family,
        intensity=marker.intensity,
        probability=marker.probability,
        family_probability=marker.family_probability,
        decided=marker.decided,
        state=state_of(marker, standing),
        by=marker.by,
        why=marker.why,
    )


# Noticed at the time


@operation(router, "GET", "/sessions/{uuid:id}/noticed", scope=READ, gives=Page[shapes.Notice])
def list_noticed(request: HttpRequest, id: UUID, cut: Query[Cut]) -> Any:
    """What you said of whether you noticed a moment at the time; the latest word on it counts."""
    row = gates.session_of(gates.user_of(request), id)
    return page(row.noticed.order_by("id"), cut, notice_of)


@operation(
    router, "POST", "/sessions/{uuid:id}/noticed", scope=WRITE, gives=shapes.Notice, status=201
)
def tell_noticed(request: HttpRequest, id: UUID, told: shapes.NewNotice) -> Any:
    """Say whether you noticed a moment at the time."""
    user = gates.user_of(request)
    row = gates.session_of(user, id, "session.noticed")
    require_turn(row, told.turn)
    made = models.Noticed.objects.create(session=row, turn=told.turn, yes=told.yes, by=user)
    row.client.outdate()
    return notice_of(made)


def require_turn(row: models.Session, turn: int) -> None:
    """InputError for a turn that the session does not have."""
    if turn >= row.turn_count:
        what = "The session has no such turn."
        remedy = f"Use 0 to {row.turn_count - 1}."
        raise InputError("bad-judgement", what, where=f"turn {turn}", remedy=remedy)


def notice_of(row: models.Noticed) -> shapes.Notice:
    """Such a word as the API tells it."""
    return shapes.Notice(turn=row.turn, yes=row.yes, at=row.at)


# Notes


@operation(router, "GET", "/sessions/{uuid:id}/notes", scope=READ, gives=Page[shapes.Note])
def list_notes(request: HttpRequest, id: UUID, cut: Query[Cut]) -> Any:
    """Your notes on a session, those on the whole of it first."""
    user = gates.user_of(request)
    row = gates.session_of(user, id)
    rows = sorted(row.remarks.all(), key=lambda one: (-1 if one.turn is None else one.turn, one.pk))
    return page(rows, cut, note_of)


@operation(router, "POST", "/sessions/{uuid:id}/notes", scope=WRITE, gives=shapes.Note, status=201)
def write_note(request: HttpRequest, id: UUID, told: shapes.NewNote) -> Any:
    """Write a note on a turn, or on the session."""
    user = gates.user_of(request)
    row = gates.session_of(user, id, "session.note")
    said = {"text": told.text, "turn": "" if told.turn is None else told.turn + 1}
    form = NoteForm(said, turns=row.turn_count)
    check(form)
    return note_of(keep(form, row, user))


@operation(router, "PATCH", "/sessions/{uuid:id}/notes/{note}", scope=WRITE, gives=shapes.Note)
def edit_note(request: HttpRequest, id: UUID, note: shapes.Number, told: shapes.NoteChange) -> Any:
    """Change a note of yours."""
    user = gates.user_of(request)
    row = gates.session_of(user, id, "session.note")
    known = own_note(user, row, str(note))
    form = NoteForm({"text": told.text}, instance=known, turns=row.turn_count)
    check(form)
    return note_of(keep(form, row, user))


@operation(
    router, "DELETE", "/sessions/{uuid:id}/notes/{note}", scope=WRITE, gives=None, status=204
)
def delete_note(request: HttpRequest, id: UUID, note: shapes.Number) -> Any:
    """Delete a note of yours."""
    user = gates.user_of(request)
    row = gates.session_of(user, id, "session.note")
    known = own_note(user, row, str(note))
    if known is not None:
        known.delete()


def note_of(row: models.Note) -> shapes.Note:
    """A note as the API tells it."""
    return shapes.Note(
        id=row.pk, turn=row.turn, text=row.text, created=row.created, edited=row.edited
    )
