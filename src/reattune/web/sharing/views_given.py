"""What a therapist shares: making a share, seeing what became of it, ending it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.errors import InputError
from reattune.web import gates
from reattune.web.reviews.models import Session
from reattune.web.reviews.regions import intensity_name, kind_name
from reattune.web.sharing import moments
from reattune.web.sharing.forms import CommentForm, RangeForm, ShareForm
from reattune.web.sharing.views import say, shown

AROUND = 2  # turns offered before and after an episode
A_PAGE = 30


@gates.therapist
def make(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Share turns of a session: choose, look at what will be seen, share."""
    user = gates.user_of(request)
    session = gates.session_of(user, id, "share.prepare")
    looks = "look" in request.POST
    form = ShareForm(session, user, request.POST or None, initial=asked(request, session))
    if request.method == "POST" and not looks and form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("supervisor", "days", "question")}
        first, last = form.span
        try:
            made = moments.make(session, user, first=first, last=last, **said)
        except InputError as error:
            messages.error(request, str(error))
            return redirect("share-make", session.pk)
        messages.success(request, _("Shared with %(name)s.") % {"name": made.supervisor})
        return redirect("my-share", made.pk)
    if looks:
        form = ShareForm(session, user, initial=request.POST.dict())
    return render(request, "sharing/make.html", prepared(request, session, form))


def asked(request: HttpRequest, session: Session) -> dict[str, Any]:
    """The turns that the address names, where it names any that are there."""
    form = RangeForm(session, request.GET)
    return form.cleaned_data if form.is_valid() else {}


def prepared(request: HttpRequest, session: Session, form: ShareForm) -> dict[str, Any]:
    """What the page shows around the form; `lines` is what the supervisor would see."""
    chosen = RangeForm(session, request.POST or request.GET)
    named = bool(request.POST or request.GET)
    return {
        "session": session,
        "client": session.client,
        "form": form,
        "range": chosen if named and not form.is_bound else None,
        "lines": moments.excerpt(session, *chosen.span) if chosen.is_valid() else (),
        "consents": session.client.consents_to("supervision"),
        "somebody": moments.supervisors(gates.user_of(request)).exists(),
        "offers": offers(session),
    }


def offers(session: Session) -> list[tuple[str, int, int]]:
    """Each episode by name, with the turns around it, from 1, as many as one share takes."""
    made = []
    for episode in session.episodes.all():
        first = max(episode.first + 1 - AROUND, 1)
        last = min(episode.until + AROUND, session.turn_count, first + moments.MOST_TURNS - 1)
        name = f"{kind_name(episode.kind)}, {intensity_name(episode.intensity)}"
        made.append((name, first, last))
    return made


@gates.therapist
def mine(request: HttpRequest) -> HttpResponse:
    """What one shared, the latest first, with what became of it."""
    user = gates.user_of(request)
    gates.note(user, "shares.given")
    found = moments.given_by(user).annotate(said=Count("comments"), spoke=Max("comments__at"))
    page = Paginator(found.prefetch_related("session__client__consents"), A_PAGE).get_page(
        request.GET.get("page")
    )
    rows = [(share, moments.is_open(share)) for share in page]
    return render(request, "sharing/mine.html", {"page": page, "rows": rows})


@gates.therapist
def one(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """One share as the supervisor sees it. A POST says something of it while it is open."""
    user = gates.user_of(request)
    posted = request.method == "POST"
    share = moments.given_of(user, id, "share.comment" if posted else "share.given")
    open_now = moments.is_open(share)
    form = CommentForm(request.POST or None)
    if posted and not open_now:
        messages.error(request, _("This share is over; nobody would read the comment."))
        return redirect("my-share", share.pk)
    if posted and form.is_valid():
        say(share, user, form)
        messages.success(request, _("Your comment is there."))
        return redirect("my-share", share.pk)
    return render(request, "sharing/given.html", shown(share, form) | {"open": open_now})


@require_POST
@gates.therapist
def end(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """End a share at once."""
    share = moments.given_of(gates.user_of(request), id, "share.end")
    moments.end(share)
    messages.success(request, _("Ended. Nobody can open it any more."))
    return redirect("my-shares")
