"""The journal's pages. Everybody has their own and comes to no other's.

The audit chain says that a journal was opened or changed, never what is in it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune import guidance
from reattune.errors import InputError
from reattune.web import gates
from reattune.web.journal import about, lock, sealing
from reattune.web.journal.forms import BeginForm, ChangeForm, EntryForm, OpenForm
from reattune.web.journal.models import Entry, Journal

WITH_PROMPTS = ("reactions", "body", "thoughts", "part")
FORGET = "forget"  # the word that is typed to delete a journal


@dataclass(frozen=True, slots=True)
class Open:
    """A journal that is open: its row and its key."""

    row: Journal
    key: bytes


@dataclass(frozen=True, slots=True)
class Read:
    """An entry as it is shown; `words` is None where it cannot be read."""

    row: Entry
    words: sealing.Words | None
    about: about.About | None = None


Inside = Callable[..., HttpResponseBase]


def inside(view: Inside) -> Inside:
    """Only with one's own journal open; else the way to it."""

    @gates.therapist
    @wraps(view)
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        own = Journal.objects.filter(user=gates.user_of(request)).first()
        key = lock.key_of(request) if own else None
        if own is None or key is None or not sealing.fits(own, key):
            lock.close(request)
            return redirect("journal")
        return view(request, Open(own, key), *args, **kwargs)

    return gate


@gates.therapist
def journal(request: HttpRequest) -> HttpResponse:
    """The entries, or the way to open or begin a journal."""
    user = gates.user_of(request)
    own = Journal.objects.filter(user=user).first()
    if own is None:
        return begin(request)
    key = lock.key_of(request)
    if key is None or not sealing.fits(own, key):
        return unlock(request)
    shown = list(read_all(request, Open(own, key)))
    consult = "consult" in request.GET
    context = {
        "entries": [one for one in shown if not consult or (one.words and one.words.consult)],
        "consult": consult,
        "flagged": sum(bool(one.words and one.words.consult) for one in shown),
        "count": len(shown),
        "side": guidance.load().therapist,
        "minutes": lock.IDLE // 60,
    }
    return render(request, "journal/journal.html", context)


def begin(request: HttpRequest) -> HttpResponse:
    """Choose a passphrase."""
    form = BeginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = gates.user_of(request)
        try:
            _row, key = sealing.begin(user, form.cleaned_data["passphrase"])
        except InputError as error:
            form.add_error("passphrase", f"{error.what} {error.remedy}")
        else:
            gates.note(user, "journal.begin")
            return entered(request, key)
    context = {"form": form, "side": guidance.load().therapist}
    return render(request, "journal/begin.html", context)


def unlock(request: HttpRequest) -> HttpResponse:
    """Ask for the passphrase."""
    lock.close(request)
    form = OpenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = gates.user_of(request)
        try:
            key = sealing.unlock(user, form.cleaned_data["passphrase"])
        except InputError as error:
            gates.note(user, "journal.refused")
            form.add_error("passphrase", f"{error.what} {error.remedy}")
        else:
            gates.note(user, "journal.open")
            return entered(request, key)
    return render(request, "journal/open.html", {"form": form, "minutes": lock.IDLE // 60})


def entered(request: HttpRequest, key: bytes) -> HttpResponse:
    """Into the open journal."""
    request.session.cycle_key()
    response = redirect("journal")
    lock.keep(request, response, key)
    return response


@require_POST
@gates.therapist
def close(request: HttpRequest) -> HttpResponse:
    """Lock the journal."""
    response = redirect("journal")
    lock.close(request, response)
    return response


def read_all(request: HttpRequest, own: Open) -> list[Read]:
    """The entries, the newest first; one that is damaged says so."""
    shown = [read(own, row) for row in own.row.entries.all()]
    keys = {one.words.about for one in shown if one.words and one.words.about}
    known = about.find(gates.user_of(request), keys)
    return [replace(one, about=known.get(one.words.about)) if one.words else one for one in shown]


def read(own: Open, row: Entry) -> Read:
    """One entry."""
    try:
        return Read(row, sealing.opened(own.row, row, own.key))
    except InputError:
        return Read(row, None)


@inside
def write(request: HttpRequest, own: Open, id: uuid.UUID | None = None) -> HttpResponse:
    """Write an entry, or go on with one."""
    user = gates.user_of(request)
    row = own.row.entries.filter(pk=id).first() if id else None
    kept = read(own, row).words if row else None
    if id and kept is None:
        raise Http404
    asked = kept.about if kept else request.GET.get("about", "")
    form = EntryForm(
        request.POST or None,
        initial=asdict(kept) if kept else {"about": asked},
        about=choices(request, asked),
    )
    if request.method == "POST" and form.is_valid():
        try:
            sealing.write(user, own.key, form.words, row)
        except InputError as error:
            form.add_error(None, f"{error.what} {error.remedy}")
        else:
            messages.success(request, _("Kept, for your eyes only."))
            return redirect("journal")
    side = guidance.load().therapist
    context = {
        "form": form,
        "entry": row,
        "prompted": [(form[name], side.reflection[name]) for name in WITH_PROMPTS],
        "side": side,
    }
    return render(request, "journal/entry.html", context)


def choices(request: HttpRequest, asked: str) -> list[tuple[str, str]]:
    """What an entry may be about; what it is about now stays a choice."""
    user = gates.user_of(request)
    found = {one.key: one.label for one in about.offered(user)}
    if asked and asked not in found:
        known = about.find(user, {asked}) if valid(asked) else {}
        label = known[asked].label if asked in known else _("a record that is gone")
        found = {asked: label, **found}
    return list(found.items())


def valid(key: str) -> bool:
    """Whether it can name a session or rupture."""
    kind, _colon, rest = key.partition(":")
    try:
        uuid.UUID(rest.partition(":")[0])
    except ValueError:
        return False
    return kind in ("session", "rupture")


@require_POST
@inside
def delete(request: HttpRequest, own: Open, id: uuid.UUID) -> HttpResponse:
    """Delete one entry."""
    count, _by = own.row.entries.filter(pk=id).delete()
    if not count:
        raise Http404
    messages.success(request, _("The entry is deleted."))
    return redirect("journal")


@gates.therapist
def passphrase(request: HttpRequest) -> HttpResponse:
    """Another passphrase; every entry is sealed anew."""
    user = gates.user_of(request)
    if not Journal.objects.filter(user=user).exists():
        return redirect("journal")
    form = ChangeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            key = sealing.change(user, told["old"], told["passphrase"])
        except InputError as error:
            field = "passphrase" if error.slug == "weak-passphrase" else "old"
            form.add_error(field, f"{error.what} {error.remedy}")
        else:
            gates.note(user, "journal.passphrase")
            messages.success(request, _("The passphrase is changed; all entries are sealed anew."))
            return entered(request, key)
    return render(request, "journal/passphrase.html", {"form": form})


@gates.therapist
def forgotten(request: HttpRequest) -> HttpResponse:
    """That nobody can read it without the passphrase, and the way to begin anew."""
    user = gates.user_of(request)
    own = Journal.objects.filter(user=user).first()
    if own is None:
        return redirect("journal")
    typed = request.POST.get("word", "")
    if request.method == "POST" and typed.strip().lower() == FORGET:
        gates.note(user, "journal.delete")
        own.delete()
        messages.success(request, _("The journal is deleted. You can begin a new one."))
        response = redirect("journal")
        lock.close(request, response)
        return response
    context = {"count": own.entries.count(), "wrong": request.method == "POST", "word": FORGET}
    return render(request, "journal/forgotten.html", context)
