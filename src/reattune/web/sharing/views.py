"""What a packet's readers see: that packet, on a page or as PDF, and what is said of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from reattune.report.packet import render_pdf
from reattune.report.words import clean
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.plans.views_sheet import paper_of
from reattune.web.sharing import hiding, packets, shown
from reattune.web.sharing.forms import CommentForm
from reattune.web.sharing.models import Packet


@gates.reader
def received(request: HttpRequest) -> HttpResponse:
    """The packets that hold, the latest first."""
    user = gates.user_of(request)
    held = with_talk(packets.open_to(user))
    gates.note(user, "packets.see", packets=len(held))
    return render(request, "sharing/received.html", {"rows": named(held)})


@gates.reader
def packet(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """One packet: its own text and nothing else. A POST says something of it."""
    user = gates.user_of(request)
    posted = request.method == "POST"
    found = gates.packet_of(user, id, "packet.comment" if posted else "packet.see")
    form = CommentForm(request.POST or None)
    again = said(request, found, user, form) if posted and form.is_valid() else form
    if again is None:
        return redirect("packet", found.pk)
    return render(request, "sharing/packet.html", page_of(found, user, again))


@gates.reader
def packet_pdf(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The same as a PDF."""
    return as_pdf(request, gates.packet_of(gates.user_of(request), id, "packet.pdf"))


def as_pdf(request: HttpRequest, packet: Packet) -> HttpResponse:
    """A confirmed packet as a PDF to keep as long as it is open."""
    made = render_pdf(shown.view(packet), paper_of(request))
    name = f"packet-{packet.pk.hex[:8]}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(made, content_type="application/pdf", headers=headers)


def with_talk(found: QuerySet[Packet]) -> QuerySet[Packet]:
    """Packets with how much was said of them and when last, and with their moments."""
    counted = found.annotate(said=Count("comments", distinct=True), spoke=Max("comments__at"))
    return counted.prefetch_related("moments", "readers__user")


def named(found: Iterable[Packet]) -> list[tuple[Packet, str]]:
    """Packets with what they are called."""
    return [(packet, shown.name_of(packet)) for packet in found]


def page_of(packet: Packet, user: User, form: CommentForm) -> dict[str, Any]:
    """What the page of a packet shows, to a reader or to the therapist."""
    comments, waiting = packets.comments_for(packet, user)
    return {
        "packet": packet,
        "name": shown.name_of(packet),
        "shown": shown.view(packet),
        "comments": comments,
        "waiting": waiting,
        "form": form,
        "readers": [one.user for one in packet.readers.select_related("user")],
    }


def said(request: HttpRequest, packet: Packet, user: User, form: CommentForm) -> CommentForm | None:
    """Keep a comment; None once it is kept.

    Where something in it looks like a name it is not kept yet: then a form comes back with that
    hidden, for its author to read.
    """
    typed, read = clean(form.cleaned_data["text"]), form.cleaned_data["read"]
    text = hiding.in_comment(packet, typed, read=read)
    if text != typed and not read:
        again = CommentForm({"text": text, "read": "1"})
        again.fields["text"].widget.attrs["autofocus"] = True
        return again
    packet.comments.create(author=user, text=text)
    messages.success(request, _("Your comment is there."))
    return None
