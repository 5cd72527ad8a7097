"""The plan: steps that cite and rest on something, proposals, hard cases, the demo stories."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from reattune import guidance
from reattune.attendance import Visit
from reattune.course import Appointment, Course
from reattune.errors import InputError
from reattune.follow import Following, follow, follow_reads
from reattune.repair import HUMAN, STEPS, Change, Rupture, accept, apply, decline, waiting
from reattune.repair_cases import CASES, cases, last_answer
from reattune.repair_find import find
from reattune.repair_plan import Plan, make_plan
from reattune.repair_propose import proposals
from reattune.signals import Read
from tests.courses import Said, coded, course_of, demo, labelled, until
from tests.test_repair_find import (
    AGAINST,
    ASK,
    AWAY,
    CALM,
    CURT,
    MENDED,
    QUIET,
    START,
    following,
)

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
TOLD = guidance.load()


def plan(course: Following, known=(), changes=(), **options) -> Plan:
    return make_plan(course, known, changes, when=NOW, **options)


def only(made: Plan):
    [own] = made.ruptures
    return own


def kinds(rupture: Rupture, course: Following) -> list[tuple[str, str, int]]:
    return [(p.part, p.new, p.session) for p in proposals(rupture, course)]


# What a plan holds


@pytest.mark.parametrize("name", "abc")
def test_each_step_cites_guidance_and_rests_on_something(name):
    for own in plan(demo(name)).ruptures:
        assert [step.id for step in own.steps] == list(STEPS)
        for step in own.steps:
            assert step.rests_on
            assert all(basis.quote or basis.signal or basis.why for basis in step.rests_on)
            assert 3 <= len(step.phrases) <= 5
            assert set(step.cites) <= set(TOLD.texts)
            assert all(TOLD.texts[id].sources for id in step.cites)


def test_phrases_fit_kind_and_intensity():
    own = only(plan(demo("a")))
    expected = tuple(t.id for t in TOLD.phrasings("validate", "withdrawal", "major"))
    assert own.steps[2].phrases == expected


def test_quotes_are_words_of_the_turns_they_name():
    course = demo("b")
    for own in plan(course).ruptures:
        for basis in (b for o in own.episodes for b in (*o.words, *o.answers)):
            assert basis.quote in course.analyses[basis.session].session.turns[basis.turn].text


def test_a_plan_is_the_same_for_the_same_records():
    assert plan(demo("b")) == plan(demo("b"))
    made = plan(demo("b"))
    assert plan(demo("b"), made.record) == made


def test_a_course_without_words_or_strain_has_an_empty_plan():
    made = plan(follow(course_of("c-1", 3, checkin_client=[[6, 6, 6, 5, 1]] * 3)))
    assert (made.ruptures, made.missteps, made.unexplained, made.session) == ((), (), (), 3)
    empty = plan(follow_reads(Course("c-1", ()), []))
    assert (empty.session, empty.date, empty.ruptures) == (0, None, ())


def test_a_firm_fall_of_scores_without_words_is_told_and_opens_nothing():
    answers = [[6, 6, 6, 5 + n % 2, 1] for n in range(7)] + [[2, 2, 2, 3, 6]]
    made = plan(follow(course_of("c-1", 8, checkin_client=answers)))
    assert made.ruptures == ()
    assert {basis.session for basis in made.unexplained} == {8}
    assert all(basis.why for basis in made.unexplained)


def test_open_ruptures_come_first_and_the_gravest_ahead():
    made = plan(following(AWAY, AGAINST))
    assert [own.rupture.kind for own in made.ruptures] == ["confrontation", "withdrawal"]
    assert made.asks == ("plan.prompt.apart",)
    closed = apply(
        made.record[0],
        Change(made.record[0].id, "", "open", "repaired", NOW, 2, "ruth", HUMAN, "Yes."),
    )
    again = plan(following(AWAY, AGAINST), [closed, made.record[1]])
    assert [own.rupture.kind for own in again.ruptures] == ["withdrawal", "confrontation"]
    assert again.asks == ()


def test_signals_of_scores_and_attendance_in_its_sessions_bear_a_rupture_out():
    signals = {basis.signal for basis in only(plan(demo("a"))).borne_out}
    assert "checkin_client:item-prompt" in signals
    assert "attendance:irregular" in signals
    assert not any(signal.startswith("words") for signal in signals)


# What comes next


def next_of(*sessions: list[Said]) -> str:
    return only(plan(following(*sessions))).next


def test_what_nobody_took_up_begins_with_noticing():
    assert next_of(AWAY + CALM) == "notice"


def test_after_a_notice_that_landed_comes_inviting():
    said = [*AWAY, ("T", "You went quiet there.", ("notice",)), QUIET, *AWAY, *CURT]
    assert next_of(said) == "invite"


def test_a_small_strain_that_looks_repaired_asks_for_no_step():
    own = only(plan(following(MENDED)))
    assert (own.next, own.next_asks) == ("", "plan.prompt.may_skip")


def test_a_step_that_the_therapist_skipped_is_not_put_again():
    made = plan(following(AWAY + CALM))
    row = Change("s1-1", "notice", "not_yet", "skipped", NOW, 1, "ruth", HUMAN, "She was ill.")
    assert only(plan(following(AWAY + CALM), made.record, [row])).next == "invite"


def test_after_a_further_strain_it_begins_anew():
    made = plan(following(AWAY + CALM))
    row = Change("s1-1", "notice", "not_yet", "landed", NOW, 1, "ruth", HUMAN)
    course = following(AWAY + CALM, AWAY + CALM)
    assert only(plan(course, made.record, [row])).next == "notice"


def test_meaning_comes_after_inviting_and_validating():
    rows = [
        Change("s1-1", step, "not_yet", "landed", NOW + timedelta(minutes=n), 1, "ruth", HUMAN)
        for n, step in enumerate(("notice", "invite", "validate"))
    ]
    course = following([ASK, ("C", "Fine.", ("!minimal_response",)), *CALM])
    assert only(plan(course, (), rows)).next == "negotiate"
    rows.append(replace(rows[0], part="negotiate", when=NOW + timedelta(hours=1)))
    own = only(plan(course, (), rows))
    assert (own.next, own.next_asks) == ("explore_meaning", "plan.prompt.wait_meaning")


# Proposals


def test_words_in_the_strain_look_like_a_step():
    course = following(MENDED)
    [rupture] = find(course, when=NOW)
    [heard] = [p for p in proposals(rupture, course) if p.part]
    assert (heard.part, heard.new, heard.session) == ("notice", "landed", 1)
    assert heard.rests_on[0].turn == 2
    assert heard.asks == "plan.prompt.looks_like"


@pytest.mark.parametrize(
    ("reply", "codes", "new"),
    [
        (QUIET[1], (), "landed"),
        ("No.", (), "tried"),
        ("Fine.", ("minimal_response",), "tried"),
        ("There is nothing wrong.", ("denial",), "did_not_land"),
        ("You keep doing that.", ("complaint_therapist",), "did_not_land"),
    ],
)
def test_how_it_landed_is_told_by_the_next_turn(reply, codes, new):
    said = [*AWAY, ("T", "You went quiet.", ("notice",)), ("C", reply, codes), *CALM]
    course = following(said)
    rupture = next(r for r in find(course, when=NOW) if r.kind != "confrontation")
    assert ("notice", new, 1) in kinds(rupture, course)


def test_a_later_session_proposes_words_outside_any_strain_and_says_so():
    later = [("T", "I have thought about last time.", ("notice",)), QUIET, *CALM]
    course = following(AWAY + CALM, later)
    [rupture] = find(course, when=NOW)
    [heard] = [p for p in proposals(rupture, course) if p.part]
    assert (heard.session, heard.new) == (2, "landed")
    assert "ordinary talk" in heard.why


def test_of_several_open_ruptures_the_latest_is_given_what_is_outside():
    later = [("T", "I have thought about last time.", ("notice",)), QUIET, *CALM]
    course = following(AWAY + CALM, AGAINST + CALM, later)
    found = find(course, when=NOW)
    heard = {r.kind: [p.part for p in proposals(r, course, found) if p.part] for r in found}
    assert heard == {"withdrawal": [], "confrontation": ["notice"]}


def test_only_what_leads_further_is_proposed():
    heard = [p for p in proposals(find(demo("a"), when=NOW)[0], demo("a")) if p.part == "validate"]
    assert [(p.session, p.new) for p in heard] == [(3, "tried"), (4, "landed")]


def test_what_was_declined_makes_room_for_what_comes_later():
    course = following(AWAY, MENDED, MENDED)
    made = only(plan(course)).rupture
    [heard] = [p for p in waiting(made) if p.part]
    assert heard.session == 2
    made = decline(made, heard.id, when=NOW, who="ruth", note="That was about her mother.")
    assert [p.session for p in waiting(only(plan(course, [made])).rupture) if p.part] == [3]


def scored(*sessions: list[Said], answers: list[list[int]]) -> Following:
    """A course with words and check-ins."""
    course = course_of("c-1", len(sessions), checkin_client=answers)
    days = dict(course.held)
    reads = [Read(n, days[n], coded(said)) for n, said in enumerate(sessions, 1)]
    return follow_reads(course, reads)


GOOD, LOW = [6, 6, 6, 6, 1], [4, 4, 4, 5, 4]


def test_recovery_in_words_and_scores_proposes_closure():
    course = scored(CALM, AWAY, MENDED, CALM, answers=[GOOD, LOW, LOW, GOOD])
    [rupture] = find(course, when=NOW)
    [end] = [p for p in proposals(rupture, course) if not p.part]
    assert (end.new, end.session, end.asks) == ("repaired", 4, "plan.prompt.close")
    assert "session 3" in end.why
    assert "session 4" in end.why


def test_recovery_in_words_alone_proposes_closure_in_part():
    course = scored(CALM, AWAY, MENDED, answers=[GOOD, LOW, LOW])
    [rupture] = find(course, when=NOW)
    [end] = [p for p in proposals(rupture, course) if not p.part]
    assert (end.new, end.asks) == ("repaired_in_part", "plan.prompt.ask_client")


def test_without_scores_the_client_is_to_be_asked():
    course = following(CALM, MENDED)
    [rupture] = find(course, when=NOW)
    [end] = [p for p in proposals(rupture, course) if not p.part]
    assert (end.new, end.asks) == ("repaired", "plan.prompt.close_words")


def test_a_strain_left_standing_is_never_proposed_as_repaired():
    course = scored(CALM, AWAY + CALM, CALM, CALM, answers=[GOOD, LOW, GOOD, GOOD])
    [rupture] = find(course, when=NOW)
    [end] = [p for p in proposals(rupture, course) if p.id.startswith("rupture")]
    assert (end.new, end.asks) == ("", "plan.prompt.ask_client")


def test_three_sessions_without_movement_ask_whether_to_change_course():
    course = following(AWAY + CALM, CALM, CALM)
    [rupture] = find(course, when=NOW)
    assert kinds(rupture, course) == []
    course = following(AWAY + CALM, CALM, CALM, CALM)
    [rupture] = find(course, when=NOW)
    [asks] = proposals(rupture, course)
    assert (asks.new, asks.session, asks.asks) == ("", 4, "plan.prompt.change_course")
    moved = apply(rupture, Change(rupture.id, "notice", "not_yet", "tried", NOW, 3, "ruth", HUMAN))
    assert proposals(moved, course) == ()


def test_a_question_that_was_answered_does_not_come_back_until_something_moved():
    course = following(AWAY + CALM, CALM, CALM, CALM)
    made = only(plan(course)).rupture
    [asks] = waiting(made)
    made = decline(made, asks.id, when=NOW, who="ruth", note="We are on it.")
    later = following(AWAY + CALM, CALM, CALM, CALM, CALM)
    assert waiting(only(plan(later, [made])).rupture) == ()


DENIED: list[Said] = [
    *AWAY,
    ("T", "You went quiet. Did I say something?", ("notice",)),
    ("C", "No, everything is fine.", ("denial",)),
    *CURT,
]


def watched(course: Following) -> Rupture:
    made = only(plan(course)).rupture
    [offer] = [p for p in waiting(made) if p.new == "watched"]
    assert offer.asks == "branches.denial.do.note"
    return accept(made, offer.id, when=NOW, who="ruth", note="She says all is well.")


def test_a_client_who_denies_is_watched_quietly_with_reminder_and_end():
    own = only(plan(following(DENIED)))
    assert (own.answer.id, own.next) == ("denied", "")
    made = watched(following(DENIED))
    own = only(plan(following(DENIED), [made]))
    assert own.watch is not None
    assert (own.watch.since, own.watch.remind, own.watch.expires) == (1, 2, 4)
    assert own.next == ""
    assert [p for p in own.waiting if not p.part] == []
    sessions: list[list[Said]] = [DENIED]
    asked = []
    for _ in range(3):
        sessions.append(CALM)
        own = only(plan(following(*sessions), [made]))
        asked += [p.new for p in own.waiting if not p.part]
    assert asked == ["", "", "set_aside"]


def test_a_further_sign_during_a_watch_is_told():
    made = watched(following(DENIED))
    [told] = [p for p in only(plan(following(DENIED, AWAY), [made])).waiting if not p.part]
    assert (told.new, told.session) == ("open", 2)
    assert told.rests_on


def test_what_comes_again_after_a_closure_is_asked_about():
    first = only(plan(following(MENDED))).rupture
    row = Change(first.id, "", "open", "repaired", NOW, 1, "ruth", HUMAN, "We are well again.")
    made = plan(following(MENDED, AWAY), [first], [row])
    [live] = made.live
    assert live.rupture.session == 2
    assert "plan.prompt.reopened" in [p.asks for p in live.waiting]


def test_a_closed_rupture_gets_no_proposals():
    first = only(plan(following(MENDED))).rupture
    row = Change(first.id, "", "open", "repaired", NOW, 1, "ruth", HUMAN, "We are well again.")
    assert only(plan(following(MENDED), [first], [row])).waiting == ()


# Hard cases and the last answer


def applies(course: Following, told=()) -> list[str]:
    return [case.id for case in cases(course, find(course, when=NOW), TOLD, told)[0]]


def test_risk_comes_first():
    risky = [*AGAINST, ("C", "I want to kill myself.", ()), *CALM]
    found, _ = cases(following(risky), find(following(risky), when=NOW), TOLD)
    assert found[0].id == "risk"
    assert "suicide" in found[0].because
    assert found[0].rests_on[0].turn == 2


def test_an_answer_about_risk_comes_first_too():
    course = course_of("c-1", 1, phq9=[[1, 1, 1, 1, 1, 1, 1, 1, 2]])
    assert [case.id for case in plan(follow(course)).cases] == ["risk"]


@pytest.mark.parametrize(
    ("said", "case"),
    [
        (AWAY + CALM, "noticed_late"),
        (AGAINST + CALM, "activated"),
        (DENIED, "denial"),
        ([*AGAINST, ("T", "I did it by the book.", ("defensive",)), *CALM], "cause"),
        ([*AGAINST, ("T", "Sorry. Now, the diary.", ("premature_apology",)), *CALM], "apology"),
        ([*AGAINST, ("T", "That hurts, after all I do.", ("personalizing",)), *CALM],
         "anger_or_fear"),
        ([ASK, ("C", "There is no point.", ("hopelessness",)), *CALM], "risk"),
        ([*AWAY, *[("O", "And I say he never listens.", ())] * 3, *CALM], "couples"),
    ],
)  # fmt: skip
def test_a_case_applies_by_its_rule_and_says_why(said, case):
    course = following(said)
    found, offered = cases(course, find(course, when=NOW), TOLD)
    chosen = next(own for own in found if own.id == case)
    assert chosen.because.startswith("Session 1")
    assert case not in offered
    assert {own.id for own in found} | set(offered) == set(TOLD.branches)


def test_nothing_applies_to_what_looks_repaired():
    assert applies(following(MENDED)) == []


def test_noticed_at_the_end_of_the_hour_is_late():
    said = [*CALM, *CALM, *AWAY, ("T", "You went quiet.", ("notice",)), ("C", "Mm.", ())]
    assert "noticed_late" in applies(following(said))
    early = [*AWAY, ("T", "You went quiet.", ("notice",)), ("C", "Mm.", ()), *AWAY, *CALM, *CALM]
    assert "noticed_late" not in applies(following(early))


def test_what_only_the_therapist_knows_is_told_and_never_guessed():
    assert set(TOLD.branches) - set(CASES) == {"difference", "telehealth"}
    made = plan(following(AWAY + CALM), told=("telehealth",))
    assert "telehealth" in [case.id for case in made.cases]
    with pytest.raises(InputError) as caught:
        plan(following(AWAY), told=("video",))
    assert caught.value.slug == "unknown-case"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (AWAY + CALM, "unspoken"),
        (DENIED, "denied"),
        ([*AWAY, ("T", "Was that too fast?", ("invite",)), *AGAINST[1:], *CURT], "objecting"),
        ([*AWAY, ("T", "Was that too fast?", ("invite",)), ("C", "No, no, you are right.",
          ("deference",)), *CURT], "thin"),
        (MENDED, "opened"),
    ],
)  # fmt: skip
def test_the_last_answer_follows_from_the_words(said, answer):
    course = following(said)
    rupture = find(course, when=NOW)[-1]
    found = last_answer(rupture, course)
    assert found.id == answer
    assert found.id in TOLD.planning.answers
    assert found.why


@pytest.mark.parametrize(
    ("visit", "away"),
    [
        (Visit(START + timedelta(weeks=1), "no_show"), True),
        (Visit(START + timedelta(weeks=1), "cancelled", by="client"), True),
        (Visit(START + timedelta(weeks=1), "cancelled", by="therapist"), False),
        (Visit(START + timedelta(weeks=1), "late", 20), True),
        (Visit(START + timedelta(weeks=1), "attended"), False),
    ],
)
def test_staying_away_since_is_an_answer(visit, away):
    held = visit.status in ("attended", "late")
    course = Course(
        "c-1",
        (Appointment(START, 1), Appointment(visit.date, 2 if held else None, visit)),
    )
    made = follow_reads(course, [Read(1, START, coded(AWAY + CALM))])
    [rupture] = find(made, when=NOW)
    assert (last_answer(rupture, made).id == "away") == away


def test_a_rupture_without_words_has_a_plan_too():
    told = Rupture("by-hand", "c-1", "confrontation", "micro", 1, START)
    row = Change("by-hand", "", "", "open", NOW, 1, "ruth", HUMAN, "He slammed the door.")
    own = only(plan(following(None, None), [apply(told, row)]))
    assert own.answer.id == "unspoken"
    assert own.next == "notice"
    assert all(step.rests_on for step in own.steps)


# The three stories


def drive(name: str, answer, course=demo) -> tuple[Plan, list[int]]:
    """A demo course week by week: after each session the plan, and a therapist who answers."""
    known: tuple[Rupture, ...] = ()
    open_after = []
    for session in range(1, 7):
        now = until(course(name), name, session)
        made = plan(now, known)
        known = tuple(answer(rupture, session) for rupture in made.record)
        open_after.append(sum(rupture.state in ("open", "watched") for rupture in known))
    return plan(course(name), known), open_after


def take_steps(rupture: Rupture, session: int) -> Rupture:
    """Accept each step that was heard in this session, with the day on which it was noted."""
    day = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(weeks=session)
    for heard in waiting(rupture):
        if heard.part:
            rupture = accept(rupture, heard.id, when=day, who="ruth", note="That was it.")
    return rupture


def close_when(state: str, at: int):
    """A therapist who takes the steps and closes as proposed in that session, not before."""

    def answer(rupture: Rupture, session: int) -> Rupture:
        rupture = take_steps(rupture, session)
        for offer in waiting(rupture):
            if offer.new == state and session == at:
                return accept(rupture, offer.id, when=NOW, who="ruth", note="We both say so.")
            if not offer.part:
                rupture = decline(rupture, offer.id, when=NOW, who="ruth", note="Too soon.")
        return rupture

    return answer


def test_course_a_ends_with_one_withdrawal_repaired_by_session_five_with_dated_steps():
    made, open_after = drive("a", close_when("repaired", 5))
    own = only(made)
    assert (own.rupture.kind, own.rupture.state) == ("withdrawal", "repaired")
    assert own.rupture.closing.session == 5
    assert open_after == [0, 1, 1, 1, 0, 0]
    dated = [step for step in own.steps if step.rows]
    assert {step.id for step in dated} >= {"invite", "validate", "negotiate"}
    assert all(row.when.tzinfo and 2 <= row.session <= 5 for step in dated for row in step.rows)
    assert [step.state for step in own.steps].count("landed") >= 3


def test_course_b_ends_with_one_confrontation_repaired_in_part():
    made, open_after = drive("b", close_when("repaired_in_part", 6))
    own = only(made)
    assert (own.rupture.kind, own.rupture.state) == ("confrontation", "repaired_in_part")
    assert own.rupture.intensity == "major"
    assert open_after == [1, 1, 1, 1, 1, 0]
    assert own.rupture.closing.session == 6


def at_once(rupture: Rupture, session: int) -> Rupture:
    """Course C: banter is set aside, and a slip that was mended at once is closed at once."""
    if rupture.closed:
        return rupture
    rupture = take_steps(rupture, session)
    new = "set_aside" if rupture.kind == "confrontation" else "repaired"
    note = "Her way of joking." if new == "set_aside" else "We sorted it out there and then."
    return apply(rupture, Change(rupture.id, "", "open", new, NOW, session, "petra", HUMAN, note))


def test_course_c_ends_with_one_micro_rupture_repaired_within_its_session():
    made, _ = drive("c", at_once)
    assert made.live == ()
    states = {own.rupture.kind: own.rupture for own in made.ruptures}
    assert states["confrontation"].state == "set_aside"
    own = states["withdrawal"]
    assert (own.intensity, own.state, own.session) == ("micro", "repaired", 3)
    assert own.closing.session == 3
    assert [o.state for o in own.episodes] == ["repaired"]


def test_course_c_by_the_coders_labels_has_nothing_to_set_aside():
    made, _ = drive("c", at_once, labelled)
    own = only(made)
    assert (own.rupture.kind, own.rupture.state) == ("withdrawal", "repaired")


def test_course_b_by_the_coders_labels_has_its_confrontation_and_a_small_withdrawal():
    def answer(rupture: Rupture, session: int) -> Rupture:
        if rupture.kind == "withdrawal":
            return close_when("repaired", 4)(rupture, session) if session < 5 else rupture
        return close_when("repaired_in_part", 6)(rupture, session)

    made, _ = drive("b", answer, labelled)
    grave = [own.rupture for own in made.ruptures if own.rupture.intensity == "major"]
    assert [(r.kind, r.state, r.session) for r in grave] == [
        ("confrontation", "repaired_in_part", 2)
    ]


def test_plans_are_made_in_the_time_of_a_breath():
    began = datetime.now(UTC)
    plan(demo("b"))
    assert datetime.now(UTC) - began < timedelta(seconds=3)
    assert date(2026, 4, 16) == plan(demo("b")).date
