"""Which episodes open a rupture, which continue one, what stays when words are read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from reattune.course import Appointment, Course
from reattune.follow import Following, follow_reads
from reattune.repair import ANALYSIS, HUMAN, Change, Rupture, apply, open_rupture
from reattune.repair_find import JOIN, episodes_of, family, find
from reattune.repair_plan import make_plan
from reattune.signals import Read
from tests.courses import Said, coded, demo, labelled

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
START = date(2026, 1, 5)
TALK = "I was thinking about the garden all week and about what you had said of my brother."
QUIET: Said = ("C", TALK, ())
ASK: Said = ("T", "How has that been for you since?", ())
AWAY: list[Said] = [ASK, ("C", "Fine.", ("minimal_response",))]
AGAINST: list[Said] = [ASK, ("C", "You never listen to me.", ("!complaint_therapist",))]
CALM: list[Said] = [ASK, QUIET] * 6
CURT: list[Said] = [("T", "I see.", ()), ("C", "Mm.", ())] * 6
MENDED: list[Said] = [
    *AWAY,
    ("T", "You went quiet, and I think I went too fast.", ("notice",)),
    QUIET,
    *CALM,
]


def following(*sessions: list[Said] | None, by: str = HUMAN) -> Following:
    """A course of made sessions; None is one without words."""
    days = [START + timedelta(weeks=n) for n in range(len(sessions))]
    course = Course("c-1", tuple(Appointment(day, n) for n, day in enumerate(days, 1)))
    reads = [Read(n, days[n - 1], coded(said, by)) for n, said in enumerate(sessions, 1) if said]
    return follow_reads(course, reads)


def sessions_of(rupture: Rupture) -> list[int]:
    return [own.session for own in rupture.episodes]


def by_person(rupture: Rupture, old: str, new: str, session: int, **values: str) -> Rupture:
    row = Change(rupture.id, "", old, new, NOW, session, "ruth", HUMAN, "Because.", **values)
    return apply(rupture, row)


# Opening and joining


def test_an_episode_that_counts_opens_a_rupture_with_a_row_that_says_so():
    [made] = find(following(CALM, AWAY + CALM), when=NOW)
    assert (made.session, made.kind, made.intensity, made.state) == (
        2,
        "withdrawal",
        "micro",
        "open",
    )
    assert made.date == START + timedelta(weeks=1)
    [row] = made.changes
    assert (row.by, row.old, row.new, row.session) == (ANALYSIS, "", "open", 2)
    assert row.note


def test_a_flag_or_two_of_the_model_alone_open_none():
    assert find(following(AWAY + CALM, by="model"), when=NOW) == ()
    three = [*AWAY, *AWAY, *AWAY, *CALM]
    assert len(find(following(three, by="model"), when=NOW)) == 1


def test_an_episode_of_the_same_kind_within_three_sessions_joins():
    [made] = find(following(AWAY, CALM, CALM, AWAY), when=NOW)
    assert sessions_of(made) == [1, 4]
    assert JOIN == 3


def test_a_later_one_is_a_rupture_of_its_own():
    one, two = find(following(AWAY, CALM, CALM, CALM, AWAY), when=NOW)
    assert (sessions_of(one), sessions_of(two)) == ([1], [5])


def test_sessions_without_words_count_as_sessions():
    assert len(find(following(AWAY, None, None, None, AWAY), when=NOW)) == 2


def test_two_kinds_at_once_are_kept_apart():
    found = find(following(AWAY, AGAINST, AWAY, AGAINST), when=NOW)
    assert [(r.kind, sessions_of(r)) for r in found] == [
        ("withdrawal", [1, 3]),
        ("confrontation", [2, 4]),
    ]
    assert found[1].intensity == "major"


def test_a_mixed_episode_joins_either_kind_and_the_majority_names_it():
    mixed = [*AWAY, *AGAINST]
    [made] = find(following(mixed, AWAY, AWAY), when=NOW)
    assert made.kind == "withdrawal"
    [even] = find(following(mixed, AWAY), when=NOW)
    assert even.kind == "mixed"


def test_ids_differ_where_two_open_in_one_session():
    found = find(following([*AWAY, *CALM, *CALM, *AGAINST]), when=NOW)
    assert [rupture.id for rupture in found] == ["s1-1", "s1-2"]


def test_an_episode_keeps_words_answers_and_codes_with_their_places():
    [made] = find(following(MENDED), when=NOW)
    [own] = made.episodes
    assert own.codes == ("minimal_response",)
    assert (own.words[0].turn, own.words[0].quote, own.words[0].role) == (1, "Fine.", "client")
    assert own.answers[0].code == "notice"
    assert own.state == "repaired"
    assert own.confirmed


# Reading again


def test_the_same_records_give_the_same_ruptures():
    once = find(demo("b"), when=NOW)
    assert find(demo("b"), once, when=NOW + timedelta(days=9)) == once


def test_what_a_person_closed_is_not_continued():
    [first] = find(following(AWAY), when=NOW)
    closed = by_person(first, "open", "repaired", 1)
    one, two = find(following(AWAY, AWAY), [closed], when=NOW)
    assert one == closed
    assert (two.session, two.state) == (2, "open")


def test_a_closure_that_is_dated_back_lets_go_of_what_came_after():
    [first] = find(following(AWAY, CALM, AWAY), when=NOW)
    assert sessions_of(first) == [1, 3]
    closed = by_person(first, "open", "repaired", 1)
    one, two = find(following(AWAY, CALM, AWAY), [closed], when=NOW)
    assert (sessions_of(one), sessions_of(two)) == ([1], [3])


def test_what_was_set_aside_is_not_opened_again_by_the_same_words():
    [first] = find(following(AWAY), when=NOW)
    aside = by_person(first, "open", "set_aside", 1)
    assert find(following(AWAY), [aside], when=NOW) == (aside,)
    _, other = find(following(AWAY, AWAY), [aside], when=NOW)
    assert other.session == 2


def test_what_the_words_no_longer_show_is_taken_back_with_a_row():
    [first] = find(following(AWAY), when=NOW)
    [gone] = find(following(CALM), [first], when=NOW)
    assert gone.state == "withdrawn"
    assert gone.changes[-1].by == ANALYSIS
    assert gone.changes[-1].note
    assert gone.episodes == first.episodes
    [back] = find(following(AWAY), [gone], when=NOW)
    assert (back.state, len(back.changes)) == ("open", 3)


def test_what_a_person_decided_stays_though_the_words_no_longer_show_it():
    [first] = find(following(AWAY), when=NOW)
    row = Change(first.id, "notice", "not_yet", "tried", NOW, 1, "ruth", HUMAN)
    kept = apply(first, row)
    assert find(following(CALM), [kept], when=NOW) == (kept,)


def test_a_new_reading_changes_kind_and_level_but_no_row():
    [first] = find(following(AWAY), when=NOW)
    changed = [ASK, ("C", "Fine.", ("!minimal_response",))]
    [made] = find(following(changed), [first], when=NOW)
    assert (made.id, made.intensity, made.changes) == (first.id, "major", first.changes)


def test_a_person_can_open_a_rupture_without_words():
    told = Rupture("by-hand", "c-1", "withdrawal", "major", 1, START)
    told = open_rupture(told, when=NOW, who="ruth", by=HUMAN, note="She looked away all hour.")
    assert find(following(None), [told], when=NOW) == (told,)
    [made] = find(following(None, AWAY), [told], when=NOW)
    assert sessions_of(made) == [2]
    assert (made.kind, made.intensity, made.session) == ("withdrawal", "major", 1)


def test_words_of_a_session_that_was_deleted_are_gone_and_decisions_stay():
    course = following(AWAY + CALM, MENDED)
    made = make_plan(course, when=NOW).record[0]
    row = Change(made.id, "invite", "not_yet", "tried", NOW, 1, "ruth", HUMAN, "Asked by phone.")
    made = apply(made, row)
    assert "Fine." in str(made)
    bare = follow_reads(Course("c-1", course.sessions), [])
    [left] = make_plan(bare, [made], when=NOW).record
    assert "Fine." not in str(left)
    assert "went quiet" not in str(left)
    assert left.step("invite") == "tried"
    assert [own.session for own in left.episodes] == [1, 2]
    assert make_plan(bare, [made], when=NOW).live[0].steps[0].rests_on


def test_joined_ruptures_are_shown_together():
    one, two = find(following(AWAY, AGAINST), when=NOW)
    two = by_person(two, "open", "joined", 2, into=one.id)
    assert [own.session for own in family((one, two), one)] == [1, 2]
    assert [own.session for own in family((one, two), two)] == [2]


# The demo courses


def test_model_flags_of_the_demo_courses_make_these_ruptures():
    made = {name: find(demo(name), when=NOW) for name in "abc"}
    told = {
        name: [(r.kind, r.intensity, r.session, r.latest) for r in found]
        for name, found in made.items()
    }
    assert told == {
        "a": [("withdrawal", "major", 2, 4)],
        "b": [("confrontation", "major", 1, 6)],
        "c": [("confrontation", "micro", 2, 2), ("withdrawal", "micro", 3, 3)],
    }


def test_the_coders_labels_make_these():
    told = {
        name: [(r.kind, r.intensity, r.session) for r in find(labelled(name), when=NOW)]
        for name in "abc"
    }
    assert told == {
        "a": [("withdrawal", "major", 1), ("confrontation", "micro", 4)],
        "b": [("withdrawal", "micro", 1), ("confrontation", "major", 2)],
        "c": [("withdrawal", "micro", 3)],
    }


def test_every_episode_that_counts_belongs_to_one_rupture():
    for name in "abc":
        found = find(demo(name), when=NOW)
        held = [own for rupture in found for own in rupture.episodes]
        assert sorted(held, key=str) == sorted(episodes_of(demo(name)), key=str)
        assert len(set(held)) == len(held)
        assert replace(found[0], episodes=()).changes == found[0].changes
