"""A client's check-ins: the page, forms typed in by the therapist, the scores as CSV."""

from __future__ import annotations

import csv
import io
import math
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reattune.tables import series_of
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.checkins import answers
from reattune.web.checkins.models import Answer, Link
from reattune.web.clients.models import Client
from tests.web.checkins import DAY, GOOD, ROOM, answered, bring, make_link
from tests.web.conftest import make_client, signed_in

pytestmark = pytest.mark.django_db

HEAD = {"about": "2026-03-05", "rater": "client"}


def url(name: str, client: Client, *more: object, query: str = "") -> str:
    return reverse(name, args=[client.pk, *more]) + query


def paper(browser: Browser, client: Client, measure: str, data: dict[str, str]) -> str:
    """What comes back for a form typed in from paper."""
    address = url("paper", client, query=f"?measure={measure}")
    return browser.post(address, HEAD | data, follow=True).content.decode()


# The page


def test_an_empty_page_says_what_a_check_in_is(therapist: User, client_record: Client) -> None:
    page = signed_in(therapist).get(url("checkins", client_record)).content.decode()
    assert "Nothing answered yet" in page
    assert "Five lines at the end of a session" in page


def test_the_page_shows_scores_with_a_word_each(therapist: User, client_record: Client) -> None:
    answered(client_record)
    later = {"1": 3, "2": 5, "3": 6, "4": None, "5": 5}
    answered(client_record, answers=later, about=DAY + timedelta(7), how="kiosk")
    answered(client_record, measure="phq9", answers={str(n): 1 for n in range(1, 9)} | {"9": 0})
    page = signed_in(therapist).get(url("checkins", client_record)).content.decode()
    assert "5.8 of 1 to 7" in page
    assert "4.25 of 1 to 7" in page
    assert "1.55 less than the time before (more is better)" in page
    assert "ask about items 1, 5" in page
    assert "left out: item 4; the mean of the rest stands in" in page
    assert "the published band of mild symptoms" in page
    assert page.count('class="unproven"') == 2
    assert "nobody has studied what the scores of our own check-in mean" in page
    assert "on the tablet" in page


def test_forms_that_cannot_be_scored_are_shown_with_the_reason(
    therapist: User, client_record: Client
) -> None:
    answered(client_record, measure="gone", answers={"1": 1})
    answered(client_record, measure="arm12", answers={"1": 1})
    answered(client_record, measure="gad7", answers={"1": 9})
    page = signed_in(therapist).get(url("checkins", client_record)).content.decode()
    assert "its instrument is no longer here" in page
    assert "could not be verified" in page
    assert "not a whole number from 0 to 3" in page


def test_many_forms_are_paged_and_cost_no_more_queries(
    therapist: User, client_record: Client, django_assert_max_num_queries: object
) -> None:
    for week in range(70):
        answered(client_record, about=DAY + timedelta(7 * week))
    make_link(client_record)
    browser = signed_in(therapist)
    with django_assert_max_num_queries(25):  # type: ignore[operator]
        page = browser.get(url("checkins", client_record)).content.decode()
    assert page.count("/delete/") == 50
    page = browser.get(url("checkins", client_record, query="?page=2")).content.decode()
    assert page.count("/delete/") == 20
    page = browser.get(url("checkins", client_record, query="?page=x")).content.decode()
    assert page.count("/delete/") == 50


# From paper


