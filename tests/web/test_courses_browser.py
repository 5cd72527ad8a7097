"""The three demo courses in a real browser, from upload to closure, as their therapist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reattune.repair import Rupture
from reattune.web import demo
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.plans import store
from reattune.web.reviews import queue
from tests.web.browsing import go
from tests.web.test_clients_browser import DESK, opened, sound

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MOST_STEPS = 12  # proposals of steps that a test answers; more would be a loop


def uploaded(view: Page, user: User, name: str) -> Client:
    """A client with forms and appointments, whose transcripts are uploaded in the browser."""
    folder = Path(str(demo.examples())) / name
    about = json.loads((folder / "course.json").read_text("utf-8"))
    client = demo.make_client(user, about["client"].partition(",")[0], about["sessions"])
    view.goto(f"/clients/{client.pk}/upload/")
    files = [folder / row["file"] for row in about["sessions"] if "file" in row]
    view.set_input_files("#files", files)
    view.get_by_role("button", name="Upload").click()
    view.get_by_text("What became of the files").wait_for()
    while queue.work_once("browser"):
        pass
    assert set(client.sessions.values_list("state", "analyses__current")) == {("ready", True)}
    assert client.sessions.count() == len(files)
    view.goto(f"/clients/{client.pk}/")
    sound(view)
    return client


def shot(view: Page, folder: Path, name: str) -> None:
    """A picture of the page, for whoever wants to look."""
    view.screenshot(path=folder / f"{name}.png", full_page=True)


def card(view: Page, key: str) -> str:
    """Where the card of a rupture is on the client's page."""
    view.wait_for_selector(f"#r-{key}")
    return f"#r-{key}"


def accept_steps(view: Page, key: str) -> None:
    """Accept what the words look like, step by step."""
    for _ in range(MOST_STEPS):
        asked = view.locator(f"{card(view, key)} .repair-steps > li:has(.asked)")
        if not asked.count():
            return
        asked.first.locator("> details > summary").click()
        go(view, asked.first.locator(".asked button[value=accept]"))
    raise AssertionError("proposals without end")


def accept_closure(view: Page, key: str, why: str) -> None:
    """Accept the closure that is proposed."""
    box = view.locator(f"{card(view, key)} .told > .asked")
    box.locator("textarea").fill(why)
    go(view, box.locator("button[value=accept]"))


def close_as(view: Page, key: str, new: str, why: str) -> None:
    """Close a rupture by one's own decision."""
    box = view.locator(f"{card(view, key)} details.close")
    box.locator("> summary").click()
    box.locator("textarea").fill(why)
    go(view, box.locator(f"button[value={new}]"))


def kept(client: Client) -> dict[str, Rupture]:
    """The client's ruptures by key."""
    return {own.id: own for own in store.load(client)}


def open_keys(client: Client) -> list[str]:
    """What is still open or watched."""
    return [own.id for own in store.load(client) if own.state in ("open", "watched")]


def dated(own: Rupture) -> list[str]:
    """The steps whose state a person set, with a date, a session and who it was."""
    rows = [c for c in own.changes if c.part and c.by == "human"]
    assert all(c.when and c.session and c.who.startswith("user:") for c in rows)
    return list(dict.fromkeys(c.part for c in rows if c.new in ("tried", "landed")))


def test_course_a_ends_with_a_withdrawal_repaired_by_session_five(
    browser: Browser, live_server: LiveServer, therapist: User, tmp_path: Path
) -> None:
    with opened(browser, live_server, therapist, DESK) as view:
        client = uploaded(view, therapist, "course_a")
        (key,) = open_keys(client)
        accept_steps(view, key)
        accept_closure(view, key, "She said that we are all right again.")
        sound(view)
        shot(view, tmp_path, "client")
        assert "No repair is under way" in view.inner_text("#plan")
        view.goto("/clients/")
        assert " strain (" not in view.inner_text("main")
        view.goto(f"/clients/{client.pk}/plan/{key}/")
        sound(view)
        shot(view, tmp_path, "rupture")
    own = kept(client)[key]
    assert (own.kind, own.session, own.state) == ("withdrawal", 2, "repaired")
    assert own.closing is not None
    assert own.closing.session == 5
    assert own.closing.note == "She said that we are all right again."
    assert {"notice", "invite", "validate", "explore_meaning", "negotiate"} == set(dated(own))
    assert open_keys(client) == []


def test_course_b_ends_with_a_repair_in_part_and_a_goodbye(
    browser: Browser, live_server: LiveServer, therapist: User, tmp_path: Path
) -> None:
    with opened(browser, live_server, therapist, DESK) as view:
        client = uploaded(view, therapist, "course_b")
        (key,) = open_keys(client)
        accept_steps(view, key)
        accept_closure(view, key, "He can say what he minds; the employer's part stays.")
        go(view, "#plan >> text=When repair is not possible")
        ending = view.locator("#ending")
        ending.locator("textarea").fill("The six sessions that were agreed on are over.")
        go(view, ending.locator("button[value=planned]"))
        for section in ("reasons", "last_session", "follow_up"):
            choose(view, section)
        sound(view)
        shot(view, tmp_path, "ending")
        ending.locator("textarea").fill("He looked back himself, and thanked without warmth.")
        ending.locator("[name=ended]").fill("2026-04-16")
        go(view, ending.locator("button[value=closed]"))
        assert "Closed · ended April 16, 2026" in view.inner_text("main")
        view.goto("/clients/figures/")
        assert "repaired in part: 1" in view.inner_text("main")
        shot(view, tmp_path, "figures")
    own = kept(client)[key]
    assert (own.kind, own.state) == ("confrontation", "repaired_in_part")
    assert open_keys(client) == []
    client.refresh_from_db()
    assert str(client.ended) == "2026-04-16"


def choose(view: Page, section: str) -> None:
    """Choose the first item of a section of the ending."""
    part = view.locator(f"#{section}")
    part.locator("details > summary").click()
    part.locator("select").select_option(index=0)
    go(view, part.locator("details button"))


def test_course_c_ends_with_a_micro_rupture_repaired_within_its_session(
    browser: Browser, live_server: LiveServer, therapist: User, tmp_path: Path
) -> None:
    with opened(browser, live_server, therapist, DESK) as view:
        client = uploaded(view, therapist, "course_c")
        shot(view, tmp_path, "before")
        for key in open_keys(client):
            if key == "s3-1":
                accept_steps(view, key)
                accept_closure(view, key, "She made a joke of it, and then said what it was.")
            else:  # the words of session 2 are her usual banter
                close_as(view, key, "set_aside", "Her way of joking; nothing was strained.")
        sound(view)
        shot(view, tmp_path, "client")
        view.goto("/clients/")
        assert " strain (" not in view.inner_text(".clients")
    own = kept(client)["s3-1"]
    assert (own.kind, own.intensity, own.state) == ("withdrawal", "micro", "repaired")
    assert own.episodes[0].state == "repaired"  # by the end of that session
    assert open_keys(client) == []
