"""`reattune follow`: words, scores and attendance of a client's course; figures of several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reattune.cli.chart import (
    MARKS,
    VERDICT,
    baseline_option,
    draw_files,
    dumps,
    html_option,
    limits_dict,
    mark,
    note_dict,
    out_path,
    png_option,
    signal_dict,
    span_words,
    sparkline,
    svg_option,
)
from reattune.cli.chart import told_files as say_files
from reattune.cli.evaluate import plain_table
from reattune.cli.output import console, errors_told, write_whole
from reattune.errors import InputError, ReattuneError
from reattune.types import Note

if TYPE_CHECKING:
    from rich.table import Table

    from reattune.caseload import Figure
    from reattune.course import Appointment
    from reattune.follow import Following
    from reattune.model import Progress
    from reattune.report.course import Entry
    from reattune.report.terminal import Sheet
    from reattune.report.timeline import Tag, Timeline
    from reattune.types import Series, Signal

SCHEMA = "reattune.follow/1"
CASELOAD_SCHEMA = "reattune.caseload/1"
SOME_FAILED = 9  # exit code when a file of a course, or a course, was left out


@click.command(name="follow")
@click.argument("courses", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--therapist", metavar="NAME", help="The therapist's label in the transcripts.")
@baseline_option
@click.option("--json", "as_json", is_flag=True, help=f"Print JSON ({SCHEMA}) instead.")
@html_option
@click.option("--pdf", type=out_path, help="Write the report of the course, to print and file.")
@svg_option
@png_option
def command(
    courses: tuple[Path, ...],
    therapist: str | None,
    baseline: int,
    as_json: bool,
    html: Path | None,
    pdf: Path | None,
    svg: Path | None,
    png: Path | None,
) -> None:
    """Follow one client through a COURSE, a folder: what words, scores and attendance say together.

    The folder holds a course.json, or transcripts whose names start with their date, beside tables
    of scores and visits. Signals of different strands within two sessions bear each other out; one
    that stands alone says so.

    Several COURSES, one a client, give the figures of a caseload beside what studies say.
    """
    with errors_told():
        if len(courses) > 1:
            if svg or png or pdf:
                raise click.UsageError("--svg and --png draw one course, --pdf reports on one.")
            left_out = show_caseload(courses, therapist, baseline, html, as_json=as_json)
        else:
            made = read_one(courses[0], therapist, baseline)
            if as_json:
                click.echo(dumps(follow_dict(made)))
            else:
                show(made)
            write(made, html, svg, png)
            if pdf:
                write_report(pdf, courses[0], made)
            left_out = any(note.slug == "file-left-out" for note in made.notes)
        say_files(html, pdf, svg, png, as_json=as_json)
        if left_out:
            raise SystemExit(SOME_FAILED)


def read_one(course: Path, therapist: str | None, baseline: int) -> Following:
    """One course followed, with a bar while its transcripts are read."""
    from reattune.course import read_course
    from reattune.follow import follow

    records = read_course(course)
    with counting() as progress:
        return follow(records, therapist=therapist, baseline=baseline, progress=progress)


@contextmanager
def counting() -> Iterator[Progress | None]:
    """A bar on standard error while transcripts are read; nothing when piped."""
    import sys

    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Transcripts", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def write(made: Following, html: Path | None, svg: Path | None, png: Path | None) -> None:
    """The files asked for."""
    if html:
        from reattune.report.course import render_following

        write_whole(html, render_following(made))
    if svg or png:
        from reattune.report.timeline import timeline_of

        draw_files(timeline_of(made), svg, png)


def write_report(target: Path, course: Path, made: Following) -> None:
    """The PDF of a course, with its ruptures as they were decided in the folder."""
    from datetime import UTC, datetime

    from reattune.cli.plan import plan_of, read_rows
    from reattune.report.course_pdf import render_pdf

    plan = plan_of(made, read_rows(course, None), ())
    today = datetime.now(UTC).astimezone().date()
    write_whole(target, render_pdf(made, made=today, plan=plan))


# A caseload


@dataclass(frozen=True, slots=True)
class Caseload:
    """Courses that were followed, their figures, what limits those, and courses left out."""

    courses: tuple[Following, ...]
    figures: tuple[Figure, ...]
    notes: tuple[Note, ...]
    failures: tuple[tuple[str, ReattuneError], ...]


def show_caseload(
    courses: Sequence[Path],
    therapist: str | None,
    baseline: int,
    html: Path | None,
    *,
    as_json: bool,
) -> bool:
    """Several courses: their figures, each in short. Whether something was left out."""
    from reattune.report.course import render_caseload

    made = read_caseload(courses, therapist, baseline)
    for name, error in made.failures:
        click.echo(f"{name} is left out. {error} [{error.slug}]", err=True)
    if as_json:
        click.echo(dumps(caseload_dict(made)))
    else:
        show_courses(made)
    if html:
        write_whole(html, render_caseload(made.courses, made.figures, made.notes))
    slugs = {note.slug for course in made.courses for note in course.notes}
    return bool(made.failures) or "file-left-out" in slugs


def read_caseload(courses: Sequence[Path], therapist: str | None, baseline: int) -> Caseload:
    """Each course followed; one that cannot be is left out. The first error where none can be."""
    read: list[Following] = []
    failures: list[tuple[str, ReattuneError]] = []
    for course in courses:
        try:
            read.append(read_one(course, therapist, baseline))
        except ReattuneError as error:
            failures.append((course.name, error))
    if not read:
        raise failures[0][1]
    found, notes = figures_over(read)
    return Caseload(tuple(read), found, notes, tuple(failures))


def figures_over(read: Sequence[Following]) -> tuple[tuple[Figure, ...], tuple[Note, ...]]:
    """The figures over these courses; without the alliance where its measures are different."""
    from reattune.follow import figures_of

    try:
        return figures_of(read), ()
    except InputError as error:
        if error.slug != "mixed-measures":
            raise
    bare = [replace(made, series=()) for made in read]
    text = "The courses measure the alliance differently, so its change is not compared."
    return figures_of(bare), (Note("alliance-not-compared", text),)


def show_courses(made: Caseload) -> None:
    """The caseload for people: each course in short, then the figures beside the literature."""
    from reattune.report.course import course_meta, of_courses, told_in_short
    from reattune.report.terminal import Sheet

    sheet = Sheet(console())
    for course in made.courses:
        sheet.put(sheet.fit(course.client), style="bold")
        sheet.put(course_meta(course), style="dim")
        show_risks(course, sheet)
        sheet.put(" ".join(told_in_short(course)))
        sheet.gap()
    sheet.put("Figures of these courses, beside what studies say", style="bold")
    sheet.gap()
    told: set[str] = set()
    if not any(figure.n for figure in made.figures):
        sheet.put("No words of these courses were read, so there is nothing to count.")
        sheet.gap()
    for figure in made.figures:
        if figure.n:
            show_figure(figure, sheet, told)
            told |= {study.says for study in figure.literature}
    for note in (*of_courses(made.courses), *made.notes):
        if note.slug not in RISKS:
            sheet.put(f"Note: {sheet.fit(note.text)}")
    sheet.put(
        "Episodes are those that the program found in the words. Published numbers are for "
        "orientation, no norm; nobody is ranked.",
        style="dim",
    )


def show_figure(figure: Figure, sheet: Sheet, told: set[str]) -> None:
    """A figure with its interval, or its count and why there is no more; studies not yet told."""
    from reattune.report.told import figure_name
    from reattune.report.words import sentence

    name = sentence(figure_name(figure.name))
    count = f"{figure.count} of {figure.n}" if figure.count is not None else f"n = {figure.n}"
    shown = f"{figure.shown}, {count}" if figure.value is not None else count
    few = ", few clients" if figure.value is not None and figure.few else ""
    sheet.put((f"{name}: {shown}{few}", "bold"), f". {figure.reason or figure.means}")
    for study in figure.literature:
        if study.says not in told:
            said = f"{study.says} ({study.source})"
            sheet.put(sheet.fit(said), indent=4, lead="  -", style="dim")
    if any(study.says in told for study in figure.literature):
        sheet.put("Studies told above bear on this too.", indent=4, lead="  -", style="dim")
    sheet.gap()


# JSON


def caseload_dict(made: Caseload) -> dict[str, Any]:
    """A caseload as JSON-ready data."""
    return {
        "schema": CASELOAD_SCHEMA,
        "figures": [figure_dict(figure) for figure in made.figures],
        "courses": [{"client": one.client, **follow_dict(one)} for one in made.courses],
        "notes": [note_dict(note) for note in made.notes],
        "failures": [
            {"course": name, "slug": error.slug, "text": str(error)}
            for name, error in made.failures
        ],
    }


def follow_dict(made: Following) -> dict[str, Any]:
    """A course as JSON-ready data, without a word of it; `limits` are those of the alliance."""
    from reattune.report.timeline import doubted, is_plotted

    def limits(own: Series | None) -> dict[str, Any]:
        if own is None or not is_plotted(own):
            return limits_dict(None, made.baseline)
        return limits_dict(own, made.baseline, doubted(own, made.sessions))

    return {
        "schema": SCHEMA,
        "limits": limits(made.alliance),
        "signals": [signal_dict(signal) for signal in made.signals],
        "episodes": list(episode_dicts(made)),
        "figures": [figure_dict(figure) for figure in made.figures],
        "sessions": [session_dict(a) for a in made.sessions],
        "series": [series_dict(own, limits(own)) for own in made.series],
        "notes": [note_dict(note) for note in made.notes],
    }


def episode_dicts(made: Following) -> Iterator[dict[str, Any]]:
    """The episodes of the words; turns count from 0, `last` is one past the end."""
    found = [(n, one) for n, analysis in made.analyses.items() for one in analysis.episodes]
    told = zip(found, made.episodes, strict=True)
    for (session, episode), record in sorted(told, key=lambda row: row[1].session):
        yield {
            "session": session,
            "date": record.date.isoformat() if record.date else None,
            "first": episode.first,
            "last": episode.last,
            "kind": episode.kind,
            "intensity": episode.intensity,
            "state": episode.state,
            "repaired_at": record.repaired_at,
            "noticed": record.noticed,
            "signs": len({marker.turn for marker in episode.markers}),
            "why": episode.why,
            "by": episode.by,
        }


def figure_dict(figure: Figure) -> dict[str, Any]:
    """A figure as JSON-ready data."""
    return {**asdict(figure), "shown": figure.shown}


def session_dict(a: Appointment) -> dict[str, Any]:
    """An appointment as JSON-ready data."""
    return {
        "session": a.number,
        "date": a.date.isoformat(),
        "status": a.visit.status if a.visit else None,
        "minutes_late": a.visit.minutes_late if a.visit else None,
        "words": a.transcript is not None,
        "doubtful": list(a.doubtful),
    }


def series_dict(own: Series, limits: dict[str, Any]) -> dict[str, Any]:
    """A series as JSON-ready data."""
    points = [
        {"session": p.session, "date": p.date.isoformat() if p.date else None, "value": p.value}
        for p in own.points
    ]
    return {"measure": own.measure, "rater": own.rater, "limits": limits, "points": points}


# Terminal


def show(made: Following) -> None:
    """The course for people."""
    from reattune.report.course import course_meta, told_in_short
    from reattune.report.terminal import Sheet
    from reattune.report.told import notes_told

    sheet = Sheet(console())
    sheet.put(sheet.fit(made.client), style="bold")
    sheet.put(course_meta(made))
    show_risks(made, sheet)
    sheet.gap()
    sheet.put(" ".join(told_in_short(made)), style="bold")
    sheet.gap()
    show_series(made, sheet)
    show_sessions(made, sheet)
    show_reasons(made, sheet)
    show_counts(made.figures, sheet)
    rest = [note for note in made.notes if note.slug not in RISKS]
    for note in notes_told(rest):
        sheet.put(f"Note: {sheet.fit(note.text)}")
    sheet.put(f"{MARKS} {VERDICT}", style="dim")


RISKS = ("risk-words", "risk-answer")


def show_risks(made: Following, sheet: Sheet) -> None:
    """Risk content, first and apart."""
    for note in made.notes:
        if note.slug in RISKS:
            sheet.put(sheet.fit(note.text), indent=3, lead="!!", style="bold red")


def show_series(made: Following, sheet: Sheet) -> None:
    """A line for each series: bars, range and limits."""
    from reattune.charts import number
    from reattune.report.timeline import doubted, is_plotted, limits_of

    shown = [own for own in made.series if is_plotted(own) or own.measure == "words"]
    titles = [series_title(own) for own in shown]
    width = max(map(len, titles), default=0)
    for title, own in zip(titles, shown, strict=True):
        words = own.measure == "words"
        limits = None if words else limits_of(own, made.baseline, doubted(own, made.sessions))
        bars = sparkline(own, sheet, limits)
        within = f", limits {number(limits.lower)} to {number(limits.upper)}" if limits else ""
        said = f"{span_words(own)}{' episodes' if words else ''}{within}"
        if width + len(bars) + len(said) + 4 > sheet.console.width:
            sheet.put(f"{title}: {said}")
            sheet.put(bars)
        else:
            sheet.put(f"{title:{width}}  {bars}  {said}")


def series_title(own: Series) -> str:
    """A series by name, and whether high is worse."""
    from reattune.charts import DIFFERENCE
    from reattune.report.told import title_of

    worse = own.scale is not None and not own.scale.higher_is_better
    plain = own.measure == "words" or own.rater == DIFFERENCE
    title = title_of(own.measure).removeprefix("Session ")
    return f"{title} (high is worse)" if worse and not plain else title


def show_sessions(made: Following, sheet: Sheet) -> None:
    """Each appointment with its visit, episodes, scores, and the strands that agree there."""
    from reattune.report.course import entries
    from reattune.report.told import title_of

    found = entries(made)
    measures = list(dict.fromkeys(measure for entry in found for measure, _ in entry.scores))
    fit = measures
    while fit and too_wide(sessions_table(made, found, fit, sheet), sheet):
        fit = fit[:-1]
    sheet.console.print(sessions_table(made, found, fit, sheet))
    agree = any(signal.with_ for signal in made.signals)
    sheet.put(f"{LETTERS if made.analyses else ''}{AGREE if agree else ''}", style="dim")
    left = ", ".join(title_of(measure) for measure in measures[len(fit) :])
    if left:
        sheet.put(f"No room here for {sheet.fit(left)}: a wider window or --html has it.")
    sheet.gap()


LETTERS = (
    "W withdrawal, C confrontation, M mixed; in brackets: looks repaired; +n: slight episodes. "
)
AGREE = "agree: strands that bear each other out (w words, s scores, a attendance)."


def too_wide(table: Table, sheet: Sheet) -> bool:
    """Whether a table would have to break its cells."""
    from rich.measure import Measurement

    wide = sheet.console.options.update(max_width=1000)
    return Measurement.get(sheet.console, wide, table).maximum > sheet.console.width


def heads(measure: str) -> str:
    """A measure's head in the table, on two lines where it is long."""
    from reattune.report.told import title_of

    name, _, rest = title_of(measure).removeprefix("Session ").partition(", ")
    return f"{name}\n{rest.removesuffix(' form')}" if rest else name


