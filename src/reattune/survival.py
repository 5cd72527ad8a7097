"""The product-limit curve of times to an event, some of them censored, with its median.

Kaplan & Meier 1958; limits and median as R's `survival::survfit` gives them (tested against it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from reattune.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

Z = NormalDist().inv_cdf(0.975)  # of a two-sided 95% interval
HALF = 1e-9  # a curve so close to one half is on it


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A product-limit curve: at each time with an event, what share is still without one.

    Arrays are (times,): `at_risk` and `events` counts, `share` just after the time, `error` its
    standard error (nan where the share is 0), `low` and `high` 95% limits. `last` is the longest
    time watched.
    """

    times: Floats
    at_risk: Floats
    events: Floats
    share: Floats
    error: Floats
    low: Floats
    high: Floats
    last: float

    def median(self) -> tuple[float | None, float | None, float | None]:
        """The median with its 95% limits, None where the curve does not get there.

        The limits are where those of the curve cross one half (Brookmeyer & Crowley 1982).
        """
        return self.crossing(self.share), self.crossing(self.low), self.crossing(self.high)

    def crossing(self, curve: Floats) -> float | None:
        """The first time at which a curve is at most one half.

        Where it stays at one half, the middle of that stretch, as R's survival has it.
        """
        for at, value in enumerate(curve):
            if value < 0.5 - HALF:
                return float(self.times[at])
            if value <= 0.5 + HALF:
                until = self.times[at + 1] if at + 1 < len(self.times) else self.last
                return float(self.times[at] + until) / 2
        return None


def product_limit(
    times: Sequence[float], events: Sequence[bool], clients: Sequence[str] | None = None
) -> Curve:
    """Kaplan & Meier's (1958) estimator for times (n,), `events` False where censored.

    A time censored at an event is taken to be just after it. The variance is Greenwood's; where
    `clients` says whose each time is, it is the larger of that and the infinitesimal jackknife by
    client (R's `survfit(..., cluster=)`). The limits are of the log-log kind; where nothing is left
    that kind has none (nan in R), and they are 0 and the exact limit of none of those at risk.
    InputError for no times, a negative one or lists of different lengths.
    """
    import numpy as np

    t, e = np.asarray(times, float), np.asarray(events, bool)
    if not len(t) or len(t) != len(e) or not (np.isfinite(t) & (t >= 0)).all():
        raise InputError(
            "bad-times",
            "Times and events do not make a curve.",
            where="product_limit",
            remedy="Give as many events as times, and times from 0.",
        )
    when = np.unique(t[e])
    risk = t[:, None] >= when
    at_risk = risk.sum(axis=0).astype(float)
    died = ((t[:, None] == when) & e[:, None]).astype(float)
    d = died.sum(axis=0)
    share = np.cumprod(1 - d / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(d / (at_risk * (at_risk - d)))  # of the log of the share
        if clients is not None:
            pull = np.cumsum((died - risk * d / at_risk) / (at_risk - d), axis=1)
            variance = np.maximum(variance, _by_client(pull, clients))
        spread = Z * np.sqrt(variance) / np.log(share)
        low, high = share ** np.exp(-spread), share ** np.exp(spread)
        error = share * np.sqrt(variance)
    if len(when) and share[-1] == 0:
        low[-1], high[-1] = 0, _most_left(risk[:, -1], clients)
    return Curve(when, at_risk, d, share, error, low, high, float(t.max()))


def _most_left(risk: Any, clients: Sequence[str] | None) -> float:
    """The exact upper 95% limit of a share of none, from the times (or clients) at risk."""
    whose = range(len(risk)) if clients is None else clients
    n = len({own for own, here in zip(whose, risk, strict=True) if here})
    return float(1 - 0.025 ** (1 / n))


def _by_client(pull: Floats, clients: Sequence[str]) -> Any:
    """The sum over clients of their squared summed influence (n, times) -> (times,)."""
    import numpy as np

    _, whose = np.unique(np.asarray(clients), return_inverse=True)
    sums = np.zeros((int(whose.max()) + 1, pull.shape[1]))
    np.add.at(sums, whose, pull)
    return (sums**2).sum(axis=0)
