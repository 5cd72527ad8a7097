"""Where practice begins: scenarios, drills by what is due, one's talks, one's progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from reattune import practice
from reattune.errors import InputError
from reattune.practice.told import cautions
from reattune.web import gates
from reattune.web.practice import access, drawing, sealing, speaking, words
from reattune.web.practice import talks as store
from reattune.web.practice.forms import FilterForm
from reattune.web.practice.models import Share, Talk
from reattune.web.practice.talks import Kept

SOON, A_PAGE, GOING = 3, 30, 3  # drills and unfinished talks at the top; talks on a page


@dataclass(frozen=True, slots=True)
class Offer:
    """A scenario or drill as it is offered, and how often one has done it."""

    scenario: practice.Scenario
    done: int = 0
    due: practice.Due | None = None

    @property
    def kind(self) -> Any:
        """The kind of strain in words."""
        return words.KINDS[self.scenario.kind]

    @property
    def symbol(self) -> str:
        """The name of the symbol's color."""
        return "mixed" if self.scenario.kind == "both" else self.scenario.kind

    @property
    def intensity(self) -> Any:
        """In a word."""
        return words.SHORT[self.scenario.intensity]

    @property
    def setting(self) -> Any:
        """Where it takes place, in words."""
        return words.SETTINGS[self.scenario.setting]

    @property
    def hard(self) -> Any:
        """What makes it hard, in words, or ""."""
        return words.HARD.get(self.scenario.hard, "")


@access.learner
def index(request: HttpRequest) -> HttpResponse:
    """Drills that are due, scenarios by filters, what is known of practice."""
    user = gates.user_of(request)
    kept, _damaged = store.all_of(user)
    form = FilterForm(request.GET or None)
    chosen = form.chosen if request.GET else {}
    context = {
        "form": form,
        "offers": [one for one in offers(kept) if fits(one.scenario, chosen)],
        "filtered": bool(chosen),
        "due": due_now(kept)[:SOON],
        "going": [one for one in kept if one.going and one.run.exchanges][:GOING],
        "new": not kept,
        "received": access.open_to(user).count(),
        "evidence": cautions()[:2],
        "speaking": speaking.configured(),
    }
    return render(request, "practice/index.html", context)


def offers(kept: Sequence[Kept]) -> list[Offer]:
    """The scenarios by kind, slight ones first, the plain before the hard."""
    found = practice.load_scenarios().values()
    kinds = list(words.KINDS)
    ordered = sorted(
        found, key=lambda s: (kinds.index(s.kind), s.intensity != "micro", bool(s.hard), s.title)
    )
    return [Offer(one, times_done(one, kept)) for one in ordered]


def times_done(scenario: practice.Scenario, kept: Sequence[Kept]) -> int:
    """How often one has come to its end."""
    return sum(one.run.over and one.run.scenario == scenario.id for one in kept)


def fits(scenario: practice.Scenario, chosen: dict[str, str]) -> bool:
    """Whether a scenario is as was chosen."""
    return all(getattr(scenario, name) == value for name, value in chosen.items())


def schedule(kept: Sequence[Kept]) -> list[Offer]:
    """Every drill with its day, the longest due first."""
    known, today = practice.load_drills(), timezone.localdate()
    found = practice.due(known, store.runs_of(kept), today)
    return [Offer(known[one.drill].scenario, one.done, one) for one in found]


def due_now(kept: Sequence[Kept]) -> list[Offer]:
    """The drills that are due today."""
    today = timezone.localdate()
    return [one for one in schedule(kept) if one.due and one.due.day <= today]


@access.learner
def scenario(request: HttpRequest, id: str) -> HttpResponse:
    """A scenario or drill before it begins; a POST begins."""
    user = gates.user_of(request)
    try:
        found = practice.find(id)
    except InputError:
        raise Http404 from None
    if request.method == "POST":
        return redirect("rehearse-talk", store.begin(user, found, timezone.localdate()).row.pk)
    speaking.get_ready()
    kept, _damaged = store.all_of(user)
    mine = [one for one in kept if one.run.scenario == id]
    known = next((one for one in schedule(kept) if one.scenario.id == id), None)
    context = {
        "offer": known or Offer(found, times_done(found, kept)),
        "scenario": found,
        "talks": mine[:SOON],
        "speaking": speaking.configured(),
    }
    return render(request, "practice/scenario.html", context)


@access.learner
def drills(request: HttpRequest) -> HttpResponse:
    """The first drill that is due, then all of them with their days."""
    kept, _damaged = store.all_of(gates.user_of(request))
    today = timezone.localdate()
    rows = schedule(kept)
    context = {"rows": rows, "first": next(iter(due_now(kept)), None), "today": today}
    return render(request, "practice/drills.html", context)


# What one has done


@access.learner
def talks(request: HttpRequest) -> HttpResponse:
    """One's talks, the latest first, with whom they are shown to."""
    user = gates.user_of(request)
    rows = Talk.objects.filter(learner=user).prefetch_related(
        Prefetch("shares", Share.objects.select_related("reader"))
    )
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    key = sealing.talk_key()
    shown = [shown_row(row, key) for row in page]
    context = {"page": page, "rows": shown, "count": page.paginator.count}
    return render(request, "practice/talks.html", context)


def shown_row(row: Talk, key: bytes) -> dict[str, Any]:
    """A talk in a line; `kept` is None where it is damaged."""
    now = timezone.now()
    try:
        kept = store.opened(row, key)
    except InputError:
        kept = None
    return {
        "row": row,
        "kept": kept,
        "outcome": outcome_of(kept) if kept else "",
        "shares": [share for share in row.shares.all() if share.open(now)],
    }


def outcome_of(kept: Kept) -> Any:
    """How a talk ended, in words."""
    outcome = kept.run.outcome
    known = words.OUTCOMES | words.DRILLED if kept.run.drill else words.OUTCOMES
    return known[outcome]


@access.learner
def delete_all(request: HttpRequest) -> HttpResponse:
    """Asks, then deletes every talk of one's own."""
    own = Talk.objects.filter(learner=gates.user_of(request))
    if request.method == "POST" and request.POST.get("sure") == "on":
        own.delete()
        messages.success(request, _("All your talks are deleted, and what was shared of them."))
        return redirect("rehearse")
    context = {"count": own.count(), "wrong": request.method == "POST"}
    return render(request, "practice/delete_all.html", context)


@access.learner
def progress(request: HttpRequest) -> HttpResponse:
    """Each repair move and misstep over one's talks, for oneself alone."""
    kept, _damaged = store.all_of(gates.user_of(request))
    skills = practice.progress(store.runs_of(kept))
    context = {
        "moves": [(one, drawing.bars(one)) for one in skills if one.family == "repair"],
        "missteps": [(one, drawing.bars(one)) for one in skills if one.family == "misstep"],
        "count": len(kept),
        "tall": drawing.UNIT * drawing.TALL + 1,
        "wide": drawing.BARS * drawing.STEP,
    }
    return render(request, "practice/progress.html", context)
