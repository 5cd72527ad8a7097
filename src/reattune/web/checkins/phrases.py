"""What clients read around a form, in their language: data in phrases.toml.

Apart from the interface's own translations, because clients are asked in more languages.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from importlib.resources import files

from django.http import HttpRequest
from django.utils import formats, translation
from django.utils.translation.trans_real import parse_accept_lang_header

from reattune.measures import Instrument

DEFAULT = "en"
SECONDS_AN_ITEM = 8  # reading and choosing; a guess of ours, for "about N minutes"


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of one language; those with braces are filled by `str.format`."""

    language: str
    name: str
    about: str
    languages: str
    goes_to: str
    not_in: str
    answer_with: str
    nothing: str
    skipped: str
    impossible: str
    send: str
    thanks_title: str
    thanks: str
    thanks_kiosk: str
    care_title: str
    care: str
    closed_title: str
    closed: str
    unlock: str
    minute: str
    minutes: str
    subject: str
    reminder: str


PHRASES = tuple(field.name for field in fields(Phrases) if field.name != "language")


@cache
def every() -> dict[str, Phrases]:
    """The phrases by language, in the order of the file."""
    text = files("reattune.web.checkins").joinpath("phrases.toml").read_text("utf-8")
    return {code: Phrases(language=code, **row) for code, row in tomllib.loads(text).items()}


def phrases(language: str) -> Phrases:
    """The phrases of a language, English for one that is not here."""
    return every().get(language, every()[DEFAULT])


def wanted(request: HttpRequest) -> str:
    """The language among ours that the browser asks for first, else English."""
    for code, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if code.partition("-")[0] in every():
            return code.partition("-")[0]
    return DEFAULT


def written(day: date, language: str) -> str:
    """A date as people write it in this language."""
    with translation.override(language):
        return formats.date_format(day, "DATE_FORMAT")


def reminder(instrument: Instrument, language: str, *, about: date, url: str, until: date) -> str:
    """The text that asks a client to answer, in their language; it names nobody."""
    own = phrases(language)
    minutes = round(len(instrument.items) * SECONDS_AN_ITEM / 60)
    time = own.minute if minutes <= 1 else own.minutes.format(n=minutes)
    day, last = written(about, own.language), written(until, own.language)
    return own.reminder.format(day=day, time=time, url=url, until=last).strip()
