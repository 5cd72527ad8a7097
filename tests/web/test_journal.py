"""The private journal: under the therapist's own key, and found nowhere else."""

from __future__ import annotations

import io
import json
import re
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from django.db import connection
from django.test import Client as Browsing
from django.utils import timezone
from pypdf import PdfReader

from reattune.errors import InputError
from reattune.web import backup, vault
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry as Audited
from reattune.web.clients.models import Client
from reattune.web.followup import refresh
from reattune.web.journal import lock, sealing
from reattune.web.journal.models import Entry, Journal
from reattune.web.plans.models import Rupture
from tests.web.browsing import go
from tests.web.conftest import PASSWORD, make_client, signed_in
from tests.web.packets import make_packet
from tests.web.program import make_token
from tests.web.rows import add_session, major
from tests.web.test_clients_browser import DESK, PHONE, opened, sound
from tests.web.test_deletion import as_bytes, tables

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pytest_django.fixtures import SettingsWrapper
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db
PHRASE = "a lantern under the old bridge"
OTHER = "seven quiet herons at noon"
WORD = "quizzaciously"  # planted in the journal and nowhere else


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less memory for Argon2; nothing that is checked depends on it."""
    monkeypatch.setattr(vault, "MEMORY", 64)
    monkeypatch.setattr(vault, "PASSES", 1)


def inside(user: User, phrase: str = PHRASE) -> Browsing:
    """A browser in which this user's journal is open; it is begun where there is none."""
    browser = signed_in(user)
    answer = browser.post("/journal/", {"passphrase": phrase, "again": phrase})
    assert answer.status_code == 302
    return browser


def write(browser: Browsing, **fields: Any) -> Entry:
    """A new entry."""
    before = set(Entry.objects.values_list("pk", flat=True))
    assert browser.post("/journal/new/", fields).status_code == 302
    return Entry.objects.exclude(pk__in=before).get()


def shown(browser: Browsing, path: str = "/journal/") -> str:
    """A page as it is."""
    answer = browser.get(path)
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "style=" not in html
    return html


# The way in


def test_it_begins_with_a_passphrase_that_is_kept_nowhere(therapist: User) -> None:
    assert "A journal for you alone" in shown(signed_in(therapist))
    browser = inside(therapist)
    assert "Nothing is written yet" in shown(browser)
    for table in tables():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                assert PHRASE.encode() not in b"\n".join(as_bytes(cell) for cell in row)


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        ("short", "short", "fewer than 12"),
        (PASSWORD, PASSWORD, "your password for signing in"),
        (PHRASE, OTHER, "not the same"),
        ("", "", "required"),
    ],
)
def test_a_bad_passphrase_is_refused(therapist: User, one: str, two: str, said: str) -> None:
    answer = signed_in(therapist).post("/journal/", {"passphrase": one, "again": two})
    assert said in answer.content.decode()
    assert not Journal.objects.exists()


def test_a_wrong_passphrase_opens_nothing_and_five_of_them_wait(therapist: User) -> None:
    inside(therapist)
    browser = signed_in(therapist)
    for _ in range(sealing.TRIES):
        html = browser.post("/journal/", {"passphrase": OTHER}).content.decode()
        assert "This is not the passphrase" in html
    html = browser.post("/journal/", {"passphrase": PHRASE}).content.decode()
    assert "Wait five minutes" in html
    Journal.objects.update(failed_at=timezone.now() - timedelta(minutes=6))
    assert browser.post("/journal/", {"passphrase": PHRASE}).status_code == 302
    assert Audited.objects.filter(action="journal.refused").count() == sealing.TRIES + 1


