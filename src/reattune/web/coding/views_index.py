"""The codings of a person: what is to do, what waits for the other, what is done."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.coding import access
from reattune.web.coding.marks import pair_of
from reattune.web.coding.models import Coding, Pairing
from reattune.web.coding.trend import trend_of

SHOWN = 100  # of each kind, the latest


@dataclass(frozen=True, slots=True)
class Item:
    """A pairing as one of its two sees it: the own coding if begun, whether both are done."""

    pairing: Pairing
    own: Coding | None
    mine: bool
    both: bool

    @property
    def state(self) -> str:
        """ "done", "wait" for the other, "closed", or "do"."""
        if self.both:
            return "done"
        if not self.pairing.open:
            return "closed"
        return "wait" if self.own and self.own.done_at else "do"


def index(request: HttpRequest) -> HttpResponse:
    """All of one's codings."""
    user = gates.user_of(request)
    if not (user.is_therapist or user.is_supervisor):
        raise PermissionDenied
    gates.note(user, "codings.see")
    items = [*given_by(user), *asked_of(user)]
    own = own_rounds(user)
    context = {
        "to_do": [i for i in items if i.state == "do"],
        "waiting": [i for i in items if i.state == "wait"],
        "done": [i for i in items if i.state == "done"],
        "closed": [i for i in items if i.state == "closed"],
        "open_own": [c for c in own if c.done_at is None],
        "done_own": [c for c in own if c.done_at is not None],
        "trend": trend_of(user) if user.is_therapist else None,
    }
    return render(request, "coding/index.html", context)


def given_by(user: User) -> list[Item]:
    """The pairings on sessions of one's own clients."""
    found = Pairing.objects.filter(session__client__in=gates.own_clients(user))
    rows = found.select_related("session__client", "coder", "made_by").prefetch_related(
        "codings", "session__client__consents"
    )
    return [item_of(one, user) for one in rows[:SHOWN]]


def asked_of(user: User) -> list[Item]:
    """The pairings one was asked into, while they are open."""
    return [item_of(one, user) for one in access.open_to(user)[:SHOWN] if one.open]


def item_of(pairing: Pairing, user: User) -> Item:
    """A pairing from the side of one of the two."""
    rounds = [c for c in pairing.codings.all() if c.coder_id == user.pk]
    own = max(rounds, key=lambda c: c.round, default=None)
    return Item(pairing, own, pairing.coder_id != user.pk, pair_of(pairing) is not None)


def own_rounds(user: User) -> list[Coding]:
    """The last round of each session that one codes alone, the latest first."""
    found = Coding.objects.filter(
        coder=user, pairing=None, session__client__in=gates.own_clients(user)
    ).select_related("session__client")
    latest = {one.session_id: one for one in found.order_by("round")}
    return sorted(latest.values(), key=lambda c: c.done_at or c.started, reverse=True)[:SHOWN]
