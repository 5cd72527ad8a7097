"""Between the rows of ruptures and the library's own values; nothing here decides anything.

Rows of decisions are only added. Whoever saves holds the client (`Client.lock`), so that a person
and an analysis at the same time come one after the other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, cast
from uuid import UUID

from reattune import ending, repair
from reattune.repair import STEPS, Author, Basis
from reattune.repair_rows import rupture_from_dict, rupture_to_dict
from reattune.web.clients.models import Client
from reattune.web.plans.models import Change, EndingRow, Plan, Rupture
from reattune.web.reviews.models import Analysis, Session

Held = Sequence[tuple[int, date | None]]
"""Number and day of each session held."""

IN_ID = re.compile(r"(?<=-s)\d+")  # the session in the id of a proposal


# Reading


def load(client: Client) -> tuple[repair.Rupture, ...]:
    """The client's ruptures with all their rows, in order of onset."""
    rows = client.ruptures.prefetch_related("changes").order_by("session", "key")
    return tuple(to_rupture(row, client.name) for row in rows)


def get(client: Client, key: str) -> repair.Rupture | None:
    """One rupture, None if there is none with this key."""
    row = client.ruptures.filter(key=key).first()
    return None if row is None else to_rupture(row, client.name)


def to_rupture(row: Rupture, client: str) -> repair.Rupture:
    """A row as the library has it."""
    bare = rupture_from_dict(
        {
            "id": row.key,
            "client": client,
            "kind": row.kind,
            "intensity": row.intensity,
            "session": row.session,
            "date": row.date.isoformat() if row.date else None,
            **row.body,
        }
    )
    return replace(bare, changes=tuple(to_change(one, row.key) for one in row.changes.all()))


def to_change(row: Change, key: str) -> repair.Change:
    """A change of state as the library has it."""
    return repair.Change(
        rupture=key,
        part=row.part,
        old=row.old,
        new=row.new,
        when=row.when,
        session=row.session,
        who=row.who,
        by=cast(Author, row.by),
        note=row.note,
        into=row.into,
    )


# Writing


def save(client: Client, before: Sequence[repair.Rupture], after: Sequence[repair.Rupture]) -> None:
    """Keep what is new in `after`: rows are added, what follows from the words is renewed.

    `before` is what was loaded in this transaction. ValueError where a row that is kept is missing
    in `after`: nothing may be lost.
    """
    known = {own.id: own for own in before}
    for own in after:
        old = known.get(own.id)
        if old == own:
            continue
        kept = len(old.changes) if old else 0
        if old and own.changes[:kept] != old.changes:
            raise ValueError(f"rupture {own.id} lost a row")
        row, _ = Rupture.objects.update_or_create(
            client=client, key=own.id, defaults=fields_of(own)
        )
        Change.objects.bulk_create(to_row(row, one) for one in own.changes[kept:])


def fields_of(own: repair.Rupture) -> dict[str, Any]:
    """What a row of a rupture holds."""
    told = rupture_to_dict(own)
    return {
        "kind": own.kind,
        "intensity": own.intensity,
        "session": own.session,
        "date": own.date,
        "state": own.state,
        "body": {"episodes": told["episodes"], "proposals": told["proposals"]},
    }


def to_row(rupture: Rupture, change: repair.Change) -> Change:
    """An unsaved row of a change."""
    return Change(
        rupture=rupture,
        part=change.part,
        old=change.old,
        new=change.new,
        when=change.when,
        session=change.session,
        who=change.who,
        by=change.by,
        note=change.note,
        into=change.into,
    )


# Sessions numbered anew


def renumbered(
    client: Client, known: Sequence[repair.Rupture], was: Sequence[Any], held: Held
) -> tuple[repair.Rupture, ...]:
    """The ruptures with the numbers that sessions have now, where an earlier one was added or gone.

    Rows keep what they say; only the number of their session follows. Words of a session that is
    gone are left out.
    """
    old = [(int(number), date.fromisoformat(day) if day else None) for number, day in was]
    moved, lost = moves(old, held)
    if not known or (not lost and all(one == two for one, two in moved.items())):
        return tuple(known)
    made = tuple(moved_rupture(own, moved, lost) for own in known)
    renumber_rows(client, known, made)
    return made


def moves(was: Held, now: Held) -> tuple[dict[int, int], frozenset[int]]:
    """(the new number by the old one, the old ones that are gone), told by the day."""
    places = {place: number for number, place in placed(now).items()}
    moved, lost = {}, set()
    for number, place in placed(was).items():
        if place in places:
            moved[number] = places[place]
        else:
            lost.add(number)
            before = [n for n, day in now if day and place[0] and day <= place[0]]
            moved[number] = max(before, default=1)
    return moved, frozenset(lost)


