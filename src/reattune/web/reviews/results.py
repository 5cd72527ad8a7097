"""Keeping an analysis, and having it back with the human labels in."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction

from reattune import types
from reattune.codebook import CODES
from reattune.features import measure_baseline, measure_talk
from reattune.web.reviews import models
from reattune.web.reviews.labels import Standing, current, lock, rebuild, standing_of
from reattune.web.reviews.words import (
    from_notes,
    pack_scores,
    to_baseline,
    to_episode,
    to_finding,
    to_notes,
    to_session,
    unpack_scores,
)


def save(session: models.Session, made: types.Analysis) -> models.Analysis:
    """Keep an analysis as the current one, with the episodes that follow from it and the labels."""
    with transaction.atomic():
        lock(session)
        session.analyses.filter(current=True).update(current=False)
        analysis = models.Analysis.objects.create(
            session=session,
            by=made.by,
            point=made.operating_point,
            payload=payload(made),
            scores=pack_scores(made.scores),
        )
        models.Finding.objects.bulk_create(
            to_finding(analysis, marker) for marker in (*made.markers, *made.moves)
        )
        models.Risk.objects.bulk_create(
            models.Risk(analysis=analysis, **asdict(risk)) for risk in made.risks
        )
        rebuild(session, made.session)
    return analysis


def payload(made: types.Analysis) -> dict[str, Any]:
    """What an analysis has that has no row of its own, as JSON."""
    own = measure_baseline(made.session)
    return {
        "baseline": asdict(made.baseline) if made.baseline else None,
        "own_baseline": asdict(own) if own else None,
        "talk": [asdict(one) for one in made.talk],
        "notes": from_notes(made.notes),
        "reliability": made.reliability,
    }


def load(session: models.Session) -> tuple[types.Analysis, Standing] | None:
    """The current analysis as the library has it, with what people said; None before the first.

    Its markers, moves and episodes are those that count now.
    """
    row = current(session)
    if row is None:
        return None
    words = to_session(session)
    now = standing_of(session, row, words)
    return to_analysis(row, words, now), now


def bare(session: models.Session) -> tuple[types.Analysis, Standing]:
    """What stands without the model: the words, and what a person marked in them.

    `by` is empty and no score is above 0.
    """
    import numpy as np

    words = to_session(session)
    now = standing_of(session, None, words)
    analysis = types.Analysis(
        session=words,
        scores=np.zeros((len(words.turns), len(CODES)), np.float32),
        markers=now.markers,
        moves=now.moves,
        episodes=tuple(to_episode(e, now.all) for e in session.episodes.all()),
        risks=(),
        baseline=measure_baseline(words),
        talk=measure_talk(words),
        notes=(),
        by="",
        operating_point="",
    )
    return analysis, now


def to_analysis(row: models.Analysis, words: types.Session, now: Standing) -> types.Analysis:
    """A kept analysis of these words as it stands now."""
    kept = row.payload
    return types.Analysis(
        session=words,
        scores=unpack_scores(bytes(row.scores), len(words.turns)),
        markers=now.markers,
        moves=now.moves,
        episodes=tuple(to_episode(e, now.all) for e in row.session.episodes.all()),
        risks=tuple(
            types.Risk(r.turn, r.topic, r.quote, r.by, r.why)  # type: ignore[arg-type]
            for r in row.risks.all()
        ),
        baseline=to_baseline(kept["baseline"]),
        talk=tuple(types.Talk(**one) for one in kept["talk"]),
        notes=to_notes(kept["notes"]),
        by=row.by,
        operating_point=row.point,
        reliability=dict(kept["reliability"]),
    )


def earlier_baselines(session: models.Session) -> list[types.Baseline]:
    """The client's habits in the sessions before this one, in order."""
    rows = models.Analysis.objects.filter(
        session__client=session.client_id, current=True, session__held_on__lt=session.held_on
    ).order_by("session__held_on")
    found = [
        to_baseline(payload.get("own_baseline"))
        for payload in rows.values_list("payload", flat=True)
    ]
    return [one for one in found if one is not None]
