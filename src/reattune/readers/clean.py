"""Words and turns made alike whatever wrote them: marks, tags, joined fragments, session notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from reattune.readers.clock import drop_stamps
from reattune.types import Note, Role, Session, Turn, role_of

UNKNOWN = "Unknown"
"""The label of words whose speaker the transcript leaves open; no role is stated by it."""

MAX_LABEL = 80
"""Characters kept of a speaker's label; names in meeting software are shorter."""

INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
"""Marks of writing direction and joiners that some programs put around names."""

# Non-speech marks: what is written for each, and every wording taken for it.
_MARKS = (
    (
        "[crosstalk]",
        r"cross[\s_-]?talk(?:ing)?|overlap(?:s|ping)?|simultaneous(?:ly)?"
        r"|(?:talk|speak)(?:s|ing)? over|both (?:talk|speak)(?:ing)?",
    ),
    (
        "[inaudible]",
        r"inaudible|unintelligible|unclear|indistinct|indiscernible|indecipherable|mumbl(?:es|ing)",
    ),
    ("[laughs]", r"laugh(?:s|ing|ter)?|chuckl(?:e|es|ing)|giggl(?:e|es|ing)"),
    ("[cries]", r"cry|cries|crying|sob(?:s|bing)?|weep(?:s|ing)?|tearful(?:ly)?|tears"),
    ("[sighs]", r"sigh(?:s|ing)?"),
    ("[coughs]", r"cough(?:s|ing)?"),
    ("[pause]", r"pauses?|pausing|silences?|silent|blank[\s_]audio"),
    ("[music]", r"music"),
    ("[noise]", r"noises?"),
)
_KIND = re.compile("|".join(rf"(\b(?:{words})\b)" for _, words in _MARKS), re.I)
# Words that show a bracket to be a remark of the speaker, such as "(I laugh about it now)".
_SPOKEN = re.compile(r"\b(?:i|i'm|you|we|my|your|it|that|this|if|so|but|not|no|of)\b", re.I)
_WRAPPED = re.compile(r"\[([^\[\]\n]{1,60})\]|\({1,2}([^()\n]{1,40})\){1,2}|\*([^*\n]{1,40})\*")
_WORD = re.compile(r"[^\W\d_]+")
_NOTES = re.compile("(?:[♪♫♬🎵🎶]\\s*)+")
_TWICE = re.compile(r"(\[(?:music|pause|noise|crosstalk|inaudible|laughs)\])(?:\s*\1)+")
MARK_WORDS = 4
"""Most words of a round bracket that is still taken for a mark."""

_TAG = re.compile(r"<(/?)([A-Za-z][\w-]{0,30})(?:[.\s/][^<>\n]{0,80})?>|<\d[\d:.]{3,14}>")
_MARKUP = re.compile(
    r"v|c|b|i|u|s|a|p|br|em|tt|rt|sub|sup|div|span|font|lang|ruby|strong|strike|del|ins|small|big"
    r"|code|pre|html|body",
    re.I,
)


def tidy(text: str) -> str:
    """The words of a turn on one line: tags and times taken out, marks made alike."""
    return tidy_words(strip_tags(text) if "<" in text else text)


def tidy_words(text: str) -> str:
    """As `tidy`, for text whose tags are out already and whose "<" are words."""
    if "[" in text or "(" in text or "#" in text:
        text = drop_stamps(text)
    return squeeze(same_marks(text))


def squeeze(text: str) -> str:
    """`text` with every run of white space made one space."""
    return " ".join(text.split())


