"""What every command does alike: errors without a traceback, files written whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reattune.errors import OutputError, ReattuneError

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def errors_told() -> Iterator[None]:
    """Turn Reattune's errors into a message and their exit code; hide tracebacks of the rest.

    REATTUNE_DEBUG=1 lets the traceback through, which may show words of the session.
    """
    try:
        yield
    except ReattuneError as error:
        tell(error)
        raise SystemExit(error.exit_code) from None
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None
    except Exception as error:
        if os.environ.get("REATTUNE_DEBUG"):
            raise
        click.echo(unexpected(error), err=True)
        raise SystemExit(1) from None


def tell(error: ReattuneError) -> None:
    """The error on standard error, with its slug for docs/errors.md."""
    click.echo(f"Error: {error} [{error.slug}]", err=True)


def unexpected(error: Exception) -> str:
    """The message for an error that nobody foresaw, without a word of the session."""
    kind = type(error).__name__
    return (
        f"Error: something inside Reattune failed ({kind}). Nothing was written. "
        "Run again with REATTUNE_DEBUG=1 to see where, and please report it without session words."
    )


def write_whole(path: Path, data: str | bytes) -> None:
    """Write a file completely or leave what was there; OutputError says why it could not be."""
    raw = data.encode("utf-8") if isinstance(data, str) else data
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent or Path(), prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(raw)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(
            "output-not-written",
            f"The file could not be written: {error.strerror}.",
            where=path.name,
            remedy="Choose a folder that exists and that you may write to.",
        ) from error


def console() -> Console:
    """A rich console on standard output; plain where it is not a terminal."""
    from rich.console import Console

    return Console(highlight=False)
