"""What the caseload page shows: one's clients by the reason to look, never ranked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.http import QueryDict
from django.utils.translation import get_language

from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.followup import refresh
from reattune.web.followup.reasons import WHYS, Reason
from reattune.web.followup.told import GROUPS, MEANINGS, Line, address, counted, is_news, say
from reattune.web.reviews.models import FAILED, RUNNING, WAITING, Job

PENDING, QUIET = "pending", "quiet"  # groups of clients without a reason to look
ARCHIVED = "archived"
ALL = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which clients are shown: those with a reason (`why`), archived ones, those of a name."""

    why: str = ALL
    text: str = ""

    @classmethod
    def of(cls, given: QueryDict) -> Filter:
        """As the address tells; what it does not know counts as all."""
        why = given.get("why", ALL)
        known = why in GROUPS or why == ARCHIVED
        return cls(why if known else ALL, given.get("q", "").strip()[:80])

    @property
    def archived(self) -> bool:
        """Whether archived clients are asked for."""
        return self.why == ARCHIVED

    @property
    def on(self) -> bool:
        """Whether anything is left out on purpose."""
        return bool(self.why or self.text)


@dataclass(frozen=True, slots=True)
class Row:
    """A client on the page, with the reasons to look in order; `busy` sessions are being read."""

    href: str
    name: str
    so_far: str
    lines: tuple[Line, ...]
    whys: frozenset[str]
    group: str
    busy: int
    pending: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The clients of one reason, by name."""

    why: str
    name: str
    meaning: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter that can be chosen, with how many clients it shows (None: not counted)."""

    why: str
    name: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """All of it. `pending` clients are still being worked out, `busy` sessions being read."""

    groups: tuple[Group, ...]
    counts: Mapping[str, int]
    total: int
    pending: int
    busy: int


def page_of(user: User, chosen: Filter) -> Page:
    """The caseload of a therapist; what is stale is worked out first, as far as the time goes."""
    own = gates.own_clients(user).filter(archived_at__isnull=not chosen.archived)
    refresh.fresh_many(own.filter(stale=True))
    rows = list(rows_of(own, jobs_of(own)))
    shown = [row for row in rows if fits(row, chosen)]
    return Page(
        groups=tuple(grouped(shown)),
        counts=Counter(why for row in rows for why in (row.whys or {row.group})),
        total=len(rows),
        pending=sum(row.pending for row in rows),
        busy=sum(row.busy for row in rows),
    )


COLUMNS = (
    "pk", "name", "stale", "summary__sessions", "summary__last_session", "summary__reasons",
    "look__at",
)  # fmt: skip


def rows_of(own: Any, jobs: Mapping[UUID, list[Any]]) -> Iterator[Row]:
    """The clients by name."""
    language = get_language() or ""
    for client in own.order_by("name").values_list(*COLUMNS, named=True):
        yield row_of(client, jobs.get(client.pk, []), language)


def row_of(client: Any, jobs: list[Any], language: str) -> Row:
    """One client, a row of COLUMNS, as shown."""
    told = [*(client.summary__reasons or ()), *failures(jobs)]
    news = [reason for reason in told if is_news(reason, client.look__at)]
    news.sort(key=lambda reason: WHYS.index(reason["why"]))
    return Row(
        href=address("client", client.pk),
        name=client.name,
        so_far=counted(client.summary__sessions or 0, client.summary__last_session, language),
        lines=tuple(say(reason, client.pk, language) for reason in news),
        whys=frozenset(reason["why"] for reason in news),
        group=news[0]["why"] if news else PENDING if client.summary__reasons is None else QUIET,
        busy=sum(state != FAILED for state, _, _ in jobs),
        pending=client.stale,
    )


def jobs_of(own: Any) -> dict[UUID, list[Any]]:
    """The last job of each session where it is open or failed: (state, session, its date)."""
    later = Job.objects.filter(session=OuterRef("session"), pk__gt=OuterRef("pk"))
    rows = Job.objects.filter(
        ~Exists(later), state__in=(WAITING, RUNNING, FAILED), session__client__in=own.order_by()
    )
    found: dict[UUID, list[Any]] = defaultdict(list)
    for client, *told in rows.order_by("pk").values_list(
        "session__client_id", "state", "session_id", "session__held_on"
    ):
        found[client].append(told)
    return found


def failures(jobs: Iterable[Any]) -> Iterator[Reason]:
    """The reason to look at a transcript that could not be read."""
    for state, session, day in jobs:
        if state == FAILED:
            yield {"why": "new", "what": "failed", "date": str(day), "session": str(session)}
            return


def fits(row: Row, chosen: Filter) -> bool:
    """Whether a filter shows this client."""
    if chosen.text and chosen.text.casefold() not in row.name.casefold():
        return False
    if chosen.why in (ALL, ARCHIVED):
        return True
    return chosen.why == row.group or chosen.why in row.whys


def grouped(rows: Iterable[Row]) -> Iterator[Group]:
    """The groups that have anybody, in the order of the page."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.group].append(row)
    for why, name in GROUPS.items():
        if found[why]:
            own = sorted(found[why], key=lambda row: row.name.casefold())
            yield Group(why, str(name), str(MEANINGS[why]), tuple(own))


def choices(page: Page, chosen: Filter) -> list[Choice]:
    """The filters by reason; of those without anybody only the one that is on."""
    counted = not chosen.archived
    return [
        Choice(why, str(name), page.counts.get(why, 0) if counted else None)
        for why, name in GROUPS.items()
        if not counted or page.counts.get(why) or why == chosen.why
    ]
