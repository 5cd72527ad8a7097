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

if TYPE_CHECKING:
    from rich.console import Console

    from reattune.change import Rule
    from reattune.types import Note, Series, Signal

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


@click.command(name="chart")
@click.argument("series", type=click.Path(path_type=Path))
@click.option("--measure", metavar="ID", help="The measure: srs, wai:bond, checkin_client:item5.")
@baseline_option
@click.option("--rules", metavar="NAMES", help="Rules to run, by commas; docs/charts.md has them.")
@click.option("--json", "as_json", is_flag=True, help=f"Print JSON ({SCHEMA}) instead.")
@svg_option
@html_option
@click.option("--png", type=out_path, help="Draw the timeline into this picture.")
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
    from reattune.tables import read_series

    with errors_told():
        own = read_series(series, measure=measure or "")
        chosen = names_of(rules) if rules is not None else DEFAULT_RULES
        found = signals(own, chosen, baseline)
        notes = notes_on(own, baseline)
        if as_json:
            click.echo(dumps(chart_dict(own, found, notes, baseline)))
        else:
            show(own, found, notes, baseline)
        write(own, found, notes, baseline, (svg, html, png))
        told_files(svg, html, png, as_json=as_json)


def names_of(rules: str) -> tuple[str | Rule, ...]:
    """Rule names separated by commas."""
    return tuple(name.strip() for name in rules.split(",") if name.strip())


def notes_on(own: Series, baseline: int) -> tuple[Note, ...]:
    """What the charts of this series cannot say."""
    from reattune.charts import limitations

    return limitations(own, baseline)


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


def show(own: Series, found: Sequence[Signal], notes: Sequence[Note], baseline: int) -> None:
    """The chart for people."""
    from reattune.report.timeline import limits_of, title_of

    out = console()
    out.print(f"{title_of(own.measure)}", style="bold", markup=False)
    out.print(sparkline(own, out), markup=False)
    made = limits_of(own, baseline)
    out.print(limits_words(made), soft_wrap=True, markup=False)
    table = plain_table("session", "score")
    for title in ("date", "signal", "false in 12"):
        table.add_column(title, no_wrap=title != "signal")
    frozen = set(made.baseline) if made else set()
    for point in sorted(own.points, key=lambda point: point.session):
        told = [signal for signal in found if signal.session == point.session]
        rest = "baseline" if point.session in frozen and not told else ""
        table.add_row(
            str(point.session),
            "-" if point.value is None else f"{point.value:g}",
            point.date.isoformat() if point.date else "",
            "\n".join(map(short, told)) or rest,
            "\n".join(map(chance, told)),
        )
    out.print(table)
    show_reasons(found, notes, out)


def show_reasons(found: Sequence[Signal], notes: Sequence[Note], out: Console) -> None:
    """Why each signal stands, and the notes."""
    for signal in found:
        out.print(f"{mark(signal)} {signal.why}", soft_wrap=False, markup=False)
    if not found:
        out.print("No rule speaks. A course without signals is not thereby a good one.")
    for note in notes:
        out.print(f"Note: {note.text}", markup=False)
    out.print(
        "false in 12: how often the rule speaks in 12 sessions in which nothing happened. "
        "A signal is a prompt to look, never a verdict.",
        style="dim",
    )


def limits_words(made: Any) -> str:
    """Limits in a line."""
    from reattune.charts import number, sessions_in_words

    if made is None:
        return "No limits yet: the baseline is not reached, or the scores do not vary."
    return (
        f"Limits {number(made.lower)} to {number(made.upper)} around {number(made.center)}, "
        f"frozen at {sessions_in_words(made.baseline)}."
    )


def sparkline(own: Series, out: Console) -> str:
    """The scores as a row of bars, a point for a session without one."""
    points = sorted(own.points, key=lambda point: point.session)
    known = [point.value for point in points if point.value is not None]
    if not known:
        return "no scores"
    low, high = min(known), max(known)
    bars = BARS if fits(BARS, out) else "_.-=+*#@"
    gap = "·" if fits("·", out) else " "
    step = (len(bars) - 1) / (high - low) if high > low else 0.0
    row = "".join(
        gap if p.value is None else bars[round((p.value - low) * step) if step else 3]
        for p in points
    )
    return f"{row}  {low:g} to {high:g}"


def fits(text: str, out: Console) -> bool:
    """Whether the terminal can show these characters."""
    try:
        text.encode(out.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def mark(signal: Signal) -> str:
    """A sign for the level: two for major."""
    if signal.kind == "recovery":
        return "+"
    return "!!" if signal.level == "major" else "!"


def short(signal: Signal) -> str:
    """A signal in a cell."""
    return f"{mark(signal)} {signal.kind}, {signal.level}: {signal.rule}"


def chance(signal: Signal) -> str:
    """How often the rule is wrong, in a cell."""
    from reattune.charts import number

    return "not measured" if signal.false_per_12 is None else number(signal.false_per_12)


# Files


def write(
    own: Series,
    found: Sequence[Signal],
    notes: Sequence[Note],
    baseline: int,
    targets: tuple[Path | None, Path | None, Path | None],
) -> None:
    """The files asked for: SVG, page, picture."""
    svg, html, png = targets
    if svg or png:
        from reattune.report.timeline import render_svg, timeline_of_series

        drawing = render_svg(timeline_of_series(own, found, baseline))
        if svg:
            write_whole(svg, drawing)
        if png:
            write_picture(png, drawing)
    if html:
        from reattune.report.course import render_chart

        write_whole(html, render_chart(own, found, notes, baseline))


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
