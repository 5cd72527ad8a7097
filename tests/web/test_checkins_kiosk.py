"""The form on a tablet: the browser shows nothing else until the therapist's password."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import get_resolver, reverse
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.checkins.models import Answer, Link
from reattune.web.clients.models import Client
from tests.web.checkins import DAY, GOOD, answered
from tests.web.conftest import PASSWORD, signed_in

pytestmark = pytest.mark.django_db

ASKED = {"measure": "checkin_client", "language": "en", "about": "2026-03-05"}


@pytest.fixture
def locked(therapist: User, client_record: Client) -> Browser:
    """A browser that the therapist locked to a form."""
    browser = signed_in(therapist)
    response = browser.post(reverse("kiosk-start", args=[client_record.pk]), ASKED)
    assert response["Location"] == "/kiosk/"
    return browser


def send(browser: Browser, **data: str) -> str:
    return browser.post("/kiosk/", {"receipt": "r", **(data or GOOD)}).content.decode()


def test_every_other_address_leads_to_the_form(locked: Browser, client_record: Client) -> None:
    client, user = client_record.pk, client_record.therapist
    paths = [
        *("/", "/clients/", f"/clients/{client}/", f"/clients/{client}/checkins/", "/login/"),
        *("/account/", "/search/", "/practice/", "/shared/", "/instruments/", "/nowhere"),
        *("/answer/abc/", "/start/", "/kiosk", "/api/v1/clients", "/sessions/", "//", "/kiosk//"),
    ]
    for path in paths:
        for method in ("get", "post", "put", "delete"):
            response = getattr(locked, method)(path)
            assert response.status_code == 302, (method, path)
            assert response["Location"] == "/kiosk/"
            assert response["Cache-Control"] == "no-store"
    assert user.name not in locked.get("/kiosk/").content.decode()


def test_no_address_of_ours_is_left_out(locked: Browser) -> None:
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    plain = [name for name in names if not get_resolver().reverse_dict.getlist(name)[0][0][0][1]]
    assert len(plain) > 5
    for name in plain:
        response = locked.get(reverse(name))
        open_here = name in ("kiosk", "kiosk-leave")
        assert response.status_code == (200 if open_here else 302), name


def test_the_form_shows_nothing_of_the_record(locked: Browser, client_record: Client) -> None:
    response = locked.get("/kiosk/")
    page = response.content.decode()
    assert "I could say what I really thought." in page
    assert client_record.name not in page
    assert "no-store" in response["Cache-Control"]
    assert "_auth_user_id" not in locked.session
    assert response.headers["Clear-Site-Data"] == '"cache"'


def test_what_was_sent_is_gone_from_the_screen(locked: Browser, client_record: Client) -> None:
    assert "Please give the device back" in send(locked)
    row = Answer.objects.get()
    assert (row.how, row.rater, row.about) == ("kiosk", "client", DAY)
    assert row.link is not None
    entry = Entry.objects.get(action="answer.give")
    assert entry.actor == f"link:{row.link.pk}"
    for _ in range(2):
        page = locked.get("/kiosk/").content.decode()
        assert "Please give the device back" in page
        assert "item1" not in page
        assert "checked" not in page
    assert set(locked.session["kiosk"]) == {"link", "user", "sent"}
    assert "Please give the device back" in send(locked)
    assert Answer.objects.count() == 1
    client_record.refresh_from_db()
    assert client_record.stale
    assert locked.get("/clients/").status_code == 302


def test_the_password_unlocks(locked: Browser, therapist: User, client_record: Client) -> None:
    send(locked)
    page = locked.get("/kiosk/leave/").content.decode()
    assert str(therapist) in page
    assert client_record.name not in page
    response = locked.post("/kiosk/leave/", {"password": PASSWORD})
    assert response["Location"] == f"/clients/{client_record.pk}/checkins/"
    assert locked.get(response["Location"]).status_code == 200
    assert "kiosk" not in locked.session
    assert locked.get("/kiosk/").status_code == 404
    actions = list(Entry.objects.values_list("action", flat=True))
    assert (
        actions.index("kiosk.start") < actions.index("answer.give") < actions.index("kiosk.leave")
    )


def test_a_wrong_password_does_not_and_is_counted(locked: Browser, therapist: User) -> None:
    page = locked.post("/kiosk/leave/", {"password": "wrong"})
    assert "That is not the password." in page.content.decode()
    for _ in range(6):
        page = locked.post("/kiosk/leave/", {"password": "wrong"})
    assert page.status_code == 429
    assert locked.post("/kiosk/leave/", {"password": PASSWORD}).status_code == 429
    assert locked.get("/clients/").status_code == 302
    assert "_auth_user_id" not in locked.session
    assert therapist.check_password(PASSWORD)


@pytest.mark.parametrize("data", [{}, {"password": ""}, {"password": "x" * 5000}, {"user": "thea"}])
def test_bad_input_does_not_unlock(data: dict[str, str], locked: Browser) -> None:
    assert locked.post("/kiosk/leave/", data).status_code == 200
    assert locked.get("/clients/").status_code == 302


def test_the_password_of_somebody_else_does_not(locked: Browser, colleague: User) -> None:
    colleague.set_password("another long password here")
    colleague.save()
    locked.post("/kiosk/leave/", {"username": "cole", "password": "another long password here"})
    assert "_auth_user_id" not in locked.session


def test_an_unlocked_tablet_asks_for_the_second_factor(locked: Browser, therapist: User) -> None:
    TOTPDevice.objects.create(user=therapist, name="app", confirmed=True)
    response = locked.post("/kiosk/leave/", {"password": PASSWORD}, follow=True)
    assert response.redirect_chain[-1][0].startswith("/second-factor")


def test_a_form_that_was_not_used_closes_when_the_tablet_is_unlocked(locked: Browser) -> None:
    locked.post("/kiosk/leave/", {"password": PASSWORD})
    assert Link.objects.get().revoked_at
    assert not Answer.objects.exists()


def test_a_form_that_ran_out_says_so_and_stays_locked(locked: Browser) -> None:
    Link.objects.update(expires=timezone.now() - timedelta(hours=3))
    for page in (locked.get("/kiosk/").content.decode(), send(locked)):
        assert "This form is not open" in page
        assert "/kiosk/leave/" in page
    assert not Answer.objects.exists()
    assert locked.get("/clients/").status_code == 302


def test_lines_left_open_and_the_language_work_as_by_link(locked: Browser) -> None:
    assert "Not answered yet" in send(locked, item1="3")
    assert '<html lang="fr"' in locked.get("/kiosk/?language=fr").content.decode()
    assert "give the device back" in send(locked, item1="3", open="2,3,4,5")
    assert Answer.objects.get().answers["1"] == 3


def test_a_risky_answer_is_met_on_the_tablet_too(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    browser.post(reverse("kiosk-start", args=[client_record.pk]), ASKED | {"measure": "phq9"})
    for _ in range(2):
        page = send(browser, **{f"item{n}": "3" for n in range(1, 10)})
        assert "local emergency number" in page
    assert "local emergency number" not in browser.get("/kiosk/").content.decode()
    home = browser.post("/kiosk/leave/", {"password": PASSWORD}, follow=True)
    assert b"risk-box" in home.content


def test_a_forged_form_is_refused(therapist: User, client_record: Client) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(therapist, "django.contrib.auth.backends.ModelBackend")
    url = reverse("kiosk-start", args=[client_record.pk])
    assert browser.post(url, ASKED).status_code == 403
    assert browser.get("/clients/").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("measure", "wai"), ("language", "xx"), ("about", "2999-01-01"), ("about", "")],
)
def test_bad_input_locks_nothing(
    field: str, value: str, therapist: User, client_record: Client
) -> None:
    browser = signed_in(therapist)
    url = reverse("kiosk-start", args=[client_record.pk])
    response = browser.post(url, ASKED | {field: value})
    assert response.status_code == 200
    assert 'class="error"' in response.content.decode()
    assert "kiosk" not in browser.session
    assert not Link.objects.exists()


def test_a_second_answer_is_told_before_the_tablet_is_locked(
    therapist: User, client_record: Client
) -> None:
    answered(client_record)
    browser = signed_in(therapist)
    url = reverse("kiosk-start", args=[client_record.pk])
    assert "already" in browser.post(url, ASKED).content.decode()
    assert browser.post(url, {**ASKED, "instead": "on"})["Location"] == "/kiosk/"


def test_an_account_without_a_password_cannot_lock_itself_out(
    therapist: User, client_record: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    therapist.set_unusable_password()
    therapist.save()
    browser = signed_in(therapist)
    url = reverse("kiosk-start", args=[client_record.pk])
    assert "no password that could unlock" in browser.post(url, ASKED).content.decode()
    assert "kiosk" not in browser.session
    monkeypatch.setenv("REATTUNE_DEMO", "1")
    assert "no password that could unlock" in browser.post(url, ASKED).content.decode()
    User.objects.filter(pk=therapist.pk).update(username="demo")
    assert browser.post(url, ASKED)["Location"] == "/kiosk/"
    assert browser.get("/kiosk/leave/").status_code == 200
    assert browser.post("/kiosk/leave/").status_code == 302
    assert browser.get("/clients/").status_code == 200


def test_nobody_else_locks_a_browser_to_this_client(
    client_record: Client, stranger: User, colleague: User, supervisor: User
) -> None:
    url = reverse("kiosk-start", args=[client_record.pk])
    for user in (stranger, colleague, supervisor):
        browser = signed_in(user)
        assert browser.get(url).status_code in (403, 404)
        assert browser.post(url, ASKED).status_code in (403, 404)
        assert "kiosk" not in browser.session
    assert Browser().get("/kiosk/").status_code == 404
    assert Browser().get("/kiosk/leave/").status_code == 404
    assert Browser().post("/kiosk/leave/", {"password": PASSWORD}).status_code == 404
