"""Features say what they promise and look only where they say."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reattune.features import (
    CUES,
    SHIFTS,
    contexts,
    cue_table,
    is_open_question,
    join_baselines,
    latency,
    measure_baseline,
    measure_talk,
    overlap,
    short_answer,
    shorter,
    slower,
    table,
    words,
)
from reattune.types import Baseline, Session, Turn

PAIRS = st.lists(st.tuples(st.sampled_from("TCO"), st.text(max_size=60)), max_size=20)


def session(*turns: tuple[str, str]) -> Session:
    return Session.from_turns(turns)


def test_words_leave_out_marks_and_keep_contractions():
    assert words("I don't [laughs] know, it’s... fine!") == ["i", "don't", "know", "it’s", "fine"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What was that like for you?", True),
        ("tell me more about Sunday", True),
        ("How many drinks is that?", False),
        ("Did you sleep?", False),
        ("How often, and what is it like?", True),
    ],
)
def test_open_questions(text: str, expected: bool):
    assert is_open_question(text) is expected


def test_a_short_answer_needs_an_open_question_before_it():
    rows = contexts(
        session(("T", "How was it?"), ("C", "Fine."), ("T", "Did you go?"), ("C", "Yes."))
    )
    assert [short_answer(row) for row in rows] == [0, 1, 0, 0]


def test_an_empty_turn_does_not_hide_the_question_before_it():
    rows = contexts(session(("T", "How was it?"), ("T", "[pause]"), ("C", "Fine.")))
    assert short_answer(rows[2]) == 1


def test_overlap_counts_content_words_shared_with_the_others_last_turn():
    rows = contexts(
        session(("T", "So the garden felt empty"), ("C", "The garden yes, empty rooms"))
    )
    assert overlap(rows[1]) == pytest.approx(3 / 4)


def test_shorter_compares_with_the_clients_own_baseline():
    usual = Baseline(1, 50, 20.0, 5.0, 0.1, None, 0.2)
    rows = contexts(session(("T", "How was it?"), ("C", "Fine, thanks.")), usual)
    assert shorter(rows[1]) == pytest.approx(math.log(3) - math.log(21))


def test_latency_needs_times_and_a_change_of_speaker():
    turns = (
        Turn("T", "How was it?", "therapist", 0.0, 2.0),
        Turn("C", "Fine.", "client", 6.5, 7.0),
        Turn("C", "I guess.", "client", 9.0, 10.0),
        Turn("T", "Mm.", "therapist", 9.5, 12.5),
        Turn("C", "So.", "client", 12.0, None),
        Turn("T", "Yes?", "therapist", 13.0, 14.0),
        Turn("C", "Sorry, I was away.", "client", 200.0, 201.0),
    )
    found = [latency(row) for row in contexts(Session(turns))]
    assert found == [None, 4.5, None, None, 0.0, None, None]


def test_terse_rises_when_open_questions_get_shorter_answers_than_usual():
    long, short = ("C", "It was a long week and I slept badly."), ("C", "Fine.")
    asked = ("T", "How was it?")
    rows = contexts(session(*[asked, long] * 6, *[asked, short] * 6))
    terse = [row.terse for row in rows if row.turn.role == "client"]
    assert terse[:6] == [-0.5] * 6
    assert terse[6:] == sorted(terse[6:])
    assert terse[-1] == pytest.approx(0.5)
    assert all(row.terse == 0 for row in rows if row.turn.role == "therapist")


def test_slower_compares_with_the_clients_usual_latency():
    usual = Baseline(3, 90, 12.0, 4.0, 0.1, 1.0, 0.2)
    turns = (
        Turn("T", "How was it?", "therapist", 0.0, 2.0),
        Turn("C", "Fine.", "client", 7.5, 8.0),
        Turn("T", "Go on.", "therapist"),
        Turn("C", "That is all.", "client"),
    )
    found = [slower(row) for row in contexts(Session(turns), usual)]
    assert found == [0.0, pytest.approx(math.log(6 / 1.5)), 0.0, 0.0]


def test_baseline_leans_on_the_usual_length_when_there_are_few_turns():
    few = measure_baseline(session(("C", "one two")))
    many = measure_baseline(session(*[("C", "one two")] * 60))
    assert few is not None
    assert many is not None
    assert 8 < few.words < 10
    assert many.words < 3


def test_no_client_no_baseline():
    assert measure_baseline(session(("T", "Hello?"))) is None
    assert join_baselines([]) is None


def test_joined_baselines_weigh_sessions_by_their_turns():
    joined = join_baselines(
        [Baseline(1, 10, 10, 2, 0.0, None, 0.1), Baseline(1, 30, 20, 4, 0.4, 2.0, 0.3)]
    )
    assert joined == Baseline(2, 40, 17.5, 3.5, pytest.approx(0.3), 2.0, pytest.approx(0.25))


def test_talk_shares_sum_to_one():
    talk = measure_talk(session(("T", "How was it?"), ("C", "Fine."), ("O", "He says fine.")))
    assert sum(row.share for row in talk) == pytest.approx(1)
    assert talk[0].questions == 1


@settings(max_examples=80, deadline=None)
@given(pairs=PAIRS, more=PAIRS)
def test_features_that_look_back_do_not_change_when_turns_follow(pairs: list, more: list):
    back = {k: f for k, f in CUES.items() if f.reach in ("this turn", "turns before")}
    early = table(back, contexts(session(*pairs)))
    late = table(back, contexts(session(*pairs, *more)))[: len(pairs)]
    assert (early == late).all()


@settings(max_examples=80, deadline=None)
@given(pairs=PAIRS)
def test_tables_are_finite_and_have_a_row_a_turn(pairs: list):
    own = session(*pairs)
    for found, features in ((cue_table(own), CUES), (table(SHIFTS, contexts(own)), SHIFTS)):
        assert found.shape == (len(pairs), len(features))
        assert abs(found).max(initial=0) < 100
