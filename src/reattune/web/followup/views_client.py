"""One client's page."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from reattune.web import gates
from reattune.web.followup import clientpage as pages


@gates.therapist
def client(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """One client: what changed, the timeline, episodes, signals, sessions."""
    found = gates.client_of(gates.user_of(request), id)
    page = pages.page_of(found, whole="all" in request.GET)
    pages.looked(found)
    return render(request, "followup/client.html", {"page": page, "client": found})


@gates.therapist
def sessions(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The list of sessions alone, while some are being read; the whole page once all are.

    A page that is open asks for it every few seconds. That it was opened is in the audit chain, so
    these looks are not.
    """
    found = gates.own_clients(gates.user_of(request)).filter(pk=id).first()
    if found is None:
        raise Http404
    listed = pages.listed(found, pages.kept_chips(found))
    if not listed.busy:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "followup/client_sessions.html", {"sessions": listed, "client": found})
