"""Pages for what went wrong, in plain words."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from reattune.web.middleware import public


def page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """A page that says what happened and where to go on."""
    return render(request, "web/error.html", {"title": title, "text": text}, status=status)


@public
def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """400."""
    del exception
    text = _("The page that sent this may be out of date. Go back, reload it and try again.")
    return page(request, 400, _("This could not be understood"), text)


@public
def denied(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """403."""
    del exception
    text = _("Your account does not have the role this page is for.")
    return page(request, 403, _("Not for this account"), text)


@public
def missing(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404, also for what belongs to somebody else."""
    del exception
    text = _("It was moved or deleted, or it is not among your own records.")
    return page(request, 404, _("There is nothing here"), text)


@public
def broken(request: HttpRequest) -> HttpResponse:
    """500."""
    text = _(
        "Nothing you entered before was lost. Reload the page; if it fails again, run "
        "“reattune doctor”."
    )
    return page(request, 500, _("Something broke on our side"), text)


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that was open too long or sent from elsewhere."""
    del reason
    text = _(
        "The form was open for too long, or cookies are off. Go back, reload it and send it again."
    )
    return page(request, 403, _("The form has expired"), text)
