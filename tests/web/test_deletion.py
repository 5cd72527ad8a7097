"""Deletion: shown before, confirmed, and nothing left of a word anywhere."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from reattune.web import files
from reattune.web.accounts.models import User
from reattune.web.audit import chain
from reattune.web.audit.models import Entry
from reattune.web.clients import consents, deletion
from reattune.web.clients.models import Client
from reattune.web.followup.models import Signal, Summary
from reattune.web.followup.refresh import refresh
from reattune.web.reviews import ingest, models, queue
from reattune.web.sharing.models import Line, Packet
from tests.conftest import TALK
from tests.web.conftest import make_client, signed_in
from tests.web.packets import make_packet

pytestmark = pytest.mark.django_db(transaction=True)

WORD = "quizzaciously"  # planted wherever something can be said
STEM = "zzaci"  # of it, as the search index holds it: without its ending and a shared beginning
NAME = "Wyvernmoss"


def planted(therapist: User, supervisor: User) -> Client:
    """A client with the word in everything that is kept of them."""
    client = make_client(therapist, NAME)
    words = TALK.replace("sister", WORD)
    for n, day in enumerate(("2026-02-05", "2026-02-12", "2026-02-19")):
        text = words.replace("Sunday", f"{WORD} {n}").encode()
        ingest.take(client, f"{day} {WORD}.txt", text)
    while queue.work_once("test"):
        pass
    for session in client.sessions.all():
        session.judgements.create(turn=5, code="complaint", verdict="added", by=therapist)
        session.noticed.create(turn=5, yes=True, by=therapist)
        session.remarks.create(turn=5, text=f"{WORD} again", author=therapist)
        make_packet(session, supervisor, first=0, last=4, question=f"What of the {WORD}?")
    client.appointments.create(starts=datetime(2026, 2, 5, 10, tzinfo=UTC), uid=f"{WORD}@x")
    client.answers.create(
        measure="checkin_client", rater="client", about=date(2026, 2, 5),
        answers={"1": 5, "2": 5, "3": 5, "4": 5, "5": 1}, how="link",
    )  # fmt: skip
    client.links.create(
        token_hash="f" * 64, measure="checkin_client", about=date(2026, 2, 5), made_by=therapist,
        expires=timezone.now() + timedelta(days=3),
    )  # fmt: skip
    refresh(client)
    return client


def everywhere(*words: str) -> list[str]:
    """The tables and files that hold one of the words, in any column, as text or as bytes."""
    found, wanted = [], [word.lower().encode() for word in words]
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                held = b"\n".join(as_bytes(cell) for cell in row).lower()
                found += [table for word in wanted if word in held]
    folder = files.folder()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = files.fetch(str(path.relative_to(folder))).lower()
        found += [path.name for word in wanted if word in content]
    return sorted(set(found))


def tables() -> list[str]:
    """Every table, those of the search index as well."""
    if connection.vendor == "postgresql":
        return connection.introspection.table_names()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [name for (name,) in cursor.fetchall()]


def as_bytes(cell: object) -> bytes:
    if isinstance(cell, bytes | memoryview):
        return bytes(cell)
    return str(cell).encode()


def test_what_will_go_is_shown_and_looking_deletes_nothing(
    therapist: User, supervisor: User
) -> None:
    client = planted(therapist, supervisor)
    page = signed_in(therapist).get(f"/clients/{client.pk}/delete/").content.decode()
    for number, what in [
        (3, "sessions with their transcripts"), (42, "turns of words"), (3, "notes of yours"),
        (3, "shares with supervisors"), (1, "check-in"), (1, "appointment"), (5, "consents"),
        (1, "link to a form"),
    ]:  # fmt: skip
        assert f"<b>{number}</b> <span>{what}" in page, what
    assert client.sessions.count() == 3


@pytest.mark.parametrize("typed", ["", "fern", "Wyvern moss", "yes"])
def test_without_the_pseudonym_nothing_is_deleted(
    therapist: User, supervisor: User, typed: str
) -> None:
    client = make_client(therapist, NAME)
    answer = signed_in(therapist).post(f"/clients/{client.pk}/delete/", {"name": typed})
    assert answer.status_code == 200
    assert 'class="error"' in answer.content.decode()
    assert Client.objects.filter(pk=client.pk).exists()
    assert supervisor


def test_nothing_of_a_deleted_client_is_left_anywhere(therapist: User, supervisor: User) -> None:
    kept = make_client(therapist, "Larch")
    other = ingest.take(kept, "2026-02-05.txt", TALK.encode())
    client = planted(therapist, supervisor)
    browser = signed_in(therapist)
    for page in ("", "consents/", "appointments/", "export/", "details/"):
        browser.get(f"/clients/{client.pk}/{page}")
    browser.post(f"/clients/{client.pk}/export/").getvalue()
    said = {"reviews_turn", "reviews_note", "sharing_packet", "sharing_line"}
    assert said <= set(everywhere(WORD))
    if connection.vendor == "sqlite":
        assert "reviews_turn_search_data" in everywhere(STEM)
    assert len([p for p in files.folder().rglob("*") if p.is_file()]) == 4
    answer = browser.post(f"/clients/{client.pk}/delete/", {"name": f" {NAME.lower()} "})
    assert answer.headers["Location"] == "/clients/"
    assert everywhere(WORD, NAME, STEM) == []
    assert [p.name for p in files.folder().rglob("*") if p.is_file()] == [str(other.pk)]
    for model in (models.Turn, models.Job, models.Analysis, models.Episode):
        assert set(model.objects.values_list("session", flat=True)) == {other.pk}, model
    assert set(models.Finding.objects.values_list("analysis__session", flat=True)) == {other.pk}
    for model in (models.Judgement, models.Noticed, models.Note, Packet, Line):
        assert not model.objects.exists(), model
    for model in (Signal, Summary):
        assert not model.objects.filter(client_id=client.pk).exists(), model
    entry = Entry.objects.get(action="client.delete")
    assert (entry.client, entry.target) == (client.pk, f"client:{client.pk}")
    assert entry.detail["sessions"] == 3
    assert all(isinstance(number, int) for number in entry.detail.values())
    assert list(chain.verify()) == []
    assert browser.get(f"/clients/{client.pk}/").status_code == 404


def test_a_single_session_goes_and_what_rested_on_it(therapist: User, supervisor: User) -> None:
    client = planted(therapist, supervisor)
    first, second, third = client.sessions.all()
    second.turns.filter(number=0).update(text="Only here: xylophagous.")
    second.remarks.update(text="xylophagous")
    browser, address = signed_in(therapist), f"/sessions/{second.pk}/delete/"
    assert "<b>14</b> <span>turns of words" in browser.get(address).content.decode()
    assert "not the pseudonym" in browser.post(address, {"name": "x"}).content.decode()
    answer = browser.post(address, {"name": NAME})
    assert answer.headers["Location"] == f"/clients/{client.pk}/"
    assert everywhere("xylophagous", str(second.pk).replace("-", "")) in ([], ["audit_entry"])
    assert not files.place(second.file).exists()
    assert list(client.sessions.values_list("pk", "number")) == [(first.pk, 1), (third.pk, 2)]
    assert client.answers.exists()
    assert client.appointments.exists()
    waiting = models.Job.objects.filter(state="waiting").values_list("session", flat=True)
    assert list(waiting) == [third.pk]  # its client's habit rested on the session that went
    client.refresh_from_db()
    assert client.stale
    entry = Entry.objects.get(action="session.delete")
    assert (entry.target, entry.detail["turns"]) == (f"session:{second.pk}", 14)


def test_files_go_only_once_the_deletion_holds(
    therapist: User, supervisor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = planted(therapist, supervisor)
    names = list(client.sessions.values_list("file", flat=True))

    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Client, "delete", fail)
    with pytest.raises(RuntimeError):
        deletion.delete(client, therapist)
    assert all(files.place(name).exists() for name in names)
    assert client.sessions.count() == 3
    assert not Entry.objects.filter(action="client.delete").exists()


@pytest.mark.parametrize("what", ["revoke", "delete"])
def test_a_worker_that_reads_meanwhile_leaves_nothing(therapist: User, what: str) -> None:
    """Taking back and deleting race with the end of a job, at several moments."""
    for n, pause in enumerate((0.0, 0.15, 0.3, 0.45, 0.6)):
        client = make_client(therapist, f"{NAME} {n}")
        ingest.take(client, "2026-02-05.txt", TALK.encode())
        errors: list[BaseException] = []

        def work(errors: list[BaseException] = errors) -> None:
            try:
                queue.work_once("racer")
            except BaseException as error:
                errors.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        threading.Event().wait(pause)
        if what == "revoke":
            consents.revoke(client, "analysis", therapist)
        else:
            deletion.delete(client, therapist)
        thread.join()
        assert errors == []
        for model in (models.Analysis, models.Episode, models.Finding, models.Job):
            assert not model.objects.exists(), (model, pause)


def test_three_people(
    client_record: Client, stranger: User, colleague: User, supervisor: User, tmp_path: Path
) -> None:
    session = ingest.take(client_record, "2026-02-05.txt", TALK.encode())
    for address in (f"/clients/{client_record.pk}/delete/", f"/sessions/{session.pk}/delete/"):
        for user, status in ((stranger, 404), (colleague, 404), (supervisor, 403)):
            assert signed_in(user).post(address, {"name": "Fern"}).status_code == status
    assert Client.objects.filter(pk=client_record.pk).exists()
    assert client_record.sessions.exists()
    assert tmp_path.exists()
