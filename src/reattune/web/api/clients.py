"""Operations on clients, their consents and their appointments."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router

from reattune.web import gates
from reattune.web.api import shapes
from reattune.web.api.access import operation
from reattune.web.api.refusals import check
from reattune.web.api.shapes import Cut, Page, page
from reattune.web.clients import consents
from reattune.web.clients.appointments import zone_of
from reattune.web.clients.forms import (
    AppointmentForm,
    ClientForm,
    ConsentForm,
    EndForm,
    NewClientForm,
    initial_of,
)
from reattune.web.clients.models import PURPOSES, Appointment, Client, Consent
from reattune.web.clients.views_appointments import save

router = Router(tags=["Clients"])

READ, WRITE = "clients:read", "clients:write"


# Clients


@operation(router, "GET", "/clients", scope=READ, gives=Page[shapes.Client])
def list_clients(request: HttpRequest, cut: Query[Cut], archived: shapes.Flag = False) -> Any:
    """Your clients by name, those in the archive apart."""
    user = gates.user_of(request)
    found = with_consents(gates.own_clients(user).filter(archived_at__isnull=not archived))
    made = page(found.order_by("name", "id"), cut, client_of)
    gates.note(user, "caseload.see", clients=len(made["items"]))
    return made


@operation(router, "POST", "/clients", scope=WRITE, gives=shapes.Client, status=201)
def make_client(request: HttpRequest, told: shapes.NewClient) -> Any:
    """Make a client of yours, under a pseudonym."""
    user = gates.user_of(request)
    form = NewClientForm(told.model_dump())
    said = check(form)
    with transaction.atomic():
        client = form.save(commit=False)
        client.practice, client.therapist = user.practice, user
        client.save()
        gates.note(user, "client.make", target=f"client:{client.pk}", client=client)
        for purpose in said["consents"]:
            consents.give(client, purpose, timezone.localdate(), user)
    return client_of(client)


@operation(router, "GET", "/clients/{uuid:id}", scope=READ, gives=shapes.Client)
def get_client(request: HttpRequest, id: UUID) -> Any:
    """One client of yours."""
    return client_of(gates.client_of(gates.user_of(request), id))


@operation(router, "PATCH", "/clients/{uuid:id}", scope=WRITE, gives=shapes.Client)
def edit_client(request: HttpRequest, id: UUID, told: shapes.ClientChange) -> Any:
    """Change a client's details. Keys left out stay; null empties a date."""
    client = gates.client_of(gates.user_of(request), id, "client.edit")
    given = told.given
    known = {name: getattr(client, name) for name in ClientForm.Meta.fields}
    form = ClientForm(known | given, instance=client)
    check(form)
    if given.get("ended") is not None:
        client.ended = check(EndForm(given))["ended"]
    elif "ended" in given:
        client.ended = None
    with transaction.atomic():
        form.save()
        client.outdate()
    return client_of(client)


@operation(router, "POST", "/clients/{uuid:id}/archive", scope=WRITE, gives=shapes.Client)
def archive_client(request: HttpRequest, id: UUID) -> Any:
    """Put a client out of sight. Nothing is deleted."""
    return archived_at(request, id, "client.archive", timezone.now())


@operation(router, "POST", "/clients/{uuid:id}/unarchive", scope=WRITE, gives=shapes.Client)
def unarchive_client(request: HttpRequest, id: UUID) -> Any:
    """Bring a client back from the archive."""
    return archived_at(request, id, "client.unarchive", None)


def archived_at(request: HttpRequest, id: UUID, action: str, at: Any) -> shapes.Client:
    """The client, put away or brought back."""
    client = gates.client_of(gates.user_of(request), id, action)
    client.archived_at = at
    client.save(update_fields=["archived_at"])
    return client_of(client)


def with_consents(clients: QuerySet[Client]) -> QuerySet[Client]:
    """The clients, with their consents at one query."""
    return clients.prefetch_related(Prefetch("consents"))


def client_of(client: Client) -> shapes.Client:
    """A client as the API tells it."""
    held = {one.purpose for one in client.consents.all() if one.revoked_at is None}
    return shapes.Client(
        id=client.pk,
        name=client.name,
        language=client.language,
        telehealth=client.telehealth,
        started=client.started,
        ended=client.ended,
        archived=client.archived_at is not None,
        consents=[purpose for purpose, _ in PURPOSES if purpose in held],
    )


# Consents


