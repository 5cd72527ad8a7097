"""Reattune: notice, name, track and repair ruptures in the alliance, on your own machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# onnxruntime from 1.29 on reports usage unless told not to before it is imported. The dependency
# is pinned below that version; this holds if somebody overrides the pin.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"

if TYPE_CHECKING:
    from reattune.codebook import CODES as CODES
    from reattune.errors import ReattuneError as ReattuneError
    from reattune.pipeline import analyze as analyze
    from reattune.readers import read as read
    from reattune.readers import read_all as read_all
    from reattune.roles import assign_roles as assign_roles
    from reattune.types import Analysis as Analysis
    from reattune.types import Episode as Episode
    from reattune.types import Marker as Marker
    from reattune.types import Session as Session
    from reattune.types import Turn as Turn

_PUBLIC = {
    "CODES": "codebook",
    "ReattuneError": "errors",
    "analyze": "pipeline",
    "read": "readers",
    "read_all": "readers",
    "assign_roles": "roles",
    "Analysis": "types",
    "Episode": "types",
    "Marker": "types",
    "Session": "types",
    "Turn": "types",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    """Public names are imported on first use, so that `reattune --help` stays quick."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'reattune' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"reattune.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value
