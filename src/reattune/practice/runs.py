"""A run of practice as a value: what was said, what was read, and the state that follows from it.

A run holds words and readings; the client's state is worked out from them by the rules each time,
so that a reading that the learner contests takes its effect with it. Nothing here draws on chance
but the seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Literal

from reattune.codebook import code
from reattune.errors import InputError
from reattune.features import words
from reattune.practice.conditions import Moment, all_hold, families
from reattune.practice.parts import Inner, Outcome, Scenario, Wording
from reattune.practice.reading import Heard, Reading, Said, read_reply
from reattune.practice.rules import Rule, load_rules, rule_for

AUTHORED = "authored"


@dataclass(frozen=True, slots=True)
class Contest:
    """A reading that the learner contests; `view` is how the learner sees it, in own words."""

    code: str
    view: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A line of the client's at a node, and the reply with what was read in it.

    `by` says whose wording the line was: "authored", or the model that spoke it.
    """

    node: str
    said: str
    by: str
    reply: str
    readings: tuple[Reading, ...]
    unscored: str = ""
    contested: tuple[Contest, ...] = ()

    @property
    def counted(self) -> tuple[Reading, ...]:
        """The readings that move the state: decided, scored and not contested."""
        off = {one.code for one in self.contested}
        return tuple(r for r in self.readings if r.counts and r.code not in off)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a scenario or drill up to now.

    `at` is the node or ending come to, `said` the client's line there, `by` whose wording it is.
    `outcome` is "" while it goes on, "stopped" if the learner ended it. `begun` is the day, if it
    was told; `done` repair moves made before it began.
    """

    scenario: str
    version: str
    drill: bool
    kind: str
    seed: int
    start: Inner
    minutes: int
    at: str
    said: str
    by: str = AUTHORED
    exchanges: tuple[Exchange, ...] = ()
    outcome: Outcome | Literal["", "stopped"] = ""
    begun: date | None = None
    done: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.outcome != ""

    @property
    def minutes_left(self) -> int:
        """Minutes left of the hour, at least 0."""
        return max(0, self.minutes - sum(map(minutes_of, self.exchanges)))


@dataclass(frozen=True, slots=True)
class Moved:
    """What one reading did to the state: the rule, and the change of each part as it came out."""

    code: str
    rule: str
    why: str
    sources: tuple[str, ...]
    trust: float
    arousal: float
    engagement: float


@dataclass(frozen=True, slots=True)
class Course:
    """The state before the first reply and after each, and what moved it at each reply."""

    states: tuple[Inner, ...]
    moved: tuple[tuple[Moved, ...], ...]

    @property
    def now(self) -> Inner:
        """The state as it is."""
        return self.states[-1]


# Going on


def begin(scenario: Scenario, seed: int = 0, *, on: date | None = None) -> Run:
    """A new run with the client's first line."""
    run = Run(
        scenario=scenario.id,
        version=scenario.version,
        drill=scenario.drill,
        kind=scenario.kind,
        seed=seed,
        start=scenario.state,
        minutes=scenario.minutes,
        at=scenario.first,
        said="",
        begun=on,
        done=scenario.done,
    )
    return replace(run, said=draw(scenario, run, scenario.first))


def answer(scenario: Scenario, run: Run, text: str) -> Run:
    """The run after a reply: what was read, and the client's next line, or how it ended.

    InputError "practice-over" where it has ended, "practice-outdated" where it belongs to another
    version of the scenario.
    """
    check_open(scenario, run)
    heard = read_reply(
        dialogue(scenario, run),
        text,
        before=len(scenario.before),
        strained=bool(scenario.nodes[run.at].codes),
    )
    return advance(scenario, run, text, heard)


def advance(scenario: Scenario, run: Run, text: str, heard: Heard) -> Run:
    """The run after a reply in which this was read."""
    made = Exchange(run.at, run.said, run.by, text, heard.readings, heard.unscored)
    after = replace(run, exchanges=(*run.exchanges, made))
    to = next_of(scenario, after)
    ending = scenario.endings.get(to)
    said = draw(scenario, after, to)
    return replace(after, at=to, said=said, by=AUTHORED, outcome=ending.outcome if ending else "")


def next_of(scenario: Scenario, run: Run) -> str:
    """The node or ending after the last reply: the first edge whose conditions hold."""
    moment = moment_after(run)
    edges = scenario.nodes[run.exchanges[-1].node].edges
    to = next(edge.to for edge in edges if all_hold(edge.when, moment))
    return scenario.time_up if to in scenario.nodes and not run.minutes_left else to


def draw(scenario: Scenario, run: Run, at: str) -> str:
    """The client's line at a node or ending: one that the state allows, new while there are any."""
    place = scenario.nodes.get(at) or scenario.endings[at]
    moment = moment_after(run)
    fitting = [one for one in place.say if all_hold(one.when, moment)]
    bound = [one for one in fitting if one.when]
    used = [exchange.said for exchange in run.exchanges]
    chance = random.Random(f"{run.seed} {scenario.id} {len(run.exchanges)} {at}")
    for choice in (bound, fitting):
        fresh = [one for one in choice if one.text not in used]
        if fresh:
            return chance.choice(fresh).text
    return _longest_ago(fitting, used).text


