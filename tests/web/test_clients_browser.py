"""Clients, uploads and deletion in a real browser: with scripts, without, on a desk, on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.reviews import ingest, queue
from tests.conftest import TALK
from tests.web.browsing import go
from tests.web.conftest import signed_in
from tests.web.test_clients_import import OTHERS, WEEKLY, calendar
from tests.web.test_upload import UNCLEAR

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).with_name("axe.min.js").read_text("utf-8")
DESK, PHONE = (1280, 900), (390, 844)


@contextmanager
def opened(
    browser: Browser, server: LiveServer, user: User, size: tuple[int, int] = DESK, **options: Any
) -> Iterator[Page]:
    """A page of a browser in which the user is signed in; it fails on any error of a script."""
    viewport: Any = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, base_url=server.url, **options)
    cookie = signed_in(user).cookies["reattune"]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": server.url}])
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    yield page
    context.close()
    assert not [line for line in wrong if "status of 4" not in line]


def sound(page: Page) -> None:
    """No rule of WCAG 2.2 AA is broken as far as axe-core can tell, and nothing overflows."""
    found = page.evaluate(f"async () => {{ {AXE}; return await axe.run() }}")
    told = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    assert not told, (page.url, told)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def paths(of: str, names: str) -> list[str]:
    """Addresses under one."""
    return [f"{of}{name}/" for name in names.split()]


@pytest.fixture
def talks(tmp_path: Path) -> list[Path]:
    """Three transcripts: one that is clear, one whose speakers are not, one that is none."""
    made = [tmp_path / name for name in ("2026-02-12.txt", "unclear.txt", "scan.pdf")]
    made[0].write_text(TALK, "utf-8")
    made[1].write_text(UNCLEAR, "utf-8")
    made[2].write_bytes(b"%PDF-1.7")
    return made


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no-scripts"])
def test_from_upload_through_the_role_check_to_a_result(
    browser: Browser, live_server: LiveServer, therapist: User, client_record: Client,
    talks: list[Path], script: bool,
) -> None:  # fmt: skip
    with opened(browser, live_server, therapist, java_script_enabled=script) as page:
        page.goto(f"/clients/{client_record.pk}/upload/")
        page.set_input_files("#files", talks)
        page.get_by_role("button", name="Upload").click()
        page.get_by_text("What became of the files").wait_for()
        assert "This is a PDF." in page.inner_text(".file.refused")
        dates = page.locator("input[type=date]")
        assert dates.nth(0).input_value() == "2026-02-12"
        dates.nth(1).fill("2026-02-05")
        go(page, page.get_by_role("button", name="Save the dates"))
        page.goto("/reading/")
        go(page, page.get_by_role("link", name=re.compile("Feb. 5, 2026")))
        assert "It is cold today." in page.inner_text(".first-turns >> nth=0")
        page.get_by_role("button", name="This is the therapist Sasha").click()
        page.wait_for_url(re.compile(r"/sessions/[0-9a-f-]+/$"))
        while queue.work_once("browser"):
            pass
        page.goto("/reading/")
        assert "to go" not in page.inner_text("main")
        assert page.get_by_role("heading", name="Read last").is_visible()
    states = client_record.sessions.values_list("held_on", "state", "analyses__current")
    assert [(str(day), state, current) for day, state, current in states] == [
        ("2026-02-05", "ready", True),
        ("2026-02-12", "ready", True),
    ]


def test_files_are_dropped_on_the_form(
    browser: Browser, live_server: LiveServer, therapist: User, client_record: Client
) -> None:
    with opened(browser, live_server, therapist) as page:
        page.goto(f"/clients/{client_record.pk}/upload/")
        drop = """text => {
          const data = new DataTransfer();
          data.items.add(new File([text], '2026-02-12.txt', {type: 'text/plain'}));
          for (const kind of ['dragover', 'drop'])
            document.querySelector('[data-drop]').dispatchEvent(
              new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
        page.evaluate(drop, TALK)
        page.get_by_text("Taken; it is being read.").wait_for()
        assert page.evaluate("document.activeElement.id") == "outcomes"
    assert client_record.sessions.count() == 1


def test_the_list_of_jobs_follows_by_itself(
    browser: Browser, live_server: LiveServer, therapist: User, client_record: Client
) -> None:
    ingest.take(client_record, "2026-02-12.txt", TALK.encode())
    with opened(browser, live_server, therapist) as page:
        page.goto("/reading/")
        page.get_by_role("heading", name="1 session to go").wait_for()
        queue.work_once("browser")
        page.get_by_role("heading", name="Read last").wait_for(timeout=15_000)
        assert page.locator("[hx-get]").count() == 0


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no-scripts"])
def test_a_client_is_made_and_deleted_by_typing_the_pseudonym(
    browser: Browser, live_server: LiveServer, therapist: User, script: bool
) -> None:
    with opened(browser, live_server, therapist, java_script_enabled=script) as page:
        page.goto("/clients/new/")
        page.get_by_label("Pseudonym").fill("Maria Lopez")
        assert page.locator("#real-name").is_visible() == script
        page.get_by_label("Pseudonym").fill("Heron")
        assert not page.locator("#real-name").is_visible()
        page.get_by_label("Written transcripts").check()
        go(page, page.get_by_role("button", name="Make the client"))
        page.wait_for_url(re.compile(r"/clients/[0-9a-f-]+/$"))
        page.goto(f"{page.url}delete/")
        page.get_by_label("Type “Heron” to confirm").fill("Larch")
        go(page, page.get_by_role("button", name="Delete for good"))
        assert "This is not the pseudonym" in page.inner_text(".error")
        page.get_by_label("Type “Heron” to confirm").fill("heron")
        go(page, page.get_by_role("button", name="Delete for good"))
        page.wait_for_url(re.compile("/clients/$"))
        assert "is deleted" in page.inner_text(".messages")
    assert not Client.objects.exists()


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no-scripts"])
def test_one_click_says_how_an_appointment_was_kept(
    browser: Browser, live_server: LiveServer, therapist: User, client_record: Client, script: bool
) -> None:
    row = client_record.appointments.create(starts=timezone.now() - timedelta(days=1))
    with opened(browser, live_server, therapist, java_script_enabled=script) as page:
        page.goto(f"/clients/{client_record.pk}/appointments/")
        page.get_by_role("button", name="came late").click()
        page.locator(".status-late").wait_for()
    row.refresh_from_db()
    assert row.status == "late"


def test_a_consent_is_taken_back_by_keyboard(
    browser: Browser, live_server: LiveServer, therapist: User, client_record: Client
) -> None:
    with opened(browser, live_server, therapist) as page:
        page.goto(f"/clients/{client_record.pk}/consents/")
        page.get_by_role("link", name="Take back: Supervision").focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Take back").focus()
        page.keyboard.press("Enter")
        page.get_by_text("The consent is taken back.").wait_for()
    assert not client_record.consents_to("supervision")


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"]
)
def test_every_page_is_accessible(
    browser: Browser, live_server: LiveServer, therapist: User, client_record: Client,
    talks: list[Path], tmp_path: Path, scheme: str, size: tuple[int, int],
) -> None:  # fmt: skip
    client_record.appointments.create(starts=datetime(2026, 3, 5, 10, tzinfo=UTC))
    client_record.appointments.create(starts=timezone.now() + timedelta(days=3))
    of = f"/clients/{client_record.pk}/"
    with opened(browser, live_server, therapist, size, color_scheme=scheme) as page:
        own = "details consents consents/text upload appointments export appointments/import"
        for path in ("/clients/new/", "/clients/archived/", "/reading/", *paths(of, own)):
            page.goto(path)
            sound(page)
        (tmp_path / "x.ics").write_bytes(calendar(WEEKLY, OTHERS))
        page.set_input_files("[type=file]", tmp_path / "x.ics")
        page.get_by_label("What the calendar calls this client").fill("ML")
        page.get_by_label("From").fill("2026-01-01")
        go(page, page.get_by_role("button", name="Look at it"))
        page.get_by_role("heading", name="What was found").wait_for()
        sound(page)
        page.goto(f"{of}upload/")
        page.set_input_files("#files", talks)
        page.get_by_role("button", name="Upload").click()
        page.get_by_text("What became of the files").wait_for()
        sound(page)
        go(page, page.get_by_role("link", name="who is the therapist?"))
        page.get_by_text("Rename, merge, or set each role").click()
        sound(page)
        queue.work_once("browser")
        session = client_record.sessions.exclude(state="roles").get()
        other = paths(f"/sessions/{session.pk}/", "details delete")
        for path in ("/reading/", *paths(of, "consents/analysis/revoke delete"), *other):
            page.goto(path)
            sound(page)
