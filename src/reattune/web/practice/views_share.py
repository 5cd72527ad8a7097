"""Showing a talk to a supervisor for a while, taking it back at once, and the supervisor's side."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.errors import InputError
from reattune.web import gates
from reattune.web.practice import access, sealing, shown
from reattune.web.practice import talks as store
from reattune.web.practice.forms import ShareForm
from reattune.web.practice.models import Share
from reattune.web.practice.views_talk import after_page, own, summed_up


@require_POST
@access.learner
def share(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Show a talk that has ended to one supervisor; a new share takes the place of the old."""
    user, kept = gates.user_of(request), own(request, id)
    form = ShareForm(user, request.POST)
    if not kept.run.over:
        messages.error(request, _("End the talk first; then it can be shown."))
        return redirect("rehearse-talk", kept.row.pk)
    if not form.is_valid():
        return render(request, "practice/after.html", after_page(request, kept, form))
    given, now = form.cleaned_data, timezone.now()
    with transaction.atomic():
        open_now = kept.row.shares.filter(reader=given["reader"], ended_at=None)
        open_now.update(ended_at=now)
        made = Share.objects.create(
            talk=kept.row,
            reader=given["reader"],
            with_words=given["with_words"],
            until=now + timedelta(days=given["days"]),
        )
        gates.note(user, "run.give", target=f"talk-share:{made.pk}", reader=given["reader"].pk)
    messages.success(request, _("Shown until its time is over, or you take it back."))
    return redirect("rehearse-after", kept.row.pk)


@require_POST
@access.learner
def end(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Take it back; it is closed at once."""
    user = gates.user_of(request)
    found = access.given_of(user, id)
    with transaction.atomic():
        Share.objects.filter(pk=found.pk, ended_at=None).update(ended_at=timezone.now())
        gates.note(user, "run.revoke", target=f"talk-share:{found.pk}")
    messages.success(request, _("Taken back: nobody else sees it now."))
    return redirect("rehearse-after", found.talk_id)


# The supervisor's side


@access.learner
def received(request: HttpRequest) -> HttpResponse:
    """What is shown to me now."""
    key = sealing.talk_key()
    rows = [(one, opened(one, key)) for one in access.open_to(gates.user_of(request))]
    rows = [(one, kept) for one, kept in rows if kept]
    return render(request, "practice/received.html", {"rows": rows})


def opened(share: Share, key: bytes | None = None) -> store.Kept | None:
    """The talk that is shown, None if it is damaged."""
    try:
        return store.opened(share.talk, key)
    except InputError:
        return None


@access.learner
def shown_to_me(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """One talk's summary, with its words where they were added; nothing else of the learner."""
    found = access.share_of(gates.user_of(request), id)
    kept = opened(found)
    if kept is None:
        raise Http404
    context = summed_up(kept) | {"share": found, "learner": found.talk.learner}
    if found.with_words:
        run = kept.run
        context |= {
            "replies": shown.replies(kept),
            "first": run.exchanges[0].said if run.exchanges else run.said,
        }
    return render(request, "practice/shared.html", context)
