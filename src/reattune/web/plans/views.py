"""The plan of a client, one rupture over the sessions, and what a person decides about them.

A decision is checked against the record as it stands now, within the transaction that keeps it.
What cannot be kept is said on the rupture's page, with what was typed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from itertools import count
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune import guidance, repair
from reattune.errors import InputError
from reattune.repair import HUMAN
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.followup import refresh
from reattune.web.plans import page, store
from reattune.web.plans.forms import AnswerForm, ChangeForm, OpenForm
from reattune.web.plans.models import Plan

Decide = Callable[[repair.Rupture], repair.Rupture]
BACK = {"client": "client", "plan": "plan"}  # pages that a form can lead back to


def who_of(user: User) -> str:
    """How a person stands in a row."""
    return f"user:{user.pk}"


@gates.therapist
def plan(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """All ruptures of a client, hard cases, missteps, and the way to open one by hand."""
    client = gates.client_of(gates.user_of(request), id, "plan.see")
    return plan_page(request, client)


def plan_page(request: HttpRequest, client: Client, form: OpenForm | None = None) -> HttpResponse:
    """The page, already let through, with what was typed."""
    refresh.fresh(client)
    shown = page.plan_of(client)
    held = shown.sessions if shown else ()
    context = {
        "client": client,
        "plan": shown,
        "missteps": page.missteps_of(client),
        "form": form or OpenForm(sessions=held),
    }
    return render(request, "plans/plan.html", context)


@gates.therapist
def rupture(request: HttpRequest, id: uuid.UUID, key: str) -> HttpResponse:
    """One rupture: its steps, and its course over the sessions."""
    client = gates.client_of(gates.user_of(request), id, "plan.see", rupture=key)
    return rupture_page(request, client, key)


def rupture_page(
    request: HttpRequest, client: Client, key: str, error: str = "", **typed: Any
) -> HttpResponse:
    """The page, already let through; `error` is why something was not kept."""
    refresh.fresh(client)
    shown = page.plan_of(client)
    own = shown.card(key) if shown else None
    if shown is None or own is None:
        raise Http404
    context = {
        "client": client,
        "plan": shown,
        "own": own,
        "course": page.course_of(client, own),
        "error": error,
        "typed": typed,
        "back": "",
    }
    return render(request, "plans/rupture.html", context)


# Decisions


@require_POST
@gates.therapist
def change(request: HttpRequest, id: uuid.UUID, key: str) -> HttpResponse:
    """A person moves a rupture or one of its steps."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "plan.change", rupture=key)
    form = ChangeForm(request.POST)
    if not form.is_valid():
        return refused(request, client, key, first_error(form))
    told = form.cleaned_data
    row = repair.Change(
        rupture=key,
        part=told["part"],
        old=told["old"],
        new=told["new"],
        when=timezone.now(),
        session=told["session"],
        who=who_of(user),
        by=HUMAN,
        note=told["note"],
        into=told["into"] if told["new"] == "joined" else "",
    )
    return decide(request, client, key, lambda own: repair.apply(own, checked(client, row)))


def checked(client: Client, row: repair.Change) -> repair.Change:
    """The row, if it is no answer to a proposal and leads to a rupture that is there."""
    if row.part not in ("", *repair.STEPS):
        raise elsewhere(_("An answer to a proposal belongs beside it."))
    into = client.ruptures.filter(key=row.into).exclude(state__in=("joined", "withdrawn"))
    if row.into and not into.exists():
        raise elsewhere(_("The rupture that it should be part of is not there."))
    return row


def elsewhere(what: str) -> InputError:
    """The error for a change that belongs to something else."""
    return InputError("change-elsewhere", what, remedy=_("Load the plan again."))


@require_POST
@gates.therapist
def proposal(request: HttpRequest, id: uuid.UUID, key: str, proposal: str) -> HttpResponse:
    """A person accepts a proposal or declines it."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "plan.answer", rupture=key)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return refused(request, client, key, first_error(form))
    answer = repair.accept if form.cleaned_data["answer"] == "accept" else repair.decline
    note, now = form.cleaned_data["note"], timezone.now()

    def decided(own: repair.Rupture) -> repair.Rupture:
        return answer(own, proposal, when=now, who=who_of(user), note=note)

    return decide(request, client, key, decided)


def decide(request: HttpRequest, client: Client, key: str, made: Decide) -> HttpResponse:
    """Keep a decision in one transaction with the record it starts from, or say why not."""
    try:
        with transaction.atomic():
            client.lock()
            own = store.get(client, key)
            if own is None:
                raise Http404
            store.save(client, [own], [made(own)])
            client.outdate()
    except InputError as error:
        return refused(request, client, key, f"{error.what} {error.remedy}")
    messages.success(request, _("Noted."))
    return back(request, client, key)


def refused(request: HttpRequest, client: Client, key: str, error: str) -> HttpResponse:
    """The rupture's page with the reason, and what was typed in its place."""
    part = request.POST.get("part", "")
    client.refresh_from_db()
    return rupture_page(request, client, key, error, part=part, note=request.POST.get("note", ""))


def first_error(form: Any) -> str:
    """The first thing that is wrong in a form, with the name of the field."""
    name, errors = next(iter(form.errors.items()))
    label = form.fields[name].label or name.capitalize()
    return f"{label}: {errors[0]}"


def back(request: HttpRequest, client: Client, key: str) -> HttpResponse:
    """To the page that the form stood on."""
    name = BACK.get(request.POST.get("back", ""))
    if name is None:
        return redirect("rupture", client.pk, key)
    return redirect(f"{reverse(name, args=[client.pk])}#r-{key}")


@require_POST
@gates.therapist
def start(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """A person opens a rupture that the words do not show."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "plan.open")
    refresh.fresh(client)
    shown = page.plan_of(client)
    form = OpenForm(request.POST, sessions=shown.sessions if shown else ())
    if not form.is_valid():
        return plan_page(request, client, form)
    told = form.cleaned_data
    with transaction.atomic():
        client.lock()
        known = store.load(client)
        fresh = repair.Rupture(
            id=new_key(known, told["session"]),
            client=client.name,
            kind=told["kind"],
            intensity=told["intensity"],
            session=told["session"],
            date=day_of(client, told["session"]),
        )
        made = repair.open_rupture(
            fresh, when=timezone.now(), who=who_of(user), by=HUMAN, note=told["note"]
        )
        store.save(client, known, [made])
        client.outdate()
    messages.success(request, _("Noted."))
    return redirect("rupture", client.pk, made.id)


def new_key(known: tuple[repair.Rupture, ...], session: int) -> str:
    """A key that no rupture has yet."""
    taken = {own.id for own in known}
    return next(key for n in count(1) if (key := f"s{session}-{n}") not in taken)


def day_of(client: Client, session: int) -> Any:
    """The day of a session."""
    from datetime import date

    held = dict(Plan.objects.get(client=client).held)
    return date.fromisoformat(held[session]) if held.get(session) else None


@require_POST
@gates.therapist
def cases(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Which hard cases apply by the therapist's own word; words alone do not show them."""
    client = gates.client_of(gates.user_of(request), id, "plan.change")
    told = [one for one in request.POST.getlist("case") if one in guidance.load().branches]
    with transaction.atomic():
        client.lock()
        Plan.objects.update_or_create(client=client, defaults={"told": told})
        client.outdate()
    messages.success(request, _("Noted."))
    return redirect(f"{reverse('plan', args=[client.pk])}#cases")
