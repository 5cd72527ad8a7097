"""What is filled in while practicing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reattune.web.accounts.models import User
from reattune.web.practice import access, words

LONGEST, VIEW = 4000, 1000  # characters of a reply, of the learner's view of a reading
DAYS, MOST_DAYS = 7, 60


class Said(forms.CharField):
    """Words as they were typed, in lines, without what cannot be seen."""

    def to_python(self, value: Any) -> str:
        """With plain line ends, without control and formatting characters."""
        text = super().to_python(value) or ""
        lines = "\n".join(text.splitlines())
        return "".join(c for c in lines if c.isprintable() or c in "\n\t").strip()


class ReplyForm(forms.Form):
    """A reply to the client's line; `number` says to which, so that it counts once."""

    number = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    text = Said(
        label=_("What would you say?"),
        max_length=LONGEST,
        error_messages={"required": _("Nothing is written yet.")},
        widget=forms.Textarea({"rows": 3, "autocomplete": "off", "lang": "en"}),
    )


class ContestForm(forms.Form):
    """A reading that does not fit."""

    number = forms.IntegerField(min_value=0)
    code = forms.CharField(max_length=40)
    view = Said(max_length=VIEW, required=False)


class FilterForm(forms.Form):
    """Which scenarios are shown."""

    kind = forms.ChoiceField(label=_("Kind of strain"), required=False)
    intensity = forms.ChoiceField(label=_("Intensity"), required=False)
    hard = forms.ChoiceField(label=_("What makes it hard"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, known in (
            ("kind", words.KINDS),
            ("intensity", words.INTENSITIES),
            ("hard", words.HARD),
        ):
            choice = self.fields[name]
            assert isinstance(choice, forms.ChoiceField)
            choice.choices = [("", _("any")), *known.items()]

    @property
    def chosen(self) -> dict[str, str]:
        """What was chosen; anything unknown is left out."""
        if not self.is_valid():
            return {}
        return {name: value for name, value in self.cleaned_data.items() if value}


class ReaderField(forms.ModelChoiceField[User]):
    """A supervisor."""

    def label_from_instance(self, obj: User) -> str:
        """By name."""
        return str(obj)


class ShareForm(forms.Form):
    """Whom a talk is shown to, for how long, with how much of it."""

    reader = ReaderField(label=_("To which supervisor"), queryset=User.objects.none())
    days = forms.IntegerField(
        label=_("For so many days"), min_value=1, max_value=MOST_DAYS, initial=DAYS
    )
    with_words = forms.BooleanField(
        label=_("With the whole talk, not only the summary"), required=False
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["reader"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = access.readers_for(user)
