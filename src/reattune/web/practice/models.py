"""Talks with the simulated client, here only as ciphertext, and to whom one is shown."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone

from reattune.web.accounts.models import User


class Talk(models.Model):
    """A run of practice: everything in it is sealed, the scenario's name too.

    `revision` grows by one with each change, so that two at once do not both count.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    learner = models.ForeignKey(User, models.CASCADE, related_name="talks")
    sealed = models.BinaryField()
    revision = models.PositiveIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now)
    changed = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created"]


class Share(models.Model):
    """A talk's summary shown to one supervisor `until` a moment; `with_words` the talk itself."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    talk = models.ForeignKey(Talk, models.CASCADE, related_name="shares")
    reader = models.ForeignKey(User, models.CASCADE, related_name="talks_to_read")
    with_words = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created"]

    def open(self, now: datetime) -> bool:
        """Whether it is neither over nor taken back."""
        return self.ended_at is None and now < self.until
