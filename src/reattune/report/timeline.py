"""One timeline a client: words, scores and attendance over the same appointments, drawn as SVG.

The drawing is made of text and shapes, each type told by its shape and its letter as well as its
color. In a page it stretches with the window (positions in percent, text in pixels); as a file of
its own it has a fixed width and fixed colors, so that it can be printed or made into a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from reattune.attendance import CAME_LATE, MISSED, ON_TIME, code
from reattune.charts import BASELINE, DIFFERENCE, Limits, least_sigma, number
from reattune.charts import limits as chart_limits
from reattune.course import Appointment
from reattune.errors import InputError
from reattune.follow import Following
from reattune.report.legend import keys_of, placed, remarks
from reattune.report.pages import new_environment
from reattune.report.told import (
    KIND_WORDS,
    STRAND_WORDS,
    alone,
    brief,
    day_words,
    figures_line,
    listed,
    of_symptoms,
    rule_words,
    sessions_in_words,
    short_day,
    title_of,
)
from reattune.report.words import clean, counted, joined, sentence, shorten
from reattune.signals import ENDS, FEW, WORDS, strand, value_of
from reattune.types import Point, Scale, Series, Signal, SignalKind

if TYPE_CHECKING:
    from jinja2 import Environment

LEFT, RIGHT = 11.0, 1.5  # percent of the width kept free for figures of limits, and at the end
COLUMN = 72  # pixels of a column in a file of its own
WIDE = 1040  # pixels of all columns from which on they get narrower, so that a page can hold them
NARROW = 20  # pixels that a column needs at least; a longer course scrolls sideways in a page
LABELLED = 14  # columns up to which each point and each visit is labelled
ROOMY, CLOSE = 6, 8  # columns up to which a phone has room for each date, and each score
DATES = 44  # pixels that a date needs
PLOT, TALL = 88, 200  # pixels of a plot, and of one that is alone
HEAD, ROOM = 36, 16  # pixels of a panel's two lines of title, and below its plot
EDGE = 17  # pixels between the highest point of a plot and its edge
TAG, TAGS = 19, 3  # pixels of an episode's tag, and how many are drawn in a session
KINDS: tuple[SignalKind, ...] = ("rupture", "decline", "absence", "recovery")
LIGHT = {
    "bg": "#ffffff", "card": "#ffffff", "ink": "#20272b", "muted": "#55616a", "line": "#dcd9d0",
    "bar": "#5c7480", "on": "#ffffff", "glow": "#fdf7e0", "shade": "#eceff0", "link": "#0d5a6c",
    "withdrawal": "#1d5fa6", "confrontation": "#a83c12", "mixed": "#68489b", "repair": "#0a6853",
    "strain": "#8a3b12",
}  # fmt: skip
"""Colors of a file of its own, by the names that report.css and timeline.css have for them."""


@dataclass(frozen=True, slots=True)
class Column:
    """One appointment: its middle, left edge and width in percent, its labels.

    `agree` are the letters of the strands that bear each other out there (w, s, a), `session` its
    number, None where none was held; `link` is the part of the page about it, "" for none. It is
    `dated` where there is room, and `spare` where a phone has none.
    """

    at: float
    left: float
    width: float
    session: int | None
    day: date | None
    label: str
    dated: bool
    spare: bool = False
    agree: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Visited:
    """How an appointment was kept: a shape, a short label, and what it says in full."""

    at: float
    shape: str
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Tag:
    """An episode in a session: its kind and level by shape and letter; `y` in pixels."""

    at: float
    y: int
    kind: str
    level: str
    repaired: bool
    title: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A score: where it lies, what it says, and whether a signal or a doubt stands on it.

    Its label stands above it, or `below`; `slight` as the signal is.
    """

    at: float
    y: float
    label: str
    title: str
    mark: str = ""
    doubtful: bool = False
    below: bool = False
    slight: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A level line or its figure: `y` in pixels, `kind` limit or center."""

    y: float
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One series on its chart; `top` is where its titles begin, `band` the baseline (left, width).

    `plot` is the height of the plot; `segments` join neighbors that both have a score.
    """

    top: int
    plot: int
    title: str
    detail: str
    dots: tuple[Dot, ...]
    segments: tuple[tuple[Dot, Dot], ...]
    lines: tuple[Line, ...]
    band: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Mark:
    """The signals of one kind at an appointment, drawn once with the highest level.

    `small` where each is slight and nothing bears it out.
    """

    at: float
    shift: int
    kind: SignalKind
    level: str
    title: str
    small: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """All of it; heights in pixels, `words_top` and so on where each row's title stands.

    A row that has nothing to show is empty, its top 0. `figures` says how often the rules that
    spoke are wrong.
    """

    name: str
    describes: str
    columns: tuple[Column, ...]
    visits: tuple[Visited, ...]
    visits_top: int
    tags: tuple[Tag, ...]
    few: tuple[tuple[float, int, str], ...]
    words_top: int
    panels: tuple[Panel, ...]
    marks: tuple[Mark, ...]
    marks_top: int
    height: int
    figures: str = ""

    @property
    def width(self) -> int:
        """Pixels as a file of its own."""
        count = max(len(self.columns), 6)
        across = min(COLUMN * count, max(WIDE, NARROW * count))
        return round(across / (1 - (LEFT + RIGHT) / 100))

    @property
    def least(self) -> int:
        """Pixels that a page must give it."""
        return round(NARROW * len(self.columns) / (1 - (LEFT + RIGHT) / 100))

    @property
    def labelled(self) -> bool:
        """Whether each point and visit has room for a label."""
        return len(self.columns) <= LABELLED

    @property
    def crowded(self) -> bool:
        """Whether scores need more room than a phone has."""
        return len(self.columns) > CLOSE


