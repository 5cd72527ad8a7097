"""The audit chain: entries follow each other, and any tampering shows."""

from __future__ import annotations

import ast
import re
import uuid
from pathlib import Path
from threading import Thread

import pytest
from django.db import connection

from reattune import web
from reattune.web.audit import chain
from reattune.web.audit.models import Entry, Head
from reattune.web.audit.words import action_told


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


# In words


def actions() -> set[str]:
    """Every action that some line of the application notes, told as a noun and a verb."""
    found = set()
    for path in Path(web.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and called(node) in NOTED:
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
            elif isinstance(node, ast.FunctionDef) and path.name == "gates.py":
                given = [*node.args.defaults, *node.args.kw_defaults]  # type: ignore[list-item]
            else:
                continue
            told = [one.value for one in given if isinstance(one, ast.Constant)]
            found |= {one for one in told if isinstance(one, str) and ACTION.fullmatch(one)}
    return found


ACTION = re.compile(r"[a-z]+\.[a-z-]+")
NOTED = {"note", "record", "client_of", "session_of", "given_of", "answer_of", "link_of"}


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def test_every_action_has_words() -> None:
    known = actions()
    assert "session.see" in known
    assert len(known) > 40
    assert not [one for one in known if action_told(one) == one]
    assert action_told("session.see") == "Session: seen"
    assert action_told("new.thing") == "new.thing"
