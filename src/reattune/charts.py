"""Control charts of one client's scores, with limits from that client's own frozen baseline.

Individuals and moving range, run rules, EWMA and CUSUM. The baseline is the first sessions with a
value; what comes later never moves the limits, or a rupture would widen its own. Missing values are
passed over: ranges and runs join the sessions on either side. Formulas: Shewhart's individuals
chart as in the NIST/SEMATECH e-Handbook 6.3.2.2 and the JMP documentation (median moving range).
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from reattune.errors import InputError
from reattune.types import Evidence, Intensity, Note, Point, Scale, Series, SignalKind

BASELINE = 6  # sessions with a value; fewer leave too few moving ranges for a usable sigma
FEWEST = 3  # the shortest baseline that is accepted: two moving ranges
LAST_SESSION = 9_999  # a higher number is a date or an id in the wrong column
WIDTH = 3.0  # sigmas from the center to a limit
MEAN_RANGE = 1.128  # mean range of two normal values, in sigmas (d2)
MEDIAN_RANGE = 0.954  # median range of two normal values, in sigmas
RANGE_LIMIT = 3.267  # upper limit of the range of two, in mean ranges (D4)
LEAST_SHARE = 0.025  # least sigma as a share of the scale; for courses at the ceiling (docs)
EWMA_WEIGHT = 0.2  # of the newest score; with L = 3 the common choice (Montgomery)
CUSUM_SLACK = 0.5  # sigmas; with 5 the defaults of R's qcc::cusum, made for a shift of one sigma
CUSUM_LIMIT = 5.0  # sigmas
DIFFERENCE = "therapist-minus-client"  # the rater of a series of differences
SLACK = 1e-9  # sigmas; a score on a limit is inside, whatever the rounding


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of an individuals chart in the measure's own unit, frozen at the baseline.

    `sigma` is the session-to-session standard deviation, `baseline` the session numbers it rests
    on, `moving_range` their mean (robust: median) moving range and `moving_range_upper` the limit
    for one. `lower` and `upper` never leave the scale. `notes` say what the limits cannot do.
    """

    center: float
    lower: float
    upper: float
    sigma: float
    baseline: tuple[int, ...]
    moving_range: float
    moving_range_upper: float
    robust: bool = False
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Observed:
    """The points of a series that have a value, by session; `sign` is 1 where high is good.

    `noun` is what people call a value.
    """

    points: tuple[Point, ...]
    values: tuple[float, ...]
    sign: int
    noun: str = "score"

    @property
    def good(self) -> tuple[float, ...]:
        """The values turned so that higher is better."""
        return tuple(self.sign * value for value in self.values)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found at a point, before the rule puts its name to it.

    `apart` names the kind of finding among the rule's own where false signals are counted by it,
    such as "major alone"; "" where all of the rule's are alike.
    """

    point: Point
    kind: SignalKind
    level: Intensity
    why: str
    evidence: tuple[Evidence, ...]
    apart: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A course against its limits; `scores` are sigmas from the center, negative is worse."""

    course: Observed
    limits: Limits
    scores: tuple[float, ...]

    @property
    def watched(self) -> range:
        """The places in the course that come after the baseline."""
        return range(len(self.limits.baseline), len(self.scores))

    @property
    def basis(self) -> str:
        """The limits and the baseline in words."""
        own = self.limits
        return (
            f"limits {number(own.lower)} to {number(own.upper)} around {number(own.center)}, "
            f"frozen at the baseline of {sessions_in_words(own.baseline)}"
        )

    def find(
        self, at: int, kind: SignalKind, level: Intensity, says: str, **numbers: float
    ) -> Finding:
        """A finding at this place, with the score, the limits and the baseline as evidence."""
        point, own = self.course.points[at], self.limits
        known = {
            "score": self.course.values[at],
            **numbers,
            "center": own.center,
            "lower limit": own.lower,
            "upper limit": own.upper,
        }
        why = f"Session {point.session}: {says} ({self.basis})."
        return Finding(point, kind, level, why, evidence(known, own.baseline))


