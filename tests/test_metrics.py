"""Figures against scikit-learn, and against values worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from reattune import metrics

ROWS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 12).map(lambda n: n / 12)), min_size=4, max_size=80
)


def both(rows: list[tuple[bool, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([y for y, _ in rows], bool), np.array([p for _, p in rows])


@settings(max_examples=200, deadline=None)
@given(rows=ROWS)
def test_ranking_equals_scikit_learn_with_ties(rows: list[tuple[bool, float]]):
    truth, score = both(rows)
    if truth.any() and not truth.all():
        ours = metrics.average_precision(truth, score)
        assert ours == pytest.approx(reference.average_precision_score(truth, score))
        assert metrics.roc_auc(truth, score) == pytest.approx(reference.roc_auc_score(truth, score))
    else:
        assert math.isnan(metrics.roc_auc(truth, score))


@settings(max_examples=100, deadline=None)
@given(rows=ROWS)
def test_decisions_equal_scikit_learn(rows: list[tuple[bool, float]]):
    truth, score = both(rows)
    flagged = score >= 0.5
    found = metrics.decisions(truth, flagged)
    if truth.any() and flagged.any():
        assert found["f1"] == pytest.approx(reference.f1_score(truth, flagged))
        assert found["ppv"] == pytest.approx(reference.precision_score(truth, flagged))
        assert found["sensitivity"] == pytest.approx(reference.recall_score(truth, flagged))
    if truth.any() and not truth.all():
        assert found["balanced_accuracy"] == pytest.approx(
            reference.balanced_accuracy_score(truth, flagged)
        )


def test_calibration_error_of_a_worked_example():
    # 10 turns at .25 of which 5 are marked, 10 at .85 of which 8 are: (.25 + .05) / 2.
    score = np.array([0.25] * 10 + [0.85] * 10)
    truth = np.array([True] * 5 + [False] * 5 + [True] * 8 + [False] * 2)
    assert metrics.calibration_error(truth, score) == pytest.approx(0.15)
    assert metrics.brier(truth, score) == pytest.approx(reference.brier_score_loss(truth, score))


def test_always_flagging_has_the_f1_of_the_base_rate():
    truth = np.array([True] * 3 + [False] * 7)
    assert metrics.decisions(truth, np.ones(10, bool))["f1"] == pytest.approx(6 / 13)
    assert metrics.decisions(truth, np.ones(10, bool))["balanced_accuracy"] == 0.5


def test_bootstrap_resamples_sessions_and_brackets_the_figure():
    rng = np.random.default_rng(1)
    truth = rng.random(400) < 0.3
    groups = list(np.arange(400).reshape(40, 10))
    low, high = metrics.bootstrap(lambda i: truth[i].mean(), groups, n=400) or (1.0, 0.0)
    assert low < truth.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(0.21 / 400), rel=0.35)
    assert metrics.bootstrap(lambda i: truth[i].mean(), groups[:3], n=400) is None
