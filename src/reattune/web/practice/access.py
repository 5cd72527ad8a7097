"""Whose a talk is: the learner's own; a supervisor's to read while it is shared with them.

Practicing leaves no entry in the audit chain, as no record of anybody else is touched and the
practice shall not see who practices; sharing, looking at what is shared and ending it do.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.practice.models import Share, Talk

View = Callable[..., HttpResponseBase]


def learner(view: View) -> View:
    """For therapists and supervisors; Http404 for anybody else."""

    @wraps(view)
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = gates.user_of(request)
        if not (user.is_therapist or user.is_supervisor):
            raise Http404
        return view(request, *args, **kwargs)

    return gate


def talk_of(user: User, id: uuid.UUID) -> Talk:
    """A talk of one's own; Http404 for anybody else's."""
    talk = Talk.objects.filter(pk=id, learner=user).first()
    if talk is None:
        raise Http404
    return talk


def readers_for(user: User) -> QuerySet[User]:
    """Whom one may show a talk to: the supervisors of one's practice."""
    found = User.objects.filter(practice=user.practice_id, is_supervisor=True, is_active=True)
    return found.exclude(pk=user.pk).order_by("name", "username")


def open_to(user: User) -> QuerySet[Share]:
    """What is shown to this user now, by people of the same practice."""
    if not user.is_supervisor:
        return Share.objects.none()
    held = Share.objects.filter(reader=user, ended_at=None, until__gt=timezone.now())
    return held.filter(talk__learner__practice=user.practice_id).select_related("talk__learner")


def share_of(user: User, id: uuid.UUID) -> Share:
    """What is shown to this user while it holds; Http404 else. Audited."""
    share = open_to(user).filter(pk=id).first()
    if share is None:
        raise Http404
    gates.note(user, "run.see", target=f"talk-share:{share.pk}")
    return share


def given_of(user: User, id: uuid.UUID) -> Share:
    """What one shows to somebody; Http404 else."""
    share = Share.objects.filter(pk=id, talk__learner=user).select_related("talk").first()
    if share is None:
        raise Http404
    return share
