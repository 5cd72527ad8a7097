"""Figures of a detector against labels: ranking, decisions, calibration, with intervals.

Ties in the scores are handled as scikit-learn handles them (tested against it), so that figures
compare with published ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.floating[Any]]

BINS = 10  # equal-width bins of the calibration error
CURVE = 100  # points of a precision-recall curve


def average_precision(truth: Bools, score: Floats) -> float:
    """Mean precision over recall steps, as sklearn.metrics.average_precision_score; nan if none."""
    import numpy as np

    if not truth.any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    last = np.append(np.diff(score[order]) != 0, True)
    precision = hits[last] / (np.flatnonzero(last) + 1)
    return float(np.sum(np.diff(hits[last], prepend=0) * precision) / hits[-1])


def roc_auc(truth: Bools, score: Floats) -> float:
    """Probability that a positive outranks a negative, ties half; nan without both classes."""
    import numpy as np

    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    total = ranks[truth].sum() - positives * (positives + 1) / 2
    return float(total / (positives * negatives))


def ratio(part: float, whole: float) -> float:
    """part / whole, nan for an empty whole."""
    return float(part / whole) if whole else float("nan")


def decisions(truth: Bools, flagged: Bools) -> dict[str, float]:
    """F1, balanced accuracy, sensitivity, specificity, ppv, npv, counts, flags per 100 turns."""
    tp, fp = int((truth & flagged).sum()), int((~truth & flagged).sum())
    fn, tn = int((truth & ~flagged).sum()), int((~truth & ~flagged).sum())
    sensitivity, specificity = ratio(tp, tp + fn), ratio(tn, tn + fp)
    return {
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "ppv": ratio(tp, tp + fp),
        "npv": ratio(tn, tn + fn),
        "true_flags": tp,
        "false_flags": fp,
        "missed": fn,
        "flags_per_100": 100 * ratio(tp + fp, len(truth)),
    }


def precision_recall(truth: Bools, score: Floats) -> list[dict[str, float]]:
    """Precision and recall at up to CURVE ranks, denser at the top; empty without positives."""
    import numpy as np

    if not truth.any():
        return []
    hits = np.cumsum(truth[np.argsort(-score, kind="stable")])
    ranks = np.unique(np.geomspace(1, len(hits), CURVE).astype(int))
    return [
        {"recall": float(hits[r - 1] / hits[-1]), "precision": float(hits[r - 1] / r)}
        for r in ranks
    ]


def brier(truth: Bools, score: Floats) -> float:
    """Mean squared distance of the probability from what was labelled."""
    return float(((score - truth) ** 2).mean()) if len(truth) else float("nan")


def calibration_curve(truth: Bools, score: Floats) -> list[dict[str, float]]:
    """A row a bin of probability: n, mean predicted probability, share observed."""
    import numpy as np

    bins = np.minimum((score * BINS).astype(int), BINS - 1)
    return [
        {
            "n": int((bins == b).sum()),
            "predicted": float(score[bins == b].mean()),
            "observed": float(truth[bins == b].mean()),
        }
        for b in range(BINS)
        if (bins == b).any()
    ]


def calibration_error(truth: Bools, score: Floats) -> float:
    """Expected calibration error: gap of predicted and observed, weighted by bin size."""
    rows = calibration_curve(truth, score)
    return ratio(sum(r["n"] * abs(r["predicted"] - r["observed"]) for r in rows), len(truth))


def log_loss(truth: Bools, score: Floats) -> float:
    """Mean negative log-likelihood of the labels; probabilities are kept 1e-6 from 0 and 1."""
    import numpy as np

    if not len(truth):
        return float("nan")
    chance = np.clip(np.where(truth, score, 1 - score).astype(float), 1e-6, 1)
    return float(-np.log(chance).mean())


def lowest_threshold(score: Floats, truth: Bools, aim: float, *, fewest: int) -> float:
    """The lowest threshold above which at least `aim` of the flags are right, to 3 decimals.

    Precision over fewer than `fewest` flags is not trusted; where no longer run of flags reaches
    the aim, the threshold is that of the `fewest` highest scores.
    """
    import numpy as np

    order = np.argsort(-score)
    precision = np.cumsum(truth[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero((precision >= aim) & (np.arange(len(order)) >= fewest - 1))
    last = int(good[-1]) if len(good) else min(fewest, len(order)) - 1
    return round(float(score[order[last]]), 3)


def bootstrap(
    statistic: Callable[[Any], float], groups: list[Any], *, n: int, seed: int = 0
) -> tuple[float, float] | None:
    """Percentile 95% interval of a statistic of turn indices, resampling whole sessions."""
    import numpy as np

    if not n or len(groups) < 5:
        return None
    rng = np.random.default_rng(seed)
    draws = [
        statistic(np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))]))
        for _ in range(n)
    ]
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return float(low), float(high)
