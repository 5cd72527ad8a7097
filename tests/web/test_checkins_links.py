"""One-time links: made by a therapist, answered once by a client without an account."""

from __future__ import annotations

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape

import pytest
from django.core import mail
from django.db import connection
from django.test import Client as Browser
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reattune.web.accounts.models import User
from reattune.web.audit import chain
from reattune.web.audit.models import Entry
from reattune.web.checkins import links
from reattune.web.checkins.models import Answer, Link
from reattune.web.checkins.phrases import every, phrases
from reattune.web.clients.models import Client
from tests.web.checkins import DAY, GOOD, LANGUAGES, answered, bring, give, make_link
from tests.web.conftest import make_client, signed_in

pytestmark = pytest.mark.django_db

ASKED = {"measure": "checkin_client", "language": "de", "about": "2026-03-05", "days": "7"}


def made_url(browser: Browser, client: Client, **asked: str) -> str:
    """The address on the page of a link just made."""
    response = browser.post(reverse("link-make", args=[client.pk]), {**ASKED, **asked})
    found = re.search(r"https?://\S+/answer/[\w-]+/", unescape(response.content.decode()))
    assert found, response.content
    return found[0]


def token_of(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[1]


# Making


def test_a_link_is_shown_once_with_a_text_in_the_clients_language(
    therapist: User, client_record: Client
) -> None:
    browser = signed_in(therapist)
    url = made_url(browser, client_record)
    (link,) = client_record.links.all()
    assert link.token_hash == links.hashed(token_of(url))
    assert len(token_of(url)) == 43  # 256 bits
    assert not Link.objects.filter(token_hash__contains=token_of(url)).exists()
    assert timedelta(days=6.9) < link.expires - timezone.now() < timedelta(days=7.1)
    page = browser.post(reverse("link-make", args=[client_record.pk]), ASKED).content.decode()
    assert "ich lade Sie ein, auf unseren Termin am 5. März 2026 zurückzublicken" in page
    assert client_record.name not in phrases("de").reminder
    later = browser.get(reverse("checkins", args=[client_record.pk])).content.decode()
    assert "/answer/" not in later
    assert "Links that are open" in later


def test_a_new_link_for_the_same_form_closes_the_one_before(client_record: Client) -> None:
    _, old = make_link(client_record)
    _, new = make_link(client_record)
    assert Browser().get(f"/answer/{old}/").status_code == 404
    assert Browser().get(f"/answer/{new}/").status_code == 200


def test_a_link_about_a_coming_session_stays_open_after_it(client_record: Client) -> None:
    coming = timezone.localdate() + timedelta(days=10)
    link, _ = make_link(client_record, about=coming)
    assert link.expires - timezone.now() > timedelta(days=16.9)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("measure", "wai"),  # its wording is not here
        ("measure", "nothing"),
        ("measure", ""),
        ("language", "xx"),
        ("about", "yesterday"),
        ("about", "2999-01-01"),
        ("about", "1066-10-14"),
        ("days", "0"),
        ("days", "400"),
        ("days", "a week"),
    ],
)
def test_what_makes_no_link_is_told_and_kept_on_the_form(
    field: str, value: str, therapist: User, client_record: Client
) -> None:
    url = reverse("link-make", args=[client_record.pk])
    response = signed_in(therapist).post(url, ASKED | {field: value})
    assert response.status_code == 200
    assert 'class="error"' in response.content.decode()
    assert "2026-03-05" in response.content.decode() or field == "about"
    assert not Link.objects.exists()


def test_a_second_answer_about_a_session_is_told_and_offered(
    therapist: User, client_record: Client
) -> None:
    first = answered(client_record)
    url = reverse("link-make", args=[client_record.pk])
    browser = signed_in(therapist)
    told = browser.post(url, ASKED).content.decode()
    assert "has answered this form about this session already" in told
    assert not Link.objects.exists()
    token = token_of(made_url(browser, client_record, instead="on"))
    give(token, GOOD)
    (row,) = Answer.objects.all()
    assert row.pk != first.pk
    assert Entry.objects.filter(action="answer.replace", target=f"answer:{row.pk}").exists()