def test_it_locks_after_a_quarter_of_an_hour(
    therapist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = inside(therapist)
    write(browser, text=WORD)
    now = time.time()
    monkeypatch.setattr(lock.time, "time", lambda: now + lock.IDLE - 60)
    assert WORD in shown(browser)
    monkeypatch.setattr(lock.time, "time", lambda: now + 2 * lock.IDLE)
    browser.get("/account/")
    assert lock.KEPT not in browser.session
    monkeypatch.undo()
    assert "locked" in shown(browser)


def test_it_locks_by_a_button_and_with_the_session(therapist: User) -> None:
    browser = inside(therapist)
    write(browser, text=WORD)
    assert browser.post("/journal/lock/").status_code == 302
    assert WORD not in shown(browser)
    assert browser.get("/journal/new/").status_code == 302
    browser = inside(therapist)
    browser.post("/logout/")
    browser.force_login(therapist, "django.contrib.auth.backends.ModelBackend")
    assert WORD not in shown(browser)


def test_the_session_alone_does_not_open_it(therapist: User) -> None:
    """Half of the seal is in the browser: a copy of the database with the master key is no use."""
    browser = inside(therapist)
    write(browser, text=WORD)
    del browser.cookies[lock.COOKIE]
    assert WORD not in shown(browser)


def test_the_cookie_is_kept_from_scripts_and_other_pages(therapist: User) -> None:
    cookie = inside(therapist).cookies[lock.COOKIE]
    assert cookie["httponly"]
    assert (cookie["path"], cookie["samesite"]) == ("/journal/", "Strict")
    browser = inside(therapist)
    key = sealing.unlock(therapist, PHRASE)
    assert key.hex() not in str(dict(browser.session.items()))
    assert cookie.value.encode() not in key


# Entries


def test_an_entry_is_written_read_changed_and_deleted(therapist: User) -> None:
    browser = inside(therapist)
    entry = write(browser, reactions="I wanted to explain.", body="Jaw.", consult="on")
    html = shown(browser)
    assert "I wanted to explain." in html
    assert "to consultation" in html
    path = f"/journal/{entry.pk}/"
    assert "Jaw." in shown(browser, path)
    browser.post(path, {"thoughts": "Her story is another one."})
    html = shown(browser)
    assert "Her story is another one." in html
    assert "Jaw." not in html
    assert "Nothing is marked" in shown(browser, "/journal/?consult=1")
    browser.post(f"{path}delete/")
    assert not Entry.objects.exists()
    assert browser.post(f"{path}delete/").status_code == 404
    assert browser.get(path).status_code == 404


def test_an_empty_entry_is_refused_and_what_was_typed_stays(therapist: User) -> None:
    browser = inside(therapist)
    html = browser.post("/journal/new/", {"text": "  "}).content.decode()
    assert "Nothing is written yet." in html
    long = "x" * 20_001
    assert long in browser.post("/journal/new/", {"text": long}).content.decode()
    assert not Entry.objects.exists()


def test_the_prompts_are_those_of_guidance(therapist: User) -> None:
    html = shown(inside(therapist), "/journal/new/")
    for words in ("What did I feel in that moment", "Where did I feel it", "let it slide?"):
        assert words in html
    assert "Looking after yourself" in shown(inside(therapist))


def test_an_entry_can_be_about_a_session_or_a_rupture_of_ones_own(
    therapist: User, client_record: Client, colleague: User
) -> None:
    session = add_session(client_record, 0, major())
    other = add_session(make_client(colleague, "Yew"), 0, major())
    refresh.refresh(client_record)
    rupture = Rupture.objects.get(client=client_record)
    browser = inside(therapist)
    html = shown(browser, f"/journal/new/?about=rupture:{client_record.pk}:{rupture.key}")
    assert "Yew" not in html
    assert f'value="rupture:{client_record.pk}:{rupture.key}" selected' in html
    write(browser, text="x", about=f"session:{session.pk}")
    write(browser, text="y", about=f"rupture:{client_record.pk}:{rupture.key}")
    html = shown(browser)
    assert f'href="/sessions/{session.pk}/"' in html
    assert f'href="/clients/{client_record.pk}/plan/{rupture.key}/"' in html
    told = {"text": "z", "about": f"session:{other.pk}"}
    assert browser.post("/journal/new/", told).status_code == 200
    assert browser.get("/journal/new/?about=nonsense:x").status_code == 200
    client_record.delete()
    entry = Entry.objects.first()
    assert entry is not None
    assert "a record that is gone" in shown(browser, f"/journal/{entry.pk}/")


def test_a_damaged_entry_says_so_and_the_others_are_there(therapist: User) -> None:
    browser = inside(therapist)
    write(browser, text="The whole one.")
    entry = write(browser, text="The other.")
    Entry.objects.filter(pk=entry.pk).update(sealed=b"REATTUN1" + bytes(60))
    html = shown(browser)
    assert "The whole one." in html
    assert "damaged" in html


def test_entries_cannot_be_swapped(therapist: User) -> None:
    browser = inside(therapist)
    one, two = write(browser, text="One."), write(browser, text="Two.")
    Entry.objects.filter(pk=one.pk).update(sealed=two.sealed)
    assert shown(browser).count("damaged") == 1


# Another passphrase, and none


def test_another_passphrase_seals_everything_anew(therapist: User) -> None:
    browser, elsewhere = inside(therapist), inside(therapist)
    entry = write(browser, text=WORD)
    before = bytes(entry.sealed)
    told = {"old": OTHER, "passphrase": OTHER, "again": OTHER}
    assert "not the passphrase" in browser.post("/journal/passphrase/", told).content.decode()
    told["old"] = PHRASE
    assert browser.post("/journal/passphrase/", told).status_code == 302
    assert bytes(Entry.objects.get().sealed) != before
    assert WORD in shown(browser)
    assert WORD not in shown(elsewhere)
    assert elsewhere.post("/journal/new/", {"text": "x"}).status_code == 302
    assert Entry.objects.count() == 1
    with pytest.raises(InputError, match="not the passphrase"):
        sealing.unlock(therapist, PHRASE)
    assert sealing.unlock(therapist, OTHER)


def test_an_old_key_keeps_nothing(therapist: User) -> None:
    _row, key = sealing.begin(therapist, PHRASE)
    sealing.change(therapist, PHRASE, OTHER)
    with pytest.raises(InputError) as caught:
        sealing.write(therapist, key, sealing.Words("x"))
    assert caught.value.slug == "journal-locked"
    with pytest.raises(InputError) as caught:
        sealing.begin(therapist, PHRASE)
    assert caught.value.slug == "journal-exists"


def test_a_change_that_fails_halfway_changes_nothing(therapist: User) -> None:
    _row, key = sealing.begin(therapist, PHRASE)
    sealing.write(therapist, key, sealing.Words("One."))
    spoiled = sealing.write(therapist, key, sealing.Words("Two."))
    Entry.objects.filter(pk=spoiled.pk).update(sealed=b"REATTUN1" + bytes(60))
    with pytest.raises(InputError):
        sealing.change(therapist, PHRASE, OTHER)
    assert sealing.unlock(therapist, PHRASE) == key


def test_a_forgotten_passphrase_is_said_plainly(therapist: User) -> None:
    write(inside(therapist), text=WORD)
    browser = signed_in(therapist)
    html = shown(browser, "/journal/forgotten/")
    assert "nobody can read it" in html
    assert (
        "nothing was deleted"
        in browser.post("/journal/forgotten/", {"word": "yes"}).content.decode()
    )
    assert Entry.objects.count() == 1
    assert browser.post("/journal/forgotten/", {"word": "Forget"}).status_code == 302
    assert not Journal.objects.exists()
    assert "A journal for you alone" in shown(browser)


# Nobody else, nowhere else


def test_nobody_else_comes_to_it(
    therapist: User, colleague: User, stranger: User, supervisor: User, administrator: User
) -> None:
    entry = write(inside(therapist), text=WORD)
    for user in (colleague, stranger):
        browser = inside(user)
        assert WORD not in shown(browser)
        for path in (f"/journal/{entry.pk}/", f"/journal/{entry.pk}/delete/"):
            assert browser.post(path, {"text": "x"}).status_code == 404
    for user in (supervisor, administrator):
        for path in ("/journal/", "/journal/new/", "/journal/passphrase/", "/journal/forgotten/"):
            assert signed_in(user).get(path).status_code == 403
    assert Entry.objects.filter(pk=entry.pk).exists()
    assert signed_in(therapist).get("/journal/").status_code == 200


def words_in(content: bytes) -> bool:
    """Whether the word is in these bytes: as they are, in a PDF's text, in a ZIP's files."""
    if content.startswith(b"%PDF-"):
        pages = PdfReader(io.BytesIO(content)).pages
        return any(WORD in re.sub(r"\s+", "", page.extract_text()) for page in pages)
    if content.startswith(b"PK"):
        with ZipFile(io.BytesIO(content)) as archive:
            return any(words_in(archive.read(name)) for name in archive.namelist())
    return WORD.encode() in content


@pytest.mark.django_db(transaction=True)
def test_nothing_of_it_is_in_any_export_page_answer_table_or_backup(
    therapist: User, supervisor: User, client_record: Client, tmp_path: Path,
    data_folder: Path,    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for week in range(3):
        session = add_session(client_record, week, major() if week == 1 else ())
    refresh.refresh(client_record)
    rupture = Rupture.objects.get()
    browser = inside(therapist)
    about = f"rupture:{client_record.pk}:{rupture.key}"
    write(browser, text=WORD, reactions=WORD, body=WORD, thoughts=WORD, consult="on", about=about)
    assert WORD in shown(browser)
    packet = make_packet(session, supervisor, first=0, last=8)
    base = f"/clients/{client_record.pk}"
    pages = [
        "/clients/", f"{base}/", f"{base}/plan/", f"{base}/plan/{rupture.key}/",
        f"{base}/next-session/", f"{base}/next-session.pdf", f"{base}/ending/", "/missteps/",
        "/reference.pdf", "/scores.csv", f"{base}/details/", f"{base}/export/", "/account/",
        f"/sessions/{session.pk}/", f"/search/?q={WORD[:6]}", "/clients/figures/",
    ]  # fmt: skip
    for path in pages:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert not words_in(b"".join(answer)), path
    archive = browser.post(f"{base}/export/").getvalue()
    assert archive.startswith(b"PK")
    assert not words_in(archive)
    letter = browser.post(f"{base}/ending/letter/", {"form": "docx"}).content
    assert not words_in(letter)
    for path in (f"/shared/{packet.pk}/", f"/shared/{packet.pk}/packet.pdf"):
        received = signed_in(supervisor).get(path)
        assert received.status_code == 200
        assert not words_in(received.content)
    assert tried_api(therapist, client_record) >= 5
    assert not held_in_tables()
    data_folder.mkdir(parents=True, exist_ok=True)
    told = backup.make(tmp_path / "backup", "")
    assert told.bytes
    assert WORD.encode() not in (tmp_path / "backup").read_bytes()
    out, err = capfd.readouterr()
    assert WORD not in out + err


def tried_api(user: User, client: Client) -> int:
    """How many operations of the API were read, as the owner with every scope."""
    _row, secret = make_token(user)
    browser, count = Browsing(), 0
    headers: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    schema = json.loads(browser.get("/api/v1/openapi.json", **headers).content)
    ids = {"client": client.pk, "session": client.sessions.first().pk}  # type: ignore[union-attr]
    for path, methods in schema["paths"].items():
        full = path if path.startswith("/api") else f"/api/v1{path}"
        for name in re.findall(r"{(\w+)}", path):
            kind = "session" if "session" in name or "/sessions/" in path else "client"
            full = full.replace(f"{{{name}}}", str(ids[kind]))
        if "get" in methods:
            answer = browser.get(full, {"q": WORD[:6]} if "search" in path else {}, **headers)
            assert not words_in(b"".join(answer) if answer.streaming else answer.content), full
            count += answer.status_code == 200
    assert "journal" not in json.dumps(schema)
    return count


def held_in_tables() -> list[str]:
    """The tables with the word in any column, in the clear or behind an easy coding."""
    import base64

    forms = [
        WORD.encode(),
        base64.b64encode(WORD.encode()).rstrip(b"="),
        WORD.encode().hex().encode(),
    ]
    found = []
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                held = b"\n".join(as_bytes(cell) for cell in row)
                found += [table for form in forms if form in held]
    return found


def test_no_model_of_the_journal_has_a_field_for_words() -> None:
    """A field in the clear is added here with a reason or not at all."""
    assert {f.name for f in Entry._meta.concrete_fields} == {
        "id", "journal", "sealed", "created", "edited",
    }  # fmt: skip
    from django.apps import apps

    assert not apps.is_installed("django.contrib.admin")


def test_the_size_of_an_entry_says_little(therapist: User) -> None:
    row, key = sealing.begin(therapist, PHRASE)
    sizes = {
        len(sealing.sealed(row, Entry(journal=row), sealing.Words("x" * n), key))
        for n in range(0, 300, 30)
    }
    assert len(sizes) == 1
    assert row.created.date() >= date(2026, 1, 1)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_pages_hold_in_a_browser(
    browser: Browser, live_server: LiveServer, therapist: User, settings: SettingsWrapper
) -> None:
    del settings
    for size in (DESK, PHONE):
        with opened(browser, live_server, therapist, size) as view:
            view.goto("/journal/")
            sound(view)
            for name in ("passphrase", "again"):
                if view.locator(f"[name={name}]").count():
                    view.fill(f"[name={name}]", PHRASE)
            go(view, "main form button")
            view.wait_for_selector("text=It locks after")
            sound(view)
            go(view, "a.button[href='/journal/new/']")
            view.fill("[name=reactions]", "I wanted to explain.")
            sound(view)
            go(view, "main form button >> text=Keep")
            view.wait_for_selector("text=Kept, for your eyes only.")
            sound(view)
            for path in ("passphrase", "forgotten"):
                view.goto(f"/journal/{path}/")
                sound(view)
