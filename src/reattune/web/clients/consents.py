"""Consents: what happens when a client gives one or takes it back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client, Consent
from reattune.web.clients.wording import current_version
from reattune.web.coding.models import Pairing
from reattune.web.followup.models import Signal, Summary
from reattune.web.reviews import models as reviews
from reattune.web.reviews import queue
from reattune.web.reviews.removal import Loss, losses, remove_sessions
from reattune.web.sharing import packets


def give(client: Client, purpose: str, on: date, user: User) -> Consent:
    """Record a consent to the current wording; the one there is, if it was given before.

    With consent to analysis the transcripts that are there are read.
    """
    with transaction.atomic():
        client.lock()
        consent, made = Consent.objects.get_or_create(
            client=client,
            purpose=purpose,
            revoked_at=None,
            defaults={"given_on": on, "wording": current_version(), "recorded_by": user},
        )
        if made:
            gates.note(user, "consent.give", client=client, purpose=purpose)
        if made and purpose == "analysis":
            queue.enqueue_all(client)
    return consent


def revoke(client: Client, purpose: str, user: User) -> None:
    """Take a consent back, with what was kept on its ground, in one transaction."""
    with transaction.atomic():
        client.lock()
        consents = client.consents.filter(purpose=purpose, revoked_at=None)
        if not consents.update(revoked_at=timezone.now(), revoked_by=user):
            return
        gone: dict[str, Any] = {loss.kind: loss.number for loss in consequences(client, purpose)}
        gates.note(user, "consent.revoke", client=client, purpose=purpose, **gone)
        {
            "analysis": forget_analysis,
            "transcription": forget_words,
            "supervision": packets.close_all,
        }.get(purpose, lambda _client: None)(client)
        client.outdate()


def forget_analysis(client: Client) -> None:
    """Delete what the program worked out from the client's words, and the answers to its flags.

    Jobs go first: one that is just ending then either has ended, and its result is deleted below,
    or finds itself gone and keeps nothing.
    """
    sessions = reviews.Session.objects.filter(client=client)
    reviews.Job.objects.filter(session__in=sessions).delete()
    for model in (reviews.Analysis, reviews.Episode, reviews.Judgement, reviews.Noticed):
        model.objects.filter(session__in=sessions).delete()
    packets.forget_analysis(client)
    Signal.objects.filter(client=client).delete()
    Summary.objects.filter(client=client).delete()


def forget_words(client: Client) -> None:
    """Delete the client's sessions with their transcripts and everything that hangs on them."""
    remove_sessions(client, client.sessions.all())
    Signal.objects.filter(client=client).delete()
    Summary.objects.filter(client=client).delete()


def consequences(client: Client, purpose: str) -> list[Loss]:
    """What taking back a consent deletes or closes, with how much there is of it."""
    if purpose == "transcription":
        return losses(client.sessions.all())
    if purpose in ("supervision", "research"):
        return list(closed_with(client, purpose))
    if purpose != "analysis":
        return []
    sessions = client.sessions.all()
    kinds = ("findings", "episodes", "judgements", "jobs")
    own = [loss for loss in losses(sessions) if loss.kind in kinds]
    signals = Signal.objects.filter(client=client).count()
    label = ngettext(
        "signal is worked out anew without words",
        "signals are worked out anew without words",
        signals,
    )
    return [*own, *([Loss("signals", signals, label)] if signals else [])]


def closed_with(client: Client, purpose: str) -> Iterator[Loss]:
    """What others can open no more without this consent."""
    shares = packets.open_of(client).count() if purpose == "supervision" else 0
    if shares:
        label = ngettext("open share is closed", "open shares are closed", shares)
        yield Loss("shares", shares, label)
    codings = Pairing.objects.filter(
        session__client=client, purpose=purpose, revoked_at=None, until__gt=timezone.now()
    ).count()
    if codings:
        label = ngettext(
            "coding by a second person is closed", "codings by a second person are closed", codings
        )
        yield Loss("codings", codings, label)


KEPT = {
    "analysis": _("The transcripts and your own notes stay."),
    "transcription": _("Appointments, check-ins and consents stay."),
    "supervision": _("Transcripts and results stay with you."),
    "recording": _("Nothing in this program is deleted: it holds no recordings."),
    "research": _("Nothing in this program is deleted."),
}
"""What stays when a consent is taken back."""
