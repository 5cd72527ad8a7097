"""Packets given to others: what is seen, by whom, how long, what is said of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pypdf import PdfReader

from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.clients import consents
from reattune.web.clients.models import Client
from reattune.web.reviews import labels, models
from reattune.web.reviews.removal import remove_sessions
from reattune.web.reviews.words import to_session
from reattune.web.sharing import packets
from reattune.web.sharing.models import Comment, Line, Moment, Packet
from tests.web.conftest import make_client, make_user, signed_in
from tests.web.packets import ASKED, make_draft, make_packet
from tests.web.program import read_session

pytestmark = pytest.mark.django_db

Most = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture
def session(client_record: Client) -> models.Session:
    return read_session(client_record)


@pytest.fixture
def packet(session: models.Session, supervisor: User) -> Packet:
    """Turns 4 to 6 of the session, as people count, for the supervisor."""
    return make_packet(session, supervisor)


@pytest.fixture
def group(session: models.Session, supervisor: User, colleague: User) -> Packet:
    """The same for a supervisor and a colleague, everybody to write first."""
    return make_packet(session, supervisor, colleague, blind=True)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode()).replace("&#x27;", "'")


def words_of(answer: Any) -> str:
    """The text of a PDF."""
    assert answer.status_code == 200, answer.status_code
    assert answer.headers["Content-Type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return "\n".join(" ".join(page.extract_text().split()) for page in pages)


# What a reader sees


def test_a_reader_sees_those_turns_and_nothing_else(
    packet: Packet, supervisor: User, session: models.Session
) -> None:
    browser = signed_in(supervisor)
    page = text_of(browser.get(f"/shared/{packet.pk}/"))
    sheet = words_of(browser.get(f"/shared/{packet.pk}/packet.pdf")).replace("’", "'")
    for turn in session.turns.all():
        for seen in (page, sheet):
            assert (turn.text in seen) == (3 <= turn.number < 6), turn.number
    for seen in (page, sheet):
        assert ASKED in seen
        assert "Session 1, turns 4–6" in seen
        told = (str(session.pk), str(session.client_id), "/clients/", "/sessions/", "talk.txt")
        for never in (*told, "March 5", "2026-03-05", "Fern"):
            assert never not in seen, never


def test_the_pdf_is_marked_numbered_and_named(packet: Packet, supervisor: User) -> None:
    answer = signed_in(supervisor).get(f"/shared/{packet.pk}/packet.pdf")
    assert "Fern" not in answer.headers["Content-Disposition"]
    read = PdfReader(io.BytesIO(answer.content))
    for number, page in enumerate(read.pages, 1):
        text = " ".join(page.extract_text().split())
        assert "Confidential. For Sunny, until" in text
        assert f"Page {number} / {len(read.pages)}" in text
    assert read.metadata is not None
    assert read.metadata.title == "Moments for supervision"


def test_the_text_stays_as_it_was_confirmed(
    packet: Packet, session: models.Session, supervisor: User
) -> None:
    session.turns.filter(number=4).update(text="Something else altogether.")
    labels.judge(session, session.client.therapist, 4, "defensive", labels.ADDED)
    page = text_of(signed_in(supervisor).get(f"/shared/{packet.pk}/"))
    assert "Most of my clients find them helpful." in page
    assert "Something else" not in page
    assert "Defensive" not in page


def test_what_readers_open_reads_no_session(
    packet: Packet, supervisor: User, django_assert_max_num_queries: Most
) -> None:
    browser = signed_in(supervisor)
    with django_assert_max_num_queries(80) as asked:
        for path in (f"/shared/{packet.pk}/", f"/shared/{packet.pk}/packet.pdf", "/shared/"):
            assert browser.get(path).status_code == 200
        browser.post(f"/shared/{packet.pk}/", {"text": "Where did you feel it?"})
    assert not [one["sql"] for one in asked.captured_queries if "reviews_" in one["sql"]]
    assert [one["sql"] for one in asked.captured_queries if "sharing_line" in one["sql"]]


def test_the_flags_are_those_that_stand_on_these_turns(
    session: models.Session, therapist: User, supervisor: User
) -> None:
    labels.judge(session, therapist, 3, "complaint_therapy", labels.DISMISSED)
    labels.judge(session, therapist, 4, "defensive", labels.ADDED)
    labels.judge(session, therapist, 9, "topic_shift", labels.ADDED)
    packet = make_packet(session, supervisor)
    lines = Line.objects.filter(moment__packet=packet)
    shown = {(one.number, mark["code"]): mark["confirmed"] for one in lines for mark in one.marks}
    assert shown == {(4, "defensive"): True, (5, "complaint_therapist"): False}
    whole = labels.standing_of(session, labels.current(session), to_session(session))
    standing = {(m.turn, m.code) for m in whole.all if m.decided and 3 <= m.turn < 6}
    assert set(shown) == standing
    page = text_of(signed_in(supervisor).get(f"/shared/{packet.pk}/"))
    assert "the therapist's own word" in page
    assert "How often such flags are wrong" in page


def test_the_course_in_short_has_numbers_and_no_dates(
    session: models.Session, supervisor: User
) -> None:
    with_it = make_packet(session, supervisor)
    assert with_it.course["sessions"] == 1
    assert with_it.course["episodes"][0]["session"] == 1
    page = text_of(signed_in(supervisor).get(f"/shared/{with_it.pk}/"))
    assert "1 session so far, 1 of them read." in page
    assert "Session 1: " in page
    without = make_packet(session, supervisor, with_course=False)
    assert "The course in short" not in text_of(signed_in(supervisor).get(f"/shared/{without.pk}/"))


def test_words_alone_are_shared_before_any_analysis(
    session: models.Session, supervisor: User
) -> None:
    session.analyses.all().delete()
    packet = make_packet(session, supervisor)
    assert "You are not listening" in text_of(signed_in(supervisor).get(f"/shared/{packet.pk}/"))


def test_names_of_speakers_stay_behind(session: models.Session, supervisor: User) -> None:
    session.turns.filter(role="client").update(speaker="Martha Miller")
    session.turns.filter(number=4).update(text="Martha, most of my clients <b>like</b> them.")
    packet = make_packet(session, supervisor)
    page = text_of(signed_in(supervisor).get(f"/shared/{packet.pk}/"))
    assert "Martha" not in page
    assert "[client]" in page
    assert "&lt;b&gt;like&lt;/b&gt;" in page


def test_the_list_shows_what_is_open(packet: Packet, supervisor: User) -> None:
    page = text_of(signed_in(supervisor).get("/shared/"))
    assert str(packet.pk) in page
    assert "turns 4–6" in page
    assert ASKED in page
    assert "not listening" not in page
    assert "Fern" not in page


# Who may not


def test_nobody_else_opens_it(
    packet: Packet,
    therapist: User,
    colleague: User,
    administrator: User,
    stranger: User,
    practice: Any,
) -> None:
    other = make_user(practice, "olga", is_supervisor=True)
    for user, status in (
        (other, 404),
        (stranger, 404),
        (colleague, 404),
        (therapist, 404),
        (administrator, 403),
    ):
        browser = signed_in(user)
        assert browser.get(f"/shared/{packet.pk}/").status_code == status, user
        assert browser.get(f"/shared/{packet.pk}/packet.pdf").status_code == status, user
        assert browser.post(f"/shared/{packet.pk}/", {"text": "x"}).status_code == status, user
    for user in (other, stranger, colleague):
        assert str(packet.pk) not in text_of(signed_in(user).get("/shared/"))
    assert not packet.comments.exists()


def test_only_the_therapist_of_the_client_makes_sees_and_ends(
    packet: Packet,
    session: models.Session,
    colleague: User,
    administrator: User,
    supervisor: User,
    stranger: User,
) -> None:
    draft = make_draft(session, supervisor)
    moment = draft.moments.get()
    for user, status in (
        (colleague, 404),
        (stranger, 404),
        (supervisor, 403),
        (administrator, 403),
    ):
        browser = signed_in(user)
        given, own = f"/shared/given/{packet.pk}", f"/shared/given/{draft.pk}"
        for path in (f"/sessions/{session.pk}/share/", f"{given}/", f"{given}/packet.pdf",
                     f"{own}/", f"{own}/review/"):  # fmt: skip
            assert browser.get(path).status_code == status, (user, path)
        for path in (f"/sessions/{session.pk}/share/", f"{own}/", f"{own}/review/",
                     f"{own}/delete/", f"{given}/end/", f"{given}/comments/",
                     f"{given}/"):  # fmt: skip
            sent = {"first": 4, "last": 6, "text": "x", "confirm": "1", "drop": moment.pk}
            assert browser.post(path, sent).status_code == status, (user, path)
    for user in (colleague, stranger):
        assert "Fern" not in text_of(signed_in(user).get("/shared/given/"))
    packet.refresh_from_db()
    assert packet.ended_at is None
    assert Packet.objects.count() == 2
    assert Moment.objects.filter(pk=moment.pk).exists()


def test_a_draft_is_open_to_nobody(
    session: models.Session, supervisor: User, therapist: User
) -> None:
    draft = make_draft(session, supervisor)
    browser = signed_in(supervisor)
    assert browser.get(f"/shared/{draft.pk}/").status_code == 404
    assert browser.get(f"/shared/{draft.pk}/packet.pdf").status_code == 404
    assert ASKED not in text_of(browser.get("/shared/"))
    own = signed_in(therapist)
    assert own.get(f"/shared/given/{draft.pk}/packet.pdf").status_code == 404
    assert own.post(f"/shared/given/{draft.pk}/end/").status_code == 404


def test_a_reader_gets_no_further_than_the_packet(
    packet: Packet, session: models.Session, supervisor: User
) -> None:
    browser = signed_in(supervisor)
    for path in (
        f"/sessions/{session.pk}/",
        f"/clients/{session.client_id}/",
        "/clients/",
        f"/shared/given/{packet.pk}/",
        f"/shared/given/{packet.pk}/review/",
        "/search/?q=listening",
    ):
        assert browser.get(path).status_code in (403, 404), path


# How long


def over(packet: Packet, **_people: User) -> None:
    Packet.objects.filter(pk=packet.pk).update(until=timezone.now())


def ended(packet: Packet, therapist: User, **_people: User) -> None:
    answer = signed_in(therapist).post(f"/shared/given/{packet.pk}/end/")
    assert answer.headers["Location"] == "/shared/given/"


def deleted(packet: Packet, therapist: User, **_people: User) -> None:
    signed_in(therapist).post(f"/shared/given/{packet.pk}/delete/")


def withdrawn(packet: Packet, therapist: User, **_people: User) -> None:
    consents.revoke(packet.client, "supervision", therapist)


def withdrawn_and_given_again(packet: Packet, therapist: User, **_people: User) -> None:
    consents.revoke(packet.client, "supervision", therapist)
    consents.give(packet.client, "supervision", timezone.localdate(), therapist)


def consent_gone(packet: Packet, **_people: User) -> None:
    packet.client.consents.filter(purpose="supervision").delete()


def session_gone(packet: Packet, **_people: User) -> None:
    remove_sessions(packet.client, packet.client.sessions.all())


def words_withdrawn(packet: Packet, therapist: User, **_people: User) -> None:
    consents.revoke(packet.client, "transcription", therapist)


def no_role(supervisor: User, colleague: User, **_people: Any) -> None:
    User.objects.filter(pk__in=(supervisor.pk, colleague.pk)).update(
        is_supervisor=False, is_therapist=False
    )


def moved_away(supervisor: User, colleague: User, stranger: User, **_people: Any) -> None:
    moved = User.objects.filter(pk__in=(supervisor.pk, colleague.pk))
    moved.update(practice=stranger.practice)


@pytest.mark.parametrize(
    "happens",
    [over, ended, deleted, withdrawn, withdrawn_and_given_again, consent_gone, session_gone,
     words_withdrawn, no_role, moved_away],
)  # fmt: skip
def test_it_is_gone_at_once_for_everybody(
    happens: Callable[..., None],
    group: Packet,
    therapist: User,
    supervisor: User,
    colleague: User,
    stranger: User,
) -> None:
    path = f"/shared/{group.pk}/"
    browsers = [signed_in(supervisor), signed_in(colleague)]
    assert [browser.get(path).status_code for browser in browsers] == [200, 200]
    happens(
        packet=group, therapist=therapist, supervisor=supervisor, colleague=colleague,
        stranger=stranger,
    )  # fmt: skip
    for browser in browsers:
        assert browser.get(path).status_code in (403, 404)
        assert browser.get(f"{path}packet.pdf").status_code in (403, 404)
        assert browser.post(path, {"text": "x"}).status_code in (403, 404)
        listed = browser.get("/shared/")
        assert listed.status_code == 403 or str(group.pk) not in text_of(listed)
    assert not Comment.objects.exists()


def test_a_packet_goes_with_any_of_its_sessions(
    client_record: Client, session: models.Session, supervisor: User
) -> None:
    other = read_session(client_record, held_on=session.held_on + timedelta(weeks=1))
    draft = make_draft(session, supervisor)
    packets.add(draft, other, 0, 3)
    remove_sessions(client_record, client_record.sessions.filter(pk=other.pk))
    assert not Packet.objects.exists()
    assert not Moment.objects.exists()


def test_without_consent_to_analysis_what_was_worked_out_is_gone(
    packet: Packet, therapist: User, supervisor: User
) -> None:
    assert Line.objects.exclude(marks=[]).exists()
    consents.revoke(packet.client, "analysis", therapist)
    page = text_of(signed_in(supervisor).get(f"/shared/{packet.pk}/"))
    assert "You are not listening" in page
    assert "The course in short" not in page
    assert "Complaint" not in page
    assert not Line.objects.exclude(marks=[]).exists()


# Talking about it


def test_both_say_something_and_read_it(packet: Packet, therapist: User, supervisor: User) -> None:
    theirs, own = signed_in(supervisor), signed_in(therapist)
    theirs.post(f"/shared/{packet.pk}/", {"text": "Where did you feel it?\nHere?"})
    page = text_of(own.get(f"/shared/given/{packet.pk}/"))
    assert "Where did you feel it?" in page
    own.post(f"/shared/given/{packet.pk}/", {"text": "At <b>turn five</b>."})
    page = text_of(theirs.get(f"/shared/{packet.pk}/"))
    assert "At &lt;b&gt;turn five&lt;/b&gt;." in page
    assert [one.author for one in packet.comments.all()] == [supervisor, therapist]
    assert "2 comments" in text_of(theirs.get("/shared/"))
    assert "2 comments" in text_of(own.get("/shared/given/"))


def test_members_of_a_group_read_each_other(
    session: models.Session, supervisor: User, colleague: User
) -> None:
    packet = make_packet(session, supervisor, colleague)
    signed_in(supervisor).post(f"/shared/{packet.pk}/", {"text": "Slower here."})
    assert "Slower here." in text_of(signed_in(colleague).get(f"/shared/{packet.pk}/"))


def test_in_a_blind_round_others_wait_until_one_has_written(
    group: Packet, therapist: User, supervisor: User, colleague: User
) -> None:
    theirs, others, own = signed_in(supervisor), signed_in(colleague), signed_in(therapist)
    path = f"/shared/{group.pk}/"
    theirs.post(path, {"text": "Slower here."})
    page = text_of(others.get(path))
    assert "Slower here." not in page
    assert "One comment waits" in page
    assert "Slower here." in text_of(theirs.get(path))
    assert "Slower here." in text_of(own.get(f"/shared/given/{group.pk}/"))
    others.post(path, {"text": "Warmer, I think."})
    assert "Slower here." in text_of(others.get(path))
    assert "Warmer" in text_of(theirs.get(path))


def test_the_therapist_opens_the_comments_for_everybody(
    group: Packet, therapist: User, supervisor: User, colleague: User
) -> None:
    signed_in(supervisor).post(f"/shared/{group.pk}/", {"text": "Slower here."})
    signed_in(therapist).post(f"/shared/given/{group.pk}/comments/")
    assert "Slower here." in text_of(signed_in(colleague).get(f"/shared/{group.pk}/"))


def test_a_comment_that_cannot_be_keeps_what_was_typed(packet: Packet, supervisor: User) -> None:
    for text in ("", "  ", "x" * 4001):
        page = text_of(signed_in(supervisor).post(f"/shared/{packet.pk}/", {"text": text}))
        assert 'class="error"' in page
    assert not packet.comments.exists()


def test_what_was_said_can_be_read_when_it_is_over_and_no_more_is_said(
    packet: Packet, therapist: User, supervisor: User
) -> None:
    signed_in(supervisor).post(f"/shared/{packet.pk}/", {"text": "Bring it along."})
    packets.end(packet)
    own = signed_in(therapist)
    assert "Bring it along." in text_of(own.get(f"/shared/given/{packet.pk}/"))
    own.post(f"/shared/given/{packet.pk}/", {"text": "Late"})
    assert packet.comments.count() == 1


# Audit, queries


def test_every_step_is_in_the_audit(
    session: models.Session, therapist: User, supervisor: User
) -> None:
    packet = make_packet(session, supervisor)
    theirs, own = signed_in(supervisor), signed_in(therapist)
    theirs.get("/shared/")
    theirs.get(f"/shared/{packet.pk}/")
    theirs.get(f"/shared/{packet.pk}/packet.pdf")
    theirs.post(f"/shared/{packet.pk}/", {"text": "Where did you feel it?"})
    own.get(f"/shared/given/{packet.pk}/")
    own.post(f"/shared/given/{packet.pk}/end/")
    theirs.get(f"/shared/{packet.pk}/")
    entries = list(Entry.objects.filter(practice=therapist.practice_id).order_by("number"))
    both = f"user:{supervisor.pk}", f"user:{therapist.pk}"
    assert [(e.actor, e.action) for e in entries] == [
        (both[1], "packet.start"),
        (both[1], "packet.confirm"),
        (both[0], "packets.see"),
        (both[0], "packet.see"),
        (both[0], "packet.pdf"),
        (both[0], "packet.comment"),
        (both[1], "packet.given"),
        (both[1], "packet.end"),
    ]
    assert all(e.client == session.client_id for e in entries if e.action != "packets.see")
    assert "feel" not in str([e.detail for e in entries])
    told = entries[1].detail
    assert (told["moments"], told["readers"], told["days"], told["kept"]) == (1, 1, 14, 0)


def test_queries_do_not_grow_with_packets_or_turns(
    packet: Packet,
    session: models.Session,
    therapist: User,
    supervisor: User,
    django_assert_max_num_queries: Most,
) -> None:
    for name in ("Ash", "Elm", "Oak"):
        other = read_session(make_client(therapist, name))
        large = make_draft(other, supervisor, first=0, last=5)
        packets.add(large, other, 5, 10)
        make_packet(other, supervisor, first=0, last=10)
    theirs, own = signed_in(supervisor), signed_in(therapist)
    for browser, path, most in (
        (theirs, "/shared/", 13),
        (theirs, f"/shared/{packet.pk}/", 19),
        (theirs, f"/shared/{packet.pk}/packet.pdf", 17),
        (own, "/shared/given/", 17),
        (own, f"/shared/given/{packet.pk}/", 20),
        (own, f"/shared/given/{large.pk}/", 20),
        (own, f"/shared/given/{large.pk}/review/", 30),
        (own, f"/sessions/{session.pk}/share/?first=1&last=10", 25),
    ):
        browser.get(path)
        with django_assert_max_num_queries(most):
            assert browser.get(path).status_code == 200, path
