"""Blind codings: who coded what, by rows that are only ever added.

Turns count from 0, ranges are half-open. A coding that is done is never changed; a further round is
a row of its own.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reattune.web.accounts.models import User
from reattune.web.reviews.models import Session

SOMETHING = "something"
"""A mark whose family is not told yet."""

PURPOSES = [("supervision", _("supervision")), ("research", _("research"))]
LEVELS = [("turn", _("turn by turn")), ("segment", _("by segments, with ratings from 1 to 5"))]
DETAILS = [("families", _("four families")), ("codes", _("26 codes"))]
KINDS = [
    ("withdrawal", _("Withdrawal")),
    ("confrontation", _("Confrontation")),
    ("resolution", _("Resolution")),
]


class Pairing(models.Model):
    """The therapist and a second coder who code the turns `[first, last)` apart, then together.

    `turns_each` is the length of a segment, 0 where segments are cut by time. The coder passes
    until `until`, while the client's consent to `purpose` that was there at the start holds.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, models.CASCADE, related_name="pairings")
    made_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    coder = models.ForeignKey(User, models.CASCADE, related_name="second_codings")
    purpose = models.CharField(_("purpose"), max_length=12, choices=PURPOSES)
    level = models.CharField(_("how"), max_length=8, choices=LEVELS, default="turn")
    detail = models.CharField(_("labels"), max_length=8, choices=DETAILS, default="families")
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    turns_each = models.PositiveIntegerField(default=0)
    note = models.TextField(_("note"), max_length=1000, blank=True)
    created = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(_("until"))
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created"]

    @property
    def size(self) -> int:
        """How many turns are coded."""
        return self.last - self.first

    @property
    def short(self) -> str:
        """What tells it from others without a name or a date of the client."""
        return str(self.pk)[:4].upper()

    @property
    def consented(self) -> bool:
        """Whether the consent that was there when it was made still holds.

        One given anew after it was taken back does not open it again.
        """
        return any(
            c.purpose == self.purpose and c.revoked_at is None and c.recorded_at <= self.created
            for c in self.session.client.consents.all()
        )

    @property
    def open(self) -> bool:
        """Whether the second coder can pass now."""
        return self.revoked_at is None and timezone.now() < self.until and self.consented


class Coding(models.Model):
    """One person's coding of a session, round by round.

    Without `pairing` and with `coder`: a therapist's own, without flags. Without `coder`: read from
    a file, where `label` names the coder; not counted before it is `done_at`. `skipped` are turns
    that were not judged.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, models.CASCADE, related_name="codings")
    pairing = models.ForeignKey(Pairing, models.CASCADE, null=True, related_name="codings")
    coder = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    label = models.CharField(max_length=80, blank=True)
    source = models.CharField(max_length=255, blank=True)
    skipped = models.JSONField(default=list)
    round = models.PositiveIntegerField(default=1)
    started = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "coder", "round"],
                condition=Q(pairing=None),
                name="own_round_once",
            ),
            models.UniqueConstraint(
                fields=["pairing", "coder", "round"],
                condition=Q(pairing__isnull=False),
                name="pairing_round_once",
            ),
        ]
        ordering = ["started", "round"]

    @property
    def span(self) -> tuple[int, int]:
        """The turns that are coded, `[first, last)`."""
        pairing = self.pairing
        return (pairing.first, pairing.last) if pairing else (0, self.session.turn_count)

    @property
    def by_segment(self) -> bool:
        """Whether segments are rated."""
        return self.pairing is not None and self.pairing.level == "segment"

    @property
    def detail(self) -> str:
        """Which labels it has: "families", "codes", or "both" for an own one."""
        return self.pairing.detail if self.pairing else "both"

    @property
    def blind(self) -> bool:
        """Whether the coder had not seen the flags, as far as the program knows."""
        seen = self.session.opened_at
        return self.round == 1 and (seen is None or (self.done_at or self.started) < seen)


class Mark(models.Model):
    """A label on a turn. Only ever added; the latest row on a turn and label counts.

    `code` is a code, a family or SOMETHING; `gone` takes it back.
    """

    coding = models.ForeignKey(Coding, models.CASCADE, related_name="marks")
    turn = models.PositiveIntegerField()
    code = models.CharField(max_length=40)
    intensity = models.CharField(max_length=5, blank=True)
    note = models.TextField(max_length=500, blank=True)
    gone = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]


class Rating(models.Model):
    """How much of a kind a segment (from 0) shows, 1 to 5. Only ever added; the latest counts."""

    coding = models.ForeignKey(Coding, models.CASCADE, related_name="ratings")
    segment = models.PositiveIntegerField()
    kind = models.CharField(max_length=15, choices=KINDS)
    value = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]


class Decision(models.Model):
    """What two coders settled on for a turn or a segment. Only ever added; the latest counts.

    `said` is {"codes": [...]} for a turn and {kind: rating} for a segment.
    """

    pairing = models.ForeignKey(Pairing, models.CASCADE, related_name="decisions")
    unit = models.PositiveIntegerField()
    said = models.JSONField(default=dict)
    intensity = models.CharField(max_length=5, blank=True)
    note = models.TextField(_("note"), max_length=1000, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]


class Talk(models.Model):
    """A moment to discuss, by a turn in it. Only ever added; the latest row counts.

    `state` is "open", "talked" once it was talked over, or "off" for taken from the list.
    """

    coding = models.ForeignKey(Coding, models.CASCADE, related_name="talks")
    turn = models.PositiveIntegerField()
    state = models.CharField(max_length=6)
    note = models.TextField(_("note"), max_length=1000, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
