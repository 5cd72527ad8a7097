"""Cues: turns of phrase that show a move where the marker model saw none, from `cues.toml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reattune.codebook import CODES, code
from reattune.practice.table import Table, read_toml

THERAPIST = tuple(id for id in CODES if code(id).role == "therapist")


@dataclass(frozen=True, slots=True)
class Cue:
    """The patterns of one code; of the coded turns that match, `right` of `of` had the code."""

    code: str
    right: int
    of: int
    regex: re.Pattern[str]

    @property
    def sure(self) -> float:
        """The probability of the code where a pattern matches (Laplace's rule of succession)."""
        return (self.right + 1) / (self.of + 2)


@cache
def load_cues() -> tuple[str, tuple[Cue, ...]]:
    """(name and version, the cues in order of the codebook)."""
    raw = read_toml(files("reattune.practice").joinpath("cues.toml"))
    top = Table("cues.toml", "", raw).only("version cue")
    made = {id: _cue(id, part) for id, part in top.children("cue").items()}
    found = tuple(made[id] for id in THERAPIST if id in made)
    return f"practice-cues/{top.text('version')}", found


def _cue(id: str, part: Table) -> Cue:
    part.only("right of match")
    if id not in THERAPIST:
        raise part.fail("is no code of the therapist's turns")
    right, of = (int(part.number(key, 0, 10**6)) for key in ("right", "of"))
    return Cue(id, right, of, re.compile("|".join(map(_bounded, part.texts("match", 1)))))


def _bounded(pattern: str) -> str:
    return pattern if pattern.startswith("^") else rf"\b(?:{pattern})"


def matching(cue: Cue, text: str) -> tuple[int, int] | None:
    """Where the cue stands in a text, as (first, last) characters; None where it does not."""
    found = cue.regex.search(text.lower().replace("’", "'"))
    return found.span() if found else None
