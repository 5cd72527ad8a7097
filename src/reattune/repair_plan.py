"""The plan of a course: its ruptures with their steps, each citing guidance and what it rests on.

Made from a followed course and the records that people have kept, the same for the same input.
It proposes and asks; every decision is a row that a person makes (`reattune.repair`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from reattune import guidance
from reattune.codebook import code
from reattune.errors import InputError
from reattune.follow import Following
from reattune.guidance import Guidance, Text
from reattune.missteps import Recognized, recognized_in
from reattune.repair import (
    STEPS,
    VERSION,
    Basis,
    Change,
    Occurrence,
    Proposal,
    Rupture,
    StepId,
    StepState,
    merge,
    relapsed,
    renew,
    waiting,
)
from reattune.repair_cases import Case, LastAnswer, cases, last_answer
from reattune.repair_find import family, find
from reattune.repair_propose import proposals, repaired_in_words, signal_basis
from reattune.signals import strand, weight
from reattune.types import Note, Signal

DONE = frozenset({"landed", "skipped"})
TASKS = frozenset({"rejects_intervention", "complaint_therapy", "pressure", "topic_shift"})
"""Signs that a task, a goal or the pace may be the trouble."""

RISKS = frozenset({"risk-words", "risk-answer"})
FIRST: tuple[StepId, ...] = ("notice", "invite", "validate", "negotiate")
"""The steps to think of first, in the default order; meaning may wait."""


@dataclass(frozen=True, slots=True)
class Step:
    """One of the five steps for one rupture: its state with rows, and ids of guidance.

    `seen` is what an analysis has heard that looks like it and nobody has answered yet; `aim`,
    `phrases` and so on are ids of sentences of guidance fitted to kind and intensity, `asks` one
    that says how far the step can wait; `rests_on` is never empty.
    """

    number: int
    id: StepId
    name: str
    state: StepState
    rows: tuple[Change, ...]
    seen: Proposal | None
    aim: str
    listen: tuple[str, ...]
    phrases: tuple[str, ...]
    avoid: tuple[str, ...]
    landed: tuple[str, ...]
    evidence: str
    asks: str
    rests_on: tuple[Basis, ...]

    @property
    def cites(self) -> tuple[str, ...]:
        """The ids of all the sentences of guidance that it shows."""
        lists = (*self.listen, *self.phrases, *self.avoid, *self.landed)
        return tuple(id for id in (self.aim, *lists, self.evidence, self.asks) if id)


@dataclass(frozen=True, slots=True)
class Watching:
    """A quiet watch: since which session, when to be reminded, when it ends; numbers of sessions
    held, counted on from the last one where they are still to come."""

    since: int
    remind: int
    expires: int


@dataclass(frozen=True, slots=True)
class Planned:
    """A rupture in the plan.

    `episodes` are its own and those of ruptures joined to it; `next` the step to think of first
    ("" for none) with `next_asks`, the id of the sentence that says why; `waiting` what an analysis
    proposes; `looks_repaired` the session in which the words look repaired, None otherwise;
    `borne_out` the signals of scores and attendance in its sessions.
    """

    rupture: Rupture
    episodes: tuple[Occurrence, ...]
    steps: tuple[Step, ...]
    next: StepId | Literal[""]
    next_asks: str
    answer: LastAnswer
    waiting: tuple[Proposal, ...]
    looks_repaired: int | None
    borne_out: tuple[Basis, ...]
    watch: Watching | None

    @property
    def live(self) -> bool:
        """Whether it is still followed."""
        return self.rupture.state in ("open", "watched")


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan for the session after `session`, the last one held (0 and None where none was).

    Ruptures that are open come first, the gravest and latest ahead; closed ones follow by onset.
    `cases` are hard cases that apply, risk first, `offered` the ids of the others; `missteps` those
    recognized in the sessions of open ruptures; `unexplained` firm signs of strain in scores and
    joined ones of attendance that no rupture accounts for; `asks` ids of sentences about the whole
    plan; `notes` those on risk.
    """

    client: str
    session: int
    date: date | None
    ruptures: tuple[Planned, ...]
    cases: tuple[Case, ...]
    offered: tuple[str, ...]
    missteps: tuple[Recognized, ...]
    unexplained: tuple[Basis, ...]
    asks: tuple[str, ...]
    notes: tuple[Note, ...]
    guidance: str
    language: str
    by: str = VERSION

    @property
    def record(self) -> tuple[Rupture, ...]:
        """The ruptures to keep: give them back to `make_plan` next time."""
        return tuple(planned.rupture for planned in self.ruptures)

    @property
    def live(self) -> tuple[Planned, ...]:
        """Those still followed, in order."""
        return tuple(planned for planned in self.ruptures if planned.live)


