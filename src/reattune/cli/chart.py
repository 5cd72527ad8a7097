"""`reattune chart`: the control chart and the rules of change on one series of scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reattune.charts import BASELINE
from reattune.cli.evaluate import plain_table
from reattune.cli.output import console, errors_told, write_whole
from reattune.errors import DependencyError
from reattune.types import Note

if TYPE_CHECKING:
    from rich.table import Table

    from reattune.change import Rule
    from reattune.charts import Limits
    from reattune.report.terminal import Sheet
    from reattune.report.timeline import Timeline
    from reattune.types import Series, Signal

SCHEMA = "reattune.chart/1"
BARS = "▁▂▃▄▅▆▇█"
SCALE = 2  # pixels of a picture for each of the drawing

out_path = click.Path(path_type=Path, dir_okay=False)
baseline_option = click.option(
    "--baseline",
    default=BASELINE,
    show_default=True,
    help="How many sessions with a score freeze the limits; at least 3.",
)
svg_option = click.option("--svg", type=out_path, help="Draw the timeline into this SVG file.")
html_option = click.option("--html", type=out_path, help="Write the page to this file.")
png_option = click.option("--png", type=out_path, help="Draw the timeline into this picture.")


@click.command(name="chart")
@click.argument("series", type=click.Path(path_type=Path))
@click.option("--measure", metavar="ID", help="The measure: srs, wai:bond, checkin_client:item5.")
@baseline_option
@click.option("--rules", metavar="NAMES", help="Rules to run, by commas; docs/charts.md has them.")
@click.option("--json", "as_json", is_flag=True, help=f"Print JSON ({SCHEMA}) instead.")
@svg_option
@html_option
@png_option
def command(
    series: Path,
    measure: str | None,
    baseline: int,
    rules: str | None,
    as_json: bool,
    svg: Path | None,
    html: Path | None,
    png: Path | None,
) -> None:
    """Chart SERIES: scores of one client by one rater, session by session.

    SERIES is CSV, TSV, XLSX or JSON with columns session, date and value. Limits come from the
    first sessions and never move. Each signal says which rule spoke and how often that rule speaks
    in courses in which nothing happened.
    """
    from reattune.change import DEFAULT_RULES, signals
    from reattune.signals import symptoms_as_declines
    from reattune.tables import read_series

    with errors_told():
        own = read_series(series, measure=measure or "")
        chosen = names_of(rules) if rules is not None else DEFAULT_RULES
        found = tuple(symptoms_as_declines(signals(own, chosen, baseline)))
        notes = notes_on(own, baseline)
        if as_json:
            click.echo(dumps(chart_dict(own, found, notes, baseline)))
        else:
            show(own, found, notes, baseline, chosen)
        write(own, found, notes, baseline, chosen, (svg, html, png))
        told_files(svg, html, png, as_json=as_json)


def names_of(rules: str) -> tuple[str | Rule, ...]:
    """Rule names separated by commas."""
    return tuple(name.strip() for name in rules.split(",") if name.strip())


def notes_on(own: Series, baseline: int) -> tuple[Note, ...]:
    """What the charts of this series cannot say."""
    from reattune.charts import limitations

    notes = limitations(own, baseline)
    if own.scale is not None:
        return notes
    text = "This measure is not known here: higher is taken as better. Name it with --measure."
    return (Note("scale-unknown", text), *notes)


# JSON


def dumps(value: Any) -> str:
    """JSON text, numbers rounded to six decimals."""
    return json.dumps(rounded(value), ensure_ascii=False, allow_nan=False)


def rounded(value: Any) -> Any:
    """The same data with shorter numbers."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


def chart_dict(
    own: Series, found: Sequence[Signal], notes: Sequence[Note], baseline: int
) -> dict[str, Any]:
    """A chart as JSON-ready data."""
    return {
        "schema": SCHEMA,
        "limits": limits_dict(own, baseline),
        "signals": [signal_dict(signal) for signal in found],
        "notes": [note_dict(note) for note in notes],
    }


