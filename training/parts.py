"""Sessions to tensors, with the very code that runs when a user analyzes a session."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reattune.calibration import carriers
from reattune.features import SHIFTS, contexts, cue_table, table
from training.corpora import Item
from training.noise import in_other_dress


def shifts_of(item: Item) -> np.ndarray:
    """float32 (n, n_shifts) of a session."""
    return table(SHIFTS, contexts(item.labelled.session))


def carries_of(item: Item) -> np.ndarray:
    """float32 (n, 26): which codes each turn can carry."""
    return carriers([turn.role for turn in item.labelled.session.turns])


def cues_of(item: Item) -> np.ndarray:
    """float32 (n, n_cues) of a session."""
    return cue_table(item.labelled.session)


def in_dresses(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """The sessions as they are, and each in one other dress."""
    return items, [replace(item, labelled=in_other_dress(item.labelled)) for item in items]


def texts_of(items: list[Item]) -> list[list[str]]:
    """The words of every turn, a list a session."""
    return [[turn.text for turn in item.labelled.session.turns] for item in items]


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
                torch.tensor(cues_of(item)),
                torch.tensor(item.labelled.codes.astype(np.float32)),
                torch.tensor(carries_of(item)),
                torch.tensor(item.labelled.major.astype(np.float32)),
                annomi if item.corpus == "annomi" else 1.0,
            )
        )
    return made
