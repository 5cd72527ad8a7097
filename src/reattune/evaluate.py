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

from reattune.agreement import agreement, cohen_kappa
from reattune.calibration import family_scores
from reattune.codebook import CLIENT_FAMILIES, CODES, FAMILIES, code, columns
from reattune.errors import InputError
from reattune.features import contexts, words
from reattune.judging import episode_figures, judge_session
from reattune.labelled import Labelled, fingerprint
from reattune.metrics import (
    average_precision,
    bootstrap,
    brier,
    calibration_curve,
    calibration_error,
    decisions,
    precision_recall,
    ratio,
    roc_auc,
)
from reattune.model import WEIGHTS, MarkerModel, Progress, load_model
from reattune.pipeline import score
from reattune.thresholds import DEFAULT_POINT, OperatingPoint, load_points, operating_point

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

SCHEMA = "reattune.evaluation/1"
TARGETS: dict[str, tuple[str, ...]] = {"any": CLIENT_FAMILIES, **{f: (f,) for f in FAMILIES}}
"""What is judged: any client marker, and each family."""

FEW = 20  # positives; a figure that rests on fewer is marked unproven


PREVALENCES = (0.05, 0.10, 0.20)  # shares of marked turns for which the ppv is worked out


@dataclass(frozen=True, slots=True)
class Scored:
    """A labelled session, its probabilities (n_turns, 26), those of major intensity (n_turns,).

    `out_of_fold` says that they are by models that did not see the session.
    """

    labelled: Labelled
    scores: Array
    major: Array
    out_of_fold: bool


