"""`reattune analyze`: transcripts in, explained reports out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reattune.cli import options
from reattune.cli.output import console, errors_told, tell, write_whole
from reattune.errors import InputError, ReattuneError, RoleError

if TYPE_CHECKING:
    from reattune.model import Progress
    from reattune.types import Analysis, Baseline, Session

LONG = 300  # turns; from here on one file alone gets a progress bar
SOME_FAILED = 9  # exit code when some of several files could not be analyzed

Start = Callable[[str, int], "Progress | None"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for, the same for every file."""

    therapist: str | None
    format: str | None
    point: str
    any_language: bool
    as_shipped: bool
    earlier: tuple[Baseline, ...]


@click.command(name="analyze")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="Print JSON (reattune.analysis/1) instead.")
@click.option(
    "--html",
    "html",
    type=click.Path(path_type=Path),
    help="Write the report to this file; with several sessions, into this folder.",
)
@click.option(
    "--pdf",
    "pdf",
    type=click.Path(path_type=Path),
    help="Write the report to print and file; with several sessions, into this folder.",
)
@click.option("--therapist", metavar="NAME", help="The therapist's label in the transcript.")
@click.option("--format", "format_", metavar="NAME", help="Read as this format, do not guess.")
@click.option(
    "--client-baseline",
    "baselines",
    multiple=True,
    metavar="PREVIOUS.json",
    type=click.Path(path_type=Path),
    help="An earlier session's --json output of this client; repeat for several.",
)
@options.flags
@click.option("--any-language", is_flag=True, help="Score even what does not look like English.")
@click.option("--as-shipped", is_flag=True, help="Leave your own calibration aside.")
@click.option("--verbose", "-v", is_flag=True, help="Show near misses too.")
def command(
    files: tuple[Path, ...],
    as_json: bool,
    html: Path | None,
    pdf: Path | None,
    therapist: str | None,
    format_: str | None,
    baselines: tuple[Path, ...],
    point: str,
    any_language: bool,
    as_shipped: bool,
    verbose: bool,
) -> None:
    """Find where the alliance was strained in each of FILES, and why the program thinks so.

    FILES are transcripts: WebVTT, SRT, Zoom, Teams, Otter, Whisper JSON, DOCX, CSV, XLSX, CHAT,
    JSONL or plain text; "-" reads standard input. A flag is a prompt to look, never a verdict.
    """
    with errors_told():
        earlier = tuple(read_baseline(path) for path in baselines)
        wanted = Options(therapist, format_, point, any_language, as_shipped, earlier)
        sessions, failures = read_sessions(files, wanted)
        found = list(analyze_all(sessions, wanted, failures))
        several = len(sessions) > 1 or len(files) > 1
        for target in filter(None, (html, pdf)):
            write_reports(target, found, several=several, as_pdf=target is pdf)
        show(found, as_json=as_json, verbose=verbose, single=len(sessions) == len(files) == 1)
        finish(failures, n_files=len(files), written=(html, pdf), as_json=as_json)


def read_baseline(path: Path) -> Baseline:
    """The baseline in an earlier --json output; InputError if the file is not one."""
    from reattune.schema import baseline_from_dict

    try:
        return baseline_from_dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise InputError(
            "baseline-unreadable",
            "This is not the JSON of an earlier analysis with a client's baseline.",
            where=path.name,
            remedy="Make it with: reattune analyze --json EARLIER > previous.json",
        ) from error


def read_sessions(
    files: Iterable[Path], wanted: Options
) -> tuple[list[Session], list[ReattuneError]]:
    """Every session of every file, and the failures; one bad file never ends a batch."""
    from reattune.readers import read_all, read_all_bytes

    sessions: list[Session] = []
    failures: list[ReattuneError] = []
    for path in files:
        try:
            if str(path) == "-":
                data = sys.stdin.buffer.read()
                sessions += read_all_bytes(
                    data, name="standard input", format=wanted.format, therapist=wanted.therapist
                )
            else:
                sessions += read_all(path, format=wanted.format, therapist=wanted.therapist)
        except ReattuneError as error:
            failures.append(error)
    return sessions, failures


