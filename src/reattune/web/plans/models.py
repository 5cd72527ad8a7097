"""Ruptures as people and analyses left them. Every change of state is a row that stays.

A row of `Change` or `EndingRow` is only ever added. Kind, intensity, episodes and proposals of a
rupture follow the analysis and are renewed with it (`store`); what a person decided is in the rows.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reattune.web.clients.models import Client

NOTE = 2000  # characters of a note


class Rupture(models.Model):
    """A rupture of a client (`reattune.repair.Rupture`); `key` is its id within the course.

    `body` holds its episodes and proposals, and with them words of sessions; `state` is that of its
    last row.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="ruptures")
    key = models.CharField(max_length=20)
    kind = models.CharField(max_length=15)
    intensity = models.CharField(max_length=5)
    session = models.PositiveIntegerField()
    date = models.DateField(null=True)
    state = models.CharField(max_length=20)
    body = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "key"], name="rupture_key_once_a_client")
        ]
        ordering = ["client", "session", "key"]


class Row(models.Model):
    """A row that is added and never changed."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Add it; TypeError for one that is there already."""
        if self.pk is not None:
            raise TypeError("rows of decisions are only added")
        super().save(*args, **options)


class Change(Row):
    """A change of state (`reattune.repair.Change`).

    `part` is "" for the rupture, else a step or a proposal; `by` "human" or "analysis"; `who`
    "user:ID" or the name of an analysis; `session` the number of the session it belongs to, which
    follows the records when sessions are numbered anew.
    """

    rupture = models.ForeignKey(Rupture, models.CASCADE, related_name="changes")
    part = models.CharField(max_length=80, blank=True)
    old = models.CharField(max_length=20, blank=True)
    new = models.CharField(max_length=20)
    when = models.DateTimeField()
    session = models.PositiveIntegerField()
    who = models.CharField(max_length=60)
    by = models.CharField(max_length=10)
    note = models.TextField(_("note"), max_length=NOTE, blank=True)
    into = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["id"]


class Plan(models.Model):
    """The plan as it was worked out last, for the pages; `body` holds words of sessions.

    `told` are hard cases that the therapist says apply, `held` the sessions as they were numbered.
    """

    client = models.OneToOneField(Client, models.CASCADE, related_name="plan")
    made = models.DateTimeField(default=timezone.now)
    told = models.JSONField(default=list)
    held = models.JSONField(default=list)
    body = models.JSONField(default=dict)


class EndingRow(Row):
    """A change in the ending of a client's course (`reattune.ending.EndingRow`)."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="ending_rows")
    section = models.CharField(max_length=20, blank=True)
    item = models.CharField(max_length=40, blank=True)
    old = models.CharField(max_length=12, blank=True)
    new = models.CharField(max_length=12)
    when = models.DateTimeField()
    session = models.PositiveIntegerField()
    who = models.CharField(max_length=60)
    note = models.TextField(_("note"), max_length=NOTE, blank=True)
    due = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        ordering = ["id"]
