"""Ruptures as records: renewed with the words, decided by people, shown with what they rest on."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from reattune.repair import HUMAN
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry as Audited
from reattune.web.clients.models import Client
from reattune.web.followup import refresh
from reattune.web.followup.told import CLOSINGS
from reattune.web.plans import renewal, store
from reattune.web.plans.models import Change, EndingRow, Plan, Rupture
from reattune.web.reviews import labels
from reattune.web.reviews.models import Analysis, Session
from tests.web.conftest import make_client, signed_in
from tests.web.plans import TAKEN_UP, decide, own, page
from tests.web.rows import add_session, add_visit, day, major

pytestmark = pytest.mark.django_db


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
    for one, change in ((second, {"new": "joined", "into": first.id}), (first, {"new": "ended"})):
        row = Change(
            rupture=course.ruptures.get(key=one.id), old="open", when=timezone.now(), session=4,
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
