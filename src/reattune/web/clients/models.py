"""Clients, what they consented to, and when they come."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reattune.web.accounts.models import Practice, User

PURPOSES = [
    ("recording", _("recording")),
    ("transcription", _("transcription")),
    ("analysis", _("analysis")),
    ("supervision", _("supervision")),
    ("research", _("research")),
]
STATUSES = [
    ("scheduled", _("scheduled")),
    ("attended", _("attended")),
    ("late", _("came late")),
    ("cancelled", _("canceled")),
    ("no_show", _("did not come")),
    ("rescheduled", _("rescheduled")),
]


class Client(models.Model):
    """Somebody in therapy, under a pseudonym, with one therapist.

    `stale` says that what was worked out from the records no longer fits them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, models.CASCADE, related_name="clients")
    therapist = models.ForeignKey(User, models.PROTECT, related_name="clients")
    name = models.CharField(_("pseudonym"), max_length=80)
    language = models.CharField(_("language"), max_length=5, default="en")
    telehealth = models.BooleanField(_("meets by video"), default=False)
    started = models.DateField(_("first session"), null=True, blank=True)
    ended = models.DateField(_("ended on"), null=True, blank=True)
    created = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)
    stale = models.BooleanField(default=True)
    demo = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["therapist", "archived_at"])]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def consents_to(self, purpose: str) -> bool:
        """Whether there is a consent to this purpose that was not revoked."""
        return any(c.purpose == purpose and c.revoked_at is None for c in self.consents.all())

    def lock(self) -> Client | None:
        """Hold the client until the transaction ends, as it is now; None if it is gone.

        Whoever changes several of a client's records takes this first, so that nobody waits in a
        circle.
        """
        return Client.objects.select_for_update().filter(pk=self.pk).first()

    def outdate(self) -> None:
        """Say that what was worked out from the records no longer fits them."""
        Client.objects.filter(pk=self.pk).update(stale=True)


class Consent(models.Model):
    """One consent to one purpose: when, to which wording, and when it was taken back."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="consents")
    purpose = models.CharField(_("purpose"), max_length=20, choices=PURPOSES)
    given_on = models.DateField(_("given on"))
    wording = models.CharField(_("version of the wording"), max_length=40)
    recorded_at = models.DateTimeField(default=timezone.now)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "purpose"],
                condition=Q(revoked_at=None),
                name="one_consent_a_purpose",
            )
        ]
        ordering = ["given_on", "id"]


class Appointment(models.Model):
    """One appointment, held or not. `uid` is that of the calendar it was read from."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="appointments")
    starts = models.DateTimeField(_("starts"))
    status = models.CharField(_("status"), max_length=12, choices=STATUSES, default="scheduled")
    minutes_late = models.PositiveSmallIntegerField(_("minutes late"), default=0)
    notice_hours = models.FloatField(_("hours of notice"), null=True, blank=True)
    by = models.CharField(_("by"), max_length=10, blank=True)
    uid = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "uid"], condition=~Q(uid=""), name="calendar_entry_once"
            )
        ]
        ordering = ["starts"]

    @property
    def held(self) -> bool:
        """Whether a session took place."""
        return self.status in ("attended", "late")
