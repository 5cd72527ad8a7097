"""The 26 codes and what they mean, from `codebook.toml`.

The codes follow the Rupture Resolution Rating System (3RS; Eubanks, Muran & Safran 2015; version
2022), in our own words.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reattune.types import Family, Role

CLIENT_FAMILIES: tuple[Family, ...] = ("withdrawal", "confrontation")
THERAPIST_FAMILIES: tuple[Family, ...] = ("repair", "misstep")
FAMILIES: tuple[Family, ...] = CLIENT_FAMILIES + THERAPIST_FAMILIES


@dataclass(frozen=True, slots=True)
class Code:
    """One code. `step` is the repair step (1 to 5) a repair move serves, else None."""

    id: str
    family: Family
    name: str
    definition: str
    is_not: str
    why: str
    other: str
    step: int | None = None
    strategies: str = ""

    @property
    def role(self) -> Role:
        """The role whose turns can carry this code."""
        return "client" if self.family in CLIENT_FAMILIES else "therapist"


@dataclass(frozen=True, slots=True)
class Codebook:
    """All codes by id in codebook order, what each family is, and the five repair steps."""

    version: str
    codes: dict[str, Code]
    families: dict[str, str]
    steps: dict[int, str]


@cache
def load_codebook() -> Codebook:
    """The shipped codebook."""
    data = tomllib.loads(files("reattune").joinpath("codebook.toml").read_text("utf-8"))
    rows = ({("is_not" if k == "not" else k): v for k, v in row.items()} for row in data["code"])
    codes = {row["id"]: Code(**row) for row in rows}
    steps = {int(number): name for number, name in data["steps"].items()}
    return Codebook(data["version"], codes, data["families"], steps)


CODES: tuple[str, ...] = tuple(load_codebook().codes)


def code(id: str) -> Code:
    """The code with this id; KeyError if there is none."""
    return load_codebook().codes[id]


@cache
def columns(family: Family) -> tuple[int, ...]:
    """The columns of `Analysis.scores` that belong to a family."""
    return tuple(i for i, id in enumerate(CODES) if code(id).family == family)


def codes_for(role: Role) -> tuple[int, ...]:
    """The columns of `Analysis.scores` that turns of this role can carry."""
    return tuple(i for i, id in enumerate(CODES) if code(id).role == role)
