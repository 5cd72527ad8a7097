"""`python -m training.train`: encoder, heads, last stage, thresholds, out-of-fold scores, card.

Steps, each on sessions, never on single turns:
1. export the encoder to int8 ONNX; encode every turn with it, once, alone;
2. grouped cross-validation: heads on four fifths, raw scores on the last fifth (out of fold);
3. fit the last stage on out-of-fold scores; cross-fitted again for the figures;
4. choose thresholds for the aimed precision; measure what they give;
5. train the shipped heads on everything; write weights, card and thresholds.
"""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch

from reattune.calibration import Stage, calibrate
from reattune.codebook import CODES, FAMILIES
from reattune.features import CUES, SHIFTS
from reattune.labelled import fingerprint
from training.corpora import Item, assign_folds, load_corpora
from training.encoder import export_encoder, load_base, vectors_of
from training.head import Example, Settings, export_head, predict, reach, train_ensemble
from training.measure import measure_points
from training.parts import carries_of, examples_of, shifts_of
from training.stage import REAL_DENSITY, SHARED, choose_thresholds, fit_stage

PACKAGE = Path(__file__).parents[1] / "src" / "reattune"
WEIGHTS = PACKAGE / "weights"
FOLDS = 5
NAME, VERSION = "minilm-conv", "1"


@dataclass(frozen=True, slots=True)
class Fold:
    """What the last stage is fitted on: out-of-fold raw scores and labels of every session."""

    items: list[Item]
    folds: list[int]
    raw: list[np.ndarray]

    def stack(self, keep: list[int]) -> tuple[np.ndarray, ...]:
        """raw, shifts, carries, codes, major of the named sessions, turn upon turn."""
        rows = [self.items[i] for i in keep]
        return (
            np.concatenate([self.raw[i] for i in keep]),
            np.concatenate([shifts_of(item) for item in rows]),
            np.concatenate([carries_of(item) for item in rows]),
            np.concatenate([item.labelled.codes for item in rows]),
            np.concatenate([item.labelled.major for item in rows]),
        )

    def real(self, *, without: int | None = None) -> list[int]:
        """Sessions at real density, leaving out one fold."""
        return [
            i
            for i, item in enumerate(self.items)
            if item.corpus in REAL_DENSITY and self.folds[i] != without
        ]


def cross_validate(items: list[Item], examples: list[Example], settings: Settings) -> Fold:
    """Out-of-fold raw scores of every session; folds run side by side, one a processor."""
    folds = assign_folds(items, FOLDS)
    raw: list[Any] = [None] * len(items)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for fold, found in enumerate(
            pool.map(
                left_out, *zip(*((k, folds, examples, settings) for k in range(FOLDS)), strict=True)
            )
        ):
            for i, one in found.items():
                raw[i] = one
            print(f"  fold {fold + 1} of {FOLDS} done", flush=True)
    return Fold(items, folds, raw)


def left_out(
    fold: int, folds: list[int], examples: list[Example], settings: Settings
) -> dict[int, np.ndarray]:
    """Raw scores of the sessions of one fold by heads trained on the others."""
    torch.set_num_threads(1)
    seen = [e for e, own in zip(examples, folds, strict=True) if own != fold]
    ensemble = train_ensemble(seen, settings)
    return {i: predict(ensemble, examples[i]) for i, own in enumerate(folds) if own == fold}


def calibrate_out_of_fold(fold: Fold) -> list[np.ndarray]:
    """Scores of every session by a stage that was fitted without its fold."""
    stages = [fit_stage(*fold.stack(fold.real(without=k))) for k in range(FOLDS)]
    return [
        calibrate(fold.raw[i], shifts_of(item), carries_of(item), stages[fold.folds[i]]).codes
        for i, item in enumerate(fold.items)
    ]


def write_out_of_fold(items: list[Item], scores: list[np.ndarray], folder: Path) -> None:
    """out_of_fold.npz: fingerprints, lengths and float16 scores, without any words."""
    np.savez_compressed(
        folder / "out_of_fold.npz",
        fingerprints=np.array([fingerprint(item.labelled.session) for item in items]),
        lengths=np.array([len(row) for row in scores]),
        scores=np.concatenate(scores).astype(np.float16),
    )


def write_card(folder: Path, stage: Stage, settings: Settings, items: list[Item]) -> None:
    """model.json: what the weights are, their hashes, and the last stage's numbers."""
    names = ("encoder.onnx", "head.onnx", "vocab.txt", "out_of_fold.npz")
    corpora = sorted({item.corpus for item in items})
    card = {
        "name": NAME,
        "version": VERSION,
        "codes": CODES,
        "families": FAMILIES,
        "cues": list(CUES),
        "shifts": list(SHIFTS),
        "stage": asdict(stage),
        "settings": asdict(settings),
        "reach": reach(settings),
        "trained_on": {c: sum(item.corpus == c for item in items) for c in corpora},
        "onnxruntime": onnxruntime.__version__,
        "sha256": {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in names},
    }
    (folder / "model.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")


def write_thresholds(points: dict[str, Any]) -> None:
    """thresholds.toml, the one table, with what each operating point was measured to do."""
    lines = [
        "# Written by training/train.py. From which probability of its family a turn is flagged,",
        "# chosen on out-of-fold scores of sessions at real density for the aimed precision, and",
        "# what was measured there on AnnoMI's real transcripts (cross-validated).",
        "",
        "[shared]",
        *[f"{key} = {value}" for key, value in SHARED.items()],
    ]
    for name, point in points.items():
        lines += ["", f"[points.{name}.decide]"]
        lines += [f"{key} = {value}" for key, value in point["decide"].items()]
        lines += ["", f"[points.{name}.measured]"]
        lines += [f"{key} = {value:.3f}" for key, value in point["measured"].items()]
    (PACKAGE / "thresholds.toml").write_text("\n".join(lines) + "\n", "utf-8")


def measured_on(items: list[Item]) -> str:
    """The corpus nearest to real sessions that is at hand."""
    return "annomi" if any(item.corpus == "annomi" for item in items) else "plain"


def main(settings: Settings | None = None) -> None:
    """Make the weights."""
    settings = settings or Settings()
    items = load_corpora()
    export_encoder(load_base(), WEIGHTS)
    texts = [turn.text for item in items for turn in item.labelled.session.turns]
    vectors = vectors_of(texts, WEIGHTS)
    examples = examples_of(items, vectors, settings.annomi)
    fold = cross_validate(items, examples, settings)
    stage = fit_stage(*fold.stack(fold.real()))
    scores = calibrate_out_of_fold(fold)
    keep = fold.real()
    _, _, carries, codes, _ = fold.stack(keep)
    decide = choose_thresholds(np.concatenate([scores[i] for i in keep]), codes, carries)
    export_head(train_ensemble(examples, settings), len(CUES), WEIGHTS)
    write_out_of_fold(items, scores, WEIGHTS)
    write_card(WEIGHTS, stage, settings, items)
    (WEIGHTS / "encoder.fp32.onnx").unlink(missing_ok=True)
    judged = [i for i, item in enumerate(items) if item.corpus == measured_on(items)]
    rows = [items[i].labelled for i in judged]
    write_thresholds(measure_points(decide, rows, [scores[i] for i in judged]))


if __name__ == "__main__":
    main()
