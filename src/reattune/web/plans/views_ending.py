"""When repair is not possible: the work of ending as rows, and the referral letter."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from reattune import ending as work
from reattune import guidance
from reattune.errors import InputError
from reattune.report import letter as letter_page
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.followup import refresh
from reattune.web.plans import page, renewal, store
from reattune.web.plans.forms import EndingForm
from reattune.web.plans.views import first_error, who_of

STATES = {
    "": gettext_lazy("Not begun"),
    "planned": gettext_lazy("Planned"),
    "held": gettext_lazy("The last session was held"),
    "closed": gettext_lazy("Closed"),
    "called_off": gettext_lazy("Called off"),
}
MOVES = {
    "planned": gettext_lazy("Plan an ending"),
    "held": gettext_lazy("The last session was held"),
    "closed": gettext_lazy("Close it"),
    "called_off": gettext_lazy("Call it off"),
}
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MOST = 2000  # characters of a place in the letter


@dataclass(frozen=True, slots=True)
class Chosen:
    """An item that was chosen, with its words."""

    item: work.Item
    text: str
    note: str


@dataclass(frozen=True, slots=True)
class Part:
    """A section: what it is for, what was chosen, what else could be."""

    key: str
    name: str
    intro: str
    chosen: tuple[Chosen, ...]
    left: tuple[tuple[str, str], ...]
    own: str


@gates.therapist
def ending(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The work of ending, in the order of the work."""
    client = gates.client_of(gates.user_of(request), id, "ending.see")
    return ending_page(request, client)


def ending_page(
    request: HttpRequest, client: Client, error: str = "", **typed: Any
) -> HttpResponse:
    """The page, already let through; `error` is why something was not kept."""
    refresh.fresh(client)
    own = store.load_ending(client)
    shown = page.plan_of(client)
    whole = guidance.load().ending
    context = {
        "client": client,
        "state": own.state,
        "stands": STATES[own.state],
        "moves": [(new, MOVES[new]) for old, new in sorted(work.MOVES) if old == own.state],
        "parts": list(parts(own)) if own.state not in ("", "called_off") else [],
        "left": [whole.sections[key].name for key in work.untouched(own)] if own.state else [],
        "due": work.due(own, timezone.localdate()),
        "rows": [(STATES[row.new], row) for row in own.rows if not row.section],
        "outcome": whole.outcome.text,
        "brief": [text.text for text in whole.brief],
        "live": len(shown.live) if shown else 0,
        "outcomes": shown.outcomes if shown else (),
        "today": timezone.localdate(),
        "error": error,
        "typed": typed,
    }
    return render(request, "plans/ending.html", context)


def parts(own: work.Ending) -> Iterator[Part]:
    """The sections with what was chosen."""
    sections = guidance.load().ending.sections
    for key in work.SECTIONS:
        section = sections[key]
        words = {text.key: text.text for text in section.items}
        chosen = work.chosen(own, key)
        taken = {item.key for item in chosen}
        yield Part(
            key=key,
            name=section.name,
            intro=section.intro.text,
            chosen=tuple(
                Chosen(i, words.get(i.key) or i.note, i.note if i.key in words else "")
                for i in chosen
            ),
            left=tuple((k, text) for k, text in words.items() if k not in taken),
            own=own_key(own, key),
        )


def own_key(own: work.Ending, section: str) -> str:
    """The key of the next item in one's own words."""
    known = {row.item for row in own.rows if row.section == section}
    number = sum(work.OWN_WORDS.fullmatch(key) is not None for key in known) + 1
    return "own" if number == 1 else f"own-{number}"


@require_POST
@gates.therapist
def change(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """A row more: an item chosen, done or dropped, or the ending itself moved."""
    user = gates.user_of(request)
    client = gates.client_of(user, id, "ending.change")
    form = EndingForm(request.POST)
    typed = {key: request.POST.get(key, "") for key in ("section", "item", "note")}
    if not form.is_valid():
        return ending_page(request, client, first_error(form), **typed)
    try:
        with transaction.atomic():
            client.lock()
            add(client, user, form.cleaned_data)
    except InputError as error:
        client.refresh_from_db()
        return ending_page(request, client, f"{error.what} {error.remedy}", **typed)
    messages.success(request, _("Noted."))
    anchor = form.cleaned_data["section"] or "ending"
    return redirect(f"{reverse('ending', args=[client.pk])}#{anchor}")


def add(client: Client, user: User, told: dict[str, Any]) -> None:
    """Keep the row, with what follows from it; the caller holds the client."""
    shown = page.plan_of(client)
    row = work.EndingRow(
        section=told["section"],
        item=told["item"],
        old=told["old"],
        new=told["new"],
        when=timezone.now(),
        session=shown.session if shown else 0,
        who=who_of(user),
        note=told["note"],
        due=told["due"],
    )
    work.add(store.load_ending(client), row)
    store.add_ending_row(client, row)
    if row.section:
        return
    if row.new == "closed":
        close(client, row, told["ended"] or timezone.localdate())
    elif row.old == "closed":
        Client.objects.filter(pk=client.pk).update(ended=None)
    client.outdate()


def close(client: Client, row: work.EndingRow, day: Any) -> None:
    """The work with the client has ended; open ruptures end with it, as an outcome of their own."""
    from reattune.repair import apply

    Client.objects.filter(pk=client.pk).update(ended=day)
    known = store.load(client)
    rows = {
        one.rupture: one
        for one in work.end_ruptures(
            known, when=row.when, session=row.session, who=row.who, note=row.note
        )
    }
    made = [apply(own, rows[own.id]) if own.id in rows else own for own in known]
    store.save(client, known, made)


# The letter


@gates.therapist
def letter(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The referral letter: places to fill in, then PDF or Word. Nothing typed is kept."""
    client = gates.client_of(gates.user_of(request), id, "ending.letter")
    whole = guidance.load().ending
    optional = [part for part in whole.letter if part.optional]
    if request.method == "POST":
        values = {key: request.POST.get(key, "")[:MOST] for key in whole.placeholders}
        chosen = [part.id for part in optional if part.id in request.POST.getlist("include")]
        if request.POST.get("form") in ("pdf", "docx"):
            return rendered(work.letter(values, chosen), request.POST["form"])
    else:
        following, _records = renewal.followed(client)
        values, chosen = work.known_values(following, timezone.localdate()), []
        values |= {"therapist": str(client.therapist), "practice": str(client.practice)}
    made = work.letter(values, chosen)
    context = {
        "client": client,
        "intro": whole.letter_intro.text,
        "places": [(key, key.replace("_", " "), values.get(key, "")) for key in whole.placeholders],
        "optional": [(part.id, part.name, part.id in chosen) for part in optional],
        "letter": letter_page.page(made),
    }
    return render(request, "plans/letter.html", context)


def rendered(made: work.Letter, form: str) -> HttpResponse:
    """The letter as a file."""
    if form == "pdf":
        response = HttpResponse(letter_page.render_pdf(made), content_type="application/pdf")
    else:
        response = HttpResponse(letter_page.render_docx(made), content_type=WORD)
    response["Content-Disposition"] = f'attachment; filename="referral.{form}"'
    return response
