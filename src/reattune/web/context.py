"""What every page has: version, theme, the ways to go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from reattune import __version__
from reattune.web.accounts.models import User


@dataclass(frozen=True, slots=True)
class Item:
    """A link of the navigation; `here` on the page it leads to."""

    label: str
    href: str
    here: bool


def frame(request: HttpRequest) -> dict[str, Any]:
    """Version, theme, navigation, and whether this answers an htmx request."""
    user = getattr(request, "user", None)
    known = user if isinstance(user, User) else None
    return {
        "version": __version__,
        "theme": known.theme if known else "auto",
        "navigation": list(navigation(known, request.path)) if known else [],
        "partial": request.headers.get("HX-Request") == "true",
    }


def navigation(user: User, path: str) -> Iterator[Item]:
    """The pages that a user's roles open."""
    for label, name, role in (
        (_("Clients"), "caseload", user.is_therapist),
        (_("Search"), "search", user.is_therapist),
        (_("Journal"), "journal", user.is_therapist),
        (_("Codings"), "codings", user.is_therapist or user.is_supervisor),
        (_("Practice repair"), "rehearse", user.is_therapist or user.is_supervisor),
        (_("Shared with me"), "shares", user.is_supervisor or user.is_therapist),
        (_("People"), "people", user.is_administrator),
    ):
        if role:
            href = reverse(name)
            yield Item(label, href, path == href)
