"""What the operations of the API do: the same as the pages, by the same functions."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from reattune.schema import analysis_from_dict
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.checkins.models import Link
from reattune.web.clients.models import Appointment, Client
from reattune.web.reviews import models, queue
from tests.web.conftest import SESSION, make_client, signed_in
from tests.web.packets import make_packet
from tests.web.program import FLAGGED, TRANSCRIPT, Program, program, read_session

pytestmark = pytest.mark.django_db

Most = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture
def own(therapist: User) -> Program:
    """The therapist's program, with every scope."""
    return program(therapist)


@pytest.fixture
def session(client_record: Client) -> models.Session:
    return read_session(client_record)


def file(content: bytes = TRANSCRIPT, name: str = "2026-03-12.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


# Clients


def test_a_client_is_made_changed_put_away_and_brought_back(own: Program, therapist: User) -> None:
    sent = {"name": " Ash ", "language": "de", "consents": ["transcription", "analysis"]}
    made = own.do("POST", "/clients", sent)
    assert (made["name"], made["language"], made["telehealth"]) == ("Ash", "de", False)
    assert made["consents"] == ["transcription", "analysis"]
    path = f"/clients/{made['id']}"
    changed = own.do("PATCH", path, {"telehealth": True, "started": "2026-01-05"})
    assert (changed["name"], changed["telehealth"], changed["started"]) == (
        "Ash",
        True,
        "2026-01-05",
    )
    changed = own.do("PATCH", path, {"name": "Rowan", "started": None, "ended": "2026-06-01"})
    assert (changed["name"], changed["telehealth"], changed["started"]) == ("Rowan", True, None)
    assert own.do("PATCH", path, {"ended": None})["ended"] is None
    assert own.do("POST", f"{path}/archive")["archived"] is True
    assert own.get("/clients")["total"] == 0
    assert own.get("/clients?archived=true")["items"][0]["name"] == "Rowan"
    assert own.do("POST", f"{path}/unarchive")["archived"] is False
    client = Client.objects.get()
    assert (client.therapist, client.practice) == (therapist, therapist.practice)
    assert client.stale


def test_days_to_come_are_refused(own: Program, client_record: Client) -> None:
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    path = f"/clients/{client_record.pk}"
    for method, at, sent in (
        ("PATCH", path, {"started": tomorrow}),
        ("PATCH", path, {"ended": tomorrow}),
        ("POST", f"{path}/consents", {"purpose": "research", "given_on": tomorrow}),
    ):
        assert own(method, at, sent).status_code == 422
    client_record.refresh_from_db()
    assert (client_record.started, client_record.ended) == (None, None)


def test_lists_come_in_pages(own: Program, therapist: User) -> None:
    for name in "DABEC":
        make_client(therapist, name, consents=False)
    first = own.get("/clients?limit=2")
    assert [one["name"] for one in first["items"]] == ["A", "B"]
    assert (first["total"], first["limit"], first["offset"]) == (5, 2, 0)
    assert [one["name"] for one in own.get("/clients?limit=2&offset=4")["items"]] == ["E"]
    assert own.get("/clients?offset=9")["items"] == []


def test_consents_are_given_and_taken_back_with_what_follows(
    own: Program, client_record: Client, session: models.Session
) -> None:
    path = f"/clients/{client_record.pk}/consents"
    gone = own.do("DELETE", f"{path}/analysis")["gone"]
    assert gone["findings"] == 3
    assert not session.analyses.exists()
    assert own("DELETE", f"{path}/analysis").status_code == 404
    assert own("DELETE", f"{path}/everything").status_code == 404
    listed = own.get(path)["items"]
    assert [one["purpose"] for one in listed if one["revoked_at"]] == ["analysis"]
    again = own.do("POST", path, {"purpose": "analysis", "given_on": "2026-03-01"})
    assert (again["given_on"], again["revoked_at"]) == ("2026-03-01", None)
    assert own.get(f"/sessions/{session.pk}/job")["state"] == "waiting"
    own.do("DELETE", f"{path}/transcription")
    assert own.get(f"/clients/{client_record.pk}/sessions")["total"] == 0


def test_appointments_are_told_in_any_zone_and_kept_on_the_therapists_clock(
    own: Program, therapist: User, client_record: Client
) -> None:
    therapist.time_zone = "Europe/Berlin"
    therapist.save()
    path = f"/clients/{client_record.pk}/appointments"
    made = own.do("POST", path, {"starts": "2026-03-05T23:30:00Z", "status": "attended"})
    assert made["starts"] == "2026-03-05T23:30:00Z"
    assert made["session"] is None
    second = {"starts": "2026-03-06T10:00:00+01:00", "status": "attended"}
    refused = own("POST", path, second)  # the same day in Berlin
    assert refused.status_code == 422
    assert "another appointment" in refused.json()["what"]
    one = f"{path}/{made['id']}"
    changed = own.do("PATCH", one, {"status": "late", "minutes_late": 10, "by": "client"})
    assert (changed["status"], changed["minutes_late"], changed["by"]) == ("late", 10, "client")
    assert changed["starts"] == made["starts"]
    moved = own.do("PATCH", one, {"starts": "2026-03-06T08:00:00-05:00"})
    assert (moved["starts"], moved["status"]) == ("2026-03-06T13:00:00Z", "late")
    own.do("POST", f"/clients/{client_record.pk}/sessions", {"held_on": "2026-03-06"}, file=file())
    assert own.get(path)["items"][0]["session"] == str(client_record.sessions.get().pk)


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts": "2026-03-05T14:00:00"},
        {"starts": "2026-03-05"},
        {"starts": 1772719200},
        {"starts": "0001-01-01T00:00:00+14:00", "status": "attended", "notice_hours": -1},
        {"starts": "2026-03-05T14:00:00Z", "status": "asleep"},
        {"starts": "2026-03-05T14:00:00Z", "minutes_late": 601},
        {"starts": "2026-03-05T14:00:00Z", "by": "nobody"},
        {"starts": "2026-03-05T25:00:00Z"},
    ],
)
def test_appointments_that_cannot_be(own: Program, client_record: Client, wrong: Any) -> None:
    answer = own("POST", f"/clients/{client_record.pk}/appointments", wrong)
    assert answer.status_code == 422
    assert not Appointment.objects.exists()


