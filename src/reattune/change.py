"""Rules of change on one client's scores, and all rules by name.

Drop and return, reliable change, change points, sudden gains and losses, the difference between
therapist and client, and single answers at their cut. Every rule reads forward: a signal carries
the session at which it could first be told, so later sessions add signals and never change one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from reattune.charts import (
    BASELINE,
    DIFFERENCE,
    MEAN_RANGE,
    SLACK,
    Finding,
    Observed,
    check_baseline,
    cusum_chart,
    deviation,
    evidence,
    ewma_chart,
    falling,
    false_per_12,
    individuals,
    least_sigma,
    mean,
    moving_range,
    moving_ranges,
    number,
    observe,
    out_of,
)
from reattune.drops import drop_and_return
from reattune.errors import InputError
from reattune.types import Point, Scale, Series, Signal, SignalKind

if TYPE_CHECKING:
    from reattune.measures import Norms

RELIABLE = 1.96  # two-sided 5% of the standard normal distribution (Jacobson & Truax 1991)
SUDDEN_SHARE = 0.25  # of the score before the change (Tang & DeRubeis 1999, criterion 2)
LONG_ENOUGH = 12  # sessions with a score before change points are sought
SHORTEST_LEVEL = 3  # sessions a level must last to count as one
PENALTY = 3.0  # per change point, in sigma^2 log(n)
ITEM = re.compile(r"(?P<id>\w+)(/\w+)?:item(?P<number>\d+)")  # "srs:item1"; "/" a rater
WITHIN = 3  # sessions within which two change points are taken as one


def standard_error(sd: float, reliability: float) -> float:
    """The standard error of measurement, SD sqrt(1 - r); InputError for impossible numbers."""
    if not (sd > 0 and math.isfinite(sd) and 0 <= reliability < 1):
        raise InputError(
            "bad-norms",
            "The SD must be above 0 and the reliability from 0 to below 1.",
            remedy="Take both from your own records or from the source of the measure.",
        )
    return sd * math.sqrt(1 - reliability)


def reliable_difference(sd: float, reliability: float) -> float:
    """The smallest reliable change in points, 1.96 sqrt(2) SEM (Jacobson & Truax 1991)."""
    return RELIABLE * math.sqrt(2) * standard_error(sd, reliability)


def reliable_change_index(before: float, after: float, sd: float, reliability: float) -> float:
    """(after - before) / (sqrt(2) SEM); reliable beyond 1.96 (Jacobson & Truax 1991)."""
    return (after - before) / (math.sqrt(2) * standard_error(sd, reliability))


def clinical_cutoff(mean_one: float, sd_one: float, mean_two: float, sd_two: float) -> float:
    """Between two groups, the score as likely in one as in the other (cut-off c, same source)."""
    return (sd_one * mean_two + sd_two * mean_one) / (sd_one + sd_two)


def reliable(
    series: Series, baseline: int = BASELINE, *, sd: float, reliability: float, source: str
) -> Iterator[Finding]:
    """Where a score first differs reliably from that of the first session; no baseline needed."""
    del baseline
    course, need = observe(series), reliable_difference(sd, reliability)
    before: SignalKind | None = None
    for at, value in enumerate(course.good):
        change = value - course.good[0]
        now: SignalKind | None = None
        if abs(change) > need * (1 + SLACK):
            now = "recovery" if change > 0 else "decline"
        if now and now != before:
            yield say_reliable(course, at, now, need, source)
        before = now


def norms_of(measure: str, rule: str) -> Norms:
    """SD and reliability of a measure ("wai_sr", "wai:bond"), from the user's own file or ours.

    InputError where there are none: each rule that needs them is off until they are given.
    """
    from reattune.measures import known_instrument
    from reattune.measures.instrument import TOTAL

    name, _, part = measure.partition(":")
    instrument = known_instrument(name.partition("/")[0])
    norms = instrument.norms_of(part or TOTAL) if instrument else None
    if norms is None:
        raise InputError(
            "rule-needs-numbers",
            f"The rule {rule} needs {RULES[rule].needs}.",
            where=measure,
            remedy="State them as norms in a file of your own for this measure "
            f"(docs/measures.md), or in Python with reattune.change.{rule.replace('-', '_')}.",
        )
    return norms


def reliable_by_norms(series: Series, baseline: int = BASELINE) -> Iterator[Finding]:
    """`reliable` with the SD and reliability that the instrument states; InputError without."""
    own = norms_of(series.measure, "reliable-change")
    yield from reliable(series, baseline, sd=own.sd, reliability=own.reliability, source=own.source)


def sudden_by_norms(series: Series, baseline: int = BASELINE) -> Iterator[Finding]:
    """`sudden_changes` with the reliable difference of the instrument's norms as cutoff."""
    own = norms_of(series.measure, "sudden-change")
    cutoff = reliable_difference(own.sd, own.reliability)
    source = f"reliable difference; {own.source}"
    yield from sudden_changes(series, baseline, cutoff=cutoff, source=source)


