"""Following a course: the order of the steps, the demo courses, a caseload, the two commands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.follow import made_scores, made_visits
from reattune.attendance import Visit
from reattune.charts import BASELINE
from reattune.course import build, read_course
from reattune.errors import InputError
from reattune.follow import (
    CaseloadSignals,
    Following,
    figures_of,
    follow,
    follow_many,
    follow_reads,
    noticed,
)
from reattune.report.timeline import limits_of
from reattune.signals import HUMAN, WITHIN, Read, counts, strand, weight
from reattune.types import Point, Scale, Series
from tests.conftest import ROOT, TALK

EXAMPLES = ROOT / "examples"
START = date(2026, 1, 5)
VECTOR = [48, 50, 49, 51, 50, 49, 38, 44, 49, 51]  # tests/test_charts.py names its source


def day(week: int) -> date:
    return START + timedelta(weeks=week)


@cache
def demo(letter: str) -> Following:
    return follow(read_course(EXAMPLES / f"course_{letter}"))


def checkin(*answers: list[int | None], visits="", **more) -> Following:
    """A course of check-ins, one a week; letters of `visits` are attended, late, missed."""
    status = {".": "attended", "L": "late", "X": "no_show"}
    rows = []
    for week, form in enumerate(answers):
        row = {"date": day(week).isoformat(), "measures": {"checkin_client": form}}
        if visits:
            row["attendance"] = {"status": status[visits[week]]}
            if visits[week] == "X":
                del row["measures"]
        rows.append(row)
    return follow(build({"sessions": rows}, client="c"), **more)


def told(made: Following | CaseloadSignals, source: str) -> list[tuple[int, str, str]]:
    return [(s.session, s.rule, s.kind) for s in made.signals if s.source == source]


# The demo courses


def test_course_a_a_strain_that_builds_up_is_seen_in_all_three_strands():
    made = demo("a")
    joined = [s for s in made.signals if s.with_ and s.kind != "recovery"]
    assert {strand(s.source) for s in joined if 2 <= s.session <= 4} == {
        "words", "scores", "attendance",
    }  # fmt: skip
    (missed,) = [s for s in made.signals if s.kind == "absence"]
    assert (missed.session, missed.date) == (3, date(2026, 3, 5))
    assert "checkin_client" in missed.with_
    back = [s for s in made.signals if s.kind == "recovery"]
    assert max(s.session for s in back) == 6


def test_course_b_a_major_rupture_a_missed_session_and_a_form_clicked_through():
    made = demo("b")
    major = [s for s in made.signals if s.source == "words" and s.level == "major"]
    assert {2, 3} <= {s.session for s in major if s.kind == "rupture"}
    (missed,) = [s for s in made.signals if s.kind == "absence"]
    assert missed.date == date(2026, 3, 26)
    assert {"words", "checkin_client"} <= set(missed.with_)
    assert [s.session for s in made.signals if s.rule == "back"] == [6]


def test_course_b_says_that_a_form_of_zeros_was_clicked_through():
    made = demo("b")
    (note,) = [note for note in made.notes if note.slug == "form-doubted"]
    assert note.text.startswith("Session 3, phq9: every item has the same answer")
    assert "clicked through" in note.text
    assert [a.number for a in made.sessions if a.doubtful] == [3]
    (phq9,) = [own for own in made.series if own.measure == "phq9"]
    assert phq9.points[2].value == 0


def test_course_c_an_absence_alone_is_not_enough():
    made = demo("c")
    (missed,) = [s for s in made.signals if s.kind == "absence"]
    assert missed.date == date(2026, 3, 3)
    assert not any(strand(source) == "scores" for source in missed.with_)
    assert missed.with_ == ()
    assert missed.why.endswith("not enough by itself.")
    prompts = [s for s in made.signals if s.source == "checkin_client"]
    assert [weight(s) for s in prompts] == ["slight"] * 3


@pytest.mark.parametrize("letter", "abc")
def test_every_demo_course_is_told_whole(letter):
    made = demo(letter)
    assert sorted(made.analyses) == [1, 2, 3, 4, 5, 6]
    assert [own.measure for own in made.series] == [
        "words", "checkin_client", "checkin_therapist", "phq9", "checkin:therapist-minus-client",
        "attendance",
    ]  # fmt: skip
    assert made.alliance is not None
    assert made.alliance.measure == "checkin_client"
    assert len(made.episodes) == sum(len(a.episodes) for a in made.analyses.values())
    assert all(s.why and s.by for s in made.signals)
    assert [s.session for s in made.signals] == sorted(s.session for s in made.signals)
    assert all(figure.value is None and figure.reason for figure in made.figures)


def test_later_sessions_are_read_against_the_habit_in_those_before():
    sessions = [demo("c").analyses[n].baseline.sessions for n in (1, 2, 6)]
    assert sessions == [1, 2, 6]


def test_risk_content_is_noted_first():
    first = demo("b").notes[0]
    assert first.slug == "risk-words"
    assert "Follow your protocol" in first.text


# Steps


def test_item_prompts_speak_before_there_is_a_baseline():
    made = checkin([6, 6, 6, 6, 1], [4, 3, 6, 6, 3])
    assert told(made, "checkin_client") == [(2, "item-prompt", "rupture")]
    assert "item 1 (4), item 2 (3), item 5 (3)" in made.signals[0].why
    assert {note.slug for note in made.notes} == {"baseline-not-reached"}


def test_prompts_of_the_users_own_file_speak_for_each_rater(own: Path):
    table = '[prompts]\nsource = "ours"\nverified = true\nitems = {1 = 2, 4 = 6}\n'
    (own / "wai_s.toml").write_text(f'extends = "wai_s"\n{table}', "utf-8")
    forms = {"wai_s": [2, *[4] * 11], "wai_s@therapist": [4, 4, 4, 6, *[4] * 8]}
    made = follow(build({"sessions": [{"date": "2026-03-05", "measures": forms}]}))
    prompts = {s.source: s.why for s in made.signals}
    assert set(prompts) == {"wai_s", "wai_s/therapist"}
    assert all("(ours)" in why for why in prompts.values())


def test_totals_are_charted_on_a_frozen_baseline():
    good, bad = [6, 6, 6, 6, 1], [1, 1, 1, 1, 7]
    forms = [good, [6, 6, 6, 5, 1], good, good, [6, 6, 5, 6, 1], good, bad, good]
    found = told(checkin(*forms), "checkin_client")
    assert (7, "individuals", "rupture") in found
    assert (8, "drop", "recovery") in found


def test_a_baseline_that_takes_in_everything_is_noted():
    made = checkin(*[[6, 6, 6, 6, 1], [6, 6, 6, 5, 1]] * 3)
    assert "baseline-only" in {note.slug for note in made.notes}


@pytest.mark.parametrize(
    ("before", "form", "doubted"),
    [
        ([1, 2, 2, 2, 1, 2, 1, 1, 0], [0] * 9, True),
        ([0] * 9, [0] * 9, False),
        ([0, 0, 1, 0, 1, 0, 0, 1, 0], [0] * 9, False),  # well, and a little better
        ([1, 2, 2, 2, 1, 2, 1, 1, 0], [3] * 9, False),  # worse is never doubted
        ([1, 2, 2, 2, 1, 2, 1, 1, 0], [0, 0, 0, 0, 0, 0, 0, 1, 0], False),
    ],
)
def test_a_form_all_alike_is_doubted_only_where_it_is_suddenly_much_better(before, form, doubted):
    rows = [
        {"date": day(0).isoformat(), "measures": {"phq9": before}},
        {"date": day(1).isoformat(), "measures": {"phq9": form}},
    ]
    made = follow(build({"sessions": rows}))
    assert ("form-doubted" in {note.slug for note in made.notes}) == doubted


def test_doubted_scores_are_left_out_of_limits():
    usual = [[1, 2, 2, 2, 1, 2, 1, 1, 0], [2, 2, 2, 2, 1, 2, 1, 1, 0]]
    rows = [
        {"date": day(n).isoformat(), "measures": {"phq9": form}}
        for n, form in enumerate([*usual, [0] * 9, *usual, *usual])
    ]
    made = follow(build({"sessions": rows}))
    assert [note.slug for note in made.notes].count("baseline-not-reached") == 0
    assert "sessions-without-score" not in {note.slug for note in made.notes}  # it has one
    assert limits_of(made.series[0], made.baseline, frozenset({3})).baseline == (1, 2, 4, 5, 6, 7)


def test_sessions_without_a_score_are_noted_beside_a_doubted_form():
    forms = [[1, 2, 2, 2, 1, 2, 1, 1, 0], [0] * 9, [None] * 9]
    rows = [{"date": day(n).isoformat(), "measures": {"phq9": f}} for n, f in enumerate(forms)]
    said = {note.slug: note.text for note in follow(build({"sessions": rows})).notes}
    assert said["sessions-without-score"].startswith("phq9: 1 of 3 sessions has no score")
    assert "form-doubted" in said


def test_two_raters_tables_of_one_measure_are_kept_apart():
    points = tuple(Point(n, day(n), 60.0 + n % 2) for n in range(1, 4))
    own, theirs = (Series("", "wai_s", who, points, Scale(12, 84, 1)) for who in
                   ("client", "therapist"))  # fmt: skip
    other = Series("", "ours", "supervisor", points)
    made = follow(build({"sessions": []}, series=[own, theirs, other]))
    assert [s.measure for s in made.series] == [
        "wai_s", "wai_s/therapist", "ours/supervisor", "wai_s:therapist-minus-client",
    ]  # fmt: skip


def test_the_risk_item_is_noted_first():
    rows = [{"date": "2026-03-05", "measures": {"phq9": [1, 1, 1, 1, 1, 1, 1, 1, 2]}}]
    made = follow(build({"sessions": rows}))
    assert "risk-answer" in {note.slug for note in made.notes}


def test_symptoms_decline_and_are_no_rupture():
    rows = [
        {"date": day(n).isoformat(), "measures": {"phq9": [1, 1, 1, 1, 1, 1, 1, 0, 0]}}
        for n in range(BASELINE)
    ]
    rows.append({"date": day(BASELINE).isoformat(), "measures": {"phq9": [3] * 8 + [0]}})
    made = follow(build({"sessions": rows}))
    assert {s.kind for s in made.signals} == {"decline"}


def test_the_two_raters_of_one_form_are_kept_apart():
    rows = [
        {"date": day(n).isoformat(), "measures": {"wai_sr": [4] * 12, "wai_sr@therapist": [5] * 12}}
        for n in range(2)
    ]
    with pytest.raises(InputError) as error:
        follow(build({"sessions": rows}))
    assert error.value.slug == "wrong-rater"
    for row in rows:
        row["measures"] = {"wai_s": [4] * 12, "wai_s@therapist": [5] * 12}
    made = follow(build({"sessions": rows}))
    names = [own.measure for own in made.series]
    assert "wai_s/therapist" in names
    assert "wai_s:therapist-minus-client" in names


def test_an_unverified_key_is_noted_and_the_rest_goes_on():
    rows = [{"date": "2026-03-05", "measures": {"calpas": [4] * 24, "srs": [9, 9, 9, 9]}}]
    made = follow(build({"sessions": rows}))
    assert made.notes[0].slug == "measure-not-scored"
    assert [own.measure for own in made.series] == ["srs"]


@pytest.mark.parametrize(
    ("measures", "slug"),
    [
        ({"checkin_client": [6, 6, 6, 6, 9]}, "impossible-answer"),
        ({"checkin_client": [6] * 6}, "impossible-answer"),
        ({"nothing": [1]}, "unknown-measure"),
    ],
)
def test_answers_that_cannot_be_are_refused(measures, slug):
    rows = [{"date": "2026-03-05", "measures": measures}]
    with pytest.raises(InputError) as error:
        follow(build({"sessions": rows}))
    assert error.value.slug == slug


def test_ready_made_scores_that_cannot_be_are_refused_by_measure():
    points = (Point(1, day(0), 99.0),)
    own = Series("", "srs", "client", points, Scale(0, 40, 0.1))
    with pytest.raises(InputError) as error:
        follow(build({"sessions": []}, series=[own]))
    assert (error.value.slug, error.value.where) == ("value-outside-scale", "srs, session 1")


def test_a_short_baseline_and_an_unknown_rule_are_refused():
    for options, slug in (({"baseline": 2}, "bad-baseline"), ({"rules": ["x"]}, "unknown-rule")):
        with pytest.raises(InputError) as error:
            checkin([6, 6, 6, 6, 1], **options)
        assert error.value.slug == slug


def test_a_transcript_without_roles_is_left_out_without_its_speakers(tmp_path: Path):
    words = "Ada: Hello there.\nBo: Hello.\nAda: Right then.\nBo: Yes, right.\n"
    (tmp_path / "2026-03-05.txt").write_text(words, "utf-8")
    (tmp_path / "2026-03-12.txt").write_text(TALK, "utf-8")
    made = follow(read_course(tmp_path))
    assert list(made.analyses) == [2]
    (note,) = [note for note in made.notes if note.slug == "file-left-out"]
    assert "2026-03-05.txt is left out" in note.text
    assert "Ada" not in note.text
    both = follow(read_course(tmp_path), therapist="Bo")
    assert list(both.analyses) == [1, 2]


def test_figures_of_several_courses_come_from_five_on():
    found = {f.name: f for f in figures_of([demo("b")])}
    assert found["with_rupture"].value is None
    assert found["with_rupture"].count == 1


def test_figures_rest_on_the_episodes_that_count():
    made = demo("a")
    signs = [
        (one.intensity, len({marker.turn for marker in one.markers}))
        for analysis in made.analyses.values()
        for one in analysis.episodes
    ]
    firm = [level == "major" or n >= 3 for level, n in signs]
    assert list(made.firm) == [e for e, kept in zip(made.episodes, firm, strict=True) if kept]
    assert 0 < len(made.firm) < len(made.episodes)


def test_a_repair_in_a_later_session_is_linked_to_its_episode():
    """Course B: the strains of sessions 2 and 3 are mended in session 4, after the no-show."""
    later = [e for e in demo("b").firm if e.repaired_at != e.session]
    assert [(e.session, e.state, e.repaired_at) for e in later] == [
        (2, "mishandled", 4),
        (2, "mishandled", 4),
        (3, "mishandled", 4),
    ]
    figures = {f.name: f for f in figures_of([demo(letter) for letter in "abc"])}
    took = figures["sessions_to_later_repair"]
    assert (took.count, took.n) == (4, 4)
    whole = figures["sessions_to_repair"]
    assert whole.count == whole.n > took.n


def test_courses_without_words_are_no_courses_without_a_rupture():
    bare = [replace(checkin([6, 6, 6, 6, 1]), client=f"d{n}", series=()) for n in range(3)]
    (figure,) = [f for f in figures_of([demo("b"), *bare]) if f.name == "with_rupture"]
    assert (figure.count, figure.n, figure.clients) == (1, 1, 1)
    assert "Counted are the 1 of 4 courses whose words were read, in 6 of their 6" in figure.means
    assert "Counted are" not in figures_of([demo("b")])[0].means


def test_the_therapists_own_form_says_whether_a_strain_was_noticed():
    """Course B: felt off 1, 4, 6, 2, 1, 4 on the therapist's form; the cut is 3."""
    seen = {e.session: e.noticed for e in demo("b").episodes}
    assert seen == {1: False, 2: True, 3: True, 4: False, 5: False, 6: True}


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ({"checkin_therapist": [6, 6, 6, 6, 3]}, {1: True}),
        ({"checkin_therapist": [6, 6, 6, 6, 2]}, {1: False}),
        ({"checkin_therapist": [6, 6, 6, 6, None]}, {}),
        ({"checkin_therapist": [6, 6, 6, 6]}, {}),
        ({"checkin_client": [6, 6, 6, 6, 7]}, {}),
        ({"wai_s@therapist": [4] * 12}, {}),
        ({}, {}),
    ],
)
def test_only_the_therapists_answer_to_that_item_says_it(forms, expected):
    course = build({"sessions": [{"date": "2026-03-05", "measures": forms}]})
    assert noticed(course) == expected