def test_a_form_is_entered_from_paper(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    chosen = browser.get(url("paper", client_record)).content.decode()
    assert "Working Alliance Inventory" in chosen
    form = browser.get(url("paper", client_record, query="?measure=srs")).content.decode()
    assert "goals and topics" in form
    data = {"item1": "8,5", "item2": "9", "item3": "7.25", "item4": "9.1"}
    Client.objects.update(stale=False)
    page = paper(browser, client_record, "srs", data)
    assert "The form is kept." in page
    assert "33.85 of 0 to 40" in page
    row = Answer.objects.get()
    assert row.answers == {"1": 8.5, "2": 9, "3": 7.25, "4": 9.1}
    assert (row.how, row.entered_by, row.rater) == ("paper", therapist, "client")
    entry = Entry.objects.get(action="answer.give")
    assert (entry.actor, entry.detail["measure"]) == (f"user:{therapist.pk}", "srs")
    client_record.refresh_from_db()
    assert client_record.stale


def test_who_answered_is_the_rater(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    data = {f"item{n}": "4" for n in range(1, 37)}
    for rater in ("client", "therapist"):
        address = url("paper", client_record, query="?measure=wai")
        browser.post(address, HEAD | data | {"rater": rater})
    assert set(Answer.objects.values_list("rater", flat=True)) == {"client", "therapist"}
    address = url("paper", client_record, query="?measure=wai")
    page = browser.post(address, HEAD | data | {"rater": "mother"}).content.decode()
    assert 'class="error"' in page
    assert Answer.objects.count() == 2


def test_left_out_lines_are_kept_as_such(therapist: User, client_record: Client) -> None:
    paper(signed_in(therapist), client_record, "phq9", {"item1": "1", "item2": " "})
    kept = Answer.objects.get().answers
    assert kept["1"] == 1
    assert set(kept.values()) == {1, None}
    assert len(kept) == 9


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"item1": "9"}, "item 1 (1 – 7)"),
        ({"item1": "6.5"}, "item 1 (1 – 7)"),
        ({"item2": "six"}, "item 2 (1 – 7)"),
        ({"item1": "-1", "item5": "9" * 50}, "item 5 (1 – 7)"),
        ({}, "The form is empty."),
        ({"item1": "3", "about": ""}, "This field is required"),
        ({"item1": "3", "about": "5.3.2026"}, "Enter a valid date"),
        ({"item1": "3", "about": "2999-01-01"}, "it cannot be in the future"),
        ({"item1": "3", "about": "0001-01-01"}, "Choose the day"),
    ],
)
def test_what_cannot_be_on_the_form_is_told_and_kept_as_typed(
    data: dict[str, str], told: str, therapist: User, client_record: Client
) -> None:
    page = paper(
        signed_in(therapist), client_record, "checkin_client", {"item3": "4"} | data if data else {}
    )
    assert told in page
    assert not Answer.objects.exists()
    for value in data.values():
        assert f'value="{value[:40]}"' in page or not value


def test_an_unknown_form_leads_to_the_choice(therapist: User, client_record: Client) -> None:
    for measure in ("", "nothing", "../wai", "x" * 500):
        address = url("paper", client_record, query=f"?measure={measure}")
        response = signed_in(therapist).post(address, HEAD | GOOD)
        assert "Which form?" in response.content.decode()
    assert not Answer.objects.exists()


def test_a_second_form_about_a_session_is_told_and_replaced_when_asked(
    therapist: User, client_record: Client
) -> None:
    first = answered(client_record)
    browser = signed_in(therapist)
    page = paper(browser, client_record, "checkin_client", GOOD | {"item1": "1"})
    assert "There is a form of this kind by the same person about March 5, 2026" in page
    assert 'name="instead"' in page
    assert 'value="1"' in page
    assert Answer.objects.get() == first
    paper(browser, client_record, "checkin_client", GOOD | {"item1": "1", "instead": "on"})
    row = Answer.objects.get()
    assert row.answers["1"] == 1
    assert row.pk != first.pk
    assert Entry.objects.filter(action="answer.replace").count() == 1


def test_paper_closes_the_link_for_the_same_form(therapist: User, client_record: Client) -> None:
    same, _ = make_link(client_record)
    other, _ = make_link(client_record, about=DAY + timedelta(7))
    paper(signed_in(therapist), client_record, "checkin_client", GOOD)
    assert Link.objects.get(pk=same.pk).revoked_at
    assert Link.objects.get(pk=other.pk).revoked_at is None


def test_forms_without_a_verified_key_are_kept_but_not_scored(
    therapist: User, client_record: Client
) -> None:
    page = paper(signed_in(therapist), client_record, "arm12", {"item1": "3"})
    assert "could not be verified" in page
    assert Answer.objects.get().answers["1"] == 3
    page = paper(signed_in(therapist), client_record, "calpas", {"item1": "30"})
    assert "Not possible on this form" in page


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.one_of(st.none(), st.floats(-1, 11), st.integers(0, 10)), min_size=4, max_size=4)
)
def test_numbers_come_back_as_they_were_typed(
    therapist: User, client_record: Client, typed: list[float | None]
) -> None:
    Answer.objects.all().delete()
    texts = ["" if value is None else f"{value:.3f}" for value in typed]
    data = {f"item{n}": text for n, text in enumerate(texts, 1)}
    paper(signed_in(therapist), client_record, "srs", data)
    known = [float(text) for text in texts if text]
    good = bool(known) and all(0 <= value <= 10 for value in known)
    rows = list(Answer.objects.all())
    assert bool(rows) == good
    for row in rows:
        for n, text in enumerate(texts, 1):
            value = row.answers[str(n)]
            assert (value is None) if not text else math.isclose(value, float(text))


