"""Operations on what follows from a client's records: signals, episodes; and search."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Query, Router

from reattune.web import gates
from reattune.web.api import shapes
from reattune.web.api.access import operation
from reattune.web.api.shapes import Cut, Page, page
from reattune.web.followup import refresh
from reattune.web.followup.episodes import from_json
from reattune.web.followup.models import Signal
from reattune.web.search import find

router = Router(tags=["Course and search"])

READ = "sessions:read"


@operation(router, "GET", "/clients/{uuid:id}/signals", scope=READ, gives=Page[shapes.Signal])
def list_signals(request: HttpRequest, id: UUID, cut: Query[Cut]) -> Any:
    """Prompts to look, the latest first: from words, scores and attendance, with their reasons."""
    client = gates.client_of(gates.user_of(request), id)
    refresh.fresh(client)
    return page(client.signals.order_by("-session", "id"), cut, signal_of)


@operation(router, "GET", "/clients/{uuid:id}/episodes", scope=READ, gives=Page[shapes.Episode])
def list_episodes(request: HttpRequest, id: UUID, cut: Query[Cut]) -> Any:
    """The episodes of strain that stand out, the earliest first, with people's labels in."""
    client = gates.client_of(gates.user_of(request), id)
    summary = refresh.fresh(client)
    rows = summary.payload.get("episodes", []) if summary else []
    return page(rows, cut, lambda row: shapes.Episode(**asdict(from_json(row))))


@operation(router, "GET", "/search", scope=READ, gives=shapes.Hits)
def search(
    request: HttpRequest,
    q: Annotated[str, Query(max_length=find.LONGEST, description="words, “phrases”, -without")],
    where: find.Where = "all",
    client: UUID | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Any:
    """Search in the words of your sessions and in your notes. The query is kept nowhere."""
    user = gates.user_of(request)
    chosen = gates.own_clients(user).filter(pk=client).first() if client else None
    if client and chosen is None:
        raise Http404
    hits = find.search(user.pk, q, where=where, client=chosen.pk if chosen else None, page=page)
    gates.note(user, "search", client=chosen, found=len(hits))
    more = len(hits) > find.PAGE
    return shapes.Hits(
        items=[hit_of(hit) for hit in hits[: find.PAGE]], next=page + 1 if more else None
    )


def signal_of(row: Signal) -> shapes.Signal:
    """A signal as the API tells it."""
    return shapes.Signal(
        session=row.session,
        date=row.date,
        source=row.source,
        kind=row.kind,
        rule=row.rule,
        level=row.level,
        why=row.why,
        by=row.by,
        false_per_12=row.false_per_12,
        with_sources=row.with_sources,
    )


def hit_of(hit: find.Hit) -> shapes.Hit:
    """A hit as the API tells it."""
    return shapes.Hit(
        session=hit.session,
        client=hit.client,
        held_on=hit.held_on,
        number=hit.number,
        turn=hit.turn,
        who=hit.who,
        parts=[shapes.Piece(text=text, found=found) for text, found in hit.parts],
    )
