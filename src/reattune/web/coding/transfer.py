"""Codings as files: out for researchers, in from other programs.

Files name sessions and coders by id. Words are in them only for research that the client consented
to, where they were asked for, and then with placeholders for names and the like.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

from django.db import transaction
from django.utils import timezone

from reattune import codings
from reattune.codings import read_codings, settle, to_csv, to_jsonl
from reattune.errors import InputError
from reattune.web.coding import coded, pairs
from reattune.web.coding.lines import turns_of, without_names
from reattune.web.coding.marks import fits, pair_of, ratings_of
from reattune.web.coding.models import KINDS, Coding, Mark, Pairing
from reattune.web.coding.segments import segments_of
from reattune.web.reviews.models import Session, Turn
from reattune.web.reviews.words import to_session

FORMATS: dict[str, str] = {"csv": "text/csv", "jsonl": "application/jsonl"}
LARGEST = 8 << 20  # bytes of a file of codings
LONGEST_LABEL = 80

Words = Mapping[int, str]
"""Turn (from 0) -> words without names."""


class Upload(PurePosixPath):
    """A file in memory, which the library reads as it reads one on disk."""

    data: bytes = b""

    def read_bytes(self) -> bytes:
        """What was uploaded."""
        return self.data

    def read_text(self, encoding: str) -> str:
        """The same as text."""
        return self.data.decode(encoding)


# Out


def words_of(session: Session, names: Sequence[str] = ()) -> Words:
    """The words that may go with a coding, without these names and what the rules find.

    InputError without consent to research.
    """
    if not session.client.consents_to("research"):
        what = "The client has not consented to research, so no words leave."
        raise InputError("no-consent", what, remedy="Export without words.")
    turns = turns_of(session, 0, session.turn_count)
    return {turn.number: turn.text for turn in without_names(turns, session, names)}


def write(made: Sequence[codings.Coding], form: str, words: Words | None = None) -> str:
    """Codings as a file of reattune.codings, with a column of words where there are any."""
    text = to_csv(made) if form == "csv" else to_jsonl(made)
    if words is None:
        return text
    return csv_with(text, words) if form == "csv" else jsonl_with(text, words)


def csv_with(text: str, words: Words) -> str:
    """The table with a column `text`."""
    head, *rows = csv.reader(io.StringIO(text))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*head, "text"])
    at = head.index("turn")
    writer.writerows([*row, plain(words.get(int(row[at]) - 1, ""))] for row in rows)
    return out.getvalue()


def plain(text: str) -> str:
    """Words that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def jsonl_with(text: str, words: Words) -> str:
    """The lines with a key `text`."""
    rows = [json.loads(line) for line in text.splitlines()]
    told = (row | {"text": words.get(row["turn"] - 1, "")} for row in rows)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in told)


def of_pairing(pairing: Pairing, what: str, form: str, words: Words | None) -> str:
    """The file of a pairing: its "codings", or the "consensus" as far as it goes.

    InputError "coding-open" until both are done.
    """
    pair = pair_of(pairing)
    if pair is None:
        text = "One of you two is not done yet."
        raise InputError("coding-open", text, remedy="Export once both are done.")
    turns = turns_of(pairing.session, pairing.first, pairing.last)
    if pairing.level == "segment":
        return ratings_file(pairing, pair, turns, what, form)
    both = pairs.coded_by_two(pairing, pair, turns)
    if what == "consensus":
        both, _left = settle(both, [pairs.settled(pairing, turns)])
    return write(both, form, words)


