"""Options that several commands share."""

from __future__ import annotations

import click

flags = click.option(
    "--flags",
    "point",
    type=click.Choice(["few", "balanced", "many"]),
    default="balanced",
    show_default=True,
    help="How readily to flag; docs/accuracy.md says how often each is wrong.",
)
"""The operating point."""
