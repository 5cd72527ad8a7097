"""Why a client needs a look, and what changed since the last session: plain data, no sentences.

`told.py` turns them into sentences in the reader's language. Each reason has a `why` (one of WHYS),
and where it leads: `session` is the key of a transcript, `turn` the turn from 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from reattune.charts import DIFFERENCE, limits
from reattune.course import Appointment
from reattune.errors import InputError
from reattune.follow import Following
from reattune.report.told import alone, rule_words, title_of
from reattune.signals import PROMPT, REPAIRED, STANDS, SYMPTOMS, Read, strand, weight
from reattune.types import Series, Signal
from reattune.web.followup.course import Records
from reattune.web.followup.episodes import Told

WHYS = ("risk", "strain", "scores", "absence", "new")
"""The reasons, in the order in which they are told: risk first, what is merely new last."""

NEW = ("roles", "session", "form")
"""What is new, in the order in which it is told."""

RECENT = 2  # sessions held; a signal of scores or attendance older than these is no news
STANDING = frozenset({"unnoticed", "mishandled", "open"})  # how an episode is that nobody mended
FROM_CLIENT = frozenset({"link", "kiosk"})  # ways in which a client answered without the therapist

Reason = dict[str, Any]
"""Plain values only, so that what is said of one can be remembered."""


def standing_of(records: Records, following: Following, episodes: Sequence[Told]) -> list[Reason]:
    """Why the client needs a look, whichever sessions were opened; each `why` at most once but
    for "new"."""
    last = last_held(following)
    return [
        *[reason for reason in risks(records) if is_recent(records, reason, last)][:1],
        *strains(following, episodes),
        *moved(records, following),
        *absences(following),
        *unclear(records),
        *answered(records),
    ]


def unseen_of(records: Records, episodes: Sequence[Told]) -> list[Reason]:
    """What there is to see in each analyzed session that was never opened, in order."""
    told = {reason["session"]: reason for reason in risks(records) if reason["what"] == "words"}
    return [
        unseen(records, read, [one for one in episodes if one.number == read.session], told)
        for read in records.reads
        if records.sessions[read.session].opened_at is None
    ]


def reasons_of(standing: Sequence[Reason], unseen: Sequence[Reason]) -> list[Reason]:
    """All reasons by the order of WHYS: those that stand, and what sessions never opened add."""
    risky = [one for one in standing if one["why"] == "risk"]
    risky += [one["risk"] for one in unseen if one["risk"]]
    found = [
        *sorted(risky, key=lambda reason: reason["date"], reverse=True)[:1],
        *unread(unseen),
        *(one for one in standing if one["why"] != "risk"),
    ]
    return sorted(found, key=rank)


def rank(reason: Reason) -> tuple[int, int]:
    """Where a reason stands among others."""
    why = reason["why"]
    return WHYS.index(why), NEW.index(reason["what"]) if why == "new" else 0


def last_held(following: Following) -> int:
    """The number of the last session held, 0 before the first."""
    return max((number for number, _ in following.held), default=0)


def place(records: Records, number: int) -> dict[str, Any]:
    """The transcript's key of a session held, None where it has none."""
    session = records.sessions.get(number)
    return {"session": str(session.pk) if session else None, "number": number}


# Risk


def risks(records: Records) -> list[Reason]:
    """Risk content in words and answers, newest first."""
    found = [
        {
            "why": "risk",
            "what": "words",
            "topics": ",".join(dict.fromkeys(risk.topic for risk in read.analysis.risks)),
            "date": str(read.date),
            "turn": read.analysis.risks[0].turn,
            **place(records, read.session),
        }
        for read in records.reads
        if read.analysis.risks
    ]
    found += [
        {
            "why": "risk",
            "what": "answer",
            "measure": title_of(one.answer.measure),
            "text": one.score.risk_why,
            "date": str(one.answer.about),
            "session": None,
        }
        for one in records.forms
        if one.score and one.score.risk
    ]
    return sorted(found, key=lambda reason: reason["date"], reverse=True)


def is_recent(records: Records, risk: Reason, last: int) -> bool:
    """Whether risk content is of the latest session, or was answered since."""
    if risk["what"] == "words":
        return bool(risk["number"] == last)
    days = [a.date for a in records.course.appointments if a.number == last]
    return bool(risk["date"] >= str(max(days, default=date.min)))


