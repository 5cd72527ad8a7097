"""What a packet keeps of flags and episodes: observable signs as data, with how often wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from reattune import types
from reattune.report.words import clean
from reattune.types import Marker
from reattune.web.clients.models import Client
from reattune.web.reviews.labels import BY, Standing, current, standing
from reattune.web.reviews.models import Analysis, Episode, Session, Turn
from reattune.web.reviews.words import to_marker
from reattune.web.sharing.models import Moment

COURSE = 12  # episodes told of a course, the latest; more is a list to read and no course in short

Stretch = tuple[int, int]
"""Characters `[start, end)` of a turn."""


def markers_on(session: Session, turns: Iterable[Turn]) -> dict[int, list[Marker]]:
    """The flags that stand on these turns, by turn."""
    made: dict[int, list[Marker]] = defaultdict(list)
    for marker in standing_on(session, current(session), turns).all:
        if marker.decided:
            made[marker.turn].append(marker)
    return made


def standing_on(session: Session, analysis: Analysis | None, turns: Iterable[Turn]) -> Standing:
    """What counts on these turns, as `labels.standing_of` says it of the whole session."""
    roles = {turn.number: turn.role for turn in turns}
    found = analysis.findings.filter(turn__in=roles) if analysis else ()
    return standing(
        [to_marker(row) for row in found], session.judgements.filter(turn__in=roles), roles
    )


def mark_of(marker: Marker, rates: dict[str, float]) -> dict[str, Any]:
    """A flag as data: no word of the session is in it.

    `wrong` is how many of 100 flags of its family did not hold, None where not measured.
    """
    held = rates.get(f"precision_{marker.family}", rates.get("precision_any"))
    return {
        "code": marker.code,
        "intensity": marker.intensity or "",
        "confirmed": marker.by == BY,
        "probability": max(marker.probability, marker.family_probability),
        "wrong": None if held is None else round(100 * (1 - held)),
    }


def rates_of(session: Session) -> dict[str, float]:
    """How often the flags of a session's analysis hold, as measured."""
    analysis = current(session)
    rates: dict[str, float] = analysis.payload.get("reliability", {}) if analysis else {}
    return rates


def quoted(text: str, turn: int, markers: Sequence[Marker]) -> list[Stretch]:
    """Where in a turn's text the words stand that its flags rest on."""
    quotes = [clean(e.quote) for m in markers for e in m.evidence if _own(e, turn)]
    places = ((text.find(quote), len(quote)) for quote in dict.fromkeys(quotes))
    return [(at, at + length) for at, length in places if at >= 0]


def _own(evidence: types.Evidence, turn: int) -> bool:
    return bool(evidence.quote) and evidence.turn in (None, turn)


def episodes_of(moment: Moment) -> list[dict[str, str]]:
    """The episodes that a moment touches, as data."""
    found = moment.session.episodes.filter(first__lt=moment.last, until__gt=moment.first)
    return [episode_of(one) for one in found]


def episode_of(episode: Episode) -> dict[str, str]:
    """An episode as data."""
    return {"kind": episode.kind, "intensity": episode.intensity, "state": episode.state}


def course_of(client: Client) -> dict[str, Any]:
    """The course in short: how many sessions, which were read, the latest episodes by session.

    Sessions are told by number, never by date.
    """
    sessions = client.sessions.all()
    found = Episode.objects.filter(session__client=client).select_related("session")
    rows = [
        {"session": one.session.number, **episode_of(one)}
        for one in found.order_by("session__number", "number")
    ]
    return {
        "sessions": sessions.count(),
        "read": sessions.filter(analyses__current=True).count(),
        "episodes": rows[-COURSE:],
        "more": max(len(rows) - COURSE, 0),
    }
