"""Figures of a caseload: R and published values, counts worked out by hand, what must always hold.

Values of R (survival, survey, boot) stand beside their calls in tests/data/r_reference.json, made
by tools/r_reference.R.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from reattune.caseload import (
    FEW,
    FEWEST,
    FIGURES,
    Course,
    EpisodeRecord,
    design_effect,
    difference,
    figures,
    literature,
    wilson,
)
from reattune.errors import InputError
from reattune.survival import product_limit
from reattune.types import Point, Scale, Series

START = date(2026, 1, 5)
SCALE = Scale(1, 7, 0.2)

# Freireich et al. 1963, Blood 21, 699-716: weeks of remission under 6-mercaptopurine and placebo.
MERCAPTOPURINE = (
    [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35],
    [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0],
)
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
# Collett, Modelling Survival Data in Medical Research, table 1.1: weeks to giving up an IUD.
IUD = (
    [10, 13, 18, 19, 23, 30, 36, 38, 54, 56, 59, 75, 93, 97, 104, 107, 107, 107],
    [1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0],
)


def held(n):
    return tuple((number, START + timedelta(weeks=number)) for number in range(1, n + 1))


def ratings(client, values, measure="checkin_client", scale=SCALE):
    points = tuple(Point(at, None, value) for at, value in enumerate(values, 1))
    return Series(client, measure, "client", points, scale)


def record(client, session, **more):
    known = {"kind": "withdrawal", "intensity": "micro", "state": "open"} | more
    return EpisodeRecord(client, session, None, **known)


def by_name(courses, episodes, **options):
    return {figure.name: figure for figure in figures(courses, episodes, **options)}


def eight(ended=False):
    """Eight courses of 9 sessions."""
    return [Course(f"c{at}", held(9), ended=ended) for at in range(8)]


def test_product_limit_is_the_published_one_for_remission_of_leukemia():
    """Klein & Moeschberger, Survival Analysis, table 4.1, three decimals."""
    curve = product_limit(*MERCAPTOPURINE)
    share = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert curve.share.tolist() == pytest.approx(share, abs=5e-4)


def test_product_limit_is_colletts():
    """Collett's table 2.2."""
    share = [0.9444, 0.8815, 0.8137, 0.7459, 0.6526, 0.5594, 0.4662, 0.3729, 0.2486]
    assert product_limit(*IUD).share.tolist() == pytest.approx(share, abs=5e-5)


@pytest.mark.parametrize(
    ("times", "events"), [([], []), ([1], []), ([-1], [True]), ([math.nan], [True])]
)
def test_times_that_are_none_are_refused(times, events):
    with pytest.raises(InputError) as caught:
        product_limit(times, events)
    assert caught.value.slug == "bad-times"


watched = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=25)


def at(curve, time):
    """The share left just after a time."""
    return min((s for t, s in zip(curve.times, curve.share, strict=True) if t <= time), default=1.0)


@given(watched, st.integers(0, 14))
def test_one_more_open_episode_never_lowers_the_curve_or_the_median(rows, until):
    times, events = (list(side) for side in zip(*rows, strict=True))
    before = product_limit(times, events)
    after = product_limit([*times, until], [*events, False])
    assert all(at(after, t) >= at(before, t) - 1e-12 for t in range(15))
    one, two = before.median()[0], after.median()[0]
    assert two is None or (one is not None and two >= one)


@given(watched)
def test_the_curve_falls_within_its_limits_and_greenwood_is_the_jackknife_of_single_clients(rows):
    times, events = (list(side) for side in zip(*rows, strict=True))
    curve = product_limit(times, events)
    own = product_limit(times, events, [str(at) for at in range(len(times))])
    assert (np.diff(curve.share) <= 0).all()
    assert (curve.low <= curve.share).all()
    assert (curve.share <= curve.high).all()
    inside = curve.share > 0
    assert own.error[inside].tolist() == pytest.approx(curve.error[inside].tolist())


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0000),
    ],
)
def test_wilson_is_newcombes(hits, n, low, high):
    """Newcombe 1998, Stat Med 17, 857-872, table I, method 3."""
    assert wilson(hits / n, n) == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_none_or_all_counts_each_client_once():
    assert design_effect([(0, 4), (0, 8)]) == 6
    assert design_effect([(4, 4), (8, 8)]) == 6
    assert design_effect([(1, 2)] * 6) == 1  # more alike than chance is not believed
    assert design_effect([(1, 1)] * 3 + [(0, 1)] * 9) == pytest.approx(1)


