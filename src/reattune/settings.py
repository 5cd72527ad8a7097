"""Where Reattune keeps what belongs to the user of this machine."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """The user's data folder: REATTUNE_DATA if set, else the system's usual place.

    It need not exist; whoever writes there makes it.
    """
    named = os.environ.get("REATTUNE_DATA")
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("reattune", appauthor=False)
