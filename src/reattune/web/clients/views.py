"""Clients: making one, their details, the end of the work, the archive."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.web import gates
from reattune.web.clients import consents
from reattune.web.clients.forms import ClientForm, EndForm, NewClientForm
from reattune.web.clients.models import Client
from reattune.web.clients.pseudonyms import looks_real, suggest


@gates.therapist
def new(request: HttpRequest) -> HttpResponse:
    """Make a client of one's own."""
    user = gates.user_of(request)
    taken = list(gates.own_clients(user).values_list("name", flat=True))
    initial = {"name": suggest(taken), "language": user.language}
    form = NewClientForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            client = form.save(commit=False)
            client.practice, client.therapist = user.practice, user
            client.save()
            gates.note(user, "client.make", target=f"client:{client.pk}", client=client)
            for purpose in form.cleaned_data["consents"]:
                consents.give(client, purpose, timezone.localdate(), user)
        hint(request, client)
        return redirect("client", client.pk)
    return render(request, "clients/new.html", {"form": form})


def hint(request: HttpRequest, client: Client) -> None:
    """A word about a name that looks like a real one; it is taken all the same."""
    if looks_real(client.name):
        text = _(
            "The name looks like somebody's real first and last name. A made-up one is safer where "
            "others see the screen; you can change it under “Details”."
        )
        messages.warning(request, text)


@gates.therapist
def edit(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """A client's details, with the ways to everything that is done once in a while."""
    posted = request.method == "POST"
    action = "client.edit" if posted else "client.details"
    client = gates.client_of(gates.user_of(request), id, action)
    form = ClientForm(request.POST or None, instance=client)
    if posted and form.is_valid():
        form.save()
        client.outdate()
        hint(request, client)
        messages.success(request, _("Saved."))
        return redirect("client-edit", client.pk)
    return details(request, id, form=form)


def details(
    request: HttpRequest,
    id: uuid.UUID,
    *,
    form: ClientForm | None = None,
    end: EndForm | None = None,
) -> HttpResponse:
    """The page of a client's details, already let through, with what was typed."""
    client = gates.own_clients(gates.user_of(request)).get(pk=id)
    context = {
        "client": client,
        "form": form or ClientForm(instance=client),
        "end": end or EndForm(initial={"ended": client.ended or timezone.localdate()}),
        "sessions": client.sessions.count(),
        "appointments": client.appointments.count(),
        "consents": client.consents.filter(revoked_at=None).count(),
    }
    return render(request, "clients/details.html", context)


@require_POST
@gates.therapist
def end(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Note that the work with a client has ended, or goes on after all."""
    client = gates.client_of(gates.user_of(request), id, "client.end")
    if "resume" in request.POST:
        client.ended = None
    else:
        form = EndForm(request.POST)
        if not form.is_valid():
            return details(request, id, end=form)
        client.ended = form.cleaned_data["ended"]
    client.stale = True
    client.save(update_fields=["ended", "stale"])
    messages.success(request, _("Saved."))
    return redirect("client-edit", client.pk)


@require_POST
@gates.therapist
def archive(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Put a client out of sight, or bring one back."""
    back = "back" in request.POST
    client = gates.client_of(
        gates.user_of(request), id, "client.unarchive" if back else "client.archive"
    )
    client.archived_at = None if back else timezone.now()
    client.save(update_fields=["archived_at"])
    text = (
        _("The client is back among your clients.") if back else _("Archived. Nothing was deleted.")
    )
    messages.success(request, text)
    return redirect("client" if back else "caseload", *([client.pk] if back else []))


@gates.therapist
def archived(request: HttpRequest) -> HttpResponse:
    """The clients that were put out of sight."""
    user = gates.user_of(request)
    gates.note(user, "archive.see")
    clients = gates.own_clients(user).exclude(archived_at=None).order_by("-archived_at")
    return render(request, "clients/archived.html", {"clients": clients})