def test_a_link_that_opens_only_here_says_so(therapist: User, client_record: Client) -> None:
    browser, url = signed_in(therapist), reverse("link-make", args=[client_record.pk])
    said = "runs on this machine only"
    assert said in browser.get(url, headers={"host": "127.0.0.1:8765"}).content.decode()
    assert said in browser.get(url, headers={"host": "[::1]:8765"}).content.decode()
    with override_settings(ALLOWED_HOSTS=["clinic.example"]):
        page = browser.get(url, headers={"host": "clinic.example"}).content.decode()
    assert said not in page


# Sending, where a clinic set that up


def test_a_link_is_sent_to_an_address_that_is_not_kept(
    therapist: User, client_record: Client, caplog: pytest.LogCaptureFixture
) -> None:
    _, token = make_link(client_record, language="fr")
    url = reverse("link-send", args=[client_record.pk])
    data = {"token": token, "address": "fern@example.org"}
    with caplog.at_level(logging.DEBUG):
        page = signed_in(therapist).post(url, data).content.decode()
    (message,) = mail.outbox
    assert message.to == ["fern@example.org"]
    assert f"/answer/{token}/" in message.body
    assert message.subject == phrases("fr").subject
    assert client_record.name not in message.body + message.subject
    assert "handed to your mail server" in page
    assert "fern@example.org" not in page + caplog.text
    assert not any("fern@" in str(entry.detail) for entry in Entry.objects.all())


@pytest.mark.parametrize("address", ["", "fern", "a@b.c\nBcc: x@y.z", "x" * 400 + "@y.zz"])
def test_a_bad_address_is_told(address: str, therapist: User, client_record: Client) -> None:
    _, token = make_link(client_record)
    url = reverse("link-send", args=[client_record.pk])
    response = signed_in(therapist).post(url, {"token": token, "address": address})
    assert 'class="error"' in response.content.decode()
    assert f"/answer/{token}/" in response.content.decode()
    assert not mail.outbox


def test_a_mail_server_that_refuses_is_told(therapist: User, client_record: Client) -> None:
    _, token = make_link(client_record)
    data = {"token": token, "address": "fern@example.org"}
    nowhere = {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": 1,
    }
    with override_settings(**nowhere):
        url = reverse("link-send", args=[client_record.pk])
        page = signed_in(therapist).post(url, data).content.decode()
    assert "did not take the message" in page
    assert not Entry.objects.filter(action="link.send").exists()


def test_without_mail_there_is_nothing_to_send(therapist: User, client_record: Client) -> None:
    _, token = make_link(client_record)
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
        browser = signed_in(therapist)
        page = browser.post(reverse("link-make", args=[client_record.pk]), ASKED)
        assert "e-mail" not in page.content.decode()
        data = {"token": token, "address": "fern@example.org"}
        url = reverse("link-send", args=[client_record.pk])
        assert browser.post(url, data).status_code == 404


def test_a_token_of_another_client_is_not_sent(therapist: User, client_record: Client) -> None:
    _, token = make_link(make_client(therapist, "Moss"))
    data = {"token": token, "address": "fern@example.org"}
    url = reverse("link-send", args=[client_record.pk])
    assert signed_in(therapist).post(url, data).status_code == 404
    assert not mail.outbox


# Answering


def test_a_client_answers_without_an_account(client_record: Client) -> None:
    link, token = make_link(client_record)
    Client.objects.update(stale=False)
    browser = Browser()
    page = browser.get(f"/answer/{token}/")
    assert page.status_code == 200
    assert "I could say what I really thought." in page.content.decode()
    assert "March 5, 2026" in page.content.decode()
    assert client_record.name not in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert "Thank you" in give(token, GOOD, browser).content.decode()
    assert not browser.cookies
    (row,) = Answer.objects.all()
    assert row.answers == {"1": 6, "2": 5, "3": 6, "4": 6, "5": 2}
    assert (row.rater, row.about, row.how, row.language) == ("client", DAY, "link", "en")
    assert (row.link, row.entered_by) == (link, None)
    client_record.refresh_from_db()
    link.refresh_from_db()
    assert client_record.stale
    assert link.used_at
    entry = Entry.objects.get(action="answer.give")
    assert (entry.actor, entry.client) == (f"link:{link.pk}", client_record.pk)
    assert not list(chain.verify())


