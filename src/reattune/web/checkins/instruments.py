"""The instruments that a practice can use: those shipped, and those it brought along.

An instrument of the practice's own is a TOML file kept in the database, and goes before a shipped
one of its id, as a file in the data folder does on the command line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from reattune.errors import InputError
from reattune.measures import (
    SHIPPED,
    Administration,
    Instrument,
    bringing,
    find_instrument,
    own_instruments,
    parse_instrument,
    score,
    shipped_instrument,
)
from reattune.web import gates
from reattune.web.accounts.models import Practice, User
from reattune.web.checkins.models import Answer, OwnInstrument
from reattune.web.clients.models import Client

LARGEST = 128 << 10  # bytes of a TOML file; a form of 36 items in five languages has 30 KB
LONGEST = 60  # characters of an id


def instrument_for(practice: Practice, id: str) -> Instrument:
    """The practice's own instrument of this id, else the shipped one. InputError if neither."""
    row = practice.instruments.filter(slug=id).first()
    return parsed(row.toml, f"{id}.toml") if row else find_instrument(id)


def of_practice(practice: Practice) -> dict[str, Instrument]:
    """The practice's own instruments by id; a file that can no longer be used is left out."""
    found = {}
    for row in practice.instruments.order_by("slug"):
        with suppress(InputError):
            found[row.slug] = parsed(row.toml, f"{row.slug}.toml")
    return found


def everything(practice: Practice) -> dict[str, Instrument]:
    """Every instrument that the practice can use, by id; its own in place of ours."""
    shipped = {id: shipped_instrument(id) for id in SHIPPED}
    return shipped | own_instruments()[0] | of_practice(practice)


@contextmanager
def known(practice: Practice) -> Iterator[None]:
    """Within this block the library finds the practice's own instruments by their id."""
    with bringing(of_practice(practice)):
        yield


@lru_cache(maxsize=256)
def parsed(toml: str, name: str) -> Instrument:
    """The instrument in a file's text, remembered."""
    return parse_instrument(toml.encode(), name)


def read_upload(content: bytes, name: str) -> Instrument:
    """The instrument in a file that somebody brought. InputError with key and remedy."""
    if len(content) > LARGEST:
        what, remedy = "The file is too large for an instrument.", "Choose its TOML file."
        raise InputError("measure-unreadable", what, where=name, remedy=remedy)
    made = parse_instrument(content, name)
    if len(made.id) > LONGEST:
        what, remedy = "The key `id` is too long.", f"Use at most {LONGEST} characters."
        raise InputError("bad-measure", what, where=name, remedy=remedy)
    return made


def add(user: User, content: bytes, name: str) -> tuple[Instrument, bool]:
    """Keep an instrument for the practice; it, and whether it took the place of an earlier one.

    Forms that were filled in with that id must fit the new one. InputError else.
    """
    made = read_upload(content, name)
    with transaction.atomic():
        require_fit(user.practice, made, name)
        before = user.practice.instruments.filter(slug=made.id).first()
        row = before or OwnInstrument(practice=user.practice, slug=made.id)
        row.toml, row.added_by, row.added = content.decode("utf-8-sig"), user, timezone.now()
        row.save()
        made_stale(user.practice, made.id)
        action = "instrument.replace" if before else "instrument.add"
        gates.note(user, action, target=f"instrument:{made.id}")
    return made, before is not None


def remove(user: User, row: OwnInstrument) -> None:
    """Take an instrument away. InputError if forms were filled in that nothing else can score."""
    with transaction.atomic():
        if row.slug in SHIPPED:
            require_fit(user.practice, find_instrument(row.slug), f"{row.slug}.toml")
        elif uses(user.practice, row.slug).exists():
            what = "Forms of it have been filled in."
            remedy = "Keep it, or delete those forms first."
            raise InputError("measure-in-use", what, where=row.slug, remedy=remedy)
        made_stale(user.practice, row.slug)
        gates.note(user, "instrument.remove", target=f"instrument:{row.slug}")
        row.delete()


def uses(practice: Practice, id: str) -> QuerySet[Answer]:
    """The forms of an instrument that the practice's clients and therapists filled in."""
    return Answer.objects.filter(client__practice=practice, measure=id)


def require_fit(practice: Practice, made: Instrument, where: str) -> None:
    """InputError unless every form filled in with this id could be one of this instrument."""
    rows = uses(practice, made.id).values_list("answers", "rater")
    wrong = sum(not fits(made, answers, rater) for answers, rater in rows.iterator())
    if wrong:
        what = f"{wrong} of the forms filled in do not fit it."
        remedy = "Keep items and range as they were, or choose another id."
        raise InputError("measure-in-use", what, where=where, remedy=remedy)


def fits(made: Instrument, answers: dict[str, float | None], rater: str) -> bool:
    """Whether answers as kept are possible on this instrument."""
    form = Administration("", rater, None, 1, {int(n): value for n, value in answers.items()})
    try:
        score(made, form)
    except InputError as error:
        return error.slug == "key-unverified"
    return True


def made_stale(practice: Practice, id: str) -> None:
    """Have what follows from forms of this instrument worked out anew."""
    with_forms = uses(practice, id).values("client")
    Client.objects.filter(practice=practice, pk__in=with_forms).update(stale=True)
