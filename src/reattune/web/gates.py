"""The one door to records. Each view asks here first; nobody else selects by id.

A therapist passes to own clients and no others; whoever a packet is for to that packet, until it
is over; whoever may not see a thing gets the same answer as for a thing that is not there (404).
Each passage leaves an entry in the audit chain.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from reattune.web.accounts.models import User
from reattune.web.audit import chain
from reattune.web.clients.models import Client
from reattune.web.coding.models import Pairing
from reattune.web.reviews.models import Session
from reattune.web.sharing.models import Packet

View = Callable[..., HttpResponseBase]


def user_of(request: HttpRequest) -> User:
    """Who is asking; the middleware let nobody else through."""
    return cast(User, request.user)


def own_clients(user: User) -> QuerySet[Client]:
    """The clients whose therapist this is; none for anybody else."""
    if not user.is_therapist:
        return Client.objects.none()
    return Client.objects.filter(therapist=user, practice=user.practice_id)


def client_of(user: User, id: uuid.UUID | str, action: str = "client.see", **detail: Any) -> Client:
    """A client of one's own; Http404 for anybody else's. Audited as `action`."""
    client = own_clients(user).filter(pk=id).first()
    if client is None:
        raise Http404
    note(user, action, target=f"client:{client.pk}", client=client, **detail)
    return client


def session_of(
    user: User, id: uuid.UUID | str, action: str = "session.see", **detail: Any
) -> Session:
    """A session of a client of one's own, with the client; Http404 else. Audited as `action`."""
    found = Session.objects.select_related("client").filter(pk=id, client__in=own_clients(user))
    session = found.first()
    if session is None:
        raise Http404
    note(user, action, target=f"session:{session.pk}", client=session.client, **detail)
    return session


def packet_of(user: User, id: uuid.UUID | str, action: str = "packet.see") -> Packet:
    """A packet that is for this user, while it holds; Http404 else. Audited as `action`.

    It holds from its confirmation until it expires or is ended, and only while the client consents
    to supervision.
    """
    now = timezone.now()
    found = Packet.objects.select_related("client__therapist").filter(
        pk=id, readers__user=user, ended_at=None, until__gt=now
    )
    packet = found.first()
    if packet is None or not (user.is_supervisor or user.is_therapist):
        raise Http404
    client = packet.client
    if client.practice_id != user.practice_id or not client.consents_to("supervision"):
        raise Http404
    note(user, action, target=f"packet:{packet.pk}", client=client)
    return packet


def coding_of(
    user: User, id: uuid.UUID | str, action: str = "coding.see", **detail: Any
) -> Pairing:
    """The turns that this second coder was asked to code, while it holds; Http404 else. Audited as
    `action`.

    It holds until it expires or is ended, and only while the consent holds that was there at first.
    """
    found = Pairing.objects.select_related("session__client", "made_by", "coder")
    pairing = found.filter(pk=id, coder=user).first()
    if pairing is None or not (user.is_therapist or user.is_supervisor):
        raise Http404
    client = pairing.session.client
    if client.practice_id != user.practice_id or not pairing.open:
        raise Http404
    note(user, action, target=f"pairing:{pairing.pk}", client=client, **detail)
    return pairing


def note(
    user: User, action: str, *, target: str = "", client: Client | None = None, **detail: Any
) -> None:
    """An entry in the audit chain of the user's practice."""
    chain.record(
        user.practice_id,
        f"user:{user.pk}",
        action,
        target=target,
        client=client.pk if client else None,
        detail=detail,
    )


def therapist(view: View) -> View:
    """Only for therapists; PermissionDenied else."""
    return _only(view, "is_therapist")


def administrator(view: View) -> View:
    """Only for administrators of a practice; PermissionDenied else."""
    return _only(view, "is_administrator")


def reader(view: View) -> View:
    """Only for supervisors and therapists, whom packets are for; PermissionDenied else."""
    return _only(view, "is_supervisor", "is_therapist")


def _only(view: View, *roles: str) -> View:
    @wraps(view)
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not any(getattr(request.user, role) for role in roles):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return gate