def closed_pages(client: Client) -> dict[str, bytes]:
    """What is answered to each link that is not open."""
    _, used = make_link(client)
    give(used, GOOD)
    over, expired = make_link(client, "phq9")
    Link.objects.filter(pk=over.pk).update(expires=timezone.now() - timedelta(days=1))
    gone, revoked = make_link(client, "gad7")
    links.revoke(gone)
    tokens = {"used": used, "expired": expired, "revoked": revoked, "unknown": "x" * 43}
    seen = {}
    for why, token in tokens.items():
        for method in ("get", "post"):
            response = getattr(Browser(), method)(f"/answer/{token}/", {"receipt": "another"})
            assert response.status_code == 404
            head = {k: v for k, v in response.headers.items() if k != "Content-Security-Policy"}
            seen[f"{why} {method}"] = response.content + repr(sorted(head.items())).encode()
    return seen


def test_every_link_that_is_not_open_gets_one_and_the_same_answer(client_record: Client) -> None:
    seen = closed_pages(client_record)
    assert len(set(seen.values())) == 1, seen
    assert b"This form is not open" in next(iter(seen.values()))


def test_the_closed_page_speaks_the_browsers_language() -> None:
    for asked, words in (
        ("pt-BR,pt;q=0.9", "pt"),
        ("nl, fr;q=0.5", "fr"),
        ("nl", "en"),
        ("", "en"),
        (";;,=", "en"),
        ("fr," * 5000, "fr"),
    ):
        page = Browser().get("/answer/nothing/", headers={"accept-language": asked})
        assert phrases(words).closed_title in unescape(page.content.decode())
        assert page["Content-Language"] == words


def test_a_form_opened_just_before_the_end_can_still_be_sent(client_record: Client) -> None:
    link, token = make_link(client_record)
    Link.objects.update(expires=timezone.now() - timedelta(minutes=5))
    assert Browser().get(f"/answer/{token}/").status_code == 404
    assert give(token, GOOD).status_code == 200
    assert Answer.objects.get().link == link


def test_sending_twice_is_kept_once_and_answered_alike(client_record: Client) -> None:
    _, token = make_link(client_record)
    first, second = give(token, GOOD), give(token, GOOD)
    assert first.content == second.content
    assert Answer.objects.count() == 1
    assert give(token, {**GOOD, "receipt": "of another page"}).status_code == 404
    assert Entry.objects.filter(action="answer.give").count() == 1


@pytest.mark.django_db(transaction=True)
def test_sending_twice_at_the_same_moment_is_kept_once(client_record: Client) -> None:
    _, token = make_link(client_record)

    def send(receipt: str) -> int:
        try:
            return give(token, {**GOOD, "receipt": receipt}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        alike = list(pool.map(send, ["same"] * 4))
    assert alike == [200] * 4
    assert Answer.objects.count() == 1
    _, token = make_link(client_record, "phq9")
    data = {f"item{n}": "1" for n in range(1, 10)}

    def race(receipt: str) -> int:
        try:
            return give(token, {**data, "receipt": receipt}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(race, "abcd"))
    assert codes == [200, 404, 404, 404]
    assert Answer.objects.count() == 2
    assert not list(chain.verify())


def test_lines_left_open_are_told_once(client_record: Client) -> None:
    _, token = make_link(client_record)
    partly = {key: value for key, value in GOOD.items() if key not in ("item2", "item4")}
    page = give(token, partly).content.decode()
    assert "Not answered yet" in page
    assert 'href="#item2"' in page
    assert 'value="2,4"' in page
    assert page.count("checked") == 3
    assert not Answer.objects.exists()
    page = give(token, {**partly, "open": "2"}).content.decode()
    assert "Not answered yet" in page
    assert "Thank you" in give(token, {**partly, "open": "2,4"}).content.decode()
    assert Answer.objects.get().answers == {"1": 6, "2": None, "3": 6, "4": None, "5": 2}


def test_an_empty_form_is_not_kept(client_record: Client) -> None:
    link, token = make_link(client_record)
    for data in ({}, {"open": "1,2,3,4,5"}, {"item1": "  ", "open": "1,2,3,4,5"}):
        assert "Nothing is filled in yet" in give(token, data).content.decode()
    link.refresh_from_db()
    assert link.used_at is None
    assert not Answer.objects.exists()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.integers(-3, 12).map(str),
            st.sampled_from(["", "6.5", "7,0", "1e1", "١", "nan", "inf", "1_0", "0x3", " 3 "]),
            st.text(max_size=12),
        ),
        min_size=5,
        max_size=5,
    )
)
def test_only_answers_that_the_form_has_are_kept(client_record: Client, sent: list[str]) -> None:
    Answer.objects.all().delete()
    _, token = make_link(client_record)
    data = {f"item{n}": value for n, value in enumerate(sent, 1)}
    page = give(token, {**data, "open": "1,2,3,4,5"})
    assert page.status_code == 200
    texts = [value.strip() for value in sent]
    fine = [re.fullmatch(r"0*([1-7])([.,]0+)?", text) for text in texts]
    if all(known or not text for known, text in zip(fine, texts, strict=True)) and any(texts):
        kept = Answer.objects.get().answers
        assert list(kept.values()) == [int(known[1]) if known else None for known in fine]
    else:
        assert not Answer.objects.exists()
        assert "<script" not in page.content.decode().replace('<script src="/static', "")


