"""Rules of change against published and R values, their properties, and the caseload path."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from scipy.stats import t as student

from reattune import change, charts, synth
from reattune.change import DEFAULT_RULES, RULES, Cut, Rule, discrepancy, signals
from reattune.drops import Drop, drop_and_return, drops
from reattune.errors import InputError
from reattune.types import Scale, Series, Signal
from tests.conftest import ROOT
from tests.test_charts import COURSE, R_VALUES, SCORES, WAI_SR, R, series

USABLE = [
    *(rule for rule in RULES.values() if not rule.needs),
    change.reliable_change(sd=9.6, reliability=0.91, source="a test"),
    change.sudden_change(cutoff=7, source="a test"),
    change.drop(sample_sd=5),
]


def numbers(signal: Signal) -> dict[str, float | None]:
    return {piece.name: piece.value for piece in signal.evidence}


def told(found: Sequence[Signal]) -> list[tuple[int, str, str]]:
    return [(signal.session, signal.kind, signal.level) for signal in found]


# Drop and return


def test_the_peak_is_where_the_decline_began():
    # Evidence 3.3, test 3, peak (b): 51 in session 4, so 51 is back only in session 10.
    (drop,) = drops(series(COURSE))
    assert drop == Drop(4, 7, 7, 10, 13.0, pytest.approx(1.0488, abs=1e-4), "repaired")
    assert drop.length == 3
    assert drops(series(COURSE), k=1) == (drop,)
    assert drops(series(COURSE[:9]))[0].state == "partial"  # 49: 11 of 13 made up, 85%
    assert drops(series(COURSE[:8]))[0].state == "open"  # 44: 6 of 13, 46%
    assert drops(series(COURSE[:8]))[0].length is None


def test_the_other_definition_of_a_peak_is_the_session_before():
    # Same source, peak (a): 49 in session 6, depth 11, back in session 9 (49 >= 48.476).
    rule = replace(RULES["drop"], work=partial(drop_and_return, most_steps=1))
    found = signals(series(COURSE), [rule])
    assert told(found) == [
        (7, "rupture", "major"),
        (8, "recovery", "micro"),  # 6 of 11 made up
        (9, "recovery", "major"),
    ]
    assert numbers(found[0])["depth"] == 11
    dip = replace(RULES["dip"], work=partial(drop_and_return, k=1, most_steps=1))
    assert told(signals(series(COURSE), [dip])) == told(found)
    # s_ref 9.6: k = 1 alone finds it, with 44 in session 8 just short of the 44.2 needed.
    for k, sessions in ((1, [(7, "rupture"), (8, "recovery"), (9, "recovery")]), (2, [])):
        work = partial(drop_and_return, k=k, sample_sd=9.6, most_steps=1)
        strict = signals(series(COURSE), [replace(RULES["drop"], work=work)])
        assert [(s.session, s.kind) for s in strict] == sessions
        assert [s.why for s in strict if "back within 0.5 SD" in s.why] == [
            s.why for s in strict if s.session == 9
        ]


def test_the_stricter_of_two_sds_decides():
    # Evidence 3.3, test 3, peak (b), s_ref 9.6: k = 1 alone; back in session 9, as 49 >= 46.2.
    assert drops(series(COURSE), k=2, sample_sd=9.6) == ()
    (drop,) = drops(series(COURSE), k=1, sample_sd=9.6)
    assert (drop.onset, drop.until, drop.reference) == (7, 9, 9.6)
    assert drops(series(COURSE), sample_sd=0.5) == drops(series(COURSE))


def test_a_drop_its_partial_and_its_full_return_are_told_as_they_come():
    found = signals(series(COURSE), ["drop"])
    assert told(found) == [
        (7, "rupture", "major"),
        (9, "recovery", "micro"),
        (10, "recovery", "major"),
    ]
    assert found[0].why == (
        "Session 7: the score 38 is 13 worse than in session 4 (51), where the decline began; a "
        "fall counts from 2.1, which is 2 SD (SD of this client 1.05; baseline sessions 1 to 6)."
    )
    assert numbers(found[0])["depth"] == 13


def test_a_signal_carries_the_figure_of_its_own_kind_and_level():
    values = [*COURSE[:6], 48, 50, 38, 44, 51]
    found = signals(series(values), ["drop"])
    assert told(found) == [
        (7, "rupture", "micro"),
        (8, "recovery", "micro"),
        (9, "rupture", "major"),
        (11, "recovery", "major"),
    ]
    rows = ("micro alone", "micro returns", "major alone", "major returns")
    assert [s.false_per_12 for s in found] == [charts.false_per_12("drop", 6, row) for row in rows]
    assert charts.false_per_12("drop", 6, "major alone") < RULES["drop"].false_per_12 / 4
    shorter = signals(series(values), ["drop"], 5)
    assert shorter[0].false_per_12 == charts.false_per_12("drop", 5, "micro alone")
    assert {s.false_per_12 for s in signals(series(COURSE), [change.drop(sample_sd=1)])} == {None}


def test_changes_for_the_better_have_a_figure_of_their_own():
    rule = change.reliable_change(sd=9.6, reliability=0.91, source="a test")
    worse, better = signals(series([40, 31, 40, 48]), [rule])
    assert worse.false_per_12 == charts.false_per_12("reliable-change")
    assert better.false_per_12 == charts.false_per_12("reliable-change", 6, "recoveries")


def test_a_dip_is_smaller_than_a_drop():
    values = [48, 50, 49, 51, 50, 49, 51, 49.5, 51]
    assert signals(series(values), ["drop"]) == ()
    assert told(signals(series(values), ["dip"])) == [
        (8, "rupture", "micro"),
        (9, "recovery", "micro"),
    ]


def test_a_decline_over_sessions_is_one_drop():
    # Each step is below 2 SD; seen from its start the decline is 8 in session 10.
    values = [48, 50, 49, 51, 48, 50, 51, 49, 47, 45, 43, 50, 51]
    (drop,) = drops(series(values))
    assert (drop.peak, drop.onset, drop.low, drop.until) == (7, 9, 11, 13)
    assert drop.depth == 8
    before = replace(RULES["drop"], work=partial(drop_and_return, most_steps=1))
    assert signals(series(values), [before]) == ()  # by the session before it is never seen


def test_a_decline_of_more_than_six_steps_is_measured_from_six_steps_back():
    sd = charts.deviation([40, 44, 40, 44, 40, 44])
    slow = [40, 44, 40, 44, 40, 44, *(44 - 0.6 * i for i in range(1, 12))]
    assert 6 * 0.6 < 2 * sd < 11 * 0.6
    assert drops(series(slow)) == ()
    assert drops(series(slow), k=1)[0].peak == 6


def test_an_open_drop_falls_again():
    values = [48, 50, 49, 51, 50, 49, 44, 46, 45.5, 43, 43, 40, 51]
    found = signals(series(values), ["drop"])
    assert [s.session for s in found if s.kind == "rupture"] == [7, 10, 12]
    (drop,) = drops(series(values))
    assert (drop.onset, drop.low, drop.until, drop.depth) == (7, 12, 13, 11)


def test_drops_where_low_is_good():
    mirrored = series([60 - x for x in COURSE], Scale(0, 60, 1, higher_is_better=False))
    assert told(signals(mirrored, ["drop"])) == told(
        signals(series(COURSE, Scale(0, 60, 1)), ["drop"])
    )


# Reliable change


@pytest.mark.parametrize(
    ("sd", "reliability", "expected"),
    [
        # Tests 4 and 5 of evidence 3.5: values in the tests of the R package suddengains.
        (10.5, 0.961, (2.073584, 2.93249, 5.747681)),
        (6.396073, 0.931, (1.680111, 2.376036, 4.65703)),
    ],
)
def test_reliable_difference(sd: float, reliability: float, expected: tuple[float, ...]):
    error = change.standard_error(sd, reliability)
    found = (error, math.sqrt(2) * error, change.reliable_difference(sd, reliability))
    assert found == pytest.approx(expected, abs=1e-5)


def test_the_example_of_jacobson_and_truax():
    # 1991: SD 7.5, reliability .80, from 32.5 to 47.5; cut-off c between means 40 and 60.
    assert change.standard_error(7.5, 0.8) == pytest.approx(3.354, abs=1e-3)
    assert change.reliable_change_index(32.5, 47.5, 7.5, 0.8) == pytest.approx(3.162, abs=1e-3)
    assert change.clinical_cutoff(40, 7.5, 60, 7.5) == 50
    assert change.reliable_difference(9.6, 0.91) == pytest.approx(7.98, abs=5e-3)


@pytest.mark.parametrize("rule", ["reliable-change", "sudden-change"])
def test_rules_that_need_norms_are_off_until_they_are_given(rule: str):
    assert rule not in DEFAULT_RULES
    for measure in ("wai-sr", "wai_sr", "phq9"):
        with pytest.raises(InputError, match=r"needs .*the SD and the reliability") as caught:
            signals(series(COURSE[:4], measure=measure), [rule])
        assert (caught.value.slug, caught.value.where) == ("rule-needs-numbers", measure)


def test_impossible_norms_are_refused():
    for sd, reliability in ((0, 0.9), (9.6, 1.0), (math.nan, 0.9), (9.6, -0.1)):
        with pytest.raises(InputError, match="The SD must be above 0"):
            change.reliable_change(sd=sd, reliability=reliability, source="")


NORMS = """
extends = "wai_sr"
[[norms]]
sd = 9.6
reliability = 0.91
source = "our clinic, 2025"
verified = {verified}
[[norms]]
scale = "bond"
sd = 3
reliability = 0.8
source = "our clinic, 2025"
verified = true
"""


def test_the_users_own_norms_turn_reliable_and_sudden_change_on(own: Path):
    (own / "wai_sr.toml").write_text(NORMS.format(verified="true"), "utf-8")
    total = series([40, 31, 30, 40, 48, 49], measure="wai_sr")
    given = change.reliable_change(sd=9.6, reliability=0.91, source="our clinic, 2025")
    found = signals(total, ["reliable-change"])
    assert told(found) == [(2, "decline", "major"), (5, "recovery", "major")]
    assert found == signals(total, [given])
    bond = series([10, 10, 8, 6], measure="wai_sr:bond")  # reliable from 3.72 points
    assert [s.session for s in signals(bond, ["reliable-change"])] == [4]
    lasting = series([48, 49, 48, 30, 31, 30, 31], measure="wai_sr/therapist")
    assert "our clinic, 2025" in signals(lasting, ["sudden-change"])[0].why
    with pytest.raises(InputError, match="needs the SD"):
        signals(series([10, 6], measure="wai_sr:task"), ["reliable-change"])


def test_norms_that_are_not_verified_are_never_applied(own: Path):
    (own / "wai_sr.toml").write_text(NORMS.format(verified="false"), "utf-8")
    with pytest.raises(InputError, match="needs the SD"):
        signals(series([40, 31], measure="wai_sr"), ["reliable-change"])


def test_reliable_change_is_told_when_it_begins_from_the_second_session_on():
    rule = change.reliable_change(sd=9.6, reliability=0.91, source="our clinic, 2025")
    found = signals(series([40, 31, 30, 40, 48, 49]), [rule])
    assert told(found) == [(2, "decline", "major"), (5, "recovery", "major")]
    assert "our clinic, 2025" in found[0].why
    assert found[0].by == "reliable-change/1"


# Sudden gains and losses

SUDDEN = [
    # Tests of suddengains 0.7.2, cutoff 7; intervals 2to3, 3to4, 4to5.
    ([28, 19, 23, 12, 13, None], [False, False, None]),
    ([28, 19, 23, 11, 12, None], [False, True, None]),
    ([28, 25, 28, 11, 12, None], [False, True, None]),
    ([28, 19, None, 12, 13, None], [None, None, None]),
    ([None, 26, 28, None, 12, 11], [None, None, None]),
    ([35, 37, 23, 23, 24, 21], [True, False, False]),
    ([35, 37, 34, 24, 24, 21], [False, True, False]),
    ([35, 37, 34, 34, 24, 21], [False, False, True]),
    ([35, 37, 34, 37, 37, 37], [False, False, False]),
]


@pytest.mark.parametrize(("values", "expected"), SUDDEN)
def test_sudden_falls_as_the_r_package_has_them(
    values: list[float | None], expected: list[bool | None]
):
    assert list(change.sudden_falls(values, 7)) == expected


def test_the_critical_values_are_those_of_the_package():
    # Evidence 3.6, criterion 3: 3 + 3 values, 5 values, 4 values.
    found = [change.critical_t(freedom) for freedom in (4, 3, 2)]
    assert found == pytest.approx([2.776, 3.182, 4.303], abs=5e-4)


def test_the_first_person_of_the_package_data_has_two_sudden_gains():
    flags = change.sudden_falls([35, 37, 34, 23, 24, 21, 29, 17, 11, 11, 10, 7], 7)
    assert [n for n, flag in enumerate(flags, 2) if flag] == [3, 7]


def test_the_rule_of_a_quarter_holds_for_losses_too():
    # suddengains 0.7.2 flags 40 -> 48 though it is 20%: its criterion 2 passes every loss.
    values = [40, 41, 40, 48, 49, 48]
    turned = [-x for x in values]
    assert change.sudden_falls(turned, 7, share=None) == (False, True, False)
    rule = change.sudden_change(cutoff=7, source="a test")
    symptoms = Scale(0, 63, 1, higher_is_better=False)
    assert signals(series(values, symptoms), [rule]) == ()
    found = signals(series([20, 21, 20, 28, 29, 28], symptoms), [rule])
    assert told(found) == [(5, "decline", "major")]
    assert "sudden loss" in found[0].why


def test_sudden_change_is_unfit_for_a_dip_of_one_session():
    # Evidence 3.6: 49 -> 38 -> 44 -> 49 is neither 25% nor stable.
    assert not any(change.sudden_falls(COURSE, 7))
    assert not any(change.sudden_falls(COURSE, 7, share=None))
    rule = change.sudden_change(cutoff=7, source="a test")
    assert signals(series(COURSE), [rule]) == ()
    assert "unfit" in RULES["sudden-change"].finds


def test_a_lasting_loss_is_told_two_sessions_later():
    rule = change.sudden_change(cutoff=7, source="a test")
    found = signals(series([48, 49, 48, 30, 31, 30, 31]), [rule])
    assert told(found) == [(5, "decline", "major")]
    assert "between sessions 3 and 4" in found[0].why
    with pytest.raises(InputError, match="above 0"):
        change.sudden_change(cutoff=0, source="")


# R


def places(name: str) -> list[int]:
    """The change points that `levels` finds in a series of the reference, as places after which."""
    values = R["series"][name]
    sigma = charts.mean(charts.moving_ranges(values)) / charts.MEAN_RANGE
    return [at for _, at, _ in change.levels(values, sigma, change.PENALTY)]


CASES: dict[str, Callable[[], Any]] = {
    **{f"optimal({name})": partial(places, name) for name in ("steps", "down", "flat", "course")},
    "between(40, 7.5, 60, 7.5)": lambda: [change.clinical_cutoff(40, 7.5, 60, 7.5)],
    "between(40, 5, 60, 10)": lambda: [change.clinical_cutoff(40, 5, 60, 10)],
    "in_twelve(fall_chance(1, 0))": lambda: [1 - (1 - synth.chance_of_fall(1)) ** 12],
    "in_twelve(pnorm(-c(2, 3)))": lambda: [
        1 - (1 - synth.chance_of_fall(k, 0.5)) ** 12 for k in (2, 3)
    ],
    "qt(0.975, 2:4)": lambda: [change.critical_t(df) for df in (2, 3, 4)],
    "rci(32.5, 47.5, 7.5, 0.8)": lambda: [change.reliable_change_index(32.5, 47.5, 7.5, 0.8)],
    "1.96 * sqrt(2) * sem(9.6, 0.91)": lambda: [change.reliable_difference(9.6, 0.91)],
    **{
        f"c(sem({sd}, {r}), sqrt(2) * sem({sd}, {r}), 1.96 * sqrt(2) * sem({sd}, {r}))": (
            lambda sd=sd, r=r: [
                change.standard_error(sd, r),
                math.sqrt(2) * change.standard_error(sd, r),
                change.reliable_difference(sd, r),
            ]
        )
        for sd, r in ((10.5, 0.961), (6.396073, 0.931))
    },
    **{
        f"fall_chance(c(1, 1.5, 2), {r:g})": (
            lambda r=r: [synth.chance_of_fall(k, r) for k in (1, 1.5, 2)]
        )
        for r in (0, 0.3, 0.5)
    },
    **{
        "sudden(c({}), 7)".format(", ".join("NA" if x is None else str(x) for x in values)): (
            lambda values=values: list(change.sudden_falls(values, 7))
        )
        for values, _ in SUDDEN
    },
    "sudden(c(35, 37, 34, 23, 24, 21, 29, 17, 11, 11, 10, 7), 7)": lambda: list(
        change.sudden_falls([35, 37, 34, 23, 24, 21, 29, 17, 11, 11, 10, 7], 7)
    ),
    "sudden(-c(40, 41, 40, 48, 49, 48), 7, share = NULL)": lambda: list(
        change.sudden_falls([-40, -41, -40, -48, -49, -48], 7, share=None)
    ),
    "sudden(course, 7)": lambda: list(change.sudden_falls(COURSE, 7)),
    "sudden(course, 7, share = NULL)": lambda: list(change.sudden_falls(COURSE, 7, share=None)),
}


@pytest.mark.parametrize("call", CASES)
def test_rules_agree_with_r(call: str):
    mine, theirs = CASES[call](), R_VALUES[call]
    if any(isinstance(value, float) for value in theirs):
        assert mine == pytest.approx(theirs, rel=1e-12)
    else:
        assert mine == theirs


@given(freedom=st.integers(1, 60))
def test_critical_values_are_scipys(freedom: int):
    assert change.critical_t(freedom) == pytest.approx(student.ppf(0.975, freedom), rel=1e-9)


@given(k=st.floats(0, 5), carried=st.floats(-0.9, 0.9))
def test_the_chance_of_a_fall_is_scipys_normal_tail(k: float, carried: float):
    theirs = norm.sf(k / math.sqrt(2 * (1 - carried)))
    assert synth.chance_of_fall(k, carried) == pytest.approx(theirs, rel=1e-9)


def test_every_r_value_is_compared():
    from tests import test_attendance, test_caseload_r, test_charts

    compared = [*CASES, *test_charts.CASES, *test_attendance.CASES, *test_caseload_r.CASES]
    compared += [*test_caseload_r.BY_CLIENT, test_caseload_r.DRAWN]
    assert sorted(compared) == sorted(R_VALUES)


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
def test_the_script_makes_the_values_again():
    done = subprocess.run(
        ["Rscript", ROOT / "tools" / "r_reference.R"], capture_output=True, text=True, check=False
    )
    if "there is no package called" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    again = json.loads(done.stdout)
    assert again["series"] == R["series"]
    assert [case["call"] for case in again["cases"]] == list(R_VALUES)
    for case in again["cases"]:
        made, kept = (
            [math.nan if value is None else value for value in values]
            for values in (case["value"], R_VALUES[case["call"]])
        )
        assert made == pytest.approx(kept, rel=1e-9, nan_ok=True), case["call"]


# Change points


def test_a_new_level_is_told_when_it_shows_and_stays_told():
    values = [48, 50, 49, 51, 50, 49, 50, 48, 40, 41, 39, 40, 41, 40, 39]
    found = signals(series(values), ["change-point"])
    assert told(found) == [(12, "decline", "major")]
    assert numbers(found[0])["since session"] == 9
    assert "looks back" in found[0].why
    assert RULES["change-point"].lags
    assert signals(series(values[:11]), ["change-point"]) == ()


def test_a_better_level_is_a_recovery():
    values = [40, 41, 39, 40, 41, 40, 39, 41, 50, 49, 51, 50, 49]
    assert [s.kind for s in signals(series(values), ["change-point"])] == ["recovery"]


# Therapist minus client


def pair() -> tuple[Series, Series]:
    client = series([5, 5, None, 4, 5, 5, 4, 5, 1], Scale(1, 7, 1))
    mine = replace(client, rater="therapist")
    points = tuple(replace(p, value=6.0) for p in mine.points[:8])
    return replace(mine, points=(*points, replace(mine.points[8], value=7.0))), client


def test_the_difference_is_a_series_of_its_own():
    therapist, client = pair()
    own = discrepancy(therapist, client)
    assert [p.value for p in own.points] == [1, 1, None, 2, 1, 1, 2, 1, 6]
    assert own.measure == "wai-sr:therapist-minus-client"
    assert own.scale == Scale(-6, 6, 1, higher_is_better=False)
    found = signals(own, ["individuals"])
    assert [s.session for s in found] == [9]
    assert "the difference (therapist minus client) 6 is above the upper limit" in found[0].why


def test_where_low_is_good_the_worse_side_of_the_difference_turns_too():
    low = Scale(0, 27, 1, higher_is_better=False)
    client = series([10, 12], low)
    own = discrepancy(replace(client, rater="therapist"), client)
    assert own.scale == Scale(-27, 27, 1, higher_is_better=True)


def test_a_difference_needs_two_raters_of_one_client_on_one_measure():
    therapist, client = pair()
    with pytest.raises(InputError, match="by one rater"):
        discrepancy(client, client)
    for other in (
        replace(therapist, client="B"),
        replace(therapist, measure="srs"),
        replace(therapist, scale=None),
    ):
        with pytest.raises(InputError, match="not of one client"):
            discrepancy(other, client)
    mirrored = discrepancy(
        replace(therapist, measure="checkin_therapist"), replace(client, measure="checkin_client")
    )
    assert mirrored.measure == "checkin:therapist-minus-client"
    part = replace(therapist, points=therapist.points[:2])
    assert [p.value for p in discrepancy(part, client).points][2:] == [None] * 7


# Single items


def test_an_item_prompts_from_the_first_session():
    felt_off = series([4, 2, 3], Scale(1, 7, 1, False), measure="checkin_client:item5")
    found = signals(felt_off)
    assert told(found) == [(1, "rupture", "micro"), (3, "rupture", "micro")]
    assert "at or over 3" in found[0].why
    understood = series([5, 4], Scale(1, 7, 1), measure="checkin_client:item1")
    assert told(signals(understood)) == [(2, "rupture", "micro")]


def test_an_item_that_was_reversed_in_scoring_is_met_by_the_reversed_cut():
    reversed_ = series([4, 6, 5], Scale(1, 7, 1), measure="checkin_client:item5")
    assert [s.session for s in signals(reversed_)] == [1, 3]
    assert "at or under 5" in signals(reversed_)[0].why


def test_other_items_need_a_cut():
    item = series([4, 9.5], Scale(0, 10, 0.1), measure="srs:item1")
    for measure in ("srs:item1", "checkin_client:item9", "ours:item1", "checkin_client:bond"):
        assert signals(replace(item, measure=measure)) == ()
    rule = change.item_prompt(Cut(8.5, source="the practice"))
    assert [s.session for s in signals(item, [rule])] == [1]
    assert signals(item, [rule])[0].false_per_12 is None


def test_the_users_own_prompts_speak_as_well(own: Path):
    item = series([4, 9.5], Scale(0, 10, 0.1), measure="srs:item1")
    text = 'extends = "srs"\n[prompts]\nsource = "our clinic"\nverified = true\nitems = {1 = 8.5}\n'
    (own / "srs.toml").write_text(text, "utf-8")
    for measure in ("srs:item1", "srs/therapist:item1"):
        (found,) = signals(replace(item, measure=measure))
        assert (found.session, found.false_per_12) == (1, None)
        assert "at or under 8.5" in found.why
        assert "our clinic" in found.why


def test_an_item_carries_the_figure_of_its_cut():
    felt_off = series([4], Scale(1, 7, 1, False), measure="checkin_client:item5")
    turned = series([4], Scale(1, 7, 1), measure="checkin_client:item5")
    understood = series([4], Scale(1, 7, 1), measure="checkin_client:item1")
    high = charts.false_per_12("item-prompt", 6, "3 or over of 1 to 7")
    low = charts.false_per_12("item-prompt", 6, "4 or under of 1 to 7")
    found = [signals(own)[0].false_per_12 for own in (felt_off, turned, understood)]
    assert found == [high, high, low]
    assert signals(replace(understood, scale=None))[0].false_per_12 is None


# All rules


def test_rules_are_visible_and_say_what_they_find():
    assert DEFAULT_RULES == ("item-prompt", "individuals", "drop")
    for name, rule in RULES.items():
        assert (rule.name, rule.by) == (name, f"{name}/{rule.version}")
        assert rule.finds
        assert isinstance(rule.false_per_12, float)
    assert {name for name, rule in RULES.items() if rule.needs} == {
        "reliable-change",
        "sudden-change",
    }
    assert {"ewma", "cusum", "change-point"} <= {name for name, r in RULES.items() if r.lags}


def test_an_unknown_rule_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"no rule 'shewhart'.*individuals"):
        signals(series(COURSE), ["shewhart"])


def test_signals_come_by_session_and_in_the_order_of_the_rules():
    found = signals(series(COURSE), ["drop", "individuals"])
    assert [(s.session, s.rule) for s in found] == [
        (7, "drop"), (7, "individuals"), (8, "individuals"), (9, "drop"), (10, "drop"),
    ]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(values=SCORES, scaled=st.booleans(), low=st.booleans(), baseline=st.integers(3, 8))
def test_later_sessions_never_change_a_signal(
    values: list[int | None], scaled: bool, low: bool, baseline: int
):
    scale = Scale(12, 60, 1, not low) if scaled else None
    whole = signals(series(values, scale), USABLE, baseline)
    for n in range(1, len(values)):
        early = signals(series(values[:n], scale), USABLE, baseline)
        assert early == tuple(signal for signal in whole if signal.session <= n)


@settings(max_examples=150, deadline=None)
@given(
    values=st.lists(st.none() | st.integers(-30, 30), min_size=6, max_size=20),
    factor=st.sampled_from([0.25, 0.5, 2.0, -1.0, -4.0]),
    shift=st.integers(-100, 100),
)
def test_signals_move_with_the_series(values: list[int | None], factor: float, shift: int):
    # Not for change points, where whole numbers leave ties between equally good places.
    names = [n for n, rule in RULES.items() if not rule.needs and n != "change-point"]
    own = Scale(-30, 30, 1)
    ends = sorted((-30 * factor + shift, 30 * factor + shift))
    scale = Scale(ends[0], ends[1], abs(factor), higher_is_better=factor > 0)
    moved = [None if x is None else factor * x + shift for x in values]
    one, two = signals(series(values, own), names), signals(series(moved, scale), names)
    assert [(s.rule, *t) for s, t in zip(one, told(one), strict=True)] == [
        (s.rule, *t) for s, t in zip(two, told(two), strict=True)
    ]


@settings(max_examples=150, deadline=None)
@given(values=st.lists(st.none() | st.floats(12, 60), max_size=30), rule=st.sampled_from(USABLE))
def test_no_course_makes_a_rule_crash(values: list[float | None], rule: Rule):
    for signal in signals(series(values, WAI_SR), [rule], 4):
        assert signal.session <= len(values)
        assert signal.why.startswith(f"Session {signal.session}: ")
        assert signal.evidence
