"""A rupture as a record: dated rows that say who moved it or one of its steps, when and why.

What may follow what stands in one table, TRANSITIONS. `apply` adds a row or refuses it; `merge`
takes what people decided and what an analysis found at the same time: people decide, an analysis
proposes. Nothing here reads a clock or a file, and no row is ever changed or removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, get_args

from reattune.errors import InputError
from reattune.types import Intensity, Kind, State

VERSION = "repair/1"

Author = Literal["human", "analysis"]
StepId = Literal["notice", "invite", "validate", "explore_meaning", "negotiate"]
StepState = Literal["not_yet", "tried", "landed", "did_not_land", "skipped"]
RuptureState = Literal[
    "open",
    "watched",
    "repaired",
    "repaired_in_part",
    "accepted_unrepaired",
    "ended",
    "set_aside",
    "joined",
    "withdrawn",
]
ProposalState = Literal["pending", "accepted", "declined", "withdrawn"]

STEPS: tuple[StepId, ...] = get_args(StepId)
"""The steps in their default order, by the ids of guidance; the order is no law."""

HUMAN: Author = "human"
ANALYSIS: Author = "analysis"
CLOSED = frozenset(
    "repaired repaired_in_part accepted_unrepaired ended set_aside joined".split()
)  # fmt: skip
"""States of a rupture that nothing reopens but a person who says why."""

Part = Literal["rupture", "step", "proposal"]


@dataclass(frozen=True, slots=True)
class Transition:
    """That a state may follow another: of what, by whom, and whether the row must say why."""

    part: Part
    old: str
    new: str
    by: frozenset[Author]
    why: bool


def _table(*lines: tuple[Part, str, str, str, bool]) -> dict[tuple[Part, str, str], Transition]:
    found = {}
    for part, olds, news, by, why in lines:
        people: frozenset[Author] = frozenset(a for a in get_args(Author) if by in (a, "either"))
        for old in olds.split() or [""]:
            for new in news.split():
                found[part, old, new] = Transition(part, old, new, people, why)
    return found


DONE = "tried landed did_not_land"
TRANSITIONS = _table(
    # of         from                            to                            by          why
    ("rupture", "", "open", "either", True),
    ("rupture", "open", "watched", "human", True),
    ("rupture", "watched", "open", "human", True),
    ("rupture", "open watched", " ".join(sorted(CLOSED)), "human", True),
    ("rupture", "repaired_in_part", "repaired accepted_unrepaired ended", "human", True),
    ("rupture", "accepted_unrepaired", "repaired repaired_in_part ended", "human", True),
    ("rupture", " ".join(sorted(CLOSED)), "open", "human", True),
    ("rupture", "open", "withdrawn", "analysis", True),
    ("rupture", "withdrawn", "open", "either", True),
    ("step", "not_yet", DONE, "human", False),
    ("step", "tried did_not_land", DONE, "human", False),
    ("step", "landed", "landed", "human", False),
    ("step", "landed", "tried did_not_land", "human", True),
    ("step", f"not_yet {DONE}", "skipped", "human", True),
    ("step", f"{DONE}", "not_yet", "human", True),
    ("step", "skipped", f"not_yet {DONE}", "human", False),
    ("proposal", "pending", "accepted declined", "human", False),
    ("proposal", "declined", "accepted", "human", False),
    ("proposal", "pending", "withdrawn", "analysis", True),
    ("proposal", "withdrawn", "pending", "analysis", True),
)  # fmt: skip
"""What may follow what. What is not in it is refused.

An analysis may open a rupture, take back what it alone had opened ("withdrawn") and open that
again; the rest it can only propose. A step may come first, last or again: any order is allowed.
"""


@dataclass(frozen=True, slots=True)
class Basis:
    """What something rests on: words of a turn (from 0), or a signal.

    `role` is who spoke; `code` a code of the codebook; `signal` source and rule, such as
    "checkin_client:item-prompt"; `why` what it is in a sentence.
    """

    session: int
    date: date | None = None
    turn: int | None = None
    quote: str = ""
    role: str = ""
    code: str = ""
    signal: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One episode of a rupture: where, how it stood at the end of its session, its words.

    Turns count from 0, `[first, last)`. `words` are the client's clearest marked turns, `answers`
    the therapist's moves and missteps in it, `codes` all codes of the client in it in order;
    `confirmed` whether a person said so.
    """

    session: int
    date: date | None
    first: int
    last: int
    kind: Kind
    intensity: Intensity
    state: State
    words: tuple[Basis, ...] = ()
    answers: tuple[Basis, ...] = ()
    codes: tuple[str, ...] = ()
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an analysis suggests, for a person to accept or not.

    `part` is a step's id, "" for the rupture; `new` the state it suggests, "" where it only asks;
    `asks` the id of the sentence of guidance that puts it; `id` stays the same for the same words.
    """

    id: str
    part: str
    new: str
    session: int
    asks: str
    why: str
    by: str
    date: date | None = None
    rests_on: tuple[Basis, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A change of state as a row.

    `part` is "" for the rupture itself, a step's id, or a proposal's id; `session` the number of
    the session it belongs to (between two sessions: of the one before); `when` it was made, aware;
    `who` a person's id or the name of an analysis; `note` why. `into` names the rupture that this
    one joins.
    """

    rupture: str
    part: str
    old: str
    new: str
    when: datetime
    session: int
    who: str
    by: Author
    note: str = ""
    into: str = ""


