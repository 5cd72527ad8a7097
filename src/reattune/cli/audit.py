"""`reattune audit`: the chain of who saw or changed what."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reattune.cli.output import errors_told
from reattune.cli.vaulted import data_dir, open_records


@click.group(name="audit")
def command() -> None:
    """The chain of who saw or changed what."""


@command.command(name="verify")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@data_dir
def verify(as_json: bool, data_dir: Path | None) -> None:
    """Whether every entry follows the one before and none was changed or removed."""
    with errors_told():
        open_records(data_dir)
        from reattune.web.audit import chain
        from reattune.web.audit.models import Entry

        broken = list(chain.verify())
        count = Entry.objects.count()
    if as_json:
        rows = [{"practice": str(b.practice), "entry": b.number, "why": b.why} for b in broken]
        click.echo(json.dumps({"entries": count, "breaks": rows}, indent=2))
    else:
        for b in broken:
            click.echo(f"practice {b.practice}, entry {b.number}: {b.why}")
        held = f"broken in {len(broken)} places" if broken else "the chain holds"
        click.echo(f"{count} entries: {held}.")
    if broken:
        raise SystemExit(1)