# Sessions


@pytest.mark.django_db(transaction=True)
def test_from_upload_to_analysis(own: Program, client_record: Client) -> None:
    path = f"/clients/{client_record.pk}/sessions"
    made = own.do("POST", path, file=file(SESSION.read_bytes(), SESSION.name))
    assert (made["held_on"], made["state"], made["job"]) == ("2026-02-12", "ready", "waiting")
    one = f"/sessions/{made['id']}"
    assert own("GET", f"{one}/analysis").status_code == 404
    assert own.get(f"{one}/job")["total"] == made["turn_count"]
    assert queue.work_once("test")
    assert own.get(f"{one}/job")["state"] == "done"
    document = own.get(f"{one}/analysis")
    assert document["schema"] == "reattune.analysis/1"
    assert analysis_from_dict(document).episodes
    assert own.get(path)["items"][0]["analyzed"] is True
    full = own.get(one)
    assert len(full["turns"]) == full["turn_count"] == len(document["session"]["turns"])
    assert [turn["number"] for turn in full["turns"]] == list(range(full["turn_count"]))
    again = own.do("POST", f"{one}/analyze", {})
    assert (again["state"], again["progress"]) == ("waiting", 0)
    assert own.get(f"/clients/{client_record.pk}/episodes")["total"] >= 0
    assert own.get(f"/clients/{client_record.pk}/signals")["total"] >= 0


def test_an_upload_is_refused_as_on_the_page(own: Program, client_record: Client) -> None:
    path = f"/clients/{client_record.pk}/sessions"
    own.do("POST", path, {"held_on": "2026-03-05"}, file=file())
    twice = own("POST", path, file=file())
    assert (twice.status_code, twice.json()["slug"]) == (409, "transcript-twice")
    empty = own("POST", path, file=file(b"", "x.txt"))
    assert (empty.status_code, empty.json()["slug"]) == (422, "empty-file")
    nobody = own("POST", path, {"therapist": "Zoe"}, file=file(TRANSCRIPT + b"T: Bye.\n"))
    assert (nobody.status_code, nobody.json()["slug"]) == (422, "unknown-speaker")
    ahead = own("POST", path, {"held_on": "2999-01-01"}, file=file(TRANSCRIPT + b"T: Bye.\n"))
    assert (ahead.status_code, ahead.json()["slug"]) == (422, "bad-date")
    assert own("POST", path, {"held_on": "2026-03-05"}).status_code == 422
    client_record.consents.filter(purpose="transcription").delete()
    without = own("POST", path, file=file(TRANSCRIPT + b"T: Bye.\n"))
    assert (without.status_code, without.json()["slug"]) == (409, "no-consent")
    assert client_record.sessions.count() == 1


