"""The queue in the database: jobs survive a kill at any moment, and none is done twice.

A worker claims the oldest job under a lock and holds it by a lease, which a thread renews while the
session is read. Results and the end of the job are one transaction, which only goes through while
the lease is still the worker's; a worker that was killed leaves a lease that runs out, and the job
is claimed again. Payloads are ids.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from django.db import close_old_connections, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from reattune.errors import ReattuneError
from reattune.pipeline import analyze
from reattune.web.clients.models import Client
from reattune.web.followup import refresh
from reattune.web.reviews import leftovers, models, results
from reattune.web.reviews.models import DONE, FAILED, RUNNING, WAITING
from reattune.web.reviews.words import to_session

OPEN = (WAITING, RUNNING)
LEASE = timedelta(seconds=20)
BEAT = 4.0  # seconds between renewals of a lease
LONGEST = 1800.0  # seconds after which a session that is still read is taken to hang
MOST_ATTEMPTS = 5  # a job that took its worker down so often is given up
REST = 1.0  # seconds between looks at an empty queue

log = logging.getLogger("reattune.queue")


class Lost(Exception):
    """The job is no longer this worker's: stopped, revoked, deleted, or claimed by another."""


def enqueue(session: models.Session) -> models.Job | None:
    """A job that reads the session as it is from now on; None without consent to analysis.

    A job that waits will do. One that runs may have begun with older words and begins again.
    """
    if not session.client.consents_to("analysis"):
        return None
    afresh = {
        "state": WAITING,
        "worker": "",
        "lease": None,
        "attempts": 0,
        "progress": 0,
        "total": session.turn_count,
    }
    with transaction.atomic():
        open_jobs = models.Job.objects.filter(session=session, state__in=OPEN)
        if not open_jobs.update(**afresh):
            models.Job.objects.get_or_create(session=session, state__in=OPEN, defaults=afresh)
        return open_jobs.get()


def enqueue_with_later(session: models.Session) -> models.Job | None:
    """A job for a session that is new, and for each later one that was read without it.

    What counts as the client's habit is what came before.
    """
    job = enqueue(session)
    later = session.client.sessions.filter(
        state="ready", held_on__gt=session.held_on, analyses__current=True
    )
    for one in later.select_related("client"):
        enqueue(one)
    return job


def enqueue_all(client: Client, since: date | None = None) -> int:
    """Jobs for all of a client's sessions that can be read, or those held on or after a day."""
    sessions = client.sessions.filter(state="ready", **({"held_on__gte": since} if since else {}))
    return sum(enqueue(session) is not None for session in sessions.select_related("client"))


def stop(job: models.Job) -> bool:
    """End an unfinished job on a person's word, even one that runs; False if it was over."""
    return bool(
        models.Job.objects.filter(pk=job.pk, state__in=OPEN).update(
            state=FAILED,
            finished=timezone.now(),
            error="analysis-cancelled",
            message="You stopped this. Start it again when you want it.",
        )
    )


def claim(worker: str) -> models.Job | None:
    """The oldest job that waits or whose lease ran out, now this worker's; None if there is none.

    Jobs that were claimed MOST_ATTEMPTS times without an end are given up.
    """
    now = timezone.now()
    free = Q(state=WAITING) | Q(state=RUNNING, lease__lt=now)
    with transaction.atomic():
        give_up(models.Job.objects.filter(free, attempts__gte=MOST_ATTEMPTS))
        jobs = models.Job.objects.filter(free)
        if connection.features.has_select_for_update_skip_locked:
            jobs = jobs.select_for_update(skip_locked=True, of=("self",))
        job = jobs.order_by("session__held_on", "created", "id").first()
        if job is not None:
            job.state, job.worker, job.lease = RUNNING, worker, now + LEASE
            job.attempts, job.started, job.progress = job.attempts + 1, now, 0
            job.save()
    return job


def give_up(jobs: QuerySet[models.Job]) -> None:
    """End jobs that keep failing without an answer."""
    jobs.update(
        state=FAILED,
        finished=timezone.now(),
        error="analysis-stopped",
        message="Reading this session was cut off several times. Try again, or check the file.",
    )


def run(job: models.Job) -> None:
    """Do a claimed job: analyze, keep, end. Errors of the session end it as failed, with why.

    Lost if the job was taken away meanwhile; nothing is kept then.
    """
    session = models.Session.objects.select_related("client__therapist").get(pk=job.session_id)
    if not session.client.consents_to("analysis"):
        held(job).delete()
        return
    started = time.monotonic()
    try:
        with held_by_heart(job) as heart:
            made = analyze(
                to_session(session),
                earlier=results.earlier_baselines(session),
                point=session.client.therapist.flags,
                any_language=session.any_language,
                progress=heart.progress,
            )
    except ReattuneError as error:
        end(job, FAILED, error=error.slug, message=f"{error.what} {error.remedy}".strip())
        return
    with transaction.atomic():
        session.client.lock()
        end(job, DONE)
        results.save(session, made)
    refresh.tried(session.client)
    log.info("session %s: %d turns in %.1f s", session.pk, job.total, time.monotonic() - started)


@dataclass(slots=True)
class Heart:
    """Keeps a job's lease alive and tells how far it is, from a thread of its own."""

    job: models.Job
    done: int = 0
    total: int = 0
    lost: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def progress(self, done: int, total: int) -> None:
        """What `analyze` calls now and then; Lost as soon as the job is somebody else's."""
        self.done, self.total = done, total
        if self.lost.is_set():
            raise Lost(self.job.pk)

    def beat(self) -> None:
        """Renew the lease until it is over, or lost, or has taken far too long."""
        until = time.monotonic() + LONGEST
        while not self.over.wait(BEAT) and time.monotonic() < until:
            told = {"progress": self.done, "total": self.total} if self.total else {}
            try:
                if not held(self.job).update(lease=timezone.now() + LEASE, **told):
                    self.lost.set()
                    break
            except Exception:  # the database was busy: the next beat comes before the lease ends
                log.exception("job %s: the lease could not be renewed", self.job.pk)
        connection.close()


@contextmanager
def held_by_heart(job: models.Job) -> Iterator[Heart]:
    """The job's heart, beating while the block runs."""
    heart = Heart(job)
    thread = threading.Thread(target=heart.beat, daemon=True)
    thread.start()
    try:
        yield heart
    finally:
        heart.over.set()
        thread.join()


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
    """Do jobs, and work out what follows from records, until told to stop.

    One broken job never ends the worker.
    """
    worker = f"{os.getpid()}-{secrets.token_hex(4)}"
    swept = -leftovers.EVERY
    given_up: set[UUID] = set()
    while not stop.is_set():
        close_old_connections()
        try:
            if time.monotonic() - swept > leftovers.EVERY:
                swept = time.monotonic()
                leftovers.sweep()
            busy = work_once(worker) or refresh.catch_up(given_up)
        except Exception:
            log.exception("a job broke; it is tried again when its lease runs out")
            busy = False
        if not busy:
            stop.wait(REST)
