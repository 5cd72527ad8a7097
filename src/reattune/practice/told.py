"""Feedback after a reply and at the end: what was read, where, how surely, and what it moved.

It describes the made-up client and the words, never the person who practices: no grades, no ranks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from reattune import guidance
from reattune.codebook import code
from reattune.guidance.parts import Move, Step
from reattune.practice.cues import load_cues
from reattune.practice.likeness import BY
from reattune.practice.parts import Inner, Scenario
from reattune.practice.reading import Reading, is_again, is_unproven, share_right
from reattune.practice.records import plain
from reattune.practice.rules import load_rules
from reattune.practice.runs import Contest, Exchange, Moved, Run, course_of
from reattune.practice.sources import known_sources, shorts
from reattune.practice.table import Table, read_toml
from reattune.types import Family, Kind

KINDS: dict[str, Kind] = {
    "withdrawal": "withdrawal",
    "confrontation": "confrontation",
    "both": "mixed",
}
TURNED = 0.02  # change of ease from which a reply is said to have turned something


@dataclass(frozen=True, slots=True)
class Cited:
    """A sentence with the sources that stand behind it, named in short."""

    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A reading as it is shown.

    `quote` are the words at characters `[first, last)` of the reply; `probability` how sure;
    `right` the share of such readings that coders agreed with; `unproven` if nothing is known of
    this code on real speech; `doubt` says both in a sentence. `other` is another reading to weigh.
    `counted` is False with the reason in `ignored`, for a near miss, or where `contested`.
    """

    code: str
    name: str
    family: Family
    quote: str
    first: int
    last: int
    probability: float
    right: float
    unproven: bool
    doubt: str
    by: str
    why: str
    other: str
    counted: bool
    decided: bool
    ignored: str
    contested: bool
    view: str


