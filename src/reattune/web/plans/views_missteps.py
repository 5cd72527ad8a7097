"""Missteps over one's own sessions: for the therapist alone, nobody is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from reattune import guidance
from reattune.codebook import code
from reattune.missteps import Rate, trends
from reattune.web import gates
from reattune.web.followup.told import moment
from reattune.web.plans.own import OwnSession, own_sessions

SHOWN = 40  # sessions that are drawn, the latest
MOMENTS = 8  # of one misstep that are listed, the latest
HIGH = 36  # of the drawing, in pixels
WIDE = 14  # of a session in it


@dataclass(frozen=True, slots=True)
class Bar:
    """A session in the drawing: the height of what was found and of what was confirmed."""

    x: int
    y: int
    height: int
    sure_y: int
    sure: int
    told: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One place in a session."""

    label: str
    href: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Told:
    """The trend of one misstep."""

    code: str
    name: str
    count: int
    confirmed: int
    rate: Rate | None
    earlier: Rate | None
    later: Rate | None
    reason: str
    bars: tuple[Bar, ...]
    width: int
    badly: str
    instead: tuple[str, ...]
    own: str
    moments: tuple[Moment, ...]


@gates.therapist
def missteps(request: HttpRequest) -> HttpResponse:
    """The trends."""
    user = gates.user_of(request)
    gates.note(user, "missteps.see")
    sessions = own_sessions(user)
    context = {"trends": list(tell(sessions)), "sessions": len(sessions), "height": HIGH}
    return render(request, "plans/missteps.html", context)


def tell(sessions: Sequence[OwnSession]) -> Iterator[Told]:
    """Each trend, all missteps together first."""
    whole = guidance.load()
    for own in trends([one.analysis for one in sessions]):
        known = whole.missteps.get(own.code)
        bars = tuple(bars_of(own.counts, own.confirmed, sessions))
        yield Told(
            code=own.code,
            name=code(own.code).name if known else "",
            count=sum(own.counts),
            confirmed=sum(own.confirmed),
            rate=own.rate,
            earlier=own.earlier,
            later=own.later,
            reason=own.reason,
            bars=bars,
            width=max(len(bars), 1) * WIDE,
            badly=known.lands.badly.text if known else "",
            instead=tuple(text.text for text in known.instead) if known else (),
            own=known.own.text if known else "",
            moments=tuple(moments(own.code, sessions))[:MOMENTS] if known else (),
        )


def bars_of(
    counts: Sequence[int], sure: Sequence[int], sessions: Sequence[OwnSession]
) -> Iterator[Bar]:
    """The latest sessions as bars; a session without one is a line on the ground."""
    most = max(counts, default=0) or 1
    rows = list(zip(counts, sure, sessions, strict=True))[-SHOWN:]
    for place, (count, confirmed, one) in enumerate(rows):
        height, inner = HIGH * count // most, HIGH * confirmed // most
        told = f"{one.row.held_on}: {count} ({confirmed})"
        yield Bar(place * WIDE + 2, HIGH - height, height, HIGH - inner, inner, told)


def moments(id: str, sessions: Sequence[OwnSession]) -> Iterator[Moment]:
    """Where it was found, the latest first."""
    for one in reversed(sessions):
        for move in one.analysis.moves:
            if move.decided and move.code == id:
                label = f"{one.row.client}, {one.row.held_on}, {move.turn + 1}"
                yield Moment(label, moment(str(one.row.pk), move.turn), move.by == "human")