def number(value: float) -> str:
    """A figure for people: at most two decimals, no trailing zeros."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")  # + 0.0: never "-0"


def sessions_in_words(sessions: Sequence[int]) -> str:
    """Session numbers in words: "sessions 1 to 6", or that some between have no value."""
    first, last = sessions[0], sessions[-1]
    if last - first + 1 == len(sessions):
        return f"sessions {first} to {last}"
    return f"the {len(sessions)} sessions with a score from {first} to {last}"


def evidence(numbers: dict[str, float], baseline: Sequence[int] = ()) -> tuple[Evidence, ...]:
    """Named values, underscores as spaces, and how many sessions the baseline has."""
    known = [Evidence(name=k.replace("_", " "), value=float(v)) for k, v in numbers.items()]
    if baseline:
        known.append(Evidence(name="baseline", value=float(len(baseline)), unit="sessions"))
    return tuple(known)


def observe(series: Series) -> Observed:
    """The series in order of session without gaps; InputError for what cannot be charted."""
    points = sorted(series.points, key=lambda point: point.session)
    check_order(points)
    known = tuple(point for point in points if point.value is not None)
    values = tuple(float(point.value) for point in known if point.value is not None)
    check_values(known, values, series.scale)
    better = series.scale is None or series.scale.higher_is_better
    noun = "difference (therapist minus client)" if series.rater == DIFFERENCE else "score"
    return Observed(known, values, 1 if better else -1, noun)


def check_order(points: Sequence[Point]) -> None:
    """Refuse session numbers that are none, doubled, or against the dates."""
    for point in points:
        if not 1 <= point.session <= LAST_SESSION:
            raise InputError(
                "bad-session",
                f"{point.session} is no session number.",
                remedy=f"Number the sessions from 1 to {LAST_SESSION}.",
            )
    for one, two in pairwise(points):
        if one.session == two.session:
            raise InputError(
                "duplicate-session",
                "There are two values for one session.",
                where=f"session {one.session}",
                remedy="Keep one; each rater and each measure needs a series of its own.",
            )
    check_dates([point for point in points if point.date is not None])


def check_dates(points: Sequence[Point]) -> None:
    """Refuse dates that run against the session numbers."""
    for one, two in pairwise(points):
        if one.date and two.date and two.date < one.date:
            raise InputError(
                "dates-out-of-order",
                f"Its date is before that of session {one.session}.",
                where=f"session {two.session}",
                remedy="Correct the date or the session number.",
            )


def check_values(points: Sequence[Point], values: Sequence[float], scale: Scale | None) -> None:
    """Refuse what is no number or lies outside the scale."""
    for point, value in zip(points, values, strict=True):
        if not math.isfinite(value):
            raise InputError(
                "not-a-number",
                "The value is not a number.",
                where=f"session {point.session}",
                remedy="Leave it empty where there is none.",
            )
        if scale and not scale.low - SLACK <= value <= scale.high + SLACK:
            raise InputError(
                "value-outside-scale",
                f"The value {number(value)} is outside {number(scale.low)} to "
                f"{number(scale.high)}.",
                where=f"session {point.session}",
                remedy="Correct it, or choose the measure it belongs to.",
            )


def join(parts: Iterable[Series]) -> Series:
    """One series from parts of it; InputError where raters, measures or clients are mixed."""
    whole = list(parts)
    if not whole:
        raise InputError("no-series", "There is no series.", remedy="Give at least one.")
    for name, found in (
        ("raters", {part.rater for part in whole}),
        ("measures", {part.measure for part in whole}),
        ("clients", {part.client for part in whole}),
        ("scales", {part.scale for part in whole}),
    ):
        if len(found) > 1:
            raise InputError(
                "mixed-series",
                f"{len(found)} {name} are mixed in one series.",
                remedy="Chart each on its own: people use a scale in their own way.",
            )
    return replace(whole[0], points=tuple(point for part in whole for point in part.points))


def least_sigma(scale: Scale | None) -> float:
    """The smallest sigma that is believed: half a step or 2.5% of the range; 0 without a scale.

    Scores that sit at the top of a scale have moving ranges near 0, and limits from them would
    make a rupture of every smaller mark.
    """
    return max(scale.step / 2, LEAST_SHARE * (scale.high - scale.low)) if scale else 0.0


def total(values: Iterable[float]) -> float:
    """The plain sum from left to right, which is what the batch path adds up too."""
    result = 0.0
    for value in values:
        result += value
    return result


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return total(values) / len(values)


def deviation(values: Sequence[float]) -> float:
    """The sample standard deviation (n - 1)."""
    center = mean(values)
    return math.sqrt(
        total((value - center) * (value - center) for value in values) / (len(values) - 1)
    )


def median(values: Sequence[float]) -> float:
    """The median."""
    ranked, half = sorted(values), len(values) // 2
    return ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2


def moving_ranges(values: Sequence[float]) -> list[float]:
    """|x_i - x_(i-1)|, one fewer than the values."""
    return [abs(two - one) for one, two in pairwise(values)]


def check_baseline(baseline: int) -> None:
    """Refuse a baseline that is too short for any limits."""
    if baseline < FEWEST:
        raise InputError(
            "bad-baseline",
            f"A baseline of {baseline} sessions is too short.",
            remedy=f"Use at least {FEWEST}, better {BASELINE}.",
        )


def limits(series: Series, baseline: int = BASELINE, robust: bool = False) -> Limits:
    """Limits three sigmas around the mean of the first `baseline` sessions that have a value.

    Sigma is the mean moving range / 1.128, robust the median moving range / 0.954, and at least
    `least_sigma`. InputError where there are fewer sessions.
    """
    check_baseline(baseline)
    course = observe(series)
    if len(course.values) < baseline:
        raise InputError(
            "too-few-sessions",
            f"Limits need {baseline} sessions with a score; there are {len(course.values)}.",
            remedy="Until then only the answers to single items speak.",
        )
    return freeze(course, series.scale, baseline, robust)


def freeze(course: Observed, scale: Scale | None, baseline: int, robust: bool = False) -> Limits:
    """The limits of a course that is long enough."""
    first = course.values[:baseline]
    spread = (median if robust else mean)(moving_ranges(first))
    sigma = max(spread / (MEDIAN_RANGE if robust else MEAN_RANGE), least_sigma(scale))
    if sigma <= SLACK * max(abs(value) for value in first):
        sigma = 0.0
    center = mean(first)
    lower, upper = center - WIDTH * sigma, center + WIDTH * sigma
    own = Limits(
        center,
        max(lower, scale.low) if scale else lower,
        min(upper, scale.high) if scale else upper,
        sigma,
        tuple(point.session for point in course.points[:baseline]),
        spread,
        RANGE_LIMIT * MEAN_RANGE * sigma,
        robust,
    )
    return replace(own, notes=tuple(say_limits(course, own, scale)))


def say_limits(course: Observed, own: Limits, scale: Scale | None) -> Iterator[Note]:
    """What these limits cannot do."""
    first = course.values[: len(own.baseline)]
    if len(first) < BASELINE:
        yield Note(
            "short-baseline",
            f"The limits rest on {len(first)} sessions; from fewer than {BASELINE} they are loose.",
        )
    if own.sigma == 0:
        yield Note(
            "constant-baseline",
            "All scores of the baseline are the same and the scale is not known, so no chart can "
            "tell a change. Name the measure.",
        )
    elif own.sigma == least_sigma(scale):
        yield Note(
            "least-sigma",
            f"The scores of the baseline hardly vary; {number(own.sigma)} is used as the least "
            "variation that is believed on this scale.",
        )
    worst = scale and (scale.low if course.sign > 0 else scale.high)
    if scale and worst == (own.lower if course.sign > 0 else own.upper):
        yield Note(
            "limit-at-scale-end",
            "The limit on the worse side is the end of the scale: no score can pass it, so the "
            "individuals chart cannot speak for this client.",
        )
    outside = [
        point.session
        for point, value in zip(course.points, first, strict=False)
        if not own.lower - SLACK <= value <= own.upper + SLACK
    ]
    if outside and own.sigma:
        yield Note(
            "uneven-baseline",
            f"Within the baseline, session {', '.join(map(str, outside))} is outside the limits; "
            "if that was a rupture, the limits are too wide.",
        )


def limitations(series: Series, baseline: int = BASELINE) -> tuple[Note, ...]:
    """What the charts of this series cannot say, for people; empty where nothing limits them."""
    check_baseline(baseline)
    course, notes = observe(series), []
    missing = len(series.points) - len(course.points)
    if missing:
        says = "has no score; it is" if missing == 1 else "have no score; they are"
        text = f"{missing} of {len(series.points)} sessions {says} passed over."
        notes.append(Note("sessions-without-score", text))
    if len(course.values) >= baseline:
        return (*notes, *freeze(course, series.scale, baseline).notes)
    short = Note(
        "baseline-not-reached",
        f"{len(course.values)} of the {baseline} sessions that the baseline needs have a score: "
        "until then only the answers to single items speak.",
    )
    return (*notes, short)


def open_chart(series: Series, baseline: int, *, robust: bool = False) -> Chart | None:
    """The series on its chart, None where the baseline is not reached or does not vary."""
    check_baseline(baseline)
    course = observe(series)
    if len(course.values) < baseline:
        return None
    own = freeze(course, series.scale, baseline, robust)
    if own.sigma == 0:
        return None
    scores = (course.sign * (value - own.center) / own.sigma for value in course.values)
    return Chart(course, own, tuple(scores))


def worse_side(course: Observed) -> str:
    """How people call the worse side of this measure's limits."""
    return "below the lower limit" if course.sign > 0 else "above the upper limit"


