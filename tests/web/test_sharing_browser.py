"""Sharing a moment in a browser, by two people, without script too; the page about the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.reviews import models
from reattune.web.sharing import moments
from tests.web.conftest import PASSWORD
from tests.web.program import read_session

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = (Path(__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def session(client_record: Client) -> models.Session:
    return read_session(client_record)


@contextmanager
def signed(browser: Browser, live_server: Any, user: User, **options: Any) -> Iterator[Page]:
    """A page of somebody who has signed in; it fails on any error of script or policy."""
    context = browser.new_context(base_url=live_server.url, **({"viewport": DESK} | options))
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto("/login/")
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    expect(page.locator("a.brand")).to_be_visible()
    yield page
    context.close()
    assert not [line for line in wrong if "status of 404" not in line], wrong


@pytest.mark.parametrize("script", [True, False])
def test_a_moment_is_shared_talked_about_and_ended(
    browser: Browser,
    live_server: Any,
    therapist: User,
    supervisor: User,
    session: models.Session,
    script: bool,
) -> None:
    options = {"java_script_enabled": script}
    with signed(browser, live_server, therapist, **options) as own:
        own.goto(f"/sessions/{session.pk}/share/?first=4&last=6")
        own.get_by_label("Your question").fill("Did I push here?")
        own.get_by_label("To turn").fill("7")
        own.get_by_role("button", name="Show what they will see").click()
        expect(own.locator(".excerpt")).to_contain_text("I pushed the form again")
        expect(own.get_by_label("Your question")).to_have_value("Did I push here?")
        own.get_by_role("button", name="Share", exact=True).click()
        expect(own.get_by_role("heading", level=1)).to_have_text("Fern · turns 4–7")
        with signed(browser, live_server, supervisor, **options) as theirs:
            theirs.get_by_role("link", name="Fern · turns 4–7").click()
            expect(theirs.locator("main")).to_contain_text("Did I push here?")
            expect(theirs.locator(".turn")).to_have_count(4)
            expect(theirs.locator("main a")).to_have_count(1)  # back to the list
            theirs.get_by_label("Your comment").fill("Where did you feel it?")
            theirs.get_by_role("button", name="Say it").click()
            expect(theirs.locator(".comment")).to_contain_text("Where did you feel it?")
            address = theirs.url
            own.reload()
            expect(own.locator(".comment")).to_contain_text("Where did you feel it?")
            own.get_by_role("button", name="End it now").click()
            expect(own.locator("main")).to_contain_text("Ended on")
            answer = theirs.goto(address)
            assert answer is not None
            assert answer.status == 404
            theirs.goto("/shared/")
            expect(theirs.locator("main")).to_contain_text("Nothing is shared with you now")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("colors", ["light", "dark"])
def test_the_pages_are_accessible(
    browser: Browser,
    live_server: Any,
    therapist: User,
    supervisor: User,
    session: models.Session,
    size: dict[str, int],
    colors: str,
) -> None:
    share = moments.make(
        session, therapist, first=1, last=7, supervisor=supervisor, days=14, question="Why?\nHere?"
    )
    share.comments.create(author=supervisor, text="Where did you feel it?")
    options = {"viewport": size, "color_scheme": colors}
    with signed(browser, live_server, therapist, **options) as page:
        for path in (
            f"/sessions/{session.pk}/share/?first=2&last=7",
            f"/sessions/{session.pk}/share/?first=7&last=2",
            "/shared/given/",
            f"/shared/given/{share.pk}/",
            "/api/",
        ):
            page.goto(path)
            no_violation(page)
    with signed(browser, live_server, supervisor, **options) as page:
        for path in ("/shared/", f"/shared/{share.pk}/"):
            page.goto(path)
            no_violation(page)
        moments.end(share)
        page.goto("/shared/")
        no_violation(page)


def no_violation(page: Page) -> None:
    """Nothing of WCAG 2.2 AA is broken, as far as axe-core can tell, and nothing is cut off."""
    for card in page.locator("details").all()[:12]:
        card.evaluate("e => { e.open = true }")
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    told = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    assert not told, told
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
