"""Keeping a filled-in form.

One form of a measure by one rater about one session counts. A second one is refused with
`AlreadyThere` until whoever enters it says that it takes the place of the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from django.db import transaction
from django.utils import timezone

from reattune.errors import InputError
from reattune.measures import Administration, Instrument, score
from reattune.web.accounts.models import User
from reattune.web.audit import chain
from reattune.web.checkins.instruments import instrument_for
from reattune.web.checkins.models import Answer, Link
from reattune.web.clients.models import Client

Given = Mapping[int, float | None]

EARLIEST = date(1980, 1, 1)  # no form here is about a session before


class AlreadyThere(Exception):
    """There is a form of this measure, rater and date; `answer` is it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__("a form of this measure, rater and date is there")


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was filled in: which, by whom, about the session on which day."""

    measure: str
    rater: str
    about: date
    answers: Given
    how: str
    language: str = ""


def keep(
    client: Client,
    filled: Filled,
    *,
    actor: str,
    by: User | None = None,
    link: Link | None = None,
    instead: bool = False,
) -> Answer:
    """Keep a form, and mark what follows from it to be worked out anew, in one transaction.

    Links that are open for the same form are closed. InputError for impossible answers or a rater
    that the form is not for, AlreadyThere for a second form of the same session.
    """
    check(instrument_for(client.practice, filled.measure), filled)
    with transaction.atomic():
        # Locked, so that two forms of one client are kept one after the other.
        Client.objects.select_for_update().get(pk=client.pk)
        known = earlier(client, filled.measure, filled.rater, filled.about)
        if known is not None and not instead:
            raise AlreadyThere(known)
        if known is not None:
            known.delete()
        row = Answer(
            client=client,
            measure=filled.measure,
            rater=filled.rater,
            about=filled.about,
            answers=stored(filled.answers),
            language=filled.language,
            how=filled.how,
            entered_by=by,
            link=link,
        )
        row.save(force_insert=True)
        closed = close_links(client, filled) if filled.rater == "client" else 0
        told(row, actor, "answer.replace" if known else "answer.give", links_closed=closed)
    return row


def correct(row: Answer, filled: Filled, *, by: User, instead: bool = False) -> Answer:
    """Put right a form that somebody typed in. As `keep` for what cannot be."""
    check(instrument_for(row.client.practice, row.measure), filled)
    with transaction.atomic():
        Client.objects.select_for_update().get(pk=row.client_id)
        known = earlier(row.client, row.measure, filled.rater, filled.about)
        if known is not None and known.pk != row.pk:
            if not instead:
                raise AlreadyThere(known)
            told(known, f"user:{by.pk}", "answer.delete")
            known.delete()
        row.rater, row.about = filled.rater, filled.about
        row.answers, row.edited = stored(filled.answers), timezone.now()
        row.save()
        told(row, f"user:{by.pk}", "answer.edit")
    return row


def delete(row: Answer, *, by: User) -> None:
    """Delete a form that was filled in."""
    with transaction.atomic():
        told(row, f"user:{by.pk}", "answer.delete")
        row.delete()


def told(row: Answer, actor: str, action: str, **detail: int) -> None:
    """The entry in the audit chain, and the client marked to be worked out anew."""
    client = row.client
    client.outdate()
    chain.record(
        client.practice_id,
        actor,
        action,
        target=f"answer:{row.pk}",
        client=client.pk,
        detail={"measure": row.measure, "rater": row.rater, "how": row.how, **detail},
    )


def check(instrument: Instrument, filled: Filled) -> None:
    """InputError for impossible answers, a wrong rater, or a form with no answer at all."""
    if all(value is None for value in filled.answers.values()):
        remedy = "Fill in at least one line."
        raise InputError("no-answers", "The form is empty.", where=filled.measure, remedy=remedy)
    form = administration(filled.answers, filled.rater, filled.about)
    score(as_if_confirmed(instrument), form)


def as_if_confirmed(instrument: Instrument) -> Instrument:
    """The instrument as if its key were confirmed: answers are checked, whether scored or not."""
    return replace(instrument, key=replace(instrument.key, confirmed="ranges only"))


def administration(answers: Given, rater: str, about: date) -> Administration:
    """The answers as the library scores them; the session's number does not matter here."""
    return Administration("", rater, about, 1, answers)


def earlier(client: Client, measure: str, rater: str, about: date) -> Answer | None:
    """The form of this measure, rater and date, if there is one."""
    return client.answers.filter(measure=measure, rater=rater, about=about).first()


def close_links(client: Client, filled: Filled) -> int:
    """Revoke the links that are open for the same form; how many."""
    found = client.links.filter(
        measure=filled.measure, about=filled.about, used_at=None, revoked_at=None
    )
    return found.update(revoked_at=timezone.now())


def stored(answers: Given) -> dict[str, float | None]:
    """Answers as the database keeps them: whole numbers as such, keys as text."""
    return {str(n): whole(value) for n, value in sorted(answers.items())}


def whole(value: float | None) -> float | None:
    """A number without a point where it has none."""
    return int(value) if value is not None and value == int(value) else value


def given(row: Answer) -> dict[int, float | None]:
    """The answers of a row by item number."""
    return {int(n): value for n, value in row.answers.items()}
