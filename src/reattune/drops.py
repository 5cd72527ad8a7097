"""Drop and return: falls from a peak, and how far they come back.

After Gumz, Braehler, Geyer & Erices 2012 (10.1186/1471-2288-12-10): the depth is held against the
stricter of the variation within the client and between clients, at 1 and at 2 SD, and a decline may
take several sessions.

The peak is the start of the decline under way, not the session before: a decline spread over
sessions is the second most common crisis of that study, and each of its steps can stay small. In
made courses this finds more than the session before does at the same number of false signals
(docs/charts.md). The price: a return must reach the level from which the decline began.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from reattune.charts import (
    BASELINE,
    SLACK,
    Finding,
    Observed,
    check_baseline,
    deviation,
    evidence,
    least_sigma,
    number,
    observe,
    sessions_in_words,
)
from reattune.types import Intensity, Scale, Series

MOST_STEPS = 6  # sessions a decline may take; the longest of Gumz et al. 2012
RETURN = 0.5  # reference SDs below the peak from which the score counts as returned
MAJOR = 4.0  # SDs of this client; in stable courses as rare as a score beyond the limits
PARTLY = 0.5  # share of the depth from which a return is partial
BACK = "back at the peak"  # in the evidence of a return: 1 where it is full, 0 where partial

State = Literal["open", "partial", "repaired"]


@dataclass(frozen=True, slots=True)
class Drop:
    """A fall from a peak, and how far it has come back; all sessions by number.

    `peak` is the session at which the decline began, `onset` the first at which it reached
    k reference SDs, `low` that of the worst score since, `until` that of the return (None while
    open). `depth` is peak minus low in the measure's unit, `reference` the SD it is held against.
    `state` is partial once half of it was made up since the last fall.
    """

    peak: int
    onset: int
    low: int
    until: int | None
    depth: float
    reference: float
    state: State

    @property
    def length(self) -> int | None:
        """Sessions from onset to return, None while open."""
        return None if self.until is None else self.until - self.onset


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to a drop at a place of the course: a fall, a partial or a full return.

    `start` is where the present decline began, `peak` and `low` are those of the whole drop.
    """

    at: int
    what: Literal["fall", "partial", "return"]
    start: int
    peak: int
    low: int


def walk(
    good: Sequence[float], first: int, k: float, sd: float, most_steps: int = MOST_STEPS
) -> Iterator[Step]:
    """The steps of all drops from place `first` on; `good` has high values good.

    The peak is the start of the decline that is under way: the last value that is followed by none
    better, at most `most_steps` back. A fall is k SDs from there; the drop is over once the value
    is within RETURN SDs of its peak. A drop that is not over can fall again, from a later high or
    by k SDs more; `low` is the worst value since the last fall.
    """
    need, near, tie = (k - SLACK) * sd, (RETURN + SLACK) * sd, SLACK * sd
    steps, peak, low, told, partial = 0, -1, -1, -1, False
    for at, value in enumerate(good):
        steps = min(steps + 1, most_steps) if at and value <= good[at - 1] else 0
        start = at - steps
        if at < first:
            continue
        if peak >= 0:
            low = at if value < good[low] else low
            if value >= good[peak] - near:
                yield Step(at, "return", start, peak, low)
                peak, told = -1, -1
                continue
            if not partial and value - good[low] >= PARTLY * (good[peak] - good[low]) - tie:
                partial = True
                yield Step(at, "partial", start, peak, low)
        again = start >= told or good[told] - value >= need
        if again and good[start] - value >= need:
            peak = peak if peak >= 0 else start
            low, told, partial = at, at, False
            yield Step(at, "fall", start, peak, low)


@dataclass(frozen=True, slots=True)
class Falls:
    """The steps of a course's drops; `sd` they are held against, `own` that of the client."""

    course: Observed
    sd: float
    own: float
    steps: tuple[Step, ...]
    baseline: tuple[int, ...]


def own_sd(course: Observed, scale: Scale | None, baseline: int) -> float:
    """The client's own SD in the baseline, at least `least_sigma`; 0 where nothing varies."""
    first = course.values[:baseline]
    found = max(deviation(first), least_sigma(scale))
    return 0.0 if found <= SLACK * max(map(abs, first)) else found


