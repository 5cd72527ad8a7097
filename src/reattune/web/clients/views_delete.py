"""Deleting a client, with everything that is kept of them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from reattune.web import gates
from reattune.web.clients import deletion
from reattune.web.clients.confirm import TypedName


@gates.therapist
def client(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """What deleting a client takes; a POST with the pseudonym does it."""
    user = gates.user_of(request)
    found = gates.client_of(user, id, "client.details")
    form = TypedName(found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        deletion.delete(found, user)
        messages.success(request, _("The client and everything about them is deleted."))
        return redirect("caseload")
    context = {"client": found, "losses": deletion.losses_of(found), "form": form}
    return render(request, "clients/delete.html", context)
