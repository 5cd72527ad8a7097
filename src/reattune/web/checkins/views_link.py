"""Making a one-time link, and sending it where the clinic set up e-mail."""

from __future__ import annotations

import smtplib
import uuid

import segno
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.web import gates
from reattune.web.checkins import links
from reattune.web.checkins.forms import LinkForm, SendForm
from reattune.web.checkins.instruments import instrument_for
from reattune.web.checkins.models import Link
from reattune.web.checkins.phrases import phrases, reminder

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")


@gates.therapist
def make(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Make a link; it is shown in the answer, this once."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "checkins.see")
    form = LinkForm(client, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        chosen = {k: form.cleaned_data[k] for k in ("measure", "language", "about", "days")}
        with transaction.atomic():
            link, token = links.make(client, user, **chosen)
            gates.note(user, "link.make", target=f"link:{link.pk}", client=client)
        return made(request, link, token, SendForm(initial={"token": token}))
    context = {"client": client, "form": form, "loopback": is_loopback(request)}
    return render(request, "checkins/link_make.html", context)


@require_POST
@gates.therapist
def send(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Send a link to the address typed; Http404 without e-mail or for a link that is not open."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "checkins.see")
    form = SendForm(request.POST)
    try:
        link = links.find(form.data.get("token", ""))
    except links.Closed as error:
        raise Http404 from error
    if link.client_id != client.pk or not can_send():
        raise Http404
    done = form.is_valid() and deliver(request, link, form)
    if done:
        gates.note(user, "link.send", target=f"link:{link.pk}", client=client)
    return made(request, link, form.data["token"], form, sent=done)


def deliver(request: HttpRequest, link: Link, form: SendForm) -> bool:
    """Whether the message was handed to the mail server; else the form says why not."""
    text = text_of(request, link, form.cleaned_data["token"])
    subject = phrases(link.language).subject
    try:
        EmailMessage(subject, text, to=[form.cleaned_data["address"]]).send()
    except (smtplib.SMTPException, OSError):
        what = _("The mail server did not take the message; nothing was sent.")
        remedy = _("Copy the text and send it yourself.")
        form.add_error("address", f"{what} {remedy}")
        return False
    return True


def made(
    request: HttpRequest, link: Link, token: str, form: SendForm, *, sent: bool = False
) -> HttpResponse:
    """The page with a new link."""
    url = url_of(request, token)
    context = {
        "client": link.client,
        "link": link,
        "url": url,
        "text": text_of(request, link, token),
        "picture": segno.make(url, error="m").svg_data_uri(scale=5, border=4),
        "loopback": is_loopback(request),
        "form": form if can_send() else None,
        "sent": sent,
    }
    return render(request, "checkins/link_made.html", context)


def text_of(request: HttpRequest, link: Link, token: str) -> str:
    """The reminder in the client's language."""
    return reminder(
        instrument_for(link.client.practice, link.measure),
        link.language,
        about=link.about,
        url=url_of(request, token),
        until=timezone.localtime(link.expires).date(),
    )


def url_of(request: HttpRequest, token: str) -> str:
    """The whole address of a link."""
    return request.build_absolute_uri(reverse("answer", args=[token]))


def is_loopback(request: HttpRequest) -> bool:
    """Whether the address only works on this machine."""
    return request.get_host().rsplit(":", 1)[0] in LOOPBACK or request.get_host() in LOOPBACK


def can_send() -> bool:
    """Whether the clinic set up e-mail."""
    return not settings.EMAIL_BACKEND.endswith("dummy.EmailBackend")
