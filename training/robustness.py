"""`python -m training.robustness`: paired texts, the same sessions in other dress, held out.

Each fold's encoder and heads, which `training.train` leaves in the cache, score the sessions they
did not see as they are and after each change of training/noise.py; the last stage is that fitted
without the fold. Written to robustness.json, which MODEL_CARD.md shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from reattune.calibration import Scores, Stage, calibrate
from reattune.evaluate import labels_of, target_flags, target_scores
from reattune.labelled import Labelled
from reattune.metrics import average_precision
from reattune.model import open_graph
from reattune.thresholds import DEFAULT_POINT, operating_point
from training import noise
from training.corpora import Item, load_corpora
from training.encoder import CACHE, load_encoder
from training.parts import carries_of, cues_of, shifts_of
from training.train import Plan, cross_validate, fit_stage

JUDGED = ("annomi", "further")  # real talk, and written talk at real density
RESULT = Path(__file__).parent / "robustness.json"

Dress = Callable[[Labelled], Labelled]


def dresses(rows: list[Labelled]) -> dict[str, Dress]:
    """Name of each change -> the change."""
    names = noise.names_in(rows)
    through = partial(noise.changed, change=noise.through_an_interpreter, client_only=True)
    return {
        "speech recognition: no punctuation, lower case, slips": plain(noise.as_heard),
        "fillers and stammer added": plain(noise.with_fillers),
        "fillers and cut-offs removed": plain(noise.without_fillers),
        "other names, genders swapped": plain(noise.other_people(names)),
        "dialect spelling": plain(noise.in_dialect),
        "second-language grammar": plain(noise.by_a_learner),
        "client through an interpreter, third person": through,
    }


def plain(change: noise.Change) -> Dress:
    """The change made to every turn."""
    return partial(noise.changed, change=change)


@dataclass(frozen=True, slots=True)
class Held:
    """A fold's model and last stage, to score what it has not seen."""

    folder: Path
    stage: Stage

    def score(self, rows: list[Item]) -> list[Scores]:
        """Calibrated scores of each session, by the exported int8 encoder and heads."""
        encode, head = load_encoder(self.folder), open_graph(self.folder / "head.onnx", threads=2)
        found = []
        for item in rows:
            vectors = np.stack([encode(t.text) for t in item.labelled.session.turns])
            feed = {"vectors": vectors[None], "cues": cues_of(item)[None]}
            raw = head.run(None, feed)[0][0]
            found.append(calibrate(raw, shifts_of(item), carries_of(item), self.stage))
        return found


@dataclass(frozen=True, slots=True)
class Judged:
    """Client turns of all held-out sessions: labels, probabilities of any marker, flags."""

    truth: np.ndarray
    chance: np.ndarray
    flags: np.ndarray


def judge(items: list[Item], scores: list[Scores]) -> Judged:
    """What the default operating point makes of these scores."""
    point = operating_point(DEFAULT_POINT)
    client = np.concatenate([carries_of(item)[:, 0] > 0 for item in items])
    codes = np.concatenate([s.codes for s in scores])[client]
    truth = np.concatenate([item.labelled.codes for item in items])[client]
    return Judged(
        labels_of("any", truth), target_scores("any", codes), target_flags("any", codes, point)
    )


def compared(before: Judged, after: Judged) -> dict[str, float]:
    """How far the same turns score otherwise."""
    return {
        "mean_change": float(np.abs(after.chance - before.chance).mean()),
        "mean_shift": float((after.chance - before.chance).mean()),
        "changed_flags": float((after.flags != before.flags).mean()),
        "flags_per_100": 100 * float(after.flags.mean()),
        "average_precision": average_precision(after.truth, after.chance),
    }


def measure(items: list[Item], folds: list[int], stages: list[Stage]) -> dict[str, object]:
    """Corpus -> change -> figures; "as it is" is the session unchanged."""
    kept = [i for i, item in enumerate(items) if item.corpus in JUDGED]
    changes = {"as it is": lambda row: row, **dresses([items[i].labelled for i in kept])}
    scored: dict[str, dict[int, Scores]] = {name: {} for name in changes}
    for k, stage in enumerate(stages):
        own = [i for i in kept if folds[i] == k]
        held = Held(CACHE / f"encoder-{k}", stage)
        for name, change in changes.items():
            worn = [replace(items[i], labelled=change(items[i].labelled)) for i in own]
            scored[name] |= dict(zip(own, held.score(worn), strict=True))
            print(f"  fold {k + 1}, {name}", flush=True)
    found: dict[str, object] = {}
    for corpus in JUDGED:
        own = [i for i in kept if items[i].corpus == corpus]
        rows = [items[i] for i in own]
        judged = {name: judge(rows, [s[i] for i in own]) for name, s in scored.items()}
        start = judged["as it is"]
        found[corpus] = {name: compared(start, after) for name, after in judged.items()}
    return found


def main() -> None:
    """Measure and write robustness.json."""
    items = load_corpora()
    fold = cross_validate(items, Plan())
    stages = [fit_stage(*fold.stack(fold.real(without=k))) for k in range(max(fold.folds) + 1)]
    RESULT.write_text(json.dumps(measure(items, fold.folds, stages), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