def test_relationships_with_a_rupture_are_counted_once_each():
    episodes = [record("c0", 2), record("c0", 5), record("c3", 1, intensity="major")]
    found = by_name([*eight(), Course("none", ())], episodes)
    some, major = found["with_rupture"], found["with_major_rupture"]
    assert (some.value, some.count, some.n, some.clients) == (2 / 8, 2, 8, 8)
    assert (some.low, some.high) == pytest.approx(wilson(2 / 8, 8))
    assert (major.value, major.count) == (1 / 8, 1)
    assert some.few
    assert some.shown == "25% (7% to 59%)"


def test_courses_that_were_not_looked_through_are_not_without_a_rupture():
    unread = [Course(f"u{at}", held(9), read=frozenset()) for at in range(4)]
    partly = Course("p", held(9), read=frozenset({1, 2, 3}))
    found = by_name([*eight(), *unread, partly], [record("c0", 2), record("p", 2)])
    some = found["with_rupture"]
    assert (some.value, some.count, some.n) == (2 / 9, 2, 9)
    assert some.means.endswith(
        "Counted are the 9 of 13 courses whose words were read, in 75 of their 81 sessions."
    )
    assert "Counted are" not in by_name(eight(), [])["with_rupture"].means


@pytest.mark.parametrize("ended", [True, False])
def test_a_session_that_was_not_looked_through_ends_the_watch(ended):
    """Onset in session 2; 3 to 5 must be read before nobody can be said to have taken it up."""
    known = {"c0": {1, 2, 3, 4, 5}, "c1": {1, 2, 3, 4}, "c2": {1, 2, 4, 5, 6}, "c3": set(range(10))}
    courses = [Course(c, held(9), ended=ended, read=frozenset(own)) for c, own in known.items()]
    found = by_name(courses, [record(client, 2) for client in known])
    never = found["never_addressed"]
    assert (never.count, never.n) == (2, 2)
    assert never.means.endswith("A session whose words were not read ends the watch.")
    repair = [f"c{at}" for at in range(5)]
    half = [Course(client, held(9), read=frozenset(range(1, 4))) for client in repair]
    took = by_name(half, [record(client, 2) for client in repair[1:]] + [
        record("c0", 2, repaired_at=5)
    ])["sessions_to_repair"]  # fmt: skip
    expected = product_limit([3, 1, 1, 1, 1], [1, 0, 0, 0, 0], list("abcde")).median()
    assert (took.value, took.low, took.high) == expected


def test_an_alliance_after_sessions_that_were_not_read_is_in_neither_group():
    back = [6, 6, 6, 1, 3, 3, 5, 5, 5]
    course = Course("b", held(9), ratings("b", back), read=frozenset({4, 5}))
    assert by_name([course], [record("b", 4)])["alliance_after_repair"].n == 0
    whole = Course("b", held(9), ratings("b", back))
    assert by_name([whole], [record("b", 4)])["alliance_after_repair"].n == 1


def test_measures_of_courses_that_were_not_read_are_not_mixed_with_others():
    other = Course("o", held(3), ratings("o", [1], measure="srs"), read=frozenset())
    assert figures([Course("c", held(3), ratings("c", [1])), other], [])


def test_counts_of_clients_are_told_in_good_english():
    said = [
        by_name(eight(), [record(f"c{at}", 1) for at in range(n)])["sessions_to_repair"].reason
        for n in range(3)
    ]
    assert [text.partition(";")[0] for text in said] == [
        "It rests on no clients", "It rests on 1 client", "It rests on 2 clients",
    ]  # fmt: skip


