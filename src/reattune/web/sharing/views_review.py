"""Reading what is hidden in a packet, hiding more, confirming it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from reattune.codebook import code
from reattune.errors import InputError
from reattune.redact import Review, Span
from reattune.web import gates
from reattune.web.reviews.regions import translated
from reattune.web.sharing import hiding, packets, shown, signs
from reattune.web.sharing.forms import NAMES, HideForm
from reattune.web.sharing.hiding import Part, Passage
from reattune.web.sharing.models import Moment, Packet


@dataclass(frozen=True, slots=True)
class Place:
    """A span on the page: its number to decide on it, what it hides, how it stands."""

    number: int
    words: str
    placeholder: str
    category: str
    state: str
    unsure: bool


@dataclass(frozen=True, slots=True)
class Read:
    """A passage on the page: its number, what it is, its parts, its places, a form for words.

    `opens` is the title of the moment that it opens; `flags` are those that go along with a turn.
    """

    number: int
    passage: Passage
    parts: tuple[Part, ...]
    places: tuple[Place, ...]
    form: HideForm
    opens: str
    flags: tuple[str, ...]


@gates.therapist
def review(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The packet with everything that is proposed to be hidden; a POST decides or hides more."""
    packet = packets.given_of(gates.user_of(request), id, "packet.review")
    if not packet.draft:
        return redirect("my-packet", packet.pk)
    if not packet.moments.exists() or not packet.question:
        messages.error(request, _("Choose a moment and write your question first."))
        return redirect("my-packet", packet.pk)
    found = hiding.passages(packet)
    now, changed = hiding.load(packet, found)
    if request.method == "POST" and not changed:
        return decided(request, packet, found, now)
    if changed:
        messages.warning(request, _("The words have changed since you read them. Read them again."))
    if changed or not packet.review:
        hiding.save(packet, now, found)
    return render(request, "sharing/review.html", read_of(packet, found, now))


def decided(
    request: HttpRequest, packet: Packet, found: list[Passage], now: Review
) -> HttpResponse:
    """Do what a button of the page asked for, and show the page again at that place."""
    if request.POST.get("version") != hiding.version(packet):
        messages.warning(request, str(packets.changed_since()))
        return redirect("packet-review", packet.pk)
    try:
        if "confirm" in request.POST:
            packets.confirm(packet, gates.user_of(request), request.POST["version"])
            messages.success(request, _("Confirmed. It is open to those whom it is for."))
            return redirect("my-packet", packet.pk)
        after, place = stepped(request, found, now)
        hiding.save(packet, after, found)
    except InputError as error:
        messages.error(request, str(error))
        place = request.POST.get("where", "")
    return redirect(f"{reverse('packet-review', args=[packet.pk])}#p{place}")


def stepped(request: HttpRequest, found: list[Passage], now: Review) -> tuple[Review, str]:
    """The review after one step, and the passage that it was in."""
    sent = request.POST
    if "words" in sent:
        return hidden_by_hand(request, found, now)
    for name, step in (("accept", now.accept), ("keep", now.reject), ("hide", now.accept)):
        for key, alike in ((name, False), (f"{name}-all", True)):
            number = sent.get(key, "")
            if number.isdecimal() and int(number) < len(now.spans):
                span = now.spans[int(number)]
                return step(*(now.alike(span) if alike else (span,))), str(span.turn)
    return now, ""


def hidden_by_hand(request: HttpRequest, found: list[Passage], now: Review) -> tuple[Review, str]:
    """Hide typed words in a passage, or everywhere."""
    form = HideForm(request.POST)
    if not form.is_valid():
        what = _("Type the words to hide, %(most)d characters at most.") % {
            "most": hiding.MOST_WORDS
        }
        raise InputError("words-not-there", what)
    data = form.cleaned_data
    where = data["where"]
    only = None if data["everywhere"] else where
    after = hiding.hide(now, hiding.texts_of(found), data["words"], data["category"], only)
    count = len(after.hidden) - len(now.hidden)
    messages.success(request, _("Hidden. Places newly hidden: %(n)d.") % {"n": count})
    return after, "" if where is None else str(where)


