"""Who speaks in a session: shown with their first turns, renamed, merged, given roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from reattune.errors import InputError
from reattune.pipeline import with_roles
from reattune.types import Role, RoleGuess, Session, Turn
from reattune.web.accounts.models import User
from reattune.web.reviews import ingest, labels, models
from reattune.web.reviews.words import to_session

FIRST = 3  # turns shown of each speaker
ROLES: tuple[Role, ...] = ("therapist", "client", "other")
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Speaker:
    """One speaker label: the role it has, how much it speaks, its first turns."""

    label: str
    role: Role
    turns: int
    share: float
    first: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What a person said of a label: its name from now on, and its role."""

    name: str
    role: Role


def speakers_of(words: Session) -> list[Speaker]:
    """The speakers in order of appearance; `share` is that of all words."""
    grouped: dict[str, list[Turn]] = {}
    for turn in words.turns:
        grouped.setdefault(turn.speaker, []).append(turn)
    spoken = {label: sum(len(t.text.split()) for t in own) for label, own in grouped.items()}
    total = sum(spoken.values()) or 1
    return [
        Speaker(label, own[0].role, len(own), spoken[label] / total, tuple(own[:FIRST]))
        for label, own in grouped.items()
    ]


def tell_therapist(record: models.Session, label: str, user: User) -> None:
    """Take a person's word for who the therapist is; the others' roles follow.

    RoleError for a label that nobody has, InputError for a session in which one person speaks.
    """
    words = to_session(record)
    change(record, words, with_roles(words, label), label, user)


def tell(record: models.Session, told: Mapping[str, Told], user: User) -> None:
    """Rename speakers and give them roles; labels with one name become one speaker.

    InputError unless there is one therapist and a client, for an empty name, and for two roles
    under one name.
    """
    check(told)
    words = to_session(record)
    turns = tuple(
        replace(turn, speaker=told[turn.speaker].name, role=told[turn.speaker].role)
        if turn.speaker in told
        else turn
        for turn in words.turns
    )
    therapist = next(one.name for one in told.values() if one.role == "therapist")
    guess = RoleGuess("told", 1.0, therapist, "You said who is who.")
    change(record, words, replace(words, turns=turns, roles=guess), therapist, user)


def check(told: Mapping[str, Told]) -> None:
    """InputError for names and roles that cannot be."""
    names: dict[str, set[str]] = {}
    for one in told.values():
        names.setdefault(one.name, set()).add(one.role)
    if any(not name or len(name) > LONGEST_NAME for name in names):
        raise wrong("A speaker has no name.", "Give each one a name of up to 80 letters.")
    if any(len(roles) > 1 for roles in names.values()):
        raise wrong("One name has two roles.", "Give it one role, or use two names.")
    roles = [next(iter(found)) for found in names.values()]
    if roles.count("therapist") != 1 or "client" not in roles:
        raise wrong("There must be one therapist and a client.", "Choose a role for each speaker.")


def wrong(what: str, remedy: str) -> InputError:
    """The error for what was said of speakers."""
    return InputError("bad-speakers", what, remedy=remedy)


def change(
    record: models.Session, before: Session, after: Session, therapist: str, user: User
) -> None:
    """Keep the words with their speakers, read them anew, and take back labels that no longer fit.

    A label on a turn whose speaker cannot carry it any more would stand in nobody's figures but the
    wrong person's.
    """
    turned = {
        i
        for i, (old, new) in enumerate(zip(before.turns, after.turns, strict=True))
        if old.role != new.role
    }
    ingest.retell(record, after, therapist)
    judged = labels.latest(record.judgements.all())
    models.Judgement.objects.bulk_create(
        models.Judgement(session=record, turn=turn, code=code, verdict="cleared", by=user)
        for turn, code in judged
        if turn in turned and code not in labels.known_codes(cast(str, after.turns[turn].role))
    )