def test_ruptures_never_addressed_are_those_left_after_three_sessions():
    episodes = [
        record("c0", 1, state="unnoticed"),  # never
        record("c1", 1, state="open"),  # never
        record("c2", 1, state="unnoticed", repaired_at=4),
        record("c3", 1, state="addressed"),
        record("c4", 1, state="mishandled"),
        record("c5", 6, state="repaired"),
        record("c6", 7, state="open"),  # too early: two sessions after it
        record("c7", 6, state="open"),  # never: three after it
    ]
    early = by_name(eight(), episodes)["never_addressed"]
    assert (early.count, early.n, early.value) == (3, 7, 3 / 7)
    over = by_name(eight(ended=True), episodes)["never_addressed"]
    assert (over.count, over.n, over.value) == (4, 8, 4 / 8)


def test_recognized_ruptures_are_those_of_which_somebody_said_so():
    episodes = [
        record(f"c{at}", 1, noticed=at % 2 == 0, kind="confrontation" if at < 3 else "withdrawal")
        for at in range(8)
    ] + [record("c0", 2, noticed=None)]
    found = by_name(eight(), episodes)
    assert (found["noticed"].count, found["noticed"].n) == (4, 8)
    assert (found["noticed_withdrawal"].count, found["noticed_withdrawal"].n) == (2, 5)
    few = found["noticed_confrontation"]
    assert (few.value, few.low, few.high, few.shown) == (None, None, None, "-")
    assert few.reason == f"It rests on 3 clients; a figure needs at least {FEWEST}."


def test_sessions_to_repair_count_sessions_held_and_censor_what_is_open():
    gap = Course("gap", tuple((n, None) for n in (1, 2, 5, 8, 9)))
    episodes = [
        record("gap", 2, repaired_at=8),  # the second session held after it
        record("c0", 1, state="repaired"),  # in the same session
        record("c1", 1, repaired_at=2),
        record("c2", 4, repaired_at=6),
        record("c3", 9),  # open, nothing after it
        record("c4", 5),  # open for four sessions
        record("c5", 1, repaired_at=6),
    ]
    found = by_name([*eight(), gap], episodes)["sessions_to_repair"]
    times, events = [2, 0, 1, 2, 0, 4, 5], [True, True, True, True, False, False, True]
    expected = product_limit(times, events, list("gabcdef")).median()
    assert (found.value, found.low, found.high) == expected == (2, 0, None)
    assert (found.n, found.count, found.clients) == (7, 5, 7)
    assert found.shown == "2 (0 to no limit yet)"


def test_later_repairs_are_those_not_made_in_the_session_of_the_onset():
    episodes = [record(f"c{at}", n, state="repaired") for at in range(3) for n in (1, 2)]
    episodes += [record("c3", 1, state="repaired", repaired_at=1)]
    episodes += [record(f"c{at}", 1, repaired_at=1 + at // 2) for at in range(4, 8)]
    episodes += [record("c0", 8)]  # open, one session after it
    found = by_name(eight(), episodes)
    assert found["sessions_to_repair"].value == 0
    later = found["sessions_to_later_repair"]
    expected = product_limit([2, 2, 3, 3, 1], [1, 1, 1, 1, 0], list("45670")).median()
    assert (later.value, later.low, later.high) == expected == (2.5, 2, None)
    assert (later.n, later.count, later.clients) == (5, 4, 5)


def test_no_median_is_made_up_where_most_stay_open():
    episodes = [record(f"c{at}", 1) for at in range(7)] + [record("c7", 1, repaired_at=2)]
    found = by_name(eight(), episodes)["sessions_to_repair"]
    assert (found.value, found.shown) == (None, "-")
    assert "Fewer than half" in found.reason


def test_alliance_after_repair_is_the_difference_of_changes():
    """Six fall from 6 to 3 and stay; six fall and are back at 5 from the third session on."""
    down, back = [6, 6, 6, 3, 3, 3, 3, 3, 3], [6, 6, 6, 1, 3, 3, 5, 5, 5]
    courses = [Course(f"d{at}", held(9), ratings(f"d{at}", down)) for at in range(6)]
    courses += [Course(f"b{at}", held(9), ratings(f"b{at}", back)) for at in range(6)]
    episodes = [record(f"d{at}", 4) for at in range(6)]
    episodes += [record(f"b{at}", 4, repaired_at=7) for at in range(6)]
    found = by_name(courses, episodes)["alliance_after_repair"]
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))
    assert (found.n, found.count, found.clients, found.few) == (12, 6, 12, True)
    assert found.shown == "+2.0 (+2.0 to +2.0)"
    late = [replace(one, repaired_at=8) if one.repaired_at else one for one in episodes]
    assert by_name(courses, late)["alliance_after_repair"].shown == "-"


