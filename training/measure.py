"""What the operating points do on held-out sessions, for the shipped table of thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reattune.evaluate import Scored, point_figures
from reattune.thresholds import OperatingPoint
from training.stage import PRECISION, SHARED


def measure_point(point: OperatingPoint, scored: Sequence[Scored]) -> dict[str, float]:
    """Figures of one operating point, by the names reports use."""
    found = point_figures(scored, point)
    families, episodes = found["families"], found["episodes"]
    measured = {f"precision_{name}": row["ppv"] for name, row in families.items()}
    measured |= {f"sensitivity_{name}": row["sensitivity"] for name, row in families.items()}
    return {
        **measured,
        "flags_per_100_client_turns": families["any"]["flags_per_100"],
        "false_episodes_per_100_turns": episodes["false_per_100_turns"],
    }


def as_point(name: str, decide: dict[str, float]) -> OperatingPoint:
    """An operating point from its thresholds."""
    return OperatingPoint(name=name, aim=PRECISION[name], decide=decide, **SHARED, reliability={})


def measure_points(decide: dict[str, dict[str, float]], scored: Sequence[Scored]) -> dict[str, Any]:
    """Operating point -> its thresholds and what they did on these sessions."""
    return {
        name: {"decide": own, "measured": measure_point(as_point(name, own), scored)}
        for name, own in decide.items()
    }
