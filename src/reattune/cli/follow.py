"""`reattune follow`: words, scores and attendance of one client's course."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reattune.cli.chart import (
    baseline_option,
    chance,
    dumps,
    html_option,
    limits_dict,
    mark,
    note_dict,
    signal_dict,
    sparkline,
    svg_option,
)
from reattune.cli.chart import told_files as say_files
from reattune.cli.evaluate import plain_table
from reattune.cli.output import console, errors_told, write_whole

if TYPE_CHECKING:
    from rich.console import Console

    from reattune.caseload import Figure
    from reattune.course import Appointment
    from reattune.follow import Following
    from reattune.model import Progress
    from reattune.types import Series, Signal

SCHEMA = "reattune.follow/1"
SOME_FAILED = 9  # exit code when a file of the course was left out


@click.command(name="follow")
@click.argument("course", type=click.Path(path_type=Path))
@click.option("--therapist", metavar="NAME", help="The therapist's label in the transcripts.")
@baseline_option
@click.option("--json", "as_json", is_flag=True, help=f"Print JSON ({SCHEMA}) instead.")
@html_option
@svg_option
def command(
    course: Path,
    therapist: str | None,
    baseline: int,
    as_json: bool,
    html: Path | None,
    svg: Path | None,
) -> None:
    """Follow one client through COURSE, a folder: what words, scores and attendance say together.

    The folder holds a course.json, or transcripts whose names start with their date, beside tables
    of scores and visits. Signals of different strands within two sessions bear each other out; one
    that stands alone says so.
    """
    from reattune.course import read_course
    from reattune.follow import follow

    with errors_told():
        records = read_course(course)
        with counting() as progress:
            made = follow(records, therapist=therapist, baseline=baseline, progress=progress)
        if as_json:
            click.echo(dumps(follow_dict(made)))
        else:
            show(made)
        write(made, html, svg)
        say_files(html, svg, as_json=as_json)
        if any(note.slug == "file-left-out" for note in made.notes):
            raise SystemExit(SOME_FAILED)


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


def write(made: Following, html: Path | None, svg: Path | None) -> None:
    """The files asked for."""
    if html:
        from reattune.report.course import render_following

        write_whole(html, render_following(made))
    if svg:
        from reattune.report.timeline import render_svg, timeline_of

        write_whole(svg, render_svg(timeline_of(made)))


# JSON


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
    days = dict(made.held)
    for session, analysis in sorted(made.analyses.items()):
        for episode in analysis.episodes:
            day = days.get(session)
            yield {
                "session": session,
                "date": day.isoformat() if day else None,
                "first": episode.first,
                "last": episode.last,
                "kind": episode.kind,
                "intensity": episode.intensity,
                "state": episode.state,
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
    from reattune.report.course import told_in_short

    out = console()
    risks = [note for note in made.notes if note.slug in ("risk-words", "risk-answer")]
    for note in risks:
        out.print(f"!! {note.text}", style="bold red", markup=False)
    out.print(" ".join(told_in_short(made)), style="bold", markup=False)
    out.print()
    show_series(made, out)
    out.print(sessions_table(made))
    show_reasons(made, out)
    show_figures(made.figures, out)
    for note in made.notes:
        if note not in risks:
            out.print(f"Note: {note.text}", markup=False)
    out.print(
        "*: borne out by another strand. false in 12: how often the rule speaks in 12 sessions in "
        "which nothing happened. A signal is a prompt to look, never a verdict.",
        style="dim",
    )


def show_series(made: Following, out: Console) -> None:
    """A line for each series."""
    from reattune.report.timeline import is_plotted, title_of

    shown = [own for own in made.series if is_plotted(own) or own.measure == "words"]
    names = [title_of(own.measure) for own in shown]
    width = max(map(len, names), default=0)
    for name, own in zip(names, shown, strict=True):
        unit = " episodes" if own.measure == "words" else ""
        out.print(f"{name:{width}}  {sparkline(own, out)}{unit}", markup=False)


def sessions_table(made: Following) -> Any:
    """Each appointment with its scores and the marks of its signals."""
    from reattune.report.course import entries

    found = entries(made)
    measures = list(dict.fromkeys(measure for entry in found for measure, _ in entry.scores))
    table = plain_table("session")
    table.add_column("date", no_wrap=True)
    table.add_column("attendance")
    for measure in measures:
        table.add_column(measure.removeprefix("checkin_"), justify="right")
    table.add_column("signals", no_wrap=True)
    for entry, a in zip(found, made.sessions, strict=True):
        scores = dict(entry.scores)
        cells = [entry.session or "-", a.date.isoformat(), entry.kept.replace("minutes", "min")]
        cells += [scores.get(measure, "") for measure in measures]
        table.add_row(*cells, " ".join(map(borne, entry.signals)))
    return table


def borne(signal: Signal) -> str:
    """The mark of a signal, with a star where another strand bears it out."""
    return f"{mark(signal)}{'*' if signal.with_ else ''}"


def line(signal: Signal) -> str:
    """What a signal rests on and how often its rule is wrong."""
    return f"{signal.source}: {signal.rule}, {signal.level}; false in 12: {chance(signal)}"


def show_reasons(made: Following, out: Console) -> None:
    """Why the signals stand; slight ones in the words alone are only counted."""
    from reattune.signals import FEW

    told = [signal for signal in made.signals if signal.with_ or signal.rule != FEW]
    for signal in told:
        out.print(f"{borne(signal)} {signal.why} ({line(signal)})", markup=False)
    left = len(made.signals) - len(told)
    if left:
        out.print(f"In {left} sessions more, a flag or two in the words alone: see --html.")


def show_figures(figures: Sequence[Figure], out: Console) -> None:
    """The counts of this course; a figure needs a caseload."""
    counts = [
        f"{figure.name.replace('_', ' ')} {figure.count} of {figure.n}"
        for figure in figures
        if figure.value is None and figure.n and figure.unit != "points"
    ]
    if counts:
        out.print(f"Counts of this course ({'; '.join(counts)}); figures need five clients.")