def individuals(
    series: Series, baseline: int = BASELINE, *, robust: bool = False
) -> Iterator[Finding]:
    """Each session after the baseline whose score is beyond the limit on the worse side."""
    chart = open_chart(series, baseline, robust=robust)
    if chart is None:
        return
    name = "individuals chart by the median moving range" if robust else "individuals chart"
    for at in chart.watched:
        if chart.scores[at] < -WIDTH - SLACK:
            score, side = number(chart.course.values[at]), worse_side(chart.course)
            says = f"the {chart.course.noun} {score} is {side} of this client's {name}"
            yield chart.find(at, "rupture", "major", says)


def moving_range(series: Series, baseline: int = BASELINE) -> Iterator[Finding]:
    """Each change for the worse, after the baseline, larger than the limit of a moving range."""
    chart = open_chart(series, baseline)
    if chart is None:
        return
    values, limit = chart.course.values, chart.limits.moving_range_upper
    for at in chart.watched:
        change = values[at] - values[at - 1]
        if -chart.course.sign * change > limit + SLACK * chart.limits.sigma:
            one, two = number(values[at - 1]), number(values[at])
            says = (
                f"the {chart.course.noun} moved from {one} to {two}, more than the {number(limit)} "
                "that the moving range chart allows from one to the next"
            )
            numbers = {"change": change, "moving_range_limit": limit}
            yield chart.find(at, "rupture", "micro", says, **numbers)


