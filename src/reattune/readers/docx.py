"""Word documents, opened by python-docx: "Name:" paragraphs, tables, and the Teams export."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from reattune.readers.clean import counted, make_session
from reattune.readers.columns import Columns, Row, find_columns, guess_columns, read_rows
from reattune.readers.package import damaged
from reattune.readers.script import LAYOUTS, read_lines, split_lines
from reattune.readers.source import Source, no_turns, wrong_format
from reattune.types import Note, Session, Turn

# Parts of a paragraph that are not its words: deleted or moved text, the copy that older programs
# show for a drawing, and instructions of fields.
_HIDDEN = ("del", "moveFrom", "Fallback", "instrText", "pPr", "rPr")
_BREAKS = {"br": "\n", "cr": "\n", "tab": "\t", "noBreakHyphen": "-"}
_WRAPPERS = ("sdt", "sdtContent", "customXml")


def sniff(source: Source) -> float:
    """0.9 for a Word document."""
    return 0.9 if source.kind == "docx" else 0.0


def parse(source: Source) -> tuple[Session, ...]:
    """The one session of a Word document: from its tables where they name speakers, else from
    its paragraphs. InputError "no-speakers", "wrong-format", "damaged-file".
    """
    if source.kind != "docx":
        raise wrong_format(source, "a Word document", "it is another kind of file")
    paragraphs, tables = _content(source)
    turns, notes = _table_turns(tables)
    if turns:
        said = (*source.notes, *notes, *_about_paragraphs(paragraphs))
        return (make_session(turns, source=source.name, format="docx", notes=said),)
    cells = [cell for table in tables for row in table for cell in row]
    lines = split_lines("\n\n".join([*paragraphs, *map(str, cells)]))
    if not any(lines):
        raise no_turns(source)
    return (read_lines(source, lines, "docx", joined=_is_exported(lines)),)


def _content(source: Source) -> tuple[list[str], list[list[Row]]]:
    """The text of the paragraphs outside tables, and the cells of each table."""
    import docx

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = docx.Document(io.BytesIO(source.data)).element.body
        blocks = list(_blocks(body))
        paragraphs = [_text(block) for block in blocks if _tag(block) == "p"]
        tables = [_rows(block) for block in blocks if _tag(block) == "tbl"]
    except Exception as error:  # whatever the parser trips over, the file is at fault
        raise damaged(source.name) from error
    return paragraphs, tables


def _tag(element: Any) -> str:
    """The name of an XML element without its namespace; "" for comments."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _blocks(element: Any) -> Iterator[Any]:
    """Paragraphs and tables in order, also those in content controls."""
    for child in element:
        if _tag(child) in ("p", "tbl"):
            yield child
        elif _tag(child) in _WRAPPERS:
            yield from _blocks(child)


def _text(element: Any) -> str:
    """The words of a paragraph as shown with all changes accepted, line breaks kept."""
    if _tag(element) in _HIDDEN:
        return ""
    if _tag(element) == "t":
        return element.text or ""
    if _tag(element) in _BREAKS:
        return _BREAKS[_tag(element)]
    return "".join(_text(child) for child in element)


def _rows(table: Any) -> list[Row]:
    rows = (row for row in table if _tag(row) == "tr")
    return [
        ["\n".join(_text(block) for block in _blocks(cell)) for cell in row if _tag(cell) == "tc"]
        for row in rows
    ]


def _table_turns(tables: Sequence[list[Row]]) -> tuple[list[Turn], list[Note]]:
    """The turns of all tables with speakers; a table without a header goes on with the last."""
    turns: list[Turn] = []
    notes: list[Note] = []
    columns: Columns | None = None
    for rows in tables:
        found = find_columns(rows)
        columns = found or guess_columns(rows) or columns
        if columns is None:
            continue
        body = rows[found.header + 1 :] if found and found.header is not None else rows
        sessions, about_rows = read_rows(body, columns)
        turns += [turn for session in sessions.values() for turn in session]
        notes += about_rows
    return turns, notes


def _about_paragraphs(paragraphs: Sequence[str]) -> list[Note]:
    skipped = sum(bool(paragraph.strip()) for paragraph in paragraphs)
    if not skipped:
        return []
    text = f"Left out {counted(skipped, 'paragraph')} outside the table."
    return [Note("preamble-skipped", text)]


def _is_exported(lines: Sequence[str]) -> bool:
    """Whether names stand with a time above their words, as programs write; those cut turns."""
    sizes = {name: len(layout(lines)) for name, layout in LAYOUTS.items()}
    return sizes["Name 0:12, words below"] == max(sizes.values()) > 0
