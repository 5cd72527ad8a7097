"""The caseload, one client's page, search."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from reattune.web import gates


@gates.therapist
def caseload(request: HttpRequest) -> HttpResponse:
    """One's own clients."""
    user = gates.user_of(request)
    gates.note(user, "caseload.see")
    clients = gates.own_clients(user).filter(archived_at=None)
    return render(request, "followup/caseload.html", {"clients": clients})


@gates.therapist
def client(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """One client."""
    found = gates.client_of(gates.user_of(request), id)
    return render(request, "followup/client.html", {"client": found})


@gates.therapist
def search(request: HttpRequest) -> HttpResponse:
    """Search in own words and notes."""
    return render(request, "followup/search.html", {})
