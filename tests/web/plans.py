"""What tests of repair plans share: a rupture, a decision on it, a page."""

from __future__ import annotations

from typing import Any

from reattune import repair
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.followup import refresh
from reattune.web.plans import store
from tests.web.conftest import signed_in
from tests.web.rows import add_session, add_visit, major

TAKEN_UP = [*major(), (9, "notice", ""), (5, "defensive", "")]
"""The flags of a session with a major withdrawal that was spoken of."""


def three_sessions(client: Client) -> Client:
    """The client with three sessions, the second with a major withdrawal that was spoken of."""
    for week in range(3):
        add_session(client, week, TAKEN_UP if week == 1 else ())
        add_visit(client, week)
    refresh.refresh(client)
    return client


def own(client: Client) -> repair.Rupture:
    """The client's only rupture as it is kept."""
    (found,) = store.load(client)
    return found


def decide(user: User, client: Client, **told: Any) -> Any:
    """The answer to a change of the client's first rupture."""
    row = client.ruptures.first()
    assert row is not None
    data = {"part": "", "old": "open", "session": 3, "note": "", "back": "client", **told}
    return signed_in(user).post(f"/clients/{client.pk}/plan/{row.key}/change/", data)


def page(user: User, path: str) -> str:
    """A page as this user sees it."""
    answer = signed_in(user).get(path)
    assert answer.status_code == 200, path
    html = answer.content.decode()
    assert "style=" not in html
    return html
