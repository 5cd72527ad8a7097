"""Moments shared with a supervisor: chosen turns of a session, for a limited time."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reattune.web.accounts.models import User
from reattune.web.reviews.models import Session


class Share(models.Model):
    """The turns `[first, last)` of a session, open to one supervisor until they expire."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, models.CASCADE, related_name="shares")
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    supervisor = models.ForeignKey(User, models.CASCADE, related_name="received")
    shared_by = models.ForeignKey(User, models.CASCADE, related_name="shared")
    question = models.TextField(_("question"), max_length=2000, blank=True)
    created = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(_("until"))
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created"]

    @property
    def size(self) -> int:
        """How many turns it shows."""
        return self.last - self.first

    @property
    def over(self) -> bool:
        """Whether its time is over."""
        return self.until <= timezone.now()

    def open(self, now: datetime) -> bool:
        """Whether it is neither over nor ended; the client's consent is asked for apart."""
        return self.revoked_at is None and now < self.until


class Comment(models.Model):
    """What the supervisor or the therapist says of a share, to each other."""

    share = models.ForeignKey(Share, models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.TextField(_("comment"), max_length=4000)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
