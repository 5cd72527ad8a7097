"""Coefficients of agreement: irrCAC as published, R, Krippendorff, Shrout & Fleiss, properties."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reattune import agreement
from reattune.coefficients import (
    MISLEADS,
    brennan_prediger,
    fleiss_kappa,
    gwet_ac,
    icc,
    kappa,
    krippendorff_alpha,
    percent_agreement,
    weight_matrix,
)
from tests.conftest import ROOT

DATA = ROOT / "tests" / "data"
R = json.loads((DATA / "r_agreement.json").read_text("utf-8"))
R_VALUES = {case["call"]: case["value"] for case in R["cases"]}
PUBLISHED = json.loads((DATA / "irrcac_published.json").read_text("utf-8"))
JUDGES, SEGMENTS, LEVELS = (np.array(R["data"][k]) for k in ("judges", "segments", "levels3"))
RATERS = np.array(R["data"]["raters"], float)
FORMS = ("1", "A1", "C1", "1k", "Ak", "Ck")  # in the order of psych's ICC
NAMED = {
    "agreed": percent_agreement,
    "kappa": kappa,
    "fleiss": fleiss_kappa,
    "pabak": brennan_prediger,
    "ac": gwet_ac,
}
IRRCAC = {
    "pa": percent_agreement,
    "kappa2": kappa,
    "conger": kappa,
    "scott2": fleiss_kappa,
    "fleiss": fleiss_kappa,
    "bp": brennan_prediger,
    "bp2": brennan_prediger,
    "pa2": percent_agreement,
    "gwet": gwet_ac,
    "krippen": krippendorff_alpha,
    "krippen2": krippendorff_alpha,
}
CHANCE = [kappa, fleiss_kappa, brennan_prediger, gwet_ac, krippendorff_alpha]
ALL = [*CHANCE, percent_agreement]


def pairs(table: np.ndarray) -> np.ndarray:
    """The ratings behind a table of two coders."""
    cells = [(i, j) for i, j in np.ndindex(*table.shape) for _ in range(int(table[i, j]))]
    return np.array(cells, float)


def spread(counts: list[list[int]]) -> np.ndarray:
    """Ratings behind counts of coders by unit and category."""
    return np.array([np.repeat(range(len(row)), row) for row in counts], float)


SETS = {
    "cont3x3abstractors": pairs(np.array(R["data"]["abstractors"])),
    "distrib.6raters": spread(PUBLISHED["data"]["distrib.6raters"]),
    "cac.raw4raters": RATERS,
}


@pytest.mark.parametrize("case", PUBLISHED["cases"], ids=lambda case: case["call"])
def test_published_values_of_irrcac(case):
    name, form, data = re.fullmatch(
        r"(\w+?)\.[\w.]*?(table|dist|raw)\((.+)\)", case["call"]
    ).groups()
    own = IRRCAC[name](SETS[data])
    digits = 5e-6 if form == "raw" else 5e-8  # as printed
    assert own.value == pytest.approx(case["value"], abs=digits)
    n = len(SETS[data])
    se = own.se * math.sqrt((n - 1) / n) if form == "table" else own.se  # tables divide by n
    if (name, form) != ("krippen", "dist"):  # where irrCAC's two functions differ, the raw one
        assert se == pytest.approx(case["se"], abs=5e-6 if form == "raw" else 5e-9)
    if "pe" in case:
        assert own.chance == pytest.approx(case["pe"], abs=5e-8)
    if form != "table" and (name, form) != ("krippen", "dist"):
        assert [own.low, own.high] == pytest.approx(case["interval"], abs=5e-4)


@pytest.mark.parametrize("case", PUBLISHED["weighted"], ids=lambda case: case["call"])
def test_weighted_values_with_missing_ratings(case):
    weights, name = re.fullmatch(r".*weights='(\w+)'.*\.(\w+)\(\)", case["call"]).groups()
    if name == "krippendorff":
        level = {"quadratic": "interval", "ratio": "ratio"}[weights]
        own = krippendorff_alpha(RATERS, level=level)
    else:
        own = IRRCAC[name](RATERS, weights=weights)
    known = [case["value"], case["se"], case["low"]]
    assert [own.value, own.se, own.low] == pytest.approx(known, abs=1e-9)


def test_krippendorff_2011_example():
    """Computing Krippendorff's Alpha-Reliability: .743, .815, .849, .797."""
    known = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797}
    for level, value in known.items():
        own = krippendorff_alpha(RATERS, level=level).value
        assert own == pytest.approx(value, abs=5e-4)
        assert own == pytest.approx(R_VALUES[f"alpha(raters, '{level}')"][0], abs=1e-9)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_alpha_by_coincidences(level):
    known = R_VALUES[f"alpha(levels3, '{level}')"][0]
    assert krippendorff_alpha(LEVELS, level=level).value == pytest.approx(known, abs=1e-9)


