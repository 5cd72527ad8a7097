"""`reattune backup`: everything in one encrypted file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from reattune.cli.output import errors_told
from reattune.cli.vaulted import data_dir, open_records, passphrase


@click.command(name="backup")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; reattune-DATE.backup if left out.",
)
@click.option(
    "--passphrase",
    "by_passphrase",
    is_flag=True,
    help="Seal it by a passphrase, so that it opens on any machine.",
)
@data_dir
def command(out: Path | None, by_passphrase: bool, data_dir: Path | None) -> None:
    """Write an encrypted backup of the records, read it back and check it."""
    with errors_told():
        open_records(data_dir)
        from reattune.web import backup

        target = out or Path(f"reattune-{datetime.now():%Y-%m-%d-%H%M}.backup")
        told = backup.make(target, passphrase(wanted=by_passphrase, confirm=True))
    size = f"{told.bytes / 1e6:.1f} MB"
    click.echo(f"{target}: {told.files} files, {size}, written and read back.")
    if not by_passphrase:
        click.echo("It opens with the key of these records only: keep a copy of the key elsewhere.")
