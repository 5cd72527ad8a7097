"""Clients: making one."""

from __future__ import annotations

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reattune.web import gates
from reattune.web.clients.models import PURPOSES, Client, Consent

WORDING = "2026-11"  # version of the consent wording in templates/clients/consents.html


class NewClient(forms.ModelForm[Client]):
    """A pseudonym and what the client consented to."""

    consents = forms.MultipleChoiceField(
        label=_("The client consented to"),
        choices=PURPOSES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("One by one, and only what they did. Each can be taken back later."),
    )

    class Meta:
        model = Client
        fields = ("name", "language", "telehealth")


@gates.therapist
def new(request: HttpRequest) -> HttpResponse:
    """Make a client of one's own."""
    user = gates.user_of(request)
    form = NewClient(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            client = form.save(commit=False)
            client.practice, client.therapist = user.practice, user
            client.save()
            for purpose in form.cleaned_data["consents"]:
                Consent.objects.create(
                    client=client,
                    purpose=purpose,
                    given_on=timezone.localdate(),
                    wording=WORDING,
                    recorded_by=user,
                )
            gates.note(user, "client.make", target=f"client:{client.pk}", client=client)
        return redirect("client", client.pk)
    return render(request, "clients/new.html", {"form": form})
