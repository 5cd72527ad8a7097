"""Appointments read from a calendar or a table, before anything is saved.

What was read is compared with what is there, shown, and only then saved, as the therapist ticked
it. Between the two pages it travels in the form, signed and bound to the client; it holds times and
statuses, no names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Literal

from django.core import signing

from reattune.errors import InputError
from reattune.web.clients.appointments import OPEN, day_of
from reattune.web.clients.models import STATUSES, Appointment, Client

Kind = Literal["new", "changed", "same"]
SALT = "reattune.planned"
OPEN_FOR = 3600  # seconds between looking at the preview and saving it
MOST = 600  # appointments taken in at once


@dataclass(frozen=True, slots=True)
class Planned:
    """One appointment as read; `said` is what the calendar calls it, for the preview alone.

    `uid` is the calendar's, "" from a table; `timed` False where only the day was told.
    """

    starts: datetime
    status: str = OPEN
    minutes_late: int = 0
    notice_hours: float | None = None
    by: str = ""
    uid: str = ""
    timed: bool = True
    said: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What saving one would do: make one, change `known`, or nothing."""

    planned: Planned
    kind: Kind
    known: Appointment | None = None

    @property
    def status(self) -> str:
        """The status in words."""
        return str(dict(STATUSES)[self.planned.status])


def compare(client: Client, plan: Sequence[Planned], zone: tzinfo) -> list[Change]:
    """What saving each would do, in order of time. Nothing is found twice."""
    free = list(client.appointments.all())
    made = []
    for planned in sorted(plan, key=lambda one: (one.starts, one.uid)):
        known = find(planned, free, zone)
        if known is not None:
            free.remove(known)
        made.append(Change(planned, kind_of(planned, known), known))
    return made


def find(planned: Planned, free: Iterable[Appointment], zone: tzinfo) -> Appointment | None:
    """The appointment that this is: by the calendar's uid, else by the time, else by the day.

    One that came from a calendar is never taken for another of the same day.
    """
    if planned.uid:
        same = [one for one in free if one.uid == planned.uid]
        if same:
            return same[0]
    loose = [one for one in free if not one.uid or not planned.uid]
    at = [one for one in loose if one.starts == planned.starts]
    if at:
        return at[0]
    day = planned.starts.astimezone(zone).date()
    near = [one for one in loose if not one.uid and day_of(one, zone) == day]
    return near[0] if len(near) == 1 and (planned.uid or not planned.timed) else None


def kind_of(planned: Planned, known: Appointment | None) -> Kind:
    """New, changed or the same."""
    if known is None:
        return "new"
    return "changed" if update(known, planned, dry=True) else "same"


def update(known: Appointment, planned: Planned, *, dry: bool = False) -> bool:
    """Put what was read into an appointment; whether that changes anything.

    What a therapist recorded goes before what a calendar says: a calendar moves an appointment and
    calls it off, but does not say whether the client came.
    """
    told: dict[str, Any] = {"uid": planned.uid or known.uid}
    if planned.timed:
        told["starts"] = planned.starts
    if not planned.uid:
        told |= {
            key: getattr(planned, key) for key in ("status", "minutes_late", "notice_hours", "by")
        }
    elif known.status == OPEN:
        told["status"] = planned.status
    changed = any(getattr(known, key) != value for key, value in told.items())
    if not dry:
        for key, value in told.items():
            setattr(known, key, value)
    return changed


def save(client: Client, plan: Sequence[Planned], zone: tzinfo) -> dict[Kind, int]:
    """Save what was read, in the caller's transaction; how many were new, changed, the same."""
    done: dict[Kind, int] = {"new": 0, "changed": 0, "same": 0}
    for change in compare(client, plan, zone):
        done[change.kind] += 1
        if change.kind == "same":
            continue
        row = change.known or Appointment(client=client, status=change.planned.status)
        if change.known is None:
            for key in ("starts", "minutes_late", "notice_hours", "by", "uid"):
                setattr(row, key, getattr(change.planned, key))
        else:
            update(row, change.planned)
        row.save()
    return done


def seal(client: Client, plan: Sequence[Planned]) -> str:
    """What was read as text for a hidden field, which nobody can change unnoticed."""
    rows = [
        {k: v for k, v in asdict(one).items() if k not in ("said", "starts")}
        | {"starts": one.starts.isoformat()}
        for one in plan
    ]
    return signing.dumps([str(client.pk), rows], salt=SALT, compress=True)


def unseal(client: Client, text: str) -> list[Planned]:
    """What was read, back from the form; InputError if it is too old or not this client's."""
    try:
        owner, rows = signing.loads(text, salt=SALT, max_age=OPEN_FOR)
    except signing.BadSignature:
        owner, rows = "", []
    if owner != str(client.pk):
        what, remedy = "This preview is too old.", "Choose the file again."
        raise InputError("preview-expired", what, remedy=remedy)
    return [Planned(**{**row, "starts": datetime.fromisoformat(row["starts"])}) for row in rows]


def too_many() -> InputError:
    """The error for a file with more appointments than are taken in at once."""
    return InputError(
        "too-many-appointments",
        f"The file holds more than {MOST} appointments of this client.",
        remedy="Choose a shorter stretch of time, or split the file.",
    )


def within(plan: Iterable[Planned], first: date, last: date, zone: tzinfo) -> list[Planned]:
    """Those on days from the first to the last."""
    return [one for one in plan if first <= one.starts.astimezone(zone).date() <= last]
