"""The queue in the database: jobs survive a kill at any moment, and none is done twice.

A worker claims the oldest job in one statement and holds it by a lease, which it renews while it
reads. Results and the end of the job are one transaction, which only goes through while the lease
is still the worker's; a worker that was killed leaves a lease that runs out, and the job is claimed
again. Payloads are ids.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import close_old_connections, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from reattune.errors import ReattuneError
from reattune.pipeline import analyze
from reattune.web.reviews import models, results
from reattune.web.reviews.models import DONE, FAILED, RUNNING, WAITING
from reattune.web.reviews.words import to_session

LEASE = timedelta(seconds=60)
RENEW = 5.0  # seconds between renewals while a session is read
MOST_ATTEMPTS = 3  # a job that took its worker down so often is given up
REST = 1.0  # seconds between looks at an empty queue

log = logging.getLogger("reattune.queue")


class Lost(Exception):
    """The job is no longer this worker's: revoked, deleted, or claimed by another."""


def enqueue(session: models.Session) -> models.Job | None:
    """A job for this session, the open one if there is one; None without consent to analysis."""
    if not session.client.consents_to("analysis"):
        return None
    job, _ = models.Job.objects.get_or_create(
        session=session,
        state__in=(WAITING, RUNNING),
        defaults={"state": WAITING, "total": session.turn_count},
    )
    return job


def claim(worker: str) -> models.Job | None:
    """The oldest job that waits or whose lease ran out, now this worker's; None if there is none.

    Jobs that were claimed MOST_ATTEMPTS times without an end are given up.
    """
    now = timezone.now()
    free = Q(state=WAITING) | Q(state=RUNNING, lease__lt=now)
    with transaction.atomic():
        open_jobs = models.Job.objects.filter(free)
        if connection.features.has_select_for_update_skip_locked:
            open_jobs = open_jobs.select_for_update(skip_locked=True, of=("self",))
        for job in open_jobs.order_by("session__held_on", "created", "id")[:20]:
            if job.attempts >= MOST_ATTEMPTS:
                give_up(job)
                continue
            job.state, job.worker, job.lease = RUNNING, worker, now + LEASE
            job.attempts, job.started, job.progress = job.attempts + 1, now, 0
            job.save()
            return job
    return None


def give_up(job: models.Job) -> None:
    """End a job that keeps failing without an answer."""
    job.state, job.finished = FAILED, timezone.now()
    job.error = "analysis-stopped"
    job.message = "Reading this session was cut off several times. Try again, or check the file."
    job.save()


def run(job: models.Job) -> None:
    """Do a claimed job: analyze, keep, end. Errors of the session end it as failed, with why."""
    session = models.Session.objects.select_related("client__therapist").get(pk=job.session_id)
    if not session.client.consents_to("analysis"):
        job.delete()
        return
    started = time.monotonic()
    try:
        made = analyze(
            to_session(session),
            earlier=results.earlier_baselines(session),
            point=session.client.therapist.flags,
            any_language=session.any_language,
            progress=renewing(job),
        )
    except ReattuneError as error:
        end(job, FAILED, error=error.slug, message=f"{error.what} {error.remedy}".strip())
        return
    with transaction.atomic():
        end(job, DONE)
        results.save(session, made)
    log.info("session %s: %d turns in %.1f s", session.pk, job.total, time.monotonic() - started)


def renewing(job: models.Job) -> Callable[[int, int], None]:
    """A progress callback that tells how far it is and renews the lease, now and then."""
    last = time.monotonic() - RENEW

    def progress(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last < RENEW and done < total:
            return
        last = time.monotonic()
        if not held(job).update(progress=done, total=total, lease=timezone.now() + LEASE):
            raise Lost(job.pk)

    return progress


def held(job: models.Job) -> QuerySet[models.Job]:
    """The job's row as long as this worker holds it."""
    return models.Job.objects.filter(
        pk=job.pk, worker=job.worker, state=RUNNING, attempts=job.attempts
    )


def end(job: models.Job, state: str, *, error: str = "", message: str = "") -> None:
    """Close a job that is still this worker's; Lost if it is not."""
    done = held(job).update(
        state=state, finished=timezone.now(), error=error, message=message, progress=F("total")
    )
    if not done:
        raise Lost(job.pk)


def work_once(worker: str) -> bool:
    """Claim and do one job; False if there was none."""
    job = claim(worker)
    if job is None:
        return False
    try:
        run(job)
    except Lost:
        log.info("job %s is no longer ours", job.pk)
    except models.Session.DoesNotExist:
        log.info("job %s: its session was deleted", job.pk)
    return True


def work(stop: threading.Event) -> None:
    """Do jobs until told to stop. One broken job never ends the worker."""
    worker = f"{os.getpid()}-{secrets.token_hex(4)}"
    while not stop.is_set():
        close_old_connections()
        try:
            busy = work_once(worker)
        except Exception:
            log.exception("a job broke; it is tried again when its lease runs out")
            busy = False
        if not busy:
            stop.wait(REST)
