"""`reattune agreement`: how far coders of the same sessions agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reattune.cli.evaluate import finite, short
from reattune.cli.output import console, errors_told, write_whole

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from reattune.types import Session

COLUMNS = {"agreed": "agreed", "kappa": "kappa", "pabak": "PABAK", "ac1": "AC1", "alpha": "alpha"}
LEVELS = {
    "agreed": "share agreed",
    "kappa_linear": "kappa, linear weights",
    "kappa_quadratic": "kappa, quadratic weights",
    "ac2_linear": "AC2, linear weights",
    "ac2_quadratic": "AC2, quadratic weights",
    "alpha_ordinal": "alpha, ordinal",
}
NAME_WIDTH = 16  # of the first column, so that a table fits into 80 columns
ANY = "any marker"

in_path = click.Path(path_type=Path)


@click.command(name="agreement")
@click.argument("codings", metavar="CODER_A CODER_B [CODER...]", nargs=-1, type=in_path)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (reattune.agreement-report/1).")
@click.option(
    "--level",
    type=click.Choice(["turn", "segment"]),
    default="turn",
    show_default=True,
    help="What is compared: each turn, or segments as in the 3RS.",
)
@click.option(
    "--segment-minutes",
    "minutes",
    type=click.FloatRange(0.5, 60),
    default=5.0,
    show_default=True,
    help="How long a segment is.",
)
@click.option(
    "--disagreements", "listed", type=in_path, help="Write the turns coders differ on to this CSV."
)
@click.option(
    "--transcript",
    "transcripts",
    type=in_path,
    multiple=True,
    help="A coded session's transcript, for times, speakers and words; the session is named like "
    "the file. Repeat for several. ELAN files need it.",
)
def command(
    codings: tuple[Path, ...],
    as_json: bool,
    level: str,
    minutes: float,
    listed: Path | None,
    transcripts: tuple[Path, ...],
) -> None:
    """Compare coders of the same sessions: kappa, PABAK, AC1, alpha, each with its interval.

    Each file holds one coder's codings: CSV or JSON Lines with session, turn and codes, labelled
    sessions, or ELAN (EAF). A file may hold several coders. Words of the sessions are never shown;
    the list of disagreements has them where you give the transcript.
    """
    from reattune.agreement_report import agreement_report
    from reattune.codings import disagreements, disagreements_csv, read_all_codings

    if not codings:
        raise click.UsageError("Give the files of the coders.")
    with errors_told():
        sessions = read_transcripts(transcripts)
        own = read_all_codings(codings, sessions)
        result = agreement_report(own, level=level, minutes=minutes)  # type: ignore[arg-type]
        if as_json:
            click.echo(json.dumps(finite(result), ensure_ascii=False, allow_nan=False))
        else:
            show(result, console())
        if listed is not None:
            found = disagreements(own, sessions)
            write_whole(listed, disagreements_csv(found))
            click.echo(f"{len(found)} turns to talk over: {listed}", err=True)


def read_transcripts(paths: tuple[Path, ...]) -> dict[str, Session]:
    """Session id (the file's name without its ending) -> transcript with roles."""
    from reattune.readers import read
    from reattune.roles import assign_roles

    return {path.stem: assign_roles(read(path)) for path in paths}


def show(result: dict[str, Any], out: Console) -> None:
    """The tables for people."""
    unit = "turns" if result["level"] == "turn" else "segments"
    coders = ", ".join(result["coders"])
    out.print(
        f"Coders: {coders}. {result['sessions']} sessions, {result['units']} {unit}.", markup=False
    )
    families = {(ANY if k == "any" else k): row for k, row in result["families"].items()}
    out.print(table("family", families))
    say(families, out)
    used = {id: row for id, row in result["codes"].items() if sum(row["marked"].values())}
    out.print(table("code", used))
    out.print(
        f"n: {unit} judged by two coders or more; marked: by each coder, in the order above; below "
        "each figure its 95% interval, none where all agree. -: cannot be told. Codes that nobody "
        "used are left out.",
        markup=False,
    )
    if result["intensity"]:
        show_intensity(result["intensity"], out)
    if result["counts"]:
        show_counts(result["counts"], unit, out)
    out.print("When a figure misleads: docs/agreement.md.", markup=False)
    for note in result["notes"]:
        out.print(note["text"], markup=False)


def table(first: str, rows: dict[str, dict[str, Any]]) -> Table:
    """A row each, figures over their intervals."""
    from rich.box import SIMPLE
    from rich.table import Table

    made = Table(box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    made.add_column(first, width=NAME_WIDTH, overflow="fold")
    for title in ("n", "marked", *COLUMNS.values()):
        made.add_column(title, justify="right", no_wrap=title != "marked")
    for name, row in rows.items():
        marked = ", ".join(str(n) for n in row["marked"].values())
        agreed, *figures = (stacked(row[key]) for key in COLUMNS)
        made.add_row(
            name.replace("_", " "), str(row["n"]), marked, agreed.partition("\n")[0], *figures
        )
    return made


def stacked(figure: dict[str, Any]) -> str:
    """A value, and its interval below."""
    value = figure["value"]
    shown = ">.99" if brief(value) == "1" and value < 1 - 1e-9 else brief(value)
    return f"{shown}\n{interval(figure)}".rstrip("\n")


def interval(figure: dict[str, Any]) -> str:
    """A 95% interval, short enough for a table; "" without one or where all agree."""
    low, high = figure["interval_95"]
    return f"{brief(low)} {brief(high)}" if high > low else ""


def brief(value: float) -> str:
    """A figure to two decimals: .62, 1, 0, - where there is none."""
    return {"1.00": "1", "-.00": "0", ".00": "0"}.get(short(value), short(value))


def say(rows: dict[str, dict[str, Any]], out: Console) -> None:
    """The plain words on each row, a sentence that several share once."""
    told: dict[str, list[str]] = {}
    for name, row in rows.items():
        for words in row["words"]:
            told.setdefault(words, []).append(name)
    for words, names in told.items():
        out.print(f"{', '.join(names)}: {words}", markup=False)


def show_intensity(found: dict[str, Any], out: Console) -> None:
    """Agreement on none, micro or major."""
    out.print(f"Intensity (none, micro, major) on {found['n']} units:", markup=False)
    for key, title in LEVELS.items():
        own = found[key]
        reach = interval(own)
        out.print(
            f"  {title}: {brief(own['value'])}" + (f" ({reach})" if reach else ""), markup=False
        )
    for words in found["words"]:
        out.print(words, markup=False)


def show_counts(counts: dict[str, Any], unit: str, out: Console) -> None:
    """ICCs of the number of marked units a session."""
    out.print(f"Marked {unit} a session, ICC(A,1) over sessions:", markup=False)
    for name, row in counts.items():
        own = row["icc_A1"]
        reach = interval(own)
        title = ANY if name == "any" else name
        out.print(
            f"  {title}: {brief(own['value'])}" + (f" ({reach})" if reach else ""), markup=False
        )
