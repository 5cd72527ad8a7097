"""Ruptures as records: renewed with the words, decided by people, shown with what they rest on."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from reattune import repair
from reattune.repair import HUMAN
from reattune.web import demo
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry as Audited
from reattune.web.clients import deletion, record
from reattune.web.clients.models import Client
from reattune.web.followup import refresh
from reattune.web.followup.told import CLOSINGS
from reattune.web.plans import renewal, store
from reattune.web.plans.models import Change, EndingRow, Plan, Rupture
from reattune.web.reviews import labels, queue
from reattune.web.reviews.models import Analysis, Session
from tests.web.browsing import go
from tests.web.conftest import make_client, signed_in
from tests.web.rows import add_session, add_visit, day, major
from tests.web.test_clients_browser import DESK, PHONE, opened, sound

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db
TAKEN_UP = [*major(), (9, "notice", ""), (5, "defensive", "")]


@pytest.fixture
def course(client_record: Client) -> Client:
    """A client with three sessions, the second with a major withdrawal that was spoken of."""
    for week in range(3):
        add_session(client_record, week, TAKEN_UP if week == 1 else ())
        add_visit(client_record, week)
    refresh.refresh(client_record)
    return client_record


def own(client: Client) -> repair.Rupture:
    """The client's only rupture as it is kept."""
    (found,) = store.load(client)
    return found


def decide(user: User, client: Client, **told: Any) -> Any:
    """The answer to a change of the client's first rupture."""
    row = client.ruptures.first()
    assert row is not None
    data = {"part": "", "old": "open", "session": 3, "note": "", "back": "client", **told}
    return signed_in(user).post(f"/clients/{client.pk}/plan/{row.key}/change/", data)


# What is kept


def test_an_episode_that_counts_opens_a_rupture_with_a_row(course: Client) -> None:
    kept = own(course)
    assert (kept.id, kept.kind, kept.intensity, kept.state) == (
        "s2-1",
        "withdrawal",
        "major",
        "open",
    )
    (row,) = kept.rows("")
    assert (row.by, row.old, row.new, row.session) == ("analysis", "", "open", 2)
    assert kept.episodes[0].words[0].quote == "Words 4."


def test_working_it_out_again_adds_nothing(course: Client) -> None:
    before = own(course), Change.objects.count()
    refresh.refresh(course)
    assert (own(course), Change.objects.count()) == before


@pytest.mark.parametrize(
    ("new", "repaired_at", "counted"),
    [
        ("repaired", 3, 1),
        ("repaired_in_part", None, 1),
        ("accepted_unrepaired", None, 1),
        ("ended", None, 1),
        ("set_aside", None, 0),
    ],
)
def test_what_a_person_closed_is_open_nowhere_and_counts_as_closed(
    therapist: User, course: Client, new: str, repaired_at: int | None, counted: int
) -> None:
    Session.objects.get(number=2).episodes.update(state="unnoticed")
    before = refresh.refresh(course)
    assert [one["why"] for one in before.reasons] == ["strain"]
    assert before.open_major == 1
    assert decide(therapist, course, new=new, note="We spoke of it.").status_code == 302
    after = refresh.refresh(course)
    assert after.reasons == []
    assert (after.open_major, after.open_episodes) == (0, 0)
    (one,) = after.payload["episodes"]
    assert (one["closed"], one["repaired_at"]) == (new, repaired_at)
    assert [row[6] for row in after.course["episodes"]] == [repaired_at] * counted
    page = signed_in(therapist).get(f"/clients/{course.pk}/").content.decode()
    assert str(CLOSINGS[new]) in page
    figures = signed_in(therapist).get("/clients/figures/").content.decode()
    assert (f"{CLOSINGS[new]}: 1" in figures) == bool(counted)


def test_a_joined_rupture_is_closed_as_the_one_it_joined(course: Client) -> None:
    add_session(course, 3, major(code="complaint_therapist"))
    refresh.refresh(course)
    first, second = store.load(course)
    for own, change in ((second, {"new": "joined", "into": first.id}), (first, {"new": "ended"})):
        row = Change(
            rupture=course.ruptures.get(key=own.id), old="open", when=timezone.now(), session=4,
            who="user:1", by="human", note="One and the same.", **change,
        )  # fmt: skip
        row.save()
    summary = refresh.refresh(course)
    assert [one["closed"] for one in summary.payload["episodes"]] == ["ended", "ended"]


