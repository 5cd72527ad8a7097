"""Coming in: the first account, invitations, signing in and out."""

from __future__ import annotations

import hmac
from typing import Any

from django.contrib.auth import login, logout
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from reattune.web import gates, vault
from reattune.web.accounts import tokens
from reattune.web.accounts.forms import ROLES, NewUser, Start
from reattune.web.accounts.models import Invitation, User
from reattune.web.middleware import public

BACKEND = "django.contrib.auth.backends.ModelBackend"


def start_token() -> str:
    """What the first page asks for, so that only who started the server makes the first account."""
    return vault.derive("start").hex()[:32]


@public
def home(request: HttpRequest) -> HttpResponse:
    """To the page that a user works on, to the login, or to the first account."""
    if not request.user.is_authenticated:
        return redirect("login" if User.objects.exists() else "start")
    user = gates.user_of(request)
    if user.is_therapist:
        return redirect("caseload")
    return redirect("shares" if user.is_supervisor else "people")


@public
def start(request: HttpRequest) -> HttpResponse:
    """The first account. Open once, with the token that the server printed; 404 afterwards."""
    if User.objects.exists():
        raise Http404
    given = request.POST.get("token") or request.GET.get("token", "")
    if not hmac.compare_digest(given.encode(), start_token().encode()):
        return render(request, "accounts/start_token.html", status=403 if given else 200)
    form = Start(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.begin(get_language() or "en")
        login(request, user, BACKEND)
        gates.note(user, "practice.start")
        return redirect("home")
    return render(request, "accounts/start.html", {"form": form, "token": given})


class Login(LoginView):
    """User name and password; django-axes counts failures and locks."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign in, with an entry in the audit chain."""
        response = super().form_valid(form)
        gates.note(gates.user_of(self.request), "user.enter")
        return response


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    gates.note(gates.user_of(request), "user.leave")
    logout(request)
    return redirect("login")


@public
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Make the account that an invitation is for; a plain page if it no longer holds."""
    now = timezone.now()
    held = Invitation.objects.filter(
        token_hash=tokens.hashed(token), used_at=None, expires__gt=now
    ).first()
    if held is None:
        return render(request, "accounts/join_over.html", status=404)
    form = NewUser(request.POST or None, initial={"name": held.name})
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            used = Invitation.objects.filter(pk=held.pk, used_at=None).update(used_at=now)
            if not used:
                return render(request, "accounts/join_over.html", status=404)
            roles = {role: getattr(held, role) for role in ROLES}
            user = form.save(held.practice, language=get_language() or "en", **roles)
            gates.note(user, "user.join", target=f"invitation:{held.pk}")
        login(request, user, BACKEND)
        return redirect("home")
    return render(request, "accounts/join.html", {"form": form, "practice": held.practice})
