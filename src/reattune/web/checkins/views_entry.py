"""Forms that the therapist fills in or copies from paper, and corrections of those."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from reattune.errors import InputError
from reattune.measures import Instrument
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.checkins import answers
from reattune.web.checkins.forms import HeadForm, latest_day
from reattune.web.checkins.instruments import everything, instrument_for
from reattune.web.checkins.models import Answer
from reattune.web.checkins.sheet import Sheet, as_sent, filled
from reattune.web.clients.models import Client

MIRROR = "checkin_therapist"


@gates.therapist
def paper(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Choose an instrument, then type in what is on paper."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "checkins.see")
    known = everything(client.practice)
    instrument = known.get(request.GET.get("measure", ""))
    if instrument is None:
        context = {"client": client, "known": known.values()}
        return render(request, "checkins/paper_choose.html", context)
    return entry(request, client, instrument, how="paper", title=_("Enter a form from paper"))


@gates.therapist
def mirror(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The therapist's own form about a session."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "checkins.see")
    instrument = instrument_for(client.practice, MIRROR)
    return entry(request, client, instrument, how="own", title=_("Your own check-in"))


@gates.therapist
def edit(request: HttpRequest, id: uuid.UUID, answer: uuid.UUID) -> HttpResponse:
    """Correct a form that was typed in; what a client sent is not edited (Http404)."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "checkins.see")
    row = get_object_or_404(client.answers, pk=answer)
    if not row.typed:
        raise Http404
    instrument = instrument_for(client.practice, row.measure)
    return entry(request, client, instrument, how=row.how, title=_("Correct a form"), row=row)


def entry(
    request: HttpRequest,
    client: Client,
    instrument: Instrument,
    *,
    how: str,
    title: str,
    row: Answer | None = None,
) -> HttpResponse:
    """The form with its head; on a good POST kept, and back to the client's check-ins."""
    user = gates.user_of(request)
    context = {"client": client, "title": title, "typed": how == "paper", "row": row}
    if request.method != "POST":
        head, sheet = start(client, instrument, row, user)
        return render(request, "checkins/entry.html", {**context, "head": head, "sheet": sheet})
    head = HeadForm(instrument, request.POST)
    sheet = filled(instrument, user.language, request.POST.dict())
    if head.is_valid() and not sheet.wrong:
        try:
            save(client, head, sheet, how=how, by=user, row=row)
        except answers.AlreadyThere as error:
            head = HeadForm(instrument, request.POST, ask=True)
            context["known"] = error.answer
        except InputError as error:
            context["error"] = str(error)
        else:
            messages.success(request, _("The form is kept."))
            return redirect("checkins", client.pk)
    return render(request, "checkins/entry.html", {**context, "head": head, "sheet": sheet})


def start(
    client: Client, instrument: Instrument, row: Answer | None, user: User
) -> tuple[HeadForm, Sheet]:
    """The form as it is first shown: empty, or as it was typed in."""
    if row is None:
        head = HeadForm(instrument, initial={"about": latest_day(client)})
        return head, filled(instrument, user.language)
    head = HeadForm(instrument, initial={"about": row.about, "rater": row.rater})
    return head, filled(instrument, user.language, as_sent(answers.given(row)))


def save(
    client: Client, head: HeadForm, sheet: Sheet, *, how: str, by: User, row: Answer | None
) -> Answer:
    """Keep a new form, or the correction of one."""
    made = answers.Filled(
        measure=sheet.instrument.id,
        rater=head.who,
        about=head.cleaned_data["about"],
        answers=sheet.given,
        how=how,
        language=sheet.wording.language if how == "own" else "",
    )
    instead: Any = head.cleaned_data.get("instead", False)
    if row is not None:
        return answers.correct(row, made, by=by, instead=instead)
    return answers.keep(client, made, actor=f"user:{by.pk}", by=by, instead=instead)
