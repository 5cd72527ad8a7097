"""Sentences of the library's reports, said in the reader's language.

What was worked out when a session was read is kept as English sentences; those with numbers in them
are taken apart here and said anew. What has no translation stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from reattune.codebook import code
from reattune.report.view import wrong_of_100
from reattune.report.words import ROLES, clean, percent, plain_number, speaker_name
from reattune.thresholds import unproven_codes
from reattune.types import Analysis, Risk

MOST_NAMES = 6  # of those who speak; a group has more

PARTS = {
    "therapist": gettext_noop("therapist"),
    "client": gettext_noop("client"),
    "other": gettext_noop("other person"),
    "unknown": gettext_noop("unknown speaker"),
}
"""Role -> what it is called behind a name."""

SPEAKS = {
    "The therapist": gettext_noop("The therapist speaks of %(about)s."),
    "The client": gettext_noop("The client speaks of %(about)s."),
    "A third person": gettext_noop("A third person speaks of %(about)s."),
}
RISK = re.compile(r"Risk content present in turn \d+: follow your protocol\. (.+) speaks of (.+)\.")
FEW_WORDS = re.compile(
    r"(No|\d+) words?( after an open question)?; this client's turns usually have about (\d+)\."
)
SLOW = re.compile(r"It came after (\d+) seconds; usually about (\d+)\.")


def speaker_told(name: str) -> str:
    """A speaker's name, or the role that stands for it, as `speaker_name` gives it."""
    return clean(_(name) if name in ROLES.values() else name)


def figure(value: float) -> str:
    """A number as the reader's language writes it."""
    return formats.number_format(plain_number(value).replace(",", ""))


def people_told(analysis: Analysis) -> str:
    """Who speaks and in which role, such as "Ruth (therapist) and Tamsin (client)"."""
    turns = sorted(analysis.session.turns, key=lambda turn: turn.role != "therapist")
    seen = dict.fromkeys((speaker_name(turn), turn.role) for turn in turns)
    names = [
        speaker_told(name) if name == ROLES[role] else f"{clean(name)} ({_(PARTS[role])})"
        for name, role in list(seen)[:MOST_NAMES]
    ]
    if (more := len(seen) - MOST_NAMES) > 0:
        names.append(ngettext("%(n)s other", "%(n)s others", more) % {"n": more})
    if len(names) < 2:
        return "".join(names)
    return _("%(names)s and %(last)s") % {"names": ", ".join(names[:-1]), "last": names[-1]}


def habit_told(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    """The client's own habit as (name, value) pairs; empty if there is none."""
    own = analysis.baseline
    if own is None:
        return ()
    words = {"n": figure(own.words), "spread": figure(own.words_mad)}
    latency = _("not known, the transcript has no times")
    if own.latency is not None:
        latency = _("%(n)s seconds") % {"n": figure(own.latency)}
    return (
        (_("Words in a usual turn"), _("%(n)s (usual spread ±%(spread)s)") % words),
        (_("One or two words after an open question"), percent(own.short_answers)),
        (_("Usual time before the client speaks"), latency),
        (_("Words taken up from the therapist's last turn"), percent(own.overlap)),
    )


def rates_told(analysis: Analysis) -> Iterator[str]:
    """How often such flags are wrong and how much they miss, as sentences."""
    rates, wrong = analysis.reliability, wrong_of_100(analysis)
    if wrong is None:
        yield _("How often such flags are wrong was not measured for this setup.")
    else:
        text = _(
            "In evaluation, about %(n)s of 100 flagged turns were not confirmed by the reference "
            "labels."
        )
        yield text % {"n": wrong}
    if "sensitivity_any" in rates:
        text = _("Of 100 turns that those labels flag, about %(n)s were found.")
        yield text % {"n": round(100 * rates["sensitivity_any"])}
    if "false_episodes_per_100_turns" in rates:
        per = rates["false_episodes_per_100_turns"]
        here = per * len(analysis.session.turns) / 100
        text = _(
            "Expect about %(n)s unconfirmed episodes in 100 turns, and so about %(here)s in a "
            "session of this length."
        )
        yield text % {"n": figure(round(per, 1)), "here": figure(round(here, 1))}
    shown = {m.code for m in (*analysis.markers, *analysis.moves) if m.decided}
    if few := [_(code(id).name) for id in unproven_codes() if id in shown]:
        text = _(
            "Too few examples of real speech to know how well it does on these kinds named here: "
            "%(kinds)s."
        )
        yield text % {"kinds": ", ".join(few)}


def risk_told(risk: Risk) -> str:
    """Who speaks of what in a turn with risk content."""
    found = RISK.fullmatch(risk.why)
    if found is None:
        return clean(risk.why)
    who, about = found.groups()
    first = _("Risk content present in turn %(n)s: follow your protocol.") % {"n": risk.turn + 1}
    said = _(SPEAKS[who]) if who in SPEAKS else _("%(who)s speaks of %(about)s.")
    return clean(f"{first} {said % {'who': who, 'about': _(about)}}")


def facts_told(text: str) -> str:
    """What was counted in a flagged turn, as `markers.explain` says it behind the reason."""
    return SLOW.sub(_slow, FEW_WORDS.sub(_few_words, text))


def _few_words(found: re.Match[str]) -> str:
    count = 0 if found[1] == "No" else int(found[1])
    if not count:
        said = _("No words")
    else:
        said = ngettext("%(n)s word", "%(n)s words", count) % {"n": count}
    if found[2]:
        said = _("%(words)s after an open question") % {"words": said}
    usual = _("this client's turns usually have about %(n)s.") % {"n": found[3]}
    return f"{said}; {usual}"


def _slow(found: re.Match[str]) -> str:
    text = _("It came after %(n)s seconds; usually about %(usual)s.")
    return text % {"n": found[1], "usual": found[2]}
