"""`reattune worker`: reads the sessions that wait, beside the server or on its own."""

from __future__ import annotations

from pathlib import Path

import click

from reattune.cli.output import errors_told
from reattune.cli.serve import open_vault


@click.command(name="worker")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the records, instead of the usual one.",
)
@click.option("--with-parent", is_flag=True, help="End when standard input closes.")
def command(data_dir: Path | None, with_parent: bool) -> None:
    """Read uploaded sessions that wait. `serve` starts one; a clinic may run more."""
    with errors_told():
        open_vault(data_dir, "file")
        from reattune.web import server

        server.prepare()
        server.work(with_parent=with_parent)
