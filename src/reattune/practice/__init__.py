"""A simulated client that strains the alliance on cue, with feedback; no language model needed.

    scenarios = load_scenarios()
    run = start(scenarios["thin_yes"], seed=1)
    run, feedback = reply(run, "You agreed very quickly. How was it that I asked like that?")
    run, summary = finish(run)

Everything is a pure function of values; a `Run` turns into JSON and back (`run_to_dict`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from reattune.errors import InputError
from reattune.practice.drills import Drill, Due, due, load_drills
from reattune.practice.loader import load_scenarios
from reattune.practice.parts import Inner, Scenario
from reattune.practice.reading import prepare
from reattune.practice.records import run_from_dict, run_to_dict
from reattune.practice.runs import Run, answer, begin, contest, stop
from reattune.practice.skills import Skill, progress
from reattune.practice.told import Feedback, Summary, feedback_on, summary_of

if TYPE_CHECKING:
    from reattune.practice.voice import Voice

__all__ = [
    "Drill",
    "Due",
    "Feedback",
    "Inner",
    "Run",
    "Scenario",
    "Skill",
    "Summary",
    "contest",
    "due",
    "feedback",
    "find",
    "finish",
    "load_drills",
    "load_scenarios",
    "progress",
    "reply",
    "run_from_dict",
    "run_to_dict",
    "start",
    "summary",
]


def find(id: str) -> Scenario:
    """The scenario, or the drill's, of this id; InputError "unknown-scenario" if there is none."""
    scenarios = load_scenarios()
    if id in scenarios:
        return scenarios[id]
    if id in load_drills():
        return load_drills()[id].scenario
    raise InputError(
        "unknown-scenario",
        f"There is no scenario or drill {id!r}.",
        remedy="See reattune practice --list.",
    )


def start(
    what: Scenario | Drill, seed: int = 0, *, on: date | None = None, voice: Voice | None = None
) -> Run:
    """A new run; the same seed and replies give the same talk. `on` is the day, for progress."""
    prepare()
    scenario = what.scenario if isinstance(what, Drill) else what
    return _spoken(scenario, begin(scenario, seed, on=on), voice)[0]


def reply(
    run: Run, text: str, *, voice: Voice | None = None, scenario: Scenario | None = None
) -> tuple[Run, Feedback]:
    """The run after a reply, and what came of it.

    `voice` may speak the client's next line; `scenario` is for one that is not the package's own.
    InputError "practice-over", "practice-outdated" or "unknown-scenario".
    """
    own = scenario or find(run.scenario)
    after, note = _spoken(own, answer(own, run, text), voice)
    return after, feedback_on(own, after, len(after.exchanges) - 1, note=note)


def feedback(run: Run, number: int, *, scenario: Scenario | None = None) -> Feedback:
    """What came of reply `number` (from 0), worked out anew; InputError "unknown-reading"."""
    if not 0 <= number < len(run.exchanges):
        raise InputError(
            "unknown-reading", f"There is no reply {number + 1} in this run.", remedy="Name one."
        )
    return feedback_on(scenario or find(run.scenario), run, number)


def finish(run: Run, *, scenario: Scenario | None = None) -> tuple[Run, Summary]:
    """The run, ended by the learner if it had not ended, and its summary."""
    ended = stop(run)
    return ended, summary(ended, scenario=scenario)


def summary(run: Run, *, scenario: Scenario | None = None) -> Summary:
    """A run as a whole, as far as it has come."""
    return summary_of(scenario or find(run.scenario), run)


def _spoken(scenario: Scenario, run: Run, voice: Voice | None) -> tuple[Run, str]:
    """The run with the client's line as the voice words it, and what is to be said about that."""
    if voice is None:
        return run, ""
    said = voice(scenario, run)
    return replace(run, said=said.text, by=said.by), said.note
