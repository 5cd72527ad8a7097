"""Records made straight as rows, for tests of what follows from them: no model runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from django.db import transaction

from reattune.codebook import CODES
from reattune.codebook import code as code_of
from reattune.web.checkins.models import Answer
from reattune.web.clients.models import Appointment, Client
from reattune.web.reviews import labels, models
from reattune.web.reviews.words import STRAINS, pack_scores

BY = "markers/2"
FIRST = date(2026, 1, 8)  # a Thursday
WEEK = timedelta(weeks=1)

Flag = tuple[int, str, str]
"""Turn (from 0, even ones are the client's), code, intensity ("" on a therapist's turn)."""


def day(week: int) -> date:
    """The day of a weekly appointment, the first of them 0."""
    return FIRST + week * WEEK


def moment(on: date) -> datetime:
    """The afternoon of a day."""
    return datetime.combine(on, time(15), UTC)


def add_session(
    client: Client,
    week: int,
    flags: Sequence[Flag] = (),
    *,
    turns: int = 40,
    opened: bool = True,
    analyzed: bool = True,
    risk: int | None = None,
) -> models.Session:
    """A session of a week with these flags, as it is after it was read; `risk` a turn."""
    session = models.Session.objects.create(
        client=client,
        number=week + 1,
        held_on=day(week),
        source=f"{day(week)}.vtt",
        format="webvtt",
        digest=f"{client.pk.hex}{week:032}",
        turn_count=turns,
        opened_at=moment(day(week)) if opened else None,
    )
    models.Turn.objects.bulk_create(
        models.Turn(session=session, number=n, speaker=role, role=role, text=f"Words {n}.")
        for n in range(turns)
        for role in ["therapist" if n % 2 else "client"]
    )
    if analyzed:
        analyze(session, flags, risk)
    return session


def analyze(session: models.Session, flags: Sequence[Flag], risk: int | None = None) -> None:
    """What the model left: findings, risk words, episodes."""
    analysis = models.Analysis.objects.create(
        session=session,
        by=BY,
        point="balanced",
        payload={
            "baseline": None, "own_baseline": None, "talk": [], "notes": [],
            "reliability": {"false_episodes_per_100_turns": 0.5},
        },
        scores=pack_scores(np.zeros((session.turn_count, len(CODES)), np.float32)),
    )  # fmt: skip
    for turn, code, intensity in flags:
        models.Finding.objects.create(
            analysis=analysis,
            turn=turn,
            code=code,
            family=code_of(code).family,
            intensity=intensity,
            probability=0.8,
            family_probability=0.9,
            decided=True,
            by=BY,
            why="A reason.",
        )
    if risk is not None:
        models.Risk.objects.create(
            analysis=analysis,
            turn=risk,
            topic="suicide",
            quote="the words",
            by="risk/1",
            why="Why.",
        )
    with transaction.atomic():
        labels.rebuild(session)


def major(first: int = 4, code: str = "minimal_response") -> list[Flag]:
    """A major strain of three flagged turns from this client turn on, not taken up."""
    assert code_of(code).family in STRAINS
    return [(first + 2 * n, code, "major") for n in range(3)]


def add_visit(client: Client, week: int, status: str = "attended", **more: object) -> Appointment:
    """An appointment of a week."""
    return Appointment.objects.create(
        client=client, starts=moment(day(week)), status=status, **more
    )


def add_form(
    client: Client,
    week: int,
    answers: Sequence[int | None],
    *,
    measure: str = "checkin_client",
    rater: str = "client",
    how: str = "link",
    at: datetime | None = None,
) -> Answer:
    """A form about the session of a week."""
    return Answer.objects.create(
        client=client,
        measure=measure,
        rater=rater,
        about=day(week),
        answers={str(n): answer for n, answer in enumerate(answers, 1)},
        how=how,
        at=at or moment(day(week)),
    )
