"""Taking in a transcript: read, roles, kept, queued. All or nothing for each file."""

from __future__ import annotations

import hashlib
import re
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from reattune.errors import InputError, RoleError
from reattune.pipeline import with_roles
from reattune.readers import read_bytes
from reattune.types import Session as Words
from reattune.web import files
from reattune.web.clients.appointments import link_sessions
from reattune.web.clients.models import Client
from reattune.web.reviews import models, queue
from reattune.web.reviews.leftovers import TRANSCRIPTS
from reattune.web.reviews.words import save_words

_DATED = re.compile(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)")  # 2026-03-05, 20260305
_DAY_FIRST = re.compile(r"(?<!\d)([0-3]?\d)\.([01]?\d)\.(20\d\d)(?!\d)")  # 5.3.2026


def take(
    client: Client, name: str, content: bytes, *, held_on: date | None = None, therapist: str = ""
) -> models.Session:
    """The new session of a transcript, queued for analysis if the client consents to that.

    Without a date told or in the file's name it is today's. A session whose roles are not clear
    waits in state "roles". InputError for a file that cannot be read, that the client has already,
    or where transcription was not consented to; nothing is kept then.
    """
    digest = digest_of(content)
    require_welcome(client, name, digest)
    words, sure = settled(read_bytes(content, name=name), therapist)
    record = models.Session(
        client=client,
        held_on=held_on or date_in(name) or timezone.localdate(),
        source=name[-255:],
        format=words.format,
        digest=digest,
        state="ready" if sure else "roles",
        therapist_label=therapist,
    )
    record.file = f"{TRANSCRIPTS}/{record.pk}"
    files.store(record.file, content)
    try:
        keep(record, words)
    except BaseException:
        files.remove(record.file)
        raise
    return record


def keep(record: models.Session, words: Words) -> None:
    """The transaction in which a session comes to be. InputError as `require_welcome`.

    The client is locked meanwhile, so that a consent taken back or the same file sent twice at
    once is seen.
    """
    with transaction.atomic():
        record.client.lock()
        require_welcome(record.client, record.source, record.digest)
        record.save(force_insert=True)
        save_words(record, words)
        renumber(record.client)
        link_sessions(record.client)
        record.client.outdate()
        if record.state == "ready":
            queue.enqueue_with_later(record)


def require_welcome(client: Client, name: str, digest: str) -> None:
    """InputError if the client does not let transcripts be kept, or has this one already."""
    if not client.consents.filter(purpose="transcription", revoked_at=None).exists():
        what = "The client has not consented to transcripts being kept."
        remedy = "Record the consent on the client's page first."
        raise InputError("no-consent", what, where=name, remedy=remedy)
    if client.sessions.filter(digest=digest).exists():
        what, remedy = "This transcript is here already.", "Open it on the client's page."
        raise InputError("transcript-twice", what, where=name, remedy=remedy)


def digest_of(content: bytes) -> str:
    """What tells a file that is here already."""
    return hashlib.sha256(content).hexdigest()


def settled(words: Words, therapist: str) -> tuple[Words, bool]:
    """The words with roles, and whether the roles are clear enough to go on."""
    try:
        return with_roles(words, therapist or None), True
    except RoleError:
        if therapist:
            raise
        return words, False


def retell(record: models.Session, words: Words, therapist: str) -> None:
    """Keep words whose speakers a person named, and have the session read anew."""
    with transaction.atomic():
        record.client.lock()
        record.therapist_label, record.state = therapist, "ready"
        save_words(record, words)
        record.client.outdate()
        queue.enqueue_with_later(record)


@transaction.atomic
def move(record: models.Session, held_on: date) -> None:
    """Give a session another date.

    Sessions from the earlier of the two dates on are read again: what counts as the client's habit
    is what came before.
    """
    record.client.lock()
    first = min(record.held_on, held_on)
    record.held_on = held_on
    record.save(update_fields=["held_on"])
    renumber(record.client)
    link_sessions(record.client)
    record.client.outdate()
    queue.enqueue_all(record.client, since=first)


def renumber(client: Client) -> None:
    """Number the client's sessions from 1 by date."""
    rows = list(client.sessions.order_by("held_on", "created"))
    for number, row in enumerate(rows, 1):
        if row.number != number:
            client.sessions.filter(pk=row.pk).update(number=number)


def date_in(name: str) -> date | None:
    """The date in a file's name, such as 2026-03-05-zoom.vtt; None without one, or one to come."""
    found = _DATED.search(name)
    parts = found.groups() if found else ()
    if not parts and (found := _DAY_FIRST.search(name)):
        parts = found.groups()[::-1]
    try:
        day = date(*map(int, parts)) if parts else None
    except ValueError:
        return None
    return day if day is None or day <= timezone.localdate() + timedelta(days=1) else None
