"""Own reviews over time: of the moments that others saw, how many one marked oneself.

For the therapist alone. Only first rounds without the flags seen before count; nobody is compared
with anybody.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from reattune.caseload import wilson
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.coding.marks import Standing, pair_of, standing
from reattune.web.coding.models import Coding, Mark, Pairing
from reattune.web.coding.moments import Seen, met, moments_of
from reattune.web.reviews.models import Finding

FEW_REVIEWS, FEW_MOMENTS = 5, 20  # below, no line is drawn through chance
SHOWN = 60  # reviews at most, the latest
DOT = 14  # pixels of a moment


@dataclass(frozen=True, slots=True)
class Point:
    """One review: the day of the session, moments the model flagged, how many were marked too.

    `agreed` is the same of those that a second coder saw as well.
    """

    coding: Coding
    day: date
    met: int
    all: int
    agreed: tuple[int, int]

    @property
    def dots(self) -> list[tuple[int, bool]]:
        """A dot a moment: where it stands, and whether it was marked."""
        return [(DOT // 2 + DOT * i, i < self.met) for i in range(self.all)]

    @property
    def width(self) -> int:
        """How wide the dots are together."""
        return DOT * self.all


@dataclass(frozen=True, slots=True)
class Trend:
    """The reviews in order of doing, with the share over all and its 95% interval."""

    points: tuple[Point, ...]
    met: int
    all: int

    @property
    def agreed(self) -> tuple[int, int]:
        """Of the moments that the model and a second coder saw, how many were marked, and all."""
        return sum(p.agreed[0] for p in self.points), sum(p.agreed[1] for p in self.points)

    @property
    def few(self) -> bool:
        """Whether there is too little to read a change from."""
        return len(self.points) < FEW_REVIEWS or self.all < FEW_MOMENTS

    @property
    def share(self) -> float | None:
        """The share over all, None without a moment."""
        return self.met / self.all if self.all else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its interval."""
        return wilson(self.met / self.all, self.all) if self.all else None


def trend_of(user: User) -> Trend:
    """The trend of a therapist's own reviews, in a few queries however many there are."""
    found = Coding.objects.filter(
        coder=user, pairing=None, round=1, session__client__in=gates.own_clients(user)
    )
    done = found.exclude(done_at=None).select_related("session__client").order_by("-done_at")
    codings = [one for one in reversed(done[:SHOWN]) if one.blind]
    flags, seconds = flags_of(codings), seconds_of(codings)
    marks = marks_of([*codings, *(one for own in seconds.values() for one in own)])
    points = [
        point_of(
            one,
            marks[one.pk],
            flags[one.session_id],
            [turn for other in seconds[one.session_id] for turn in marks[other.pk]],
        )
        for one in codings
    ]
    points = [one for one in points if one.all]
    return Trend(tuple(points), sum(p.met for p in points), sum(p.all for p in points))


def flags_of(codings: list[Coding]) -> dict[object, list[int]]:
    """Session -> the turns that the model flagged."""
    rows = Finding.objects.filter(
        analysis__session__in=[one.session_id for one in codings],
        analysis__current=True,
        decided=True,
    )
    made: dict[object, list[int]] = defaultdict(list)
    for session, turn in rows.values_list("analysis__session_id", "turn"):
        made[session].append(turn)
    return made


def seconds_of(codings: list[Coding]) -> dict[object, list[Coding]]:
    """Session -> what second coders marked turn by turn, where both are done."""
    pairings = Pairing.objects.filter(
        session__in=[one.session_id for one in codings], level="turn"
    ).prefetch_related("codings")
    made: dict[object, list[Coding]] = defaultdict(list)
    for pairing in pairings:
        pair = pair_of(pairing)
        if pair is not None:
            made[pairing.session_id].append(pair[1])
    return made


def marks_of(codings: list[Coding]) -> dict[object, Standing]:
    """Coding -> the marks that stand."""
    rows: dict[object, list[Mark]] = defaultdict(list)
    for mark in Mark.objects.filter(coding__in=codings):
        rows[mark.coding_id].append(mark)
    return defaultdict(dict, {key: standing(own) for key, own in rows.items()})


def point_of(coding: Coding, marks: Standing, flags: list[int], second: list[int]) -> Point:
    """One review, from one's own marks and the turns that the model and a second coder marked."""
    seen = [Seen("own", turn, m.code) for turn, own in marks.items() for m in own]
    seen += [Seen("model", turn, "") for turn in flags]
    seen += [Seen("second", turn, "") for turn in second]
    moments = moments_of(seen)
    hits, every = met(moments, ("own",), ("model",))
    agreed = met(moments, ("own",), ("model", "second"))
    return Point(coding, coding.session.held_on, hits, every, agreed)
