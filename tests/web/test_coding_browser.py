"""Blind coding in a browser: a learner's review, a second coding by two people, keys, no script."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from reattune.web.accounts.models import User
from reattune.web.clients import consents
from reattune.web.clients.models import Client
from reattune.web.coding import marks
from reattune.web.coding.models import Coding, Pairing, Talk
from reattune.web.reviews import models
from tests.web.browsing import go
from tests.web.codings import begun, both_done, own, pairing_of
from tests.web.sessions import TURNS, make_session
from tests.web.test_session_browser import DESK, PHONE, no_violation, signed, turn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RISKY = (*TURNS[:12], ("C", "Some nights I think about killing myself."), ("T", "Are you?"))


@pytest.fixture
def session(client_record: Client) -> models.Session:
    return make_session(client_record)


def pressed(page: Page, name: str, within: Locator | None = None) -> Locator:
    """A button by its name."""
    return (within or page).get_by_role("button", name=name).first


@pytest.mark.parametrize("script", [True, False], ids=["script", "none"])
def test_a_learner_finds_the_moments_and_compares(
    browser: Browser, live_server: Any, therapist: User, session: models.Session, script: bool
) -> None:
    with signed(browser, live_server, therapist, java_script_enabled=script) as page:
        page.goto(f"/sessions/{session.pk}/moments/")
        go(page, pressed(page, "Begin"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Find the moments")
        expect(page.locator("main")).not_to_contain_text("Complaint")
        act(page, script, pressed(page, "Something here", turn(page, 6)))
        expect(page.locator("#tally")).to_have_text("1 turn marked")
        act(page, script, pressed(page, "Confrontation", turn(page, 6)))
        expect(turn(page, 6).locator(".flag")).to_contain_text("Confrontation")
        act(page, script, pressed(page, "Make it major", turn(page, 6)))
        expect(turn(page, 6).locator(".flag")).to_contain_text("major")
        go(page, turn(page, 12).get_by_role("link", name="Label and note"))
        turn(page, 12).get_by_role("radio", name="Deference").check()
        turn(page, 12).get_by_label("Short note").fill("Too quick a yes.")
        go(page, pressed(page, "Keep this mark", turn(page, 12)))
        expect(turn(page, 12)).to_contain_text("Too quick a yes.")
        expect(page.locator("#tally")).to_have_text("2 turns marked")
        go(page, page.locator("#done button"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Your moments, compared")
        expect(page.locator(".short")).to_contain_text("you marked 1")
        card = page.locator("#m12")
        expect(card).to_contain_text("Too quick a yes.")
        expect(card).to_contain_text("Odd. But good")
        go(page, pressed(page, "To discuss", card))
        card.get_by_label("Note").fill("Ask Sunny.")
        go(page, pressed(page, "Talked over", card))
        expect(page.locator(".talks")).to_contain_text("Ask Sunny.")
        go(page, pressed(page, "Take over as a label", card))
        expect(page.locator(".messages")).to_contain_text("Deference, turn 12")
    assert Talk.objects.count() == 2
    assert session.judgements.get().code == "deference"


def act(page: Page, script: bool, button: Locator) -> None:
    """Press what marks: with script nothing is loaded, without it the page comes again."""
    if not script:
        return go(page, button)
    button.click()
    return None


def test_by_keys_alone(
    browser: Browser, live_server: Any, therapist: User, session: models.Session
) -> None:
    coding = own(session, therapist)
    with signed(browser, live_server, therapist) as page:
        page.goto(f"/codings/{coding.pk}/")
        keys = page.keyboard
        for _ in range(6):
            keys.press("j")
        expect(turn(page, 6)).to_be_focused()
        keys.press("m")
        expect(turn(page, 6).locator(".flag")).to_contain_text("Something here")
        expect(turn(page, 6)).to_be_focused()
        keys.press("2")
        expect(turn(page, 6).locator(".flag")).to_contain_text("Confrontation")
        expect(turn(page, 6)).to_be_focused()
        keys.press("i")
        expect(turn(page, 6).locator(".flag")).to_contain_text("major")
        keys.press("w")
        expect(turn(page, 6).locator(".flag")).to_have_count(2)
        keys.press("u")
        expect(turn(page, 6).locator(".flag")).to_have_count(1)
        keys.press("j")
        expect(turn(page, 7)).to_be_focused()
        keys.press("1")  # a therapist's turn carries none
        keys.press("s")
        expect(turn(page, 7).locator(".flag")).to_contain_text("Misstep")
        keys.press("k")
        expect(turn(page, 6)).to_be_focused()
        with page.expect_navigation():
            keys.press("n")
        expect(turn(page, 6).get_by_role("radio", checked=True).first).to_be_focused()
        turn(page, 6).get_by_label("Short note").focus()
        keys.type("jkmw12 no key works while one writes")
        with page.expect_navigation():
            pressed(page, "Keep this mark").press("Enter")
        expect(turn(page, 6)).to_contain_text("jkmw12 no key works")
        expect(turn(page, 6)).to_be_focused()
        keys.press("?")
        expect(page.locator("#keys")).to_be_visible()
        page.locator("#keys-on").uncheck()
        keys.press("Escape")
        keys.press("j")
        expect(turn(page, 6)).to_be_focused()
    found = marks.standing(coding.marks.all())
    told = {n: [(m.code, m.intensity) for m in own_] for n, own_ in found.items()}
    assert told == {5: [("confrontation", "major")], 6: [("misstep", "")]}


def test_a_coding_that_is_over_meanwhile_says_so(
    browser: Browser, live_server: Any, therapist: User, session: models.Session
) -> None:
    coding = own(session, therapist)
    context = browser.new_context(base_url=live_server.url)
    with signed(browser, live_server, therapist) as page:
        page.goto(f"/codings/{coding.pk}/")
        cookies = page.context.cookies()
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"/codings/{coding.pk}/")
    marks.finish(coding)
    pressed(page, "Something here", turn(page, 6)).click()
    expect(page.locator("#said")).to_contain_text("That was not kept")
    context.close()


@pytest.mark.parametrize("script", [True, False], ids=["script", "none"])
def test_two_people_code_blind_and_settle(
    browser: Browser,
    live_server: Any,
    therapist: User,
    supervisor: User,
    client_record: Client,
    session: models.Session,
    script: bool,
) -> None:
    options = {"java_script_enabled": script}
    with signed(browser, live_server, therapist, **options) as mine:
        mine.goto(f"/sessions/{session.pk}/second-coder/")
        mine.get_by_label("From turn").fill("5")
        mine.get_by_label("To turn").fill("12")
        go(mine, pressed(mine, "Ask"))
        expect(mine.locator(".messages")).to_contain_text("Sunny can code it now")
        pairing = Pairing.objects.get()
        go(mine, pressed(mine, "Begin coding"))
        expect(mine.locator(".turn")).to_have_count(8)
        act(mine, script, pressed(mine, "Confrontation", turn(mine, 6)))
        expect(mine.locator("#tally")).to_have_text("1 turn marked")
        go(mine, mine.locator("#done button"))
        expect(mine.locator("main")).to_contain_text("Sunny is not done yet.")
        with signed(browser, live_server, supervisor, **options) as theirs:
            theirs.goto("/codings/")
            go(theirs, theirs.get_by_role("link", name=f"Second coding {pairing.short}"))
            expect(theirs.locator("main")).to_contain_text("Thea is done.")
            go(theirs, pressed(theirs, "Begin coding"))
            expect(theirs.locator(".flag")).to_have_count(0)
            expect(theirs.locator("main")).not_to_contain_text("Fern")
            act(theirs, script, pressed(theirs, "Confrontation", turn(theirs, 6)))
            expect(theirs.locator("#tally")).to_have_text("1 turn marked")
            act(theirs, script, pressed(theirs, "Withdrawal", turn(theirs, 12)))
            expect(theirs.locator("#tally")).to_have_text("2 turns marked")
            go(theirs, theirs.locator("#done button"))
            expect(theirs.locator("main")).to_contain_text("Of 4 client turns you both marked 1")
            unit = theirs.locator("#u12")
            unit.get_by_label("Withdrawal").check()
            unit.get_by_label("Why, in a few words").fill("The yes comes late.")
            go(theirs, pressed(theirs, "Keep as settled", unit))
            expect(unit).to_contain_text("settled")
            mine.reload()
            expect(mine.locator("#u12")).to_contain_text("The yes comes late.")
            expect(mine.locator("#settle-h + p")).to_contain_text("0 left to settle.")
            consents.revoke(client_record, "supervision", therapist)
            answer = theirs.request.get(f"/second/{pairing.pk}/")
            assert answer.status == 404


def test_segments_are_rated_by_keys(
    browser: Browser,
    live_server: Any,
    therapist: User,
    supervisor: User,
    session: models.Session,
) -> None:
    pairing = pairing_of(session, therapist, supervisor, level="segment", turns_each=7)
    coding = begun(pairing, supervisor)
    with signed(browser, live_server, supervisor) as page:
        page.goto(f"/codings/{coding.pk}/")
        part = page.locator("#s1")
        part.locator("[name=withdrawal]").first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(part).to_contain_text("rated")
    told = marks.ratings_of(coding.ratings.all())
    assert told == {(0, "withdrawal"): 2, (0, "confrontation"): 1, (0, "resolution"): 1}


@pytest.mark.parametrize(
    ("size", "colors"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"]
)
def test_no_rule_of_accessibility_is_broken(
    browser: Browser,
    live_server: Any,
    therapist: User,
    supervisor: User,
    client_record: Client,
    session: models.Session,
    size: dict[str, int],
    colors: str,
) -> None:
    risky = make_session(client_record, turns=RISKY, number=2)
    pairing = pairing_of(risky, therapist, supervisor, note="Take your time.")
    open_, segments = (
        own(session, therapist),
        pairing_of(session, therapist, supervisor, level="segment", turns_each=7),
    )
    marks.put(open_, 5, "something", note="here")
    both_done(pairing)
    mine = own(
        risky, therapist, done=True, t6="complaint_therapy", t12="withdrawal", t2="something"
    )
    Talk.objects.create(coding=mine, turn=5, state="open", note="why?")
    rated = begun(segments, therapist)
    paths = (
        f"/sessions/{session.pk}/moments/",
        f"/sessions/{risky.pk}/second-coder/",
        f"/sessions/{risky.pk}/codings/import/",
        "/codings/",
        f"/codings/{open_.pk}/?turn=6",
        f"/codings/{rated.pk}/",
        f"/codings/{mine.pk}/compare/",
        f"/second/{pairing.pk}/",
        f"/second/{pairing.pk}/words/",
        f"/second/{segments.pk}/",
    )
    options = {"viewport": size, "color_scheme": colors}
    with signed(browser, live_server, therapist, **options) as page:
        for path in paths:
            page.goto(path)
            look(page)
        for coding in (rated, begun(segments, supervisor)):
            marks.rate(coding, 0, {"withdrawal": coding.coder_id % 2 + 1}, 2)  # type: ignore[operator]
            marks.finish(coding)
        page.goto(f"/second/{segments.pk}/")
        look(page)
    assert Coding.objects.count() == 6
    with signed(browser, live_server, supervisor, **options) as page:
        for path in ("/codings/", f"/second/{pairing.pk}/"):
            page.goto(path)
            look(page)


def look(page: Page) -> None:
    """Nothing is broken with all of it open, and nothing is cut off."""
    for card in page.locator("details").all()[:12]:
        card.evaluate("e => { e.open = true }")
    no_violation(page)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, page.url
