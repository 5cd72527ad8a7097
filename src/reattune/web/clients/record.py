"""A client's whole record as plain data, schema "reattune.client/1" (docs/client-record.md).

Not in it: the analyses, which are files of their own beside it, and the audit entries, which
belong to the practice. The therapist's private journal is not part of the record.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone

from reattune import __version__
from reattune.repair_rows import rupture_to_dict
from reattune.web.clients.models import Client
from reattune.web.coding.record import codings_of
from reattune.web.plans import store
from reattune.web.reviews.models import Session
from reattune.web.sharing.models import Packet

SCHEMA = "reattune.client/1"

CLIENT = ("name", "language", "telehealth", "started", "ended", "created", "archived_at", "demo")
CONSENT = ("purpose", "given_on", "wording", "recorded_at", "revoked_at")
APPOINTMENT = ("starts", "status", "minutes_late", "notice_hours", "by", "uid")
ANSWER = ("measure", "rater", "about", "answers", "language", "how", "at", "edited")
SIGNAL = ("session date source kind rule level by why evidence false_per_12 with_sources").split()
SESSION = (
    "number held_on source format digest state therapist_label roles notes turn_count any_language "
    "created"
).split()
TURN = ("number", "speaker", "role", "text", "start", "end")
EPISODE = "number first last until kind intensity state by why confirmed".split()
JUDGEMENT = ("turn", "code", "verdict", "to", "intensity", "of", "at")
NOTICED = ("turn", "yes", "at")
NOTE = ("turn", "text", "created", "edited")
COMMENT = ("text", "at")
ENDING = ("section", "item", "old", "new", "when", "session", "note", "due")
PACKET = "question with_course course blind created confirmed_at until ended_at".split()
MOMENT = ("number", "first", "last", "note", "episodes")
LINE = ("number", "role", "text", "quoted", "marks")


def record_of(client: Client) -> dict[str, Any]:
    """Everything that is kept of a client but the analyses, JSON-ready."""
    return {
        "schema": SCHEMA,
        "program": f"reattune/{__version__}",
        "made": plain(timezone.now()),
        "client": {"id": str(client.pk), **fields(client, CLIENT)},
        **record_of_tables(client),
        "sessions": [session_of(one) for one in client.sessions.all()],
        "signals": rows(client.signals.all(), SIGNAL),
        "ruptures": [rupture_to_dict(one) for one in store.load(client)],
        "ending": rows(client.ending_rows.all(), ENDING),
        "packets": [packet_of(one) for one in client.packets.all()],
    }


def record_of_tables(client: Client) -> dict[str, list[dict[str, Any]]]:
    """Consents, appointments and answers."""
    return {
        "consents": rows(client.consents.all(), CONSENT),
        "appointments": rows(client.appointments.all(), APPOINTMENT),
        "answers": rows(client.answers.all(), ANSWER),
    }


def session_of(session: Session) -> dict[str, Any]:
    """One session with its words and what people said of them."""
    return {
        "id": str(session.pk),
        **fields(session, SESSION),
        "appointment": plain(session.appointment.starts) if session.appointment else None,
        "turns": rows(session.turns.all(), TURN),
        "episodes": rows(session.episodes.all(), EPISODE),
        "judgements": rows(session.judgements.all(), JUDGEMENT),
        "noticed": rows(session.noticed.all(), NOTICED),
        "remarks": rows(session.remarks.all(), NOTE),
        **codings_of(session),
    }


def packet_of(packet: Packet) -> dict[str, Any]:
    """A packet as its readers see it, with what was said of it; of a draft what was chosen."""
    said = packet.comments.select_related("author")
    return {
        **fields(packet, PACKET),
        "readers": [str(one.user) for one in packet.readers.select_related("user")],
        "moments": [
            {**fields(one, MOMENT), "lines": rows(one.lines.all(), LINE)}
            for one in packet.moments.prefetch_related("lines")
        ],
        "comments": [{**fields(one, COMMENT), "author": str(one.author)} for one in said],
    }


def rows(found: QuerySet[Any], names: Iterable[str]) -> list[dict[str, Any]]:
    """Rows with these fields of theirs."""
    return [fields(row, names) for row in found]


def fields(row: Model, names: Iterable[str]) -> dict[str, Any]:
    """These fields of a row."""
    return {name: plain(getattr(row, name)) for name in names}


def plain(value: Any) -> Any:
    """Dates and times as ISO 8601, in UTC; the rest as it is."""
    return value.isoformat() if hasattr(value, "isoformat") else value