def test_more_fields_than_the_form_has_change_nothing(client_record: Client) -> None:
    _, token = make_link(client_record)
    give(token, {**GOOD, "item6": "7", "item0": "1", "rater": "therapist", "about": "2020-01-01"})
    row = Answer.objects.get()
    assert (set(row.answers), row.rater, row.about) == (set("12345"), "client", DAY)


def test_answers_and_tokens_are_in_no_log(
    therapist: User, client_record: Client, caplog: pytest.LogCaptureFixture
) -> None:
    bring(therapist)
    _, token = make_link(client_record, "room")
    with caplog.at_level(logging.DEBUG):
        give(token, {"item1": "3.1415", "item2": "77.77"})
        give(token, {"item1": "3.14", "item2": "2.72"})
        give(token, {"item1": "3.14", "item2": "2.72", "receipt": "another"})
    assert Answer.objects.get().answers == {"1": 3.14, "2": 2.72}
    kept = caplog.text + "".join(str(e.detail) + e.target for e in Entry.objects.all())
    for secret in ("3.14", "2.72", "77.77"):
        assert secret not in kept
    from reattune.web.logs import Wordless

    for record in caplog.records:
        Wordless().filter(record)
        assert token not in record.getMessage()


# Risk


def test_a_risky_answer_gets_a_calm_sentence_and_no_diagnosis(client_record: Client) -> None:
    data = {f"item{n}": "0" for n in range(1, 9)}
    for language in LANGUAGES:
        _, token = make_link(client_record, "phq9", language)
        calm = unescape(give(token, {**data, "item9": "0"}).content.decode())
        assert phrases(language).care not in calm
        _, token = make_link(client_record, "phq9", language)
        page = unescape(give(token, {**data, "item9": "1"}).content.decode())
        assert phrases(language).care in page
        again = unescape(give(token, {**data, "item9": "1"}).content.decode())
        assert phrases(language).care in again
        assert "depress" not in page.lower()


def test_the_therapist_sees_the_risk_first(therapist: User, client_record: Client) -> None:
    answers = {str(n): 0 for n in range(1, 9)} | {"9": 2}
    answered(client_record, measure="phq9", answers=answers)
    page = signed_in(therapist).get(reverse("checkins", args=[client_record.pk])).content.decode()
    assert page.index("follow your protocol") < page.index("What was answered")
    answered(client_record, measure="phq9", answers=answers | {"9": 0}, about=DAY + timedelta(7))
    page = signed_in(therapist).get(reverse("checkins", args=[client_record.pk])).content.decode()
    assert "risk-box" not in page
    assert "risk: follow your protocol" in page


