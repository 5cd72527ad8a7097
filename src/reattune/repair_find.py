"""Episodes -> ruptures: which episodes open one, which continue one that is open, by stated rules.

An episode counts from `signals.counts` on: major, at least three signs, or set by a person. One
that continues an open rupture of its kind within JOIN sessions joins it; any other opens its own.
The rules are our own proposal and rest on no study.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import count

from reattune.follow import Following
from reattune.repair import (
    ANALYSIS,
    FOUND_AGAIN,
    NOT_FOUND,
    VERSION,
    Basis,
    Change,
    Occurrence,
    Rupture,
    apply,
    open_rupture,
)
from reattune.signals import HUMAN, counts
from reattune.types import Analysis, Episode, Kind, Marker

JOIN = 3
"""Sessions after its last episode in which a further one of its kind continues a rupture."""

WORDS = 4
"""Of an episode the client's clearest marked turns that are kept."""

OPENED = "An episode that counts, with no open rupture of its kind within three sessions before."


def find(
    following: Following, known: Sequence[Rupture] = (), *, when: datetime, who: str = VERSION
) -> tuple[Rupture, ...]:
    """The ruptures of a course in order of onset: those known with what is found now, and new ones.

    `when` stands on the rows that are added: an opening, or that the words no longer show what the
    analysis alone had opened. What a person has decided stays, whatever is found.
    """
    own = [replace(rupture, episodes=()) for rupture in known]
    for occurrence in episodes_of(following):
        at = owner(known, own, occurrence)
        if at is None:
            own.append(opened(following.client, occurrence, own, when, who))
        else:
            own[at] = replace(own[at], episodes=(*own[at].episodes, occurrence))
    before = {rupture.id: rupture for rupture in known}
    made = [shown(before.get(rupture.id), rupture, when, who) for rupture in own]
    kept = [without_words(rupture, following.analyses) for rupture in made]
    return tuple(sorted(kept, key=lambda rupture: (rupture.session, rupture.id)))


def opened(
    client: str, first: Occurrence, known: Sequence[Rupture], when: datetime, who: str
) -> Rupture:
    """A new rupture from its first episode, with an id that no other has."""
    taken = {rupture.id for rupture in known}
    names = (f"s{first.session}-{n}" for n in count(1))
    made = Rupture(
        id=next(name for name in names if name not in taken),
        client=client,
        kind=first.kind,
        intensity=first.intensity,
        session=first.session,
        date=first.date,
        episodes=(first,),
    )
    return open_rupture(made, when=when, who=who, by=ANALYSIS, note=OPENED)


# Which rupture an episode belongs to


def owner(known: Sequence[Rupture], own: Sequence[Rupture], occurrence: Occurrence) -> int | None:
    """The place in `own` of the rupture that an episode belongs to, None where it opens one.

    `own` begins with those `known`. The one that had an episode on the same turns comes first, then
    one that it continues: of the same kind before one that is mixed, the latest before others.
    """
    for at, rupture in enumerate(known):
        same = any(overlaps(occurrence, before) for before in rupture.episodes)
        if same and covers(rupture, occurrence.session):
            return at
    fitting = [at for at, rupture in enumerate(own) if continues(rupture, occurrence)]
    return max(
        fitting,
        key=lambda at: (own[at].kind == occurrence.kind, own[at].latest, at),
        default=None,
    )


def overlaps(one: Occurrence, other: Occurrence) -> bool:
    """Whether two episodes share turns of a session."""
    return (
        one.session == other.session
        and akin(one.kind, other.kind)
        and max(one.first, other.first) < min(one.last, other.last)
    )


def akin(one: Kind, other: Kind) -> bool:
    """Whether two kinds can be of one rupture: the same, or one of them mixed."""
    return one == other or "mixed" in (one, other)


def continues(rupture: Rupture, occurrence: Occurrence) -> bool:
    """Whether an episode continues a rupture: one of its kind, open then, at most JOIN before."""
    kind = kind_of(rupture.episodes) if rupture.episodes else rupture.kind
    since = occurrence.session - rupture.latest
    return (
        akin(kind, occurrence.kind) and 0 <= since <= JOIN and open_in(rupture, occurrence.session)
    )


def open_in(rupture: Rupture, session: int) -> bool:
    """Whether a rupture was open in a session: not closed before it, and never set aside."""
    return rupture.state not in ("set_aside", "withdrawn") and covers(rupture, session)


def covers(rupture: Rupture, session: int) -> bool:
    """Whether a rupture was not closed before a session."""
    closing = rupture.closing
    return closing is None or closing.session >= session


