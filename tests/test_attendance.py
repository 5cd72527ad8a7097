"""Attendance against a client's own habit: what counts, when it speaks, and how often wrongly."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from reattune import attendance
from reattune.attendance import (
    BACK,
    CAME_LATE,
    DEFAULT,
    FALSE_PER_12,
    FEWEST_CLIENTS,
    MISSED,
    ON_TIME,
    OWN,
    PLANNED_OR_OTHERS,
    RULES,
    UNUSUAL,
    WEIGHTS,
    WINDOW,
    Prior,
    Visit,
    code,
    draw,
    false_signals,
    habits_of,
    in_order,
    moments,
    read_visits,
    session_numbers,
    signals,
    signals_of_many,
    tail,
)
from reattune.errors import InputError
from reattune.types import Scale
from tests.conftest import ROOT
from tests.test_charts import R_VALUES

START = date(2026, 1, 5)
LETTERS = {
    ".": {"status": "attended"},
    "L": {"status": "late", "minutes_late": 15},
    "X": {"status": "no_show"},
    "C": {"status": "cancelled", "by": "client", "notice_hours": 3},
    "t": {"status": "cancelled", "by": "therapist"},
    "r": {"status": "rescheduled", "by": "client", "notice_hours": 48},
    "s": {"status": "scheduled"},
}


def course(letters, start=START):
    """Weekly visits, a letter each, as in LETTERS."""
    return [
        Visit(start + timedelta(weeks=at), **LETTERS[letter]) for at, letter in enumerate(letters)
    ]


def told(letters):
    """(appointment from 0, kind, rule, level) of each signal."""
    visits = course(letters)
    places = {visit.date: at for at, visit in enumerate(visits)}
    return [(places[s.date], s.kind, s.rule, s.level) for s in signals("a", visits)]


courses = st.text(alphabet="....LLXXCtrs", max_size=30)


def example(name):
    text = (ROOT / "examples" / name / "course.json").read_text("utf-8")
    return read_visits(json.loads(text)["sessions"])


@pytest.mark.parametrize(
    ("status", "more", "says"),
    [
        ("attended", {}, ON_TIME),
        ("attended", {"minutes_late": 9}, ON_TIME),
        ("attended", {"minutes_late": 10}, CAME_LATE),
        ("late", {"minutes_late": 4}, ON_TIME),
        ("late", {}, CAME_LATE),
        ("late", {"minutes_late": 20, "by": "therapist"}, ON_TIME),
        ("no_show", {}, MISSED),
        ("no_show", {"by": "therapist"}, PLANNED_OR_OTHERS),
        ("cancelled", {}, MISSED),
        ("cancelled", {"notice_hours": 72, "by": "client"}, MISSED),
        ("cancelled", {"notice_hours": 168, "by": "client"}, PLANNED_OR_OTHERS),
        ("cancelled", {"notice_hours": 0, "by": "therapist"}, PLANNED_OR_OTHERS),
        ("rescheduled", {}, PLANNED_OR_OTHERS),
        ("rescheduled", {"notice_hours": 24}, PLANNED_OR_OTHERS),
        ("rescheduled", {"notice_hours": 2}, MISSED),
        ("rescheduled", {"notice_hours": 2, "by": "therapist"}, PLANNED_OR_OTHERS),
        ("scheduled", {}, PLANNED_OR_OTHERS),
    ],
)
def test_what_an_appointment_says(status, more, says):
    assert code(Visit(START, status, **more)) == says


@pytest.mark.parametrize(
    ("name", "day", "back"),
    [
        ("course_a", date(2026, 3, 5), date(2026, 3, 26)),
        ("course_b", date(2026, 3, 26), date(2026, 4, 16)),
        ("course_c", date(2026, 3, 3), None),
    ],
)
def test_the_example_courses_tell_of_an_absence_and_a_return(name, day, back):
    made = signals("client", example(name))
    assert [(s.kind, s.rule, s.date) for s in made] == [
        ("absence", "irregular", day),
        *([("recovery", "back", back)] if back else []),
    ]
    assert made[0].session == (4 if name == "course_c" else 3)


def test_a_signal_says_what_it_rests_on_and_that_it_is_no_rupture():
    made = signals("client", course("..." * 8 + "X"))
    assert len(made) == 1
    absence = made[0]
    assert (absence.source, absence.by, absence.level) == ("attendance", "attendance/1", "micro")
    assert "no rupture by itself" in absence.why
    assert "Of the 24 before, none was" in absence.why
    assert "The client did not come." in absence.why
    assert absence.false_per_12 == FALSE_PER_12["missed", "micro"]
    chance = next(e.value for e in absence.evidence if e.unit == "probability")
    assert chance == pytest.approx(1 / 34)  # Beta(1, 9) and 24 kept: 1 / (1 + 9 + 24)


def test_who_canceled_is_said_to_be_unknown_where_it_is():
    visits = [*course("." * 24), Visit(START + timedelta(weeks=24), "cancelled", notice_hours=5)]
    why = signals("client", visits)[0].why
    assert "canceled, 5 hours ahead (who did so is not recorded)" in why


def test_a_client_who_often_misses_gives_no_signal_by_missing_again():
    assert told("X.X..X.X.X..X.X.X..X.X") == []


def test_a_reliable_client_gives_one_by_missing_once():
    assert told("." * 24 + "X") == [(24, "absence", "missed", "micro")]


def test_nothing_is_said_before_there_is_a_habit():
    assert told("XXX") == []
    assert told("X" + "t" * 9 + "XX") == []


def test_a_second_missed_appointment_raises_the_level_and_a_third_says_nothing_new():
    assert told("." * 24 + "XXXX") == [
        (24, "absence", "missed", "micro"),
        (25, "absence", "missed", "major"),
    ]


def test_after_missed_appointments_coming_late_is_coming_back():
    assert told("." * 24 + "XLLL")[-1] == (27, "recovery", "back", "micro")


def test_after_late_arrivals_only_coming_on_time_is_coming_back():
    made = told("." * 24 + "LL" + "..L" + "...")
    assert made[0] == (24, "absence", "late", "micro")
    assert made[-1] == (31, "recovery", "back", "micro")


def test_appointments_that_say_nothing_neither_break_nor_make_a_return():
    assert told("." * 24 + "X..tr.")[-1][:2] == (29, "recovery")
    assert told("." * 24 + "X..tr") == told("." * 24 + "X")


@given(courses)
def test_therapists_cancellations_and_moves_with_good_notice_change_nothing(letters):
    seen = [letter for letter in letters if letter not in "trs"]
    places = [at for at, letter in enumerate(letters) if letter not in "trs"]
    assert [(places[at], *rest) for at, *rest in told(seen)] == told(letters)
    assert all(letters[at] not in "trs" for at, *_ in told(letters))


def reference(letters):
    """The rules again, one client and one number at a time, with scipy's beta-binomial."""
    said = [code(visit) for visit in course(letters)]
    streams = {
        "missed": [(at, c == MISSED) for at, c in enumerate(said) if c >= 0],
        "late": [(at, c == CAME_LATE) for at, c in enumerate(said) if c in (ON_TIME, CAME_LATE)],
        "irregular": [(at, c > ON_TIME) for at, c in enumerate(said) if c >= 0],
    }
    found = {}
    for rule in RULES:
        prior, stream = getattr(DEFAULT, rule), streams[rule]
        for end in range(1, len(stream) + 1):
            for size in range(1, WINDOW + 1):
                earlier, last = stream[: end - size], stream[max(0, end - size) : end]
                if end - size < OWN or not last[-1][1]:
                    continue
                known = sum(hit for _, hit in earlier)
                a, b = prior.a + known, prior.b + len(earlier) - known
                chance = betabinom.sf(sum(hit for _, hit in last) - 1, size, a, b)
                missed = sum(said[at] == MISSED for at, _ in last)
                found.setdefault(last[-1][0], []).append(
                    (chance, RULES.index(rule), size, rule, missed)
                )
    result, away, kept = [], None, 0
    for at, c in enumerate(said):
        if c < 0:
            continue
        if away:
            fine = c == ON_TIME or (c == CAME_LATE and away[0] == "missed")
            kept = kept + 1 if fine else 0
            if kept == BACK:
                result.append((at, "recovery", "back", away[1]))
                away = None
                continue
        best = min(found.get(at, [(1,)]), key=lambda row: (round(row[0], 12), *row[1:]))
        if best[0] < UNUSUAL:
            level = "major" if best[4] > 1 else "micro"
            if away is None or (away[1] == "micro" and level == "major"):
                away, kept = (best[3], level), 0
                result.append((at, "absence", best[3], level))
    return result


