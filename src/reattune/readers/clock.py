"""Times as transcripts write them: 00:01:02.500, 1:02, [0:02], 0:0:5.320, 62.5, 62500 ms."""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass

CLOCK = r"(?:\d{1,4}:)?\d{1,4}:\d{1,2}(?:[.,]\d{1,9})?"

MAX_SECONDS = 7 * 24 * 3600.0
"""Later times are not times within a session: a date, or a number in another unit."""

_CLOCK = re.compile(CLOCK)
_STAMP = re.compile(
    rf"[\[(<{{#]?\s*(?P<start>{CLOCK})(?:\s*(?:-->|[-–—]|to)\s*(?P<end>{CLOCK}))?\s*[\])>}}#]?"
    r"(?=[\s:：\-–—]|[^\W\d_]|[*_\[(]|$)"
)
_INLINE = re.compile(rf"[\[(<]{CLOCK}[\])>]|#{CLOCK}(?:-\d{{1,3}})?#")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time or a range of times, in seconds from the start."""

    start: float | None
    end: float | None = None


NO_STAMP = Stamp(None)


def seconds(value: object, *, scale: float = 1.0) -> float | None:
    """Seconds from a clock time, a number (times `scale`), or a spreadsheet's time; else None."""
    if isinstance(value, datetime.datetime | datetime.time):
        return value.hour * 3600.0 + value.minute * 60 + value.second + value.microsecond / 1e6
    if isinstance(value, datetime.timedelta):
        return _within(value.total_seconds())
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and _CLOCK.fullmatch(value.strip()):
        return _clock_seconds(value.strip())
    try:
        return _within(float(value) * scale)
    except (ValueError, OverflowError):
        return None


def take_stamp(text: str) -> tuple[Stamp, str]:
    """A time at the beginning of `text` and what follows it; NO_STAMP and `text` without one."""
    match = _STAMP.match(text)
    if match is None:
        return NO_STAMP, text
    end = match["end"]
    stamp = Stamp(_clock_seconds(match["start"]), _clock_seconds(end) if end else None)
    return stamp, text[match.end() :].lstrip(" \t-–—")


def lone_stamp(line: str) -> Stamp | None:
    """The time on a line that holds nothing else, or None."""
    stamp, rest = take_stamp(line.strip()[:60])
    return stamp if stamp.start is not None and not rest and len(line.strip()) <= 60 else None


def drop_stamps(text: str) -> str:
    """`text` without times in brackets, which would read as non-speech marks."""
    return _INLINE.sub(" ", text)


def _clock_seconds(clock: str) -> float | None:
    total = 0.0
    for field in clock.replace(",", ".").split(":"):
        total = total * 60 + float(field)
    return _within(total)


def _within(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) and 0 <= value <= MAX_SECONDS else None