def shown(before: Rupture | None, rupture: Rupture, when: datetime, who: str) -> Rupture:
    """A rupture with what its episodes say now; one of the analysis without any is taken back."""
    if rupture.episodes:
        made = described(rupture)
        return _moved(made, "open", FOUND_AGAIN, when, who) if made.state == "withdrawn" else made
    kept = before or rupture
    if kept.decided or kept.state != "open":
        return kept
    return _moved(kept, "withdrawn", NOT_FOUND, when, who)


def _moved(rupture: Rupture, new: str, note: str, when: datetime, who: str) -> Rupture:
    row = Change(rupture.id, "", rupture.state, new, when, rupture.session, who, ANALYSIS, note)
    return apply(rupture, row)


def described(rupture: Rupture) -> Rupture:
    """A rupture with kind, intensity and onset as its episodes have them."""
    first, rows = rupture.episodes[0], rupture.rows("")
    told = bool(rows) and rows[0].by == HUMAN
    major = any(own.intensity == "major" for own in rupture.episodes)
    grave = major or (told and rupture.intensity == "major")
    earlier = first.session < rupture.session
    return replace(
        rupture,
        kind=rupture.kind if told else kind_of(rupture.episodes),
        intensity="major" if grave else "micro",
        session=first.session if earlier else rupture.session,
        date=first.date if earlier else rupture.date,
    )


def without_words(rupture: Rupture, sessions: Container[int]) -> Rupture:
    """A rupture without the words of sessions other than these, such as those that were deleted.

    What people decided stays, with their own notes.
    """

    def bare(found: Iterable[Basis]) -> tuple[Basis, ...]:
        return tuple(b if b.session in sessions else replace(b, quote="") for b in found)

    return replace(
        rupture,
        episodes=tuple(
            replace(own, words=bare(own.words), answers=bare(own.answers))
            for own in rupture.episodes
        ),
        proposals=tuple(replace(p, rests_on=bare(p.rests_on)) for p in rupture.proposals),
    )


def kind_of(episodes: Sequence[Occurrence]) -> Kind:
    """The kind of more than half of the episodes, else mixed."""
    (kind, count), *_ = Counter(own.kind for own in episodes).most_common(1)
    return kind if 2 * count > len(episodes) else "mixed"


def family(ruptures: Sequence[Rupture], rupture: Rupture) -> tuple[Occurrence, ...]:
    """The episodes of a rupture and of those that were joined to it, in order of time."""
    joined = [
        other
        for other in ruptures
        if other.state == "joined" and other.closing and other.closing.into == rupture.id
    ]
    found = [own for one in (rupture, *joined) for own in one.episodes]
    return tuple(sorted(found, key=lambda own: (own.session, own.first)))


# Episodes with their words


def episodes_of(following: Following) -> Iterator[Occurrence]:
    """The episodes that count, in order of session and turn."""
    days = dict(following.held)
    for session, analysis in sorted(following.analyses.items()):
        for episode in analysis.episodes:
            if counts(episode):
                yield occurrence_of(analysis, episode, session, days.get(session))


def occurrence_of(
    analysis: Analysis, episode: Episode, session: int, day: date | None
) -> Occurrence:
    """An episode with the words that it rests on."""
    signs = sorted((m for m in episode.markers if m.decided), key=weight, reverse=True)
    clearest = sorted(_a_turn_each(signs)[:WORDS], key=lambda m: m.turn)
    return Occurrence(
        session=session,
        date=day,
        first=episode.first,
        last=episode.last,
        kind=episode.kind,
        intensity=episode.intensity,
        state=episode.state,
        words=tuple(basis_of(analysis, m, session, day) for m in clearest),
        answers=tuple(basis_of(analysis, m, session, day) for m in episode.moves if m.decided),
        codes=tuple(dict.fromkeys(m.code for m in episode.markers if m.decided)),
        confirmed=any(m.by == HUMAN for m in episode.markers),
    )


def weight(marker: Marker) -> tuple[bool, bool, float]:
    """What makes a marker clear: a person's word, then major, then its probability."""
    sure = max(marker.probability, marker.family_probability)
    return marker.by == HUMAN, marker.intensity == "major", sure


def _a_turn_each(markers: Sequence[Marker]) -> list[Marker]:
    found: dict[int, Marker] = {}
    for marker in markers:
        found.setdefault(marker.turn, marker)
    return list(found.values())


def basis_of(analysis: Analysis, marker: Marker, session: int, day: date | None) -> Basis:
    """A marker or move as something to rest on, with its words."""
    return Basis(
        session=session,
        date=day,
        turn=marker.turn,
        quote=quote_of(analysis, marker),
        role=analysis.session.turns[marker.turn].role,
        code=marker.code,
        why=marker.why,
    )


def quote_of(analysis: Analysis, marker: Marker) -> str:
    """The words of a marker: those it quotes, else the whole turn."""
    own = (e.quote for e in marker.evidence if e.quote and e.turn in (None, marker.turn))
    return next(own, analysis.session.turns[marker.turn].text)