@dataclass(frozen=True, slots=True)
class Plot:
    """A series to draw, with its limits where it has some."""

    series: Series
    limits: Limits | None
    doubtful: frozenset[int] = frozenset()


# Building


def timeline_of(following: Following) -> Timeline:
    """The timeline of a course: attendance, words, each total with its limits, signals."""
    columns = columns_of([(a.number, a.date) for a in following.sessions])
    columns = [replace(column, link=link_of(column.session, column.day)) for column in columns]
    plots = [
        Plot(own, limits_of(own, following.baseline, doubt), doubt)
        for own in following.series
        if is_plotted(own)
        for doubt in [doubted(own, following.sessions)]
    ]
    return build(
        shorten(following.client, 60), columns, following.signals, plots, following.sessions,
        following,
    )  # fmt: skip


def timeline_of_series(
    series: Series, signals: Sequence[Signal], baseline: int = BASELINE
) -> Timeline:
    """The timeline of one series alone."""
    spoken = {signal.session for signal in signals}
    columns = [
        replace(column, link=link_of(column.session, column.day))
        if column.session in spoken
        else column
        for column in columns_of([(point.session, point.date) for point in series.points])
    ]
    plots = [Plot(series, limits_of(series, baseline))]
    return build(title_of(series.measure), columns, signals, plots)


def link_of(session: int | None, day: date | None) -> str:
    """The name of the part of a page that is about an appointment."""
    return f"session-{session}" if session is not None else f"day-{day}"


def is_plotted(own: Series) -> bool:
    """Totals and differences; words and attendance have rows of their own."""
    _, _, part = own.measure.partition(":")
    return own.measure not in (WORDS, "attendance") and part in ("", DIFFERENCE)


def doubted(own: Series, sessions: Sequence[Appointment]) -> frozenset[int]:
    """The sessions whose form of this measure may have been clicked through."""
    return frozenset(a.number for a in sessions if a.number and own.measure in a.doubtful)


def limits_of(own: Series, baseline: int, doubt: frozenset[int] = frozenset()) -> Limits | None:
    """The limits of a series, None where it has too few scores or they do not vary."""
    known = tuple(replace(p, value=None) if p.session in doubt else p for p in own.points)
    try:
        made = chart_limits(replace(own, points=known), baseline)
    except InputError as error:
        if error.slug != "too-few-sessions":
            raise
        return None
    return made if made.sigma else None


