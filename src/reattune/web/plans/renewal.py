"""The plan of a client, worked out from the records: by `followup.refresh`, and for the sheets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from django.utils import timezone

from reattune import guidance, repair, types
from reattune.follow import Following, follow_reads
from reattune.repair_plan import Plan as Made
from reattune.repair_plan import make_plan
from reattune.repair_rows import plan_to_dict
from reattune.signals import counts
from reattune.web.checkins.instruments import known as with_instruments
from reattune.web.clients.models import Client
from reattune.web.followup.course import Records, records_of
from reattune.web.followup.episodes import with_noticed
from reattune.web.plans import store
from reattune.web.plans.models import Plan
from reattune.web.reviews import models as reviews
from reattune.web.reviews.words import to_baseline


def renew(client: Client, records: Records, following: Following) -> tuple[repair.Rupture, ...]:
    """Bring ruptures, proposals and the plan up to date; the ruptures as they are kept then.

    The caller holds client and transaction.

    People's rows are read and kept in this transaction, so that none made meanwhile is lost.
    """
    loaded = store.load(client)
    kept = Plan.objects.filter(client=client).first()
    known = store.renumbered(client, loaded, kept.held if kept else (), following.held)
    plan = make_plan(
        spoken(client, records, following, known),
        known,
        when=timezone.now(),
        told=told_of(client, kept),
    )
    store.save(client, known, plan.record)
    Plan.objects.update_or_create(
        client=client,
        defaults={
            "made": timezone.now(),
            "held": [[number, str(day) if day else None] for number, day in following.held],
            "body": body_of(plan, records),
        },
    )
    return plan.record


RESTS = 3  # of what a step or a proposal rests on, shown
MISSTEPS = 12  # shown on the plan's page; each session's page has its own


def body_of(plan: Made, records: Records) -> dict[str, Any]:
    """What the pages show of a plan: as JSON, without the sentences, with the sessions' keys.

    Of words only those that are shown; all of a rupture's stand in its own row.
    """
    told = {key: value for key, value in plan_to_dict(plan).items() if key != "texts"}
    missteps = sorted(told["missteps"], key=lambda one: one["own"]["session"], reverse=True)
    return {
        **told,
        "ruptures": [lean(own) for own in told["ruptures"]],
        "missteps": missteps[:MISSTEPS],
        "missteps_in_all": len(missteps),
        "sessions": {str(n): str(s.pk) for n, s in records.sessions.items()},
    }


def lean(own: dict[str, Any]) -> dict[str, Any]:
    """A rupture of a plan with no more words than are shown."""
    latest = max((o["session"] for o in own["episodes"]), default=0)
    return {
        **own,
        "episodes": [
            {**o, "words": o["words"][:RESTS] if o["session"] == latest else [], "answers": []}
            for o in own["episodes"]
        ],
        "steps": [{**shortened(step), "seen": shortened(step["seen"])} for step in own["steps"]],
        "waiting": [shortened(one) for one in own["waiting"]],
    }


def shortened(one: dict[str, Any] | None) -> Any:
    """A step or a proposal with the first of what it rests on."""
    return one and {**one, "rests_on": one["rests_on"][:RESTS]}


def told_of(client: Client, kept: Plan | None) -> list[str]:
    """The hard cases that apply by the therapist's own word."""
    branches = guidance.load().branches
    told = [*(kept.told if kept else ()), *(["telehealth"] if client.telehealth else [])]
    return [id for id in dict.fromkeys(told) if id in branches]


def current(client: Client) -> tuple[Made, Following]:
    """The plan as of now with its course, nothing kept; for a sheet or a letter."""
    following, records = followed(client)
    known = store.load(client)
    told = told_of(client, Plan.objects.filter(client=client).first())
    with_words = spoken(client, records, following, known)
    return make_plan(with_words, known, when=timezone.now(), told=told), following


def followed(client: Client) -> tuple[Following, Records]:
    """A client's course as the records have it."""
    with with_instruments(client.practice):
        records = records_of(client)
        return with_noticed(records, follow_reads(records.course, records.reads)), records


# Words


def spoken(
    client: Client, records: Records, following: Following, known: Sequence[repair.Rupture]
) -> Following:
    """The course with the words of the sessions since the first rupture, which quotes come from."""
    first = min(onsets(following, known), default=None)
    if first is None:
        return following
    wanted = {number: records.sessions[number] for number in following.analyses if number >= first}
    keys = {session.pk: number for number, session in wanted.items()}
    words = dict(turns_of(keys))
    usual = baselines_of(client)
    analyses = {
        number: replace(
            own,
            session=replace(own.session, turns=words.get(number, own.session.turns)),
            baseline=to_baseline(usual.get(wanted[number].pk)),
        )
        if number in wanted
        else own
        for number, own in following.analyses.items()
    }
    return replace(following, analyses=analyses)


def onsets(following: Following, known: Sequence[repair.Rupture]) -> Iterator[int]:
    """The sessions of episodes that count, and the onsets of ruptures."""
    yield from (rupture.session for rupture in known)
    for number, analysis in following.analyses.items():
        if any(counts(episode) for episode in analysis.episodes):
            yield number


def turns_of(keys: dict[Any, int]) -> Iterator[tuple[int, tuple[types.Turn, ...]]]:
    """The turns of each of these sessions, by number, in one query."""
    columns = ("session_id", "speaker", "text", "role", "start", "end")
    rows = reviews.Turn.objects.filter(session__in=keys).order_by("session", "number")
    found: dict[Any, list[types.Turn]] = {}
    for key, speaker, text, role, start, end in rows.values_list(*columns):
        turn = types.Turn(speaker, text, cast(types.Role, role), start, end)
        found.setdefault(key, []).append(turn)
    for key, turns in found.items():
        yield keys[key], tuple(turns)


def baselines_of(client: Client) -> dict[Any, Any]:
    """How long the client's turns usually are, by session, as the analyses kept it."""
    rows: Iterable[tuple[Any, Any]] = reviews.Analysis.objects.filter(
        session__client=client, current=True
    ).values_list("session_id", "payload__baseline")
    return dict(rows)
