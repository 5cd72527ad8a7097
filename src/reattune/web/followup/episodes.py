"""A client's episodes as the pages list them, with the human labels in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any

from reattune.caseload import EpisodeRecord
from reattune.follow import Following
from reattune.signals import counts, signs
from reattune.web.followup.course import Records
from reattune.web.reviews.models import Noticed


@dataclass(frozen=True, slots=True)
class Told:
    """An episode that counts: `number` is that of the session held, `session` its transcript's key.

    Turns are from 0, `[first, last)`; `signs` are the client's flagged turns; `confirmed` says that
    a person confirmed or set one of its markers; `noticed` and `repaired_at` as in
    `reattune.caseload.EpisodeRecord`.
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

    def as_json(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)


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


def told_of(said: Sequence[Noticed], first: int, last: int) -> bool | None:
    """The latest word on whether a stretch was noticed at the time; None if nobody said."""
    own = [one.yes for one in said if first <= one.turn < last]
    return own[-1] if own else None


def list_episodes(records: Records, following: Following) -> list[Told]:
    """The episodes that count, in order of session and turn; `following` as `with_noticed`."""
    return [
        tell(records, own, number, one)
        for own, (number, one) in zip(following.episodes, each(records), strict=True)
        if counts(one)
    ]


def each(records: Records) -> Iterator[tuple[int, Any]]:
    """(number of the session, episode) in the order of `Following.episodes`."""
    for read in records.reads:
        for one in read.analysis.episodes:
            yield read.session, one


def tell(records: Records, own: EpisodeRecord, number: int, one: Any) -> Told:
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
        state=one.state,
        signs=signs(one),
        confirmed=rows.get(one.first, False),
        noticed=own.noticed,
        repaired_at=own.repaired_at,
    )
