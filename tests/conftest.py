"""What tests share: where things are, and that nothing is skipped where CI=true."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The web application's settings are read here, with a key and a data folder of this process.
os.environ["REATTUNE_KEY"] = "5e" * 32
os.environ["REATTUNE_DATA"] = tempfile.mkdtemp(prefix="reattune-test-")
os.environ["DJANGO_SETTINGS_MODULE"] = "reattune.web.settings"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in the tests' own thread
atexit.register(shutil.rmtree, os.environ["REATTUNE_DATA"], ignore_errors=True)

import django  # noqa: E402

django.setup()

# How long an example takes depends on what else the machine does, and is measured elsewhere.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]
CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
CI = os.environ.get("CI") == "true"
NEEDS = {"browser": "chromium", "strace": "strace"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip by name what the system lacks; under CI run it and let it fail."""
    if CI:
        return
    for item in items:
        for mark, command in NEEDS.items():
            if item.get_closest_marker(mark) and shutil.which(command) is None:
                item.add_marker(pytest.mark.skip(reason=f"{command} is not installed"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium, without a network of its own."""
    if not CHROMIUM.exists():
        missing = f"{CHROMIUM} is not installed; apt-get install chromium"
        if CI:
            pytest.fail(missing)
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder of its own; where the user's instruments go in it."""
    monkeypatch.setenv("REATTUNE_DATA", str(tmp_path / "data"))
    folder = tmp_path / "data" / "measures"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    """A short session as a plain-text file, with a rupture, a misstep and a repair."""
    path = tmp_path / "session.txt"
    path.write_text(TALK, "utf-8")
    return path


TALK = """\
T: Good to see you. How was the week?
C: Busy. I kept thinking about what we said about my sister, and I wrote some of it down.
T: What did you write?
C: That I always end up being the one who drives over and sorts it out, every single time.
T: Did you do the thought record I gave you for homework?
C: No. I don't see the point of those forms. You keep giving me forms and they don't help.
T: Well, most of my clients find them very helpful once they actually do them.
C: You're not listening to me. I just told you it doesn't help.
T: You're right. I pushed the form again just when you told me it doesn't help. That was me not \
listening, and I can see why you'd be fed up with it.
C: Yeah. It felt like you cared more about the sheet than about what I was saying about her.
T: That makes sense. How is it for you to say that to me here?
C: Odd. But good, I think. I never say it to anyone, I just drive over and get cross in the car.
T: So what would be useful today, instead of the form?
C: I would like to work out what to say to her on Sunday, without making it into a row again.
"""
