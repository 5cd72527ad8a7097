"""The queue: one holder a job, nothing twice, nothing lost, and its page."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from reattune.web import files
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.reviews import ingest, leftovers, models, queue
from reattune.web.reviews.removal import remove_sessions
from tests.conftest import TALK
from tests.web.conftest import make_client, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def talk(n: int) -> bytes:
    return TALK.replace("Sunday", f"day number {n}").encode()


def take(client: Client, day: int = 12, n: int = 0) -> models.Session:
    return ingest.take(client, f"2026-02-{day:02d}.txt", talk(n))


def expire(job: models.Job) -> None:
    models.Job.objects.filter(pk=job.pk).update(lease=timezone.now() - timedelta(seconds=1))


def test_jobs_are_claimed_in_order_of_the_sessions_and_once(client_record: Client) -> None:
    late, early = take(client_record, 19, 1), take(client_record, 12, 2)
    first, second = queue.claim("a"), queue.claim("b")
    assert first is not None
    assert second is not None
    assert (first.session, second.session) == (early, late)
    assert queue.claim("c") is None


def test_many_workers_at_once_never_share_a_job(client_record: Client) -> None:
    for n in range(12):
        take(client_record, n + 1, n)
    got: list[int] = []
    start = threading.Barrier(4)

    def claims(name: str) -> None:
        start.wait()
        while (job := queue.claim(name)) is not None:
            got.append(job.pk)
        connection.close()

    threads = [threading.Thread(target=claims, args=[f"w{n}"]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 12


def test_a_job_whose_worker_died_is_claimed_again_and_the_dead_one_keeps_nothing(
    client_record: Client,
) -> None:
    session = take(client_record)
    dead = queue.claim("dead")
    assert dead is not None
    assert queue.claim("next") is None
    expire(dead)
    alive = queue.claim("next")
    assert alive is not None
    assert alive.pk == dead.pk
    with pytest.raises(queue.Lost):
        queue.run(dead)
    assert not session.analyses.exists()
    queue.run(alive)
    assert session.analyses.get().current
    assert session.jobs.get().state == "done"


def test_a_job_that_takes_its_worker_down_is_given_up(client_record: Client) -> None:
    session = take(client_record)
    for _ in range(queue.MOST_ATTEMPTS):
        job = queue.claim("w")
        assert job is not None
        expire(job)
    assert queue.claim("w") is None
    job = session.jobs.get()
    assert (job.state, job.error) == ("failed", "analysis-stopped")
    queue.enqueue(session)
    assert queue.work_once("w")
    assert [job.state for job in session.jobs.all()] == ["failed", "done"]


def test_the_lease_is_renewed_while_a_session_is_read(
    client_record: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "BEAT", 0.02)
    take(client_record)
    job = queue.claim("w")
    assert job is not None
    expire(job)
    with queue.held_by_heart(job) as heart:
        heart.progress(5, 14)
        until = time.monotonic() + 10
        while models.Job.objects.get(pk=job.pk).progress != 5:
            assert time.monotonic() < until
    row = models.Job.objects.get(pk=job.pk)
    assert row.lease is not None
    assert row.lease > timezone.now()


def test_a_worker_learns_that_its_job_is_gone(
    client_record: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "BEAT", 0.02)
    take(client_record)
    job = queue.claim("w")
    assert job is not None
    with queue.held_by_heart(job) as heart:
        assert queue.stop(job)
        assert heart.lost.wait(10)
        with pytest.raises(queue.Lost):
            heart.progress(1, 14)
    assert not queue.stop(job)


def test_words_that_change_while_they_are_read_are_read_again(
    therapist: User, client_record: Client
) -> None:
    session = take(client_record)
    job = queue.claim("w")
    assert job is not None
    signed_in(therapist).post(f"/sessions/{session.pk}/speakers/", {"therapist": "C"})
    with pytest.raises(queue.Lost):
        queue.run(job)
    assert not session.analyses.exists()
    assert queue.work_once("w")
    assert session.jobs.get().state == "done"


def test_a_session_deleted_while_it_is_read_leaves_nothing(client_record: Client) -> None:
    session = take(client_record)
    job = queue.claim("w")
    assert job is not None
    remove_sessions(client_record, client_record.sessions.all())
    with pytest.raises(models.Session.DoesNotExist):
        queue.run(job)
    assert not models.Analysis.objects.exists()
    assert not files.place(session.file).exists()


def test_an_error_of_the_session_ends_its_job_with_why(client_record: Client) -> None:
    german = TALK
    for line in TALK.splitlines():
        german = german.replace(
            line.partition(": ")[2], "Ich weiß es nicht, es war alles sehr schwer."
        )
    session = ingest.take(client_record, "2026-02-12.txt", german.encode())
    assert queue.work_once("w")
    job = session.jobs.get()
    assert job.state == "failed"
    assert job.error == "not-english"
    assert job.message


def test_without_a_session_to_read_a_worker_rests() -> None:
    assert not queue.work_once("w")
    stop = threading.Event()
    stop.set()
    queue.work(stop)


# The page


def test_the_page_shows_what_is_read_and_stops_asking_when_all_is_done(
    therapist: User, client_record: Client
) -> None:
    browser = signed_in(therapist)
    assert "Nothing is being read" in browser.get("/reading/").content.decode()
    session = take(client_record)
    page = browser.get("/reading/").content.decode()
    assert "1 session to go" in page
    assert "hx-get" in page
    job = queue.claim("w")
    assert job is not None
    models.Job.objects.update(progress=7)
    part = browser.get("/reading/", headers={"HX-Request": "true"}).content.decode()
    assert part.startswith("<div id=")
    assert "7 of 14 turns" in part
    queue.run(job)
    page = browser.get("/reading/").content.decode()
    assert "Read last" in page
    assert "hx-get" not in page
    assert str(session.pk) in page


def test_a_session_is_stopped_and_read_again(therapist: User, client_record: Client) -> None:
    session, browser = take(client_record), signed_in(therapist)
    browser.post(f"/reading/{session.pk}/cancel/")
    assert session.jobs.get().error == "analysis-cancelled"
    page = browser.get("/reading/").content.decode()
    assert "You stopped this." in page
    part = browser.post(f"/reading/{session.pk}/again/", headers={"HX-Request": "true"})
    assert "1 session to go" in part.content.decode()
    assert "You stopped this." not in part.content.decode()
    assert queue.work_once("w")


def test_a_session_in_another_language_is_read_if_so_told(
    therapist: User, client_record: Client
) -> None:
    session, browser = take(client_record), signed_in(therapist)
    browser.post(f"/reading/{session.pk}/again/", {"any_language": "1"})
    session.refresh_from_db()
    assert session.any_language
    assert session.jobs.count() == 1


def test_the_page_needs_few_queries(
    therapist: User, client_record: Client, django_assert_max_num_queries
) -> None:
    for n in range(8):
        take(client_record, n + 1, n)
    models.Job.objects.filter(pk__in=models.Job.objects.values("pk")[:4]).update(state="failed")
    browser = signed_in(therapist)
    browser.get("/reading/")
    with django_assert_max_num_queries(20):
        browser.get("/reading/")


# What a kill leaves behind


def test_files_that_nothing_names_are_swept_once_they_are_old(therapist: User) -> None:
    kept = take(make_client(therapist))
    files.store("transcripts/orphan", b"left behind")
    part = files.folder() / "transcripts" / ".orphan.1234"
    part.write_bytes(b"half")
    assert leftovers.sweep() == 0
    for path in leftovers.stored():
        os.utime(path, (0, 0))
    assert leftovers.sweep() == 2
    assert files.fetch(kept.file) == talk(0)
    assert [path.name for path in leftovers.stored()] == [str(kept.pk)]


def test_an_older_session_has_those_after_it_read_again(client_record: Client) -> None:
    late = take(client_record, 19, 1)
    assert queue.work_once("test")
    early, latest = take(client_record, 12, 2), take(client_record, 26, 3)
    waiting = models.Job.objects.filter(state=models.WAITING).values_list("session", flat=True)
    assert set(waiting) == {early.pk, late.pk, latest.pk}
    while queue.work_once("test"):
        pass
    latest_one = take(client_record, 27, 4)
    waiting = models.Job.objects.filter(state=models.WAITING).values_list("session", flat=True)
    assert set(waiting) == {latest_one.pk}


def test_sweeping_an_empty_folder_is_nothing() -> None:
    assert leftovers.sweep() == 0
