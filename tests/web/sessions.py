"""Sessions with known flags, without a run of the model, for tests of the session page."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from reattune import types
from reattune.codebook import CODES
from reattune.codebook import code as code_of
from reattune.features import measure_baseline, measure_talk
from reattune.risk import screen
from reattune.thresholds import operating_point
from reattune.types import Evidence, Marker
from reattune.web.clients.models import Client
from reattune.web.reviews import models, results
from reattune.web.reviews.words import save_words, to_session
from tests.conftest import TALK

Found = tuple[int, str, float, bool]
"""Turn from 0, code, probability, whether it is flagged."""

FLAGS: tuple[Found, ...] = (
    (5, "complaint_therapy", 0.62, True),
    (6, "defensive", 0.48, True),
    (7, "complaint_therapist", 0.71, True),
    (8, "own_contribution", 0.66, True),
    (9, "complaint_therapist", 0.35, True),
    (11, "deference", 0.08, False),
)
"""Flags on the turns of TALK: one episode, turns 6 to 10, and a near miss on turn 12."""

TURNS = tuple(tuple(line.split(": ", 1)) for line in TALK.splitlines())


def marker(found: Found, words: types.Session, by: str, intensity: str = "micro") -> Marker:
    """A marker as the model makes them."""
    turn, code, probability, decided = found
    family = code_of(code).family
    strain = family in ("withdrawal", "confrontation")
    return Marker(
        turn=turn,
        code=code,
        family=family,
        intensity=intensity if strain else None,  # type: ignore[arg-type]
        probability=probability,
        by=by,
        why=code_of(code).why,
        evidence=(Evidence(turn=turn, quote=words.turns[turn].text),),
        decided=decided,
        family_probability=probability,
    )


def analysis(
    words: types.Session, flags: Iterable[Found] = FLAGS, by: str = "model/1"
) -> types.Analysis:
    """An analysis of these words with these flags."""
    markers = [marker(found, words, by) for found in flags]
    strains = ("withdrawal", "confrontation")
    return types.Analysis(
        session=words,
        scores=np.zeros((len(words.turns), len(CODES)), np.float32),
        markers=tuple(m for m in markers if m.family in strains),
        moves=tuple(m for m in markers if m.family not in strains),
        episodes=(),
        risks=screen(words),
        baseline=measure_baseline(words),
        talk=measure_talk(words),
        notes=(types.Note("short-session", "So few turns give little context.", (1,)),),
        by=by,
        operating_point="balanced",
        reliability=dict(operating_point("balanced").reliability),
    )


def make_session(
    client: Client,
    *,
    turns: Sequence[Sequence[str]] = TURNS,
    flags: Iterable[Found] | None = FLAGS,
    number: int = 1,
    held_on: date = date(2026, 3, 5),
) -> models.Session:
    """A session of this client that was analyzed with these flags; None leaves it unread."""
    record = models.Session.objects.create(
        client=client,
        number=number,
        held_on=held_on,
        source=f"{held_on.isoformat()}-made.txt",
        format="plain",
        digest=uuid.uuid4().hex,
    )
    save_words(record, types.Session.from_turns((t[0], t[1]) for t in turns))
    if flags is not None:
        read(record, flags)
    return record


def read(
    record: models.Session, flags: Iterable[Found] = FLAGS, by: str = "model/1"
) -> models.Analysis:
    """Have the session read (again), with these flags."""
    return results.save(record, analysis(to_session(record), flags, by))