# The therapist's own form


def test_the_mirror_form_is_the_therapists(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    page = browser.get(url("mirror", client_record)).content.decode()
    assert "I understood what this is like for my client." in page
    assert "not validated" in page
    answered(client_record)
    data = {"about": "2026-03-05", "rater": "therapist"} | GOOD
    page = browser.post(url("mirror", client_record), data, follow=True).content.decode()
    assert "The form is kept." in page
    row = Answer.objects.get(measure="checkin_therapist")
    assert (row.rater, row.how, row.entered_by) == ("therapist", "own", therapist)
    assert row.language == "en"
    data = data | {"rater": "client", "about": "2026-03-12"}
    browser.post(url("mirror", client_record), data)
    assert Answer.objects.latest("at").rater == "therapist"


def test_the_mirror_form_speaks_the_therapists_language(
    therapist: User, client_record: Client
) -> None:
    User.objects.update(language="de")
    page = signed_in(therapist).get(url("mirror", client_record)).content.decode()
    assert "Ich habe verstanden, wie das für mein Gegenüber ist." in page


def test_the_day_suggested_is_that_of_the_latest_session(
    therapist: User, client_record: Client
) -> None:
    browser = signed_in(therapist)
    today = timezone.localdate()
    assert f'value="{today}"' in browser.get(url("mirror", client_record)).content.decode()
    client_record.appointments.create(starts=timezone.now() - timedelta(days=3), status="attended")
    client_record.appointments.create(starts=timezone.now() - timedelta(days=1), status="no_show")
    client_record.appointments.create(starts=timezone.now() + timedelta(days=4))
    day = today - timedelta(days=3)
    assert f'value="{day}"' in browser.get(url("mirror", client_record)).content.decode()


# Correcting and deleting


def test_what_was_typed_in_is_corrected(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    paper(browser, client_record, "checkin_client", GOOD)
    row = Answer.objects.get()
    address = url("answer-edit", client_record, row.pk)
    page = browser.get(address).content.decode()
    assert 'value="2026-03-05"' in page
    assert page.count('value="6"') == 3
    data = HEAD | GOOD | {"item1": "2", "about": "2026-03-06"}
    assert "corrected" in browser.post(address, data, follow=True).content.decode()
    row.refresh_from_db()
    assert (row.answers["1"], str(row.about)) == (2, "2026-03-06")
    assert Entry.objects.filter(action="answer.edit", target=f"answer:{row.pk}").exists()
    assert "Not possible" in browser.post(address, data | {"item1": "8"}).content.decode()


def test_a_correction_that_meets_another_form_is_told(
    therapist: User, client_record: Client
) -> None:
    browser = signed_in(therapist)
    paper(browser, client_record, "checkin_client", GOOD)
    row = Answer.objects.get()
    other = answered(client_record, about=DAY + timedelta(7))
    address = url("answer-edit", client_record, row.pk)
    data = HEAD | GOOD | {"about": "2026-03-12"}
    assert "There is a form of this kind" in browser.post(address, data).content.decode()
    browser.post(address, data | {"instead": "on"})
    assert Answer.objects.get() == row
    assert Entry.objects.filter(action="answer.delete", target=f"answer:{other.pk}").exists()


def test_what_a_client_sent_is_not_edited_but_can_be_deleted(
    therapist: User, client_record: Client
) -> None:
    row, browser = answered(client_record), signed_in(therapist)
    assert browser.get(url("answer-edit", client_record, row.pk)).status_code == 404
    assert browser.post(url("answer-edit", client_record, row.pk), HEAD | GOOD).status_code == 404
    address = url("answer-delete", client_record, row.pk)
    assert "Delete this form?" in browser.get(address).content.decode()
    assert Answer.objects.count() == 1
    Client.objects.update(stale=False)
    assert "The form was deleted." in browser.post(address, follow=True).content.decode()
    assert not Answer.objects.exists()
    client_record.refresh_from_db()
    assert client_record.stale
    entry = Entry.objects.get(action="answer.delete")
    assert (entry.target, entry.actor) == (f"answer:{row.pk}", f"user:{therapist.pk}")
    assert browser.post(address).status_code == 404


def test_a_form_of_another_client_is_not_found(therapist: User, client_record: Client) -> None:
    other = answered(make_client(therapist, "Moss"), how="paper")
    browser = signed_in(therapist)
    for name in ("answer-edit", "answer-delete"):
        assert browser.get(url(name, client_record, other.pk)).status_code == 404
        assert browser.post(url(name, client_record, other.pk), HEAD | GOOD).status_code == 404
    assert Answer.objects.count() == 1


# CSV


def rows_of(browser: Browser, client: Client) -> list[dict[str, str]]:
    response = browser.get(url("scores-csv", client))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert client.name not in response["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_the_scores_come_as_csv(therapist: User, client_record: Client) -> None:
    for week in range(3):
        answered(client_record, about=DAY + timedelta(7 * week))
    wai = {str(n): 4 for n in range(1, 37)}
    answered(client_record, measure="wai", answers=wai, rater="therapist", how="paper")
    answered(client_record, measure="arm12", answers={"1": 1})
    rows = rows_of(signed_in(therapist), client_record)
    assert len(rows) == 7
    assert sorted({row["measure"] for row in rows}) == [
        *("checkin_client", "wai", "wai:bond", "wai:goal", "wai:task"),
    ]
    first = next(row for row in rows if row["measure"] == "checkin_client")
    assert first == {
        "date": "2026-03-05",
        "measure": "checkin_client",
        "name": "Session Check-in, client form",
        "rater": "client",
        "how": "link",
        "value": "5.8",
        "low": "1",
        "high": "7",
        "higher_is_better": "true",
        "prorated": "false",
        "left_out": "",
        "validated": "false",
    }
    assert Entry.objects.filter(action="checkins.export", client=client_record.pk).exists()
    own = [row for row in rows if row["measure"] == "checkin_client"]
    text = "\n".join([",".join(own[0]), *(",".join(f'"{v}"' for v in r.values()) for r in own)])
    assert [p.value for p in series_of(text.encode(), "scores.csv").points] == [5.8] * 3


def test_a_spreadsheet_finds_no_formula(therapist: User, client_record: Client) -> None:
    bring(therapist, ROOM.replace("How the room felt", "=HYPERLINK(1)"))
    answered(client_record, measure="room", answers={"1": 1, "2": 1})
    (row,) = rows_of(signed_in(therapist), client_record)
    assert row["name"] == "'=HYPERLINK(1)"


# Who may


def test_nobody_else_passes(
    client_record: Client,
    stranger: User,
    colleague: User,
    supervisor: User,
    administrator: User,
) -> None:
    row = answered(client_record, how="paper")
    pages = [
        *(url(name, client_record) for name in ("checkins", "paper", "mirror", "scores-csv")),
        *(url(name, client_record, row.pk) for name in ("answer-edit", "answer-delete")),
    ]
    for user in (stranger, colleague, supervisor, administrator):
        browser = signed_in(user)
        for page in pages:
            assert browser.get(page).status_code in (403, 404), (user, page)
            assert browser.post(page, HEAD | GOOD).status_code in (403, 404), (user, page)
    for page in pages:
        assert Browser().get(page).status_code == 302
    assert Answer.objects.get() == row
    own = Entry.objects.filter(client=client_record.pk)
    assert not own.exists()


def test_the_library_way_in_checks_too(client_record: Client) -> None:
    filled = answers.Filled("checkin_client", "client", DAY, {1: 9}, "api")
    for wrong in (
        filled,
        answers.Filled("checkin_client", "client", DAY, {1: None}, "api"),
        answers.Filled("checkin_client", "therapist", DAY, {1: 3}, "api"),
        answers.Filled("checkin_client", "client", DAY, {6: 3}, "api"),
        answers.Filled("nothing", "client", DAY, {1: 3}, "api"),
    ):
        with pytest.raises(answers.InputError):
            answers.keep(client_record, wrong, actor="system")
    assert not Answer.objects.exists()
    assert not Entry.objects.exists()
