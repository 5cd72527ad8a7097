"""A practice of made clients, written straight into the rows: for `benchmarks.web` and tests.

Words and findings come from the packaged fictional sessions, read by the model once; a made session
is some of these behind one another, so that turns, findings and episodes fit each other. Scores and
visits are drawn from a seed.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from django.db import connection, models, transaction

from reattune import types
from reattune.pipeline import analyze
from reattune.readers import read_bytes
from reattune.web.accounts.models import User
from reattune.web.checkins.models import Answer
from reattune.web.clients.models import PURPOSES, Appointment, Client, Consent
from reattune.web.demo import COURSES, examples
from reattune.web.reviews import models as reviews
from reattune.web.reviews import results
from reattune.web.reviews.words import from_notes, pack_scores

WEEK = timedelta(weeks=1)
TURNS = 300  # of a made session
BATCH = 5_000  # rows written at once
MISSED = 0.08  # share of appointments missed, on top of the sessions held
FORMS = (("checkin_client", "client", 5, 1, 7), ("phq9", "client", 9, 0, 3))
OPENED = 0.9  # share of sessions that were opened


@dataclass(frozen=True, slots=True)
class Piece:
    """A session that was read, of which made ones consist."""

    turns: tuple[types.Turn, ...]
    analysis: types.Analysis


def pieces(count: int = 6) -> list[Piece]:
    """So many of the packaged sessions, read by the model (a few seconds each)."""
    found = []
    for name in islice(transcripts(), count):
        analysis = analyze(read_bytes(name.read_bytes(), name=name.name))
        found.append(Piece(analysis.session.turns, analysis))
    return found


def transcripts() -> Iterator[Any]:
    """The transcripts of the packaged courses, one of each course in turn."""
    folders = [examples().joinpath(course) for course in COURSES]
    names = [sorted(f.name for f in folder.iterdir() if f.name[:2] == "20") for folder in folders]
    for row in zip(*names, strict=True):
        for folder, name in zip(folders, row, strict=True):
            yield folder.joinpath(name)


def build(
    user: User,
    parts: Sequence[Piece],
    *,
    clients: int,
    sessions: int,
    turns: int = TURNS,
    seed: int = 0,
) -> None:
    """So many clients of this therapist with so many analyzed sessions each."""
    rng = random.Random(seed)
    for at in range(clients):
        with transaction.atomic():
            build_client(user, parts, rng, f"Made {at + 1:03}", sessions, turns)


def build_client(
    user: User, parts: Sequence[Piece], rng: random.Random, name: str, sessions: int, turns: int
) -> Client:
    """One client with everything that follow-up needs."""
    first = date(2025, 1, 6) + timedelta(days=rng.randrange(5))
    client = Client.objects.create(practice=user.practice, therapist=user, name=name, started=first)
    Consent.objects.bulk_create(
        Consent(client=client, purpose=purpose, given_on=first, wording="2026-11", recorded_by=user)
        for purpose, _ in PURPOSES
    )
    days = [first + week * WEEK for week in range(sessions)]
    Appointment.objects.bulk_create(visits(client, days, rng))
    Answer.objects.bulk_create(forms(client, days, rng))
    made = [made_session(parts, rng, turns) for _ in days]
    write_sessions(client, days, made, rng)
    return client


# Scores and visits


def visits(client: Client, days: Sequence[date], rng: random.Random) -> Iterator[Appointment]:
    """An appointment a session, some of them late, and some missed two days before."""
    for day in days:
        if rng.random() < MISSED:
            yield Appointment(
                client=client, starts=moment(day - timedelta(days=2)), status="no_show"
            )
        late = rng.random() < MISSED
        yield Appointment(
            client=client,
            starts=moment(day),
            status="late" if late else "attended",
            minutes_late=12 if late else 0,
        )


def moment(day: date) -> datetime:
    """The afternoon of a day."""
    return datetime.combine(day, time(15), UTC)


def forms(client: Client, days: Sequence[date], rng: random.Random) -> Iterator[Answer]:
    """Two forms a session, around a level of the client's own."""
    for measure, rater, items, low, high in FORMS:
        level = rng.uniform(low + (high - low) * 0.4, high - (high - low) * 0.2)
        for day in days:
            told = [round(min(max(rng.gauss(level, 0.6), low), high)) for _ in range(items)]
            if measure == "phq9":
                told[-1] = 0  # its risk item
            answers = {str(item): answer for item, answer in enumerate(told, 1)}
            yield Answer(
                client=client, measure=measure, rater=rater, about=day, answers=answers, how="link",
                at=moment(day),
            )  # fmt: skip


# Sessions


@dataclass(frozen=True, slots=True)
class Made:
    """A made session: turns, markers and moves, episodes and risk words, turns counted through."""

    turns: list[types.Turn]
    markers: list[types.Marker]
    episodes: list[types.Episode]
    risks: list[types.Risk]
    of: types.Analysis


def made_session(parts: Sequence[Piece], rng: random.Random, turns: int) -> Made:
    """Pieces behind one another until there are so many turns; what is cut off is left out."""
    made = Made([], [], [], [], rng.choice(parts).analysis)
    while len(made.turns) < turns:
        part, base = rng.choice(parts), len(made.turns)
        room = turns - base
        made.turns.extend(part.turns[:room])
        found = part.analysis
        made.markers.extend(moved(m, base) for m in (*found.markers, *found.moves) if m.turn < room)
        made.episodes.extend(e_moved(e, base) for e in found.episodes if e.until <= room)
        if rng.random() < 0.02:
            made.risks.extend(moved(r, base) for r in found.risks if r.turn < room)
    return made


