"""The forms of accounts."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from reattune.thresholds import load_points
from reattune.web.accounts.models import SCOPES, Invitation, Practice, Token, User

ROLES = ("is_therapist", "is_supervisor", "is_administrator")


class NewUser(forms.Form):
    """Name, user name and password of a new account."""

    name = forms.CharField(
        label=_("Your name"), max_length=120, widget=forms.TextInput({"autocomplete": "name"})
    )
    username = forms.CharField(
        label=_("User name"), max_length=150, widget=forms.TextInput({"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. Several words that do not belong together do well."),
    )

    def clean_username(self) -> str:
        """A user name that nobody has."""
        username: str = self.cleaned_data["username"]
        User.username_validator(username)
        if User.objects.filter(username__iexact=username).exists():
            raise forms.ValidationError(_("Somebody has this user name. Choose another."))
        return username

    def clean(self) -> None:
        """The password against Django's validators, told who it is for."""
        data = self.cleaned_data
        user = User(username=data.get("username", ""), name=data.get("name", ""))
        try:
            password_validation.validate_password(data.get("password", ""), user)
        except forms.ValidationError as error:
            self.add_error("password", error)

    def save(self, practice: Practice, **fields: Any) -> User:
        """The account, in a practice, with these further fields."""
        data = self.cleaned_data
        user = User(username=data["username"], name=data["name"], practice=practice, **fields)
        user.set_password(data["password"])
        user.save()
        return user


class Start(NewUser):
    """The first account: a therapist who administers the practice."""

    practice = forms.CharField(label=_("Name of the practice"), max_length=120)
    field_order = ("practice", "name", "username", "password")

    @transaction.atomic
    def begin(self, language: str) -> User:
        """The practice and its first account."""
        practice = Practice.objects.create(name=self.cleaned_data["practice"])
        return self.save(practice, is_therapist=True, is_administrator=True, language=language)


class Code(forms.Form):
    """A code of six digits, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(
            {"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True}
        ),
        help_text=_("Six digits from your app, or one of your recovery codes."),
    )

    def clean_code(self) -> str:
        """The code without the blanks that people type."""
        return str(self.cleaned_data["code"]).replace(" ", "").lower()


class Profile(forms.ModelForm[User]):
    """How the pages look to a user, and how readily they flag."""

    class Meta:
        model = User
        fields = ("name", "language", "time_zone", "theme", "flags")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = [(zone, zone.replace("_", " ")) for zone in sorted(zoneinfo.available_timezones())]
        told = {
            "few": _("few: only the surest"),
            "balanced": _("balanced"),
            "many": _("many: also doubtful ones"),
        }
        self.fields["language"] = choice(_("Language"), settings.LANGUAGES)
        self.fields["time_zone"] = choice(_("Time zone"), zones)
        self.fields["flags"] = choice(
            _("Flags"),
            [(name, told.get(name, name)) for name in load_points()],
            _("How readily sessions read from now on are flagged."),
        )


def choice(label: Any, choices: Any, help_text: Any = "") -> forms.ChoiceField:
    """A select with these choices."""
    return forms.ChoiceField(label=label, choices=choices, help_text=help_text)


class Password(forms.Form):
    """One's own password, to confirm what matters."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """The password, if it is this user's."""
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password


class NewToken(forms.ModelForm[Token]):
    """A token for a program: its name and what it may do."""

    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=[(scope, scope) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.IntegerField(label=_("Days until it ends"), min_value=1, max_value=730, initial=90)

    class Meta:
        model = Token
        fields = ("name", "scopes")


class Roles(forms.Form):
    """The roles of an account; at least one."""

    is_therapist = forms.BooleanField(label=_("therapist: own clients"), required=False)
    is_supervisor = forms.BooleanField(
        label=_("supervisor: what is shared with them"), required=False
    )
    is_administrator = forms.BooleanField(
        label=_("administrator: accounts, no words"), required=False
    )

    def clean(self) -> None:
        """At least one role."""
        if not any(self.cleaned_data.get(role) for role in ROLES):
            raise forms.ValidationError(_("Choose at least one role."))

    @property
    def chosen(self) -> dict[str, bool]:
        """The roles by field name."""
        return {role: bool(self.cleaned_data[role]) for role in ROLES}


class Invite(Roles):
    """Whom to invite, and as what."""

    name = forms.CharField(label=_("Name"), max_length=Invitation.name.field.max_length)
    field_order = ("name", *ROLES)


class Rules(forms.ModelForm[Practice]):
    """What holds for everybody in the practice."""

    class Meta:
        model = Practice
        fields = ("name", "require_second_factor")