def limits_dict(
    own: Series | None, baseline: int, doubtful: frozenset[int] = frozenset()
) -> dict[str, Any]:
    """Limits as JSON-ready data, None where there are none; `sessions` are the baseline's."""
    from reattune.report.timeline import limits_of

    made = None if own is None else limits_of(own, baseline, doubtful)
    if made is None:
        none = dict.fromkeys(("center", "lower", "upper"))
        return {**none, "baseline": baseline, "sessions": []}
    return {
        "center": made.center,
        "lower": made.lower,
        "upper": made.upper,
        "baseline": baseline,
        "sessions": list(made.baseline),
    }


def signal_dict(signal: Signal) -> dict[str, Any]:
    """A signal as JSON-ready data, without the evidence."""
    return {
        "session": signal.session,
        "date": None if signal.date is None else signal.date.isoformat(),
        "source": signal.source,
        "kind": signal.kind,
        "rule": signal.rule,
        "level": signal.level,
        "why": signal.why,
        "false_per_12": signal.false_per_12,
        "with": list(signal.with_),
        "by": signal.by,
    }


def note_dict(note: Note) -> dict[str, str]:
    """A note as JSON-ready data."""
    return {"slug": note.slug, "text": note.text}


# Terminal


def show(
    own: Series,
    found: Sequence[Signal],
    notes: Sequence[Note],
    baseline: int,
    rules: Sequence[str | Rule],
) -> None:
    """The chart for people."""
    from reattune.report.course import chart_in_short
    from reattune.report.terminal import Sheet
    from reattune.report.timeline import limits_of
    from reattune.report.told import first_words, title_of

    sheet = Sheet(console())
    made = limits_of(own, baseline)
    sheet.put(sheet.fit(title_of(own.measure)), style="bold")
    sheet.put(" ".join(chart_in_short(found)))
    sheet.gap()
    sheet.put(f"{sparkline(own, sheet, made)}  {span_words(own)}")
    marks = marks_row(own, found)
    if marks.strip():
        sheet.put(marks)
    sheet.put(limits_words(own, made))
    sheet.console.print(sessions_table(own, found, made))
    for signal in found:
        sheet.put(sheet.fit(first_words(signal)), indent=3, lead=mark(signal))
    for note in notes:
        sheet.put(f"Note: {sheet.fit(note.text)}")
    sheet.put(rules_words(rules, baseline), style="dim")
    sheet.put(f"{MARKS} {VERDICT}" if found else VERDICT, style="dim")


MARKS = "!! major, ! micro (slight), + recovery."
VERDICT = (
    "false in 12: how often a rule speaks in 12 sessions in which nothing happened. A signal is a "
    "prompt to look, never a verdict."
)


def rules_words(rules: Sequence[str | Rule], baseline: int) -> str:
    """The rules at work with their false-alarm figures, also those that say nothing."""
    from reattune.report.told import figure_of, names

    told = [f"{name} {figure_of(name, baseline)}" for name in names(rules)]
    return f"Rules at work, each with false in 12: {', '.join(told)}."


def sessions_table(own: Series, found: Sequence[Signal], made: Limits | None) -> Table:
    """Each session with its score, and a line for each signal."""
    from reattune.report.told import chance, rule_words

    table = plain_table("session")
    table.add_column("date", no_wrap=True)
    table.add_column("score", no_wrap=True, justify="right")
    table.add_column("signal")
    table.add_column("rule", no_wrap=True)
    table.add_column("false in 12", no_wrap=True)
    frozen = set(made.baseline) if made else set()
    for point in sorted(own.points, key=lambda point: point.session):
        day = point.date.isoformat() if point.date else ""
        cells = [str(point.session), day, "-" if point.value is None else f"{point.value:g}"]
        told = [signal for signal in found if signal.session == point.session]
        if not told:
            table.add_row(*cells, "baseline" if point.session in frozen else "")
        for signal in told:
            what = f"{mark(signal)} {rule_words(signal)}"
            table.add_row(*cells, what, signal.rule, chance(signal))
            cells = ["", "", ""]
    return table


