"""Clients: making, editing, ending, archiving; pseudonyms by default."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.clients.models import Client
from reattune.web.clients.pseudonyms import NAMES, looks_real, suggest
from tests.web.conftest import make_client, signed_in

pytestmark = pytest.mark.django_db


def test_a_new_client_is_offered_a_made_up_name_that_is_free(therapist: User) -> None:
    page = signed_in(therapist).get("/clients/new/").content.decode()
    assert any(f'value="{name}"' in page for name in NAMES)
    taken = [name for name in NAMES if name != "Yew"]
    assert suggest(taken, random.Random(1)) == "Yew"
    assert suggest(NAMES, random.Random(1)).split()[1] == "2"


def test_a_client_is_made_with_the_consents_ticked_and_no_other(therapist: User) -> None:
    told = {"name": "Heron", "language": "de", "consents": ["transcription", "analysis"]}
    answer = signed_in(therapist).post("/clients/new/", told)
    client = Client.objects.get()
    assert answer.headers["Location"] == f"/clients/{client.pk}/"
    assert (client.name, client.language, client.therapist) == ("Heron", "de", therapist)
    assert client.consents_to("analysis")
    assert not client.consents_to("recording")
    actions = list(Entry.objects.values_list("action", flat=True))
    assert actions == ["client.make", "consent.give", "consent.give"]


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"name": "", "language": "en"}, "required"),
        ({"name": "x" * 81, "language": "en"}, "80"),
        ({"name": "Heron", "language": "xx"}, "valid choice"),
        ({"name": "Heron", "language": "en", "consents": ["everything"]}, "valid choice"),
    ],
)
def test_a_bad_new_client_is_told_and_keeps_what_was_typed(
    therapist: User, told: dict[str, str], says: str
) -> None:
    answer = signed_in(therapist).post("/clients/new/", told)
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert told["name"] in answer.content.decode()
    assert not Client.objects.exists()


@pytest.mark.parametrize("name", ["Maria Lopez", "Jean-Luc O’Neill", "Åsa Öberg", "Ana María Ruiz"])
def test_a_name_that_looks_real_gets_a_hint_and_is_taken(therapist: User, name: str) -> None:
    assert looks_real(name)
    told = {"name": name, "language": "en"}
    page = signed_in(therapist).post("/clients/new/", told, follow=True)
    assert "looks like somebody" in page.content.decode().replace("&#x27;", "'")
    assert Client.objects.get().name == name


@pytest.mark.parametrize(
    "name", ["Heron", "maria lopez", "Silver Birch", "M.", "Client 12", "Oak 2"]
)
def test_other_names_get_none(name: str) -> None:
    assert not looks_real(name)


def test_details_are_edited(therapist: User, client_record: Client) -> None:
    Client.objects.update(stale=False)
    told = {"name": "Larch", "language": "es", "telehealth": "on", "started": "2026-01-07"}
    answer = signed_in(therapist).post(f"/clients/{client_record.pk}/details/", told, follow=True)
    assert "Saved." in answer.content.decode()
    client_record.refresh_from_db()
    assert (client_record.name, client_record.telehealth) == ("Larch", True)
    assert str(client_record.started) == "2026-01-07"
    assert client_record.stale


def test_a_first_session_to_come_is_refused(therapist: User, client_record: Client) -> None:
    ahead = timezone.localdate() + timedelta(days=3)
    told = {"name": "Larch", "language": "en", "started": ahead.isoformat()}
    page = signed_in(therapist).post(f"/clients/{client_record.pk}/details/", told)
    assert "still to come" in page.content.decode()
    client_record.refresh_from_db()
    assert client_record.name == "Fern"


def test_the_work_ends_and_goes_on(therapist: User, client_record: Client) -> None:
    browser, address = signed_in(therapist), f"/clients/{client_record.pk}/end/"
    assert "2026-03-05" in browser.post(address, {"ended": "2026-03-05x"}).content.decode()
    browser.post(address, {"ended": "2026-03-05"})
    client_record.refresh_from_db()
    assert str(client_record.ended) == "2026-03-05"
    browser.post(address, {"resume": "1"})
    client_record.refresh_from_db()
    assert client_record.ended is None


def test_an_archived_client_leaves_the_list_and_comes_back(
    therapist: User, client_record: Client
) -> None:
    browser, address = signed_in(therapist), f"/clients/{client_record.pk}/archive/"
    assert "Nobody is in the archive" in browser.get("/clients/archived/").content.decode()
    browser.post(address)
    assert "Fern" in browser.get("/clients/archived/").content.decode()
    client_record.refresh_from_db()
    assert client_record.archived_at
    browser.post(address, {"back": "1"})
    client_record.refresh_from_db()
    assert client_record.archived_at is None


PAGES = ("details/", "consents/", "consents/text/", "appointments/", "appointments/import/")
PAGES += ("export/", "delete/", "upload/", "consents/analysis/revoke/")
POSTS = ("details/", "end/", "archive/", "consents/", "consents/analysis/revoke/", "appointments/")
POSTS += ("appointments/import/", "appointments/import/save/", "export/", "delete/")
POSTS += ("upload/", "upload/dates/")


@pytest.mark.parametrize("page", PAGES)
def test_only_the_therapist_sees_a_page(
    page: str, therapist: User, client_record: Client, stranger: User, colleague: User,
    supervisor: User, administrator: User,
) -> None:  # fmt: skip
    address = f"/clients/{client_record.pk}/{page}"
    assert signed_in(therapist).get(address).status_code == 200
    for user in (stranger, colleague):
        assert signed_in(user).get(address).status_code == 404, user
    for user in (supervisor, administrator):
        assert signed_in(user).get(address).status_code == 403, user


@pytest.mark.parametrize("page", POSTS)
def test_nobody_else_changes_anything(
    page: str, client_record: Client, stranger: User, colleague: User, supervisor: User
) -> None:
    told = {"name": "Fern", "ended": "2026-03-05", "purpose": "analysis", "date": "2026-03-05"}
    for user in (stranger, colleague):
        answer = signed_in(user).post(f"/clients/{client_record.pk}/{page}", told)
        assert answer.status_code == 404, user
    assert signed_in(supervisor).post(f"/clients/{client_record.pk}/{page}").status_code == 403
    client_record.refresh_from_db()
    assert client_record.ended is None
    assert client_record.archived_at is None
    assert client_record.consents_to("analysis")
    assert not client_record.appointments.exists()


@pytest.mark.parametrize("page", ["details/", "consents/", "appointments/", "export/", "delete/"])
def test_pages_need_few_queries(
    page: str, therapist: User, client_record: Client, django_assert_max_num_queries
) -> None:
    for n in range(30):
        make_client(therapist, f"Fern {n}")
        client_record.appointments.create(starts=timezone.now() - timedelta(days=n))
    browser = signed_in(therapist)
    browser.get("/clients/")  # the session is marked as seen
    with django_assert_max_num_queries(28):
        browser.get(f"/clients/{client_record.pk}/{page}")
