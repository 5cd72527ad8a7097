"""The demo: three fictional courses as clients, for `reattune serve --demo`.

Everything goes the way of real records: consents, appointments, forms, and transcripts that wait in
the queue until the worker has read them. The demo has a data folder and an account of its own.
"""

from __future__ import annotations

import hmac
import json
import os
from datetime import date, time
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from django.contrib.auth import login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from reattune.errors import InputError
from reattune.web import gates, vault
from reattune.web.accounts.models import Practice, User
from reattune.web.checkins.answers import Filled, keep
from reattune.web.clients import consents
from reattune.web.clients.appointments import moment, settle, zone_of
from reattune.web.clients.models import PURPOSES, Appointment, Client
from reattune.web.middleware import public
from reattune.web.reviews import ingest

COURSES = ("course_a", "course_b", "course_c")
ABOUT = "course.json"
DEMO = "REATTUNE_DEMO"  # set where the server is a demo's; its link opens the account only then
USERNAME, SUPERVISOR = "demo", "demo-supervisor"


def token() -> str:
    """What the demo's link carries, so that only who started the server comes in by it."""
    return vault.derive("demo").hex()[:32]


@public
def enter(request: HttpRequest) -> HttpResponse:
    """Into the demo's account by its link; 404 where the server is no demo's."""
    given = request.GET.get("token", "")
    user = User.objects.filter(username=USERNAME).first()
    known = hmac.compare_digest(given.encode(), token().encode())
    if os.environ.get(DEMO) != "1" or not known or user is None:
        raise Http404
    login(request, user, "django.contrib.auth.backends.ModelBackend")
    gates.note(user, "user.enter")
    return redirect("home")


def account() -> User:
    """The demo's account, made at the first start. It has no password: one comes in by the link."""
    user = User.objects.filter(username=USERNAME).first()
    if user is not None:
        return user
    with transaction.atomic():
        practice = Practice.objects.create(name="Demo practice")
        user = User(
            username=USERNAME,
            name="Demo",
            practice=practice,
            is_therapist=True,
            is_administrator=True,
        )
        user.set_unusable_password()
        user.save()
        add_supervisor(practice)
    return user


def add_supervisor(practice: Practice) -> None:
    """Somebody to share with. Nobody enters as them: they have no password and no link."""
    other = User(username=SUPERVISOR, name="Robin", practice=practice, is_supervisor=True)
    other.set_unusable_password()
    other.save()


def fill_demo(user: User) -> list[Client]:
    """The demo's clients of this therapist; what is missing of them is added.

    A start that was cut off halfway is carried on by the next.
    """
    return [fill_course(user, examples().joinpath(name)) for name in COURSES]


def examples() -> Traversable:
    """Where the courses lie: in the package, or in the repository that it was installed from."""
    shipped = files("reattune").joinpath("examples")
    if shipped.joinpath(COURSES[0]).is_dir():
        return shipped
    return Path(__file__).parents[3] / "examples"


def fill_course(user: User, folder: Traversable) -> Client:
    """The client of one course, with all that belongs to it."""
    about = json.loads(folder.joinpath(ABOUT).read_text("utf-8"))
    name = about["client"].partition(",")[0]
    client = Client.objects.filter(therapist=user, name=name, demo=True).first()
    client = client or make_client(user, name, about["sessions"])
    for row in about["sessions"]:
        if "file" in row:
            add_transcript(client, folder.joinpath(row["file"]), row["date"])
    settle(client)
    return client


def make_client(user: User, name: str, rows: list[dict[str, Any]]) -> Client:
    """A client who consented to everything, with appointments and forms."""
    first = date.fromisoformat(rows[0]["date"])
    with transaction.atomic():
        client = Client.objects.create(
            practice=user.practice, therapist=user, name=name, started=first, demo=True
        )
        for purpose, _ in PURPOSES:
            consents.give(client, purpose, first, user)
        for row in rows:
            add_appointment(client, row)
            add_forms(client, row)
        gates.note(user, "client.make", target=f"client:{client.pk}", client=client)
    return client


def add_appointment(client: Client, row: dict[str, Any]) -> None:
    """The appointment of a row of course.json."""
    kept = row["attendance"]
    zone = zone_of(client.therapist)
    Appointment.objects.create(
        client=client,
        starts=moment(date.fromisoformat(row["date"]), time.fromisoformat(row["start"]), zone),
        status=kept["status"],
        minutes_late=kept.get("minutes_late", 0),
        notice_hours=kept.get("notice_hours"),
        by=kept.get("by") or "",
    )


def add_forms(client: Client, row: dict[str, Any]) -> None:
    """The forms that were filled in about a row's session."""
    for key, answers in (row.get("measures") or {}).items():
        measure, _, rater = key.partition("@")
        who = rater or ("therapist" if measure.endswith("_therapist") else "client")
        filled = Filled(
            measure=measure,
            rater=who,
            about=date.fromisoformat(row["date"]),
            answers=dict(enumerate(answers, 1)),
            how="link" if who == "client" else "own",
        )
        keep(client, filled, actor="system", by=None if who == "client" else client.therapist)


def add_transcript(client: Client, file: Traversable, day: str) -> None:
    """Take in a transcript unless it is there already."""
    try:
        ingest.take(client, file.name, file.read_bytes(), held_on=date.fromisoformat(day))
    except InputError as error:
        if error.slug != "transcript-twice":
            raise
