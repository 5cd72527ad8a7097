"""Remakes a picture of docs/images from an HTML report: the top of it, light, 1280 pixels wide.

    python docs/images/make_screenshots.py REPORT.html             report.png, of a session
    python docs/images/make_screenshots.py COURSE.html course.png  of `follow examples/course_a`

Needs playwright and Debian's chromium. Nothing is loaded but the file given.
"""

from __future__ import annotations

import sys
from pathlib import Path

CHROMIUM = "/usr/bin/chromium"
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDTH = 1280  # pixels
HEIGHTS = {"report.png": 860, "course.png": 1530}  # pixels
LARGEST = 400_000  # bytes, so that the repository stays small


def shoot(report: Path, target: Path) -> int:
    """Write the picture and return its size in bytes."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        size = {"width": WIDTH, "height": HEIGHTS[target.name]}
        page = browser.new_page(viewport=size, color_scheme="light")
        page.goto(report.resolve().as_uri())
        page.screenshot(path=str(target))
        browser.close()
    return target.stat().st_size


if __name__ == "__main__":
    name = sys.argv[2] if len(sys.argv) == 3 else "report.png"
    if len(sys.argv) not in (2, 3) or name not in HEIGHTS:
        raise SystemExit(__doc__)
    picture = Path(__file__).with_name(name)
    size = shoot(Path(sys.argv[1]), picture)
    print(f"{picture.name}: {size // 1000} kB")
    if size > LARGEST:
        raise SystemExit(f"That is over {LARGEST // 1000} kB.")