@given(courses)
def test_signals_are_those_of_a_plain_reckoning_with_scipy(letters):
    assert told(letters) == reference(letters)


@given(courses)
def test_the_evidence_is_of_the_stretch_that_was_unusual(letters):
    codes = attendance.to_codes([course(letters)])
    chances = attendance.compare(codes, DEFAULT)[:, 0]
    for at, _, stretch in attendance.follow(codes[0], chances, DEFAULT):
        if stretch.rule != "back":
            assert stretch.chance == pytest.approx(chances[:, at].min())
            assert stretch.chance < UNUSUAL
            assert stretch.before >= OWN


@given(st.lists(courses, max_size=6))
def test_a_caseload_gives_what_each_client_gives_alone(many):
    caseload = {f"c{at}": course(letters) for at, letters in enumerate(many)}
    assert signals_of_many(caseload) == {
        client: signals(client, visits) for client, visits in caseload.items()
    }


def test_a_large_caseload_gives_what_each_client_gives_alone():
    rng = random.Random(3)
    caseload = {
        f"c{at}": course("".join(rng.choices("....LXCtrs", k=rng.randrange(60))))
        for at in range(400)
    }
    made = signals_of_many(caseload)
    assert sum(map(len, made.values())) > 300
    assert made == {client: signals(client, visits) for client, visits in caseload.items()}


