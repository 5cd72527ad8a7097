"""`reattune practice`: a simulated client to rehearse repair with, and short drills."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reattune.cli.output import console, errors_told
from reattune.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from reattune.practice import Feedback, Run, Scenario
    from reattune.practice.voice import Voice

SCHEMA = "reattune.practice/1"
LIST_SCHEMA = "reattune.practice-list/1"


@click.command(name="practice")
@click.argument("scenario", required=False)
@click.option("--list", "listed", is_flag=True, help="List the scenarios and drills.")
@click.option("--json", "as_json", is_flag=True, help=f"Print JSON ({SCHEMA}) instead.")
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Which of the client's wordings are drawn; the same seed draws the same.",
)
@click.option("--drill", metavar="ID", help="A short drill of one move in place of a scenario.")
@click.option(
    "--replies",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Take the replies from a text file, one a line; repeat for several.",
)
@click.option(
    "--endpoint",
    envvar="REATTUNE_PRACTICE_ENDPOINT",
    metavar="URL",
    help="An OpenAI-compatible server of yours that may word the client's lines.",
)
@click.option(
    "--model",
    envvar="REATTUNE_PRACTICE_MODEL",
    metavar="NAME",
    help="The name of the model at the endpoint.",
)
@click.option(
    "--allow-remote",
    is_flag=True,
    help="Let the endpoint be on another machine, which is then sent the practice talk.",
)
def command(
    scenario: str | None,
    listed: bool,
    as_json: bool,
    seed: int,
    drill: str | None,
    replies: tuple[Path, ...],
    endpoint: str | None,
    model: str | None,
    allow_remote: bool,
) -> None:
    """Practice with a made-up client who draws back or objects, with feedback after each reply.

    SCENARIO is an id from --list, or a file of your own ending in .toml. Type your replies; ?
    shows what else can be typed, Ctrl-D ends with the summary. Nothing is kept, and nothing is sent
    anywhere unless you name an endpoint.
    """
    with errors_told():
        from reattune import practice

        if scenario and drill:
            raise click.UsageError("Name a scenario or a drill, not both.")
        if listed or not (scenario or drill):
            show_list(as_json)
            return
        own = chosen(scenario, drill)
        voice = voice_of(endpoint, model, allow_remote)
        run = practice.start(own, seed, on=today(), voice=voice)
        if as_json:
            print_json(own, *played(own, run, typed(replies), voice))
        else:
            talk(own, run, typed(replies), voice, asks=not replies)


def chosen(scenario: str | None, drill: str | None) -> Scenario:
    """The scenario of this id or in this file, or the drill's."""
    from reattune import practice
    from reattune.practice.loader import load_scenario

    if scenario and scenario.endswith(".toml"):
        return load_scenario(Path(scenario))
    return practice.find(drill or scenario or "")


def today() -> date:
    """The day here."""
    return datetime.now(UTC).astimezone().date()


def typed(replies: tuple[Path, ...]) -> Iterator[str]:
    """The lines of the files, else those typed; empty lines of a file are left out."""
    if not replies and sys.stdin.isatty():
        yield from keyed()
    elif not replies:
        yield from (line.rstrip("\n") for line in sys.stdin)
    for path in replies:
        try:
            found = path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                "unreadable-file",
                "The replies cannot be read as text in UTF-8.",
                where=path.name,
                remedy="Save the file as UTF-8, one reply a line.",
            ) from error
        yield from (line for line in found if line.strip())


def keyed() -> Iterator[str]:
    """The lines typed at a keyboard, which can be edited before Enter; nothing is kept."""
    with suppress(ImportError):  # Windows has none, and lines of its own
        import readline  # noqa: F401
    while True:
        try:
            yield input("You: ")
        except EOFError:
            return


def voice_of(endpoint: str | None, model: str | None, allow_remote: bool) -> Voice | None:
    """The voice at the endpoint, if one is named."""
    if not endpoint:
        return None
    from reattune.practice.voice import endpoint_voice

    return endpoint_voice(endpoint, model or "", allow_remote=allow_remote)


# The list


