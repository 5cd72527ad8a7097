"""The human label wins: what the model found, as it stands after what people said of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from reattune.codebook import CODES
from reattune.codebook import code as code_of
from reattune.episodes import find_episodes
from reattune.features import contexts
from reattune.types import Intensity, Marker
from reattune.types import Session as Words
from reattune.web.reviews import models
from reattune.web.reviews.words import STRAINS, to_baseline, to_marker, to_session

BY = "human"


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts in a session now: markers on client turns, moves on therapist turns.

    `judged` is the latest judgement by (turn, code), taken-back ones left out.
    """

    markers: tuple[Marker, ...]
    moves: tuple[Marker, ...]
    judged: dict[tuple[int, str], models.Judgement]

    @property
    def all(self) -> tuple[Marker, ...]:
        """Markers and moves."""
        return (*self.markers, *self.moves)


def latest(judgements: Iterable[models.Judgement]) -> dict[tuple[int, str], models.Judgement]:
    """The latest judgement by turn and code, in the order they were made; "cleared" ones gone."""
    found = {(j.turn, j.code): j for j in judgements}
    return {key: j for key, j in found.items() if j.verdict != "cleared"}


def standing(found: Iterable[Marker], judgements: Iterable[models.Judgement]) -> Standing:
    """The markers as people left them: dismissed ones undecided, added ones decided.

    A confirmed, relabeled or added marker has probability 1 and `by` "human".
    """
    judged = latest(judgements)
    markers = {(m.turn, m.code): m for m in found}
    for key, judgement in judged.items():
        apply(markers, key, judgement)
    made = sorted(markers.values(), key=lambda m: (m.turn, m.code))
    return Standing(
        markers=tuple(m for m in made if m.family in STRAINS),
        moves=tuple(m for m in made if m.family not in STRAINS),
        judged=judged,
    )


def apply(
    markers: dict[tuple[int, str], Marker], key: tuple[int, str], judgement: models.Judgement
) -> None:
    """Put one judgement into the markers."""
    turn, code = key
    known = markers.get(key)
    if judgement.verdict in ("dismissed", "relabeled") and known is not None:
        markers[key] = replace(known, decided=False, by=BY)
    if judgement.verdict == "dismissed":
        return
    right = judgement.to or code
    markers[turn, right] = told(judgement, right, markers.get((turn, right)) or known)


def told(judgement: models.Judgement, code: str, known: Marker | None) -> Marker:
    """A marker on a person's word; evidence and intensity are the model's where it had them."""
    family = code_of(code).family
    given = judgement.intensity or (known.intensity if known is not None else None) or "micro"
    strain = family in STRAINS
    return Marker(
        turn=judgement.turn,
        code=code,
        family=family,
        intensity=cast(Intensity, given) if strain else None,
        probability=1.0,
        by=BY,
        why=f"{'Confirmed' if judgement.verdict == 'confirmed' else 'Set'} by hand.",
        evidence=known.evidence if known is not None else (),
        decided=True,
        family_probability=1.0,
    )


def current(session: models.Session) -> models.Analysis | None:
    """The analysis that counts, if the session has one."""
    return session.analyses.filter(current=True).first()


def standing_of(session: models.Session, analysis: models.Analysis | None) -> Standing:
    """What counts in a session; without an analysis what people added."""
    found = [to_marker(row) for row in analysis.findings.all()] if analysis else []
    return standing(found, session.judgements.all())


def rebuild(session: models.Session, words: Words | None = None) -> Standing:
    """Work out the session's episodes anew, in the caller's transaction; what counts now."""
    analysis = current(session)
    now = standing_of(session, analysis)
    words = words or to_session(session)
    baseline = to_baseline(analysis.payload.get("baseline")) if analysis else None
    found = find_episodes(now.markers, now.moves, contexts(words, baseline))
    session.episodes.all().delete()
    models.Episode.objects.bulk_create(
        models.Episode(
            session=session,
            number=i,
            first=e.first,
            last=e.last,
            until=e.until,
            kind=e.kind,
            intensity=e.intensity,
            state=e.state,
            by=e.by,
            why=e.why,
            confirmed=any(m.by == BY for m in e.markers),
        )
        for i, e in enumerate(found, 1)
    )
    type(session.client).objects.filter(pk=session.client_id).update(stale=True)
    return now


def known_codes(role: str) -> Sequence[str]:
    """The codes that somebody in this role can carry."""
    strain = role != "therapist"
    return [id for id in CODES if (code_of(id).family in STRAINS) == strain]