def sessions_table(
    made: Following, found: Sequence[Entry], measures: Sequence[str], sheet: Sheet
) -> Table:
    """The rows of `show_sessions`; strands that are not recorded have no column."""
    from reattune.report.timeline import timeline_of
    from reattune.report.told import short_day

    drawn = timeline_of(made)
    columns = {
        "date": [short_day(a.date) for a in made.sessions],
        "attendance": [
            marked(entry.kept.replace("minutes", "min"), "attendance", entry.signals)
            for entry in found
        ],
        "words": [words_cell(drawn, column.at) for column in drawn.columns],
        **{heads(measure): [score_cell(entry, measure) for entry in found] for measure in measures},
        "agree": [" ".join(column.agree) for column in drawn.columns],
    }
    table = plain_table("session")
    kept = {name: cells for name, cells in columns.items() if any(cells)}
    scores = set(map(heads, measures))
    for name in kept:
        table.add_column(name, no_wrap=True, justify="right" if name in scores else "left")
    for entry, *cells in zip(found, *kept.values(), strict=True):
        table.add_row(entry.session or "-", *map(sheet.fit, cells))
    return table


def words_cell(drawn: Timeline, at: float) -> str:
    """The episodes of a session: those that count by letter, how many more."""
    tags = [tag_words(tag) for tag in drawn.tags if tag.at == at]
    return " ".join([*tags, *(label for place, _, label in drawn.few if place == at)])


