"""Appointments from a table (CSV, TSV, XLSX): all lines are read, each wrong one is told.

Columns: `date` and `status`; `time`, `minutes_late`, `notice_hours` and `by` where known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from reattune.readers.columns import cell_text
from reattune.readers.source import open_source
from reattune.tables import MISSING, table_rows
from reattune.web.clients.appointments import counts, day_of
from reattune.web.clients.forms import RIVAL, AppointmentForm
from reattune.web.clients.models import Appointment, Client
from reattune.web.clients.planned import MOST, Planned, compare, too_many, update

COLUMNS = ("date", "time", "status", "minutes_late", "notice_hours", "by")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that cannot be taken, and why, with what to do."""

    where: str
    what: str


def read(data: bytes, name: str, client: Client) -> tuple[list[Planned], list[Wrong]]:
    """The appointments in a table, and its wrong lines; nothing is saved while there is one.

    InputError for a file that is no such table, or with too many lines.
    """
    rows = table_rows(open_source(data, name), ("date", "status"))
    if len(rows) > MOST:
        raise too_many()
    made: list[tuple[str, Planned]] = []
    wrong: list[Wrong] = []
    for where, row in rows:
        form = AppointmentForm(client, told(row), others=())
        if form.is_valid():
            made.append((where, planned(form)))
        else:
            wrong += errors(where, form)
    return [one for _, one in made], wrong or twice(client, made)


def told(row: Mapping[str, Any]) -> dict[str, str]:
    """The cells as a form takes them."""
    cells = {key: text(row.get(key)) for key in COLUMNS}
    day = row.get("date")
    if isinstance(day, datetime):  # a spreadsheet's day, perhaps with its time
        cells["date"] = day.date().isoformat()
        cells["time"] = cells["time"] or (f"{day:%H:%M}" if day.time() != time(0) else "")
    cells["status"] = cells["status"].lower().replace("-", "_").replace(" ", "_")
    cells["by"] = cells["by"].lower()
    cells["notice_hours"] = cells["notice_hours"].replace(",", ".")
    return cells


def text(cell: Any) -> str:
    """A cell's text; "" for one that says there is nothing."""
    if isinstance(cell, date | time):
        return cell.isoformat()[: 5 if isinstance(cell, time) else 10]
    found = "" if cell is None else cell_text(cell).strip()
    return "" if found.lower() in MISSING else found


def planned(form: AppointmentForm) -> Planned:
    """A valid line."""
    row = form.made()
    return Planned(
        row.starts,
        row.status,
        row.minutes_late,
        row.notice_hours,
        row.by,
        timed=form.cleaned_data["time"] is not None,
    )


def errors(where: str, form: AppointmentForm) -> Iterable[Wrong]:
    """What is wrong with a line, column by column."""
    for name, messages in form.errors.items():
        for message in messages:
            yield Wrong(where, f"{name}: {message}" if name in COLUMNS else str(message))


def twice(client: Client, made: list[tuple[str, Planned]]) -> list[Wrong]:
    """The lines that would leave two appointments on one day that count."""
    places = {id(one): where for where, one in made}
    zone = AppointmentForm(client).zone
    changes = compare(client, [one for _, one in made], zone)
    taken = {change.known.pk for change in changes if change.known}
    days: dict[date, list[str]] = defaultdict(list)
    for other in client.appointments.exclude(pk__in=taken):
        if counts(other, zone):
            days[day_of(other, zone)].append("")
    for change in changes:
        row = change.known or Appointment(client=client, starts=change.planned.starts)
        update(row, change.planned)
        if counts(row, zone):
            days[day_of(row, zone)].append(places[id(change.planned)])
    return [Wrong(where, str(RIVAL)) for held in days.values() for where in held[1:] if where]
