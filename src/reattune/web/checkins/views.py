"""A client's check-ins: what was answered, which links are open; deleting; the scores as CSV."""

from __future__ import annotations

import csv
import uuid
from itertools import groupby

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.web import gates
from reattune.web.checkins import answers, links, scores
from reattune.web.checkins.instruments import everything
from reattune.web.checkins.models import Link
from reattune.web.clients.models import Client

PAGE = 50  # forms on a page
CSV_COLUMNS = (
    *("date", "measure", "name", "rater", "how", "value", "low", "high"),
    *("higher_is_better", "prorated", "left_out", "validated"),
)


@gates.therapist
def checkins(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """What was answered, latest first, and the links that are open."""
    client = gates.client_of(gates.user_of(request), id, "checkins.see")
    reads = scores.read_all(client.practice, client.answers.select_related("client"))
    page = Paginator(reads[::-1], PAGE).get_page(request.GET.get("page"))
    context = {
        "client": client,
        "page": page,
        "days": [(day, list(rows)) for day, rows in groupby(page, lambda one: one.row.about)],
        "risks": risks(reads),
        "unvalidated": any(one.instrument and not one.instrument.validated for one in reads),
        "links": open_links(client),
    }
    return render(request, "checkins/checkins.html", context)


def risks(reads: list[scores.Read]) -> list[scores.Read]:
    """The latest form of each measure and rater, where it asks for the risk protocol."""
    latest = {(one.row.measure, one.row.rater): one for one in reads}
    return [one for one in latest.values() if one.risk_why]


def open_links(client: Client) -> list[dict[str, object]]:
    """The links that a form can still be opened by, with the name of the form."""
    found = client.links.filter(used_at=None, revoked_at=None, expires__gt=timezone.now())
    rows = list(found.order_by("about"))
    names = everything(client.practice) if rows else {}
    return [
        {"link": row, "name": names[row.measure].name if row.measure in names else row.measure}
        for row in rows
    ]


@require_POST
@gates.therapist
def revoke(request: HttpRequest, id: uuid.UUID, link: int) -> HttpResponse:
    """Close a link before it is used."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "checkins.see")
    found = get_object_or_404(Link, pk=link, client=client)
    with transaction.atomic():
        done = links.revoke(found)
        if done:
            gates.note(user, "link.revoke", target=f"link:{found.pk}", client=client)
    if done:
        messages.success(request, _("The link no longer opens anything."))
    else:
        messages.info(request, _("The link was closed already."))
    return redirect("checkins", client.pk)


@gates.therapist
def delete(request: HttpRequest, id: uuid.UUID, answer: uuid.UUID) -> HttpResponse:
    """Delete a form that was filled in, after asking."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "checkins.see")
    row = get_object_or_404(client.answers, pk=answer)
    if request.method == "POST":
        answers.delete(row, by=user)
        messages.success(request, _("The form was deleted."))
        return redirect("checkins", client.pk)
    (read,) = scores.read_all(client.practice, [row])
    return render(request, "checkins/delete.html", {"client": client, "read": read})


@gates.therapist
def scores_csv(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Every score of the client, a row for each total and subscale."""
    client = gates.client_of(gates.user_of(request), id, "checkins.export")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="scores-{str(client.pk)[:8]}.csv"'
    writer = csv.writer(response)
    writer.writerow(CSV_COLUMNS)
    for one in scores.read_all(client.practice, client.answers.all()):
        writer.writerows(csv_rows(one))
    return response


def csv_rows(one: scores.Read) -> list[list[object]]:
    """The rows of one form."""
    if one.instrument is None or one.score is None:
        return []
    row, made, whole = one.row, one.score, one.instrument
    return [
        [
            row.about.isoformat(),
            measure,
            plain(one.name),
            row.rater,
            row.how,
            "" if value is None else f"{value:.6g}",
            f"{whole.scale(part).low:g}",
            f"{whole.scale(part).high:g}",
            str(whole.higher_is_better).lower(),
            str(part in made.prorated).lower(),
            " ".join(map(str, made.missing)),
            str(whole.validated).lower(),
        ]
        for measure, part, value in scores.values(one)
    ]


def plain(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
