"""`reattune recalibrate`: the user's own calibration, shown before it is kept, and undone."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reattune.cli.evaluate import finite, plain_table, short
from reattune.cli.output import console, errors_told, write_whole
from reattune.errors import InputError

if TYPE_CHECKING:
    from reattune.recalibration import Recalibration
    from reattune.refit import Outcome, Proposal

ROWS = {
    "log_loss": "log loss",
    "brier": "Brier",
    "calibration_error": "ECE",
    "ppv": "right",
    "sensitivity": "found",
    "flags": "flags",
}
"""Figure -> what the table calls it."""

THREE = ("log_loss", "brier", "calibration_error")  # figures shown to three decimals


@click.command(name="recalibrate")
@click.argument("corrections", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show before and after, keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--undo", is_flag=True, help="Return to the calibration before the last one.")
@click.option("--show", "show_", is_flag=True, help="Say which calibration is in use.")
def command(
    corrections: Path | None, dry_run: bool, as_json: bool, undo: bool, show_: bool
) -> None:
    """Fit the last stage and the thresholds to CORRECTIONS, a JSONL file of judged sessions.

    Only this changes, not the model; sessions held out say whether it helps, and a family that is
    not helped stays as shipped.
    """
    if sum((corrections is not None, undo, show_)) != 1:
        raise click.UsageError("Give CORRECTIONS, --undo or --show, one of them.")
    with errors_told():
        if corrections is None:
            click.echo(undone() if undo else in_use())
        else:
            propose(corrections, dry_run=dry_run, as_json=as_json)


def propose(corrections: Path, *, dry_run: bool, as_json: bool) -> None:
    """Refit, show, keep."""
    from reattune.labelled import read_labelled
    from reattune.recalibration import load_versions
    from reattune.refit import refit

    proposal = refit(read_labelled(corrections), today=date.today().isoformat())
    if as_json:
        click.echo(json.dumps(finite(asdict(proposal)), allow_nan=False))
    else:
        show(proposal)
    if proposal.recalibration is not None and not dry_run:
        keep([*load_versions(), proposal.recalibration])
    if not as_json:
        click.echo(ending(proposal, dry_run=dry_run))


def ending(proposal: Proposal, *, dry_run: bool) -> str:
    """What happened, in a sentence."""
    if proposal.recalibration is None:
        return "Nothing is changed: no family is predicted better on sessions held out."
    if dry_run:
        return "Nothing is changed (--dry-run)."
    return "Kept. Every analysis from now on says so; `reattune recalibrate --undo` takes it back."


def show(proposal: Proposal) -> None:
    """Before and after of each family, on sessions held out of the fit."""
    out = console()
    made = plain_table("family", *ROWS.values())
    for name, outcome in proposal.outcomes.items():
        if outcome.before:
            made.add_row(f"{name}, shipped", *figures(outcome.before))
            made.add_row(f"{name}, refitted", *figures(outcome.after))
    out.print("On sessions held out of the fit, at the operating point balanced:")
    out.print(made)
    for name, outcome in proposal.outcomes.items():
        out.print(verdict(name, outcome))


def verdict(name: str, outcome: Outcome) -> str:
    """What comes of a family and why."""
    done = "refitted" if outcome.refitted else "stays as shipped"
    return f"{name}: {done}, {outcome.why} ({outcome.marked} marked of {outcome.judged} judged)."


def figures(row: dict[str, Any]) -> list[str]:
    """The cells of a row."""
    return [
        str(row[key]) if key == "flags" else f"{row[key]:.3f}" if key in THREE else short(row[key])
        for key in ROWS
    ]


def keep(versions: list[Recalibration]) -> None:
    """Write the versions, or remove the file when none is left."""
    from reattune.recalibration import dump_versions, store

    path = store()
    if versions:
        with suppress(OSError):  # write_whole says why a folder cannot be written to
            path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, dump_versions(versions))
    else:
        path.unlink()


def undone() -> str:
    """Take the last version back; what is in use then."""
    from reattune.recalibration import load_versions

    versions = load_versions()
    if not versions:
        raise InputError(
            "nothing-to-undo",
            "There is no calibration of your own to undo.",
            remedy="The shipped calibration is in use.",
        )
    keep(versions[:-1])
    return in_use()


def in_use() -> str:
    """Which calibration analyses use now."""
    from reattune.model import load_model
    from reattune.recalibration import current, load_versions

    own, notes = current(load_model().stamp)
    said = notes[0].text if notes else "The shipped calibration is in use."
    earlier = len(load_versions()) - 1
    return f"{said} Versions to undo to before it: {earlier}." if own and earlier > 0 else said
