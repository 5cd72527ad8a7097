"""What people said of flags, as labelled sessions that `reattune recalibrate` takes.

The format is that of `reattune.labelled`. A turn counts as judged when, for each family flagged on
it, a person set a label of that family or judged every flag of it; what is half judged is left out,
so that no flag counts as wrong because nobody came to it.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from reattune.codebook import CODES
from reattune.types import ROLE_LABELS, Marker, Turn
from reattune.web.reviews import models
from reattune.web.reviews.labels import BY, Standing, current, standing_of
from reattune.web.reviews.words import STRAINS, to_session

WHO = {role: letter for letter, role in ROLE_LABELS.items()}
Review = dict[str, Any]


def lines(ids: Iterable[uuid.UUID]) -> Iterator[str]:
    """A line of JSON for each of these sessions that has a judged turn."""
    for id in ids:
        record = models.Session.objects.filter(pk=id).first()
        row = labelled(record) if record is not None else None
        if row is not None:
            yield json.dumps(row, ensure_ascii=False) + "\n"


def labelled(record: models.Session) -> dict[str, Any] | None:
    """A session with its words and what was said of its turns; None if no turn is judged."""
    words, analysis = to_session(record), current(record)
    now = standing_of(record, analysis, words)
    found = reviews(now, flagged(analysis))
    if not found:
        return None
    turns = [told(turn) | found.get(i, {}) for i, turn in enumerate(words.turns)]
    return {"id": str(record.pk), "turns": turns}


def flagged(analysis: models.Analysis | None) -> dict[int, list[tuple[str, str]]]:
    """Turn -> (family, code) of each flag that the model shows on it."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    if analysis is not None:
        rows = analysis.findings.filter(decided=True).values_list("turn", "family", "code")
        for turn, family, code in rows:
            found[turn].append((family, code))
    return found


def reviews(now: Standing, shown: dict[int, list[tuple[str, str]]]) -> dict[int, Review]:
    """Turn -> review, codes and intensity, for each turn that is judged."""
    human: dict[int, list[Marker]] = defaultdict(list)
    for marker in now.all:
        if marker.decided and marker.by == BY:
            human[marker.turn].append(marker)
    found = {}
    for turn in sorted({turn for turn, _ in now.word}):
        told_families = {marker.family for marker in human[turn]}
        flags = shown.get(turn, [])
        if all(f in told_families or (turn, code) in now.word for f, code in flags):
            found[turn] = review(human[turn], shown=bool(flags))
    return found


def review(markers: list[Marker], *, shown: bool) -> Review:
    """What is known of one judged turn."""
    if not markers:
        return {"review": "dismissed"}
    codes = sorted((m.code for m in markers), key=CODES.index)
    row: Review = {"review": "confirmed" if shown else "added", "codes": codes}
    if any(m.family in STRAINS for m in markers):
        major = any(m.intensity == "major" for m in markers)
        row["intensity"] = "major" if major else "micro"
    return row


def told(turn: Turn) -> dict[str, Any]:
    """Who said what."""
    return {"who": WHO.get(turn.role, "O"), "text": turn.text}
