"""Fitting the last stage and the thresholds to what a user confirmed, dismissed or coded.

Two numbers a family: slope and intercept on the log odds of the shipped probability (logistic
recalibration, Cox 1958), held near "no change" by a normal prior, so that few judgements move
little. Thresholds follow by the shipped rule, the lowest with the aimed share of right flags.
A family is refitted only with enough judgements, and only if that predicts sessions held out
better than the shipped calibration. Sessions that trained the weights are scored out of fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reattune.calibration import adjusted, family_scores, log_odds, sigmoid
from reattune.codebook import FAMILIES, codes_for, columns
from reattune.errors import InputError
from reattune.evaluate import Scored, score_labelled
from reattune.labelled import Labelled
from reattune.metrics import (
    brier,
    calibration_error,
    decisions,
    log_loss,
    lowest_threshold,
)
from reattune.model import Progress, load_model
from reattune.recalibration import Recalibration
from reattune.thresholds import DEFAULT_POINT, load_points
from reattune.types import Family

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.floating[Any]]

FEWEST_TURNS = 40  # judged turns of a family
FEWEST_EACH = 8  # of them with a marker of it, and without
FEWEST_SESSIONS = 5  # with judged turns
FEWEST_FLAGS = 20  # precision over fewer is not trusted when a threshold is chosen
FOLDS = 5
PRIOR = (0.5, 1.0)  # standard deviations of slope around 1 and of intercept around 0
SLOPES = (0.3, 3.0)  # a slope beyond is held there
SHIFT = 2.0  # a threshold moves to at most this many times the shipped one, or that part of it
HIGHEST = 0.95  # threshold


@dataclass(frozen=True, slots=True)
class Turns:
    """The judged turns of one family: shipped probability, label, session number."""

    chance: Floats
    truth: Bools
    session: npt.NDArray[np.int64]

    def part(self, keep: Bools) -> Turns:
        """The turns where `keep` is true."""
        return Turns(self.chance[keep], self.truth[keep], self.session[keep])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one family: `refitted`, or why not; figures on held-out sessions, both ways.

    `ppv` is the share of right flags after it, by operating point.
    """

    refitted: bool
    why: str
    judged: int
    marked: int
    before: dict[str, float]
    after: dict[str, float]
    ppv: dict[str, float]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A recalibration to keep, or None where nothing improved, and what came of each family."""

    recalibration: Recalibration | None
    outcomes: dict[str, Outcome]


def refit(
    labelled: Sequence[Labelled], *, today: str, progress: Progress | None = None
) -> Proposal:
    """The user's own calibration from judged sessions; `today` is the date written into it.

    Raises InputError "too-few-corrections" where no family has enough judgements.
    """
    scored = []
    for done, row in enumerate(labelled, 1):
        scored.append(score_labelled(row))
        if progress:
            progress(done, len(labelled))
    judged: dict[str, Turns] = {family: judged_turns(family, scored) for family in FAMILIES}
    outcomes = {family: compare(family, turns) for family, turns in judged.items()}
    if not any(outcome.before for outcome in outcomes.values()):
        raise too_few(outcomes)
    kept = {family: outcome.ppv for family, outcome in outcomes.items() if outcome.refitted}
    return Proposal(make(kept, judged, scored, today) if kept else None, outcomes)


def make(
    kept: dict[str, dict[str, float]],
    judged: dict[str, Turns],
    scored: Sequence[Scored],
    today: str,
) -> Recalibration:
    """The recalibration of the families in `kept`, fitted on all judged turns.

    `kept` holds the share of right flags on held-out sessions, by family and operating point.
    """
    model = load_model()
    fits = {family: fit(judged[family]) for family in kept}
    return Recalibration(
        model=model.by,
        weights=model.stamp,
        made=today,
        sessions=sum(bool(s.labelled.judged.any()) for s in scored),
        turns=int(sum(s.labelled.judged.sum() for s in scored)),
        families=fits,
        decide={
            point: {
                family: threshold(family, judged[family], fits[family], point) for family in kept
            }
            for point in load_points()
        },
        ppv={
            point: {family: own[point] for family, own in kept.items()} for point in load_points()
        },
    )


def judged_turns(family: Family, scored: Sequence[Scored]) -> Turns:
    """Every judged turn whose speaker can carry the family."""
    import numpy as np

    own, index = list(columns(family)), FAMILIES.index(family)
    role = "client" if own[0] in codes_for("client") else "therapist"
    parts = []
    for number, s in enumerate(scored):
        turns = s.labelled.session.turns
        keep = np.array([turn.role == role for turn in turns], bool) & s.labelled.judged
        chance = family_scores(s.scores)[keep, index]
        truth = s.labelled.codes[keep][:, own].any(1)
        parts.append((chance, truth, np.full(len(chance), number)))
    return Turns(*(np.concatenate(columns_) for columns_ in zip(*parts, strict=True)))


def lacking(turns: Turns) -> str:
    """What these judgements lack for a refit, in words; empty if nothing."""
    sessions, marked = len(set(turns.session.tolist())), int(turns.truth.sum())
    counts = (
        (len(turns.truth), FEWEST_TURNS, "judged turns"),
        (marked, FEWEST_EACH, "turns with a marker"),
        (len(turns.truth) - marked, FEWEST_EACH, "turns without"),
        (sessions, FEWEST_SESSIONS, "sessions"),
    )
    return ", ".join(f"{have} of {need} {what}" for have, need, what in counts if have < need)


def compare(family: str, turns: Turns) -> Outcome:
    """Shipped against refitted calibration on sessions held out."""
    counts = (len(turns.truth), int(turns.truth.sum()))
    short = lacking(turns)
    if short:
        return Outcome(False, f"too few: {short}", *counts, {}, {}, {})
    chance, flags = cross_fitted(family, turns)
    shipped = turns.chance >= load_points()[DEFAULT_POINT].decide[family]
    before = measures(turns.truth, turns.chance, shipped)
    after = measures(turns.truth, chance, flags[DEFAULT_POINT])
    better = after["log_loss"] < before["log_loss"]
    why = "predicts held-out sessions better" if better else "no better on held-out sessions"
    ppv = {point: decisions(turns.truth, own)["ppv"] for point, own in flags.items()}
    return Outcome(better, why, *counts, before, after, ppv)


def measures(truth: Bools, chance: Floats, flagged: Bools) -> dict[str, float]:
    """What is shown before and after."""
    decided = decisions(truth, flagged)
    return {
        "log_loss": log_loss(truth, chance),
        "brier": brier(truth, chance),
        "calibration_error": calibration_error(truth, chance),
        "flags": decided["true_flags"] + decided["false_flags"],
        "ppv": decided["ppv"],
        "sensitivity": decided["sensitivity"],
    }


def cross_fitted(family: str, turns: Turns) -> tuple[Floats, dict[str, Bools]]:
    """Probabilities, and flags by operating point, each by a fit without the turn's session."""
    import numpy as np

    sessions = np.unique(turns.session)
    dealt = np.random.default_rng(0).permutation(len(sessions)) % FOLDS
    fold = dealt[np.searchsorted(sessions, turns.session)]
    chance = turns.chance.astype(float)
    flags = {point: np.zeros(len(fold), bool) for point in load_points()}
    for k in range(FOLDS):
        seen, left = turns.part(fold != k), fold == k
        found = fit(seen)
        chance[left] = adjusted(turns.chance[left], *found)
        for point, own in flags.items():
            own[left] = chance[left] >= threshold(family, seen, found, point)
    return chance, flags