def evaluate(
    labelled: Sequence[Labelled],
    *,
    point: str = DEFAULT_POINT,
    resamples: int = 500,
    second: Sequence[Labelled] = (),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Figures by family, code, operating point and episode, schema "reattune.evaluation/1".

    `resamples` bootstrap draws over sessions give the 95% intervals of average precision, F1 and
    kappa. `second` holds another coder's labels of some of the sessions, matched by id.
    Raises InputError where a second coding is of other turns.
    """
    scored = []
    for done, session in enumerate(labelled, 1):
        scored.append(score_labelled(session))
        if progress:
            progress(done, len(labelled))
    result = figures(scored, operating_point(point), resamples=resamples, by=load_model().by)
    if second:
        result["agreement"] = compare_codings(labelled, second, resamples=resamples)
    return result


def score_labelled(labelled: Labelled) -> Scored:
    """Scores of one labelled session: out of fold if the weights have seen it."""
    known = out_of_fold().get(fingerprint(labelled.session))
    if known is not None:
        return Scored(labelled, known[:, :-1], known[:, -1], True)
    model: MarkerModel = load_model()
    _, found = score(labelled.session, contexts(labelled.session), model)
    return Scored(labelled, found.codes, found.major, False)


@cache
def out_of_fold() -> dict[str, Array]:
    """Fingerprint of each training session -> its scores by models that did not see it.

    float32 (n_turns, 27): the codes' probabilities, then that of major intensity.
    """
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
    table = Table.of(scored)
    seen = sum(s.out_of_fold for s in scored)
    return {
        "schema": SCHEMA,
        "model": by,
        "operating_point": point.name,
        "sessions": len(scored),
        "turns": len(table.truth),
        "judged_turns": int(table.judged.sum()),
        "out_of_fold_sessions": seen,
        "scores_from": _origin(seen, len(scored)),
        "families": {name: _family(name, table, point, resamples) for name in TARGETS},
        "codes": {id: _code(table, i) for i, id in enumerate(CODES)},
        "points": {name: point_figures(scored, own) for name, own in load_points().items()},
    }


@dataclass(frozen=True, slots=True)
class Table:
    """All sessions' turns, one upon the other; `groups` hold the turn numbers of each session."""

    truth: Any
    scores: Any
    judged: Any
    client: Any
    therapist: Any
    words: Any
    groups: list[Any]

    @classmethod
    def of(cls, scored: Sequence[Scored]) -> Table:
        """The table of these sessions."""
        import numpy as np

        sizes = np.cumsum([0] + [len(s.scores) for s in scored])
        turns = [turn for s in scored for turn in s.labelled.session.turns]
        judged = np.concatenate([s.labelled.judged for s in scored])
        return cls(
            np.concatenate([s.labelled.codes for s in scored]),
            np.concatenate([s.scores for s in scored]),
            judged,
            np.array([turn.role == "client" for turn in turns], bool) & judged,
            np.array([turn.role == "therapist" for turn in turns], bool) & judged,
            np.array([len(words(turn.text)) for turn in turns], float),
            [np.arange(a, b) for a, b in pairwise(sizes)],
        )

    def turns(self, name: str) -> Any:
        """Which turns can carry a family, or a target of TARGETS."""
        return self.client if name in ("any", *CLIENT_FAMILIES) else self.therapist


def _origin(seen: int, total: int) -> str:
    if not seen:
        return "the shipped model, which has not seen these sessions"
    if seen == total:
        return "cross-validation: each session is scored by models that did not see it"
    return f"cross-validation for {seen} sessions of the training data, the shipped model else"


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


def labels_of(name: str, codes: Any) -> Any:
    """Whether any code of a target is labelled (n,)."""
    return codes[:, [c for family in TARGETS[name] for c in columns(family)]].any(1)


def _family(name: str, table: Table, point: OperatingPoint, resamples: int) -> dict[str, Any]:
    labels, chance = labels_of(name, table.truth), target_scores(name, table.scores)
    flagged, turns = target_flags(name, table.scores, point), table.turns(name)
    parts = [group[turns[group]] for group in table.groups]
    y, p, said = labels[turns], chance[turns], table.words[turns]
    decided = decisions(y, flagged[turns])
    return {
        "n": int(turns.sum()),
        "positives": int(y.sum()),
        "prevalence": ratio(int(y.sum()), len(y)),
        "auc": roc_auc(y, p),
        "average_precision": average_precision(y, p),
        "average_precision_95": bootstrap(
            lambda i: average_precision(labels[i], chance[i]), parts, n=resamples
        ),
        **decided,
        "f1_95": bootstrap(lambda i: decisions(labels[i], flagged[i])["f1"], parts, n=resamples),
        "ppv_at": ppv_at(decided),
        "always_flag_f1": decisions(y, y | True)["f1"],
        "length_alone_average_precision": max(
            average_precision(y, -said), average_precision(y, said)
        ),
        "brier": brier(y, p),
        "calibration_error": calibration_error(y, p),
        "calibration": calibration_curve(y, p),
        "precision_recall": precision_recall(y, p),
        "unproven": bool(y.sum() < FEW),
    }


def ppv_at(decided: dict[str, float]) -> dict[str, float]:
    """Prevalence -> the share of flags that would be right, at this sensitivity and specificity."""
    found, quiet = decided["sensitivity"], decided["specificity"]
    return {f"{p:.2f}": ratio(found * p, found * p + (1 - quiet) * (1 - p)) for p in PREVALENCES}


def _code(table: Table, column: int) -> dict[str, Any]:
    role = code(CODES[column]).role
    turns = table.client if role == "client" else table.therapist
    y, p = table.truth[turns][:, column], table.scores[turns][:, column]
    return {
        "positives": int(y.sum()),
        "auc": roc_auc(y, p),
        "average_precision": average_precision(y, p),
        "unproven": bool(y.sum() < FEW),
    }


def point_figures(scored: Sequence[Scored], point: OperatingPoint) -> dict[str, Any]:
    """What one operating point does: turns by target, episodes where all turns were judged."""
    table, decided = Table.of(scored), {}
    for name in TARGETS:
        turns = table.turns(name)
        flags = target_flags(name, table.scores, point)[turns]
        row = decisions(labels_of(name, table.truth)[turns], flags)
        decided[name] = {**row, "ppv_at": ppv_at(row)}
    whole = [s for s in scored if s.labelled.judged.all()]
    judged = [judge_session(s.labelled, s.scores, s.major, point) for s in whole]
    return {"families": decided, "episodes": episode_figures(judged) if judged else None}


def compare_codings(
    first: Sequence[Labelled], second: Sequence[Labelled], *, resamples: int
) -> dict[str, Any]:
    """Agreement of two coders, turn by turn, over the sessions that both coded.

    By target and code: counts, share agreed, kappa (with a 95% interval for targets), PABAK, AC1.
    """
    import numpy as np

    again = {row.id: row for row in second}
    pairs = [(row, again[row.id]) for row in first if row.id in again]
    if not pairs:
        raise InputError(
            "second-coder-mismatch",
            "The second coder's file holds none of the sessions of the first.",
            remedy="Give both files the same session ids.",
        )
    for one, two in pairs:
        _same_turns(one, two)
    codes = [np.concatenate([pair[k].codes for pair in pairs]) for k in (0, 1)]
    both = np.concatenate([one.judged & two.judged for one, two in pairs])
    roles = np.array([t.role for one, _ in pairs for t in one.session.turns])
    sizes = np.cumsum([0] + [len(one.codes) for one, _ in pairs])

    def agree(role: str, one: Any, two: Any, n: int) -> dict[str, Any]:
        turns = both & (roles == role)
        groups = [np.flatnonzero(turns[a:b]) + a for a, b in pairwise(sizes)]
        interval = bootstrap(lambda i: cohen_kappa(one[i], two[i]), groups, n=n)
        return {**agreement(one[turns], two[turns]), "kappa_95": interval}

    return {
        "sessions": len(pairs),
        "families": {
            name: agree(
                "client" if TARGETS[name][0] in CLIENT_FAMILIES else "therapist",
                labels_of(name, codes[0]),
                labels_of(name, codes[1]),
                resamples,
            )
            for name in TARGETS
        },
        "codes": {
            id: agree(code(id).role, codes[0][:, i], codes[1][:, i], 0)
            for i, id in enumerate(CODES)
        },
    }


def _same_turns(one: Labelled, two: Labelled) -> None:
    """InputError unless both codings are of the same turns."""
    if fingerprint(one.session) != fingerprint(two.session):
        raise InputError(
            "second-coder-mismatch",
            "The two coders' files do not hold the same turns of this session.",
            where=one.id,
            remedy="Give both files the same words and speakers, turn by turn.",
        )
