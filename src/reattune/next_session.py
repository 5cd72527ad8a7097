"""The next-session sheet: one page to read before the hour, from the plan alone.

What happened, what the client may have needed, an opening or two, what to leave out, when, and
when to ask somebody. Sentences are ids of guidance, chosen by the rules below; the words of the
client and the therapist are quoted with session and turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from reattune import guidance
from reattune.codebook import code
from reattune.guidance import Guidance, Side
from reattune.repair import Basis, Occurrence, RuptureState
from reattune.repair_cases import Case, LastAnswer
from reattune.repair_plan import Plan, Planned
from reattune.types import Intensity, Kind, Note

QUOTES = 3  # at most; a page is read in a minute
NEEDS = 2  # of the client's most frequent signs
PERSONAL = 2  # tendencies of the therapist that are told
SHOWN = 3  # hard cases told in full; others stand by name


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence of guidance by its id, and why it stands here ("" where it always does)."""

    id: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class Tendency:
    """A misstep that this therapist has confirmed before: how often, and the id of a way out."""

    code: str
    count: int
    id: str


@dataclass(frozen=True, slots=True)
class Focus:
    """The rupture that the sheet is about, in short."""

    id: str
    kind: Kind
    intensity: Intensity
    state: RuptureState
    since: int
    episodes: tuple[Occurrence, ...]
    looks_repaired: int | None


@dataclass(frozen=True, slots=True)
class NextSession:
    """What stands on the sheet for the session after `last`.

    `focus` is None where no rupture is followed; then an opening asks how the two are doing.
    `personal` rests on confirmed missteps alone; `confirmed` says whether there are any. `others`
    are ruptures kept apart, by kind, intensity and onset.
    """

    client: str
    last: int
    date: date | None
    notes: tuple[Note, ...]
    focus: Focus | None
    happened: tuple[Basis, ...]
    needed: tuple[Told, ...]
    answer: LastAnswer | None
    openings: tuple[Told, ...]
    step: str
    step_aim: str
    personal: tuple[Tendency, ...]
    confirmed: bool
    avoid: tuple[Told, ...]
    timing: tuple[Told, ...]
    consult: tuple[Told, ...]
    cases: tuple[Case, ...]
    closing: tuple[Told, ...]
    others: tuple[tuple[Kind, Intensity, int], ...]
    guidance: str
    language: str


def next_session(plan: Plan, tendencies: Mapping[str, int] | None = None) -> NextSession:
    """The sheet for the session after the plan's last one.

    `tendencies` are confirmed missteps of this therapist with their counts, as
    `reattune.missteps.tendencies` gives them over past sessions; those of others never belong here.
    """
    whole = guidance.load(plan.language)
    live = plan.live
    own = live[0] if live else None
    habits = {id: n for id, n in (tendencies or {}).items() if n > 0 and id in whole.missteps}
    return NextSession(
        client=plan.client,
        last=plan.session,
        date=plan.date,
        notes=plan.notes,
        focus=focus_of(own) if own else None,
        happened=tuple(quotes(own)) if own else (),
        needed=tuple(needs(own)) if own else (),
        answer=own.answer if own else None,
        openings=tuple(openings(own, whole)),
        step=own.next if own else "",
        step_aim=whole.step(own.next).aim.id if own and own.next else "",
        personal=tuple(personal(habits)),
        confirmed=bool(habits),
        avoid=tuple(avoid(own, plan, whole)) if own else (),
        timing=tuple(timing(own, plan)) if own else (),
        consult=tuple(consult(own, plan)),
        cases=plan.cases[:SHOWN],
        closing=tuple(Told(p.asks, p.why) for p in own.waiting if not p.part) if own else (),
        others=tuple((o.rupture.kind, o.rupture.intensity, o.rupture.session) for o in live[1:]),
        guidance=plan.guidance,
        language=plan.language,
    )


def focus_of(own: Planned) -> Focus:
    """The rupture in short."""
    rupture = own.rupture
    return Focus(
        id=rupture.id,
        kind=rupture.kind,
        intensity=rupture.intensity,
        state=rupture.state,
        since=rupture.session,
        episodes=own.episodes,
        looks_repaired=own.looks_repaired,
    )


# What happened, and what was needed


def quotes(own: Planned) -> Iterator[Basis]:
    """At most QUOTES of the latest session: the client's clearest words with the therapist's answer
    to them; where there are fewer, words of the session before."""
    chosen: list[Basis] = []
    for session in sorted({o.session for o in own.episodes}, reverse=True):
        episodes = [o for o in own.episodes if o.session == session]
        words = [b for o in episodes for b in o.words]
        answers = [b for o in episodes for b in o.answers]
        chosen += distinct(interleaved(words, answers), chosen)
    yield from sorted(chosen[:QUOTES], key=lambda b: (b.session, b.turn or 0))


