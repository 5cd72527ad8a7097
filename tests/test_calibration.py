"""The last stage keeps its promises whatever the raw scores are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reattune.calibration import (
    N_RAW,
    Stage,
    calibrate,
    carriers,
    family_scores,
    sigmoid,
)
from reattune.codebook import CODES, FAMILIES, codes_for, columns

STAGE = Stage(
    dict.fromkeys(FAMILIES, (0.8, 0.3, -0.4, 0.9, 0.3, 0.1, -0.2, -0.5)), 1.2, (1.1, -0.3)
)
ROLES = ["client", "therapist", "other", "client"]


def scores(seed: int, scale: float = 3.0):
    rng = np.random.default_rng(seed)
    raw = (rng.normal(size=(4, N_RAW)) * scale).astype(np.float32)
    shifts = rng.normal(size=(4, 5)).astype(np.float32)
    return calibrate(raw, shifts, carriers(ROLES), STAGE), raw, shifts


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.floats(0.01, 1000))
def test_scores_are_probabilities_and_zero_where_the_speaker_cannot_carry_the_code(
    seed: int, scale: float
):
    found, _, _ = scores(seed, scale)
    assert found.codes.dtype == np.float32
    assert ((found.codes >= 0) & (found.codes <= 1)).all()
    assert not found.codes[0, list(codes_for("therapist"))].any()
    assert not found.codes[1, list(codes_for("client"))].any()
    assert not found.codes[2].any()


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_codes_of_a_family_sum_to_the_family(seed: int):
    found, _, _ = scores(seed)
    assert family_scores(found.codes) == pytest.approx(found.families, abs=1e-5)


def test_family_probability_is_the_stated_logistic_regression():
    found, raw, shifts = scores(7)
    own = list(columns("withdrawal"))
    chance = 1 - np.prod(1 - sigmoid(raw[0, own].astype(float)))
    inputs = [raw[0, len(CODES)], np.log(chance / (1 - chance)), *shifts[0], 1.0]
    expected = sigmoid(np.dot(inputs, STAGE.family["withdrawal"]))
    assert found.families[0, 0] == pytest.approx(expected, abs=1e-5)


def test_order_of_turns_does_not_matter_to_the_stage():
    found, raw, shifts = scores(3)
    order = [3, 1, 0, 2]
    again = calibrate(raw[order], shifts[order], carriers([ROLES[i] for i in order]), STAGE)
    assert (again.codes == found.codes[order]).all()
