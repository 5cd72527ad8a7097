"""Measures: what clients and therapists answer, as instruments (data), scores and series."""

from __future__ import annotations

from reattune.measures.instrument import Cutoff, Instrument, Item, Key, Missing
from reattune.measures.loader import (
    SHIPPED,
    find_instrument,
    own_instruments,
    read_instrument,
    shipped_instrument,
)
from reattune.measures.score import Administration, Flag, Score, score, series

__all__ = [
    "SHIPPED",
    "Administration",
    "Cutoff",
    "Flag",
    "Instrument",
    "Item",
    "Key",
    "Missing",
    "Score",
    "find_instrument",
    "own_instruments",
    "read_instrument",
    "score",
    "series",
    "shipped_instrument",
]
