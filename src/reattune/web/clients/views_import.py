"""Taking appointments in from a calendar or a table: choose, look, save."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.errors import InputError, ReattuneError
from reattune.web import gates
from reattune.web.clients import ics, planned, table
from reattune.web.clients.appointments import OPEN, settle, zone_of
from reattune.web.clients.forms import FileForm
from reattune.web.clients.models import Client
from reattune.web.clients.planned import Planned

BACK, AHEAD = timedelta(days=365), timedelta(days=56)  # what is looked through unless told


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file gave: appointments, wrong lines, and what was left out, in sentences."""

    plan: list[Planned]
    wrong: list[table.Wrong]
    left_out: list[str]


@gates.therapist
def choose(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The form for a file, and after it the preview. Nothing is saved here."""
    client = gates.client_of(gates.user_of(request), id, "appointments.import")
    today = timezone.localdate()
    initial = {"first": client.started or today - BACK, "last": today + AHEAD, "past": OPEN}
    form = FileForm(request.POST or None, request.FILES or None, initial=initial)
    context: dict[str, Any] = {"client": client, "form": form, "columns": table.COLUMNS}
    if request.method == "POST" and form.is_valid():
        try:
            reading = read(client, form)
        except ReattuneError as error:
            form.add_error(field_of(error), f"{error.what} {error.remedy}".strip())
        else:
            context |= preview(client, reading)
            return render(request, "clients/import_preview.html", context)
    return render(request, "clients/import.html", context)


def field_of(error: ReattuneError) -> str:
    """The field at which an error is shown."""
    return "match" if error.slug == "no-match-text" else "file"


def read(client: Client, form: FileForm) -> Reading:
    """What the file holds for the client. InputError if it is neither calendar nor table."""
    upload, told = form.cleaned_data["file"], form.cleaned_data
    data, name = upload.read(), upload.name or ""
    if not (name.lower().endswith((".ics", ".ical")) or data.lstrip()[:15] == b"BEGIN:VCALENDAR"):
        plan, wrong = table.read(data, name, client)
        return Reading(plan, wrong, [])
    texts = ics.texts_of(told["match"])
    if not texts:
        what = "A calendar holds other people's appointments too."
        remedy = "Type what it calls this client."
        raise InputError("no-match-text", what, remedy=remedy)
    zone = zone_of(client.therapist)
    found = ics.read(data, name, ics.Wanted(texts, told["first"], told["last"], zone))
    now = timezone.now()
    past = [replace(one, status=told["past"]) if is_past(one, now) else one for one in found.plan]
    return Reading(past, [], left_out(found))


def is_past(one: Planned, now: Any) -> bool:
    """Whether nobody said yet how an appointment was kept, though it is over."""
    return one.status == OPEN and one.starts < now


def left_out(found: ics.Found) -> list[str]:
    """What of a calendar was not taken, and why."""
    made = []
    if not found.plan:
        text = _("None of the %(events)d events in this calendar holds that text on those days.")
        made.append(text % {"events": found.events})
    if found.whole_days:
        text = _("Left out, because they last whole days: %(count)d events.")
        made.append(text % {"count": found.whole_days})
    if found.broken:
        text = _("Left out, because they could not be read: %(count)d events.")
        made.append(text % {"count": found.broken})
    return made


def preview(client: Client, reading: Reading) -> dict[str, Any]:
    """What the preview shows, with what was read sealed into it."""
    changes = planned.compare(client, reading.plan, zone_of(client.therapist))
    ordered = [change.planned for change in changes]
    return {
        "changes": list(enumerate(changes)),
        "fresh": sum(change.kind != "same" for change in changes),
        "wrong": reading.wrong,
        "left_out": reading.left_out,
        "sealed": "" if reading.wrong else planned.seal(client, ordered),
    }


@require_POST
@gates.therapist
def save(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Save the ticked ones of what was looked at."""
    client = gates.client_of(gates.user_of(request), id, "appointments.import")
    try:
        plan = planned.unseal(client, request.POST.get("sealed", ""))
    except InputError as error:
        messages.error(request, f"{error.what} {error.remedy}")
        return redirect("appointments-import", client.pk)
    ticked = {int(n) for n in request.POST.getlist("take") if n.isdecimal()}
    with transaction.atomic():
        chosen = [one for n, one in enumerate(plan) if n in ticked]
        done = planned.save(client, chosen, zone_of(client.therapist))
        settle(client)
    text = _("%(new)d appointments are new, %(changed)d were changed, %(same)d were here already.")
    messages.success(request, text % done)
    return redirect("appointments", client.pk)
