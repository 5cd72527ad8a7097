"""The caseload: who needs a look first and why; and its figures."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from reattune.web import gates
from reattune.web.followup import caseload as pages
from reattune.web.followup.figures import figures_for


@gates.therapist
def caseload(request: HttpRequest) -> HttpResponse:
    """One's own clients by the reason to look; to htmx the list alone.

    A page that is open asks for the list every few seconds while sessions are being read. That it
    was opened is in the audit chain, so these looks are not.
    """
    user = gates.user_of(request)
    chosen = pages.Filter.of(request.GET)
    page = pages.page_of(user, chosen)
    context = {"page": page, "chosen": chosen, "choices": pages.choices(page, chosen)}
    htmx = request.headers.get("HX-Request") == "true"
    if not htmx:
        gates.note(user, "caseload.see")
    template = "followup/caseload_list.html" if htmx else "followup/caseload.html"
    return render(request, template, context)


@gates.therapist
def figures(request: HttpRequest) -> HttpResponse:
    """The figures of one's own caseload, beside what is published."""
    user = gates.user_of(request)
    gates.note(user, "caseload.figures")
    return render(request, "followup/figures.html", {"caseload": figures_for(user)})
