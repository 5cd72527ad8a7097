"""What people answer: links to forms, the answers, and a practice's own instruments."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reattune.web.accounts.models import Practice, User
from reattune.web.clients.models import Client

GRACE = timedelta(hours=1)  # who opened a form just before its end may still send it


class Link(models.Model):
    """A link by which a client answers one form once, without an account; kept as a hash.

    `kiosk` marks one that never left this machine: the form on a tablet. `receipt` is the hash of
    what the form that was sent bore, so that sending it twice is answered alike.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="links")
    token_hash = models.CharField(max_length=64, unique=True)
    measure = models.CharField(max_length=60)
    language = models.CharField(max_length=5, default="en")
    about = models.DateField(_("about the session on"))
    kiosk = models.BooleanField(default=False)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    receipt = models.CharField(max_length=64, blank=True)

    def open(self, now: datetime) -> bool:
        """Whether the form can be opened at this moment."""
        return self.used_at is None and self.revoked_at is None and now < self.expires


class Answer(models.Model):
    """One form filled in: answers by item number as given, None where left out.

    `how` is "link", "kiosk", "own" (the therapist's mirror form), "paper" or "api"; `language` that
    of the wording, "" where it is not known.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="answers")
    measure = models.CharField(max_length=60)
    rater = models.CharField(max_length=12)
    about = models.DateField(_("about the session on"))
    answers = models.JSONField()
    language = models.CharField(max_length=5, blank=True)
    how = models.CharField(max_length=8)
    at = models.DateTimeField(default=timezone.now)
    edited = models.DateTimeField(null=True, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    link = models.OneToOneField(Link, models.SET_NULL, null=True, blank=True, related_name="answer")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "measure", "rater", "about"], name="form_once_a_session"
            )
        ]
        ordering = ["about", "at"]

    @property
    def typed(self) -> bool:
        """Whether somebody of the practice typed it in, so that they may correct it."""
        return self.how in ("own", "paper")


class OwnInstrument(models.Model):
    """An instrument that the practice brought along, as its TOML file (`reattune measures`)."""

    practice = models.ForeignKey(Practice, models.CASCADE, related_name="instruments")
    slug = models.CharField(max_length=60)
    toml = models.TextField()
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "slug"], name="own_instrument_once")
        ]
