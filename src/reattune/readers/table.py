"""Tables with a speaker and a text column: CSV with commas, semicolons or tabs, and XLSX."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Sequence
from itertools import islice

from reattune.errors import InputError
from reattune.readers.clean import make_session
from reattune.readers.columns import (
    Columns,
    Row,
    find_columns,
    guess_columns,
    names_found,
    read_rows,
)
from reattune.readers.decode import MAX_BYTES
from reattune.readers.package import damaged
from reattune.readers.source import Source, no_turns, wrong_format
from reattune.types import Note, Session

DELIMITERS = "\t;,|"
SAMPLE = 20_000
"""Characters looked at to find the delimiter and the header."""

MAX_ROWS, MAX_COLUMNS = 1_048_576, 64
"""The most rows a spreadsheet has, and the columns looked at in each."""


MAX_BLANK = 10_000
"""Empty rows after which a sheet is over; one cell far below may make it look full of them."""


def sniff(source: Source) -> float:
    """0.9 for a header with speaker and text, 0.5 where only the extension says it is a table,
    0.4 for a table without a header whose columns are plain to see.
    """
    if source.kind == "xlsx":
        return 0.9
    sample = _sample(source.text)
    if source.kind != "text" or not sample:
        return 0.0
    delimiter = find_delimiter(sample)
    rows = _lenient(sample, delimiter)
    if find_columns(rows):
        return 0.9
    wide = sum(len(row) > 1 for row in rows) >= 0.9 * len(rows)
    if wide and source.suffix in (".csv", ".tsv", ".tab"):
        return 0.5
    return 0.4 if wide and len(rows) > 1 and guess_columns(rows) else 0.0


def parse(source: Source) -> tuple[Session, ...]:
    """The session in a table, or each of them where a column such as session_id tells them apart.

    InputError "missing-columns" with the columns found, "no-turns", "damaged-file".
    """
    if source.kind == "docx":
        raise wrong_format(source, "a table", "it is a Word document")
    sheets = xlsx_sheets(source) if source.kind == "xlsx" else [csv_rows(source)]
    rows, columns, assumed = _choose(source, sheets)
    body = rows if columns.header is None else rows[columns.header + 1 :]
    sessions, about_rows = read_rows(body, columns)
    if not sessions:
        raise no_turns(source)
    notes = (*source.notes, *assumed, *about_rows)
    return tuple(
        make_session(
            turns,
            source=source.name if len(sessions) == 1 else key or source.name,
            format="table",
            notes=notes if number == 0 else source.notes,
        )
        for number, (key, turns) in enumerate(sessions.items())
    )


def csv_rows(source: Source) -> list[Row]:
    """The rows of a delimited text. InputError "damaged-file" when a quotation never ends."""
    delimiter = find_delimiter(_sample(source.text))
    if csv.field_size_limit() < MAX_BYTES:  # one long turn may exceed the module's 128 kB
        csv.field_size_limit(MAX_BYTES)
    text = source.text.partition("\n")[2] if source.text.startswith("sep=") else source.text
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    first = 1
    try:
        for row in reader:
            rows.append(row)
            first = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise _unclosed(source, first) from error
        rows = list(_lenient(text, delimiter))  # a stray quotation mark within a cell
    return [row for row in rows if any(cell.strip() for cell in map(str, row))]


def find_delimiter(sample: str) -> str:
    """The delimiter under which the header is found, else the one that gives most cells."""
    for delimiter in DELIMITERS:
        if find_columns(_lenient(sample, delimiter)):
            return delimiter
    return max(DELIMITERS, key=lambda mark: sum(len(row) for row in _lenient(sample, mark)))


def xlsx_sheets(source: Source) -> list[list[Row]]:
    """The rows of each sheet of a workbook, empty ones left out. InputError "damaged-file"."""
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not read
            book = openpyxl.load_workbook(io.BytesIO(source.data), read_only=True, data_only=True)
            sheets = [_sheet_rows(sheet) for sheet in book.worksheets]
            book.close()
    except Exception as error:  # whatever the parser trips over, the file is at fault
        raise damaged(source.name) from error
    return [rows for rows in sheets if rows]


def _sheet_rows(sheet: object) -> list[Row]:
    sheet.reset_dimensions()  # type: ignore[attr-defined]  # what the file says may be wrong
    found = sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True)  # type: ignore[attr-defined]
    rows: list[Row] = []
    blank = 0
    for row in islice(found, MAX_ROWS):
        blank = 0 if any(cell not in (None, "") for cell in row) else blank + 1
        if blank > MAX_BLANK:
            break
        if not blank:
            rows.append(row)
    return rows


def _sample(text: str) -> str:
    """The beginning of a text up to a line's end, without a line that names the delimiter."""
    head = text[:SAMPLE]
    if len(text) > SAMPLE and "\n" in head:
        head = head.rpartition("\n")[0]
    return head.partition("\n")[2] if head.startswith("sep=") else head


def _lenient(text: str, delimiter: str) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return []
    return [row for row in rows if any(cell.strip() for cell in row)]


def _choose(source: Source, sheets: Sequence[list[Row]]) -> tuple[list[Row], Columns, list[Note]]:
    """The first sheet with a header, else the first whose columns can be told without one."""
    for rows in sheets:
        if columns := find_columns(rows):
            return rows, columns, []
    for rows in sheets:
        if columns := guess_columns(rows):
            text = "The table has no header; its columns were told by what they hold."
            return rows, columns, [Note("columns-assumed", text)]
    raise _missing(source, sheets[0] if sheets else [])


def _missing(source: Source, rows: Sequence[Row]) -> InputError:
    names = names_found(rows)
    width = max(map(len, rows), default=0)
    found = ", ".join(f'"{name}"' for name in names) or f"{width} without a usable name"
    return InputError(
        "missing-columns",
        f"The table needs a speaker and a text column; its columns are {found}.",
        where=source.name,
        remedy='Name them in the first row, for example "speaker" and "text".',
    )


def _unclosed(source: Source, line: int) -> InputError:
    return InputError(
        "damaged-file",
        "A quotation mark opens a cell here that never closes.",
        where=source.at(line),
        remedy="Close or remove the quotation mark.",
    )
