"""A packet in a browser, by three people, without script too; the page about the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.reviews import models
from reattune.web.sharing import packets
from reattune.web.sharing.models import Packet
from tests.web.browsing import go
from tests.web.conftest import PASSWORD
from tests.web.packets import make_draft, make_packet
from tests.web.program import read_session

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = (Path(__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def session(client_record: Client) -> models.Session:
    return read_session(client_record)


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
    assert not [line for line in wrong if "status of 404" not in line], wrong


@pytest.mark.parametrize("script", [True, False])
def test_a_packet_is_made_read_talked_about_and_closed(
    browser: Browser,
    live_server: Any,
    therapist: User,
    supervisor: User,
    stranger: User,
    session: models.Session,
    script: bool,
) -> None:
    session.turns.filter(number=4).update(text="Most of them, says Oksana, like zorblax a lot.")
    options = {"java_script_enabled": script}
    with signed(browser, live_server, therapist, **options) as own:
        own.goto(f"/sessions/{session.pk}/share/?first=4&last=6")
        own.get_by_label("To turn").fill("7")
        go(own, own.get_by_role("button", name="Show these turns"))
        expect(own.locator(".excerpt")).to_contain_text("I pushed the form again")
        own.get_by_label("A note to it").fill("Oksana again, late in the hour.")
        go(own, own.get_by_role("button", name="Put it into the packet"))
        asked(own)
        read(own, script)
        go(own, own.get_by_role("button", name="I have read it: confirm"))
        expect(own.get_by_role("heading", level=1)).to_have_text("Fern · Session 1, turns 4–7")
        address = f"/shared/{Packet.objects.get().pk}/"
        with signed(browser, live_server, stranger, **options) as strange:
            assert status(strange, address) == 404
        with signed(browser, live_server, supervisor, **options) as theirs:
            seen(theirs)
            own.reload()
            expect(own.locator(".comment")).to_contain_text("Where did you feel it?")
            own.goto(f"/clients/{session.client_id}/consents/supervision/revoke/")
            go(own, "main form button")
            for closed in (address, f"{address}packet.pdf"):
                assert status(theirs, closed) == 404
            theirs.goto("/shared/")
            expect(theirs.locator("main")).to_contain_text("Nothing is shared with you now")


def asked(own: Page) -> None:
    """The therapist asks the question and says for whom."""
    own.get_by_label("Your question").fill("Did I push Fern here?")
    own.get_by_label("Sunny, supervisor").check()
    with own.expect_navigation():
        own.get_by_label("Open for so many days").press("Enter")  # goes on, takes nothing out
    expect(own.locator(".passage")).to_have_count(6)


def read(own: Page, script: bool) -> None:
    """The therapist reads: undoes one place, hides it again, hides a word that was missed."""
    turn = own.locator(".passage", has_text="Most of them")
    expect(turn.locator("ins")).to_have_text("[person 1]")
    expect(own.locator("ins", has_text="[client]")).to_have_count(1)
    go(own, turn.get_by_role("button", name="Undo"))
    expect(turn.locator("ins")).to_have_count(0)
    go(own, turn.get_by_role("button", name="Hide it"))
    expect(turn.locator("ins")).to_have_text("[person 1]")
    if script:
        select(own, turn, "zorblax")
    else:
        turn.get_by_text("Hide more here").click()
        turn.get_by_label("Words to hide").fill("zorblax")
    go(own, turn.get_by_role("button", name="Hide", exact=True))
    expect(turn.locator("ins")).to_have_text(["[person 1]", "[person 2]"])


def select(page: Page, turn: Locator, words: str) -> None:
    """Select words of a passage with the mouse's means, and see that the form took them."""
    turn.locator(".words").evaluate(
        """(element, words) => {
            const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
            for (let node; (node = walk.nextNode());) {
                const at = node.data.indexOf(words);
                if (at < 0) continue;
                const range = document.createRange();
                range.setStart(node, at);
                range.setEnd(node, at + words.length);
                document.getSelection().removeAllRanges();
                document.getSelection().addRange(range);
            }
            document.dispatchEvent(new MouseEvent("mouseup"));
        }""",
        words,
    )
    expect(turn.get_by_label("Words to hide")).to_have_value(words)
    assert page.evaluate("document.getSelection().toString()") == words