def interleaved(words: list[Basis], answers: list[Basis]) -> Iterator[Basis]:
    """A client's turn, the therapist's first answer after it, the client's last, then the rest."""
    first = words[:1]
    after = [a for a in answers if first and (a.turn or 0) > (first[0].turn or 0)]
    yield from (*first, *after[:1], *words[-1:], *words)


def distinct(found: Iterator[Basis], known: list[Basis]) -> list[Basis]:
    """Those on turns that are not among the known ones."""
    turns = {(b.session, b.turn) for b in known}
    fresh: dict[tuple[int, int | None], Basis] = {}
    for basis in found:
        if (basis.session, basis.turn) not in turns:
            fresh.setdefault((basis.session, basis.turn), basis)
    return list(fresh.values())


def needs(own: Planned) -> Iterator[Told]:
    """What the client may have needed: after the clearest signs of the last session, or, where
    there are fewer, what this kind of strain often asks for."""
    signs = Counter(
        b.code for o in own.episodes for b in o.words if b.session == own.rupture.latest
    )
    found = [Told(f"ruptures.need.{id}", code(id).name) for id, _ in signs.most_common(NEEDS)]
    general = [Told(f"ruptures.side.{side}.needs") for side in sides(own.rupture.kind)]
    yield from (*found, *general)[:NEEDS]


def sides(kind: Kind) -> tuple[Side, ...]:
    """The sides of a kind; of a mixed one the objection comes first."""
    return ("confrontation", "withdrawal") if kind == "mixed" else (kind,)


# Openings


def openings(own: Planned | None, whole: Guidance) -> Iterator[Told]:
    """One or two: by the client's last answer, then of the next step (or of the other side)."""
    if own is None:
        yield Told(whole.planning.answers["denied"].openings["withdrawal"]["micro"].id)
        return
    kind, intensity = own.rupture.kind, own.rupture.intensity
    answer = whole.planning.answers["denied" if own.rupture.state == "watched" else own.answer.id]
    found = [answer.openings[side][intensity].id for side in sides(kind)]
    because = f"After “{answer.name.strip('“”').lower()}”"
    yield from (Told(id, because) for id in found)
    if len(found) == 1 and own.next:
        step = whole.step("invite" if own.next == "notice" else own.next)  # it opens by noticing
        yield Told(whole.phrasings(step.id, kind, intensity)[0].id, f"To {step.name.lower()}")


# What to leave out


def personal(habits: Mapping[str, int]) -> Iterator[Tendency]:
    """What to leave out from what this therapist has confirmed before, the most frequent first."""
    for id in list(habits)[:PERSONAL]:
        yield Tendency(id, habits[id], f"missteps.{id}.own")


def avoid(own: Planned, plan: Plan, whole: Guidance) -> Iterator[Told]:
    """What to leave out: of the hard cases that apply, then of the next step."""
    for case in plan.cases[:SHOWN]:
        branch = whole.branches[case.id]
        left = branch.avoid[-1] if case.id == "noticed_late" else branch.avoid[0]
        yield Told(left.id, branch.name)
    if own.next:
        step = whole.step(own.next)
        yield Told(step.avoid[0].id, step.name)


# When, and when to ask


def timing(own: Planned, plan: Plan) -> Iterator[Told]:
    """When to take it up: risk first, grounding first, acknowledged if it was late, else soon."""
    applies = {case.id for case in plan.cases}
    for case, item in (("risk", "risk"), ("activated", "activated"), ("noticed_late", "late")):
        if case in applies:
            yield Told(f"plan.timing.item.{item}")
    if own.rupture.state == "watched":
        return
    if own.rupture.intensity == "micro" and own.looks_repaired is not None:
        yield Told("plan.timing.item.micro")
    elif "noticed_late" not in applies:
        yield Told("plan.timing.item.soon")
    passed = plan.session - own.rupture.latest
    if passed > 0 and own.looks_repaired is None:
        yield Told("plan.timing.item.no_drift", f"{passed} since session {own.rupture.latest}")


def consult(own: Planned | None, plan: Plan) -> Iterator[Told]:
    """When to take it to consultation: what holds here first, then what only you can know."""
    applies = {case.id for case in plan.cases}
    if "risk" in applies:
        yield Told("therapist.consult.item.risk")
    if own is not None and own.rupture.intensity == "major":
        yield Told("therapist.consult.item.major", f"Since session {own.rupture.session}")
    if own is not None:
        for asked in (p for p in own.waiting if p.asks == "plan.prompt.change_course"):
            yield Told("therapist.consult.item.stuck", asked.why)
    if "difference" in applies:
        yield Told("therapist.consult.item.difference")
    yield Told("therapist.consult.item.strong")
