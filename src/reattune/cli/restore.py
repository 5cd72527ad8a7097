"""`reattune restore`: a backup back into an empty data folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reattune.cli.output import errors_told
from reattune.cli.serve import asked, need_web
from reattune.cli.vaulted import SOURCES, data_dir

if TYPE_CHECKING:
    from reattune.web.backup import Told


@click.command(name="restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--check", is_flag=True, help="Only read the backup and check it.")
@click.option(
    "--key",
    "source",
    type=SOURCES,
    default="file",
    show_default=True,
    help="Where the key is kept that a backup sealed by a passphrase brings along.",
)
@data_dir
def command(file: Path, check: bool, source: str, data_dir: Path | None) -> None:
    """Check a backup, then put it into an empty data folder."""
    with errors_told():
        told = run(file, check=check, source=source, folder=data_dir)
    done = "is whole" if check else "is restored"
    click.echo(f"The backup of {told.made} {done}: {told.files} files.")


def run(file: Path, *, check: bool, source: str, folder: Path | None) -> Told:
    """Check or restore; what the backup holds."""
    if folder is not None:
        os.environ["REATTUNE_DATA"] = str(folder.resolve())
    need_web()
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reattune.web.settings")
    django.setup()
    from reattune.web import backup, lock

    secret = asked(confirm=False) if backup.sealed_by(file) == "passphrase" else ""
    if check:
        return backup.verify(file, secret)
    with lock.alone():
        return backup.restore(file, secret, keep_key=source)  # type: ignore[arg-type]
