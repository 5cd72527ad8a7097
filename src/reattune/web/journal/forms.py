"""Forms of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from reattune.web.journal.sealing import LEAST, Words

LONGEST = 20_000  # characters of a field


def secret(label: Any, *, new: bool = False, help_text: Any = "") -> forms.CharField:
    """A passphrase; blanks belong to it."""
    kind = "new-password" if new else "current-password"
    widget = forms.PasswordInput(attrs={"autocomplete": kind})
    return forms.CharField(label=label, widget=widget, help_text=help_text, strip=False)


class BeginForm(forms.Form):
    """A new journal."""

    passphrase = secret(
        _("A passphrase for your journal"),
        new=True,
        help_text=format_lazy(
            _(
                "Several words, at least {least} characters, not your password for signing in. It "
                "is not kept anywhere: if you forget it, nobody can read your journal again."
            ),
            least=LEAST,
        ),
    )
    again = secret(_("The same again"), new=True)

    def clean(self) -> dict[str, Any] | None:
        """Both alike."""
        found = super().clean() or {}
        if found.get("passphrase") != found.get("again"):
            self.add_error("again", _("The two are not the same."))
        return found


class OpenForm(forms.Form):
    """The way into a journal."""

    passphrase = secret(_("The passphrase of your journal"))


class ChangeForm(BeginForm):
    """Another passphrase."""

    old = secret(_("The passphrase until now"))
    field_order = ("old", "passphrase", "again")


class EntryForm(forms.Form):
    """An entry; any field may stay empty, not all of them."""

    reactions = forms.CharField(label=_("My reactions"), required=False, max_length=LONGEST)
    body = forms.CharField(label=_("My body"), required=False, max_length=LONGEST)
    thoughts = forms.CharField(label=_("My thoughts"), required=False, max_length=LONGEST)
    part = forms.CharField(label=_("My part"), required=False, max_length=LONGEST)
    text = forms.CharField(label=_("Anything else"), required=False, max_length=LONGEST)
    about = forms.ChoiceField(label=_("About"), required=False)
    consult = forms.BooleanField(label=_("Take this to consultation"), required=False)

    def __init__(self, *args: Any, about: Sequence[tuple[str, Any]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("reactions", "body", "thoughts", "part", "text"):
            rows = 4 if name == "text" else 3
            self.fields[name].widget = forms.Textarea(attrs={"rows": rows, "autocomplete": "off"})
        choice = self.fields["about"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", _("nothing in particular")), *about]

    def clean(self) -> dict[str, Any] | None:
        """Something is written."""
        found = super().clean() or {}
        if not any(found.get(name) for name in ("reactions", "body", "thoughts", "part", "text")):
            raise forms.ValidationError(_("Nothing is written yet."))
        return found

    @property
    def words(self) -> Words:
        """What was written."""
        return Words(**self.cleaned_data)
