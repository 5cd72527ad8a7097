"""Which columns of a table hold speaker, text and times, and the turns in its rows.

Used for CSV, TSV and XLSX files and for tables in Word documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from reattune.readers.clean import UNKNOWN, about_empty, counted, make_turn, tidy
from reattune.readers.clock import seconds
from reattune.readers.labels import is_known
from reattune.types import Note, Role, Turn, role_of

Row = Sequence[object]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


# Header names in lower case without punctuation, the surest first.
SPEAKER = _names(
    "speaker name,speaker,speaker label,speaker id,who,interlocutor,talker,role,speaker role,"
    "participant,participant name,person,name"
)
TEXT = _names(
    "utterance text,utterance,text,transcript,transcription,content,words,speech,turn text,"
    "sentence,message,dialogue,dialog,caption,said"
)
START = _names(
    "start,start time,starttime,time start,begin,begin time,start timestamp,onset,from,time in,in,"
    "time,timestamp,time stamp"
)
END = _names("end,end time,endtime,time end,stop,end timestamp,to,time out,out")
ROLE = _names("role,speaker role")
SESSION = _names("transcript id,session id,session,conversation id,dialogue id,dialog id")

HEADER_ROWS = 10
"""Rows from the top among which the header is looked for; titles may stand above it."""

_UNIT = re.compile(r" (?:s|sec|secs|seconds|ms|msec|milliseconds|hh mm ss|mm ss)$")
_MILLISECONDS = re.compile(r" (?:ms|msec|milliseconds)$")
_NAME = re.compile(r"[^\W\d][\w ()/#-]{0,29}")
_RULE = re.compile(r":?-{2,}:?|")


@dataclass(frozen=True, slots=True)
class Columns:
    """The numbers of the columns; `header` is the row that named them, None without one."""

    speaker: int
    text: int
    start: int | None = None
    end: int | None = None
    role: int | None = None
    session: int | None = None
    scale: float = 1.0
    header: int | None = None


def find_columns(rows: Sequence[Row]) -> Columns | None:
    """The columns by the first row that names both a speaker and a text column, else None."""
    for index, row in enumerate(rows[:HEADER_ROWS]):
        names = [_normal(cell) for cell in row]
        plain = [_UNIT.sub("", name) for name in names]
        text = _first(plain, TEXT, None)
        speaker = _first(plain, SPEAKER, text)
        if speaker is None or text is None:
            continue
        start, end = _first(plain, START, None), _first(plain, END, None)
        return Columns(
            speaker=speaker,
            text=text,
            start=start,
            end=end,
            role=_first(plain, ROLE, speaker),
            session=_first(plain, SESSION, None),
            scale=0.001 if start is not None and _MILLISECONDS.search(names[start]) else 1.0,
            header=index,
        )
    return None


def guess_columns(rows: Sequence[Row]) -> Columns | None:
    """The columns of a table without a header: known labels in one, the longest words in another.

    None when no column holds known labels, such as T and C, in nearly every row.
    """
    sample = [[cell_text(cell) for cell in row] for row in rows[:50]]
    width = min((len(row) for row in sample), default=0)
    labels = [i for i in range(width) if _share(sample, i, _is_label) > 0.9]
    if not labels or width < 2:
        return None
    others = [i for i in range(width) if i != labels[0]]
    text = max(others, key=lambda i: sum(len(row[i]) for row in sample))
    timed = [i for i in others if i != text and _share(sample, i, _is_clock) > 0.9]
    return Columns(labels[0], text, *timed[:2])


def read_rows(rows: Iterable[Row], columns: Columns) -> tuple[dict[str, list[Turn]], list[Note]]:
    """Session key -> its turns in order, and notes on rows without words or speaker.

    The key is "" without a session column. A row is a turn; nothing is joined.
    """
    sessions: dict[str, list[Turn]] = {}
    empty = continued = 0
    speaker = UNKNOWN
    for row in rows:
        text = tidy(_cell(row, columns.text))
        if not text or all(_RULE.fullmatch(cell_text(cell)) for cell in row):
            empty += 1
            continue
        named = (_cell(row, columns.speaker) or _cell(row, columns.role)).rstrip(":： ")
        continued += not named
        speaker = named or speaker
        turns = sessions.setdefault(_cell(row, columns.session), [])
        turns.append(_turn(row, columns, speaker, text))
    return sessions, _about_rows(empty, continued)


def names_found(rows: Sequence[Row]) -> list[str]:
    """The column names in the first row, or none unless it is surely a header.

    A first row of data must not get into a message, so its cells must all be written like names
    and none may occur again below.
    """
    if len(rows) < 3:
        return []
    names = [cell_text(cell) for cell in rows[0]]
    below = {(i, cell_text(cell)) for row in rows[1:] for i, cell in enumerate(row)}
    sure = all(_NAME.fullmatch(name) and (i, name) not in below for i, name in enumerate(names))
    return names if sure and len(set(names)) == len(names) else []


def cell_text(cell: object) -> str:
    """A cell as text: whole numbers without decimals, nothing for an empty cell."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _normal(cell: object) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", cell_text(cell)[:80].casefold()).split())


def _first(names: Sequence[str], wanted: Sequence[str], taken: int | None) -> int | None:
    """The column with the surest of the wanted names, other than the one already taken."""
    found = (i for name in wanted for i, have in enumerate(names) if have == name and i != taken)
    return next(found, None)


def _share(rows: Sequence[Sequence[str]], column: int, holds: Callable[[str], bool]) -> float:
    return sum(holds(row[column]) for row in rows) / len(rows)


def _is_label(text: str) -> bool:
    return is_known(text.rstrip(":： "))


def _is_clock(text: str) -> bool:
    return ":" in text and seconds(text) is not None


def _cell(row: Row, column: int | None) -> str:
    return cell_text(row[column]) if column is not None and column < len(row) else ""


def _turn(row: Row, columns: Columns, speaker: str, text: str) -> Turn:
    start, end = (_time(row, column, columns.scale) for column in (columns.start, columns.end))
    stated: Role = role_of(_cell(row, columns.role))
    return make_turn(speaker, text, start, end, role=None if stated == "unknown" else stated)


def _time(row: Row, column: int | None, scale: float) -> float | None:
    return None if column is None or column >= len(row) else seconds(row[column], scale=scale)


def _about_rows(empty: int, continued: int) -> list[Note]:
    notes = about_empty(empty, "row")
    if continued:
        rows = counted(continued, "row")
        text = f"No speaker is named in {rows}; each was given to the speaker above it."
        notes.append(Note("rows-continued", text))
    return notes
