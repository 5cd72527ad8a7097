"""Zoom's WebVTT: numbered cues that begin with the speaker's display name and a colon."""

from __future__ import annotations

import re

from reattune.readers.source import Source
from reattune.readers.webvtt import read_vtt
from reattune.types import Session

_CUE = re.compile(
    r"^\d+\n\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}\n(?!<v)[^\n:]{1,60}: \S", re.M
)
SAMPLE = 20_000


def sniff(source: Source) -> float:
    """0.95 for WebVTT with a numbered cue that begins "Name: "."""
    is_vtt = source.text.startswith("WEBVTT")
    return 0.95 if is_vtt and _CUE.search(source.text[:SAMPLE]) else 0.0


def parse(source: Source) -> tuple[Session, ...]:
    """The one session of a Zoom transcript; errors as for WebVTT."""
    return (read_vtt(source, "zoom"),)
