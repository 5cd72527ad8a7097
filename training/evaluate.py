"""`make evaluate`: the shipped model's cross-validated figures, and its episodes against outcomes.

Prints the family table of each corpus at hand, the episodes right and wrong, and how far the state
of the last episode agrees with the outcome that the written dialogues were given.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from reattune.cli.evaluate import show
from reattune.evaluate import evaluate, score_labelled
from reattune.labelled import Labelled
from reattune.thresholds import load_points, operating_point
from training.figures import load
from training.measure import CLIENT, episodes_of, is_false


def scores_of(labelled: Labelled) -> np.ndarray:
    """Out-of-fold scores of a session."""
    return score_labelled(labelled).scores


def episode_figures(rows: list[Labelled], point: str) -> str:
    """True episodes found, false ones per session and per 100 turns."""
    found = wanted = false = turns = 0
    for row in rows:
        scores = scores_of(row)
        own = episodes_of(row, scores, np.zeros(len(scores), np.float32), operating_point(point))
        false += sum(is_false(episode, row) for episode in own)
        hit, total = matched(row, own)
        found, wanted, turns = found + hit, wanted + total, turns + len(scores)
    return (
        f"{point:9s} labelled turns inside an episode {found}/{wanted}, false episodes "
        f"{false / len(rows):.2f} a session, {100 * false / turns:.2f} per 100 turns"
    )


def matched(row: Labelled, episodes: tuple) -> tuple[int, int]:
    """Labelled client turns that lie in or next to an episode, and all of them."""
    coded = np.flatnonzero(row.codes[:, CLIENT].any(1))
    near = sum(any(e.first - 1 <= t < e.last + 1 for e in episodes) for t in coded)
    return near, len(coded)


def outcomes(rows: list[Labelled]) -> Counter[tuple[str, str]]:
    """(outcome given, worst or last state found) over the excerpts that have an outcome."""
    pairs: Counter[tuple[str, str]] = Counter()
    for row in rows:
        scores = scores_of(row)
        own = episodes_of(
            row, scores, np.zeros(len(scores), np.float32), operating_point("balanced")
        )
        pairs[row.outcome, own[-1].state if own else "none"] += 1
    return pairs


def main() -> None:
    """Print everything."""
    for name, rows in load().items():
        print(f"\n{name}")
        show(evaluate(rows, resamples=200))
        for point in load_points():
            print(episode_figures(rows, point))
        for (given, state), n in sorted(outcomes(rows).items()):
            print(f"  outcome {given or '-':12s} last episode {state:12s} {n:4d}")


if __name__ == "__main__":
    main()
