"""Measures: what clients and therapists answer, as instruments (data), scores and series."""

from __future__ import annotations

from reattune.measures.instrument import Cutoff, Instrument, Item, Key, Missing, Norms, Wording
from reattune.measures.loader import (
    SHIPPED,
    bringing,
    find_instrument,
    known_instrument,
    own_instruments,
    parse_instrument,
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
    "Norms",
    "Score",
    "Wording",
    "bringing",
    "find_instrument",
    "known_instrument",
    "own_instruments",
    "parse_instrument",
    "read_instrument",
    "score",
    "series",
    "shipped_instrument",
]
