"""Sessions to tensors, with the very code that runs when a user analyzes a session."""

from __future__ import annotations

import numpy as np

from reattune.calibration import carriers
from reattune.features import SHIFTS, contexts, cue_table, table
from training.corpora import Item


def shifts_of(item: Item) -> np.ndarray:
    """float32 (n, n_shifts) of a session."""
    return table(SHIFTS, contexts(item.labelled.session))


def carries_of(item: Item) -> np.ndarray:
    """float32 (n, 26): which codes each turn can carry."""
    return carriers([turn.role for turn in item.labelled.session.turns])


def examples_of(items: list[Item], vectors: dict[str, np.ndarray], annomi: float) -> list:
    """An Example a session."""
    import torch

    from training.head import Example

    made = []
    for item in items:
        session = item.labelled.session
        made.append(
            Example(
                torch.tensor(np.stack([vectors[turn.text] for turn in session.turns])),
                torch.tensor(cue_table(session)),
                torch.tensor(item.labelled.codes.astype(np.float32)),
                torch.tensor(carries_of(item)),
                torch.tensor(item.labelled.major.astype(np.float32)),
                annomi if item.corpus == "annomi" else 1.0,
            )
        )
    return made
