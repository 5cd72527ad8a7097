"""Codings from other programs: choose a file, look at what was matched, take it in."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from reattune.errors import ReattuneError
from reattune.web import gates
from reattune.web.coding import transfer
from reattune.web.coding.forms import FileForm
from reattune.web.coding.models import Coding


@gates.therapist
def choose(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The form for a file, and after it what was matched; codes are not shown here."""
    session = gates.session_of(gates.user_of(request), id, "coding.import")
    form = FileForm(request.POST or None, request.FILES or None)
    context = {"session": session, "client": session.client, "form": form}
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            found = transfer.read(upload.read(), upload.name or "", session)
        except ReattuneError as error:
            form.add_error("file", str(error))
        else:
            session.codings.filter(coder=None, done_at=None).delete()
            kept = transfer.keep(found, session, upload.name or "")
            context |= {"rows": list(zip(kept, found, strict=True)), "name": upload.name}
            return render(request, "coding/import_preview.html", context)
    return render(request, "coding/import.html", context, status=422 if form.errors else 200)


@gates.therapist
def take(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """Take in the ticked codings that were looked at; the others are dropped."""
    if request.method != "POST":
        raise Http404
    session = gates.session_of(gates.user_of(request), id, "coding.import")
    waiting = list(session.codings.filter(coder=None, done_at=None))
    ticked = [one for one in waiting if str(one.pk) in request.POST.getlist("take")]
    transfer.accept(ticked)
    session.codings.filter(coder=None, done_at=None).delete()
    if ticked:
        messages.success(request, _("%(n)d codings taken in.") % {"n": len(ticked)})
    else:
        messages.error(request, _("Nothing was taken in: tick a coding."))
    return redirect("moments", session.pk)


@gates.therapist
def drop(request: HttpRequest, id: uuid.UUID, coding: uuid.UUID) -> HttpResponse:
    """Delete a coding that was taken in from a file."""
    session = gates.session_of(gates.user_of(request), id, "coding.drop", coding=str(coding))
    found: Coding | None = session.codings.filter(pk=coding, coder=None).first()
    if request.method != "POST" or found is None:
        raise Http404
    found.delete()
    messages.success(request, _("The coding from a file is deleted."))
    return redirect("moments", session.pk)
