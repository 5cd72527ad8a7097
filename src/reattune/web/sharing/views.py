"""What was shared with a supervisor: those turns, the question, what both say of it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.sharing import moments
from reattune.web.sharing.forms import CommentForm
from reattune.web.sharing.models import Share


@gates.supervisor
def shares(request: HttpRequest) -> HttpResponse:
    """The shares that hold, the latest first."""
    user = gates.user_of(request)
    held = moments.open_to(user).annotate(said=Count("comments"), spoke=Max("comments__at"))
    gates.note(user, "shares.see", shares=len(held))
    return render(request, "sharing/shares.html", {"shares": held})


@gates.supervisor
def share(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """One share: its turns and nothing else. A POST says something of it."""
    user = gates.user_of(request)
    posted = request.method == "POST"
    found = gates.share_of(user, id, "share.comment" if posted else "share.see")
    form = CommentForm(request.POST or None)
    if posted and form.is_valid():
        say(found, user, form)
        messages.success(request, _("Your comment is there."))
        return redirect("share", found.pk)
    return render(request, "sharing/share.html", shown(found, form))


def say(share: Share, user: User, form: CommentForm) -> None:
    """Keep a comment."""
    comment = form.save(commit=False)
    comment.share, comment.author = share, user
    comment.save()


def shown(share: Share, form: CommentForm) -> dict[str, object]:
    """What the page of a share shows, to either of the two."""
    return {
        "share": share,
        "client": share.session.client,
        "lines": moments.excerpt(share.session, share.first, share.last),
        "comments": share.comments.select_related("author"),
        "form": form,
    }
