"""Consents one by one, and what taking one back deletes."""

from __future__ import annotations

import pytest
from django.utils import timezone

from reattune.web import files
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.clients import consents, wording
from reattune.web.clients.models import PURPOSES, Client
from reattune.web.followup.models import Signal
from reattune.web.reviews import ingest, models, queue
from tests.conftest import TALK
from tests.web.conftest import make_client, signed_in
from tests.web.packets import make_packet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def read(client_record: Client, therapist: User) -> models.Session:
    """A session that was read, with a label, a note and a derived signal."""
    session = ingest.take(client_record, "2026-02-12.txt", TALK.encode())
    assert queue.work_once("test")
    session.judgements.create(turn=5, code="complaint", verdict="added", by=therapist)
    session.noticed.create(turn=5, yes=True, by=therapist)
    session.remarks.create(turn=5, text="Ask about the form.", author=therapist)
    Signal.objects.create(
        client=client_record, session=1, source="words", kind="rupture", rule="x", level="micro"
    )
    assert session.analyses.exists()
    return session


def test_the_wording_is_complete_in_each_language() -> None:
    assert wording.languages() == ["en", "de", "es"]
    for language in wording.languages():
        sheet = wording.sheet(language)
        assert [one.purpose for one in sheet.wordings] == [purpose for purpose, _ in PURPOSES]
        assert all(one.title and one.asks and one.withdrawn for one in sheet.wordings)
    assert wording.sheet("fr").language == "en"


def test_a_consent_has_its_day_and_the_version_of_its_wording(therapist: User) -> None:
    client, browser = make_client(therapist, consents=False), signed_in(therapist)
    told = {"purpose": "recording", "given_on": "2026-02-01"}
    browser.post(f"/clients/{client.pk}/consents/", told)
    browser.post(f"/clients/{client.pk}/consents/", told)
    consent = client.consents.get()
    assert (consent.purpose, str(consent.given_on)) == ("recording", "2026-02-01")
    assert (consent.wording, consent.recorded_by) == (wording.current_version(), therapist)
    page = browser.get(f"/clients/{client.pk}/consents/").content.decode()
    assert "Given on Feb. 1, 2026" in page
    assert page.count("not given") == 4


@pytest.mark.parametrize("day", ["", "1.2.2026", "2999-01-01"])
def test_a_consent_needs_a_day_that_has_been(therapist: User, day: str) -> None:
    client = make_client(therapist, consents=False)
    told = {"purpose": "recording", "given_on": day}
    answer = signed_in(therapist).post(f"/clients/{client.pk}/consents/", told)
    assert answer.status_code == 200
    assert 'class="error"' in answer.content.decode()
    assert not client.consents.exists()


def test_the_wording_can_be_read_out_in_the_clients_language(therapist: User) -> None:
    client = make_client(therapist)
    Client.objects.update(language="de")
    browser = signed_in(therapist)
    page = browser.get(f"/clients/{client.pk}/consents/text/").content.decode()
    assert "Schriftliche Protokolle" in page
    page = browser.get(f"/clients/{client.pk}/consents/text/?language=es").content.decode()
    assert "Transcripciones" in page
    assert browser.get(f"/clients/{client.pk}/consents/text/?version=1").status_code == 404


def test_taking_analysis_back_says_what_goes_and_deletes_it(
    therapist: User, client_record: Client, read: models.Session
) -> None:
    browser, address = (
        signed_in(therapist),
        f"/clients/{client_record.pk}/consents/analysis/revoke/",
    )
    page = browser.get(address).content.decode()
    assert "This goes at once" in page
    assert "episode" in page
    assert read.analyses.exists()
    browser.post(address)
    for model in (models.Analysis, models.Episode, models.Job, models.Judgement, models.Noticed):
        assert not model.objects.filter(session=read).exists(), model
    assert not models.Finding.objects.exists()
    assert not client_record.signals.exists()
    assert read.turns.count() == 14
    assert read.remarks.get().text == "Ask about the form."
    assert files.fetch(read.file) == TALK.encode()
    consent = client_record.consents.get(purpose="analysis")
    assert consent.revoked_at
    assert consent.revoked_by == therapist
    entry = Entry.objects.filter(action="consent.revoke").get()
    assert entry.detail["purpose"] == "analysis"
    assert entry.detail["findings"] > 0
    assert queue.enqueue(read) is None
    assert browser.get(f"/sessions/{read.pk}/").status_code == 200


def test_a_consent_given_again_has_the_transcripts_read(
    therapist: User, client_record: Client, read: models.Session
) -> None:
    consents.revoke(client_record, "analysis", therapist)
    consents.give(client_record, "analysis", timezone.localdate(), therapist)
    assert read.jobs.get().state == "waiting"
    assert queue.work_once("test")
    assert read.analyses.filter(current=True).count() == 1
    assert client_record.consents.filter(purpose="analysis").count() == 2


def test_taking_transcription_back_leaves_no_word(
    therapist: User, client_record: Client, read: models.Session
) -> None:
    client_record.appointments.create(starts=timezone.now())
    signed_in(therapist).post(f"/clients/{client_record.pk}/consents/transcription/revoke/")
    assert not client_record.sessions.exists()
    assert not models.Turn.objects.exists()
    assert not models.Note.objects.exists()
    assert not files.place(read.file).exists()
    assert client_record.appointments.exists()
    with pytest.raises(Exception, match="consented"):
        ingest.take(client_record, "2026-02-12.txt", TALK.encode())


def test_taking_supervision_back_closes_shares_at_once(
    therapist: User, supervisor: User, client_record: Client, read: models.Session
) -> None:
    packet = make_packet(read, supervisor, first=0, last=4)
    browser, address = signed_in(therapist), f"/clients/{client_record.pk}/consents/supervision"
    assert "open share is closed" in browser.get(f"{address}/revoke/").content.decode()
    browser.post(f"{address}/revoke/")
    packet.refresh_from_db()
    assert packet.ended_at


@pytest.mark.parametrize("purpose", ["recording", "research"])
def test_other_purposes_only_change_their_flag(
    therapist: User, client_record: Client, read: models.Session, purpose: str
) -> None:
    signed_in(therapist).post(f"/clients/{client_record.pk}/consents/{purpose}/revoke/")
    assert not client_record.consents_to(purpose)
    assert read.analyses.exists()
    assert client_record.sessions.exists()


def test_a_purpose_that_does_not_exist_is_not_found(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    assert browser.get(f"/clients/{client_record.pk}/consents/money/revoke/").status_code == 404


def test_a_worker_that_ends_after_the_consent_went_keeps_nothing(
    therapist: User, client_record: Client
) -> None:
    session = ingest.take(client_record, "2026-02-12.txt", TALK.encode())
    job = queue.claim("worker")
    assert job is not None
    consents.revoke(client_record, "analysis", therapist)
    queue.run(job)
    assert not session.analyses.exists()
    consents.give(client_record, "analysis", timezone.localdate(), therapist)
    with pytest.raises(queue.Lost):  # the job of before is gone, whatever was consented since
        queue.run(job)
    assert not session.analyses.exists()
    assert session.jobs.get().state == "waiting"
