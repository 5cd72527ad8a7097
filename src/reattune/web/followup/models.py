"""Derived records: made from the others by `refresh`, never edited; and when one last looked."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from reattune.web.accounts.models import User
from reattune.web.clients.models import Client


class Signal(models.Model):
    """A signal of a client's course (`reattune.types.Signal`)."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="signals")
    session = models.PositiveIntegerField()
    date = models.DateField(null=True)
    source = models.CharField(max_length=80)
    kind = models.CharField(max_length=10)
    rule = models.CharField(max_length=40)
    level = models.CharField(max_length=5)
    by = models.CharField(max_length=60)
    why = models.TextField()
    evidence = models.JSONField(default=list)
    false_per_12 = models.FloatField(null=True)
    with_sources = models.JSONField(default=list)

    class Meta:
        ordering = ["client", "session", "id"]
        indexes = [models.Index(fields=["client", "-session"])]


class Summary(models.Model):
    """What the caseload and client pages show of a client, worked out at the last change.

    `reasons` say why the client needs a look (`reasons.py`): those of `standing`, and what the
    sessions of `unseen` add, which were never opened. `payload` holds what the client's own page
    shows (`refresh.page_of`), `course` what the figures of the caseload are computed from.
    """

    client = models.OneToOneField(Client, models.CASCADE, related_name="summary")
    made = models.DateTimeField(default=timezone.now)
    sessions = models.PositiveIntegerField(default=0)
    last_session = models.DateField(null=True)
    open_major = models.PositiveIntegerField(default=0)
    open_episodes = models.PositiveIntegerField(default=0)
    falling = models.BooleanField(default=False)
    absent = models.BooleanField(default=False)
    risk = models.BooleanField(default=False)
    unread = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=list)
    standing = models.JSONField(default=list)
    unseen = models.JSONField(default=list)
    payload = models.JSONField(default=dict)
    course = models.JSONField(default=dict)


class Look(models.Model):
    """When the therapist last opened a client's page."""

    client = models.OneToOneField(Client, models.CASCADE, related_name="look")
    at = models.DateTimeField()


class Figures(models.Model):
    """The figures of a therapist's caseload, kept until a summary they rest on changes."""

    therapist = models.OneToOneField(User, models.CASCADE, related_name="figures")
    basis = models.CharField(max_length=80)
    payload = models.JSONField(default=list)
