"""What the commands that work on the records share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from reattune.cli.serve import asked, open_vault

F = TypeVar("F", bound=Callable[..., Any])

SOURCES = click.Choice(["file", "keyring", "passphrase", "environment"])


def data_dir(command: F) -> F:
    """The option --data-dir."""
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the records, instead of the usual one.",
    )(command)


def open_records(folder: Path | None) -> None:
    """The records ready for use: key, settings, database up to date."""
    open_vault(folder, "file")
    from reattune.web import server

    server.prepare()


def passphrase(*, wanted: bool, confirm: bool = False) -> str:
    """A passphrase asked for, or "" where none is wanted."""
    return asked(confirm=confirm) if wanted else ""
