"""Two coders: the invitation, the page both see, what they settle on, the files."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.codebook import CODES, code
from reattune.errors import InputError
from reattune.web import errors, gates
from reattune.web.coding import access, figures, lines, marks, pairs, transfer
from reattune.web.coding.forms import InviteForm, SettleForm, SettleRatingsForm, WordsForm
from reattune.web.coding.models import KINDS, PURPOSES, Pairing
from reattune.web.coding.views_coding import refused


@gates.therapist
def invite(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Ask somebody of the practice to code turns of a session too."""
    user = gates.user_of(request)
    session = gates.session_of(user, id, "coding.prepare")
    form = InviteForm(session, user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = pairs.invite(session, user, **form.told)
        except InputError as error:
            form.add_error("purpose", f"{error.what} {error.remedy}")
        else:
            text = _("%(name)s can code it now. Code it yourself before you talk.")
            messages.success(request, text % {"name": made.coder})
            return redirect("pairing", made.pk)
    consented = [(id_, name) for id_, name in PURPOSES if session.client.consents_to(id_)]
    context = {
        "session": session,
        "client": session.client,
        "form": form,
        "consented": consented,
        "somebody": pairs.coders_for(user).exists(),
    }
    status = 422 if form.errors else 200
    return render(request, "coding/invite.html", context, status=status)


def pairing(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """What is to do; once both are done, how far they agree, and what is to settle."""
    user = gates.user_of(request)
    found = access.pairing_of(user, id, "coding.pairing")
    return render(request, "coding/pairing.html", shown(found, user))


def shown(found: Pairing, user: Any) -> dict[str, Any]:
    """What the page shows to either of the two. Before both are done: states, no marks."""
    mine = found.coder_id != user.pk
    held = pairs.together(found)
    own = marks.latest(found.session, user, found)
    other = [c for c in found.codings.all() if c.coder_id != user.pk]
    return {
        "pairing": found,
        "session": found.session,
        "mine": mine,
        "other": found.coder if mine else found.made_by,
        "own": own,
        "other_done": any(c.done_at for c in other),
        "together": held,
        "cautions": figures.cautions(found.level == "segment"),
        "kinds": KINDS,
        "scale": range(marks.LEAST, marks.MOST + 1),
        "labels": labels_by_role(found.detail),
        "may_have_words": mine and found.session.client.consents_to("research"),
        "analysis": {"risks": lines.risks_of(found.session, found.first, found.last)},
    }


def labels_by_role(detail: str) -> dict[str, list[tuple[str, str]]]:
    """What a turn can be settled as, by the speaker's role."""
    made = {}
    for role in ("client", "therapist"):
        families = marks.families_of(role)
        ids = [c for c in CODES if code(c).family in families] if detail == "codes" else []
        made[role] = [(id, lines.label_of(id)) for id in (*families, *ids)]
    return made


@require_POST
def start(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Begin one's own coding of a pairing, or go on with it."""
    user = gates.user_of(request)
    found = access.pairing_of(user, id, "coding.start")
    made = marks.start(found.session, user, found)
    return redirect("coding", made.pk)


@require_POST
def settle(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Keep what the two settled on for a turn or a segment."""
    user = gates.user_of(request)
    found = access.pairing_of(user, id, "coding.settle")
    of_segments = found.level == "segment"
    form = SettleRatingsForm(request.POST) if of_segments else SettleForm(request.POST)
    if not form.is_valid():
        return errors.bad_request(request)
    told = form.cleaned_data
    more = {"note": told["note"], "intensity": told.get("intensity", "")}
    try:
        pairs.settle(found, user, told["unit"], form.said, **more)
    except InputError as error:
        return refused(request, error)
    messages.success(request, _("Settled: number %(n)s.") % {"n": told["unit"] + 1})
    return redirect(f"{reverse('pairing', args=[found.pk])}#u{told['unit'] + 1}")


@require_POST
@gates.therapist
def end(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Close it to the second coder at once."""
    found = access.given_of(gates.user_of(request), id, "coding.end")
    pairs.end(found)
    messages.success(request, _("Ended. The second coder can no longer open it."))
    return redirect("pairing", found.pk)


@gates.therapist
def export(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The two codings or the consensus as a file, by ids and without words."""
    found = access.given_of(gates.user_of(request), id, "coding.export")
    what, form = request.GET.get("what", "codings"), request.GET.get("form", "csv")
    if what not in ("codings", "consensus") or form not in transfer.FORMATS:
        return errors.bad_request(request)
    try:
        text = transfer.of_pairing(found, what, form, None)
    except InputError as error:
        return refused(request, error)
    return sent(text, form, f"{what}-{found.short.lower()}")


@gates.therapist
def words(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The codings with words, for research: read through, names added, then kept as a file."""
    found = access.given_of(gates.user_of(request), id, "coding.words")
    looks = "look" in request.POST
    form = WordsForm(request.POST or None)
    kept = form.is_valid()
    try:
        made = transfer.words_of(found.session, form.names)
        text = transfer.of_pairing(found, "codings", form.form, made)
    except InputError as error:
        return refused(request, error)
    if kept and not looks:
        gates.note(gates.user_of(request), "coding.words.keep", client=found.session.client)
        return sent(text, form.form, f"words-{found.short.lower()}")
    if looks:
        form = WordsForm(initial=request.POST.dict())
    turns = lines.turns_of(found.session, found.first, found.last)
    for turn in turns:
        turn.text = made[turn.number]
    context = {
        "pairing": found,
        "session": found.session,
        "form": form,
        "lines": lines.lines_of(turns, {}),
    }
    return render(request, "coding/words.html", context, status=422 if form.errors else 200)


def sent(text: str, form: str, name: str) -> HttpResponse:
    """A file to keep."""
    answer = HttpResponse(text, content_type=f"{transfer.FORMATS[form]}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer
