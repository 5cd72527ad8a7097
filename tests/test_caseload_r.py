"""Survival, shares and intervals against R, statsmodels and scipy."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import proportion_confint

from reattune.caseload import (
    design_effect,
    difference,
    wilson,
)
from reattune.survival import product_limit
from tests.test_caseload import IUD, MERCAPTOPURINE, PLACEBO
from tests.test_charts import R_VALUES, R

# R

COLUMNS = {
    "time": "times",
    "n.risk": "at_risk",
    "n.event": "events",
    "surv": "share",
    "std.err": "error",
    "lower": "low",
    "upper": "high",
}
DATA = {
    "mercaptopurine": MERCAPTOPURINE,
    "placebo": (PLACEBO, [1] * 21),
    "iud": IUD,
    "several": ([1, 1, 2, 2, 3, 3, 3, 5, 6, 8, 0, 2], [1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1]),
}
WHOSE = list("aaabbbccddee")
SHORT = {
    "1:4, c(1, 1, 0, 0)": ([1, 2, 3, 4], [1, 1, 0, 0]),
    "1:6, c(1, 1, 1, 0, 0, 1)": ([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 1]),
    "1:4, c(1, 1, 1, 1)": ([1, 2, 3, 4], [1, 1, 1, 1]),
    "c(1, 1, 1, 1), c(1, 1, 0, 0)": ([1, 1, 1, 1], [1, 1, 0, 0]),
    "c(0, 0, 1, 2, 3), c(1, 1, 0, 1, 0)": ([0, 0, 1, 2, 3], [1, 1, 0, 1, 0]),
    "c(2, 3), c(0, 0)": ([2, 3], [0, 0]),
}
COUNTS = {
    "c(3, 1, 0, 2, 4, 0), c(4, 3, 2, 2, 5, 3)": [(3, 4), (1, 3), (0, 2), (2, 2), (4, 5), (0, 3)],
    "c(5, 0, 1, 3, 2), c(5, 6, 1, 4, 8)": [(5, 5), (0, 6), (1, 1), (3, 4), (2, 8)],
}
SHARES = [(81, 263), (15, 148), (0, 20), (1, 29), (29, 29)]


def clustered(counts):
    """The standard error of a share that its design effect gives."""
    n = sum(own for _, own in counts)
    share = sum(hits for hits, _ in counts) / n
    return math.sqrt(design_effect(counts) * share * (1 - share) / (n - 1))


def of_clients(column):
    """R's column by client where its jackknife has the larger error, else Greenwood's."""
    plain, robust = (
        {name: R_VALUES[f"{call}${name}"] for name in (column, "std.err")}
        for call in ("km(several)", "km_of_clients(several, whose)")
    )
    larger = [b > a for a, b in zip(plain["std.err"], robust["std.err"], strict=True)]
    assert set(larger) == {True, False}
    both = zip(plain[column], robust[column], larger, strict=True)
    return [b if jackknife else a for a, b, jackknife in both]


CASES: dict[str, Callable[[], Any]] = {
    **{
        call: (
            lambda name=name, column=column: getattr(
                product_limit(*DATA[name]), COLUMNS[column]
            ).tolist()
        )
        for name in DATA
        for column in COLUMNS
        if (call := f"km({name})${column}") in R_VALUES
    },
    **{
        f"half({name})": lambda name=name: list(product_limit(*DATA[name]).median())
        for name in ("mercaptopurine", "placebo", "iud")
    },
    **{
        f"half(of({call}))": lambda rows=rows: list(product_limit(*rows).median())
        for call, rows in SHORT.items()
    },
    **{
        f"cluster_error({call})": lambda counts=counts: [clustered(counts)]
        for call, counts in COUNTS.items()
    },
    **{
        f"wilson({hits}, {n})": lambda hits=hits, n=n: list(wilson(hits / n, n))
        for hits, n in SHARES
    },
}
BY_CLIENT = [f"km_of_clients(several, whose)${column}" for column in ("std.err", "lower", "upper")]
DRAWN = "difference(client, repaired, change, 20000)"


@pytest.mark.parametrize("call", CASES)
def test_figures_agree_with_r(call):
    mine, theirs = CASES[call](), R_VALUES[call]
    assert len(mine) == len(theirs)
    for own, value in zip(mine, theirs, strict=True):
        if value is None:
            assert own is None or math.isnan(own)  # no error where nothing is left, as in R
        else:
            assert own == pytest.approx(value, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("call", BY_CLIENT)
def test_times_of_the_same_client_count_as_alike_as_they_are(call):
    """The jackknife by client or Greenwood's error, the larger one at each time."""
    column = call.partition("$")[2]
    mine = getattr(product_limit(*DATA["several"], WHOSE), COLUMNS[column]).tolist()
    assert mine == pytest.approx(of_clients(column), rel=1e-10)


