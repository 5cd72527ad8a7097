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
    "wider": "wider dialogues, other channels and registers, real density",
    "written": "written dialogues, denser in markers",
}
CALM = {
    "calm written sessions, short answers": "calm",
    "ordinary written consultations": "consult",
}
"""Written controls and how the ids of their excerpts begin; only uncoded ones count."""

RARER = """\
Any client marker at AnnoMI's sensitivity and specificity, if 5, 10 or 20 of 100 client turns
were marked."""
EPISODES = """\
A labelled episode is what the episode rules make of the labels. It is found when a decided marker
of its kind lies in it or one turn off; an episode is false when no labelled client turn lies in it
or one turn off. The end is the state of a session's last episode against the outcome that the
excerpt's author gave it."""
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
    written = [row for name in ("further", "wider") for row in corpora[name]]
    found = {
        title: [row for row in written if row.id.startswith(prefix) and not row.codes.any()]
        for title, prefix in CALM.items()
    }
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
        "| | turns | marked | average precision | by length alone | AUC | F1 | always-flag F1 "
        "| balanced accuracy | found | right | Brier | calibration error |\n|---|"
        + "---:|" * 12
        + "\n"
    )
    rows = []
    for name, row in result["families"].items():
        rows.append(
            f"| {NAMES[name]} | {row['n']} | {row['positives']} | "
            f"{interval(row, 'average_precision')} | {row['length_alone_average_precision']:.2f} | "
            f"{row['auc']:.2f} | {interval(row, 'f1')} | {row['always_flag_f1']:.2f} | "
            f"{row['balanced_accuracy']:.2f} | {row['sensitivity']:.2f} | {row['ppv']:.2f} | "
            f"{row['brier']:.3f} | {row['calibration_error']:.3f} |"
        )
    return head + "\n".join(rows)


def prevalence_table(result: dict[str, Any]) -> str:
    """Markdown: right flags of any client marker where 5, 10 or 20% of turns are marked."""
    head = (
        "| flags | found | right at 5% | right at 10% | right at 20% |\n|---|---:|---:|---:|---:|\n"
    )
    rows = []
    for name, point in result["points"].items():
        row = point["families"]["any"]
        at = " | ".join(f"{value:.2f}" for value in row["ppv_at"].values())
        rows.append(f"| `{name}` | {row['sensitivity']:.2f} | {at} |")
    return head + "\n".join(rows)


def episode_table(results: dict[str, dict[str, Any]]) -> str:
    """Markdown: labelled episodes found and false ones, a row a corpus and operating point."""
    head = (
        "| | flags | labelled | found | false a session | false per 100 turns "
        "| intensity, weighted kappa | same intensity where both see a strain | repaired, kappa "
        "| end, kappa |\n|---|---|" + "---:|" * 8 + "\n"
    )
    rows = []
    for corpus, result in results.items():
        for name, point in result["points"].items():
            e = point["episodes"]
            ends = e["ends_agreed"]
            both = [f"{ends[key]:.2f}" if ends["n"] else "-" for key in ("repaired_kappa", "kappa")]
            rows.append(
                f"| {corpus} | `{name}` | {e['labelled']} | {e['found_share']:.2f} | "
                f"{e['false_per_session']:.2f} | {e['false_per_100_turns']:.2f} | "
                f"{e['intensity']['weighted_kappa']:.2f} | {e['intensity']['same_both']:.2f} | "
                f"{' | '.join(both)} |"
            )
    return head + "\n".join(rows)


def kinds_table(results: dict[str, dict[str, Any]]) -> str:
    """Markdown: kinds of labelled episodes against kinds shown, at the point balanced."""
    shown = ("withdrawal", "confrontation", "mixed", "missed")
    head = "| labelled | " + " | ".join(shown) + " |\n|---|" + "---:|" * len(shown) + "\n"
    rows = []
    for kind in shown[:3]:
        tables = [
            r["points"]["balanced"]["episodes"]["kinds"].get(kind, {}) for r in results.values()
        ]
        counts = [str(sum(table.get(met, 0) for table in tables)) for met in shown]
        rows.append(f"| {kind} | {' | '.join(counts)} |")
    return head + "\n".join(rows)


def ends_table(results: dict[str, dict[str, Any]]) -> str:
    """Markdown: outcome given to written excerpts against the end shown, at the point balanced."""
    shown = ("none", "unnoticed", "mishandled", "unrepaired", "repaired")
    head = "| given | " + " | ".join(shown) + " |\n|---|" + "---:|" * len(shown) + "\n"
    rows = []
    for given in shown:
        tables = [
            r["points"]["balanced"]["episodes"]["ends"].get(given, {}) for r in results.values()
        ]
        counts = [str(sum(table.get(end, 0) for table in tables)) for end in shown]
        rows.append(f"| {given} | {' | '.join(counts)} |")
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
    parts += ["## If markers were rarer or more frequent\n", RARER, ""]
    parts += [prevalence_table(results.get("annomi", results["plain"])), ""]
    parts += ["## Episodes\n", EPISODES, "", episode_table(results), ""]
    parts += ["Kinds, `balanced`, all corpora:\n", kinds_table(results), ""]
    parts += ["Ends, `balanced`, written corpora:\n", ends_table(results), ""]
    for name, result in results.items():
        parts += [f"## {CORPORA[name]}\n", family_table(result), ""]
    parts += ["## Single codes\n", code_table(results), ""]
    parts.append("`*`: fewer than 20 labelled turns, unproven. `-`: none.\n")
    (DOCS / "accuracy.md").write_text("\n".join(parts), "utf-8")


if __name__ == "__main__":
    main()
