"""The search page."""

from __future__ import annotations

from typing import cast, get_args
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from reattune.web import gates
from reattune.web.search.find import PAGE, Where, search


@gates.therapist
def find(request: HttpRequest) -> HttpResponse:
    """Search in own words and notes. The audit entry has no word of the query."""
    user = gates.user_of(request)
    text = request.GET.get("q", "").strip()
    where = request.GET.get("where", "all")
    where = cast(Where, where if where in get_args(Where) else "all")
    asked = as_uuid(request.GET.get("client", ""))
    chosen = gates.own_clients(user).filter(pk=asked).first() if asked else None
    page = max(1, int(request.GET["page"])) if request.GET.get("page", "").isdigit() else 1
    hits = search(user.pk, text, where=where, client=chosen.pk if chosen else None, page=page)
    if text:
        gates.note(user, "search", client=chosen, found=len(hits))
    context = {
        "text": text,
        "where": where,
        "chosen": chosen,
        "clients": gates.own_clients(user),
        "hits": hits[:PAGE],
        "next": page + 1 if len(hits) > PAGE else None,
        "previous": page - 1 or None,
    }
    return render(request, "search/search.html", context)


def as_uuid(text: str) -> UUID | None:
    """An id from an address, None if it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
