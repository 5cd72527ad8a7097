"""The instruments of a practice: those shipped, and files of its own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.errors import InputError
from reattune.measures import Instrument
from reattune.web import gates
from reattune.web.checkins import instruments
from reattune.web.checkins.forms import InstrumentForm
from reattune.web.checkins.models import OwnInstrument
from reattune.web.checkins.phrases import every


@gates.therapist
def listed(request: HttpRequest) -> HttpResponse:
    """What the practice can use; bringing a file along."""
    user = gates.user_of(request)
    sent = request.method == "POST"
    form = InstrumentForm(request.POST, request.FILES) if sent else InstrumentForm()
    if sent and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            made, before = instruments.add(user, file.read(instruments.LARGEST + 1), file.name)
        except InputError as error:
            form.add_error("file", str(error))
        else:
            told = _("%(name)s was replaced.") if before else _("%(name)s can be used now.")
            messages.success(request, told % {"name": made.name})
            return redirect("instruments")
    elif not sent:
        gates.note(user, "instruments.see")
    own = {row.slug: row for row in user.practice.instruments.select_related("added_by")}
    known = instruments.everything(user.practice)
    context = {
        "form": form,
        "rows": [(one, own.get(one.id), language_names(one)) for one in known.values()],
        "broken": [row for slug, row in own.items() if slug not in known],
    }
    return render(request, "checkins/instruments.html", context)


def language_names(instrument: Instrument) -> list[str]:
    """The languages of a form as those who speak them call them."""
    return [every()[code].name if code in every() else code for code in instrument.languages]


@gates.therapist
def file(request: HttpRequest, slug: str) -> HttpResponse:
    """The file of an instrument of the practice's own."""
    user = gates.user_of(request)
    row = own_of(request, slug)
    gates.note(user, "instrument.export", target=f"instrument:{row.slug}")
    response = HttpResponse(row.toml, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{row.slug}.toml"'
    return response


@require_POST
@gates.therapist
def remove(request: HttpRequest, slug: str) -> HttpResponse:
    """Take an instrument of the practice's own away, if no form needs it."""
    try:
        instruments.remove(gates.user_of(request), own_of(request, slug))
    except InputError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The instrument is gone."))
    return redirect("instruments")


def own_of(request: HttpRequest, slug: str) -> OwnInstrument:
    """An instrument of the user's own practice; Http404 for any other."""
    practice = gates.user_of(request).practice
    return get_object_or_404(OwnInstrument, practice=practice, slug=slug)
