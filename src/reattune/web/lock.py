"""One server a data folder; what changes the folder as a whole waits until none runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from reattune.errors import InputError
from reattune.settings import data_folder

PATIENCE = 2.0  # seconds; what is left of a server that was killed lets go in less


@contextmanager
def alone() -> Iterator[None]:
    """Hold the data folder; InputError if another process does."""
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = FileLock(folder / "serving.lock", mode=0o600)
    try:
        held.acquire(timeout=PATIENCE)
    except Timeout as error:
        what, remedy = "Reattune runs on this data folder.", "Stop `reattune serve` first."
        raise InputError("running", what, where=folder.name, remedy=remedy) from error
    try:
        yield
    finally:
        held.release()
