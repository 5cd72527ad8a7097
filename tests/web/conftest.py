"""The people and records that tests of the web application share.

Three people are in every such test: the therapist who owns, the supervisor who may read what was
shared, the stranger from another practice. The database is a real one: an encrypted SQLite file, or
PostgreSQL where DATABASE_URL names one.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client as Browser

from reattune.web.accounts.models import Practice, User
from reattune.web.clients.models import PURPOSES, Client, Consent

# Passwords of tests are hashed in a moment; the cost of real ones is Django's.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost = 1, 64

PASSWORD = "a calm harbour at dusk"
EXAMPLES = Path(__file__).parents[2] / "examples"
SESSION = EXAMPLES / "course_a" / "2026-02-12-zoom.vtt"


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stored files go to a folder of the test's own."""
    monkeypatch.setenv("REATTUNE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def make_user(practice: Practice, username: str, **roles: bool) -> User:
    """A user of a practice, with the test password."""
    return User.objects.create_user(
        username, password=PASSWORD, name=username.title(), practice=practice, **roles
    )


def make_client(therapist: User, name: str = "Fern", *, consents: bool = True) -> Client:
    """A client of this therapist, who consented to everything or to nothing."""
    client = Client.objects.create(practice=therapist.practice, therapist=therapist, name=name)
    for purpose, _ in PURPOSES if consents else ():
        Consent.objects.create(
            client=client,
            purpose=purpose,
            given_on=date(2026, 1, 5),
            wording="2026-11",
            recorded_by=therapist,
        )
    return client


@pytest.fixture
def practice(db: None) -> Practice:  # noqa: ARG001
    """A practice."""
    return Practice.objects.create(name="Harbour Practice")


@pytest.fixture
def therapist(practice: Practice) -> User:
    """The therapist who owns the records."""
    return make_user(practice, "thea", is_therapist=True)


@pytest.fixture
def colleague(practice: Practice) -> User:
    """Another therapist of the same practice."""
    return make_user(practice, "cole", is_therapist=True)


@pytest.fixture
def supervisor(practice: Practice) -> User:
    """A supervisor of the same practice."""
    return make_user(practice, "sunny", is_supervisor=True)


@pytest.fixture
def administrator(practice: Practice) -> User:
    """Who manages the accounts and sees no words."""
    return make_user(practice, "ada", is_administrator=True)


@pytest.fixture
def stranger(db: None) -> User:  # noqa: ARG001
    """A therapist, supervisor and administrator of another practice."""
    other = Practice.objects.create(name="Elsewhere")
    return make_user(other, "stan", is_therapist=True, is_supervisor=True, is_administrator=True)


@pytest.fixture
def client_record(therapist: User) -> Client:
    """A client of the therapist, who consented to everything."""
    return make_client(therapist)


def signed_in(user: User) -> Browser:
    """A browser (Django's test client) in which this user is signed in."""
    browser = Browser()
    browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def course(client_record: Client) -> Client:
    """A client with three sessions, the second with a major withdrawal that was spoken of."""
    from tests.web.plans import three_sessions

    return three_sessions(client_record)