def search(
    series: Series, baseline: int, k: float, sample_sd: float | None, most_steps: int = MOST_STEPS
) -> Falls | None:
    """The drops of a series, None where the baseline is not reached or does not vary."""
    check_baseline(baseline)
    course = observe(series)
    if len(course.values) < baseline:
        return None
    own = own_sd(course, series.scale, baseline)
    sd = max(own, sample_sd or 0.0)
    if own == 0:
        return None
    first = tuple(point.session for point in course.points[:baseline])
    steps = tuple(walk(course.good, baseline, k, sd, most_steps))
    return Falls(course, sd, own, steps, first)


def drops(
    series: Series, baseline: int = BASELINE, *, k: float = 2, sample_sd: float | None = None
) -> tuple[Drop, ...]:
    """All drops of a series, in order, with their state at its end.

    k = 1 finds dips, k = 2 drops. `sample_sd` is the SD between clients where it is known.
    """
    found = search(series, baseline, k, sample_sd)
    if found is None:
        return ()
    own: list[list[Step]] = []
    for step in found.steps:
        if not own or own[-1][-1].what == "return":
            own.append([])
        own[-1].append(step)
    return tuple(sum_up(found.course, steps, found.sd) for steps in own)


def sum_up(course: Observed, own: Sequence[Step], sd: float) -> Drop:
    """The drop that these steps make up."""
    states: dict[str, State] = {"fall": "open", "partial": "partial", "return": "repaired"}
    good, points, last = course.good, course.points, own[-1]
    until = last.at if last.what == "return" else None
    place = range(own[0].at, len(good) if until is None else until + 1)
    low = min(place, key=good.__getitem__)
    return Drop(
        peak=points[last.peak].session,
        onset=points[own[0].at].session,
        low=points[low].session,
        until=None if until is None else points[until].session,
        depth=good[last.peak] - good[low],
        reference=sd,
        state=states[last.what],
    )


def drop_and_return(
    series: Series,
    baseline: int = BASELINE,
    *,
    k: float = 2,
    sample_sd: float | None = None,
    most_steps: int = MOST_STEPS,
) -> Iterator[Finding]:
    """A finding for each fall of at least k reference SDs, and for its partial and full return.

    With `most_steps` 1 the peak is the session before, the other definition in use.
    """
    found = search(series, baseline, k, sample_sd, most_steps)
    if found is not None:
        yield from (say_step(found, step, k) for step in found.steps)


def level_of(size: float, own: float) -> Intensity:
    """Major from MAJOR of the client's own SDs."""
    return "major" if size >= (MAJOR - SLACK) * own else "micro"


def say_step(found: Falls, step: Step, k: float) -> Finding:
    """A step of a drop as a finding."""
    points, values, sign = found.course.points, found.course.values, found.course.sign
    top = step.start if step.what == "fall" else step.peak
    here, size = values[step.at], sign * (values[top] - values[step.at])
    depth = sign * (values[step.peak] - values[step.low])
    says = {
        "fall": f"the {found.course.noun} {here:g} is {number(size)} worse than in session "
        f"{points[top].session} ({values[top]:g}), where the decline began; a fall counts "
        f"from {number(k * found.sd)}, which is {k:g} SD",
        "partial": f"the {found.course.noun} {here:g} has made up at least half of the "
        f"{number(depth)} it had lost since session {points[top].session}",
        "return": f"the {found.course.noun} {here:g} is back within {RETURN:g} SD of its level of "
        f"session {points[top].session} ({values[top]:g})",
    }[step.what]
    level = level_of({"fall": size, "partial": 0.0, "return": depth}[step.what], found.own)
    whose = "of this client" if found.sd == found.own else "between clients"
    basis = f"SD {whose} {number(found.sd)}; baseline {sessions_in_words(found.baseline)}"
    numbers = {"score": here, "peak": values[top], "depth": depth, "reference SD": found.sd, "k": k}
    if step.what != "fall":
        numbers[BACK] = float(step.what == "return")
    return Finding(
        points[step.at],
        "rupture" if step.what == "fall" else "recovery",
        level,
        f"Session {points[step.at].session}: {says} ({basis}).",
        evidence(numbers, found.baseline),
        f"{level} {'alone' if step.what == 'fall' else 'returns'}",
    )