def make_plan(
    following: Following,
    known: Sequence[Rupture] = (),
    changes: Iterable[Change] = (),
    *,
    when: datetime,
    told: Collection[str] = (),
    language: str = "en",
) -> Plan:
    """The plan of a course.

    `known` are the ruptures kept from last time, `changes` rows of people made since; `told` ids of
    hard cases that the therapist says apply; `when` stands on the rows that the analysis adds.
    InputError as `reattune.repair.apply`, for a change of a rupture that is not there, and for an
    unknown case or language.
    """
    ruptures = decided(following, known, changes, when)
    whole = guidance.load(language)
    found, offered = cases(following, ruptures, whole, told)
    session, day = max(following.held, default=(0, None), key=lambda held: held[0])
    shown = [r for r in ruptures if r.state not in ("joined", "withdrawn")]
    hidden = [r for r in ruptures if r not in shown]
    made = sorted((planned(r, following, ruptures, whole) for r in shown), key=_order)
    made += [planned(r, following, ruptures, whole) for r in hidden]
    live = [own for own in made if own.live]
    sessions = {o.session for own in live for o in own.episodes}
    return Plan(
        client=following.client,
        session=session,
        date=day,
        ruptures=tuple(made),
        cases=found,
        offered=offered,
        missteps=tuple(m for m in recognized_in(following) if m.own.session in sessions),
        unexplained=tuple(unexplained(following, shown)),
        asks=("plan.prompt.apart",) if len(live) > 1 else (),
        notes=tuple(note for note in following.notes if note.slug in RISKS),
        guidance=whole.version,
        language=language,
    )


def decided(
    following: Following, known: Sequence[Rupture], changes: Iterable[Change], when: datetime
) -> tuple[Rupture, ...]:
    """The ruptures with people's rows applied in order of time, then as the analysis sees them.

    A row may be about a rupture or a proposal that only this analysis finds, so that it looks again
    where it needs to.
    """
    ruptures = seen(following, known, when)
    for row in sorted(changes, key=lambda row: row.when):
        if not _has(ruptures, row):
            ruptures = seen(following, ruptures, when)
        ruptures = _with_row(ruptures, row)
    return seen(following, ruptures, when)


def seen(following: Following, known: Sequence[Rupture], when: datetime) -> tuple[Rupture, ...]:
    """The ruptures of a course with what an analysis finds and proposes now."""
    found = find(following, known, when=when)
    return tuple(
        rupture
        if rupture.closed
        else renew(rupture, proposals(rupture, following, found), when=when, who=VERSION)
        for rupture in found
    )


def _has(ruptures: Sequence[Rupture], row: Change) -> bool:
    own = next((r for r in ruptures if r.id == row.rupture), None)
    return own is not None and (row.part in ("", *STEPS) or own.proposal(row.part) is not None)


def _with_row(ruptures: Sequence[Rupture], row: Change) -> tuple[Rupture, ...]:
    """The ruptures with a person's row in the one it belongs to."""
    if row.rupture not in {rupture.id for rupture in ruptures}:
        raise InputError(
            "change-elsewhere",
            f"There is no rupture {row.rupture!r:.40} in this course.",
            where=f"change in session {row.session}",
            remedy="Take the ids that the plan shows.",
        )
    return tuple(
        merge(rupture, human=(row,)) if rupture.id == row.rupture else rupture
        for rupture in ruptures
    )


def _order(own: Planned) -> tuple[object, ...]:
    rupture = own.rupture
    if not own.live:
        return (1, rupture.session, rupture.id)
    return (0, rupture.intensity != "major", -rupture.latest, rupture.id)


# One rupture


def planned(
    rupture: Rupture, following: Following, ruptures: Sequence[Rupture], whole: Guidance
) -> Planned:
    """A rupture with its steps."""
    episodes = family(ruptures, rupture) or rupture.episodes
    answer = last_answer(rupture, following)
    borne_out = tuple(signals_in(rupture, following))
    proposed = waiting(rupture)
    steps = tuple(
        step_of(rupture, number, whole, proposed, rests_on(id, rupture, answer, borne_out))
        for number, id in enumerate(STEPS, 1)
    )
    next, why = next_step(rupture, steps, answer)
    return Planned(
        rupture=rupture,
        episodes=episodes,
        steps=steps,
        next=next,
        next_asks=why,
        answer=answer,
        waiting=proposed,
        looks_repaired=repaired_in_words(rupture),
        borne_out=borne_out,
        watch=watch_of(rupture, whole),
    )


def step_of(
    rupture: Rupture,
    number: int,
    whole: Guidance,
    proposed: Sequence[Proposal],
    basis: tuple[Basis, ...],
) -> Step:
    """One step with what guidance has for this kind and intensity."""
    told = whole.step(number)
    id = STEPS[number - 1]
    phrases = whole.phrasings(id, rupture.kind, rupture.intensity)
    heard = [p for p in proposed if p.part == id]
    return Step(
        number=number,
        id=id,
        name=told.name,
        state=rupture.step(id),
        rows=rupture.rows(id),
        seen=heard[-1] if heard else None,
        aim=told.aim.id,
        listen=_ids(told.listen),
        phrases=_ids(phrases),
        avoid=_ids(told.avoid),
        landed=_ids(told.landed),
        evidence=told.evidence.id,
        asks=ASKS.get(id, ""),
        rests_on=basis,
    )