def score_cell(entry: Entry, measure: str) -> str:
    """A score with the mark of its strongest signal, "?" where the form is doubted."""
    value = dict(entry.scores).get(measure, "").replace(" (clicked through?)", "?")
    return marked(value, measure, entry.signals)


def tag_words(tag: Tag) -> str:
    """An episode in a cell: its letter, major with marks, in brackets where it looks repaired."""
    told = f"{tag.kind[0].upper()}{'!!' if tag.level == 'major' else ''}"
    return f"({told})" if tag.repaired else told


def marked(text: str, source: str, signals: Sequence[Signal]) -> str:
    """A cell with the mark of the strongest signal of its source, in a place of its own."""
    marks = [mark(signal) for signal in signals if signal.source == source]
    best = max(marks, key=("+", "!", "!!").index, default="")
    return f"{text} {best:2}" if text else best


def show_reasons(made: Following, sheet: Sheet) -> None:
    """Why the signals stand, session by session; those slight and alone are only counted."""
    from reattune.report.told import alone, day_words, in_order

    loud = [s for s in made.signals if not alone(s) or s.source == "attendance"]
    places = list(dict.fromkeys((signal.session, signal.date) for signal in loud))
    for session, day in places:
        held = (session, day) in made.held
        where = f"Session {session}" if held else f"Not held, after session {session}"
        sheet.put(f"{where}, {day_words(day)}", style="bold")
        told = [s for s in loud if (s.session, s.date) == (session, day)]
        for signal in in_order(told):
            show_reason(signal, sheet)
        sheet.gap()
    left = len(made.signals) - len(loud)
    if left:
        verb = "signals are" if left > 1 else "signal is"
        sheet.put(f"{left} more {verb} slight and alone: --html and --json have them.")


