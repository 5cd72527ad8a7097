"""Charts of a whole caseload at once: the default rules on arrays of clients x sessions.

The same numbers as `charts.limits` and `change.signals` give client by client (tested), for
thousands of clients in a fraction of a second. Which rows signal is told here; what a signal says
in words comes from the one-series path, for the rows that need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reattune.charts import (
    BASELINE,
    MEAN_RANGE,
    MEDIAN_RANGE,
    RANGE_LIMIT,
    SLACK,
    WIDTH,
    check_baseline,
    least_sigma,
    number,
)
from reattune.drops import MAJOR, MOST_STEPS, PARTLY, RETURN
from reattune.errors import InputError
from reattune.types import Scale

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class BatchLimits:
    """Limits of a caseload, each float64 (clients,); NaN where the baseline is not reached.

    `last` is the session number at which the baseline ends, 0 where it is not reached.
    """

    center: Floats
    lower: Floats
    upper: Floats
    sigma: Floats
    moving_range_upper: Floats
    last: Ints


@dataclass(frozen=True, slots=True, eq=False)
class BatchSignals:
    """Signals of a caseload, one a place, in order of row, session and rule.

    `row` counts from 0, `session` from 1; `rule`, `kind` and `level` are as in `types.Signal`;
    `value` is the score of that session.
    """

    row: Ints
    session: Ints
    rule: npt.NDArray[np.str_]
    kind: npt.NDArray[np.str_]
    level: npt.NDArray[np.str_]
    value: Floats

    def __len__(self) -> int:
        return len(self.row)


def pack(values: Floats, scale: Scale | None) -> tuple[Floats, Ints]:
    """Each row with its gaps (NaN) moved to the end, and the session number of each value.

    InputError for an array that is not (clients, sessions) or holds a value no chart can take.
    """
    import numpy as np

    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise InputError(
            "bad-table",
            f"The array has {table.ndim} dimensions.",
            remedy="Give two: clients, sessions.",
        )
    check_table(table, scale)
    order = np.argsort(np.isnan(table), axis=1, kind="stable")
    return np.take_along_axis(table, order, axis=1), order + 1


def check_table(table: Floats, scale: Scale | None) -> None:
    """Refuse infinite values and those outside the scale."""
    import numpy as np

    bad = np.isinf(table)
    if scale:
        bad |= (table < scale.low - SLACK) | (table > scale.high + SLACK)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        reach = f"{number(scale.low)} to {number(scale.high)}" if scale else "finite numbers"
        raise InputError(
            "value-outside-scale",
            f"The value is outside {reach}.",
            where=f"row {row}, session {column + 1}",
            remedy="Correct it, or leave it NaN where there is none.",
        )


def batch_limits(
    values: Floats, baseline: int = BASELINE, robust: bool = False, *, scale: Scale | None = None
) -> BatchLimits:
    """`charts.limits` of each row of a (clients, sessions) array, NaN for gaps."""
    check_baseline(baseline)
    packed, sessions = pack(values, scale)
    return freeze_rows(packed, sessions, baseline, robust, scale)


def row_total(table: Floats) -> Floats:
    """The sum of each row, added up from left to right as `charts.total` does."""
    import numpy as np

    result: Floats = np.zeros(len(table))
    for column in table.T:
        result = result + column
    return result


def row_mean(table: Floats) -> Floats:
    """The mean of each row, rounded as `charts.mean` rounds it."""
    result: Floats = row_total(table) / table.shape[1]
    return result


def freeze_rows(
    packed: Floats, sessions: Ints, baseline: int, robust: bool, scale: Scale | None
) -> BatchLimits:
    """The limits of packed rows."""
    import numpy as np

    if packed.shape[1] < baseline:
        none = np.full(len(packed), np.nan)
        return BatchLimits(none, none, none, none, none, np.zeros(len(packed), np.int64))
    first = packed[:, :baseline]
    ranges = np.abs(np.diff(first, axis=1))
    spread = np.median(ranges, axis=1) if robust else row_mean(ranges)
    sigma = np.maximum(spread / (MEDIAN_RANGE if robust else MEAN_RANGE), least_sigma(scale))
    sigma[sigma <= SLACK * np.abs(first).max(axis=1)] = 0.0
    center = row_mean(first)
    lower, upper = center - WIDTH * sigma, center + WIDTH * sigma
    if scale:
        lower, upper = np.maximum(lower, scale.low), np.minimum(upper, scale.high)
    last = np.where(np.isnan(center), 0, sessions[:, baseline - 1])
    return BatchLimits(center, lower, upper, sigma, RANGE_LIMIT * MEAN_RANGE * sigma, last)


def batch_signals(
    values: Floats,
    *,
    scale: Scale | None = None,
    baseline: int = BASELINE,
    k: float = 2,
    sample_sd: float | None = None,
) -> BatchSignals:
    """The rules `individuals` and `drop` on each row of a (clients, sessions) array, NaN for gaps.

    Column 0 is session 1. `k` and `sample_sd` as in `drops.drop_and_return`.
    """
    import numpy as np

    check_baseline(baseline)
    packed, sessions = pack(values, scale)
    if packed.shape[1] <= baseline:
        return gather(packed, sessions, [])
    sign = 1 if scale is None or scale.higher_is_better else -1
    own = freeze_rows(packed, sessions, baseline, False, scale)
    name = "drop" if k >= 2 else "dip"
    sd = own_sds(packed[:, :baseline], scale)
    stricter = np.maximum(sd, sample_sd or 0.0)
    falls, partials, returns = walk_rows(sign * packed, baseline, k, stricter)
    most = (MAJOR - SLACK) * sd[:, None]
    found = [(outside(packed, own, baseline, sign), "individuals", "rupture", "major")]
    for sizes, kind in ((falls, "rupture"), (returns, "recovery")):
        found += [(sizes >= most, name, kind, "major"), (sizes < most, name, kind, "micro")]
    return gather(packed, sessions, [*found, (~np.isnan(partials), name, "recovery", "micro")])


def outside(packed: Floats, own: BatchLimits, baseline: int, sign: int) -> Bools:
    """Where the individuals chart speaks, bool (clients, sessions)."""
    import numpy as np

    sigma = np.where(own.sigma > 0, own.sigma, np.nan)[:, None]
    scores = sign * (packed - own.center[:, None]) / sigma
    beyond = scores < -WIDTH - SLACK
    beyond[:, :baseline] = False
    return beyond


def own_sds(first: Floats, scale: Scale | None) -> Floats:
    """`drops.own_sd` of each row; NaN where there is none."""
    import numpy as np

    squares = np.square(first - row_mean(first)[:, None])
    own = np.sqrt(row_total(squares) / (first.shape[1] - 1))
    found = np.maximum(own, least_sigma(scale))
    return np.where(found <= SLACK * np.abs(first).max(axis=1), np.nan, found)


def walk_rows(good: Floats, first: int, k: float, sd: Floats) -> tuple[Floats, Floats, Floats]:
    """Falls, partial and full returns as `drops.walk` finds them, each (clients, sessions).

    The size of the fall, or the depth of the drop that returns, in points; NaN where there is none.
    """
    import numpy as np

    rows = np.arange(len(good))
    need, near, tie = (k - SLACK) * sd, (RETURN + SLACK) * sd, SLACK * sd
    falls, partials, returns = (np.full(good.shape, np.nan) for _ in range(3))
    steps, told = np.zeros(len(good), np.int64), np.full(len(good), -1)
    peak, low, last = (np.full(len(good), np.nan) for _ in range(3))
    partly = np.zeros(len(good), bool)
    for at in range(good.shape[1]):
        value = good[:, at]
        if at:
            steps = np.where(value <= good[:, at - 1], np.minimum(steps + 1, MOST_STEPS), 0)
        if at < first:
            continue
        start = at - steps
        low = np.where(value < low, value, low)
        depth, size = peak - low, good[rows, start] - value
        back = value >= peak - near
        half = (value - low >= PARTLY * depth - tie) & ~back & ~partly
        again = (start >= told) | (last - value >= need) | np.isnan(peak)
        fall = ~back & again & (size >= need)
        falls[fall, at], partials[half, at], returns[back, at] = (
            size[fall],
            depth[half],
            depth[back],
        )
        peak = np.where(back, np.nan, np.where(fall & np.isnan(peak), good[rows, start], peak))
        low, last = np.where(back, np.nan, np.where(fall, value, low)), np.where(fall, value, last)
        told = np.where(fall, at, told)
        partly = (partly | half) & ~fall & ~back
    return falls, partials, returns


def gather(
    packed: Floats, sessions: Ints, found: Sequence[tuple[Bools, str, str, str]]
) -> BatchSignals:
    """What was found as one table in order of row, session and rule."""
    import numpy as np

    places = [np.nonzero(where) for where, *_ in found]
    counts = [len(rows) for rows, _ in places]
    row = np.concatenate([rows for rows, _ in places] or [np.zeros(0, np.int64)])
    column = np.concatenate([columns for _, columns in places] or [np.zeros(0, np.int64)])
    order = np.lexsort((np.repeat(np.arange(len(found)), counts), column, row))
    rule, kind, level = (
        np.repeat(np.array([label[i] for label in found], np.str_), counts)[order]
        for i in (1, 2, 3)
    )
    row, column = row[order], column[order]
    return BatchSignals(row, sessions[row, column], rule, kind, level, packed[row, column])