def say_reliable(course: Observed, at: int, kind: SignalKind, need: float, source: str) -> Finding:
    """A reliable change as a finding."""
    point, first, value = course.points[at], course.values[0], course.values[at]
    why = (
        f"Session {point.session}: the score {value:g} is reliably "
        f"{'better' if kind == 'recovery' else 'worse'} than {first:g} in session "
        f"{course.points[0].session}: a change of more than {number(need)} is unlikely to be error "
        f"of measurement (reliable change index; SD and reliability from {source})."
    )
    numbers = {"score": value, "first score": first, "reliable difference": need}
    return Finding(point, kind, "major", why, evidence(numbers), recovery(kind))


def recovery(kind: SignalKind) -> str:
    """Changes for the better are counted apart from those for the worse (`Finding.apart`)."""
    return "recoveries" if kind == "recovery" else ""


@cache
def critical_t(freedom: int) -> float:
    """The 97.5% point of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def sudden(
    before: Sequence[float | None],
    after: Sequence[float | None],
    cutoff: float,
    *,
    share: float | None = SUDDEN_SHARE,
) -> bool | None:
    """Whether the values fall suddenly from `before` to `after`; None where too few are known.

    Up to three values on each side, those next to the change last and first. Criteria 1 to 3 of
    Tang & DeRubeis 1999 as the R package suddengains has them: at least `cutoff`, at least `share`
    of the value before (None: not asked), and more than t s_pooled between the means.
    """
    one, two = known(before), known(after)
    start, end = before[-1], after[0]
    if start is None or end is None or len(one) < 2 or len(two) < 2:
        return None
    fall = start - end
    if fall < cutoff - SLACK or (share is not None and fall < share * abs(start) - SLACK):
        return False
    freedom = len(one) + len(two) - 2
    spread = (len(one) - 1) * deviation(one) ** 2 + (len(two) - 1) * deviation(two) ** 2
    return mean(one) - mean(two) > critical_t(freedom) * math.sqrt(spread / freedom)


def known(values: Sequence[float | None]) -> list[float]:
    """The values that are there."""
    return [value for value in values if value is not None]


def sudden_falls(
    values: Sequence[float | None], cutoff: float, *, share: float | None = SUDDEN_SHARE
) -> tuple[bool | None, ...]:
    """`sudden` for each interval from 2 to 3 up to the last but one, as suddengains numbers them.

    A fall is a sudden gain on a symptom scale and a sudden loss on an alliance scale; turn the
    values round (negative) for rises, with `share` None, as the share is of the value itself.
    """
    return tuple(
        sudden(values[max(0, n - 3) : n], values[n : n + 3], cutoff, share=share)
        for n in range(2, len(values) - 1)
    )


def sudden_changes(
    series: Series, baseline: int = BASELINE, *, cutoff: float, source: str
) -> Iterator[Finding]:
    """Sudden gains and losses, told once two or three sessions after the change are known.

    Made for changes that last: unfit for a dip of one session. No baseline needed. The rule of 25%
    holds for losses too (suddengains 0.7.2 does not apply it to them).
    """
    del baseline
    course = observe(series)
    table = {
        point.session: value for point, value in zip(course.points, course.values, strict=True)
    }
    place = {point.session: at for at, point in enumerate(course.points)}
    given: set[int] = set()
    for end in place:  # the last session known so far
        for n in (end - 3, end - 2):  # the change is between sessions n and n + 1
            if n < 2 or n in given:
                continue
            change = turn(table, n, end, cutoff)
            if change:
                given.add(n)
                yield say_sudden(course, place, (n, end), change, cutoff, source)


def turn(table: dict[int, float], n: int, end: int, cutoff: float) -> int:
    """1 for a rise and -1 for a fall between sessions n and n + 1 as known at `end`, else 0."""
    before = [table.get(session) for session in range(max(1, n - 2), n + 1)]
    after = [table.get(session) for session in range(n + 1, min(n + 3, end) + 1)]
    if before[-1] is None or after[0] is None:
        return 0
    way = 1 if after[0] > before[-1] else -1
    if abs(after[0] - before[-1]) < SUDDEN_SHARE * abs(before[-1]) - SLACK:
        return 0
    one, two = ([v if v is None else -way * v for v in side] for side in (before, after))
    return way if sudden(one, two, cutoff, share=None) else 0


def say_sudden(
    course: Observed,
    place: dict[int, int],
    when: tuple[int, int],
    way: int,
    cutoff: float,
    source: str,
) -> Finding:
    """A sudden gain or loss as a finding."""
    n, end = when
    better = way == course.sign
    one, two = course.values[place[n]], course.values[place[n + 1]]
    why = (
        f"Session {end}: between sessions {n} and {n + 1} the score went from {one:g} to {two:g} "
        f"and has stayed there, a sudden {'gain' if better else 'loss'}: at least "
        f"{number(cutoff)} points ({source}), at least a quarter of the score before, and more "
        "than the scores vary on either side. No baseline; told once sessions after the change are "
        "known, so it is no sign of a dip of one session."
    )
    numbers = {"score before": one, "score after": two, "cutoff": cutoff, "session before": n}
    kind: SignalKind = "recovery" if better else "decline"
    point = course.points[place[end]]
    return Finding(point, kind, "major", why, evidence(numbers), recovery(kind))


def change_points(
    series: Series, baseline: int = BASELINE, *, penalty: float = PENALTY
) -> Iterator[Finding]:
    """Where the level of a long series changed, sought anew after each session by `ruptures`.

    PELT on least squares with `penalty` sigma^2 log(n) for each change point, sigma from the moving
    ranges so far (Killick et al. 2012; Truong et al. 2020). It looks back: a change is told
    when it shows, at least three sessions after it began, and then stays told. No baseline needed.
    """
    del baseline
    course = observe(series)
    told: list[int] = []
    for n in range(LONG_ENOUGH, len(course.values) + 1):
        part = course.good[:n]
        sigma = max(mean(moving_ranges(part)) / MEAN_RANGE, least_sigma(series.scale))
        for level in levels(part, sigma, penalty):
            if all(abs(level[1] - other) > WITHIN for other in told):
                told.append(level[1])
                yield say_level(course, level, course.points[n - 1], sigma)


def levels(values: Sequence[float], sigma: float, penalty: float) -> list[tuple[int, int, int]]:
    """The change points as (start of the level before, change, end of the level after)."""
    import numpy as np
    import ruptures

    if sigma <= SLACK * max(map(abs, values)):
        return []
    scores = (np.array(values) - mean(values)) / sigma
    search = ruptures.KernelCPD(kernel="linear", min_size=SHORTEST_LEVEL).fit(scores)
    ends = [0, *map(int, search.predict(pen=penalty * math.log(len(values))))]
    return list(zip(ends, ends[1:], ends[2:], strict=False))


def say_level(course: Observed, level: tuple[int, int, int], now: Point, sigma: float) -> Finding:
    """A change of level as a finding, told at the last session known."""
    start, at, end = level
    points, values = course.points, course.values
    one, two = mean(values[start:at]), mean(values[at:end])
    better = course.sign * (two - one) > 0
    why = (
        f"Session {now.session}: from session {points[at].session} on the level of the scores is "
        f"{'better' if better else 'worse'}: {number(two)} on average, {number(one)} in the "
        f"sessions before (change point, PELT of the library ruptures, from sessions "
        f"{points[0].session} to {now.session}, no baseline). It looks back and lags."
    )
    numbers = {"level before": one, "level after": two, "since session": points[at].session}
    kind: SignalKind = "recovery" if better else "decline"
    return Finding(now, kind, "major", why, evidence({**numbers, "sigma": sigma}), recovery(kind))


def discrepancy(therapist: Series, client: Series) -> Series:
    """Therapist minus client, session by session, as a series for the charts.

    The worse side is where the therapist sees it more favorably than the client. Sessions that one
    of them did not rate are None. InputError unless both rate the same client on the same measure.
    """
    if (
        therapist.client != client.client
        or form(therapist) != form(client)
        or therapist.scale != client.scale
    ):
        raise InputError(
            "not-a-pair",
            "The two series are not of one client, measure and scale.",
            remedy="Give the therapist's and the client's ratings on the same measure.",
        )
    if therapist.rater == client.rater:
        raise InputError(
            "same-rater", "Both series are by one rater.", remedy="Give one by each of the two."
        )
    observe(therapist)
    observe(client)
    mine = {point.session: point for point in therapist.points}
    points = tuple(differ(mine.get(point.session), point) for point in client.points)
    measure = f"{form(client)}:{DIFFERENCE}"
    return Series(client.client, measure, DIFFERENCE, points, spread(client.scale))


def form(series: Series) -> str:
    """The measure without the rater, where its two mirror forms are named by theirs."""
    name, colon, scale = series.measure.partition(":")
    return name.removesuffix(f"_{series.rater}") + colon + scale


def differ(mine: Point | None, own: Point) -> Point:
    """Therapist minus client in one session, None where one of them is missing."""
    if mine is None or mine.value is None or own.value is None:
        return Point(own.session, own.date, None)
    return Point(own.session, own.date, mine.value - own.value)


def spread(scale: Scale | None) -> Scale | None:
    """The scale of differences on a scale."""
    if scale is None:
        return None
    width = scale.high - scale.low
    return Scale(-width, width, scale.step, not scale.higher_is_better)


@dataclass(frozen=True, slots=True)
class Cut:
    """From which answer on an item asks for a word about it, on the answer as it was given."""

    at: float
    over: bool = False
    source: str = ""


def known_cut(measure: str) -> Cut | None:
    """The prompt of an instrument's item, its measure named as "srs:item1"; None if it has none."""
    from reattune.measures import known_instrument

    found = ITEM.fullmatch(measure)
    instrument = known_instrument(found["id"]) if found else None
    if found is None or instrument is None:
        return None
    item = {item.number: item for item in instrument.items}.get(int(found["number"]))
    if item is None or item.prompt is None:
        return None
    over = not item.low_prompts(instrument.higher_is_better)
    return Cut(item.prompt, over=over, source=instrument.prompts_from.rstrip("."))


