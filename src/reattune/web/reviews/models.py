"""Sessions: their words, the jobs that read them, what was found, what people said of it.

What the model found hangs on an Analysis and is replaced by the next one. What people said hangs on
the session's turns and is only ever added to; the latest word on a turn and code counts.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reattune.web.accounts.models import User
from reattune.web.clients.models import Appointment, Client

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"


class Session(models.Model):
    """One session's transcript. `number` counts the client's sessions from 1 by date.

    `therapist_label` is the label told by a person; `roles` how the roles came about; `state`
    "roles" while somebody must say who the therapist is, "ready" once the words can be analyzed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="sessions")
    appointment = models.OneToOneField(
        Appointment, models.SET_NULL, null=True, blank=True, related_name="session"
    )
    number = models.PositiveIntegerField(default=0)
    held_on = models.DateField(_("date"))
    source = models.CharField(max_length=255)
    format = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)
    file = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=10, default="ready")
    therapist_label = models.CharField(max_length=80, blank=True)
    roles = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    turn_count = models.PositiveIntegerField(default=0)
    any_language = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "digest"], name="transcript_once_a_client")
        ]
        ordering = ["held_on", "created"]


class Turn(models.Model):
    """One turn as `reattune.types.Turn`; `number` from 0."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="turns")
    number = models.PositiveIntegerField()
    speaker = models.CharField(max_length=80)
    role = models.CharField(max_length=10, default="unknown")
    text = models.TextField()
    start = models.FloatField(null=True)
    end = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="turn_numbered_once")
        ]
        ordering = ["session", "number"]


class Job(models.Model):
    """Work that waits or runs. A worker holds it by a lease; a lease that ran out frees it.

    `progress` and `total` count turns. At most one unfinished job a session (the constraint).
    """

    session = models.ForeignKey(Session, models.CASCADE, related_name="jobs")
    state = models.CharField(max_length=10, default=WAITING)
    created = models.DateTimeField(default=timezone.now)
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    worker = models.CharField(max_length=60, blank=True)
    lease = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    progress = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=60, blank=True)
    message = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"],
                condition=Q(state__in=(WAITING, RUNNING)),
                name="one_open_job_a_session",
            )
        ]
        indexes = [models.Index(fields=["state", "created"])]
        ordering = ["created", "id"]


class Analysis(models.Model):
    """What the model found in a session. `current` marks the latest; older ones keep their row.

    `payload` holds what has no row of its own: baseline, talk, notes, reliability; `scores` is
    float16 (n_turns, n_codes), compressed by zlib.
    """

    session = models.ForeignKey(Session, models.CASCADE, related_name="analyses")
    by = models.CharField(max_length=120)
    point = models.CharField(max_length=10)
    created = models.DateTimeField(default=timezone.now)
    current = models.BooleanField(default=True)
    payload = models.JSONField(default=dict)
    scores = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(current=True), name="one_current_analysis"
            )
        ]


class Finding(models.Model):
    """A marker, move or near miss of the model (`reattune.types.Marker`)."""

    analysis = models.ForeignKey(Analysis, models.CASCADE, related_name="findings")
    turn = models.PositiveIntegerField()
    code = models.CharField(max_length=40)
    family = models.CharField(max_length=15)
    intensity = models.CharField(max_length=5, blank=True)
    probability = models.FloatField()
    family_probability = models.FloatField()
    decided = models.BooleanField()
    by = models.CharField(max_length=120)
    why = models.TextField()
    evidence = models.JSONField(default=list)

    class Meta:
        ordering = ["turn", "id"]


class Risk(models.Model):
    """Words of the risk screen (`reattune.types.Risk`)."""

    analysis = models.ForeignKey(Analysis, models.CASCADE, related_name="risks")
    turn = models.PositiveIntegerField()
    topic = models.CharField(max_length=20)
    quote = models.TextField()
    by = models.CharField(max_length=60)
    why = models.TextField()


class Episode(models.Model):
    """An episode as it stands with the human labels in (`reattune.types.Episode`), replaced
    whenever a label or the analysis changes."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="episodes")
    number = models.PositiveIntegerField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    until = models.PositiveIntegerField()
    kind = models.CharField(max_length=15)
    intensity = models.CharField(max_length=5)
    state = models.CharField(max_length=12)
    by = models.CharField(max_length=60)
    why = models.TextField()
    confirmed = models.BooleanField(default=False)

    class Meta:
        ordering = ["session", "number"]


class Judgement(models.Model):
    """What a person said of a code on a turn. Only ever added; the latest row counts.

    `code` is the code judged; "relabeled" names the right one in `to`; `verdict` "cleared" takes an
    earlier one back.
    """

    VERDICTS: ClassVar = ("confirmed", "dismissed", "relabeled", "added", "cleared")

    session = models.ForeignKey(Session, models.CASCADE, related_name="judgements")
    turn = models.PositiveIntegerField()
    code = models.CharField(max_length=40)
    verdict = models.CharField(max_length=10)
    to = models.CharField(max_length=40, blank=True)
    intensity = models.CharField(max_length=5, blank=True)
    of = models.CharField(max_length=120, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["session", "turn"])]


class Noticed(models.Model):
    """Whether the therapist noticed this at the time. Only ever added; the latest row counts."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="noticed")
    turn = models.PositiveIntegerField()
    yes = models.BooleanField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]


class Note(models.Model):
    """A therapist's note on a session, or on one of its turns."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="remarks")
    turn = models.PositiveIntegerField(null=True, blank=True)
    text = models.TextField(_("note"), max_length=4000)
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    created = models.DateTimeField(default=timezone.now)
    edited = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["turn", "created"]
