"""The talk itself, a reply at a time with feedback on each, and what comes after it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune import practice
from reattune.errors import InputError
from reattune.practice.runs import course_of
from reattune.web import gates
from reattune.web.practice import access, drawing, shown, speaking
from reattune.web.practice import talks as store
from reattune.web.practice.forms import ContestForm, ReplyForm, ShareForm
from reattune.web.practice.models import Share
from reattune.web.practice.talks import Kept
from reattune.web.practice.views_index import due_now, outcome_of

MICROPHONE = "camera=(), geolocation=(), microphone=(self), payment=(), usb=()"
"""The policy of the talk's page, where the learner may turn speaking on."""


def own(request: HttpRequest, id: uuid.UUID) -> Kept:
    """One's own talk, opened; Http404 for anybody else's, and for one that is damaged."""
    row = access.talk_of(gates.user_of(request), id)
    try:
        return store.opened(row)
    except InputError:
        raise Http404 from None


@access.learner
def talk(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The talk as far as it has come."""
    kept = own(request, id)
    if kept.going:
        speaking.get_ready()
    return page(request, kept, fresh(kept))


def fresh(kept: Kept) -> ReplyForm:
    """An empty form for the line that is to be answered now."""
    return ReplyForm(initial={"number": len(kept.run.exchanges)})


def page(request: HttpRequest, kept: Kept, form: ReplyForm) -> HttpResponse:
    """The whole page."""
    context = told(kept, form) | {
        "replies": shown.replies(kept),
        "speaking": speaking.configured(),
        "first": kept.run.exchanges[0].said if kept.run.exchanges else kept.run.said,
    }
    response = render(request, "practice/talk.html", context)
    response["Permissions-Policy"] = MICROPHONE
    return response


def told(kept: Kept, form: ReplyForm) -> dict[str, Any]:
    """What the page and its parts have in common."""
    return {
        "kept": kept,
        "run": kept.run,
        "scenario": kept.scenario,
        "form": form,
        "now": shown.meters_now(kept.run),
    }


# Replying


@require_POST
@access.learner
def reply(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """A reply, and what came of it. The same reply twice counts once."""
    kept, form = own(request, id), ReplyForm(request.POST)
    if not form.is_valid():
        return not_taken(request, kept, form)
    number, text = form.cleaned_data["number"], form.cleaned_data["text"]
    try:
        after = store.reply(kept, number, text)
    except (InputError, store.Changed) as error:
        form.add_error("text", trouble(error))
        return not_taken(request, kept, form)
    if not given(after, number, text):
        form.add_error("text", answered())
        return not_taken(request, after, form, number)
    if not is_partial(request):
        return redirect(at_reply(after, number))
    return appended(request, after, fresh(after), number)


def is_partial(request: HttpRequest) -> bool:
    """Whether the page itself stays, and only what is new is put into it."""
    return request.headers.get("HX-Request") == "true"


def appended(request: HttpRequest, kept: Kept, form: ReplyForm, first: int) -> HttpResponse:
    """The replies that a page does not show yet, from number `first` on, and the form anew."""
    context = told(kept, form) | {"replies": shown.replies(kept, first), "new": True}
    return render(request, "practice/appended.html", context)


def given(kept: Kept, number: int, text: str) -> bool:
    """Whether this is the reply of that number."""
    return number < len(kept.run.exchanges) and kept.run.exchanges[number].reply == text


def answered() -> str:
    """What is said of a second, other reply to a line."""
    return _(
        "That line was answered already, perhaps in another window, so this reply was not counted. "
        "Your words are still here; the talk above shows where it stands now."
    )


def trouble(error: Exception) -> str:
    """What is said where a reply could not be taken."""
    if isinstance(error, InputError):
        return f"{error.what} {error.remedy}"
    return _("The talk was changed in another window. Open it again.")


def not_taken(
    request: HttpRequest, kept: Kept, form: ReplyForm, first: int | None = None
) -> HttpResponse:
    """The form once more, with what is wrong and what was typed; replies from `first` on as well,
    where the page does not show them yet."""
    partial = is_partial(request)
    if not kept.going:
        messages.error(request, _("This talk has ended, or its scenario has changed."))
        path = reverse("rehearse-talk", args=[kept.row.pk])
        return HttpResponse(headers={"HX-Redirect": path}) if partial else redirect(path)
    if not partial:
        return page(request, kept, form)
    if first is not None:
        return appended(request, kept, form, first)
    response = render(request, "practice/answer.html", told(kept, form))
    response["HX-Retarget"], response["HX-Reswap"] = "#answer", "outerHTML"
    return response


def at_reply(kept: Kept, number: int) -> str:
    """The address of the line after a reply."""
    return f"{reverse('rehearse-talk', args=[kept.row.pk])}#r{number + 1}"


@require_POST
@access.learner
def contest(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """A reading that does not fit, with how the learner sees it."""
    kept, form = own(request, id), ContestForm(request.POST)
    if not form.is_valid() or not kept.current:
        messages.error(request, _("That reading is not there; nothing was changed."))
        return redirect("rehearse-talk", kept.row.pk)
    data = form.cleaned_data
    try:
        store.contest(kept, data["number"], data["code"], data["view"])
    except (InputError, store.Changed) as error:
        messages.error(request, trouble(error))
        return redirect("rehearse-talk", kept.row.pk)
    messages.success(request, _("Contested: it counts in no direction now."))
    return redirect(at_reply(kept, data["number"]))


@require_POST
@access.learner
def end(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """End it here."""
    kept = store.end(own(request, id))
    return redirect("rehearse-after", kept.row.pk)


# After it


@access.learner
def after(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """How it went: the course, what was used, what turned it, what to take from it."""
    kept = own(request, id)
    if not kept.run.over and kept.current:
        return redirect("rehearse-talk", kept.row.pk)
    return render(request, "practice/after.html", after_page(request, kept, None))


def after_page(request: HttpRequest, kept: Kept, form: ShareForm | None) -> dict[str, Any]:
    """What the page after a talk shows."""
    user = gates.user_of(request)
    mine, _damaged = store.all_of(user) if kept.run.drill else ([], [])
    form = form or ShareForm(user)
    shares = kept.row.shares.select_related("reader")
    return summed_up(kept) | {
        "form": form,
        "shares": [one for one in shares if is_open(one)],
        "readers": access.readers_for(user).exists(),
        "next": next((one for one in due_now(mine) if one.scenario.id != kept.run.scenario), None),
    }


def is_open(share: Share) -> bool:
    """Whether somebody can look now."""
    from django.utils import timezone

    return share.open(timezone.now())


def summed_up(kept: Kept) -> dict[str, Any]:
    """The summary with the drawing; without words of the scenario where that has changed."""
    made = practice.summary(kept.run, scenario=kept.scenario) if kept.current else None
    states = course_of(kept.run).states
    return {
        "kept": kept,
        "run": kept.run,
        "scenario": kept.scenario,
        "outcome": outcome_of(kept),
        "summary": made,
        "drawing": drawing.course(states, made.turned if made else ()),
        "contested": contested(kept),
        "instead": instead_of(kept, made) if made else None,
    }


def instead_of(kept: Kept, made: practice.Summary) -> dict[str, Any] | None:
    """Another wording of the reply that strained most, with its number from 1, if one did."""
    strained = next((one.number for one in made.turned if one.ease < 0), None)
    if strained is None:
        return None
    found = practice.feedback(kept.run, strained, scenario=kept.scenario).rewordings
    return {"number": strained + 1, "text": found[0].text} if found else None


def contested(kept: Kept) -> list[tuple[int, str, str]]:
    """What the learner contested: reply from 1, what was read, how the learner sees it."""
    from reattune.codebook import code

    return [
        (number, code(one.code).name, one.view)
        for number, exchange in enumerate(kept.run.exchanges, 1)
        for one in exchange.contested
    ]


@require_POST
@access.learner
def delete(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Delete a talk, whole or damaged, and what was shared of it."""
    access.talk_of(gates.user_of(request), id).delete()
    messages.success(request, _("The talk is deleted."))
    return redirect("rehearse-talks")
