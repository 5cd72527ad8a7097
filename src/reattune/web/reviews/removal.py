"""Deleting sessions: what hangs on them, how much that is, and their removal without a rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import ngettext

from reattune.web import files
from reattune.web.clients.models import Client
from reattune.web.coding.models import Coding
from reattune.web.reviews import models, queue
from reattune.web.reviews.ingest import renumber
from reattune.web.sharing import packets

Sessions = QuerySet[models.Session]


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that a deletion takes: its kind for the record, how many, and in words."""

    kind: str
    number: int
    label: str


def losses(sessions: Sessions) -> list[Loss]:
    """What goes with these sessions, kinds without any left out."""
    counts: dict[str, Callable[[], int]] = {
        "sessions": sessions.count,
        "turns": models.Turn.objects.filter(session__in=sessions).count,
        "findings": models.Finding.objects.filter(
            analysis__session__in=sessions, decided=True, analysis__current=True
        ).count,
        "episodes": models.Episode.objects.filter(session__in=sessions).count,
        "judgements": models.Judgement.objects.filter(session__in=sessions).count,
        "notes": models.Note.objects.filter(session__in=sessions).count,
        "codings": Coding.objects.filter(session__in=sessions, done_at__isnull=False).count,
        "shares": packets.of_sessions(sessions).count,
        "jobs": models.Job.objects.filter(session__in=sessions).count,
    }
    return [
        Loss(kind, number, in_words(kind, number))
        for kind, count in counts.items()
        if (number := count())
    ]


def in_words(kind: str, number: int) -> str:
    """The noun for so many of a kind."""
    return {
        "sessions": ngettext(
            "session with its transcript", "sessions with their transcripts", number
        ),
        "turns": ngettext("turn of words", "turns of words", number),
        "findings": ngettext("flag", "flags", number),
        "episodes": ngettext("episode", "episodes", number),
        "judgements": ngettext("answer of yours to a flag", "answers of yours to flags", number),
        "notes": ngettext("note of yours", "notes of yours", number),
        "codings": ngettext("coding without flags", "codings without flags", number),
        "shares": ngettext("share with a supervisor", "shares with supervisors", number),
        "jobs": ngettext("analysis, done or waiting", "analyses, done or waiting", number),
    }[kind]


@transaction.atomic
def remove_sessions(client: Client, sessions: Sessions) -> None:
    """Delete sessions with everything on them, in one transaction; their files after it.

    Jobs go first, see `clients.consents.forget_analysis`. Sessions that remain after the first one
    removed are read again: the client's habit, which they were compared with, rested on it too.
    """
    client.lock()
    rows = list(sessions.order_by("held_on").values_list("pk", "file", "held_on"))
    doomed = models.Session.objects.filter(pk__in=[pk for pk, _, _ in rows])
    models.Job.objects.filter(session__in=doomed).delete()
    packets.of_sessions(doomed).delete()
    doomed.delete()
    if rows:
        renumber(client)
        queue.enqueue_all(client, since=rows[0][2])
        client.outdate()
    transaction.on_commit(lambda: erase([name for _, name, _ in rows]), robust=True)


def erase(names: list[str]) -> None:
    """Remove stored files, and what the database file's journal still holds of deleted rows."""
    for name in names:
        if name:
            files.remove(name)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