@given(courses, st.integers(0, 30), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant_and_later_visits_change_nothing(letters, cut, rng):
    visits = course(letters)
    whole = signals("a", visits)
    mixed = visits[:]
    rng.shuffle(mixed)
    assert signals("a", mixed) == whole
    assert attendance.series("a", mixed) == attendance.series("a", visits)
    early = signals("a", visits[:cut])
    days = {visit.date for visit in visits[:cut]}
    assert early == tuple(signal for signal in whole if signal.date in days)


def test_a_move_and_the_session_it_led_to_may_share_a_day():
    moved = Visit(START, "rescheduled", notice_hours=30)
    held = Visit(START, "attended")
    assert in_order([held, moved]) == in_order([moved, held]) == [moved, held]


@given(
    st.integers(0, WINDOW),
    st.integers(1, WINDOW),
    st.floats(0.05, 50),
    st.floats(0.05, 50),
)
def test_the_tail_is_scipys_beta_binomial(hits, size, a, b):
    assert tail(hits, size, a, b) == pytest.approx(betabinom.sf(hits - 1, size, a, b), abs=1e-9)


CASES = {
    "at_least(1:3, 3, 1, 9)": lambda: [tail(hits, 3, 1, 9) for hits in (1, 2, 3)],
    "at_least(1:2, 2, 1.9, 8.1)": lambda: [tail(hits, 2, 1.9, 8.1) for hits in (1, 2)],
    "at_least(1:3, 3, 3, 31.5)": lambda: [tail(hits, 3, 3, 31.5) for hits in (1, 2, 3)],
    "at_least(1, 1, 1, 33)": lambda: [tail(1, 1, 1, 33)],
}


@pytest.mark.parametrize("call", CASES)
def test_the_tail_agrees_with_r(call):
    """VGAM's beta-binomial; tools/r_reference.R."""
    assert CASES[call]() == pytest.approx(R_VALUES[call], abs=1e-14)


def test_the_series_shows_came_late_and_missed():
    made = attendance.series("a", course(".LXt."))
    assert (made.measure, made.rater, made.scale) == ("attendance", "record", Scale(0, 1, 0.5))
    assert [point.value for point in made.points] == [1, 0.5, 0, None, 1]
    assert [point.session for point in made.points] == [1, 2, 3, 4, 5]
    assert attendance.series("a", []).points == ()


def test_a_missed_appointment_takes_the_number_of_the_session_before_it():
    assert session_numbers(course("X.XL.X")) == [1, 1, 1, 2, 3, 3]
    assert session_numbers(example("course_a")) == [1, 2, 3, 3, 4, 5, 6]


@pytest.mark.parametrize("second", [1, 2])
def test_session_numbers_against_the_dates_are_refused(second):
    one, two = course("..")
    with pytest.raises(InputError) as caught:
        signals("a", [replace(one, session=2), replace(two, session=second)])
    assert caught.value.slug == "dates-out-of-order"


def test_two_appointments_that_count_on_one_day_are_refused():
    with pytest.raises(InputError) as caught:
        signals("a", [Visit(START, "attended"), Visit(START, "no_show")])
    assert caught.value.slug == "duplicate-visit"
    assert caught.value.remedy


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "vanished"},
        {"status": None},
        {"minutes_late": -1},
        {"minutes_late": float("nan")},
        {"minutes_late": "12"},
        {"minutes_late": True},
        {"minutes_late": 5000},
        {"notice_hours": -2},
        {"notice_hours": float("inf")},
        {"by": "receptionist"},
        {"session": 0},
        {"session": 1.5},
        {"date": datetime(2026, 1, 5, 17)},
    ],
)
def test_impossible_visits_are_refused_with_where_and_what_to_do(wrong):
    with pytest.raises(InputError) as caught:
        signals("Tamsin", [replace(Visit(START, "attended"), **wrong)])
    assert caught.value.slug == "bad-visit"
    assert caught.value.where.startswith("visit of 2026-01-05")
    assert caught.value.remedy
    assert "Tamsin" not in str(caught.value)


