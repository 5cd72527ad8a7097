"""The model that reads replies, loaded once a process, and the voice that the client may have."""

from __future__ import annotations

import os
from dataclasses import dataclass
from threading import Lock, Thread
from typing import TYPE_CHECKING

from reattune.errors import InputError

if TYPE_CHECKING:
    from reattune.practice.voice import Voice

ENDPOINT, MODEL = "REATTUNE_PRACTICE_ENDPOINT", "REATTUNE_PRACTICE_MODEL"
_loading = Lock()


@dataclass(frozen=True, slots=True)
class Speaking:
    """The voice that the server was given, if any: the model's name, or why it cannot be used."""

    voice: Voice | None = None
    model: str = ""
    trouble: str = ""


def configured() -> Speaking:
    """The voice by the server's environment; only one on the server's own machine."""
    url, model = os.environ.get(ENDPOINT, ""), os.environ.get(MODEL, "")
    if not url:
        return Speaking()
    from reattune.practice.voice import endpoint_voice

    try:
        return Speaking(endpoint_voice(url, model), model)
    except InputError as error:
        return Speaking(trouble=error.what)


def ready() -> None:
    """The model loaded and run once; waits while another thread does so."""
    from reattune.model import load_model

    with _loading:
        load_model()


def get_ready() -> None:
    """Begin to load the model, so that the first reply need not wait for it."""
    from reattune.model import load_model

    if not load_model.cache_info().currsize and not _loading.locked():
        Thread(target=ready, daemon=True).start()
