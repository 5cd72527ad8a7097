"""Check-ins in a real browser: by link and on the tablet, by hand, by keyboard, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from reattune.web.accounts.models import User
from reattune.web.checkins.models import Answer
from reattune.web.checkins.phrases import phrases
from reattune.web.clients.models import Client
from tests.web.browsing import go
from tests.web.checkins import LANGUAGES, answered, make_link
from tests.web.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).with_name("axe.min.js").read_text("utf-8")
DESK, PHONE, SMALL = (1280, 900), (390, 844), (320, 640)
TARGET = 44  # CSS pixels; the smallest side of what a client taps


@contextmanager
def opened(browser: Browser, size: tuple[int, int] = DESK, **options: Any) -> Iterator[Page]:
    """A page of a browser of its own, which fails on any error of a script or of the policy."""
    viewport: Any = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, **options)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    yield page
    context.close()
    assert not [line for line in wrong if "status of 4" not in line]


def no_violation(page: Page) -> None:
    """No rule of WCAG 2.2 AA is broken, as far as axe-core can tell."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate(
        f"async () => {{ {AXE}; return await axe.run(document, {{runOnly: {tags}}}) }}"
    )
    told = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    assert not told, told


def targets(page: Page) -> float:
    """The smallest side of anything a client taps on the form."""
    return float(
        page.evaluate(
            """() => Math.min(...[...document.querySelectorAll('.options label, button, nav a')]
            .flatMap((e) => { const b = e.getBoundingClientRect(); return [b.width, b.height] }))"""
        )
    )


def overflow(page: Page) -> int:
    """By how much the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def sign_in(page: Page, live: LiveServer) -> None:
    page.goto(f"{live.url}/login/")
    page.fill("[name=username]", "thea")
    page.fill("[name=password]", PASSWORD)
    go(page, "main button")
    page.wait_for_url("**/clients/")


def back(page: Page) -> None:
    """The browser's back button; a page that was sent as a form is not shown again unasked."""
    from playwright.sync_api import Error

    try:
        page.go_back()
    except Error:
        page.wait_for_url("chrome-error://**")


def choose(page: Page, item: int, value: int) -> None:
    page.locator(f"#item{item} label").nth(value - 1).click()


# By link


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("size", [DESK, SMALL])
def test_a_client_answers_by_link(
    scripts: bool,
    size: tuple[int, int],
    browser: Browser,
    live_server: LiveServer,
    client_record: Client,
) -> None:
    _, token = make_link(client_record)
    with opened(browser, size, java_script_enabled=scripts) as page:
        page.goto(f"{live_server.url}/answer/{token}/")
        for item in (1, 2, 3, 5):
            choose(page, item, 6)
        go(page, ".send")
        assert "Not answered yet: 4" in page.inner_text("[role=alert]")
        assert page.locator("input:checked").count() == 4
        choose(page, 4, 2)
        go(page, ".send")
        assert page.inner_text("h1") == "Thank you"
        back(page)
        assert page.locator("input:checked").count() == 0
        page.goto(f"{live_server.url}/answer/{token}/")
        assert "not open" in page.inner_text("h1")
        assert page.locator("input").count() == 0
    assert Answer.objects.get().answers == {"1": 6, "2": 6, "3": 6, "4": 2, "5": 6}


def test_a_client_answers_with_the_keyboard_alone(
    browser: Browser, live_server: LiveServer, client_record: Client
) -> None:
    _, token = make_link(client_record)
    with opened(browser) as page:
        page.goto(f"{live_server.url}/answer/{token}/")
        for _ in range(4):  # the other languages
            page.keyboard.press("Tab")
        for item in range(1, 6):
            page.keyboard.press("Tab")
            page.keyboard.press("Space")
            for _ in range(item):
                page.keyboard.press("ArrowRight")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Send"
        page.keyboard.press("Enter")
        page.wait_for_selector(".done")
    assert Answer.objects.get().answers == {"1": 2, "2": 3, "3": 4, "4": 5, "5": 6}


def test_a_screen_reader_hears_each_line_and_what_the_numbers_mean(
    browser: Browser, live_server: LiveServer, client_record: Client
) -> None:
    _, token = make_link(client_record)
    with opened(browser) as page:
        page.goto(f"{live_server.url}/answer/{token}/")
        group = page.get_by_role("group", name="Something between us felt off.")
        names = group.get_by_role("radio").evaluate_all(
            "(all) => all.map((e) => e.labels[0].textContent)"
        )
        assert names == ["1 not at all", "2", "3", "4 partly", "5", "6", "7 completely"]
        go(page, ".send")
        assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"