def placed(held: Held) -> dict[int, tuple[date | None, int]]:
    """By number the day of a session, and which of that day it is."""
    found: dict[int, tuple[date | None, int]] = {}
    on: dict[date | None, int] = defaultdict(int)
    for number, day in sorted(held):
        found[number] = (day, on[day])
        on[day] += 1
    return found


def moved_rupture(
    own: repair.Rupture, moved: Mapping[int, int], lost: frozenset[int]
) -> repair.Rupture:
    """A rupture with other numbers of sessions."""

    def at(number: int) -> int:
        return moved.get(number, number)

    def bases(found: Sequence[Basis]) -> tuple[Basis, ...]:
        return tuple(
            replace(b, session=at(b.session), quote="" if b.session in lost else b.quote)
            for b in found
        )

    return replace(
        own,
        session=at(own.session),
        episodes=tuple(
            replace(o, session=at(o.session), words=bases(o.words), answers=bases(o.answers))
            for o in own.episodes
        ),
        proposals=tuple(
            replace(p, id=moved_id(p.id, moved), session=at(p.session), rests_on=bases(p.rests_on))
            for p in own.proposals
        ),
        changes=tuple(
            replace(c, part=moved_part(c.part, moved), session=at(c.session)) for c in own.changes
        ),
    )


def moved_id(id: str, moved: Mapping[int, int]) -> str:
    """The id of a proposal with the new number of its session."""
    return IN_ID.sub(lambda found: str(moved.get(int(found[0]), int(found[0]))), id)


def moved_part(part: str, moved: Mapping[int, int]) -> str:
    """What a row is about: a proposal's id follows its session."""
    return part if part in ("", *STEPS) else moved_id(part, moved)


def renumber_rows(
    client: Client, was: Sequence[repair.Rupture], now: Sequence[repair.Rupture]
) -> None:
    """Give rows the new numbers; what was decided, when, by whom and why stays."""
    for before, after in zip(was, now, strict=True):
        rows = Change.objects.filter(rupture__client=client, rupture__key=before.id).order_by("id")
        pairs = zip(rows, before.changes, after.changes, strict=True)
        changed = [(row, two) for row, one, two in pairs if one != two]
        for row, two in changed:
            row.part, row.session = two.part, two.session
        Change.objects.bulk_update([row for row, _ in changed], ["part", "session"])
        Rupture.objects.filter(client=client, key=before.id).update(**fields_of(after))


# Words that were deleted


def on_deletion(instance: Analysis, **_: Any) -> None:
    """With a session's analysis its words leave the plan at once; decisions stay."""
    session = Session.objects.filter(pk=instance.session_id)
    found = session.values_list("client_id", "number").first()
    if found is not None and instance.current:
        forget_words(*found)


def forget_words(client: UUID, number: int) -> None:
    """Take the words of one session out of a client's ruptures and plan."""
    for row in Rupture.objects.filter(client=client):
        body = without_quotes(row.body, number)
        if body != row.body:
            Rupture.objects.filter(pk=row.pk).update(body=body)
    Plan.objects.filter(client=client).update(body={})


def without_quotes(value: Any, session: int) -> Any:
    """JSON without the quotes of one session."""
    if isinstance(value, dict):
        gone = {"quote": ""} if value.get("session") == session and "quote" in value else {}
        return {key: without_quotes(item, session) for key, item in value.items()} | gone
    if isinstance(value, list):
        return [without_quotes(item, session) for item in value]
    return value


# Endings


def load_ending(client: Client) -> ending.Ending:
    """The ending of a client's course with its rows."""
    rows = client.ending_rows.all()
    return ending.Ending(client.name, tuple(to_ending_row(row) for row in rows))


def to_ending_row(row: EndingRow) -> ending.EndingRow:
    """A row as the library has it."""
    return ending.EndingRow(
        section=row.section,
        item=row.item,
        old=row.old,
        new=row.new,
        when=row.when,
        session=row.session,
        who=row.who,
        note=row.note,
        due=row.due,
    )


def add_ending_row(client: Client, row: ending.EndingRow) -> None:
    """Keep one more row."""
    EndingRow.objects.create(
        client=client,
        section=row.section,
        item=row.item,
        old=row.old,
        new=row.new,
        when=row.when,
        session=row.session,
        who=row.who,
        note=row.note,
        due=row.due,
    )
