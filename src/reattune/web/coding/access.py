"""Whose a coding is: the person's own, by the gate of a session or of a second coder."""

from __future__ import annotations

import uuid

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.coding.models import Coding, Pairing


def own_coding(user: User, id: uuid.UUID, action: str) -> Coding:
    """A coding that one made oneself, while one may; Http404 else. Audited as `action`.

    That is on a session of one's own, or as a second coder by `gates.coding_of`.
    """
    found = Coding.objects.select_related("pairing", "session__client")
    coding = found.filter(pk=id, coder=user).first()
    if coding is None:
        raise Http404
    if coding.pairing is not None and coding.pairing.coder_id == user.pk:
        coding.pairing = gates.coding_of(user, coding.pairing.pk, action)
        coding.session = coding.pairing.session
    else:
        coding.session = gates.session_of(user, coding.session_id, action, coding=str(coding.pk))
    return coding


def pairing_of(user: User, id: uuid.UUID, action: str) -> Pairing:
    """A pairing that one is one of the two of, while one may; Http404 else. Audited as `action`."""
    own = Pairing.objects.select_related("coder", "made_by").filter(
        pk=id, session__client__in=gates.own_clients(user)
    )
    pairing = own.first()
    if pairing is None:
        return gates.coding_of(user, id, action)
    pairing.session = gates.session_of(user, pairing.session_id, action, pairing=str(pairing.pk))
    return pairing


def given_of(user: User, id: uuid.UUID, action: str) -> Pairing:
    """A pairing on a session of one's own; Http404 for its second coder. Audited as `action`."""
    pairing = pairing_of(user, id, action)
    if pairing.coder_id == user.pk:
        raise Http404
    return pairing


def open_to(user: User) -> QuerySet[Pairing]:
    """The pairings that may be open to a second coder; `Pairing.open` says which are."""
    if not (user.is_therapist or user.is_supervisor):
        return Pairing.objects.none()
    found = Pairing.objects.filter(
        Q(coder=user), revoked_at=None, until__gt=timezone.now(),
        session__client__practice=user.practice_id,
    )  # fmt: skip
    return found.select_related("session__client", "made_by").prefetch_related(
        "codings", "session__client__consents"
    )
