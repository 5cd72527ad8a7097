"""Otter's text export: the name and a time on one line, the words below, a footer."""

from __future__ import annotations

import re

from reattune.readers.clock import lone_stamp
from reattune.readers.script import find_heads, read_lines, split_lines, timed_heads
from reattune.readers.source import Source, wrong_format
from reattune.types import Session

_HEADER = re.compile(r"^\S[^\n:]{0,60}?[ \t]{2,}(?:\d{1,2}:)?\d{1,2}:\d\d[ \t]*\n\S", re.M)
_FOOTER = re.compile(r"^Transcribed by https?://otter\.ai", re.M)
SAMPLE = 20_000


def sniff(source: Source) -> float:
    """0.8 for Otter's footer or for "Name", two spaces, a time, with the words below."""
    head, tail = source.text[:SAMPLE], source.text[-500:]
    if not (_FOOTER.search(tail) or _HEADER.search(head)):
        return 0.0
    lines = split_lines(head)
    timed = timed_heads(lines)
    unnamed = any(lone_stamp(line) for line in lines) and not find_heads(lines)
    return 0.8 if unnamed or (timed and len(timed) >= len(find_heads(lines))) else 0.0


def parse(source: Source) -> tuple[Session, ...]:
    """The one session of an Otter export, paragraphs of one speaker joined.

    InputError "no-speakers" when it was exported without names.
    """
    if source.kind != "text":
        raise wrong_format(source, "Otter text", f"it is {source.kind.upper()}")
    return (read_lines(source, split_lines(source.text), "otter", joined=True),)
