"""The regions of the session page that htmx swaps: each is a template, alone or in the page.

They are Jinja templates, as the report's are: a session of 300 turns takes them a tenth of the time
that Django's own templates take. Text goes through `_("...")`, which makemessages finds, and
sentences that count through the functions here.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

from django.utils import formats, timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from reattune import guidance
from reattune.codebook import Code
from reattune.report.consider import load_guidance
from reattune.report.pages import new_environment
from reattune.report.transcript import pieces
from reattune.report.view import Flag, Told
from reattune.report.words import clean, percent, shorten
from reattune.types import Episode, Role
from reattune.web.reviews.page import NEAR, Card, Line, Mark, Tally, marked_up, role_told
from reattune.web.reviews.told import facts_told, speaker_told

if TYPE_CHECKING:
    from jinja2 import Environment

NAMES = ("overview", "notes", "episodes", "turns")
QUOTE = 320  # characters of a quote in a card; the transcript has the whole turn
MIDDLE = {"withdrawal": 22, "confrontation": 18, "mixed": 20}
"""Kind -> where the letters of its tag stand."""

KINDS = {
    "withdrawal": gettext_noop("Withdrawal"),
    "confrontation": gettext_noop("Confrontation"),
    "mixed": gettext_noop("Mixed"),
}
FAMILIES = {
    "withdrawal": gettext_noop("Withdrawal"),
    "confrontation": gettext_noop("Confrontation"),
    "repair": gettext_noop("Repair move"),
    "misstep": gettext_noop("Misstep"),
}
INTENSITIES = {"micro": gettext_noop("micro"), "major": gettext_noop("major")}
ROLES = {
    "therapist": gettext_noop("Therapist"),
    "client": gettext_noop("Client"),
    "other": gettext_noop("Other person"),
    "unknown": gettext_noop("Unknown speaker"),
}


_language: ContextVar[str | None] = ContextVar("language", default=None)


def render(name: str, context: dict[str, Any]) -> SafeString:
    """A region: "overview", "episodes", "notes" or "turns"."""
    language = get_language()
    own = _language.set(language)
    try:
        say = partial(remembered, language)
        html = environment().get_template(f"{name}.html").render(context | {"_": say})
    finally:
        _language.reset(own)
    return mark_safe(html)  # the environment escapes


def language_now() -> str | None:
    """The page's language; Django's own answer takes long where a page asks a thousand times."""
    return _language.get() or get_language()


@cache
def environment() -> Environment:
    """The templates of `jinja/`, with the words they use."""
    made = new_environment("reattune.web.reviews", "jinja")
    told = (episodes_told, moves_told, signs_told, span_told, been_through, tally_told, told_short)
    named = (kind_name, family_name, intensity_name, speaker_told, quoted, why, moment)
    parts = (stamp, who, about, instead, symbol, wrong, buttons)
    made.filters |= {f.__name__: f for f in (*told, *named, *parts, clean, percent)}
    made.globals |= {"MIDDLE": MIDDLE, "SOURCES": load_guidance().sources}
    return made


def translated(text: str) -> str:
    """A text in the page's language. A page asks for the same few hundred some thousand times."""
    return remembered(language_now(), text)


@lru_cache(maxsize=4096)
def remembered(language: str | None, text: str) -> str:  # noqa: ARG001
    """The same, looked up once a language."""
    return _(text)


# Names


def kind_name(kind: str) -> str:
    """What a kind of episode is called."""
    return translated(KINDS[kind])


def family_name(family: str) -> str:
    """What a family of codes is called."""
    return translated(FAMILIES[family])


def intensity_name(intensity: str) -> str:
    """What an intensity is called."""
    return translated(INTENSITIES[intensity])


def role_name(role: str) -> str:
    """What a role is called."""
    return translated(ROLES[role])


def quoted(text: str) -> SafeString:
    """Words of a session, shortened, with marks such as [laughs] set off."""
    return marked_up(pieces(shorten(text, QUOTE), []))


def why(flag: Flag) -> str:
    """The reason of a flag: that of its label, and what was counted in this turn."""
    own, said = flag.code.why, flag.marker.why
    whole = translated(own) + facts_told(said.removeprefix(own)) if said.startswith(own) else said
    return clean(whole)


def moment(at: datetime) -> str:
    """A time in the user's zone."""
    return formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")


# What stands on every turn: written here, for a template takes twice as long for it


def stamp(line: Line) -> SafeString:
    """The turn's number, and when it was said."""
    number, time = line.row.number, line.row.time
    label = f"{translated(gettext_noop('Turn'))} {number}"
    timed = f"<span>{time}</span>" if time else ""
    link = f'<a href="#t{number}" aria-label="{escape(label)}">{number}</a>'
    return mark_safe(f'<span class="stamp">{link}{timed}</span>')


def who(line: Line) -> SafeString:
    """Who speaks, and in which role where the name does not say it."""
    return who_told(language_now(), line.row.speaker, line.row.turn.role)


@lru_cache(maxsize=256)
def who_told(language: str | None, speaker: str, role: Role) -> SafeString:  # noqa: ARG001
    """The same, made once a speaker."""
    own = role_told(speaker, role)
    said = f" <span>{escape(own)}</span>" if own else ""
    return mark_safe(f"<bdi>{escape(speaker_told(speaker))}</bdi>{said}")