def runs(chart: Chart, holds: Callable[[int], bool]) -> Iterator[int]:
    """The places after the baseline where a run rule begins to hold, not where it goes on."""
    before = False
    for at in chart.watched:
        now = holds(at)
        if now and not before:
            yield at
        before = now


def out_of(
    series: Series, baseline: int, *, hits: int, window: int, beyond: float
) -> Iterator[Finding]:
    """`hits` of `window` scores more than `beyond` sigmas on the worse side, the last among them.

    Western Electric (1956) zone rules, worse side alone. Only sessions after the baseline count.
    """
    chart = open_chart(series, baseline)
    if chart is None:
        return
    far = [score < -beyond - SLACK for score in chart.scores]
    first = chart.watched.start

    def holds(at: int) -> bool:
        return far[at] and sum(far[max(first, at - window + 1) : at + 1]) >= hits

    where = f"more than {beyond:g} sigma from the center" if beyond else "beyond the center"
    for at in runs(chart, holds):
        says = (
            f"{hits} of the last {window} scores are {where} on the worse side; "
            f"the last is {number(chart.course.values[at])}"
        )
        kind: SignalKind = "rupture" if window <= 3 else "decline"
        yield chart.find(
            at, kind, "micro", says, hits=hits, window=window, sigma=chart.limits.sigma
        )


def falling(series: Series, baseline: int = BASELINE, *, length: int = 6) -> Iterator[Finding]:
    """`length` scores in a row, each worse than the one before (Nelson 1984, rule 3)."""
    chart = open_chart(series, baseline)
    if chart is None:
        return
    good = chart.course.good

    def holds(at: int) -> bool:
        run = good[max(0, at - length + 1) : at + 1]
        return len(run) == length and all(b < a for a, b in pairwise(run))

    for at in runs(chart, holds):
        start = chart.course.values[at - length + 1]
        says = (
            f"each of the last {length} scores is worse than the one before, from {number(start)} "
            f"to {number(chart.course.values[at])}"
        )
        yield chart.find(at, "decline", "micro", says, start=start, length=length)