ASKS = {"explore_meaning": "plan.prompt.wait_meaning", "negotiate": "plan.prompt.may_skip"}
"""What a plan says of how far a step can wait or stand alone."""


def _ids(texts: Iterable[Text]) -> tuple[str, ...]:
    return tuple(text.id for text in texts)


def rests_on(
    step: StepId, rupture: Rupture, answer: LastAnswer, borne_out: Sequence[Basis]
) -> tuple[Basis, ...]:
    """What a step of a rupture rests on, the client's words first.

    Noticing: the clearest words of the last episode, and what bears them out. Inviting: the last
    answer. Validating: words and the therapist's own missteps. Meaning: words of each session.
    Negotiating: words about a task, a goal or the pace.
    """
    if not rupture.episodes:
        return (rupture.opening, *borne_out[-2:])
    last = rupture.episodes[-1]
    clearest = last.words[:1]
    if step == "notice":
        return (*clearest, *borne_out[-2:])
    if step == "invite":
        return answer.rests_on[:1] or clearest
    if step == "validate":
        own = {b.turn: b for b in last.answers if code(b.code).family == "misstep"}
        return (*clearest, *list(own.values())[:2])
    if step == "explore_meaning":
        return first_words(rupture)
    tasks = [b for o in reversed(rupture.episodes) for b in o.words if b.code in TASKS]
    return tuple(tasks[:2]) or clearest


def first_words(rupture: Rupture) -> tuple[Basis, ...]:
    """The clearest words of each session in which it occurred, the latest three."""
    found: dict[int, Basis] = {}
    for own in rupture.episodes:
        for basis in own.words[:1]:
            found.setdefault(own.session, basis)
    return tuple(found.values())[-3:]


def signals_in(rupture: Rupture, following: Following) -> Iterator[Basis]:
    """The signals of strain in scores and attendance in the sessions of its episodes."""
    sessions = {own.session for own in rupture.episodes}
    for signal in following.signals:
        if signal.session in sessions and of_strain(signal):
            yield signal_basis(signal)


def of_strain(signal: Signal) -> bool:
    """Whether a signal of scores or attendance speaks of strain."""
    return signal.kind != "recovery" and strand(signal.source) in ("scores", "attendance")


def unexplained(following: Following, ruptures: Sequence[Rupture]) -> Iterator[Basis]:
    """The firm signs of strain in scores, and those of attendance that others bear out, that are in
    no session of a rupture: a person may open one for them."""
    sessions = {own.session for r in ruptures for own in r.episodes} | {r.session for r in ruptures}
    for signal in following.signals:
        firm = weight(signal) == "firm" or (signal.source == "attendance" and signal.with_)
        if firm and of_strain(signal) and signal.session not in sessions:
            yield signal_basis(signal)


# What to think of first


def next_step(
    rupture: Rupture, steps: Sequence[Step], answer: LastAnswer
) -> tuple[StepId | Literal[""], str]:
    """The step to think of first and the id of the sentence that says why; ("", "") for none.

    A watch asks for none, nor does a client who says that nothing is wrong. In the default order
    the first that has not landed, by the therapist's word, else by what the words look like; where
    a direct answer has landed in a micro strain, or it looks repaired, none is needed; meaning
    comes after inviting and validating.
    """
    if rupture.state != "open":
        return "", ""
    if answer.id == "denied":
        return "", "branches.denial.do.note"
    stands = {step.id: standing_of(rupture, step) for step in steps}
    repaired = repaired_in_words(rupture) is not None
    if rupture.intensity == "micro" and (repaired or stands["negotiate"] == "landed"):
        return "", "plan.prompt.may_skip"
    for id in FIRST[2:] if repaired else FIRST:
        if stands[id] not in DONE:
            return id, "ruptures.order.first" if id in ("invite", "validate") else ORDER
    if stands["explore_meaning"] not in DONE:
        return "explore_meaning", "plan.prompt.wait_meaning"
    return "", ""


ORDER = "ruptures.order.default"


def standing_of(rupture: Rupture, step: Step) -> str:
    """Where a step stands for what comes next; what was before a further strain does not count."""
    outdated = bool(step.rows) and relapsed(rupture, step.rows[-1].session, rupture.latest)
    if step.seen is not None and (outdated or not step.rows):
        return step.seen.new
    return "not_yet" if outdated else step.state


def watch_of(rupture: Rupture, whole: Guidance) -> Watching | None:
    """The sessions of a quiet watch."""
    watch = whole.branches["denial"].watch
    if rupture.state != "watched" or watch is None:
        return None
    begun = rupture.rows("")[-1].session
    return Watching(begun, begun + watch.remind, begun + watch.expires)