def test_the_difference_of_repaired_and_others_is_that_of_rs_bootstrap():
    """Percentile limits, 20,000 draws of R's against 2,000: within a tenth of their width."""
    rows = [
        (f"{client:02}", bool(repaired), change)
        for client, repaired, change in zip(
            *(R["series"][name] for name in ("client", "repaired", "change")), strict=True
        )
    ]
    mine, (value, low, high) = difference(rows), R_VALUES[DRAWN]
    assert mine[0] == pytest.approx(value, rel=1e-12)
    assert mine[1:] == pytest.approx((low, high), abs=0.1 * (high - low))


def test_where_nothing_is_left_open_there_are_limits_that_r_does_not_give():
    assert product_limit([1] * 6, [1] * 6).median() == (1, 1, 1)
    assert product_limit([1] * 5, [1] * 5).median() == (1, 1, None)


# statsmodels and scipy


@pytest.mark.parametrize("name", DATA)
def test_the_curve_is_that_of_statsmodels(name):
    times, events = DATA[name]
    curve, theirs = product_limit(times, events), SurvfuncRight(times, events)
    assert curve.times.tolist() == theirs.surv_times.tolist()
    assert curve.at_risk.tolist() == theirs.n_risk.tolist()
    assert curve.events.tolist() == theirs.n_events.tolist()
    assert curve.share.tolist() == pytest.approx(theirs.surv_prob.tolist(), abs=1e-12)
    inside = curve.share > 0
    error = theirs.surv_prob_se[inside].tolist()
    assert curve.error[inside].tolist() == pytest.approx(error, rel=1e-10)


@pytest.mark.parametrize("name", ["mercaptopurine", "placebo", "iud"])
def test_the_median_is_that_of_statsmodels(name):
    """But where the curve stays at one half: ours is the middle as in R, theirs the start."""
    theirs = SurvfuncRight(*DATA[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the logarithm of a share of 0
        low, high = (None if math.isinf(limit) else limit for limit in theirs.quantile_ci(0.5))
    assert product_limit(*DATA[name]).median() == (theirs.quantile(0.5), low, high)


@pytest.mark.parametrize("name", DATA)
def test_the_limits_of_the_curve_are_those_of_scipy(name):
    times, events = (np.array(side) for side in DATA[name])
    curve = product_limit(times, events)
    known = ecdf(CensoredData(uncensored=times[events == 1], right=times[events == 0])).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of times at which it has no limits
        limits = known.confidence_interval(method="log-log")
    inside = curve.share > 0
    when = curve.times[inside]
    assert curve.share[inside] == pytest.approx(known.evaluate(when))
    assert curve.low[inside] == pytest.approx(limits.low.evaluate(when), rel=1e-10)
    assert curve.high[inside] == pytest.approx(limits.high.evaluate(when), rel=1e-10)


@given(st.integers(1, 400), st.data())
def test_wilson_is_that_of_statsmodels(n, data):
    hits = data.draw(st.integers(0, n))
    theirs = proportion_confint(hits, n, method="wilson")
    assert wilson(hits / n, n) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("counts", COUNTS.values())
def test_the_error_of_a_clustered_share_is_that_of_statsmodels(counts):
    answers = [y for hits, n in counts for y in [1.0] * hits + [0.0] * (n - hits)]
    whose = [at for at, (_, n) in enumerate(counts) for _ in range(n)]
    made = OLS(answers, np.ones(len(answers))).fit(
        cov_type="cluster", cov_kwds={"groups": np.array(whose)}
    )
    assert clustered(counts) == pytest.approx(float(made.bse[0]), rel=1e-10)
