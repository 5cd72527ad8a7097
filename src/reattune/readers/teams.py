"""Microsoft Teams' WebVTT: `<v Name>` in every cue, cues named by an id, or times like 0:0:5.32.

The Word file that Teams exports is read by docx.py.
"""

from __future__ import annotations

import re

from reattune.readers.source import Source
from reattune.readers.webvtt import read_vtt
from reattune.types import Session

_CUE = re.compile(
    r"^(?:[0-9a-f]{8}-[0-9a-f-]{27}[/-][\d-]+\n[^\n]*-->|\d:\d{1,2}:\d{1,2}\.\d+ --> )[^\n]*\n"
    r"<v[ .]",
    re.M,
)
SAMPLE = 20_000


def sniff(source: Source) -> float:
    """0.95 for WebVTT whose cues bear Teams' ids or unpadded times, and voices."""
    is_vtt = source.text.startswith("WEBVTT")
    return 0.95 if is_vtt and _CUE.search(source.text[:SAMPLE]) else 0.0


def parse(source: Source) -> tuple[Session, ...]:
    """The one session of a Teams WebVTT transcript; errors as for WebVTT."""
    return (read_vtt(source, "teams"),)
