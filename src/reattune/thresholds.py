"""The one table of thresholds, `thresholds.toml`, written by `training/` with what it measured."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from reattune.codebook import FAMILIES
from reattune.errors import InputError

DEFAULT_POINT = "balanced"


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """How readily a turn is flagged.

    `aim` is the share of right flags that the thresholds were chosen for; `decide` the probability
    of a family from which a marker is decided, `near` the fraction of it from which a near miss is
    kept, `second` the share of a family's probability from which a second code is named, `major`
    the probability from which intensity is major. `reliability` holds what was measured on
    held-out transcripts at this point, by name.
    """

    name: str
    aim: float
    decide: dict[str, float]
    near: float
    second: float
    major: float
    reliability: dict[str, float]


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("reattune").joinpath("thresholds.toml").read_text("utf-8"))


def unproven_codes() -> tuple[str, ...]:
    """Codes with too few labelled turns of real speech for anything to be known about them."""
    return tuple(_table()["unproven"])


@cache
def load_points() -> dict[str, OperatingPoint]:
    """The shipped operating points by name: few, balanced, many flags."""
    data = _table()
    shared = data["shared"]
    return {
        name: OperatingPoint(
            name,
            float(row["aim"]),
            {family: float(row["decide"][family]) for family in FAMILIES},
            shared["near"],
            shared["second"],
            shared["major"],
            {key: float(value) for key, value in row["measured"].items()},
        )
        for name, row in data["points"].items()
    }


def operating_point(name: str) -> OperatingPoint:
    """The operating point of this name; InputError naming the known ones."""
    points = load_points()
    if name not in points:
        known = ", ".join(points)
        raise InputError(
            "unknown-operating-point",
            f"There is no operating point {name!r}.",
            remedy=f"Choose one of: {known}.",
        )
    return points[name]
