"""`python -m training.compare name=value tune_name=value ...`: ranking of one variant.

The encoder stays as it is unless tune_epochs is given.

Prints average precision by corpus and family for the settings named, with the others as shipped.
The lines of training/RESULTS.md are made with it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np

from reattune.codebook import columns
from reattune.evaluate import TARGETS, target_scores
from reattune.metrics import average_precision
from training.corpora import load_corpora
from training.finetune import Tuning
from training.head import Settings
from training.parts import carries_of
from training.train import Plan, calibrate_out_of_fold, cross_validate


def parse(arguments: list[str], defaults: Any, prefix: str = "") -> Any:
    """The defaults with the named fields changed; tuples as 1,2,4."""
    made = defaults
    for name, value in (argument.split("=") for argument in arguments):
        field = name.removeprefix(prefix)
        if not name.startswith(prefix) or not hasattr(defaults, field):
            continue
        kind = type(getattr(defaults, field))
        typed = tuple(map(int, value.split(","))) if kind is tuple else kind(value)
        made = replace(made, **{field: typed})
    return made


def main() -> None:
    """Run one variant and print a row a corpus."""
    start = time.time()
    settings, tuning = (
        parse(sys.argv[1:], Settings()),
        parse(sys.argv[1:], Tuning(epochs=0), "tune_"),
    )
    items = load_corpora()
    fold = cross_validate(items, Plan(settings, tuning))
    scored = calibrate_out_of_fold(fold)
    for corpus in ("annomi", "plain", "further", "written"):
        keep = [i for i, item in enumerate(items) if item.corpus == corpus]
        codes = np.concatenate([items[i].labelled.codes for i in keep])
        carries = np.concatenate([carries_of(items[i]) for i in keep])
        stacked = np.concatenate([scored[i].scores for i in keep])
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
