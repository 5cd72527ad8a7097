"""JSON and JSON Lines to plain values, with the line where a file breaks off."""

from __future__ import annotations

import json
import re

from reattune.errors import InputError
from reattune.readers.source import Source, wrong_format

_OPENING = re.compile(r"\s*(?:\{\s*(?:[\"}]|$)|\[\s*(?:[\[{\]]|$))")
_SURROGATE = re.compile("[\ud800-\udfff]")


def looks_like_json(text: str) -> bool:
    """Whether a text begins like a JSON object or a list of them; "[SPEAKER_00]" does not."""
    return _OPENING.match(text[:2000]) is not None


def load(source: Source) -> list[tuple[int, object]]:
    """Each JSON value in the file with the number of its first line.

    One value for a JSON file, one a line for JSON Lines. InputError "damaged-json" with the line
    where it stops being JSON.
    """
    if source.kind != "text":
        raise wrong_format(source, "JSON", f"it is {source.kind.upper()}")
    try:
        return [(1, json.loads(source.text))]
    except RecursionError as error:
        raise _damaged(source, 1) from error
    except ValueError as error:
        lines = [(n, t) for n, t in enumerate(source.text.split("\n"), start=1) if t.strip()]
        if len(lines) == 1 or not _is_value(lines[0][1]):
            raise _damaged(source, getattr(error, "lineno", 1)) from error
    return [(number, _value(source, number, line)) for number, line in lines]


def clean_string(text: str) -> str:
    """`text` with halves of surrogate pairs, which no file can hold, replaced."""
    return _SURROGATE.sub("\ufffd", text)


def _is_value(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _value(source: Source, number: int, line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _damaged(source, number) from error


def _damaged(source: Source, line: int) -> InputError:
    return InputError(
        "damaged-json",
        "The JSON breaks off or is malformed here.",
        where=source.at(line),
        remedy="Export it again, or mend that line.",
    )
