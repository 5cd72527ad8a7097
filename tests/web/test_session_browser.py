"""The session page in a browser: from the upload to a confirmed marker, by keys, without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.reviews import models, queue
from tests.web.browsing import go
from tests.web.conftest import PASSWORD, SESSION
from tests.web.sessions import TURNS, make_session

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = (Path(__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def record(client_record: Client) -> models.Session:
    """A session with one episode, five flags and a near miss."""
    return make_session(client_record)


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
    go(page, "main button")
    expect(page.locator("a.brand")).to_be_visible()
    yield page
    context.close()
    assert not wrong, wrong


def turn(page: Page, number: int) -> Locator:
    """A turn of the transcript."""
    return page.locator(f"#t{number}")


def test_from_upload_to_confirmed_marker(
    browser: Browser, live_server: Any, therapist: User, client_record: Client
) -> None:
    with signed(browser, live_server, therapist) as page:
        page.goto(f"/clients/{client_record.pk}/upload/")
        page.set_input_files("input[name=files]", SESSION)
        page.get_by_role("button", name="Upload").click()
        expect(page.get_by_text(SESSION.name).first).to_be_visible()
        record = client_record.sessions.get()
        page.goto(f"/sessions/{record.pk}/")
        expect(page.locator("#job")).to_contain_text("waits to be read")
        assert queue.work_once("test")
        expect(page.locator("#overview")).to_contain_text("of strain", timeout=15_000)
        expect(page.locator("#job")).to_have_count(0)
        page.keyboard.press("j")
        here = page.locator(".turn:focus")
        expect(here).to_have_class(re.compile("flagged"))
        number = int((here.get_attribute("id") or "t0")[1:])
        page.keyboard.press("c")
        expect(turn(page, number)).to_contain_text("confirmed by you")
        expect(page.locator(".tally")).to_contain_text("You have been through 1 of")
        expect(turn(page, number)).to_be_focused()
        page.reload()
        expect(turn(page, number)).to_contain_text("confirmed by you")
    judgement = record.judgements.get()
    assert (judgement.turn, judgement.verdict) == (number - 1, "confirmed")


def test_by_keys_alone(
    browser: Browser, live_server: Any, therapist: User, record: models.Session
) -> None:
    with signed(browser, live_server, therapist) as page:
        page.goto(f"/sessions/{record.pk}/")
        keys, told = page.keyboard, page.locator("#said")
        keys.press("j")
        expect(turn(page, 6)).to_be_focused()
        keys.press("j")
        expect(turn(page, 7)).to_be_focused()
        keys.press("k")
        expect(turn(page, 6)).to_be_focused()
        keys.press("d")
        expect(told).to_have_text("Dismissed: Complaint about the therapy, turn 6.")
        expect(page.locator("#episodes")).to_contain_text("turns 8–10")
        expect(turn(page, 8)).to_contain_text("Did you notice this at the time?")
        expect(turn(page, 6)).to_be_focused()
        keys.press("u")
        expect(told).to_contain_text("Taken back")
        expect(turn(page, 6)).to_contain_text("62%")
        keys.press("r")
        chosen = turn(page, 6).get_by_role("radio", name="Complaint about the therapy")
        expect(chosen).to_be_focused()
        keys.press("ArrowDown")
        keys.press("Enter")
        expect(turn(page, 6)).to_contain_text("set by you, in place of")
        expect(turn(page, 6).locator("[data-panel]")).to_have_count(0)
        keys.press("n")
        expect(turn(page, 6).locator("textarea")).to_be_focused()
        keys.type("jkcdu? no key works while one writes")
        turn(page, 6).get_by_role("button", name="Keep the note").press("Enter")
        expect(turn(page, 6).locator(".remark")).to_contain_text("no key works")
        turn(page, 2).focus()
        keys.press("a")
        expect(turn(page, 2).get_by_role("radio").first).to_be_focused()
        keys.press("Space")
        keys.press("Enter")
        expect(turn(page, 2)).to_contain_text("added by you")
        expect(page.locator("#episodes")).to_contain_text("turns 2–")
    verdicts = list(record.judgements.values_list("verdict", flat=True))
    assert verdicts == ["dismissed", "cleared", "relabeled", "added"]


def test_help_and_turning_the_keys_off(
    browser: Browser, live_server: Any, therapist: User, record: models.Session
) -> None:
    with signed(browser, live_server, therapist) as page:
        page.goto(f"/sessions/{record.pk}/")
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_visible()
        page.locator("#keys-on").uncheck()
        page.keyboard.press("Escape")
        expect(page.locator("#keys")).to_be_hidden()
        page.keyboard.press("j")
        expect(page.locator(".turn:focus")).to_have_count(0)
        page.get_by_role("button", name="Next flag").click()
        expect(turn(page, 6)).to_be_focused()
        page.reload()
        page.get_by_role("button", name="Keys").click()
        expect(page.locator("#keys-on")).not_to_be_checked()


def test_escape_gives_a_form_up_and_an_empty_note_is_told(
    browser: Browser, live_server: Any, therapist: User, record: models.Session
) -> None:
    with signed(browser, live_server, therapist) as page:
        page.goto(f"/sessions/{record.pk}/#t6")
        page.keyboard.press("n")
        area = turn(page, 6).locator("textarea")
        expect(area).to_be_focused()
        area.fill("   ")
        turn(page, 6).get_by_role("button", name="Keep the note").click()
        expect(turn(page, 6).locator(".error")).to_be_visible()
        turn(page, 6).locator("textarea").press("Escape")
        expect(turn(page, 6).locator("[data-panel]")).to_have_count(0)
        expect(turn(page, 6)).to_be_focused()


def test_a_result_waits_until_what_is_being_written_is_done(
    browser: Browser, live_server: Any, therapist: User, record: models.Session
) -> None:
    job = record.jobs.create(state="running", total=14, progress=3)
    with signed(browser, live_server, therapist) as page:
        page.goto(f"/sessions/{record.pk}/")
        page.get_by_role("link", name="Write a note on this session").click()
        page.locator("#notes textarea").fill("A heavy hour.")
        models.Job.objects.filter(pk=job.pk).update(state="done")
        with page.expect_response(re.compile("/progress/")) as answer:
            pass
        assert answer.value.headers["hx-refresh"] == "true"
        expect(page.locator("#notes textarea")).to_have_value("A heavy hour.")
        page.get_by_role("button", name="Keep the note").click()
        expect(page.locator("#notes .remark")).to_contain_text("A heavy hour.")
        expect(page.locator("#job")).to_have_count(0)
        expect(page.locator("#notes .remark")).to_contain_text("A heavy hour.")


def test_an_open_episode_stays_open_and_a_link_opens_one(
    browser: Browser, live_server: Any, therapist: User, record: models.Session
) -> None:
    with signed(browser, live_server, therapist) as page:
        page.goto(f"/sessions/{record.pk}/#episode-1")
        card = page.locator("#episode-1")
        expect(card).to_have_attribute("open", "")
        turn(page, 6).get_by_role("button", name="Yes").click()
        expect(card).to_contain_text("you noticed it at the time")
        expect(card).to_have_attribute("open", "")
        turn(page, 6).get_by_role("button", name="Confirm").click()
        expect(card).to_contain_text("1 settled by you")


def test_a_link_to_a_moment_shows_it(
    browser: Browser, live_server: Any, therapist: User, client_record: Client
) -> None:
    record = make_session(client_record, turns=TURNS * 10)
    with signed(browser, live_server, therapist) as page:
        page.goto(f"/sessions/{record.pk}/#t104")
        expect(turn(page, 104)).to_be_in_viewport()
        assert page.evaluate("document.querySelector('.turn:target').id") == "t104"
        assert "solid" in turn(page, 104).evaluate("e => getComputedStyle(e).outline")


def test_without_script(
    browser: Browser, live_server: Any, therapist: User, record: models.Session
) -> None:
    with signed(browser, live_server, therapist, java_script_enabled=False) as page:
        page.goto(f"/sessions/{record.pk}/")
        expect(page.locator(".walk")).to_be_hidden()
        go(page, turn(page, 6).get_by_role("button", name="Confirm"))
        assert page.url.endswith("#t6")
        expect(turn(page, 6)).to_contain_text("confirmed by you")
        turn(page, 6).get_by_role("button", name="Take back").click()
        expect(turn(page, 6)).to_contain_text("62%")
        turn(page, 8).get_by_role("link", name="Relabel").click()
        turn(page, 8).get_by_role("radio", name="Denial").check()
        turn(page, 8).get_by_role("radio", name="major").check()
        turn(page, 8).get_by_role("button", name="Set this label").click()
        expect(turn(page, 8)).to_contain_text("set by you, in place of")
        turn(page, 2).get_by_role("link", name="Mark or note: turn 2").click()
        turn(page, 2).get_by_role("radio", name="Topic shift").check()
        turn(page, 2).get_by_role("button", name="Add this marker").click()
        expect(turn(page, 2)).to_contain_text("added by you")
        turn(page, 2).get_by_role("link", name="Mark or note: turn 2").click()
        turn(page, 2).get_by_role("textbox").fill("The sister comes up again.")
        turn(page, 2).get_by_role("button", name="Keep the note").click()
        expect(turn(page, 2).locator(".remark")).to_contain_text("The sister")
        turn(page, 2).get_by_role("link", name="Change").click()
        turn(page, 2).get_by_role("textbox").fill("And again.")
        turn(page, 2).get_by_role("button", name="Keep the note").click()
        expect(turn(page, 2).locator(".remark")).to_contain_text("And again.")
        turn(page, 2).get_by_role("button", name="Delete").click()
        expect(turn(page, 2).locator(".remark")).to_have_count(0)
        turn(page, 2).get_by_role("button", name="No", exact=True).click()
        expect(page.locator("#episodes")).to_contain_text("you did not notice it at the time")
        page.get_by_role("link", name="Show 1 near miss").click()
        turn(page, 12).get_by_role("button", name="It is one").click()
        expect(turn(page, 12)).to_contain_text("confirmed by you")
        page.locator("#only-close").check()
        expect(turn(page, 2)).to_be_visible()


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"]
)
def test_no_rule_of_accessibility_is_broken(
    browser: Browser,
    live_server: Any,
    therapist: User,
    client_record: Client,
    scheme: Any,
    size: Any,
) -> None:
    risky = (*TURNS[:12], ("C", "Some nights I think about killing myself."), ("T", "Are you?"))
    record = make_session(client_record, turns=risky)
    models.Note.objects.create(session=record, turn=5, text="Slow down.", author=therapist)
    record.jobs.create(state="running", total=14, progress=3)
    with signed(browser, live_server, therapist, color_scheme=scheme, viewport=size) as page:
        page.goto(f"/sessions/{record.pk}/?near=1&turn=6")
        turn(page, 8).get_by_role("button", name="Confirm").click()
        turn(page, 10).get_by_role("button", name="Dismiss").click()
        expect(turn(page, 10)).to_contain_text("dismissed by you")
        for card in page.locator("details").all():
            card.evaluate("e => { e.open = true }")
        no_violation(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"]
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_visible()
        no_violation(page)


def no_violation(page: Page) -> None:
    """Nothing of WCAG 2.2 AA is broken, as far as axe-core can tell."""
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    told = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    assert not told, told
