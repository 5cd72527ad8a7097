"""Codings in a client's record (clients.record): what the session's therapist may see."""

from __future__ import annotations

from typing import Any

from reattune.web.coding.marks import pair_of
from reattune.web.coding.models import Coding, Decision, Mark, Pairing, Rating
from reattune.web.reviews.models import Session


def codings_of(session: Session) -> dict[str, Any]:
    """The codings of a session with all their rows, JSON-ready.

    A second coder's marks are left out until both are done: the record is the therapist's to read.
    """
    held = Coding.objects.filter(session=session).select_related("coder", "pairing")
    pairings = list(session.pairings.select_related("coder").prefetch_related("codings"))
    shut = {one.pk for one in pairings if pair_of(one) is None}
    seen = [one for one in held if visible(one, shut)]
    return {
        "codings": [coding_of(one) for one in seen],
        "pairings": [pairing_of(one) for one in pairings],
    }


def visible(coding: Coding, shut: set[Any]) -> bool:
    """Whether the session's therapist may see a coding."""
    pairing = coding.pairing
    return pairing is None or coding.coder_id != pairing.coder_id or pairing.pk not in shut


def coding_of(coding: Coding) -> dict[str, Any]:
    """A coding with its rows."""
    return {
        "id": str(coding.pk),
        "coder": str(coding.coder) if coding.coder else coding.label,
        "pairing": str(coding.pairing_id) if coding.pairing_id else None,
        "round": coding.round,
        "started": coding.started.isoformat(),
        "done_at": coding.done_at.isoformat() if coding.done_at else None,
        "skipped": coding.skipped,
        "marks": [rows(one, MARK) for one in coding.marks.all()],
        "ratings": [rows(one, RATING) for one in coding.ratings.all()],
        "talks": [rows(one, TALK) for one in coding.talks.all()],
    }


MARK = ("turn", "code", "intensity", "note", "gone", "at")
RATING = ("segment", "kind", "value", "at")
TALK = ("turn", "state", "note", "at")
DECISION = ("unit", "said", "intensity", "note", "at")
PAIRING = "purpose level detail first last turns_each note created until revoked_at".split()


def pairing_of(pairing: Pairing) -> dict[str, Any]:
    """A pairing with what was settled."""
    settled = pairing.decisions.select_related("by")
    return {
        "id": str(pairing.pk),
        "coder": str(pairing.coder),
        **rows(pairing, PAIRING),
        "decisions": [{**rows(one, DECISION), "by": str(one.by)} for one in settled],
    }


def rows(row: Mark | Rating | Decision | Pairing | Any, names: Any) -> dict[str, Any]:
    """These fields of a row."""
    found = {name: getattr(row, name) for name in names}
    return {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in found.items()}
