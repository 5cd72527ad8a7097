"""Feedback, drills and progress of practice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reattune import practice
from reattune.practice import check, told
from reattune.practice.drills import DAYS, due, landed
from reattune.practice.parts import Scenario
from tests.test_practice import POOR, THERAPIST, said


@pytest.fixture(scope="module")
def thin() -> Scenario:
    return practice.load_scenarios()["thin_yes"]


# Feedback


def test_feedback_names_rule_change_and_another_wording(thin):
    run, made = practice.reply(practice.start(thin, seed=1), POOR)
    assert made.after.ease < made.before.ease
    assert {moved.code for moved in made.moved} == {
        one.code for one in made.readings if one.counted
    }
    for moved in made.moved:
        assert moved.why
        assert moved.sources
    of = [one.of for one in made.rewordings]
    assert of == ["guidance", "scenario"]
    assert made.rewordings[0].id.startswith("missteps.")
    assert made.rewordings[1].text in thin.nodes["thin"].replies["good"]
    assert made.next == run.said
    assert json.loads(json.dumps(made.to_dict()))["after"]["ease"] < 1


def test_after_a_contest_feedback_is_worked_out_anew(thin):
    run, made = practice.reply(practice.start(thin, seed=1), POOR)
    for one in made.readings:
        run = practice.contest(run, 0, one.code, "That is not what I did.")
    again = practice.feedback(run, 0)
    assert again.after == again.before
    assert all(one.contested and not one.counted and one.view for one in again.readings)
    summary = practice.summary(run)
    assert [number for number, _ in summary.contested] == [0] * len(made.readings)
    assert summary.missteps == ()


def test_the_summary_says_what_was_used_and_what_turned_it(thin):
    run = said(thin, practice.start(thin), "notice", "invite")
    run = said(thin, run, "blaming")
    ended, summary = practice.finish(run)
    assert ended.outcome == "stopped"
    assert summary.outcome_name == "Ended by you"
    used = {one.id: one.replies for one in summary.used}
    assert used["notice"] == used["invite"] == (0,)
    assert {one.id for one in summary.unused} >= {"validate", "explore_meaning", "negotiate"}
    assert len(summary.used) + len(summary.unused) == 9
    assert [(one.id, one.replies) for one in summary.missteps] == [("blaming", (1,))]
    assert [(one.number, one.ease > 0) for one in summary.turned] == [(0, True), (1, False)]
    assert len(summary.states) == 3


def test_the_summary_says_what_is_not_known(thin):
    _, summary = practice.finish(practice.start(thin))
    words = " ".join(one.text for one in summary.cautions)
    sources = {name for one in summary.cautions for name in one.sources}
    assert "practice alone did not" in words
    assert "not significantly related to outcome" in words
    assert {"Louie et al. 2026", "Eubanks, Muran & Safran 2018"} <= sources
    assert "grade" not in json.dumps(summary.to_dict()).lower()
    assert "score" not in json.dumps(summary.to_dict()).replace("unscored", "").lower()


# Drills and progress


def test_the_drills_cover_the_five_steps_and_the_four_moves():
    drills = practice.load_drills()
    assert len(drills) >= 12
    assert len({drill.skill for drill in drills.values()}) == 9
    assert not set(drills) & set(practice.load_scenarios())
    for drill in drills.values():
        assert drill.scenario.sources
        assert drill.codes


@pytest.mark.parametrize("id", sorted(practice.load_drills()))
def test_good_replies_land_in_a_drill_and_poor_ones_do_not(id):
    drill = practice.load_drills()[id]
    assert list(check.problems(drill.scenario, 1, slack=0.01)) == []
    replies = drill.scenario.nodes["line"].replies
    for text in replies["good"]:
        run, _ = practice.reply(practice.start(drill, seed=1), text)
        assert landed(run, drill), text
        assert run.outcome == "repaired"


def drilled(id: str, day: date, lands: bool) -> practice.Run:
    drill = practice.load_drills()[id]
    run = practice.start(drill, on=day)
    while not run.over:
        run = said(drill.scenario, run, *(drill.codes[:1] if lands else ()))
    return run


def test_a_drill_that_lands_comes_back_later_and_one_that_does_not_soon():
    drills, day = practice.load_drills(), date(2026, 5, 4)
    id = next(iter(drills))
    done: list[practice.Run] = []
    for box, wait in enumerate([*DAYS[1:], DAYS[-1]], 1):
        done.append(drilled(id, day, True))
        [own] = [one for one in due(drills, done, day) if one.drill == id]
        assert own.day == day + timedelta(days=wait)
        assert own.box == min(box, len(DAYS) - 1)
        day = own.day
    done.append(drilled(id, day, False))
    [own] = [one for one in due(drills, done, day) if one.drill == id]
    assert (own.day, own.box, own.done) == (day + timedelta(days=1), 0, len(done))
    late = day + timedelta(days=90)
    assert due(drills, done, late)[0].day == late


def test_new_drills_are_due_today_in_their_order_and_runs_without_a_day_count_not():
    drills, day = practice.load_drills(), date(2026, 5, 4)
    plain = replace(drilled(next(iter(drills)), day, True), begun=None)
    found = due(drills, [plain], day)
    assert [one.drill for one in found] == list(drills)
    assert {one.day for one in found} == {day}
    assert found[0].to_dict()["day"] == "2026-05-04"


def test_a_contested_landing_does_not_count_for_the_schedule():
    drills, day = practice.load_drills(), date(2026, 5, 4)
    id = next(iter(drills))
    run = drilled(id, day, True)
    run = practice.contest(run, 0, run.exchanges[0].readings[0].code)
    [own] = [one for one in due(drills, [run], day) if one.drill == id]
    assert own.box == 0


def test_progress_counts_and_says_where_there_is_too_little(thin):
    run = said(thin, practice.start(thin, on=date(2026, 5, 4)), "validate")
    few = {one.code: one for one in practice.progress([run])}
    assert set(few) == set(THERAPIST)
    own = few["validate"]
    assert (own.attempts, own.landed, own.share) == (1, 1, None)
    assert "Too few" in own.reason
    more = said(thin, said(thin, run, "validate"), "explore_meaning")
    later = replace(more, begun=date(2026, 5, 5))
    many = {one.code: one for one in practice.progress([later, more, later, run])}
    assert many["validate"].attempts == 7
    assert many["validate"].share == 1.0
    days = [point.day for point in many["validate"].points]
    assert days == sorted(days)
    gone = practice.contest(run, 0, "validate")
    assert {one.code: one for one in practice.progress([gone])}["validate"].contested == 1
    assert practice.progress([])[0].attempts == 0


def test_progress_knows_what_drills_asked_for():
    run = drilled("real_choice", date(2026, 5, 4), False)
    found = {one.code: one for one in practice.progress([run])}
    assert found["negotiate"].asked == 3
    assert found["notice"].asked == 0


@given(st.permutations(range(4)))
@settings(max_examples=10)
def test_progress_and_schedule_do_not_depend_on_the_order_of_runs(order):
    day = date(2026, 5, 4)
    done = [
        drilled("unsure", day + timedelta(days=n), lands)
        for n, lands in enumerate((True, False, True, True))
    ]
    shuffled = [done[n] for n in order]
    drills = practice.load_drills()
    assert due(drills, shuffled, day) == due(drills, done, day)
    assert practice.progress(shuffled) == practice.progress(done)


def test_feedback_reads_alike_in_a_drill():
    drill = practice.load_drills()["shorter_answers"]
    run, made = practice.reply(
        practice.start(drill, seed=2),
        "I notice you went quiet when I brought up your sister, and I may be wrong.",
    )
    assert run.over
    assert next(one.code for one in made.readings if one.counted) == "notice"
    assert told.summary_of(drill.scenario, run).drill
