"""Likeness: a reply that says nearly what a phrasing of guidance says, where nothing else was read.

Short questions such as those of guidance often have no place in the marker model, which was made
for whole sessions. Where the client has just shown a strain and no repair move was read, a sentence
whose vector is close to that of a phrasing of a step or move is read as the code that it serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from reattune import guidance
from reattune.guidance.parts import Move, Step
from reattune.model import load_model

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

BY = "practice-likeness/1"

LEAST = 0.65
"""Cosine of two sentences' vectors from which they count as alike; our own choice."""

RIGHT, OF = 7, 17
"""Of the therapist's turns of the coded written dialogues directly after a coded client turn with a
sentence that is alike, those that coders gave a code of that step or move
(`python -m benchmarks.practice --cues` counts them again). Few, and so is what they say."""

SURE = (RIGHT + 1) / (OF + 2)
"""The probability of a reading by likeness (Laplace's rule of succession)."""


@dataclass(frozen=True, slots=True)
class Phrasing:
    """A phrasing of guidance: its id and the codes that its step or move serves, main one first."""

    id: str
    codes: tuple[str, ...]


@cache
def phrasings() -> tuple[tuple[Phrasing, ...], Array]:
    """Every phrasing of guidance, and float32 (n, 384): their vectors of length 1."""
    parts: list[Step | Move] = [*guidance.load().steps, *guidance.load().moves.values()]
    found = [
        (Phrasing(text.id, part.codes), text.text)
        for part in parts
        for cells in part.phrases.values()
        for texts in cells.values()
        for text in texts
    ]
    vectors = load_model().encode([text for _, text in found])
    return tuple(phrasing for phrasing, _ in found), unit(vectors)


def unit(vectors: Array) -> Array:
    """The vectors (n, 384) brought to length 1."""
    import numpy as np

    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    made: Array = (vectors / lengths).astype(np.float32)
    return made


def alike(vectors: Array) -> list[Phrasing | None]:
    """For each sentence's vector (n, 384) the phrasing closest to it, None where none is close."""
    known, own = phrasings()
    close = unit(vectors) @ own.T
    best = close.argmax(1)
    return [known[at] if row[at] >= LEAST else None for row, at in zip(close, best, strict=True)]
