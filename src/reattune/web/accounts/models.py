"""Practices, the people who work there, and the tokens of their programs."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

SCOPES = (
    "clients:read",
    "clients:write",
    "sessions:read",
    "sessions:write",
    "checkins:read",
    "checkins:write",
)
"""What a token may be allowed; each API operation asks for one."""


class Practice(models.Model):
    """A practice or clinic. Nothing in one can be seen from another."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=120)
    created = models.DateTimeField(default=timezone.now)
    require_second_factor = models.BooleanField(_("second factor required"), default=False)

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """Somebody who works in a practice: therapist, supervisor, administrator, or several of them.

    A therapist sees own clients, a supervisor what was shared, an administrator accounts and no
    words. Who is a client is not a user.
    """

    practice = models.ForeignKey(Practice, models.CASCADE, related_name="users")
    name = models.CharField(_("name"), max_length=120)
    is_therapist = models.BooleanField(_("therapist"), default=False)
    is_supervisor = models.BooleanField(_("supervisor"), default=False)
    is_administrator = models.BooleanField(_("administrator"), default=False)
    language = models.CharField(_("language"), max_length=5, default="en")
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    theme = models.CharField(
        _("colors"),
        max_length=5,
        default="auto",
        choices=[("auto", _("as the system")), ("light", _("light")), ("dark", _("dark"))],
    )
    flags = models.CharField(_("flags"), max_length=10, default="balanced")

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")

    def __str__(self) -> str:
        return self.name or self.username


class Invitation(models.Model):
    """A link by which somebody makes their own account; the token is kept as a hash."""

    practice = models.ForeignKey(Practice, models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=120)
    is_therapist = models.BooleanField(_("therapist"), default=True)
    is_supervisor = models.BooleanField(_("supervisor"), default=False)
    is_administrator = models.BooleanField(_("administrator"), default=False)
    made_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class Token(models.Model):
    """A program's key to the API on a user's behalf; only its hash is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField(null=True, blank=True)
    last_used = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def alive(self, now: datetime) -> bool:
        """Whether it opens anything at this moment."""
        return self.revoked_at is None and (self.expires is None or now < self.expires)