def fit(turns: Turns) -> tuple[float, float]:
    """Slope and intercept of highest posterior, by Newton's method."""
    import numpy as np

    inputs = np.column_stack([log_odds(turns.chance), np.ones(len(turns.chance))])
    start, precision = np.array([1.0, 0.0]), 1 / np.square(PRIOR)
    weights = start.copy()
    for _ in range(50):
        chance = sigmoid(inputs @ weights)
        gradient = inputs.T @ (chance - turns.truth) + precision * (weights - start)
        curvature = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return float(np.clip(weights[0], *SLOPES)), float(weights[1])


def threshold(family: str, turns: Turns, found: tuple[float, float], point: str) -> float:
    """The lowest threshold with the aimed share of right flags, within SHIFT of the shipped."""
    shipped = load_points()[point]
    lowest = lowest_threshold(
        adjusted(turns.chance, *found), turns.truth, shipped.aim, fewest=FEWEST_FLAGS
    )
    usual = shipped.decide[family]
    return min(max(lowest, usual / SHIFT), usual * SHIFT, HIGHEST)


def too_few(outcomes: dict[str, Outcome]) -> InputError:
    """The refusal, naming what each family lacks."""
    rows = "; ".join(f"{name}: {outcome.why}" for name, outcome in outcomes.items())
    return InputError(
        "too-few-corrections",
        f"Too few judgements to refit any family ({rows}).",
        remedy="Review more flags, in more sessions, and try again.",
    )
