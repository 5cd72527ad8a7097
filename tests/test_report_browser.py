"""The HTML report in a real browser: nothing is fetched, nothing fails, it fits, it works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reattune.report import render_html
from reattune.types import Analysis
from tests.test_report_samples import coded, hostile, long_session, plain

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SAMPLES: dict[str, Analysis] = {
    "mixed": coded("course-b-session-2", risk=True),
    "quiet": coded("course-c-session-5"),
    "one turn": plain(("T", "Hello.")),
    "hostile": hostile(),
}
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}

pytestmark = pytest.mark.browser


class Opened:
    """A page with the report and everything it asked for or complained about."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.goto(path.as_uri())


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator:
    pages = []

    def open_report(
        analysis: Analysis, size: dict[str, int] = DESKTOP, scheme: str = "light"
    ) -> Opened:
        path = tmp_path / "report.html"
        path.write_text(render_html(analysis), encoding="utf-8")
        pages.append(browser.new_page(viewport=size, color_scheme=scheme))
        return Opened(pages[-1], path)

    yield open_report
    for page in pages:
        page.close()


@pytest.mark.parametrize("name", SAMPLES)
def test_only_the_file_itself_is_loaded_and_nothing_complains(opened, tmp_path: Path, name) -> None:
    report = opened(SAMPLES[name])
    report.page.wait_for_load_state("networkidle")
    assert report.requests == [(tmp_path / "report.html").as_uri()]
    assert report.complaints == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_sticks_out_sideways(opened, name, size) -> None:
    page = opened(SAMPLES[name], size).page
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_light_and_dark_follow_the_system(opened) -> None:
    color = "getComputedStyle(document.body).backgroundColor"
    light = opened(SAMPLES["quiet"]).page.evaluate(color)
    dark = opened(SAMPLES["quiet"], scheme="dark").page.evaluate(color)
    assert (light, dark) == ("rgb(246, 245, 241)", "rgb(20, 24, 27)")


def test_near_misses_show_when_asked_for(opened) -> None:
    page = opened(SAMPLES["mixed"]).page
    display = "getComputedStyle(document.querySelector('.note.near')).display"
    assert page.evaluate(display) == "none"
    page.get_by_label("Show near misses").check()
    assert page.evaluate(display) == "block"


def test_the_transcript_can_be_cut_to_what_is_flagged(opened) -> None:
    page = opened(SAMPLES["mixed"]).page
    before = page.locator(".turn:visible").count()
    page.get_by_label("Only the parts around flags").check()
    after = page.locator(".turn:visible").count()
    assert 0 < after < before == len(SAMPLES["mixed"].session.turns)


def test_the_strip_leads_to_episodes_and_turns(opened) -> None:
    page = opened(SAMPLES["mixed"]).page
    page.locator(".band").nth(2).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/report.html#episode-3")
    page.locator(".spot").first.click()
    page.wait_for_url("**/report.html#t10")


def test_notes_stand_beside_the_words_on_wide_screens_and_below_on_narrow(opened) -> None:
    boxes = {}
    for width, size in (("wide", DESKTOP), ("narrow", PHONE)):
        turn = opened(SAMPLES["mixed"], size).page.locator(".turn.flagged").first
        turn.scroll_into_view_if_needed()
        boxes[width] = turn.locator(".said").bounding_box(), turn.locator(".notes").bounding_box()
    said, notes = boxes["wide"]
    assert notes["x"] > said["x"] + said["width"] - 1
    said, notes = boxes["narrow"]
    assert notes["y"] >= said["y"] + said["height"] - 1


def test_the_skip_link_comes_first(opened) -> None:
    page = opened(SAMPLES["mixed"]).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"


def test_it_prints_on_paper_with_everything_unfolded(opened) -> None:
    page = opened(coded("course-b-session-2", first=40, last=100)).page
    for paper in ("A4", "Letter"):
        assert page.pdf(format=paper).startswith(b"%PDF")
    page.emulate_media(media="print")
    assert not page.locator(".bar").is_visible()
    assert page.locator(".more .beat").first.is_visible()


def test_three_hours_open_without_complaint(opened) -> None:
    report = opened(long_session())
    assert report.complaints == []
    assert report.page.locator("#t2500").count() == 1
