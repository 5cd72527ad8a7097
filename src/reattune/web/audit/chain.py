"""Adding to a practice's audit chain, and verifying it."""

from __future__ import annotations

import hmac
import json
import secrets
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.utils import timezone

from reattune.web import files, vault
from reattune.web.audit.models import Entry, Head, Secret

START = "0" * 64

_known: dict[bytes, bytes] = {}  # the chain's key by the vault's
_along: ContextVar[Mapping[str, Any]] = ContextVar("along", default=MappingProxyType({}))


@contextmanager
def along(**detail: Any) -> Iterator[None]:
    """Within this block every entry has this in its detail too, such as the token that asked."""
    before = _along.set({**_along.get(), **detail})
    try:
        yield
    finally:
        _along.reset(before)


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold, and how that shows."""

    practice: uuid.UUID
    number: int
    why: str


def record(
    practice: uuid.UUID,
    actor: str,
    action: str,
    *,
    target: str = "",
    client: uuid.UUID | None = None,
    detail: dict[str, Any] | None = None,
) -> Entry:
    """Add one entry, in the caller's transaction if there is one.

    `actor` is "user:ID", "link:ID" or "system"; `action` a noun and a verb, such as "session.see";
    `detail` holds ids, codes and counts only.
    """
    with transaction.atomic():
        head, _ = Head.objects.select_for_update().get_or_create(
            practice=practice, defaults={"digest": START}
        )
        entry = Entry(
            practice=practice,
            number=head.number + 1,
            at=timezone.now(),
            actor=actor,
            action=action,
            target=target,
            client=client,
            detail={**_along.get(), **(detail or {})},
            previous=head.digest,
        )
        entry.digest = digest(entry)
        entry.save(force_insert=True)
        Head.objects.filter(practice=practice).update(number=entry.number, digest=entry.digest)
    return entry


def digest(entry: Entry) -> str:
    """The seal of an entry: HMAC-SHA256 over the one before and its own content."""
    content = [
        entry.previous,
        str(entry.practice),
        entry.number,
        entry.at.isoformat(timespec="microseconds"),
        entry.actor,
        entry.action,
        entry.target,
        str(entry.client or ""),
        entry.detail,
    ]
    told = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return hmac.digest(seal_key(vault.derive("files")), told, "sha256").hex()


def seal_key(files_key: bytes) -> bytes:
    """The key of the chain, made at first need; it outlives a change of the master key.

    Remembered once it was read back, never when it was just made: that may be rolled back.
    """
    if files_key not in _known:
        fresh = files.seal_bytes(secrets.token_bytes(32), files_key, aad=b"audit")
        row, made = Secret.objects.get_or_create(name="audit", defaults={"sealed": fresh})
        sealed = bytes(row.sealed)
        key = files.unseal_bytes(sealed, files_key, aad=b"audit", where="the audit key")
        if made:
            return key
        _known[files_key] = key
    return _known[files_key]


def verify(practice: uuid.UUID | None = None) -> Iterator[Break]:
    """Every place where a chain does not hold; none if all is well."""
    heads = Head.objects.filter(**({"practice": practice} if practice else {}))
    known = set(heads.values_list("practice", flat=True))
    entries = Entry.objects.filter(**({"practice": practice} if practice else {}))
    orphans = entries.exclude(practice__in=known).order_by().values_list("practice", flat=True)
    for orphan in orphans.distinct():
        yield Break(orphan, 0, "entries without a head: the end of the chain was removed")
    for head in heads:
        yield from verify_one(head)


def verify_one(head: Head) -> Iterator[Break]:
    """The breaks of one practice's chain."""
    previous, number = START, 0
    for entry in Entry.objects.filter(practice=head.practice).order_by("number").iterator():
        number += 1
        if entry.number != number:
            yield Break(head.practice, number, "an entry is missing")
            number = entry.number
        elif entry.previous != previous:
            yield Break(head.practice, number, "the entry does not follow the one before")
        if not hmac.compare_digest(digest(entry), entry.digest):
            yield Break(head.practice, number, "the entry was changed")
        previous = entry.digest
    if (number, previous) != (head.number, head.digest if head.number else START):
        yield Break(head.practice, head.number, "the last entries were removed")
