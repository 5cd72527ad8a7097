"""A program with a token, and a client with a read session: what tests of the API share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.test import Client as Browser
from django.utils import timezone

from reattune.codebook import CODES, code
from reattune.types import Analysis, Marker
from reattune.web.accounts import tokens
from reattune.web.accounts.models import SCOPES, Token, User
from reattune.web.clients.models import Client
from reattune.web.reviews import ingest, models, results
from reattune.web.reviews.words import to_session

TRANSCRIPT = b"""\
T: How was it to come today?
C: Fine, I guess.
T: You sound unsure.
C: I don't see the point of those forms you keep giving me.
T: Most of my clients find them helpful.
C: You are not listening to me.
T: You're right, I pushed the form again just when you said it doesn't help.
C: Thank you. That helps, actually.
T: So what would be useful today?
C: I want to work out what to say to my sister on Sunday.
"""
FLAGGED = {1: "minimal_response", 3: "complaint_therapy", 5: "complaint_therapist"}


@dataclass(frozen=True)
class Program:
    """Whoever holds a token; `scopes` are what it may."""

    secret: str
    browser: Browser

    def __call__(self, method: str, path: str, body: Any = None, **files: Any) -> Any:
        """The answer to a request under /api/v1; with files as a form."""
        told: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {self.secret}"}
        if files:
            return self.browser.post(f"/api/v1{path}", {**(body or {}), **files}, **told)
        sent = "" if body is None else json.dumps(body)
        return self.browser.generic(
            method, f"/api/v1{path}", sent, content_type="application/json", **told
        )

    def get(self, path: str) -> Any:
        """What a path gives, read; it must go well."""
        answer = self("GET", path)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def do(self, method: str, path: str, body: Any = None, **files: Any) -> Any:
        """What an operation gives, read; it must go well."""
        answer = self(method, path, body, **files)
        assert answer.status_code in (200, 201, 202, 204), answer.content
        return answer.json() if answer.content else None


def make_token(user: User, *scopes: str, **fields: Any) -> tuple[Token, str]:
    """A token of this user and its secret; with every scope unless told."""
    plain, kept = tokens.new()
    fields.setdefault("expires", timezone.now() + timedelta(days=30))
    token = Token.objects.create(
        user=user, name="test", token_hash=kept, scopes=list(scopes or SCOPES), **fields
    )
    return token, plain


def program(user: User, *scopes: str, **fields: Any) -> Program:
    """A program of this user's."""
    return Program(make_token(user, *scopes, **fields)[1], Browser())


def read_session(client: Client, *, held_on: date = date(2026, 3, 5)) -> models.Session:
    """A session of TRANSCRIPT as if the model had read it, with the flags of FLAGGED."""
    content = TRANSCRIPT + f"T: {held_on}\n".encode()
    session = ingest.take(client, "talk.txt", content, held_on=held_on)
    results.save(session, analysis_of(session))
    session.jobs.update(state=models.DONE)
    return session


def analysis_of(session: models.Session) -> Analysis:
    """An analysis with the flags of FLAGGED, sure of each."""
    words = to_session(session)
    markers = tuple(
        Marker(
            turn=turn,
            code=id,
            family=code(id).family,
            intensity="major" if turn == 5 else "micro",
            probability=0.8,
            by="test/1",
            why=code(id).why,
            family_probability=0.9,
        )
        for turn, id in FLAGGED.items()
    )
    return Analysis(
        session=words,
        scores=np.zeros((len(words.turns), len(CODES)), np.float32),
        markers=markers,
        moves=(),
        episodes=(),
        risks=(),
        baseline=None,
        talk=(),
        notes=(),
        by="test/1",
        operating_point="balanced",
    )