def test_roles_that_are_not_clear_are_told(own: Program, client_record: Client) -> None:
    words = b"Kim: Hello there.\nLou: Hello.\nKim: Nice day.\nLou: Yes it is.\n"
    made = own.do("POST", f"/clients/{client_record.pk}/sessions", file=file(words))
    assert made["state"] == "roles"
    one = f"/sessions/{made['id']}"
    assert {who["label"] for who in own.get(one)["speakers"]} == {"Kim", "Lou"}
    early = own("POST", f"{one}/analyze", {})
    assert (early.status_code, early.json()["slug"]) == (409, "roles-open")
    assert own("POST", f"{one}/roles", {"therapist": "Zoe"}).status_code == 422
    told = own.do("POST", f"{one}/roles", {"therapist": "Kim"})
    assert (told["state"], told["job"]) == ("ready", "waiting")
    assert {turn["role"] for turn in own.get(one)["turns"]} == {"therapist", "client"}


def test_a_session_gets_another_date(own: Program, client_record: Client) -> None:
    first = read_session(client_record, held_on=date(2026, 3, 5))
    second = read_session(client_record, held_on=date(2026, 3, 12))
    moved = own.do("PATCH", f"/sessions/{second.pk}", {"held_on": "2026-02-26"})
    assert (moved["number"], moved["held_on"]) == (1, "2026-02-26")
    listed = own.get(f"/clients/{client_record.pk}/sessions")["items"]
    assert [one["id"] for one in listed] == [str(second.pk), str(first.pk)]
    wrong = own("PATCH", f"/sessions/{second.pk}", {"held_on": "2999-01-01"})
    assert (wrong.status_code, wrong.json()["where"]) == (422, "body.held_on")


def test_reading_again_needs_the_consent(own: Program, session: models.Session) -> None:
    session.client.consents.filter(purpose="analysis").delete()
    answer = own("POST", f"/sessions/{session.pk}/analyze", {})
    assert (answer.status_code, answer.json()["slug"]) == (409, "no-consent")


# Markers


def states(listed: dict[str, Any]) -> dict[tuple[int, str], str]:
    return {(one["turn"], one["code"]): one["state"] for one in listed["items"]}


def test_a_persons_word_counts_everywhere(own: Program, session: models.Session) -> None:
    one = f"/sessions/{session.pk}"
    assert states(own.get(f"{one}/markers")) == dict.fromkeys(FLAGGED.items(), "flagged")
    own.do("POST", f"{one}/markers", say(1, "minimal_response", "confirmed"))
    own.do("POST", f"{one}/markers", say(3, "complaint_therapy", "dismissed"))
    told = {"to": "rejects_intervention", "intensity": "micro"}
    own.do("POST", f"{one}/markers", say(5, "complaint_therapist", "relabeled", **told))
    own.do("POST", f"{one}/markers", say(9, "topic_shift", "added", intensity="major"))
    assert states(own.get(f"{one}/markers")) == {
        (1, "minimal_response"): "confirmed",
        (3, "complaint_therapy"): "dismissed",
        (5, "rejects_intervention"): "relabeled",
        (9, "topic_shift"): "added",
    }
    document = own.get(f"{one}/analysis")
    standing = {(m["turn"], m["code"]): m["by"] for m in document["markers"] if m["decided"]}
    assert standing == {
        (1, "minimal_response"): "human",
        (5, "rejects_intervention"): "human",
        (9, "topic_shift"): "human",
    }
    assert [m["code"] for e in document["episodes"] for m in e["markers"] if m["turn"] == 3] == []
    back = own.do("POST", f"{one}/markers", say(3, "complaint_therapy", "cleared"))
    assert states(back) == {(3, "complaint_therapy"): "flagged"}
    assert session.judgements.count() == 5
    page = signed_in(session.client.therapist).get(f"{one}/")
    assert page.status_code == 200


def say(turn: int, code: str, verdict: str, **more: str) -> dict[str, Any]:
    return {"turn": turn, "code": code, "verdict": verdict, **more}


@pytest.mark.parametrize(
    "wrong",
    [
        say(0, "minimal_response", "confirmed"),  # a therapist's turn
        say(99, "minimal_response", "confirmed"),
        say(-1, "minimal_response", "confirmed"),
        say(1, "sulking", "confirmed"),
        say(1, "minimal_response", "maybe"),
        say(1, "minimal_response", "relabeled"),
        say(1, "minimal_response", "relabeled", to="validate"),
        say(1, "minimal_response", "confirmed", intensity="huge"),
    ],
)
def test_words_that_cannot_be(own: Program, session: models.Session, wrong: Any) -> None:
    answer = own("POST", f"/sessions/{session.pk}/markers", wrong)
    assert answer.status_code == 422
    assert answer.json()["slug"] in ("bad-judgement", "bad-input")
    assert not session.judgements.exists()


