"""Other dress for the same words: what must hold of every change."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reattune.labelled import Labelled, read_labelled
from tests.conftest import ROOT
from training import noise

CHANGES = (*noise.SEEN, noise.through_an_interpreter, noise.other_people(frozenset({"Ruth"})))


@pytest.fixture(scope="module")
def row() -> Labelled:
    return read_labelled(ROOT / "training" / "data" / "plain_dialogues.jsonl")[0]


@pytest.mark.parametrize("change", CHANGES)
def test_turns_roles_and_labels_stay(row: Labelled, change: noise.Change):
    after = noise.changed(row, change)
    assert [t.role for t in after.session.turns] == [t.role for t in row.session.turns]
    assert after.codes is row.codes
    assert all(turn.text for turn in after.session.turns)
    assert after.session == noise.changed(row, change).session


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1).filter(str.strip), st.sampled_from(CHANGES))
def test_no_text_becomes_empty(text: str, change: noise.Change):
    assert change(text, random.Random(0)).strip()


def test_what_each_change_does():
    rng = random.Random(3)
    heard = noise.as_heard("Well, I'm not sure. [laughs] Are you?", rng)
    assert heard == heard.lower()
    assert not set(".,?[]") & set(heard)
    assert noise.without_fillers("Um, I- I was, you know, late.", rng) == "I was late."
    assert noise.by_a_learner("She wants the form.", rng) == "She want form."
    swapped = noise.other_people(frozenset({"Ruth"}))("Ruth told her husband.", rng)
    assert "Ruth" not in swapped
    assert swapped.endswith("his wife.")
    assert noise.through_an_interpreter("I lost my key.", rng) == "She says she lost her key."


def test_names_are_words_never_written_small(row: Labelled):
    names = noise.names_in([row])
    small = {w for t in row.session.turns for w in t.text.split() if w.islower()}
    assert not {name.lower() for name in names} & small


def test_a_session_gets_one_dress_and_always_the_same(row: Labelled):
    assert noise.in_other_dress(row).session == noise.in_other_dress(row).session
    assert noise.in_other_dress(row).session != row.session