def test_a_measure_on_which_low_is_good_is_turned_round():
    scale = Scale(0, 10, 1, higher_is_better=False)
    courses, episodes = [], []
    for at in range(12):
        values = [1, 1, 1, 5, 5, 5, 2 if at < 6 else 5, None, None]
        name = f"c{at:02}"
        courses.append(Course(name, held(9), ratings(name, values, scale=scale)))
        episodes.append(record(name, 4, repaired_at=5 if at < 6 else None))
    assert by_name(courses, episodes)["alliance_after_repair"].value == pytest.approx(3)


def test_the_interval_of_a_difference_is_near_that_of_welch_where_clients_have_one_episode_each():
    rng = np.random.default_rng(4)
    one, two = rng.normal(1, 1, 60), rng.normal(0, 1.5, 60)
    rows = [(f"a{at:02}", True, float(x)) for at, x in enumerate(one)]
    rows += [(f"b{at:02}", False, float(x)) for at, x in enumerate(two)]
    value, low, high = difference(rows)
    welch = ttest_ind(one, two, equal_var=False).confidence_interval()
    assert value == pytest.approx(one.mean() - two.mean())
    assert (low, high) == pytest.approx(tuple(welch), abs=0.05 * (welch.high - welch.low))


def test_episodes_of_one_client_do_not_count_as_so_many_clients():
    episodes = [record(f"c{at}", n, noticed=at < 4) for at in range(8) for n in range(1, 7)]
    found = by_name(eight(), episodes)["noticed"]
    assert (found.value, found.n, found.clients) == (0.5, 48, 8)
    assert found.high - found.low > 0.5
    assert wilson(0.5, 48)[1] - wilson(0.5, 48)[0] < 0.28


def some_caseload(seed, n=30):
    rng = random.Random(seed)
    courses, episodes = [], []
    for client in (f"c{at:02}" for at in range(n)):
        length = rng.randrange(1, 15)
        values = [rng.choice([None, 3, 4, 5, 6, 7]) for _ in range(length)]
        courses.append(
            Course(client, held(length), ratings(client, values), ended=rng.random() < 0.5)
        )
        for session in rng.sample(range(1, length + 1), rng.randrange(min(length, 4) + 1)):
            at = rng.choice([None, rng.randint(session, length)])
            state = rng.choice(["unnoticed", "addressed", "repaired", "mishandled", "open"])
            kind = rng.choice(["withdrawal", "confrontation", "mixed"])
            noticed = rng.choice([None, True, False])
            episodes.append(
                record(client, session, state=state, kind=kind, noticed=noticed, repaired_at=at)
            )
    return courses, episodes


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 40), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant_and_values_lie_in_their_intervals(seed, n, rng):
    courses, episodes = some_caseload(seed, n)
    whole = figures(courses, episodes)
    for rows in (courses, episodes):
        rng.shuffle(rows)
    assert figures(courses, episodes) == whole
    for figure in whole:
        assert (figure.value is None) == bool(figure.reason)
        if figure.value is not None:
            assert figure.low is None or figure.low <= figure.value
            assert figure.high is None or figure.value <= figure.high
            assert figure.clients >= FEWEST
        if figure.unit == "share" and figure.value is not None:
            assert 0 <= figure.low <= figure.high <= 1
            assert figure.few == (figure.clients < FEW)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_one_more_open_episode_never_shortens_the_time_to_repair(seed):
    courses, episodes = some_caseload(seed)
    before = by_name(courses, episodes)["sessions_to_repair"]
    for course in courses[:5]:
        more = [*episodes, record(course.client, 1)]
        after = by_name(courses, more)["sessions_to_repair"]
        if before.clients >= FEWEST and after.value is not None:
            assert before.value is not None
            assert after.value >= before.value


