"""Marking: beginning a coding, setting and taking back marks and ratings, closing it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from reattune.codebook import CLIENT_FAMILIES, CODES, FAMILIES, THERAPIST_FAMILIES
from reattune.codebook import code as code_of
from reattune.errors import InputError
from reattune.web.accounts.models import User
from reattune.web.coding.models import KINDS, SOMETHING, Coding, Mark, Pairing, Rating
from reattune.web.reviews.models import Session

LEAST, MOST = 1, 5  # of a rating
Standing = dict[int, list[Mark]]
"""Turn -> the marks that stand on it, in the order they were first set."""


def families_of(role: str) -> tuple[str, ...]:
    """The families that a speaker in this role can carry."""
    return {"client": CLIENT_FAMILIES, "therapist": THERAPIST_FAMILIES}.get(role, ())


def family_of(code: str) -> str:
    """The family of a code or family; "" for a mark without one."""
    if code in CODES:
        return code_of(code).family
    return code if code in FAMILIES else ""


def fits(code: str, role: str) -> bool:
    """Whether a turn of this role can carry a mark."""
    families = families_of(role)
    return bool(families) and (code == SOMETHING or family_of(code) in families)


def standing(rows: Iterable[Mark]) -> Standing:
    """The marks that count, from all rows of a coding in order."""
    latest: dict[tuple[int, str], Mark] = {}
    for row in rows:
        latest[row.turn, row.code] = row
    found: Standing = {}
    for row in latest.values():
        if not row.gone:
            found.setdefault(row.turn, []).append(row)
    return found


def start(session: Session, user: User, pairing: Pairing | None = None) -> Coding:
    """The open coding of this user, begun if there is none; the last one if it is done."""
    with transaction.atomic():
        held = Session.objects.select_for_update().get(pk=session.pk)
        last = latest(held, user, pairing)
        return last or Coding.objects.create(session=held, coder=user, pairing=pairing)


def latest(session: Session, user: User, pairing: Pairing | None = None) -> Coding | None:
    """The user's last round, alone or in a pairing."""
    found = Coding.objects.filter(session=session, coder=user, pairing=pairing)
    return found.order_by("round").last()


def again(coding: Coding) -> Coding:
    """A new round that begins with the marks and ratings of the one that is done.

    InputError where it is no longer open to that: a later round, or both coders are done.
    """
    with transaction.atomic():
        Session.objects.select_for_update().get(pk=coding.session_id)
        known = Coding.objects.select_for_update().get(pk=coding.pk)
        rounds = Coding.objects.filter(
            session=coding.session_id, coder=coding.coder_id, pairing=coding.pairing_id
        )
        both = coding.pairing is not None and both_done(coding.pairing)
        if known.done_at is None or both or rounds.filter(round__gt=known.round).exists():
            what = "This round cannot be taken up again."
            raise InputError("coding-closed", what, remedy="Go on with the latest one.")
        made = Coding.objects.create(
            session=coding.session,
            coder=coding.coder,
            pairing=coding.pairing,
            round=known.round + 1,
        )
        copy(known, made)
    return made


def copy(old: Coding, new: Coding) -> None:
    """The marks and ratings that count of one round as the first rows of another."""
    Mark.objects.bulk_create(
        Mark(coding=new, turn=m.turn, code=m.code, intensity=m.intensity, note=m.note)
        for own in standing(old.marks.all()).values()
        for m in own
    )
    Rating.objects.bulk_create(
        Rating(coding=new, segment=segment, kind=kind, value=value)
        for (segment, kind), value in ratings_of(old.ratings.all()).items()
    )


def held(coding: Coding) -> Coding:
    """The coding, locked in the caller's transaction; InputError if it is done."""
    now = Coding.objects.select_for_update().get(pk=coding.pk)
    if now.done_at is not None:
        what = "You said that you are done with this round; its marks stay as they are."
        raise InputError("coding-closed", what, remedy="Begin a new round to mark more.")
    return now


