"""One's own account: how pages look, password, tokens, what was done with one's records."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.web import gates
from reattune.web.accounts import tokens as secret
from reattune.web.accounts.forms import NewToken, Profile
from reattune.web.accounts.models import User
from reattune.web.accounts.views_factor import confirmed
from reattune.web.audit.models import Entry
from reattune.web.audit.words import action_told

A_PAGE = 50  # entries of the trail


def account(request: HttpRequest) -> HttpResponse:
    """How the pages look, and the way to the rest."""
    user = gates.user_of(request)
    form = Profile(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("account")
    user.refresh_from_db()  # an invalid form left its values on the user
    return render(request, "accounts/account.html", {"form": form, "factor": confirmed(user)})


def password(request: HttpRequest) -> HttpResponse:
    """Change one's password; other browsers are signed out."""
    user = gates.user_of(request)
    form = PasswordChangeForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        update_session_auth_hash(request, user)
        gates.note(user, "password.change")
        messages.success(request, _("Your password is changed. Other browsers were signed out."))
        return redirect("account")
    context = {"form": form, "title": _("Change your password")}
    return render(request, "accounts/confirm.html", context)


def tokens(request: HttpRequest) -> HttpResponse:
    """The tokens of one's programs; a new one is shown once."""
    user = gates.user_of(request)
    form, made = NewToken(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        made = make_token(user, form)
        form = NewToken()
    held = user.tokens.filter(revoked_at=None).order_by("-created")
    context = {"form": form, "made": made, "tokens": held, "now": timezone.now()}
    return render(request, "accounts/tokens.html", context)


def make_token(user: User, form: NewToken) -> str:
    """Keep a new token; the secret to show."""
    plain, kept = secret.new()
    token = form.save(commit=False)
    token.user, token.token_hash = user, kept
    token.expires = timezone.now() + timedelta(days=form.cleaned_data["days"])
    token.save()
    gates.note(user, "token.make", target=f"token:{token.pk}", scopes=token.scopes)
    return plain


@require_POST
def end_token(request: HttpRequest, id: int) -> HttpResponse:
    """End a token of one's own."""
    user = gates.user_of(request)
    token = get_object_or_404(user.tokens, pk=id, revoked_at=None)
    token.revoked_at = timezone.now()
    token.save()
    gates.note(user, "token.end", target=f"token:{token.pk}")
    return redirect("tokens")


def trail(request: HttpRequest) -> HttpResponse:
    """Who saw or changed what: an administrator sees the practice's entries, which hold no words;
    others their own and those on their clients."""
    user = gates.user_of(request)
    found = Entry.objects.filter(practice=user.practice_id).order_by("-number")
    if not user.is_administrator:
        clients = gates.own_clients(user).values("pk")
        found = found.filter(Q(actor=f"user:{user.pk}") | Q(client__in=clients))
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    names = {f"user:{one.pk}": str(one) for one in user.practice.users.all()}
    told: dict[UUID | None, str] = {one.pk: one.name for one in gates.own_clients(user)}
    rows = [
        (e, names.get(e.actor, e.actor), action_told(e.action), told.get(e.client, ""))
        for e in page
    ]
    return render(request, "accounts/trail.html", {"page": page, "rows": rows})