def test_an_appointment_not_held_says_nothing_of_a_strain():
    row = {"date": "2026-03-05", "measures": {"checkin_therapist": [6, 6, 6, 6, 7]}}
    course = build({"sessions": [{**row, "attendance": {"status": "no_show"}}]})
    assert noticed(course) == {}


answers = st.lists(st.integers(1, 7), min_size=5, max_size=5)
gaps = st.one_of(answers, answers, st.just([None] * 5))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(gaps, st.sampled_from("...LX")), min_size=1, max_size=12), st.data())
def test_appended_sessions_never_change_what_is_settled(weeks, data):
    forms, letters = [form for form, _ in weeks], "".join(letter for _, letter in weeks)
    cut = data.draw(st.integers(1, len(weeks)))
    whole = checkin(*forms, visits=letters)
    early = checkin(*forms[:cut], visits=letters[:cut])
    last = max((n for n, _ in early.held), default=0)
    until = day(cut - 1)

    def bare(made: Following):
        return [
            (s.session, s.date, s.source, s.rule, s.kind, s.level)
            for s in made.signals
            if s.date is None or s.date <= until
        ]

    assert bare(whole) == bare(early)
    settled = [s for s in early.signals if s.session < last - WITHIN]
    assert settled == [s for s in whole.signals if s.session < last - WITHIN]


