"""The journal: what is written in it is here only as ciphertext, its key nowhere."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from reattune.web.accounts.models import User


class Journal(models.Model):
    """A therapist's journal. `salt` and `check` belong to a passphrase that is not kept.

    `failures` counts wrong passphrases in a row, `failed_at` is when the last was tried.
    """

    user = models.OneToOneField(User, models.CASCADE, related_name="journal")
    salt = models.BinaryField()
    check_tag = models.BinaryField()
    created = models.DateTimeField(default=timezone.now)
    changed = models.DateTimeField(default=timezone.now)
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField(null=True)


class Entry(models.Model):
    """An entry: everything in it is sealed, what it is about and its flag too."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    journal = models.ForeignKey(Journal, models.CASCADE, related_name="entries")
    sealed = models.BinaryField()
    created = models.DateTimeField(default=timezone.now)
    edited = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created"]
        verbose_name_plural = "entries"