@pytest.mark.parametrize(
    "row",
    [
        {"attendance": {"status": "attended"}},
        {"date": "5.1.2026", "attendance": {"status": "attended"}},
        {"date": "2026-01-05", "attendance": {}},
        {"date": "2026-01-05", "attendance": []},
        {"date": "2026-01-05", "attendance": {"status": "late", "minuteslate": 3}},
        {"date": "2026-01-05", "session": "one", "attendance": {"status": "attended"}},
    ],
)
def test_unreadable_rows_are_refused_by_number(row):
    good = {"date": "2026-01-01", "attendance": {"status": "attended"}}
    with pytest.raises(InputError) as caught:
        read_visits([good, row])
    assert (caught.value.slug, caught.value.where) == ("bad-visit", "row 2")


def test_rows_are_read_with_all_they_say_and_without_what_is_not_attendance():
    detail = {"status": "cancelled", "minutes_late": None, "notice_hours": 2.5, "by": "client"}
    rows = [{"date": date(2026, 1, 5), "turns": 90, "attendance": detail}, {"date": "2026-01-12"}]
    assert read_visits(rows) == (Visit(START, "cancelled", 0, 2.5, "client"),)


def test_moments_are_those_worked_out_by_hand():
    """Twelve clients, Kleinman's estimator with weights n_i in exact fractions."""
    hits = [0, 1, 4, 2, 0, 6, 1, 0, 3, 2, 8, 1]
    sizes = [10, 12, 12, 20, 8, 15, 10, 9, 30, 11, 16, 14]
    total = sum(sizes)
    p = Fraction(sum(hits), total)
    spread = sum(n * (Fraction(k, n) - p) ** 2 for k, n in zip(hits, sizes, strict=True))
    room = total - Fraction(sum(n * n for n in sizes), total) - (len(sizes) - 1)
    rho = (spread - p * (1 - p) * (len(sizes) - 1)) / (p * (1 - p) * room)
    made = moments(np.array(hits), np.array(sizes), DEFAULT.missed)
    assert made.mean == pytest.approx(float(p))
    assert made.weight == pytest.approx(float(1 / rho - 1))


