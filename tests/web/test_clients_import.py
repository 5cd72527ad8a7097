"""Appointments from a calendar and from a table: chosen, looked at, saved, never doubled."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from reattune.errors import InputError
from reattune.web.accounts.models import User
from reattune.web.clients import ics, table
from reattune.web.clients.models import Client
from tests.web.conftest import make_client, signed_in

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n"
WEEKLY = """BEGIN:VEVENT
UID:abc@example.org
SUMMARY:Therapy ML
DTSTART;TZID=Europe/Berlin:20260305T100000
DTEND;TZID=Europe/Berlin:20260305T105000
RRULE:FREQ=WEEKLY;UNTIL=20260410T000000Z
EXDATE;TZID=Europe/Berlin:20260319T100000
END:VEVENT
BEGIN:VEVENT
UID:abc@example.org
RECURRENCE-ID;TZID=Europe/Berlin:20260312T100000
SUMMARY:Therapy ML
DTSTART;TZID=Europe/Berlin:20260313T150000
END:VEVENT
BEGIN:VEVENT
UID:abc@example.org
RECURRENCE-ID;TZID=Europe/Berlin:20260326T100000
SUMMARY:Therapy ML
STATUS:CANCELLED
DTSTART;TZID=Europe/Berlin:20260326T100000
END:VEVENT
"""
OTHERS = """BEGIN:VEVENT
UID:other@example.org
SUMMARY:Dentist
DTSTART:20260306T080000Z
END:VEVENT
BEGIN:VEVENT
UID:day@example.org
SUMMARY:ML on holiday
DTSTART;VALUE=DATE:20260402
END:VEVENT
BEGIN:VEVENT
UID:float@example.org
SUMMARY:First talk
DTSTART:20260226T090000
ATTENDEE;CN=ML:mailto:x@example.org
END:VEVENT
"""


def calendar(*events: str) -> bytes:
    return (HEAD + "".join(events).replace("\n", "\r\n") + "END:VCALENDAR\r\n").encode()


def wanted(*texts: str, first: date = date(2026, 1, 1), last: date = date(2026, 12, 31)) -> Any:
    return ics.Wanted(texts, first, last, BERLIN)


def send(browser: Browser, client: Client, data: bytes, name: str, **told: str) -> str:
    """The page that follows a file."""
    form = {
        "file": SimpleUploadedFile(name, data),
        "first": "2026-01-01",
        "last": "2026-12-31",
        "past": "scheduled",
        **told,
    }
    answer = browser.post(f"/clients/{client.pk}/appointments/import/", form)
    assert answer.status_code == 200
    return answer.content.decode()


def save(browser: Browser, client: Client, page: str, *, without: tuple[str, ...] = ()) -> str:
    """Save what is ticked in a preview; the page that follows."""
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    assert sealed, page
    ticked = re.findall(r'name="take" value="(\d+)" id="[^"]+" checked', page)
    told = {"sealed": sealed[1], "take": [n for n in ticked if n not in without]}
    address = f"/clients/{client.pk}/appointments/import/save/"
    return browser.post(address, told, follow=True).content.decode()


# The calendar


def test_a_series_is_written_out_on_its_own_clock() -> None:
    found = ics.read(calendar(WEEKLY, OTHERS), "x.ics", wanted("ml"))
    starts = sorted(one.starts.astimezone(UTC) for one in found.plan)
    assert starts == [
        datetime(2026, 2, 26, 8, tzinfo=UTC),  # a guest's name; no zone, so the therapist's own
        datetime(2026, 3, 5, 9, tzinfo=UTC),
        datetime(2026, 3, 13, 14, tzinfo=UTC),  # moved from the 12th; the 19th was taken out
        datetime(2026, 3, 26, 9, tzinfo=UTC),
        datetime(2026, 4, 2, 8, tzinfo=UTC),  # ten o'clock still, the clocks went forward
        datetime(2026, 4, 9, 8, tzinfo=UTC),
    ]
    assert {one.status for one in found.plan} == {"scheduled", "cancelled"}
    assert (found.events, found.whole_days, found.broken) == (6, 1, 0)
    assert len({one.uid for one in found.plan}) == 6


def test_only_days_wanted_and_texts_wanted_are_taken() -> None:
    near = wanted("ml", first=date(2026, 3, 13), last=date(2026, 3, 26))
    found = ics.read(calendar(WEEKLY, OTHERS), "x.ics", near)
    assert [one.starts.day for one in found.plan] == [13, 26]
    assert not ics.read(calendar(WEEKLY, OTHERS), "x.ics", wanted("nobody")).plan
    assert ics.texts_of(" ML , Dentist,,") == ("ml", "dentist")


def test_one_called_off_on_a_day_that_holds_another_was_moved() -> None:
    one = (
        "BEGIN:VEVENT\nUID:a\nSUMMARY:ML\nSTATUS:CANCELLED\nDTSTART:20260305T090000Z\nEND:VEVENT\n"
    )
    two = "BEGIN:VEVENT\nUID:b\nSUMMARY:ML\nDTSTART:20260305T150000Z\nEND:VEVENT\n"
    found = ics.read(calendar(one, two), "x.ics", wanted("ml"))
    assert sorted(one.status for one in found.plan) == ["rescheduled", "scheduled"]


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "FREQ=HOURLY", "FREQ=WEEKLY;BYDAY=XX", "FREQ=WEEKLY;COUNT=many"]
)
def test_a_rule_that_cannot_be_is_left_out_and_counted(rule: str) -> None:
    event = f"BEGIN:VEVENT\nUID:a\nSUMMARY:ML\nDTSTART:20260305T090000Z\nRRULE:{rule}\nEND:VEVENT\n"
    found = ics.read(calendar(event), "x.ics", wanted("ml"))
    assert found.broken == 1 or len(found.plan) <= 1


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"PK\x03\x04", calendar(WEEKLY)[:200], b"\xff\xfe"]
)
def test_what_is_no_calendar_is_refused_with_a_remedy(data: bytes) -> None:
    with pytest.raises(InputError, match="no calendar file"):
        ics.read(data, "x.ics", wanted("ml"))


def test_an_endless_daily_rule_is_too_many() -> None:
    event = (
        "BEGIN:VEVENT\nUID:a\nSUMMARY:ML\nDTSTART:20100305T090000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\n"
    )
    everything = wanted("ml", first=date(2010, 1, 1), last=date(2026, 1, 1))
    with pytest.raises(InputError, match="more than 600"):
        ics.read(calendar(event), "x.ics", everything)


def test_a_calendar_is_looked_at_then_saved_and_never_doubles(
    therapist: User, client_record: Client
) -> None:
    therapist.time_zone = "Europe/Berlin"
    therapist.save()
    browser = signed_in(therapist)
    page = send(browser, client_record, calendar(WEEKLY, OTHERS), "x.ics", match="ML")
    assert "Dentist" not in page
    assert "they last whole days: 1" in page
    assert not client_record.appointments.exists()
    assert "6 appointments are new" in save(browser, client_record, page)
    assert client_record.appointments.count() == 6
    again = send(browser, client_record, calendar(WEEKLY, OTHERS), "x.ics", match="ML")
    assert again.count("here already") == 6
    assert client_record.appointments.count() == 6
    later = WEEKLY.replace("20260313T150000", "20260313T170000")
    page = send(browser, client_record, calendar(later, OTHERS), "x.ics", match="ML")
    assert page.count("changes that of") == 1
    save(browser, client_record, page)
    assert client_record.appointments.count() == 6
    assert client_record.appointments.filter(starts=datetime(2026, 3, 13, 16, tzinfo=UTC)).exists()


def test_what_was_recorded_goes_before_the_calendar(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    typed = client_record.appointments.create(
        starts=datetime(2026, 3, 5, 9, 30, tzinfo=UTC), status="late", minutes_late=12
    )
    page = send(browser, client_record, calendar(WEEKLY), "x.ics", match="ML", past="attended")
    save(browser, client_record, page)
    typed.refresh_from_db()
    assert (typed.status, typed.minutes_late) == ("late", 12)
    assert typed.uid
    assert typed.starts == datetime(2026, 3, 5, 9, tzinfo=UTC)
    statuses = client_record.appointments.values_list("status", flat=True)
    assert sorted(statuses) == ["attended", "attended", "attended", "cancelled", "late"]


def test_what_is_not_ticked_is_not_saved(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    page = send(browser, client_record, calendar(WEEKLY), "x.ics", match="ML")
    save(browser, client_record, page, without=("0", "1"))
    assert client_record.appointments.count() == 3


def test_a_calendar_without_a_text_is_refused(therapist: User, client_record: Client) -> None:
    page = send(signed_in(therapist), client_record, calendar(WEEKLY), "x.ics", match=" , ")
    assert "Type what it calls this client" in page


def test_a_calendar_in_which_nothing_fits_says_so(therapist: User, client_record: Client) -> None:
    page = send(signed_in(therapist), client_record, calendar(WEEKLY), "x.ics", match="nobody")
    assert "None of the 3 events" in page


def test_a_preview_of_another_client_or_a_forged_one_is_refused(
    therapist: User, client_record: Client
) -> None:
    browser, other = signed_in(therapist), make_client(therapist, "Yew")
    page = send(browser, client_record, calendar(WEEKLY), "x.ics", match="ML")
    assert "preview is too old" in save(browser, other, page)
    address = f"/clients/{client_record.pk}/appointments/import/save/"
    forged = browser.post(address, {"sealed": "x:y:z", "take": ["0"]}, follow=True)
    assert "preview is too old" in forged.content.decode()
    assert not other.appointments.exists()
    assert not client_record.appointments.exists()


# Tables

GOOD = """date,time,status,minutes_late,notice_hours,by
2026-03-05,10:00,attended,,,
2026-03-12,10:00,Late,12,,client
2026-03-19,,no-show,,,
2026-03-26,10:00,cancelled,,"2,5",client
"""


def test_a_table_is_looked_at_then_saved_and_never_doubles(
    therapist: User, client_record: Client
) -> None:
    browser = signed_in(therapist)
    page = send(browser, client_record, GOOD.encode(), "visits.csv")
    assert not client_record.appointments.exists()
    save(browser, client_record, page)
    rows = client_record.appointments.values_list("status", "minutes_late", "notice_hours", "by")
    assert list(rows) == [
        ("attended", 0, None, ""),
        ("late", 12, None, "client"),
        ("no_show", 0, None, ""),
        ("cancelled", 0, 2.5, "client"),
    ]
    again = send(browser, client_record, GOOD.encode(), "visits.csv")
    assert again.count("here already") == 4
    changed = GOOD.replace("no-show", "attended")
    save(browser, client_record, send(browser, client_record, changed.encode(), "visits.csv"))
    assert client_record.appointments.count() == 4
    assert not client_record.appointments.filter(status="no_show").exists()


def test_each_wrong_line_is_told_and_nothing_is_saved(
    therapist: User, client_record: Client
) -> None:
    bad = """date,time,status,minutes_late,notice_hours,by
