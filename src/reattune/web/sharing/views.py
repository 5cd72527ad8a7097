"""What was shared with a supervisor."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from reattune.web import gates
from reattune.web.sharing.models import Share


@gates.supervisor
def shares(request: HttpRequest) -> HttpResponse:
    """The shares that hold."""
    user = gates.user_of(request)
    gates.note(user, "shares.see")
    held = Share.objects.filter(supervisor=user, revoked_at=None, until__gt=timezone.now())
    return render(request, "sharing/shares.html", {"shares": held})
