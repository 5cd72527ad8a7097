"""What is done to a session as a whole: its date, its speakers, its deletion."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reattune.errors import ReattuneError
from reattune.types import Session as Words
from reattune.web import gates
from reattune.web.clients.confirm import TypedName
from reattune.web.clients.forms import day_field, not_ahead
from reattune.web.reviews import ingest, models, removal, speakers
from reattune.web.reviews.words import to_session

MOST_SPEAKERS = 30  # a form for more is nobody's; more labels than that are a reading error


class SessionForm(forms.Form):
    """When a session was held."""

    held_on = day_field(
        gettext_lazy("Date"), help_text=gettext_lazy("Sessions are numbered by date.")
    )

    def clean_held_on(self) -> object:
        """Not in the future."""
        return not_ahead(self.cleaned_data["held_on"])


@gates.therapist
def edit(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """A session's date, with the ways to its speakers and its deletion."""
    posted = request.method == "POST"
    action = "session.date" if posted else "session.details"
    session = gates.session_of(gates.user_of(request), id, action)
    form = SessionForm(request.POST or None, initial={"held_on": session.held_on})
    if posted and form.is_valid():
        with transaction.atomic():
            ingest.move(session, form.cleaned_data["held_on"])
        messages.success(request, _("Saved."))
        return redirect("session", session.pk)
    return render(request, "reviews/session_edit.html", {"session": session, "form": form})


@gates.therapist
def roles(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Who is the therapist, and who the others are, with the first turns of each speaker."""
    posted = request.method == "POST"
    user = gates.user_of(request)
    session = gates.session_of(user, id, "session.speakers" if posted else "session.see")
    words, error = to_session(session), None
    if posted:
        try:
            tell(request, session, words)
        except ReattuneError as wrong:
            error = wrong
        else:
            messages.success(request, told_text(session))
            return redirect("session", session.pk)
    context = {
        "session": session,
        "speakers": list(enumerate(shown(request, words))),
        "guess": words.roles,
        "error": error,
        "choices": [
            ("therapist", _("therapist")),
            ("client", _("client")),
            ("other", _("somebody else")),
        ],
    }
    return render(request, "reviews/roles.html", context, status=422 if error else 200)


def tell(request: HttpRequest, session: models.Session, words: Words) -> None:
    """Take in what was said of the speakers: who the therapist is, or each one's name and role."""
    user = gates.user_of(request)
    therapist = request.POST.get("therapist", "")
    if therapist:
        speakers.tell_therapist(session, therapist, user)
        return
    speakers.tell(session, typed(request, words), user)


def typed(request: HttpRequest, words: Words) -> dict[str, speakers.Told]:
    """The names and roles in the form, by label."""
    known = speakers.speakers_of(words)
    return {
        one.label: speakers.Told(
            request.POST.get(f"name-{n}", one.label).strip(),
            role if (role := request.POST.get(f"role-{n}")) in speakers.ROLES else one.role,
        )
        for n, one in enumerate(known)
    }


def shown(request: HttpRequest, words: Words) -> list[tuple[speakers.Speaker, str, str]]:
    """Each speaker with the name and role to show: as typed, or as they are."""
    known = speakers.speakers_of(words)[:MOST_SPEAKERS]
    if request.method != "POST":
        return [(one, one.label, one.role) for one in known]
    told = typed(request, words)
    return [(one, told[one.label].name, told[one.label].role) for one in known]


def told_text(session: models.Session) -> str:
    """What happens next."""
    if session.jobs.filter(state="waiting").exists():
        return _("Saved. The session is read with these speakers now.")
    return _("Saved. The session is not analyzed: the client has not consented to that.")


@gates.therapist
def delete(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """What deleting a session takes with it; a POST with the client's pseudonym does it."""
    user = gates.user_of(request)
    session = gates.session_of(user, id, "session.details")
    client, only = session.client, models.Session.objects.filter(pk=session.pk)
    losses = removal.losses(only)
    form = TypedName(client, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            counts = {loss.kind: loss.number for loss in losses}
            gates.note(
                user, "session.delete", target=f"session:{session.pk}", client=client, **counts
            )
            removal.remove_sessions(client, only)
        messages.success(request, _("The session is deleted."))
        return redirect("client", client.pk)
    context = {"session": session, "client": client, "losses": losses, "form": form}
    return render(request, "reviews/session_delete.html", context)
