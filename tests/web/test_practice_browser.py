"""Practice in a browser: a drill and a talk to their ends, what was shown to a supervisor, and that
the pages hold for a screen reader, on a phone, in the dark and without script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reattune import practice
from reattune.web.accounts.models import User
from reattune.web.practice.models import Share, Talk
from tests.web.browsing import go
from tests.web.practicing import DRILL, GOOD, LANDS, POOR, ended, kept
from tests.web.test_clients_browser import DESK, PHONE, opened, sound

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def say(page: Page, text: str, *, script: bool) -> None:
    """A reply, by keys where there is script; then its feedback is there."""
    before = page.locator(".line.T.said").count()
    page.fill("#id_text", text)
    if script:
        page.keyboard.press("Control+Enter")
        page.locator(".line.T.said").nth(before).wait_for()
        page.wait_for_timeout(200)
    else:
        go(page, "#answer [data-send]")
    assert page.locator(".line.T.said").count() == before + 1


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no-scripts"])
def test_a_drill_is_done_shown_and_taken_back(
    browser: Browser, live_server: LiveServer, therapist: User, supervisor: User, stranger: User,
    script: bool,
) -> None:  # fmt: skip
    options: dict[str, Any] = {"java_script_enabled": script}
    with opened(browser, live_server, therapist, **options) as own:
        own.goto("/rehearse/")
        go(own, own.get_by_role("link", name=practice.load_drills()[DRILL].title))
        go(own, own.get_by_role("button", name="Begin"))
        say(own, "So what does she say about the windows you did?", script=script)
        assert "Nothing was read" in own.inner_text(".feedback >> nth=0")
        assert "2 tries left" in own.inner_text("#answer")
        say(own, LANDS, script=script)
        told = own.inner_text(".feedback >> nth=1")
        for words in ("Notices and names", "more trust", "sure", "Another wording"):
            assert words in told, words
        assert own.locator("mark.repair").count() == 1
        assert own.locator(".feedback details[open]").count() == 1
        go(own, own.get_by_role("link", name="How it went"))
        assert "landed" in own.inner_text("main")
        own.get_by_text("Choose whom and for how long").click()
        own.select_option("#id_reader", label=str(supervisor))
        go(own, own.get_by_role("button", name="Show it"))
        path = f"/rehearse/shared/{Share.objects.get().pk}/"
        with opened(browser, live_server, stranger, **options) as strange:
            for address in (path, f"/rehearse/talks/{Talk.objects.get().pk}/"):
                strange.goto(address)
                assert practice.load_drills()[DRILL].title not in strange.inner_text("body")
                assert strange.locator("svg.state-course").count() == 0
        with opened(browser, live_server, supervisor, **options) as theirs:
            theirs.goto("/rehearse/")
            go(theirs, theirs.get_by_role("link", name="Shown to me"))
            go(theirs, ".card a")
            assert "Eased most" in theirs.inner_text("main")
            assert "windows you did" not in theirs.inner_text("main")
            go(own, own.get_by_role("button", name="Take it back"))
            theirs.reload()
            assert "Eased most" not in theirs.inner_text("body")


def test_the_focus_follows_the_talk_and_one_reply_is_sent_once(
    browser: Browser, live_server: LiveServer, therapist: User
) -> None:
    with opened(browser, live_server, therapist) as page:
        page.goto("/rehearse/scenarios/thin_yes/")
        go(page, page.get_by_role("button", name="Begin"))
        say(page, GOOD, script=True)
        assert page.evaluate("document.activeElement.id") == "l1"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "id_text"
        page.keyboard.type("   ")
        page.keyboard.press("Control+Enter")
        page.evaluate("document.querySelector('#id_text').required = false")
        page.keyboard.press("Control+Enter")
        page.locator("#id_text_error").wait_for()
        assert "Nothing is written yet" in page.inner_text("#answer")
        page.fill("#id_text", POOR)
        for _ in range(3):
            page.keyboard.press("Control+Enter")
        page.locator(".line.T.said").nth(1).wait_for()
        page.wait_for_timeout(500)
        assert len(kept(Talk.objects.get()).run.exchanges) == 2
        assert page.locator(".feedback > details[open]").count() == 1
        page.locator(".contest summary").last.click()
        page.locator(".contest textarea").last.fill("I meant it as a question.")
        go(page, page.get_by_role("button", name="Contest this reading").last)
        assert "I meant it as a question." in page.inner_text("#talk")
        page.reload()
        go(page, page.get_by_role("button", name="End the talk here"))
        assert page.locator("svg.state-course").first.is_visible()


def test_speaking_is_off_until_it_is_turned_on(
    browser: Browser, live_server: LiveServer, therapist: User
) -> None:
    with opened(browser, live_server, therapist) as page:
        page.goto("/rehearse/scenarios/thin_yes/")
        go(page, page.get_by_role("button", name="Begin"))
        if not page.evaluate("'webkitSpeechRecognition' in window"):
            assert page.locator(".speech").is_hidden()
            return
        page.get_by_text("Speak instead of typing").click()
        assert "send what you say to their maker" in page.inner_text(".speech")
        assert page.locator("[data-speak]").is_hidden()
        page.check("[data-speech-on]")
        assert page.locator("[data-speak]").is_visible()
        page.uncheck("[data-speech-on]")
        assert page.locator("[data-speak]").is_hidden()
        page.reload()
        assert not page.locator("[data-speech-on]").is_checked()


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"]
)
def test_the_pages_hold_in_a_browser(
    browser: Browser, live_server: LiveServer, therapist: User, supervisor: User,
    size: tuple[int, int], scheme: Any,
) -> None:  # fmt: skip
    assert supervisor
    with opened(browser, live_server, therapist, size, color_scheme=scheme) as page:
        for path in ("", "talks/", "progress/"):
            page.goto(f"/rehearse/{path}")
            sound(page)
        talk = ended(therapist, GOOD, POOR, "asdf qwer zxcv")
        pages = ("", "drills/", "talks/", "talks/delete/", "progress/", "scenarios/thin_yes/",
                 "?intensity=micro&hard=ending", f"scenarios/{DRILL}/", f"talks/{talk.pk}/",
                 f"talks/{talk.pk}/after/", "shared/")  # fmt: skip
        for path in pages:
            page.goto(f"/rehearse/{path}")
            for details in page.locator("main details:not([open]) > summary").all():
                if details.is_visible():
                    details.click()
            sound(page)