@dataclass(frozen=True, slots=True)
class Rupture:
    """A followed rupture: what it rests on, what was proposed, and every change as a row.

    `session` and `date` are those of its onset; `kind` and `intensity` follow its episodes, but
    the kind of one that a person opened. Where no words are known it has no episodes.
    """

    id: str
    client: str
    kind: Kind
    intensity: Intensity
    session: int
    date: date | None
    episodes: tuple[Occurrence, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def state(self) -> RuptureState:
        """Where it stands; "open" before any row."""
        return self._state("", "open")  # type: ignore[return-value]

    @property
    def closed(self) -> bool:
        """Whether a person has closed it."""
        return self.state in CLOSED

    @property
    def closing(self) -> Change | None:
        """The row that closed it, None while it is not closed."""
        rows = [c for c in self.changes if c.part == ""]
        return rows[-1] if self.closed else None

    @property
    def latest(self) -> int:
        """The session of its last episode, of its onset where it has none."""
        return self.episodes[-1].session if self.episodes else self.session

    @property
    def opening(self) -> Basis:
        """That it was opened, with the reason given: what a rupture without words rests on."""
        rows = self.rows("")
        return Basis(self.session, self.date, why=rows[0].note if rows else "")

    @property
    def decided(self) -> bool:
        """Whether a person has said anything of it."""
        return any(c.by == HUMAN for c in self.changes)

    def step(self, id: str) -> StepState:
        """Where a step stands."""
        return self._state(id, "not_yet")  # type: ignore[return-value]

    def answer(self, id: str) -> ProposalState:
        """Where a proposal stands."""
        return self._state(id, "pending")  # type: ignore[return-value]

    def rows(self, part: str) -> tuple[Change, ...]:
        """The changes of a part, in the order they were made."""
        return tuple(c for c in self.changes if c.part == part)

    def proposal(self, id: str) -> Proposal | None:
        """The proposal with this id."""
        return next((p for p in self.proposals if p.id == id), None)

    def _state(self, part: str, start: str) -> str:
        return next((c.new for c in reversed(self.changes) if c.part == part), start)


def open_rupture(rupture: Rupture, *, when: datetime, who: str, by: Author, note: str) -> Rupture:
    """A new rupture with the row that opens it; InputError as `apply`."""
    row = Change(rupture.id, "", "", "open", when, rupture.session, who, by, note)
    return apply(rupture, row)


# One change


def apply(rupture: Rupture, change: Change) -> Rupture:
    """The rupture with one more row.

    InputError where the row is incomplete or of another rupture, where the state is no longer the
    one it starts from, and for what TRANSITIONS does not have.
    """
    _check_complete(rupture, change)
    part = part_of(rupture, change)
    _check_state(rupture, change, part)
    allowed = TRANSITIONS.get((part, change.old, change.new))
    if allowed is None or change.by not in allowed.by:
        raise _refused(change, allowed)
    if allowed.why and not change.note.strip():
        raise _incomplete(change, "It does not say why.", "Add a note.")
    if change.by == ANALYSIS and part == "rupture" and rupture.decided:
        raise _refused(change, allowed)
    return replace(rupture, changes=(*rupture.changes, change))


def part_of(rupture: Rupture, change: Change) -> Part:
    """What a row is about; InputError where the rupture has no such part."""
    if change.rupture == rupture.id:
        if change.part == "":
            return "rupture"
        if change.part in STEPS:
            return "step"
        if rupture.proposal(change.part) is not None:
            return "proposal"
    raise InputError(
        "change-elsewhere",
        "The change belongs to another rupture, or to a part that this one does not have.",
        where=_where(change),
        remedy="Load the plan again.",
    )


def _where(change: Change) -> str:
    return f"change of {change.part or 'the rupture'} in session {change.session}"


def _incomplete(change: Change, what: str, remedy: str) -> InputError:
    return InputError("change-incomplete", what, where=_where(change), remedy=remedy)


def _check_complete(rupture: Rupture, change: Change) -> None:
    if not change.who.strip():
        raise _incomplete(change, "It does not say who made it.", "Name the person.")
    if change.when.tzinfo is None:
        raise _incomplete(change, "Its time has no time zone.", "Give the time in UTC.")
    if change.session < rupture.session:
        raise _incomplete(
            change, "Its session is before the rupture.", "Name the session it belongs to."
        )
    if (change.new == "joined") != bool(change.into) or change.into == rupture.id:
        raise _incomplete(change, "Which rupture it joins is not clear.", "Name the other one.")


def _check_state(rupture: Rupture, change: Change, part: Part) -> None:
    """InputError where the change starts from another state, or the rupture is closed."""
    fresh = part == "rupture" and not rupture.rows("")
    now = "" if fresh else state_of(rupture, part, change.part)
    if change.old != now:
        raise InputError(
            "stale-change",
            f"The state is {now or 'none'} by now, not {change.old or 'none'}.",
            where=_where(change),
            remedy="Look at what was changed meanwhile, and decide again.",
        )
    if part == "step" and change.by == HUMAN and rupture.state not in STEPPING:
        raise InputError(
            "change-not-allowed",
            "The rupture is closed, so its steps stand as they are.",
            where=_where(change),
            remedy="Reopen it first, and say why.",
        )


STEPPING = frozenset({"open", "watched", "repaired_in_part", "accepted_unrepaired"})
"""States of a rupture in which its steps can still move."""


def state_of(rupture: Rupture, part: Part, id: str) -> str:
    """The state of a part by its id."""
    if part == "rupture":
        return rupture.state
    return rupture.step(id) if part == "step" else rupture.answer(id)


def _refused(change: Change, allowed: Transition | None) -> InputError:
    if allowed is None:
        known = sorted(n for (_, old, n) in TRANSITIONS if old == change.old and n != change.new)
        what = f"From {change.old or 'none'} nothing leads to {change.new or 'none'}."
        remedy = f"Choose among {', '.join(dict.fromkeys(known))}."
    else:
        what = "An analysis cannot decide this; it can only propose it."
        remedy = "Put it to a person as a proposal."
    return InputError("change-not-allowed", what, where=_where(change), remedy=remedy)


def allowed(rupture: Rupture, part: str = "") -> tuple[str, ...]:
    """The states that a person may give this part now, in the order of the table."""
    sort: Part = "rupture" if not part else "step" if part in STEPS else "proposal"
    if sort == "step" and rupture.state not in STEPPING:
        return ()
    now = state_of(rupture, sort, part)
    return tuple(
        t.new for t in TRANSITIONS.values() if t.part == sort and t.old == now and HUMAN in t.by
    )


# Answering a proposal


def accept(
    rupture: Rupture,
    id: str,
    *,
    when: datetime,
    who: str,
    note: str = "",
    session: int | None = None,
) -> Rupture:
    """The proposal taken up: a row that says so, and the change that it suggests.

    Where it only asks, the first row alone. A proposal about the rupture needs a note, as its
    change does; `session` dates it otherwise than proposed. InputError as `apply`.
    """
    proposal = _known(rupture, id)
    row = _answered(rupture, proposal, "accepted", when, who, note)
    row = replace(row, session=session or proposal.session)
    made = apply(rupture, row)
    if not proposal.new:
        return made
    sort: Part = "step" if proposal.part else "rupture"
    old = state_of(rupture, sort, proposal.part)
    return apply(made, replace(row, part=proposal.part, old=old, new=proposal.new))


def decline(rupture: Rupture, id: str, *, when: datetime, who: str, note: str = "") -> Rupture:
    """The proposal turned down; it will not come again. InputError as `apply`."""
    row = _answered(rupture, _known(rupture, id), "declined", when, who, note)
    return apply(rupture, row)


def _answered(
    rupture: Rupture, proposal: Proposal, new: str, when: datetime, who: str, note: str
) -> Change:
    old = rupture.answer(proposal.id)
    return Change(rupture.id, proposal.id, old, new, when, proposal.session, who, HUMAN, note)


def _known(rupture: Rupture, id: str) -> Proposal:
    proposal = rupture.proposal(id)
    if proposal is None:
        raise InputError(
            "change-elsewhere",
            "There is no such proposal.",
            where="proposal",
            remedy="Load the plan again.",
        )
    return proposal


def waiting(rupture: Rupture) -> tuple[Proposal, ...]:
    """The proposals that still ask for an answer and would change something, in order of time."""
    found = [p for p in rupture.proposals if rupture.answer(p.id) == "pending"]
    return tuple(sorted((p for p in found if _moves(rupture, p)), key=lambda p: p.session))


RANK = {"not_yet": 0, "did_not_land": 1, "tried": 2, "landed": 3, "skipped": 3}
"""How far a step has come, for proposals: one that leads no further is not shown."""


def _moves(rupture: Rupture, proposal: Proposal) -> bool:
    if rupture.closed or not proposal.new:
        return not rupture.closed
    if not proposal.part:
        return proposal.new in allowed(rupture)
    rows = rupture.rows(proposal.part)
    if rows and relapsed(rupture, rows[-1].session, proposal.session):
        return True
    return RANK[proposal.new] > RANK[rupture.step(proposal.part)]


def relapsed(rupture: Rupture, since: int, until: int) -> bool:
    """Whether an episode in a session after `since`, up to `until`, was left standing."""
    return any(since < own.session <= until and own.state != "repaired" for own in rupture.episodes)


# People and analyses at once


def merge(
    rupture: Rupture,
    analysis: Sequence[Change | Proposal] = (),
    human: Sequence[Change] = (),
) -> Rupture:
    """The rupture with what people decided and what an analysis found meanwhile.

    People's rows are applied first, in the order given, whatever the analysis says. Of the
    analysis, a change that it may make (TRANSITIONS) is made where no person has decided anything
    yet; any other becomes a proposal; a proposal already known stays as it was answered. Rows that
    the record has already are left out, so that a merge can be repeated. InputError where a row of
    a person cannot be applied; nothing is lost then, the caller still has both.
    """
    for change in human:
        if change.by != HUMAN:
            raise _refused(change, TRANSITIONS["rupture", "", "open"])
        if change not in rupture.changes:
            rupture = apply(rupture, change)
    for found in analysis:
        rupture = _taken(rupture, found)
    return rupture


def _taken(rupture: Rupture, found: Change | Proposal) -> Rupture:
    if isinstance(found, Proposal):
        return with_proposal(rupture, found)
    if found in rupture.changes:
        return rupture
    try:
        return apply(rupture, replace(found, by=ANALYSIS))
    except InputError:
        made = _as_proposal(rupture, found)
        return rupture if made is None else with_proposal(rupture, made)


def with_proposal(rupture: Rupture, proposal: Proposal) -> Rupture:
    """The rupture with a proposal more, or as it is where it has it already."""
    if rupture.proposal(proposal.id) is not None:
        return rupture
    return replace(rupture, proposals=(*rupture.proposals, proposal))


def _as_proposal(rupture: Rupture, change: Change) -> Proposal | None:
    """What an analysis was not allowed to do, put to a person; None where that makes no sense."""
    new = "set_aside" if change.new == "withdrawn" else change.new
    part: Part = "step" if change.part in STEPS else "rupture"
    known = {t.new for t in TRANSITIONS.values() if t.part == part and HUMAN in t.by}
    about = change.rupture == rupture.id and change.part in ("", *STEPS)
    if not about or new not in known or new == "joined":
        return None
    return Proposal(
        id=f"{change.part or 'rupture'}-{new}-{change.session}",
        part=change.part,
        new=new,
        session=max(change.session, rupture.session),
        asks="plan.prompt.looks_like" if change.part else "plan.prompt.ask_client",
        why=change.note,
        by=change.who,
    )


def renew(rupture: Rupture, proposals: Iterable[Proposal], *, when: datetime, who: str) -> Rupture:
    """The rupture with the proposals of a new analysis in place of those of the one before.

    New ones are added, those not answered yet say what they rest on now, those that it no longer
    makes get a row that takes them back, and those it makes again a row that puts them again; what
    a person has answered stays as answered.
    """
    fresh = {p.id: p for p in proposals}
    unanswered = {p.id for p in rupture.proposals if rupture.answer(p.id) in UNANSWERED}
    renewed = (fresh.get(p.id, p) if p.id in unanswered else p for p in rupture.proposals)
    rupture = replace(rupture, proposals=tuple(renewed))
    for proposal in fresh.values():
        rupture = with_proposal(rupture, proposal)
    for proposal in rupture.proposals:
        for row in _renewed(rupture, proposal, proposal.id in fresh, when, who):
            rupture = apply(rupture, row)
    return rupture


def _renewed(
    rupture: Rupture, proposal: Proposal, found: bool, when: datetime, who: str
) -> Iterator[Change]:
    now = rupture.answer(proposal.id)
    new, why = ("pending", FOUND_AGAIN) if found else ("withdrawn", NOT_FOUND)
    if now in UNANSWERED and now != new:
        session = max(proposal.session, rupture.session)
        yield Change(rupture.id, proposal.id, now, new, when, session, who, ANALYSIS, why)


UNANSWERED = ("pending", "withdrawn")
NOT_FOUND = "The words no longer show it."
FOUND_AGAIN = "The words show it again."
