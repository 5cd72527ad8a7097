"""What the readers of a packet see, from the packet's own rows alone, on a page or on paper."""

from __future__ import annotations

from typing import Any

from django.utils import formats, timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from reattune import __version__
from reattune.codebook import code
from reattune.report import packet as paper
from reattune.report.transcript import pieces
from reattune.report.words import STATES, percent
from reattune.web.reviews.regions import intensity_name, kind_name, role_name, translated
from reattune.web.sharing.models import Line, Moment, Packet


def view(packet: Packet) -> paper.Packet:
    """The packet as it was confirmed, in the language of whoever reads it."""
    moments = packet.moments.prefetch_related("lines")
    return paper.Packet(
        language=get_language() or "en",
        title=_("Moments for supervision"),
        confidential=confidential(packet),
        made=_("%(from)s, by Reattune %(version)s")
        % {"from": packet.client.therapist, "version": __version__},
        question=packet.question,
        moments=tuple(excerpt(moment) for moment in moments),
        course=tuple(course_told(packet.course)),
        limits=limits(),
        labels={
            "question": _("The question"),
            "course": _("The course in short"),
            "note": _("Note:"),
            "page": _("Page"),
        },
    )


def confidential(packet: Packet) -> str:
    """For whom a packet is, and until when."""
    names = ", ".join(str(one.user) for one in packet.readers.select_related("user"))
    told = _("Confidential. For %(names)s, until %(day)s; pass it on to nobody.")
    return told % {"names": names, "day": day(packet)}


def day(packet: Packet) -> str:
    """The day on which a packet is over."""
    assert packet.until is not None
    return formats.date_format(timezone.localtime(packet.until), "DATE_FORMAT")


def limits() -> tuple[str, ...]:
    """What flags and placeholders are worth."""
    return (
        _("A flag is a prompt to look, never a verdict; what the therapist confirmed says so."),
        _("Words in square brackets stand for names, places and the like. Something may have been "
          "missed: whatever tells you who this is, keep it to yourself and tell the therapist."),
    )  # fmt: skip


# Moments


def excerpt(moment: Moment) -> paper.Excerpt:
    """One moment."""
    return paper.Excerpt(
        title=title_of(moment),
        note=moment.note,
        episodes=tuple(episode_told(one) for one in moment.episodes),
        lines=tuple(spoken(line) for line in moment.lines.all()),
    )


def title_of(moment: Moment) -> str:
    """Which turns of which session, by number."""
    told = {"session": moment.number, "a": moment.first + 1, "b": moment.last}
    if moment.size == 1:
        return _("Session %(session)s, turn %(b)s") % told
    return _("Session %(session)s, turns %(a)s–%(b)s") % told


def spoken(line: Line) -> paper.Spoken:
    """One line, its speaker by role."""
    quotes = [line.text[start:end] for start, end in line.quoted]
    return paper.Spoken(
        number=line.number + 1,
        role=line.role,
        who=role_name(line.role),
        pieces=pieces(line.text, quotes),
        signs=tuple(sign(mark) for mark in line.marks),
    )


def sign(mark: dict[str, Any]) -> paper.Sign:
    """One flag: what the code means, not what was measured around it."""
    own = code(mark["code"])
    level = intensity_name(mark["intensity"]) if mark["intensity"] else ""
    sure = _("the therapist's own word")
    if not mark["confirmed"]:
        sure = _("%(percent)s sure") % {"percent": percent(mark["probability"])}
    return paper.Sign(
        family=own.family,
        name=translated(own.name),
        sure=", ".join(filter(None, (level, sure))),
        wrong="" if mark["confirmed"] else how_often_wrong(mark["wrong"]),
        why=translated(own.why),
        about=(
            translated(own.definition),
            f"{_('Not:')} {translated(own.is_not)}",
            f"{_('Another reading:')} {translated(own.other)}",
        ),
        confirmed=mark["confirmed"],
    )


def how_often_wrong(n: int | None) -> str:
    """How often such flags are wrong, as measured."""
    if n is None:
        return _("How often such flags are wrong was not measured for this setup.")
    told = _(
        "In evaluation, about %(n)s of 100 such flags were not confirmed by the reference labels."
    )
    return told % {"n": n}


# Course


def course_told(course: dict[str, Any]) -> list[str]:
    """The course in short, as sentences; nothing where it was left out."""
    if not course:
        return []
    n = course["sessions"]
    told = ngettext("%(n)s session so far,", "%(n)s sessions so far,", n) % {"n": n}
    read = ngettext("%(n)s of them read.", "%(n)s of them read.", course["read"])
    made = [f"{told} {read % {'n': course['read']}}"]
    if course["more"]:
        more = course["more"]
        text = ngettext(
            "%(n)s earlier episode is left out.", "%(n)s earlier episodes are left out.", more
        )
        made.append(text % {"n": more})
    for one in course["episodes"]:
        made.append(_("Session %(n)s: %(what)s") % {"n": one["session"], "what": episode_told(one)})
    return made if course["episodes"] else [*made, _("No episode of strain was found.")]


def episode_told(one: dict[str, str]) -> str:
    """An episode: kind, intensity, and how it stands as far as the words show."""
    kind, level = kind_name(one["kind"]), intensity_name(one["intensity"])
    state = translated(STATES[one["state"]].name)  # type: ignore[index]
    return f"{kind}, {level}. {state}."


def name_of(packet: Packet) -> str:
    """What a packet is called without naming the client: its moments by session."""
    moments = list(packet.moments.all())
    numbers = [str(n) for n in dict.fromkeys(moment.number for moment in moments)]
    if len(moments) == 1:
        return title_of(moments[0])
    told = ngettext("%(n)s moment", "%(n)s moments", len(moments)) % {"n": len(moments)}
    if not numbers:
        return told
    where = ngettext("session %(numbers)s", "sessions %(numbers)s", len(numbers))
    return f"{told}, {where % {'numbers': ', '.join(numbers)}}"