def show_list(as_json: bool) -> None:
    """The scenarios and drills."""
    from reattune import practice

    scenarios, drills = practice.load_scenarios().values(), practice.load_drills().values()
    if as_json:
        rows = [_row(one) for one in scenarios]
        further = [
            {"id": d.id, "title": d.title, "part": d.part, "skill": d.skill, "task": d.task}
            for d in drills
        ]
        made = {"schema": LIST_SCHEMA, "scenarios": rows, "drills": further}
        click.echo(json.dumps(made, ensure_ascii=False))
        return
    from reattune.practice.terminal import render_list

    render_list(scenarios, drills, console())


def _row(one: Scenario) -> dict[str, Any]:
    """What is told of a scenario before it is played."""
    keys = ("id", "version", "title", "summary", "kind", "intensity", "setting", "hard", "task")
    row: dict[str, Any] = {key: getattr(one, key) for key in keys}
    return row | {"minutes": one.minutes, "shows": one.shows, "tempts": one.tempts}


# JSON


def played(
    scenario: Scenario, run: Run, replies: Iterator[str], voice: Voice | None
) -> tuple[Run, list[Feedback]]:
    """The run with all replies given, until it ends."""
    from reattune import practice

    made = []
    while not run.over and (text := next(replies, None)) is not None:
        run, feedback = practice.reply(run, text, voice=voice, scenario=scenario)
        made.append(feedback)
    return run, made


def print_json(scenario: Scenario, run: Run, feedback: list[Feedback]) -> None:
    """The run, the feedback on each reply and the summary."""
    from reattune import practice

    run, summary = practice.finish(run, scenario=scenario)
    made = {
        "schema": SCHEMA,
        "scenario": _row(scenario),
        "run": practice.run_to_dict(run),
        "feedback": [one.to_dict() for one in feedback],
        "summary": summary.to_dict(),
    }
    click.echo(json.dumps(made, ensure_ascii=False, allow_nan=False))


# The talk


def talk(
    scenario: Scenario, run: Run, replies: Iterator[str], voice: Voice | None, *, asks: bool
) -> None:
    """The talk at the terminal, to its end or the learner's."""
    from reattune import practice
    from reattune.practice import terminal

    out = console()
    terminal.render_start(scenario, run, out)
    while not run.over and (text := ask(replies, out, asks)) is not None:
        if text.startswith(("/", "?")):
            changed = obey(text, scenario, run, out)
            if changed is None:
                break
            run = changed
            continue
        run, feedback = practice.reply(run, text, voice=voice, scenario=scenario)
        if feedback.unscored and not text.strip():
            continue
        terminal.render_feedback(feedback, out)
        terminal.render_line(scenario, run, out)
    _, summary = practice.finish(run, scenario=scenario)
    terminal.render_summary(summary, out)


def ask(replies: Iterator[str], out: Console, asks: bool) -> str | None:
    """The next reply, shown as given unless it is typed at a keyboard; None at the end."""
    text = next(replies, None)
    if text is None:
        out.print()
    elif not (asks and sys.stdin.isatty()):
        click.echo(f"You: {text}")
    return text


def obey(text: str, scenario: Scenario, run: Run, out: Console) -> Run | None:
    """The run after a command; None to end."""
    from reattune import practice
    from reattune.practice import terminal

    word, _, rest = text.partition(" ")
    last = len(run.exchanges) - 1
    if word == "/end":
        return None
    if word == "/why" and last >= 0:
        terminal.render_why(practice.feedback(run, last, scenario=scenario), out)
    elif word == "/contest" and last >= 0 and rest:
        return contested(scenario, run, rest, out)
    else:
        terminal.lines(out, *terminal.HELP, style="dim")
    return run


def contested(scenario: Scenario, run: Run, rest: str, out: Console) -> Run:
    """The run with a reading of the last reply contested, and its state as it is now."""
    from reattune import practice
    from reattune.practice import terminal

    code, _, view = rest.partition(" ")
    try:
        run = practice.contest(run, len(run.exchanges) - 1, code, view)
    except InputError as error:
        terminal.lines(out, str(error))
        return run
    made = practice.feedback(run, len(run.exchanges) - 1, scenario=scenario)
    terminal.lines(out, f"{code} counts in no direction now.", indent=2)
    terminal.lines(out, terminal.course_line(made.before, made.after), indent=2)
    return run
