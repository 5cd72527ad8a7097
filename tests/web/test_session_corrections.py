"""What people said of flags goes to `reattune recalibrate` as it was meant."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reattune.cli import main
from reattune.codebook import CODES
from reattune.labelled import Labelled, read_labelled
from reattune.refit import refit
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.clients.models import Client
from reattune.web.reviews import labels, models
from reattune.web.reviews.labels import ADDED, CLEARED, CONFIRMED, DISMISSED, RELABELED
from tests.web.conftest import make_client, signed_in
from tests.web.sessions import FLAGS, TURNS, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def record(client_record: Client) -> models.Session:
    """A session with five flags and a near miss."""
    return make_session(client_record)


def taken(user: User, url: str, folder: Path) -> list[Labelled]:
    """The file under this address, as `reattune recalibrate` reads it."""
    answer = signed_in(user).get(url)
    assert answer.status_code == 200, answer
    assert answer["Content-Disposition"].startswith('attachment; filename="reattune-labels-')
    path = folder / "labels.jsonl"
    path.write_bytes(answer.content)
    return read_labelled(path)


def rows(user: User, record: models.Session) -> dict[int, dict[str, Any]]:
    """Turn from 1 -> its review, codes and intensity in the file."""
    answer = signed_in(user).get(f"/sessions/{record.pk}/corrections/")
    row = json.loads(answer.content)
    keys = ("review", "codes", "intensity")
    return {
        i: {key: turn[key] for key in keys if key in turn}
        for i, turn in enumerate(row["turns"], 1)
        if "review" in turn
    }


def test_each_word_is_told_as_it_was_meant(therapist: User, record: models.Session) -> None:
    labels.judge(record, therapist, 5, "complaint_therapy", CONFIRMED)
    labels.judge(record, therapist, 6, "defensive", DISMISSED)
    labels.judge(
        record, therapist, 7, "complaint_therapist", RELABELED, to="denial", intensity="major"
    )
    labels.judge(record, therapist, 1, "topic_shift", ADDED)
    labels.judge(record, therapist, 11, "deference", CONFIRMED)
    labels.judge(record, therapist, 9, "complaint_therapist", CONFIRMED)
    labels.judge(record, therapist, 9, "complaint_therapist", CLEARED)
    assert rows(therapist, record) == {
        2: {"review": "added", "codes": ["topic_shift"], "intensity": "micro"},
        6: {"review": "confirmed", "codes": ["complaint_therapy"], "intensity": "micro"},
        7: {"review": "dismissed"},
        8: {"review": "confirmed", "codes": ["denial"], "intensity": "major"},
        12: {"review": "added", "codes": ["deference"], "intensity": "micro"},
    }


def test_a_turn_that_is_half_judged_is_left_out(therapist: User, client_record: Client) -> None:
    both = [*FLAGS, (5, "denial", 0.4, True), (5, "deference", 0.4, True)]
    record = make_session(client_record, flags=both)
    labels.judge(record, therapist, 5, "complaint_therapy", DISMISSED)
    labels.judge(record, therapist, 7, "complaint_therapist", DISMISSED)
    assert set(rows(therapist, record)) == {8}
    labels.judge(record, therapist, 5, "denial", CONFIRMED)
    assert rows(therapist, record)[6]["codes"] == ["denial"]


def test_the_file_of_a_session_is_read_with_its_words(
    therapist: User, record: models.Session, tmp_path: Path
) -> None:
    labels.judge(record, therapist, 5, "complaint_therapy", CONFIRMED)
    (row,) = taken(therapist, f"/sessions/{record.pk}/corrections/", tmp_path)
    assert row.id == str(record.pk)
    assert [turn.text for turn in row.session.turns] == [text for _, text in TURNS]
    assert row.judged.nonzero()[0].tolist() == [5]
    assert row.codes[5].nonzero()[0].tolist() == [CODES.index("complaint_therapy")]
    assert Entry.objects.filter(action="session.corrections").count() == 1


def test_the_labels_of_all_sessions_are_ones_own_and_refit_takes_them(
    therapist: User, colleague: User, client_record: Client, tmp_path: Path
) -> None:
    for n in range(1, 7):
        record = make_session(client_record, number=n, held_on=date(2026, 3, n))
        for turn, (who, _) in enumerate(TURNS):
            if who == "C":
                verdict = CONFIRMED if turn in (5, 7, 9) else DISMISSED
                labels.judge(record, therapist, turn, "complaint_therapist", verdict)
        labels.judge(record, therapist, 5, "complaint_therapy", CONFIRMED)
    other = make_session(make_client(colleague, "Oak"))
    labels.judge(other, colleague, 5, "complaint_therapy", CONFIRMED)
    found = taken(therapist, "/corrections/", tmp_path)
    assert len(found) == 6
    assert str(other.pk) not in {row.id for row in found}
    outcome = refit(found, today="2026-04-01").outcomes["confrontation"]
    assert (outcome.judged, outcome.marked) == (42, 18)
    assert outcome.before
    run = CliRunner().invoke(
        main, ["recalibrate", str(tmp_path / "labels.jsonl"), "--dry-run"], catch_exceptions=False
    )
    assert run.exit_code == 0
    assert "18 marked of 42 judged" in " ".join(run.output.split())
    entry = Entry.objects.get(action="corrections.export", actor=f"user:{therapist.pk}")
    assert entry.detail == {"sessions": 6}


def test_where_nothing_is_judged_there_is_nothing_to_take(
    therapist: User, record: models.Session
) -> None:
    browser = signed_in(therapist)
    for url in (f"/sessions/{record.pk}/corrections/", "/corrections/"):
        answer = browser.get(url, follow=True)
        assert "judge some flags first" in answer.content.decode(), url


def test_nobody_else_takes_them(
    record: models.Session, therapist: User, colleague: User, supervisor: User, stranger: User
) -> None:
    labels.judge(record, therapist, 5, "complaint_therapy", CONFIRMED)
    for user in (colleague, supervisor, stranger):
        browser = signed_in(user)
        answer = browser.get(f"/sessions/{record.pk}/corrections/")
        assert answer.status_code in (403, 404)
        answer = browser.get("/corrections/", follow=True)
        assert str(record.pk) not in answer.content.decode()
