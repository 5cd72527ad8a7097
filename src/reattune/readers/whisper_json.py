"""JSON of Whisper, WhisperX, faster-whisper and whisper.cpp: segments, with speakers if diarized.

Plain Whisper does not tell speakers apart; its JSON is refused rather than guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from reattune.readers.clean import (
    UNKNOWN,
    counted,
    make_session,
    make_turn,
    merge,
    tidy,
    without_empty,
)
from reattune.readers.clock import seconds
from reattune.readers.jsontext import clean_string, load, looks_like_json
from reattune.readers.source import Source, no_speakers, no_turns, wrong_format
from reattune.types import Note, Session, Turn

# Where the segments stand: Whisper and WhisperX, Hugging Face pipelines, whisper.cpp.
_LISTS = ("segments", "chunks", "transcription")

Segment = Mapping[str, Any]


def sniff(source: Source) -> float:
    """0.9 for JSON with one of the lists of segments; 0.85 for a bare list of them."""
    if not looks_like_json(source.text) or '"turns"' in source.text:
        return 0.0
    head = source.text[:2000].lstrip()
    if head.startswith("{"):
        return 0.9 if any(f'"{key}"' in source.text for key in _LISTS) else 0.0
    return 0.85 if '"text"' in head and '"start"' in head else 0.0


def parse(source: Source) -> tuple[Session, ...]:
    """The one session, fragments of one speaker joined, segments cut where the words' speaker is
    another. InputError "no-speakers" without diarization, "wrong-format", "damaged-json".
    """
    segments = _segments(source)
    turns = [turn for segment in segments for turn in _turns(segment)]
    if not without_empty(turns):
        raise no_turns(source)
    if all(turn.speaker == UNKNOWN for turn in turns):
        raise no_speakers(source)
    merged, about_merging = merge(without_empty(turns))
    notes = (*source.notes, *_about_unknown(merged), *about_merging)
    return (make_session(merged, source=source.name, format="whisper_json", notes=notes),)


def _segments(source: Source) -> list[Segment]:
    """The segments of the only JSON value in the file, those that are objects."""
    values = [value for _, value in load(source)]
    found: object = values if len(values) > 1 else values[0]
    if isinstance(found, dict):
        found = next((found[key] for key in _LISTS if isinstance(found.get(key), list)), None)
    if not isinstance(found, list):
        raise wrong_format(source, "Whisper JSON", "it has no segments")
    return [item for item in found if isinstance(item, dict)]


def _turns(segment: Segment) -> Iterator[Turn]:
    """One fragment for a segment, or one for each stretch of words by one speaker."""
    whose = _speaker(segment)
    words = [word for word in _list(segment, "words") if isinstance(word, dict)]
    speakers = {_speaker(word) for word in words} - {None}
    if len(speakers) < 2:
        start, end = _times(segment)
        text = tidy(_text(segment, "text", "sentence"))
        yield make_turn(whose or next(iter(speakers), None) or UNKNOWN, text, start, end)
        return
    for speaker, stretch in groupby(_filled(words, whose), key=lambda pair: pair[0]):
        spoken = [word for _, word in stretch]
        text = tidy("".join(_word(word) for word in spoken))
        starts = [t for t in (_times(word)[0] for word in spoken) if t is not None]
        ends = [t for t in (_times(word)[1] for word in spoken) if t is not None]
        yield make_turn(
            speaker or UNKNOWN, text, starts[0] if starts else None, ends[-1] if ends else None
        )


def _filled(words: Sequence[Segment], first: str | None) -> Iterator[tuple[str | None, Segment]]:
    """Each word with its speaker; a word without one goes on with the word before it."""
    speaker = next((found for word in words if (found := _speaker(word))), first)
    for word in words:
        speaker = _speaker(word) or speaker
        yield speaker, word


def _speaker(item: Segment) -> str | None:
    value = item.get("speaker", item.get("speaker_id"))
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return clean_string(str(value)).strip() or None


def _text(item: Segment, *keys: str) -> str:
    return next((clean_string(item[key]) for key in keys if isinstance(item.get(key), str)), "")


def _word(item: Segment) -> str:
    """A word with a space before it; Whisper's own words bring theirs, WhisperX's do not."""
    return " " + _text(item, "word", "text", "punctuated_word").lstrip()


def _list(item: Segment, key: str) -> list[Any]:
    value = item.get(key)
    return value if isinstance(value, list) else []


def _times(item: Segment) -> tuple[float | None, float | None]:
    """Start and end in seconds; whisper.cpp gives "offsets" in milliseconds."""
    offsets = item.get("offsets")
    if isinstance(offsets, dict):
        return seconds(offsets.get("from"), scale=0.001), seconds(offsets.get("to"), scale=0.001)
    pair = _list(item, "timestamp")
    if len(pair) == 2:
        return seconds(pair[0]), seconds(pair[1])
    return seconds(item.get("start")), seconds(item.get("end"))


def _about_unknown(turns: list[Turn]) -> list[Note]:
    found = tuple(index for index, turn in enumerate(turns) if turn.speaker == UNKNOWN)
    if not found:
        return []
    text = f'No speaker is given for {counted(len(found), "turn")}, kept as "{UNKNOWN}".'
    return [Note("speaker-unknown", text, found)]
