"""Operations on sessions: upload, words, who speaks, analysis."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest
from ninja import File, Form, Query, Router, UploadedFile

from reattune.errors import InputError
from reattune.web import gates
from reattune.web.api import shapes
from reattune.web.api.access import operation
from reattune.web.api.refusals import check
from reattune.web.api.shapes import Cut, Page, page
from reattune.web.reviews import ingest, models, queue, results, speakers
from reattune.web.reviews.views_manage import SessionForm
from reattune.web.reviews.views_upload import day_from
from reattune.web.reviews.words import to_session

router = Router(tags=["Sessions"])

READ, WRITE = "sessions:read", "sessions:write"


@operation(router, "GET", "/clients/{uuid:id}/sessions", scope=READ, gives=Page[shapes.Session])
def list_sessions(request: HttpRequest, id: UUID, cut: Query[Cut]) -> Any:
    """A client's sessions, the earliest first."""
    client = gates.client_of(gates.user_of(request), id)
    rows = with_states(client.sessions.order_by("held_on", "created"))
    return page(rows, cut, lambda row: shapes.Session(**told(row)))


@operation(
    router, "POST", "/clients/{uuid:id}/sessions", scope=WRITE, gives=shapes.Session, status=201
)
def upload_session(
    request: HttpRequest,
    id: UUID,
    file: Annotated[UploadedFile, File(description="a transcript, 64 MB at most")],
    held_on: Annotated[
        shapes.Day | None, Form(description="else from the file's name, else today")
    ] = None,
    therapist: Annotated[
        str, Form(max_length=80, pattern=r"^[^\x00]*$", description="label of who is the therapist")
    ] = "",
) -> Any:
    """Take in a transcript: kept with consent to transcription, read with consent to analysis.

    A session whose roles are not clear waits in state "roles". The same file is taken once a
    client.
    """
    client = gates.client_of(gates.user_of(request), id, "client.upload", files=1)
    day = day_from(held_on.isoformat()) if held_on else None
    row = ingest.take(
        client, file.name or "", file.read(), held_on=day, therapist=therapist.strip()
    )
    return session_of(row)


@operation(router, "GET", "/sessions/{uuid:id}", scope=READ, gives=shapes.FullSession)
def get_session(request: HttpRequest, id: UUID) -> Any:
    """A session with all its words, and who speaks."""
    row = gates.session_of(gates.user_of(request), id)
    words = to_session(row)
    return shapes.FullSession(
        **told(fresh(row)),
        speakers=[
            shapes.Speaker(label=one.label, role=one.role, turns=one.turns, share=one.share)
            for one in speakers.speakers_of(words)
        ],
        turns=[
            shapes.Turn(
                number=number,
                speaker=turn.speaker,
                role=turn.role,
                text=turn.text,
                start=turn.start,
                end=turn.end,
            )
            for number, turn in enumerate(words.turns)
        ],
    )


@operation(router, "PATCH", "/sessions/{uuid:id}", scope=WRITE, gives=shapes.Session)
def edit_session(request: HttpRequest, id: UUID, told: shapes.SessionChange) -> Any:
    """Give a session another date. Sessions from the earlier of the two on are read again."""
    row = gates.session_of(gates.user_of(request), id, "session.date")
    said = check(SessionForm(told.model_dump()))
    with transaction.atomic():
        ingest.move(row, said["held_on"])
    return session_of(row)


@operation(router, "POST", "/sessions/{uuid:id}/roles", scope=WRITE, gives=shapes.Session)
def tell_roles(request: HttpRequest, id: UUID, told: shapes.Roles) -> Any:
    """Say who the therapist is; the others' roles follow, and the session is read."""
    user = gates.user_of(request)
    row = gates.session_of(user, id, "session.speakers")
    speakers.tell_therapist(row, told.therapist, user)
    return session_of(row)


# Analysis


@operation(
    router,
    "GET",
    "/sessions/{uuid:id}/analysis",
    scope=READ,
    gives=dict[str, Any],
)
def get_analysis(request: HttpRequest, id: UUID) -> Any:
    """What was found, schema "reattune.analysis/1", as it stands with people's labels in.

    404 while the session has not been read; see its job.
    """
    row = gates.session_of(gates.user_of(request), id)
    found = results.load(row)
    if found is None:
        raise Http404
    return found[0].to_dict()


@operation(router, "GET", "/sessions/{uuid:id}/job", scope=READ, gives=shapes.Job)
def get_job(request: HttpRequest, id: UUID) -> Any:
    """How far the last reading of a session is; 404 if it was never asked for."""
    row = gates.session_of(gates.user_of(request), id, "session.progress")
    job = row.jobs.last()
    if job is None:
        raise Http404
    return job_of(job)


@operation(router, "POST", "/sessions/{uuid:id}/analyze", scope=WRITE, gives=shapes.Job, status=202)
def analyze_again(request: HttpRequest, id: UUID, told: shapes.Again) -> Any:
    """Have a session read, or read once more; what people said of it stays."""
    row = gates.session_of(gates.user_of(request), id, "session.analyze")
    if row.state == "roles":
        what, remedy = "It is not clear who the therapist is.", "Tell it first, under `roles`."
        raise InputError("roles-open", what, remedy=remedy)
    if told.any_language:
        row.any_language = True
        row.save(update_fields=["any_language"])
    job = queue.enqueue(row)
    if job is None:
        what = "The client has not consented to analysis."
        raise InputError("no-consent", what, remedy="Record the consent first.")
    return job_of(job)


# As told


def with_states(sessions: QuerySet[models.Session]) -> QuerySet[models.Session]:
    """The sessions with whether they are analyzed and the state of their last job."""
    jobs = models.Job.objects.filter(session=OuterRef("pk")).order_by("-created", "-id")
    found = models.Analysis.objects.filter(session=OuterRef("pk"), current=True)
    return sessions.annotate(analyzed=Exists(found), job_state=Subquery(jobs.values("state")[:1]))


def fresh(row: models.Session) -> models.Session:
    """The session as the database has it now, with its states."""
    return with_states(models.Session.objects.filter(pk=row.pk)).get()


def session_of(row: models.Session) -> shapes.Session:
    """A session as the API tells it."""
    return shapes.Session(**told(fresh(row)))


def told(row: Any) -> dict[str, Any]:
    """The fields of a session that `with_states` gave."""
    return {
        "id": row.pk,
        "client": row.client_id,
        "number": row.number,
        "held_on": row.held_on,
        "source": row.source,
        "format": row.format,
        "state": row.state,
        "turn_count": row.turn_count,
        "analyzed": row.analyzed,
        "job": row.job_state or "",
    }


def job_of(job: models.Job) -> shapes.Job:
    """A job as the API tells it."""
    return shapes.Job(
        state=job.state,
        progress=job.progress,
        total=job.total,
        error=job.error,
        message=job.message,
        created=job.created,
        started=job.started,
        finished=job.finished,
    )
