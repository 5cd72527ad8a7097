"""Sessions to code and people who code them, for tests of blind coding."""

from __future__ import annotations

from typing import Any

from reattune.web.accounts.models import User
from reattune.web.coding import marks, pairs
from reattune.web.coding.models import Coding, Pairing
from reattune.web.reviews import models
from tests.web.conftest import signed_in

CODED = {5: "confrontation", 6: "misstep", 7: "confrontation", 11: "withdrawal"}
"""Turn from 0 of TALK -> what the second coder of these tests marks."""


def post(user: User, path: str, **data: Any) -> Any:
    """What a form sent by this user gets."""
    return signed_in(user).post(path, data)


def html(user: User, path: str) -> str:
    """A page; it must be there."""
    answer = signed_in(user).get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return str(answer.content.decode())


def own(session: models.Session, user: User, done: bool = False, **said: str) -> Coding:
    """An own coding with marks: t6="confrontation" marks turn 6, as people count."""
    coding = marks.start(session, user)
    return marked(coding, done=done, **said)


def marked(coding: Coding, done: bool = False, **said: str) -> Coding:
    """The coding with marks, closed if `done`."""
    for turn, code in said.items():
        marks.put(coding, int(turn[1:]) - 1, code)
    if done:
        marks.finish(coding)
        coding.refresh_from_db()
    return coding


def pairing_of(session: models.Session, by: User, coder: User, **told: Any) -> Pairing:
    """A second coder asked for the whole session."""
    given: dict[str, Any] = {
        "purpose": "supervision", "level": "turn", "detail": "families",
        "first": 0, "last": session.turn_count, "turns_each": 0, "note": "", "days": 14,
    }  # fmt: skip
    return pairs.invite(session, by, coder=coder, **(given | told))


def begun(pairing: Pairing, user: User) -> Coding:
    """A coding of a pairing, begun."""
    return marks.start(pairing.session, user, pairing)


def both_done(pairing: Pairing) -> tuple[Coding, Coding]:
    """Both codings, done: the therapist marks turns 6 and 8, the second coder those of CODED."""
    first, second = begun(pairing, pairing.made_by), begun(pairing, pairing.coder)
    marked(first, done=True, t6="confrontation", t8="confrontation", t9="repair")
    marked(second, done=True, **{f"t{turn + 1}": code for turn, code in CODED.items()})
    return first, second
