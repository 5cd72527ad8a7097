from __future__ import annotations

import itertools
from dataclasses import replace
from typing import get_args

import pytest

from reattune.codebook import CODES, THERAPIST_FAMILIES, code
from reattune.report.consider import MOST, considerations, landing, load_guidance
from reattune.types import Episode, Intensity, Kind, State
from tests.test_report_samples import coded, made

SAMPLE = coded("course-b-session-2")
EPISODE = SAMPLE.episodes[0]
COMBINATIONS = list(itertools.product(get_args(Kind), get_args(Intensity), get_args(State)))


def episode(
    kind: Kind,
    intensity: Intensity,
    state: State,
    *,
    missteps: tuple[str, ...] = (),
    marker: str = "",
) -> Episode:
    session = SAMPLE.session
    moves = tuple(made(session, 2 * i, id, None, decided=True) for i, id in enumerate(missteps))
    markers = (made(session, 1, marker, "micro", decided=True),) if marker else ()
    return replace(
        EPISODE, kind=kind, intensity=intensity, state=state, moves=moves, markers=markers
    )


@pytest.mark.parametrize(("kind", "intensity", "state"), COMBINATIONS)
def test_every_combination_gets_one_to_three_of_its_own(
    kind: Kind, intensity: Intensity, state: State
) -> None:
    found = considerations(episode(kind, intensity, state, missteps=("defensive",)))
    assert 1 <= len(found) <= MOST
    assert len({item.text for item in found}) == len(found)
    own = {r.text for r in load_guidance().rules if r.kind == kind and r.state == state}
    assert own & {item.text for item in found}


@pytest.mark.parametrize("id", [id for id in CODES if code(id).family == "misstep"])
def test_each_misstep_brings_its_own_suggestion(id: str) -> None:
    [rule] = [r for r in load_guidance().rules if r.misstep == id]
    found = considerations(episode("withdrawal", "micro", "mishandled", missteps=(id,)))
    assert rule.text in {item.text for item in found}


def test_the_misstep_that_occurs_most_often_is_taken_up() -> None:
    rules = {r.misstep: r.text for r in load_guidance().rules if r.misstep}
    missteps = ("blaming", "defensive", "defensive")
    found = considerations(episode("confrontation", "micro", "mishandled", missteps=missteps))
    texts = {item.text for item in found}
    assert rules["defensive"] in texts
    assert rules["blaming"] not in texts


def test_denial_is_not_pushed_against() -> None:
    found = considerations(episode("withdrawal", "micro", "addressed", marker="denial"))
    assert any("without pushing" in item.text for item in found)


@pytest.mark.parametrize("kind", ["confrontation", "mixed"])
def test_a_heated_strain_is_settled_first(kind: Kind) -> None:
    first, *_ = considerations(episode(kind, "major", "mishandled"))
    assert "settle first" in first.text


@pytest.mark.parametrize("kind", ["withdrawal", "confrontation"])
def test_what_is_left_open_may_be_acknowledged_and_taken_up_next_time(kind: Kind) -> None:
    found = considerations(episode(kind, "micro", "open"))
    assert any("ate in the hour" in item.text and "next time" in item.text for item in found)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_small_strain_may_need_only_an_immediate_answer(kind: Kind) -> None:
    found = considerations(episode(kind, "micro", "addressed"))
    assert any("enough by itself" in item.text for item in found)


def test_a_repaired_episode_is_not_told_to_repair() -> None:
    found = considerations(episode("mixed", "major", "repaired", missteps=("ignoring",)))
    repaired = {r.text for r in load_guidance().rules if r.state == "repaired"}
    assert {item.text for item in found} <= repaired


def test_the_same_episode_gets_the_same_suggestions() -> None:
    for own in SAMPLE.episodes:
        assert considerations(own) == considerations(replace(own))


def test_every_suggestion_is_tentative_and_sourced() -> None:
    guidance = load_guidance()
    for rule in guidance.rules:
        assert any(word in rule.text for word in ("might", "may ")), rule.text
        assert not any(word in rule.text.lower() for word in ("must", "should ", "always")), (
            rule.text
        )
        assert rule.source in guidance.sources
    for source in guidance.sources.values():
        assert source.citation
        assert source.strength


def test_every_move_has_its_ways_to_land() -> None:
    moves = [id for id in CODES if code(id).family in THERAPIST_FAMILIES]
    assert set(load_guidance().lands) == set(moves)
    for id in moves:
        assert landing(id).source in load_guidance().sources
    with pytest.raises(KeyError):
        landing("denial")
