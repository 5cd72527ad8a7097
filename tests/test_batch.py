"""Many clients at once: the same signals as client by client, on arrays."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reattune import change, charts, synth
from reattune.batch import batch_limits, batch_signals
from reattune.change import Rule, signals
from reattune.errors import InputError
from reattune.types import Point, Scale, Series
from tests.test_change import USABLE
from tests.test_charts import WAI_SR, series


def rows_of(values: np.ndarray, scale: Scale | None, rules: Sequence[str | Rule]) -> list[Any]:
    found = []
    for i, row in enumerate(values):
        one = series([None if math.isnan(x) else float(x) for x in row], scale)
        found += [(i, s.session, s.rule, s.kind, s.level) for s in signals(one, rules)]
    return found


def listed(found: Any) -> list[Any]:
    columns = (found.row, found.session, found.rule, found.kind, found.level)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("pattern", synth.PATTERNS)
@pytest.mark.parametrize("scaled", [True, False])
def test_a_caseload_gets_what_each_client_gets(pattern: str, scaled: bool):
    made = synth.make(pattern, 60, 30, seed=11)
    values, rng = made.values, np.random.default_rng(5)
    values[rng.random(values.shape) < 0.2] = np.nan
    values[0], values[1, 4:] = np.nan, np.nan
    values[2, ~np.isnan(values[2])] = values[2, ~np.isnan(values[2])][0]
    scale = made.scale if scaled else None
    found = batch_signals(values, scale=scale)
    assert listed(found) == rows_of(values, scale, ["individuals", "drop"])
    assert (values[found.row, found.session - 1] == found.value).all()
    strict = batch_signals(values, scale=scale, sample_sd=4.0)
    wanted = rows_of(values, scale, ["individuals", change.drop(sample_sd=4.0)])
    assert listed(strict) == wanted
    dips = [row for row in listed(batch_signals(values, scale=scale, k=1)) if row[2] == "dip"]
    assert dips == rows_of(values, scale, ["dip"])


@pytest.mark.parametrize("robust", [True, False])
def test_a_caseload_has_the_limits_of_each_client(robust: bool):
    made = synth.make("gaps", 60, seed=7)
    made.values[3, 4:] = np.nan
    found = batch_limits(made.values, robust=robust, scale=made.scale)
    for i in range(60):
        if np.isfinite(made.values[i]).sum() < 6:
            assert np.isnan(found.center[i])
            assert found.last[i] == 0
            continue
        own = charts.limits(made.series(i), robust=robust)
        assert (found.center[i], found.lower[i], found.upper[i], found.sigma[i]) == (
            own.center, own.lower, own.upper, own.sigma,
        )  # fmt: skip
        assert found.moving_range_upper[i] == own.moving_range_upper
        assert found.last[i] == own.baseline[-1]


def test_a_caseload_too_short_for_limits_has_no_signals():
    assert len(batch_signals(np.full((3, 4), 40.0))) == 0
    assert np.isnan(batch_limits(np.full((3, 4), 40.0)).center).all()
    assert len(batch_signals(np.zeros((0, 40)))) == 0


def test_a_caseload_refuses_what_a_series_refuses():
    for bad, scale, slug in (
        (np.zeros(4), None, "bad-table"),
        (np.array([[40.0, np.inf]]), None, "value-outside-scale"),
        (np.array([[40.0, 61.0]]), WAI_SR, "value-outside-scale"),
    ):
        with pytest.raises(InputError) as caught:
            batch_signals(bad, scale=scale)
        assert caught.value.slug == slug
    with pytest.raises(InputError, match="too short"):
        batch_limits(np.zeros((2, 9)), 2)


def test_ten_thousand_clients_take_seconds():
    values = synth.make("stable", 10_000, 40).values
    start = time.perf_counter()
    found = batch_signals(values, scale=synth.SCALE)
    assert time.perf_counter() - start < 5
    assert len(found) > 10_000


def test_a_point_that_is_missing_is_never_a_signal():
    gap = Series("A", "wai-sr", "client", (Point(1, None, None),))
    assert signals(gap, USABLE) == ()
    assert signals(replace(gap, points=()), USABLE) == ()