def _longest_ago(fitting: Sequence[Wording], used: Sequence[str]) -> Wording:
    return min(fitting, key=lambda one: len(used) - used[::-1].index(one.text))


def stop(run: Run) -> Run:
    """The run ended by the learner, if it had not ended."""
    return run if run.over else replace(run, outcome="stopped")


def contest(run: Run, reply: int, code: str, view: str = "") -> Run:
    """The run with a reading contested: reply number from 0, code. It counts in no direction now.

    What the client has said stays said; the state is worked out anew. InputError
    "unknown-reading" where there is no such reading.
    """
    if not 0 <= reply < len(run.exchanges):
        raise unknown_reading(f"There is no reply {reply + 1} in this run.")
    exchange = run.exchanges[reply]
    if code not in {reading.code for reading in exchange.readings}:
        raise unknown_reading(f"Reply {reply + 1} was not read as {code!r}.")
    kept = tuple(one for one in exchange.contested if one.code != code)
    changed = replace(exchange, contested=(*kept, Contest(code, view.strip())))
    return replace(run, exchanges=(*run.exchanges[:reply], changed, *run.exchanges[reply + 1 :]))


def unknown_reading(what: str) -> InputError:
    """The error for a reading that is not there."""
    return InputError("unknown-reading", what, remedy="Name a reply and a code that was read.")


def check_open(scenario: Scenario, run: Run) -> None:
    """InputError unless the run goes on and is of this version of the scenario."""
    if run.over:
        raise InputError("practice-over", "This run has ended.", remedy="Start a new one.")
    if (scenario.id, scenario.version) != (run.scenario, run.version):
        raise InputError(
            "practice-outdated",
            "This run belongs to another version of its scenario.",
            where=run.scenario,
            remedy="End it and start a new one; what was done stays readable.",
        )


# What follows from it


def dialogue(scenario: Scenario, run: Run) -> list[Said]:
    """All that was said so far, what came before included, ending with the client's line."""
    before = [(line.who, line.text) for line in scenario.before]
    said = [pair for one in run.exchanges for pair in (("C", one.said), ("T", one.reply))]
    return [*before, *said, ("C", run.said)]


def minutes_of(exchange: Exchange) -> int:
    """The minutes an exchange takes: by its words, at least one."""
    spoken = len(words(exchange.said)) + len(words(exchange.reply))
    return max(1, round(spoken / load_rules().limits.minute))


@lru_cache(maxsize=16)
def course_of(run: Run) -> Course:
    """The state reply by reply, by the rules, without what is contested.

    The latest are remembered: feedback on each reply of a run asks for the same one.
    """
    states, moved = [run.start], []
    for number in range(len(run.exchanges)):
        state, own = _step(run, number, states[-1])
        states.append(state)
        moved.append(own)
    return Course(tuple(states), tuple(moved))


def _step(run: Run, number: int, before: Inner) -> tuple[Inner, tuple[Moved, ...]]:
    """The state after a reply, and what moved it."""
    state, moved = before, []
    moment = moment_at(run, number, before)
    for reading in run.exchanges[number].counted:
        rule = rule_for(reading.code, moment)
        after = _applied(state, rule, reading.probability * _worth(run, number, reading.code))
        moved.append(_moved(reading.code, rule, state, after))
        state = after
    return state, tuple(moved)


def _applied(state: Inner, rule: Rule, by: float) -> Inner:
    return state.moved(
        trust=by * rule.trust, arousal=by * rule.arousal, engagement=by * rule.engagement
    )


def _moved(code: str, rule: Rule, before: Inner, after: Inner) -> Moved:
    return Moved(
        code,
        rule.id,
        rule.why,
        rule.sources,
        after.trust - before.trust,
        after.arousal - before.arousal,
        after.engagement - before.engagement,
    )


def _worth(run: Run, number: int, id: str) -> float:
    """How much a reading counts: a repair move less each time that it was counted before."""
    if code(id).family != "repair":
        return 1.0
    times = sum(id in _codes(run.exchanges[:number][i : i + 1]) for i in range(number))
    return float(load_rules().limits.again ** times)


def _codes(exchanges: Iterable[Exchange]) -> frozenset[str]:
    """The codes counted in these exchanges."""
    return frozenset(reading.code for one in exchanges for reading in one.counted)


def moment_at(run: Run, number: int, state: Inner) -> Moment:
    """What conditions see at a reply, with this state."""
    spent = sum(map(minutes_of, run.exchanges[: number + 1]))
    numbers = {
        "trust": state.trust,
        "arousal": state.arousal,
        "engagement": state.engagement,
        "replies": float(min(number + 1, len(run.exchanges))),
        "minutes": float(max(0, run.minutes - spent)),
    }
    return Moment(
        numbers,
        run.kind,
        families(_codes(run.exchanges[number : number + 1])),
        families(_codes(run.exchanges[:number]) | {*run.done}),
    )


def moment_after(run: Run) -> Moment:
    """What conditions see after the last reply: the state that it left, and what was read in it."""
    last = max(0, len(run.exchanges) - 1)
    return moment_at(run, last, course_of(run).now)