# Words


def strains(following: Following, episodes: Sequence[Told]) -> Iterator[Reason]:
    """The latest major or confirmed episode of the last STANDS sessions that is still open."""
    since = last_held(following) - STANDS
    open_ = [one for one in episodes if is_open(one) and one.number > since]
    if open_:
        one = max(open_, key=lambda one: (one.number, one.intensity == "major", -one.first))
        yield {
            "why": "strain",
            "kind": one.kind,
            "intensity": one.intensity,
            "state": one.state,
            "date": str(one.date),
            "session": one.session,
            "turn": one.first,
            "more": len(open_) - 1,
        }


def is_open(one: Told) -> bool:
    """Whether an episode weighs something, was not taken up, and no later session mends it.

    Slight ones that nobody confirmed are too often wrong to be carried along.
    """
    return (one.intensity == "major" or one.confirmed) and stands(one)


def stands(one: Told) -> bool:
    """Whether nobody took an episode up, no later session mends it, and no person closed it."""
    return one.state in STANDING and one.repaired_at is None and not one.closed


# Scores


def moved(records: Records, following: Following) -> Iterator[Reason]:
    """The latest signal that a score got worse, if it is recent and not undone since."""
    signals = [s for s in following.signals if strand(s.source) in ("scores", "symptoms")]
    back = {(s.source, s.session) for s in signals if s.kind == "recovery"}
    since = last_held(following) - RECENT
    worse = [s for s in signals if s.kind in ("rupture", "decline") and s.session > since]
    worse = [
        s
        for s in worse
        if says_enough(s) and not any(own == s.source and at > s.session for own, at in back)
    ]
    if worse:
        own = max(worse, key=lambda s: (s.session, strand(s.source) == "scores", s.rule != PROMPT))
        yield {
            "why": "scores",
            "measure": title_of(own.source.partition(":item")[0]),
            "rule": rule_words(own),
            "prompt": own.rule == PROMPT,
            "symptoms": strand(own.source) == "symptoms",
            "date": str(own.date) if own.date else None,
            **place(records, own.session),
        }


def says_enough(signal: Signal) -> bool:
    """Whether a signal of scores is more than slight and alone.

    Symptoms never bear out a strain, which makes all their signals slight; a decline that is more
    than a dip counts here all the same.
    """
    if strand(signal.source) == "symptoms":
        return signal.level == "major" or weight(signal) != "slight" or signal.rule == "individuals"
    return not alone(signal)


# Attendance


def absences(following: Following) -> Iterator[Reason]:
    """The latest signal that somebody stays away or comes late, if it is recent and not undone."""
    since = last_held(following) - RECENT
    told = [s for s in following.signals if s.source == "attendance" and s.session > since]
    if told and told[-1].kind == "absence":
        yield {
            "why": "absence",
            "rule": told[-1].rule,
            "date": str(told[-1].date) if told[-1].date else None,
            "session": None,
            "alone": not told[-1].with_,
        }


# What is new


def unclear(records: Records) -> Iterator[Reason]:
    """The first transcript in which it is not clear who the therapist is."""
    for number, session in records.sessions.items():
        if session.state == "roles":
            day = str(session.held_on)
            yield {"why": "new", "what": "roles", "date": day, **place(records, number)}
            return


def unseen(
    records: Records, read: Read, flagged: Sequence[Told], risky: Mapping[str, Reason]
) -> Reason:
    """What there is to see in one session: how many episodes, the first one's turn, its risks."""
    own = place(records, read.session)
    return {
        **own,
        "date": str(read.date),
        "episodes": len(flagged),
        "turn": flagged[0].first if flagged else None,
        "risk": risky.get(own["session"]),
    }


def unread(unseen: Sequence[Reason]) -> Iterator[Reason]:
    """The newest session that was never opened, those with strain first."""
    if unseen:
        newest = max(unseen, key=lambda one: (bool(one["episodes"]), one["number"]))
        own = {key: value for key, value in newest.items() if key != "risk"}
        yield {"why": "new", "what": "session", "more": len(unseen) - 1, **own}


