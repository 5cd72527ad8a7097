"""A form on a tablet: the therapist hands it over, and the browser is locked to the form.

Starting signs the therapist out, so that there is nothing behind the lock that an account opens.
What is left in the browser's session is which form is open; only the password of the therapist who
started it leads out.
"""

from __future__ import annotations

import os
import uuid
from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.accounts.views import BACKEND
from reattune.web.checkins import asking, links
from reattune.web.checkins.forms import GiveForm
from reattune.web.checkins.models import Link
from reattune.web.checkins.phrases import wanted
from reattune.web.middleware import Respond, public

KIOSK = "kiosk"  # in the session of the browser: {"link": id, "user": id, "sent": bool}
FORM = "checkins/kiosk.html"


def locked(respond: Respond) -> Respond:
    """Leads every address to the form while this browser is locked to it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if KIOSK in request.session and request.path not in (
            reverse("kiosk"),
            reverse("kiosk-leave"),
        ):
            return fresh(redirect("kiosk"))
        return respond(request)

    return middleware


def fresh(response: HttpResponse) -> HttpResponse:
    """The response, kept nowhere; pages kept before are dropped."""
    response["Cache-Control"] = "no-store"
    response["Clear-Site-Data"] = '"cache"'
    return response


@gates.therapist
def start(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Choose a form and lock this browser to it."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "checkins.see")
    form = GiveForm(client, request.POST if request.method == "POST" else None)
    sealed = not user.has_usable_password() and not of_demo(user)
    if request.method == "POST" and form.is_valid() and not sealed:
        chosen = {key: form.cleaned_data[key] for key in ("measure", "language", "about")}
        with transaction.atomic():
            link, _token = links.make(client, user, **chosen, kiosk=True)
            gates.note(user, "kiosk.start", target=f"link:{link.pk}", client=client)
        lock(request, link)
        return fresh(redirect("kiosk"))
    context = {"client": client, "form": form, "sealed": sealed}
    return render(request, "checkins/kiosk_start.html", context)


def lock(request: HttpRequest, link: Link) -> None:
    """Sign out, and leave nothing in the browser's session but the form."""
    logout(request)
    request.session[KIOSK] = {"link": link.pk, "user": link.made_by_id, "sent": False}


def state_of(request: HttpRequest) -> dict[str, Any]:
    """What this browser is locked to; Http404 if it is not."""
    state = request.session.get(KIOSK)
    if not isinstance(state, dict):
        raise Http404
    return state


@public
@require_http_methods(["GET", "HEAD", "POST"])
def kiosk(request: HttpRequest) -> HttpResponse:
    """The form; after it was sent, thanks and the way out for the therapist."""
    state = state_of(request)
    link = Link.objects.select_related("client__practice").filter(pk=state["link"]).first()
    try:
        if link is None:
            raise links.Closed
        if request.method == "POST":  # also when it was sent: pressing twice is answered alike
            row, response = asking.sent(request, link, FORM)
            if row is not None:
                request.session[KIOSK] = {**state, "sent": True}
            return fresh(response)
        if state["sent"] or not link.open(timezone.now()):
            raise links.Closed
        return fresh(asking.form(request, link, FORM))
    except links.Closed:
        return fresh(over(request, state, link))


def over(request: HttpRequest, state: dict[str, Any], link: Link | None) -> HttpResponse:
    """The page after the form."""
    language = link.language if link else wanted(request)
    template = "checkins/thanks.html" if state["sent"] else "checkins/closed.html"
    return asking.shown(request, template, language, {"kiosk": True})


@public
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Unlock with the password of the therapist who locked it; axes counts wrong ones."""
    state = state_of(request)
    owner = User.objects.filter(pk=state["user"]).first()
    wrong = False
    if request.method == "POST" and owner is not None:
        if may_unlock(request, owner):
            return fresh(unlock(request, owner, state))
        wrong = True
    language = owner.language if owner else "en"
    with translation.override(language):
        error = _("That is not the password.") if wrong else ""
        context = {"owner": owner, "error": error, "ask": owner and not of_demo(owner)}
        response = render(request, "checkins/kiosk_leave.html", context)
    response["Content-Language"] = language
    return fresh(response)


def may_unlock(request: HttpRequest, owner: User) -> bool:
    """Whether the password is that of the account; the demo's account has none."""
    if of_demo(owner):
        return True
    password = request.POST.get("password", "")
    user = authenticate(request, username=owner.get_username(), password=password)
    return user is not None and user.pk == owner.pk


def of_demo(user: User) -> bool:
    """Whether this is the account of a demo, which one comes into by a link."""
    from reattune.web import demo

    return (
        os.environ.get(demo.DEMO) == "1"
        and user.username == demo.USERNAME
        and not user.has_usable_password()
    )


def unlock(request: HttpRequest, user: User, state: dict[str, Any]) -> HttpResponse:
    """Sign the therapist in again and go to the client's check-ins; an unused form closes."""
    del request.session[KIOSK]
    link = Link.objects.select_related("client").filter(pk=state["link"]).first()
    login(request, user, BACKEND)
    with transaction.atomic():
        if link is not None:
            links.revoke(link)
        client = link.client if link else None
        gates.note(user, "kiosk.leave", target=f"link:{state['link']}", client=client)
    return redirect("checkins", client.pk) if client else redirect("home")
