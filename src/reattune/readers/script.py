"""A transcript as lines of text, to turns: the ways of laying it out that people and programs use.

Each layout is a function lines -> {line number: `Head`}; the one that finds most turns is taken.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reattune.readers.captions import Cue, cues_session
from reattune.readers.clean import (
    about_empty,
    counted,
    make_session,
    make_turn,
    merge,
    strip_tags,
    tidy,
    without_empty,
)
from reattune.readers.clock import CLOCK, NO_STAMP, Stamp, lone_stamp, take_stamp
from reattune.readers.labels import (
    choose_labels,
    fold_numbers,
    is_filler,
    is_known,
    is_name,
    split_label,
)
from reattune.readers.source import Source, no_speakers, no_turns
from reattune.types import Note, Session, Turn

ARROW = re.compile(rf"\s*(?P<start>{CLOCK})\s*-->\s*(?P<end>{CLOCK})\s*")
_TIMED = re.compile(rf"(?P<label>[^\n]{{1,60}}?)[\s,]*(?P<time>[\[(<]?{CLOCK}[\])>]?)")
_LINE_BREAKS = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")
_FURNITURE = re.compile(
    r"transcribed by https?://\S+|.{1,80} (?:started|stopped) transcription"
    r"|[\[(]?(?:end|start|beginning) of (?:the )?"
    r"(?:transcript|transcription|recording|session|audio)[\])]?\.?"
    r"|[-=_*]{3,}|page \d+(?: of \d+)?",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Head:
    """The line that begins a turn: who speaks, the words on it, when, and the layout's line."""

    speaker: str
    rest: str = ""
    stamp: Stamp = NO_STAMP


Heads = dict[int, Head]


def split_lines(text: str) -> list[str]:
    """The lines of a text, without the furniture that exporters add, white space trimmed."""
    lines = [line.strip() for line in _LINE_BREAKS.sub("\n", text).split("\n")]
    return ["" if _FURNITURE.fullmatch(line[:200]) else line for line in lines]


def read_lines(
    source: Source, lines: Sequence[str], format: str, *, joined: bool = False
) -> Session:
    """The session that the lines hold, fragments of one speaker joined where `joined` asks for it.

    InputError "no-speakers" when no layout finds who speaks, "no-turns" when nobody says a word.
    """
    arrows = [index for index, line in enumerate(lines) if ARROW.fullmatch(line[:80])]
    if arrows:
        about_preamble = _about_preamble(lines[: arrows[0]])
        return cues_session(source, _arrow_cues(lines, arrows), format, about_preamble)
    heads = find_heads(lines)
    if not heads:
        raise no_speakers(source)
    turns = without_empty(_cut(lines, heads))
    if not turns:
        raise no_turns(source)
    notes = [*source.notes, *_about_preamble(lines[: min(heads)])]
    notes += about_empty(len(heads) - len(turns), "turn")
    if joined:
        turns, about_merging = merge(turns)
        notes += about_merging
    return make_session(turns, source=source.name, format=format, notes=notes)


def find_heads(lines: Sequence[str]) -> Heads:
    """The lines that begin turns, by the layout that finds most of them; none without speakers."""
    return max((layout(lines) for layout in LAYOUTS.values()), key=len)


def colon_heads(lines: Sequence[str]) -> Heads:
    """`T: words`, `**Name:** words`, `[00:01:02] Name: words`, or the words on the next lines."""
    found = {i: item for i, line in enumerate(lines) if line and (item := split_label(line))}
    labels = fold_numbers([item.label for item in found.values()])
    opening = [_opens(lines, index) for index in found]
    chosen = choose_labels(labels, sum(map(bool, lines)), opening=opening)
    return {
        index: Head(chosen[label.casefold()], item.rest, item.stamp)
        for (index, item), label in zip(found.items(), labels, strict=True)
        if label.casefold() in chosen
    }


