"""Segments: five minutes each where every turn has a time, else so many turns each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from reattune.agreement_report import SEGMENT_MINUTES
from reattune.web.coding.models import Pairing
from reattune.web.reviews.models import Turn

TURNS_EACH = 20  # turns of a segment unless told, where there are no times


@dataclass(frozen=True, slots=True)
class Segment:
    """The turns `[first, last)`, the `number`th part (from 0) of what is coded.

    `minute` is when it begins, None where segments are cut by turns.
    """

    number: int
    first: int
    last: int
    minute: float | None = None


def has_times(turns: Sequence[Turn]) -> bool:
    """Whether every turn says when it began, so that time can cut them."""
    return bool(turns) and all(turn.start is not None for turn in turns)


def cut(turns: Sequence[Turn], turns_each: int = 0) -> tuple[Segment, ...]:
    """The segments of these turns, by `turns_each` turns, or by time if that is 0."""
    if turns_each:
        keys = [i // turns_each for i in range(len(turns))]
    else:
        keys = [int((turn.start or 0.0) // (60 * SEGMENT_MINUTES)) for turn in turns]
        keys = [max(keys[: i + 1]) for i in range(len(keys))]  # times that step back open none
    made = []
    for number, (key, group) in enumerate(groupby(range(len(turns)), keys.__getitem__)):
        own = [turns[i].number for i in group]
        minute = None if turns_each else key * SEGMENT_MINUTES
        made.append(Segment(number, own[0], own[-1] + 1, minute))
    return tuple(made)


def segments_of(pairing: Pairing, turns: Sequence[Turn]) -> tuple[Segment, ...]:
    """The segments of a pairing, of the turns of its span."""
    return cut(turns, pairing.turns_each) if pairing.level == "segment" else ()