def read_of(packet: Packet, found: list[Passage], now: Review) -> dict[str, Any]:
    """What the page shows."""
    texts = hiding.texts_of(found)
    places = [place_of(i, span, now, texts) for i, span in enumerate(now.spans)]
    flags = flags_of(packet)
    rows = [row_of(i, found, now, places, flags) for i in range(len(found))]
    return {
        "packet": packet,
        "client": packet.client,
        "rows": rows,
        "seen": hiding.version(packet),
        "groups": groups(places),
        "unsure": [p for p in places if p.unsure],
        "still": hiding.still_there(now, texts),
        "course": shown.course_told(signs.course_of(packet.client)) if packet.with_course else [],
        "hidden": len(now.hidden),
        "everywhere": HideForm(auto_id="all_%s"),
        "readers": [one.user for one in packet.readers.select_related("user")],
        "consents": packet.client.consents_to("supervision"),
    }


def flags_of(packet: Packet) -> dict[tuple[int, int], list[str]]:
    """The flags that go along, by moment and turn."""
    made: dict[tuple[int, int], list[str]] = {}
    for moment in packet.moments.select_related("session"):
        turns = moment.session.turns.filter(number__gte=moment.first, number__lt=moment.last)
        for turn, markers in signs.markers_on(moment.session, turns).items():
            made[moment.pk, turn] = [translated(code(marker.code).name) for marker in markers]
    return made


def place_of(number: int, span: Span, now: Review, texts: list[str]) -> Place:
    """A span as the page shows it."""
    state = hiding.state_of(now, span)
    return Place(
        number=number,
        words=texts[span.turn][span.start : span.end],
        placeholder=span.placeholder,
        category=str(NAMES[span.category]),
        state=state,
        unsure=not state and span.sure < hiding.UNSURE,
    )


def row_of(
    number: int,
    found: list[Passage],
    now: Review,
    places: list[Place],
    flags: dict[tuple[int, int], list[str]],
) -> Read:
    """A passage as the page shows it."""
    passage = found[number]
    own = [
        (span, place) for span, place in zip(now.spans, places, strict=True) if span.turn == number
    ]
    hidden = [span for span, place in own if place.state != "rejected"]
    kept = [span for span, place in own if place.state == "rejected"]
    before = found[number - 1].moment if number else None
    opens = passage.moment is not None and passage.moment != before
    turn = (passage.moment.pk, passage.turn.number) if passage.moment and passage.turn else (0, 0)
    return Read(
        number=number,
        passage=passage,
        parts=tuple(hiding.parts(passage.text, hidden, kept)),
        places=tuple(place for _span, place in own),
        form=HideForm(initial={"where": number, "everywhere": True}, auto_id=f"p{number}_%s"),
        opens=title(passage.moment) if opens else "",
        flags=tuple(flags.get(turn, ())),
    )


def title(moment: Moment | None) -> str:
    """Which turns a moment shows."""
    return shown.title_of(moment) if moment else ""


def groups(places: list[Place]) -> list[dict[str, Any]]:
    """What stands behind each placeholder: its words, how often, whether all of it is kept."""
    made: dict[str, dict[str, Any]] = {}
    for place in places:
        own = made.setdefault(
            place.placeholder,
            {"placeholder": place.placeholder, "number": place.number, "words": {}, "count": 0,
             "kept": 0, "open": 0},
        )  # fmt: skip
        own["words"][place.words] = None
        own["count"] += 1
        own["kept"] += place.state == "rejected"
        own["open"] += not place.state
    return [
        own | {"words": list(own["words"]), "all": own["kept"] == own["count"]}
        for own in made.values()
    ]
