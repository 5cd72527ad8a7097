"""What an entry may be about: a session or a rupture of a client of one's own."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from reattune.report.plan_words import title_of
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.plans.models import Rupture
from reattune.web.reviews.models import Session

SESSIONS, RUPTURES = 40, 20  # offered, the latest first


@dataclass(frozen=True, slots=True)
class About:
    """A session or rupture in a line, with the way to it."""

    key: str
    label: str
    href: str


def offered(user: User) -> list[About]:
    """The latest sessions and ruptures of one's own clients."""
    own = gates.own_clients(user)
    ruptures = Rupture.objects.filter(client__in=own).exclude(state__in=("joined", "withdrawn"))
    sessions = Session.objects.filter(client__in=own).select_related("client")
    return [
        *(of_rupture(one) for one in ruptures.select_related("client").order_by("-pk")[:RUPTURES]),
        *(of_session(one) for one in sessions.order_by("-held_on", "-created")[:SESSIONS]),
    ]


def of_session(one: Session) -> About:
    """A session in a line."""
    told = _("%(client)s, session of %(day)s")
    label = told % {"client": one.client, "day": date_format(one.held_on)}
    return About(f"session:{one.pk}", label, reverse("session", args=[one.pk]))


def of_rupture(one: Rupture) -> About:
    """A rupture in a line."""
    told = _("%(client)s, %(title)s since session %(number)s")
    title = title_of(one.kind, one.intensity).lower()  # type: ignore[arg-type]
    label = told % {"client": one.client, "title": title, "number": one.session}
    href = reverse("rupture", args=[one.client_id, one.key])
    return About(f"rupture:{one.client_id}:{one.key}", label, href)


def find(user: User, keys: set[str]) -> dict[str, About]:
    """Those of these that are one's own and still there, by key, in two queries."""
    own = gates.own_clients(user)
    split = [key.split(":") for key in keys if key]
    sessions = [parts[1] for parts in split if parts[0] == "session"]
    clients = [parts[1] for parts in split if parts[0] == "rupture"]
    found: list[About] = []
    if sessions:
        rows = Session.objects.filter(pk__in=sessions, client__in=own).select_related("client")
        found += [of_session(one) for one in rows]
    if clients:
        held = Rupture.objects.filter(client__in=own.filter(pk__in=clients))
        found += [of_rupture(one) for one in held.select_related("client")]
    return {one.key: one for one in found if one.key in keys}
