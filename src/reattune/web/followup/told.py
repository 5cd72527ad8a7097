"""Reasons and changes as sentences, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from django.urls import reverse
from django.utils import formats
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from reattune.charts import number
from reattune.web.followup.episodes import Told
from reattune.web.followup.reasons import Reason

ANY = "00000000-0000-4000-8000-000000000000"  # a key that no record has

GROUPS = {
    "risk": gettext_lazy("Risk content"),
    "strain": gettext_lazy("Open strain"),
    "scores": gettext_lazy("Scores moved"),
    "absence": gettext_lazy("Absence"),
    "new": gettext_lazy("New to read"),
    "pending": gettext_lazy("Being worked out"),
    "quiet": gettext_lazy("Nothing new"),
}
"""What the groups of the caseload are called, in the order of the page."""

MEANINGS = {
    "risk": gettext_lazy(
        "Words or answers in the latest session, or in one not opened yet. Follow your own "
        "protocol first. The screen misses things, and says nothing about how great a risk is."
    ),
    "strain": gettext_lazy(
        "A major or confirmed episode of the last three sessions that nobody has taken up yet."
    ),
    "scores": gettext_lazy(
        "A score got worse than is usual for this client, or answers ask for a word."
    ),
    "absence": gettext_lazy("Missed or late more often than is this client's way."),
    "new": gettext_lazy("Sessions and forms that you have not opened yet, and files that wait."),
    "pending": gettext_lazy("Their records are being read for the first time."),
    "quiet": gettext_lazy("That says little by itself: quiet strain is easily missed."),
}
KINDS = {
    "withdrawal": gettext_lazy("withdrawal"),
    "confrontation": gettext_lazy("confrontation"),
    "mixed": gettext_lazy("mixed"),
}
KIND_MEANINGS = {
    "withdrawal": gettext_lazy("the client moves away from you or the work"),
    "confrontation": gettext_lazy("the client moves against you or the work"),
    "mixed": gettext_lazy("the client moves both away and against"),
}
INTENSITIES = {"micro": gettext_lazy("micro"), "major": gettext_lazy("major")}
STATES = {
    "unnoticed": gettext_lazy("not taken up"),
    "addressed": gettext_lazy("taken up"),
    "repaired": gettext_lazy("looks repaired"),
    "mishandled": gettext_lazy("may have widened"),
    "open": gettext_lazy("left open"),
}
CLOSINGS = {
    "repaired": gettext_lazy("repaired"),
    "repaired_in_part": gettext_lazy("repaired in part"),
    "accepted_unrepaired": gettext_lazy("accepted as unrepaired"),
    "ended": gettext_lazy("ended with a goodbye"),
    "set_aside": gettext_lazy("set aside: no strain"),
}
"""How a person closed a rupture."""

STANDINGS = {**CLOSINGS, "watched": gettext_lazy("watched"), "open": gettext_lazy("open")}
TOPICS = {
    "suicide": gettext_lazy("suicide"),
    "self-harm": gettext_lazy("self-harm"),
    "harm to others": gettext_lazy("harm to others"),
    "abuse": gettext_lazy("abuse"),
}
FIGURES = {
    "with_rupture": gettext_lazy("Clients with a strain"),
    "with_major_rupture": gettext_lazy("Clients with a major strain"),
    "never_addressed": gettext_lazy("Strains never taken up"),
    "alliance_after_repair": gettext_lazy("Alliance after repair"),
    "sessions_to_repair": gettext_lazy("Sessions until repair"),
    "sessions_to_later_repair": gettext_lazy("Sessions until a later repair"),
    "noticed": gettext_lazy("Strains noticed at the time"),
    "noticed_withdrawal": gettext_lazy("Withdrawal noticed at the time"),
    "noticed_confrontation": gettext_lazy("Confrontation noticed at the time"),
}
ABSENCES = {
    "missed": gettext_lazy("Appointments missed"),
    "late": gettext_lazy("Coming late"),
    "irregular": gettext_lazy("Missed or late"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, and the address of the moment it is about, "" for none."""

    text: str
    href: str = ""


Said = tuple[str, str]
"""A sentence, and where it leads."""


def day(text: str | None) -> str:
    """A date of JSON as people write it."""
    return written(text, get_language() or "") if text else ""


@lru_cache(maxsize=4096)
def written(text: str, language: str) -> str:
    """A date as people write it in a language, remembered: a caseload shows hundreds."""
    del language
    return formats.date_format(date.fromisoformat(text), "DATE_FORMAT")


def word(words: Mapping[str, Any], name: str) -> str:
    """What something is called; its own name where nobody gave it another."""
    return str(words.get(name, name))


def named(measure: str) -> str:
    """A form's name, translated where it is one of ours."""
    return measure and _(measure)


