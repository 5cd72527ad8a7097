"""Packets made the way the pages make them, for tests of what follows."""

from __future__ import annotations

from typing import Any

from reattune.web.accounts.models import User
from reattune.web.reviews.models import Session
from reattune.web.sharing import hiding, packets
from reattune.web.sharing.models import Packet

ASKED = "Did I push here?"


def make_draft(
    session: Session, *readers: User, first: int = 3, last: int = 6, note: str = "", **fields: Any
) -> Packet:
    """A draft with the turns `[first, last)` of a session."""
    packet = packets.start(session.client, session.client.therapist)
    for name, value in ({"question": ASKED} | fields).items():
        setattr(packet, name, value)
    packet.save()
    packets.set_readers(packet, readers)
    packets.add(packet, session, first, last, note)
    return packet


def read_and_confirmed(packet: Packet) -> Packet:
    """The same, with everything that was proposed hidden."""
    found = hiding.passages(packet)
    review, _changed = hiding.load(packet, found)
    hiding.save(packet, review, found)
    return packets.confirm(packet, packet.client.therapist, hiding.version(packet))


def make_packet(session: Session, *readers: User, **given: Any) -> Packet:
    """A confirmed packet of some turns of a session."""
    return read_and_confirmed(make_draft(session, *readers, **given))
