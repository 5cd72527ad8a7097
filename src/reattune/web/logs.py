"""What logs may hold: ids, counts, durations; never words of a session, names or query strings."""

from __future__ import annotations

import logging
import re

_SECRET = re.compile(r"(/(?:answer|start|join)/)[^/\s?]+")
_QUERY = re.compile(r"\?\S*")


class Wordless(logging.Filter):
    """Takes query strings and one-time tokens out of messages, and tracebacks down to places."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; the record is made safe on the way."""
        text = _QUERY.sub("", _SECRET.sub(r"\1...", record.getMessage()))
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            text = f"{text}: {type(error).__name__}{places(error)}"
            record.exc_info, record.exc_text = None, None
        record.msg, record.args = text, ()
        return True


def places(error: BaseException) -> str:
    """Where an error came from: files and lines, no values."""
    found, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return f" at {' > '.join(found[-8:])}" if found else ""
