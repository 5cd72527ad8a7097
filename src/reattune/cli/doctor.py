"""`reattune doctor`: whether the records and the application are well."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from reattune.cli.output import console, errors_told
from reattune.cli.vaulted import data_dir, open_records

MARKS = {"fine": ("✓", "green"), "look": ("!", "yellow"), "wrong": ("✗", "red")}


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@data_dir
def command(as_json: bool, data_dir: Path | None) -> None:
    """Look whether key, database, files, audit chain, jobs, model and backups are well."""
    with errors_told():
        open_records(data_dir)
        from reattune.web import doctor

        found = list(doctor.examine())
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    else:
        from rich.table import Table

        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for one in found:
            mark, color = MARKS[one.state]
            told = f"{one.told}. {one.remedy}" if one.remedy else one.told
            table.add_row(f"[{color}]{mark}[/]", one.what, told)
        console().print(table)
    if any(one.state == "wrong" for one in found):
        raise SystemExit(1)