def item_prompts(
    series: Series, baseline: int = BASELINE, *, cut: Cut | None = None
) -> Iterator[Finding]:
    """Each answer at or beyond the cut of its item, from the first session on.

    The series holds the answers to one item, its measure named as "checkin_client:item5". `cut` is
    by default that of the instrument, the user's own file before ours. Answers reversed in scoring
    are met by the cut reversed.
    """
    del baseline
    own = cut or known_cut(series.measure)
    if own is None:
        return
    course, apart = observe(series), told_apart(own, series.scale)
    at, over = facing(own, series.scale)
    for point, value in zip(course.points, course.values, strict=True):
        if value >= at - SLACK if over else value <= at + SLACK:
            why = (
                f"Session {point.session}: the answer {value:g} is at or "
                f"{'over' if over else 'under'} {at:g}, from which this item is worth a word "
                f"({own.source or 'cut given'}). The rater's own answer, no statistic; it needs "
                "no baseline."
            )
            numbers = {"score": value, "cut": at}
            yield Finding(point, "rupture", "micro", why, evidence(numbers), apart)


def told_apart(cut: Cut, scale: Scale | None) -> str:
    """What the false signals of an item depend on: its cut on the answers given, and its range."""
    ends = f" of {number(scale.low)} to {number(scale.high)}" if scale else ""
    return f"{number(cut.at)} or {'over' if cut.over else 'under'}{ends}"


