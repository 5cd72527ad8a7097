"""`make evaluate`: the shipped model's cross-validated figures on the corpora at hand.

The tables of `reattune evaluate` for each corpus, then episodes, kinds and ends, and ordinary talk,
as docs/accuracy.md has them.
"""

from __future__ import annotations

from reattune.cli.evaluate import show
from reattune.evaluate import evaluate
from training.figures import (
    ends_table,
    episode_table,
    kinds_table,
    load,
    ordinary_table,
    prevalence_table,
)


def main() -> None:
    """Print everything."""
    corpora = load()
    results = {name: evaluate(rows, resamples=200) for name, rows in corpora.items()}
    for name, result in results.items():
        print(f"\n{name}")
        show(result)
    print(f"\n{prevalence_table(results.get('annomi', results['plain']))}")
    print(f"\nEpisodes\n{episode_table(results)}")
    print(f"\nKinds\n{kinds_table(results)}\n\nEnds\n{ends_table(results)}")
    print(f"\nOrdinary talk\n{ordinary_table(corpora)}")


if __name__ == "__main__":
    main()
