"""The page that a client answers on, for a link and for a tablet alike."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from reattune.errors import InputError
from reattune.measures import Instrument
from reattune.web.checkins import links, scores
from reattune.web.checkins.instruments import instrument_for
from reattune.web.checkins.models import Answer, Link
from reattune.web.checkins.phrases import Phrases, every, phrases, wanted, written
from reattune.web.checkins.sheet import Row, Sheet, filled

TOLD = "open"  # the field that says which lines a client knows to be open


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language to switch to."""

    code: str
    name: str
    here: bool


def shown(
    request: HttpRequest, template: str, language: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page in a client's language, whatever that of the browser or of an account is."""
    context |= {"words": phrases(language)}
    with translation.override(phrases(language).language):
        response = render(request, template, context, status=status)
    response["Content-Language"] = phrases(language).language
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


def closed(request: HttpRequest) -> HttpResponse:
    """The one answer to every link that is not open: it tells nothing of why."""
    return shown(request, "checkins/closed.html", wanted(request), {}, 404)


def instrument_of(link: Link) -> Instrument:
    """The form of a link. Closed if it is no longer here or has lost its words."""
    try:
        made = instrument_for(link.client.practice, link.measure)
    except InputError as error:
        raise links.Closed from error
    if not made.languages:
        raise links.Closed
    return made


def tongues(link: Link, instrument: Instrument, language: str) -> list[Tongue]:
    """The languages of a form, that of the link first; none where there is one only."""
    codes = dict.fromkeys([link.language, *instrument.languages])
    names = {code: every()[code].name if code in every() else code for code in codes}
    if len(codes) < 2:
        return []
    return [Tongue(code, name, code == language) for code, name in names.items()]


def language_of(request: HttpRequest, link: Link, instrument: Instrument) -> str:
    """The language asked for, if the form has it, else that of the link."""
    asked = request.GET.get("language", "")
    return asked if asked in instrument.languages else link.language


def form(request: HttpRequest, link: Link, template: str = "checkins/answer.html") -> HttpResponse:
    """The form with nothing filled in. Closed if it cannot be shown."""
    instrument = instrument_of(link)
    language = language_of(request, link, instrument)
    sheet = filled(instrument, language, hint=phrases(language).answer_with)
    return page(request, link, sheet, template, language)


def page(
    request: HttpRequest,
    link: Link,
    sheet: Sheet,
    template: str,
    language: str,
    notice: SafeString | str = "",
) -> HttpResponse:
    """The form as far as it is filled in, with what is to be looked at again."""
    words = phrases(language)
    context = {
        "sheet": sheet,
        "title": sheet.wording.title or sheet.instrument.name,
        "about": words.about.format(day=written(link.about, language)),
        "tongues": tongues(link, sheet.instrument, language),
        "language": language,
        "foreign": sheet.wording.language != language,
        "notice": notice,
        "receipt": request.POST.get("receipt") or secrets.token_urlsafe(16),
        "told": ",".join(str(row.item.number) for row in sheet.open) if notice else "",
    }
    return shown(request, template, language, context)


def sent(request: HttpRequest, link: Link, template: str) -> tuple[Answer | None, HttpResponse]:
    """Take in what a client sent: the answer kept and the thanks, or None and the form again.

    Closed if the link is used, over or revoked.
    """
    instrument = instrument_of(link)
    language = language_of(request, link, instrument)
    receipt = request.POST.get("receipt") or secrets.token_urlsafe(16)
    row = links.kept_from(link, receipt)
    if row is None:
        words = phrases(language)
        sheet = filled(instrument, language, request.POST.dict(), words.answer_with)
        notice = to_mend(sheet, words, request.POST.get(TOLD, ""))
        if notice:
            return None, page(request, link, sheet, template, language, notice)
        row = links.use(link, instrument, sheet.given, receipt, language)
    context = {"care": bool(scores.read(row, instrument).risk_why), "kiosk": link.kiosk}
    return row, shown(request, "checkins/thanks.html", language, context)


def to_mend(sheet: Sheet, words: Phrases, told: str) -> SafeString | str:
    """What a client should look at before the form is kept; "" for nothing.

    Lines left open are told once: who sends the form again has chosen to leave them open.
    """
    if sheet.wrong:
        return format_html(words.impossible, lines=lines(sheet.wrong))
    if sheet.empty:
        return words.nothing
    known = set(told.split(","))
    if any(str(row.item.number) not in known for row in sheet.open):
        return format_html(words.skipped, lines=lines(sheet.open))
    return ""


def lines(rows: tuple[Row, ...]) -> SafeString:
    """The numbers of lines, each leading there."""
    numbers = [(row.name, row.item.number) for row in rows]
    return format_html_join(", ", '<a href="#{}">{}</a>', numbers)