# Words that were read already


def test_words_read_already_give_what_reading_them_gives(monkeypatch):
    made, course = demo("b"), read_course(EXAMPLES / "course_b")
    days = dict(made.held)
    reads = [Read(n, days[n], analysis) for n, analysis in made.analyses.items()]

    def run(*_, **__):
        raise AssertionError("a transcript was analyzed")

    monkeypatch.setattr("reattune.follow.analyze", run)
    again = follow_reads(course, reads)
    assert (again.signals, again.episodes, again.notes, again.figures) == (
        made.signals, made.episodes, made.notes, made.figures,
    )  # fmt: skip


def test_an_episode_that_a_person_confirmed_counts_however_slight():
    slight = next(
        e for a in demo("b").analyses.values() for e in a.episodes if not counts(e) and e.markers
    )
    told = replace(slight, markers=tuple(replace(m, by=HUMAN) for m in slight.markers))
    assert counts(told)


# A caseload


def one_by_one(scores: list[Series], visits: dict[str, tuple[Visit, ...]]):
    from reattune import attendance, change
    from reattune.signals import join

    return {
        own.client: join(
            [*change.signals(own), *attendance.signals(own.client, visits[own.client])]
        )
        for own in scores
    }


def test_a_caseload_at_once_gives_the_same_as_client_by_client():
    scores, visits = made_scores(60), made_visits(60)
    found = follow_many(scores, visits)
    assert found.failures == {}
    assert found.signals == one_by_one(scores, visits)
    assert sum(map(len, found.signals.values())) > 300


