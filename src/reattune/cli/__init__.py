"""The command line. Commands are imported when they are called, so that `--help` stays quick."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "analyze": ("reattune.cli.analyze", "Find strains, their repair and the reasons, in sessions."),
    "evaluate": ("reattune.cli.evaluate", "Measure the model on labelled sessions of your own."),
    "agreement": ("reattune.cli.agreement", "How far two or more coders of sessions agree."),
    "recalibrate": (
        "reattune.cli.recalibrate",
        "Fit probabilities and thresholds to flags you judged.",
    ),
    "chart": (
        "reattune.cli.chart",
        "Chart a series of scores: limits, rules of change, signals.",
    ),
    "follow": (
        "reattune.cli.follow",
        "Follow a client: words, scores and attendance on one timeline.",
    ),
    "plan": ("reattune.cli.plan", "Plan the repair of a course; the next-session sheet."),
    "practice": (
        "reattune.cli.practice",
        "Rehearse repair with a simulated client, with feedback; short drills.",
    ),
    "redact": (
        "reattune.cli.redact",
        "Replace what identifies people in a transcript by placeholders.",
    ),
    "measures": (
        "reattune.cli.measures",
        "The questionnaires: list them, show one, check a file of your own.",
    ),
    "reference": ("reattune.cli.reference", "Print the quick reference sheet, or make its PDF."),
    "serve": ("reattune.cli.serve", "Serve the practice application on this machine."),
    "worker": ("reattune.cli.worker", "Read uploaded sessions that wait, for the application."),
    "backup": ("reattune.cli.backup", "Write an encrypted backup of the records."),
    "restore": ("reattune.cli.restore", "Put a backup into an empty data folder."),
    "rekey": ("reattune.cli.rekey", "Encrypt the records under a new key."),
    "audit": ("reattune.cli.audit", "Verify the chain of who saw or changed what."),
    "doctor": ("reattune.cli.doctor", "Look whether the records and the application are well."),
    "password": ("reattune.cli.password", "Set a forgotten password of the application anew."),
    "demo": ("reattune.cli.demo", "Analyze a bundled fictional session and write its report."),
}
"""Command name -> module with a `command`, and the line `reattune --help` shows for it."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands from COMMANDS, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reattune", message="reattune %(version)s")
def main() -> None:
    """Notice, name, track and repair ruptures in the therapeutic alliance.

    Everything runs on this machine; no word of a session leaves it.

    Exit codes: 0 done, 2 wrong usage, 3 unusable input, 4 unclear who the therapist is, 5 not
    English, 6 weights damaged, 7 a package is missing, 8 output not written, 9 some of several
    files failed, 1 anything else.
    """


def run(**options: Any) -> None:
    """Entry point for `python -m reattune`."""
    main(prog_name="reattune", **options)