def timed_heads(lines: Sequence[str]) -> Heads:
    """`Name  0:12`, `[Name] 0:12` or `0:12 Name` on a line of its own, the words below."""
    found = {i: head for i, line in enumerate(lines) if line and (head := _timed(line))}
    mentions = Counter(head.speaker.casefold() for head in found.values())
    kept = {
        i: h for i, h in found.items() if _opens(lines, i) or mentions[h.speaker.casefold()] > 1
    }
    return _keep_names(kept, lines)


def name_heads(lines: Sequence[str]) -> Heads:
    """`Name` alone at the beginning of a paragraph, the words on the next lines."""
    found = {
        index: Head(line)
        for index, line in enumerate(lines)
        if line
        and _opens(lines, index)
        and any(lines[index + 1 : index + 3])
        and (is_name(line) or is_known(line))
        and not is_filler(line)
    }
    mentions = Counter(head.speaker.casefold() for head in found.values())
    kept = {
        index: head
        for index, head in found.items()
        if mentions[head.speaker.casefold()] > 1 or is_known(head.speaker)
    }
    return _keep_names(kept, lines)


LAYOUTS: dict[str, Callable[[Sequence[str]], Heads]] = {
    "Name: words": colon_heads,
    "Name 0:12, words below": timed_heads,
    "Name, words below": name_heads,
}


def _timed(line: str) -> Head | None:
    if len(line) > 100:
        return None
    stamp, name = take_stamp(line)
    if stamp is NO_STAMP:
        match = _TIMED.fullmatch(line)
        if match is None:
            return None
        name, (stamp, _) = match["label"], take_stamp(match["time"])
    name = name.strip(" \t:*_[]")
    return Head(name, "", stamp) if is_name(name) or is_known(name) else None


def _keep_names(found: Heads, lines: Sequence[str]) -> Heads:
    """The heads whose names are accepted; turns take two lines or more in these layouts."""
    opening = [_opens(lines, index) for index in found]
    labels = [head.speaker for head in found.values()]
    chosen = choose_labels(labels, max(2, sum(map(bool, lines)) // 2), opening=opening)
    return {
        index: Head(chosen[head.speaker.casefold()], "", head.stamp)
        for index, head in found.items()
        if head.speaker.casefold() in chosen
    }


def _opens(lines: Sequence[str], index: int) -> bool:
    """Whether a line is the first of a paragraph; a time on a line of its own does not count."""
    return index == 0 or not lines[index - 1] or lone_stamp(lines[index - 1]) is not None


def _cut(lines: Sequence[str], heads: Heads) -> Iterable[Turn]:
    """A turn from each head to the next."""
    for first, last in pairwise([*heads, len(lines)]):
        head = heads[first]
        below = [line for line in lines[first + 1 : last] if line and lone_stamp(line) is None]
        stamp = head.stamp if head.stamp.start is not None else _stamp_before(lines, first)
        yield make_turn(head.speaker, tidy(" ".join([head.rest, *below])), stamp.start, stamp.end)


def _stamp_before(lines: Sequence[str], index: int) -> Stamp:
    """The time on the line above a head, over one empty line at most."""
    above = index - 1 if index and lines[index - 1] else index - 2
    return (lone_stamp(lines[above]) if above >= 0 else None) or NO_STAMP


def _about_preamble(lines: Sequence[str]) -> list[Note]:
    skipped = sum(bool(line) and lone_stamp(line) is None for line in lines)
    if not skipped:
        return []
    text = f"Left out {counted(skipped, 'line')} before the first speaker."
    return [Note("preamble-skipped", text)]


def _arrow_cues(lines: Sequence[str], arrows: list[int]) -> list[Cue]:
    """Cues from `0:0:1.5 --> 0:0:3.0` lines, the name and the words on the lines below."""
    cues = []
    for first, last in pairwise([*arrows, len(lines)]):
        stamp, _ = take_stamp(lines[first])
        body = "\n".join(line for line in lines[first + 1 : last] if line)
        cues.append(Cue(stamp.start, stamp.end, ((None, strip_tags(body)),)))
    return cues
