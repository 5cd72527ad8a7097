"""How well the model does on labelled sessions, never on its own training fit.

A session the shipped weights were trained on is recognized by a fingerprint of its words; for it
the scores of a model that did not see it (out of fold) are used, and the result says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from reattune.calibration import family_scores
from reattune.codebook import CLIENT_FAMILIES, CODES, FAMILIES, columns
from reattune.features import contexts
from reattune.labelled import Labelled, fingerprint
from reattune.metrics import (
    average_precision,
    bootstrap,
    brier,
    calibration_curve,
    calibration_error,
    decisions,
    roc_auc,
)
from reattune.model import WEIGHTS, MarkerModel, Progress, load_model
from reattune.pipeline import score
from reattune.thresholds import DEFAULT_POINT, OperatingPoint, operating_point

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

SCHEMA = "reattune.evaluation/1"
TARGETS: dict[str, tuple[str, ...]] = {"any": CLIENT_FAMILIES, **{f: (f,) for f in FAMILIES}}
"""What is judged: any client marker, and each family."""

FEW = 20  # positives; a figure that rests on fewer is marked unproven


@dataclass(frozen=True, slots=True)
class Scored:
    """A labelled session with its scores (n_turns, 26) and whether they are out of fold."""

    labelled: Labelled
    scores: Array
    out_of_fold: bool


def evaluate(
    labelled: Sequence[Labelled],
    *,
    point: str = DEFAULT_POINT,
    resamples: int = 500,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Figures by family and by code, JSON-ready, schema "reattune.evaluation/1".

    `resamples` bootstrap draws over sessions give the 95% intervals of average precision and F1.
    """
    scored = []
    for done, session in enumerate(labelled, 1):
        scored.append(score_labelled(session))
        if progress:
            progress(done, len(labelled))
    return figures(scored, operating_point(point), resamples=resamples, by=load_model().by)


def score_labelled(labelled: Labelled) -> Scored:
    """Scores of one labelled session: out of fold if the weights have seen it."""
    known = out_of_fold().get(fingerprint(labelled.session))
    if known is not None:
        return Scored(labelled, known, True)
    model: MarkerModel = load_model()
    _, found = score(labelled.session, contexts(labelled.session), model)
    return Scored(labelled, found.codes, False)


@cache
def out_of_fold() -> dict[str, Array]:
    """Scores of the training sessions by models that did not see them, by fingerprint."""
    import numpy as np

    path = WEIGHTS / "out_of_fold.npz"
    if not path.is_file():
        return {}
    with np.load(path) as data:
        ends = np.cumsum(data["lengths"])
        parts = np.split(data["scores"].astype(np.float32), ends[:-1])
        return dict(zip(data["fingerprints"].tolist(), parts, strict=True))


def figures(
    scored: Sequence[Scored], point: OperatingPoint, *, resamples: int, by: str
) -> dict[str, Any]:
    """The evaluation of scored sessions at an operating point."""
    import numpy as np

    scores = np.concatenate([s.scores for s in scored])
    truth = np.concatenate([s.labelled.codes for s in scored])
    sizes = np.cumsum([0] + [len(s.scores) for s in scored])
    groups = [np.arange(a, b) for a, b in pairwise(sizes)]
    clients = _roles(scored, "client")
    therapists = _roles(scored, "therapist")
    seen = sum(s.out_of_fold for s in scored)
    return {
        "schema": SCHEMA,
        "model": by,
        "operating_point": point.name,
        "sessions": len(scored),
        "turns": len(truth),
        "out_of_fold_sessions": seen,
        "scores_from": _origin(seen, len(scored)),
        "families": {
            name: _family(
                name,
                truth,
                scores,
                clients if name in ("any", *CLIENT_FAMILIES) else therapists,
                groups,
                point,
                resamples,
            )
            for name in TARGETS
        },
        "codes": {
            id: _code(truth[:, i], scores[:, i], clients if i in _client_columns() else therapists)
            for i, id in enumerate(CODES)
        },
    }


def _origin(seen: int, total: int) -> str:
    if not seen:
        return "the shipped model, which has not seen these sessions"
    if seen == total:
        return "cross-validation: each session is scored by models that did not see it"
    return f"cross-validation for {seen} sessions of the training data, the shipped model else"


def _roles(scored: Sequence[Scored], role: str) -> Any:
    import numpy as np

    return np.array([t.role == role for s in scored for t in s.labelled.session.turns], bool)


@cache
def _client_columns() -> frozenset[int]:
    return frozenset(c for family in CLIENT_FAMILIES for c in columns(family))


def target_scores(name: str, codes: Array) -> Any:
    """The probability of a target from the codes' probabilities (n, 26)."""
    import numpy as np

    families = family_scores(codes)
    parts = [families[:, FAMILIES.index(f)] for f in TARGETS[name]]
    return 1 - np.prod([1 - p for p in parts], axis=0)


def target_flags(name: str, codes: Array, point: OperatingPoint) -> Any:
    """Whether a target is decided at this operating point (n,)."""
    import numpy as np

    families = family_scores(codes)
    index = [FAMILIES.index(f) for f in TARGETS[name]]
    return np.any([families[:, i] >= point.decide[FAMILIES[i]] for i in index], axis=0)


def _family(
    name: str, truth: Any, scores: Any, turns: Any, groups: Any, point: Any, resamples: int
) -> dict[str, Any]:
    own = [c for family in TARGETS[name] for c in columns(family)]
    labels, chance = truth[:, own].any(1), target_scores(name, scores)
    flagged = target_flags(name, scores, point)
    parts = [group[turns[group]] for group in groups]
    y, p = labels[turns], chance[turns]
    ap = bootstrap(lambda i: average_precision(labels[i], chance[i]), parts, n=resamples)
    f1 = bootstrap(lambda i: decisions(labels[i], flagged[i])["f1"], parts, n=resamples)
    return {
        "n": int(turns.sum()),
        "positives": int(y.sum()),
        "prevalence": float(y.mean()) if len(y) else float("nan"),
        "auc": roc_auc(y, p),
        "average_precision": average_precision(y, p),
        "average_precision_95": ap,
        **decisions(y, flagged[turns]),
        "f1_95": f1,
        "brier": brier(y, p),
        "calibration_error": calibration_error(y, p),
        "calibration": calibration_curve(y, p),
        "unproven": bool(y.sum() < FEW),
    }


def _code(truth: Any, chance: Any, turns: Any) -> dict[str, Any]:
    y, p = truth[turns], chance[turns]
    return {
        "positives": int(y.sum()),
        "auc": roc_auc(y, p),
        "average_precision": average_precision(y, p),
        "unproven": bool(y.sum() < FEW),
    }
