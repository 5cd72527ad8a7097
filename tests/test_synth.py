"""Made courses have the truth they claim, and the figures beside the rules are those measured."""

from __future__ import annotations

import math
import tomllib

import numpy as np
import pytest

from benchmarks import false_alarms
from reattune import synth
from reattune.change import RULES
from reattune.charts import load_false_alarms
from reattune.errors import InputError
from reattune.types import Series
from tests.conftest import ROOT


@pytest.mark.parametrize("pattern", synth.PATTERNS)
def test_a_seed_makes_the_same_courses_again(pattern: str):
    one, two = (synth.make(pattern, 5, seed=3) for _ in range(2))
    other = synth.make(pattern, 5, seed=4)
    assert np.array_equal(one.values, two.values, equal_nan=True)
    assert not np.array_equal(one.values, other.values, equal_nan=True)
    known = one.values[~np.isnan(one.values)]
    assert one.scale
    assert ((known >= one.scale.low) & (known <= one.scale.high)).all()
    assert (known == np.round(known)).all()


def test_stable_courses_have_the_level_and_spread_they_claim():
    values = synth.make("stable", 2000).values
    assert values.mean() == pytest.approx(synth.LEVEL, abs=0.05)
    assert values.std() == pytest.approx(synth.WITHIN, rel=0.02)
    falls = (np.diff(values, axis=1) < -2 * synth.WITHIN).mean()
    assert falls == pytest.approx(synth.chance_of_fall(2), abs=0.025)


@pytest.mark.parametrize(
    ("carried", "expected"),
    [
        # Evidence 3.4: P = Phi(-k / sqrt(2 (1 - r))) for k = 1, 1.5, 2.
        (0.0, (0.2398, 0.1444, 0.0786)),
        (0.3, (0.1990, 0.1024, 0.0455)),
        (0.5, (0.1587, 0.0668, 0.0228)),
    ],
)
def test_how_often_a_stable_score_falls_by_chance(carried: float, expected: tuple[float, ...]):
    theory = [synth.chance_of_fall(k, carried) for k in (1, 1.5, 2)]
    assert theory == pytest.approx(expected, abs=5e-5)
    made = synth.noise(np.random.default_rng(1), 4000, 20, carried=carried)
    steps = np.diff(made, axis=1)
    seen = [(steps < -k * synth.WITHIN).mean() for k in (1, 1.5, 2)]
    assert seen == pytest.approx(expected, abs=5e-3)


def test_how_often_rules_of_a_textbook_speak_in_twelve_stable_sessions():
    # Evidence 3.4: a fall of 1 SD at least once .96; beyond 2 sigma on one side .241, 3 sigma .016.
    chances = [synth.chance_of_fall(1), synth.chance_of_fall(2, 0.5), synth.chance_of_fall(3, 0.5)]
    assert chances == pytest.approx([0.2398, 0.0228, 0.00135], abs=5e-5)
    once = [1 - (1 - chance) ** 12 for chance in chances]
    assert once == pytest.approx([0.963, 0.241, 0.016], abs=5e-4)


def test_carried_over_deviations_are_correlated_and_as_wide():
    made = synth.noise(np.random.default_rng(1), 4000, 20, carried=0.5)
    assert np.corrcoef(made[:, 9], made[:, 10])[0, 1] == pytest.approx(0.5, abs=0.04)
    assert made.std() == pytest.approx(synth.WITHIN, rel=0.02)


def test_ceiling_courses_stick_to_the_top_and_gaps_are_gaps():
    assert 0.4 < (synth.make("ceiling", 500).values == synth.SCALE.high).mean() < 0.7
    assert np.isnan(synth.make("gaps", 500).values).mean() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(
    ("pattern", "depth"), [("v", 12), ("v_small", 6), ("multi_v", 12), ("lasting", 6)]
)
def test_a_change_is_as_deep_as_it_claims_where_it_claims(pattern: str, depth: float):
    made = synth.make(pattern, 3000)
    sessions = np.arange(1, made.values.shape[1] + 1)
    end = np.where(made.until > 0, made.until, sessions[-1] + 1)[:, None]
    last = sessions == end - 1  # the lowest session before the return
    before = sessions < made.onset[:, None]
    after = sessions >= end
    assert made.values[last].mean() == pytest.approx(synth.LEVEL - depth, abs=0.25)
    assert made.values[before].mean() == pytest.approx(synth.LEVEL, abs=0.1)
    if after.any():
        assert made.values[after].mean() == pytest.approx(synth.LEVEL, abs=0.15)
    assert made.onset.min() > synth.CALM


def test_a_drift_goes_on_falling():
    made = synth.make("drift", 2000)
    assert (made.until == 0).all()
    assert (made.values[:, -1] < made.values[:, synth.CALM]).mean() > 0.9


def test_stable_courses_have_no_onset():
    for pattern in synth.STABLE:
        assert not synth.make(pattern, 3).onset.any()


def test_a_row_becomes_a_series():
    made = synth.make("gaps", 3, seed=2)
    one = made.series(1)
    assert isinstance(one, Series)
    assert [p.session for p in one.points] == list(range(1, 19))
    for point, value in zip(one.points, made.values[1], strict=True):
        assert point.value == (None if math.isnan(value) else value)


def test_what_cannot_be_made_is_refused():
    with pytest.raises(InputError, match=r"no pattern 'w'.*stable"):
        synth.make("w")
    with pytest.raises(InputError, match="needs 16 sessions"):
        synth.make("lasting", sessions=12)


def test_every_rule_has_a_measured_figure():
    measured = load_false_alarms()
    for part in ("stable", "other", "found"):
        assert set(RULES) <= set(measured[part])


def test_the_benchmark_measures_again_what_is_shown():
    # 150 clients a pattern: the figures shown are from 4000. Within four standard errors; one
    # client's signals come together, about two at a time.
    clients = 150
    again = false_alarms.measure(clients, seed=77)
    shown = load_false_alarms()
    for name, row in again.items():
        for length, rate in row["stable"].items():
            known = shown["stable"][name][length]
            assert abs(rate - known) < 4 * math.sqrt(2 * (known + 0.03) / clients), name
        for pattern, found in row["found"].items():
            known = shown["found"][name][pattern]["share"]
            error = math.sqrt((known * (1 - known) + 0.01) / clients)
            assert abs(found.share - known) < 4 * error, name  # type: ignore[union-attr]
    made = tomllib.loads(false_alarms.write(again, clients))
    for part in ("stable", "other", "found"):
        assert {name: row.keys() for name, row in made[part].items()} == {
            name: row.keys() for name, row in shown[part].items()
        }
    rows = false_alarms.table(again).splitlines()
    assert all(any(f"| `{name}` |" in row for row in rows) for name in again)


def test_the_levels_of_a_rule_add_up_to_its_figure():
    shown = load_false_alarms()["stable"]
    for rule in ("drop", "dip"):
        for length, rate in shown[rule].items():
            parts = [shown[f"{rule}, {level} alone"][length] for level in ("major", "micro")]
            assert sum(parts) == pytest.approx(rate, abs=0.011)


def test_the_docs_show_the_figures_that_were_measured():
    page = (ROOT / "docs" / "charts.md").read_text("utf-8")
    for name, row in load_false_alarms()["stable"].items():
        rate = row.get("6", row.get("any"))
        assert f"| `{name}` | {rate:.2f} |" in page, name
