"""Next-session sheet, ending and letter; what exports and deletion do with plans."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from reattune.web.accounts.models import User
from reattune.web.clients import deletion, record
from reattune.web.clients.models import Client
from reattune.web.plans.models import Change, EndingRow, Plan, Rupture
from reattune.web.reviews import labels
from reattune.web.reviews.models import Session
from tests.web.conftest import make_client, signed_in
from tests.web.plans import TAKEN_UP, decide, own, page
from tests.web.rows import add_session

pytestmark = pytest.mark.django_db


# Sheets


def test_the_next_session_sheet_is_one_page_on_screen_and_as_pdf(
    therapist: User, course: Client
) -> None:
    import io

    from pypdf import PdfReader

    html = page(therapist, f"/clients/{course.pk}/next-session/")
    assert "Before session 4" in html
    assert "Words 4." in html
    assert "An opening" in html
    for paper in ("", "?paper=letter", "?paper=nonsense"):
        answer = signed_in(therapist).get(f"/clients/{course.pk}/next-session.pdf{paper}")
        assert answer.headers["Content-Type"] == "application/pdf"
        assert len(PdfReader(io.BytesIO(answer.content)).pages) == 1


def test_what_is_personal_rests_on_confirmed_missteps(therapist: User, course: Client) -> None:
    path = f"/clients/{course.pk}/next-session/"
    assert "nothing here is personal" in page(therapist, path)
    labels.judge(Session.objects.get(number=2), therapist, 5, "defensive", "confirmed")
    assert "confirmed 1 time before" in page(therapist, path)


def test_the_reference_sheet_is_styled_within_the_policy(therapist: User) -> None:
    answer = signed_in(therapist).get("/reference/")
    policy = answer.headers["Content-Security-Policy"]
    assert re.search(r"style-src [^;]*'sha256-", policy)
    assert "unsafe-inline" not in policy
    assert signed_in(therapist).get("/reference.pdf").content.startswith(b"%PDF-")


def test_missteps_over_all_own_sessions(
    therapist: User, course: Client, colleague: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    add_session(make_client(colleague, "Yew"), 0, TAKEN_UP)
    session = Session.objects.get(number=2, client=course)
    labels.judge(session, therapist, 5, "defensive", "confirmed")
    browser = signed_in(therapist)
    browser.get("/missteps/")
    with django_assert_max_num_queries(14):
        html = browser.get("/missteps/").content.decode()
    assert "3 analyzed sessions of yours" in html
    assert "1 found, 1 of them confirmed by you." in html
    assert f'href="/sessions/{session.pk}/#t6"' in html
    assert "Yew" not in html


# Endings


def end(user: User, client: Client, **told: Any) -> Any:
    """The answer to a change of the ending."""
    return signed_in(user).post(f"/clients/{client.pk}/ending/change/", told)


def test_an_ending_from_plan_to_goodbye_is_an_outcome(therapist: User, course: Client) -> None:
    assert "It does not say why." in end(therapist, course, new="planned").content.decode()
    assert end(therapist, course, new="planned", note="We tried.").status_code == 302
    refused = end(therapist, course, old="planned", new="closed", note="Done.").content.decode()
    assert "No reason for the ending is chosen." in refused
    assert end(therapist, course, section="reasons", item="fit", new="chosen").status_code == 302
    end(
        therapist, course, section="follow_up", item="letter", new="chosen", due="2026-01-02",
        note="To Dr. Moss.",
    )  # fmt: skip
    html = page(therapist, f"/clients/{course.pk}/ending/")
    assert "To Dr. Moss." in html
    assert "Due:" in html
    wrong = end(therapist, course, section="reasons", item="nonsense", new="chosen", note="Kept.")
    assert "There is no such item." in wrong.content.decode()
    assert "Kept." in wrong.content.decode()
    closed = end(
        therapist, course, old="planned", new="closed", note="Talked through.", ended="2026-02-01"
    )
    assert closed.status_code == 302
    course.refresh_from_db()
    assert course.ended == date(2026, 2, 1)
    assert own(course).state == "ended"
    assert own(course).closing.note == "Talked through."  # type: ignore[union-attr]
    assert "Ended with a goodbye" in page(therapist, f"/clients/{course.pk}/ending/")
    end(therapist, course, old="closed", new="planned", note="He came back.")
    course.refresh_from_db()
    assert course.ended is None
    assert [row.new for row in EndingRow.objects.filter(section="")] == [
        "planned", "closed", "planned",
    ]  # fmt: skip


def test_the_letter_is_filled_by_dates_and_by_hand_and_nothing_is_kept(
    therapist: User, course: Client
) -> None:
    path = f"/clients/{course.pk}/ending/letter/"
    html = page(therapist, path)
    assert "January 22, 2026" in html
    assert "Words 4" not in html
    told = {"client": "A. B.", "recipient": "Dr. Moss", "safety": "none", "include": ["safety"]}
    looked = signed_in(therapist).post(path, {**told, "form": "look"}).content.decode()
    assert "Dr. Moss" in looked
    made = signed_in(therapist).post(path, {**told, "form": "pdf"})
    assert made.content.startswith(b"%PDF-")
    word = signed_in(therapist).post(path, {**told, "form": "docx"})
    assert word.content.startswith(b"PK")
    assert not EndingRow.objects.exists()


# Exports and deletion


def test_the_record_has_ruptures_and_ending_and_deletion_takes_them(
    therapist: User, course: Client
) -> None:
    decide(therapist, course, new="watched", note="She asked for time.")
    end(therapist, course, new="planned", note="We tried.")
    told = record.record_of(course)
    assert told["ruptures"][0]["changes"][-1]["note"] == "She asked for time."
    assert told["ending"][0]["note"] == "We tried."
    assert ("ruptures", 1) in {(one.kind, one.number) for one in deletion.losses_of(course)}
    deletion.delete(course, therapist)
    for model in (Rupture, Change, Plan, EndingRow):
        assert not model.objects.exists()