def test_a_record_is_read_back_as_it_was_kept(course: Client) -> None:
    plan, _ = renewal.current(course)
    assert plan.record == store.load(course)


def test_rows_are_only_added(course: Client) -> None:
    row = Change.objects.first()
    assert row is not None
    row.note = "Another."
    with pytest.raises(TypeError, match="only added"):
        row.save()
    kept = own(course)
    with pytest.raises(ValueError, match="lost a row"):
        store.save(course, [kept], [replace(kept, changes=())])


def test_what_the_words_no_longer_show_is_taken_back_with_a_row(
    therapist: User, course: Client
) -> None:
    session = Session.objects.get(number=2)
    for turn in (4, 6, 8):
        labels.judge(session, therapist, turn, "minimal_response", "dismissed")
    refresh.refresh(course)
    assert own(course).state == "withdrawn"
    assert own(course).rows("")[-1].by == "analysis"


def test_what_a_person_decided_stays_whatever_the_words_show(
    therapist: User, course: Client
) -> None:
    assert decide(therapist, course, new="watched", note="She asked for time.").status_code == 302
    session = Session.objects.get(number=2)
    for turn in (4, 6, 8):
        labels.judge(session, therapist, turn, "minimal_response", "dismissed")
    refresh.refresh(course)
    kept = own(course)
    assert kept.state == "watched"
    assert kept.rows("")[-1].note == "She asked for time."
    assert kept.rows("")[-1].who == f"user:{therapist.pk}"


