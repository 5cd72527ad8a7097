"""Writes docs/accuracy.md and its calibration curve from the shipped out-of-fold scores.

`python -m training.figures`. Needs the corpora, not the training packages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reattune.evaluate import evaluate, point_figures, score_labelled
from reattune.labelled import Labelled, read_labelled
from reattune.model import load_model
from reattune.report.curves import calibration_line, render_calibration
from reattune.thresholds import load_points
from training.corpora import load_corpora

DOCS = Path(__file__).parents[1] / "docs"
CORPORA = {
    "annomi": "AnnoMI, real demonstration transcripts",
    "plain": "plain dialogues, written, real density",
    "further": "further dialogues, written against the model's known errors, real density",
    "written": "written dialogues, denser in markers",
}
PRIMOCK = Path("../shared/data/primock57_dev.jsonl")  # CC BY 4.0, Korfiatis et al. 2022
NAMES = {
    "any": "any client marker",
    "withdrawal": "withdrawal",
    "confrontation": "confrontation",
    "repair": "repair move",
    "misstep": "misstep",
}


def load() -> dict[str, list[Labelled]]:
    """Corpus -> its labelled sessions."""
    found: dict[str, list[Labelled]] = {}
    for item in load_corpora():
        found.setdefault(item.corpus, []).append(item.labelled)
    return {name: found[name] for name in CORPORA if name in found}


def ordinary(corpora: dict[str, list[Labelled]]) -> dict[str, list[Labelled]]:
    """Cooperative talk in which nothing should be flagged."""
    calm = [row for row in corpora["further"] if row.id.startswith("calm") and not row.codes.any()]
    found = {"calm written sessions, short answers": calm}
    if PRIMOCK.is_file():
        found["PriMock57, mock consultations, uncoded"] = read_labelled(PRIMOCK)
    return found


def ordinary_table(corpora: dict[str, list[Labelled]]) -> str:
    """Markdown: flags and episodes on ordinary talk, a row a corpus and operating point."""
    head = (
        "| | turns | flags | flagged client turns in 100 | episodes per 100 turns |\n"
        "|---|---:|---|---:|---:|\n"
    )
    rows = []
    for name, sessions in ordinary(corpora).items():
        scored = [score_labelled(row) for row in sessions]
        turns = sum(len(s.scores) for s in scored)
        for point in load_points().values():
            found = point_figures(scored, point)
            rows.append(
                f"| {name} | {turns} | `{point.name}` | "
                f"{found['families']['any']['flags_per_100']:.1f} | "
                f"{found['episodes']['false_per_100_turns']:.2f} |"
            )
    return head + "\n".join(rows)


def interval(row: dict[str, Any], key: str) -> str:
    """A figure with its 95% interval."""
    low, high = row[f"{key}_95"]
    return f"{row[key]:.2f} ({low:.2f} to {high:.2f})"


def family_table(result: dict[str, Any]) -> str:
    """Markdown: a row a family."""
    head = (
        "| | turns | marked | average precision | AUC | F1 | balanced accuracy | found | right "
        "| always-flag F1 | Brier | calibration error |\n|---|" + "---:|" * 11 + "\n"
    )
    rows = []
    for name, row in result["families"].items():
        base = 2 * row["prevalence"] / (1 + row["prevalence"])
        rows.append(
            f"| {NAMES[name]} | {row['n']} | {row['positives']} | "
            f"{interval(row, 'average_precision')} | {row['auc']:.2f} | {interval(row, 'f1')} | "
            f"{row['balanced_accuracy']:.2f} | {row['sensitivity']:.2f} | {row['ppv']:.2f} | "
            f"{base:.2f} | {row['brier']:.3f} | {row['calibration_error']:.3f} |"
        )
    return head + "\n".join(rows)


def code_table(results: dict[str, dict[str, Any]]) -> str:
    """Markdown: a row a code, support and average precision in each corpus."""
    head = "| code | " + " | ".join(f"{c}: n | AP" for c in results) + " |\n"
    head += "|---|" + "---:|" * (2 * len(results)) + "\n"
    rows = []
    for id in next(iter(results.values()))["codes"]:
        cells = []
        for result in results.values():
            row = result["codes"][id]
            star = "*" if row["unproven"] else ""
            ap = "-" if not row["positives"] else f"{row['average_precision']:.2f}{star}"
            cells.append(f"{row['positives']} | {ap}")
        rows.append(f"| `{id}` | " + " | ".join(cells) + " |")
    return head + "\n".join(rows)


def point_table() -> str:
    """Markdown: what the three operating points were measured to do."""
    head = (
        "| flags | right, any marker | found, any marker | flags per 100 client turns "
        "| false episodes per 100 turns |\n|---|---:|---:|---:|---:|\n"
    )
    rows = [
        f"| `{name}` | {m['precision_any']:.2f} | {m['sensitivity_any']:.2f} | "
        f"{m['flags_per_100_client_turns']:.1f} | {m['false_episodes_per_100_turns']:.1f} |"
        for name, m in ((n, p.reliability) for n, p in load_points().items())
    ]
    return head + "\n".join(rows)


def main() -> None:
    """Write the page and the curve."""
    corpora = load()
    results = {name: evaluate(rows, resamples=500) for name, rows in corpora.items()}
    (DOCS / "images").mkdir(exist_ok=True)
    lines = [calibration_line(name, r["families"]["any"]) for name, r in results.items()]
    drawn = render_calibration(lines, "Calibration of any client marker, by corpus")
    (DOCS / "images" / "calibration.svg").write_text(drawn, "utf-8")
    parts = [(Path(__file__).parent / "accuracy.head.md").read_text("utf-8")]
    parts[0] = parts[0].format(folds=load_model().card["folds"])
    parts += ["## The three operating points, on AnnoMI\n", point_table(), ""]
    parts += ["## Ordinary talk, where every flag is wrong\n", ordinary_table(corpora), ""]
    for name, result in results.items():
        parts += [f"## {CORPORA[name]}\n", family_table(result), ""]
    parts += ["## Single codes\n", code_table(results), ""]
    parts.append("`*`: fewer than 20 labelled turns, unproven. `-`: none.\n")
    (DOCS / "accuracy.md").write_text("\n".join(parts), "utf-8")


if __name__ == "__main__":
    main()
