"""Series and visits from tables: CSV, TSV, XLSX or JSON with a row a session."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from reattune.attendance import STATUSES
from reattune.errors import InputError
from reattune.measures import known_instrument
from reattune.readers.columns import cell_text
from reattune.readers.jsontext import load
from reattune.readers.source import Source, open_source
from reattune.readers.table import csv_rows, xlsx_sheets
from reattune.types import Point, Scale, Series

MISSING = frozenset({"", "-", ".", "na", "n/a", "nan", "none", "null"})
"""Cells that hold nothing, in lower case."""

NAMED = ("measure", "rater", "client")  # what a column, or an object around the points, may name

Cells = Mapping[str, Any]
Rows = list[tuple[str, dict[str, Any]]]  # where each row is, and its cells by column
Cell = tuple[str, int | None, date | None, float | None]  # where, session, day, value


def file_bytes(path: Path) -> bytes:
    """The bytes of a file; InputError where it cannot be opened."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        slug, what, remedy = "missing-file", "There is no such file.", "Check its name."
    except IsADirectoryError:
        slug, what, remedy = "is-folder", "This is a folder, not a file.", "Name a file in it."
    except OSError:
        slug, what, remedy = "unreadable-file", "The file cannot be opened.", "Check its drive."
    raise InputError(slug, what, where=path.name, remedy=remedy)


def read_series(
    source: str | Path,
    *,
    measure: str = "",
    client: str = "",
    rater: str = "",
    scale: Scale | None = None,
) -> Series:
    """A series from CSV, TSV, XLSX or JSON with columns `session`, `date` and `value`.

    `date` or `session` may be missing: without numbers rows are numbered by date. An empty value is
    a session without a score. `measure`, `rater` and `client` may be columns, or stand beside the
    `points` of a JSON object; they must not differ between rows. Where they are given nowhere, the
    file's name says them ("srs.csv", "wai_s@therapist.csv"), and the rater is the client. The scale
    is that of the instrument, where `measure` is one. InputError with the line for what is no date,
    session or number, for missing columns and mixed rows.
    """
    path = Path(source)
    return series_of(
        file_bytes(path), path.name, measure=measure, client=client, rater=rater, scale=scale
    )


def series_of(
    data: bytes,
    name: str,
    *,
    measure: str = "",
    client: str = "",
    rater: str = "",
    scale: Scale | None = None,
) -> Series:
    """As `read_series`, from the bytes of a file of this name."""
    rows = rows_of(data, name, ("value",))
    if not any(row.get("session") is not None or row.get("date") is not None for _, row in rows):
        raise _missing_columns(name, ("session", "date"))
    own = {key: _only(rows, key, name) for key in NAMED}
    stem, _, who = Path(name).stem.partition("@")
    measure = measure or own["measure"] or stem
    return Series(
        client or own["client"],
        measure,
        own["rater"] or rater or who or "client",
        _points(rows),
        scale or scale_of(measure),
    )


def scale_of(measure: str) -> Scale | None:
    """The scale of an instrument's total ("srs"), subscale ("wai:bond") or item ("srs:item1").

    None where no instrument is called so. InputError for a subscale or item that it lacks.
    """
    form, _, part = measure.partition(":")
    instrument = known_instrument(form)
    if instrument is None:
        return None
    if re.fullmatch(r"item\d{1,4}", part):
        items = {f"item{item.number}": item for item in instrument.items}
        if part in items:
            return instrument.item_scale(items[part])
    elif part in ("", *instrument.scales()):
        return instrument.scale(part) if part else instrument.scale()
    what, remedy = f"{form} has no such part.", f"`reattune measures show {form}` lists them."
    raise InputError("unknown-measure", what, where=measure, remedy=remedy)


def rows_of(data: bytes, name: str, needed: Sequence[str]) -> Rows:
    """As `table_rows`, from the bytes of a file of this name; InputError for an empty one too."""
    try:
        source = open_source(data, name)
    except InputError as error:
        if error.slug != "empty-file":
            raise
        raise _no_rows(name, needed) from error
    return table_rows(source, needed)


def table_rows(source: Source, needed: Sequence[str]) -> Rows:
    """The rows of a table as (where, cells by lower-case column name), blank rows left out.

    InputError "missing-columns" unless each row's columns include those needed, "empty-file" for a
    table without a row.
    """
    if source.kind == "text" and source.suffix in (".json", ".jsonl"):
        rows = _json_rows(source)
    else:
        rows = _sheet_rows(source, needed)
    if not rows:
        raise _no_rows(source.name, needed)
    if not set(needed) <= {key for _, row in rows for key in row}:
        raise _missing_columns(source.name, needed)
    return rows


def _no_rows(name: str, needed: Sequence[str]) -> InputError:
    columns = ", ".join(dict.fromkeys(("date", *needed)))
    remedy = f"Give it the columns {columns} and a row for each session."
    return InputError("empty-file", "The table has no rows.", where=name, remedy=remedy)


def _json_rows(source: Source) -> Rows:
    found = [value for _, value in load(source)]
    around: dict[str, Any] = {}
    if len(found) == 1:
        one = found[0]
        if isinstance(one, dict) and "points" in one:
            around, one = _around(one), one["points"]
        found = one if isinstance(one, list) else [one]
    if not all(isinstance(row, dict) for row in found):
        raise _missing_columns(source.name, ("value",))
    rows = [
        (f"{source.name}, entry {n}", _lower(row))
        for n, row in enumerate(found, 1)
        if isinstance(row, dict)
    ]
    for key in around:
        _only([("", around), *rows], key, source.name)
    return [(where, {**row, **around}) for where, row in rows]


