"""The journal's key and what is sealed by it.

The key comes from a passphrase by Argon2id (RFC 9106) and is kept nowhere in the clear; entries are
sealed by AES-256-GCM. Nobody who has the records, the master key and a backup can read an entry
without the passphrase.
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from reattune.errors import InputError
from reattune.web import files, vault
from reattune.web.accounts.models import User
from reattune.web.journal.models import Entry, Journal

LEAST = 12  # characters of a passphrase
TRIES, WAIT = 5, timedelta(minutes=5)  # wrong passphrases in a row, then how long to wait
PAD = 512  # bytes; the size of an entry says little of its length


@dataclass(frozen=True, slots=True)
class Words:
    """What an entry says. `about` is "session:ID", "rupture:CLIENT:KEY" or ""."""

    text: str = ""
    reactions: str = ""
    body: str = ""
    thoughts: str = ""
    part: str = ""
    consult: bool = False
    about: str = ""


# The key


def key_for(purpose: str, key: bytes, lid: bytes = b"") -> bytes:
    """A key for one purpose, 32 bytes, from another one; HKDF-SHA256, not remembered anywhere."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = f"reattune/1 {purpose}".encode()
    return HKDF(SHA256(), vault.KEY_BYTES, lid or None, info).derive(key)


def tag(key: bytes) -> bytes:
    """What is kept to tell the right passphrase by."""
    return hmac.digest(key_for("journal-check", key), b"reattune journal", "sha256")


def fits(journal: Journal, key: bytes) -> bool:
    """Whether this is the journal's key."""
    return hmac.compare_digest(tag(key), bytes(journal.check_tag))


def check_choice(user: User, passphrase: str) -> None:
    """InputError for a passphrase that should not be chosen."""
    if len(passphrase) < LEAST:
        what = f"The passphrase has fewer than {LEAST} characters."
        raise InputError("weak-passphrase", what, remedy="Choose one of several words.")
    if user.check_password(passphrase):
        what = "This is your password for signing in."
        raise InputError("weak-passphrase", what, remedy="Choose another one for the journal.")


def begin(user: User, passphrase: str) -> tuple[Journal, bytes]:
    """A new journal with its key; InputError for a bad choice or where there is one."""
    check_choice(user, passphrase)
    salt = secrets.token_bytes(vault.SALT_BYTES)
    key = vault.stretch(passphrase, salt)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if Journal.objects.filter(user=user).exists():
            remedy = "Open it with its passphrase."
            raise InputError("journal-exists", "You have a journal already.", remedy=remedy)
        return Journal.objects.create(user=user, salt=salt, check_tag=tag(key)), key


def unlock(user: User, passphrase: str) -> bytes:
    """The key by the passphrase; InputError if it is another, or after too many wrong ones."""
    journal = Journal.objects.get(user=user)
    now = timezone.now()
    if journal.failures >= TRIES and journal.failed_at and now - journal.failed_at < WAIT:
        what = "There were several wrong passphrases in a row."
        raise InputError("journal-wait", what, remedy="Wait five minutes and try again.")
    key = vault.stretch(passphrase, bytes(journal.salt))
    own = Journal.objects.filter(pk=journal.pk)
    if not fits(journal, key):
        own.update(failures=F("failures") + 1, failed_at=now)
        what = "This is not the passphrase of your journal."
        remedy = "Check the keyboard and try again. Nobody can reset it."
        raise InputError("wrong-journal-passphrase", what, remedy=remedy)
    if journal.failures:
        own.update(failures=0, failed_at=None)
    return key


def change(user: User, passphrase: str, new: str) -> bytes:
    """Seal every entry anew under a new passphrase, all or none; the new key."""
    old = unlock(user, passphrase)
    check_choice(user, new)
    salt = secrets.token_bytes(vault.SALT_BYTES)
    key = vault.stretch(new, salt)
    with transaction.atomic():
        journal = held(user, old)
        for entry in journal.entries.all():
            entry.sealed = sealed(journal, entry, opened(journal, entry, old), key)
            entry.save(update_fields=["sealed"])
        journal.salt, journal.check_tag, journal.changed = salt, tag(key), timezone.now()
        journal.save()
    return key


def held(user: User, key: bytes) -> Journal:
    """The user's journal, held until the transaction ends; InputError if the key is an old one."""
    journal = Journal.objects.select_for_update().filter(user=user).first()
    if journal is None or not fits(journal, key):
        what = "The journal was locked meanwhile, or its passphrase was changed."
        raise InputError("journal-locked", what, remedy="Open it again; nothing was kept.")
    return journal


# Entries


def write(user: User, key: bytes, words: Words, entry: Entry | None = None) -> Entry:
    """Keep an entry, a new one or one that is there; InputError if the key no longer fits."""
    with transaction.atomic():
        journal = held(user, key)
        kept = entry or Entry(journal=journal)
        if entry is not None:
            kept.edited = timezone.now()
        kept.sealed = sealed(journal, kept, words, key)
        kept.save()
    return kept


def sealed(journal: Journal, entry: Entry, words: Words, key: bytes) -> bytes:
    """An entry as ciphertext, bound to its journal and its own id."""
    plain = json.dumps(asdict(words)).encode()
    padded = plain.ljust(-(-len(plain) // PAD) * PAD)
    return files.seal_bytes(padded, key_for("journal", key), aad=bound(journal, entry))


def opened(journal: Journal, entry: Entry, key: bytes) -> Words:
    """What an entry says; InputError ("bad-sealed-file") if it is damaged."""
    plain = files.unseal_bytes(
        bytes(entry.sealed), key_for("journal", key), aad=bound(journal, entry), where="journal"
    )
    told: dict[str, Any] = json.loads(plain)
    return Words(**told)


def bound(journal: Journal, entry: Entry) -> bytes:
    """What an entry's ciphertext is bound to."""
    return f"journal:{journal.pk}:{entry.pk}".encode()
