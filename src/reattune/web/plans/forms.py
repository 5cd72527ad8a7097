"""Forms of plans and endings. What may follow what, `reattune.repair` decides."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reattune.web.plans.models import NOTE

KINDS = [
    ("withdrawal", _("Withdrawal: the client moves away")),
    ("confrontation", _("Confrontation: the client moves against")),
    ("mixed", _("Both")),
]
INTENSITIES = [
    ("micro", _("Micro: a slight, momentary strain")),
    ("major", _("Major: working together has broken down for a while")),
]


NOTED = _("Note")


def note_field(label: Any = NOTED, *, required: bool = False) -> forms.CharField:
    """A note of a few lines."""
    widget = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(label=label, required=required, max_length=NOTE, widget=widget)


class ChangeForm(forms.Form):
    """A change of state of a rupture or a step; `old` is what the page showed."""

    part = forms.CharField(required=False, max_length=20)
    old = forms.CharField(max_length=20)
    new = forms.CharField(max_length=20)
    note = note_field()
    session = forms.IntegerField(min_value=1, max_value=100_000)
    into = forms.CharField(required=False, max_length=20)


class AnswerForm(forms.Form):
    """An answer to a proposal."""

    answer = forms.ChoiceField(choices=[("accept", "accept"), ("decline", "decline")])
    note = note_field()


class OpenForm(forms.Form):
    """A rupture that a person opens."""

    kind = forms.ChoiceField(label=_("Which way"), choices=KINDS)
    intensity = forms.ChoiceField(label=_("How strong"), choices=INTENSITIES)
    session = forms.TypedChoiceField(label=_("In which session"), coerce=int)
    note = note_field(_("What you noticed"), required=True)

    def __init__(self, *args: Any, sessions: tuple[int, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["session"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(n, _("session %(n)s") % {"n": n}) for n in reversed(sessions)]


class EndingForm(forms.Form):
    """A change in an ending."""

    section = forms.CharField(required=False, max_length=20)
    item = forms.CharField(required=False, max_length=40)
    old = forms.CharField(required=False, max_length=12)
    new = forms.CharField(max_length=12)
    note = note_field()
    due = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    ended = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
