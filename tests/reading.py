"""Reading the hand-written exports, for the tests of the readers."""

import io
from pathlib import Path

import docx
import openpyxl

from reattune.readers import (
    READERS,
    sniff_format,
)
from reattune.readers.source import open_source
from reattune.types import Session

TRANSCRIPTS = Path(__file__).parent / "data" / "transcripts"


def parse_all(name: str, data: bytes | None = None) -> tuple[Session, ...]:
    """The sessions as the reader gives them, before anybody infers roles."""
    content = (TRANSCRIPTS / name).read_bytes() if data is None else data
    return READERS[sniff_format(content, name)].parse(open_source(content, name))


def parse(name: str, text: str | bytes | None = None) -> Session:
    data = text.encode() if isinstance(text, str) else text
    (session,) = parse_all(name, data)
    return session


def said(session: Session) -> list[tuple[str, str]]:
    return [(turn.speaker, turn.text) for turn in session.turns]


def times(session: Session) -> list[tuple[float | None, float | None]]:
    return [(turn.start, turn.end) for turn in session.turns]


def slugs(session: Session) -> list[str]:
    return [note.slug for note in session.notes]


def note(session: Session, slug: str) -> str:
    (found,) = [note.text for note in session.notes if note.slug == slug]
    return found


def word(build) -> bytes:
    document, file = docx.Document(), io.BytesIO()
    build(document)
    document.save(file)
    return file.getvalue()


def workbook(*sheets) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(file)
    return file.getvalue()
