"""A client's whole record as a ZIP file, made piece by piece, so that it needs little memory."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from reattune.errors import ReattuneError
from reattune.web import files
from reattune.web.checkins.scores import read_all
from reattune.web.checkins.views import CSV_COLUMNS, csv_rows, plain
from reattune.web.clients import record, summary_pdf
from reattune.web.clients.appointments import zone_of
from reattune.web.clients.models import Client
from reattune.web.reviews import results
from reattune.web.reviews.models import Session

Member = tuple[str, bytes]
ANSWERED = ("about", "measure", "rater", "how", "language", "at")  # columns of answers.csv

README = """\
This is everything that Reattune keeps of one client.

record.json       consents, appointments, check-ins, sessions with every turn, your notes and
                  answers to flags, signals, ruptures with every decision; schema
                  "reattune.client/1"
transcripts/      each transcript as it was uploaded, and as plain text with speakers
analyses/         what the program found in each session; schema "reattune.analysis/1"
consents.csv, appointments.csv, answers.csv, scores.csv
                  the same as in record.json, for a spreadsheet
report.pdf        the course on a few pages, to read

None of it is encrypted. Keep it where nobody else can read it, and delete it when it is no longer
needed. A flag is a prompt to look, never a verdict; the program is not a medical device.
"""

log = logging.getLogger("reattune.export")


def pack(client: Client) -> Iterator[bytes]:
    """The pieces of the ZIP file."""
    sink, now = Sink(), datetime.now(zone_of(client.therapist))
    with ZipFile(cast(Any, sink), "w", ZIP_DEFLATED) as archive:
        for name, content in members(client):
            info = ZipInfo(name, (now.year, now.month, now.day, now.hour, now.minute, now.second))
            info.compress_type, info.external_attr = ZIP_DEFLATED, 0o600 << 16
            archive.writestr(info, content)
            yield sink.drain()
    yield sink.drain()


class Sink:
    """What a ZIP file is written into, and taken from as it grows."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Take a piece."""
        self.pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits here."""

    def drain(self) -> bytes:
        """What was written since the last time."""
        found, self.pieces = b"".join(self.pieces), []
        return found


def members(client: Client) -> Iterator[Member]:
    """The files in the ZIP file. What cannot be made is told in a file of its own."""
    missing: list[str] = []
    yield "README.txt", README.encode()
    yield from tables(client)
    for session in client.sessions.all():
        yield from parts_of(session, missing)
    yield "record.json", to_json(record.record_of(client))
    try:
        yield "report.pdf", summary_pdf.render(client)
    except ReattuneError as error:
        log.warning("client %s: no report in the export: %s", client.pk, error.slug)
        missing.append(f"report.pdf: {error.what}")
    if missing:
        yield "MISSING.txt", "\n".join([*missing, ""]).encode()


def parts_of(session: Session, missing: list[str]) -> Iterator[Member]:
    """A session's original file, its words as text, its analysis."""
    name = f"{session.number:02d}_{session.held_on.isoformat()}"
    try:
        yield f"transcripts/{name}_{safe(session.source)}", files.fetch(session.file)
    except ReattuneError as error:
        log.warning("session %s: no original in the export: %s", session.pk, error.slug)
        missing.append(f"The original of session {name}: {error.what}")
    yield f"transcripts/{name}_words.txt", as_text(session).encode()
    loaded = results.load(session)
    if loaded is not None:
        yield f"analyses/{name}.json", to_json(loaded[0].to_dict())


def as_text(session: Session) -> str:
    """The words as people read them: a turn a paragraph."""
    return "\n\n".join(f"{turn.speaker}: {turn.text}" for turn in session.turns.all()) + "\n"


def tables(client: Client) -> Iterator[Member]:
    """The tables for a spreadsheet."""
    held = record.record_of_tables(client)
    for name, columns in (("consents", record.CONSENT), ("appointments", record.APPOINTMENT)):
        yield f"{name}.csv", table(columns, ([row[key] for key in columns] for row in held[name]))
    yield "answers.csv", table([*ANSWERED, "item", "answer"], answer_rows(held["answers"]))
    read = read_all(client.practice, client.answers.all())
    yield "scores.csv", table(CSV_COLUMNS, (row for one in read for row in csv_rows(one)))


def answer_rows(answers: Iterable[dict[str, Any]]) -> Iterator[list[Any]]:
    """A row an item."""
    for row in answers:
        head = [row[key] for key in ANSWERED]
        for item, answer in row["answers"].items():
            yield [*head, item, answer]


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    """CSV with a header; text that a spreadsheet would take for a formula is made plain."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(columns)
    writer.writerows([plain(v) if isinstance(v, str) else v for v in row] for row in rows)
    return made.getvalue().encode()


def to_json(value: Any) -> bytes:
    """JSON for people and programs."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def safe(name: str) -> str:
    """A file's name without what other systems do not take."""
    return re.sub(r'[\x00-\x1f<>:"/\\|?*]+', "_", name).strip(". ")[-120:] or "transcript"


def file_name(client: Client) -> str:
    """What the ZIP file is called: the pseudonym and the day."""
    word = re.sub(r"[^a-z0-9]+", "-", client.name.lower()).strip("-") or "client"
    return f"{word[:40]}-{datetime.now(zone_of(client.therapist)).date()}.zip"
