"""What the tests of check-ins share: links, answers, and an instrument of a practice's own."""

from __future__ import annotations

from datetime import date

from django.test import Client as Browser

from reattune.web.accounts.models import User
from reattune.web.checkins import links
from reattune.web.checkins.models import Answer, Link
from reattune.web.clients.models import Client

DAY = date(2026, 3, 5)
GOOD = {"item1": "6", "item2": "5", "item3": "6", "item4": "6", "item5": "2"}
LANGUAGES = ("en", "de", "es", "fr", "pt")
ROOM = """
id = "room"
name = "How the room felt"
citation = "Ours, unpublished."
license = "Ours."
raters = ["client", "observer"]
validated = false
higher_is_better = true
scoring = "mean"
items = 2
range = [0, 4]
step = 0.01
reversed = [2]
[missing]
items = 1
source = "Ours."
[key]
source = "Ours."
[text]
instructions = "Just now:"
[text.items]
1 = "It was warm."
2 = "It was cold."
"""


def make_link(
    client: Client, measure: str = "checkin_client", language: str = "en", about: date = DAY
) -> tuple[Link, str]:
    """A link for this client, and its token."""
    return links.make(client, client.therapist, measure=measure, language=language, about=about)


def answered(client: Client, **fields: object) -> Answer:
    """A check-in that the client sent, with these fields instead of the usual ones."""
    usual = {
        "measure": "checkin_client",
        "rater": "client",
        "about": DAY,
        "answers": {"1": 6, "2": 5, "3": 6, "4": 6, "5": 2},
        "how": "link",
    }
    return Answer.objects.create(client=client, **(usual | fields))


def give(token: str, data: dict[str, str], browser: Browser | None = None) -> Browser:
    """What a browser without an account gets for sending a form."""
    return (browser or Browser()).post(f"/answer/{token}/", {"receipt": "r" * 22, **data})


def bring(practice_user: User, toml: str = ROOM) -> None:
    """An instrument of the practice's own."""
    from reattune.web.checkins import instruments

    instruments.add(practice_user, toml.encode(), "mine.toml")
