"""A client's episodes as the pages list them, with the human labels in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any

from reattune.caseload import EpisodeRecord
from reattune.follow import Following
from reattune.repair import Change, Rupture
from reattune.signals import counts, signs
from reattune.types import State
from reattune.web.followup.course import Records
from reattune.web.reviews.models import Noticed


@dataclass(frozen=True, slots=True)
class Told:
    """An episode that counts: `number` is that of the session held, `session` its transcript's key.

    Turns are from 0, `[first, last)`; `signs` are the client's flagged turns; `confirmed` says that
    a person confirmed or set one of its markers; `noticed` and `repaired_at` as in
    `reattune.caseload.EpisodeRecord`; `closed` is how a person closed its rupture in the plan, "".
    """

    number: int
    session: str
    date: str
    first: int
    last: int
    kind: str
    intensity: str
    state: str
    signs: int
    confirmed: bool
    noticed: bool | None
    repaired_at: int | None
    closed: str

    def as_json(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)


Closed = dict[int, list[tuple[int, int, Change]]]
"""Session -> first turn, turn after the last, and the change that closed the rupture there."""

FIELDS = frozenset(field.name for field in fields(Told))


def from_json(row: dict[str, Any]) -> Told:
    """An episode as `as_json` gave it."""
    return Told(**{name: row[name] for name in FIELDS})


def with_noticed(records: Records, following: Following) -> Following:
    """The course with what the therapist said of each episode in the place of the form's answer."""
    said = [
        told_of(records.noticed[read.session], one.first, one.last)
        for read in records.reads
        for one in read.analysis.episodes
    ]
    episodes = tuple(
        own if yes is None else replace(own, noticed=yes)
        for own, yes in zip(following.episodes, said, strict=True)
    )
    return replace(following, episodes=episodes)


def with_closed(records: Records, following: Following, closed: Closed) -> Following:
    """The course with what a person decided in the plan in the place of what the words say.

    A repair in part is no repair, and neither is a goodbye; both are outcomes of their own.
    """
    own = [closing(closed, number, one) for number, one in each(records)]
    episodes = tuple(
        decided(one, change) if change else one
        for one, change in zip(following.episodes, own, strict=True)
    )
    return replace(following, episodes=episodes)


def decided(one: EpisodeRecord, change: Change) -> EpisodeRecord:
    """An episode as a person closed it."""
    if change.new == "repaired":
        return replace(one, repaired_at=max(change.session, one.session))
    state: State = "addressed" if one.state == "repaired" else one.state
    return replace(one, state=state, repaired_at=None)


def closings(ruptures: Iterable[Rupture]) -> Closed:
    """How people closed ruptures, by the session of each episode.

    One that was joined to another is closed as that one is.
    """
    known = {own.id: own for own in ruptures}
    found: Closed = defaultdict(list)
    for own in known.values():
        last = own.closing
        while last is not None and last.new == "joined":
            last = known[last.into].closing
        if last is not None:
            for one in own.episodes:
                found[one.session].append((one.first, one.last, last))
    return found


def closing(closed: Closed, number: int, one: Any) -> Change | None:
    """The change that closed the rupture of an episode, if a person closed it."""
    at = closed.get(number, ())
    return next((own for a, b, own in at if a < one.last and one.first < b), None)


def told_of(said: Sequence[Noticed], first: int, last: int) -> bool | None:
    """The latest word on whether a stretch was noticed at the time; None if nobody said."""
    own = [one.yes for one in said if first <= one.turn < last]
    return own[-1] if own else None


def list_episodes(records: Records, following: Following, closed: Closed) -> list[Told]:
    """The episodes that count, in order of session and turn.

    `following` as `with_noticed` and `with_closed` made it.
    """
    return [
        tell(records, own, number, one, closing(closed, number, one))
        for own, (number, one) in zip(following.episodes, each(records), strict=True)
        if counts(one)
    ]


def each(records: Records) -> Iterator[tuple[int, Any]]:
    """(number of the session, episode) in the order of `Following.episodes`."""
    for read in records.reads:
        for one in read.analysis.episodes:
            yield read.session, one


def tell(
    records: Records, own: EpisodeRecord, number: int, one: Any, change: Change | None
) -> Told:
    """One episode as listed."""
    session = records.sessions[number]
    rows = {row.first: row.confirmed for row in records.episodes[number]}
    day: date = session.held_on
    return Told(
        number=number,
        session=str(session.pk),
        date=str(day),
        first=one.first,
        last=one.last,
        kind=one.kind,
        intensity=one.intensity,
        state=own.state,
        signs=signs(one),
        confirmed=rows.get(one.first, False),
        noticed=own.noticed,
        repaired_at=own.repaired_at,
        closed=change.new if change else "",
    )