# Languages


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_is_in_the_links_language_and_can_be_switched(
    language: str, client_record: Client
) -> None:
    _, token = make_link(client_record, language=language)
    browser = Browser(headers={"accept-language": "nl"})
    response = browser.get(f"/answer/{token}/")
    page = unescape(response.content.decode())
    assert f'<html lang="{language}"' in page
    assert response["Content-Language"] == language
    assert phrases(language).send in page
    for other in LANGUAGES:
        assert every()[other].name in page
        switched = unescape(browser.get(f"/answer/{token}/?language={other}").content.decode())
        assert f'<html lang="{other}"' in switched
    other = "pt" if language != "pt" else "de"
    browser.post(f"/answer/{token}/?language={other}", GOOD | {"receipt": "r"})
    assert Answer.objects.get().language == other


def test_a_language_that_is_not_here_is_that_of_the_link(client_record: Client) -> None:
    _, token = make_link(client_record, language="de")
    for asked in ("xx", "../..", "en-US", ""):
        page = Browser().get(f"/answer/{token}/", {"language": asked}).content.decode()
        assert '<html lang="de"' in page


def test_a_form_in_english_only_says_so_in_the_clients_language(client_record: Client) -> None:
    _, token = make_link(client_record, "phq9", "es")
    page = unescape(Browser().get(f"/answer/{token}/").content.decode())
    assert phrases("es").not_in in page
    assert '<legend><span class="no">1</span> Little interest' in page
    assert 'lang="en"' in page
    _, token = make_link(client_record, "phq9", "en")
    assert phrases("en").not_in not in Browser().get(f"/answer/{token}/").content.decode()


def test_every_phrase_is_there_in_every_language() -> None:
    assert tuple(every()) == LANGUAGES
    holes = re.compile(r"\{\w+\}")
    for words in every().values():
        for name in ("send", "thanks", "closed", "care", "reminder", "skipped", "subject"):
            assert getattr(words, name).strip()
        for name in ("about", "answer_with", "skipped", "impossible", "minutes", "reminder"):
            there = sorted(holes.findall(getattr(words, name)))
            assert there == sorted(holes.findall(getattr(phrases("en"), name))), (words, name)


def test_a_link_whose_instrument_is_gone_is_closed(therapist: User, client_record: Client) -> None:
    bring(therapist)
    _, token = make_link(client_record, "room")
    therapist.practice.instruments.all().delete()
    assert Browser().get(f"/answer/{token}/").status_code == 404
    assert give(token, {"item1": "1"}).status_code == 404


def test_other_methods_and_addresses_are_refused(client_record: Client) -> None:
    _, token = make_link(client_record)
    assert Browser().put(f"/answer/{token}/").status_code == 405
    assert Browser().get(f"/answer/{token}").status_code == 301
    assert Browser().get("/answer/").status_code == 404
    assert Browser().head(f"/answer/{token}/").status_code == 200


# Who may


def test_nobody_else_makes_or_closes_a_link(
    client_record: Client,
    stranger: User,
    colleague: User,
    supervisor: User,
    administrator: User,
) -> None:
    link, _ = make_link(client_record)
    for user in (stranger, colleague, supervisor, administrator):
        browser = signed_in(user)
        make = reverse("link-make", args=[client_record.pk])
        assert browser.get(make).status_code in (403, 404)
        assert browser.post(make, ASKED).status_code in (403, 404)
        revoke = reverse("link-revoke", args=[client_record.pk, link.pk])
        assert browser.post(revoke).status_code in (403, 404)
    assert Browser().get(reverse("link-make", args=[client_record.pk])).status_code == 302
    link.refresh_from_db()
    assert link.revoked_at is None
    assert Link.objects.count() == 1


def test_a_link_is_closed_by_who_made_it(therapist: User, client_record: Client) -> None:
    link, token = make_link(client_record)
    url = reverse("link-revoke", args=[client_record.pk, link.pk])
    browser = signed_in(therapist)
    assert "no longer opens" in browser.post(url, follow=True).content.decode()
    assert Browser().get(f"/answer/{token}/").status_code == 404
    assert "closed already" in browser.post(url, follow=True).content.decode()
    assert Entry.objects.filter(action="link.revoke").count() == 1
    other, _ = make_link(make_client(therapist, "Moss"))
    url = reverse("link-revoke", args=[client_record.pk, other.pk])
    assert browser.post(url).status_code == 404
    assert browser.get(url).status_code == 405
