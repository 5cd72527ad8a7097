"""An own coding that is done, beside the model's and any second coder's."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.codebook import code as code_of
from reattune.errors import InputError
from reattune.judging import NEAR
from reattune.web import errors, gates
from reattune.web.coding import access, compare, figures, lines, transfer
from reattune.web.coding.forms import LabelForm, TalkForm
from reattune.web.coding.marks import family_of, standing
from reattune.web.coding.models import Coding, Talk
from reattune.web.coding.views_coding import refused
from reattune.web.coding.views_pair import sent
from reattune.web.reviews import labels
from reattune.web.reviews.models import Finding


def own(request: HttpRequest, id: uuid.UUID, action: str) -> Coding:
    """An own coding of turns that is done; Http404 for a second coder's, and before it is done."""
    record = access.own_coding(gates.user_of(request), id, action)
    second = record.pairing is not None and record.pairing.coder_id == record.coder_id
    if second or record.by_segment or record.done_at is None:
        raise Http404
    return record


@gates.therapist
def comparison(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Who saw which moment."""
    record = own(request, id, "coding.compare")
    found = compare.compare(record)
    last = record.session.codings.filter(
        coder=record.coder, pairing=record.pairing, round__gt=record.round
    )
    context: dict[str, Any] = {
        "coding": record,
        "session": record.session,
        "client": record.session.client,
        "page": found,
        "near": NEAR,
        "later": last.first(),
        "cautions": figures.cautions(),
        "analysis": {"risks": lines.risks_of(record.session, *record.span)},
    }
    return render(request, "coding/compare.html", context)


@require_POST
@gates.therapist
def discuss(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Put a moment on the list to discuss, tick it, note what came of it."""
    record = own(request, id, "coding.discuss")
    form = TalkForm(request.POST)
    if not form.is_valid() or form.cleaned_data["turn"] >= record.session.turn_count:
        return errors.bad_request(request)
    Talk.objects.create(coding=record, **form.cleaned_data)
    return redirect(
        f"{reverse('coding-compare', args=[record.pk])}#m{form.cleaned_data['turn'] + 1}"
    )


@require_POST
@gates.therapist
def label(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Take one mark over as a label of the session, as if it had been set on its page."""
    record = own(request, id, "session.judge")
    form = LabelForm(request.POST)
    if not form.is_valid():
        return errors.bad_request(request)
    turn, id_ = form.cleaned_data["turn"], form.cleaned_data["code"]
    here = standing(record.marks.filter(turn=turn)).get(turn, [])
    mark = next((m for m in here if m.code in (id_, family_of(id_))), None)
    if mark is None:
        return errors.bad_request(request)
    flagged = Finding.objects.filter(
        analysis__session=record.session, analysis__current=True, turn=turn, code=id_
    )
    verdict = labels.CONFIRMED if flagged.exists() else labels.ADDED
    user = gates.user_of(request)
    try:
        labels.judge(record.session, user, turn, id_, verdict, intensity=mark.intensity)
    except InputError as error:
        return refused(request, error)
    told = {"label": _(code_of(id_).name), "turn": turn + 1}
    messages.success(request, _("Now a label of yours: %(label)s, turn %(turn)s.") % told)
    return redirect(f"{reverse('coding-compare', args=[record.pk])}#t{turn + 1}")


@gates.therapist
def export(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """All codings of the comparison as a file, by ids and without words."""
    record = own(request, id, "coding.export")
    form = request.GET.get("form", "csv")
    if form not in transfer.FORMATS:
        return errors.bad_request(request)
    made = transfer.write(compare.coded_together(record), form)
    return sent(made, form, f"codings-{str(record.session_id)[:8]}")
