"""Missteps beside what to say instead, and their trends over a therapist's own sessions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reattune import guidance
from reattune.missteps import Recognized, rate, recognized, recognized_in, tendencies, trends
from reattune.signals import HUMAN
from tests.courses import Said, coded
from tests.test_repair_find import AGAINST, AWAY, CALM, following

TOLD = guidance.load()
DEFENDED: list[Said] = [*AGAINST, ("T", "I went by the book.", ("defensive",)), *CALM]
PASSED: list[Said] = [*AWAY, ("T", "And the diary?", ("ignoring",)), *CALM]


def test_each_stands_beside_the_turn_before_it_and_rewordings():
    [one] = recognized(coded(DEFENDED), 4)
    assert one.code == "defensive"
    assert (one.own.session, one.own.turn, one.own.quote) == (4, 2, "I went by the book.")
    assert one.before is not None
    assert one.before.quote == "You never listen to me."
    assert one.confirmed
    texts = [TOLD.texts[id] for id in one.instead]
    assert tuple(texts) == TOLD.missteps["defensive"].instead
    assert TOLD.texts[one.badly] == TOLD.missteps["defensive"].lands.badly
    assert TOLD.texts[one.well] == TOLD.missteps["defensive"].lands.well


def test_what_the_model_says_is_not_yet_confirmed():
    [one] = recognized(coded(DEFENDED, by="model"))
    assert not one.confirmed


def test_a_course_has_them_in_order():
    found: tuple[Recognized, ...] = recognized_in(following(DEFENDED, PASSED, DEFENDED))
    assert [(m.own.session, m.code) for m in found] == [
        (1, "defensive"),
        (2, "ignoring"),
        (3, "defensive"),
    ]


def test_tendencies_rest_on_confirmed_ones_alone():
    sure = [coded(DEFENDED), coded(PASSED), coded(DEFENDED)]
    assert list(tendencies(sure).items()) == [("defensive", 2), ("ignoring", 1)]
    assert tendencies([coded(DEFENDED, by="model")]) == {}
    assert tendencies([]) == {}


def test_trends_count_a_session_and_say_how_many_were_confirmed():
    sessions = [coded(DEFENDED), coded(CALM), coded(PASSED, by="model"), *[coded(DEFENDED)] * 3]
    whole, *single = trends(sessions)
    assert whole.code == "any"
    assert whole.counts == (1, 0, 1, 1, 1, 1)
    assert whole.confirmed == (1, 0, 0, 1, 1, 1)
    assert {t.code: t.counts for t in single} == {
        "defensive": (1, 0, 0, 1, 1, 1),
        "ignoring": (0, 0, 1, 0, 0, 0),
    }
    assert whole.rate is not None
    assert whole.earlier is not None
    assert whole.later is not None
    assert (whole.earlier.count, whole.later.count) == (2, 3)


def test_too_few_sessions_have_no_rate_and_say_so():
    [whole, *_] = trends([coded(DEFENDED)] * 2)
    assert whole.rate is None
    assert "at least 3" in whole.reason
    [whole, *_] = trends([coded(DEFENDED)] * 4)
    assert whole.rate is not None
    assert whole.earlier is None
    assert "halves" in whole.reason
    assert trends([coded(CALM)] * 8) == ()


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # Exact 95% limits of a Poisson count, Garwood (1936), as R's poisson.test gives them.
    [(0, 0.0, 3.688879), (1, 0.025318, 5.571643), (5, 1.623486, 11.668332),
     (10, 4.795389, 18.390356)],
)  # fmt: skip
def test_the_interval_is_that_of_a_poisson_count(count, low, high):
    made = rate([count])
    assert math.isclose(made.low, low, abs_tol=1e-5)
    assert math.isclose(made.high, high, abs_tol=1e-5)


def test_counts_that_cluster_have_a_wider_interval():
    even, clustered = rate([2, 2, 2, 2]), rate([8, 0, 0, 0])
    assert even.value == clustered.value
    assert clustered.low < even.low
    assert clustered.high > even.high


@given(st.lists(st.integers(0, 12), min_size=1, max_size=20))
def test_the_interval_holds_the_rate_whatever_the_order(counts):
    made = rate(counts)
    assert made.low <= made.value <= made.high
    assert rate(sorted(counts)) == made


def test_human_is_what_the_signals_call_a_person():
    assert HUMAN == "human"
