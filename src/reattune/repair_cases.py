"""Hard cases and the client's last answer, chosen by stated rules from what is known.

A case applies where its rule in CASES finds something to rest on, or where the therapist says so;
the others are offered by name. Risk comes first, always. What is not in the words or the records
(culture, power, video, anger that was not said) no rule guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from reattune.codebook import CODES, code
from reattune.errors import InputError
from reattune.features import words
from reattune.follow import Following
from reattune.guidance import Guidance
from reattune.repair import Basis, Occurrence, Rupture
from reattune.types import Analysis, Marker

LATE_MINUTES = 10  # before the end; noticed in them, a strain was noticed late
LATE_SHARE = 0.2  # of the session at most, and of its turns where the transcript has no times
THIRD = 0.1  # of the turns; from this share of a third person on, more than two were in the room
THIN = 0.4  # of the client's usual words; a shorter answer to an invitation is thin
ASKED = frozenset({"notice", "invite", "own_contribution"})
"""Moves that take a strain up."""


@dataclass(frozen=True, slots=True)
class Case:
    """A hard case: the id of its branch in guidance, why it applies, what that rests on."""

    id: str
    because: str
    rests_on: tuple[Basis, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What the rules look at: the course, the ruptures that are open, the episodes left standing.

    `standing` are the episodes of each open rupture's last session that do not look repaired.
    """

    following: Following
    open: tuple[Rupture, ...]
    standing: tuple[Occurrence, ...]

    @property
    def since(self) -> int:
        """The session from which on things matter: the first onset, else the last one held."""
        last = max((number for number, _ in self.following.held), default=0)
        return min([last, *(rupture.session for rupture in self.open)])


def cases(
    following: Following,
    ruptures: Sequence[Rupture],
    guidance: Guidance,
    told: Collection[str] = (),
) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """(those that apply, risk first; the ids of the others), in the order of CASES.

    `told` are ids that the therapist says apply; InputError for one that guidance does not have.
    """
    for id in told:
        if id not in guidance.branches:
            raise InputError(
                "unknown-case",
                f"There is no hard case {id!r:.40}.",
                remedy=f"Choose among {', '.join(guidance.branches)}.",
            )
    found: list[Case] = []
    seen = known(following, ruptures)
    for id in (*CASES, *(other for other in guidance.branches if other not in CASES)):
        case = CASES[id](seen) if id in CASES else None
        if case is None and id in told:
            case = Case(id, "You said so.")
        if case is not None:
            found.append(case)
    applies = {case.id for case in found}
    return tuple(found), tuple(id for id in guidance.branches if id not in applies)


def known(following: Following, ruptures: Sequence[Rupture]) -> Known:
    """What the rules look at."""
    live = tuple(r for r in ruptures if r.state in ("open", "watched"))
    return Known(following, live, tuple(o for r in live for o in standing(r)))


def standing(rupture: Rupture) -> list[Occurrence]:
    """The episodes of a rupture's last session that do not look repaired."""
    own = (o for o in rupture.episodes if o.session == rupture.latest)
    return [o for o in own if o.state != "repaired"]


# The rules


def risk(seen: Known) -> Case | None:
    """Risk content in the words since the first open onset, an answer, or hopelessness left."""
    for session, analysis in sorted(seen.following.analyses.items(), reverse=True):
        if session >= seen.since and analysis.risks:
            topics = ", ".join(dict.fromkeys(risk.topic for risk in analysis.risks))
            basis = tuple(
                Basis(session, turn=r.turn, quote=r.quote, signal="risk", why=r.why)
                for r in analysis.risks
            )
            return Case(
                "risk", f"Session {session}: the risk screen found words on {topics}.", basis
            )
    for note in reversed(seen.following.notes):
        told = re.match(r"Session (\d+): ", note.text)
        if note.slug == "risk-answer" and told and int(told[1]) >= seen.since:
            return Case("risk", note.text, (Basis(int(told[1]), signal="risk-answer"),))
    return _of_words(seen, "risk", "hopelessness", "ask directly, it may be about risk")


def denial(seen: Known) -> Case | None:
    """The client left it at saying that nothing is wrong, or a watch is on."""
    for rupture in seen.open:
        if rupture.state == "watched":
            begun = rupture.rows("")[-1].session
            return Case("denial", f"You are watching quietly since session {begun}.")
    for own in seen.standing:
        signs = final_signs(seen.following.analyses.get(own.session), own)
        if any(sign.code == "denial" for sign in signs):
            what = f"Session {own.session}: at the end the client says that nothing is wrong."
            return Case("denial", what, tuple(b for b in own.words if b.code == "denial"))
    return None


def noticed_late(seen: Known) -> Case | None:
    """Nothing took it up, or only what was said at the end of the hour."""
    for own in seen.standing:
        analysis = seen.following.analyses.get(own.session)
        taken_up = [b for b in own.answers if b.code in ASKED and b.turn is not None]
        if not taken_up:
            what = f"Session {own.session}: nothing that was said took it up."
            return Case("noticed_late", what, own.words[:1])
        first = min(taken_up, key=lambda basis: basis.turn or 0)
        if analysis is not None and (first.turn or 0) >= late_from(analysis):
            what = f"Session {own.session}: it was taken up at the end of the hour."
            return Case("noticed_late", what, (first,))
    return None


def activated(seen: Known) -> Case | None:
    """A major confrontation was left standing."""
    for own in seen.standing:
        if own.intensity == "major" and own.kind != "withdrawal":
            what = f"Session {own.session}: a major strain against you or the work was left."
            return Case("activated", what, own.words[:1])
    return None


