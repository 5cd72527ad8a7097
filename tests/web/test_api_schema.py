"""The API against its own schema: whatever is sent, it answers as it says it does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from pytest_django.fixtures import Settings

from reattune.web.accounts.models import User
from reattune.web.api.api import PREFIX, operations, schema
from reattune.web.clients.models import Appointment, Client
from reattune.web.reviews import models
from reattune.web.wsgi import application
from tests.web.checkins import answered, make_link
from tests.web.program import make_token, read_session

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

EXAMPLES = 12  # of each operation and mode
NAMES = [told["operationId"] for _, _, told in operations(schema())]
SAYS_NO = ["2xx", "401", "403", "404", "409", "422"]
"""What data of the right shape may be answered with: a day to come, a form that is there, ...; the
schema cannot tell of those."""


@pytest.fixture
def known(client_record: Client, therapist: User) -> dict[str, Any]:
    """The ids that addresses name, of records that are there."""
    session = read_session(client_record)
    starts = datetime(2026, 3, 5, 14, tzinfo=UTC)
    appointment = Appointment.objects.create(client=client_record, starts=starts)
    note = models.Note.objects.create(session=session, turn=1, text="quiet", author=therapist)
    return {
        "client": str(client_record.pk),
        "session": str(session.pk),
        "appointment": str(appointment.pk),
        "note": note.pk,
        "answer": str(answered(client_record).pk),
        "link": make_link(client_record)[0].pk,
        "purpose": "research",
    }


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Requests stay on the test's connection, as with Django's own test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def ids(path: str, known: dict[str, Any]) -> dict[str, Any]:
    """The parameters of an address, from what is there."""
    own = "client" if path.startswith(f"{PREFIX}clients/") else "session"
    named = {"id": known[own], **known}
    return {name: named[name] for name in named if f"{{{name}}}" in path}


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("name", NAMES)
def test_no_request_breaks_an_operation(
    name: str, mode: str, known: dict[str, Any], therapist: User, settings: Settings
) -> None:
    from schemathesis import GenerationMode, openapi

    settings.API_PER_MINUTE = 1_000_000
    settings.ALLOWED_HOSTS = ["localhost"]
    _, secret = make_token(therapist)
    document = openapi.from_wsgi(f"{PREFIX}openapi.json", application)
    document.config.checks.positive_data_acceptance.expected_statuses = SAYS_NO
    operation = document.find_operation_by_id(name)
    there = ids(operation.path, known)

    @examples
    @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
    def run(case: Any) -> None:
        if mode == "positive":
            case.path_parameters = dict(there)
        with transaction.atomic():
            case.call_and_validate(headers={"Authorization": f"Bearer {secret}"})
            transaction.set_rollback(True)

    run()


examples = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
