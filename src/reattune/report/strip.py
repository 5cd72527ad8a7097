"""Where things stand on the session strip of the HTML report.

Places from left to right are percents of the width, so that the strip fits any screen without
its text being scaled; places from top to bottom are pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from reattune.report.view import Flag, Told
from reattune.report.words import clock, counted, span, speaker_name
from reattune.types import Analysis, Turn

HALF = 58  # pixels, height of the longest bar
LANE = 26  # pixels, one row of episode tags
LANES = 3  # rows of tags at most; where that is not enough, two rows hold those that fit
ROW = 22  # pixels, one row of symbols
TAG_WIDTH = 13.0  # percent of the strip that a tag takes on a phone
HITS = 400  # places that can be pointed at, at most
TICKS = 6  # numbers under the strip, at most


@dataclass(frozen=True, slots=True)
class Band:
    """An episode on the strip; `lane` is None where its tag found no room."""

    told: Told
    left: float
    width: float
    center: float
    lane: int | None


@dataclass(frozen=True, slots=True)
class Spot:
    """A flag on the strip: `shape` is "sign", "repair" or "misstep"."""

    flag: Flag
    shape: str
    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A number under the strip with the time there, if known."""

    turn: int
    time: str
    at: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that can be pointed at and leads to a turn."""

    turn: int
    title: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Strip:
    """All of it. The bars are SVG paths in a box `turns` wide and 100 high, one for each half."""

    turns: int
    lanes: int
    client: str
    therapist: str
    others: str
    bands: tuple[Band, ...]
    spots: tuple[Spot, ...]
    ticks: tuple[Tick, ...]
    hits: tuple[Hit, ...]

    @property
    def crowded(self) -> bool:
        """Whether some episodes go without a tag."""
        return any(band.lane is None for band in self.bands)

    @property
    def top(self) -> int:
        """Where the client's bars may begin, below the tags."""
        return self.lanes * LANE + ROW - 4

    @property
    def middle(self) -> int:
        """The line between client and therapist."""
        return self.top + HALF

    @property
    def rows(self) -> tuple[int, int]:
        """The middle of the rows of repair moves and of missteps."""
        return self.middle + HALF + ROW // 2 + 2, self.middle + HALF + ROW // 2 + 2 + ROW

    @property
    def bottom(self) -> int:
        """Where the numbers begin."""
        return self.rows[1] + ROW // 2 + 4


def build_strip(analysis: Analysis, told: tuple[Told, ...], flags: tuple[Flag, ...]) -> Strip:
    """The strip of a session of at least one turn."""
    turns = analysis.session.turns
    bands = _bands(told, len(turns))
    return Strip(
        turns=len(turns),
        lanes=max((b.lane + 1 for b in bands if b.lane is not None), default=0),
        client=_bars(turns, ("client",)),
        therapist=_bars(turns, ("therapist",)),
        others=_bars(turns, ("other", "unknown")),
        bands=bands,
        spots=tuple(_spot(f, len(turns)) for f in flags),
        ticks=_ticks(turns),
        hits=_hits(turns),
    )


def _percent(turn: float, count: int) -> float:
    return round(100 * turn / count, 3)


def _words(turn: Turn) -> int:
    return len(turn.text.split())


def _bars(turns: tuple[Turn, ...], roles: tuple[str, ...]) -> str:
    """Heights grow with the square root of the words, so that short answers stay in sight."""
    longest = max((math.sqrt(_words(turn)) for turn in turns), default=0) or 1
    parts = []
    for i, turn in enumerate(turns):
        if turn.role in roles:
            height = max(3, round(100 * math.sqrt(_words(turn)) / longest))
            edge = -height if roles != ("therapist",) else height
            parts.append(f"M{i + 0.12:g} {100 if edge < 0 else 0}h.76v{edge}h-.76z")
    return "".join(parts)


def _bands(told: tuple[Told, ...], count: int) -> tuple[Band, ...]:
    spans = [(t.episode.first, t.episode.last) for t in told]
    centers = [min(98.0, max(2.0, _percent((a + b) / 2, count))) for a, b in spans]
    lanes = _lanes(centers, [t.episode.intensity == "major" for t in told])
    return tuple(
        Band(t, _percent(a, count), _percent(b - a, count), center, lane)
        for t, (a, b), center, lane in zip(told, spans, centers, lanes, strict=True)
    )


def _lanes(centers: list[float], majors: list[bool]) -> list[int | None]:
    """A row for each tag so that none covers another, even on a phone.

    Where there are too many, the major episodes take their places first and the rest go without.
    """
    lanes = _fill(centers, list(range(len(centers))), LANES)
    if None not in lanes:
        return lanes
    return _fill(centers, sorted(range(len(centers)), key=lambda i: not majors[i]), LANES - 1)


def _fill(centers: list[float], order: list[int], rows: int) -> list[int | None]:
    taken: list[list[float]] = [[] for _ in range(rows)]
    lanes: list[int | None] = [None] * len(centers)
    for i in order:
        for lane, others in enumerate(taken):
            if all(abs(centers[i] - other) >= TAG_WIDTH for other in others):
                others.append(centers[i])
                lanes[i] = lane
                break
    return lanes


def _spot(flag: Flag, count: int) -> Spot:
    family = flag.code.family
    shape = family if family in ("repair", "misstep") else "sign"
    return Spot(flag, shape, _percent(flag.turn - 0.5, count))


def _ticks(turns: tuple[Turn, ...]) -> tuple[Tick, ...]:
    """The first turn and round numbers after it."""
    count = len(turns)
    steps = [base * 10**power for power in range(7) for base in (1, 2, 5)]
    step = next(s for s in steps if s * (TICKS - 1) >= count)
    places = [1, *range(step, count + 1, step)] if step > 1 else list(range(1, count + 1))
    return tuple(Tick(n, clock(turns[n - 1].start), _percent(n - 0.5, count)) for n in places)


def _hits(turns: tuple[Turn, ...]) -> tuple[Hit, ...]:
    size = math.ceil(len(turns) / HITS)
    starts = range(0, len(turns), size)
    return tuple(_hit(turns, first, min(first + size, len(turns))) for first in starts)


def _hit(turns: tuple[Turn, ...], first: int, last: int) -> Hit:
    title = span(first, last).capitalize()
    if last - first == 1:
        turn = turns[first]
        title += f", {speaker_name(turn)}: {counted(_words(turn), 'word')}"
    left, width = _percent(first, len(turns)), _percent(last - first, len(turns))
    return Hit(first + 1, title, left, width)
