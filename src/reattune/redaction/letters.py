"""How much the letters of a word that no list has look like those of a name.

A logistic regression on groups of three letters, made by training/fit_redaction.py from our lists
of names against our lists of ordinary words.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

GROUP = 3


def groups(word: str) -> set[str]:
    """The groups of three letters of a folded word, "_" for its edges."""
    padded = f"_{word}_"
    return {padded[i : i + GROUP] for i in range(len(padded) - GROUP + 1)}


def name_like(word: str) -> float:
    """Log-odds of a name against an ordinary word, by the letters of a folded word."""
    table = load_letters()
    return table["bias"] + sum(table.get(group, 0.0) for group in groups(word))


@cache
def load_letters() -> dict[str, float]:
    """Group -> weight; "bias" is there always."""
    text = files("reattune.redaction").joinpath("letters.txt").read_text("utf-8")
    rows = (line.split(" ") for line in text.splitlines() if not line.startswith("#"))
    return {group: float(weight) for group, weight in rows}