def limits_words(own: Series, made: Limits | None) -> str:
    """Limits in a line."""
    from reattune.charts import number, sessions_in_words

    if made is None:
        known = sum(point.value is not None for point in own.points)
        return f"No limits yet: {counted_scores(known)}, too few or all alike."
    return (
        f"Limits {number(made.lower)} to {number(made.upper)} around {number(made.center)}, "
        f"frozen at {sessions_in_words(made.baseline)}."
    )


def counted_scores(known: int) -> str:
    """Such as "3 scores"."""
    from reattune.report.words import counted

    return counted(known, "score")


def sparkline(own: Series, sheet: Sheet, made: Limits | None = None) -> str:
    """The scores as a row of bars between the limits, a point for a session without one."""
    from reattune.report.timeline import reach

    points = sorted(own.points, key=lambda point: point.session)
    known = [point.value for point in points if point.value is not None]
    low, high = reach(known, made, own.scale)
    bars = sheet.fit(BARS)
    bars = "_.-=+*#@" if "?" in bars else bars
    gap = sheet.fit("·")
    step = (len(bars) - 1) / (high - low)
    return "".join(gap if p.value is None else bars[round((p.value - low) * step)] for p in points)


def span_words(own: Series) -> str:
    """The least and the greatest score."""
    known = [point.value for point in own.points if point.value is not None]
    return f"{min(known):g} to {max(known):g}" if known else "no scores"


def marks_row(own: Series, found: Sequence[Signal]) -> str:
    """A row under the bars: ! where a sign of strain stands, + where a recovery does."""
    strain = {signal.session for signal in found if signal.kind != "recovery"}
    back = {signal.session for signal in found} - strain
    ordered = sorted(point.session for point in own.points)
    return "".join("!" if n in strain else "+" if n in back else " " for n in ordered).rstrip()


def mark(signal: Signal) -> str:
    """A sign for the level: two for major."""
    if signal.kind == "recovery":
        return "+"
    return "!!" if signal.level == "major" else "!"


# Files


def write(
    own: Series,
    found: Sequence[Signal],
    notes: Sequence[Note],
    baseline: int,
    rules: Sequence[str | Rule],
    targets: tuple[Path | None, Path | None, Path | None],
) -> None:
    """The files asked for: SVG, page, picture."""
    svg, html, png = targets
    if svg or png:
        from reattune.report.timeline import timeline_of_series

        draw_files(timeline_of_series(own, found, baseline), svg, png)
    if html:
        from reattune.report.course import render_chart

        write_whole(html, render_chart(own, found, notes, baseline, rules))


def draw_files(timeline: Timeline, svg: Path | None, png: Path | None) -> None:
    """The drawing as SVG and as a picture, where asked for."""
    from reattune.report.timeline import render_svg

    drawing = render_svg(timeline)
    if svg:
        write_whole(svg, drawing)
    if png:
        write_picture(png, drawing)


def write_picture(path: Path, drawing: str) -> None:
    """An SVG as a PNG picture; DependencyError without the package that draws it."""
    try:
        render = import_module("resvg_py").svg_to_bytes
    except ImportError as error:
        raise DependencyError(
            "png-not-installed",
            "Pictures need the package resvg-py.",
            where=path.name,
            remedy="Install it: pip install 'reattune[png]'. --svg and --html need nothing.",
        ) from error
    write_whole(path, bytes(render(svg_string=drawing, zoom=SCALE, background="#ffffff")))


def told_files(*paths: Path | None, as_json: bool) -> None:
    """Say where files are, on standard error."""
    for path in paths:
        if path is not None and not as_json:
            click.echo(f"Written: {path}", err=True)
