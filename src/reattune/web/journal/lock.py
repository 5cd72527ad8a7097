"""The open journal: its key for a short while, split between the server and the browser.

The server-side session keeps the key sealed; what it is sealed by comes from the vault and from a
random half that only a cookie of the browser has. So neither the database nor a backup, even with
the master key, nor the cookie alone opens the journal. Fifteen minutes without a look lock it.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from reattune.errors import InputError
from reattune.web import files, vault
from reattune.web.journal.sealing import key_for

IDLE = 15 * 60  # seconds
KEPT, SEEN, COOKIE, PATH = "journal", "journal_seen", "reattune_journal", "/journal/"
LID = 32  # bytes of the browser's half
Respond = Callable[[HttpRequest], HttpResponse]


def keep(request: HttpRequest, response: HttpResponse, key: bytes) -> None:
    """Keep the key of the open journal: sealed in the session, half of the seal in a cookie."""
    lid = secrets.token_bytes(LID)
    sealed = files.seal_bytes(key, seal_key(lid), aad=owner(request))
    request.session[KEPT] = base64.b64encode(sealed).decode()
    request.session[SEEN] = int(time.time())
    response.set_cookie(
        COOKIE,
        base64.urlsafe_b64encode(lid).decode(),
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def key_of(request: HttpRequest) -> bytes | None:
    """The key of the open journal, None while it is locked; a look starts its time anew."""
    sealed, lid = request.session.get(KEPT), request.COOKIES.get(COOKIE, "")
    if not sealed or is_over(request):
        return None
    try:
        seal = seal_key(base64.urlsafe_b64decode(lid))
        key = files.unseal_bytes(base64.b64decode(sealed), seal, aad=owner(request))
    except (InputError, ValueError):
        return None
    request.session[SEEN] = int(time.time())
    return key


def seal_key(lid: bytes) -> bytes:
    """What the key is sealed by: from the vault and the browser's half; ValueError without it."""
    if len(lid) != LID:
        raise ValueError("the browser's half is missing")
    return key_for("journal-session", vault.derive("journal-session"), lid)


def owner(request: HttpRequest) -> bytes:
    """Whose key it is."""
    return f"user:{request.user.pk}".encode()


def is_over(request: HttpRequest) -> bool:
    """Whether nobody looked for too long."""
    return bool(time.time() - request.session.get(SEEN, 0) > IDLE)


def close(request: HttpRequest, response: HttpResponse | None = None) -> None:
    """Forget the key."""
    for name in (KEPT, SEEN):
        request.session.pop(name, None)
    if response is not None:
        response.delete_cookie(COOKIE, path=PATH, samesite="Strict")


def idle(respond: Respond) -> Respond:
    """Middleware: any request after the time is over forgets the key."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if KEPT in request.session and is_over(request):
            close(request)
        return respond(request)

    return middleware
