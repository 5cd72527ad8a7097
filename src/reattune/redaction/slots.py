"""How well a word's neighbors fit a person, a place or an organization, whatever its capitals.

A logistic regression over the words around a gap, made by training/fit_redaction.py from our own
excerpts without their capitals and punctuation, so that it holds for speech recognition.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

START, END = "<s>", "</s>"
NAME = "<name>"
"""What stands for a neighbor that is itself a person's name."""

NO_WEIGHT = (0.0, 0.0, 0.0)


def features(words: Sequence[str], i: int) -> list[str]:
    """The names of what surrounds the i-th of a turn's folded words."""
    before = words[i - 1] if i else START
    before2 = words[i - 2] if i > 1 else START
    after = words[i + 1] if i + 1 < len(words) else END
    after2 = words[i + 2] if i + 2 < len(words) else END
    return [
        f"p={before}",
        f"n={after}",
        f"q={before2}",
        f"m={after2}",
        f"qp={before2}_{before}",
        f"nm={after}_{after2}",
        f"pn={before}_{after}",
        *(["own"] if words[i].endswith("'s") else []),
    ]


def fit(words: Sequence[str], i: int) -> tuple[float, float, float]:
    """Log-odds of person, place and organization against none of them, by the neighbors."""
    table = load_slots()
    person, place, organization = table["bias"]
    for name in features(words, i):
        weights = table.get(name, NO_WEIGHT)
        person += weights[0]
        place += weights[1]
        organization += weights[2]
    return person, place, organization


@cache
def load_slots() -> dict[str, tuple[float, float, float]]:
    """Feature -> its weights; "bias" is there always."""
    text = files("reattune.redaction").joinpath("slots.txt").read_text("utf-8")
    rows = (line.split(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: (float(a), float(b), float(c)) for name, a, b, c in rows}
