"""Episodes: grouping, kind, intensity and how they end."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reattune.codebook import code
from reattune.episodes import ANSWER, GAP, find_episodes
from reattune.features import contexts
from reattune.types import Marker, Session


def talk(n: int, text: str = "well I was thinking about what we said the other day") -> Session:
    return Session.from_turns([("T" if i % 2 == 0 else "C", text) for i in range(n)])


def mark(turn: int, id: str, *, intensity: str = "micro", decided: bool = True) -> Marker:
    family = code(id).family
    own = intensity if family in ("withdrawal", "confrontation") else None
    return Marker(turn, id, family, own, 0.5, "test", "", (), decided, 0.5)


def episodes(n: int, markers: list[Marker], moves: list[Marker], session: Session | None = None):
    return find_episodes(markers, moves, contexts(session or talk(n)))


def test_markers_no_further_apart_than_the_gap_are_one_episode():
    near = [mark(1, "denial"), mark(1 + GAP, "denial")]
    far = [mark(1, "denial"), mark(3 + GAP, "denial")]
    assert len(episodes(40, near, [])) == 1
    assert len(episodes(40, far, [])) == 2


def test_ranges_are_half_open_and_reading_for_an_answer_stops_at_the_next_episode():
    first, second = episodes(40, [mark(1, "denial"), mark(11, "denial")], [])
    assert (first.first, first.last, first.until) == (1, 2, 11)
    assert (second.first, second.last, second.until) == (11, 12, 12 + ANSWER)


@pytest.mark.parametrize(
    ("ids", "kind"),
    [
        (["denial", "deference"], "withdrawal"),
        (["pressure"], "confrontation"),
        (["denial", "pressure"], "mixed"),
        (["denial", "denial", "denial", "pressure"], "withdrawal"),
    ],
)
def test_kind(ids: list[str], kind: str):
    (found,) = episodes(40, [mark(1 + 2 * i, id) for i, id in enumerate(ids)], [])
    assert found.kind == kind


def test_one_major_marker_makes_the_episode_major():
    markers = [mark(1, "denial"), mark(3, "pressure", intensity="major")]
    (found,) = episodes(40, markers, [])
    assert found.intensity == "major"


def test_near_misses_open_no_episode():
    assert episodes(40, [mark(1, "denial", decided=False)], []) == ()


@pytest.mark.parametrize(
    ("moves", "state"),
    [
        ([], "unnoticed"),
        (["ignoring"], "unnoticed"),
        (["defensive"], "mishandled"),
        (["notice"], "repaired"),
        (["notice", "defensive"], "repaired"),
        (["rescuing", "over_explaining"], "unnoticed"),
        (["notice", "rescuing", "over_explaining"], "repaired"),
        (["blaming", "defensive", "notice"], "mishandled"),
    ],
)
def test_states_when_the_client_talks_on(moves: list[str], state: str):
    own = [mark(2 + 2 * i, id) for i, id in enumerate(moves)]
    (found,) = episodes(40, [mark(1, "denial")], own)
    assert found.state == state
    assert found.why.endswith(".")


def test_a_move_without_the_clients_return_has_addressed_the_strain():
    session = Session.from_turns(
        [("T", "How was the week for you, all in all?"), ("C", "Fine.")]
        + [("T", "I wonder if I pushed."), ("C", "No.")]
        + [("T", "Okay, tell me more about it."), ("C", "Yes.")] * 8
    )
    usual = talk(40).turns + session.turns
    (found,) = episodes(0, [mark(41, "minimal_response")], [mark(42, "notice")], Session(usual))
    assert found.state == "addressed"


def test_missteps_after_the_move_make_it_mishandled_when_the_client_does_not_return():
    session = Session(talk(40).turns + Session.from_turns([("T", "So?"), ("C", "No.")] * 8).turns)
    (found,) = episodes(0, [mark(41, "denial")], [mark(42, "notice"), mark(44, "blaming")], session)
    assert found.state == "mishandled"


def test_a_strain_in_the_last_words_stays_open():
    (found,) = episodes(10, [mark(9, "pressure")], [])
    assert found.state == "open"


MARKS = st.lists(
    st.tuples(st.integers(0, 59), st.sampled_from(["denial", "pressure"]), st.booleans()),
    max_size=25,
)
MOVES = st.lists(
    st.tuples(st.integers(0, 59), st.sampled_from(["notice", "defensive", "ignoring"])), max_size=25
)


@settings(max_examples=150, deadline=None)
@given(marks=MARKS, moves=MOVES)
def test_every_decided_marker_lies_in_exactly_one_episode(marks: list, moves: list):
    markers = [mark(t, id, decided=d) for t, id, d in marks]
    found = episodes(60, markers, [mark(t, id) for t, id in moves])
    held = [m for episode in found for m in episode.markers]
    assert sorted(map(id, held)) == sorted(id(m) for m in markers if m.decided)
    for before, after in pairwise(found):
        assert before.until <= after.first
        assert after.first - (before.last - 1) > GAP
    for episode in found:
        assert episode.first < episode.last <= episode.until <= 60
        assert all(episode.first <= m.turn < episode.until for m in episode.moves)


@settings(max_examples=60, deadline=None)
@given(marks=MARKS, moves=MOVES, seed=st.randoms())
def test_the_order_of_markers_does_not_matter(marks: list, moves: list, seed):
    markers = [mark(t, id, decided=d) for t, id, d in marks]
    own = [mark(t, id) for t, id in moves]
    shuffled = markers.copy()
    seed.shuffle(shuffled)
    first, second = episodes(60, markers, own), episodes(60, shuffled, own)
    assert [(e.first, e.last, e.kind, e.state) for e in first] == [
        (e.first, e.last, e.kind, e.state) for e in second
    ]