def analyze_all(
    sessions: list[Session], wanted: Options, failures: list[ReattuneError]
) -> Iterator[Analysis]:
    """The analysis of each session that can be analyzed; adds to `failures` what cannot."""
    with progress_bar(sessions) as start:
        for session in sessions:
            try:
                yield analyze_one(session, wanted, start(session.source, len(session.turns)))
            except RoleError as error:
                if len(sessions) > 1 or not sys.stdin.isatty():
                    failures.append(error)
                    continue
                yield analyze_one(session, wanted, None, therapist=ask_therapist(error))
            except ReattuneError as error:
                failures.append(error)


def analyze_one(
    session: Session, wanted: Options, progress: Progress | None, therapist: str | None = None
) -> Analysis:
    """One session through the pipeline."""
    from reattune.pipeline import analyze

    return analyze(
        session,
        therapist=therapist,
        earlier=wanted.earlier,
        point=wanted.point,
        any_language=wanted.any_language,
        as_shipped=wanted.as_shipped,
        progress=progress,
    )


def ask_therapist(error: RoleError) -> str:
    """Ask at the terminal which speaker is the therapist."""
    click.echo(str(error), err=True)
    choice: str = click.prompt(
        "Who is the therapist?", type=click.Choice(list(error.speakers)), err=True
    )
    return choice


@contextmanager
def progress_bar(sessions: list[Session]) -> Iterator[Start]:
    """A bar on standard error for several sessions or a long one; nothing when piped."""
    long = any(len(session.turns) >= LONG for session in sessions)
    if not sys.stderr.isatty() or not (long or len(sessions) > 1):
        yield lambda _name, _turns: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        whole = bar.add_task("Sessions", total=len(sessions))
        part = bar.add_task("Turns", total=None)

        def start(_name: str, _turns: int) -> Progress:
            bar.advance(whole)
            return lambda done, total: bar.update(part, completed=done, total=total)

        yield start


def write_reports(
    target: Path, found: list[Analysis], *, several: bool, as_pdf: bool = False
) -> None:
    """One file, or one a session in a folder, each whole or not at all; HTML or PDF."""
    if not several:
        for analysis in found:
            write_whole(target, rendered(analysis, as_pdf=as_pdf))
        return
    target.mkdir(parents=True, exist_ok=True)
    ending = "pdf" if as_pdf else "html"
    for name, analysis in zip(report_names(found), found, strict=True):
        write_whole(target / f"{name}.{ending}", rendered(analysis, as_pdf=as_pdf))


def rendered(analysis: Analysis, *, as_pdf: bool) -> str | bytes:
    """The report on one session."""
    if as_pdf:
        from reattune.report.session_pdf import render_pdf

        return render_pdf(analysis, made=datetime.now(UTC).astimezone().date())
    from reattune.report.html import render_html

    return render_html(analysis)


def report_names(found: list[Analysis]) -> list[str]:
    """A file name a session, from its source; numbered where two are the same."""
    names: list[str] = []
    for analysis in found:
        stem = Path(analysis.session.source or "session").stem
        same = sum(name == stem or name.startswith(f"{stem}-") for name in names)
        names.append(f"{stem}-{same + 1}" if same else stem)
    return names


def show(found: list[Analysis], *, as_json: bool, verbose: bool, single: bool) -> None:
    """The results on standard output: JSON (an object, or a list for several), or the report."""
    if as_json:
        rows = [analysis.to_dict() for analysis in found]
        if single and not rows:
            return
        click.echo(json.dumps(rows[0] if single else rows, ensure_ascii=False, allow_nan=False))
        return
    from reattune.report.terminal import render_terminal

    out = console()
    for analysis in found:
        render_terminal(analysis, out, verbose=verbose)


def finish(
    failures: list[ReattuneError],
    *,
    n_files: int,
    written: Iterable[Path | None],
    as_json: bool,
) -> None:
    """Say what failed and exit with the code for it; say where the report is."""
    for error in failures:
        tell(error)
    if not as_json and (len(failures) < n_files or not failures):
        for path in filter(None, written):
            click.echo(f"Report: {path}", err=True)
    if failures:
        raise SystemExit(failures[0].exit_code if n_files == 1 else SOME_FAILED)
