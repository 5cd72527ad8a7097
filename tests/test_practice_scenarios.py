"""Every scenario of the folder is driven by its own example replies through the real model."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from reattune import practice
from reattune.codebook import CODES, code
from reattune.practice import check, loader
from reattune.practice.loader import lines_of
from reattune.practice.parts import Scenario

FOLDER = Path(loader.__file__).parent / "scenarios"
IDS = sorted(path.stem for path in FOLDER.glob("*.toml"))
SEED = 1
SLACK = 0.01
"""Of ease: what another processor or onnxruntime may move (scores move by about .02); a scenario
is made with `python -m reattune.practice.check`, which leaves none."""


def own(id: str) -> Scenario:
    """The scenario of one file, whatever the others are like."""
    return loader.load_scenario(FOLDER / f"{id}.toml")


@pytest.mark.slow
@pytest.mark.parametrize("id", IDS)
def test_every_ending_is_come_to_and_replies_move_the_state_the_right_way(id):
    """Nodes and endings by driving; good up, poor down, mixed between, at each node."""
    assert list(check.problems(own(id), SEED, slack=SLACK)) == []


@pytest.mark.parametrize("id", IDS)
def test_nonsense_single_words_and_the_same_again_do_not_score(id):
    scenario = own(id)
    good = scenario.nodes[scenario.first].replies["good"][0]
    run, first = practice.reply(practice.start(scenario, SEED), good, scenario=scenario)
    assert first.after.ease > first.before.ease
    for text in ("Okay.", "Sorry.", "xqz plof trumb asdf jkl", good):
        if not run.over:
            run, made = practice.reply(run, text, scenario=scenario)
            assert made.unscored
            assert made.after == made.before


@pytest.mark.parametrize("id", IDS)
def test_a_scenario_is_complete_for_those_who_read_it(id):
    scenario = own(id)
    outcomes = {ending.outcome for ending in scenario.endings.values()}
    assert outcomes & {"repaired", "goodbye", "held"}
    assert "unresolved" in outcomes
    assert len(scenario.nodes) >= 4
    assert scenario.shows
    for _, text in lines_of(scenario):
        assert "  " not in text
        assert not text.startswith(("T:", "C:", f"{scenario.person.name}:"))


def test_there_are_enough_scenarios_of_both_kinds_and_intensities():
    scenarios = practice.load_scenarios().values()
    assert len(scenarios) >= 16
    cells = Counter((one.kind, one.intensity) for one in scenarios)
    for kind in ("withdrawal", "confrontation"):
        for intensity in ("micro", "major"):
            assert cells[kind, intensity] >= 2
    names = [one.person.name for one in scenarios]
    assert len(set(names)) == len(names)


def test_the_hard_cases_are_there():
    hard = {one.hard for one in practice.load_scenarios().values()}
    assert hard >= {
        "denial",
        "apology_bait",
        "late_hour",
        "cultural_slip",
        "telehealth_lag",
        "anger_bait",
        "ending",
    }


@pytest.mark.parametrize("id", [id for id in CODES if code(id).role == "client"])
def test_every_client_marker_is_shown_somewhere(id):
    assert any(id in one.shows for one in practice.load_scenarios().values())


@pytest.mark.parametrize("id", [id for id in CODES if code(id).family == "misstep"])
def test_every_misstep_is_invited_somewhere(id):
    assert any(id in one.tempts for one in practice.load_scenarios().values())


def test_every_repair_move_is_written_for_somewhere():
    read: set[str] = set()
    for scenario in practice.load_scenarios().values():
        run = practice.start(scenario, SEED)
        for text in scenario.nodes[scenario.first].replies["good"]:
            after, _ = practice.reply(run, text)
            read |= {one.code for one in after.exchanges[-1].counted}
    assert {"notice", "invite", "validate", "own_contribution"} <= read