2026-03-05,10:00,attended,,,
5.3.2026,10:00,attended,,,
2026-03-12,10:00,came,,,
2026-03-19,later,late,a bit,,dog
,10:00,attended,,,
"""
    page = send(signed_in(therapist), client_record, bad.encode(), "visits.csv")
    wrong = [
        (3, "year, month, day"),
        (4, "not known"),
        (5, "hours and minutes"),
        (5, "minutes_late"),
        (5, "client or therapist"),
        (6, "required"),
    ]
    for line, what in wrong:
        assert re.search(rf"line {line}</b>: .*{what}", page), (line, what)
    assert 'name="sealed"' not in page
    assert not client_record.appointments.exists()


def test_two_lines_of_one_day_that_count_are_refused(
    therapist: User, client_record: Client
) -> None:
    twice = "date,time,status\n2026-03-05,10:00,attended\n2026-03-05,15:00,attended\n"
    page = send(signed_in(therapist), client_record, twice.encode(), "visits.csv")
    assert re.search(r"line 3</b>: .*another appointment on this day", page)


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"", "visits.csv", "empty"),
        (b"day,state\n2026-03-05,attended\n", "visits.csv", "column"),
        (b"%PDF-1.4", "visits.pdf", "PDF"),
        (b"date,status\n" + b"2026-03-05,attended\n" * 601, "visits.csv", "more than 600"),
    ],
)
def test_a_file_that_is_no_table_is_told(
    therapist: User, client_record: Client, data: bytes, name: str, says: str
) -> None:
    assert says in send(signed_in(therapist), client_record, data, name)
    assert not client_record.appointments.exists()


def test_a_spreadsheet_with_real_dates_is_read(client_record: Client) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Date", "Status", "Minutes_late"])
    sheet.append([datetime(2026, 3, 5, 10, 30), "late", 12])
    made = BytesIO()
    book.save(made)
    plan, wrong = table.read(made.getvalue(), "visits.xlsx", client_record)
    assert not wrong
    assert plan[0].starts == datetime(2026, 3, 5, 10, 30, tzinfo=UTC)
    assert plan[0].minutes_late == 12


def test_days_out_of_order_are_refused(therapist: User, client_record: Client) -> None:
    page = send(
        signed_in(therapist), client_record, GOOD.encode(), "visits.csv",
        first="2026-12-01", last="2026-01-01",
    )  # fmt: skip
    assert "before the first day" in page
