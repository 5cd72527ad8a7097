"""`python -m reattune`."""

from reattune.cli import run

run()
