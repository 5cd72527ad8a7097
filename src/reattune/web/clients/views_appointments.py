"""Appointments of a client: the list, adding, editing, and one click for how one was kept."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.web import gates
from reattune.web.clients.appointments import OPEN, rival, settle, zone_of
from reattune.web.clients.forms import RIVAL, AppointmentForm
from reattune.web.clients.models import Appointment, Client

QUICK = ("attended", "late", "cancelled", "no_show")


@gates.therapist
def page(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """A client's appointments; a POST adds one."""
    posted = request.method == "POST"
    action = "appointment.add" if posted else "appointments.see"
    client = gates.client_of(gates.user_of(request), id, action)
    form = AppointmentForm(client, request.POST or None, initial={"status": OPEN})
    if posted and form.is_valid():
        save(client, form.made())
        messages.success(request, _("The appointment is saved."))
        return redirect("appointments", client.pk)
    return render(request, "clients/appointments.html", {**listed(client), "form": form})


def listed(client: Client) -> dict[str, Any]:
    """The appointments to come, the next one first, and those past, the last one first."""
    now = timezone.now()
    rows = list(client.appointments.select_related("session").order_by("starts"))
    past = [row for row in rows if row.starts <= now]
    return {
        "client": client,
        "ahead": [row for row in rows if row.starts > now],
        "open": [row for row in past if row.status == OPEN],
        "past": past[::-1],
        "quick": quick_names(),
        "now": now,
    }


def quick_names() -> list[tuple[str, str]]:
    """The statuses that one click records."""
    names = dict(Appointment._meta.get_field("status").choices or ())
    return [(status, str(names[status])) for status in QUICK]


def save(client: Client, appointment: Appointment) -> None:
    """Save an appointment, with what follows from it."""
    with transaction.atomic():
        appointment.save()
        settle(client)


@gates.therapist
def edit(request: HttpRequest, id: uuid.UUID, appointment: uuid.UUID) -> HttpResponse:
    """One appointment."""
    posted = request.method == "POST"
    action = "appointment.edit" if posted else "appointment.see"
    user = gates.user_of(request)
    client = gates.client_of(user, id, action, appointment=str(appointment))
    known = get_object_or_404(client.appointments, pk=appointment)
    form = AppointmentForm(client, request.POST or None, known=known)
    if posted and form.is_valid():
        save(client, form.made())
        messages.success(request, _("The appointment is saved."))
        return redirect("appointments", client.pk)
    context = {"client": client, "appointment": known, "form": form}
    return render(request, "clients/appointment.html", context)


@require_POST
@gates.therapist
def quick(request: HttpRequest, id: uuid.UUID, appointment: uuid.UUID) -> HttpResponse:
    """How an appointment was kept, by one click.

    Called off ahead of its time, the hours of notice are those that are left.
    """
    status = request.POST.get("status", "")
    user = gates.user_of(request)
    client = gates.client_of(user, id, "appointment.edit", appointment=str(appointment))
    row = get_object_or_404(client.appointments.select_related("session"), pk=appointment)
    refused = mark(client, row, status) if status in QUICK else ""
    if request.headers.get("HX-Request"):
        context = {
            "client": client,
            "row": row,
            "quick": quick_names(),
            "now": timezone.now(),
            "marked": not refused,
            "refused": refused,
        }
        return render(request, "clients/appointment_row.html", context)
    if refused:
        messages.error(request, refused)
    return redirect("appointments", client.pk)


def mark(client: Client, row: Appointment, status: str) -> str:
    """Set the status; why not, where another appointment of the day counts already."""
    before = row.status
    row.status = status
    ahead = (row.starts - timezone.now()).total_seconds() / 3600
    if status == "cancelled" and ahead > 0 and row.notice_hours is None:
        row.notice_hours = round(ahead, 1)
    if rival(row, client.appointments.all(), zone_of(client.therapist)):
        row.status = before
        return str(RIVAL)
    save(client, row)
    return ""


@require_POST
@gates.therapist
def delete(request: HttpRequest, id: uuid.UUID, appointment: uuid.UUID) -> HttpResponse:
    """Delete an appointment; a session of that day stays."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "appointment.delete", appointment=str(appointment))
    row = get_object_or_404(client.appointments, pk=appointment)
    with transaction.atomic():
        row.delete()
        settle(client)
    messages.success(request, _("The appointment is deleted."))
    return redirect("appointments", client.pk)
