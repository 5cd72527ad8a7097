"""Files that a killed process left behind: written, but their session never came to be.

A transcript is stored before the transaction that names it, so that no session is ever without its
file. A kill in between leaves a file that nothing names; a kill after a deletion was committed
leaves one that nothing names any more. Both are swept here.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from reattune.web import files
from reattune.web.reviews.models import Session

EVERY = 3600.0  # seconds between sweeps
TRANSCRIPTS = "transcripts"

AGE = 900.0
"""Seconds; a younger file may belong to an upload that is still going on."""

log = logging.getLogger("reattune.files")


def sweep(age: float = AGE) -> int:
    """Remove the stored transcripts older than `age` seconds that no session names; how many."""
    found = [path for path in stored() if is_older(path, age)]
    named = {Path(name).name for name in Session.objects.values_list("file", flat=True)}
    orphans = [path for path in found if path.name not in named]
    for path in orphans:
        path.unlink(missing_ok=True)
    if orphans:
        log.info("%d leftover files were removed", len(orphans))
    return len(orphans)


def stored() -> list[Path]:
    """The files of transcripts, half-written ones as well."""
    folder = files.folder() / TRANSCRIPTS
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def is_older(path: Path, age: float) -> bool:
    """Whether a file was last written so many seconds ago; False if it is gone by now."""
    try:
        return time.time() - path.stat().st_mtime > age
    except FileNotFoundError:
        return False
