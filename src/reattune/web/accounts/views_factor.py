"""The second factor: a code from an app (TOTP, RFC 6238), and recovery codes."""

from __future__ import annotations

import secrets
from typing import Any

import segno
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_otp import login as otp_login
from django_otp import match_token
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from reattune.web import gates
from reattune.web.accounts.forms import Code, Password
from reattune.web.accounts.models import User

RECOVERY_CODES = 10


def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask for the code. django-otp slows down guessing; a recovery code works once."""
    user: Any = gates.user_of(request)
    if user.is_verified() or not confirmed(user):
        return redirect("home")
    form = Code(request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = match_token(user, form.cleaned_data["code"])
        if device is not None:
            otp_login(request, device)
            gates.note(user, "user.verify", detail=type(device).__name__)
            return redirect(onward(request))
        gates.note(user, "user.verify-failed")
        form.add_error("code", _("This code does not fit. Wait for the next one and try again."))
    return render(request, "accounts/second_factor.html", {"form": form})


def onward(request: HttpRequest) -> str:
    """Where the user was going, if that is a page of ours."""
    asked = request.GET.get("next", "")
    fine = url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure())
    return asked if asked and fine else "home"


def setup(request: HttpRequest) -> HttpResponse:
    """Turn the second factor on: show the secret, ask for a first code, give recovery codes."""
    user = gates.user_of(request)
    if confirmed(user):
        return redirect("account")
    device, _made = TOTPDevice.objects.get_or_create(user=user, confirmed=False, name="app")
    form = Code(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if device.verify_token(form.cleaned_data["code"]):
            return turn_on(request, user, device)
        form.add_error("code", _("This code does not fit. Check the time on your phone."))
    context = {"form": form, "qr": qr_code(device.config_url), "secret": spelled(device.bin_key)}
    return render(request, "accounts/second_factor_setup.html", context)


def turn_on(request: HttpRequest, user: User, device: TOTPDevice) -> HttpResponse:
    """Confirm the device and show fresh recovery codes, once."""
    with transaction.atomic():
        device.confirmed = True
        device.save()
        fresh = fresh_codes(user)
        gates.note(user, "second-factor.on")
    otp_login(request, device)
    return render(request, "accounts/recovery_codes.html", {"codes": fresh})


def codes(request: HttpRequest) -> HttpResponse:
    """Fresh recovery codes in the place of the old ones, on one's password."""
    return with_password(request, make_codes, _("Make new recovery codes"))


def off(request: HttpRequest) -> HttpResponse:
    """Turn the second factor off, on one's password."""
    return with_password(request, turn_off, _("Turn the second factor off"))


def with_password(request: HttpRequest, then: Any, title: str) -> HttpResponse:
    """Ask for the password, then do it."""
    user = gates.user_of(request)
    if not confirmed(user):
        return redirect("account")
    form = Password(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        result: HttpResponse = then(request, user)
        return result
    return render(request, "accounts/confirm.html", {"form": form, "title": title})


def make_codes(request: HttpRequest, user: User) -> HttpResponse:
    """New recovery codes, shown once."""
    with transaction.atomic():
        fresh = fresh_codes(user)
        gates.note(user, "recovery-codes.make")
    return render(request, "accounts/recovery_codes.html", {"codes": fresh})


def turn_off(request: HttpRequest, user: User) -> HttpResponse:
    """Forget the devices of a user."""
    with transaction.atomic():
        forget_devices(user)
        gates.note(user, "second-factor.off")
    messages.success(request, _("The second factor is off."))
    return redirect("account")


def confirmed(user: User) -> bool:
    """Whether this user has a second factor."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def forget_devices(user: User) -> None:
    """Remove the app and the recovery codes of a user."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def fresh_codes(user: User) -> list[str]:
    """New recovery codes of 40 bits each; the old ones end."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery", confirmed=True)
    made = [secrets.token_hex(5) for _number in range(RECOVERY_CODES)]
    for code in made:
        device.token_set.create(token=code)
    return [f"{code[:5]} {code[5:]}" for code in made]


def qr_code(address: str) -> str:
    """An address as a picture for the phone, as a data address."""
    return str(segno.make(address, error="m").svg_data_uri(scale=5, border=2, light="#ffffff"))


def spelled(secret: bytes) -> str:
    """The secret in base32, in groups, for typing it by hand."""
    from base64 import b32encode

    text = b32encode(secret).decode().rstrip("=")
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))
