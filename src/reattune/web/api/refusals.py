"""One shape for every error: slug, what, where, remedy. Texts hold no words of a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.signals import got_request_exception
from django.forms import BaseForm
from django.http import Http404, HttpRequest, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.log import log_response
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import BaseModel

from reattune.errors import InputError, ReattuneError

BODY = "told"  # what operations call what was sent; it is no key of it

STATUS: Mapping[str, int] = {
    "bad-request": 400,
    "no-token": 401,
    "missing-scope": 403,
    "not-a-therapist": 403,
    "second-factor-owed": 403,
    "not-found": 404,
    "wrong-method": 405,
    "form-twice": 409,
    "no-consent": 409,
    "roles-open": 409,
    "transcript-twice": 409,
    "too-large": 413,
    "bad-input": 422,
    "too-many-requests": 429,
    "server-error": 500,
}
"""Slug -> HTTP status; of every other error of a record or a file it is 422."""

ANSWERS = frozenset({400, 401, 403, 404, 405, 409, 413, 422, 429})
"""The statuses with which any operation may refuse."""


class Error(BaseModel):
    """Why a request was refused. `slug` is stable; the rest is for people."""

    slug: str
    what: str
    where: str
    remedy: str


class Busy(Exception):
    """A token asked too often; `wait` seconds until it may again."""

    def __init__(self, wait: int) -> None:
        self.wait = wait
        super().__init__("too many requests")


def answer(error: ReattuneError, **headers: str) -> JsonResponse:
    """An error as the API tells it."""
    told = {"slug": error.slug, "what": error.what, "where": error.where, "remedy": error.remedy}
    return JsonResponse(told, status=STATUS.get(error.slug, 422), headers=headers)


def no_token() -> JsonResponse:
    """401."""
    what = "There is no token, or it is unknown or has ended, or its account has."
    remedy = "Send the header `Authorization: Bearer TOKEN`, with a token made under “Tokens”."
    error = InputError("no-token", what, where="Authorization", remedy=remedy)
    return answer(error, **{"WWW-Authenticate": "Bearer"})


def missing() -> JsonResponse:
    """404, also for what belongs to somebody else."""
    what = "There is nothing here: it was deleted, or it is not among your own records."
    return answer(InputError("not-found", what, remedy="Check the address and the ids in it."))


def wrong_method(allowed: str) -> JsonResponse:
    """405."""
    remedy = f"Use one of: {allowed}."
    error = InputError("wrong-method", "This address has no such method.", remedy=remedy)
    return answer(error, Allow=allowed)


def bad_request() -> JsonResponse:
    """400."""
    remedy = "Send JSON in UTF-8, or a file as multipart/form-data."
    return answer(InputError("bad-request", "The request cannot be read.", remedy=remedy))


def too_large() -> JsonResponse:
    """413."""
    what, remedy = "What was sent is too large.", "Send at most 64 MB in one file, 4 MB of JSON."
    return answer(InputError("too-large", what, remedy=remedy))


def busy(wait: int) -> JsonResponse:
    """429."""
    what = "This token was used too often within a minute."
    remedy = f"Wait {wait} seconds, as the header Retry-After says."
    error = InputError("too-many-requests", what, remedy=remedy)
    return answer(error, **{"Retry-After": str(wait)})


def broken(request: HttpRequest, error: Exception) -> JsonResponse:
    """500, and a line in the log, as Django does it for a page."""
    got_request_exception.send(sender=None, request=request)
    remedy = "Try again; if it fails again, run `reattune doctor`."
    made = answer(InputError("server-error", "Something broke on our side.", remedy=remedy))
    log_response("%s", request.path, response=made, request=request, exception=error)
    return made


def invalid(request: HttpRequest, error: ValidationError) -> JsonResponse:
    """422 for what does not fit the operation's schema; the first place that does not."""
    if any(getattr(handler, "refused", None) for handler in request.upload_handlers):
        return too_large()
    first = error.errors[0]
    where = ".".join(str(part) for part in first["loc"] if part != BODY)
    return answer(wrong_input(where, f"{first['msg']}."))


def wrong_input(where: str, what: str) -> InputError:
    """The error for a value that cannot be."""
    remedy = "See /api/v1/openapi.json for what belongs there."
    return InputError("bad-input", what, where=where, remedy=remedy)


def check(form: BaseForm) -> dict[str, Any]:
    """What a form, filled in by a program, says. InputError for its first field that is wrong."""
    if form.is_valid():
        return form.cleaned_data
    field, errors = next(iter(form.errors.items()))
    where = "body" if field == "__all__" else f"body.{field}"
    raise wrong_input(where, str(errors[0]))


def unreadable(request: HttpRequest, error: Exception) -> JsonResponse:
    """400 or 413 for what Django or Ninja could not read."""
    del request
    return too_large() if isinstance(error, RequestDataTooBig) else bad_request()


HANDLERS: dict[type[Exception], Callable[..., JsonResponse]] = {
    HttpError: unreadable,
    SuspiciousOperation: unreadable,
    MultiPartParserError: unreadable,
    BadRequest: unreadable,
    AuthenticationError: lambda _request, _error: no_token(),
    Http404: lambda _request, _error: missing(),
    Busy: lambda _request, error: busy(error.wait),
    ReattuneError: lambda _request, error: answer(error),
    ValidationError: invalid,
    Exception: broken,
}
"""What answers an exception; that of its nearest class counts."""


def install(api: NinjaAPI) -> None:
    """Have every error of these operations answered in the one shape."""
    for kind, handler in HANDLERS.items():
        api.add_exception_handler(kind, handler)
