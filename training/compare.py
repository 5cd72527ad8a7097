"""`python -m training.compare name=value ...`: cross-validated ranking of one variant.

Prints average precision by corpus and family for the settings named, with the others as shipped.
The lines of training/RESULTS.md are made with it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np

from reattune.codebook import columns
from reattune.evaluate import TARGETS, target_scores
from reattune.metrics import average_precision
from reattune.model import WEIGHTS
from training.corpora import load_corpora
from training.encoder import vectors_of
from training.head import Settings
from training.parts import carries_of, examples_of
from training.train import calibrate_out_of_fold, cross_validate


def parse(arguments: list[str]) -> Settings:
    """Settings with the named ones changed; tuples as 1,2,4."""
    settings = Settings()
    for argument in arguments:
        name, value = argument.split("=")
        kind = type(getattr(settings, name))
        made = tuple(map(int, value.split(","))) if kind is tuple else kind(value)
        settings = replace(settings, **{name: made})
    return settings


def main() -> None:
    """Run one variant and print a row a corpus."""
    settings, start = parse(sys.argv[1:]), time.time()
    items = load_corpora()
    texts = [turn.text for item in items for turn in item.labelled.session.turns]
    vectors = vectors_of(texts, WEIGHTS)
    fold = cross_validate(items, examples_of(items, vectors, settings.annomi), settings)
    scores = calibrate_out_of_fold(fold)
    for corpus in ("annomi", "plain", "written"):
        keep = [i for i, item in enumerate(items) if item.corpus == corpus]
        codes = np.concatenate([items[i].labelled.codes for i in keep])
        carries = np.concatenate([carries_of(items[i]) for i in keep])
        stacked = np.concatenate([scores[i] for i in keep])
        row = [f"{corpus:8s}"]
        for name, families in TARGETS.items():
            own = [c for family in families for c in columns(family)]
            turns = carries[:, own[0]] > 0
            truth, chance = codes[turns][:, own].any(1), target_scores(name, stacked[turns])
            top = stacked[turns][:, own].max(1)
            row.append(
                f"{name} {average_precision(truth, chance):.3f}/{average_precision(truth, top):.3f}"
            )
        print(" | ".join(row), flush=True)
    print(f"{' '.join(sys.argv[1:]) or 'as shipped'}: {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
