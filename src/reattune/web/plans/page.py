"""A plan as the pages show it, from what `renewal` kept: no model and no course is needed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reattune import guidance
from reattune.codebook import CODES, code
from reattune.ending import OUTCOMES
from reattune.guidance import Guidance, Text
from reattune.repair import CLOSED, HUMAN, STEPS, TRANSITIONS, Change, Occurrence, Rupture, allowed
from reattune.repair_rows import rupture_from_dict
from reattune.report.plan_words import (
    RUPTURE_STATES,
    SPEAKERS,
    episodes_in_words,
    sources_of,
    state_words,
    title_of,
)
from reattune.report.words import STATES, shorten
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.followup.told import moment
from reattune.web.plans import store
from reattune.web.plans.models import Plan
from reattune.web.plans.renewal import RESTS

QUOTE = 220  # characters of a quote; the session page has the whole turn
OF_STEPS: Mapping[str, Promise] = {
    "tried": gettext_lazy("I tried it"),
    "landed": gettext_lazy("It landed"),
    "did_not_land": gettext_lazy("It did not land"),
    "skipped": gettext_lazy("Skip it"),
    "not_yet": gettext_lazy("Take back"),
}
OF_RUPTURES: Mapping[str, Promise] = {
    "repaired": gettext_lazy("Repaired"),
    "repaired_in_part": gettext_lazy("Repaired in part"),
    "accepted_unrepaired": gettext_lazy("Accept as unrepaired"),
    "watched": gettext_lazy("Watch quietly"),
    "open": gettext_lazy("Open again"),
    "ended": gettext_lazy("Ended with a goodbye"),
    "set_aside": gettext_lazy("Set aside: no strain"),
    "joined": gettext_lazy("Part of another one"),
}
"""What a person's buttons say, in the order they stand."""


@dataclass(frozen=True, slots=True)
class Move:
    """A button: the state it sets; `why` says that it needs a note."""

    new: str
    label: Any
    why: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """What something rests on, with the way to the moment ("" where there is none)."""

    text: str
    who: str
    sign: str
    family: str
    session: int
    href: str
    why: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A proposal: what it would set, why, on what it rests."""

    id: str
    part: str
    label: str
    asks: str
    why: str
    session: int
    note: bool
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class StepCard:
    """A step of a rupture: where it stands, what may follow, what guidance has for it."""

    number: int
    id: str
    name: str
    state: str
    stands: str
    moved: str
    next: bool
    aim: str
    asks: str
    phrases: tuple[Text, ...]
    avoid: tuple[str, ...]
    listen: tuple[str, ...]
    landed: tuple[str, ...]
    quotes: tuple[Quote, ...]
    seen: Asked | None
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A rupture as it is shown; `sessions` are those that a row can be dated to."""

    key: str
    kind: str
    intensity: str
    title: str
    state: str
    stands: str
    live: bool
    since: int
    told: str
    answer: str
    looks: int | None
    watch: Mapping[str, int] | None
    next: str
    next_asks: str
    steps: tuple[StepCard, ...]
    asked: tuple[Asked, ...]
    moves: tuple[Move, ...]
    others: tuple[tuple[str, str], ...]
    options: SafeString
    quotes: tuple[Quote, ...]
    borne_out: tuple[str, ...]
    rupture: Rupture

    @property
    def step(self) -> StepCard | None:
        """The step to think of first."""
        return next((step for step in self.steps if step.next), None)

    @property
    def done(self) -> int:
        """How many steps landed or were skipped."""
        return sum(step.state in ("landed", "skipped") for step in self.steps)

    @property
    def waiting(self) -> int:
        """How many proposals wait."""
        return len(self.asked) + sum(step.seen is not None for step in self.steps)


@dataclass(frozen=True, slots=True)
class CaseCard:
    """A hard case that applies."""

    id: str
    name: str
    because: str
    do: tuple[str, ...]
    say: str
    avoid: str
    own: bool