def test_what_was_noticed_at_the_time(own: Program, session: models.Session) -> None:
    one = f"/sessions/{session.pk}/noticed"
    Client.objects.update(stale=False)
    assert own.do("POST", one, {"turn": 5, "yes": True})["yes"] is True
    own.do("POST", one, {"turn": 5, "yes": False})
    assert [row["yes"] for row in own.get(one)["items"]] == [True, False]
    assert Client.objects.get().stale
    assert own("POST", one, {"turn": session.turn_count, "yes": True}).status_code == 422


def test_notes_are_written_changed_and_deleted(
    own: Program, session: models.Session, colleague: User
) -> None:
    one = f"/sessions/{session.pk}/notes"
    whole = own.do("POST", one, {"text": "a good hour"})
    assert whole["turn"] is None
    own.do("POST", one, {"text": "flat", "turn": 1})
    changed = own.do("PATCH", f"{one}/{whole['id']}", {"text": "a hard hour"})
    assert (changed["text"], changed["edited"] is not None) == ("a hard hour", True)
    assert [row["turn"] for row in own.get(one)["items"]] == [None, 1]
    assert own("POST", one, {"text": "x", "turn": 99}).status_code == 422
    assert own("PATCH", f"{one}/{2**63 - 1}", {"text": "x"}).status_code == 404
    assert own("DELETE", f"{one}/{2**64}").status_code == 422
    other = models.Note.objects.create(session=session, text="not yours", author=colleague)
    assert own("DELETE", f"{one}/{other.pk}").status_code == 404
    own.do("DELETE", f"{one}/{whole['id']}")
    assert own.get(one)["total"] == 2


# Check-ins


def phq9(answer: float | None = 1, **more: Any) -> dict[str, Any]:
    sent = {str(item): answer for item in range(1, 10)}
    return {"measure": "phq9", "about": "2026-03-05", "answers": sent, **more}


def test_a_form_is_kept_scored_and_replaced_on_a_word(own: Program, client_record: Client) -> None:
    path = f"/clients/{client_record.pk}/checkins"
    made = own.do("POST", path, phq9())
    assert (made["total"], made["how"], made["rater"]) == (9, "api", "client")
    twice = own("POST", path, phq9(2))
    assert (twice.status_code, twice.json()["slug"]) == (409, "form-twice")
    assert own.do("POST", path, phq9(2, instead=True))["total"] == 18
    assert [row["total"] for row in own.get(path)["items"]] == [18]
    assert own.get(path)["items"][0]["risk"]
    (line,) = csv.DictReader(
        own("GET", f"/clients/{client_record.pk}/scores.csv").content.decode().splitlines()
    )
    assert (line["measure"], line["value"]) == ("phq9", "18")
    every = b"".join(own("GET", "/scores.csv").streaming_content).decode()
    assert "Fern" in every
    client_record.refresh_from_db()
    assert client_record.stale


@pytest.mark.parametrize(
    "wrong",
    [
        phq9(4),
        phq9(1.5),
        phq9(None),
        phq9(answers={"10": 1}),
        phq9(answers={"one": 1}),
        phq9(answers={"01": 1}),
        phq9(answers={"1": "1"}),
        phq9(measure="nothing"),
        phq9(rater="therapist"),
        phq9(rater="nobody"),
        phq9(about="2999-01-01"),
        phq9(about="05.03.2026"),
    ],
)
def test_forms_that_cannot_be(own: Program, client_record: Client, wrong: Any) -> None:
    answer = own("POST", f"/clients/{client_record.pk}/checkins", wrong)
    assert answer.status_code == 422, answer.content
    assert not client_record.answers.exists()


def test_a_link_made_by_a_program_opens_the_form(own: Program, client_record: Client) -> None:
    path = f"/clients/{client_record.pk}/links"
    made = own.do("POST", path, {"measure": "phq9", "about": "2026-03-05", "days": 3})
    assert made["address"].startswith("http://testserver/answer/")
    assert made["language"] == client_record.language
    page = own.browser.get(made["address"].removeprefix("http://testserver"))
    assert page.status_code == 200
    own.do("POST", f"/clients/{client_record.pk}/checkins", phq9())
    twice = own("POST", path, {"measure": "phq9", "about": "2026-03-05"})
    assert (twice.status_code, twice.json()["slug"]) == (409, "form-twice")
    own.do("POST", path, {"measure": "phq9", "about": "2026-03-05", "instead": True})
    assert own("POST", path, {"measure": "wai", "about": "2026-03-05"}).status_code == 422
    assert Link.objects.count() == 2
    assert Entry.objects.filter(action="link.make").count() == 2


