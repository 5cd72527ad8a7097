"""`python -m training.card`: MODEL_CARD.md from the shipped weights and their figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reattune.codebook import CODES
from reattune.evaluate import evaluate
from reattune.labelled import read_labelled
from reattune.model import WEIGHTS, load_model
from reattune.pipeline import analyze
from training.corpora import DATA
from training.figures import CORPORA, load, point_table

RESULT = Path(__file__).parent / "robustness.json"

ROOT = Path(__file__).parents[1]
RECORDED = 12  # scores written down, the highest of the first written excerpt


def recorded() -> str:
    """Markdown: turn, code, score of the highest scores of the first written excerpt."""
    (first, *_) = read_labelled(DATA / "written_dialogues.jsonl")
    scores = analyze(first.session).scores
    order = scores.ravel().argsort()[::-1][:RECORDED]
    rows = sorted(divmod(int(i), len(CODES)) for i in order)
    lines = [f"| {t + 1} | `{CODES[c]}` | {scores[t, c]:.3f} |" for t, c in rows]
    return "\n".join(["| turn | code | score |", "|---:|---|---:|", *lines])


def summary(results: dict[str, dict[str, Any]]) -> str:
    """Markdown: average precision by family and corpus."""
    families = next(iter(results.values()))["families"]
    lines = ["| | " + " | ".join(families) + " |", "|---|" + "---:|" * len(families)]
    for corpus, result in results.items():
        cells = [f"{row['average_precision']:.2f}" for row in result["families"].values()]
        lines.append(f"| {corpus} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def unproven(result: dict[str, Any]) -> str:
    """The codes with too few real examples."""
    return ", ".join(f"`{id}`" for id, row in result["codes"].items() if row["unproven"])


def robustness() -> str:
    """Markdown: what the same words in other dress do to scores, from robustness.json."""
    found = json.loads(RESULT.read_text("utf-8"))
    head = (
        "| | mean change | flags changed, of 100 client turns | flags per 100 "
        "| average precision |\n|---|---:|---:|---:|---:|"
    )
    lines = [head]
    for corpus, rows in found.items():
        for name, row in rows.items():
            lines.append(
                f"| {corpus}, {name} | {row['mean_change']:.3f} | "
                f"{100 * row['changed_flags']:.1f} | {row['flags_per_100']:.1f} | "
                f"{row['average_precision']:.2f} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Write the card."""
    card = load_model().card
    results = {name: evaluate(rows, resamples=0) for name, rows in load().items()}
    size = sum(path.stat().st_size for path in WEIGHTS.iterdir()) / 2**20
    trained = ", ".join(f"{n} sessions of {CORPORA[c]}" for c, n in card["trained_on"].items())
    text = (
        (Path(__file__).parent / "card.head.md")
        .read_text("utf-8")
        .format(
            name=card["name"],
            version=card["version"],
            size=f"{size:.1f}",
            reach=card["reach"],
            folds=card["folds"],
            seeds=card["settings"]["seeds"],
            trained=trained,
            onnxruntime=card["onnxruntime"],
            summary=summary(results),
            points=point_table(),
            unproven=unproven(results.get("annomi", results["plain"])),
            recorded=recorded(),
            robustness=robustness(),
            **card["int8_against_torch"],
        )
    )
    (ROOT / "MODEL_CARD.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
