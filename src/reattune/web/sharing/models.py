"""Moments shared with a supervisor: chosen turns of a session, for a limited time."""

from __future__ import annotations

import uuid

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
