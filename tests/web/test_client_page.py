"""The client page: risk first, what changed, the timeline, episodes, signals, sessions."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.clients.models import Appointment, Client
from reattune.web.finders import ReportStyles
from reattune.web.followup import refresh
from reattune.web.followup.models import Look
from reattune.web.reviews import labels
from reattune.web.reviews.models import Job, Session
from tests.web.browsing import go
from tests.web.conftest import PASSWORD, SESSION, make_client, signed_in
from tests.web.rows import add_form, add_session, add_visit, major

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db
GOOD, LOW = [6, 6, 6, 6, 1], [2, 2, 2, 2, 6]


def page(user: User, client: Client, query: str = "") -> str:
    """The client's page as this user sees it."""
    answer = signed_in(user).get(f"/clients/{client.pk}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def course(client_record: Client) -> Client:
    """A client with three sessions, the second with a major strain and risk words."""
    for week in range(3):
        add_session(
            client_record, week, major() if week == 1 else (), risk=2 if week == 1 else None
        )
        add_visit(client_record, week)
        add_form(client_record, week, LOW if week == 1 else GOOD)
    return client_record


def test_everything_is_on_the_page_risk_first(therapist: User, course: Client) -> None:
    html = page(therapist, course)
    order = [
        "Risk content",
        "Since the session before",
        "Still open",
        "Words, scores and attendance",
        '<h2 id="sessions-h">',
        '<h2 id="plan-h">',
        '<h2 id="signals-h">',
    ]
    places = [html.index(text) for text in order]
    assert places == sorted(places)
    assert "Session of Jan. 15, 2026: words on suicide" in html


def test_what_changed_is_said_in_plain_sentences(therapist: User, course: Client) -> None:
    html = page(therapist, course)
    assert "Words: no strain that stands out; 1 in the session before." in html
    assert "Session Check-in, client form: from 2 to 6.2, better." in html


def test_episodes_show_kind_intensity_and_state_and_lead_to_the_moment(
    therapist: User, course: Client
) -> None:
    html = page(therapist, course)
    session = Session.objects.get(number=2)
    assert f'href="/sessions/{session.pk}/#t5"' in html
    assert "withdrawal, major, not taken up" in html
    assert 'class="mark withdrawal major"' in html
    assert "1 episode that stands out: withdrawal 1; major 1; not taken up 1." in html


def test_the_timeline_leads_to_the_sessions(therapist: User, course: Client) -> None:
    html = page(therapist, course)
    for session in Session.objects.all():
        assert f'class="jump" href="/sessions/{session.pk}/"' in html
    assert "style=" not in html


def test_signals_have_a_reason_and_a_false_alarm_figure(therapist: User, course: Client) -> None:
    html = page(therapist, course)
    assert "In turns 5 to 9; 3 of the client" in html
    assert "false alarms" in html
    assert "uneventful sessions" in html
    assert "Agrees with" in html


def test_a_confirmed_signal_says_so_in_the_place_of_the_figure(
    therapist: User, course: Client
) -> None:
    labels.judge(Session.objects.get(number=2), therapist, 4, "minimal_response", "confirmed")
    html = page(therapist, course)
    assert "You confirmed it." in html
    assert "withdrawal, major, not taken up, confirmed" in html


def test_earlier_signals_and_sessions_come_on_request(
    therapist: User, client_record: Client
) -> None:
    for week in range(15):
        add_session(client_record, week, major())
    html = page(therapist, client_record)
    assert "3 earlier sessions" in html
    assert "Signals of 12 earlier sessions" in html
    whole = page(therapist, client_record, "?all=1")
    assert "?all=1" not in whole
    assert whole.count('class="mark rupture major"') == 15


def test_sessions_say_how_far_they_are(therapist: User, client_record: Client) -> None:
    states = ["waiting", "running", "failed", "roles", "unread", "words"]
    for week, state in enumerate(states):
        session = add_session(
            client_record, week, analyzed=state == "unread", opened=state != "unread"
        )
        if state in ("waiting", "running", "failed"):
            Job.objects.create(session=session, state=state, progress=30, total=40)
        if state == "roles":
            Session.objects.filter(pk=session.pk).update(state="roles")
    html = page(therapist, client_record)
    for text in (
        "waits to be read",
        '<progress max="100" value="75"',
        "could not be read: open it to see why",
        "tell who the therapist is",
        "new, not opened yet",
        "not analyzed",
        "2 sessions are still to be read.",
    ):
        assert text in html, text


def test_the_list_follows_the_worker_and_then_the_page_is_loaded_anew(
    therapist: User, course: Client
) -> None:
    browser, path = signed_in(therapist), f"/clients/{course.pk}/sessions/"
    job = Job.objects.create(session=Session.objects.get(number=1), state="running")
    answer = browser.get(path)
    assert 'hx-trigger="every 4s"' in answer.content.decode()
    Job.objects.filter(pk=job.pk).update(state="done")
    assert browser.get(path).headers["HX-Refresh"] == "true"
    assert not Entry.objects.filter(action="client.see").exists()


def test_empty_states_teach(therapist: User) -> None:
    client = make_client(therapist, "Fern")
    html = page(therapist, client)
    assert "No transcript yet." in html
    assert 'name="files"' in html
    add_session(client, 0)
    client.outdate()
    assert "One session is a beginning" in page(therapist, client)


def test_without_consent_there_is_no_upload(therapist: User) -> None:
    client = make_client(therapist, "Fern", consents=False)
    html = page(therapist, client)
    assert 'name="files"' not in html
    assert f'href="/clients/{client.pk}/consents/"' in html


def test_the_next_appointment_and_unsaid_ones_are_told(
    therapist: User, client_record: Client
) -> None:
    for days in (-3, 4):
        Appointment.objects.create(
            client=client_record, starts=timezone.now() + timedelta(days=days)
        )
    html = page(therapist, client_record)
    assert "· next " in html
    assert '<span class="count" title="Past appointments' in html


def test_there_are_ways_to_all_that_belongs_to_the_client(
    therapist: User, client_record: Client
) -> None:
    html = page(therapist, client_record)
    for part in ("checkins", "appointments", "consents", "details", "export", "delete"):
        assert f'href="/clients/{client_record.pk}/{part}/"' in html, part


def test_of_the_reports_files_only_the_shared_style_is_served() -> None:
    assert str(finders.find("report/timeline.css")).endswith("templates/timeline.css")
    for other in ("report/report.html.j2", "report/report.css", "report/../told.py"):
        assert finders.find(other) is None
    served = [name for name, _ in ReportStyles().list(None)]
    assert served == ["timeline.css"]


def test_what_was_noticed_counts_at_once(therapist: User, course: Client) -> None:
    page(therapist, course)
    session = Session.objects.get(number=2)
    signed_in(therapist).post(f"/sessions/{session.pk}/noticed/", {"turn": 4, "yes": "yes"})
    assert Client.objects.get(pk=course.pk).stale


def test_opening_it_is_audited_and_kept(therapist: User, course: Client) -> None:
    page(therapist, course)
    assert Entry.objects.filter(action="client.see", client=course.pk).count() == 1
    assert Look.objects.get(client=course).at <= timezone.now()


def test_a_page_whose_figures_failed_says_so(
    therapist: User, course: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(therapist, course)
    course.outdate()
    monkeypatch.setattr(refresh, "tried", lambda client: None)  # noqa: ARG005
    assert "This may be out of date" in page(therapist, course)


def test_nobody_else_sees_it(
    course: Client, stranger: User, colleague: User, supervisor: User, administrator: User
) -> None:
    for path in (f"/clients/{course.pk}/", f"/clients/{course.pk}/sessions/"):
        for user in (stranger, colleague):
            assert signed_in(user).get(path).status_code == 404
        for user in (supervisor, administrator):
            assert signed_in(user).get(path).status_code == 403
        assert signed_in(course.therapist).get(path).status_code == 200


def test_a_client_that_is_not_there(therapist: User) -> None:
    browser = signed_in(therapist)
    for path in (f"/clients/{uuid.uuid4()}/", f"/clients/{uuid.uuid4()}/sessions/"):
        assert browser.get(path).status_code == 404


def test_queries_are_bounded(
    therapist: User, client_record: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for week in range(20):
        add_session(client_record, week, major())
        add_visit(client_record, week)
        add_form(client_record, week, GOOD)
    browser, path = signed_in(therapist), f"/clients/{client_record.pk}/"
    browser.get(path)
    for query in ("", "?all=1"):
        with django_assert_max_num_queries(25):
            browser.get(path + query)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_transcript_dropped_here_is_taken(
    browser: Browser, live_server: LiveServer, client_record: Client
) -> None:
    view = browser.new_page(base_url=live_server.url)
    view.goto("/login/")
    view.fill("[name=username]", "thea")
    view.fill("[name=password]", PASSWORD)
    go(view, "main button")
    go(view, f"text={client_record.name}")
    view.set_input_files("#files", SESSION)
    go(view, "#upload button")
    assert Session.objects.get().source == SESSION.name
    view.goto(f"/clients/{client_record.pk}/")
    assert view.locator("text=waits to be read").count() == 1
    view.close()