def ratings_file(
    pairing: Pairing, pair: tuple[Coding, Coding], turns: Sequence[Turn], what: str, form: str
) -> str:
    """Ratings, a row a segment and coder; no words."""
    parts = segments_of(pairing, turns)
    said: dict[str, Mapping[tuple[int, str], int]] = {
        coded.coder_id(one): ratings_of(one.ratings.all()) for one in pair
    }
    if what == "consensus":
        said = {codings.CONSENSUS: agreed_ratings(pairing, list(said.values()), len(parts))}
    kinds = [kind for kind, _ in KINDS]
    rows: list[dict[str, Any]] = [
        {
            "session": str(pairing.session_id),
            "segment": part.number + 1,
            "first": part.first + 1,
            "last": part.last,
            "minute": part.minute,
            "coder": coder,
            **{kind: own.get((part.number, kind)) for kind in kinds},
        }
        for coder, own in said.items()
        for part in parts
    ]
    if form == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["session"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def agreed_ratings(
    pairing: Pairing, ratings: Sequence[Mapping[tuple[int, str], int]], segments: int
) -> dict[tuple[int, str], int]:
    """What both said alike, and elsewhere what was settled."""
    decided = {one.unit: one.said for one in pairing.decisions.all()}
    made = {}
    for key in ((number, kind) for number in range(segments) for kind, _ in KINDS):
        one, two = (own.get(key) for own in ratings)
        value = decided.get(key[0], {}).get(key[1], one if one == two else None)
        if value is not None:
            made[key] = value
    return made


# In


@dataclass(frozen=True, slots=True)
class Matched:
    """What of a file fits a session: turns it has, turns that were judged, in one coding."""

    coding: codings.Coding
    turns: int
    judged: int
    left_out: int


def read(data: bytes, name: str, session: Session) -> list[Matched]:
    """The codings of this session in a file. InputError says where it does not fit."""
    if len(data) > LARGEST:
        what = f"The file has more than {LARGEST >> 20} MB."
        raise InputError("too-large", what, where=name, remedy="Give codings, not recordings.")
    words = to_session(session)
    upload = Upload(name or "codings.csv")
    upload.data = data
    found = read_codings(cast(Path, upload), {str(session.pk): words})
    return [match(one, session, words) for one in of_session(found, session, name)]


def of_session(
    found: Sequence[codings.Coding], session: Session, name: str
) -> list[codings.Coding]:
    """The codings that are of this session: by its id or file's name, or the only one there is."""
    ids = {str(session.pk), Path(session.source).stem, session.source}
    named = [one for one in found if one.session in ids]
    if named:
        return named
    if len({one.session for one in found}) == 1:
        return list(found)
    raise InputError(
        "codings-mismatch",
        "The file codes several sessions, and none is named like this one.",
        where=name,
        remedy=f"Name its session {session.pk} in the file.",
    )


def match(coding: codings.Coding, session: Session, words: Any) -> Matched:
    """How far a coding fits the turns. InputError for turns or speakers that differ."""
    last = coding.turns[-1].number
    if last >= session.turn_count:
        raise InputError(
            "codings-mismatch",
            f"The file has a turn {last + 1}; the session has {session.turn_count}.",
            where=coding.coder,
            remedy="Give the coding of this very transcript.",
        )
    roles = [turn.role for turn in words.turns]
    for turn in coding.turns:
        if turn.role != "unknown" and turn.role != roles[turn.number]:
            raise InputError(
                "codings-mismatch",
                f"Turn {turn.number + 1} has another speaker in the file than here.",
                where=coding.coder,
                remedy="Give the coding of this very transcript, or correct who speaks here.",
            )
    judged = [turn for turn in coding.turns if turn.judged]
    left = sum(not fits(id, roles[turn.number]) for turn in judged for id in turn.codes)
    return Matched(coding, len(coding.turns), len(judged), left)


@transaction.atomic
def keep(found: Sequence[Matched], session: Session, name: str) -> list[Coding]:
    """Keep the codings, not counted before somebody looked at what was matched."""
    roles = dict(session.turns.values_list("number", "role"))
    made = []
    for one in found:
        judged = {turn.number for turn in one.coding.turns if turn.judged}
        coding = Coding.objects.create(
            session=session,
            label=one.coding.coder[:LONGEST_LABEL],
            source=name[:255],
            skipped=sorted(set(roles) - judged),
        )
        Mark.objects.bulk_create(
            Mark(coding=coding, turn=turn.number, code=id, intensity=level(turn, roles))
            for turn in one.coding.turns
            for id in turn.codes
            if turn.judged and fits(id, roles[turn.number])
        )
        made.append(coding)
    return made


def level(turn: codings.CodedTurn, roles: Mapping[int, str]) -> str:
    """The intensity of a mark: only what a client does has one."""
    return (turn.intensity or "") if roles[turn.number] == "client" else ""


def accept(codings_: Sequence[Coding]) -> None:
    """Count them from now on."""
    Coding.objects.filter(pk__in=[one.pk for one in codings_]).update(done_at=timezone.now())
