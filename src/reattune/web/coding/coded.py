"""Codings as the library has them (reattune.codings): what figures and exports are made from.

Coders and sessions go by id here, never by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from reattune import codings, types
from reattune.codebook import CLIENT_FAMILIES
from reattune.codings import CodedTurn, parse_codes
from reattune.web.coding.marks import Standing, family_of, fits, standing
from reattune.web.coding.models import SOMETHING, Coding, Mark
from reattune.web.reviews.models import Finding, Session, Turn

MODEL = "model"


def coder_id(coding: Coding) -> str:
    """How a coder is called in figures and files."""
    return f"coder-{coding.coder_id}" if coding.coder_id else f"import-{str(coding.pk)[:8]}"


def coded(coding: Coding, turns: Sequence[Turn]) -> codings.Coding:
    """A coding of all turns of its session.

    Turns outside its span, those it left out and those with a mark of no family are not judged.
    """
    marks, skipped = standing(coding.marks.all()), set(coding.skipped)
    first, last = coding.span
    told = (
        coded_turn(turn, marks, judged=first <= turn.number < last and turn.number not in skipped)
        for turn in turns
    )
    return codings.Coding(str(coding.session_id), coder_id(coding), tuple(told))


def coded_turn(turn: Turn, marks: Standing, *, judged: bool) -> CodedTurn:
    """One turn with its marks."""
    own = [m for m in marks.get(turn.number, ()) if fits(m.code, turn.role)]
    judged = judged and all(m.code != SOMETHING for m in own)
    codes = (parse_codes(m.code for m in own) or ()) if judged else ()
    return CodedTurn(
        turn.number,
        codes,
        level_of(own) if judged else None,
        cast(types.Role, turn.role),
        judged,
        turn.start,
        turn.end,
    )


def level_of(marks: Iterable[Mark]) -> types.Intensity | None:
    """The intensity of a turn: the greatest of its marks of strain."""
    found = {m.intensity for m in marks if family_of(m.code) in CLIENT_FAMILIES}
    return "major" if "major" in found else "micro" if "micro" in found else None


def flagged(session: Session) -> list[Finding]:
    """What the model flagged, before anybody said a word on it."""
    found = Finding.objects.filter(analysis__session=session, analysis__current=True, decided=True)
    return list(found)


def coded_by_model(session: Session, turns: Sequence[Turn]) -> codings.Coding | None:
    """The model's flags as a coding; None where it has not read the session."""
    if not session.analyses.filter(current=True).exists():
        return None
    marks: Standing = {}
    for one in flagged(session):
        marks.setdefault(one.turn, []).append(Mark(code=one.code, intensity=one.intensity))
    told = (coded_turn(turn, marks, judged=True) for turn in turns)
    return codings.Coding(str(session.pk), MODEL, tuple(told))
