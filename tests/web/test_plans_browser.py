"""The repair plan in a real browser: to a printed sheet, on a phone, without script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reattune.web import demo
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.followup import refresh
from reattune.web.plans import store
from reattune.web.reviews import queue
from tests.web.browsing import go
from tests.web.conftest import make_client
from tests.web.plans import TAKEN_UP
from tests.web.rows import add_session
from tests.web.test_clients_browser import DESK, PHONE, opened, sound

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db


# In the browser: demo course A, from stored analyses to closure and a printed sheet


@pytest.fixture
def course_a(therapist: User) -> Client:
    """Demo course A, read by the model."""
    client = demo.fill_course(therapist, demo.examples().joinpath("course_a"))
    while queue.work_once("test"):
        pass
    refresh.refresh(client)
    return client


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_course_a_to_closure_and_a_printed_sheet(
    browser: Browser, live_server: LiveServer, therapist: User, course_a: Client
) -> None:
    with opened(browser, live_server, therapist, DESK) as view:
        view.goto(f"/clients/{course_a.pk}/")
        sound(view)
        clicks = 0
        go(view, "text=Next-session sheet")
        clicks += 1
        view.wait_for_url("**/next-session/")
        sound(view)
        view.evaluate("window.print = () => { document.body.dataset.printed = 'yes' }")
        view.click("button[data-print]")
        clicks += 1
        assert view.get_attribute("body", "data-printed") == "yes"
        assert clicks <= 6
        assert len(view.pdf(format="A4")) > 1000
        view.goto(f"/clients/{course_a.pk}/")
        closure(view)
    assert own_open(course_a) == []
    kept = next(r for r in store.load(course_a) if r.state == "repaired")
    assert kept.closing is not None
    assert kept.closing.session == 5


def own_open(client: Client) -> list[str]:
    """The keys of what is still open."""
    return [r.id for r in store.load(client) if r.state in ("open", "watched")]


def closure(view: Page) -> None:
    """Accept what the words look like, step by step, then the closure."""
    for _ in range(12):
        asked = view.locator(".repair-steps > li:has(.asked)")
        if not asked.count():
            break
        summary = asked.first.locator("> details > summary")
        summary.click()
        go(view, asked.first.locator(".asked button[value=accept]"))
    box = view.locator(".told > .asked")
    box.locator("textarea").fill("She said that we are all right again.")
    go(view, box.locator("button[value=accept]"))
    sound(view)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_pages_hold_on_a_phone_and_without_script(
    browser: Browser, live_server: LiveServer, therapist: User
) -> None:
    client = make_client(therapist)
    for week in range(3):
        add_session(client, week, TAKEN_UP if week == 1 else ())
    refresh.refresh(client)
    base = f"/clients/{client.pk}"
    with opened(browser, live_server, therapist, PHONE) as view:
        for path in ("/", "/plan/", "/plan/s2-1/", "/next-session/", "/ending/", "/ending/letter/"):
            view.goto(f"{base}{path}")
            view.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
            sound(view)
        for path in ("/missteps/", "/reference/"):
            view.goto(path)
            sound(view)
    with opened(browser, live_server, therapist, DESK, java_script_enabled=False) as view:
        view.goto(f"{base}/")
        view.locator(".repair-steps summary").first.click()
        view.fill("#c-s2-1-notice", "At the start.")
        go(view, view.locator(".repair-steps li").first.locator("button[value=tried]"))
        assert view.locator("text=Noted.").count() == 1
