"""`reattune rekey`: a new key for the records."""

from __future__ import annotations

from pathlib import Path

import click

from reattune.cli.output import errors_told
from reattune.cli.vaulted import SOURCES, data_dir, open_records, passphrase


@click.command(name="rekey")
@click.option(
    "--key",
    "source",
    type=SOURCES,
    required=True,
    help="Where the new key is kept.",
)
@data_dir
def command(source: str, data_dir: Path | None) -> None:
    """Encrypt the records anew under a new key. Stop the server first."""
    with errors_told():
        open_records(data_dir)
        from reattune.web import lock, rekey

        secret = passphrase(wanted=source == "passphrase", confirm=True)
        with lock.alone():
            made = rekey.rekey(source, secret)  # type: ignore[arg-type]
    click.echo("The records have a new key. Backups made before open with the old one only.")
    if source == "environment":
        click.echo(f"Set it before the next start; it is not kept here:\nREATTUNE_KEY={made.hex()}")
