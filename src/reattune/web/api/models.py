"""How often each token was used in the minute that runs."""

from __future__ import annotations

from django.db import models

from reattune.web.accounts.models import Token


class Use(models.Model):
    """The requests that a token made in the minute which began at `minute`."""

    token = models.OneToOneField(Token, models.CASCADE, related_name="use")
    minute = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)
