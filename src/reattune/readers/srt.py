"""SubRip (SRT), read by pysubs2: "Name:" prefixes, `[SPEAKER_00]:`, or the name on a first line."""

from __future__ import annotations

import re
import warnings

from reattune.readers.captions import Cue, cues_session
from reattune.readers.clean import counted
from reattune.readers.source import Source, wrong_format
from reattune.readers.webvtt import line_list, split_voices
from reattune.types import Note, Session

_TIME = r"\d{1,2}:\d{1,2}:\d{1,2}[.,]\d{1,3}"
_TIMING = re.compile(rf".*?{_TIME}.*?{_TIME}")
_BROKEN = re.compile(r"(?:(?:^|\n)\s*\d+\s*)?\n[^\n]{0,40}-->[^\n]{0,40}(?=\n|$)")
_FIRST_CUE = re.compile(rf"\s*(?:\d+\s*\n)?\s*\d{{1,2}}:\d\d:\d\d[.,]\d{{1,3}}\s*-->\s*{_TIME}")
_BLANK_LINES = re.compile(r"\n\s*\n\s*")
_OVERRIDE = re.compile(r"\{\\[^{}\n]{1,40}\}")


def sniff(source: Source) -> float:
    """0.85 for a file that begins with a cue: a number, then a line of two times."""
    return 0.85 if _FIRST_CUE.match(source.text[:500]) else 0.0


def parse(source: Source) -> tuple[Session, ...]:
    """The one session of an SRT file.

    InputError "wrong-format" without a single cue, "no-speakers" when no cue names a speaker.
    """
    import pysubs2

    # pysubs2 drops a number at the end of each cue, taking it for the next cue's; the last cue
    # gets one to lose. Its pattern for that slows down on long runs of blank lines.
    text = _BLANK_LINES.sub("\n\n", source.text) + "\n\n0\n"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            events = pysubs2.SSAFile.from_string(text, format_="srt", keep_unknown_html_tags=True)
    except Exception as error:  # whatever the parser trips over, the file is at fault
        raise wrong_format(source, "SRT", "its cues are damaged") from error
    if not events:
        raise wrong_format(source, "SRT", "it holds no cue")
    cues = [Cue(e.start / 1000, e.end / 1000, split_voices(_plain(e.text))) for e in events]
    return (cues_session(source, cues, "srt", _about_broken(source.text)),)


def _plain(text: str) -> str:
    """A cue's text with its line breaks back, without style codes and unreadable times."""
    text = text.replace(r"\N", "\n")
    return _OVERRIDE.sub("", _BROKEN.sub("", text) if "-->" in text else text)


def _about_broken(text: str) -> list[Note]:
    """A note on the cues whose times cannot be read; the parser adds them to the cue before."""
    lines = enumerate(text.split("\n"), start=1)
    broken = [n for n, line in lines if "-->" in line and not _TIMING.match(line[:200])]
    if not broken:
        return []
    cues = counted(len(broken), "cue")
    what = f"Added {cues} with unreadable times to the cue before ({line_list(broken)})."
    return [Note("cues-malformed", what)]
