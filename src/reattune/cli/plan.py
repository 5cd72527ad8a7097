"""`reattune plan`: the ruptures of a course as a plan, the next-session sheet, a letter."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reattune.cli.chart import baseline_option
from reattune.cli.follow import SOME_FAILED, read_one
from reattune.cli.output import console, errors_told, write_whole

if TYPE_CHECKING:
    from reattune.follow import Following
    from reattune.repair import Change
    from reattune.repair_plan import Plan
    from reattune.report.reference import Paper

CHANGES = "repair.jsonl"
SCHEMA = "reattune.plan/1"
out_path = click.Path(path_type=Path, dir_okay=False)


@click.command(name="plan")
@click.argument("course", type=click.Path(path_type=Path))
@click.option("--therapist", metavar="NAME", help="The therapist's label in the transcripts.")
@baseline_option
@click.option(
    "--changes",
    type=out_path,
    metavar="FILE",
    help=f"Your decisions, one JSON object a line; {CHANGES} in the folder if it is there.",
)
@click.option(
    "--case",
    "told",
    multiple=True,
    metavar="NAME",
    help="A hard case that you know applies, such as telehealth; repeat for several.",
)
@click.option("--json", "as_json", is_flag=True, help=f"Print JSON ({SCHEMA}) instead.")
@click.option(
    "--sheet", type=out_path, metavar="OUT", help="Write the next-session sheet, .pdf or .html."
)
@click.option(
    "--letter",
    type=out_path,
    metavar="OUT",
    help="Write a referral letter to fill in, .pdf or .docx.",
)
@click.option(
    "--paper",
    type=click.Choice(["a4", "letter"]),
    default="a4",
    show_default=True,
    help="The paper to print on.",
)
def command(
    course: Path,
    therapist: str | None,
    baseline: int,
    changes: Path | None,
    told: tuple[str, ...],
    as_json: bool,
    sheet: Path | None,
    letter: Path | None,
    paper: Paper,
) -> None:
    """Plan the repair of a course: each rupture with its steps, what is proposed, what comes next.

    COURSE is a folder as for `reattune follow`. The words only propose: a step, a closure, another
    course; what you decide is a row in repair.jsonl. It quotes words of sessions.
    """
    with errors_told():
        check_endings(sheet, letter)
        following = read_one(course, therapist, baseline)
        made = plan_of(following, read_rows(course, changes), told)
        if as_json:
            from reattune.repair_rows import plan_to_dict

            click.echo(json.dumps(plan_to_dict(made), ensure_ascii=False, allow_nan=False))
        else:
            from reattune.report.plan import render_terminal

            render_terminal(made, console())
        if sheet:
            write_sheet(sheet, made, following, paper)
        if letter:
            write_letter(letter, following, paper)
        for path in filter(None, (sheet, letter)):
            click.echo(f"Written: {path}", err=as_json)
        if any(note.slug == "file-left-out" for note in following.notes):
            raise SystemExit(SOME_FAILED)


def check_endings(sheet: Path | None, letter: Path | None) -> None:
    """Wrong usage for a file whose name does not say what it is to be."""
    for path, known in ((sheet, (".pdf", ".html")), (letter, (".pdf", ".docx"))):
        if path is not None and path.suffix.lower() not in known:
            raise click.UsageError(f"{path.name}: its name must end in {' or '.join(known)}.")


def read_rows(course: Path, changes: Path | None) -> tuple[Change, ...]:
    """The decisions named, else those in the folder, else none."""
    from reattune.repair_rows import read_changes

    own = course / CHANGES
    if changes is None and not own.is_file():
        return ()
    return read_changes(changes or own)


def plan_of(following: Following, rows: tuple[Change, ...], told: tuple[str, ...]) -> Plan:
    """The plan of a course as of now."""
    from reattune.repair_plan import make_plan

    return make_plan(following, changes=rows, when=datetime.now(UTC), told=told)


def write_sheet(target: Path, plan: Plan, following: Following, paper: Paper) -> None:
    """The next-session sheet; what is personal on it rests on missteps confirmed in this course."""
    from reattune.missteps import tendencies
    from reattune.next_session import next_session
    from reattune.report import next_sheet

    made = next_session(plan, tendencies(following.analyses.values()))
    today = datetime.now(UTC).astimezone().date()
    if target.suffix.lower() == ".pdf":
        write_whole(target, next_sheet.render_pdf(made, paper, made=today))
    else:
        write_whole(target, next_sheet.render_html(made, paper, made=today))


def write_letter(target: Path, following: Following, paper: Paper) -> None:
    """A referral letter with the dates of the course; who and why the therapist fills in."""
    from reattune.ending import known_values, letter
    from reattune.report import letter as page

    made = letter(known_values(following, datetime.now(UTC).astimezone().date()))
    render = page.render_pdf if target.suffix.lower() == ".pdf" else page.render_docx
    write_whole(target, render(made, paper))