def test_bad_records_of_one_client_stop_nobody_else():
    scores, visits = made_scores(3, sessions=8), made_visits(3, sessions=8)
    bad = scores[1]
    scores[1] = Series(bad.client, bad.measure, bad.rater, bad.points[:1] * 2, bad.scale)
    visits["made-2"] = (*visits["made-2"], Visit(visits["made-2"][-1].date, "no_show"))
    found = follow_many(scores, visits)
    assert list(found.signals) == ["made-0"]
    assert {c: e.slug for c, e in found.failures.items()} == {
        "made-1": "duplicate-session",
        "made-2": "duplicate-visit",
    }
    assert found.failures["made-1"].where == "made, session 1"


def test_a_caseload_takes_items_gaps_and_short_courses():
    item = Series(
        "a", "checkin_client:item5", "client", (Point(2, day(1), 5.0), Point(1, None, None)),
        Scale(1, 7, 1, higher_is_better=False),
    )  # fmt: skip
    short = Series("b", "srs", "client", (Point(1, None, 30.0),), Scale(0, 40, 0.1))
    found = follow_many([item, short], {"c": ()})
    assert {client: len(own) for client, own in found.signals.items()} == {"a": 1, "b": 0, "c": 0}
    assert found.signals["a"][0].source == "checkin_client"


def test_an_empty_caseload():
    assert follow_many([], {}) == CaseloadSignals({}, {})
