"""Talks with the simulated client that tests share."""

from __future__ import annotations

from typing import Any

from django.test import Client as Browsing

from reattune import practice
from reattune.web.accounts.models import User
from reattune.web.practice import talks
from reattune.web.practice.models import Talk
from tests.web.conftest import signed_in

SCENARIO, DRILL = "thin_yes", "shorter_answers"
GOOD = practice.load_scenarios()[SCENARIO].nodes["thin"].replies["good"][0]
POOR = "You keep saying yes and then not doing it. That's avoidance, you are just avoiding it."
LANDS = practice.load_drills()[DRILL].scenario.nodes["line"].replies["good"][0]


def begin(browser: Browsing, id: str = SCENARIO) -> Talk:
    """A talk, begun."""
    before = set(Talk.objects.values_list("pk", flat=True))
    assert browser.post(f"/rehearse/scenarios/{id}/").status_code == 302
    return Talk.objects.exclude(pk__in=before).get()


def say(browser: Browsing, talk: Talk, text: str, number: int | None = None) -> str:
    """The page after a reply; `number` is which one, the next by default."""
    which = len(kept(talk).run.exchanges) if number is None else number
    answer = browser.post(
        f"/rehearse/talks/{talk.pk}/reply/", {"number": which, "text": text}, follow=True
    )
    assert answer.status_code == 200
    return plain(answer.content.decode())


def shown(browser: Browsing, path: str) -> str:
    """A page as it is, with the apostrophes that people see."""
    answer = browser.get(path)
    assert answer.status_code == 200, path
    html = answer.content.decode()
    assert "style=" not in html
    return plain(html)


def plain(html: str) -> str:
    return html.replace("&#x27;", "'").replace("&quot;", '"')


def kept(talk: Talk) -> talks.Kept:
    """The talk as it is now."""
    return talks.opened(Talk.objects.get(pk=talk.pk))


def ended(user: User, *replies: str) -> Talk:
    """A talk of this user's with these replies, ended."""
    browser = signed_in(user)
    talk = begin(browser)
    for text in replies:
        say(browser, talk, text)
    browser.post(f"/rehearse/talks/{talk.pk}/end/")
    return talk


def share(browser: Any, talk: Talk, reader: User, **told: Any) -> Any:
    """Show a talk to somebody."""
    return browser.post(
        f"/rehearse/talks/{talk.pk}/share/", {"reader": reader.pk, "days": 7, **told}
    )
