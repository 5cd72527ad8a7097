"""`python -m training.compare name=value tune_name=value ...`: ranking of one variant.

The encoder stays as it is unless tune_epochs is given; plan_part=0.5 trains on half of the
sessions.

Prints average precision by corpus and family for the settings named, with the others as shipped;
with 95% intervals over sessions. Lines of training/RESULTS.md are made with it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import Any

from reattune.evaluate import Scored
from reattune.evaluate import figures as evaluation
from reattune.thresholds import DEFAULT_POINT, operating_point
from training.corpora import WRITTEN, load_corpora
from training.finetune import Tuning
from training.head import Settings
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


def row_of(scored: list[Scored]) -> str:
    """Average precision of each target."""
    families = evaluation(scored, operating_point(DEFAULT_POINT), resamples=200, by="")["families"]
    cells = []
    for name, row in families.items():
        low, high = row["average_precision_95"]
        cells.append(f"{name} {row['average_precision']:.3f} ({low:.2f}-{high:.2f})")
    return " | ".join(cells)


def main() -> None:
    """Run one variant and print a row a corpus."""
    start, named = time.time(), sys.argv[1:]
    settings = parse(named, Settings())
    tuning = parse(named, Tuning(epochs=0), "tune_")
    plan = parse(named, Plan(settings, tuning), "plan_")
    items = load_corpora()
    scored = calibrate_out_of_fold(cross_validate(items, plan))
    for corpus in ("annomi", *WRITTEN):
        own = [s for s, item in zip(scored, items, strict=True) if item.corpus == corpus]
        if own:
            print(f"{corpus:8s} | {row_of(own)}", flush=True)
    print(f"{' '.join(named) or 'as shipped'}: {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
