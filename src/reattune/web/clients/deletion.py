"""Deleting a client: what goes, and that nothing of it is left."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import ngettext

from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.coding.models import Coding
from reattune.web.reviews.models import Job
from reattune.web.reviews.removal import Loss, erase, losses


def losses_of(client: Client) -> list[Loss]:
    """What goes with a client, kinds without any left out."""
    counts = {
        "answers": client.answers.count(),
        "links": client.links.count(),
        "appointments": client.appointments.count(),
        "consents": client.consents.count(),
        "signals": client.signals.count(),
        "ruptures": client.ruptures.count(),
        "codings": Coding.objects.filter(session__client=client).count(),
    }
    own = [Loss(kind, number, in_words(kind, number)) for kind, number in counts.items() if number]
    return [*losses(client.sessions.all()), *own]


def in_words(kind: str, number: int) -> str:
    """The noun for so many of a kind."""
    return {
        "answers": ngettext("check-in", "check-ins", number),
        "links": ngettext("link to a form", "links to forms", number),
        "appointments": ngettext("appointment", "appointments", number),
        "consents": ngettext("consent", "consents", number),
        "signals": ngettext("signal", "signals", number),
        "ruptures": ngettext("rupture with its steps", "ruptures with their steps", number),
        "codings": ngettext("blind coding", "blind codings", number),
    }[kind]


def delete(client: Client, user: User) -> None:
    """Delete a client with everything that hangs on them; stored files once that is committed.

    The entry in the audit chain keeps the client's id and counts, nothing else. Jobs go first, see
    `consents.forget_analysis`.
    """
    with transaction.atomic():
        client.lock()
        counts = {one.kind: one.number for one in losses_of(client)}
        gates.note(user, "client.delete", target=f"client:{client.pk}", client=client, **counts)
        names = list(client.sessions.values_list("file", flat=True))
        Job.objects.filter(session__client=client).delete()
        client.delete()
        transaction.on_commit(lambda: erase(names), robust=True)
