"""The way from an upload to a result, through the queue."""

from __future__ import annotations

import json

import pytest

from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.reviews import queue, results
from tests.web.conftest import SESSION, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_upload_is_read_and_can_be_seen(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    with SESSION.open("rb") as file:
        answer = browser.post(
            f"/clients/{client_record.pk}/upload/", {"files": [file]}, follow=True
        )
    assert answer.status_code == 200, answer.content
    (session,) = client_record.sessions.all()
    assert queue.work_once("test")
    assert session.jobs.get().state == "done"
    loaded = results.load(session)
    assert loaded is not None
    assert loaded[0].episodes
    assert browser.get(f"/sessions/{session.pk}/").status_code == 200


def test_nobody_else_sees_it(
    client_record: Client, stranger: User, colleague: User, supervisor: User
) -> None:
    for user in (stranger, colleague, supervisor):
        answer = signed_in(user).get(f"/clients/{client_record.pk}/")
        assert answer.status_code in (403, 404), user


def test_a_character_that_no_database_keeps_is_left_out(client_record: Client) -> None:
    from reattune.web.reviews import ingest

    turns = [{"who": "TC"[i % 2], "text": "It was fi\x00ne, I think."} for i in range(8)]
    content = json.dumps({"id": "a", "turns": turns}).encode()
    session = ingest.take(client_record, "a.jsonl", content)
    assert "\x00" not in "".join(turn.text for turn in session.turns.all())
