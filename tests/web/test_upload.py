"""Uploads: each file told apart, dates in a second step, speakers told, limits said."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone

from reattune.readers.decode import MAX_BYTES
from reattune.web import files
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.reviews import ingest, models, queue, receiving
from tests.conftest import TALK
from tests.web.conftest import make_client, signed_in

pytestmark = pytest.mark.django_db(transaction=True)

UNCLEAR = """\
Robin: Hello there.
Sasha: Hello.
Robin: It is cold today.
Sasha: It is, rather.
Robin: The bus was late.
Sasha: Mine too.
"""


def send(browser: Browser, client: Client, *sent: tuple[str, bytes]) -> str:
    uploads = [SimpleUploadedFile(name, data) for name, data in sent]
    answer = browser.post(f"/clients/{client.pk}/upload/", {"files": uploads})
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_each_file_is_told_apart(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    send(browser, client_record, ("2026-02-01.txt", TALK.replace("Sunday", "Monday").encode()))
    page = send(
        browser,
        client_record,
        ("2026-02-12.txt", TALK.encode()),
        ("again 2026-02-01.txt", TALK.replace("Sunday", "Monday").encode()),
        ("scan.pdf", b"%PDF-1.7 ..."),
        ("empty.txt", b""),
        ("talk.txt", UNCLEAR.encode()),
    )
    assert "Taken; it is being read." in page
    assert "Here already:" in page
    assert "This is a PDF. Export the transcript as DOCX or plain text" in page
    assert "The file holds no text." in page
    assert "who is the therapist?" in page
    assert client_record.sessions.count() == 3
    assert models.Job.objects.count() == 2
    states = dict(client_record.sessions.values_list("source", "state"))
    assert states["talk.txt"] == "roles"


def test_the_same_file_twice_at_once_is_taken_once(therapist: User, client_record: Client) -> None:
    page = send(signed_in(therapist), client_record, *[("2026-02-12.txt", TALK.encode())] * 2)
    assert page.count("Here already:") == 1
    assert client_record.sessions.count() == 1


def test_no_file_at_all_is_said(therapist: User, client_record: Client) -> None:
    answer = signed_in(therapist).post(f"/clients/{client_record.pk}/upload/", {})
    assert "No file arrived" in answer.content.decode()


def test_a_file_over_the_limit_is_refused_and_the_others_are_taken(
    therapist: User, client_record: Client
) -> None:
    page = send(
        signed_in(therapist),
        client_record,
        ("huge.txt", b"x" * (MAX_BYTES + 1)),
        ("2026-02-12.txt", TALK.encode()),
    )
    assert "The file is larger than 64 MB. Split it" in page
    assert "Taken; it is being read." in page
    assert client_record.sessions.count() == 1


def test_a_request_over_the_limit_keeps_what_came_before(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.test import RequestFactory

    monkeypatch.setattr(receiving, "MOST_BYTES", 3 << 16)
    sent = [SimpleUploadedFile(f"{n}.txt", b"x" * (1 << 16)) for n in range(5)]
    request = RequestFactory().post("/", {"files": sent})
    handler = receiving.Memory(request)
    request.upload_handlers = [handler]
    assert [file.name for file in request.FILES.getlist("files")] == ["0.txt", "1.txt", "2.txt"]
    assert handler.refused == [("3.txt", receiving.NOT_TAKEN)]


def test_over_a_hundred_files_are_told(therapist: User, client_record: Client) -> None:
    sent = [SimpleUploadedFile(f"{n}.txt", b"") for n in range(101)]
    answer = signed_in(therapist).post(
        f"/clients/{client_record.pk}/upload/", {"files": sent}, follow=True
    )
    assert "more than 100 files" in answer.content.decode()


def test_an_upload_needs_the_token_of_the_form(therapist: User, client_record: Client) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(therapist, "django.contrib.auth.backends.ModelBackend")
    sent = {"files": [SimpleUploadedFile("2026-02-12.txt", TALK.encode())]}
    assert browser.post(f"/clients/{client_record.pk}/upload/", sent).status_code == 403
    token = browser.get(f"/clients/{client_record.pk}/upload/").context["csrf_token"]
    sent = {
        "csrfmiddlewaretoken": str(token),
        "files": [SimpleUploadedFile("2026-02-12.txt", TALK.encode())],
    }
    assert browser.post(f"/clients/{client_record.pk}/upload/", sent).status_code == 200


def test_without_transcription_nothing_is_kept(therapist: User) -> None:
    client = make_client(therapist, "Yew", consents=False)
    browser = signed_in(therapist)
    assert (
        "Transcripts need a consent"
        in browser.get(f"/clients/{client.pk}/upload/").content.decode()
    )
    page = send(browser, client, ("2026-02-12.txt", TALK.encode()))
    assert "has not consented to transcripts being kept" in page
    assert not client.sessions.exists()
    assert not files.folder().exists()


def test_without_analysis_it_is_kept_but_not_read(therapist: User) -> None:
    client = make_client(therapist, "Yew", consents=False)
    client.consents.create(
        purpose="transcription", given_on=date(2026, 1, 5), wording="2026-11", recorded_by=therapist
    )
    page = send(signed_in(therapist), client, ("2026-02-12.txt", TALK.encode()))
    assert "it is not read, as the client has not consented to analysis" in page
    assert client.sessions.get().state == "ready"
    assert not models.Job.objects.exists()
    assert not queue.work_once("test")


def test_three_people(
    client_record: Client, stranger: User, colleague: User, supervisor: User, administrator: User
) -> None:
    address = f"/clients/{client_record.pk}/upload/"
    for user, status in (
        (stranger, 404),
        (colleague, 404),
        (supervisor, 403),
        (administrator, 403),
    ):
        sent = {"files": [SimpleUploadedFile("2026-02-12.txt", TALK.encode())]}
        assert signed_in(user).post(address, sent).status_code == status
    assert not client_record.sessions.exists()
    session = ingest.take(client_record, "2026-02-12.txt", TALK.encode())
    for page in ("details/", "speakers/", "delete/"):
        for user, status in ((stranger, 404), (colleague, 404), (supervisor, 403)):
            assert signed_in(user).get(f"/sessions/{session.pk}/{page}").status_code == status
            told = {"name": "Fern", "therapist": "C", "held_on": "2026-01-01"}
            answer = signed_in(user).post(f"/sessions/{session.pk}/{page}", told)
            assert answer.status_code == status
    for page in ("again/", "cancel/"):
        assert signed_in(stranger).post(f"/reading/{session.pk}/{page}").status_code == 404
    assert "Fern" not in signed_in(stranger).get("/reading/").content.decode()
    session.refresh_from_db()
    assert session.held_on == date(2026, 2, 12)
    assert session.jobs.get().state == "waiting"


# Dates


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2026-03-05-zoom.vtt", date(2026, 3, 5)),
        ("GMT20260305-140000_Recording.vtt", date(2026, 3, 5)),
        ("20260305140000.txt", date(2026, 3, 5)),
        ("Sitzung 5.3.2026.docx", date(2026, 3, 5)),
        ("session 2026_03_05.txt", date(2026, 3, 5)),
        ("2026-13-05.txt", None),
        ("2026-02-31.txt", None),
        ("2099-01-01.txt", None),
        ("120260305.txt", None),
        ("session 3.txt", None),
    ],
)
def test_the_date_is_found_in_the_name(name: str, day: date | None) -> None:
    assert ingest.date_in(name) == day


def test_dates_are_told_in_a_second_step(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    page = send(
        browser,
        client_record,
        ("one.txt", TALK.encode()),
        ("2026-02-12.txt", TALK.replace("Sunday", "Monday").encode()),
    )
    assert "the name has no date" in page
    assert "from the file" in page
    one = client_record.sessions.get(source="one.txt")
    assert one.held_on == timezone.localdate()
    answer = browser.post(
        f"/clients/{client_record.pk}/upload/dates/", {f"day-{one.pk}": "2026-02-05"}, follow=True
    )
    assert "1 dates were changed" in answer.content.decode()
    numbers = client_record.sessions.values_list("source", "number")
    assert dict(numbers) == {"one.txt": 1, "2026-02-12.txt": 2}


@pytest.mark.parametrize("day", ["", "soon", "2999-01-01"])
def test_a_date_that_cannot_be_is_told(therapist: User, client_record: Client, day: str) -> None:
    session = ingest.take(client_record, "2026-02-12.txt", TALK.encode())
    browser = signed_in(therapist)
    told = {f"day-{session.pk}": day}
    page = browser.post(f"/clients/{client_record.pk}/upload/dates/", told, follow=True)
    assert "day" in page.content.decode()
    page = browser.post(f"/sessions/{session.pk}/details/", {"held_on": day})
    assert 'class="error"' in page.content.decode()
    session.refresh_from_db()
    assert session.held_on == date(2026, 2, 12)


def test_a_session_of_another_client_is_never_moved(therapist: User, client_record: Client) -> None:
    session = ingest.take(make_client(therapist, "Yew"), "2026-02-12.txt", TALK.encode())
    told = {f"day-{session.pk}": "2026-01-01", "day-x": "2026-01-01"}
    signed_in(therapist).post(f"/clients/{client_record.pk}/upload/dates/", told)
    session.refresh_from_db()
    assert session.held_on == date(2026, 2, 12)


def test_sessions_after_a_moved_one_are_read_again(therapist: User, client_record: Client) -> None:
    days = [date(2026, 2, 1) + timedelta(days=7 * n) for n in range(3)]
    rows = [
        ingest.take(client_record, f"{day}.txt", TALK.replace("Sunday", str(day)).encode())
        for day in days
    ]
    while queue.work_once("test"):
        pass
    signed_in(therapist).post(f"/sessions/{rows[2].pk}/details/", {"held_on": "2026-02-05"})
    open_jobs = models.Job.objects.filter(state="waiting").values_list("session", flat=True)
    assert set(open_jobs) == {rows[1].pk, rows[2].pk}


# Speakers


def take_unclear(client: Client) -> models.Session:
    return ingest.take(client, "2026-02-12.txt", UNCLEAR.encode())


def roles(session: models.Session) -> dict[str, str]:
    return dict(session.turns.values_list("speaker", "role"))


def test_who_the_therapist_is_is_asked_with_first_turns(
    therapist: User, client_record: Client
) -> None:
    session = take_unclear(client_record)
    browser = signed_in(therapist)
    page = browser.get(f"/sessions/{session.pk}/speakers/").content.decode()
    for words in ("Who is the therapist?", "Robin", "Sasha", "It is cold today.", "Mine too."):
        assert words in page
    assert not session.jobs.exists()
    answer = browser.post(f"/sessions/{session.pk}/speakers/", {"therapist": "Sasha"})
    assert answer.headers["Location"] == f"/sessions/{session.pk}/"
    session.refresh_from_db()
    assert (session.state, session.therapist_label) == ("ready", "Sasha")
    assert roles(session) == {"Robin": "client", "Sasha": "therapist"}
    assert session.jobs.get().state == "waiting"
    assert queue.work_once("test")
    assert session.analyses.get().current


def test_speakers_are_renamed_and_merged_and_the_session_is_read_again(
    therapist: User, client_record: Client
) -> None:
    three = TALK.replace("C: Odd.", "Caller: Odd.")
    session = ingest.take(client_record, "2026-02-12.txt", three.encode(), therapist="T")
    while queue.work_once("test"):
        pass
    session.remarks.create(turn=1, text="a note", author=therapist)
    told = {
        "name-0": "Thea", "role-0": "therapist", "name-1": "Fern", "role-1": "client",
        "name-2": " Fern ", "role-2": "client",
    }  # fmt: skip
    signed_in(therapist).post(f"/sessions/{session.pk}/speakers/", told)
    assert roles(session) == {"Thea": "therapist", "Fern": "client"}
    assert session.turns.count() == 14
    session.refresh_from_db()
    assert session.roles["by"] == "told"
    assert session.jobs.filter(state="waiting").count() == 1
    assert queue.work_once("test")
    assert session.analyses.filter(current=True).count() == 1
    assert session.remarks.exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name-0": ""}, "has no name"),
        ({"name-0": "x" * 81}, "has no name"),
        ({"role-1": "therapist"}, "one therapist and a client"),
        ({"role-0": "client"}, "one therapist and a client"),
        ({"role-1": "other"}, "one therapist and a client"),
        ({"name-1": "T"}, "One name has two roles"),
        ({"therapist": "Nobody"}, "No speaker"),
    ],
)
def test_speakers_that_cannot_be_are_told_and_kept_as_typed(
    therapist: User, client_record: Client, change: dict[str, str], says: str
) -> None:
    session = ingest.take(client_record, "2026-02-12.txt", TALK.encode())
    told: dict[str, Any] = {
        "name-0": "T", "role-0": "therapist", "name-1": "Typed", "role-1": "client", **change
    }  # fmt: skip
    answer = signed_in(therapist).post(f"/sessions/{session.pk}/speakers/", told)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert says in page
    if "name-1" not in change:
        assert 'value="Typed"' in page
    assert roles(session) == {"T": "therapist", "C": "client"}


def test_labels_that_no_longer_fit_a_speaker_are_taken_back(
    therapist: User, client_record: Client
) -> None:
    session = ingest.take(client_record, "2026-02-12.txt", TALK.encode())
    session.judgements.create(turn=5, code="complaint", verdict="added", by=therapist)
    signed_in(therapist).post(f"/sessions/{session.pk}/speakers/", {"therapist": "C"})
    assert roles(session) == {"T": "client", "C": "therapist"}
    assert session.judgements.last().verdict == "cleared"


# Files


def test_the_transcript_is_stored_encrypted_and_comes_back(client_record: Client) -> None:
    session = ingest.take(client_record, "2026-02-12.txt", TALK.encode())
    sealed = files.place(session.file).read_bytes()
    assert b"thought record" not in sealed
    assert files.fetch(session.file) == TALK.encode()


def test_a_file_that_cannot_be_read_leaves_nothing_behind(client_record: Client) -> None:
    with pytest.raises(Exception, match="PDF"):
        ingest.take(client_record, "x.pdf", b"%PDF-1.7")
    assert not files.folder().exists()


def test_memory_hands_out_a_whole_file() -> None:
    handler = receiving.Memory()
    handler.new_file("files", "a.txt", "text/plain", 6)
    handler.receive_data_chunk(b"abc", 0)
    handler.receive_data_chunk(b"def", 3)
    made = handler.file_complete(6)
    assert made.read() == b"abcdef"
    assert isinstance(made.file, BytesIO)
