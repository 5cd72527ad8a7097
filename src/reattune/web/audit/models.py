"""The audit chain: one entry per passage through a gate, each sealed with the one before."""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """Somebody saw or changed something. Ids and codes only, never words or names.

    `digest` is HMAC-SHA256 over `previous` and the entry's own content, so that an entry changed,
    removed or put in between breaks the chain from there on.
    """

    practice = models.UUIDField(db_index=True)
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=60)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=80, blank=True)
    client = models.UUIDField(null=True, blank=True, db_index=True)
    detail = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "number"], name="entry_numbered_once")
        ]
        ordering = ["practice", "number"]


class Head(models.Model):
    """The last entry of a practice's chain; locked while the next is added."""

    practice = models.UUIDField(primary_key=True)
    number = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64)


class Secret(models.Model):
    """The key that seals the chain, itself sealed by the vault, so that a rekey keeps the chain."""

    name = models.CharField(max_length=20, primary_key=True)
    sealed = models.BinaryField()
