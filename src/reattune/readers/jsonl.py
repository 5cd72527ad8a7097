"""JSON Lines with one session a line: {"id": ..., "turns": [{"who": ..., "text": ...}, ...]}.

A JSON file with one such object or a list of them is read too. Texts are kept exactly as given,
one turn each, because labels are keyed to the turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reattune.errors import InputError
from reattune.readers.clean import counted, make_session, make_turn
from reattune.readers.clock import seconds
from reattune.readers.jsontext import clean_string, load, looks_like_json
from reattune.readers.source import Source, no_turns
from reattune.types import Note, Session, Turn

_FORM = '{"id": ..., "turns": [{"who": "T", "text": ...}, ...]}'


def sniff(source: Source) -> float:
    """0.9 for JSON with "turns" in it, 0.7 for any other JSON."""
    if not looks_like_json(source.text):
        return 0.0
    return 0.9 if '"turns"' in source.text else 0.7


def parse(source: Source) -> tuple[Session, ...]:
    """Every session in the file; objects with no turns are skipped, and said.

    InputError "damaged-json", "unknown-json", "bad-turn" or "no-turns".
    """
    records = list(_records(source))
    used = [(line, record) for line, record in records if record.get("turns")]
    if not used and any("turns" in record for _, record in records):
        raise no_turns(source)
    if not used:
        raise unknown_json(source)
    notes = (*source.notes, *_about_skipped(len(records) - len(used)))
    return tuple(
        _session(source, line, record, notes if number == 0 else source.notes, len(used) > 1)
        for number, (line, record) in enumerate(used)
    )


def unknown_json(source: Source) -> InputError:
    """The error for JSON that holds no transcript in a known form."""
    return InputError(
        "unknown-json",
        "The JSON holds no transcript in a known form.",
        where=source.name,
        remedy=f"Use {_FORM}, or the JSON that Whisper or WhisperX writes.",
    )


def _records(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, value in load(source):
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield line, item


def _about_skipped(count: int) -> list[Note]:
    if not count:
        return []
    return [Note("sessions-skipped", f"Skipped {counted(count, 'record')} without turns.")]


def _session(
    source: Source, line: int, record: dict[str, Any], notes: tuple[Note, ...], many: bool
) -> Session:
    turns = record["turns"]
    if not isinstance(turns, list):
        raise _bad(source, line, '"turns" is not a list')
    made = [_turn(source, line, number, turn) for number, turn in enumerate(turns, start=1)]
    name = record.get("id")
    fallback = f"{source.name}#{line}" if many else source.name
    known = isinstance(name, str | int) and not isinstance(name, bool)
    label = clean_string(str(name)) if known else fallback
    return make_session(made, source=label, format="jsonl", notes=notes)


def _turn(source: Source, line: int, number: int, turn: object) -> Turn:
    if not isinstance(turn, dict):
        raise _bad(source, line, f"turn {number} is not an object")
    who = turn.get("who", turn.get("speaker"))
    text = turn.get("text")
    if isinstance(who, bool) or not isinstance(who, str | int) or not isinstance(text, str):
        raise _bad(source, line, f'turn {number} lacks "who" or "text"')
    times = (seconds(turn.get(key)) for key in ("start", "end"))
    return make_turn(clean_string(str(who)), clean_string(text), *times)


def _bad(source: Source, line: int, what: str) -> InputError:
    return InputError(
        "bad-turn",
        f"A session cannot be read: {what}.",
        where=source.at(line),
        remedy=f"Each session has the form {_FORM}.",
    )
