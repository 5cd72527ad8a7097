"""What a client's own page shows, from the summary and a few rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import ngettext

from reattune import types
from reattune.report.told import agrees, alone, brief, headline, in_order, often
from reattune.signals import WORDS
from reattune.web.checkins.instruments import known
from reattune.web.clients.models import Client
from reattune.web.followup import refresh
from reattune.web.followup.episodes import Told, from_json
from reattune.web.followup.models import Look, Summary
from reattune.web.followup.reasons import is_open
from reattune.web.followup.told import (
    INTENSITIES,
    KINDS,
    STATES,
    Line,
    episode_words,
    moment,
    say,
    say_change,
    so_far,
    word,
)
from reattune.web.plans.page import Shown, plan_of
from reattune.web.reviews.models import FAILED, RUNNING, WAITING, Analysis, Job, Session

SESSIONS = 12  # shown; the rest on request
Row = tuple[UUID, int, date, str, datetime | None, bool]
"""Key, number, date and state of a session, when it was opened, whether it was analyzed."""

SPEAKING = 3  # sessions whose signals are shown; the rest on request


@dataclass(frozen=True, slots=True)
class Chip:
    """An episode in a line: how it is drawn, what it is called, where it leads."""

    told: Told
    words: dict[str, str]
    href: str
    open: bool


@dataclass(frozen=True, slots=True)
class Transcript:
    """A session in the list; `state` is waiting, running, failed, roles, unread, words or read."""

    key: UUID
    number: int
    day: date
    href: str
    state: str
    done: int
    chips: tuple[Chip, ...]


@dataclass(frozen=True, slots=True)
class Speaking:
    """A signal with its reason; `confirmed` says that a person confirmed what it rests on."""

    kind: str
    level: str
    headline: str
    brief: str
    agrees: str
    often: str
    href: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Spoken:
    """The signals at one session, those apart that are slight and alone."""

    number: int
    day: date | None
    loud: tuple[Speaking, ...]
    slight: tuple[Speaking, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """The sessions: those shown, how many there are, how many wait or are being read."""

    shown: tuple[Transcript, ...]
    count: int
    busy: int

    @property
    def rest(self) -> int:
        """How many are not shown."""
        return self.count - len(self.shown)


@dataclass(frozen=True, slots=True)
class Page:
    """All of it. `summary` is None where nothing could be worked out yet."""

    client: Client
    summary: Summary | None
    so_far: str
    current: bool
    risks: tuple[Line, ...]
    changes: tuple[Line, ...]
    open: tuple[Chip, ...]
    episodes: str
    drawing: SafeString
    legend: SafeString
    steps: int
    lead: tuple[str, ...]
    notes: tuple[str, ...]
    spoken: tuple[Spoken, ...]
    earlier: int
    sessions: Listed
    upcoming: Any
    unrecorded: int
    consents: frozenset[str]
    plan: Shown | None


def page_of(client: Client, *, whole: bool = False) -> Page:
    """The page of a client; with `whole`, all signals. What is stale is worked out first."""
    summary = refresh.fresh(client)
    kept = summary.payload if summary else {}
    episodes = [from_json(row) for row in kept.get("episodes", ())]
    chips = [chip(one) for one in episodes]
    speaking = kept.get("speaking", [])
    shown = speaking if whole else speaking[:SPEAKING]
    with known(client.practice):
        spoken = tuple(spoken_of(client, shown, episodes))
    return Page(
        client=client,
        summary=summary,
        so_far=so_far(
            summary.sessions if summary else 0, summary.last_session if summary else None
        ),
        current=summary is not None and not is_stale(client),
        risks=tuple(say(reason, client.pk) for reason in kept.get("risks", ())),
        changes=tuple(say_change(change) for change in kept.get("changes", ())),
        open=tuple(c for c in reversed(chips) if c.open),
        episodes=episodes_in_words(episodes, kept.get("slight", 0)),
        drawing=mark_safe(kept.get("drawing", "")),  # escaped where it was drawn
        legend=mark_safe(kept.get("legend", "")),
        steps=kept.get("steps", 1),
        lead=tuple(kept.get("lead", ())),
        notes=tuple(kept.get("notes", ())),
        spoken=spoken,
        earlier=len(speaking) - len(shown),
        sessions=listed(client, chips, whole=whole),
        plan=plan_of(client),
        consents=frozenset(c.purpose for c in client.consents.all() if c.revoked_at is None),
        **appointments_of(client),
    )


def is_stale(client: Client) -> bool:
    """Whether the summary could not be brought up to date."""
    return Client.objects.filter(pk=client.pk, stale=True).exists()


def looked(client: Client) -> None:
    """Keep that the therapist has seen the page now."""
    Look.objects.bulk_create(
        [Look(client=client, at=timezone.now())],
        update_conflicts=True,
        update_fields=["at"],
        unique_fields=["client"],
    )


def appointments_of(client: Client) -> dict[str, Any]:
    """The next appointment, and how many past ones nobody said of how they went."""
    now = timezone.now()
    planned = client.appointments.filter(status="scheduled")
    starts = list(planned.order_by("starts").values_list("starts", flat=True))
    return {
        "upcoming": next((at for at in starts if at >= now), None),
        "unrecorded": sum(at < now for at in starts),
    }


# Episodes


def chip(one: Told) -> Chip:
    """An episode as the lists show it."""
    return Chip(one, episode_words(one), moment(one.session, one.first), is_open(one))


def kept_chips(client: Client) -> list[Chip]:
    """The episodes of the last summary."""
    summary = Summary.objects.filter(client=client).first()
    return [chip(from_json(row)) for row in summary.payload["episodes"]] if summary else []


def episodes_in_words(episodes: Sequence[Told], slight: int) -> str:
    """How many episodes by kind, intensity and state, in a sentence; "" without any."""
    if not episodes and not slight:
        return ""
    parts = []
    for name, words in (("kind", KINDS), ("intensity", INTENSITIES), ("state", STATES)):
        counts = Counter(getattr(one, name) for one in episodes)
        parts.append(", ".join(f"{word(words, own)} {n}" for own, n in counts.most_common()))
    said = ngettext("%(count)s episode that stands out", "%(count)s episodes that stand out",
                    len(episodes)) % {"count": len(episodes)}  # fmt: skip
    told = f"{said}: {'; '.join(parts)}." if episodes else f"{said}."
    if slight:
        more = ngettext(
            "%(count)s more is a flag or two, which are often wrong.",
            "%(count)s more are a flag or two each, which are often wrong.",
            slight,
        )
        told = f"{told} {more % {'count': slight}}"
    return told


# Signals


def spoken_of(client: Client, numbers: Sequence[int], episodes: Sequence[Told]) -> Iterator[Spoken]:
    """The signals at these sessions, the newest first."""
    near = [one for one in episodes if one.number in numbers]
    at = {(one.number, turn): one for one in near for turn in range(one.first, one.last)}
    found: dict[int, list[types.Signal]] = defaultdict(list)
    for row in client.signals.filter(session__in=numbers).order_by("-session", "id"):
        found[row.session].append(refresh.to_signal(row))
    for number, signals in found.items():
        told = in_order(signals)
        yield Spoken(
            number=number,
            day=next((s.date for s in signals if s.date), None),
            loud=tuple(speaking(s, at) for s in told if not alone(s)),
            slight=tuple(speaking(s, at) for s in told if alone(s)),
        )


def speaking(signal: types.Signal, at: dict[tuple[int, int], Told]) -> Speaking:
    """A signal as the page tells it; one of the words leads to its first flagged turn."""
    turns = (e.turn for e in signal.evidence if e.turn is not None)
    episode = next((at[key] for t in turns if (key := (signal.session, t)) in at), None)
    episode = episode if signal.source == WORDS else None
    return Speaking(
        kind=signal.kind,
        level=signal.level,
        headline=headline(signal),
        brief=brief(signal),
        agrees=agrees(signal),
        often=often(signal),
        href=moment(episode.session, episode.first) if episode else "",
        confirmed=episode is not None and episode.confirmed,
    )


# Sessions


def listed(client: Client, chips: Iterable[Chip] = (), *, whole: bool = False) -> Listed:
    """The client's newest sessions, or all of them, with how far each is."""
    of: dict[str, list[Chip]] = defaultdict(list)
    for one in chips:
        of[one.told.session].append(one)
    jobs = last_jobs(client)
    analyzed = Exists(Analysis.objects.filter(session=OuterRef("pk"), current=True))
    rows = list(
        Session.objects.filter(client=client)
        .order_by("-held_on", "-created")
        .values_list("pk", "number", "held_on", "state", "opened_at", analyzed)
    )
    shown = rows if whole else rows[:SESSIONS]
    return Listed(
        shown=tuple(transcript(row, jobs.get(row[0]), tuple(of[str(row[0])])) for row in shown),
        count=len(rows),
        busy=sum(state in (WAITING, RUNNING) for state, _ in jobs.values()),
    )


def last_jobs(client: Client) -> dict[UUID, tuple[str, int]]:
    """The last job of each session: its state, and how much of it is done in percent."""
    rows = Job.objects.filter(session__client=client).order_by("pk")
    return {
        key: (state, round(100 * progress / total) if total else 0)
        for key, state, progress, total in rows.values_list(
            "session_id", "state", "progress", "total"
        )
    }


def transcript(row: Row, job: tuple[str, int] | None, chips: tuple[Chip, ...]) -> Transcript:
    """One session as listed."""
    key, number, day, own, opened, analyzed = row
    state, done = job or ("", 0)
    if own == "roles":
        state = own
    elif state not in (WAITING, RUNNING, FAILED):
        state = "words" if not analyzed else "read" if opened else "unread"
    return Transcript(key, number, day, moment(str(key)), state, done, chips)
