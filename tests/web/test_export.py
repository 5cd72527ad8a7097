"""A client's whole record as one ZIP file, and the scores of all clients as a table."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest

from reattune.schema import analysis_from_dict
from reattune.web import files
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.checkins.models import Answer
from reattune.web.clients import export, record
from reattune.web.clients.models import Client
from reattune.web.reviews import ingest, models, queue
from tests.conftest import ROOT, TALK
from tests.web.conftest import SESSION, make_client, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def answer(client: Client, day: int, *scores: int) -> Answer:
    made: Answer = client.answers.create(
        measure="checkin_client",
        rater="client",
        about=date(2026, 2, day),
        answers={str(n): score for n, score in enumerate(scores, 1)},
        how="link",
    )
    return made


@pytest.fixture
def full(client_record: Client, therapist: User) -> Client:
    """A client with something of everything."""
    client_record.appointments.create(
        starts=datetime(2026, 2, 12, 10, tzinfo=UTC), status="late", minutes_late=12, uid="x"
    )
    ingest.take(client_record, "2026-02-05.txt", TALK.encode())
    ingest.take(client_record, "2026-02-12-zoom.vtt", SESSION.read_bytes())
    while queue.work_once("test"):
        pass
    session = client_record.sessions.last()
    assert session is not None
    session.judgements.create(turn=5, code="complaint", verdict="added", by=therapist)
    session.noticed.create(turn=5, yes=False, by=therapist)
    session.remarks.create(turn=None, text="=Ask about the sister.", author=therapist)
    answer(client_record, 12, 5, 6, 5, 6, 2)
    return client_record


def unpacked(user: User, client: Client) -> dict[str, bytes]:
    """The files of the export."""
    answer = signed_in(user).post(f"/clients/{client.pk}/export/")
    assert answer.status_code == 200
    assert answer.streaming
    with ZipFile(io.BytesIO(answer.getvalue())) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_page_warns_and_nothing_leaves_by_looking(therapist: User, full: Client) -> None:
    page = signed_in(therapist).get(f"/clients/{full.pk}/export/").content.decode()
    assert "The file is not encrypted." in page
    assert "2 sessions" in page
    assert not Entry.objects.filter(action="client.export").exists()


def test_everything_is_in_it(therapist: User, full: Client) -> None:
    found = unpacked(therapist, full)
    assert set(found) == {
        "README.txt", "record.json", "report.pdf",
        "consents.csv", "appointments.csv", "answers.csv", "scores.csv",
        "transcripts/01_2026-02-05_2026-02-05.txt", "transcripts/01_2026-02-05_words.txt",
        "transcripts/02_2026-02-12_2026-02-12-zoom.vtt", "transcripts/02_2026-02-12_words.txt",
        "analyses/01_2026-02-05.json", "analyses/02_2026-02-12.json",
    }  # fmt: skip
    assert found["transcripts/01_2026-02-05_2026-02-05.txt"] == TALK.encode()
    assert found["transcripts/02_2026-02-12_2026-02-12-zoom.vtt"] == SESSION.read_bytes()
    assert b"C: Busy. I kept thinking" in found["transcripts/01_2026-02-05_words.txt"]
    made = analysis_from_dict(json.loads(found["analyses/02_2026-02-12.json"]))
    assert made.episodes
    assert found["report.pdf"].startswith(b"%PDF-")
    entry = Entry.objects.get(action="client.export")
    assert (entry.client, entry.actor) == (full.pk, f"user:{therapist.pk}")


def test_the_record_has_every_row(therapist: User, full: Client) -> None:
    told = json.loads(unpacked(therapist, full)["record.json"])
    assert told["schema"] == "reattune.client/1"
    assert told["client"]["name"] == "Fern"
    assert len(told["consents"]) == 5
    assert told["appointments"][0]["status"] == "late"
    assert told["answers"][0]["answers"] == {"1": 5, "2": 6, "3": 5, "4": 6, "5": 2}
    first, second = told["sessions"]
    assert first["turns"][0]["text"] == "Good to see you. How was the week?"
    assert second["judgements"][0]["verdict"] == "added"
    assert second["noticed"][0]["yes"] is False
    assert second["remarks"][0]["text"] == "=Ask about the sister."
    assert second["appointment"] == "2026-02-12T10:00:00+00:00"
    assert second["episodes"]


def test_the_record_leaves_no_field_out() -> None:
    """A field that is added to a model belongs in the export, or here with a reason."""
    kept = {
        Client: record.CLIENT, models.Session: record.SESSION, models.Turn: record.TURN,
        models.Episode: record.EPISODE, models.Judgement: record.JUDGEMENT,
        models.Note: record.NOTE, models.Noticed: record.NOTICED, Answer: record.ANSWER,
    }  # fmt: skip
    apart = {
        "id", "client", "session", "practice", "therapist",  # ids and whose it is
        "by", "author", "entered_by", "link",  # who works in the practice
        "stale", "file", "appointment", "opened_at",  # the program's own; the appointment's start
    }  # fmt: skip
    for model, names in kept.items():
        fields = {field.name for field in model._meta.concrete_fields}
        assert fields - set(names) - apart == set(), model


def test_the_record_is_documented() -> None:
    page = (ROOT / "docs" / "client-record.md").read_text("utf-8")
    names = {
        *record.CLIENT, *record.CONSENT, *record.APPOINTMENT, *record.ANSWER, *record.SIGNAL,
        *record.SESSION, *record.TURN, *record.EPISODE, *record.JUDGEMENT, *record.NOTICED,
        *record.NOTE, *record.PACKET, *record.MOMENT, *record.LINE,
    }  # fmt: skip
    assert record.SCHEMA in page
    assert {name for name in names if f"`{name}`" not in page} == set()


def test_tables_open_in_a_spreadsheet_without_formulas(therapist: User, full: Client) -> None:
    full.appointments.create(starts=datetime(2026, 2, 19, 10, tzinfo=UTC), uid="=cmd()")
    found = unpacked(therapist, full)
    rows = list(csv.DictReader(io.StringIO(found["appointments.csv"].decode())))
    assert [row["uid"] for row in rows] == ["x", "'=cmd()"]
    rows = list(csv.DictReader(io.StringIO(found["answers.csv"].decode())))
    assert [(row["item"], row["answer"]) for row in rows][:2] == [("1", "5"), ("2", "6")]
    rows = list(csv.DictReader(io.StringIO(found["scores.csv"].decode())))
    assert rows[0]["measure"] == "checkin_client"


def test_a_missing_original_is_told_and_the_rest_is_there(therapist: User, full: Client) -> None:
    session = full.sessions.first()
    assert session is not None
    files.remove(session.file)
    found = unpacked(therapist, full)
    assert b"The original of session 01_2026-02-05: The file is gone." in found["MISSING.txt"]
    assert "transcripts/01_2026-02-05_words.txt" in found
    assert json.loads(found["record.json"])["sessions"][0]["turns"]


def test_a_client_without_records_is_exported_too(therapist: User) -> None:
    found = unpacked(therapist, make_client(therapist, "Ünï / <x>", consents=False))
    assert json.loads(found["record.json"])["sessions"] == []
    assert found["report.pdf"].startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("con:<>|?*.txt", "con_.txt"),
        ("...", "transcript"),
        ("", "transcript"),
    ],
)
def test_names_in_the_zip_lead_nowhere(name: str, safe: str) -> None:
    assert export.safe(name) == safe


def test_the_name_of_the_zip_has_only_plain_letters(therapist: User) -> None:
    assert export.file_name(make_client(therapist, 'Ü "x"\n/..')).startswith("x-2")
    assert export.file_name(make_client(therapist, "Ж")).startswith("client-2")


def test_scores_of_all_own_clients(
    therapist: User, full: Client, colleague: User, supervisor: User
) -> None:
    answer(make_client(colleague, "Yew"), 12, 1, 1, 1, 1, 7)
    page = signed_in(therapist).get("/scores.csv").getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(page)))
    assert {row["client"] for row in rows} == {"Fern"}
    assert Entry.objects.filter(action="scores.export").count() == 1
    assert signed_in(supervisor).get("/scores.csv").status_code == 403
    assert full.answers.exists()


def test_the_report_has_no_word_of_a_session(therapist: User, full: Client, tmp_path: Path) -> None:
    """Its text is compressed, so it is looked at before it is set."""
    from reattune.follow import follow_reads
    from reattune.report.course_pdf import page
    from reattune.web.followup.course import records_of

    records = records_of(full)
    told = page(follow_reads(records.course, records.reads), date(2026, 11, 26))
    text = json.dumps(told)
    assert told["name"] == "Fern"
    assert told["signals"] or told["left_out"]
    for words in ("thought record", "sister", "Busy."):
        assert words not in text
    assert "never a verdict" in told["disclaimer"]
    assert tmp_path.exists()
    assert therapist.name not in text
