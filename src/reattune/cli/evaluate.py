"""`reattune evaluate`: figures on labelled sessions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reattune.cli import options
from reattune.cli.output import console, errors_told, write_whole

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

COLUMNS = {
    "positives": "n",
    "average_precision": "AP",
    "auc": "AUC",
    "f1": "F1",
    "sensitivity": "found",
    "ppv": "right",
    "balanced_accuracy": "bal",
    "calibration_error": "ECE",
}


@click.command(name="evaluate")
@click.argument("labelled", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON (reattune.evaluation/1) instead.")
@click.option(
    "--second",
    type=click.Path(path_type=Path),
    help="Another coder's labels of the same sessions: prints how far the two agree.",
)
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Draw calibration and precision into this SVG."
)
@options.flags
@click.option("--resamples", default=500, show_default=True, help="Bootstrap draws; 0 for none.")
def command(
    labelled: Path,
    as_json: bool,
    second: Path | None,
    plot: Path | None,
    point: str,
    resamples: int,
) -> None:
    """Measure the model on LABELLED, a JSONL file of coded or reviewed sessions.

    Sessions that trained the shipped weights are scored by models that did not see them.
    """
    from reattune.evaluate import evaluate
    from reattune.labelled import read_labelled

    with errors_told():
        rows, again = read_labelled(labelled), read_labelled(second) if second else []
        result = evaluate(rows, point=point, resamples=resamples, second=again)
        if as_json:
            click.echo(json.dumps(finite(result), allow_nan=False))
        else:
            show(result)
        if plot is not None:
            from reattune.report.curves import render_evaluation

            write_whole(plot, render_evaluation(result))
            click.echo(f"Plot: {plot}", err=True)


def finite(value: Any) -> Any:
    """The same data with None where a figure does not exist (nan)."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def show(result: dict[str, Any]) -> None:
    """The tables for people."""
    out = console()
    out.print(
        f"{result['sessions']} sessions, {result['turns']} turns. Scores from "
        f"{result['scores_from']}. Operating point: {result['operating_point']}."
    )
    if result["judged_turns"] < result["turns"]:
        out.print(
            f"Only the {result['judged_turns']} turns that somebody judged count. Where only flags "
            "were reviewed, 'right' is of use; 'found', AP and AUC say nothing."
        )
    out.print(families_table(result["families"]))
    lengths = {n: r["length_alone_average_precision"] for n, r in result["families"].items()}
    alone = ", ".join(f"{short(value)} ({name})" for name, value in lengths.items())
    out.print(
        "n: turns labelled; AP: average precision; found: share of labelled turns flagged; "
        "right: share of flags that are labelled; bal: balanced accuracy; ECE: expected "
        "calibration error. "
        "In parentheses: 95% interval over sessions. *: too few labelled turns to tell. "
        f"A turn's length alone has an AP of {alone}."
    )
    out.print("Any client marker, at each operating point:")
    out.print(points_table(result["points"]))
    out.print(
        "per 100: flags in 100 client turns; at 5%, 10%, 20%: share of flags that would be right "
        "if that share of turns were marked; episodes: labelled ones found; false/100: episodes "
        "with nothing labelled in them, in 100 turns."
    )
    if "agreement" in result:
        show_agreement(result["agreement"], out)


def show_agreement(found: dict[str, Any], out: Console) -> None:
    """How far two coders agree, a row a target."""
    out.print(f"Agreement of two coders on {found['sessions']} sessions, turn by turn:")
    made = plain_table("family", "n", "first", "second", "both", "kappa", "PABAK", "AC1")
    for name, row in found["families"].items():
        counts = (str(row[key]) for key in ("n", "first", "second", "both"))
        made.add_row(name, *counts, *(cell(row, key) for key in ("kappa", "pabak", "ac1")))
    out.print(made)


def plain_table(first: str, *rest: str) -> Table:
    """A table without lines, its first column text and the rest figures."""
    from rich.box import SIMPLE
    from rich.table import Table

    made = Table(box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    made.add_column(first, no_wrap=True)
    for title in rest:
        made.add_column(title, justify="right", no_wrap=True)
    return made


def families_table(families: dict[str, dict[str, Any]]) -> Table:
    """One row a family."""
    made = plain_table("family", *COLUMNS.values())
    for name, row in families.items():
        star = "*" if row["unproven"] else ""
        made.add_row(f"{name}{star}", *(cell(row, key) for key in COLUMNS))
    return made


def points_table(points: dict[str, dict[str, Any]]) -> Table:
    """Any client marker at each operating point: how many flags, how many right, what they miss."""
    made = plain_table(
        "flags", "per 100", "right", "found", "at 5%", "10%", "20%", "episodes", "false/100"
    )
    for name, point in points.items():
        row, episodes = point["families"]["any"], point["episodes"]
        at = [short(value) for value in row["ppv_at"].values()]
        seen = ["-", "-"]
        if episodes:
            false = f"{episodes['false_per_100_turns']:.2f}"
            seen = [f"{episodes['found']}/{episodes['labelled']}", false]
        flags = f"{row['flags_per_100']:.1f}"
        made.add_row(name, flags, short(row["ppv"]), short(row["sensitivity"]), *at, *seen)
    return made


def cell(row: dict[str, Any], key: str) -> str:
    """A figure with its interval where there is one."""
    value, interval = row[key], row.get(f"{key}_95")
    if isinstance(value, int):
        return str(value)
    return (
        f"{short(value)} ({short(interval[0])}-{short(interval[1])})" if interval else short(value)
    )


def short(value: float) -> str:
    """A share to two decimals without its leading zero, as statistics write it."""
    return "-" if math.isnan(value) else f"{value:.2f}".replace("0.", ".", 1)
