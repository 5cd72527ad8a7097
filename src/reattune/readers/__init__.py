"""Transcripts to sessions: `READERS` names the formats, `read` finds the one a file is in.

The format is told by the content; the extension only decides between readers that are equally
sure. Nothing here opens a network connection, and messages hold no words of a session.
"""

from __future__ import annotations

from pathlib import Path

from reattune.errors import InputError
from reattune.readers import (
    annomi,
    chat,
    docx,
    jsonl,
    otter,
    plain,
    srt,
    table,
    teams,
    webvtt,
    whisper_json,
    zoom,
)
from reattune.readers.decode import MAX_BYTES
from reattune.readers.source import Reader, Source, only, open_source
from reattune.roles import assign_roles
from reattune.types import Session

__all__ = [
    "READERS",
    "Reader",
    "read",
    "read_all",
    "read_all_bytes",
    "read_bytes",
    "sniff_format",
]

_BUILT_IN = (
    Reader("webvtt", "WebVTT", (".vtt",), webvtt.sniff, webvtt.parse),
    Reader("zoom", "Zoom transcript (WebVTT)", (".vtt",), zoom.sniff, zoom.parse),
    Reader("teams", "Teams transcript (WebVTT)", (".vtt",), teams.sniff, teams.parse),
    Reader("srt", "SubRip subtitles", (".srt",), srt.sniff, srt.parse),
    Reader("otter", "Otter text export", (".txt",), otter.sniff, otter.parse),
    Reader(
        "whisper_json",
        "Whisper or WhisperX JSON",
        (".json",),
        whisper_json.sniff,
        whisper_json.parse,
    ),
    Reader("docx", "Word document", (".docx",), docx.sniff, docx.parse),
    Reader("table", "Table (CSV, TSV, XLSX)", (".csv", ".tsv", ".xlsx"), table.sniff, table.parse),
    Reader("chat", "CHAT (TalkBank)", (".cha",), chat.sniff, chat.parse),
    Reader("jsonl", "Sessions as JSON Lines", (".jsonl", ".json"), jsonl.sniff, jsonl.parse),
    Reader("annomi", "AnnoMI table", (".csv",), annomi.sniff, annomi.parse),
    Reader("plain", "Plain text", (".txt", ".md"), plain.sniff, plain.parse),
)

READERS: dict[str, Reader] = {reader.name: reader for reader in _BUILT_IN}

EXTENSION_BONUS = 0.01
"""Added for a fitting extension: less than any difference between what contents say."""


def read(source: str | Path, *, format: str | None = None, therapist: str | None = None) -> Session:
    """The one session in the file `source`, with roles assigned.

    `format` is a key of READERS and is found from the content if left out; `therapist` names the
    therapist's label. InputError for a file that cannot be read or holds several sessions,
    RoleError when nobody is called `therapist`.
    """
    data, name = _load(source)
    return read_bytes(data, name=name, format=format, therapist=therapist)


def read_all(
    source: str | Path, *, format: str | None = None, therapist: str | None = None
) -> tuple[Session, ...]:
    """Every session in the file `source`; options and errors as for `read`."""
    data, name = _load(source)
    return read_all_bytes(data, name=name, format=format, therapist=therapist)


def read_bytes(
    data: bytes, *, name: str = "", format: str | None = None, therapist: str | None = None
) -> Session:
    """The one session in `data`; `name` is its file name for messages and for the extension.

    Options and errors as for `read`.
    """
    session = only(_parse(data, name, format), name)
    return assign_roles(session, therapist=therapist)


def read_all_bytes(
    data: bytes, *, name: str = "", format: str | None = None, therapist: str | None = None
) -> tuple[Session, ...]:
    """Every session in `data`; options and errors as for `read`."""
    sessions = _parse(data, name, format)
    return tuple(assign_roles(session, therapist=therapist) for session in sessions)


def sniff_format(data: bytes, name: str = "") -> str:
    """The key in READERS of the format that `data` is in. InputError when it is in none."""
    return _sniff(open_source(data, name)).name


def _parse(data: bytes, name: str, format: str | None) -> tuple[Session, ...]:
    reader = None if format is None else _reader(format)
    source = open_source(data, name)
    return (reader or _sniff(source)).parse(source)


def _reader(format: str) -> Reader:
    if format in READERS:
        return READERS[format]
    raise InputError(
        "unknown-format",
        f'There is no transcript format "{format}".',
        remedy=f"The formats are {', '.join(READERS)}.",
    )


def _sniff(source: Source) -> Reader:
    def sure(reader: Reader) -> float:
        score = reader.sniff(source)
        return score + EXTENSION_BONUS * (source.suffix in reader.suffixes) if score else 0.0

    return max(READERS.values(), key=sure)


def _load(source: str | Path) -> tuple[bytes, str]:
    """The bytes of a file and its name without the folder."""
    path = Path(source)
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1), path.name
    except FileNotFoundError as error:
        raise _unopened(
            "missing-file", "There is no such file.", path, "Check its name."
        ) from error
    except IsADirectoryError as error:
        what, remedy = "This is a folder, not a file.", "Name the files in it."
        raise _unopened("is-folder", what, path, remedy) from error
    except PermissionError as error:
        what, remedy = "The file may not be read.", "Ask its owner for permission to read it."
        raise _unopened("no-permission", what, path, remedy) from error
    except (OSError, ValueError) as error:
        what, remedy = "The file cannot be opened.", "Check its name and the drive it is on."
        raise _unopened("unreadable-file", what, path, remedy) from error


def _unopened(slug: str, what: str, path: Path, remedy: str) -> InputError:
    return InputError(slug, what, where=path.name, remedy=remedy)
