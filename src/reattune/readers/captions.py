"""Cues of subtitle-like formats to turns: who speaks in each, fragments of one speaker joined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reattune.readers.clean import (
    UNKNOWN,
    counted,
    make_session,
    make_turn,
    merge,
    tidy_words,
    without_empty,
)
from reattune.readers.labels import (
    LOOSE_SHARE,
    choose_labels,
    is_filler,
    is_name,
    split_label,
)
from reattune.readers.source import Source, no_speakers
from reattune.types import Note, Session, Turn

Part = tuple[
    str | None, str
]  # who speaks (None: not said) and the text without tags, lines kept apart


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption: seconds it is shown, and its parts, one for each voice in it."""

    start: float | None
    end: float | None
    parts: tuple[Part, ...]


def cues_session(
    source: Source, cues: Sequence[Cue], format: str, notes: Iterable[Note] = ()
) -> Session:
    """The session that the cues hold. InputError "no-speakers" when no cue says who speaks."""
    turns, about_open = _fill(_named(cues))
    if all(turn.speaker == UNKNOWN for turn in turns):
        raise no_speakers(source)
    turns, about_merging = merge(without_empty(turns))
    said = (*source.notes, *notes, *about_open, *about_merging)
    return make_session(turns, source=source.name, format=format, notes=said)


def _named(cues: Sequence[Cue]) -> Sequence[Cue]:
    """The cues with speakers taken from voices, else from labels, else from their first lines."""
    if any(speaker for cue in cues for speaker, _ in cue.parts):
        return cues
    return _by_label(cues) or _by_first_line(cues) or cues


def _lines(cue: Cue) -> list[str]:
    return [line for _, text in cue.parts for line in text.split("\n") if line.strip()]


def _by_label(cues: Sequence[Cue]) -> list[Cue]:
    """The cues cut at each "Name:" that is a speaker, or none if there are no such labels."""
    found = [[split_label(line) for line in _lines(cue)] for cue in cues]
    labels = [item.label for row in found for item in row if item]
    opening = [number == 0 for row in found for number, item in enumerate(row) if item]
    chosen = choose_labels(labels, sum(map(bool, found)), opening=opening)
    if not chosen:
        return []
    named = []
    for cue, row in zip(cues, found, strict=True):
        parts: list[Part] = []
        for line, item in zip(_lines(cue), row, strict=True):
            name = chosen.get(item.label.casefold()) if item else None
            parts.append((name, item.rest) if item and name else (None, line))
        named.append(Cue(cue.start, cue.end, tuple(parts)))
    return named


def _by_first_line(cues: Sequence[Cue]) -> list[Cue]:
    """The cues with the first line as the name, if nearly all begin with a name on its own."""
    split = [_lines(cue) for cue in cues]
    firsts = [lines[0].strip("() \t") for lines in split if len(lines) > 1]
    names = [first for first in firsts if is_name(first) and not is_filler(first)]
    if not names or len(names) < LOOSE_SHARE * sum(map(bool, split)):
        return []
    if len(cues) > 4 and 2 * len(set(names)) > len(names):  # lines of text, each another
        return []
    known = set(names)
    return [
        Cue(cue.start, cue.end, ((lines[0].strip("() \t"), "\n".join(lines[1:])),))
        if len(lines) > 1 and lines[0].strip("() \t") in known
        else cue
        for cue, lines in zip(cues, split, strict=True)
    ]


def _fill(cues: Sequence[Cue]) -> tuple[list[Turn], list[Note]]:
    """Turns from parts; a part without a speaker goes on with the one before, which is said."""
    turns: list[Turn] = []
    speaker, continued, opened = UNKNOWN, 0, False
    for cue in cues:
        for number, (name, text) in enumerate(cue.parts):
            words = tidy_words(text)
            opened = opened or name is not None
            continued += bool(opened and name is None and number == 0 and words)
            speaker = name or speaker
            turns.append(make_turn(speaker, words, cue.start, cue.end))
            speaker = turns[-1].speaker
    notes = []
    if continued:
        cues_ = counted(continued, "cue")
        text = f"No speaker is named in {cues_}; each was given to the speaker before it."
        notes.append(Note("cues-continued", text))
    return turns, notes
