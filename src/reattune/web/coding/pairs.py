"""Two coders: inviting the second, and once both are done what they differ in and settle on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from reattune import codings
from reattune.codebook import CODES, FAMILIES
from reattune.codings import CodedTurn, disagreements, parse_codes
from reattune.errors import InputError
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.coding import coded, figures
from reattune.web.coding.lines import Line, Shown, hidden, line_of, lines_of, shown, turns_of
from reattune.web.coding.marks import (
    LEAST,
    MOST,
    both_done,
    families_of,
    family_of,
    fits,
    pair_of,
    ratings_of,
    standing,
)
from reattune.web.coding.models import KINDS, Coding, Decision, Pairing
from reattune.web.coding.segments import Segment, segments_of
from reattune.web.reviews.models import Session, Turn

DAYS, MOST_DAYS = 14, 90  # that a second coder may open it unless told, and at most

Said = tuple[tuple[str, tuple[Shown, ...]], ...]
"""Coder's name -> the marks on a turn."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Something the two see differently: a turn or a segment, `number` from 1.

    `said` holds each coder's marks, `rated` each coder's ratings by kind; `decided` the word that
    settles it, with all rows of it in `history`.
    """

    number: int
    line: Line | None
    said: Said
    rated: tuple[tuple[str, Mapping[str, int | None]], ...]
    options: tuple[tuple[str, str], ...]
    segment: Segment | None
    lines: tuple[Line, ...]
    history: tuple[Decision, ...]

    @property
    def decided(self) -> Decision | None:
        """The decision that counts."""
        return self.history[-1] if self.history else None


@dataclass(frozen=True, slots=True)
class Together:
    """What both see once both are done."""

    report: figures.Report | None
    units: tuple[Unit, ...]
    names: tuple[str, str]

    @property
    def left(self) -> int:
        """How many are not settled."""
        return sum(unit.decided is None for unit in self.units)

    @property
    def next(self) -> int | None:
        """The number of the first that is not settled."""
        return next((unit.number for unit in self.units if unit.decided is None), None)


# Inviting


def coders_for(user: User) -> QuerySet[User]:
    """Whom a therapist can ask: the other therapists and supervisors of the practice."""
    found = user.practice.users.filter(Q(is_therapist=True) | Q(is_supervisor=True), is_active=True)
    return found.exclude(pk=user.pk).order_by("name", "username")


def invite(session: Session, user: User, *, days: int, **told: Any) -> Pairing:
    """Ask a second coder. InputError without the client's consent to the purpose.

    The client is locked meanwhile, so that a consent taken back at the same time is seen.
    """
    with transaction.atomic():
        client = Client.objects.select_for_update().get(pk=session.client_id)
        if not client.consents_to(told["purpose"]):
            what = "The client has not consented to this purpose."
            raise InputError("no-consent", what, remedy="Record the consent first.")
        pairing = Pairing.objects.create(
            session=session, made_by=user, until=timezone.now() + timedelta(days=days), **told
        )
        noted = {"coder": pairing.coder_id, "purpose": pairing.purpose, "days": days}
        target = f"pairing:{pairing.pk}"
        gates.note(user, "coding.invite", target=target, client=client, **noted)
    return pairing


def end(pairing: Pairing) -> None:
    """Close it to the second coder at once; one that is closed stays as it is."""
    Pairing.objects.filter(pk=pairing.pk, revoked_at=None).update(revoked_at=timezone.now())


# Together


def names_of(pairing: Pairing) -> tuple[str, str]:
    """The therapist's name and the second coder's."""
    return str(pairing.made_by), str(pairing.coder)


def coded_by_two(
    pairing: Pairing, pair: tuple[Coding, Coding], turns: Sequence[Turn]
) -> list[codings.Coding]:
    """Both codings of the turns that were coded."""
    for one in pair:
        one.pairing, one.session = pairing, pairing.session
    return [coded.coded(one, turns) for one in pair]


def together(pairing: Pairing) -> Together | None:
    """Figures, differences and what was settled; None until both are done."""
    pair = pair_of(pairing)
    if pair is None:
        return None
    turns = turns_of(pairing.session, pairing.first, pairing.last)
    history: dict[int, list[Decision]] = {}
    for one in pairing.decisions.select_related("by"):
        history.setdefault(one.unit, []).append(one)
    if pairing.level == "segment":
        return segments_together(pairing, pair, turns, history)
    both = coded_by_two(pairing, pair, turns)
    read = {turn.number: turn for turn in hidden(turns, pairing.session, pairing)}
    marks = [standing(one.marks.all()) for one in pair]
    units = []
    for number in differing(both, marks, turns):
        line = line_of(read[number], ())
        fit = [[m for m in own.get(number, ()) if fits(m.code, line.role)] for own in marks]
        said = tuple(
            (name, tuple(shown(m) for m in own))
            for name, own in zip(names_of(pairing), fit, strict=True)
        )
        options = options_of(fit)
        units.append(
            Unit(number + 1, line, said, (), options, None, (), tuple(history.get(number, ())))
        )
    report = figures.of_turns(both, codes=pairing.detail == "codes")
    return Together(report, tuple(units), names_of(pairing))


def differing(
    both: Sequence[codings.Coding], marks: Sequence[Any], turns: Sequence[Turn]
) -> list[int]:
    """The turns to talk over: seen differently, or marked by somebody without a family."""
    unclear = {
        turn.number
        for turn in turns
        for own in marks
        if any(not family_of(m.code) for m in own.get(turn.number, ()) if fits(m.code, turn.role))
    }
    return sorted({one.turn for one in disagreements(both)} | unclear)


def options_of(marks: Iterable[Iterable[Any]]) -> tuple[tuple[str, str], ...]:
    """The labels that one of the two gave, in codebook order."""
    given = {m.code: shown(m).label for own in marks for m in own if family_of(m.code)}
    return tuple((id, given[id]) for id in (*CODES, *FAMILIES) if id in given)


def segments_together(
    pairing: Pairing,
    pair: tuple[Coding, Coding],
    turns: Sequence[Turn],
    history: Mapping[int, list[Decision]],
) -> Together:
    """The same for rated segments."""
    parts = segments_of(pairing, turns)
    ratings = [ratings_of(one.ratings.all()) for one in pair]
    lines = lines_of(hidden(list(turns), pairing.session, pairing), {})
    units = []
    for part in parts:
        values = [{kind: own.get((part.number, kind)) for kind, _ in KINDS} for own in ratings]
        if values[0] == values[1]:
            continue
        own_lines = tuple(line for line in lines if part.first < line.number <= part.last)
        rated = tuple(zip(names_of(pairing), values, strict=True))
        rows = tuple(history.get(part.number, ()))
        units.append(Unit(part.number + 1, None, (), rated, (), part, own_lines, rows))
    report = figures.of_segments(ratings[0], ratings[1], len(parts))
    return Together(report, tuple(units), names_of(pairing))


# Settling


def settle(
    pairing: Pairing,
    user: User,
    unit: int,
    said: dict[str, Any],
    *,
    intensity: str = "",
    note: str = "",
) -> Decision:
    """Keep what the two settled on for a turn or segment (from 0).

    InputError "coding-open" until both are done, "bad-decision" for what cannot be said of it.
    """
    if not both_done(pairing):
        what = "One of you two is not done yet."
        raise InputError("coding-open", what, remedy="Settle once both are done.")
    if pairing.level == "segment":
        check_ratings(pairing, unit, said)
    else:
        role = check_codes(pairing, unit, said)
        strain = role == "client" and said["codes"]
        intensity = (intensity or "micro") if strain else ""
    return Decision.objects.create(
        pairing=pairing, unit=unit, said=said, intensity=intensity, note=note, by=user
    )


def check_codes(pairing: Pairing, unit: int, said: dict[str, Any]) -> str:
    """The role of the turn; InputError if it cannot carry these codes."""
    inside = pairing.first <= unit < pairing.last
    turn = pairing.session.turns.filter(number=unit).first() if inside else None
    known = {*FAMILIES, *(CODES if pairing.detail == "codes" else ())}
    codes = said.get("codes", ())
    families = families_of(turn.role) if turn else ()
    if turn is None or not all(id in known and family_of(id) in families for id in codes):
        raise bad(unit)
    return turn.role


def check_ratings(pairing: Pairing, unit: int, said: dict[str, Any]) -> None:
    """InputError unless each kind of a segment that is there has a rating."""
    turns = turns_of(pairing.session, pairing.first, pairing.last)
    whole = set(said) == {kind for kind, _ in KINDS}
    fine = whole and all(LEAST <= value <= MOST for value in said.values())
    if not fine or not 0 <= unit < len(segments_of(pairing, turns)):
        raise bad(unit)


def bad(unit: int) -> InputError:
    """The error for what cannot be settled."""
    what, remedy = "This cannot be settled like that.", "Choose among what the page offers."
    return InputError("bad-decision", what, where=str(unit + 1), remedy=remedy)


def settled(pairing: Pairing, turns: Sequence[Turn]) -> codings.Coding:
    """The decisions on turns as a coding of those turns."""
    latest = {one.unit: one for one in pairing.decisions.all()}
    roles = {turn.number: turn.role for turn in turns}
    made = (
        CodedTurn(
            unit,
            parse_codes(one.said.get("codes", ())) or (),
            one.intensity or None,  # type: ignore[arg-type]
            roles[unit],  # type: ignore[arg-type]
        )
        for unit, one in sorted(latest.items())
        if unit in roles
    )
    return codings.Coding(str(pairing.session_id), codings.CONSENSUS, tuple(made))