def test_links_are_listed_and_closed(own: Program, client_record: Client, colleague: User) -> None:
    path = f"/clients/{client_record.pk}/links"
    made = own.do("POST", path, {"measure": "phq9", "about": "2026-03-05"})
    own.do("POST", path, {"measure": "gad7", "about": "2026-03-05"})
    listed = own.get(path)
    assert [(one["measure"], one["open"]) for one in listed["items"]] == [
        ("gad7", True),
        ("phq9", True),
    ]
    assert made["address"].rpartition("/answer/")[2].strip("/") not in str(listed)
    closed = own.do("DELETE", f"{path}/{made['id']}")
    assert (closed["open"], closed["revoked"] is not None) == (False, True)
    assert own.do("DELETE", f"{path}/{made['id']}") == closed
    assert Entry.objects.filter(action="link.revoke").count() == 1
    page = own.browser.get(made["address"].removeprefix("http://testserver"))
    assert "not open" in page.content.decode()
    assert own("DELETE", f"{path}/{2**63 - 1}").status_code == 404
    others = make_client(colleague, "Yew").links
    assert program(colleague)("GET", f"/clients/{client_record.pk}/links").status_code == 404
    assert not others.exists()


def test_a_form_is_deleted(own: Program, client_record: Client) -> None:
    path = f"/clients/{client_record.pk}/checkins"
    kept = own.do("POST", path, phq9())
    own.do("DELETE", f"{path}/{kept['id']}")
    assert own("DELETE", f"{path}/{kept['id']}").status_code == 404
    assert not client_record.answers.exists()
    assert Entry.objects.filter(action="answer.delete").count() == 1


def test_the_forms_there_are(own: Program) -> None:
    found = {one["id"]: one for one in own.get("/measures?limit=200")["items"]}
    assert [item["number"] for item in found["phq9"]["items"]] == list(range(1, 10))
    assert (found["phq9"]["items"][0]["low"], found["phq9"]["items"][0]["high"]) == (0, 3)


# Search


def test_search_finds_own_words_only(
    own: Program, session: models.Session, stranger: User, colleague: User
) -> None:
    found = own.get("/search?q=forms&where=client")
    assert [(hit["turn"], hit["who"]) for hit in found["items"]] == [(3, "client")]
    assert {"text": "forms", "found": True} in found["items"][0]["parts"]
    assert found["next"] is None
    assert own.get(f"/search?q=forms&client={session.client_id}")["items"]
    assert program(colleague).get("/search?q=forms")["items"] == []
    assert (
        program(stranger)("GET", f"/search?q=forms&client={session.client_id}").status_code == 404
    )
    assert own.get("/search?q=%22%00%27%20OR%201")["items"] == []
    entry = Entry.objects.filter(action="search").first()
    assert entry is not None
    assert "forms" not in str(entry.detail)


# All of it


def test_withdrawn_supervision_closes_shares(
    own: Program, session: models.Session, supervisor: User
) -> None:
    packet = make_packet(session, supervisor, first=1, last=4)
    gone = own.do("DELETE", f"/clients/{session.client_id}/consents/supervision")["gone"]
    assert gone == {"shares": 1}
    packet.refresh_from_db()
    assert packet.ended_at is not None


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/clients", 16),
        ("/clients/{id}/sessions", 16),
        ("/clients/{id}/consents", 16),
        ("/clients/{id}/appointments", 16),
        ("/clients/{id}/checkins", 17),
        ("/sessions/{session}", 17),
        ("/sessions/{session}/markers", 20),
        ("/sessions/{session}/analysis", 20),
    ],
)
def test_queries_do_not_grow_with_the_rows(
    own: Program,
    therapist: User,
    client_record: Client,
    path: str,
    most: int,
    django_assert_max_num_queries: Most,
) -> None:
    for name in ("Ash", "Elm", "Oak"):
        make_client(therapist, name)
    first = read_session(client_record)
    for week in range(1, 4):
        read_session(client_record, held_on=date(2026, 3, 5) + timedelta(weeks=week))
    own.do("POST", f"/clients/{client_record.pk}/checkins", phq9())
    own.get("/clients")  # the token's row is there from now on
    with django_assert_max_num_queries(most):
        own.get(path.format(id=client_record.pk, session=first.pk))