TOLD = [call for call in R_VALUES if call.startswith("told")]


@pytest.mark.parametrize("call", TOLD)
def test_values_errors_and_intervals_of_r(call):
    name, data, weights = re.fullmatch(
        r"told\('(\w+)', (?:pairs_of\()?(\w+)\)?(?:, '(\w+)')?\)", call
    ).groups()
    ratings = LEVELS if data == "levels3" else SETS["cont3x3abstractors"]
    own = NAMED[name](ratings, weights=weights or "identity")
    assert [own.value, own.se, own.low, own.high] == pytest.approx(R_VALUES[call], abs=5e-7)


def test_psych_kappas():
    ratings = SETS["cont3x3abstractors"]
    own = [kappa(ratings).value, kappa(ratings, weights="quadratic").value]
    assert own == pytest.approx(R_VALUES["two_kappa(abstractors)"], abs=1e-9)


@pytest.mark.parametrize(("name", "data"), [("judges", JUDGES), ("segments", SEGMENTS)])
def test_icc_of_psych(name, data):
    found = [icc(data, form) for form in FORMS]
    own = [x for value in found for x in (value.value, value.low, value.high)]
    assert own == pytest.approx(R_VALUES[f"iccs({name})"], abs=1e-9)


def test_icc_of_shrout_and_fleiss_1979():
    known = [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]
    assert [icc(JUDGES, form).value for form in FORMS] == pytest.approx(known, abs=0.005)


def test_every_r_value_is_compared():
    compared = {*TOLD, "two_kappa(abstractors)", "iccs(judges)", "iccs(segments)"}
    compared |= {call for call in R_VALUES if call.startswith("alpha")}
    assert compared == set(R_VALUES)


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
def test_the_script_makes_the_values_again():
    script = ROOT / "tools" / "r_agreement.R"
    done = subprocess.run(["Rscript", script], capture_output=True, text=True, check=False)
    if "there is no package called" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    again = json.loads(done.stdout)
    assert again["data"] == R["data"]
    for case in again["cases"]:
        assert case["value"] == pytest.approx(R_VALUES[case["call"]], rel=1e-9), case["call"]


def test_weights_of_the_vignette():
    """irrCAC, vignette weighting: ordinal.weights(1:3), quadratic.weights(1:3)."""
    assert weight_matrix("ordinal", [1, 2, 3])[0] == pytest.approx([1, 2 / 3, 0])
    assert weight_matrix("quadratic", [1, 2, 3])[0] == pytest.approx([1, 0.75, 0])
    assert weight_matrix("linear", [1, 2, 3])[0] == pytest.approx([1, 0.5, 0])


def test_the_two_coder_functions_are_the_same():
    rng = np.random.default_rng(5)
    one, two = rng.random((2, 80)) < 0.3
    both = np.array([one, two]).T
    assert kappa(both).value == pytest.approx(agreement.cohen_kappa(one, two))
    assert gwet_ac(both).value == pytest.approx(agreement.gwet_ac1(one, two))
    assert brennan_prediger(both).value == pytest.approx(agreement.pabak(one, two))
    levels = rng.integers(0, 3, (80, 2))
    known = agreement.weighted_kappa(levels[:, 0], levels[:, 1], levels=3)
    assert kappa(levels, weights="linear").value == pytest.approx(known)


# What must always hold