def show_reason(signal: Signal, sheet: Sheet) -> None:
    """A signal: what was found, what agrees with it, how often its rule is wrong."""
    from reattune.report.told import agrees, alone, brief, chance, headline

    said = f"{headline(signal)}. {brief(signal)}".replace("Session Check-in", "Check-in")
    sheet.put(sheet.fit(said), indent=5, lead=f"  {mark(signal)}")
    others = agrees(signal).replace("Session Check-in", "Check-in")
    also = f"agrees with {others}; " if others else ""
    by_itself = (
        "alone, not enough by itself; " if alone(signal) and signal.kind == "absence" else ""
    )
    figure = f"{signal.rule}, false in 12: {chance(signal)}"
    sheet.put(sheet.fit(f"{also}{by_itself}{figure}"), indent=5, style="dim")


def show_counts(figures: Sequence[Figure], sheet: Sheet) -> None:
    """The counts of this course; a figure needs a caseload."""
    from reattune.report.told import figure_name

    counts = [
        f"{figure_name(figure.name)} {figure.count} of {figure.n}"
        for figure in figures
        if figure.value is None and figure.n and figure.unit != "points"
    ]
    if counts:
        sheet.put(
            f"Counts of this course: {'; '.join(counts)}. Figures, beside what studies say, need "
            "five clients: reattune follow COURSE COURSE ..."
        )
