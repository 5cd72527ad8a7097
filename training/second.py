"""`python -m training.second`: agreement of a second, blind coding of a tenth of the excerpts.

Cohen's kappa by turn (Cohen 1960) for any client marker, each family, and intensity.
"""

from __future__ import annotations

import json

import numpy as np

from reattune.agreement import cohen_kappa
from reattune.codebook import CODES, columns
from reattune.evaluate import TARGETS
from reattune.labelled import Labelled, read_labelled
from training.corpora import DATA, WRITTEN


def load_second() -> list[tuple[Labelled, np.ndarray]]:
    """Each excerpt coded twice, with the second coder's codes (n, 26)."""
    rows = {
        (name, row.id): row
        for name in WRITTEN
        for row in read_labelled(DATA / f"{name}_dialogues.jsonl")
    }
    pairs = []
    for line in (DATA / "second_coding.jsonl").read_text("utf-8").splitlines():
        again = json.loads(line)
        labelled = rows[again["corpus"], again["id"]]
        codes = np.zeros_like(labelled.codes)
        for coded in again["coded"]:
            codes[coded["turn"], [CODES.index(id) for id in coded["codes"]]] = True
        pairs.append((labelled, codes))
    return pairs


def main() -> None:
    """Print a line a target."""
    pairs = load_second()
    first = np.concatenate([row.codes for row, _ in pairs])
    second = np.concatenate([codes for _, codes in pairs])
    client = np.array([t.role == "client" for row, _ in pairs for t in row.session.turns])
    print(f"{len(pairs)} excerpts, {len(first)} turns")
    for name, families in TARGETS.items():
        own = [c for family in families for c in columns(family)]
        turns = client if families[0] in ("withdrawal", "confrontation") else ~client
        one, two = first[turns][:, own].any(1), second[turns][:, own].any(1)
        print(f"{name:14s} kappa {cohen_kappa(one, two):.2f}  coded {one.sum()} and {two.sum()}")


if __name__ == "__main__":
    main()
