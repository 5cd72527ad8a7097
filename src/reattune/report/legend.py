"""The legend of a timeline: what its shapes mean, those that it does not show left out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reattune.report.told import KIND_WORDS

if TYPE_CHECKING:
    from reattune.report.timeline import Timeline

LETTER = 5.9  # pixels of a letter, about
SHAPE, GAP = 34, 18  # pixels of a shape with the space after it, and between two entries


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the legend: a shape that is drawn, "" for words alone, and what it means."""

    shape: str
    label: str


def keys_of(timeline: Timeline) -> list[Key]:
    """The entries of a legend, in the order of the rows."""
    return [*row_keys(timeline), *score_keys(timeline), *signal_keys(timeline)]


def row_keys(timeline: Timeline) -> Iterator[Key]:
    """The entries about attendance and words."""
    for shape, label in (("late", "late"), ("missed", "missed"), ("none", "called off or moved")):
        if any(visit.shape == shape for visit in timeline.visits):
            yield Key(shape, label)
    for kind in ("withdrawal", "confrontation", "mixed"):
        if any(tag.kind == kind for tag in timeline.tags):
            yield Key(kind, kind)
    if any(tag.repaired for tag in timeline.tags):
        yield Key("fixed", "looks repaired")
    if timeline.few:
        yield Key("", "+1: further episodes, slight ones")


def signal_keys(timeline: Timeline) -> Iterator[Key]:
    """The entries about signals, and where strands agree."""
    for kind in KIND_WORDS:
        if any(mark.kind == kind for mark in timeline.marks):
            yield Key(kind, KIND_WORDS[kind])
    if timeline.marks:
        small = ", small: slight and alone" if any(m.small for m in timeline.marks) else ""
        yield Key("", f"filled: major, outlined: micro (slight){small}")
    if any(column.agree for column in timeline.columns):
        yield Key("agree", "strands agree here (w words, s scores, a attendance)")


def score_keys(timeline: Timeline) -> Iterator[Key]:
    """The entries of a legend about scores."""
    dots = [dot for panel in timeline.panels for dot in panel.dots]
    if any(dot.mark == "strain" for dot in dots):
        yield Key("strain", "score with a signal")
    if any(dot.mark == "recovery" for dot in dots):
        yield Key("better", "score that recovers")
    if any(dot.doubtful for dot in dots):
        yield Key("doubtful", "may have been clicked through")
    if any(panel.band for panel in timeline.panels):
        yield Key("baseline", "baseline: the sessions that limits rest on")
        yield Key("limit", "limits")
        yield Key("center", "center")


def placed(keys: Iterable[Key], width: int) -> list[tuple[float, int, Key]]:
    """Left edge and line of each entry where lines are so many pixels wide."""
    found: list[tuple[float, int, Key]] = []
    x, line = 0.0, 0
    for key in keys:
        wide = LETTER * len(key.label) + (SHAPE if key.shape else 0)
        if x and x + wide > width:
            x, line = 0.0, line + 1
        found.append((round(x, 1), line, key))
        x += wide + GAP
    return found


def remarks(timeline: Timeline) -> list[str]:
    """The lines under the legend: how often the rules that spoke are wrong, and what they are."""
    said = [timeline.figures, "A signal is a prompt to look, never a verdict."]
    return [line for text in said for line in textwrap.wrap(text, int(timeline.width / LETTER))]
