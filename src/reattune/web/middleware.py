"""What happens around every view: idle sessions end, second factors hold, pages are not cached."""

from __future__ import annotations

import time
import zoneinfo
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone, translation

Respond = Callable[[HttpRequest], HttpResponse]
View = Callable[..., HttpResponseBase]
V = TypeVar("V", bound=View)

TOUCH = 60  # seconds; how finely idleness is told, so that not each request writes
UNATTENDED = "X-Unattended"  # the header of what a page asks by itself, every few seconds
SEEN = "seen"


def public(view: V) -> V:
    """Marks a view that works without an account."""
    view.public = True  # type: ignore[attr-defined]
    return view


def idle(respond: Respond) -> Respond:
    """Ends a session that was idle for IDLE_SECONDS.

    What an open page asks by itself, while sessions are being read, is no sign of anybody there.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now, seen = int(time.time()), request.session.get(SEEN, 0)
            if seen and now - seen > settings.IDLE_SECONDS:
                logout(request)
            elif now - seen > TOUCH and UNATTENDED not in request.headers:
                request.session[SEEN] = now
        return respond(request)

    return middleware


class signed_in:
    """Lets nobody into a view that is not public, and nobody past a second factor they owe."""

    OWED = frozenset({"second-factor", "second-factor-setup", "logout"})

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:  # noqa: D102
        return self.respond(request)

    def process_view(
        self, request: HttpRequest, view: View, args: object, kwargs: object
    ) -> HttpResponse | None:
        """The way to the login or to the second factor, or None to go on."""
        del args, kwargs
        if getattr(view, "public", False):
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        name = request.resolver_match.url_name if request.resolver_match else None
        user: Any = request.user  # with what django-otp adds to it
        if name in self.OWED or user.is_verified():
            return None
        if user.totpdevice_set.filter(confirmed=True).exists():
            return redirect("second-factor")
        if user.practice.require_second_factor:
            return redirect("second-factor-setup")
        return None


def own_language(respond: Respond) -> Respond:
    """Shows pages in the user's language and times in their zone.

    Before anybody signed in, the language is that of the browser.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated:
            language, zone = user.language, user.time_zone
        else:
            language, zone = translation.get_language_from_request(request), settings.TIME_ZONE
        with translation.override(language), timezone.override(zoneinfo.ZoneInfo(zone)):
            response = respond(request)
        response.setdefault("Content-Language", language)
        return response

    return middleware


def private(respond: Respond) -> Respond:
    """Keeps pages out of caches and turns off what a page has no use for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = respond(request)
        response.setdefault("Cache-Control", "no-store")
        response.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        return response

    return middleware