def cause(seen: Known) -> Case | None:
    """The strain was put on the client, or a complaint was answered with reasons."""
    return _of_answers(seen, "cause", "blaming", "defensive")


def apology(seen: Known) -> Case | None:
    """There was a quick apology."""
    return _of_answers(seen, "apology", "premature_apology")


def anger_or_fear(seen: Known) -> Case | None:
    """An answer came from hurt or irritation."""
    return _of_answers(seen, "anger_or_fear", "personalizing")


def couples(seen: Known) -> Case | None:
    """A third person speaks in the last session with words."""
    if not seen.following.analyses:
        return None
    session, analysis = max(seen.following.analyses.items())
    turns = analysis.session.turns
    third = sum(turn.role == "other" for turn in turns)
    if turns and third >= THIRD * len(turns):
        return Case("couples", f"Session {session}: more than two people speak.")
    return None


CASES: Mapping[str, Callable[[Known], Case | None]] = {
    "risk": risk,
    "activated": activated,
    "denial": denial,
    "noticed_late": noticed_late,
    "anger_or_fear": anger_or_fear,
    "apology": apology,
    "cause": cause,
    "couples": couples,
}
"""Branches of guidance by id with their rule, in the order they are told; others are only told."""


def _of_words(seen: Known, id: str, sign: str, what: str) -> Case | None:
    """The case where a sign of the client's is in an episode left standing."""
    for own in seen.standing:
        if sign in own.codes:
            basis = tuple(b for b in own.words if b.code == sign)
            return Case(id, f"Session {own.session}: {code(sign).name.lower()}; {what}.", basis)
    return None


def _of_answers(seen: Known, id: str, *signs: str) -> Case | None:
    """The case where one of these missteps is in an episode left standing."""
    for own in seen.standing:
        basis = tuple(b for b in own.answers if b.code in signs)
        if basis:
            names = ", ".join(dict.fromkeys(code(b.code).name.lower() for b in basis))
            return Case(id, f"Session {own.session}: {names}.", basis[:2])
    return None


def late_from(analysis: Analysis) -> int:
    """The first turn of the end of the hour: by the clock where there is one, else by turns."""
    turns = analysis.session.turns
    times = [turn.start for turn in turns if turn.start is not None]
    if times and len(times) == len(turns):
        whole = max(times)
        end = whole - min(60 * LATE_MINUTES, LATE_SHARE * whole)
        return next(i for i, turn in enumerate(turns) if (turn.start or 0) >= end)
    return int(len(turns) * (1 - LATE_SHARE))


# The client's last answer

OBJECTING = frozenset(id for id in CODES if code(id).family == "confrontation")
DRAWING_BACK = frozenset({"minimal_response", "deference", "topic_shift"})


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """How the client left it: the id of an answer in guidance, and what that rests on."""

    id: str
    why: str
    rests_on: tuple[Basis, ...] = ()


def last_answer(rupture: Rupture, following: Following) -> LastAnswer:
    """How the client left a rupture, by the first rule that fits.

    Away since; said that nothing is wrong; not spoken of; still objecting; a thin answer; else the
    client began to say what it was.
    """
    stayed = away_since(following, rupture)
    if stayed:
        return LastAnswer("away", stayed)
    if not rupture.episodes:
        return LastAnswer("unspoken", "No words of it are known.", (rupture.opening,))
    last = rupture.episodes[-1]
    final = final_signs(following.analyses.get(last.session), last)
    signs = {m.code for m in final}
    held = [o for o in rupture.episodes if o.session == rupture.latest]
    asked = tuple(b for o in held for b in o.answers if code(b.code).family == "repair")
    where = f"Session {last.session}"
    if "denial" in signs and last.state != "repaired":
        return LastAnswer("denied", f"{where}: the client said that nothing is wrong.", last.words)
    if not asked:
        return LastAnswer("unspoken", f"{where}: nothing that was said took it up.", last.words)
    if signs & OBJECTING and last.state != "repaired":
        return LastAnswer("objecting", f"{where}: the last sign is against it.", last.words)
    if last.state != "repaired" and (signs & DRAWING_BACK or thin(following, last, asked[-1])):
        return LastAnswer("thin", f"{where}: the answer was brief, or agreed quickly.", asked[-1:])
    return LastAnswer("opened", f"{where}: the client took it up.", asked[-1:])


def away_since(following: Following, rupture: Rupture) -> str:
    """What the client missed or came late to after a rupture, if that is the latest there is."""
    day = dict(following.held).get(rupture.latest)
    after = [a for a in following.sessions if day is not None and a.date > day]
    if not after or after[-1].visit is None:
        return ""
    visit = after[-1].visit
    called_off = visit.status in ("cancelled", "no_show") and visit.by != "therapist"
    late = visit.status == "late" and visit.minutes_late >= 10
    told = {"cancelled": "called off", "no_show": "not come", "late": "come late"}
    return f"The client has {told[visit.status]} since." if called_off or late else ""


def final_signs(analysis: Analysis | None, last: Occurrence) -> list[Marker]:
    """The client's signs on the last marked turn of an episode."""
    if analysis is None:
        return []
    own = [m for m in analysis.markers if m.decided and last.first <= m.turn < last.last]
    return [m for m in own if m.turn == max(other.turn for other in own)]


def thin(following: Following, last: Occurrence, asked: Basis) -> bool:
    """Whether the client's next turn after a move is much shorter than usual."""
    analysis = following.analyses.get(last.session)
    if analysis is None or asked.turn is None or analysis.baseline is None:
        return False
    later = analysis.session.turns[asked.turn + 1 :]
    reply = next((turn for turn in later if turn.role == "client" and words(turn.text)), None)
    return reply is not None and len(words(reply.text)) < THIN * analysis.baseline.words
