"""What therapists fill in to have a form answered or to enter one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from reattune.measures import Instrument
from reattune.web.checkins.answers import EARLIEST
from reattune.web.checkins.instruments import everything
from reattune.web.checkins.links import DAYS
from reattune.web.checkins.phrases import every
from reattune.web.checkins.scores import RATERS
from reattune.web.clients.models import Client

AHEAD = 60  # days; how far in the future a session may be that a link is about
HELD = ("attended", "late", "scheduled")


class DayField(forms.DateField):
    """The day of a session, `ahead` days in the future at most."""

    def __init__(self, *, ahead: int = 0, **kwargs: Any) -> None:
        self.ahead = ahead
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(widget=widget, input_formats=["%Y-%m-%d"], **kwargs)

    def validate(self, value: date | None) -> None:
        """The day against today."""
        super().validate(value)
        if value is not None and not EARLIEST <= value <= timezone.localdate() + timedelta(
            days=self.ahead
        ):
            remedy = _now("Choose the day of the session; it cannot be in the future.")
            if self.ahead:
                remedy = _now("Choose the day of the session, 60 days ahead at most.")
            raise ValidationError(remedy, code="day")


class GiveForm(forms.Form):
    """Which form a client is given, in which language, about which session."""

    measure = forms.ChoiceField(label=_("Form"))
    language = forms.ChoiceField(
        label=_("Language"),
        help_text=_(
            "Our own check-in is here in all of these. The questions of the PHQ-9 and the GAD-7 "
            "are in English, whatever is chosen."
        ),
    )
    about = DayField(label=_("About the session on"), ahead=AHEAD)
    instead = forms.BooleanField(label=_("The new answers take the place of those"), required=False)

    def __init__(self, client: Client, *args: Any, **kwargs: Any) -> None:
        self.client = client
        self.instruments = to_give(client)
        kwargs.setdefault("initial", {"language": client.language, "about": latest_day(client)})
        super().__init__(*args, **kwargs)
        self.choices("measure").choices = [(id, _(i.name)) for id, i in self.instruments.items()]
        self.choices("language").choices = languages(self.instruments)
        self.order_fields(["measure", "language", "about", "days", "instead"])
        self.twice = self.there()
        if not self.twice:
            del self.fields["instead"]

    def choices(self, name: str) -> forms.ChoiceField:
        """A field to choose in."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    def there(self) -> bool:
        """Whether the form chosen was answered already for the day chosen."""
        if not self.is_bound:
            return False
        field = DayField(ahead=AHEAD)
        try:
            day = field.clean(self.data.get("about"))
        except ValidationError:
            return False
        measure = self.data.get("measure", "")
        return self.client.answers.filter(measure=measure, rater="client", about=day).exists()

    def clean(self) -> dict[str, Any]:
        """Told, not silently replaced: a second form about the same session."""
        data = self.cleaned_data
        if self.twice and not data.get("instead") and not self.errors:
            what = _now("The client has answered this form about this session already.")
            remedy = _now("Choose another day, or say that the new answers take their place.")
            self.add_error("instead", f"{what} {remedy}")
        return data


class LinkForm(GiveForm):
    """A form that is given by link."""

    days = forms.IntegerField(
        label=_("Open for so many days"), min_value=1, max_value=60, initial=DAYS
    )

    def __init__(self, client: Client, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial",
            {"language": client.language, "about": latest_day(client), "days": DAYS},
        )
        super().__init__(client, *args, **kwargs)


class SendForm(forms.Form):
    """Where a reminder goes; used once and kept nowhere."""

    address = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("Used for this one message and kept nowhere here."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    token = forms.CharField(widget=forms.HiddenInput, max_length=100)


class HeadForm(forms.Form):
    """What stands above a form that is typed in: the day, and who answered."""

    about = DayField(label=_("About the session on"))
    rater = forms.ChoiceField(label=_("Answered by"))
    instead = forms.BooleanField(
        label=_("This one takes the place of the one that is there"), required=False
    )

    def __init__(
        self, instrument: Instrument, *args: Any, ask: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.raters = instrument.raters
        rater = self.fields["rater"]
        assert isinstance(rater, forms.ChoiceField)
        rater.choices = [(who, RATERS[who]) for who in self.raters]
        if len(self.raters) == 1:
            del self.fields["rater"]
        if not ask and not self.data.get("instead"):
            del self.fields["instead"]

    @property
    def who(self) -> str:
        """Who answered: the one chosen, or the only one the form is for."""
        return str(self.cleaned_data.get("rater", self.raters[0]))


class InstrumentForm(forms.Form):
    """An instrument file."""

    file = forms.FileField(
        label=_("Instrument file (TOML)"),
        widget=forms.FileInput(attrs={"accept": ".toml,application/toml,text/plain"}),
    )


def to_give(client: Client) -> dict[str, Instrument]:
    """The instruments whose wording is here and that a client answers, by id."""
    found = everything(client.practice)
    return {id: one for id, one in found.items() if one.languages and "client" in one.raters}


def languages(instruments: dict[str, Instrument]) -> list[tuple[str, str]]:
    """The languages to ask in: ours, and those of the practice's own instruments."""
    theirs = {code: code for one in instruments.values() for code in one.languages}
    ours = {code: own.name for code, own in every().items()}
    return list((ours | {code: theirs[code] for code in theirs if code not in ours}).items())


def latest_day(client: Client) -> date:
    """The day of the client's latest session or appointment up to today; else today."""
    today = timezone.localdate()
    session = client.sessions.filter(held_on__lte=today).order_by("-held_on").first()
    appointment = (
        client.appointments.filter(starts__date__lte=today, status__in=HELD)
        .order_by("-starts")
        .first()
    )
    days = [session.held_on] if session else []
    days += [timezone.localtime(appointment.starts).date()] if appointment else []
    return max(days, default=today)