@operation(router, "GET", "/clients/{uuid:id}/consents", scope=READ, gives=Page[shapes.Consent])
def list_consents(request: HttpRequest, id: UUID, cut: Query[Cut]) -> Any:
    """A client's consents, those taken back among them."""
    client = gates.client_of(gates.user_of(request), id, "consents.see")
    return page(client.consents.order_by("given_on", "id"), cut, consent_of)


@operation(
    router, "POST", "/clients/{uuid:id}/consents", scope=WRITE, gives=shapes.Consent, status=201
)
def give_consent(request: HttpRequest, id: UUID, told: shapes.NewConsent) -> Any:
    """Record a consent to the current wording; the one there is, if it was given before.

    With consent to analysis the transcripts that are there are read.
    """
    user = gates.user_of(request)
    client = gates.client_of(user, id, "consents.edit")
    said = check(ConsentForm(told.model_dump()))
    return consent_of(consents.give(client, said["purpose"], said["given_on"], user))


@operation(
    router,
    "DELETE",
    "/clients/{uuid:id}/consents/{purpose}",
    scope=WRITE,
    gives=shapes.Revoked,
)
def revoke_consent(request: HttpRequest, id: UUID, purpose: str) -> Any:
    """Take a consent back, at once, with what was kept on its ground.

    Without transcription all transcripts go, without analysis everything worked out from them,
    without supervision all packets and second codings close. It cannot be undone.
    """
    user = gates.user_of(request)
    client = gates.client_of(user, id, "consents.edit")
    if not client.consents_to(purpose):
        raise Http404
    gone = {loss.kind: loss.number for loss in consents.consequences(client, purpose)}
    consents.revoke(client, purpose, user)
    return shapes.Revoked(purpose=purpose, gone=gone)


def consent_of(consent: Consent) -> shapes.Consent:
    """A consent as the API tells it."""
    return shapes.Consent(
        purpose=consent.purpose,
        given_on=consent.given_on,
        wording=consent.wording,
        revoked_at=consent.revoked_at,
    )


# Appointments


@operation(
    router, "GET", "/clients/{uuid:id}/appointments", scope=READ, gives=Page[shapes.Appointment]
)
def list_appointments(request: HttpRequest, id: UUID, cut: Query[Cut]) -> Any:
    """A client's appointments, the earliest first."""
    client = gates.client_of(gates.user_of(request), id, "appointments.see")
    rows = client.appointments.select_related("session").order_by("starts", "id")
    return page(rows, cut, appointment_of)


@operation(
    router,
    "POST",
    "/clients/{uuid:id}/appointments",
    scope=WRITE,
    gives=shapes.Appointment,
    status=201,
)
def make_appointment(request: HttpRequest, id: UUID, told: shapes.NewAppointment) -> Any:
    """Keep an appointment. Only one of a day can be attended, late, missed or canceled late."""
    client = gates.client_of(gates.user_of(request), id, "appointment.add")
    return kept(
        client, AppointmentForm(client, in_zone(told.model_dump(), zone_of(client.therapist)))
    )


@operation(
    router,
    "PATCH",
    "/clients/{uuid:id}/appointments/{uuid:appointment}",
    scope=WRITE,
    gives=shapes.Appointment,
)
def edit_appointment(
    request: HttpRequest, id: UUID, appointment: UUID, told: shapes.AppointmentChange
) -> Any:
    """Change an appointment, such as how it was kept. Keys left out stay."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "appointment.edit", appointment=str(appointment))
    known = client.appointments.filter(pk=appointment).first()
    if known is None:
        raise Http404
    zone = zone_of(client.therapist)
    said = initial_of(known, zone) | in_zone(told.given, zone)
    return kept(client, AppointmentForm(client, said, known=known))


def kept(client: Client, form: AppointmentForm) -> shapes.Appointment:
    """The appointment of a form, saved."""
    check(form)
    made = form.made()
    save(client, made)
    return appointment_of(client.appointments.select_related("session").get(pk=made.pk))


def in_zone(given: dict[str, Any], zone: tzinfo) -> dict[str, Any]:
    """What was sent, with the start as day and time on the therapist's clock."""
    starts = given.pop("starts", None)
    if starts is None:
        return given
    try:
        local = starts.astimezone(zone)
    except OverflowError:
        local = starts
    return {**given, "date": local.date(), "time": local.time().replace(microsecond=0)}


def appointment_of(row: Appointment) -> shapes.Appointment:
    """An appointment as the API tells it."""
    session = getattr(row, "session", None)
    return shapes.Appointment(
        id=row.pk,
        starts=row.starts,
        status=row.status,
        minutes_late=row.minutes_late,
        notice_hours=row.notice_hours,
        by=row.by,
        session=session.pk if session else None,
    )
