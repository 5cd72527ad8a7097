"""Who gets into the API: every operation by every person, tokens, scopes, limits, errors."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone as clock
from pytest_django.fixtures import Settings

from reattune.web.accounts.models import SCOPES, Token, User
from reattune.web.api.access import waits
from reattune.web.api.api import operations, schema
from reattune.web.api.models import Use
from reattune.web.api.refusals import STATUS
from reattune.web.audit.models import Entry
from reattune.web.clients.models import Appointment, Client
from reattune.web.reviews import models
from tests.web.checkins import answered, make_link
from tests.web.conftest import signed_in
from tests.web.program import TRANSCRIPT, Program, make_token, program, read_session

pytestmark = pytest.mark.django_db

ERROR = {"slug", "what", "where", "remedy"}
Records = dict[str, Any]


@pytest.fixture
def records(client_record: Client, therapist: User) -> Records:
    """A client with a read session, an appointment, a note, a form and a link."""
    session = read_session(client_record)
    starts = datetime(2026, 3, 5, 14, tzinfo=UTC)
    appointment = Appointment.objects.create(client=client_record, starts=starts)
    note = models.Note.objects.create(session=session, turn=1, text="quiet", author=therapist)
    return {
        "id": client_record.pk,
        "session": session.pk,
        "appointment": appointment.pk,
        "note": note.pk,
        "answer": answered(client_record, about=date(2026, 2, 5)).pk,
        "link": make_link(client_record, "gad7")[0].pk,
    }


def transcript() -> SimpleUploadedFile:
    return SimpleUploadedFile("2026-03-12.txt", TRANSCRIPT)


CALLS: dict[str, tuple[str, str, Any]] = {
    "list_clients": ("GET", "/clients", None),
    "make_client": ("POST", "/clients", {"name": "Ash"}),
    "get_client": ("GET", "/clients/{id}", None),
    "edit_client": ("PATCH", "/clients/{id}", {"name": "Rowan"}),
    "archive_client": ("POST", "/clients/{id}/archive", None),
    "unarchive_client": ("POST", "/clients/{id}/unarchive", None),
    "list_consents": ("GET", "/clients/{id}/consents", None),
    "give_consent": (
        "POST",
        "/clients/{id}/consents",
        {"purpose": "research", "given_on": "2026-03-01"},
    ),
    "revoke_consent": ("DELETE", "/clients/{id}/consents/research", None),
    "list_appointments": ("GET", "/clients/{id}/appointments", None),
    "make_appointment": (
        "POST",
        "/clients/{id}/appointments",
        {"starts": "2026-03-19T14:00:00Z", "status": "attended"},
    ),
    "edit_appointment": (
        "PATCH",
        "/clients/{id}/appointments/{appointment}",
        {"status": "late", "minutes_late": 10},
    ),
    "list_sessions": ("GET", "/clients/{id}/sessions", None),
    "upload_session": ("FILE", "/clients/{id}/sessions", {}),
    "get_session": ("GET", "/sessions/{session}", None),
    "edit_session": ("PATCH", "/sessions/{session}", {"held_on": "2026-03-04"}),
    "tell_roles": ("POST", "/sessions/{session}/roles", {"therapist": "T"}),
    "get_analysis": ("GET", "/sessions/{session}/analysis", None),
    "get_job": ("GET", "/sessions/{session}/job", None),
    "analyze_again": ("POST", "/sessions/{session}/analyze", {}),
    "list_markers": ("GET", "/sessions/{session}/markers", None),
    "judge": (
        "POST",
        "/sessions/{session}/markers",
        {"turn": 1, "code": "minimal_response", "verdict": "confirmed"},
    ),
    "list_noticed": ("GET", "/sessions/{session}/noticed", None),
    "tell_noticed": ("POST", "/sessions/{session}/noticed", {"turn": 5, "yes": True}),
    "list_notes": ("GET", "/sessions/{session}/notes", None),
    "write_note": ("POST", "/sessions/{session}/notes", {"text": "look again", "turn": 5}),
    "edit_note": ("PATCH", "/sessions/{session}/notes/{note}", {"text": "not so quiet"}),
    "delete_note": ("DELETE", "/sessions/{session}/notes/{note}", None),
    "list_measures": ("GET", "/measures", None),
    "list_answers": ("GET", "/clients/{id}/checkins", None),
    "add_answer": (
        "POST",
        "/clients/{id}/checkins",
        {
            "measure": "phq9",
            "about": "2026-03-05",
            "answers": {str(item): 1 for item in range(1, 10)},
        },
    ),
    "delete_answer": ("DELETE", "/clients/{id}/checkins/{answer}", None),
    "list_links": ("GET", "/clients/{id}/links", None),
    "revoke_link": ("DELETE", "/clients/{id}/links/{link}", None),
    "make_link": ("POST", "/clients/{id}/links", {"measure": "phq9", "about": "2026-03-05"}),
    "get_scores": ("GET", "/clients/{id}/scores.csv", None),
    "get_all_scores": ("GET", "/scores.csv", None),
    "list_signals": ("GET", "/clients/{id}/signals", None),
    "list_episodes": ("GET", "/clients/{id}/episodes", None),
    "search": ("GET", "/search?q=forms", None),
}
"""Operation -> method, path and body with which its owner succeeds."""

NOBODYS = {"list_clients", "make_client", "list_measures", "get_all_scores", "search"}
"""Operations that name no record: everybody has their own there."""


def made(who: Program, name: str, records: Records) -> Any:
    """The answer to an operation of CALLS."""
    method, path, body = CALLS[name]
    path = path.format(**records)
    return (
        who("POST", path, body, file=transcript()) if method == "FILE" else who(method, path, body)
    )


def refused(answer: Any, status: int, slug: str) -> None:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    assert set(answer.json()) == ERROR
    assert answer.json()["slug"] == slug


def test_every_operation_is_tried_below() -> None:
    assert {told["operationId"] for _, _, told in operations(schema())} == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_who_may_do_what(
    name: str,
    records: Records,
    therapist: User,
    colleague: User,
    supervisor: User,
    administrator: User,
    stranger: User,
) -> None:
    scope = next(t["x-scope"] for _, _, t in operations(schema()) if t["operationId"] == name)
    others = [one for one in SCOPES if one != scope]
    past = clock.now() - timedelta(seconds=1)
    for user in (colleague, stranger):
        answer = made(program(user), name, records)
        if name in NOBODYS:
            assert b"Fern" not in b"".join(answer)
        else:
            refused(answer, 404, "not-found")
    for user in (supervisor, administrator):
        refused(made(program(user), name, records), 403, "not-a-therapist")
    refused(made(program(therapist, *others), name, records), 403, "missing-scope")
    refused(made(program(therapist, expires=past), name, records), 401, "no-token")
    refused(made(program(therapist, revoked_at=past), name, records), 401, "no-token")
    refused(made(Program("guess", Browser()), name, records), 401, "no-token")
    before = Entry.objects.filter(practice=therapist.practice_id).count()
    answer = made(program(therapist, scope), name, records)
    assert answer.status_code in (200, 201, 202, 204), answer.content
    token = Token.objects.latest("id")
    entries = Entry.objects.filter(practice=therapist.practice_id, number__gt=before)
    if name != "list_measures":
        assert entries.exists()
    for entry in entries:
        assert entry.actor == f"user:{therapist.pk}"
        assert entry.detail["token"] == token.pk


# Tokens


def test_a_browser_that_is_signed_in_needs_a_token_all_the_same(
    therapist: User, records: Records
) -> None:
    browser = signed_in(therapist)
    answer = browser.get(f"/api/v1/clients/{records['id']}")
    refused(answer, 401, "no-token")
    assert answer["WWW-Authenticate"] == "Bearer"
    for header in ("Bearer", "Bearer ", "Basic dGhlYTpx", "Token x", "Bearer ä ö"):
        refused(browser.get("/api/v1/clients", HTTP_AUTHORIZATION=header), 401, "no-token")


def test_a_token_dies_with_its_account(therapist: User) -> None:
    own = program(therapist)
    own.get("/clients")
    therapist.is_active = False
    therapist.save()
    refused(own("GET", "/clients"), 401, "no-token")


def test_when_a_token_was_last_used_is_kept_once_a_minute(therapist: User) -> None:
    token, secret = make_token(therapist)
    own = Program(secret, Browser())
    own.get("/clients")
    token.refresh_from_db()
    first = token.last_used
    assert first is not None
    own.get("/clients")
    token.refresh_from_db()
    assert token.last_used == first
    Token.objects.update(last_used=first - timedelta(minutes=2))
    own.get("/clients")
    token.refresh_from_db()
    assert token.last_used is not None
    assert token.last_used >= first


def test_a_token_does_not_get_around_a_second_factor_that_is_owed(therapist: User) -> None:
    own = program(therapist)
    therapist.practice.require_second_factor = True
    therapist.practice.save()
    refused(own("GET", "/clients"), 403, "second-factor-owed")
    therapist.totpdevice_set.create(name="app", confirmed=True)
    own.get("/clients")


def test_a_token_that_asks_too_often_is_told_to_wait(
    therapist: User, colleague: User, settings: Settings
) -> None:
    settings.API_PER_MINUTE = 0
    answer = program(therapist)("GET", "/clients")
    refused(answer, 429, "too-many-requests")
    assert 1 <= int(answer["Retry-After"]) <= 60
    settings.API_PER_MINUTE = 120
    program(colleague).get("/clients")


def test_requests_are_counted_by_token_and_minute(therapist: User, settings: Settings) -> None:
    settings.API_PER_MINUTE = 2
    (one, _), (other, _) = make_token(therapist), make_token(therapist)
    at = datetime(2026, 3, 5, 14, 0, 20, tzinfo=UTC)
    assert [waits(one, at) for _ in range(4)] == [0, 0, 40, 40]
    assert waits(other, at) == 0
    assert [waits(one, at + timedelta(seconds=40)) for _ in range(3)] == [0, 0, 60]
    assert Use.objects.count() == 2


# Errors


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/", 404, "not-found"),
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/clients/not-an-id", 404, "not-found"),
        ("GET", "/clients/6b7e1f0c-3d52-4c1e-9a64-0f8d2f1e7a11", 404, "not-found"),
        ("GET", "/clients/", 404, "not-found"),
        ("GET", "/clients/a%0Ab%0A", 404, "not-found"),
        ("PUT", "/clients", 405, "wrong-method"),
        ("DELETE", "/sessions/6b7e1f0c-3d52-4c1e-9a64-0f8d2f1e7a11", 405, "wrong-method"),
        ("GET", "/clients?limit=0", 422, "bad-input"),
        ("GET", "/clients?limit=201", 422, "bad-input"),
        ("GET", "/clients?offset=-1", 422, "bad-input"),
        ("GET", "/clients?ofset=1", 422, "bad-input"),
        ("GET", "/clients?archived=maybe", 422, "bad-input"),
        ("GET", "/search", 422, "bad-input"),
    ],
)
def test_every_error_has_one_shape(
    therapist: User, method: str, path: str, status: int, slug: str
) -> None:
    refused(program(therapist)(method, path), status, slug)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.name"),
        ({"name": "  "}, "body.name"),
        ({"name": 5}, "body.name"),
        ({"name": "a\x00b"}, "body.name"),
        ({"name": "a" * 81}, "body.name"),
        ({"name": "\ud800"}, "body.name"),
        ({"name": "Ash", "nickname": "A"}, "body.nickname"),
        ({"name": "Ash", "telehealth": "yes"}, "body.telehealth"),
        ({"name": "Ash", "language": "xx"}, "body.language"),
        ({"name": "Ash", "consents": ["everything"]}, "body.consents"),
        ([], "body"),
        ("Ash", "body"),
    ],
)
def test_wrong_input_is_named(therapist: User, body: Any, where: str) -> None:
    answer = program(therapist)("POST", "/clients", body)
    refused(answer, 422, "bad-input")
    assert answer.json()["where"] == where
    assert not Client.objects.exists()


def test_what_is_no_json_is_refused(therapist: User) -> None:
    own = program(therapist)
    for sent in (b"{", b"\xff", b"[" * 100_000):
        answer = own.browser.generic(
            "POST",
            "/api/v1/clients",
            sent,
            content_type="application/json",
            HTTP_AUTHORIZATION=f"Bearer {own.secret}",
        )
        refused(answer, 400, "bad-request")


def test_what_is_too_large_is_refused(
    therapist: User, client_record: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = program(therapist)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    refused(own("POST", "/clients", {"name": "x" * 2000}), 413, "too-large")
    monkeypatch.setattr("reattune.web.reviews.receiving.MAX_BYTES", 100)
    answer = own("POST", f"/clients/{client_record.pk}/sessions", {}, file=transcript())
    refused(answer, 413, "too-large")
    assert not client_record.sessions.exists()


def test_an_error_of_ours_has_the_shape_too_and_no_values(
    therapist: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_args: object) -> None:
        raise RuntimeError("words of a session")

    monkeypatch.setattr("reattune.web.api.clients.with_consents", fails)
    own = program(therapist)
    own.browser.raise_request_exception = False
    refused(own("GET", "/clients"), 500, "server-error")
    handled = [record for record in caplog.records if record.name == "django.request"]
    assert handled
    assert "words of a session" not in own("GET", "/clients").content.decode()


def test_the_answers_that_operations_document_are_those_that_errors_have() -> None:
    for _, _, told in operations(schema()):
        assert {int(code) for code in told["responses"]} >= {*STATUS.values()} - {500}


def test_answers_are_kept_in_no_cache_and_carry_no_cookie(therapist: User) -> None:
    answer = program(therapist)("GET", "/clients")
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer.cookies


def test_messages_are_in_english_whatever_the_account(therapist: User) -> None:
    therapist.language = "de"
    therapist.save()
    answer = program(therapist)("POST", "/clients", {"name": "Ash", "language": "xx"})
    assert "valid choice" in answer.json()["what"]
