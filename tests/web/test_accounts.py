"""Coming in, second factors, one's own account, the practice's people."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from reattune.cli.password import set_password
from reattune.errors import InputError
from reattune.web.accounts.models import Invitation, Practice, User
from reattune.web.accounts.views import start_token
from reattune.web.audit.models import Entry
from tests.web.conftest import PASSWORD, make_client, signed_in

pytestmark = pytest.mark.django_db

NEW = {"name": "Nina Sample", "username": "nina", "password": "seven quiet herons wade"}


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def sign_in(browser: Browser, username: str, password: str = PASSWORD) -> Any:
    return browser.post("/login/", {"username": username, "password": password})


# The first account


def test_the_first_start_asks_for_the_key_in_the_address() -> None:
    browser = Browser()
    assert browser.get("/").headers["Location"] == "/start/"
    assert "Make the account" not in text_of(browser.get("/start/"))
    assert browser.get("/start/?token=guess").status_code == 403
    answer = browser.post("/start/", {**NEW, "practice": "Bay", "token": "guess"})
    assert answer.status_code == 403
    assert not User.objects.exists()


def test_the_first_account_is_made_once() -> None:
    browser = Browser()
    given = {**NEW, "practice": "Bay", "token": start_token()}
    assert browser.post("/start/", given, follow=True).redirect_chain[-1][0] == "/clients/"
    user = User.objects.get()
    assert (user.is_therapist, user.is_administrator, user.practice.name) == (True, True, "Bay")
    assert user.password.startswith("argon2$argon2id")
    assert Browser().get(f"/start/?token={start_token()}").status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("password", "short", "at least 12"),
        ("password", "123456789012345", "entirely numeric"),
        ("password", "nina sample nina", "too similar"),
        ("username", "no blanks allowed", "valid username"),
        ("name", "", "required"),
    ],
)
def test_a_bad_first_form_says_why_and_keeps_what_was_typed(
    field: str, value: str, told: str
) -> None:
    given = {**NEW, "practice": "Bay", "token": start_token(), field: value}
    answer = Browser().post("/start/", given)
    assert told in text_of(answer)
    assert 'value="Bay"' in text_of(answer)
    assert not User.objects.exists()


# Signing in


def test_nothing_but_the_way_in_opens_without_an_account(therapist: User) -> None:
    client = make_client(therapist)
    for path in ("/clients/", f"/clients/{client.pk}/", "/account/", "/practice/", "/search/"):
        answer = Browser().get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/login/"), path


def test_five_wrong_passwords_lock_the_account_for_a_while(therapist: User) -> None:
    browser = Browser()
    for _ in range(5):
        answer = sign_in(browser, "thea", "wrong")
    assert answer.status_code in (403, 429)
    assert sign_in(browser, "thea").status_code in (403, 429), "the right one is refused too"
    assert "Locked" in text_of(sign_in(browser, "thea"))
    set_password("thea", "nine slow barges turn", drop_factor=False)
    assert sign_in(browser, "thea", "nine slow barges turn").status_code == 302
    assert therapist.pk


def test_a_session_ends_when_it_was_idle(therapist: User, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = signed_in(therapist)
    assert browser.get("/clients/").status_code == 200
    later = time.time() + settings.IDLE_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert browser.get("/clients/").headers["Location"].startswith("/login/")


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(
    therapist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, began = signed_in(therapist), time.time()
    browser.get("/clients/")
    half = settings.IDLE_SECONDS / 2 + 1
    for asked in (began + half, began + 2 * half):
        monkeypatch.setattr(time, "time", lambda now=asked: now)
        answer = browser.get("/clients/", headers={"HX-Request": "true", "X-Unattended": "yes"})
    assert answer.headers["Location"].startswith("/login/")


def test_a_changed_password_ends_other_sessions(therapist: User) -> None:
    here, there = signed_in(therapist), signed_in(therapist)
    new = "nine slow barges turn"
    given = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/account/password/", given).status_code == 302
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code == 302


def test_a_locked_out_account_cannot_sign_in(administrator: User, therapist: User) -> None:
    signed_in(administrator).post(f"/practice/people/{therapist.pk}/lock-out/")
    sign_in(browser := Browser(), "thea")
    assert browser.get("/clients/").status_code == 302
    assert not signed_in_after(browser)


def signed_in_after(browser: Browser) -> bool:
    return "_auth_user_id" in browser.session


# The second factor


def turn_on(browser: Browser, user: User) -> list[str]:
    """Turns the second factor on by its pages; the recovery codes."""
    browser.get("/second-factor/new/")
    answer = browser.post("/second-factor/new/", {"code": code_for(user)})
    return re.findall(r"<code>([0-9a-f]{5} [0-9a-f]{5})</code>", text_of(answer))


def code_for(user: User) -> str:
    """The code that the phone would show; earlier uses of this half minute are forgotten."""
    device = TOTPDevice.objects.get(user=user)
    TOTPDevice.objects.update(last_t=-1, throttling_failure_count=0)
    return f"{totp(device.bin_key):06d}"


def test_the_second_factor_is_asked_for_after_the_password(therapist: User) -> None:
    codes = turn_on(signed_in(therapist), therapist)
    assert len(codes) == 10
    browser = Browser()
    sign_in(browser, "thea")
    assert browser.get("/clients/").headers["Location"] == "/second-factor/"
    assert "does not fit" in text_of(browser.post("/second-factor/", {"code": "000000"}))
    assert browser.get("/clients/").status_code == 302
    browser.post("/second-factor/", {"code": code_for(therapist)})
    assert browser.get("/clients/").status_code == 200


def test_a_recovery_code_works_once(therapist: User) -> None:
    code = turn_on(signed_in(therapist), therapist)[0]
    for works in (True, False):
        browser = Browser()
        sign_in(browser, "thea")
        browser.post("/second-factor/", {"code": code})
        assert (browser.get("/clients/").status_code == 200) is works


def test_a_practice_can_require_it(therapist: User, practice: Practice) -> None:
    Practice.objects.filter(pk=practice.pk).update(require_second_factor=True)
    assert signed_in(therapist).get("/clients/").headers["Location"] == "/second-factor/new/"


def test_turning_it_off_asks_for_the_password(therapist: User) -> None:
    browser = signed_in(therapist)
    turn_on(browser, therapist)
    assert "not your password" in text_of(
        browser.post("/second-factor/off/", {"password": "wrong"})
    )
    assert TOTPDevice.objects.exists()
    browser.post("/second-factor/off/", {"password": PASSWORD})
    assert not TOTPDevice.objects.exists()


# Invitations and people


def invited(administrator: User, **roles: str) -> str:
    """The path of a fresh invitation."""
    given = {"name": "Nina", **(roles or {"is_therapist": "on"})}
    answer = signed_in(administrator).post("/practice/invite/", given)
    found = re.search(r"/join/[\w-]+/", text_of(answer))
    assert found
    return found[0]


def test_an_invitation_makes_one_account_with_its_roles(administrator: User) -> None:
    path = invited(administrator, is_supervisor="on")
    assert path.split("/")[2] not in str(Invitation.objects.values_list())
    assert Browser().post(path, NEW).status_code == 302
    user = User.objects.get(username="nina")
    assert (user.is_therapist, user.is_supervisor, user.is_administrator) == (False, True, False)
    assert user.practice == administrator.practice
    assert "over" in text_of(Browser().post(path, {**NEW, "username": "other"}))


def test_an_old_or_made_up_invitation_is_over(administrator: User) -> None:
    path = invited(administrator)
    Invitation.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert Browser().get(path).status_code == 404
    assert Browser().get("/join/made-up/").status_code == 404


def test_a_taken_user_name_is_refused(administrator: User, therapist: User) -> None:
    answer = Browser().post(invited(administrator), {**NEW, "username": therapist.username.upper()})
    assert "Somebody has this user name" in text_of(answer)


def test_an_administrator_sees_accounts_and_no_clients(
    administrator: User, therapist: User
) -> None:
    client = make_client(therapist, "Larkspur")
    browser = signed_in(administrator)
    assert "thea<" in text_of(browser.get("/practice/"))
    assert browser.get("/clients/").status_code == 403
    assert browser.get(f"/clients/{client.pk}/").status_code in (403, 404)
    assert "Larkspur" not in text_of(browser.get("/account/trail/"))


def test_people_of_another_practice_are_not_there(stranger: User, therapist: User) -> None:
    browser = signed_in(stranger)
    assert "thea<" not in text_of(browser.get("/practice/"))
    assert browser.get(f"/practice/people/{therapist.pk}/").status_code == 404
    assert browser.post(f"/practice/people/{therapist.pk}/lock-out/").status_code == 404
    assert User.objects.get(pk=therapist.pk).is_active


def test_only_administrators_manage_people(therapist: User, supervisor: User) -> None:
    for user in (therapist, supervisor):
        browser = signed_in(user)
        for path in ("/practice/", "/practice/invite/", f"/practice/people/{supervisor.pk}/"):
            assert browser.get(path).status_code == 403, path


def test_the_last_administrator_stays(administrator: User) -> None:
    browser = signed_in(administrator)
    page = f"/practice/people/{administrator.pk}/"
    assert "Somebody must administer" in text_of(browser.post(page, {"is_therapist": "on"}))
    browser.post(f"{page}lock-out/")
    administrator.refresh_from_db()
    assert administrator.is_administrator
    assert administrator.is_active


def test_clients_are_handed_over_within_the_practice(
    administrator: User, therapist: User, colleague: User, stranger: User
) -> None:
    client = make_client(therapist)
    browser = signed_in(administrator)
    page = f"/practice/people/{therapist.pk}/hand-over/"
    browser.post(page, {"to": stranger.pk})
    client.refresh_from_db()
    assert client.therapist == therapist
    browser.post(page, {"to": colleague.pk})
    client.refresh_from_db()
    assert client.therapist == colleague


def test_roles_need_one(administrator: User, therapist: User) -> None:
    answer = signed_in(administrator).post(f"/practice/people/{therapist.pk}/", {"sent": "1"})
    assert "at least one role" in text_of(answer)


# One's own account


def test_the_language_of_the_pages_is_the_users(therapist: User) -> None:
    given = {
        "name": "Thea",
        "language": "de",
        "time_zone": "Europe/Berlin",
        "theme": "dark",
        "flags": "few",
    }
    browser = signed_in(therapist)
    assert browser.post("/account/", given).status_code == 302
    page = text_of(browser.get("/account/"))
    assert '<html lang="de" data-theme="dark">' in page


@pytest.mark.parametrize(("field", "value"), [("language", "xx"), ("time_zone", "Mars/Base")])
def test_an_impossible_profile_is_refused(therapist: User, field: str, value: str) -> None:
    given = {"name": "T", "language": "en", "time_zone": "UTC", "theme": "auto", "flags": "few"}
    answer = signed_in(therapist).post("/account/", {**given, field: value})
    assert answer.status_code == 200
    assert User.objects.get(pk=therapist.pk).time_zone == "UTC"


def test_a_token_is_shown_once_and_kept_as_a_hash(therapist: User) -> None:
    browser = signed_in(therapist)
    given = {"name": "script", "scopes": ["clients:read"], "days": 30}
    page = text_of(browser.post("/account/tokens/", given))
    found = re.search(r'id="token"[^>]*>([\w-]{43})<', page)
    assert found
    token = therapist.tokens.get()
    assert found[1] not in str(token.__dict__)
    assert found[1] not in text_of(browser.get("/account/tokens/"))
    assert token.alive(timezone.now())
    browser.post(f"/account/tokens/{token.pk}/end/")
    token.refresh_from_db()
    assert not token.alive(timezone.now())


def test_the_trail_shows_own_records_only(therapist: User, colleague: User) -> None:
    client = make_client(therapist, "Larkspur")
    signed_in(therapist).get(f"/clients/{client.pk}/")
    assert "Larkspur" in text_of(signed_in(therapist).get("/account/trail/"))
    assert "Larkspur" not in text_of(signed_in(colleague).get("/account/trail/"))
    assert Entry.objects.filter(action="client.see", client=client.pk).exists()


def test_a_forgotten_password_is_set_on_the_machine(therapist: User) -> None:
    with pytest.raises(InputError, match="no such account"):
        set_password("nobody", NEW["password"], drop_factor=False)
    with pytest.raises(InputError, match="too short"):
        set_password("thea", "short", drop_factor=False)
    turn_on(signed_in(therapist), therapist)
    set_password("thea", NEW["password"], drop_factor=True)
    sign_in(browser := Browser(), "thea", NEW["password"])
    assert browser.get("/clients/").status_code == 200


def test_pages_are_not_cached_and_allow_no_foreign_content(therapist: User) -> None:
    answer = signed_in(therapist).get("/account/")
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