@dataclass(frozen=True, slots=True)
class Misstep:
    """A misstep beside what could be said instead."""

    name: str
    session: int
    href: str
    own: str
    before: str
    badly: str
    well: str
    instead: tuple[str, ...]
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Missteps:
    """The newest missteps, and how many there are in all."""

    shown: tuple[Misstep, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The plan of a client."""

    client: Client
    session: int
    live: tuple[Card, ...]
    closed: tuple[Card, ...]
    gone: tuple[Card, ...]
    cases: tuple[CaseCard, ...]
    offered: tuple[tuple[str, str], ...]
    told: frozenset[str]
    unexplained: tuple[Quote, ...]
    asks: tuple[str, ...]
    sessions: tuple[int, ...]
    outcomes: tuple[tuple[str, int], ...]
    sources: tuple[str, ...]

    @property
    def all(self) -> tuple[Card, ...]:
        """All ruptures."""
        return (*self.live, *self.closed, *self.gone)

    def card(self, key: str) -> Card | None:
        """The rupture with this key."""
        return next((own for own in self.all if own.key == key), None)


def plan_of(client: Client) -> Shown | None:
    """The plan as it was worked out last; None before the first time. One query."""
    reader = reader_of(client)
    return reader.shown() if reader else None


def missteps_of(client: Client) -> Missteps:
    """The missteps in the sessions of open ruptures, the newest first, as many as are shown."""
    reader = reader_of(client)
    if reader is None:
        return Missteps((), 0)
    shown = tuple(reader.misstep(one) for one in reader.body["missteps"])
    return Missteps(shown, reader.body["missteps_in_all"])


def reader_of(client: Client) -> Reader | None:
    """What reads the plan that was worked out last; None before the first time."""
    kept = Plan.objects.filter(client=client).first()
    return Reader(client, kept) if kept is not None and kept.body else None


class Reader:
    """Turns what was kept of one plan into what the pages show."""

    def __init__(self, client: Client, kept: Plan) -> None:
        self.client, self.kept, self.body = client, kept, kept.body
        self.whole: Guidance = guidance.load(self.body["language"])
        self.keys: dict[str, str] = self.body["sessions"]
        self.held = tuple(sorted(number for number, _day in kept.held))

    def shown(self) -> Shown:
        """All of it."""
        found = [self.card(own) for own in self.body["ruptures"]]
        live = tuple(own for own in found if own.live)
        used = [id for own in self.body["ruptures"] for id in self.cited(own)]
        return Shown(
            client=self.client,
            session=self.body["session"],
            live=live,
            closed=tuple(o for o in found if o.state in CLOSED and o.state != "joined"),
            gone=tuple(o for o in found if o.state in ("joined", "withdrawn")),
            cases=tuple(self.case(one) for one in self.body["cases"]),
            offered=tuple((id, self.whole.branches[id].name) for id in self.body["offered"]),
            told=frozenset(self.kept.told),
            unexplained=tuple(self.quote(one) for one in self.body["unexplained"]),
            asks=tuple(self.text(id) for id in self.body["asks"]),
            sessions=self.held,
            outcomes=outcomes_in_words(own.state for own in found),
            sources=tuple(sources_of(self.whole, used)),
        )

    def text(self, id: str) -> str:
        """A sentence of guidance; "" for none."""
        return self.whole.texts[id].text if id in self.whole.texts else ""

    def texts(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Sentences of guidance."""
        return tuple(self.text(id) for id in ids)

    @staticmethod
    def cited(own: Mapping[str, Any]) -> list[str]:
        """The ids of the sentences that an open rupture shows."""
        if own["state"] not in ("open", "watched"):
            return []
        return [id for step in own["steps"] for id in (step["aim"], *step["phrases"])]

    def card(self, own: Mapping[str, Any]) -> Card:
        """A rupture."""
        rupture = rupture_from_dict(
            {
                "id": own["id"],
                "client": self.client.name,
                **{key: own[key] for key in ("kind", "intensity", "session", "date")},
                "episodes": own["episodes"],
                "changes": own["changes"],
            }
        )
        latest = [o for o in own["episodes"] if o["session"] == rupture.latest]
        asked = tuple(self.asked(one) for one in own["waiting"] if not one["part"])
        return Card(
            key=rupture.id,
            kind=rupture.kind,
            intensity=rupture.intensity,
            title=title_of(rupture.kind, rupture.intensity),
            state=rupture.state,
            stands=state_words(rupture),
            live=rupture.state in ("open", "watched"),
            since=rupture.session,
            told=episodes_in_words(rupture.episodes),
            answer=self.answer(own["answer"]) if rupture.episodes else "",
            looks=own["looks_repaired"],
            watch=own["watch"],
            next=own["next"],
            next_asks=self.text(own["next_asks"]),
            steps=tuple(self.step(rupture, step, own["next"]) for step in own["steps"]),
            asked=asked,
            moves=moves_of(rupture, "", bool(self.others(own))),
            others=self.others(own),
            options=options([n for n in self.held if n >= rupture.session] or [rupture.session]),
            quotes=tuple(self.quote(b) for o in latest for b in o["words"])[:RESTS],
            borne_out=tuple(dict.fromkeys(b["why"] for b in own["borne_out"])),
            rupture=rupture,
        )

    def others(self, own: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """The ruptures that one can be said to be a part of."""
        return tuple(
            (one["id"], f"{title_of(one['kind'], one['intensity'])}, {one['session']}")
            for one in self.body["ruptures"]
            if one["id"] != own["id"] and one["state"] not in ("joined", "withdrawn", "set_aside")
        )

    def answer(self, answer: Mapping[str, Any]) -> str:
        """The client's last answer in words."""
        told = self.whole.planning.answers[answer["id"]]
        return f"{told.name.strip('“”')}. {answer['why']}"

    def step(self, rupture: Rupture, step: Mapping[str, Any], next: str) -> StepCard:
        """A step."""
        rows = rupture.rows(step["id"])
        return StepCard(
            number=step["number"],
            id=step["id"],
            name=step["name"],
            state=step["state"],
            stands=self.whole.planning.states[step["state"]].name,
            moved=moved_in_words(rows),
            next=step["id"] == next,
            aim=self.text(step["aim"]),
            asks=self.text(step["asks"]),
            phrases=tuple(self.whole.texts[id] for id in step["phrases"]),
            avoid=self.texts(step["avoid"]),
            listen=self.texts(step["listen"]),
            landed=self.texts(step["landed"]),
            quotes=tuple(self.quote(basis) for basis in step["rests_on"][:RESTS]),
            seen=self.asked(step["seen"]) if step["seen"] else None,
            moves=moves_of(rupture, step["id"]),
        )

    def asked(self, one: Mapping[str, Any]) -> Asked:
        """A proposal."""
        labels = OF_STEPS if one["part"] else OF_RUPTURES
        return Asked(
            id=one["id"],
            part=one["part"],
            label=str(labels[one["new"]]) if one["new"] else "",
            asks=self.text(one["asks"]),
            why=one["why"],
            session=one["session"],
            note=not one["part"] and bool(one["new"]),
            quotes=tuple(self.quote(basis) for basis in one["rests_on"][:RESTS]),
        )

    def quote(self, basis: Mapping[str, Any]) -> Quote:
        """What something rests on."""
        known = basis["code"] in CODES
        session = self.keys.get(str(basis["session"]))
        return Quote(
            text=shorten(basis["quote"], QUOTE),
            who=SPEAKERS.get(basis["role"], ""),
            sign=code(basis["code"]).name if known else "",
            family=code(basis["code"]).family if known else "",
            session=basis["session"],
            href=moment(session, basis["turn"]) if session else "",
            why=basis["why"] if not basis["quote"] else "",
        )

    def case(self, one: Mapping[str, Any]) -> CaseCard:
        """A hard case."""
        branch = self.whole.branches[one["id"]]
        return CaseCard(
            id=one["id"],
            name=branch.name,
            because=one["because"],
            do=tuple(text.text for text in branch.do),
            say=branch.say[0].text,
            avoid=branch.avoid[0].text,
            own=one["id"] in self.kept.told,
        )

    def misstep(self, one: Mapping[str, Any]) -> Misstep:
        """A misstep of an open rupture's sessions."""
        own = self.quote(one["own"])
        before = one["before"]
        return Misstep(
            name=own.sign,
            session=own.session,
            href=own.href,
            own=own.text,
            before=shorten(before["quote"], QUOTE) if before else "",
            badly=self.text(one["badly"]),
            well=self.text(one["well"]),
            instead=self.texts(one["instead"]),
            confirmed=one["confirmed"],
        )


def options(sessions: Sequence[int]) -> SafeString:
    """Sessions to choose among, the last one chosen: written once for all forms of a rupture."""
    before = "".join(f"<option>{number}</option>" for number in sessions[:-1])
    return mark_safe(f"{before}<option selected>{sessions[-1]}</option>")


def moves_of(rupture: Rupture, part: str, others: bool = False) -> tuple[Move, ...]:
    """The buttons of a rupture (`part` "") or of a step."""
    labels = OF_STEPS if part else OF_RUPTURES
    can = [new for new in allowed(rupture, part) if new != "joined" or others]
    old = rupture.step(part) if part else rupture.state
    sort: Any = "step" if part else "rupture"
    return tuple(
        Move(new, label, TRANSITIONS[sort, old, new].why)
        for new, label in labels.items()
        if new in can
    )


def moved_in_words(rows: Sequence[Change]) -> str:
    """The session in which a step came where it stands."""
    return _("session %(number)s") % {"number": rows[-1].session} if rows else ""


def outcomes_in_words(states: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """How many ruptures stand where; a goodbye counts as an outcome."""
    counts = Counter(states)
    return tuple((RUPTURE_STATES[own].name, counts[own]) for own in OUTCOMES if counts[own])


# One rupture over the sessions


@dataclass(frozen=True, slots=True)
class Line:
    """A row in words: who set what, when, why."""

    what: str
    who: str
    when: Any
    note: str
    human: bool


@dataclass(frozen=True, slots=True)
class Held:
    """One session in the course of a rupture."""

    number: int
    day: date | None
    href: str
    episodes: tuple[tuple[Occurrence, str], ...]
    quotes: tuple[Quote, ...]
    lines: tuple[Line, ...]

    @property
    def still(self) -> bool:
        """Whether nothing happened in it."""
        return not self.episodes and not self.lines


def course_of(client: Client, own: Card) -> tuple[Held, ...]:
    """The sessions since the onset, with episodes and rows."""
    kept = Plan.objects.get(client=client)
    reader = Reader(client, kept)
    rupture = store.get(client, own.key) or own.rupture  # with all its words
    names = names_of(rupture.changes)
    days = {number: date.fromisoformat(day) if day else None for number, day in kept.held}
    numbers = {n for n in days if n >= own.since} | {c.session for c in rupture.changes}
    return tuple(
        held(reader, rupture, number, days.get(number), names) for number in sorted(numbers)
    )


def held(
    reader: Reader, rupture: Rupture, number: int, day: date | None, names: Mapping[str, str]
) -> Held:
    """One session of it."""
    from reattune.repair_rows import rupture_to_dict

    told = rupture_to_dict(rupture)["episodes"]
    episodes = [o for o in rupture.episodes if o.session == number]
    words = [b for o in told if o["session"] == number for b in (*o["words"], *o["answers"])]
    words.sort(key=lambda b: b["turn"] or 0)
    session = reader.keys.get(str(number))
    rows = [c for c in rupture.changes if c.session == number]
    return Held(
        number=number,
        day=day,
        href=moment(session) if session else "",
        episodes=tuple((o, STATES[o.state].name) for o in episodes),
        quotes=tuple(reader.quote(b) for b in words),
        lines=tuple(line for c in rows for line in line_of(reader.whole, c, names)),
    )


def line_of(whole: Guidance, change: Change, names: Mapping[str, str]) -> Iterator[Line]:
    """A row in words; what analyses propose and take back is left out."""
    if change.part in STEPS:
        name = whole.step(change.part).name
        what = f"{name}: {whole.planning.states[change.new].name.lower()}"
    elif change.part == "":
        what = RUPTURE_STATES[change.new].name  # type: ignore[index]
    elif change.by == HUMAN and change.new == "declined":
        what = _("A proposal was declined")
    else:
        return
    who = names.get(change.who, _("a person who is gone")) if change.by == HUMAN else "Reattune"
    yield Line(what, who, change.when, change.note, change.by == HUMAN)


def names_of(changes: Iterable[Change]) -> dict[str, str]:
    """The names of the people in these rows, in one query."""
    ids = {c.who.removeprefix("user:") for c in changes if c.who.startswith("user:")}
    return {f"user:{user.pk}": str(user) for user in User.objects.filter(pk__in=ids)}