def counted(number: int, noun: str) -> str:
    """ "1 row", "2 rows"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def same_marks(text: str) -> str:
    """Non-speech marks in one wording: `(laughing)`, `*laughs*`, `[LAUGHTER]` are `[laughs]`.

    Square brackets with other content stay as they are, other round brackets are words.
    """
    text = _WRAPPED.sub(_mark, text)
    text = _NOTES.sub(" [music] ", text)
    return _TWICE.sub(r"\1", text)


def strip_tags(text: str) -> str:
    """`text` without markup; `<laugh>` becomes a mark and `<NAME>`, which hides a name, `[NAME]`.

    Angle brackets that are no tags ("<3", "a < b") stay.
    """
    return _TAG.sub(_tag, text)


def _mark(match: re.Match[str]) -> str:
    square, *others = match.groups()
    inside = square or next(group for group in others if group is not None)
    kind = mark_for(inside)
    if kind is None or (square is None and len(_WORD.findall(inside)) > MARK_WORDS):
        return match[0]
    return match[0] if _SPOKEN.search(inside) else kind


def mark_for(words: str) -> str | None:
    """The mark that a few words name, such as "[laughs]" for "laughter", or None."""
    found = _KIND.search(words)
    return _MARKS[found.lastindex - 1][0] if found and found.lastindex else None


def _tag(match: re.Match[str]) -> str:
    closing, name = match[1], match[2]
    if name is None:  # a time within a caption
        return ""
    if _MARKUP.fullmatch(name):
        return " " if name.lower() in ("br", "p", "div") else ""
    return "" if closing else mark_for(name) or f"[{name}]"


def make_turn(
    speaker: str,
    text: str,
    start: float | None = None,
    end: float | None = None,
    *,
    role: Role | None = None,
) -> Turn:
    """A turn with its label cleaned and the role that the label states, unless `role` is given."""
    label = squeeze(speaker.strip(INVISIBLE + " \t\n"))[:MAX_LABEL].strip() or UNKNOWN
    return Turn(label, text, role_of(label) if role is None else role, start, end)


def merge(turns: Iterable[Turn]) -> tuple[list[Turn], list[Note]]:
    """One turn for consecutive fragments of one speaker, and a note how many were joined."""
    merged, fragments = [], 0
    for _, group in groupby(turns, key=lambda turn: turn.speaker):
        parts = list(group)
        fragments += len(parts)
        merged.append(_join(parts))
    if fragments == len(merged):
        return merged, []
    text = f"Joined {fragments} consecutive fragments into {counted(len(merged), 'turn')}."
    return merged, [Note("fragments-joined", text)]


def _join(parts: list[Turn]) -> Turn:
    starts = [part.start for part in parts if part.start is not None]
    ends = [part.end for part in parts if part.end is not None]
    text = " ".join(part.text for part in parts if part.text)
    return replace(
        parts[0],
        text=_TWICE.sub(r"\1", text),
        start=starts[0] if starts else None,
        end=ends[-1] if ends else None,
    )


def make_session(
    turns: Sequence[Turn], *, source: str, format: str, notes: Iterable[Note] = ()
) -> Session:
    """A session with the notes about its times and speakers added; roles not yet assigned."""
    turns, about_times = _check_times(turns)
    said = (*notes, *_about_speakers(turns), *about_times)
    return Session(tuple(turns), source=source, format=format, notes=said)


def without_empty(turns: Iterable[Turn]) -> list[Turn]:
    """The turns that hold anything."""
    return [turn for turn in turns if turn.text]


def about_empty(count: int, noun: str) -> list[Note]:
    """A note that `count` turns, rows or lines held no words, or nothing if there were none."""
    return [Note("turns-empty", f"Left out {counted(count, noun)} without words.")] if count else []


def _about_speakers(turns: Sequence[Turn]) -> list[Note]:
    notes = []
    if len(turns) == 1:
        notes.append(Note("one-turn", "There is only one turn.", (0,)))
    if len({turn.speaker.casefold() for turn in turns}) == 1:
        notes.append(Note("one-speaker", "Only one speaker is named."))
    return notes


def _check_times(turns: Sequence[Turn]) -> tuple[list[Turn], list[Note]]:
    """The turns without ends that lie before their start, and notes on missing and wrong times."""
    fixed, backward, latest = list(turns), [], 0.0
    for index, turn in enumerate(turns):
        reversed_ = turn.start is not None and turn.end is not None and turn.end < turn.start
        if reversed_:
            fixed[index] = replace(turn, end=None)
        if reversed_ or (turn.start is not None and turn.start < latest):
            backward.append(index)
        latest = max(latest, turn.start or 0.0)
    missing = tuple(i for i, turn in enumerate(turns) if turn.start is None)
    return fixed, [*_about_missing(missing, len(turns)), *_about_backward(tuple(backward))]


def _about_missing(missing: tuple[int, ...], total: int) -> list[Note]:
    if not missing:
        return []
    if len(missing) == total:
        return [Note("no-times", "The transcript has no times, so pauses cannot be measured.")]
    return [
        Note("times-missing", f"No time is given for {len(missing)} of {total} turns.", missing)
    ]


def _about_backward(backward: tuple[int, ...]) -> list[Note]:
    if not backward:
        return []
    text = f"Times run backward at {counted(len(backward), 'turn')}; the file's order was kept."
    return [Note("times-backward", text, backward)]