def seen(theirs: Page) -> None:
    """The supervisor opens the packet, finds no name, takes the PDF, says something."""
    theirs.goto("/shared/")
    go(theirs, theirs.get_by_role("link", name="Session 1, turns 4–7"))
    main = theirs.locator("main")
    expect(main).to_contain_text("Did I push [client] here?")
    expect(main).to_contain_text("Most of them, says [person 1], like [person 2] a lot.")
    expect(main).to_contain_text("[person 1] again, late in the hour.")
    for name in ("Fern", "Oksana", "zorblax"):
        expect(main).not_to_contain_text(name)
    expect(theirs.locator(".turn")).to_have_count(4)
    expect(theirs.locator("main a")).to_have_count(2)  # back to the list, the PDF
    with theirs.expect_download() as taken:
        theirs.get_by_role("link", name="PDF").click()
    assert taken.value.suggested_filename.endswith(".pdf")
    theirs.get_by_label("Your comment").fill("Where did you feel it? Ask Oksana.")
    go(theirs, theirs.get_by_role("button", name="Say it"))
    expect(theirs.get_by_label("Your comment")).to_have_value(
        "Where did you feel it? Ask [person 1]."
    )
    go(theirs, theirs.get_by_role("button", name="Say it"))
    expect(theirs.locator(".comment")).to_contain_text("Where did you feel it?")


def status(page: Page, address: str) -> int:
    """What a page answers with."""
    answer = page.goto(address)
    assert answer is not None
    return answer.status


def test_a_group_writes_first_and_reads_then(
    browser: Browser,
    live_server: Any,
    therapist: User,
    supervisor: User,
    colleague: User,
    session: models.Session,
) -> None:
    packet = make_packet(session, supervisor, colleague, blind=True)
    packet.comments.create(author=supervisor, text="Slower here.")
    assert therapist.pk == packet.client.therapist_id
    with signed(browser, live_server, colleague) as page:
        page.goto(f"/shared/{packet.pk}/")
        expect(page.locator("main")).to_contain_text("One comment waits")
        page.get_by_label("Your comment").fill("Warmer, I think.")
        go(page, page.get_by_role("button", name="Say it"))
        expect(page.locator(".comment")).to_have_count(2)


@pytest.mark.parametrize(
    ("size", "colors"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"]
)
def test_the_pages_are_accessible(
    browser: Browser,
    live_server: Any,
    therapist: User,
    supervisor: User,
    session: models.Session,
    size: dict[str, int],
    colors: str,
) -> None:
    session.turns.filter(number=2).update(text="You sound unsure, says Oksana from Leeds.")
    packet = make_packet(session, supervisor, first=1, last=7, question="Why?\nHere?", note="So.")
    packet.comments.create(author=supervisor, text="Where did you feel it?")
    draft = make_draft(session, supervisor, first=1, last=7, note="Late, with Oksana.")
    options = {"viewport": size, "color_scheme": colors}
    with signed(browser, live_server, therapist, **options) as page:
        for path in (
            f"/sessions/{session.pk}/share/?first=2&last=7",
            f"/sessions/{session.pk}/share/?first=7&last=2",
            "/shared/given/",
            f"/shared/given/{draft.pk}/",
            f"/shared/given/{draft.pk}/review/",
            f"/shared/given/{packet.pk}/",
            "/api/",
        ):
            page.goto(path)
            no_violation(page)
    with signed(browser, live_server, supervisor, **options) as page:
        for path in ("/shared/", f"/shared/{packet.pk}/"):
            page.goto(path)
            no_violation(page)
        packets.end(packet)
        page.goto("/shared/")
        no_violation(page)


def no_violation(page: Page) -> None:
    """Nothing of WCAG 2.2 AA is broken, as far as axe-core can tell, and nothing is cut off."""
    for card in page.locator("details").all()[:12]:
        card.evaluate("e => { e.open = true }")
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    told = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    assert not told, told
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