def facing(cut: Cut, scale: Scale | None) -> tuple[float, bool]:
    """The cut on the answers as this scale has them: reversed where the scale is."""
    if scale is None or cut.over != scale.higher_is_better:
        return cut.at, cut.over
    return scale.low + scale.high - cut.at, not cut.over


Work = Callable[[Series, int], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by name. `finds` says what kind of thing it finds, `work` does.

    `lags` marks rules that speak sessions after the change; `needs` what must be given before the
    rule works; `measured` is False where its false signals depend on what was given.
    """

    name: str
    version: str
    finds: str
    work: Work
    lags: bool = False
    needs: str = ""
    measured: bool = True

    @property
    def by(self) -> str:
        """Name and version, as signals carry it."""
        return f"{self.name}/{self.version}"

    @property
    def false_per_12(self) -> float | None:
        """Signals of strain in 12 stable sessions after a baseline of 6; None if not measured.

        Those of all levels; a signal carries the figure of its own kind and level.
        """
        return false_per_12(self.name) if self.measured else None

    def find(self, series: Series, baseline: int = BASELINE) -> tuple[Signal, ...]:
        """The signals of this rule, in order of session."""

        def chance(found: Finding) -> float | None:
            return false_per_12(self.name, baseline, found.apart) if self.measured else None

        return tuple(
            Signal(
                client=series.client,
                session=found.point.session,
                date=found.point.date,
                source=series.measure,
                kind=found.kind,
                rule=self.name,
                level=found.level,
                by=self.by,
                why=found.why,
                evidence=found.evidence,
                false_per_12=chance(found),
            )
            for found in self.work(series, baseline)
        )


def reliable_change(*, sd: float, reliability: float, source: str) -> Rule:
    """Reliable change with the SD and reliability of a measure, and where they are from."""
    reliable_difference(sd, reliability)
    work = partial(reliable, sd=sd, reliability=reliability, source=source)
    return replace(RULES["reliable-change"], work=work, needs="")


def sudden_change(*, cutoff: float, source: str) -> Rule:
    """Sudden gains and losses of at least `cutoff` points, such as `reliable_difference`."""
    if not (cutoff > 0 and math.isfinite(cutoff)):
        raise InputError("bad-norms", "The cutoff must be above 0.", remedy="Give it in points.")
    work = partial(sudden_changes, cutoff=cutoff, source=source)
    return replace(RULES["sudden-change"], work=work, needs="")


def drop(*, sample_sd: float, k: float = 2) -> Rule:
    """Drop (k = 2) or dip (k = 1) and return, held against the SD of a sample too."""
    work = partial(drop_and_return, k=k, sample_sd=sample_sd)
    return replace(RULES["drop" if k >= 2 else "dip"], work=work, measured=False)


def item_prompt(cut: Cut) -> Rule:
    """Prompts for an item with this cut."""
    return replace(RULES["item-prompt"], work=partial(item_prompts, cut=cut), measured=False)


TWO_OF_THREE = partial(out_of, hits=2, window=3, beyond=2.0)
FOUR_OF_FIVE = partial(out_of, hits=4, window=5, beyond=1.0)
EIGHT = partial(out_of, hits=8, window=8, beyond=0.0)

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("item-prompt", "1", "an answer at or beyond the cut of its item", item_prompts),
        Rule("individuals", "1", "one score beyond the client's own limits", individuals),
        Rule(
            "individuals-robust",
            "1",
            "the same, with limits that one odd session in the baseline hardly moves",
            partial(individuals, robust=True),
        ),
        Rule("drop", "1", "a fall of 2 SD from a peak, and its return", drop_and_return),
        Rule(
            "dip", "1", "a fall of 1 SD from a peak, and its return", partial(drop_and_return, k=1)
        ),
        Rule("moving-range", "1", "a large step down from one session to the next", moving_range),
        Rule("two-of-three", "1", "2 of 3 scores beyond 2 sigma (Western Electric)", TWO_OF_THREE),
        Rule("four-of-five", "1", "4 of 5 scores beyond 1 sigma (Western Electric)", FOUR_OF_FIVE),
        Rule("eight-in-a-row", "1", "8 scores in a row on the worse side", EIGHT, lags=True),
        Rule("six-falling", "1", "6 scores in a row, each worse than the last", falling, lags=True),
        Rule("ewma", "1", "a slow drift of the weighted mean", ewma_chart, lags=True),
        Rule("cusum", "1", "a lasting shift that sums up", cusum_chart, lags=True),
        Rule("change-point", "1", "a new level in a long series", change_points, lags=True),
        Rule(
            "reliable-change",
            "1",
            "a change from the first session beyond error of measurement",
            reliable_by_norms,
            needs="the SD and the reliability of the measure",
        ),
        Rule(
            "sudden-change",
            "1",
            "a sudden gain or loss that lasts; unfit for dips of one session",
            sudden_by_norms,
            lags=True,
            needs="a cutoff, or the SD and the reliability of the measure",
        ),
    )
}
DEFAULT_RULES: tuple[str, ...] = ("item-prompt", "individuals", "drop")


def pick(rule: str | Rule) -> Rule:
    """The rule of this name, or the rule given; InputError naming the known ones."""
    if isinstance(rule, Rule):
        return rule
    if rule not in RULES:
        raise InputError(
            "unknown-rule",
            f"There is no rule {rule!r}.",
            remedy=f"Choose from: {', '.join(RULES)}.",
        )
    return RULES[rule]


def signals(
    series: Series, rules: Iterable[str | Rule] = DEFAULT_RULES, baseline: int = BASELINE
) -> tuple[Signal, ...]:
    """The signals of these rules in order of session, those of one session in order of the rules.

    With fewer sessions than the baseline only rules without one speak; `charts.limitations` says so
    for people. InputError for series that cannot be charted and for rules that lack their numbers.
    """
    chosen = [pick(rule) for rule in rules]
    check_baseline(baseline)
    observe(series)
    found = [signal for rule in chosen for signal in rule.find(series, baseline)]
    return tuple(sorted(found, key=lambda signal: signal.session))