def moment(session: str | None, turn: int | None = None) -> str:
    """The address of a session's page, at a turn (from 0); "" without a session."""
    if not session:
        return ""
    return address("session", session) + ("" if turn is None else f"#t{turn + 1}")


def address(name: str, key: Any) -> str:
    """The address of a page about one record."""
    before, _, after = around(name).partition(ANY)
    return f"{before}{key}{after}"


@cache
def around(name: str) -> str:
    """The address of such a page about ANY: looking it up is slow where hundreds are shown."""
    return reverse(name, args=[ANY])


def so_far(sessions: int, last: date | None) -> str:
    """How many sessions were held, and when the last one was."""
    return counted(sessions, last, get_language() or "")


@lru_cache(maxsize=4096)
def counted(sessions: int, last: date | None, language: str) -> str:
    """As `so_far`, in the language that is active."""
    if last is None:
        return _("No session yet")
    text = ngettext("One session, %(day)s", "%(count)s sessions, last %(day)s", sessions)
    return text % {"count": sessions, "day": written(last.isoformat(), language)}


# Reasons


def say(reason: Reason, client: Any, language: str = "") -> Line:
    """A reason in a line; without a moment of its own it leads to the client's page.

    `language` is the one that is active, if the caller knows it.
    """
    text, href = spoken(tuple(reason.items()), language or get_language() or "")
    return Line(text, href or address("client", client) + PARTS.get(reason["why"], ""))


@lru_cache(maxsize=16384)
def spoken(reason: tuple[tuple[str, Any], ...], language: str) -> Said:
    """The sentence and the moment of a reason, remembered: a caseload has hundreds."""
    del language
    told = dict(reason)
    return SAID[told["why"]](told)


PARTS = {"scores": "#timeline", "absence": "#timeline"}
"""The part of the client's page that a reason without a moment leads to."""


def say_risk(reason: Reason) -> Said:
    """Risk content of words or of a form."""
    if reason["what"] == "answer":
        told = {"measure": named(reason["measure"]), "day": day(reason["date"])}
        text = _("Session of %(day)s: an answer of %(measure)s asks for your risk protocol")
        return text % told, ""
    topics = ", ".join(word(TOPICS, topic) for topic in reason["topics"].split(","))
    told = {"topics": topics, "day": day(reason["date"])}
    text = _("Session of %(day)s: words on %(topics)s") % told
    return text, moment(reason["session"], reason["turn"])


def say_strain(reason: Reason) -> Said:
    """An open episode."""
    told = {
        "kind": word(KINDS, reason["kind"]),
        "intensity": word(INTENSITIES, reason["intensity"]),
        "state": word(STATES, reason["state"]),
        "day": day(reason["date"]),
    }
    text = _("Session of %(day)s: %(intensity)s strain (%(kind)s), %(state)s") % told
    if reason["more"]:
        more = ngettext("and one more", "and %(count)s more", reason["more"])
        text = f"{text}; {more % {'count': reason['more']}}"
    return text, moment(reason["session"], reason["turn"])


def say_scores(reason: Reason) -> Said:
    """A score that got worse."""
    told = {"measure": named(reason["measure"]), "day": day(reason["date"])}
    if reason["prompt"]:
        return _("Session of %(day)s: answers of %(measure)s worth a word") % told, ""
    return _("Session of %(day)s: %(measure)s got worse than is usual") % told, ""


def say_absence(reason: Reason) -> Said:
    """Attendance that is not this client's way."""
    text = word(ABSENCES, reason["rule"])
    text = f"{text} ({day(reason['date'])})" if reason["date"] else text
    return (f"{text}; {_('not enough by itself')}" if reason["alone"] else text), ""


def say_new(reason: Reason) -> Said:
    """A session or a form that nobody opened yet, or a file that waits for a word."""
    return NEWS[reason["what"]](reason)


def say_unread(reason: Reason) -> Said:
    """A session that was read and never opened."""
    count = reason["episodes"]
    told = {"day": day(reason["date"]), "count": count}
    if count:
        text = ngettext(
            "Session of %(day)s: one episode of strain",
            "Session of %(day)s: %(count)s episodes of strain",
            count,
        )
    else:
        text = _("Session of %(day)s: no strain that stands out")
    text = text % told
    if reason["more"]:
        more = ngettext("and one more session", "and %(count)s more sessions", reason["more"])
        text = f"{text}; {more % {'count': reason['more']}}"
    return text, moment(reason["session"], reason["turn"])


def say_form(reason: Reason) -> Said:
    """A form that the client sent."""
    told = {"measure": named(reason["measure"]), "day": day(reason["date"])}
    return _("%(measure)s answered, about the session of %(day)s") % told, ""