def answered(records: Records) -> Iterator[Reason]:
    """The form that the client sent last; whether it was seen since is told when a page is made."""
    sent = [one.answer for one in records.forms if one.answer.how in FROM_CLIENT]
    if sent:
        latest = max(sent, key=lambda answer: answer.at)
        yield {
            "why": "new",
            "what": "form",
            "measure": title_of(latest.measure),
            "date": str(latest.about),
            "at": latest.at.isoformat(),
            "session": None,
        }


# What changed


def changes_of(records: Records, following: Following, episodes: Sequence[Told]) -> list[Reason]:
    """What is different in the last session held, compared with the one before."""
    held = [a for a in following.sessions if a.number is not None]
    if len(held) < 2:
        return []
    before, last = held[-2], held[-1]
    return [
        *changed_words(records, before, last, episodes),
        *changed_scores(following, before, last),
        *changed_visits(following, last),
        *mended(following, last),
    ]


def changed_words(
    records: Records, before: Appointment, last: Appointment, episodes: Sequence[Told]
) -> Iterator[Reason]:
    """Episodes that count in the last session and in the one before."""
    read = {one.session for one in records.reads}
    if last.number not in read:
        yield {"what": "no-words", **place(records, last.number or 0)}
        return
    own = [one for one in episodes if one.number == last.number]
    earlier = [one for one in episodes if one.number == before.number]
    yield {
        "what": "words",
        "now": len(own),
        "major": sum(one.intensity == "major" for one in own),
        "open": sum(one.state in STANDING for one in own),
        "before": len(earlier) if before.number in read else None,
        **place(records, last.number or 0),
    }


def changed_scores(
    following: Following, before: Appointment, last: Appointment
) -> Iterator[Reason]:
    """Each total of the last session beside the score before it, and whether it is usual."""
    for own in following.series:
        _, _, part = own.measure.partition(":")
        if own.measure in ("words", "attendance") or part or own.rater == DIFFERENCE:
            continue
        values = {p.session: p.value for p in own.points if p.value is not None}
        now = values.get(last.number or 0)
        earlier = [n for n in values if n < (last.number or 0)]
        if now is None:
            if before.number in values:
                yield {"what": "no-form", "measure": title_of(own.measure)}
            continue
        was = values[max(earlier)] if earlier else None
        yield {
            "what": "score",
            "measure": title_of(own.measure),
            "now": now,
            "was": was,
            "better": None if was in (None, now) else better(own, was, now),
            "outside": outside(own, following.baseline, last.number or 0, now),
            "doubtful": own.measure in last.doubtful,
            "symptoms": own.measure in SYMPTOMS,
        }


def better(own: Series, was: float | None, now: float) -> bool:
    """Whether the score moved to the good side of its scale."""
    high = own.scale.higher_is_better if own.scale else True
    return (now > (was or 0.0)) == high


def outside(own: Series, baseline: int, number: int, value: float) -> bool | None:
    """Whether a score lies beyond this client's limits; None while there are none for it."""
    try:
        made = limits(own, baseline)
    except InputError:
        return None
    if not made.sigma or number in made.baseline:
        return None
    return not made.lower <= value <= made.upper


def changed_visits(following: Following, last: Appointment) -> Iterator[Reason]:
    """How late the client came, and what was missed since the session before."""
    if last.visit is not None and last.visit.status == "late":
        yield {"what": "late", "minutes": last.visit.minutes_late}
    place_ = following.sessions.index(last)
    for a in reversed(following.sessions[:place_]):
        if a.number is not None:
            break
        if a.visit is not None and a.visit.status in ("no_show", "cancelled"):
            yield {"what": a.visit.status, "date": str(a.date), "since": False}
    for a in following.sessions[place_ + 1 :]:
        if a.visit is not None and a.visit.status in ("no_show", "cancelled"):
            yield {"what": a.visit.status, "date": str(a.date), "since": True}


def mended(following: Following, last: Appointment) -> Iterator[Reason]:
    """A strain that was left standing and looks repaired in the last session."""
    for signal in following.signals:
        if signal.rule == REPAIRED and signal.session == last.number:
            since = next((e.value for e in signal.evidence if e.value is not None), 0)
            yield {"what": "mended", "since": int(since or 0)}
