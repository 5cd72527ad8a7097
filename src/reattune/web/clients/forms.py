"""Forms of clients and appointments; a table's lines are read by the same form as typed ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from reattune.attendance import MOST_MINUTES
from reattune.web.clients import wording
from reattune.web.clients.appointments import moment, rival, zone_of
from reattune.web.clients.models import PURPOSES, STATUSES, Appointment, Client

MOST_NOTICE = 24 * 366.0  # hours
RIVAL = _(
    "There is another appointment on this day that counts. Change that one, or record this one as "
    "rescheduled, with the hours of notice."
)


class Day(forms.DateInput):
    """A date as browsers pick it."""

    input_type = "date"

    def __init__(self, **attrs: Any) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class Clock(forms.TimeInput):
    """A time as browsers pick it."""

    input_type = "time"

    def __init__(self, **attrs: Any) -> None:
        super().__init__(attrs, format="%H:%M")


def day_field(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    """A day, written 2026-03-05 where no calendar is offered."""
    return forms.DateField(
        label=label,
        required=required,
        help_text=help_text,
        widget=Day(),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("Write the day as year, month, day: 2026-03-05.")},
    )


class ClientForm(forms.ModelForm[Client]):
    """Who the client is here: a pseudonym, a language, how they come."""

    started = day_field(
        _("First session"), required=False, help_text=_("Leave empty if you are not sure.")
    )

    class Meta:
        model = Client
        fields = ("name", "language", "telehealth", "started")
        widgets: ClassVar = {
            "name": forms.TextInput(
                attrs={"autocomplete": "off", "spellcheck": "false", "data-pseudonym": "#real-name"}
            )
        }
        help_texts: ClassVar = {
            "name": _("A made-up name, so that nobody who sees the screen knows who it is."),
            "language": _("In which check-ins and consents are worded."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"),
            choices=settings.CHECKIN_LANGUAGES,
            help_text=self.fields["language"].help_text,
        )

    def clean_started(self) -> Any:
        """Not in the far future."""
        return not_ahead(self.cleaned_data["started"])


class NewClientForm(ClientForm):
    """A new client, with what they consented to."""

    field_order = ("name", "language", "telehealth", "consents")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["started"]
        self.fields["consents"] = forms.MultipleChoiceField(
            label=_("The client consented to"),
            choices=purposes(),
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text=_(
                "Tick only what the client said yes to, today. Without transcripts nothing can be "
                "uploaded. Each can be given and taken back later."
            ),
        )

    def clean_started(self) -> Any:
        """Nothing was asked."""
        return None


def purposes() -> list[tuple[str, str]]:
    """The purposes under the names that clients read."""
    named = wording.sheet(get_language() or "en").wordings
    return [(one.purpose, one.title) for one in named]


class EndForm(forms.Form):
    """When the work with a client ended."""

    ended = day_field(_("Ended on"))

    def clean_ended(self) -> Any:
        """Not in the future."""
        return not_ahead(self.cleaned_data["ended"])


class ConsentForm(forms.Form):
    """A consent to one purpose, and when it was given."""

    purpose = forms.ChoiceField(choices=PURPOSES, widget=forms.HiddenInput)
    given_on = day_field(_("Given on"))

    def clean_given_on(self) -> Any:
        """Not in the future."""
        return not_ahead(self.cleaned_data["given_on"])


def not_ahead(day: Any) -> Any:
    """The day; a ValidationError if it has yet to come."""
    if day is not None and day > timezone.localdate():
        raise forms.ValidationError(_("This day is still to come."))
    return day


class AppointmentForm(forms.Form):
    """One appointment: when, how it was kept, and who called it off."""

    date = day_field(_("Day"))
    time = forms.TimeField(
        label=_("Time"),
        required=False,
        widget=Clock(),
        input_formats=["%H:%M", "%H:%M:%S"],
        error_messages={"invalid": _("Write the time as hours and minutes: 14:30.")},
    )
    status = forms.ChoiceField(
        label=_("How it was kept"),
        choices=STATUSES,
        initial="scheduled",
        error_messages={
            "invalid_choice": _(
                "The status “%(value)s” is not known. Use one of: scheduled, attended, late, "
                "cancelled, no_show, rescheduled."
            )
        },
    )
    minutes_late = forms.IntegerField(
        label=_("Minutes late"),
        required=False,
        min_value=0,
        max_value=MOST_MINUTES,
        help_text=_("Only if somebody came late."),
    )
    notice_hours = forms.FloatField(
        label=_("Hours of notice"),
        required=False,
        min_value=0,
        max_value=MOST_NOTICE,
        help_text=_("How long before it was called off or moved; leave empty if you do not know."),
    )
    by = forms.ChoiceField(
        label=_("By whom"),
        required=False,
        choices=[("", _("not said")), ("client", _("the client")), ("therapist", _("me"))],
        help_text=_("Who came late, called it off or moved it."),
        error_messages={"invalid_choice": _("Use client or therapist, or leave it empty.")},
    )

    def __init__(
        self,
        client: Client,
        *args: Any,
        known: Appointment | None = None,
        others: Iterable[Appointment] | None = None,
        **kw: Any,
    ) -> None:
        self.client, self.known, self.others = client, known, others
        self.zone = zone_of(client.therapist)
        if known is not None:
            kw.setdefault("initial", initial_of(known, self.zone))
        super().__init__(*args, **kw)

    def clean(self) -> None:
        """Only one appointment a day can say something of the client."""
        if self.errors:
            return
        others = self.client.appointments.all() if self.others is None else self.others
        if rival(self.made(), others, self.zone):
            raise forms.ValidationError(RIVAL)

    def made(self) -> Appointment:
        """The appointment as the form has it, not saved."""
        told, row = self.cleaned_data, self.known or Appointment(client=self.client)
        row.starts = moment(told["date"], told["time"], self.zone)
        row.status = told["status"]
        row.minutes_late = told["minutes_late"] or 0
        row.notice_hours = told["notice_hours"]
        row.by = told["by"]
        return row


def initial_of(known: Appointment, zone: Any) -> dict[str, Any]:
    """An appointment as the form shows it."""
    starts = known.starts.astimezone(zone)
    return {
        "date": starts.date(),
        "time": starts.time(),
        "status": known.status,
        "minutes_late": known.minutes_late or None,
        "notice_hours": known.notice_hours,
        "by": known.by,
    }


class FileForm(forms.Form):
    """A table or a calendar to read appointments from."""

    file = forms.FileField(label=_("File"))
    match = forms.CharField(
        label=_("What the calendar calls this client"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_(
            "Only for a calendar: events with this text in title, place, description or guests are "
            "taken. Several spellings are parted by commas. It is not kept."
        ),
    )
    first = day_field(_("From"))
    last = day_field(_("To"))
    past = forms.ChoiceField(
        label=_("Past appointments of a calendar"),
        choices=[
            ("scheduled", _("leave open: I say one by one how they were kept")),
            ("attended", _("take them as attended: I correct the exceptions")),
        ],
        widget=forms.RadioSelect,
        initial="scheduled",
    )

    def clean(self) -> None:
        """The first day before the last."""
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and first > last:
            self.add_error("last", _("This is before the first day."))
