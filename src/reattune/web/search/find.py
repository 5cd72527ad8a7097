"""Asking the index: what people type, as a query of either database; hits with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from django.db import connection

Where = Literal["all", "client", "therapist", "notes"]

PAGE = 30
LONGEST = 200  # characters of a query
AROUND = 18  # words of a snippet
OPEN, CLOSE = "\x02", "\x03"  # around a found word; replaced by <mark> once the rest is escaped

_TERM = re.compile(r'(-?)(?:"([^"]+)"|(\S+))')
_QUOTES = str.maketrans("“”„«»", '"""""')
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand together; `without` where the text must not have them."""

    words: tuple[str, ...]
    without: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A turn or a note that fits. `turn` from 0, None for a note on a whole session.

    `parts` are pieces of the text and whether each is a found word.
    """

    session: UUID
    client: str
    held_on: date
    number: int
    turn: int | None
    who: str
    parts: tuple[tuple[str, bool], ...]


def terms(text: str) -> tuple[Term, ...]:
    """What was typed: words, "phrases", and -words to leave out; none if nothing is to be found."""
    found = []
    for minus, phrase, word in _TERM.findall(text[:LONGEST].translate(_QUOTES)):
        words = tuple(_WORD.findall(phrase or word))
        if words:
            found.append(Term(words, bool(minus)))
    return tuple(found) if any(not term.without for term in found) else ()


def search(
    therapist: int, text: str, *, where: Where = "all", client: UUID | None = None, page: int = 1
) -> list[Hit]:
    """Up to PAGE + 1 hits in the records of this therapist, best first; one more says "go on"."""
    asked = terms(text)
    if not asked:
        return []
    make = postgresql if connection.vendor == "postgresql" else sqlite
    sql, parameters = make(asked, where)
    scope = {"therapist": therapist, "client": key_of(client), "skip": (page - 1) * PAGE}
    with connection.cursor() as cursor:
        cursor.execute(sql, {**parameters, **scope})
        return [hit(*row) for row in cursor.fetchall()]


def key_of(client: UUID | None) -> Any:
    """An id as the database stores it."""
    if client is None:
        return None
    return client if connection.features.has_native_uuid_field else client.hex


SELECT = """
SELECT s.id, c.name, s.held_on, s.number, {turn}, {who}, {snippet}
FROM {source}
JOIN reviews_session s ON s.id = t.session_id
JOIN clients_client c ON c.id = s.client_id
WHERE {match} AND c.therapist_id = %(therapist)s {more} {client}
"""
CLIENT = "AND (%(client)s IS NULL OR c.id = %(client)s)"
END = f"ORDER BY {{rank}} LIMIT {PAGE + 1} OFFSET %(skip)s"


def sqlite(asked: tuple[Term, ...], where: Where) -> tuple[str, dict[str, Any]]:
    """The query for FTS5."""
    mark = f"char({ord(OPEN)}), char({ord(CLOSE)}), '…', {AROUND}"

    def part(table: str, turn: str, who: str, more: str) -> str:
        body = SELECT.format(
            turn=turn,
            who=who,
            snippet=f"snippet({table}_search, 0, {mark}), {table}_search.rank AS place",
            source=f"{table}_search JOIN {table} t ON t.id = {table}_search.rowid",
            match=f"{table}_search MATCH %(query)s",
            more=more,
            client=CLIENT,
        )
        return f"SELECT * FROM ({body})"

    return assembled(part, where), {"query": fts5(asked)}


def postgresql(asked: tuple[Term, ...], where: Where) -> tuple[str, dict[str, Any]]:
    """The query for tsvector; the language's own word forms count."""
    vector, query = "to_tsvector('reattune', t.text)", "websearch_to_tsquery('reattune', %(query)s)"
    options = f"StartSel={OPEN}, StopSel={CLOSE}, MaxWords={AROUND}, MinWords=8, MaxFragments=1"

    def part(table: str, turn: str, who: str, more: str) -> str:
        return SELECT.format(
            turn=turn,
            who=who,
            snippet=f"ts_headline('reattune', t.text, {query}, '{options}'), "
            f"-ts_rank({vector}, {query}) AS place",
            source=f"{table} t",
            match=f"{vector} @@ {query}",
            more=more,
            client=CLIENT.replace("%(client)s", "CAST(%(client)s AS uuid)"),
        )

    return assembled(part, where), {"query": websearch(asked)}


def assembled(part: Any, where: Where) -> str:
    """Words, notes or both, best first."""
    role = f"AND t.role = '{where}'" if where in ("client", "therapist") else ""
    words = part("reviews_turn", "t.number", "t.role", role)
    notes = part("reviews_note", "t.turn", "'note'", "")
    chosen = {"all": f"{words} UNION ALL {notes}", "notes": notes}.get(where, words)
    return f"SELECT * FROM ({chosen}) found {END.format(rank='place, 3 DESC')}"


def fts5(asked: tuple[Term, ...]) -> str:
    """Terms in FTS5's syntax, each quoted, so that nothing typed is an operator."""
    wanted = " AND ".join(quoted(t) for t in asked if not t.without)
    unwanted = [quoted(t) for t in asked if t.without]
    return f"({wanted}) NOT ({' OR '.join(unwanted)})" if unwanted else wanted


def websearch(asked: tuple[Term, ...]) -> str:
    """Terms in the syntax of websearch_to_tsquery."""
    return " ".join(f"-{quoted(t)}" if t.without else quoted(t) for t in asked)


def quoted(term: Term) -> str:
    """A term as a phrase."""
    return f'"{" ".join(term.words)}"'


def hit(
    session: Any, client: str, held: Any, number: int, turn: int | None, who: str, text: str,
    _rank: float,
) -> Hit:  # fmt: skip
    """A row of the answer."""
    known = session if isinstance(session, UUID) else UUID(session)
    day = held if isinstance(held, date) else date.fromisoformat(held)
    return Hit(known, client, day, number, turn, who, tuple(parts(text)))


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """The pieces of a snippet, and whether each is a found word."""
    for at, piece in enumerate(text.split(OPEN)):
        if not at:
            yield piece, False
            continue
        found, _, rest = piece.partition(CLOSE)
        yield found, True
        yield rest, False
