"""Between the rows of a session and the library's own values."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from reattune import types
from reattune.codebook import CODES
from reattune.web.reviews import models

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


NUL = "\x00"  # PostgreSQL keeps no such character, and no transcript needs it


def to_session(record: models.Session) -> types.Session:
    """The session's words as the library reads them."""
    rows = record.turns.values_list("speaker", "text", "role", "start", "end")
    turns = tuple(
        types.Turn(speaker, text, cast(types.Role, role), start, end)
        for speaker, text, role, start, end in rows
    )
    roles = types.RoleGuess(**record.roles) if record.roles else None
    return types.Session(turns, record.source, record.format, to_notes(record.notes), roles)


def save_words(record: models.Session, session: types.Session) -> None:
    """Put a session's words, roles and notes in the place of what the record had."""
    record.turns.all().delete()
    models.Turn.objects.bulk_create(
        models.Turn(
            session=record,
            number=i,
            speaker=turn.speaker.replace(NUL, ""),
            role=turn.role,
            text=turn.text.replace(NUL, ""),
            start=turn.start,
            end=turn.end,
        )
        for i, turn in enumerate(session.turns)
    )
    record.roles = asdict(session.roles) if session.roles else {}
    record.notes = from_notes(session.notes)
    record.turn_count = len(session.turns)
    record.save()


def from_notes(notes: Iterable[types.Note]) -> list[dict[str, Any]]:
    """Notes as JSON."""
    return [{"slug": n.slug, "text": n.text, "turns": list(n.turns)} for n in notes]


def to_notes(rows: Iterable[dict[str, Any]]) -> tuple[types.Note, ...]:
    """Notes from JSON."""
    return tuple(types.Note(row["slug"], row["text"], tuple(row["turns"])) for row in rows)


def to_marker(row: models.Finding) -> types.Marker:
    """A finding as a marker."""
    return types.Marker(
        turn=row.turn,
        code=row.code,
        family=cast(types.Family, row.family),
        intensity=cast("types.Intensity | None", row.intensity or None),
        probability=row.probability,
        by=row.by,
        why=row.why,
        evidence=tuple(types.Evidence(**one) for one in row.evidence),
        decided=row.decided,
        family_probability=row.family_probability,
    )


def to_finding(analysis: models.Analysis, marker: types.Marker) -> models.Finding:
    """A marker as an unsaved row."""
    return models.Finding(
        analysis=analysis,
        turn=marker.turn,
        code=marker.code,
        family=marker.family,
        intensity=marker.intensity or "",
        probability=marker.probability,
        family_probability=marker.family_probability,
        decided=marker.decided,
        by=marker.by,
        why=marker.why,
        evidence=[asdict(one) for one in marker.evidence],
    )


def to_episode(row: models.Episode, found: Iterable[types.Marker]) -> types.Episode:
    """An episode row with those of the markers and moves that fall into it."""
    inside = [m for m in found if m.decided and row.first <= m.turn < row.until]
    return types.Episode(
        first=row.first,
        last=row.last,
        until=row.until,
        kind=cast(types.Kind, row.kind),
        intensity=cast(types.Intensity, row.intensity),
        state=cast(types.State, row.state),
        markers=tuple(m for m in inside if m.family in STRAINS and m.turn < row.last),
        moves=tuple(m for m in inside if m.family not in STRAINS),
        by=row.by,
        why=row.why,
    )


STRAINS = ("withdrawal", "confrontation")


def to_baseline(data: Any) -> types.Baseline | None:
    """A baseline from JSON."""
    return types.Baseline(**data) if data else None


def pack_scores(scores: npt.NDArray[np.float32]) -> bytes:
    """Scores (n_turns, n_codes) as float16, compressed."""
    import numpy as np

    return zlib.compress(scores.astype(np.float16).tobytes())


def unpack_scores(packed: bytes, turns: int) -> npt.NDArray[np.float32]:
    """Scores (n_turns, n_codes) as they were packed, to about three digits."""
    import numpy as np

    flat = np.frombuffer(zlib.decompress(packed), np.float16)
    return flat.reshape(turns, len(CODES)).astype(np.float32)
