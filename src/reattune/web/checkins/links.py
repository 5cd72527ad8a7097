"""One-time links: made, found by their token, used once.

A token is 256 random bits, and only its SHA-256 is kept: whoever reads the database cannot answer
in a client's name.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from reattune.measures import Instrument
from reattune.web.accounts.models import User
from reattune.web.checkins import answers
from reattune.web.checkins.models import GRACE, Answer, Link
from reattune.web.clients.models import Client

TOKEN_BYTES = 32
DAYS = 7  # that a link is open unless told otherwise
KIOSK_HOURS = 2


class Closed(Exception):
    """The link is used, expired, revoked or unknown; which of these is not told."""


def hashed(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def make(
    client: Client,
    by: User,
    *,
    measure: str,
    language: str,
    about: date,
    days: int = DAYS,
    kiosk: bool = False,
) -> tuple[Link, str]:
    """A new link and its token, which is told this once. Open links for the same form close."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        client.links.filter(measure=measure, about=about, used_at=None, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        link = Link.objects.create(
            client=client,
            token_hash=hashed(token),
            measure=measure,
            language=language,
            about=about,
            kiosk=kiosk,
            made_by=by,
            expires=until(about, days, kiosk=kiosk),
        )
    return link, token


def until(about: date, days: int, *, kiosk: bool) -> datetime:
    """When a link closes: counted from now, or from the session if that is still to come."""
    now = timezone.now()
    if kiosk:
        return now + timedelta(hours=KIOSK_HOURS)
    day = timezone.make_aware(datetime.combine(about, time.max))
    return max(now, day) + timedelta(days=days)


def find(token: str) -> Link:
    """The link of a token while its form can be opened. Closed else."""
    link = by_token(token)
    if not link.open(timezone.now()):
        raise Closed
    return link


def by_token(token: str) -> Link:
    """The link of a token, open or not. Closed if there is none."""
    links = Link.objects.select_related("client__practice")
    link = links.filter(token_hash=hashed(token)).first()
    if link is None:
        raise Closed
    return link


def use(
    link: Link, instrument: Instrument, given: answers.Given, receipt: str, language: str
) -> Answer:
    """Keep what was answered by a link and close it, in one transaction; the form kept.

    The same form sent twice, told by its `receipt`, is kept once and answered alike. Closed if the
    link was used for another, ran out or was revoked. InputError for impossible answers.
    """
    now, mark = timezone.now(), hashed(receipt)
    with transaction.atomic():
        # On conflict this waits for the other transaction, so that one of two wins.
        taken = Link.objects.filter(
            pk=link.pk, used_at=None, revoked_at=None, expires__gt=now - GRACE
        ).update(used_at=now, receipt=mark)
        if not taken:
            return sent_before(link, mark)
        filled = answers.Filled(
            measure=link.measure,
            rater="client",
            about=link.about,
            answers=given,
            how="kiosk" if link.kiosk else "link",
            language=instrument.wording(language).language,
        )
        return answers.keep(link.client, filled, actor=f"link:{link.pk}", link=link, instead=True)


def kept_from(link: Link, receipt: str) -> Answer | None:
    """The answer that this very form gave already, None while it can be sent. Closed else."""
    if link.used_at is None and link.revoked_at is None and timezone.now() < link.expires + GRACE:
        return None
    return sent_before(link, hashed(receipt))


def sent_before(link: Link, mark: str) -> Answer:
    """The answer that the form of this receipt gave. Closed if it gave none."""
    row = Answer.objects.filter(link=link, link__receipt=mark).first()
    if row is None:
        raise Closed
    return row


def revoke(link: Link) -> bool:
    """Close a link; False if it was closed or used."""
    found = Link.objects.filter(pk=link.pk, used_at=None, revoked_at=None)
    return bool(found.update(revoked_at=timezone.now()))
