"""Sharing moments: what a share shows, making one, ending one, who may open it.

Only the turns of a share are ever loaded here, with the flags on them; what stands elsewhere in the
session cannot come through.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.safestring import SafeString

from reattune import types
from reattune.codebook import Code, code
from reattune.errors import InputError
from reattune.report.transcript import pieces
from reattune.report.words import clean
from reattune.types import Marker
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.reviews.labels import BY, Standing, current, standing
from reattune.web.reviews.models import Analysis, Session, Turn
from reattune.web.reviews.page import marked_up
from reattune.web.reviews.regions import intensity_name
from reattune.web.reviews.words import to_marker
from reattune.web.sharing.models import Share

MOST_TURNS = 40  # of one share: a moment, not a session
DAYS, MOST_DAYS = 14, 90  # that a share is open unless told, and at most


@dataclass(frozen=True, slots=True)
class Mark:
    """A flag that stands; `confirmed` by the therapist, else as sure as `probability` says.

    `wrong` is how many of 100 flags of its family did not hold, None where not measured.
    """

    code: Code
    intensity: str
    why: str
    confirmed: bool
    probability: float
    wrong: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One turn: its number from 1, the speaker's role in the place of a name."""

    number: int
    role: types.Role
    words: SafeString
    marks: tuple[Mark, ...]


# What is shown


def excerpt(session: Session, first: int, last: int) -> tuple[Line, ...]:
    """The turns `[first, last)` of a session with the flags that stand on them."""
    turns = list(session.turns.filter(number__gte=first, number__lt=last))
    analysis = current(session)
    marks = by_turn(standing_in(session, analysis, turns))
    rates = analysis.payload.get("reliability", {}) if analysis else {}
    return tuple(line_of(turn, marks[turn.number], rates) for turn in turns)


def standing_in(session: Session, analysis: Analysis | None, turns: list[Turn]) -> Standing:
    """What counts on these turns, as `labels.standing_of` says it of the whole session."""
    roles = {turn.number: turn.role for turn in turns}
    found = analysis.findings.filter(turn__in=roles) if analysis else ()
    return standing(
        [to_marker(row) for row in found], session.judgements.filter(turn__in=roles), roles
    )


def by_turn(now: Standing) -> dict[int, list[Marker]]:
    """The flags that stand, by turn."""
    made: dict[int, list[Marker]] = defaultdict(list)
    for marker in now.all:
        if marker.decided:
            made[marker.turn].append(marker)
    return made


def line_of(turn: Turn, markers: list[Marker], rates: dict[str, float]) -> Line:
    """One turn as it is shown."""
    quotes = [clean(e.quote) for m in markers for e in m.evidence if own(e, turn.number)]
    return Line(
        number=turn.number + 1,
        role=cast(types.Role, turn.role),
        words=marked_up(pieces(clean(turn.text), quotes)),
        marks=tuple(mark_of(marker, rates) for marker in markers),
    )


def own(evidence: types.Evidence, turn: int) -> bool:
    """Whether evidence quotes this very turn."""
    return bool(evidence.quote) and evidence.turn in (None, turn)


def mark_of(marker: Marker, rates: dict[str, float]) -> Mark:
    """A flag as it is shown: what the code means, not what was measured around it."""
    held = rates.get(f"precision_{marker.family}", rates.get("precision_any"))
    return Mark(
        code=code(marker.code),
        intensity=intensity_name(marker.intensity) if marker.intensity else "",
        why=code(marker.code).why,
        confirmed=marker.by == BY,
        probability=max(marker.probability, marker.family_probability),
        wrong=None if held is None else round(100 * (1 - held)),
    )


# Making and ending


def supervisors(user: User) -> QuerySet[User]:
    """Whom a therapist can share with: the supervisors of the practice, oneself left out."""
    found = user.practice.users.filter(is_supervisor=True, is_active=True)
    return found.exclude(pk=user.pk).order_by("name", "username")


def make(
    session: Session,
    user: User,
    *,
    first: int,
    last: int,
    supervisor: User,
    days: int,
    question: str,
) -> Share:
    """Share the turns `[first, last)`. InputError without the client's consent to supervision.

    The client is locked meanwhile, so that a consent taken back at the same time is seen.
    """
    with transaction.atomic():
        client = Client.objects.select_for_update().get(pk=session.client_id)
        if not client.consents_to("supervision"):
            what = "The client has not consented to supervision."
            raise InputError("no-consent", what, remedy="Record the consent first.")
        share = Share.objects.create(
            session=session,
            first=first,
            last=last,
            supervisor=supervisor,
            shared_by=user,
            question=question,
            until=timezone.now() + timedelta(days=days),
        )
        told = {"supervisor": supervisor.pk, "first": first, "last": last, "days": days}
        gates.note(user, "share.make", target=f"share:{share.pk}", client=client, **told)
    return share


def end(share: Share) -> None:
    """Close a share at once; one that is closed stays as it is."""
    Share.objects.filter(pk=share.pk, revoked_at=None).update(revoked_at=timezone.now())


# Whose it is


def given_of(user: User, id: uuid.UUID, action: str) -> Share:
    """A share of a session of one's own; Http404 else. Audited as `action`, on the session."""
    share = Share.objects.select_related("supervisor").filter(pk=id).first()
    if share is None:
        raise Http404
    share.session = gates.session_of(user, share.session_id, action, share=str(share.pk))
    return share


def given_by(user: User) -> QuerySet[Share]:
    """The shares of sessions of one's own clients, the latest first."""
    found = Share.objects.filter(session__client__in=gates.own_clients(user))
    return found.select_related("session__client", "supervisor").order_by("-created")


def open_to(user: User) -> QuerySet[Share]:
    """The shares that a supervisor can open now, by the terms of `gates.share_of`."""
    found = Share.objects.filter(
        supervisor=user,
        revoked_at=None,
        until__gt=timezone.now(),
        session__client__practice=user.practice_id,
        session__client__consents__purpose="supervision",
        session__client__consents__revoked_at=None,
    )
    return found.select_related("session__client", "shared_by").order_by("-created")


def is_open(share: Share) -> bool:
    """Whether the supervisor can open it now."""
    return share.open(timezone.now()) and share.session.client.consents_to("supervision")


def clash(session: Session, supervisor: User, first: int, last: int) -> bool:
    """Whether just these turns are open to this supervisor already."""
    same: Iterable[Share] = session.shares.filter(supervisor=supervisor, first=first, last=last)
    return any(share.open(timezone.now()) for share in same)
