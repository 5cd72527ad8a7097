"""What is being read: how far each session is, trying again, stopping."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.reviews import models, queue
from reattune.web.reviews.models import DONE, FAILED, RUNNING

LATELY, MOST = 10, 100  # finished ones shown, failed ones shown


@gates.therapist
def page(request: HttpRequest) -> HttpResponse:
    """The sessions of one's own clients that wait, are read, failed, or were read last.

    While any is open the page asks again for its list; those requests leave no audit entry, as
    they show nothing that the page did not.
    """
    user = gates.user_of(request)
    partial = request.headers.get("HX-Request") == "true"
    if not partial:
        gates.note(user, "jobs.see")
    context = listed(user)
    return render(request, f"reviews/jobs{'_list' if partial else ''}.html", context)


def listed(user: User) -> dict[str, Any]:
    """Open jobs by turn, sessions whose last job failed, and the last ones done."""
    own = jobs_of(user)
    still = list(own.filter(state__in=queue.OPEN).order_by("session__held_on", "created"))
    later = models.Job.objects.filter(session=OuterRef("session"), pk__gt=OuterRef("pk"))
    failed = own.filter(~Exists(later), state=FAILED).order_by("-finished")
    return {
        "left": len(still),
        "running": [job for job in still if job.state == RUNNING],
        "waiting": [job for job in still if job.state != RUNNING],
        "failed": list(failed[:MOST]),
        "done": list(own.filter(state=DONE).order_by("-finished")[:LATELY]),
        "unclear": list(
            models.Session.objects.filter(client__in=gates.own_clients(user), state="roles")
            .select_related("client")
            .order_by("held_on")[:MOST]
        ),
    }


def jobs_of(user: User) -> QuerySet[models.Job]:
    """The jobs of a therapist's own clients."""
    own = models.Job.objects.filter(session__client__in=gates.own_clients(user))
    return own.select_related("session__client")


@require_POST
@gates.therapist
def again(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Read a session again; in any language, if so asked."""
    session = gates.session_of(gates.user_of(request), id, "session.analyze")
    if session.state != "ready":
        return redirect("session-roles", session.pk)
    if "any_language" in request.POST:
        session.any_language = True
        session.save(update_fields=["any_language"])
    if queue.enqueue(session) is None:
        messages.error(request, _("The client has not consented to analysis."))
    return back(request)


@require_POST
@gates.therapist
def cancel(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Stop reading a session."""
    session = gates.session_of(gates.user_of(request), id, "session.stop")
    for job in session.jobs.filter(state__in=queue.OPEN):
        queue.stop(job)
    return back(request)


def back(request: HttpRequest) -> HttpResponse:
    """To the list of jobs, or the list alone for a page that shows it."""
    if request.headers.get("HX-Request") == "true":
        context = listed(gates.user_of(request))
        return render(request, "reviews/jobs_list.html", context)
    return redirect("jobs")
