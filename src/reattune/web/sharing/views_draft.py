"""Making a packet: choosing moments, asking, saying for whom."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from reattune.errors import InputError
from reattune.report.words import clean
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.reviews.models import Session, Turn
from reattune.web.reviews.regions import intensity_name, kind_name
from reattune.web.sharing import packets, shown
from reattune.web.sharing.forms import DraftForm, MomentForm, RangeForm, note_field
from reattune.web.sharing.models import Packet

AROUND = 2  # turns offered before and after an episode


# Choosing turns of a session


@gates.therapist
def choose(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Choose turns of a session for a packet: look at them, put them in."""
    user = gates.user_of(request)
    session = gates.session_of(user, id, "packet.choose")
    looks = "look" in request.POST
    form = MomentForm(session, request.POST or None, initial=asked(request, session))
    if request.method == "POST" and not looks and form.is_valid():
        try:
            packet = taken(session, user, form)
        except InputError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The moment is in the packet."))
            return redirect("my-packet", packet.pk)
    if looks:
        form = MomentForm(session, initial=request.POST.dict())
    return render(request, "sharing/choose.html", around(request, session, form))


@transaction.atomic
def taken(session: Session, user: User, form: MomentForm) -> Packet:
    """Put the turns into the packet that was chosen, or into a new one."""
    packet: Packet = form.cleaned_data["packet"] or packets.start(session.client, user)
    packets.add(packet, session, *form.span, form.cleaned_data["note"])
    return packet


def asked(request: HttpRequest, session: Session) -> dict[str, Any]:
    """The turns and the packet that the address names, where it names any that are there."""
    form = RangeForm(session, request.GET)
    found = dict(form.cleaned_data) if form.is_valid() else {}
    return found | {"packet": request.GET.get("packet", "")}


def around(request: HttpRequest, session: Session, form: MomentForm) -> dict[str, Any]:
    """What the page shows around the form; `lines` are the turns as they stand in the session."""
    given = request.POST or request.GET
    chosen = RangeForm(session, given)
    return {
        "session": session,
        "client": session.client,
        "form": form,
        "range": chosen if "first" in given and not form.is_bound else None,
        "lines": turns_of(session, *chosen.span) if chosen.is_valid() else (),
        "consents": session.client.consents_to("supervision"),
        "somebody": packets.eligible(session.client).exists(),
        "offers": offers(session),
    }


def turns_of(session: Session, first: int, last: int) -> list[tuple[Turn, str]]:
    """Turns of one's own session with their text."""
    found = session.turns.filter(number__gte=first, number__lt=last)
    return [(turn, clean(turn.text)) for turn in found]


def offers(session: Session) -> list[tuple[str, int, int]]:
    """Each episode by name, with the turns around it, from 1, as many as one moment takes."""
    made = []
    for episode in session.episodes.all():
        first = max(episode.first + 1 - AROUND, 1)
        last = min(episode.until + AROUND, session.turn_count, first + packets.MOST_TURNS - 1)
        while last > first and packets.fault_of(session, first - 1, last):
            last -= 1
        name = f"{kind_name(episode.kind)}, {intensity_name(episode.intensity)}"
        made.append((name, first, last))
    return made


# The draft


def draft(request: HttpRequest, packet: Packet) -> HttpResponse:
    """A draft: its moments, the question, whom it is for. A POST keeps it and goes on to read.

    Taking a moment out and going for another one keep what was typed so far, as far as it can be.
    """
    form = DraftForm(request.POST or None, instance=packet)
    if request.method == "POST":
        whole, aside = form.is_valid(), aside_of(request, packet)
        if whole or aside:
            with transaction.atomic():
                packets.locked(packet)
                form.keep()
                packet.moments.filter(pk=aside.drop if aside else 0).delete()
            return redirect(aside.then if aside else reverse("packet-review", args=[packet.pk]))
    return render(request, "sharing/draft.html", drafted(packet, form))


@dataclass(frozen=True, slots=True)
class Aside:
    """A moment to take out, and the page to go to."""

    drop: int
    then: str


def aside_of(request: HttpRequest, packet: Packet) -> Aside | None:
    """What a button of the draft asked for beside going on, if one did."""
    drop, session = request.POST.get("drop", ""), request.POST.get("add", "")
    if drop.isdecimal():
        return Aside(int(drop), reverse("my-packet", args=[packet.pk]))
    own = {str(one.pk) for one in packet.client.sessions.all()}
    if session in own:
        return Aside(0, f"{reverse('share-make', args=[session])}?packet={packet.pk}")
    return None


def drafted(packet: Packet, form: DraftForm) -> dict[str, Any]:
    """What the page of a draft shows."""
    moments = [(m, shown.title_of(m), form[note_field(m)]) for m in form.moments]
    return {
        "packet": packet,
        "client": packet.client,
        "form": form,
        "moments": moments,
        "most": packets.MOST_MOMENTS,
        "full": len(moments) >= packets.MOST_MOMENTS,
        "sessions": packet.client.sessions.order_by("-number"),
        "consents": packet.client.consents_to("supervision"),
    }
