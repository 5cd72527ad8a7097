"""Operations on check-ins: the forms there are, what was answered, links, scores."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router

from reattune.errors import InputError
from reattune.measures import Instrument
from reattune.web import gates
from reattune.web.api import shapes
from reattune.web.api.access import operation
from reattune.web.api.refusals import check
from reattune.web.api.shapes import Cut, Page, page
from reattune.web.checkins import answers, links, scores, views
from reattune.web.checkins.forms import HeadForm, LinkForm
from reattune.web.checkins.instruments import everything, instrument_for
from reattune.web.checkins.models import Link
from reattune.web.checkins.views_link import url_of
from reattune.web.clients import views_export

router = Router(tags=["Check-ins"])

READ, WRITE = "checkins:read", "checkins:write"
TABLE: dict[str, Any] = {
    "responses": {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
}
"""How an operation that gives a table says so."""


@operation(router, "GET", "/measures", scope=READ, gives=Page[shapes.Measure])
def list_measures(request: HttpRequest, cut: Query[Cut]) -> Any:
    """The forms that your practice can use, its own among them."""
    user = gates.user_of(request)
    found = sorted(everything(user.practice).values(), key=lambda one: one.id)
    return page(found, cut, measure_of)


@operation(router, "GET", "/clients/{uuid:id}/checkins", scope=READ, gives=Page[shapes.Answer])
def list_answers(request: HttpRequest, id: UUID, cut: Query[Cut]) -> Any:
    """What was answered, the earliest first, with its scores."""
    client = gates.client_of(gates.user_of(request), id, "checkins.see")
    instruments = everything(client.practice)
    return page(
        client.answers.order_by("about", "at"),
        cut,
        lambda row: answer_of(scores.read(row, instruments.get(row.measure))),
    )


@operation(
    router, "POST", "/clients/{uuid:id}/checkins", scope=WRITE, gives=shapes.Answer, status=201
)
def add_answer(request: HttpRequest, id: UUID, told: shapes.NewAnswer) -> Any:
    """Keep a form that was filled in elsewhere.

    A second form of one measure, rater and day is refused, unless it is said to take the place of
    the first.
    """
    user = gates.user_of(request)
    client = gates.client_of(user, id, "checkins.see")
    head = HeadForm(instrument_for(client.practice, told.measure), told.model_dump(), ask=True)
    said = answers.Filled(
        measure=told.measure,
        rater=told.rater,
        about=check(head)["about"],
        answers={int(number): value for number, value in told.answers.items()},
        how="api",
        language=told.language,
    )
    try:
        row = answers.keep(client, said, actor=f"user:{user.pk}", by=user, instead=told.instead)
    except answers.AlreadyThere as error:
        raise twice() from error
    return answer_of(scores.read(row, everything(client.practice).get(row.measure)))


@operation(
    router,
    "DELETE",
    "/clients/{uuid:id}/checkins/{uuid:answer}",
    scope=WRITE,
    gives=None,
    status=204,
)
def delete_answer(request: HttpRequest, id: UUID, answer: UUID) -> Any:
    """Delete a form that was filled in."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "checkins.see")
    answers.delete(get_object_or_404(client.answers, pk=answer), by=user)


def twice() -> InputError:
    """The error for a second form of one measure, rater and day."""
    what = "There is a form of this measure, rater and day."
    remedy = "Send `instead` as true to put this one in its place."
    return InputError("form-twice", what, where="body.about", remedy=remedy)


@operation(router, "GET", "/clients/{uuid:id}/links", scope=READ, gives=Page[shapes.MadeLink])
def list_links(request: HttpRequest, id: UUID, cut: Query[Cut]) -> Any:
    """The links that were made for a client, the latest first; their addresses are not kept."""
    client = gates.client_of(gates.user_of(request), id, "checkins.see")
    return page(client.links.filter(kiosk=False).order_by("-created", "-pk"), cut, link_of)


@operation(router, "POST", "/clients/{uuid:id}/links", scope=WRITE, gives=shapes.Link, status=201)
def make_link(request: HttpRequest, id: UUID, told: shapes.NewLink) -> Any:
    """Make a link by which the client answers one form once. Its address is told this once.

    An open link for the same form and day closes.
    """
    user = gates.user_of(request)
    client = gates.client_of(user, id, "checkins.see")
    form = LinkForm(client, told.model_dump() | {"language": told.language or client.language})
    if form.twice and not told.instead:
        raise twice()
    said = check(form)
    chosen = {name: said[name] for name in ("measure", "language", "about", "days")}
    with transaction.atomic():
        link, token = links.make(client, user, **chosen)
        gates.note(user, "link.make", target=f"link:{link.pk}", client=client)
    return shapes.Link(
        id=link.pk,
        address=url_of(request, token),
        measure=link.measure,
        language=link.language,
        about=link.about,
        expires=link.expires,
    )


@operation(router, "DELETE", "/clients/{uuid:id}/links/{link}", scope=WRITE, gives=shapes.MadeLink)
def revoke_link(request: HttpRequest, id: UUID, link: shapes.Number) -> Any:
    """Close a link before it is used. One that is closed or used stays as it is."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "checkins.see")
    found = get_object_or_404(client.links, pk=link, kiosk=False)
    with transaction.atomic():
        if links.revoke(found):
            gates.note(user, "link.revoke", target=f"link:{found.pk}", client=client)
    found.refresh_from_db()
    return link_of(found)


@operation(router, "GET", "/clients/{uuid:id}/scores.csv", scope=READ, gives=None, extra=TABLE)
def get_scores(request: HttpRequest, id: UUID) -> Any:
    """A client's scores as a table, a row for each total and subscale."""
    return views.scores_csv(request, id)


@operation(router, "GET", "/scores.csv", scope=READ, gives=None, extra=TABLE)
def get_all_scores(request: HttpRequest) -> Any:
    """The scores of all your clients as a table."""
    return views_export.scores(request)


def measure_of(one: Instrument) -> shapes.Measure:
    """A form as the API tells it."""
    return shapes.Measure(
        id=one.id,
        name=one.name,
        raters=list(one.raters),
        languages=sorted(one.languages),
        validated=one.validated,
        items=[
            shapes.Item(number=i.number, name=i.name, low=i.low, high=i.high, step=i.step)
            for i in one.items
        ],
    )


def link_of(row: Link) -> shapes.MadeLink:
    """A link as the API tells it once its address is no longer known."""
    return shapes.MadeLink(
        id=row.pk,
        measure=row.measure,
        language=row.language,
        about=row.about,
        expires=row.expires,
        used=row.used_at,
        revoked=row.revoked_at,
        open=row.open(timezone.now()),
    )


def answer_of(one: scores.Read) -> shapes.Answer:
    """A form that was filled in, as the API tells it."""
    row, made = one.row, one.score
    return shapes.Answer(
        id=row.pk,
        measure=row.measure,
        rater=row.rater,
        about=row.about,
        how=row.how,
        at=row.at,
        answers=row.answers,
        total=one.total,
        subscales=dict(made.subscales) if made else {},
        risk=one.risk_why,
    )
