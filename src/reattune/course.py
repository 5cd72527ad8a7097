"""The records of one client's course, a folder read into plain values.

The dates of the appointments are the key, also of those called off or missed. Sessions held are
numbered by date from 1, whatever numbers the records carry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count, groupby
from pathlib import Path
from typing import Any

from reattune.attendance import Visit, in_order, read_visits
from reattune.charts import observe
from reattune.errors import InputError, ReattuneError, RoleError
from reattune.readers import read_bytes
from reattune.readers.jsontext import load
from reattune.readers.source import open_source
from reattune.tables import file_bytes, parse_date, read_series, read_visit_rows
from reattune.types import Note, Series, Session

COURSE = "course.json"
COURSE_KEYS = frozenset({"client", "therapist", "sessions", "ended", "fictional"})
ROW_KEYS = frozenset(
    "session date start scheduled_minutes attendance measures turns format file".split()
)
TRANSCRIPTS = frozenset(".vtt .srt .txt .md .docx .csv .tsv .xlsx .json .jsonl .cha".split())
TABLES = frozenset({".csv", ".tsv", ".xlsx", ".json"})
VISITS = "attendance"  # the name of a table of visits in a folder
HELD = ("attended", "late")
PEOPLE = ("client", "therapist", "observer")

_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(?!\d)")

Row = Mapping[str, Any]
Reader = Callable[[str], Session | None]


@dataclass(frozen=True, slots=True)
class Form:
    """A form filled in: `answers` by item number as given, `rater` "" where the form says who."""

    measure: str
    rater: str
    answers: Mapping[int, float | None]


@dataclass(frozen=True, slots=True)
class Appointment:
    """One appointment, held or not.

    `number` is that of the session held, from 1 by date, None where none was held. `file` names
    the transcript without its folder; `doubtful` the measures whose form may have been clicked
    through, which `follow` finds out.
    """

    date: date
    number: int | None = None
    visit: Visit | None = None
    file: str = ""
    transcript: Session | None = None
    forms: tuple[Form, ...] = ()
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """Everything recorded of one client's course, appointments in order of date.

    `series` are scores that were given ready made; `therapist` is the therapist's name as the
    records have it, a hint for reading transcripts; `ended` whether the course is over.
    """

    client: str
    appointments: tuple[Appointment, ...]
    series: tuple[Series, ...] = ()
    therapist: str = ""
    ended: bool = False
    notes: tuple[Note, ...] = ()

    @property
    def held(self) -> tuple[tuple[int, date], ...]:
        """Number and date of each session held."""
        return tuple((a.number, a.date) for a in self.appointments if a.number is not None)

    @property
    def visits(self) -> tuple[Visit, ...]:
        """The visits recorded, numbered as the sessions are."""
        return tuple(
            replace(a.visit, session=a.number) for a in self.appointments if a.visit is not None
        )


# A folder


def read_course(folder: str | Path) -> Course:
    """The course in a folder: by its course.json, else by plain files.

    Plain files are transcripts whose name starts with their date (2026-03-05-zoom.vtt). In either
    case tables of scores named by their measure (phq9.csv, "wai_sr@therapist.xlsx") and a table of
    visits (attendance.csv) are read beside them. A file that cannot be read is left out with a
    note. InputError for a folder or a course.json that makes no course.
    """
    path = Path(folder)
    if not path.is_dir():
        what, remedy = "There is no such folder.", "Name the folder of one client's course."
        raise InputError("no-course", what, where=path.name, remedy=remedy)
    names = sorted(entry.name for entry in path.iterdir() if entry.is_file())
    about = _read_about(path) if COURSE in names else {"sessions": _dated_rows(names)}
    files = _Files(path, names, about)
    visits, scores = files.visits(), files.series()
    about = {**about, "sessions": [*about["sessions"], *visits]}
    made = build(about, client=path.resolve().name, series=scores, read=files.transcript)
    made = replace(made, series=tuple(files.usable(made.series)))
    if not made.appointments:
        what = "Nothing in this folder belongs to a course."
        remedy = "Add a course.json, or files named by date; see docs/follow.md."
        raise InputError("no-course", what, where=path.name, remedy=remedy)
    return replace(made, notes=(*made.notes, *files.notes))


class _Files:
    """The files of a folder as they are read; `notes` collects what was left out."""

    def __init__(self, folder: Path, names: Sequence[str], about: Row) -> None:
        named = {row.get("file") for row in about["sessions"]} | {COURSE}
        self.folder = folder
        self.notes: list[Note] = []
        self.scores: list[str] = []  # names of the tables that `series` read
        self.tables = [
            name
            for name in names
            if name not in named and Path(name).suffix.lower() in TABLES and not _DATED.match(name)
        ]

    def transcript(self, name: str) -> Session | None:
        """The words in a file, None (and a note) where it cannot be used."""
        try:
            return read_bytes(file_bytes(self.folder / name), name=name)
        except ReattuneError as error:
            self.notes.append(left_out(name, error))
            return None

    def visits(self) -> list[dict[str, Any]]:
        """The rows of the table of visits, if there is one that can be used."""
        found: list[dict[str, Any]] = []
        for name in self.tables:
            if Path(name).stem.lower() == VISITS:
                try:
                    found += _possible(read_visit_rows(self.folder / name))
                except ReattuneError as error:
                    self.notes.append(left_out(name, error))
        return found

    def series(self) -> list[Series]:
        """The tables of scores, by default named by their measure; others are left out, noted."""
        made = []
        for name in self.tables:
            if Path(name).stem.lower() == VISITS:
                continue
            try:
                made.append(_one_a_day(read_series(self.folder / name)))
                self.scores.append(name)
            except ReattuneError as error:
                self.notes.append(left_out(name, error))
        return made

    def usable(self, numbered: Sequence[Series]) -> Iterator[Series]:
        """The series of `series`, numbered by session, that still have one score a session."""
        for name, own in zip(self.scores, numbered, strict=True):
            try:
                observe(own)
                yield own
            except InputError as error:
                self.notes.append(left_out(name, error))


def _possible(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a table of visits; InputError for one without a date, or that cannot be."""
    for row in rows:
        if row["date"] is None:
            raise InputError("bad-date", "A visit has no date.", remedy="Add it.")
    in_order(read_visits(rows))
    return rows