def buttons(mark: Mark, number: int) -> SafeString:
    """What can be said of a flag or a near miss: each a button of the page's form."""
    if mark.said:
        offered = [("cleared", gettext_noop("Take back"), "u")]
    elif mark.state == NEAR:
        offered = [
            ("confirmed", gettext_noop("It is one"), "c"),
            ("dismissed", gettext_noop("It is none"), "d"),
        ]
    else:
        offered = [
            ("confirmed", gettext_noop("Confirm"), "c"),
            ("dismissed", gettext_noop("Dismiss"), "d"),
        ]
    of, form = f"{number} {escape(mark.key)}", 'class="small" form="judge" name="say"'
    told = [(verdict, escape(translated(text)), key) for verdict, text, key in offered]
    made = (
        f'<button {form} value="{verdict} {of}" data-key="{key}">{text}</button>'
        for verdict, text, key in told
    )
    return mark_safe(" ".join(made))


def about(code: Code) -> SafeString:
    """What a code is, is not, and how else it can be read."""
    return about_told(language_now(), code)


@cache
def about_told(language: str | None, code: Code) -> SafeString:  # noqa: ARG001
    """The same, made once a language."""
    told = (
        _(code.definition),
        f"{_('Not:')} {_(code.is_not)}",
        f"{_('Another reading:')} {_(code.other)}",
    )
    return mark_safe("".join(f"<p>{escape(text)}</p>" for text in told))


@cache
def symbol(family: str) -> SafeString:
    """The sign of a family."""
    shape = family if family in ("repair", "misstep") else "sign"
    svg = 'width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true"'
    return mark_safe(f'<svg class="sym {family}" {svg}><use href="#sym-{shape}"/></svg>')


def wrong(of_100: int | None) -> str:
    """How often such flags did not hold in evaluation."""
    return wrong_told(language_now(), of_100)


@cache
def wrong_told(language: str | None, of_100: int | None) -> str:  # noqa: ARG001
    """The same, made once a language."""
    if of_100 is None:
        return _("How often such flags are wrong was not measured for this setup.")
    told = _(
        "In evaluation, about %(n)s of 100 such flags were not confirmed by the reference labels."
    )
    return told % {"n": of_100}


def instead(code: Code) -> SafeString:
    """Why a misstep may land badly, and what could be said instead, from guidance."""
    return instead_told(language_now(), code.id)


@cache
def instead_told(language: str | None, id: str) -> SafeString:  # noqa: ARG001
    """The same, made once a language; guidance speaks English."""
    own = guidance.load().missteps[id]
    first, *others = (f"<q>{escape(text.text)}</q>" for text in own.instead)
    lands = f"{escape(own.lands.badly.text)} {escape(own.lands.well.text)}"
    more = "".join(f'<p lang="en">{other}</p>' for other in others)
    summary = escape(_("Other wordings"))
    told = f'<p class="instead">{escape(_("Instead:"))} <span lang="en">{first}</span></p>'
    rest = f'<details class="instead"><summary>{summary}</summary>{more}</details>'
    return mark_safe(f'<p class="lands" lang="en">{lands}</p>{told}{rest if others else ""}')


# Sentences


def episodes_told(n: int) -> str:
    """How many episodes there are."""
    return ngettext("%(n)s episode of strain:", "%(n)s episodes of strain:", n) % {"n": n}


def moves_told(n: int) -> str:
    """How many repair moves and missteps there are."""
    one = "The one repair move or misstep of the session"
    return ngettext(one, "All %(n)s repair moves and missteps of the session", n) % {"n": n}


def span_told(episode: Episode) -> str:
    """Which turns an episode covers, from 1."""
    if episode.last - episode.first == 1:
        return _("turn %(n)s") % {"n": episode.last}
    return _("turns %(a)s–%(b)s") % {"a": episode.first + 1, "b": episode.last}


def told_short(told: Told) -> str:
    """An episode in a line."""
    kind, level = kind_name(told.episode.kind), intensity_name(told.episode.intensity)
    return f"{told.tag}: {kind}, {level}, {span_told(told.episode)}. {_(told.state.name)}."


def signs_told(card: Card) -> str:
    """How many signs an episode has, and how many of them people settled."""
    told = ngettext("%(n)s sign", "%(n)s signs", card.signs) % {"n": card.signs}
    own = _("%(n)s settled by you") % {"n": card.settled}
    return f"{told}, {own}" if card.settled else told


def been_through(tally: Tally) -> str:
    """How far the therapist has come with the flags."""
    n, every = tally.judged, tally.flags
    if not every:
        return ""
    if n == every:
        done = ngettext(
            "You have been through the one flag.", "You have been through all %(n)s flags.", n
        )
        return done % {"n": n}
    if n:
        return _("You have been through %(n)s of %(all)s flags.") % {"n": n, "all": every}
    open_ = ngettext(
        "%(n)s flag, not judged by you yet.",
        "%(n)s flags, none judged by you yet.",
        every,
    )
    return open_ % {"n": every}


def tally_told(tally: Tally) -> str:
    """What was said of the flags, in numbers."""
    counts = (
        (tally.confirmed, _("%(n)s confirmed")),
        (tally.dismissed, _("%(n)s dismissed")),
        (tally.relabeled, _("%(n)s relabeled")),
        (tally.added, _("%(n)s added by you")),
    )
    parts = [text % {"n": n} for n, text in counts if n]
    if tally.episodes:
        seen = {"n": tally.noticed, "all": tally.episodes}
        parts.append(_("%(n)s of %(all)s noticed at the time") % seen)
    return " · ".join(parts)