def test_an_empty_caseload_has_no_figures_but_reasons():
    found = figures([], [])
    assert [figure.name for figure in found] == list(FIGURES)
    assert {figure.shown for figure in found} == {"-"}
    assert all(figure.reason and figure.means and figure.method for figure in found)


def test_figures_of_few_clients_are_marked():
    marked = by_name([Course(f"c{at}", held(2)) for at in range(FEW - 1)], [])["with_rupture"]
    enough = by_name([Course(f"c{at}", held(2)) for at in range(FEW)], [])["with_rupture"]
    assert (marked.few, enough.few) == (True, False)


def test_each_figure_stands_beside_the_literature_and_its_weakness():
    for figure in figures([], []):
        assert figure.literature
        assert all(study.weakness and study.source for study in figure.literature)
        assert {study.tag for study in figure.literature} <= {"seen", "secondary"}
        assert "[seen]" in figure.source


def test_the_shares_quoted_are_those_of_the_counts():
    """Evidence 3.3: Larsson et al. 2018, 89 + 65 + 451 of 605; 30 of 38 people remembered one."""
    quoted = " ".join(study.says for study in literature("with_rupture"))
    for count, n in ((89 + 65, 605), (89, 605), (65, 605), (30, 38)):
        assert f"{100 * count / n:.0f}%" in quoted


def test_what_was_never_checked_is_shown_on_request_alone():
    shown = literature("noticed", unverified=True)
    assert {study.tag for study in shown} == {"seen", "unverified"}
    assert len(literature("noticed")) == len(shown) - 1
    assert by_name([], [], unverified=True)["noticed"].literature == shown


@pytest.mark.parametrize(
    ("courses", "episodes", "slug"),
    [
        ([Course("Tamsin", held(3)), Course("Tamsin", held(3))], [], "bad-caseload"),
        ([Course("Tamsin", ((1, None), (1, None)))], [], "bad-caseload"),
        ([Course("Tamsin", ((0, None),))], [], "bad-caseload"),
        ([Course("Tamsin", ((1, START), (2, START - timedelta(1))))], [], "bad-caseload"),
        ([Course("Tamsin", held(3), ratings("Neil", [1]))], [], "bad-caseload"),
        ([Course("Tamsin", held(3))], [record("Neil", 1)], "bad-caseload"),
        ([Course("Tamsin", held(3))], [record("Tamsin", 4)], "bad-caseload"),
        ([Course("Tamsin", held(3))], [record("Tamsin", 2, repaired_at=1)], "bad-caseload"),
        ([Course("Tamsin", held(3))], [record("Tamsin", 2, repaired_at=9)], "bad-caseload"),
        (
            [
                Course("Tamsin", held(3), ratings("Tamsin", [1])),
                Course("Neil", held(3), ratings("Neil", [1], measure="srs")),
            ],
            [],
            "mixed-measures",
        ),
    ],
)
def test_records_that_cannot_be_are_refused_without_a_name(courses, episodes, slug):
    with pytest.raises(InputError) as caught:
        figures(courses, episodes)
    assert caught.value.slug == slug
    assert caught.value.where
    assert caught.value.remedy
    assert "Tamsin" not in str(caught.value)
    assert "Neil" not in str(caught.value)
