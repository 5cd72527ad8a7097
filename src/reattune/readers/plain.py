"""Plain text in the usual conventions; the layouts are in script.py."""

from __future__ import annotations

from reattune.readers.script import ARROW, find_heads, read_lines, split_lines
from reattune.readers.source import Source, wrong_format
from reattune.types import Session

SAMPLE = 20_000
"""Characters looked at to tell whether a text has speakers."""


def sniff(source: Source) -> float:
    """0.6 for text with speakers, 0.1 for any other text, which nothing else can read either."""
    if source.kind != "text":
        return 0.0
    lines = split_lines(source.text[:SAMPLE])
    speaks = find_heads(lines) or any(ARROW.fullmatch(line[:80]) for line in lines)
    return 0.6 if speaks else 0.1


def parse(source: Source) -> tuple[Session, ...]:
    """The one session of a plain text. InputError "no-speakers" when no line names a speaker."""
    if source.kind != "text":
        raise wrong_format(source, "plain text", f"it is {source.kind.upper()}")
    return (read_lines(source, split_lines(source.text), "plain"),)
