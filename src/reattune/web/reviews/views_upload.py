"""Uploads: transcripts dropped on a client, each told apart; their dates in a second step."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from reattune.errors import InputError, ReattuneError
from reattune.web import gates
from reattune.web.clients.models import Client
from reattune.web.reviews import ingest, models, receiving


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: `state` is "taken", "known" or "refused".

    `session` is the one it made, or the one that was here already; `dated` whether its name told
    the date; `what` and `remedy` say why it was refused.
    """

    name: str
    state: str
    session: models.Session | None = None
    dated: bool = True
    what: str = ""
    remedy: str = ""


@csrf_exempt  # the check is in `receive`: before it nothing may read the body
@gates.therapist
def upload(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Transcripts for a client: the form, and after it what became of each file."""
    request.upload_handlers = [receiving.Memory(request)]
    return receive(request, id)


@csrf_protect
def receive(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """As `upload`."""
    user = gates.user_of(request)
    if request.method != "POST":
        client = gates.client_of(user, id, "client.see")
        return render(request, "reviews/upload.html", shown(client))
    try:
        sent = request.FILES.getlist("files")
    except TooManyFilesSent:
        messages.error(request, _("These are more than 100 files. Send them in several goes."))
        return redirect("upload", id)
    refused = refusals(request)
    client = gates.client_of(user, id, "client.upload", files=len(sent), refused=len(refused))
    outcomes = [*take_all(client, sent), *refused]
    context = shown(client) | {
        "outcomes": outcomes,
        "taken": any(one.state == "taken" for one in outcomes),
        "nothing": not outcomes,
    }
    partial = request.headers.get("HX-Request") == "true"
    return render(request, f"reviews/{'outcomes' if partial else 'upload'}.html", context)


def shown(client: Client) -> dict[str, object]:
    """What the page of uploads shows of a client."""
    return {
        "client": client,
        "may_keep": client.consents_to("transcription"),
        "may_read": client.consents_to("analysis"),
        "today": timezone.localdate(),
    }


def take_all(client: Client, sent: Iterable[UploadedFile[Any]]) -> Iterable[Outcome]:
    """What becomes of each file. One bad file never stops the others."""
    for file in sent:
        yield take(client, file.name or "", file.read())


def take(client: Client, name: str, content: bytes) -> Outcome:
    """What becomes of one file."""
    try:
        session = ingest.take(client, name, content)
    except ReattuneError as error:
        if error.slug == "transcript-twice":
            return Outcome(name, "known", client.sessions.get(digest=ingest.digest_of(content)))
        return Outcome(name, "refused", what=error.what, remedy=error.remedy)
    return Outcome(name, "taken", session, dated=ingest.date_in(name) is not None)


def refusals(request: HttpRequest) -> list[Outcome]:
    """The files that were not even received, and why."""
    said = {
        receiving.TOO_LARGE: (
            _("The file is larger than 64 MB."),
            _("Split it into one file a session."),
        ),
        receiving.NOT_TAKEN: (
            _("All files together are larger than 256 MB; from this one on none was taken."),
            _("Send the rest in another go."),
        ),
    }
    found = [
        pair for handler in request.upload_handlers for pair in getattr(handler, "refused", [])
    ]
    return [Outcome(name, "refused", what=said[why][0], remedy=said[why][1]) for name, why in found]


@require_POST
@gates.therapist
def dates(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The dates of several sessions of a client at once, told after an upload."""
    client = gates.client_of(gates.user_of(request), id, "session.date")
    try:
        moved = move_all(client, told_days(request))
    except InputError as error:
        messages.error(request, str(error))
        return redirect("upload", client.pk)
    messages.success(request, _("Saved. %(count)d dates were changed.") % {"count": moved})
    return redirect("client", client.pk)


def told_days(request: HttpRequest) -> dict[str, date]:
    """The days in the form by session; InputError for what is no day, or one to come."""
    found = {}
    for key, value in request.POST.items():
        if key.startswith("day-"):
            found[key.removeprefix("day-")] = day_from(str(value))
    return found


def day_from(text: str) -> date:
    """A day; InputError for what is none, or is still to come."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        what, remedy = "This is no day.", "Write it as year, month, day: 2026-03-05."
        raise InputError("bad-date", what, remedy=remedy) from None
    if day > timezone.localdate():
        what, remedy = "A session cannot have been held on a day to come.", "Correct the date."
        raise InputError("bad-date", what, remedy=remedy)
    return day


def move_all(client: Client, days: dict[str, date]) -> int:
    """Give sessions of this client other dates; how many had another before."""
    known = {str(one.pk): one for one in client.sessions.select_related("client__therapist")}
    changed = [(known[key], day) for key, day in days.items() if key in known]
    changed = [(session, day) for session, day in changed if session.held_on != day]
    with transaction.atomic():
        for session, day in changed:
            ingest.move(session, day)
    return len(changed)
