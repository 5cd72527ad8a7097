"""The session page: what was found, and what its therapist says of it.

Every form works as a plain POST that leads back to the turn; with script the same view answers with
the regions that changed.
"""

from __future__ import annotations

import uuid
from functools import cache
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.codebook import code
from reattune.errors import InputError
from reattune.model import WEIGHTS, read_card
from reattune.report.view import (
    all_notes,
    minutes,
    roles_told,
)
from reattune.web import errors, gates
from reattune.web.accounts.models import User
from reattune.web.followup.refresh import seen
from reattune.web.reviews import labels, models
from reattune.web.reviews import page as pages
from reattune.web.reviews.forms_session import JudgeForm, NoteForm, NoticedForm
from reattune.web.reviews.page import Page
from reattune.web.reviews.panel import Panel, panel_of
from reattune.web.reviews.regions import render as render_region
from reattune.web.reviews.told import habit_told, people_told, rates_told


@gates.therapist
def session(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """One session. With `turn`, the forms at that turn are open; htmx gets that turn alone."""
    user = gates.user_of(request)
    record = gates.session_of(user, id)
    page = pages.build(record, near="near" in request.GET)
    panel = panel_of(user, page, request.GET)
    if panel is not None and is_htmx(request):
        return regions(request, page, {panel.number}, panel=panel)
    first_seen(page)
    return whole(request, page, panel)


@require_POST
@gates.therapist
def judge(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Confirm, dismiss, relabel, add, take back."""
    user = gates.user_of(request)
    record = gates.session_of(user, id, "session.judge")
    form = JudgeForm.told(request.POST)
    if not form.is_valid():
        return errors.bad_request(request)
    before, said = before_of(request, record), form.cleaned_data
    try:
        labels.judge(record, user, **said)
    except InputError as error:
        return refused(request, error)
    words = {"verdict": verdict_word(said["verdict"]), "turn": said["turn"] + 1}
    words["label"] = _(code(said["to"] or said["code"]).name)
    told = _("%(verdict)s: %(label)s, turn %(turn)s.") % words
    return answer(request, record, said["turn"] + 1, before, told)


@require_POST
@gates.therapist
def noticed(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Whether the therapist noticed an episode at the time."""
    user = gates.user_of(request)
    record = gates.session_of(user, id, "session.noticed")
    form = NoticedForm.told(request.POST)
    if not form.is_valid() or form.cleaned_data["turn"] >= record.turn_count:
        return errors.bad_request(request)
    before, turn = before_of(request, record), form.cleaned_data["turn"]
    yes = form.cleaned_data["yes"] == "yes"
    with transaction.atomic():
        models.Noticed.objects.create(session=record, turn=turn, yes=yes, by=user)
        record.client.outdate()  # it counts in the figures of the caseload
    told = _("Kept: noticed at the time.") if yes else _("Kept: not noticed at the time.")
    return answer(request, record, turn + 1, before, told)


@require_POST
@gates.therapist
def note(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Write, change or delete a note of one's own."""
    user = gates.user_of(request)
    record = gates.session_of(user, id, "session.note")
    remark = own_note(user, record, request.POST.get("delete") or request.POST.get("note"))
    before = before_of(request, record)
    if remark is not None and "delete" in request.POST:
        remark.delete()
        return answer(request, record, number_of(remark), before, _("Note deleted."))
    form = NoteForm(request.POST, instance=remark, turns=record.turn_count)
    if not form.is_valid():
        return once_more(request, record, form)
    kept = keep(form, record, user)
    return answer(request, record, number_of(kept), before, _("Note kept."))


def keep(form: NoteForm, record: models.Session, user: User) -> models.Note:
    """The note of a valid form, saved."""
    kept = form.save(commit=False)
    if kept.pk is None:
        kept.session, kept.author, kept.turn = record, user, form.cleaned_data["turn"]
    else:
        kept.edited = timezone.now()
    kept.save()
    return kept


def own_note(user: User, record: models.Session, told: str | None) -> models.Note | None:
    """The note of one's own that a form names, None if it names none; Http404 for any other."""
    if not told:
        return None
    own = record.remarks.filter(author=user, pk=told) if told.isdecimal() else None
    found = own.first() if own is not None else None
    if found is None:
        raise Http404
    return found


def number_of(remark: models.Note) -> int:
    """The turn of a note from 1, 0 for one on the session."""
    return 0 if remark.turn is None else remark.turn + 1


def first_seen(page: Page) -> None:
    """Keep when the result was first looked at; the caseload tells what was not."""
    if page.session.opened_at is None and page.analysis.by:
        seen(page.session)


# Answers


def answer(
    request: HttpRequest, record: models.Session, number: int, before: Page | None, told: str
) -> HttpResponse:
    """Back to the turn; for htmx what changed of the page, and what happened in a sentence."""
    if before is None:
        return redirect(f"{address(request, record)}#{'t' if number else 'notes'}{number or ''}")
    page = pages.build(record, near=before.near_shown)
    old = {line.number: line.frame for line in before.lines}
    changed = {line.number for line in page.lines if line.frame != old.get(line.number)}
    return regions(request, page, changed | {number}, told=told, figures=True)


def before_of(request: HttpRequest, record: models.Session) -> Page | None:
    """The page as it is, to tell what changes; None where the whole page is loaded anew."""
    return pages.build(record, near=has_near(request)) if is_htmx(request) else None


def regions(
    request: HttpRequest,
    page: Page,
    numbers: set[int],
    *,
    panel: Panel | None = None,
    told: str = "",
    figures: bool = False,
) -> HttpResponse:
    """Some turns of the page, for htmx to put in place; with `figures`, all that is counted."""
    context = frame(request, page, panel) | {"swap": True}
    lines = [line for line in page.lines if line.number in numbers]
    made = {"told": told, "turns": render_region("turns", context | {"lines": lines})}
    if 0 in numbers:
        made["notes"] = render_region("notes", context)
    if figures:
        made |= {name: render_region(name, context) for name in ("overview", "episodes")}
    return render(request, "reviews/session_regions.html", made)


def whole(request: HttpRequest, page: Page, panel: Panel | None, status: int = 200) -> HttpResponse:
    """The whole page."""
    record, analysis = page.session, page.analysis
    beside = record.client.sessions.filter(number__in=(record.number - 1, record.number + 1))
    near_by = {one.number - record.number: one for one in beside}
    more = {
        "previous": near_by.get(-1),
        "next": near_by.get(1),
        "job": record.jobs.last(),
        "minutes": minutes(analysis),
        "people": people_told(analysis),
        "roles_told": roles_told(analysis),
        "baseline": habit_told(analysis),
        "error_rates": tuple(rates_told(analysis)) if analysis.by else (),
        "reading_notes": all_notes(analysis),
        "newer": newer(analysis.by),
    }
    context = frame(request, page, panel)
    made = {name: render_region(name, context) for name in ("overview", "notes", "episodes")}
    made["turns"] = render_region("turns", context | {"lines": page.lines})
    context |= more | made
    return render(request, "reviews/session.html", context, status=status)


def frame(request: HttpRequest, page: Page, panel: Panel | None) -> dict[str, Any]:
    """What every region of the page knows."""
    context: dict[str, Any] = {
        "session": page.session,
        "client": page.session.client,
        "page": page,
        "analysis": page.analysis,
        "here": reverse("session", args=[page.session.pk]),
        "query": "near=1&" if page.near_shown else "",
        "user_id": request.user.pk,
        "swap": False,
    }
    remark = panel.remark if panel else None
    return context | {
        "panel_at": panel.number if panel else None,
        "remark_open": remark.pk if remark else None,
        "panel": opened(request, panel, context) if panel else "",
    }


def opened(request: HttpRequest, panel: Panel, context: dict[str, Any]) -> SafeString:
    """The forms of a panel."""
    whole = context | {"panel": panel}
    return render_to_string("reviews/session_panel.html", whole, request)


def once_more(request: HttpRequest, record: models.Session, form: NoteForm) -> HttpResponse:
    """The note again as it was typed, with what is wrong with it."""
    if "turn" in form.errors:
        return errors.bad_request(request)
    page = pages.build(record, near=has_near(request))
    remark, turn = form.instance if form.instance.pk else None, form.cleaned_data["turn"]
    number = number_of(remark) if remark else 0 if turn is None else turn + 1
    panel = Panel(number, form, remark=remark)
    if is_htmx(request):
        return regions(request, page, {number}, panel=panel)
    return whole(request, page, panel, status=422)


def refused(request: HttpRequest, error: InputError) -> HttpResponse:
    """Why a judgement was not kept."""
    title = _("This could not be kept")
    return errors.page(request, 400, title, f"{error.what} {error.remedy}")


def is_htmx(request: HttpRequest) -> bool:
    """Whether a part of the page is asked for."""
    return request.headers.get("HX-Request") == "true"


def has_near(request: HttpRequest) -> bool:
    """Whether the page that sent this shows near misses."""
    return "near" in request.POST


def address(request: HttpRequest, record: models.Session) -> str:
    """Where the page is, near misses shown if they were."""
    return reverse("session", args=[record.pk]) + ("?near=1" if has_near(request) else "")


def newer(by: str) -> str:
    """The model that is installed, where it is not the one that read the session."""
    card = installed()
    return "" if not by or card in by else card


@cache
def installed() -> str:
    """The installed model as an analysis names it."""
    card = read_card(WEIGHTS)
    return f"{card['name']}/{card['version']}"


def verdict_word(verdict: str) -> str:
    """What a verdict is called once it is given."""
    return {
        labels.CONFIRMED: _("Confirmed"),
        labels.DISMISSED: _("Dismissed"),
        labels.RELABELED: _("Relabeled"),
        labels.ADDED: _("Added"),
        labels.CLEARED: _("Taken back"),
    }[verdict]
