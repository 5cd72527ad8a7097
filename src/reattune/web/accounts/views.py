"""Coming in: the first account, signing in and out; one's own account."""

from __future__ import annotations

import hmac
from typing import cast

from django import forms
from django.contrib.auth import login, logout, password_validation
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from reattune.web import gates, vault
from reattune.web.accounts.models import Practice, User
from reattune.web.middleware import public


def start_token() -> str:
    """What the first page asks for, so that only who started the server makes the first account."""
    return vault.derive("start").hex()[:32]


@public
def home(request: HttpRequest) -> HttpResponse:
    """To the page that a user works on, to the login, or to the first account."""
    user = request.user
    if not user.is_authenticated:
        return redirect("login" if User.objects.exists() else "start")
    user = gates.user_of(request)
    if user.is_therapist:
        return redirect("caseload")
    return redirect("shares" if user.is_supervisor else "people")


class StartForm(forms.Form):
    """The first account: a therapist who administers the practice."""

    practice = forms.CharField(label=_("Name of the practice"), max_length=120)
    name = forms.CharField(label=_("Your name"), max_length=120)
    username = forms.CharField(label=_("User name"), max_length=150)
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters; several words make a good one."),
    )

    def clean(self) -> None:
        """The password against Django's validators, told who it is for."""
        data = self.cleaned_data
        user = User(username=data.get("username", ""), name=data.get("name", ""))
        try:
            password_validation.validate_password(data.get("password", ""), user)
        except forms.ValidationError as error:
            self.add_error("password", error)

    def save(self, language: str) -> User:
        """The practice and its first account."""
        data = self.cleaned_data
        practice = Practice.objects.create(name=data["practice"])
        user = User(
            username=data["username"],
            name=data["name"],
            practice=practice,
            is_therapist=True,
            is_administrator=True,
            language=language,
        )
        user.set_password(data["password"])
        user.save()
        return user


@public
def start(request: HttpRequest) -> HttpResponse:
    """The first account. Open once, with the token that the server printed; 404 afterwards."""
    if User.objects.exists():
        raise Http404
    given = request.POST.get("token") or request.GET.get("token", "")
    if not hmac.compare_digest(given.encode(), start_token().encode()):
        return render(request, "accounts/start_token.html", status=403 if given else 200)
    form = StartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            user = form.save(get_language() or "en")
        login(request, user, "django.contrib.auth.backends.ModelBackend")
        gates.note(user, "practice.start")
        return redirect("home")
    return render(request, "accounts/start.html", {"form": form, "token": given})


class Login(LoginView):
    """User name and password; axes counts failures."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True
    public = True


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    gates.note(gates.user_of(request), "user.leave")
    logout(request)
    return redirect("login")


def account(request: HttpRequest) -> HttpResponse:
    """One's own account."""
    return render(request, "accounts/account.html", {"who": cast(User, request.user)})


@gates.administrator
def people(request: HttpRequest) -> HttpResponse:
    """The accounts of the practice."""
    user = gates.user_of(request)
    gates.note(user, "people.see")
    return render(request, "accounts/people.html", {"people": user.practice.users.all()})