def moved(one: Any, base: int) -> Any:
    """A marker or risk so many turns later."""
    return replace(one, turn=one.turn + base)


def e_moved(one: types.Episode, base: int) -> types.Episode:
    """An episode so many turns later, without its markers."""
    places = {"first": one.first + base, "last": one.last + base, "until": one.until + base}
    return replace(one, markers=(), moves=(), **places)


def write_sessions(
    client: Client, days: Sequence[date], made: Sequence[Made], rng: random.Random
) -> None:
    """The sessions with their turns, analyses, findings, episodes, risk words and jobs."""
    keys = [uuid.UUID(int=rng.getrandbits(128), version=4) for _ in days]
    reviews.Session.objects.bulk_create(
        session_row(client, key, number, day, len(own.turns), rng)
        for number, (key, day, own) in enumerate(zip(keys, days, made, strict=True), 1)
    )
    write(reviews.Turn, turn_rows(keys, made))
    analyses = reviews.Analysis.objects.bulk_create(
        analysis_row(key, own) for key, own in zip(keys, made, strict=True)
    )
    ids = [analysis.pk for analysis in analyses]
    write(reviews.Finding, finding_rows(ids, made))
    write(reviews.Episode, episode_rows(keys, made))
    reviews.Risk.objects.bulk_create(
        reviews.Risk(analysis_id=id, **asdict(risk))
        for id, own in zip(ids, made, strict=True)
        for risk in own.risks
    )
    reviews.Job.objects.bulk_create(
        reviews.Job(
            session_id=key, state=reviews.DONE, finished=moment(day), total=TURNS, progress=TURNS
        )
        for key, day in zip(keys, days, strict=True)
    )


def session_row(
    client: Client, key: uuid.UUID, number: int, day: date, turns: int, rng: random.Random
) -> reviews.Session:
    """A session as it is after it was read."""
    return reviews.Session(
        id=key,
        client=client,
        number=number,
        held_on=day,
        source=f"{day}.vtt",
        format="webvtt",
        digest=key.hex * 2,
        file=f"transcripts/{key}",
        turn_count=turns,
        opened_at=moment(day) if rng.random() < OPENED else None,
    )


def analysis_row(key: uuid.UUID, own: Made) -> reviews.Analysis:
    """What the model left, the scores as large as they would be."""
    import numpy as np

    scores = np.zeros((len(own.turns), own.of.scores.shape[1]), np.float32)
    size = min(len(own.turns), len(own.of.scores))
    scores[:size] = own.of.scores[:size]
    kept = results.payload(own.of) | {"notes": from_notes(own.of.notes)}
    return reviews.Analysis(
        session_id=key, by=own.of.by, point=own.of.operating_point, payload=kept,
        scores=pack_scores(scores),
    )  # fmt: skip


def turn_rows(keys: Sequence[uuid.UUID], made: Sequence[Made]) -> Iterator[dict[str, Any]]:
    """The turns of all sessions."""
    for key, own in zip(keys, made, strict=True):
        for number, turn in enumerate(own.turns):
            yield {
                "session_id": key, "number": number, "speaker": turn.speaker, "role": turn.role,
                "text": turn.text, "start": number * 9.0, "end": number * 9.0 + 8,
            }  # fmt: skip


def finding_rows(ids: Sequence[int], made: Sequence[Made]) -> Iterator[dict[str, Any]]:
    """The findings of all sessions."""
    for id, own in zip(ids, made, strict=True):
        for m in own.markers:
            yield {
                "analysis_id": id, "turn": m.turn, "code": m.code, "family": m.family,
                "intensity": m.intensity or "", "probability": m.probability,
                "family_probability": m.family_probability, "decided": m.decided, "by": m.by,
                "why": m.why, "evidence": json.dumps([asdict(e) for e in m.evidence]),
            }  # fmt: skip


def episode_rows(keys: Sequence[uuid.UUID], made: Sequence[Made]) -> Iterator[dict[str, Any]]:
    """The episodes of all sessions."""
    for key, own in zip(keys, made, strict=True):
        for number, e in enumerate(own.episodes, 1):
            yield {
                "session_id": key, "number": number, "first": e.first, "last": e.last,
                "until": e.until, "kind": e.kind, "intensity": e.intensity, "state": e.state,
                "by": e.by, "why": e.why, "confirmed": False,
            }  # fmt: skip


def write(model: type[models.Model], rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows by plain SQL, many at once: Django's own way takes several times as long."""
    iterator = iter(rows)
    first = next(iterator, None)
    if first is None:
        return
    names = list(first)
    quote = connection.ops.quote_name
    into = f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(map(quote, names))})"
    statement = f"{into} VALUES ({', '.join(['%s'] * len(names))})"
    with connection.cursor() as cursor:
        values = [tuple(map(plain, first.values()))]
        while values:
            cursor.executemany(statement, values)
            values = [tuple(map(plain, row.values())) for row in islice(iterator, BATCH)]


def plain(value: Any) -> Any:
    """A value as the database takes it."""
    if isinstance(value, uuid.UUID) and connection.vendor == "sqlite":
        return value.hex
    return value
