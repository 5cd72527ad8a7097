"""Static files that the pages share with the reports: one style sheet for both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

import reattune.report

FOLDER = Path(reattune.report.__file__).parent / "templates"
PREFIX = "report"  # before the name in an address: report/timeline.css
SHARED = ("timeline.css",)


class ReportStyles(BaseFinder):
    """Finds the style sheets of SHARED; nothing else of the reports' folder is served."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.storage = FileSystemStorage(location=FOLDER)
        self.storage.prefix = PREFIX  # type: ignore[attr-defined]

    def check(self, **kwargs: Any) -> list[Any]:
        """Nothing is configured, so nothing can be wrong."""
        del kwargs
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file of an address, or all of them; [] for none, as Django wants it."""
        del kwargs
        known = [str(FOLDER / name) for name in SHARED if path == f"{PREFIX}/{name}"]
        return known[0] if known and not find_all else known

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Any]]:
        """The names with the storage they are in."""
        del ignore_patterns
        for name in SHARED:
            yield name, self.storage
