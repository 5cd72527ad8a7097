"""`reattune evaluate`: figures on labelled sessions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reattune.cli import options
from reattune.cli.output import console, errors_told

if TYPE_CHECKING:
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
@options.flags
@click.option("--resamples", default=500, show_default=True, help="Bootstrap draws; 0 for none.")
def command(labelled: Path, as_json: bool, point: str, resamples: int) -> None:
    """Measure the model on LABELLED, a JSONL file of coded sessions.

    Sessions that trained the shipped weights are scored by models that did not see them.
    """
    from reattune.evaluate import evaluate
    from reattune.labelled import read_labelled

    with errors_told():
        result = evaluate(read_labelled(labelled), point=point, resamples=resamples)
        if as_json:
            click.echo(json.dumps(finite(result), allow_nan=False))
        else:
            show(result)


def finite(value: Any) -> Any:
    """The same data with None where a figure does not exist (nan)."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def show(result: dict[str, Any]) -> None:
    """The table for people."""
    out = console()
    out.print(
        f"{result['sessions']} sessions, {result['turns']} turns. Scores from "
        f"{result['scores_from']}. Operating point: {result['operating_point']}."
    )
    out.print(table(result["families"]))
    out.print(
        "n: turns labelled; AP: average precision; found: share of labelled turns flagged; "
        "right: share of flags that are labelled; bal: balanced accuracy; ECE: expected "
        "calibration error. "
        "In parentheses: 95% interval over sessions. *: too few labelled turns to tell."
    )


def table(families: dict[str, dict[str, Any]]) -> Table:
    """One row a family."""
    from rich.box import SIMPLE
    from rich.table import Table

    made = Table(box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    made.add_column("family", no_wrap=True)
    for title in COLUMNS.values():
        made.add_column(title, justify="right", no_wrap=True)
    for name, row in families.items():
        star = "*" if row["unproven"] else ""
        made.add_row(f"{name}{star}", *(cell(row, key) for key in COLUMNS))
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
