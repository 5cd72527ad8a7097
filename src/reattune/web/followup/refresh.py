"""What follows from a client's records, worked out anew: signals and the summary of the pages.

Called when a page is opened whose client is marked stale, and by the worker after a session was
read. The model never runs here: the words were read before.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from reattune import types
from reattune.follow import Following, follow_reads
from reattune.report.course import RISKS, told_in_short
from reattune.report.told import notes_told
from reattune.web.checkins.instruments import known
from reattune.web.clients.models import Client
from reattune.web.followup.course import Records, records_of
from reattune.web.followup.drawing import timeline
from reattune.web.followup.episodes import (
    Told,
    closings,
    list_episodes,
    with_closed,
    with_noticed,
)
from reattune.web.followup.models import Signal, Summary
from reattune.web.followup.reasons import (
    Reason,
    changes_of,
    is_open,
    reasons_of,
    risks,
    standing_of,
    stands,
    unseen_of,
)
from reattune.web.plans.renewal import renew
from reattune.web.reviews.models import Session

log = logging.getLogger("reattune.followup")

BUDGET = 0.15  # seconds that a page of many clients spends on those that are stale


def fresh(client: Client) -> Summary | None:
    """The client's summary, worked out now if its records changed; None if that never worked.

    An error leaves the client stale and the last summary in its place.
    """
    summary = Summary.objects.filter(client=client).first()
    if summary is not None and not client.stale:
        return summary
    return tried(client) or summary


def tried(client: Client) -> Summary | None:
    """The new summary, None (and a line in the log) where it could not be worked out."""
    try:
        return refresh(client)
    except Exception:
        log.exception("client %s: the summary could not be worked out", client.pk)
        return None


def fresh_many(clients: Iterable[Client], budget: float = BUDGET) -> int:
    """Work out clients that are stale, as many as the time allows; how many are left."""
    until, left = time.monotonic() + budget, 0
    for client in clients:
        if time.monotonic() > until or tried(client) is None:
            left += 1
    return left


def catch_up(given_up: set[UUID]) -> bool:
    """Work out one client that is stale; False if there is none.

    One that cannot be worked out is added to `given_up`, which are left alone.
    """
    client = Client.objects.filter(stale=True).exclude(pk__in=given_up).first()
    if client is None:
        return False
    if tried(client) is None:
        given_up.add(client.pk)
    return True


def refresh(client: Client) -> Summary:
    """Work out a client's signals and summary from the records, in one transaction."""
    with transaction.atomic():
        locked = Client.objects.select_for_update(of=("self",))
        client = locked.select_related("therapist", "practice").get(pk=client.pk)
        with known(client.practice):
            records = records_of(client)
            following = with_noticed(records, follow_reads(records.course, records.reads))
            closed = closings(renew(client, records, following))
            following = with_closed(records, following, closed)
            summary = summary_of(records, following, list_episodes(records, following, closed))
        number_sessions(records)
        keep_signals(client, following.signals)
        kept, _ = Summary.objects.update_or_create(client=client, defaults=summary)
        Client.objects.filter(pk=client.pk).update(stale=False)
    return kept


def number_sessions(records: Records) -> None:
    """Give the transcripts the numbers of the sessions held, which forms and visits count too."""
    for number, session in records.sessions.items():
        if session.number != number:
            Session.objects.filter(pk=session.pk).update(number=number)


def keep_signals(client: Client, signals: Sequence[types.Signal]) -> None:
    """Put these signals in the place of what the client had."""
    client.signals.all().delete()
    Signal.objects.bulk_create(
        Signal(
            client=client,
            session=signal.session,
            date=signal.date,
            source=signal.source,
            kind=signal.kind,
            rule=signal.rule,
            level=signal.level,
            by=signal.by,
            why=signal.why,
            evidence=[asdict(one) for one in signal.evidence],
            false_per_12=signal.false_per_12,
            with_sources=list(signal.with_),
        )
        for signal in signals
    )