def _one_a_day(own: Series) -> Series:
    """A series as it stands; InputError for values that make none, and for two on one date."""
    observe(own)
    days = [point.date for point in own.points if point.date and point.value is not None]
    if len(set(days)) < len(days):
        twice = next(day for day in days if days.count(day) > 1)
        what, remedy = "There are two values for one date.", "Keep one, or correct the date."
        raise InputError("duplicate-session", what, where=f"session of {twice}", remedy=remedy)
    return own


def left_out(name: str, error: ReattuneError) -> Note:
    """The note on a file that could not be used, without the speakers that an error may list."""
    what, remedy = error.what, error.remedy
    if isinstance(error, RoleError):
        what, remedy = "It is not clear who the therapist is.", "Give --therapist the label."
    at = error.where.removeprefix(name).removeprefix(", ")
    where = f"{name}, {at}" if at else name
    return Note("file-left-out", f"{where} is left out: {what} {remedy} [{error.slug}]")


def _dated_rows(names: Iterable[str]) -> list[dict[str, Any]]:
    return [
        {"date": found[1], "file": name}
        for name in names
        if (found := _DATED.match(name)) and Path(name).suffix.lower() in TRANSCRIPTS
    ]


# course.json


def _read_about(folder: Path) -> dict[str, Any]:
    """course.json, its keys checked."""
    found = load(open_source(file_bytes(folder / COURSE), COURSE))
    data = found[0][1] if len(found) == 1 else None
    if not isinstance(data, dict):
        raise _bad_course("This is not one JSON object.", "Give client, therapist and sessions.")
    _known(data, COURSE_KEYS, COURSE)
    rows = data.get("sessions")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _bad_course("`sessions` is no list of objects.", "Give an object an appointment.")
    for number, row in enumerate(rows, 1):
        where = f"{COURSE}, row {number}"
        _known(row, ROW_KEYS, where)
        _check_file(row.get("file"), folder, where)
    return data


def _bad_course(what: str, remedy: str, where: str = COURSE) -> InputError:
    return InputError("bad-course", what, where=where, remedy=remedy)


def _known(data: Row, keys: frozenset[str], where: str) -> None:
    for key in data:
        if key not in keys:
            what = f"The key {key!r:.40} is not known here."
            raise _bad_course(what, f"Keys here are {', '.join(sorted(keys))}.", where)


def _check_file(name: Any, folder: Path, where: str) -> None:
    """Refuse a file that is not a plain name, or lies outside the folder by a link."""
    if name is None:
        return
    if not isinstance(name, str) or not name or Path(name).name != name or "\\" in name:
        raise _bad_course("`file` is no plain file name.", "Keep it beside course.json.", where)
    if (folder / name).resolve().parent != folder.resolve():
        raise _bad_course("The file lies outside the folder.", "Keep it beside course.json.", where)


def build(
    about: Row, *, client: str = "", series: Sequence[Series] = (), read: Reader | None = None
) -> Course:
    """A course from the data of a course.json, with scores that were given ready made.

    `client` is the name where the data have none; `read` gives the words of a file, or None.
    InputError for impossible dates, visits or forms, and for two sessions on one day.
    """
    who = _text(about.get("client")) or client
    rows = about["sessions"]
    drafts = _join_days(_drafts(rows))
    known = {draft.date for draft in drafts}
    days = {point.date for own in series for point in own.points if point.date} - known
    appointments = number_sessions([*drafts, *map(Appointment, days)])
    renumbered, dropped = _renumber(series, appointments)
    notes = (*_notes(appointments, rows), *dropped)
    return Course(
        client=who,
        appointments=tuple(_with_words(a, read) for a in appointments),
        series=tuple(replace(own, client=who) for own in renumbered),
        therapist=_text(about.get("therapist")).partition(",")[0].strip(),
        ended=about.get("ended") is True,
        notes=notes,
    )


