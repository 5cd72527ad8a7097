"""Asking for the pseudonym before what cannot be undone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reattune.web.clients.models import Client


class TypedName(forms.Form):
    """The client's pseudonym, typed by who means it."""

    name = forms.CharField(
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, client: Client, *args: Any, **kwargs: Any) -> None:
        self.client = client
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Type “%(name)s” to confirm") % {"name": client.name}

    def clean_name(self) -> str:
        """As the pseudonym, whatever its case and spaces."""
        typed: str = self.cleaned_data["name"]
        if " ".join(typed.split()).casefold() != " ".join(self.client.name.split()).casefold():
            raise forms.ValidationError(_("This is not the pseudonym. Nothing was deleted."))
        return typed
