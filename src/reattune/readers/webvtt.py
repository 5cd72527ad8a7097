"""WebVTT, read by webvtt-py: `<v Name>` voices, several in one cue, or "Name:" prefixes.

Zoom's and Teams' variants are told apart in zoom.py and teams.py and read by the same function.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from reattune.readers.captions import Cue, Part, cues_session
from reattune.readers.clean import counted, strip_tags
from reattune.readers.clock import seconds
from reattune.readers.source import Source, wrong_format
from reattune.types import Note, Session

VOICE = re.compile(r"<v(?:\.[^\s<>]{1,40})*[ \t]+([^<>\n]{1,120})>")
_TIME = r"(?:\d+:)?\d{1,2}:\d{1,2}\.\d{1,3}"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}")
_BLANK_LINES = re.compile(r"\n{3,}")
_NO_CUES = ("WEBVTT", "NOTE", "STYLE", "REGION")
LISTED = 5
"""Most line numbers named in one note."""


def sniff(source: Source) -> float:
    """0.9 for a file that begins with WEBVTT."""
    return 0.9 if source.text.startswith("WEBVTT") else 0.0


def parse(source: Source) -> tuple[Session, ...]:
    """The one session of a WebVTT file.

    InputError "wrong-format" without the WEBVTT line, "no-speakers" when no cue names a speaker.
    """
    return (read_vtt(source, "webvtt"),)


def read_vtt(source: Source, format: str) -> Session:
    """The session of a WebVTT file, under the name of the variant it was taken for."""
    import webvtt

    if not source.text.startswith("WEBVTT"):
        raise wrong_format(source, "WebVTT", "its first line is not WEBVTT")
    try:
        captions = webvtt.from_string(_BLANK_LINES.sub("\n\n", source.text))
    except Exception as error:  # whatever the parser trips over, the file is at fault
        raise wrong_format(source, "WebVTT", "its cues are damaged") from error
    cues = [
        Cue(seconds(caption.start), seconds(caption.end), _unescape(split_voices(caption.raw_text)))
        for caption in captions.captions
    ]
    return cues_session(source, cues, format, _about_lost(source.text))


def split_voices(raw: str) -> tuple[Part, ...]:
    """The parts of a cue, one for each `<v Name>`; words before the first name nobody."""
    pieces = VOICE.split(raw)
    parts: list[Part] = [(None, strip_tags(pieces[0]))] if pieces[0].strip() else []
    named = zip(pieces[1::2], pieces[2::2], strict=True)
    return (*parts, *((name, strip_tags(text)) for name, text in named))


def _unescape(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple((name and html.unescape(name), html.unescape(text)) for name, text in parts)


def _about_lost(text: str) -> list[Note]:
    """A note on the blocks that are neither cue nor comment, which the parser passes over."""
    lost = [number for number, block in _blocks(text) if _is_lost(block)]
    if not lost:
        return []
    what = f"Left out {counted(len(lost), 'block')} without readable times ({line_list(lost)})."
    return [Note("cues-malformed", what)]


def line_list(numbers: Sequence[int]) -> str:
    """ "line 3, 9", cut short after a few."""
    more = " and more" if len(numbers) > LISTED else ""
    return "line " + ", ".join(map(str, numbers[:LISTED])) + more


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """The stretches between empty lines, each with the number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line:
            block.append(line[:200])
        elif block:
            yield number - len(block), block
            block = []


def _is_lost(block: list[str]) -> bool:
    if block[0].startswith(_NO_CUES) or (len(block) == 1 and block[0].strip().isdigit()):
        return any("-->" in line and not _TIMING.match(line) for line in block[1:])
    timed = [line for line in block if "-->" in line]
    return not timed or not all(_TIMING.match(line) for line in timed)