def columns_of(days: Sequence[tuple[int | None, date | None]]) -> list[Column]:
    """A column an appointment, evenly spaced; dates on as many as have room."""
    width = (100 - LEFT - RIGHT) / max(len(days), 1)
    step = 1 if len(days) <= LABELLED else -(-DATES // NARROW)
    sparse = 1 if len(days) <= ROOMY else 2 if len(days) <= LABELLED - 4 else 3
    return [
        Column(
            at=round(LEFT + width * (i + 0.5), 3),
            left=round(LEFT + width * i, 3),
            width=round(width, 3),
            session=session,
            day=day,
            label=short_day(day),
            dated=i % step == 0,
            spare=i % sparse != 0,
        )
        for i, (session, day) in enumerate(days)
    ]


def build(
    name: str,
    columns: list[Column],
    signals: Sequence[Signal],
    plots: Sequence[Plot],
    sessions: Sequence[Appointment] = (),
    following: Following | None = None,
) -> Timeline:
    """The rows one under the other."""
    own = [(column, told_at(column, columns, signals)) for column in columns]
    columns = [replace(column, agree=agreeing(told)) for column, told in own]
    visits = [visited(c, a) for c, a in zip(columns, sessions, strict=True)] if sessions else []
    known = any(a.visit for a in sessions)
    visits_top, top = (46, 104) if known else (0, 46)
    words_top, tags, few = top, [], []  # type: ignore[var-annotated]
    if following is not None and following.analyses:
        tags, few, used = word_tags(columns, signals, top + 24)
        top = used + 20
    else:
        words_top = 0
    tall = PLOT if sessions or len(plots) > 1 else TALL
    step = HEAD + tall + ROOM
    marks_top = top + step * len(plots)
    apart = 15 if len(columns) <= LABELLED else 10
    return Timeline(
        name=name,
        describes=described(signals, plots),
        columns=tuple(columns),
        visits=tuple(visits) if known else (),
        visits_top=visits_top,
        tags=tuple(tags),
        few=tuple(few),
        words_top=words_top,
        panels=tuple(
            panel(plot, columns, signals, top + step * i, tall) for i, plot in enumerate(plots)
        ),
        marks=tuple(mark for column, told in own for mark in marks_at(column, told, apart)),
        marks_top=marks_top,
        height=marks_top + (62 if any(column.agree for column in columns) else 46),
        figures=figures_line(signals),
    )


def described(signals: Sequence[Signal], plots: Sequence[Plot]) -> str:
    """What the drawing shows, for those who hear it."""
    said = [scores_in_words(plot) for plot in plots] or ["No scores."]
    for kind in KINDS:
        held = [signal.session for signal in signals if signal.kind == kind]
        said += [f"{sentence(KIND_WORDS[kind])} in {sessions_in_words(held)}."] if held else []
    return " ".join(said if signals else [*said, "No signal."])


def scores_in_words(plot: Plot) -> str:
    """A series in a sentence."""
    known = [p.value for p in plot.series.points if p.value is not None]
    if not known:
        return f"{title_of(plot.series.measure)}: no scores."
    said = f"{counted(len(known), 'score')} from {number(min(known))} to {number(max(known))}"
    own = plot.limits
    within = f", limits {number(own.lower)} to {number(own.upper)}" if own else ", no limits yet"
    return f"{title_of(plot.series.measure)}: {said}{within}."


def told_at(column: Column, columns: Sequence[Column], signals: Sequence[Signal]) -> list[Signal]:
    """The signals at an appointment: by date where both have one, else by session."""
    days = {other.day for other in columns if other.day}
    return [
        signal
        for signal in signals
        if (
            signal.date == column.day
            if signal.date in days
            else column.session is not None and signal.session == column.session
        )
    ]


def agreeing(told: Sequence[Signal]) -> str:
    """The letters of the strands that bear each other out at an appointment, strain alone."""
    found: set[str] = set()
    for signal in told:
        if signal.with_ and signal.kind != "recovery":
            found |= {strand(signal.source), *(strand(source) for source in signal.with_)}
    return "".join(name[0] for name in STRAND_WORDS if name in found)


def visited(column: Column, a: Appointment) -> Visited:
    """How an appointment was kept."""
    visit = a.visit
    if visit is None:
        return Visited(column.at, "unknown", "", "Attendance not recorded")
    status = visit.status.replace("_", "-")
    shape = {ON_TIME: "kept", CAME_LATE: "late", MISSED: "missed"}.get(code(visit), "none")
    late = f"{visit.minutes_late:g} minutes late" if visit.minutes_late else "late"
    label = {"late": f"+{visit.minutes_late:g}′" if visit.minutes_late else "late"}.get(shape, "")
    if shape in ("missed", "none"):
        label = {"cancelled": "canceled", "rescheduled": "moved"}.get(status, status)
    said = late if visit.status == "late" or visit.minutes_late else label or "attended"
    return Visited(column.at, shape, label, f"{day_words(a.date)}: {said}")


def word_tags(
    columns: Sequence[Column], signals: Sequence[Signal], top: int
) -> tuple[list[Tag], list[tuple[float, int, str]], int]:
    """The episodes that count as tags, how many hardly do, and where the row ends."""
    tags: list[Tag] = []
    few: list[tuple[float, int, str]] = []
    lowest = top + TAG
    for column in columns:
        own = [s for s in signals if s.source == WORDS and s.session == column.session]
        strain = [s for s in own if s.kind == "rupture" and s.rule != FEW]
        strain.sort(key=lambda s: (s.level != "major", -value_of(s, "signs")))
        for i, signal in enumerate(strain[:TAGS]):
            fixed = bool(value_of(signal, ENDS["repaired"]))
            at = (column.at, top + TAG * i)
            tags.append(Tag(*at, signal.rule, signal.level, fixed, brief(signal)))
        more = len(strain) - TAGS
        count = round(sum(value_of(s, "episodes") for s in own if s.rule == FEW)) + max(more, 0)
        y = top + TAG * min(len(strain), TAGS)
        if count:
            few.append((column.at, y + 12, f"+{count}"))
        lowest = max(lowest, y + (16 if count else 0))
    return tags, few, lowest


def panel(
    plot: Plot, columns: Sequence[Column], signals: Sequence[Signal], top: int, tall: int
) -> Panel:
    """A series on its chart, the plot so many pixels tall."""
    own, limits = plot.series, plot.limits
    by_place = {column.session: column for column in columns if column.session is not None}
    known = [p for p in own.points if p.value is not None and p.session in by_place]
    low, high = reach([p.value or 0.0 for p in known], limits, own.scale)
    room = tall - 2 * EDGE

    def y(value: float) -> float:
        return round(top + HEAD + EDGE + room * (high - value) / (high - low), 1)

    told = {s.session: s for s in signals if s.source == own.measure and s.kind == "recovery"}
    told |= {s.session: s for s in signals if s.source == own.measure and s.kind != "recovery"}
    dots = {
        p.session: dot(p, by_place[p.session].at, y(p.value or 0.0), told.get(p.session),
                       doubtful=p.session in plot.doubtful)
        for p in known
    }  # fmt: skip
    levels = [y(limits.center), y(limits.lower), y(limits.upper)] if limits else []
    dots = dict(zip(dots, sided(list(dots.values()), levels), strict=True))
    order = [column.session for column in columns if column.session is not None]
    segments = [
        (dots[one], dots[two]) for one, two in pairwise(order) if one in dots and two in dots
    ]
    return Panel(
        top=top,
        plot=tall,
        title=title_of(own.measure),
        detail=detail(own, limits),
        dots=tuple(dots.values()),
        segments=tuple(segments),
        lines=tuple(
            level_lines(limits, y) if limits else axis_lines(low, high, y) if known else ()
        ),
        band=baseline_band(limits, by_place),
    )


def reach(
    values: Sequence[float], limits: Limits | None, scale: Scale | None
) -> tuple[float, float]:
    """The least and the greatest value that a plot must show."""
    around = [*values, *((limits.lower, limits.upper) if limits else ())]
    low, high = min(around, default=0.0), max(around, default=1.0)
    least = max(6 * least_sigma(scale), 1e-6 * max(abs(low), abs(high)), 1e-9)
    spare = max(least - (high - low), 0.0) / 2
    return low - spare, high + spare


def dot(point: Point, at: float, y: float, signal: Signal | None, *, doubtful: bool) -> Dot:
    """A score as drawn."""
    value = number(point.value or 0.0)
    mark = "" if signal is None else "recovery" if signal.kind == "recovery" else "strain"
    what = f"Session {point.session}: {value}"
    if doubtful:
        what += ", may have been clicked through"
    elif signal:
        what += f", {KIND_WORDS[signal.kind]}: {rule_words(signal)}"
    return Dot(at, y, value, what, mark, doubtful, slight=signal is not None and alone(signal))


def sided(dots: Sequence[Dot], levels: Sequence[float]) -> list[Dot]:
    """The dots with their labels on the side where fewer lines run through them."""
    found = []
    for i, own in enumerate(dots):
        near = [dots[j].y for j in (i - 1, i + 1) if 0 <= j < len(dots)]
        above = sum(own.y - 20 < level < own.y - 6 for level in levels)
        below = sum(own.y + 6 < level < own.y + 20 for level in levels)
        above += sum(other < own.y - 2 for other in near)
        below += sum(other > own.y + 2 for other in near)
        found.append(replace(own, below=below < above))
    return found


def level_lines(limits: Limits, y: Any) -> Iterator[Line]:
    """Limits and center with their figures; the center's goes where there is no room."""
    upper, center, lower = y(limits.upper), y(limits.center), y(limits.lower)
    yield Line(upper, number(limits.upper), "limit")
    yield Line(lower, number(limits.lower), "limit")
    room = min(center - upper, lower - center) >= 13
    yield Line(center, number(limits.center) if room else "", "center")


def axis_lines(low: float, high: float, y: Any) -> Iterator[Line]:
    """The least and the greatest value where there are no limits."""
    for value in {low, high}:
        yield Line(y(value), number(value), "axis")


def baseline_band(limits: Limits | None, places: dict[int, Column]) -> tuple[float, float] | None:
    """Left edge and width of the baseline in percent."""
    own = [places[session] for session in limits.baseline if session in places] if limits else []
    if not own:
        return None
    return own[0].left, round(own[-1].left + own[-1].width - own[0].left, 3)


def detail(own: Series, limits: Limits | None) -> str:
    """A measure's range and its baseline, short enough for a phone."""
    about = ""
    if own.rater == DIFFERENCE:
        about = "above 0: therapist rates higher"
    elif own.scale is not None:
        ends = f"{number(own.scale.low)} to {number(own.scale.high)}"
        better = "higher is better" if own.scale.higher_is_better else "higher is worse"
        symptoms = strand(own.measure) == "symptoms"
        about = f"symptoms, {ends}" if symptoms else f"{ends}, {better}"
    if limits is None:
        scores = any(p.value is not None for p in own.points)
        return "; ".join(filter(None, (about, "no limits yet" if scores else "no scores")))
    first, last = limits.baseline[0], limits.baseline[-1]
    more = own.rater == DIFFERENCE or any(
        p.session > last for p in own.points if p.value is not None
    )
    return "; ".join(
        filter(None, (about, f"baseline {first} to {last}{'' if more else ', all so far'}"))
    )


def marks_at(column: Column, told: Sequence[Signal], apart: int) -> Iterator[Mark]:
    """A mark for each kind of signal at an appointment, so many pixels apart.

    Slight ones of symptoms are left to their panel: they are many and say nothing of the alliance.
    """
    told = [s for s in told if not (of_symptoms(s) and alone(s))]
    kinds = [kind for kind in KINDS if any(s.kind == kind for s in told)]
    for i, kind in enumerate(kinds):
        own = [signal for signal in told if signal.kind == kind]
        level = "major" if any(s.level == "major" for s in own) else "micro"
        sources = list(dict.fromkeys(listed(signal.source) for signal in own))
        title = f"{sentence(KIND_WORDS[kind])}, {level}: {joined(sources)}"
        shift = round(apart * (i - (len(kinds) - 1) / 2))
        yield Mark(column.at, shift, kind, level, title, all(map(alone, own)))


# Rendering


def render_svg(timeline: Timeline) -> str:
    """The drawing as a file of its own, in fixed colors on white."""
    return draw(timeline, alone=True) + "\n"


def draw(timeline: Timeline, *, alone: bool) -> str:
    """The SVG, for a page or as a file of its own."""
    template = environment().get_template("timeline.svg.j2")
    if not alone:
        return template.render(t=timeline, alone=False)
    style = fixed(environment().get_template("timeline.css").render())
    keys = placed(keys_of(timeline), timeline.width)
    return template.render(
        t=timeline, alone=True, style=style, keys=keys, remarks=remarks(timeline)
    )


def fixed(style: str) -> str:
    """A style sheet with colors in place of variables, which not every program knows."""
    return re.sub(r"var\(--([\w-]+)\)", lambda found: LIGHT.get(found[1], "inherit"), style)


@cache
def environment() -> Environment:
    """The template of the drawing."""
    made = new_environment()
    made.filters["clean"] = clean
    made.globals |= {"LEFT": LEFT, "END": 100 - RIGHT, "HEAD": HEAD}
    return made