def test_moments_find_the_prior_that_clients_were_drawn_from():
    codes = draw(np.random.default_rng(7), 20_000, 25)
    made = moments((codes == MISSED).sum(1), np.full(20_000, 25), Prior(5, 5))
    assert made.mean == pytest.approx(0.1, abs=0.003)
    assert made.weight == pytest.approx(10, abs=0.8)


def test_clients_who_are_all_alike_make_a_firm_prior():
    made = moments(np.full(30, 2), np.full(30, 20), DEFAULT.missed)
    assert made.mean == pytest.approx(0.1)
    assert made.weight == pytest.approx(WEIGHTS[1])


@pytest.mark.parametrize(("hits", "n"), [(0, 30), (5, 30), (2, FEWEST_CLIENTS - 1)])
def test_few_clients_or_extreme_rates_keep_the_weight_of_the_default(hits, n):
    made = moments(np.full(n, hits), np.full(n, 5), DEFAULT.missed)
    assert made.weight == pytest.approx(DEFAULT.missed.weight)
    assert 0 < made.mean < 1


def test_a_prior_is_made_of_what_came_before_the_day():
    rng = random.Random(5)
    caseload = {f"c{at}": course("".join(rng.choices("...LX", k=20))) for at in range(30)}
    day = START + timedelta(weeks=10)
    made = habits_of(caseload, before=day)
    earlier = {client: visits[:10] for client, visits in caseload.items()}
    assert made == habits_of(earlier, before=day)
    assert made.by == "the caseload of 30 clients before 2026-03-16"
    assert made.missed.mean == pytest.approx(0.2, abs=0.06)
    assert habits_of(caseload, before=START) == DEFAULT
    assert habits_of({}, before=day) == DEFAULT


def test_a_caseload_that_misses_much_makes_missing_less_of_a_sign():
    rng = random.Random(5)
    caseload = {f"c{at}": course("".join(rng.choices(".X", k=20))) for at in range(30)}
    habits = habits_of(caseload, before=date(2030, 1, 1))
    assert signals("a", course("..XX"), habits) == ()
    assert signals("a", course("..XX")) != ()


def test_false_signals_are_as_stated():
    measured = false_signals()
    assert {told: round(rate, 2) for told, rate in measured.items()} == FALSE_PER_12
    absences = [rate for (rule, _), rate in measured.items() if rule != "back"]
    assert sum(absences) == pytest.approx(0.36, abs=0.005)


def test_each_level_carries_its_own_figure():
    made = signals("a", course("." * 24 + "XX..."))
    assert [(s.rule, s.level, s.false_per_12) for s in made] == [
        ("missed", "micro", FALSE_PER_12["missed", "micro"]),
        ("missed", "major", FALSE_PER_12["missed", "major"]),
        ("back", "major", FALSE_PER_12["back", "major"]),
    ]


def test_an_absence_that_lasts_is_told_within_two_appointments():
    """As in docs/attendance.md: of 5,000 clients who stay away after 12 appointments, 91%."""
    codes = draw(np.random.default_rng(0), 5_000, 14)
    codes[:, 12:] = MISSED
    chances = attendance.compare(codes, DEFAULT)
    seen = sum(
        any(at >= 12 for at, _, _ in attendance.follow(own, chances[:, row], DEFAULT))
        for row, own in enumerate(codes)
    )
    assert seen / len(codes) == pytest.approx(0.91, abs=0.01)


@pytest.mark.slow
def test_ten_thousand_clients_take_seconds():
    codes = draw(np.random.default_rng(1), 10_000, 40)
    letters = {ON_TIME: ".", CAME_LATE: "L", MISSED: "X"}
    caseload = {
        f"c{at}": course("".join(letters[c] for c in own)) for at, own in enumerate(codes.tolist())
    }
    start = time.perf_counter()
    made = signals_of_many(caseload)
    assert time.perf_counter() - start < 20  # about 2 s on an idle core
    assert len(made) == 10_000
