"""Pressing what opens a page in a real browser."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


def go(page: Page, pressed: str | Locator) -> None:
    """Press a link or a button that opens a page, and wait until that page has come.

    A click alone may return while the old page still stands, which then answers for the new one.
    """
    with page.expect_navigation():
        (page.locator(pressed) if isinstance(pressed, str) else pressed).first.click()
