"""`python -m training.train`: encoder, heads, last stage, thresholds, out-of-fold scores, card.

Steps, each on sessions, never on single turns:
1. grouped cross-validation: for each fold tune the encoder on the others, export it to int8 ONNX,
   encode every turn with it, once, alone, train heads, score the sessions left out (out of fold);
2. fit the last stage on out-of-fold scores; cross-fitted again for the figures;
3. choose thresholds for the aimed precision; measure what they give;
4. build encoder and heads on everything, compare int8 with torch; write weights, card, thresholds.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from reattune.calibration import Stage, calibrate
from reattune.codebook import CODES, FAMILIES
from reattune.evaluate import FEW, Scored
from reattune.features import CUES, SHIFTS
from reattune.labelled import fingerprint
from training.agree import compare, unseen
from training.corpora import Item, assign_folds, load_corpora
from training.encoder import CACHE, export_encoder, load_base, vectors_of
from training.finetune import Copy, Tuning, fine_tune
from training.head import (
    Ensemble,
    Settings,
    export_head,
    predict,
    reach,
    train_ensemble,
    train_head,
)
from training.measure import measure_points
from training.parts import carries_of, examples_of, in_dresses, shifts_of, texts_of
from training.stage import PRECISION, REAL_DENSITY, SHARED, choose_thresholds, fit_stage

PACKAGE = Path(__file__).parents[1] / "src" / "reattune"
WEIGHTS = PACKAGE / "weights"
WARM_EPOCHS = 12  # of the head on the base encoder's vectors, before both are tuned
NAME, VERSION = "minilm-conv", "2"


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides the weights, beside the data."""

    settings: Settings = field(default_factory=Settings)
    tuning: Tuning = field(default_factory=Tuning)
    folds: int = 3
    part: float = 1.0  # of the sessions of each corpus that are trained on, for learning curves

    def stamp(self, items: list[Item]) -> str:
        """16 hex digits that change with the plan, the sessions and their labels."""
        digest = hashlib.sha256(repr(self).encode())
        for item in items:
            digest.update(fingerprint(item.labelled.session).encode())
            digest.update(item.labelled.codes.tobytes() + item.labelled.major.tobytes())
        return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Built:
    """The encoder as trained, heads, and the vectors of every turn by the exported encoder."""

    encoder: Any
    heads: Ensemble
    vectors: dict[str, np.ndarray]

    def score(self, item: Item) -> np.ndarray:
        """Raw scores of a session."""
        return predict(self.heads, examples_of([item], self.vectors, 1.0)[0])


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


def build(items: list[Item], every: list[Item], plan: Plan, folder: Path) -> Built:
    """Encoder and heads from these sessions; vectors of every session, by the int8 encoder.

    A head trained on the base encoder's vectors comes first, then encoder and head are tuned
    together, the encoder is exported, and fresh heads are trained on what it really gives.
    """
    base = CACHE / "base"
    if not (base / "encoder.onnx").is_file():
        export_encoder(load_base(), base)
    worn = in_dresses(items)
    texts = [text for own in (every, *worn) for row in texts_of(own) for text in row]
    if plan.tuning.epochs:
        start = vectors_of(texts, base)
        copies = [
            Copy(texts_of(own), examples_of(own, start, plan.settings.annomi)) for own in worn
        ]
        warm = replace(plan.settings, epochs=WARM_EPOCHS)
        head = train_head([copy.examples for copy in copies], warm, 0)
        tuned = fine_tune(copies, head, plan.settings, plan.tuning)
        export_encoder(tuned, folder)
    else:
        tuned = load_base()
        shutil.copytree(base, folder, dirs_exist_ok=True)
    vectors = vectors_of(texts, folder)
    seen = [examples_of(own, vectors, plan.settings.annomi) for own in worn]
    return Built(tuned, train_ensemble(seen, plan.settings), vectors)


def part_of_each(items: list[Item], plan: Plan) -> list[Item]:
    """The plan's share of each corpus, by a fixed shuffle; a smaller share lies in a larger."""
    found: list[Item] = []
    for corpus in sorted({item.corpus for item in items}):
        own = [item for item in items if item.corpus == corpus]
        order = np.random.default_rng(7).permutation(len(own))
        found += [own[i] for i in order[: round(plan.part * len(own))]]
    return items if plan.part == 1 else found


def cross_validate(items: list[Item], plan: Plan) -> Fold:
    """Out-of-fold raw scores of every session; finished folds are kept in the cache."""
    folds = assign_folds(items, plan.folds)
    raw: list[Any] = [None] * len(items)
    for k in range(plan.folds):
        begun, path = time.time(), CACHE / f"fold-{plan.stamp(items)}-{k}.npz"
        if not path.is_file():
            seen = part_of_each([i for i, own in zip(items, folds, strict=True) if own != k], plan)
            built = build(seen, items, plan, CACHE / f"encoder-{k}")
            export_head(built.heads, len(CUES), CACHE / f"encoder-{k}")
            left = {str(i): built.score(items[i]) for i, own in enumerate(folds) if own == k}
            np.savez(path, **left)
        with np.load(path) as found:
            for i in found.files:
                raw[int(i)] = found[i]
        print(f"  fold {k + 1} of {plan.folds}: {time.time() - begun:.0f} s", flush=True)
    return Fold(items, folds, raw)


