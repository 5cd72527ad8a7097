"""Agreement of two coders: published values, scikit-learn, and what must always hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from reattune.agreement import agreement, cohen_kappa, gwet_ac1, pabak, weighted_kappa


def codings(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Two codings with these counts of a two-by-two table."""
    one = [True] * (both + first) + [False] * (second + neither)
    two = [True] * both + [False] * first + [True] * second + [False] * neither
    return np.array(one), np.array(two)


def test_gwet_example_of_a_common_code():
    """Gwet (2002), the paradox table 118, 5, 2, 0: kappa -.0234, AC1 .9408."""
    one, two = codings(118, 5, 2, 0)
    assert cohen_kappa(one, two) == pytest.approx(-0.0234, abs=5e-5)
    assert gwet_ac1(one, two) == pytest.approx(0.9408, abs=5e-5)


def test_byrt_example():
    """Feinstein & Cicchetti's (1990) tables with equal agreement .85: kappa .70 and .32."""
    one, two = codings(40, 9, 6, 45)
    assert cohen_kappa(one, two) == pytest.approx(0.70, abs=0.005)
    one, two = codings(80, 10, 5, 5)
    assert cohen_kappa(one, two) == pytest.approx(0.32, abs=0.005)
    assert pabak(one, two) == pytest.approx(0.70)


pairs = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=60)


@given(pairs)
def test_weighted_kappa_is_scikit_learns(rows):
    one, two = (np.array(side) for side in zip(*rows, strict=True))
    own = weighted_kappa(one, two, levels=3)
    if math.isnan(own):
        assert len(set(one)) == len(set(two)) == 1
    else:
        known = cohen_kappa_score(one, two, weights="linear", labels=[0, 1, 2])
        assert own == pytest.approx(known, abs=1e-9)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_coefficients_are_symmetric_and_at_most_one(rows):
    one, two = (np.array(side) for side in zip(*rows, strict=True))
    there, back = agreement(one, two), agreement(two, one)
    for name in ("kappa", "pabak", "ac1", "agreed"):
        assert there[name] == pytest.approx(back[name], nan_ok=True)
        assert math.isnan(there[name]) or there[name] <= 1 + 1e-12
    if (one == two).all():
        assert there["agreed"] == there["pabak"] == 1


def test_empty_codings_have_no_agreement():
    none = np.zeros(0, bool)
    assert all(math.isnan(agreement(none, none)[k]) for k in ("agreed", "kappa", "pabak", "ac1"))