def put(
    coding: Coding, turn: int, code: str, *, intensity: str = "", note: str | None = None
) -> None:
    """Set a mark, or change its intensity or note.

    A family takes the place of a mark without one, a code that of its family; what was noted there
    goes with it. InputError "bad-mark" for what the turn cannot carry, "coding-closed" if done.
    """
    with transaction.atomic():
        held(coding)
        role = role_of(coding, turn)
        check(coding, turn, code, role)
        here = standing(coding.marks.filter(turn=turn)).get(turn, [])
        before = next((m for m in here if m.code == code), None)
        older = [m for m in here if replaces(code, m.code)]
        for mark in older:
            Mark.objects.create(coding=coding, turn=turn, code=mark.code, gone=True)
        was = before or (older[0] if older else None)
        Mark.objects.create(
            coding=coding,
            turn=turn,
            code=code,
            intensity=level(role, intensity or (was.intensity if was else "")),
            note=(was.note if was else "") if note is None else note,
        )


def replaces(code: str, other: str) -> bool:
    """Whether a mark says what another left open."""
    if code == other:
        return False
    return other == SOMETHING or (code in CODES and other == family_of(code))


def level(role: str, intensity: str) -> str:
    """The intensity of a mark: only what a client does has one, micro unless told."""
    return (intensity or "micro") if role == "client" else ""


def take_back(coding: Coding, turn: int, code: str = "") -> None:
    """Take back a mark of a turn; without `code` the one that was set last."""
    with transaction.atomic():
        held(coding)
        here = standing(coding.marks.filter(turn=turn)).get(turn, [])
        own = [m for m in here if code in ("", m.code)]
        if own:
            last = max(own, key=lambda m: m.pk)
            Mark.objects.create(coding=coding, turn=turn, code=last.code, gone=True)


def role_of(coding: Coding, turn: int) -> str:
    """The role of a turn's speaker; "" if the session has no such turn."""
    found = coding.session.turns.filter(number=turn).values_list("role", flat=True)
    return found.first() or ""


def check(coding: Coding, turn: int, code: str, role: str) -> None:
    """InputError "bad-mark" unless the turn is to be coded and can carry the mark."""
    first, last = coding.span
    detail = coding.detail
    allowed = code in known(detail) and fits(code, role)
    if coding.by_segment or not first <= turn < last or not allowed:
        raise InputError(
            "bad-mark",
            "This turn cannot carry that mark.",
            where=f"turn {turn + 1}",
            remedy="Choose among the marks that the page offers.",
        )


def known(detail: str) -> tuple[str, ...]:
    """The marks of a coding in families, in codes, or both."""
    return (SOMETHING, *FAMILIES, *(CODES if detail != "families" else ()))


# Ratings


def ratings_of(rows: Iterable[Rating]) -> dict[tuple[int, str], int]:
    """(segment, kind) -> the rating that counts."""
    return {(row.segment, row.kind): row.value for row in rows}


def rate(coding: Coding, segment: int, values: dict[str, int], segments: int) -> None:
    """Keep the ratings of a segment. InputError for a segment or a rating that is not there."""
    kinds = {kind for kind, _ in KINDS}
    fine = set(values) <= kinds and all(LEAST <= v <= MOST for v in values.values())
    if not coding.by_segment or not fine or not 0 <= segment < segments:
        raise InputError(
            "bad-rating",
            "This is no rating from 1 to 5 of a segment that is coded.",
            where=f"segment {segment + 1}",
            remedy="Choose among the ratings that the page offers.",
        )
    with transaction.atomic():
        held(coding)
        now = ratings_of(coding.ratings.filter(segment=segment))
        Rating.objects.bulk_create(
            Rating(coding=coding, segment=segment, kind=kind, value=value)
            for kind, value in values.items()
            if now.get((segment, kind)) != value
        )


# Closing


def finish(coding: Coding) -> None:
    """Close a coding; from now on it stays as it is."""
    with transaction.atomic():
        held(coding)
        Coding.objects.filter(pk=coding.pk).update(done_at=timezone.now())


def both_done(pairing: Pairing) -> bool:
    """Whether both coders are done, so that they may see each other's marks."""
    return pair_of(pairing) is not None


def pair_of(pairing: Pairing) -> tuple[Coding, Coding] | None:
    """The last rounds of the therapist and the second coder, once both are done; else None."""
    rounds: dict[int | None, Coding] = {}
    for coding in sorted(pairing.codings.all(), key=lambda c: c.round):
        rounds[coding.coder_id] = coding
    second = rounds.pop(pairing.coder_id, None)
    first = next(iter(rounds.values()), None)
    if first is None or second is None or first.done_at is None or second.done_at is None:
        return None
    return first, second
