"""Who asks: the token, its scopes, how often it is used; and how each operation is made.

A token stands for its user, never for more: the same gates, the same audit entries, with the
token's number in each.
"""

from __future__ import annotations

import inspect
import zoneinfo
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from ninja import Router
from ninja.responses import Status
from ninja.security import HttpBearer

from reattune.errors import InputError
from reattune.web import gates
from reattune.web.accounts import tokens
from reattune.web.accounts.models import Token
from reattune.web.api.models import Use
from reattune.web.api.refusals import ANSWERS, Busy, Error, wrong_input
from reattune.web.audit import chain

Operation = Callable[..., Any]

TOUCH = timedelta(minutes=1)  # how finely it is kept when a token was last used
LANGUAGE = "en"  # of messages, whatever the account's, so that programs see one


class Bearer(HttpBearer):
    """A token that may do what `scope` says."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__()

    def authenticate(self, request: HttpRequest, token: str) -> Token | None:
        """The token if it opens this operation, its user being the request's; None if unknown.

        Busy if it was used too often, InputError if it may not do this.
        """
        now, known = timezone.now(), Token.objects.select_related("user__practice")
        found = known.filter(token_hash=tokens.hashed(token)).first()
        if found is None or not found.alive(now) or not found.user.is_active:
            return None
        wait = waits(found, now)
        if wait:
            raise Busy(wait)
        touch(found, now)
        require(found, self.scope)
        request.user = found.user
        return found


def require(token: Token, scope: str) -> None:
    """InputError if the token lacks the scope, or its user the role or a second factor."""
    user = token.user
    if scope not in token.scopes:
        what, remedy = f"This token may not {scope}.", "Make a token with this scope."
        raise InputError("missing-scope", what, where=scope, remedy=remedy)
    if not user.is_therapist:
        what = "The account of this token does not have the role of a therapist."
        remedy = "Use a token of a therapist: records belong to them."
        raise InputError("not-a-therapist", what, remedy=remedy)
    if user.practice.require_second_factor and not has_second_factor(user):
        what = "The practice requires a second factor, and this account has none."
        remedy = "Sign in and set it up."
        raise InputError("second-factor-owed", what, remedy=remedy)


def has_second_factor(user: Any) -> bool:
    """Whether the account has a second factor."""
    return bool(user.totpdevice_set.filter(confirmed=True).exists())


def waits(token: Token, now: datetime) -> int:
    """Seconds until this token may ask again; 0 if it may now, and that is counted."""
    limit, minute = settings.API_PER_MINUTE, now.replace(second=0, microsecond=0)
    row = Use.objects.filter(token=token)
    if row.filter(minute=minute, count__lt=limit).update(count=F("count") + 1):
        return 0
    Use.objects.get_or_create(token=token, defaults={"minute": minute})
    row.exclude(minute=minute).update(minute=minute, count=0)
    done = row.filter(minute=minute, count__lt=limit).update(count=F("count") + 1)
    return 0 if done else 60 - now.second


def touch(token: Token, now: datetime) -> None:
    """Keep when the token was last used, once a minute at most."""
    if token.last_used is None or now - token.last_used >= TOUCH:
        Token.objects.filter(pk=token.pk).update(last_used=now)


def operation(
    router: Router,
    method: str,
    path: str,
    *,
    scope: str,
    gives: Any,
    status: int = 200,
    extra: dict[str, Any] | None = None,
) -> Callable[[Operation], Operation]:
    """Makes a function an operation: its scope, what it gives, every way in which it refuses.

    Its docstring is what the schema says of it; its name is the operation's.
    """

    def register(view: Operation) -> Operation:
        summary, _, rest = inspect.cleandoc(view.__doc__ or "").partition("\n\n")
        router.api_operation(
            [method],
            path,
            auth=Bearer(scope),
            response={status: gives, ANSWERS: Error},
            operation_id=view.__name__,
            summary=" ".join(summary.split()),
            description=" ".join(rest.split()),
            openapi_extra={"x-scope": scope, **(extra or {})},
        )(view)
        view.status = status  # type: ignore[attr-defined]
        return view

    return register


def as_caller(view: Operation) -> Operation:
    """Runs an operation in its user's time zone, with the token in every entry of the audit."""
    known = asked_for(view)

    @wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        for name in request.GET:
            if name not in known:
                raise wrong_input(f"query.{name[:40]}", "There is no such query parameter.")
        user = gates.user_of(request)
        zone = zoneinfo.ZoneInfo(user.time_zone)
        token: Token = request.auth  # type: ignore[attr-defined]
        with (
            translation.override(LANGUAGE),
            timezone.override(zone),
            chain.along(token=token.pk),
        ):
            made = view(request, *args, **kwargs)
        return made if isinstance(made, HttpResponseBase) else Status(view.status, made)  # type: ignore[attr-defined]

    return run


def asked_for(view: Operation) -> frozenset[str]:
    """The query parameters of an operation."""
    models = view._ninja_operation.models  # type: ignore[attr-defined]
    asked = [model for model in models if model.__ninja_param_source__ == "query"]
    return frozenset(name for model in asked for name in model.__ninja_flatten_map__)