ratings_of = partial(
    hnp.arrays, float, hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=7)
)
full = ratings_of(elements=st.integers(0, 3).map(float))
gappy = ratings_of(elements=st.one_of(st.just(math.nan), st.integers(0, 3).map(float)))
# Coefficients with a coder who rated nothing, or units nobody rated, are those without.


def told(found) -> list[float]:
    return [found.value, found.se, found.low, found.high]


@given(gappy, st.randoms())
def test_the_order_of_coders_and_units_does_not_matter(ratings, random):
    units, coders = list(range(ratings.shape[0])), list(range(ratings.shape[1]))
    random.shuffle(units)
    random.shuffle(coders)
    other = ratings[units][:, coders]
    for make in ALL:
        known = told(make(ratings))
        assert told(make(other)) == pytest.approx(known, abs=1e-7, nan_ok=True), make.__name__
    for form in FORMS:
        assert told(icc(other, form)) == pytest.approx(
            told(icc(ratings, form)), abs=1e-6, rel=1e-6, nan_ok=True
        )


@given(gappy, st.permutations(range(4)))
def test_names_of_categories_do_not_matter(ratings, names):
    other = np.where(np.isnan(ratings), np.nan, np.array(names)[np.nan_to_num(ratings).astype(int)])
    for make in ALL:
        assert told(make(other)) == pytest.approx(told(make(ratings)), abs=1e-7, nan_ok=True)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=9), st.integers(2, 5))
def test_perfect_agreement_is_one(units, coders):
    assume(len(set(units)) > 1)
    ratings = np.array([units] * coders, float).T
    for make in ALL:
        assert told(make(ratings)) == pytest.approx([1, 0, 1, 1], abs=1e-9), make.__name__
    for level in ("ordinal", "interval", "ratio"):
        assert krippendorff_alpha(ratings, level=level).value == pytest.approx(1)
    for form in FORMS:
        assert icc(ratings, form).value == pytest.approx(1)


@given(st.integers(0, 3), st.integers(1, 6), st.integers(2, 4))
def test_one_category_is_told_not_scored(category, units, coders):
    ratings = np.full((units, coders), float(category))
    for make in CHANCE:
        found = make(ratings)
        assert math.isnan(found.value)
        assert "the same category" in found.why
    assert percent_agreement(ratings).value == 1
    assert math.isnan(icc(ratings).value)
    assert icc(ratings).why


@given(full)
def test_nothing_exceeds_one_and_intervals_hold_the_value(ratings):
    for make in [*ALL, icc]:
        found = make(ratings)
        if not math.isnan(found.low):
            assert found.value <= 1 + 1e-12
            assert found.low <= found.value + 1e-9
            assert found.value <= found.high + 1e-9


@given(gappy)
def test_no_ratings_give_a_reason(ratings):
    for make in ALL:
        found = make(ratings)
        assert math.isnan(found.value) == bool(found.why)
        assert found.misleads == MISLEADS[found.name]


def test_unused_categories_count_where_they_are_named():
    nothing = np.zeros((10, 2))
    assert gwet_ac(nothing, categories=(0, 1)).value == 1
    assert brennan_prediger(nothing, categories=(0, 1)).value == 1
    assert math.isnan(kappa(nothing, categories=(0, 1)).value)
    with pytest.raises(ValueError, match="none of the categories"):
        gwet_ac(nothing + 2, categories=(0, 1))


def test_ac2_flatters_a_coder_who_says_one_level():
    """A careful coder and one who always says 1: AC2 is high, alpha and kappa are not."""
    careful = np.array([1] * 70 + [2] * 20 + [3] * 10, float)
    ratings = np.array([careful, np.ones(100)]).T
    assert gwet_ac(ratings, weights="quadratic").value > 0.75
    assert abs(kappa(ratings, weights="quadratic").value) < 0.01
    assert krippendorff_alpha(ratings, level="ordinal").value < 0


def test_a_constant_excess_is_an_error_of_agreement_only():
    one = np.array([1, 4, 2, 8, 5], float)
    ratings = np.array([one, one + 2]).T
    assert icc(ratings, "C1").value == pytest.approx(1)
    assert icc(ratings, "A1").value < 0.9
