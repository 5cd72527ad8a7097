"""The demo: three fictional clients with all that belongs to them, in an account of its own."""

from __future__ import annotations

import importlib.resources
import json
from pathlib import Path

import pytest
from django.test import Client as Browser

from reattune.cli import serve
from reattune.web import demo, server
from reattune.web.accounts.models import User
from reattune.web.checkins.models import Answer
from reattune.web.clients.models import PURPOSES, Appointment, Client, Consent
from reattune.web.followup import refresh
from reattune.web.reviews.models import Job, Session
from tests.web.conftest import EXAMPLES

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def filled() -> User:
    """The demo's account with its clients."""
    user = demo.account()
    demo.fill_demo(user)
    return user


def test_three_clients_with_consents_appointments_forms_and_transcripts(filled: User) -> None:
    assert list(Client.objects.values_list("name", flat=True)) == ["Effie", "Neil", "Tamsin"]
    assert Consent.objects.count() == 3 * len(PURPOSES)
    assert Session.objects.count() == 18
    assert Job.objects.filter(state="waiting").count() == 18
    courses = [json.loads((EXAMPLES / c / "course.json").read_text("utf-8")) for c in demo.COURSES]
    rows = [row for about in courses for row in about["sessions"]]
    assert Appointment.objects.count() == len(rows)
    assert Answer.objects.count() == sum(len(row.get("measures") or ()) for row in rows)
    assert Session.objects.filter(appointment=None).count() == 0
    assert all(client.demo for client in filled.clients.all())


def test_its_scores_and_visits_are_followed_before_the_words_are_read(filled: User) -> None:
    summary = refresh.refresh(filled.clients.get(name="Neil"))
    assert summary.sessions == 6
    assert {"checkin_client", "attendance"} <= {s.source for s in summary.client.signals.all()}


def test_a_second_start_adds_nothing_and_mends_what_is_missing(filled: User) -> None:
    client = filled.clients.get(name="Neil")
    client.sessions.first().delete()
    demo.fill_demo(demo.account())
    assert Client.objects.count() == 3
    assert Session.objects.count() == 18
    assert User.objects.count() == 2  # a supervisor to share with


def test_the_link_opens_the_account_only_on_a_demo_s_server(
    filled: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/demo/?token={demo.token()}"
    assert Browser().get(path).status_code == 404
    monkeypatch.setenv(demo.DEMO, "1")
    for wrong in ("/demo/", "/demo/?token=wrong", "/demo/?token=%C3%A4"):
        assert Browser().get(wrong).status_code == 404
    browser = Browser()
    assert browser.get(path).status_code == 302
    assert "Neil" in browser.get("/clients/").content.decode()
    assert not filled.has_usable_password()


def test_without_an_account_the_link_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(demo.DEMO, "1")
    assert Browser().get(f"/demo/?token={demo.token()}").status_code == 404


def test_the_server_says_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(demo.DEMO, "0")
    address = server.demo_address("127.0.0.1", 8765)
    assert address == f"http://localhost:8765/demo/?token={demo.token()}"
    assert Client.objects.count() == 3


def test_it_keeps_its_records_beside_the_real_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REATTUNE_DATA", str(tmp_path / "reattune"))
    assert serve.demo_folder() == tmp_path / "reattune-demo"


def test_the_courses_are_found_in_an_installed_package_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert demo.examples() == EXAMPLES
    shipped = tmp_path / "examples" / "course_a"
    shipped.mkdir(parents=True)
    monkeypatch.setattr(demo, "files", lambda _: tmp_path)
    assert demo.examples() == shipped.parent
    assert importlib.resources.files("reattune").joinpath("examples").is_dir()