def _with_words(a: Appointment, read: Reader | None) -> Appointment:
    if read is None or not a.file or a.number is None:
        return a
    return replace(a, transcript=read(a.file))


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _drafts(rows: Sequence[Row]) -> list[Appointment]:
    """An appointment for each row, without its session's number."""
    visits = iter(read_visits([{**row, "session": None} for row in rows]))
    made = []
    for number, row in enumerate(rows, 1):
        where = f"row {number}"
        day = parse_date(row.get("date"), where)
        if day is None:
            raise InputError("bad-date", "There is no date.", where=where, remedy="Add it.")
        visit = None if row.get("attendance") is None else next(visits)
        forms = row.get("measures") or {}
        if not isinstance(forms, dict):
            raise _bad_course("`measures` is no object.", "Give answers by measure.", where)
        answered = tuple(_form(str(key), told, where) for key, told in forms.items())
        made.append(Appointment(day, None, visit, row.get("file") or "", forms=answered))
    return made


def _form(key: str, told: Any, where: str) -> Form:
    """A form; its key is such as "wai_sr", or "wai_sr@therapist" where it is not the client's."""
    measure, _, rater = key.partition("@")
    if rater and rater not in PEOPLE:
        raise _bad_course("The rater is not known.", f"Use one of {', '.join(PEOPLE)}.", where)
    if isinstance(told, list):
        return Form(measure, rater, dict(enumerate(told, 1)))
    if isinstance(told, dict) and all(str(item).isdecimal() for item in told):
        return Form(measure, rater, {int(item): answer for item, answer in told.items()})
    what = "Answers are neither a list nor an object by item number."
    raise _bad_course(what, "Give [6, 5, 6], or put ready scores into a table.", where)


def _join_days(drafts: Iterable[Appointment]) -> list[Appointment]:
    """Drafts by date; words and forms without a visit join a visit of their day, best one held."""
    made: list[Appointment] = []
    for _, group in groupby(sorted(drafts, key=lambda d: d.date), key=lambda d: d.date):
        day = list(group)
        full = [d for d in day if d.visit is None]
        bare = [d for d in day if d.visit is not None and not d.file and not d.forms]
        if full and bare:
            chosen = max(bare, key=lambda d: d.visit is not None and d.visit.status in HELD)
            day = [d for d in day if d is not chosen and d is not full[0]]
            day.append(replace(full[0], visit=chosen.visit))
        made += day
    return made


def number_sessions(drafts: Iterable[Appointment]) -> tuple[Appointment, ...]:
    """The appointments by date, sessions held numbered from 1; InputError for two on one day.

    Held is what was attended, and what nobody recorded a visit for.
    """
    numbers, made, days = count(1), [], set()
    for draft in sorted(drafts, key=lambda draft: draft.date):
        if draft.visit is not None and draft.visit.status not in HELD:
            made.append(replace(draft, number=None))
            continue
        if draft.date in days:
            raise InputError(
                "duplicate-session",
                "Two sessions have the same date.",
                where=f"session of {draft.date}",
                remedy="Join them, or correct the date.",
            )
        days.add(draft.date)
        made.append(replace(draft, number=next(numbers)))
    return tuple(made)


def _notes(appointments: Sequence[Appointment], rows: Sequence[Row]) -> Iterator[Note]:
    """What the numbering changed or could not use."""
    numbers = {a.date: a.number for a in appointments if a.number}
    told = [(parse_date(row["date"], ""), row.get("session")) for row in rows]
    other = sum(
        number is not None and day in numbers and numbers[day] != number for day, number in told
    )
    if other:
        what = f"{other} session numbers of the records differ from the order of the dates"
        yield Note("sessions-renumbered", f"{what}; sessions held are numbered by date.")
    for a in appointments:
        if a.number is None and (a.file or a.forms):
            what = "was not held by its visit, but has words or answers; these are left out"
            yield Note("session-not-held", f"The appointment of {a.date} {what}.")


def _renumber(
    series: Sequence[Series], appointments: Sequence[Appointment]
) -> tuple[list[Series], list[Note]]:
    """The series with the numbers of the sessions held on their dates, and notes on the rest."""
    by_day = {a.date: a.number for a in appointments if a.number is not None}
    last, made, notes = len(by_day), [], []
    for own in series:
        held = [
            (by_day.get(p.date) if p.date else p.session if p.session <= last else None, p)
            for p in own.points
        ]
        made.append(replace(own, points=tuple(replace(p, session=n) for n, p in held if n)))
        dropped = sum(n is None for n, _ in held)
        if dropped:
            text = f"{dropped} scores of {own.measure} belong to no session held; they are left out"
            notes.append(Note("scores-without-session", f"{text}."))
    return made, notes
