"""What a therapist gave to others: seeing it as they do, opening comments, ending it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.web import gates
from reattune.web.sharing import packets, shown
from reattune.web.sharing.forms import CommentForm
from reattune.web.sharing.models import Packet
from reattune.web.sharing.views import as_pdf, page_of, said, with_talk
from reattune.web.sharing.views_draft import draft

A_PAGE = 30


@gates.therapist
def mine(request: HttpRequest) -> HttpResponse:
    """One's packets, drafts too, the latest first, with what became of them."""
    user = gates.user_of(request)
    gates.note(user, "packets.given")
    found = with_talk(packets.given_by(user)).prefetch_related("client__consents")
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    rows = [(packet, shown.name_of(packet), packets.is_open(packet)) for packet in page]
    return render(request, "sharing/mine.html", {"page": page, "rows": rows})


@gates.therapist
def one(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """One packet as its readers see it, or the draft. A POST says something while it is open."""
    user = gates.user_of(request)
    posted = request.method == "POST"
    packet = packets.given_of(user, id, "packet.comment" if posted else "packet.given")
    if packet.draft:
        return draft(request, packet)
    open_now = packets.is_open(packet)
    form = CommentForm(request.POST or None)
    if posted and not open_now:
        messages.error(request, _("This packet is over; nobody would read the comment."))
        return redirect("my-packet", packet.pk)
    again = said(request, packet, user, form) if posted and form.is_valid() else form
    if again is None:
        return redirect("my-packet", packet.pk)
    return render(request, "sharing/given.html", page_of(packet, user, again) | {"open": open_now})


@gates.therapist
def pdf(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The PDF as its readers get it, for one's own file; none of a draft."""
    packet = confirmed(packets.given_of(gates.user_of(request), id, "packet.pdf"))
    return as_pdf(request, packet)


def confirmed(packet: Packet) -> Packet:
    """The packet; Http404 for a draft."""
    if packet.draft:
        raise Http404
    return packet


@require_POST
@gates.therapist
def end(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """End a packet at once."""
    packet = confirmed(packets.given_of(gates.user_of(request), id, "packet.end"))
    packets.end(packet)
    messages.success(request, _("Ended. Nobody can open it any more."))
    return redirect("my-shares")


@require_POST
@gates.therapist
def open_comments(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Let the readers of a blind round read all comments."""
    packet = confirmed(packets.given_of(gates.user_of(request), id, "packet.open-comments"))
    packets.open_comments(packet)
    messages.success(request, _("Everybody now reads all comments."))
    return redirect("my-packet", packet.pk)


@require_POST
@gates.therapist
def delete(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Delete a draft, or a packet with its comments; an open one is closed by that."""
    packet = packets.given_of(gates.user_of(request), id, "packet.delete")
    packet.delete()
    messages.success(request, _("The packet is deleted."))
    return redirect("my-shares")