@dataclass(frozen=True, slots=True)
class Rewording:
    """Another way to say it: `of` is "guidance" with the sentence's id, or "scenario"."""

    text: str
    of: str
    id: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What came of one reply, number from 0.

    `said` is the client's line that was answered, `next` the line after it, by whose wording
    (`next_by`, `next_note`). `unscored` is the reason why it was not scored, or "".
    """

    number: int
    said: str
    reply: str
    readings: tuple[Read, ...]
    unscored: str
    before: Inner
    after: Inner
    moved: tuple[Moved, ...]
    rewordings: tuple[Rewording, ...]
    next: str
    next_by: str
    next_note: str
    minutes_left: int
    outcome: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        made: dict[str, Any] = plain(self)
        return made


@dataclass(frozen=True, slots=True)
class Used:
    """A step, move or misstep of guidance with the replies (from 0) in which it was read.

    A move is told from the codes that serve it, so one reading may stand for several.
    """

    part: str
    id: str
    name: str
    replies: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Turned:
    """A reply after which the client's ease changed most: by how much, the words, the rule."""

    number: int
    ease: float
    quote: str
    why: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A run as a whole: how it ended, the course of the state, what was used, what turned it."""

    scenario: str
    title: str
    drill: bool
    outcome: str
    outcome_name: str
    after: str
    states: tuple[Inner, ...]
    used: tuple[Used, ...]
    unused: tuple[Used, ...]
    missteps: tuple[Used, ...]
    turned: tuple[Turned, ...]
    contested: tuple[tuple[int, Contest], ...]
    unscored: int
    cautions: tuple[Cited, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        made: dict[str, Any] = plain(self)
        return made


# A reply


def feedback_on(scenario: Scenario, run: Run, number: int, *, note: str = "") -> Feedback:
    """What came of reply `number`, from 0."""
    course, exchange = course_of(run), run.exchanges[number]
    last = number + 1 == len(run.exchanges)
    following = None if last else run.exchanges[number + 1]
    return Feedback(
        number=number,
        said=exchange.said,
        reply=exchange.reply,
        readings=tuple(_read(exchange, reading) for reading in exchange.readings),
        unscored=load_rules().unscored.get(exchange.unscored, ""),
        before=course.states[number],
        after=course.states[number + 1],
        moved=tuple(_cited(moved) for moved in course.moved[number]),
        rewordings=tuple(rewordings(scenario, run, number)),
        next=following.said if following else run.said,
        next_by=following.by if following else run.by,
        next_note=note,
        minutes_left=replace(run, exchanges=run.exchanges[: number + 1]).minutes_left,
        outcome=run.outcome if last else "",
    )


def _cited(moved: Moved) -> Moved:
    return replace(moved, sources=shorts(moved.sources))


def _read(exchange: Exchange, reading: Reading) -> Read:
    own = code(reading.code)
    views = {one.code: one.view for one in exchange.contested}
    return Read(
        code=own.id,
        name=own.name,
        family=own.family,
        quote=reading.quote,
        first=reading.first,
        last=reading.last,
        probability=reading.probability,
        right=reading.probability if cued(reading) else share_right(own.family),
        unproven=is_unproven(own.id),
        doubt=doubt(reading),
        by=reading.by,
        why=reading.why,
        other=own.other,
        counted=reading.counts and own.id not in views,
        decided=reading.decided,
        ignored=load_rules().unscored.get(reading.ignored, ""),
        contested=own.id in views,
        view=views.get(own.id, ""),
    )


def cued(reading: Reading) -> bool:
    """Whether a turn of phrase, or likeness, and not the model showed it."""
    return reading.by in (load_cues()[0], BY)


def doubt(reading: Reading) -> str:
    """How often such readings are wrong, in a sentence or two."""
    if cued(reading):
        return (
            f"In coded written dialogues about {reading.probability:.0%} of such wordings were "
            "coded so; the counts are small."
        )
    kind = "repair moves" if reading.family == "repair" else "missteps"
    unknown = " On this code alone there are no figures for real speech."
    return (
        f"In real transcripts, where they are rare, coders did not agree with "
        f"{1 - share_right(reading.family):.0%} of the turns read as {kind}; in practice it may be "
        f"fewer, which was not counted.{unknown if is_unproven(reading.code) else ''}"
    )


def rewordings(scenario: Scenario, run: Run, number: int) -> Iterator[Rewording]:
    """One or two: in place of what was surest a misstep, or a step's where nothing was read.

    The written one is an example reply of this place in the scenario that was not said yet.
    """
    exchange = run.exchanges[number]
    surest = max(exchange.counted, key=lambda reading: reading.probability, default=None)
    if surest and surest.family == "misstep":
        instead = guidance.load().missteps[surest.code].instead
        yield _of_guidance(instead[number % len(instead)].id)
    elif surest is None:
        yield _of_step(scenario, run, number)
    said = [("T", one.reply) for one in run.exchanges]
    replies = scenario.nodes[exchange.node].replies["good"]
    good = [text for text in replies if not is_again(text, said)]
    if good:
        own = shorts(scenario.sources)
        yield Rewording(good[number % len(good)], "scenario", exchange.node, own)


def _of_step(scenario: Scenario, run: Run, number: int) -> Rewording:
    """A phrasing of the first step that was not used before."""
    known = {r.code for one in run.exchanges[: number + 1] for r in one.counted}
    steps = guidance.load().steps
    step = next((own for own in steps if own.codes[0] not in known), steps[2])
    kind = KINDS[scenario.kind]
    found = guidance.load().phrasings(step.id, kind, scenario.intensity)
    return _of_guidance(found[number % len(found)].id)


def _of_guidance(id: str) -> Rewording:
    text = guidance.load().texts[id]
    return Rewording(text.text, "guidance", id, shorts(text.sources))


# The whole


def summary_of(scenario: Scenario, run: Run) -> Summary:
    """A run as a whole."""
    course, ending = course_of(run), scenario.endings.get(run.at)
    used = tuple(_used())
    counted = [(used_, _replies(run, codes)) for used_, codes in used]
    made = [Used(own.part, own.id, own.name, replies) for own, replies in counted]
    return Summary(
        scenario=run.scenario,
        title=scenario.title,
        drill=run.drill,
        outcome=run.outcome,
        outcome_name=outcome_name(run.outcome),
        after=ending.after if ending and run.outcome != "stopped" else "",
        states=course.states,
        used=tuple(own for own in made if own.part != "misstep" and own.replies),
        unused=tuple(own for own in made if own.part != "misstep" and not own.replies),
        missteps=tuple(own for own in made if own.part == "misstep" and own.replies),
        turned=tuple(_turned(run)),
        contested=tuple(
            (number, one) for number, ex in enumerate(run.exchanges) for one in ex.contested
        ),
        unscored=sum(bool(exchange.unscored) for exchange in run.exchanges),
        cautions=cautions(),
    )


@cache
def _used() -> tuple[tuple[Used, frozenset[str]], ...]:
    """Every step, move and misstep of guidance with the codes that show it."""
    own = guidance.load()
    parts: list[tuple[str, Step | Move]] = [("step", step) for step in own.steps]
    parts += [("move", move) for move in own.moves.values()]
    found = [(Used(part, one.id, one.name, ()), frozenset(one.codes)) for part, one in parts]
    wrong = [(Used("misstep", id, code(id).name, ()), frozenset({id})) for id in own.missteps]
    return (*found, *wrong)


def _replies(run: Run, codes: frozenset[str]) -> tuple[int, ...]:
    """The replies in which one of these codes was counted."""
    return tuple(
        number
        for number, exchange in enumerate(run.exchanges)
        if any(reading.code in codes for reading in exchange.counted)
    )


def _turned(run: Run) -> Iterator[Turned]:
    """The reply that eased the state most, and the one that strained it most, if they stand out."""
    course = course_of(run)
    change = [after.ease - before.ease for before, after in pairwise(course.states)]
    for pick, least in ((max, TURNED), (min, -TURNED)):
        if change and pick(pick(change), least) != least:
            number = change.index(pick(change))
            yield _turn(run, number, change[number])


def _turn(run: Run, number: int, ease: float) -> Turned:
    """The words and the rule that moved most in a reply."""
    moved = course_of(run).moved[number]
    sign = 1 if ease > 0 else -1
    most = max(moved, key=lambda one: sign * (one.trust + one.engagement - one.arousal))
    quote = next(r.quote for r in run.exchanges[number].counted if r.code == most.code)
    return Turned(number, ease, quote, most.why)


# Words


@cache
def _words() -> Table:
    raw = read_toml(files("reattune.practice").joinpath("words.toml"))
    return Table("words.toml", "", raw).only("version caution outcome")


@cache
def cautions() -> tuple[Cited, ...]:
    """What practice may be good for and what is not known, said with every summary."""
    return tuple(_caution(part) for part in _words().children("caution").values())


def _caution(part: Table) -> Cited:
    part.only("text source")
    found = part.value["source"]
    sources = (found,) if isinstance(found, str) else part.texts("source", 1)
    if not set(sources) <= set(known_sources()):
        raise part.fail("names an unknown source")
    return Cited(part.text("text"), shorts(sources))


def outcome_name(outcome: str) -> str:
    """What an outcome is called."""
    return _words().child("outcome").text(outcome or "going")
