"""Taking in a transcript: read, roles, kept, queued. All or nothing for each file."""

from __future__ import annotations

import hashlib
import re
from datetime import date

from django.db import transaction
from django.utils import timezone

from reattune.errors import InputError, RoleError
from reattune.pipeline import with_roles
from reattune.readers import read_bytes
from reattune.types import Session as Words
from reattune.web import files
from reattune.web.clients.models import Client
from reattune.web.reviews import models, queue
from reattune.web.reviews.words import save_words

_DATED = re.compile(r"(20\d\d)[-_]?([01]\d)[-_]?([0-3]\d)")


def take(
    client: Client, name: str, content: bytes, *, held_on: date | None = None, therapist: str = ""
) -> models.Session:
    """The new session of a transcript, queued for analysis if the client consents to that.

    Without a date told or in the file's name it is today's. A session whose roles are not clear
    waits in state "roles". InputError for a file that cannot be read, that the client has already,
    or where transcription was not consented to; nothing is kept then.
    """
    if not client.consents_to("transcription"):
        what = "The client has not consented to transcripts being kept."
        remedy = "Record the consent on the client's page first."
        raise InputError("no-consent", what, where=name, remedy=remedy)
    digest = hashlib.sha256(content).hexdigest()
    if client.sessions.filter(digest=digest).exists():
        what, remedy = "This transcript is here already.", "Open it on the client's page."
        raise InputError("transcript-twice", what, where=name, remedy=remedy)
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
    record.file = f"transcripts/{record.pk}"
    files.store(record.file, content)
    try:
        with transaction.atomic():
            record.save(force_insert=True)
            save_words(record, words)
            renumber(client)
            if sure:
                queue.enqueue(record)
    except BaseException:
        files.remove(record.file)
        raise
    return record


def settled(words: Words, therapist: str) -> tuple[Words, bool]:
    """The words with roles, and whether the roles are clear enough to go on."""
    try:
        return with_roles(words, therapist or None), True
    except RoleError:
        if therapist:
            raise
        return words, False


def tell_therapist(record: models.Session, label: str) -> None:
    """Set who the therapist is, on a person's word, and have the session read anew."""
    from reattune.web.reviews.words import to_session

    words = with_roles(to_session(record), label)
    with transaction.atomic():
        record.therapist_label, record.state = label, "ready"
        save_words(record, words)
        queue.enqueue(record)


def renumber(client: Client) -> None:
    """Number the client's sessions from 1 by date."""
    rows = list(client.sessions.order_by("held_on", "created"))
    for number, row in enumerate(rows, 1):
        if row.number != number:
            client.sessions.filter(pk=row.pk).update(number=number)


def date_in(name: str) -> date | None:
    """The date in a file's name, such as 2026-03-05-zoom.vtt; None without one."""
    found = _DATED.search(name)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
