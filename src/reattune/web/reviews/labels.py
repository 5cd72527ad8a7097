"""The human label wins: what the model found, as it stands after what people said of it.

`judge` is the one door for a person's word, whatever it comes by; `rebuild` works out what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from django.db import transaction

from reattune.codebook import CODES
from reattune.codebook import code as code_of
from reattune.episodes import find_episodes
from reattune.errors import InputError
from reattune.features import contexts
from reattune.types import Intensity, Marker
from reattune.types import Session as Words
from reattune.web.accounts.models import User
from reattune.web.reviews import models
from reattune.web.reviews.words import STRAINS, to_baseline, to_marker, to_session

BY = "human"
CONFIRMED, DISMISSED, RELABELED, ADDED, CLEARED = models.Judgement.VERDICTS

Key = tuple[int, str]
"""A turn and a code."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts in a session now: markers on client turns, moves on therapist turns.

    `judged` is the latest judgement by (turn, code), taken-back ones left out, in the order they
    were made; `word` that which settles a code on a turn, be it as the code judged or as the one
    set in its place.
    """

    markers: tuple[Marker, ...]
    moves: tuple[Marker, ...]
    judged: dict[Key, models.Judgement]
    word: dict[Key, models.Judgement]

    @property
    def all(self) -> tuple[Marker, ...]:
        """Markers and moves."""
        return (*self.markers, *self.moves)


def latest(judgements: Iterable[models.Judgement]) -> dict[Key, models.Judgement]:
    """The latest judgement by turn and code, in the order they were made; "cleared" ones gone."""
    found: dict[Key, models.Judgement] = {}
    for judgement in judgements:
        key = judgement.turn, judgement.code
        found.pop(key, None)
        if judgement.verdict != CLEARED:
            found[key] = judgement
    return found


def standing(
    found: Iterable[Marker],
    judgements: Iterable[models.Judgement],
    roles: Mapping[int, str] | Sequence[str] | None = None,
) -> Standing:
    """The markers as people left them: dismissed ones undecided, added ones decided.

    A confirmed, relabeled or added marker has probability 1 and `by` "human". With `roles`, those
    of the turns, what was said of a turn that can no longer carry its code is left aside: somebody
    has told since who the therapist is.
    """
    judged = latest(judgements)
    if roles is not None:
        judged = {key: j for key, j in judged.items() if fits(j, roles)}
    markers = {(m.turn, m.code): m for m in found}
    word: dict[Key, models.Judgement] = {}
    for key, judgement in judged.items():
        apply(markers, key, judgement)
        word |= {key: judgement, (judgement.turn, judgement.to or judgement.code): judgement}
    made = sorted(markers.values(), key=lambda m: (m.turn, CODES.index(m.code)))
    return Standing(
        markers=tuple(m for m in made if m.family in STRAINS),
        moves=tuple(m for m in made if m.family not in STRAINS),
        judged=judged,
        word=word,
    )


def fits(judgement: models.Judgement, roles: Mapping[int, str] | Sequence[str]) -> bool:
    """Whether the turn's speaker, as the roles are now, can carry what was said of it."""
    try:
        role = roles[judgement.turn]
        return all(code_of(id).role == role for id in (judgement.code, judgement.to) if id)
    except LookupError:  # the turn or the code is no longer there
        return False


def apply(markers: dict[Key, Marker], key: Key, judgement: models.Judgement) -> None:
    """Put one judgement into the markers."""
    turn, code = key
    known = markers.get(key)
    if judgement.verdict in (DISMISSED, RELABELED) and known is not None:
        markers[key] = replace(known, decided=False, by=BY)
    if judgement.verdict == DISMISSED:
        return
    right = judgement.to or code
    markers[turn, right] = told(judgement, right, markers.get((turn, right)) or known)


def told(judgement: models.Judgement, code: str, known: Marker | None) -> Marker:
    """A marker on a person's word; evidence is the model's where it had some, and so is
    intensity where the person gave none."""
    chosen = code_of(code)
    given = judgement.intensity or (known.intensity if known is not None else None) or "micro"
    return Marker(
        turn=judgement.turn,
        code=code,
        family=chosen.family,
        intensity=cast(Intensity, given) if chosen.family in STRAINS else None,
        probability=1.0,
        by=BY,
        why=known.why if known is not None and known.code == code else chosen.why,
        evidence=known.evidence if known is not None else (),
        decided=True,
        family_probability=1.0,
    )


def current(session: models.Session) -> models.Analysis | None:
    """The analysis that counts, if the session has one."""
    return session.analyses.filter(current=True).first()


def standing_of(
    session: models.Session, analysis: models.Analysis | None, words: Words
) -> Standing:
    """What counts in a session; without an analysis what people added."""
    found = [to_marker(row) for row in analysis.findings.all()] if analysis else []
    return standing(found, session.judgements.all(), [turn.role for turn in words.turns])


def judge(
    session: models.Session,
    user: User,
    turn: int,
    code: str,
    verdict: str,
    *,
    to: str = "",
    intensity: str = "",
) -> Standing:
    """Keep a person's word on a code of a turn, and work out what follows; what counts then.

    "confirmed" holds to the intensity that was shown, unless another is given. InputError
    "bad-judgement" for a turn that is not there or cannot carry the code.
    """
    with transaction.atomic():
        session.client.lock()
        lock(session)
        check(session, turn, code, verdict, to if verdict == RELABELED else code)
        if verdict == CONFIRMED and not intensity:
            shown = models.Finding.objects.filter(
                analysis__session=session, analysis__current=True, turn=turn, code=code
            )
            intensity = shown.values_list("intensity", flat=True).first() or ""
        models.Judgement.objects.create(
            session=session,
            turn=turn,
            code=code,
            verdict=verdict,
            to=to if verdict == RELABELED else "",
            intensity=intensity if code_of(to or code).family in STRAINS else "",
            of=session.analyses.filter(current=True).values_list("by", flat=True).first() or "",
            by=user,
        )
        return rebuild(session)


def check(session: models.Session, turn: int, code: str, verdict: str, to: str) -> None:
    """InputError "bad-judgement" if this cannot be said of the turn."""
    role = session.turns.filter(number=turn).values_list("role", flat=True).first()
    known = known_codes(role or "unknown")
    if verdict in models.Judgement.VERDICTS and code in known and to in known:
        return
    raise InputError(
        "bad-judgement",
        "This turn cannot carry that label.",
        where=f"turn {turn + 1}",
        remedy="Reload the page and choose among the labels that it offers.",
    )


def lock(session: models.Session) -> None:
    """Nobody else works out this session's episodes until the caller's transaction ends."""
    models.Session.objects.select_for_update().filter(pk=session.pk).first()


def rebuild(session: models.Session, words: Words | None = None) -> Standing:
    """Work out the session's episodes anew, in the caller's transaction; what counts now."""
    lock(session)
    analysis = current(session)
    words = words or to_session(session)
    now = standing_of(session, analysis, words)
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
    session.client.outdate()
    return now


def known_codes(role: str) -> Sequence[str]:
    """The codes that somebody in this role can carry; none for others than therapist and client."""
    return [id for id in CODES if code_of(id).role == role]
