"""Packets: chosen moments of one client's sessions, shown to named people for a limited time.

A packet is a draft until its therapist has read it and confirmed what is hidden. From then on it
holds its own words, with placeholders; no page that others open reads a session.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.reviews.models import Session


class Packet(models.Model):
    """Moments with a question, for its readers, `until` a day.

    `question` is what the therapist typed while it is a draft, and the confirmed text afterwards.
    `review` is what is hidden while that is being read, empty afterwards; `names` then says which
    words stand behind which placeholder, so that comments hide them too. Both are for the owner's
    side alone. `course` is the course in short as data. With `blind` readers see each other's
    comments once they wrote one, or all at `opened_at`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="packets")
    made_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    question = models.TextField(_("question"), max_length=2000, blank=True)
    with_course = models.BooleanField(_("with the course in short"), default=True)
    course = models.JSONField(default=dict)
    blind = models.BooleanField(_("everybody writes first"), default=False)
    days = models.PositiveSmallIntegerField(_("days"), default=14)
    review = models.JSONField(default=dict)
    names = models.JSONField(default=list)
    created = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created"]

    @property
    def draft(self) -> bool:
        """Whether nobody has confirmed it yet."""
        return self.confirmed_at is None

    @property
    def over(self) -> bool:
        """Whether its time is over."""
        return self.until is not None and self.until <= timezone.now()

    def chosen(self) -> list[Moment]:
        """The moments of a draft, with the numbers that their sessions have now."""
        found = list(self.moments.select_related("session"))
        for moment in found:
            moment.number = moment.session.number
        return sorted(found, key=lambda moment: (moment.number, moment.first))

    def open(self, now: datetime) -> bool:
        """Whether it is confirmed, not over, not ended; the client's consent is asked for apart."""
        return self.until is not None and self.ended_at is None and now < self.until


class Reader(models.Model):
    """Somebody whom a packet is for."""

    packet = models.ForeignKey(Packet, models.CASCADE, related_name="readers")
    user = models.ForeignKey(User, models.CASCADE, related_name="packets_to_read")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["packet", "user"], name="reader_once_a_packet")
        ]
        ordering = ["user__name", "user__username"]


class Moment(models.Model):
    """The turns `[first, last)` of a session; `number` is what the session's was.

    `note` is what the therapist says of it, `episodes` the episodes that it touches, as data.
    """

    packet = models.ForeignKey(Packet, models.CASCADE, related_name="moments")
    session = models.ForeignKey(Session, models.CASCADE, related_name="moments")
    number = models.PositiveIntegerField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    note = models.TextField(_("note"), max_length=500, blank=True)
    episodes = models.JSONField(default=list)

    class Meta:
        ordering = ["number", "first", "id"]

    @property
    def size(self) -> int:
        """How many turns it shows."""
        return self.last - self.first


class Line(models.Model):
    """A turn of a confirmed packet: its text with placeholders, as it was read and confirmed.

    `quoted` are the stretches of the text that flags rest on, `marks` the flags, as data.
    """

    moment = models.ForeignKey(Moment, models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    role = models.CharField(max_length=10)
    text = models.TextField()
    quoted = models.JSONField(default=list)
    marks = models.JSONField(default=list)

    class Meta:
        ordering = ["moment", "number"]


class Comment(models.Model):
    """What a reader or the therapist says of a packet, to each other."""

    packet = models.ForeignKey(Packet, models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.TextField(_("comment"), max_length=4000)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
