"""`reattune demo`: the whole path on a bundled fictional session."""

from __future__ import annotations

from pathlib import Path

import click

from reattune.cli.output import console, errors_told, write_whole

SESSION = "demo_session.vtt"


@click.command(name="demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reattune-demo"),
    show_default=True,
    help="Folder for the report.",
)
def command(out: Path) -> None:
    """Analyze a bundled fictional session, print the summary and write its HTML report."""
    from importlib.resources import files

    from reattune.pipeline import analyze
    from reattune.readers import read_bytes
    from reattune.report.html import render_html
    from reattune.report.terminal import render_terminal

    with errors_told():
        data = files("reattune").joinpath("examples", SESSION).read_bytes()
        analysis = analyze(read_bytes(data, name=SESSION))
        render_terminal(analysis, console())
        out.mkdir(parents=True, exist_ok=True)
        target = out / "report.html"
        write_whole(target, render_html(analysis))
        click.echo(f"\nThe people in this session are fictional.\nReport: {target.resolve()}")
