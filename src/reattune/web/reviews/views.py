"""Uploads and the session page."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from reattune.errors import ReattuneError
from reattune.web import gates
from reattune.web.reviews import ingest, results


@require_POST
@gates.therapist
def upload(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Take in transcripts; those that cannot be read are told one by one."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "client.upload", files=len(request.FILES.getlist("files")))
    for file in request.FILES.getlist("files"):
        try:
            ingest.take(client, file.name or "", file.read())
        except ReattuneError as error:
            messages.error(request, str(error))
    return redirect("client", client.pk)


@gates.therapist
def session(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """One session."""
    found = gates.session_of(gates.user_of(request), id)
    made = results.load(found)
    context = {"session": found, "analysis": made[0] if made else None, "job": found.jobs.last()}
    return render(request, "reviews/session.html", context)
