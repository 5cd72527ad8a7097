"""Coding without flags: the turns, one's own marks on them, and nothing that anybody else saw.

Every form works as a plain POST that leads back to the turn; with script the same view answers with
the turn and the count alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.errors import InputError
from reattune.web import errors, gates
from reattune.web.coding import access, lines, marks
from reattune.web.coding.forms import MarkForm, RateForm
from reattune.web.coding.models import KINDS, Coding
from reattune.web.coding.segments import Segment, segments_of
from reattune.web.reviews.models import Turn


@gates.therapist
def moments(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Finding the moments of a session oneself: what it is, rounds so far. A POST begins it."""
    user = gates.user_of(request)
    session = gates.session_of(user, id, "coding.prepare")
    if request.method == "POST":
        made = marks.start(session, user)
        return redirect("coding", made.pk)
    rounds = session.codings.filter(coder=user, pairing=None).order_by("-round")
    context = {
        "session": session,
        "client": session.client,
        "rounds": rounds,
        "seen": session.opened_at,
        "roles": session.turns.filter(role="client").exists(),
        "files": session.codings.filter(coder=None).exclude(done_at=None),
    }
    return render(request, "coding/moments.html", context)


def coding(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The page of an open coding. With `turn`, the form at that turn is open."""
    record = access.own_coding(gates.user_of(request), id, "coding.see")
    if record.done_at is not None:
        return redirect(after(record))
    return page(request, record)


def page(
    request: HttpRequest, record: Coding, wrong: MarkForm | None = None, status: int = 200
) -> HttpResponse:
    """The whole page; `wrong` is a form as it was typed that could not be taken."""
    turns = lines.read_for(record)
    context = frame(record, turns)
    if record.by_segment:
        context["parts"] = parts_of(record, turns)
        return render(request, "coding/segments.html", context, status=status)
    context["panel"] = panel_of(request, record, turns, wrong)
    return render(request, "coding/coding.html", context, status=status)


def frame(record: Coding, turns: list[Turn]) -> dict[str, Any]:
    """What the page and its parts know."""
    standing = marks.standing(record.marks.all())
    own = lines.lines_of(turns, standing)
    return {
        "coding": record,
        "session": record.session,
        "mine": record.pairing is None or record.pairing.coder_id != record.coder_id,
        "lines": own,
        "marked": sum(bool(line.marks) for line in own),
        "unclear": lines.open_marks(standing, turns),
        "analysis": {"risks": lines.risks_of(record.session, *record.span)},
    }


def panel_of(
    request: HttpRequest, record: Coding, turns: list[Turn], wrong: MarkForm | None
) -> dict[str, Any] | None:
    """The form that is open at a turn; Http404 for one that is not coded."""
    told = (wrong.data if wrong else request.GET).get("turn", "")
    if not told:
        return None
    found = [turn for turn in turns if told == str(turn.number + 1)]
    if not found or not marks.families_of(found[0].role):
        raise Http404
    turn = found[0]
    own = marks.standing(record.marks.filter(turn=turn.number)).get(turn.number, [])
    first = own[-1] if own else None
    return {
        "number": turn.number + 1,
        "choices": lines.choices(turn.role, record.detail),
        "strain": turn.role == "client",
        "code": first.code if first else "",
        "intensity": first.intensity if first else "micro",
        "note": wrong.data.get("note", "") if wrong else first.note if first else "",
        "errors": wrong.errors if wrong else {},
    }


@require_POST
def mark(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Set, change or take back a mark."""
    record = access.own_coding(gates.user_of(request), id, "coding.mark")
    form = MarkForm.told(request.POST)
    if not form.is_valid():
        return unfit(request, record, form)
    told = form.cleaned_data
    try:
        keep(record, told, note=told["note"] if "note" in form.data else None)
    except InputError as error:
        return refused(request, error)
    if not is_htmx(request):
        return redirect(f"{reverse('coding', args=[record.pk])}#t{told['turn'] + 1}")
    turns = lines.read_for(record)
    context = frame(record, turns) | {"swap": True}
    context["lines"] = [line for line in context["lines"] if line.number == told["turn"] + 1]
    return render(request, "coding/coding_regions.html", context)


def keep(record: Coding, told: dict[str, Any], *, note: str | None) -> None:
    """Do what a form says; a `note` of None leaves the one there is."""
    turn, code = told["turn"], told["code"]
    if told["do"] == "back":
        marks.take_back(record, turn, code)
    elif told["do"] == "mark":
        marks.put(record, turn, code, intensity=told["intensity"], note=note)
    else:
        marks.put(record, turn, code, intensity=told["do"])


def unfit(request: HttpRequest, record: Coding, form: MarkForm) -> HttpResponse:
    """The form again as it was typed, where it was one that is typed."""
    if "note" not in request.POST or "turn" in form.errors or record.done_at or is_htmx(request):
        return errors.bad_request(request)
    return page(request, record, form, status=422)


# Segments


def parts_of(record: Coding, turns: list[Turn]) -> list[dict[str, Any]]:
    """The segments with their turns and ratings."""
    assert record.pairing is not None
    rated = marks.ratings_of(record.ratings.all())
    shown = lines.lines_of(turns, {})
    return [part_of(segment, shown, rated) for segment in segments_of(record.pairing, turns)]


def part_of(
    segment: Segment, shown: list[lines.Line], rated: dict[tuple[int, str], int]
) -> dict[str, Any]:
    """One segment."""
    kinds = [(kind, name, rated.get((segment.number, kind))) for kind, name in KINDS]
    return {
        "segment": segment,
        "number": segment.number + 1,
        "lines": [line for line in shown if segment.first < line.number <= segment.last],
        "kinds": kinds,
        "whole": all(value is not None for _kind, _name, value in kinds),
        "scale": range(marks.LEAST, marks.MOST + 1),
    }


@require_POST
def rate(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Keep the ratings of a segment."""
    record = access.own_coding(gates.user_of(request), id, "coding.rate")
    form = RateForm(request.POST)
    if not form.is_valid() or record.pairing is None:
        return errors.bad_request(request)
    turns = lines.turns_of(record.session, *record.span)
    segments, segment = segments_of(record.pairing, turns), form.cleaned_data["segment"]
    try:
        marks.rate(record, segment, form.values, len(segments))
    except InputError as error:
        return refused(request, error)
    return redirect(f"{reverse('coding', args=[record.pk])}#s{segment + 1}")


# Closing and going on


@require_POST
def done(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Close a coding."""
    record = access.own_coding(gates.user_of(request), id, "coding.done")
    return change(request, record, lambda: marks.finish(record))


@require_POST
def again(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """A new round."""
    record = access.own_coding(gates.user_of(request), id, "coding.again")
    try:
        made = marks.again(record)
    except InputError as error:
        return refused(request, error)
    messages.success(request, _("A new round, with your marks so far. The old one is kept."))
    return redirect("coding", made.pk)


def change(request: HttpRequest, record: Coding, do: Callable[[], None]) -> HttpResponse:
    """Do something and go where it leads."""
    try:
        do()
    except InputError as error:
        return refused(request, error)
    messages.success(request, _("Kept as it is from now on."))
    return redirect(after(record))


def after(record: Coding) -> str:
    """Where one goes from a coding that is done."""
    if record.pairing is not None:
        return reverse("pairing", args=[record.pairing.pk])
    return reverse("coding-compare", args=[record.pk])


def refused(request: HttpRequest, error: InputError) -> HttpResponse:
    """Why something was not kept."""
    status = 409 if error.slug in ("coding-closed", "coding-open") else 400
    return errors.page(request, status, _("This could not be kept"), f"{error.what} {error.remedy}")


def is_htmx(request: HttpRequest) -> bool:
    """Whether a part of the page is asked for."""
    return request.headers.get("HX-Request") == "true"