def to_signal(row: Signal) -> types.Signal:
    """A row as the library's signal."""
    return types.Signal(
        client="",
        session=row.session,
        date=row.date,
        source=row.source,
        kind=row.kind,  # type: ignore[arg-type]
        rule=row.rule,
        level=row.level,  # type: ignore[arg-type]
        by=row.by,
        why=row.why,
        evidence=tuple(types.Evidence(**one) for one in row.evidence),
        false_per_12=row.false_per_12,
        with_=tuple(row.with_sources),
    )


# The summary


def summary_of(records: Records, following: Following, episodes: Sequence[Told]) -> dict[str, Any]:
    """The fields of a client's summary."""
    standing = standing_of(records, following, episodes)
    unseen = unseen_of(records, episodes)
    whys = {reason["why"] for reason in standing}
    held = following.held
    unmended = [one for one in episodes if stands(one)]
    return {
        "made": timezone.now(),
        "sessions": len(held),
        "last_session": held[-1][1] if held else None,
        "open_major": sum(is_open(one) for one in episodes),
        "open_episodes": len(unmended),
        "falling": "scores" in whys,
        "absent": "absence" in whys,
        "standing": standing,
        **unseen_in(standing, unseen),
        "payload": page_of(records, following, episodes),
        "course": course_of(records, following, episodes),
    }


def unseen_in(standing: Sequence[Reason], unseen: Sequence[Reason]) -> dict[str, Any]:
    """The fields that opening a session changes."""
    reasons = reasons_of(standing, unseen)
    return {
        "reasons": reasons,
        "risk": any(reason["why"] == "risk" for reason in reasons),
        "unread": len(unseen),
        "unseen": unseen,
    }


def seen(session: Session) -> None:
    """Keep when the result of a session was first opened, and take it from what waits to be seen.

    The rest of the summary stands: nothing was said of the session yet.
    """
    with transaction.atomic():
        session.client.lock()
        first = Session.objects.filter(pk=session.pk, opened_at=None)
        if not first.update(opened_at=timezone.now()):
            return
        for summary in Summary.objects.filter(client=session.client_id):
            left = [one for one in summary.unseen if one["session"] != str(session.pk)]
            fields = unseen_in(summary.standing, left)
            Summary.objects.filter(pk=summary.pk).update(**fields)


def page_of(records: Records, following: Following, episodes: Sequence[Told]) -> dict[str, Any]:
    """What the client's own page shows."""
    return {
        "read": len(records.reads),
        "appointments": len(following.sessions),
        "lead": told_in_short(following),
        "changes": changes_of(records, following, episodes),
        "risks": risks(records),
        "episodes": [one.as_json() for one in episodes],
        "slight": len(following.episodes) - len(episodes),
        "speaking": sorted({signal.session for signal in following.signals}, reverse=True),
        "notes": [
            note.text for note in notes_told(n for n in following.notes if n.slug not in RISKS)
        ],
        **timeline(records, following),
    }


def course_of(records: Records, following: Following, episodes: Sequence[Told]) -> dict[str, Any]:
    """What the figures of the caseload need, as JSON (`figures.to_course`).

    What a person set aside in the plan is no episode.
    """
    own = following.alliance
    scale = own.scale if own else None
    return {
        "sessions": [[number, str(day)] for number, day in following.held],
        "ended": following.ended,
        "read": [read.session for read in records.reads],
        "alliance": own and {
            "measure": own.measure,
            "rater": own.rater,
            "scale": scale and asdict(scale),
            "points": [[p.session, str(p.date) if p.date else None, p.value] for p in own.points],
        },
        "episodes": [
            [e.number, e.date, e.kind, e.intensity, e.state, e.noticed, e.repaired_at]
            for e in episodes
            if e.closed != "set_aside"
        ],
    }  # fmt: skip
