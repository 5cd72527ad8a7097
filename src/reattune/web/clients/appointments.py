"""Appointments: what one says, which belongs to which session, and never two for one visit."""

from __future__ import annotations

import zoneinfo
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, tzinfo
from typing import cast

from django.db import transaction

from reattune import attendance
from reattune.web.accounts.models import User
from reattune.web.clients.models import Appointment, Client

OPEN = "scheduled"
HELD = ("attended", "late")
UNTIMED = time(12)  # of the day, where only the day is known


def zone_of(user: User) -> tzinfo:
    """The zone in which a therapist's days begin and end."""
    return zoneinfo.ZoneInfo(user.time_zone)


def moment(day: date, at: time | None, zone: tzinfo) -> datetime:
    """When an appointment starts, from the day and time on a therapist's clock."""
    return datetime.combine(day, at or UNTIMED, zone)


def day_of(appointment: Appointment, zone: tzinfo) -> date:
    """The day of an appointment on the therapist's calendar."""
    return appointment.starts.astimezone(zone).date()


def visit_of(appointment: Appointment, zone: tzinfo) -> attendance.Visit:
    """The appointment as the library reads it."""
    return attendance.Visit(
        day_of(appointment, zone),
        cast(attendance.Status, appointment.status),
        appointment.minutes_late,
        appointment.notice_hours,
        cast("attendance.Person | None", appointment.by or None),
    )


def counts(appointment: Appointment, zone: tzinfo) -> bool:
    """Whether the appointment says something of how the client comes; only one a day may."""
    return attendance.code(visit_of(appointment, zone)) >= 0


def rival(appointment: Appointment, others: Iterable[Appointment], zone: tzinfo) -> bool:
    """Whether another of the client's appointments counts on the same day as this one."""
    day = day_of(appointment, zone)
    return counts(appointment, zone) and any(
        other.pk != appointment.pk and day_of(other, zone) == day and counts(other, zone)
        for other in others
    )


@transaction.atomic
def link_sessions(client: Client) -> None:
    """Tie each session to the appointment of its day.

    Several of a day are paired in order. An appointment that was still to come has been kept when
    there is a session of it; one that was called off or missed is never tied.
    """
    client.lock()
    zone = zone_of(client.therapist)
    free: dict[date, list[Appointment]] = defaultdict(list)
    for one in client.appointments.filter(status__in=(OPEN, *HELD)).order_by("starts", "id"):
        free[day_of(one, zone)].append(one)
    wanted, sessions = {}, list(client.sessions.order_by("held_on", "created"))
    for session in sessions:
        own = free[session.held_on]
        wanted[session.pk] = own.pop(0) if own else None
    changed = [s for s in sessions if s.appointment_id != getattr(wanted[s.pk], "pk", None)]
    client.sessions.filter(pk__in=[s.pk for s in changed]).update(appointment=None)
    for session in changed:
        if wanted[session.pk] is not None:
            client.sessions.filter(pk=session.pk).update(appointment=wanted[session.pk])
    kept = [one.pk for one in wanted.values() if one is not None and one.status == OPEN]
    client.appointments.filter(pk__in=kept).update(status="attended")


def settle(client: Client) -> None:
    """What follows whenever appointments or dates of sessions changed."""
    link_sessions(client)
    client.outdate()
