"""The calibrated last stage and the thresholds, fitted on out-of-fold predictions."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from reattune.calibration import Stage, family_scores, shares, stage_inputs
from reattune.codebook import CLIENT_FAMILIES, CODES, FAMILIES, columns
from reattune.metrics import lowest_threshold

REAL_DENSITY = ("plain", "further", "wider", "annomi")
"""Corpora whose share of coded turns is that of real sessions."""

PRECISION = {"few": 0.65, "balanced": 0.50, "many": 0.30}
"""Aimed at, on REAL_DENSITY; on real talk alone (AnnoMI) it is less: .54, .47, .31."""

FEWEST_FLAGS = 20  # precision over fewer flags is not trusted
SHARED = {"near": 0.5, "second": 0.35, "major": 0.5}
N = len(CODES)


def fit_stage(
    raw: np.ndarray, shifts: np.ndarray, carries: np.ndarray, codes: np.ndarray, major: np.ndarray
) -> Stage:
    """The stage from stacked turns (n, ...) of sessions at real density."""
    family = {}
    for i, name in enumerate(FAMILIES):
        own = list(columns(name))
        turns = carries[:, own[0]] > 0
        inputs = stage_inputs(raw[turns][:, own], raw[turns, N + i], shifts[turns])[:, :-1]
        model = LogisticRegression(C=1.0, max_iter=1000)
        model.fit(inputs, codes[turns][:, own].any(1))
        family[name] = (*map(float, model.coef_[0]), float(model.intercept_[0]))
    return Stage(family, fit_sharpness(raw, codes), fit_major(raw, codes, major))


def fit_sharpness(raw: np.ndarray, codes: np.ndarray) -> float:
    """The exponent under which the labelled code's share of its family is likeliest."""

    def loss(sharpness: float) -> float:
        total = 0.0
        for name in FAMILIES:
            own = list(columns(name))
            coded = codes[:, own].sum(1) == 1
            share = shares(raw[coded][:, own], sharpness)
            total -= np.log(share[codes[coded][:, own]] + 1e-9).sum()
        return total

    return float(min(np.arange(0.4, 2.01, 0.1), key=loss))


def fit_major(raw: np.ndarray, codes: np.ndarray, major: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of major intensity on coded client turns."""
    own = [c for family in CLIENT_FAMILIES for c in columns(family)]
    coded = codes[:, own].any(1)
    model = LogisticRegression(C=1.0).fit(raw[coded, -1:], major[coded])
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def choose_thresholds(scores: np.ndarray, codes: np.ndarray, carries: np.ndarray) -> dict:
    """Operating point -> family -> lowest probability whose flags reach the aimed precision."""
    families = family_scores(scores)
    chosen: dict[str, dict[str, float]] = {}
    for point, aim in PRECISION.items():
        chosen[point] = {}
        for i, name in enumerate(FAMILIES):
            own = list(columns(name))
            turns = carries[:, own[0]] > 0
            truth = codes[turns][:, own].any(1)
            chosen[point][name] = lowest_threshold(
                families[turns, i], truth, aim, fewest=FEWEST_FLAGS
            )
    return chosen
