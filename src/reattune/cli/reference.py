"""`reattune reference`: the quick reference sheet, at the terminal, as PDF or as HTML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reattune.cli.output import console, errors_told, write_whole

if TYPE_CHECKING:
    from reattune.report.reference import Paper

NAME = "reattune-reference"
out_path = click.Path(path_type=Path, dir_okay=False)


@click.command(name="reference")
@click.option(
    "--pdf",
    type=out_path,
    is_flag=False,
    flag_value=f"{NAME}.pdf",
    metavar="[OUT]",
    help=f"Write the sheet as a PDF of one page; {NAME}.pdf if no file is named.",
)
@click.option(
    "--html",
    type=out_path,
    is_flag=False,
    flag_value=f"{NAME}.html",
    metavar="[OUT]",
    help=f"Write the sheet as one HTML file; {NAME}.html if no file is named.",
)
@click.option(
    "--paper",
    type=click.Choice(["a4", "letter"]),
    default="a4",
    show_default=True,
    help="The paper to print on.",
)
def command(pdf: Path | None, html: Path | None, paper: Paper) -> None:
    """Rupture and repair on one page: signs, steps, phrases, do and don't, endings, sources.

    Made from the guidance and the codebook of this version. Without --pdf or --html the sheet is
    printed at the terminal.
    """
    from reattune.report import reference

    with errors_told():
        if pdf:
            write_whole(pdf, reference.render_pdf(paper))
        if html:
            write_whole(html, reference.render_html(paper))
        if not pdf and not html:
            reference.render_terminal(console())
        for path in filter(None, (pdf, html)):
            click.echo(f"Reference sheet: {path.resolve()}")