def _around(one: Mapping[Any, Any]) -> dict[str, Any]:
    """What an object around points names, for all of them."""
    return {key: cell for key, cell in _lower(one).items() if key in NAMED and _text(cell)}


def _lower(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key).lower(): cell for key, cell in row.items()}


def _sheet_rows(source: Source, needed: Sequence[str]) -> Rows:
    if source.kind == "docx":
        raise _missing_columns(source.name, needed)
    sheets = xlsx_sheets(source) if source.kind == "xlsx" else [csv_rows(source)]
    for sheet in filter(None, sheets):
        header = [str(cell).strip().lower() if cell is not None else "" for cell in sheet[0]]
        if set(needed) <= set(header):
            return [
                (source.at(line), dict(zip(header, row, strict=False)))
                for line, row in enumerate(sheet[1:], 2)
            ]
    raise _missing_columns(source.name, needed)


def _missing_columns(name: str, needed: Sequence[str]) -> InputError:
    return InputError(
        "missing-columns",
        f"The table needs {' or '.join(f'a column {column}' for column in needed)}.",
        where=name,
        remedy="Name its columns session, date and value in the first row.",
    )


def _only(rows: Sequence[tuple[str, Cells]], key: str, name: str) -> str:
    """The one value that a column has in all rows, "" without one."""
    found = {_text(row.get(key)) for _, row in rows} - {""}
    if len(found) > 1:
        raise InputError(
            "mixed-series",
            f"{len(found)} {key}s are mixed in one series.",
            where=name,
            remedy="Chart each on its own: people use a scale in their own way.",
        )
    return found.pop() if found else ""


def _points(rows: Sequence[tuple[str, Cells]]) -> tuple[Point, ...]:
    """The points in order; numbered by date where no row has a number."""
    read = [
        (where, _session(row.get("session"), where), parse_date(row.get("date"), where),
         _value(row.get("value"), where))
        for where, row in rows
    ]  # fmt: skip
    numbered = [session is not None for _, session, _, _ in read]
    if not any(numbered):
        read = _by_date(read)
    elif not all(numbered):
        where = read[numbered.index(False)][0]
        what, remedy = "The session has no number.", "Number all sessions, or none."
        raise InputError("bad-session", what, where=where, remedy=remedy)
    points = [Point(session or 0, day, value) for _, session, day, value in read]
    return tuple(sorted(points, key=lambda point: point.session))


def _by_date(read: Sequence[Cell]) -> list[Cell]:
    for where, _, day, _ in read:
        if day is None:
            what, remedy = "There is neither session nor date.", "Add one of them."
            raise InputError("bad-session", what, where=where, remedy=remedy)
    ordered = sorted(read, key=lambda row: row[2] or date.min)
    for (_, _, one, _), (where, _, two, _) in pairwise(ordered):
        if one == two:
            what, remedy = "There are two values for one date.", "Keep one."
            raise InputError("duplicate-session", what, where=where, remedy=remedy)
    return [(where, n, day, value) for n, (where, _, day, value) in enumerate(ordered, 1)]


def _text(cell: Any) -> str:
    return "" if _blank(cell) else cell_text(cell)


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING)


def _session(cell: Any, where: str) -> int | None:
    if _blank(cell):
        return None
    try:
        number = float(cell)
    except (TypeError, ValueError):
        number = 0.5
    if isinstance(cell, bool) or number != number or abs(number) > 1e9 or number != int(number):
        what, remedy = "This is no session number.", "Number the sessions from 1."
        raise InputError("bad-session", what, where=where, remedy=remedy)
    return int(number)


def _value(cell: Any, where: str) -> float | None:
    if _blank(cell):
        return None
    text = cell.strip() if isinstance(cell, str) else cell
    if isinstance(text, str) and re.fullmatch(r"[-+]?\d+,\d+", text):
        text = text.replace(",", ".")  # a decimal comma
    try:
        value = float("x" if isinstance(text, bool) else text)
    except (TypeError, ValueError):
        raise InputError(
            "not-a-number",
            "The value is not a number.",
            where=where,
            remedy="Correct it, or leave it empty where there is none.",
        ) from None
    return None if value != value else value


def parse_date(cell: Any, where: str) -> date | None:
    """A day from a cell: a date, or text like 2026-03-05; None for an empty one.

    InputError for anything else, also for dates whose order of day and month is not plain.
    """
    if _blank(cell):
        return None
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    try:
        return datetime.fromisoformat(str(cell).strip()).date()
    except ValueError:
        raise InputError(
            "bad-date",
            "The date is not like 2026-03-05.",
            where=where,
            remedy="Write year, month and day in this order.",
        ) from None


def read_visit_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a table of visits as `attendance.read_visits` takes them.

    Columns `date` and `status`, perhaps `minutes_late`, `notice_hours` and `by`. InputError with
    the line.
    """
    rows = rows_of(file_bytes(path), path.name, ("date", "status"))
    return [_visit_row(row, where) for where, row in rows]


def _visit_row(row: Cells, where: str) -> dict[str, Any]:
    told: dict[str, Any] = {"status": _text(row.get("status")).lower().replace("-", "_")}
    if told["status"] not in STATUSES:
        remedy = f"Use one of: {', '.join(STATUSES)}."
        raise InputError("bad-visit", "The status is not known.", where=where, remedy=remedy)
    for key in ("minutes_late", "notice_hours"):
        told[key] = _value(row.get(key), where)
    told["by"] = _text(row.get("by")).lower() or None
    return {"date": parse_date(row.get("date"), where), "attendance": told}
