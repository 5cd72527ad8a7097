"""Appointments from a calendar file (iCalendar, RFC 5545), recurring ones written out.

Only events that hold the text a therapist typed are looked at. Each occurrence has a name made of
the calendar's uid and its original start, so that reading the file again finds it again, also when
it was moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from dateutil.rrule import rruleset, rrulestr  # type: ignore[import-untyped]
from icalendar import Calendar

from reattune.errors import InputError
from reattune.web.clients.appointments import OPEN
from reattune.web.clients.planned import MOST, Planned, too_many

FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
MOST_BYTES = 20 << 20  # of a calendar file; ten busy years have about 5 MB
LONGEST_UID = 255


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for: any of these texts, on days from `first` to `last`, in a zone."""

    texts: tuple[str, ...]
    first: date
    last: date
    zone: tzinfo

    def holds(self, moment: datetime) -> bool:
        """Whether a moment is on one of the days."""
        return self.first <= moment.astimezone(self.zone).date() <= self.last


@dataclass(frozen=True, slots=True)
class Found:
    """What a calendar holds for a client; `whole_days` and `broken` events were left out."""

    plan: tuple[Planned, ...]
    events: int
    whole_days: int
    broken: int


def texts_of(typed: str) -> tuple[str, ...]:
    """What to look for, alternatives parted by commas, without case."""
    return tuple(part for one in typed.split(",") if (part := one.strip().casefold()))


def read(data: bytes, name: str, wanted: Wanted) -> Found:
    """The client's appointments in a calendar file.

    InputError for a file that is no calendar, and for more appointments than are taken at once.
    """
    events: list[Any] = [
        event for calendar in parse(data, name) for event in calendar.walk("VEVENT")
    ]
    own = [event for event in events if mentions(event, wanted.texts)]
    found: dict[str, Planned] = {}
    whole_days = broken = 0
    for event in sorted(own, key=is_exception):  # the exceptions of a series after the series
        try:
            if not isinstance(event.start, datetime):
                whole_days += 1
                continue
            found.update(planned_of(event, wanted))
        except (ValueError, TypeError, OverflowError):
            broken += 1
    plan = [one for one in found.values() if wanted.holds(one.starts)]
    if len(plan) > MOST:
        raise too_many()
    return Found(tuple(as_moved(plan, wanted.zone)), len(events), whole_days, broken)


def as_moved(plan: Sequence[Planned], zone: tzinfo) -> Iterator[Planned]:
    """The same, one called off on a day that holds another as rescheduled: it was moved."""
    held = {one.starts.astimezone(zone).date() for one in plan if one.status == OPEN}
    for one in plan:
        moved = one.status == "cancelled" and one.starts.astimezone(zone).date() in held
        yield replace(one, status="rescheduled") if moved else one


def parse(data: bytes, name: str) -> Sequence[Any]:
    """The calendars in a file; InputError if it is none."""
    if len(data) > MOST_BYTES:
        what, remedy = "The calendar is larger than 20 MB.", "Export fewer years of it."
        raise InputError("too-large", what, where=name, remedy=remedy)
    try:
        found: Any = Calendar.from_ical(data, multiple=True)
    except (ValueError, IndexError, KeyError, AttributeError) as error:
        raise no_calendar(name) from error
    calendars = [one for one in found if one.name == "VCALENDAR"]
    if not calendars:
        raise no_calendar(name)
    return calendars


def no_calendar(name: str) -> InputError:
    """The error for a file that is no calendar."""
    remedy = "Export the calendar again as an .ics file."
    return InputError("no-calendar", "This is no calendar file.", where=name, remedy=remedy)


def mentions(event: Any, texts: Iterable[str]) -> bool:
    """Whether an event holds one of the texts: in its title, place, description or guests."""
    guests = [str(guest) for guest in listed(event, "ATTENDEE")]
    names = [str(guest.params.get("CN", "")) for guest in listed(event, "ATTENDEE")]
    fields = [str(event.get(key, "")) for key in ("SUMMARY", "LOCATION", "DESCRIPTION")]
    told = "\n".join([*fields, *guests, *names]).casefold()
    return any(text in told for text in texts)


def listed(event: Any, key: str) -> list[Any]:
    """A property that an event may have several times."""
    value = event.get(key, [])
    return value if isinstance(value, list) else [value]


def is_exception(event: Any) -> bool:
    """Whether an event is one changed occurrence of a series."""
    return event.get("RECURRENCE-ID") is not None


def planned_of(event: Any, wanted: Wanted) -> dict[str, Planned]:
    """The occurrences of an event by their names. ValueError for an event that cannot be read."""
    uid = str(event.get("UID", "")) or f"{event.get('SUMMARY', '')}{event.start}"
    start = aware(event.start, wanted.zone)
    if is_exception(event):
        keys = {named(uid, aware(event["RECURRENCE-ID"].dt, wanted.zone)): start}
    elif event.rrules or event.rdates:
        keys = {named(uid, one): one for one in occurrences(event, start, wanted)}
    else:
        keys = {named(uid): start}
    status = "cancelled" if str(event.get("STATUS", "")).upper() == "CANCELLED" else OPEN
    said = str(event.get("SUMMARY", ""))[:120]
    return {key: Planned(at, status, uid=key, said=said) for key, at in keys.items()}


def occurrences(event: Any, start: datetime, wanted: Wanted) -> Iterator[datetime]:
    """When a recurring event takes place on the days wanted.

    Worked out on the clock of the event's own zone, so that ten o'clock stays ten o'clock when
    the clocks change.
    """
    zone = start.tzinfo

    def wall(moment: Any) -> datetime:
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, start.time())
        return aware(moment, zone).astimezone(zone).replace(tzinfo=None)

    rules = rruleset()
    rules.rdate(wall(start))
    for rule in event.rrules:
        if rule.get("FREQ", [""])[0] not in FREQUENCIES:
            raise ValueError("recurs within a day")
        until = [wall(moment) for moment in rule.get("UNTIL", [])]
        plain = {key: value for key, value in rule.items() if key != "UNTIL"}
        text = type(rule)(plain).to_ical().decode()
        if until:
            text += f";UNTIL={until[0]:%Y%m%dT%H%M%S}"
        rules.rrule(rrulestr(text, dtstart=wall(start)))
    for moment, _end in event.rdates:
        rules.rdate(wall(moment))
    for moment in event.exdates:
        rules.exdate(wall(moment))
    margin = timedelta(days=1)
    first = datetime.combine(wanted.first, time.min) - margin
    last = datetime.combine(wanted.last, time.max) + margin
    for moment in rules.between(first, last, inc=True):
        yield moment.replace(tzinfo=zone)


def aware(moment: Any, zone: tzinfo | None) -> datetime:
    """A moment with a zone: its own, else the therapist's. ValueError for a day."""
    if not isinstance(moment, datetime):
        raise ValueError("a day without a time")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def named(uid: str, original: datetime | None = None) -> str:
    """The name of an occurrence: the uid, and in a series its original start."""
    made = f"{uid}/{original.astimezone(UTC):%Y%m%dT%H%M%SZ}" if original else uid
    return made if len(made) <= LONGEST_UID else hashlib.sha256(made.encode()).hexdigest()
