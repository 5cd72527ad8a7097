"""Pictures of every page of the practice application, to be looked at.

    python -m tools.web_screenshots OUT [--only NAME]

Starts `reattune serve --demo` on a data folder of its own, waits until the worker has read the
demo's sessions, and takes each page in light and dark, on a desktop and on a phone. It also tells
which pages wrote errors to the browser's console or answered with an error.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

CHROMIUM = "/usr/bin/chromium"
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")
PATIENCE = 600.0  # seconds for the worker to read the demo's sessions

PLAIN = {
    "caseload": "/clients/",
    "figures": "/clients/figures/",
    "search": "/search/?q=feel",
    "client-new": "/clients/new/",
    "account": "/account/",
    "password": "/account/password/",
    "second-factor": "/second-factor/new/",
    "tokens": "/account/tokens/",
    "trail": "/account/trail/",
    "people": "/practice/",
    "invite": "/practice/invite/",
    "jobs": "/reading/",
    "journal": "/journal/",
    "missteps": "/missteps/",
    "reference": "/reference/",
    "codings": "/codings/",
    "shares": "/shared/",
    "rehearse": "/rehearse/",
    "rehearse-scenario": "/rehearse/scenarios/thin_yes/",
    "rehearse-drills": "/rehearse/drills/",
    "rehearse-progress": "/rehearse/progress/",
    "api": "/api/",
    "my-shares": "/shared/given/",
    "instruments": "/instruments/",
    "missing": "/clients/00000000-0000-0000-0000-000000000000/",
}
"""Pages that need no record, by the name of their picture."""

SIGNED_OUT = {"login": "/login/", "answer-missing": "/answer/none/", "join-missing": "/join/none/"}
"""Pages for somebody without an account."""

FOLLOWED = re.compile(r'href="(/(?:clients|sessions|episodes|plans)/[0-9a-f-]{36}/[a-z/-]*)[#"?]')
"""Links of pages to further pages about a record."""

REPLIES = (
    "You went quiet when I asked about the notes. How was it for you that I brought them up again?",
    "The research is very clear, you just need to stick with it.",
    "It makes sense that you said yes when I had just pushed. That was my mistake.",
)
"""What a learner says to the simulated client in the pictures."""

Shots = dict[str, str]


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """The demo server; yields the address that opens its account."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-u", "-m", "reattune", "serve", "--demo", "--no-browser"]
    env = {k: v for k, v in os.environ.items() if k not in ("REATTUNE_KEY", "DATABASE_URL")}
    server = subprocess.Popen(
        [*command, "--port", str(port), "--data-dir", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env=env,
    )
    try:
        assert server.stdout is not None
        yield next(found[0] for line in server.stdout if (found := re.findall(r"http\S+", line)))
    finally:
        server.terminate()
        server.wait(timeout=30)


def ready(page: Page, address: str) -> None:
    """Sign in, and wait until no session waits or is being read."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(address.split("?")[0], timeout=5).close()
        except urllib.error.HTTPError:
            break
        except OSError:
            time.sleep(0.5)
    page.goto(address)
    while time.monotonic() < end:
        page.goto(address.split("/demo")[0] + "/reading/")
        if not page.locator("#jobs[hx-get]").count():  # it asks again while any is open
            return
        time.sleep(2)
    raise SystemExit("The demo's sessions were not read in time.")


def found_pages(page: Page, base: str) -> Shots:
    """Every page about a record that can be reached, one of each kind, by a name."""
    shots: Shots = {}
    queue = ["/clients/"]
    while queue:
        path = queue.pop(0)
        answer = page.goto(base + path)
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            continue
        for link in FOLLOWED.findall(page.content()):
            kind = re.sub(r"[0-9a-f-]{36}", "ID", link).strip("/").replace("/", "-")
            if kind not in shots and not link.endswith((".csv", ".zip")):
                shots[kind] = link
                queue.append(link)
    return shots


def made_pages(page: Page, base: str) -> Shots:
    """Pages of what has to be made first: a coding without flags, a packet of moments."""
    page.goto(f"{base}/clients/")
    client = re.findall(r"/clients/[0-9a-f-]{36}/", page.content())[0]
    page.goto(base + client)
    sessions = re.findall(r"/sessions/[0-9a-f-]{36}/", page.content())
    one, other = base + sessions[-1], base + sessions[0]
    begun = {"coding": marked(page, one), "coding-invite": f"{sessions[-1]}second-coder/"}
    marked(page, other)
    press(page, page.locator("#done button"))
    compared = {"coding-compare": urlparse(page.url).path}
    return {**begun, **compared, **packet_pages(page, one), **talk_pages(page, base)}


def marked(page: Page, session: str) -> str:
    """Where a coding of a session without flags is, with some turns marked."""
    page.goto(f"{session}moments/")
    press(page, page.get_by_role("button", name="Begin"))
    for at in (8, 9, 14):
        page.get_by_role("button", name="Withdrawal").nth(at).click()
        page.wait_for_timeout(400)
    return urlparse(page.url).path


def packet_pages(page: Page, session: str) -> Shots:
    """A packet: choosing turns, the draft, the review by hand, the packet."""
    choose = f"{urlparse(session).path}share/?first=46&last=54"
    page.goto(f"{session}share/?first=46&last=54")
    press(page, page.get_by_role("button", name="Show these turns"))
    press(page, page.get_by_role("button", name="Put it into the packet"))
    draft = urlparse(page.url).path
    page.get_by_label("Your question").fill("Did I push here?")
    page.get_by_label("Robin, supervisor").check()
    with page.expect_navigation():
        page.get_by_label("Open for so many days").press("Enter")
    review = urlparse(page.url).path
    return {"packet-choose": choose, "packet-draft": draft, "packet-review": review}


def talk_pages(page: Page, base: str) -> Shots:
    """A talk with the simulated client, with feedback, and how it went."""
    found = {}
    for name in ("talk", "talk-after"):
        page.goto(f"{base}/rehearse/scenarios/thin_yes/")
        press(page, page.get_by_role("button", name="Begin"))
        for number, text in enumerate(REPLIES, 1):
            page.fill("#id_text", text)
            page.keyboard.press("Control+Enter")
            page.locator(".feedback").nth(number - 1).wait_for()
        found[name] = urlparse(page.url).path
    page.reload()
    press(page, page.get_by_role("button", name="End the talk here"))
    return {**found, "talk-after": urlparse(page.url).path}


def press(page: Page, button: Locator) -> None:
    """Press what opens a page."""
    with page.expect_navigation():
        button.first.click()


def take(browser: Browser, base: str, cookies: list, shots: Shots, out: Path) -> int:  # type: ignore[type-arg]
    """Every picture; the number of pages with errors."""
    wrong = 0
    for size, (width, height) in SIZES.items():
        for scheme in SCHEMES:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            context.add_cookies(cookies)
            page = context.new_page()
            for name, path in shots.items():
                wrong += one(page, base + path, out / f"{name}-{size}-{scheme}.png")
            context.close()
    return wrong


def one(page: Page, address: str, target: Path) -> int:
    """One picture; 1 if the page has an error or scrolls sideways."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append(message.text)

    page.on("console", listen)
    answer = page.goto(address)
    page.screenshot(path=target, full_page=True)
    status = answer.status if answer else 0
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    page.remove_listener("console", listen)
    fine = (status < 400 or "missing" in target.name) and not wide
    if not fine or (said and "missing" not in target.name):
        print(f"{target.name}: status {status}{', scrolls sideways' * wide} {said[:2]}")
        return 1
    return 0


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="", help="pages whose name has this")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        base = "/".join(address.split("/")[:3])
        context = browser.new_context()
        page = context.new_page()
        ready(page, address)
        shots = {**PLAIN, **found_pages(page, base), **made_pages(page, base)}
        shots = {name: path for name, path in shots.items() if chosen.only in name}
        wrong = take(browser, base, context.cookies(), shots, chosen.out)
        out = {name: path for name, path in SIGNED_OUT.items() if chosen.only in name}
        take(browser, base, [], out, chosen.out)
        browser.close()
    print(f"{len(shots)} pages in {chosen.out}; {wrong} with something wrong")


if __name__ == "__main__":
    main()
