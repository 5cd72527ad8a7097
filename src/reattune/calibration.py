"""From the model's raw output and the client's shifts to calibrated probabilities.

Two steps. A logistic regression a family gives the probability that a turn carries any code of the
family; the probabilities of the codes share it out, so that code and family never disagree. The
numbers come from `training/` and are fitted on out-of-fold predictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reattune.codebook import CODES, FAMILIES, codes_for, columns

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

Adjustment = Mapping[str, tuple[float, float]]
"""Slope and intercept on the log odds of a family's probability, fitted to a user's own labels."""

N_RAW = len(CODES) + len(FAMILIES) + 1
"""Columns of the raw output: a logit for each code, each family, and for major intensity."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The last stage's numbers.

    `family` holds, a family, the weights of its two logits, of each shift in the order of
    `features.SHIFTS`, and the intercept; `sharpness` the exponent on the codes' odds when they
    share a family's probability; `major` slope and intercept of the intensity logit.
    """

    family: dict[str, tuple[float, ...]]
    sharpness: float
    major: tuple[float, float]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Stage:
        """The stage as stored in the weights' model.json."""
        family = {name: tuple(map(float, row)) for name, row in data["family"].items()}
        return cls(family, float(data["sharpness"]), (data["major"][0], data["major"][1]))


@dataclass(frozen=True, slots=True)
class Scores:
    """`codes` float32 (n, 26), `families` float32 (n, 4) in order of FAMILIES, `major` (n,)."""

    codes: Array
    families: Array
    major: Array


def calibrate(raw: Array, shifts: Array, carries: Array, stage: Stage) -> Scores:
    """Calibrated probabilities from raw logits (n, N_RAW) and shifts (n, n_shifts).

    `carries` (n, 26) is 1 where the turn's speaker can carry the code; the rest is 0.
    """
    import numpy as np

    raw = raw.astype(np.float64)
    n = len(CODES)
    families = np.zeros((len(raw), len(FAMILIES)))
    codes = np.zeros((len(raw), n))
    for i, family in enumerate(FAMILIES):
        own = list(columns(family))
        inputs = stage_inputs(raw[:, own], raw[:, n + i], shifts)
        families[:, i] = sigmoid(inputs @ np.array(stage.family[family])) * carries[:, own[0]]
        codes[:, own] = families[:, [i]] * shares(raw[:, own], stage.sharpness)
    a, b = stage.major
    major = sigmoid(a * raw[:, -1] + b)
    return Scores(*(part.astype(np.float32) for part in (codes * carries, families, major)))


def adjust(scores: Scores, by: Adjustment) -> Scores:
    """The probabilities after an adjustment: families move, each code keeps its share of its own.

    Zeros, of turns that cannot carry a family, stay.
    """
    families, codes = scores.families.copy(), scores.codes.copy()
    for i, family in enumerate(FAMILIES):
        if family not in by:
            continue
        own = list(columns(family))
        able = scores.families[:, i] > 0
        before = scores.families[able, i]
        families[able, i] = adjusted(before, *by[family])
        codes[:, own] *= _times(families[:, i], scores.families[:, i])[:, None]
    return Scores(codes, families, scores.major)


def adjusted(chance: Any, slope: float, intercept: float) -> Any:
    """Probabilities with their log odds stretched by `slope` and moved by `intercept`."""
    return sigmoid(slope * log_odds(chance) + intercept)


def log_odds(chance: Any) -> Any:
    """log(p / (1 - p)), p kept 1e-6 from 0 and 1."""
    import numpy as np

    safe = np.clip(np.asarray(chance, np.float64), 1e-6, 1 - 1e-6)
    return np.log(safe / (1 - safe))


def _times(after: Any, before: Any) -> Any:
    """after / before, 1 where before is 0."""
    import numpy as np

    return np.divide(after, before, out=np.ones_like(after), where=before > 0)


def stage_inputs(codes: Any, family: Any, shifts: Any) -> Any:
    """Columns of the logistic regression: family logit, logit of any code, shifts, one."""
    import numpy as np

    anyone = 1 - np.prod(1 - sigmoid(codes), axis=1)
    anyone = np.log(anyone / np.maximum(1 - anyone, 1e-9) + 1e-9)
    return np.column_stack([family, anyone, shifts, np.ones(len(family))])


def shares(codes: Any, sharpness: float) -> Any:
    """How codes of one family divide its probability: powered odds, summing to 1 a turn."""
    import numpy as np

    weight = np.exp(np.clip(sharpness * codes, -60, 60))
    return weight / weight.sum(1, keepdims=True)


def shares_of(codes: Any) -> Any:
    """Each code's share of its family, from one turn's probabilities of that family's codes."""
    return codes / max(float(codes.sum()), 1e-12)


def sigmoid(z: Any) -> Any:
    """The logistic function, safe for large inputs."""
    import numpy as np

    return 1 / (1 + np.exp(-np.clip(z, -60, 60)))


def carriers(roles: list[str]) -> Array:
    """float32 (n_turns, 26): 1 where a turn of this role can carry the code."""
    import numpy as np

    able = {role: np.zeros(len(CODES), np.float32) for role in ("therapist", "client")}
    for role, row in able.items():
        row[list(codes_for(role))] = 1  # type: ignore[arg-type]
    nobody = np.zeros(len(CODES), np.float32)
    return np.array([able.get(role, nobody) for role in roles], np.float32).reshape(-1, len(CODES))


def family_scores(codes: Array) -> Array:
    """float32 (n, 4): the probability of each family from the codes' own, as their sum."""
    import numpy as np

    parts = [codes[:, list(columns(family))].sum(1) for family in FAMILIES]
    families: Array = np.minimum(np.stack(parts, 1), 1).astype(np.float32)
    return families