def say_roles(reason: Reason) -> Said:
    """A transcript in which it is not clear who the therapist is."""
    text = _("Session of %(day)s: tell who the therapist is") % {"day": day(reason["date"])}
    return text, moment(reason["session"])


def say_failed(reason: Reason) -> Said:
    """A transcript that could not be read."""
    text = _("Session of %(day)s could not be read") % {"day": day(reason["date"])}
    return text, moment(reason["session"])


NEWS: dict[str, Callable[[Reason], Said]] = {
    "session": say_unread,
    "form": say_form,
    "roles": say_roles,
    "failed": say_failed,
}
SAID: dict[str, Callable[[Reason], Said]] = {
    "risk": say_risk,
    "strain": say_strain,
    "scores": say_scores,
    "absence": say_absence,
    "new": say_new,
}


def is_news(reason: Reason, looked: datetime | None) -> bool:
    """Whether a form was sent since the therapist last opened the client's page."""
    if reason.get("what") != "form" or looked is None:
        return True
    return datetime.fromisoformat(reason["at"]) > looked


# Changes


def say_change(change: Reason) -> Line:
    """A change since the last session, in a sentence."""
    return CHANGES[change["what"]](change)


def change_words(change: Reason) -> Line:
    """How many episodes, and how many in the session before."""
    now, before = change["now"], change["before"]
    if now:
        text = ngettext(
            "Words: one episode of strain", "Words: %(count)s episodes of strain", now
        ) % {"count": now}
        parts = []
        if change["major"]:
            parts.append(_("%(count)s major") % {"count": change["major"]})
        if change["open"]:
            parts.append(_("%(count)s not taken up or left open") % {"count": change["open"]})
        text = f"{text} ({', '.join(parts)})" if parts else text
    else:
        text = _("Words: no strain that stands out")
    if before is not None:
        text = f"{text}; {_('%(count)s in the session before') % {'count': before}}"
    return Line(f"{text}.", moment(change["session"]))


def change_no_words(change: Reason) -> Line:
    """That the last session has no words that were read."""
    return Line(_("Words: the last session has none that were read."), moment(change["session"]))


def change_score(change: Reason) -> Line:
    """A score beside the one before."""
    told = {"measure": named(change["measure"]), "now": number(change["now"])}
    if change["was"] is None:
        text = _("%(measure)s: %(now)s, the first score") % told
    elif change["better"] is None:
        text = _("%(measure)s: %(now)s, as before") % told
    else:
        told["was"] = number(change["was"])
        better = _("%(measure)s: from %(was)s to %(now)s, better")
        worse = _("%(measure)s: from %(was)s to %(now)s, worse")
        text = (better if change["better"] else worse) % told
    if change["doubtful"]:
        text = f"{text}; {_('it may have been clicked through, ask')}"
    elif change["outside"] is not None:
        beyond, within = _("beyond what is usual for this client"), _("within what is usual")
        text = f"{text}; {beyond if change['outside'] else within}"
    return Line(f"{text}.")


def change_no_form(change: Reason) -> Line:
    """That a form of the session before was not answered this time."""
    return Line(_("%(measure)s: not answered this time.") % {"measure": named(change["measure"])})


def change_late(change: Reason) -> Line:
    """How late the client came."""
    if not change["minutes"]:
        return Line(_("Attendance: came late."))
    count = round(change["minutes"])
    text = ngettext(
        "Attendance: came %(count)s minute late.", "Attendance: came %(count)s minutes late.", count
    )
    return Line(text % {"count": count})


def change_no_show(change: Reason) -> Line:
    """That the client did not come."""
    return Line(_("Attendance: did not come on %(day)s.") % {"day": day(change["date"])})


def change_cancelled(change: Reason) -> Line:
    """That an appointment was called off."""
    text = _("Attendance: the appointment of %(day)s was canceled.")
    return Line(text % {"day": day(change["date"])})


def change_mended(change: Reason) -> Line:
    """That a strain of an earlier session looks repaired."""
    text = _("Repair: what was left standing in session %(number)s looks repaired.")
    return Line(text % {"number": change["since"]})


CHANGES: dict[str, Callable[[Reason], Line]] = {
    "words": change_words,
    "no-words": change_no_words,
    "score": change_score,
    "no-form": change_no_form,
    "late": change_late,
    "no_show": change_no_show,
    "cancelled": change_cancelled,
    "mended": change_mended,
}


# Episodes


def episode_words(one: Told) -> dict[str, str]:
    """An episode's kind, intensity and state as people call them."""
    return {
        "kind": word(KINDS, one.kind),
        "meaning": word(KIND_MEANINGS, one.kind),
        "intensity": word(INTENSITIES, one.intensity),
        "state": word(CLOSINGS, one.closed) if one.closed else word(STATES, one.state),
    }
