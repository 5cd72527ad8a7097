"""Appointments: typed, marked by one click, tied to the session of their day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from reattune.web.accounts.models import User
from reattune.web.clients.appointments import link_sessions
from reattune.web.clients.models import Appointment, Client
from reattune.web.reviews import ingest
from tests.conftest import TALK
from tests.web.conftest import make_client, signed_in

pytestmark = pytest.mark.django_db

FULL = {
    "date": "2026-03-05",
    "time": "10:00",
    "status": "late",
    "minutes_late": "12",
    "notice_hours": "",
    "by": "client",
}


def at(client: Client, day: int, hour: int = 10, **fields: object) -> Appointment:
    made: Appointment = client.appointments.create(
        starts=datetime(2026, 3, day, hour, tzinfo=UTC), **fields
    )
    return made


def test_an_appointment_is_added_on_the_therapists_own_clock(
    therapist: User, client_record: Client
) -> None:
    therapist.time_zone = "America/New_York"
    therapist.save()
    Client.objects.update(stale=False)
    signed_in(therapist).post(f"/clients/{client_record.pk}/appointments/", FULL)
    row = client_record.appointments.get()
    assert row.starts == datetime(2026, 3, 5, 15, tzinfo=UTC)
    assert (row.status, row.minutes_late, row.by) == ("late", 12, "client")
    page = signed_in(therapist).get(f"/clients/{client_record.pk}/appointments/").content.decode()
    assert "12 minutes" in page
    client_record.refresh_from_db()
    assert client_record.stale


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"date": "5.3.2026"}, "year, month, day"),
        ({"date": ""}, "required"),
        ({"time": "25:00"}, "hours and minutes"),
        ({"status": "gone"}, "not known"),
        ({"minutes_late": "-3"}, "greater than or equal"),
        ({"minutes_late": "900"}, "less than or equal"),
        ({"notice_hours": "soon"}, "number"),
        ({"by": "dog"}, "client or therapist"),
    ],
)
def test_a_bad_appointment_is_told_and_not_saved(
    therapist: User, client_record: Client, wrong: dict[str, str], says: str
) -> None:
    answer = signed_in(therapist).post(
        f"/clients/{client_record.pk}/appointments/", {**FULL, **wrong}
    )
    assert says in answer.content.decode()
    assert not client_record.appointments.exists()


def test_two_appointments_that_count_on_one_day_are_refused(
    therapist: User, client_record: Client
) -> None:
    at(client_record, 5, 9, status="cancelled")
    browser, address = signed_in(therapist), f"/clients/{client_record.pk}/appointments/"
    assert "another appointment on this day" in browser.post(address, FULL).content.decode()
    moved = {**FULL, "status": "rescheduled", "notice_hours": "30", "minutes_late": "", "by": ""}
    browser.post(address, moved)
    assert client_record.appointments.count() == 2


def test_one_is_edited_and_deleted(therapist: User, client_record: Client) -> None:
    row = at(client_record, 5)
    browser, address = signed_in(therapist), f"/clients/{client_record.pk}/appointments/{row.pk}/"
    assert 'value="2026-03-05"' in browser.get(address).content.decode()
    browser.post(address, {**FULL, "status": "no_show", "minutes_late": ""})
    row.refresh_from_db()
    assert row.status == "no_show"
    browser.post(f"{address}delete/")
    assert not client_record.appointments.exists()


def test_an_appointment_of_another_client_is_not_found(
    therapist: User, client_record: Client
) -> None:
    row = at(make_client(therapist, "Yew"), 5)
    for page in ("", "status/", "delete/"):
        address = f"/clients/{client_record.pk}/appointments/{row.pk}/{page}"
        assert signed_in(therapist).post(address, {"status": "attended"}).status_code == 404
    row.refresh_from_db()
    assert row.status == "scheduled"


@pytest.mark.parametrize("status", ["attended", "late", "cancelled", "no_show"])
def test_one_click_says_how_it_was_kept(
    therapist: User, client_record: Client, status: str
) -> None:
    row = at(client_record, 5)
    address = f"/clients/{client_record.pk}/appointments/{row.pk}/status/"
    answer = signed_in(therapist).post(address, {"status": status})
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.status, row.notice_hours) == (status, None)


def test_a_click_with_script_gives_the_row_back(therapist: User, client_record: Client) -> None:
    row, other = at(client_record, 5), at(client_record, 5, 12, status="attended")
    address = f"/clients/{client_record.pk}/appointments/{row.pk}/status/"
    headers = {"HX-Request": "true"}
    browser = signed_in(therapist)
    refused = browser.post(address, {"status": "attended"}, headers=headers).content.decode()
    assert "another appointment on this day" in refused
    other.delete()
    page = browser.post(address, {"status": "attended"}, headers=headers).content.decode()
    assert page.startswith("<li")
    assert 'aria-pressed="true"' in page


def test_called_off_ahead_the_notice_is_what_is_left(
    therapist: User, client_record: Client
) -> None:
    row = client_record.appointments.create(starts=timezone.now() + timedelta(hours=30))
    address = f"/clients/{client_record.pk}/appointments/{row.pk}/status/"
    signed_in(therapist).post(address, {"status": "cancelled"})
    row.refresh_from_db()
    assert row.notice_hours == pytest.approx(30, abs=0.1)


def test_a_session_finds_the_appointment_of_its_day(client_record: Client) -> None:
    row = at(client_record, 5)
    session = ingest.take(client_record, "2026-03-05.txt", TALK.encode())
    session.refresh_from_db()
    row.refresh_from_db()
    assert session.appointment == row
    assert row.status == "attended"


def test_an_appointment_finds_the_session_of_its_day(
    therapist: User, client_record: Client
) -> None:
    session = ingest.take(client_record, "2026-03-05.txt", TALK.encode())
    signed_in(therapist).post(f"/clients/{client_record.pk}/appointments/", FULL)
    session.refresh_from_db()
    assert session.appointment is not None
    assert session.appointment.status == "late"


def test_one_that_was_missed_is_never_tied(client_record: Client) -> None:
    at(client_record, 5, status="no_show")
    session = ingest.take(client_record, "2026-03-05.txt", TALK.encode())
    session.refresh_from_db()
    assert session.appointment is None


def test_several_of_a_day_are_paired_in_order(client_record: Client) -> None:
    first, second = at(client_record, 5, 9), at(client_record, 5, 15, status="rescheduled")
    late = at(client_record, 5, 18)
    one = ingest.take(client_record, "2026-03-05 a.txt", TALK.encode())
    two = ingest.take(client_record, "2026-03-05 b.txt", TALK.replace("sister", "aunt").encode())
    link_sessions(client_record)
    pairs = dict(client_record.sessions.values_list("pk", "appointment"))
    assert pairs == {one.pk: first.pk, two.pk: late.pk}
    second.refresh_from_db()
    assert second.status == "rescheduled"


def test_a_session_that_moves_takes_the_appointment_of_its_new_day(
    therapist: User, client_record: Client
) -> None:
    old, new = at(client_record, 5), at(client_record, 12)
    session = ingest.take(client_record, "2026-03-05.txt", TALK.encode())
    signed_in(therapist).post(f"/sessions/{session.pk}/details/", {"held_on": "2026-03-12"})
    session.refresh_from_db()
    assert session.held_on == date(2026, 3, 12)
    assert session.appointment == new
    assert not hasattr(Appointment.objects.get(pk=old.pk), "session")
