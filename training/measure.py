"""What the operating points do on held-out sessions: turns and episodes, right and wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from reattune.calibration import Scores, family_scores
from reattune.codebook import CLIENT_FAMILIES, columns
from reattune.episodes import find_episodes
from reattune.evaluate import Scored, figures
from reattune.features import contexts, measure_baseline
from reattune.labelled import Labelled
from reattune.markers import Reading, find_markers, split_roles
from reattune.thresholds import OperatingPoint
from reattune.types import Episode
from training.stage import SHARED

CLIENT = [c for family in CLIENT_FAMILIES for c in columns(family)]
NEAR = 1  # turns; an episode is right if a labelled turn lies within it or this near


def episodes_of(
    labelled: Labelled, codes: np.ndarray, major: np.ndarray, point: OperatingPoint
) -> tuple[Episode, ...]:
    """The episodes that the pipeline would show for these scores."""
    session = labelled.session
    rows = contexts(session)
    scores = Scores(codes, family_scores(codes), major)
    reading = Reading(rows, scores, measure_baseline(session), "measure", lambda *_: 0)
    markers, moves = split_roles(find_markers(reading, point))
    return find_episodes(markers, moves, rows)


def is_false(episode: Episode, labelled: Labelled) -> bool:
    """Whether no labelled client turn lies in or next to the episode."""
    near = labelled.codes[max(0, episode.first - NEAR) : episode.last + NEAR, CLIENT]
    return not near.any()


def measure_point(
    point: OperatingPoint, rows: list[Labelled], scores: list[np.ndarray]
) -> dict[str, float]:
    """Figures of one operating point, by the names reports use."""
    scored = [Scored(row, s, True) for row, s in zip(rows, scores, strict=True)]
    families: dict[str, Any] = figures(scored, point, resamples=0, by="")["families"]
    false = turns = 0
    for row, own in zip(rows, scores, strict=True):
        found = episodes_of(row, own, np.zeros(len(own), np.float32), point)
        false += sum(is_false(episode, row) for episode in found)
        turns += len(own)
    measured = {f"precision_{name}": row["ppv"] for name, row in families.items()}
    measured |= {f"sensitivity_{name}": row["sensitivity"] for name, row in families.items()}
    return {
        **measured,
        "flags_per_100_client_turns": families["any"]["flags_per_100"],
        "false_episodes_per_100_turns": 100 * false / turns,
    }


def as_point(name: str, decide: dict[str, float]) -> OperatingPoint:
    """An operating point from its thresholds."""
    return OperatingPoint(name, decide, SHARED["near"], SHARED["second"], SHARED["major"], {})


def measure_points(
    decide: dict[str, dict[str, float]], rows: list[Labelled], scores: list[np.ndarray]
) -> dict[str, Any]:
    """Operating point -> its thresholds and what they did on these sessions."""
    return {
        name: {
            "decide": own,
            "measured": measure_point(as_point(name, own), rows, scores),
        }
        for name, own in decide.items()
    }
