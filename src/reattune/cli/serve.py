"""`reattune serve`: the practice application on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from reattune.cli.output import errors_told
from reattune.errors import DependencyError

PORT = 8765


@click.command(name="serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=PORT, show_default=True, help="Port to listen on.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the records, instead of the usual one.",
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option(
    "--demo",
    is_flag=True,
    help="Three fictional clients, in a data folder and account of their own.",
)
@click.option(
    "--key",
    "source",
    type=click.Choice(["file", "keyring", "passphrase", "environment"]),
    default="file",
    show_default=True,
    help="At the first start: where the key of the records is kept.",
)
def command(
    host: str, port: int, data_dir: Path | None, no_browser: bool, demo: bool, source: str
) -> None:
    """Serve the practice application: clients, sessions, check-ins, on this machine."""
    with errors_told():
        open_vault(data_dir or (demo_folder() if demo else None), source)
        from reattune.web import lock, server

        with lock.alone():
            server.prepare()
            address = server.demo_address(host, port) if demo else server.first_address(host, port)
            click.echo(f"Reattune is at {address}\nStop it with Ctrl-C.")
            server.serve(host, port, browser=not no_browser, address=address)


def demo_folder() -> Path:
    """Where the demo keeps its records: beside the real ones, never among them."""
    from reattune.settings import data_folder

    return data_folder().with_name("reattune-demo")


def open_vault(data_dir: Path | None, source: str) -> None:
    """Name the data folder, make the key at the first start, ask for the passphrase if it is one.

    DependencyError without the packages of the web application.
    """
    if data_dir is not None:
        os.environ["REATTUNE_DATA"] = str(data_dir.resolve())
    need_web()
    from reattune.web import vault

    vault.resume()
    if os.environ.get(vault.KEY):
        vault.master_key()
    elif not vault.exists():
        passphrase = asked(confirm=True) if source == "passphrase" else ""
        vault.create(source, passphrase)  # type: ignore[arg-type]
        if passphrase:
            vault.unlock(passphrase)
    elif vault.read().source == "passphrase":
        vault.unlock(asked(confirm=False))
    else:
        vault.master_key()


def need_web() -> None:
    """DependencyError, with its install line, if the web application's packages are missing."""
    try:
        import django  # noqa: F401
        import granian  # noqa: F401
        import sqlcipher3  # noqa: F401
    except ImportError as error:
        what, remedy = "The web application is not installed.", "pip install 'reattune[web]'"
        raise DependencyError("no-web", what, remedy=remedy) from error


def asked(*, confirm: bool) -> str:
    """The passphrase, from the terminal or from a line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    text: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm)
    return text
