"""Episodes against labels, on sessions small enough to check by eye."""

from __future__ import annotations

import numpy as np
import pytest

from reattune.codebook import CODES
from reattune.judging import Judged, episode_figures, judge_session
from reattune.labelled import Labelled
from reattune.thresholds import operating_point
from reattune.types import Session

POINT = operating_point("balanced")


def labelled(n: int, codes: dict[int, str], *, major: tuple[int, ...] = (), outcome: str = ""):
    session = Session.from_turns(
        [("T" if i % 2 == 0 else "C", "well I was thinking about it all again") for i in range(n)]
    )
    truth, hard = np.zeros((n, len(CODES)), bool), np.zeros(n, bool)
    for turn, id in codes.items():
        truth[turn, CODES.index(id)] = True
    hard[list(major)] = True
    return Labelled(f"s{n}", session, truth, hard, np.ones(n, bool), outcome)


def judged(row: Labelled, shown: dict[int, str], *, major: tuple[int, ...] = ()) -> Judged:
    as_if = labelled(len(row.codes), shown, major=major)
    return judge_session(row, as_if.codes.astype(np.float32), as_if.major.astype(np.float32), POINT)


def test_what_repeats_the_labels_is_all_right():
    row = labelled(60, {1: "denial", 31: "pressure"}, major=(31,), outcome="unnoticed")
    found = episode_figures([judged(row, {1: "denial", 31: "pressure"}, major=(31,))])
    assert (found["labelled"], found["found"], found["shown"], found["false"]) == (2, 2, 2, 0)
    assert found["kinds"] == {
        "withdrawal": {"withdrawal": 1},
        "confrontation": {"confrontation": 1},
    }
    assert found["intensity"]["weighted_kappa"] == pytest.approx(1)
    assert found["ends"] == {"unnoticed": {"unnoticed": 1}}


@pytest.mark.parametrize(
    ("shown", "is_found", "kind"),
    [
        ({9: "deference"}, True, "withdrawal"),
        ({11: "denial"}, False, "missed"),
        ({9: "pressure"}, False, "confrontation"),
        ({}, False, "missed"),
    ],
)
def test_found_needs_a_marker_of_its_kind_within_a_turn(shown, is_found: bool, kind: str):
    found = episode_figures([judged(labelled(40, {9: "denial"}), shown)])
    assert found["found"] == is_found
    assert found["kinds"] == {"withdrawal": {kind: 1}}


def test_an_episode_away_from_every_label_is_false():
    found = episode_figures([judged(labelled(100, {9: "denial"}), {9: "denial", 51: "denial"})])
    assert found["false"] == 1
    assert found["false_per_100_turns"] == pytest.approx(1)
    assert found["false_per_session"] == 1


def test_intensity_is_compared_by_client_turn():
    row = labelled(40, {1: "denial", 21: "pressure"}, major=(21,))
    found = episode_figures([judged(row, {1: "denial", 21: "pressure"})])["intensity"]
    assert (found["n"], found["n_both"], found["same_both"]) == (20, 2, 0.5)
    assert 0 < found["weighted_kappa"] < 1


def test_calm_sessions_have_no_shares():
    found = episode_figures([judged(labelled(40, {}), {})])
    assert np.isnan(found["found_share"])
    assert found["ends_agreed"]["n"] == 0
