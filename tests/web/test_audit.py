"""The audit chain: entries follow each other, and any tampering shows."""

from __future__ import annotations

import uuid
from threading import Thread

import pytest
from django.db import connection

from reattune.web.audit import chain
from reattune.web.audit.models import Entry, Head


def fill(practice: uuid.UUID, count: int = 4) -> None:
    for number in range(count):
        chain.record(practice, "user:1", "client.see", target=f"client:{number}")


@pytest.fixture
def practice(db: None) -> uuid.UUID:  # noqa: ARG001
    return uuid.uuid4()


def test_a_chain_that_nobody_touched_holds(practice: uuid.UUID) -> None:
    fill(practice)
    fill(uuid.uuid4())
    assert not list(chain.verify())


@pytest.mark.parametrize(
    ("field", "value"),
    [("actor", "user:2"), ("action", "x"), ("target", ""), ("detail", {"a": 1}), ("client", None)],
)
def test_a_changed_entry_shows(practice: uuid.UUID, field: str, value: object) -> None:
    chain.record(practice, "user:1", "client.see", target="t", client=uuid.uuid4())
    fill(practice)
    Entry.objects.filter(practice=practice, number=1).update(**{field: value})
    assert [(b.number, b.why) for b in chain.verify()] == [(1, "the entry was changed")]


def test_a_removed_entry_shows(practice: uuid.UUID) -> None:
    fill(practice)
    Entry.objects.filter(number=2).delete()
    assert "an entry is missing" in [b.why for b in chain.verify()]


def test_a_removed_end_shows(practice: uuid.UUID) -> None:
    fill(practice)
    Entry.objects.filter(number=4).delete()
    assert [b.why for b in chain.verify()] == ["the last entries were removed"]


def test_a_removed_head_shows(practice: uuid.UUID) -> None:
    fill(practice)
    Head.objects.all().delete()
    assert [b.practice for b in chain.verify()] == [practice]


def test_swapped_entries_show(practice: uuid.UUID) -> None:
    fill(practice)
    Entry.objects.filter(number=2).update(number=9)
    Entry.objects.filter(number=3).update(number=2)
    Entry.objects.filter(number=9).update(number=3)
    assert list(chain.verify())


def test_a_forged_entry_without_the_key_shows(
    practice: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reattune.web import vault

    fill(practice)
    with monkeypatch.context() as patch:
        patch.setattr(vault, "derive", lambda _purpose: bytes(32))
        patch.setattr(chain, "seal_key", lambda key: key)
        chain.record(practice, "user:1", "client.see")
    assert [b.why for b in chain.verify()] == ["the entry was changed"]


@pytest.mark.django_db(transaction=True)
def test_entries_added_at_once_are_numbered_once() -> None:
    practice = uuid.uuid4()

    def add() -> None:
        try:
            fill(practice, 10)
        finally:
            connection.close()

    threads = [Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Entry.objects.filter(practice=practice).count() == 40
    assert not list(chain.verify(practice))
