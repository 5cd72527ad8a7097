"""Courses of scores with known truth, from a seed: what the rules are measured on.

Each pattern is a function that makes the scores of many clients at once. The scale is that of a
total of twelve items from 1 to 5; a client's scores vary by WITHIN around a level far from its
ends, so that sizes can be given in standard deviations within the client.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from reattune.errors import InputError
from reattune.types import Point, Scale, Series

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Rng = np.random.Generator

SCALE = Scale(12, 60, 1)
LEVEL = 42.0  # 6 within-client SDs from the top, 10 from the bottom
WITHIN = 3.0  # SD of a client's scores around the level: the error of measurement of such totals
CALM = 8  # sessions before anything happens in the patterns with a true change
SESSIONS = 18  # a baseline of 6 and 12 more
CARRIED = 0.5  # of a deviation into the next session, where sessions are not independent
MISSING = 0.25  # share of sessions without a score, where there are gaps
ITEM = Scale(1, 7, 1, higher_is_better=False)
GOOD_ITEM = Scale(1, 7, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Scores with what is true of them.

    `values` float64 (clients, sessions), NaN for gaps; `onset` int64 (clients,) the session at
    which a true change begins, `until` that at which the old level is back; 0 where there is none.
    """

    values: Floats
    onset: Ints
    until: Ints
    scale: Scale | None

    def series(self, row: int) -> Series:
        """One client's course as a Series."""
        points = tuple(
            Point(session, None, None if math.isnan(value) else float(value))
            for session, value in enumerate(self.values[row], 1)
        )
        return Series(f"made-{row}", "made", "client", points, self.scale)


Make = Callable[["Rng", int, int], Truth]


def noise(rng: Rng, clients: int, sessions: int, *, carried: float = 0.0) -> Floats:
    """Deviations from the level with SD WITHIN, `carried` the lag-1 correlation; stationary."""
    fresh = rng.normal(0.0, WITHIN, (clients, sessions))
    if carried:
        for at in range(1, sessions):
            new = math.sqrt(1 - carried**2) * fresh[:, at]
            fresh[:, at] = carried * fresh[:, at - 1] + new
    return fresh


def answer(latent: Floats, onset: Ints, until: Ints, scale: Scale = SCALE) -> Truth:
    """The scores that latent levels lead to: rounded to the step and cut to the scale."""
    import numpy as np

    steps = np.round((latent - scale.low) / scale.step) * scale.step + scale.low
    return Truth(np.clip(steps, scale.low, scale.high), onset, until, scale)


def steady(rng: Rng, clients: int, sessions: int, *, level: float, carried: float = 0.0) -> Truth:
    """Courses in which nothing happens."""
    import numpy as np

    none = np.zeros(clients, np.int64)
    return answer(level + noise(rng, clients, sessions, carried=carried), none, none)


def gaps(rng: Rng, clients: int, sessions: int) -> Truth:
    """Stable courses of which a quarter of the sessions has no score."""
    import numpy as np

    made = steady(rng, clients, sessions, level=LEVEL)
    made.values[rng.random(made.values.shape) < MISSING] = np.nan
    return made


def item(rng: Rng, clients: int, sessions: int, *, scale: Scale = ITEM) -> Truth:
    """Stable answers to one item from 1 to 7: mostly the best one, at times the next two."""
    import numpy as np

    none, off = np.zeros(clients, np.int64), rng.normal(0.5, 0.7, (clients, sessions))
    latent = scale.high - off if scale.higher_is_better else scale.low + off
    return answer(latent, none, none, scale)


def drift(rng: Rng, clients: int, sessions: int, *, slope: float = 0.3) -> Truth:
    """A slow decline of `slope` SDs a session that does not end."""
    import numpy as np

    onset = starts(rng, clients, sessions, 8)
    since = np.maximum(np.arange(1, sessions + 1) - onset[:, None] + 1, 0)
    fall = -slope * WITHIN * since
    return answer(LEVEL + fall + noise(rng, clients, sessions), onset, np.zeros_like(onset))


def starts(rng: Rng, clients: int, sessions: int, room: int) -> Ints:
    """Sessions after CALM at which a change begins, at least `room` from the end."""
    if sessions < CALM + room:
        raise InputError(
            "course-too-short",
            f"This pattern needs {CALM + room} sessions.",
            remedy="Ask for longer courses.",
        )
    return rng.integers(CALM, sessions - room + 1, clients) + 1


def fall_and_rise(
    rng: Rng, clients: int, sessions: int, *, depth: float, down: int = 1, stay: int = 0
) -> Truth:
    """A V: `down` sessions of even decline to `depth` SDs, `stay` more there, then back at once."""
    import numpy as np

    onset = starts(rng, clients, sessions, down + stay + 2)
    until = onset + down + stay
    since = np.arange(1, sessions + 1) - onset[:, None] + 1
    share = np.where((since > 0) & (since <= down + stay), np.minimum(since / down, 1), 0)
    latent = LEVEL - depth * WITHIN * share + noise(rng, clients, sessions)
    return answer(latent, onset, until)


def lasting(rng: Rng, clients: int, sessions: int, *, depth: float = 2.0) -> Truth:
    """A sudden decline of `depth` SDs that stays."""
    import numpy as np

    onset = starts(rng, clients, sessions, 8)
    low = np.arange(1, sessions + 1) >= onset[:, None]
    latent = LEVEL - depth * WITHIN * low + noise(rng, clients, sessions)
    return answer(latent, onset, np.zeros_like(onset))


STABLE: dict[str, Make] = {
    "stable": partial(steady, level=LEVEL),
    "ar1": partial(steady, level=LEVEL, carried=CARRIED),
    "ceiling": partial(steady, level=SCALE.high),
    "gaps": gaps,
    "item": item,
    "good_item": partial(item, scale=GOOD_ITEM),
}
CHANGED: dict[str, Make] = {
    "v": partial(fall_and_rise, depth=4.0),
    "v_small": partial(fall_and_rise, depth=2.0),
    "multi_v": partial(fall_and_rise, depth=4.0, down=4, stay=1),
    "lasting": lasting,
    "drift": drift,
}
PATTERNS: dict[str, Make] = {**STABLE, **CHANGED}


def make(pattern: str, clients: int = 1, sessions: int = SESSIONS, *, seed: int = 0) -> Truth:
    """Courses of this pattern; the same for the same seed. InputError naming the known patterns."""
    import numpy as np

    if pattern not in PATTERNS:
        raise InputError(
            "unknown-pattern",
            f"There is no pattern {pattern!r}.",
            remedy=f"Choose from: {', '.join(PATTERNS)}.",
        )
    return PATTERNS[pattern](np.random.default_rng(seed), clients, sessions)


def chance_of_fall(k: float, carried: float = 0.0) -> float:
    """How often a stable score is more than k SDs below the one before: Phi(-k / sqrt(2 (1 - r))).

    `carried` is the lag-1 correlation r of normal scores.
    """
    return 0.5 * math.erfc(k / math.sqrt(2 * (1 - carried)) / math.sqrt(2))
