"""Guidance on repair as data: what one might do and say, each sentence with its source.

`load()` gives a `Guidance`. The words are in the TOML files beside this module, in our own words
and tentative on purpose: prompts for a professional's judgment, not instructions.
"""

from __future__ import annotations

from reattune.guidance.data import FILES
from reattune.guidance.loader import load
from reattune.guidance.parts import (
    Answer,
    Branch,
    Ending,
    Guidance,
    IntensityGuide,
    Lands,
    LetterPart,
    Misstep,
    Move,
    Planning,
    Rule,
    Section,
    Side,
    SideGuide,
    Source,
    Step,
    StepState,
    Text,
    TherapistSide,
    Watch,
)

__all__ = [
    "FILES",
    "Answer",
    "Branch",
    "Ending",
    "Guidance",
    "IntensityGuide",
    "Lands",
    "LetterPart",
    "Misstep",
    "Move",
    "Planning",
    "Rule",
    "Section",
    "Side",
    "SideGuide",
    "Source",
    "Step",
    "StepState",
    "Text",
    "TherapistSide",
    "Watch",
    "load",
]
