"""What follows from a client's records: signals, reasons, changes, figures; human labels win."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.followup import refresh
from reattune.web.followup.figures import figures_for
from reattune.web.followup.models import Figures, Summary
from reattune.web.reviews import labels
from reattune.web.reviews.models import Noticed, Session
from tests.web.conftest import make_client
from tests.web.rows import add_form, add_session, add_visit, day, major, moment

pytestmark = pytest.mark.django_db

GOOD, LOW = [6, 6, 6, 6, 1], [2, 2, 2, 2, 6]


def why(client: Client) -> list[str]:
    """The reasons to look at a client, worked out now."""
    return [reason["why"] for reason in refresh.refresh(client).reasons]


def reason(client: Client, name: str) -> dict:
    """The one reason of this name."""
    (found,) = [r for r in refresh.refresh(client).reasons if r["why"] == name]
    return found


# The records as a course


def test_words_scores_and_attendance_become_signals_joined_in_time_order(
    client_record: Client,
) -> None:
    for week in range(3):
        add_session(client_record, week, major() if week == 1 else ())
        add_visit(client_record, week)
        add_form(client_record, week, LOW if week == 1 else GOOD)
    summary = refresh.refresh(client_record)
    signals = list(client_record.signals.all())
    assert [(s.session, s.source, s.rule) for s in signals][:2] == [
        (2, "words", "withdrawal"),
        (2, "checkin_client", "item-prompt"),
    ]
    assert signals[0].with_sources == ["checkin_client"]
    assert signals[0].false_per_12 is not None
    assert summary.sessions == 3
    assert summary.last_session == day(2)


def test_the_model_never_runs(client_record: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    add_session(client_record, 0, major())

    def run(*_: object, **__: object) -> None:
        raise AssertionError("the model ran")

    monkeypatch.setattr("reattune.follow.analyze", run)
    monkeypatch.setattr("reattune.pipeline.analyze", run)
    assert refresh.refresh(client_record).open_major == 1


def test_a_client_without_any_record_has_an_empty_summary(client_record: Client) -> None:
    summary = refresh.refresh(client_record)
    assert (summary.sessions, summary.reasons) == (0, [])
    assert summary.payload["episodes"] == []
    assert "drawing" not in summary.payload


def test_sessions_count_as_held_whatever_the_status_says(client_record: Client) -> None:
    add_visit(client_record, 0, "scheduled")
    add_session(client_record, 0)
    add_visit(client_record, 1, "no_show")
    add_visit(client_record, 2)
    add_session(client_record, 3)
    add_visit(client_record, 9, "scheduled")
    summary = refresh.refresh(client_record)
    assert summary.sessions == 3
    assert summary.payload["appointments"] == 4
    numbers = Session.objects.order_by("held_on").values_list("number", flat=True)
    assert list(numbers) == [1, 3]


def test_two_sessions_and_two_visits_of_a_day_are_told_apart(client_record: Client) -> None:
    first = add_session(client_record, 0, major())
    second = add_session(client_record, 1, major())
    Session.objects.filter(pk=second.pk).update(held_on=first.held_on)
    add_visit(client_record, 0)
    add_visit(client_record, 0, "no_show")
    summary = refresh.refresh(client_record)
    assert [e["number"] for e in summary.payload["episodes"]] == [1, 2]
    assert summary.payload["appointments"] == 2


def test_a_form_about_a_missed_appointment_is_left_out_with_a_note(client_record: Client) -> None:
    add_session(client_record, 0)
    add_visit(client_record, 1, "no_show")
    add_form(client_record, 1, GOOD)
    summary = refresh.refresh(client_record)
    assert summary.sessions == 1
    assert any("was not held" in note for note in summary.payload["notes"])


def test_forms_that_cannot_be_scored_stop_nothing(client_record: Client) -> None:
    add_session(client_record, 0, major())
    add_form(client_record, 0, [99] * 5)
    add_form(client_record, 0, [1, 2], measure="gone_since")
    summary = refresh.refresh(client_record)
    assert summary.open_major == 1
    notes = [note for note in summary.payload["notes"] if "left out" in note]
    assert len(notes) == 2


def test_summaries_hold_no_word_of_a_session(client_record: Client) -> None:
    add_session(client_record, 0, major(), risk=2)
    summary = refresh.refresh(client_record)
    kept = json.dumps([summary.payload, summary.reasons, summary.course])
    kept += json.dumps(list(client_record.signals.values_list("why", "evidence")))
    assert "the words" not in kept
    assert "Words 4" not in kept


# The human label wins


def test_a_dismissed_strain_is_no_reason_any_more(client_record: Client, therapist: User) -> None:
    session = add_session(client_record, 0, major())
    assert why(client_record) == ["strain"]
    for turn in (4, 6, 8):
        labels.judge(session, therapist, turn, "minimal_response", "dismissed")
    assert Client.objects.get().stale
    summary = refresh.refresh(client_record)
    assert summary.reasons == []
    assert not client_record.signals.exists()
    assert summary.course["episodes"] == []


def test_one_confirmed_flag_counts_as_an_episode(client_record: Client, therapist: User) -> None:
    session = add_session(client_record, 0, [(4, "topic_shift", "micro")])
    assert refresh.refresh(client_record).payload["episodes"] == []
    labels.judge(session, therapist, 4, "topic_shift", "confirmed")
    summary = refresh.refresh(client_record)
    (one,) = summary.payload["episodes"]
    assert one["confirmed"]
    assert len(summary.course["episodes"]) == 1
    assert [r["why"] for r in summary.reasons] == ["strain"]


def test_an_added_and_a_relabeled_marker_change_the_kind(
    client_record: Client, therapist: User
) -> None:
    session = add_session(client_record, 0, major())
    for turn in (4, 6, 8):
        labels.judge(
            session, therapist, turn, "minimal_response", "relabeled", to="complaint_therapist"
        )
    assert reason(client_record, "strain")["kind"] == "confrontation"


def test_what_was_noticed_at_the_time_goes_before_the_form(
    client_record: Client, therapist: User
) -> None:
    session = add_session(client_record, 0, major())
    add_form(client_record, 0, GOOD, measure="checkin_therapist", rater="therapist", how="own")
    assert refresh.refresh(client_record).payload["episodes"][0]["noticed"] is False
    for yes in (False, True):
        Noticed.objects.create(session=session, turn=4, yes=yes, by=therapist)
    summary = refresh.refresh(client_record)
    assert summary.payload["episodes"][0]["noticed"] is True
    assert summary.course["episodes"][0][5] is True


# Reasons


def test_risk_comes_first_and_goes_once_the_session_was_opened(client_record: Client) -> None:
    first = add_session(client_record, 0, major(), risk=2, opened=False)
    add_session(client_record, 1, major())
    assert why(client_record)[0] == "risk"
    Session.objects.filter(pk=first.pk).update(opened_at=moment(day(1)))
    assert "risk" not in why(client_record)
    summary = Summary.objects.get()
    assert [r["date"] for r in summary.payload["risks"]] == [str(day(0))]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_opening_a_session_changes_what_working_out_anew_would(
    client_record: Client, order: tuple[int, ...]
) -> None:
    sessions = [
        add_session(client_record, 0, major(), risk=2, opened=False),
        add_session(client_record, 1, opened=False),
        add_session(client_record, 2, major(), risk=4, opened=False),
    ]
    add_form(client_record, 2, GOOD)
    refresh.refresh(client_record)
    client_record.refresh_from_db()
    fields = ("reasons", "risk", "unread", "unseen", "standing")
    for at in order:
        refresh.seen(sessions[at])
        client_record.refresh_from_db()
        assert not client_record.stale
        kept = Summary.objects.values(*fields).get()
        assert kept["unread"] == Session.objects.filter(opened_at=None).count()
        refresh.refresh(client_record)
        assert Summary.objects.values(*fields).get() == kept


def test_a_session_is_opened_once(client_record: Client) -> None:
    session = add_session(client_record, 0, opened=False)
    refresh.refresh(client_record)
    refresh.seen(session)
    at = Session.objects.get().opened_at
    refresh.seen(session)
    assert at is not None
    assert Session.objects.get().opened_at == at


def test_risk_of_the_latest_session_stays_until_the_next(client_record: Client) -> None:
    add_session(client_record, 0, risk=2)
    assert why(client_record) == ["risk"]
    add_session(client_record, 1)
    assert why(client_record) == []


def test_an_answer_on_the_risk_item_is_a_reason(client_record: Client) -> None:
    add_session(client_record, 0)
    add_form(client_record, 0, [0] * 8 + [1], measure="phq9", how="paper")
    assert reason(client_record, "risk")["measure"] == "PHQ-9"


def test_a_strain_is_open_for_three_sessions_and_not_if_slight(client_record: Client) -> None:
    add_session(client_record, 0, major())
    add_session(client_record, 1, [(4, "deference", "micro")] * 1)
    assert reason(client_record, "strain")["turn"] == 4
    for week in (2, 3):
        add_session(client_record, week)
    assert "strain" not in why(client_record)


def test_a_strain_mended_later_is_not_open(client_record: Client) -> None:
    add_session(client_record, 0, major())
    session = add_session(client_record, 1, major())
    session.episodes.update(state="repaired")
    assert "strain" not in why(client_record)


def test_scores_that_got_worse_are_a_reason_until_they_are_back(client_record: Client) -> None:
    for week in range(6):
        add_form(client_record, week, [6, 6, 5 + week % 2, 6, 1], how="paper")
    assert "scores" not in why(client_record)
    add_form(client_record, 6, [3, 3, 3, 3, 4], how="paper")
    assert reason(client_record, "scores")["number"] == 7
    for week in (7, 8):
        add_form(client_record, week, [6, 6, 6, 6, 1], how="paper")
    assert "scores" not in why(client_record)


def test_staying_away_is_a_reason(client_record: Client) -> None:
    for week in range(8):
        add_visit(client_record, week)
    assert "absence" not in why(client_record)
    for week in (8, 9):
        add_visit(client_record, week, "no_show")
    assert reason(client_record, "absence")["rule"] == "missed"


def test_what_is_new_is_a_session_a_form_or_a_question(client_record: Client) -> None:
    add_session(client_record, 0, major(), opened=False)
    add_form(client_record, 0, GOOD)
    session = add_session(client_record, 1, analyzed=False)
    Session.objects.filter(pk=session.pk).update(state="roles")
    summary = refresh.refresh(client_record)
    assert [r["what"] for r in summary.reasons if r["why"] == "new"] == [
        "roles",
        "session",
        "form",
    ]
    assert summary.unread == 1


# What changed


def changes(client: Client) -> dict[str, dict]:
    """What changed since the session before, by what."""
    return {c["what"]: c for c in refresh.refresh(client).payload["changes"]}


def test_the_last_session_is_compared_with_the_one_before(client_record: Client) -> None:
    add_session(client_record, 0)
    add_visit(client_record, 0)
    add_form(client_record, 0, GOOD)
    add_visit(client_record, 1, "no_show")
    add_session(client_record, 2, major())
    add_visit(client_record, 2, "late", minutes_late=12)
    add_form(client_record, 2, LOW)
    found = changes(client_record)
    assert (found["words"]["now"], found["words"]["major"], found["words"]["before"]) == (1, 1, 0)
    assert found["score"]["better"] is False
    assert found["score"]["outside"] is None
    assert found["late"]["minutes"] == 12
    assert found["no_show"]["date"] == str(day(1))


def test_nothing_is_said_to_have_changed_after_one_session(client_record: Client) -> None:
    add_session(client_record, 0, major())
    assert changes(client_record) == {}


def test_a_form_left_out_and_words_not_read_are_said(client_record: Client) -> None:
    add_form(client_record, 0, GOOD)
    add_session(client_record, 1, analyzed=False)
    found = changes(client_record)
    assert set(found) == {"no-words", "no-form"}


# When it is worked out


def test_it_is_worked_out_when_stale_and_only_then(client_record: Client) -> None:
    add_session(client_record, 0)
    made = refresh.fresh(Client.objects.get())
    assert not Client.objects.get().stale
    assert refresh.fresh(Client.objects.get()).made == made.made
    client_record.outdate()
    assert refresh.fresh(Client.objects.get()).made > made.made


def test_an_error_leaves_the_last_summary_and_the_client_stale(
    client_record: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_session(client_record, 0)
    made = refresh.fresh(Client.objects.get())
    client_record.outdate()

    def broken(*_: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(refresh, "records_of", broken)
    assert refresh.fresh(Client.objects.get()) == made
    assert Client.objects.get().stale
    given_up: set = set()
    assert refresh.catch_up(given_up)
    assert not refresh.catch_up(given_up)


def test_the_worker_works_out_what_is_stale(client_record: Client) -> None:
    add_session(client_record, 0)
    assert refresh.catch_up(set())
    assert Summary.objects.get().sessions == 1
    assert not refresh.catch_up(set())


def test_many_stale_clients_are_worked_out_as_far_as_the_time_goes(therapist: User) -> None:
    for name in ("A", "B", "C"):
        make_client(therapist, name)
    clients = list(Client.objects.all())
    assert refresh.fresh_many(clients, budget=-1) == 3
    assert refresh.fresh_many(clients, budget=60) == 0


def test_queries_do_not_grow_with_the_sessions(client_record: Client) -> None:
    counts = []
    for week in range(12):
        add_session(client_record, week, major())
        add_visit(client_record, week)
        add_form(client_record, week, GOOD)
        if week in (3, 11):
            refresh.refresh(client_record)
            with CaptureQueriesContext(connection) as told:
                refresh.refresh(client_record)
            counts.append(len(told))
    few, many = counts
    assert few <= many <= few + 2  # rows are written in batches


# Figures


def test_figures_need_five_clients_and_are_kept_until_a_summary_changes(therapist: User) -> None:
    for at in range(5):
        client = make_client(therapist, f"Client {at}")
        add_session(client, 0, major() if at < 2 else ())
        refresh.refresh(client)
    found = {f["name"]: f for f in figures_for(therapist).figures}
    assert (found["with_rupture"]["count"], found["with_rupture"]["n"]) == (2, 5)
    assert found["with_rupture"]["low"] is not None
    kept = Figures.objects.get()
    figures_for(therapist)
    assert Figures.objects.get().basis == kept.basis
    session = Session.objects.get(client__name="Client 0")
    labels.judge(session, therapist, 4, "minimal_response", "dismissed")
    for turn in (6, 8):
        labels.judge(session, therapist, turn, "minimal_response", "dismissed")
    refresh.refresh(session.client)
    found = {f["name"]: f for f in figures_for(therapist).figures}
    assert found["with_rupture"]["count"] == 1


def test_figures_use_the_measure_of_most_clients(therapist: User) -> None:
    for at in range(3):
        client = make_client(therapist, f"Client {at}")
        measure, answers = ("srs", [9, 9, 9, 9]) if at == 0 else ("checkin_client", GOOD)
        add_form(client, 0, answers, measure=measure)
        refresh.refresh(client)
    made = figures_for(therapist)
    assert made.measure == "Session Check-in, client form"
    assert made.others == 1


def test_figures_are_of_one_s_own_clients(therapist: User, colleague: User) -> None:
    refresh.refresh(make_client(colleague))
    found = {f["name"]: f for f in figures_for(therapist).figures}
    assert found["with_rupture"]["n"] == 0
