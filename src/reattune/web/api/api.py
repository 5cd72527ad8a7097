"""All operations under /api/v1, and the schema that tells programs of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from reattune import __version__
from reattune.web.api import checkins, clients, course, markers, refusals, sessions
from reattune.web.api.access import as_caller
from reattune.web.middleware import public
from reattune.web.reviews import receiving

PREFIX = "/api/v1/"
DESCRIPTION = (
    "What the pages of Reattune do, for programs. A token stands for its user, within its scopes; "
    "every request leaves the same entry in the audit as a page does."
)
METHODS = ("get", "post", "patch", "delete")

View = Callable[..., HttpResponseBase]

api = NinjaAPI(
    title="Reattune", version=__version__, description=DESCRIPTION, openapi_url=None, docs_url=None
)
refusals.install(api)
api.add_decorator(as_caller)
for part in (clients, sessions, markers, checkins, course):
    api.add_router("", part.router)


def door(view: View) -> View:
    """A view of operations: no account is asked for, since each operation asks for a token; files
    stay in memory; a wrong method or address is answered in the one shape."""

    @csrf_exempt
    @public
    @wraps(view)
    def enter(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.upload_handlers = [receiving.Memory(request)]
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            return refusals.missing()
        if response.status_code == 405:
            return refusals.wrong_method(response.headers["Allow"])
        return response

    return enter


@public
@csrf_exempt
def nowhere(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404 for an address under /api/v1 that is no operation's."""
    del request, rest
    return refusals.missing()


def paths() -> list[URLPattern | URLResolver]:
    """The addresses of the operations, relative to PREFIX.

    Ninja makes one pattern an operation; each of them answers every method of its address.
    """
    patterns = api.urls[0]
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = door(pattern.callback)
    return patterns


@cache
def schema() -> dict[str, Any]:
    """The OpenAPI document: each operation with the scope that it asks for."""
    made: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=PREFIX))
    for _, _, operation in operations(made):
        operation["security"] = [{"Bearer": [operation["x-scope"]]}]
        if operation.get("description", "").startswith(operation["summary"]):
            del operation["description"]
    return made


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, address, operation) of every operation in an OpenAPI document, in order."""
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]