def calibrate_out_of_fold(fold: Fold) -> list[Scored]:
    """Scores of every session by a stage that was fitted without its fold."""
    stages = [fit_stage(*fold.stack(fold.real(without=k))) for k in range(max(fold.folds) + 1)]
    found = []
    for item, raw, own in zip(fold.items, fold.raw, fold.folds, strict=True):
        scores = calibrate(raw, shifts_of(item), carries_of(item), stages[own])
        found.append(Scored(item.labelled, scores.codes, scores.major, True))
    return found


def write_out_of_fold(scored: list[Scored], folder: Path) -> None:
    """out_of_fold.npz: fingerprints, lengths and float16 scores, without any words.

    A row a turn: the probabilities of the codes, then that of major intensity.
    """
    rows = [np.column_stack([s.scores, s.major]) for s in scored]
    np.savez_compressed(
        folder / "out_of_fold.npz",
        fingerprints=np.array([fingerprint(s.labelled.session) for s in scored]),
        lengths=np.array([len(row) for row in rows]),
        scores=np.concatenate(rows).astype(np.float16),
    )


def write_card(
    folder: Path, stage: Stage, plan: Plan, items: list[Item], agreement: dict[str, float]
) -> None:
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
        "settings": asdict(plan.settings),
        "tuning": asdict(plan.tuning),
        "folds": plan.folds,
        "reach": reach(plan.settings),
        "trained_on": {c: sum(item.corpus == c for item in items) for c in corpora},
        "onnxruntime": onnxruntime.__version__,
        "int8_against_torch": agreement,
        "sha256": {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in names},
    }
    (folder / "model.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")


def unproven(scored: list[Scored]) -> list[str]:
    """Codes with fewer than FEW labelled turns in these sessions."""
    counts = np.sum([s.labelled.codes.sum(0) for s in scored], axis=0)
    return [id for id, n in zip(CODES, counts, strict=True) if n < FEW]


def write_thresholds(points: dict[str, Any], codes: list[str]) -> None:
    """thresholds.toml, the one table, with what each operating point was measured to do.

    `codes` are the unproven ones.
    """
    lines = [
        "# Written by training/train.py. From which probability of its family a turn is flagged,",
        "# chosen on out-of-fold scores of sessions at real density for the aimed precision, and",
        "# what was measured there on AnnoMI's real transcripts (cross-validated).",
        "# unproven: codes with fewer than 20 labelled turns there.",
        "",
        "unproven = [",
        *[f'  "{id}",' for id in codes],
        "]",
        "",
        "[shared]",
        *[f"{key} = {value}" for key, value in SHARED.items()],
    ]
    for name, point in points.items():
        lines += ["", f"[points.{name}]", f"aim = {PRECISION[name]}"]
        lines += ["", f"[points.{name}.decide]"]
        lines += [f"{key} = {value}" for key, value in point["decide"].items()]
        lines += ["", f"[points.{name}.measured]"]
        lines += [f"{key} = {value:.3f}" for key, value in point["measured"].items()]
    (PACKAGE / "thresholds.toml").write_text("\n".join(lines) + "\n", "utf-8")


def measured_on(items: list[Item]) -> str:
    """The corpus nearest to real sessions that is at hand."""
    return "annomi" if any(item.corpus == "annomi" for item in items) else "plain"


def main(plan: Plan | None = None) -> None:
    """Make the weights."""
    plan = plan or Plan()
    items = load_corpora()
    CACHE.mkdir(exist_ok=True)
    fold = cross_validate(items, plan)
    stage = fit_stage(*fold.stack(fold.real()))
    scored = calibrate_out_of_fold(fold)
    keep = fold.real()
    _, _, carries, codes, _ = fold.stack(keep)
    decide = choose_thresholds(np.concatenate([scored[i].scores for i in keep]), codes, carries)
    built = build(items, [*items, *unseen()], plan, WEIGHTS)
    export_head(built.heads, len(CUES), WEIGHTS)
    write_out_of_fold(scored, WEIGHTS)
    agreement = compare(built.encoder, built.heads, built.vectors, stage, decide)
    print(f"int8 against torch: {agreement}", flush=True)
    write_card(WEIGHTS, stage, plan, items, agreement)
    corpus = measured_on(items)
    judged = [s for s, item in zip(scored, items, strict=True) if item.corpus == corpus]
    write_thresholds(measure_points(decide, judged), unproven(judged))


if __name__ == "__main__":
    main()
