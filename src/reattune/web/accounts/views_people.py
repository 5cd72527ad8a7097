"""The practice's people: an administrator invites, sets roles, unlocks. No words are seen here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from axes.utils import reset
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reattune.web import gates
from reattune.web.accounts import tokens
from reattune.web.accounts.forms import ROLES, Invite, Roles, Rules
from reattune.web.accounts.models import Invitation, User
from reattune.web.accounts.views_factor import forget_devices

INVITED = timedelta(days=7)


@gates.administrator
def people(request: HttpRequest) -> HttpResponse:
    """The accounts, the invitations that hold, and the practice's rules."""
    user = gates.user_of(request)
    form = Rules(request.POST or None, instance=user.practice)
    if request.method == "POST" and form.is_valid():
        form.save()
        gates.note(user, "practice.change", second_factor=user.practice.require_second_factor)
        messages.success(request, _("Saved."))
        return redirect("people")
    gates.note(user, "people.see")
    held = user.practice.invitations.filter(used_at=None, expires__gt=timezone.now())
    everybody = user.practice.users.order_by("-is_active", "name")
    context = {"people": everybody, "invitations": held, "form": form}
    return render(request, "accounts/people.html", context)


@gates.administrator
def invite(request: HttpRequest) -> HttpResponse:
    """Make an invitation; its address is shown once, to hand on by a way that is safe."""
    user = gates.user_of(request)
    form = Invite(request.POST or None, initial={"is_therapist": True})
    address = ""
    if request.method == "POST" and form.is_valid():
        plain, kept = tokens.new()
        made = Invitation.objects.create(
            practice=user.practice,
            token_hash=kept,
            name=form.cleaned_data["name"],
            made_by=user,
            expires=timezone.now() + INVITED,
            **form.chosen,
        )
        gates.note(user, "invitation.make", target=f"invitation:{made.pk}", roles=form.chosen)
        address = request.build_absolute_uri(reverse("join", args=[plain]))
    return render(request, "accounts/invite.html", {"form": form, "address": address})


@require_POST
@gates.administrator
def end_invitation(request: HttpRequest, id: int) -> HttpResponse:
    """End an invitation that nobody took up."""
    user = gates.user_of(request)
    get_object_or_404(user.practice.invitations, pk=id, used_at=None).delete()
    gates.note(user, "invitation.end", target=f"invitation:{id}")
    return redirect("people")


@gates.administrator
def person(request: HttpRequest, id: int) -> HttpResponse:
    """One account: roles, and what can be done with it."""
    user = gates.user_of(request)
    other = somebody(user, id)
    form = Roles(request.POST or None, initial={role: getattr(other, role) for role in ROLES})
    if request.method == "POST" and form.is_valid():
        if last_administrator(other) and not form.chosen["is_administrator"]:
            form.add_error(None, _("Somebody must administer the practice. Name another first."))
        else:
            set_roles(user, other, form.chosen)
            messages.success(request, _("Saved."))
            return redirect("people")
    gates.note(user, "person.see", target=f"user:{other.pk}")
    context = {
        "person": other,
        "form": form,
        "clients": other.clients.count(),
        "therapists": user.practice.users.filter(is_therapist=True, is_active=True).exclude(
            pk=other.pk
        ),
    }
    return render(request, "accounts/person.html", context)


def somebody(user: User, id: int) -> User:
    """An account of one's own practice; Http404 else."""
    return get_object_or_404(user.practice.users, pk=id)


def last_administrator(other: User) -> bool:
    """Whether nobody else could administer the practice."""
    left = other.practice.users.filter(is_administrator=True, is_active=True)
    return other.is_administrator and not left.exclude(pk=other.pk).exists()


def set_roles(user: User, other: User, roles: dict[str, bool]) -> None:
    """Give an account these roles."""
    with transaction.atomic():
        for role, given in roles.items():
            setattr(other, role, given)
        other.save(update_fields=list(roles))
        gates.note(user, "person.roles", target=f"user:{other.pk}", roles=roles)


@require_POST
@gates.administrator
def change(request: HttpRequest, id: int, what: str) -> HttpResponse:
    """Do one of CHANGES to an account."""
    user = gates.user_of(request)
    other = somebody(user, id)
    if what not in CHANGES:
        raise Http404
    with transaction.atomic():
        said = CHANGES[what](request, other)
        gates.note(user, f"person.{what}", target=f"user:{other.pk}")
    messages.info(request, said)
    return redirect("person", other.pk)


def lock_out(request: HttpRequest, other: User) -> str:
    """No more signing in; the records stay."""
    if other.pk == request.user.pk or last_administrator(other):
        return _("Somebody must administer the practice. Name another first.")
    other.is_active = False
    other.save(update_fields=["is_active"])
    return _("This account can no longer sign in.")


def let_in(request: HttpRequest, other: User) -> str:
    """Signing in works again."""
    del request
    other.is_active = True
    other.save(update_fields=["is_active"])
    return _("This account can sign in again.")


def unlock(request: HttpRequest, other: User) -> str:
    """Forget wrong passwords."""
    del request
    reset(username=other.username)
    return _("Wrong passwords are forgotten.")


def drop_factor(request: HttpRequest, other: User) -> str:
    """For somebody who lost the phone and the recovery codes."""
    del request
    forget_devices(other)
    return _("The second factor of this account is off.")


def hand_over(request: HttpRequest, other: User) -> str:
    """All clients of an account to another therapist of the practice."""
    to = other.practice.users.filter(
        pk=request.POST.get("to") or 0, is_therapist=True, is_active=True
    ).first()
    if to is None or to.pk == other.pk:
        return _("Choose the therapist who takes over.")
    count = other.clients.update(therapist=to)
    return _("%(count)d clients now belong to %(name)s.") % {"count": count, "name": to}


CHANGES: dict[str, Callable[[HttpRequest, User], str]] = {
    "lock-out": lock_out,
    "let-in": let_in,
    "unlock": unlock,
    "drop-factor": drop_factor,
    "hand-over": hand_over,
}
"""What an administrator can do to an account, by its place in the address."""