def test_a_decision_made_while_an_analysis_is_worked_out_is_not_lost(
    therapist: User, course: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is read within the transaction that keeps it: what a person said before counts."""
    real = renewal.make_plan

    def slow(*given: Any, **options: Any) -> Any:
        plan = real(*given, **options)
        assert plan.record[0].rows("")[-1].note == "It is mended."
        return plan

    decide(therapist, course, new="repaired", note="It is mended.")
    monkeypatch.setattr(renewal, "make_plan", slow)
    refresh.refresh(course)
    assert own(course).state == "repaired"


@pytest.mark.django_db(transaction=True)
def test_a_person_and_an_analysis_at_once_lose_nothing(therapist: User) -> None:
    import threading

    client = make_client(therapist)
    for week in range(3):
        add_session(client, week, TAKEN_UP if week == 1 else ())
    refresh.refresh(client)
    wrong: list[BaseException] = []

    def analyze() -> None:
        try:
            for _ in range(6):
                refresh.refresh(client)
        except BaseException as error:
            wrong.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=analyze)
    thread.start()
    states = ["watched", "open"] * 3
    old = "open"
    for new in states:
        answer = decide(therapist, client, old=old, new=new, note=f"To {new}.")
        assert answer.status_code == 302
        old = new
    thread.join()
    assert not wrong
    refresh.refresh(client)
    assert [row.new for row in own(client).rows("") if row.by == HUMAN] == states


def test_two_people_at_once_do_not_overwrite_each_other(therapist: User, course: Client) -> None:
    decide(therapist, course, new="watched", note="First.")
    answer = decide(therapist, course, new="repaired", note="Second.")
    html = answer.content.decode()
    assert "The state is watched by now" in html
    assert "Second." in html
    assert own(course).state == "watched"


def test_sessions_numbered_anew_take_the_rows_with_them(therapist: User, course: Client) -> None:
    row = course.ruptures.get()
    [asked] = [p for p in own(course).proposals if p.part]
    answer = signed_in(therapist).post(
        f"/clients/{course.pk}/plan/{row.key}/{asked.id}/", {"answer": "accept", "note": "Yes."}
    )
    assert answer.status_code == 302
    add_session(course, -1, ())
    refresh.refresh(course)
    kept = own(course)
    assert kept.session == 3
    assert kept.episodes[0].session == 3
    assert [r.session for r in kept.rows("notice")] == [3]
    assert kept.rows("notice")[0].note == "Yes."
    [moved] = [p for p in kept.proposals if p.part]
    assert kept.answer(moved.id) == "accepted"
    assert "-s3-" in moved.id


def test_words_of_a_deleted_session_leave_the_plan_at_once(course: Client) -> None:
    decide(course.therapist, course, new="watched", note="My own words stay.")
    Session.objects.get(number=2).delete()
    told = str([row.body for row in Rupture.objects.all()]) + str(Plan.objects.get().body)
    assert "Words 4" not in told
    refresh.refresh(course)
    assert "Words 4" not in str(Rupture.objects.get().body)
    assert own(course).rows("")[-1].note == "My own words stay."


def test_words_leave_with_the_analysis_too(course: Client) -> None:
    Analysis.objects.filter(session__client=course).delete()
    assert "Words 4" not in str(Rupture.objects.get().body)


def test_the_queries_of_a_renewal_do_not_grow(
    client_record: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for week in range(12):
        add_session(client_record, week, TAKEN_UP)
        add_visit(client_record, week)
    refresh.refresh(client_record)
    with django_assert_max_num_queries(30):
        refresh.refresh(client_record)


# The pages


def page(user: User, path: str) -> str:
    """A page as this user sees it."""
    answer = signed_in(user).get(path)
    assert answer.status_code == 200, path
    html = answer.content.decode()
    assert "style=" not in html
    return html


def test_the_client_page_has_the_open_rupture_with_what_it_rests_on(
    therapist: User, course: Client
) -> None:
    html = page(therapist, f"/clients/{course.pk}/")
    session = Session.objects.get(number=2)
    assert "Withdrawal, major" in html
    assert "Words 4." in html
    assert f'href="/sessions/{session.pk}/#t5"' in html
    for state in ("tried", "landed", "did_not_land", "skipped"):
        assert f'name="new" value="{state}"' in html
    assert 'name="answer" value="accept"' in html
    assert "Only a person closes" in html
    assert f'href="/clients/{course.pk}/next-session/"' in html


def test_pages_are_bounded_in_queries(
    therapist: User, client_record: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for week in range(15):
        add_session(client_record, week, TAKEN_UP if week % 5 == 1 else ())
    refresh.refresh(client_record)
    browser, base = signed_in(therapist), f"/clients/{client_record.pk}"
    browser.get(f"{base}/plan/")
    key = client_record.ruptures.first().key  # type: ignore[union-attr]
    for path, most in (
        ("/", 26), ("/plan/", 14), (f"/plan/{key}/", 16), ("/ending/", 16), ("/next-session/", 36),
    ):  # fmt: skip
        with django_assert_max_num_queries(most):
            assert browser.get(f"{base}{path}").status_code == 200


def test_a_step_moves_by_a_button_with_a_note(therapist: User, course: Client) -> None:
    answer = decide(
        therapist, course, part="notice", old="not_yet", new="landed", note="She nodded."
    )
    assert answer.headers["Location"] == f"/clients/{course.pk}/#r-s2-1"
    (row,) = own(course).rows("notice")
    assert (row.new, row.session, row.note) == ("landed", 3, "She nodded.")
    html = page(therapist, f"/clients/{course.pk}/plan/s2-1/")
    assert "She nodded." in html
    assert therapist.name in html
    assert Audited.objects.filter(action="plan.change", client=course.pk).count() == 1


def test_closing_needs_a_reason_and_keeps_what_was_typed(therapist: User, course: Client) -> None:
    html = decide(therapist, course, new="repaired", note="  ").content.decode()
    assert "It does not say why." in html
    assert own(course).state == "open"
    decide(therapist, course, new="repaired", note="She said so.")
    assert own(course).closing.who == f"user:{therapist.pk}"  # type: ignore[union-attr]
    html = page(therapist, f"/clients/{course.pk}/plan/")
    assert "She said so." in html


@pytest.mark.parametrize(
    "told",
    [
        {"new": "nonsense", "note": "x"},
        {"new": "withdrawn", "note": "x"},
        {"new": "repaired", "note": "x", "session": 1},
        {"new": "repaired", "note": "x", "session": "soon"},
        {"new": "joined", "note": "x", "into": "s9-9"},
        {"new": "joined", "note": "x", "into": "s2-1"},
        {"part": "nonsense", "old": "pending", "new": "accepted"},
        {"part": "notice", "old": "not_yet", "new": "skipped"},
        {"new": "repaired", "note": "x" * 2001},
        {"new": "repaired", "note": "a\x00b"},
        {},
    ],
)
def test_bad_changes_are_said_and_nothing_is_kept(
    therapist: User, course: Client, told: dict[str, Any]
) -> None:
    before = Change.objects.count()
    answer = decide(therapist, course, **told)
    assert answer.status_code == 200
    assert "Not kept:" in answer.content.decode()
    assert Change.objects.count() == before


def test_a_proposal_is_accepted_or_not(therapist: User, course: Client) -> None:
    [asked] = [p for p in own(course).proposals if p.part]
    path = f"/clients/{course.pk}/plan/s2-1/{asked.id}/"
    assert "Not kept:" in signed_in(therapist).post(path, {"answer": "maybe"}).content.decode()
    assert signed_in(therapist).post(path, {"answer": "decline"}).status_code == 302
    assert own(course).answer(asked.id) == "declined"
    refresh.refresh(course)
    assert own(course).step("notice") == "not_yet"
    answer = signed_in(therapist).post(path.replace(asked.id, "no-such"), {"answer": "accept"})
    assert "There is no such proposal." in answer.content.decode()


def test_a_rupture_is_opened_by_hand(therapist: User, course: Client) -> None:
    path = f"/clients/{course.pk}/plan/open/"
    told = {"kind": "confrontation", "intensity": "micro", "session": 1, "note": "He was curt."}
    assert "errorlist" not in signed_in(therapist).post(path, {**told, "note": ""}).content.decode()
    assert course.ruptures.count() == 1
    answer = signed_in(therapist).post(path, told)
    assert answer.status_code == 302
    made = store.get(course, "s1-1")
    assert made is not None
    assert (made.kind, made.session, made.date) == ("confrontation", 1, day(0))
    assert "He was curt." in page(therapist, answer.headers["Location"])
    refresh.refresh(course)
    assert store.get(course, "s1-1").state == "open"  # type: ignore[union-attr]
    joined = signed_in(therapist).post(
        f"/clients/{course.pk}/plan/s1-1/change/",
        {"part": "", "old": "open", "new": "joined", "session": 2, "note": "Same.", "into": "s2-1"},
    )
    assert joined.status_code == 302
    assert store.get(course, "s1-1").state == "joined"  # type: ignore[union-attr]


def test_hard_cases_that_only_the_therapist_knows(therapist: User, course: Client) -> None:
    path = f"/clients/{course.pk}/plan/cases/"
    signed_in(therapist).post(path, {"case": ["difference", "nonsense"]})
    assert Plan.objects.get().told == ["difference"]
    assert "You said so." in page(therapist, f"/clients/{course.pk}/plan/")
    Client.objects.filter(pk=course.pk).update(telehealth=True, stale=True)
    refresh.refresh(course)
    assert "telehealth" in {case["id"] for case in Plan.objects.get().body["cases"]}


def test_pages_of_a_client_without_anything_teach(therapist: User, client_record: Client) -> None:
    base = f"/clients/{client_record.pk}"
    assert "No rupture is followed." in page(therapist, f"{base}/plan/")
    assert "No rupture is followed" in page(therapist, f"{base}/next-session/")
    assert "Plan an ending" in page(therapist, f"{base}/ending/")
    assert "Nothing to show" in page(therapist, "/missteps/")


PATHS = (
    "/plan/", "/plan/s2-1/", "/next-session/", "/next-session.pdf", "/ending/", "/ending/letter/",
)  # fmt: skip
POSTS = ("/plan/open/", "/plan/cases/", "/plan/s2-1/change/", "/plan/s2-1/x/", "/ending/change/")


def test_nobody_else_sees_or_changes_any_of_it(
    course: Client, colleague: User, supervisor: User, administrator: User, stranger: User
) -> None:
    before = Change.objects.count(), EndingRow.objects.count()
    for user, code in ((colleague, 404), (stranger, 404), (supervisor, 403), (administrator, 403)):
        browser = signed_in(user)
        for path in PATHS:
            assert browser.get(f"/clients/{course.pk}{path}").status_code == code, path
        for path in POSTS:
            assert browser.post(f"/clients/{course.pk}{path}", {}).status_code == code, path
    assert (Change.objects.count(), EndingRow.objects.count()) == before
    for user in (supervisor, administrator):
        for path in ("/missteps/", "/reference/", "/reference.pdf"):
            assert signed_in(user).get(path).status_code == 403


def test_what_is_not_there_is_404(therapist: User, course: Client) -> None:
    browser = signed_in(therapist)
    assert browser.get(f"/clients/{course.pk}/plan/s9-9/").status_code == 404
    assert browser.get(f"/clients/{uuid.uuid4()}/plan/").status_code == 404
    told = {"old": "open", "new": "watched", "note": "x", "session": 3}
    assert browser.post(f"/clients/{course.pk}/plan/s9-9/change/", told).status_code == 404
    for path in POSTS:
        assert browser.get(f"/clients/{course.pk}{path}").status_code in (404, 405)


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


# In the browser: demo course A, from stored analyses to closure and a printed sheet


@pytest.fixture
def course_a(therapist: User) -> Client:
    """Demo course A, read by the model."""
    client = demo.fill_course(therapist, demo.examples().joinpath("course_a"))
    while queue.work_once("test"):
        pass
    refresh.refresh(client)
    return client


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_course_a_to_closure_and_a_printed_sheet(
    browser: Browser, live_server: LiveServer, therapist: User, course_a: Client
) -> None:
    with opened(browser, live_server, therapist, DESK) as view:
        view.goto(f"/clients/{course_a.pk}/")
        sound(view)
        clicks = 0
        go(view, "text=Next-session sheet")
        clicks += 1
        view.wait_for_url("**/next-session/")
        sound(view)
        view.evaluate("window.print = () => { document.body.dataset.printed = 'yes' }")
        view.click("button[data-print]")
        clicks += 1
        assert view.get_attribute("body", "data-printed") == "yes"
        assert clicks <= 6
        assert len(view.pdf(format="A4")) > 1000
        view.goto(f"/clients/{course_a.pk}/")
        closure(view)
    assert own_open(course_a) == []
    kept = next(r for r in store.load(course_a) if r.state == "repaired")
    assert kept.closing is not None
    assert kept.closing.session == 5


def own_open(client: Client) -> list[str]:
    """The keys of what is still open."""
    return [r.id for r in store.load(client) if r.state in ("open", "watched")]


def closure(view: Page) -> None:
    """Accept what the words look like, step by step, then the closure."""
    for _ in range(12):
        asked = view.locator(".repair-steps > li:has(.asked)")
        if not asked.count():
            break
        summary = asked.first.locator("> details > summary")
        summary.click()
        go(view, asked.first.locator(".asked button[value=accept]"))
    box = view.locator(".told > .asked")
    box.locator("textarea").fill("She said that we are all right again.")
    go(view, box.locator("button[value=accept]"))
    sound(view)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_pages_hold_on_a_phone_and_without_script(
    browser: Browser, live_server: LiveServer, therapist: User
) -> None:
    client = make_client(therapist)
    for week in range(3):
        add_session(client, week, TAKEN_UP if week == 1 else ())
    refresh.refresh(client)
    base = f"/clients/{client.pk}"
    with opened(browser, live_server, therapist, PHONE) as view:
        for path in ("/", "/plan/", "/plan/s2-1/", "/next-session/", "/ending/", "/ending/letter/"):
            view.goto(f"{base}{path}")
            view.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
            sound(view)
        for path in ("/missteps/", "/reference/"):
            view.goto(path)
            sound(view)
    with opened(browser, live_server, therapist, DESK, java_script_enabled=False) as view:
        view.goto(f"{base}/")
        view.locator(".repair-steps summary").first.click()
        view.fill("#c-s2-1-notice", "At the start.")
        go(view, view.locator(".repair-steps li").first.locator("button[value=tried]"))
        assert view.locator("text=Noted.").count() == 1
