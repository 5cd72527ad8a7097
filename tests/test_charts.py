"""Control charts against published and R values, their properties, and what they refuse."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from reattune import charts, synth
from reattune.change import RULES, signals
from reattune.charts import BASELINE, limitations, limits
from reattune.errors import InputError
from reattune.types import Point, Scale, Series
from tests.conftest import ROOT

R = json.loads((ROOT / "tests" / "data" / "r_reference.json").read_text("utf-8"))
R_VALUES = {case["call"]: case["value"] for case in R["cases"]}
NIST, COURSE, SLOW, ZONES = (R["series"][name] for name in ("nist", "course", "slow", "zones"))
WAI_SR = Scale(12, 60, 1)
PHQ9 = Scale(0, 27, 1, higher_is_better=False)
SCORES = st.lists(st.none() | st.integers(12, 60), min_size=1, max_size=24)


def series(
    values: Sequence[float | None], scale: Scale | None = None, *, measure: str = "wai-sr"
) -> Series:
    first = date(2026, 1, 5)
    points = (
        Point(i + 1, first + timedelta(weeks=i), None if value is None else float(value))
        for i, value in enumerate(values)
    )
    return Series("Ada Byron", measure, "client", tuple(points), scale)


def told(values: Sequence[float | None], *rules: str, scale: Scale | None = None) -> list[int]:
    return [signal.session for signal in signals(series(values, scale), rules)]


def test_limits_of_the_nist_example():
    # NIST/SEMATECH e-Handbook 6.3.2.2, individuals chart: 3 / 1.128.
    own = limits(series(NIST), baseline=10)
    assert own.center == pytest.approx(50.81)
    assert own.moving_range == pytest.approx(1.877778, abs=1e-6)
    assert own.lower == pytest.approx(45.81591, abs=1e-5)
    assert own.upper == pytest.approx(55.80409, abs=1e-5)
    assert own.moving_range_upper == pytest.approx(6.1347, abs=1e-4)
    # With the rounded factor 2.66 the same chart has 45.8151 and 55.8049.
    rounded = [own.center - 2.66 * own.moving_range, own.center + 2.66 * own.moving_range]
    assert rounded == pytest.approx([45.8151, 55.8049], abs=5e-5)
    assert told(NIST, "individuals", "moving-range") == []


def test_the_robust_limits_of_the_nist_example_use_the_median_moving_range():
    own = limits(series(NIST), baseline=10, robust=True)
    assert own.moving_range == pytest.approx(1.5)
    # With 3.145, the rounded 3 / 0.954 (JMP documentation), 46.0925.
    assert own.center - 3.145 * own.moving_range == pytest.approx(46.0925)
    assert own.lower == pytest.approx(50.81 - 3 / 0.954 * 1.5)


def test_a_frozen_baseline_sees_what_the_whole_series_hides():
    # Evidence 3.2, test 2, a made series; its limits are with 2.66, rounded from 3 / 1.128.
    whole, own = limits(series(COURSE), baseline=10), limits(series(COURSE))
    assert (whole.center, whole.moving_range) == (pytest.approx(47.9), pytest.approx(3.44444, 1e-5))
    assert whole.center - 2.66 * whole.moving_range == pytest.approx(38.7378, abs=5e-5)
    assert whole.center + 2.66 * whole.moving_range == pytest.approx(57.0622, abs=5e-5)
    assert (whole.lower, whole.upper) == pytest.approx((38.7392, 57.0608), abs=5e-5)  # R
    assert (own.center, own.moving_range) == (pytest.approx(49.5), pytest.approx(1.4))
    assert own.center - 2.66 * own.moving_range == pytest.approx(45.776)
    assert own.center + 2.66 * own.moving_range == pytest.approx(53.224)
    assert (own.lower, own.upper) == pytest.approx((45.7766, 53.2234), abs=5e-5)  # R
    assert own.moving_range_upper == pytest.approx(4.5738, abs=1e-4)
    assert own.baseline == (1, 2, 3, 4, 5, 6)
    assert [i + 1 for i, x in enumerate(COURSE) if not whole.lower <= x <= whole.upper] == [7]
    assert told(COURSE, "individuals") == [7, 8]
    assert told(COURSE, "individuals", scale=WAI_SR) == [7, 8]


def test_the_weighted_mean_lags_behind_the_repair():
    # Evidence 3.2, test 2: sessions 7 to 10, all beyond the limit of 48.286.
    sigma = 1.4 / 1.128
    levels, widths = charts.ewma(COURSE, 49.5, sigma)
    assert levels[6:] == pytest.approx([47.251, 46.601, 47.080, 47.864], abs=6e-4)
    assert 49.5 - widths[6] == pytest.approx(48.286, abs=6e-4)
    assert all(level < 49.5 - width for level, width in zip(levels[6:], widths[6:], strict=True))
    assert told(COURSE, "ewma") == [7]


def sigmas(values: Sequence[float], sign: int = 1) -> list[float]:
    own = limits(series(values))
    return [sign * (value - own.center) / own.sigma for value in values[BASELINE:]]


def started(rule: str) -> list[int]:
    """Where a run rule speaks on the scores ZONES, counted after a baseline of sigma 1."""
    first = [-1.128 / 2, 1.128 / 2] * 3
    return [session - len(first) for session in told([*first, *ZONES], rule)]


def edges(values: Sequence[float], baseline: int, robust: bool = False) -> list[float]:
    own = limits(series(values), baseline, robust)
    return [own.center, own.lower, own.upper, own.sigma, own.moving_range_upper]


CASES: dict[str, Callable[[], Any]] = {
    "xmr(nist, 10)": lambda: edges(NIST, 10),
    "xmr(nist, 10, median = TRUE)": lambda: edges(NIST, 10, True),
    "xmr(course, 10)": lambda: edges(COURSE, 10),
    "xmr(course, 6)": lambda: edges(COURSE, 6),
    "xmr(course, 6, median = TRUE)": lambda: edges(COURSE, 6, True),
    "ewma(course, 49.5)": lambda: charts.ewma(COURSE, 49.5, 1)[0],
    "ewma_width(10, 1.4 / 1.128)": lambda: charts.ewma(COURSE, 49.5, 1.4 / 1.128)[1],
    "ewma(slow, 49.5)": lambda: charts.ewma(SLOW, 49.5, 1)[0],
    "cusum((tail(course, -6) - 49.5) / (1.4 / 1.128))": lambda: charts.cusum(sigmas(COURSE)),
    "cusum((tail(slow, -6) - 49.5) / (1.4 / 1.128))": lambda: charts.cusum(sigmas(SLOW)),
    "cusum(-(tail(items, -6) - mean(head(items, 6))) / "
    "(mean(abs(diff(head(items, 6)))) / 1.128))": lambda: charts.cusum(
        sigmas(R["series"]["items"], -1)
    ),
    "sd(head(course, 6))": lambda: [charts.deviation(COURSE[:6])],
    "begins(zones < -2, 2, 3)": lambda: started("two-of-three"),
    "begins(zones < -1, 4, 5)": lambda: started("four-of-five"),
    "begins(zones < 0, 8, 8)": lambda: started("eight-in-a-row"),
    "falls(zones, 6)": lambda: started("six-falling"),
}


@pytest.mark.parametrize("call", CASES)
def test_charts_agree_with_r(call: str):
    assert CASES[call]() == pytest.approx(R_VALUES[call], rel=1e-12)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=40), st.floats(-50, 50))
def test_the_weighted_mean_is_that_of_scipys_filter(values: list[float], center: float):
    theirs, _ = lfilter([0.2], [1, -0.8], values, zi=[0.8 * center])
    assert charts.ewma(values, center, 1)[0] == pytest.approx(theirs.tolist(), abs=1e-9)


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=40))
def test_mean_median_and_deviation_are_numpys(values: list[float]):
    mine = charts.mean(values), charts.median(values), charts.deviation(values)
    theirs = np.mean(values), np.median(values), np.std(values, ddof=1)
    assert mine == pytest.approx(theirs, abs=1e-9)


def test_slow_drifts_are_for_ewma_and_cusum():
    assert told(SLOW, "individuals") == [13]
    assert told(SLOW, "ewma") == [11]
    # The sums of R pass 5 at the fifth session after the baseline.
    assert told(SLOW, "cusum") == [11]


def test_where_low_is_good_the_upper_limit_speaks():
    values = [8, 9, 8, 7, 8, 9, 3, 14]
    found = signals(series(values, PHQ9), ["individuals"])
    assert [signal.session for signal in found] == [8]
    assert "above the upper limit" in found[0].why
    assert told(values, "individuals", scale=Scale(0, 27, 1)) == [7]


def test_a_large_step_down_passes_the_moving_range_chart_a_step_up_does_not():
    assert told([48, 50, 49, 51, 50, 49, 55, 49, 50], "moving-range") == [8]
    assert told([48, 50, 49, 51, 50, 49, 49, 55, 54], "moving-range") == []


@pytest.mark.parametrize(
    ("rule", "scores", "expected"),
    [
        ("two-of-three", [-2.1, 0, -2.1, 0], [9]),
        ("two-of-three", [-2.1, 0, 0, -2.1], []),
        ("two-of-three", [-2.1, 2.1, 2.1, 0], []),
        ("four-of-five", [-1.1, -1.1, 0, -1.1, -1.1, 0], [11]),
        ("four-of-five", [-1.1, -1.1, 0, 0, -1.1, -1.1], []),
        ("eight-in-a-row", [-0.1] * 8, [14]),
        ("eight-in-a-row", [-0.1] * 9, [14]),
        ("eight-in-a-row", [-0.1] * 7 + [0.1], []),
        ("six-falling", [1, 0.8, 0.6, 0.4, 0.2, 0], [12]),
        ("six-falling", [1, 0.8, 0.6, 0.4, 0.4, 0.2], []),
    ],
)
def test_run_rules(rule: str, scores: list[float], expected: list[int]):
    # Western Electric (1956) zones and Nelson (1984) trend, worse side, after the baseline.
    first = [-1.128 / 2, 1.128 / 2] * 3  # center 0, sigma 1
    assert limits(series(first)).sigma == pytest.approx(1)
    assert told(first + scores, rule) == expected


def test_limits_stay_on_the_scale_and_say_so():
    own = limits(series([60, 52, 60, 50, 60, 54], WAI_SR))
    assert own.upper == 60
    wild = limits(series([14, 40, 13, 50, 20, 44], WAI_SR))
    assert (wild.lower, wild.upper) == (12, 60)
    assert "limit-at-scale-end" in {note.slug for note in wild.notes}
    assert "limit-at-scale-end" not in {note.slug for note in own.notes}


def test_ceiling_scores_get_a_least_sigma():
    own = limits(series([60, 60, 59, 60, 60, 60], WAI_SR))
    assert own.sigma == pytest.approx(0.025 * 48)
    assert [note.slug for note in own.notes] == ["least-sigma"]
    assert told([60, 60, 59, 60, 60, 60, 58, 57, 56, 55], "individuals", scale=WAI_SR) == [9, 10]
    # One item from 1 to 7: half a step.
    assert limits(series([7] * 6, Scale(1, 7, 1))).sigma == 0.5


def test_constant_scores_on_an_unknown_scale_make_no_chart():
    flat = series([40] * 6 + [30])
    assert signals(flat, [r for r, rule in RULES.items() if not rule.needs]) == ()
    assert [note.slug for note in limitations(flat)] == ["constant-baseline"]
    assert [s.session for s in signals(replace(flat, scale=WAI_SR))] == [7, 7]


def test_three_sessions_are_too_few_for_limits_and_say_so():
    short = series([48, 50, 30])
    with pytest.raises(InputError, match="need 6 sessions with a score; there are 3") as caught:
        limits(short)
    assert caught.value.slug == "too-few-sessions"
    assert signals(short) == ()
    (note,) = limitations(short)
    assert note.slug == "baseline-not-reached"
    assert [n.slug for n in limits(short, baseline=3).notes] == ["short-baseline"]
    with pytest.raises(InputError, match="too short"):
        limits(short, baseline=2)


def test_a_rupture_in_the_baseline_is_noted():
    own = limits(series([50, 50, 50, 30, 50, 50, 50, 50, 50, 50]), baseline=10, robust=False)
    assert "uneven-baseline" in {note.slug for note in own.notes}


def test_gaps_are_passed_over():
    gappy = [48, None, 50, 49, None, 51, 50, 49, None, 38, 44]
    own = limits(series(gappy))
    assert own.baseline == (1, 3, 4, 6, 7, 8)
    assert own.lower == limits(series(COURSE)).lower
    found = signals(series(gappy), ["individuals"])
    assert [signal.session for signal in found] == [10, 11]
    assert "the 6 sessions with a score from 1 to 8" in found[0].why
    assert "3 of 11 sessions" in limitations(series(gappy))[0].text


@pytest.mark.parametrize(
    ("points", "scale", "slug"),
    [
        ([Point(1, None, 40.0), Point(1, None, 50.0)], None, "duplicate-session"),
        ([Point(1, None, math.nan)], None, "not-a-number"),
        ([Point(1, None, math.inf)], None, "not-a-number"),
        ([Point(1, None, 61.0)], WAI_SR, "value-outside-scale"),
        ([Point(0, None, 40.0)], None, "bad-session"),
        ([Point(20260112, None, 40.0)], None, "bad-session"),
        (
            [Point(2, date(2026, 1, 1), 40.0), Point(1, date(2026, 1, 8), 40.0)],
            None,
            "dates-out-of-order",
        ),
    ],
)
def test_what_cannot_be_charted_is_refused(points: list[Point], scale: Scale | None, slug: str):
    bad = Series("Ada Byron", "wai-sr", "client", tuple(points), scale)
    for work in (limits, signals, limitations):
        with pytest.raises(InputError) as caught:
            work(bad)  # type: ignore[operator]
        assert caught.value.slug == slug
        assert caught.value.remedy
        assert "Ada" not in str(caught.value)


def test_parts_of_a_series_are_joined_but_never_two_raters():
    one, two = series(COURSE[:6]), series(COURSE)
    two = replace(two, points=two.points[6:])
    assert charts.join([two, one]).points == two.points + one.points
    assert signals(charts.join([two, one])) == signals(series(COURSE))
    for mixed in (
        replace(two, rater="therapist"),
        replace(two, measure="srs"),
        replace(two, client="B"),
        replace(two, scale=WAI_SR),
    ):
        with pytest.raises(InputError, match=r"2 .* are mixed"):
            charts.join([one, mixed])
    with pytest.raises(InputError, match="no series"):
        charts.join([])


def test_a_signal_says_which_rule_the_value_the_limits_and_the_baseline():
    signal = signals(series(COURSE), ["individuals"])[0]
    assert signal.why == (
        "Session 7: the score 38 is below the lower limit of this client's individuals chart "
        "(limits 45.78 to 53.22 around 49.5, frozen at the baseline of sessions 1 to 6)."
    )
    assert (signal.kind, signal.level, signal.rule) == ("rupture", "major", "individuals")
    assert (signal.by, signal.source, signal.date) == ("individuals/1", "wai-sr", date(2026, 2, 16))
    values = {piece.name: piece.value for piece in signal.evidence}
    assert values["score"] == 38
    assert values["lower limit"] == pytest.approx(45.7766, abs=1e-4)
    assert values["baseline"] == 6


def test_no_rule_names_the_client():
    for signal in signals(series(COURSE), [r for r, rule in RULES.items() if not rule.needs]):
        assert "Ada" not in signal.why
        assert f"Session {signal.session}: " in signal.why


@settings(max_examples=150, deadline=None)
@given(
    values=st.lists(st.integers(-30, 30), min_size=6, max_size=20),
    factor=st.sampled_from([0.25, 0.5, 2.0, 8.0]),
    shift=st.integers(-100, 100),
    robust=st.booleans(),
    scaled=st.booleans(),
)
def test_limits_move_with_the_series(
    values: list[int], factor: float, shift: int, robust: bool, scaled: bool
):
    scale = Scale(-30, 30, 1) if scaled else None
    moved = Scale(-30 * factor + shift, 30 * factor + shift, factor) if scaled else None
    own = limits(series(values, scale), robust=robust)
    other = limits(series([factor * x + shift for x in values], moved), robust=robust)
    assume(own.sigma > 0)
    assert other.center == pytest.approx(factor * own.center + shift)
    assert other.sigma == pytest.approx(factor * own.sigma)
    assert other.lower == pytest.approx(factor * own.lower + shift)
    assert other.upper == pytest.approx(factor * own.upper + shift)
    assert other.moving_range_upper == pytest.approx(factor * own.moving_range_upper)


@settings(max_examples=150, deadline=None)
@given(values=SCORES, seed=st.integers(0, 99))
def test_the_order_of_the_rows_does_not_matter(values: list[int | None], seed: int):
    sorted_ = series(values, WAI_SR)
    rows = list(sorted_.points)
    random.Random(seed).shuffle(rows)
    mixed = replace(sorted_, points=tuple(rows))
    usable = [rule for rule in RULES.values() if not rule.needs]
    assert signals(mixed, usable) == signals(sorted_, usable)
    assert limitations(mixed) == limitations(sorted_)


def test_false_alarms_are_read_from_what_was_measured():
    assert charts.false_per_12("individuals") == RULES["individuals"].false_per_12
    assert charts.false_per_12("individuals", 8) < charts.false_per_12("individuals", 6)
    assert charts.false_per_12("individuals", 13) is None
    assert charts.false_per_12("no such rule") is None
    assert signals(series(COURSE))[0].false_per_12 == RULES["individuals"].false_per_12


def test_numbers_for_people():
    assert [charts.number(x) for x in (38.0, 45.7766, -0.001, 100, 0.5, -2.25)] == [
        "38", "45.78", "0", "100", "0.5", "-2.25",
    ]  # fmt: skip


def test_importing_the_charts_imports_nothing_heavy():
    code = (
        "import reattune.charts, reattune.drops, reattune.change, reattune.batch, reattune.synth, "
        "sys; print({'numpy', 'scipy', 'ruptures'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"


def test_a_least_sigma_keeps_ceiling_courses_from_alarming_far_more_often():
    made = synth.make("ceiling", 400, seed=4)
    count = sum(len(signals(made.series(i), ["individuals"])) for i in range(400))
    plain = replace(made, scale=None)
    bare = sum(len(signals(plain.series(i), ["individuals"])) for i in range(400))
    assert 0 < count < 0.7 * bare
