"""Consents: the five purposes one by one, their wording, and taking one back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext as _

from reattune.web import gates
from reattune.web.clients import consents, wording
from reattune.web.clients.forms import ConsentForm
from reattune.web.clients.models import PURPOSES, Client, Consent


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose on the page: its wording, the consent that holds, earlier ones, the form."""

    wording: wording.Wording
    held: Consent | None
    earlier: list[Consent]
    form: ConsentForm


@gates.therapist
def page(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """A client's consents; a POST records one."""
    posted = request.method == "POST"
    user = gates.user_of(request)
    client = gates.client_of(user, id, "consents.edit" if posted else "consents.see")
    form = ConsentForm(request.POST) if posted else None
    if form is not None and form.is_valid():
        told = form.cleaned_data
        consents.give(client, told["purpose"], told["given_on"], user)
        messages.success(request, _("The consent is recorded."))
        return redirect("consents", client.pk)
    context = {"client": client, "purposes": list(purposes(client, form))}
    return render(request, "clients/consents.html", context)


def purposes(client: Client, typed: ConsentForm | None) -> Iterator[Purpose]:
    """Each purpose with what was said to it."""
    known = list(client.consents.select_related("recorded_by", "revoked_by"))
    for asked in wording.sheet(get_language() or "en").wordings:
        own = [one for one in known if one.purpose == asked.purpose]
        form = typed if typed and typed.data.get("purpose") == asked.purpose else None
        yield Purpose(
            asked,
            next((one for one in own if one.revoked_at is None), None),
            [one for one in own if one.revoked_at is not None],
            form
            or ConsentForm(
                initial={"purpose": asked.purpose, "given_on": timezone.localdate()},
                auto_id=f"id_{asked.purpose}_%s",
            ),
        )


@gates.therapist
def revoke(request: HttpRequest, id: uuid.UUID, purpose: str) -> HttpResponse:
    """What taking a consent back deletes; a POST does it."""
    if purpose not in dict(PURPOSES):
        raise Http404
    user = gates.user_of(request)
    client = gates.client_of(user, id, "consents.see")
    if not client.consents_to(purpose):
        return redirect("consents", client.pk)
    if request.method == "POST":
        consents.revoke(client, purpose, user)
        messages.success(request, _("The consent is taken back."))
        return redirect("consents", client.pk)
    wordings = wording.sheet(get_language() or "en").wordings
    context = {
        "client": client,
        "wording": next(one for one in wordings if one.purpose == purpose),
        "losses": consents.consequences(client, purpose),
        "kept": consents.KEPT[purpose],
    }
    return render(request, "clients/revoke.html", context)


@gates.therapist
def text(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """All that a client is asked, to be read out or printed, in a language of theirs."""
    client = gates.client_of(gates.user_of(request), id, "consents.read")
    version = request.GET.get("version", "")
    if version and version not in wording.data()["versions"]:
        raise Http404
    wanted = request.GET.get("language") or client.language
    names = {code: get_language_info(code)["name_local"] for code in wording.languages(version)}
    context = {
        "client": client,
        "sheet": wording.sheet(wanted, version),
        "languages": names,
        "shown": timezone.localdate(),
    }
    return render(request, "clients/consent_text.html", context)