@pytest.mark.parametrize(
    ("language", "measure", "size", "scheme"),
    [
        *((language, "checkin_client", SMALL, "light") for language in LANGUAGES),
        *((language, "checkin_client", DESK, "dark") for language in ("en", "de")),
        ("de", "phq9", DESK, "light"),
        ("en", "phq9", SMALL, "dark"),
    ],
)
def test_the_form_is_accessible_and_fits_in_every_language(
    language: str,
    measure: str,
    size: tuple[int, int],
    scheme: Any,
    browser: Browser,
    live_server: LiveServer,
    client_record: Client,
) -> None:
    _, token = make_link(client_record, measure, language)
    with opened(browser, size, color_scheme=scheme) as page:
        page.goto(f"{live_server.url}/answer/{token}/")
        assert overflow(page) <= 0
        assert targets(page) >= TARGET
        go(page, ".send")
        for item in page.locator("fieldset").all():
            item.locator("label").nth(1).click()
        no_violation(page)
        go(page, ".send")
        assert page.inner_text("h1") == phrases(language).thanks_title
        assert (phrases(language).care_title in page.content()) == (measure == "phq9")
        no_violation(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_closed_page_is_accessible(
    scheme: Any, browser: Browser, live_server: LiveServer, client_record: Client
) -> None:
    del client_record
    with opened(browser, SMALL, color_scheme=scheme) as page:
        page.goto(f"{live_server.url}/answer/nothing/")
        assert "not open" in page.inner_text("h1")
        no_violation(page)
        assert overflow(page) <= 0


def test_pressing_twice_sends_once(
    browser: Browser, live_server: LiveServer, client_record: Client
) -> None:
    _, token = make_link(client_record)
    with opened(browser) as page:
        page.goto(f"{live_server.url}/answer/{token}/")
        for item in range(1, 6):
            choose(page, item, 5)
        page.dblclick(".send", no_wait_after=True)
        page.wait_for_selector(".done")
        assert page.inner_text("h1") == "Thank you"
    assert Answer.objects.count() == 1


# On the tablet


@pytest.mark.parametrize("scripts", [True, False])
def test_the_tablet_is_locked_to_the_form(
    scripts: bool,
    browser: Browser,
    live_server: LiveServer,
    therapist: User,
    client_record: Client,
) -> None:
    del therapist
    own = f"{live_server.url}{reverse('checkins', args=[client_record.pk])}"
    with opened(browser, (820, 1180), java_script_enabled=scripts) as page:
        sign_in(page, live_server)
        page.goto(own)
        go(page, "text=On this tablet")
        go(page, "text=Lock and show the form")
        page.wait_for_url("**/kiosk/")
        if scripts:
            no_violation(page)
        for _ in range(4):  # nothing of the record is behind the form
            back(page)
            assert client_record.name not in page.content()
        page.goto(own)
        assert page.url.endswith("/kiosk/")
        for item in range(1, 6):
            choose(page, item, 3)
        go(page, ".send")
        assert "give the device back" in page.inner_text("main")
        if scripts:
            no_violation(page)
        for _ in range(3):
            back(page)
            assert page.locator("input:checked").count() == 0
            assert client_record.name not in page.content()
        page.goto(f"{live_server.url}/clients/")
        assert "give the device back" in page.inner_text("main")
        go(page, "text=For the therapist: end")
        if scripts:
            no_violation(page)
        page.fill("[name=password]", "a guess")
        go(page, "button")
        assert "not the password" in page.inner_text("[role=alert]")
        page.fill("[name=password]", PASSWORD)
        go(page, "button")
        page.wait_for_url("**/checkins/")
        assert "3.4 of 1 to 7" in page.inner_text("main")
    assert Answer.objects.get().how == "kiosk"


# The therapist's pages


def test_a_link_is_made_and_its_text_copied(
    browser: Browser, live_server: LiveServer, therapist: User, client_record: Client
) -> None:
    del therapist
    own = f"{live_server.url}{reverse('checkins', args=[client_record.pk])}"
    with opened(browser, PHONE, permissions=["clipboard-read", "clipboard-write"]) as page:
        sign_in(page, live_server)
        page.goto(own)
        go(page, "text=By link")
        page.select_option("[name=language]", "pt")
        go(page, "text=Make the link")
        no_violation(page)
        page.click("text=Copy the text")
        page.wait_for_selector("text=Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        url = re.search(r"http\S+/answer/\S+/", copied)
        assert url
        assert page.locator("img.qr").evaluate("(e) => e.naturalWidth") > 100
        page.goto(url[0])
        assert page.inner_text("h1") == "Como foi a sessão"


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_the_therapists_pages_are_accessible(
    size: tuple[int, int],
    scheme: Any,
    browser: Browser,
    live_server: LiveServer,
    therapist: User,
    client_record: Client,
) -> None:
    del therapist
    risky = {str(n): 1 for n in range(1, 10)}
    row = answered(client_record, measure="phq9", answers=risky, how="paper")
    answered(client_record)
    make_link(client_record, "gad7")
    plain = ("checkins", "link-make", "kiosk-start", "paper", "mirror")
    paths = [reverse(name, args=[client_record.pk]) for name in plain]
    paths += [f"{reverse('paper', args=[client_record.pk])}?measure=srs", reverse("instruments")]
    paths += [reverse(n, args=[client_record.pk, row.pk]) for n in ("answer-edit", "answer-delete")]
    with opened(browser, size, color_scheme=scheme) as page:
        sign_in(page, live_server)
        for path in paths:
            page.goto(live_server.url + path)
            no_violation(page)
            assert overflow(page) <= 0, path


def test_a_form_from_paper_is_typed_without_a_mouse_or_scripts(
    browser: Browser, live_server: LiveServer, therapist: User, client_record: Client
) -> None:
    del therapist
    own = f"{live_server.url}{reverse('paper', args=[client_record.pk])}"
    with opened(browser, java_script_enabled=False) as page:
        sign_in(page, live_server)
        page.goto(own)
        page.select_option("[name=measure]", "gad7")
        go(page, "text=Go on")
        page.focus("[name=item1]")
        for key in "1203120":
            page.keyboard.type(key)
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url("**/checkins/")
        assert "9 of 0 to 21" in page.inner_text("main")