def ewma(
    values: Sequence[float], center: float, sigma: float, weight: float = EWMA_WEIGHT
) -> tuple[list[float], list[float]]:
    """The exponentially weighted mean after each value, and how far it may lie from the center.

    z_i = w x_i + (1 - w) z_(i-1) with z_0 the center; the limit is exact, not that of the long run:
    3 sigma sqrt(w / (2 - w) (1 - (1 - w)^(2 i))). Source: Roberts 1959; NIST e-Handbook 6.3.2.4.
    """
    levels, widths, level = [], [], center
    for place, value in enumerate(values, 1):
        level = weight * value + (1 - weight) * level
        grown = weight / (2 - weight) * (1 - (1 - weight) ** (2 * place))
        levels.append(level)
        widths.append(WIDTH * sigma * math.sqrt(grown))
    return levels, widths


def ewma_chart(series: Series, baseline: int = BASELINE) -> Iterator[Finding]:
    """Where the weighted mean first passes its limit on the worse side. It lags."""
    chart = open_chart(series, baseline)
    if chart is None:
        return
    own, sign = chart.limits, chart.course.sign
    levels, widths = ewma(chart.course.values, own.center, own.sigma)
    edge = [width + SLACK * own.sigma for width in widths]
    for at in runs(chart, lambda at: sign * (own.center - levels[at]) > edge[at]):
        limit = own.center - sign * widths[at]
        says = (
            f"the weighted mean of the scores so far (EWMA, weight {EWMA_WEIGHT:g}) is "
            f"{number(levels[at])}, past its limit {number(limit)}; it shows slow drifts and lags "
            "behind sudden changes and repairs"
        )
        numbers = {"weighted_mean": levels[at], "weighted_mean_limit": limit}
        yield chart.find(at, "decline", "micro", says, **numbers)


def cusum(scores: Sequence[float], slack: float = CUSUM_SLACK) -> list[float]:
    """The one-sided sum of what falls short by more than `slack`, after each score; all in sigmas.

    C_i = max(0, C_(i-1) - z_i - k), z negative where worse. Source: Page 1954; Montgomery.
    """
    sums, sum_ = [], 0.0
    for score in scores:
        sum_ = max(0.0, sum_ - score - slack)
        sums.append(sum_)
    return sums


def cusum_chart(series: Series, baseline: int = BASELINE) -> Iterator[Finding]:
    """Where the sum of shortfalls since the baseline first passes its limit. It lags."""
    chart = open_chart(series, baseline)
    if chart is None:
        return
    first = chart.watched.start
    sums = cusum(chart.scores[first:])
    for at in runs(chart, lambda at: sums[at - first] > CUSUM_LIMIT + SLACK):
        says = (
            f"what the scores since the baseline fall short of the center by has summed up to "
            f"{number(sums[at - first])} sigma (CUSUM, slack {CUSUM_SLACK:g}, limit "
            f"{CUSUM_LIMIT:g}); it shows lasting shifts and lags behind them"
        )
        numbers = {"sum": sums[at - first], "sum_limit": CUSUM_LIMIT, "sigma": chart.limits.sigma}
        yield chart.find(at, "decline", "micro", says, **numbers)


@cache
def load_false_alarms() -> dict[str, Any]:
    """What `python -m benchmarks.false_alarms` measured, `false_alarms.toml`."""
    text = files("reattune").joinpath("false_alarms.toml").read_text("utf-8")
    return tomllib.loads(text)


def false_per_12(rule: str, baseline: int = BASELINE, apart: str = "") -> float | None:
    """Signals of a rule in 12 stable sessions after this baseline; None where not measured.

    `apart` as in `Finding`; without it those of all levels together, recoveries left out.
    """
    rows = load_false_alarms()["stable"].get(f"{rule}, {apart}" if apart else rule, {})
    value = rows.get(str(baseline), rows.get("any"))
    return None if value is None else float(value)
