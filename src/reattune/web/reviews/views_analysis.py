"""Around the analysis of a session: how far it is, once more, and the labels to take away."""

from __future__ import annotations

import uuid
from itertools import chain

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.web import gates
from reattune.web.reviews import corrections as labelled
from reattune.web.reviews import models, queue


@gates.therapist
def progress(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """How far the analysis is, for htmx to ask again and again; at its end the page reloads.

    It leaves no audit entry, as it shows nothing that the page did not.
    """
    own = gates.own_clients(gates.user_of(request))
    record = get_object_or_404(models.Session, pk=id, client__in=own)
    job = record.jobs.last()
    if job is None or job.state not in (models.WAITING, models.RUNNING):
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {"session": record, "job": job, "here": request.path.removesuffix("progress/")}
    return render(request, "reviews/session_job.html", context)


@require_POST
@gates.therapist
def again(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Have the session read once more; what people said of it stays."""
    record = gates.session_of(gates.user_of(request), id, "session.analyze")
    if "any_language" in request.POST:
        record.any_language = True
        record.save(update_fields=["any_language"])
    if record.state != "roles" and queue.enqueue(record) is None:
        messages.error(request, _("The client has not consented to analysis."))
    return redirect("session", record.pk)


@gates.therapist
def session_corrections(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """What was said of one session, as a file for `reattune recalibrate`."""
    user = gates.user_of(request)
    record = gates.session_of(user, id, "session.corrections")
    return as_file(request, [record.pk], reverse("session", args=[record.pk]))


@gates.therapist
def corrections(request: HttpRequest) -> HttpResponse:
    """What was said of all sessions of one's own clients."""
    user = gates.user_of(request)
    own = models.Session.objects.filter(client__in=gates.own_clients(user))
    found = list(own.filter(judgements__isnull=False).distinct().values_list("pk", flat=True))
    gates.note(user, "corrections.export", sessions=len(found))
    return as_file(request, found, reverse("caseload"))


def as_file(request: HttpRequest, ids: list[uuid.UUID], back: str) -> HttpResponse:
    """The labels of these sessions as a download; back with a word where there are none."""
    rows = labelled.lines(ids)
    first = next(rows, None)
    if first is None:
        messages.warning(request, _("There is nothing to take away yet: judge some flags first."))
        return redirect(back)
    name = f"reattune-labels-{timezone.localdate().isoformat()}.jsonl"
    return HttpResponse(
        chain([first], rows),
        content_type="application/jsonl; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
