"""Answering by link: the one page of this application that needs no account."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from reattune.web.checkins import asking, links
from reattune.web.middleware import public

FORM = "checkins/answer.html"


@public
@csrf_exempt  # whoever can forge a form for this address knows its token already; no cookie needed
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """One form for whoever holds its token; one and the same page for every link not open."""
    try:
        if request.method == "POST":
            return asking.sent(request, links.by_token(token), FORM)[1]
        return asking.form(request, links.find(token), FORM)
    except links.Closed:
        return asking.closed(request)
