"""Codings from ELAN (EAF): each tier with codes is a coder's, laid on turns by time.

An annotation's value is a code, or several. Its coder is the tier's ANNOTATOR, else the tier's
name; tiers of one annotator are one coding. Tiers without a single code (transcripts) are passed
over. Format: https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from reattune.codings import CodedTurn, Coding, Sessions, parse_codes
from reattune.errors import InputError
from reattune.readers.decode import check_size
from reattune.types import Session

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST = 0.5  # share of a turn that an annotation must cover to hold for it, beside its main turn

Span = tuple[float, float, tuple[str, ...]]  # start and end in seconds, codes


def read_eaf(data: bytes, name: str, sessions: Sessions) -> list[Coding]:
    """The codings in an ELAN file, a coder each, on the turns of the session's transcript.

    The session is the one among `sessions` with the file's name, or the only one. InputError
    without a transcript with times, for damaged files and for values that are no code.
    """
    id = _session_of(name, sessions)
    root = _root(data, name)
    spans = _spans(root, name)
    if not spans:
        what = "No tier of this ELAN file holds codes."
        raise _bad(name, what, "Use the ids in docs/codebook.md as annotation values.")
    return [Coding(id, coder, on_turns(own, sessions[id])) for coder, own in spans.items()]


def _bad(name: str, what: str, remedy: str) -> InputError:
    return InputError("eaf-unreadable", what, where=name, remedy=remedy)


def _session_of(name: str, sessions: Sessions) -> str:
    stem = Path(name).stem
    id = stem if stem in sessions else next(iter(sessions)) if len(sessions) == 1 else None
    timed = id is not None and all(turn.start is not None for turn in sessions[id].turns)
    if id is None or not timed:
        raise InputError(
            "eaf-needs-transcript",
            "ELAN codes times, so turns need the session's transcript with a time for each turn.",
            where=name,
            remedy="Give it with --transcript, named like the ELAN file.",
        )
    return id


def _root(data: bytes, name: str) -> Element:
    check_size(data, name)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _bad(name, "The file has declarations that ELAN does not write.", "Export it again.")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise _bad(name, "The file is damaged.", "Save it in ELAN again.") from error
    if root.tag != "ANNOTATION_DOCUMENT":
        raise _bad(name, "This is not an ELAN file.", "Save the annotation file as .eaf.")
    return root


def _spans(root: Element, name: str) -> dict[str, list[Span]]:
    """Coder -> annotations with codes."""
    times = _times(root)
    values = {a.get("ANNOTATION_ID", ""): a for a in root.iter() if a.tag.endswith("_ANNOTATION")}
    found: dict[str, list[Span]] = {}
    for tier in root.iter("TIER"):
        read = [(a, _value(a)) for a in tier.iter() if a.tag.endswith("_ANNOTATION")]
        if not any(codes for _, codes in read):
            continue
        if any(codes is None for _, codes in read):
            what = "A tier with codes has an annotation that is no code."
            raise _bad(name, what, "Use the ids in docs/codebook.md, by semicolons.")
        coder = tier.get("ANNOTATOR") or tier.get("TIER_ID") or "coder"
        found.setdefault(coder, []).extend(_placed(read, values, times))
    return found


def _value(annotation: Element) -> tuple[str, ...] | None:
    text = annotation.findtext("ANNOTATION_VALUE") or ""
    return parse_codes(re.split(r"[;,|\s]+", text))


def _placed(
    read: Sequence[tuple[Element, tuple[str, ...] | None]],
    values: Mapping[str, Element],
    times: Mapping[str, float],
) -> Iterator[Span]:
    for annotation, codes in read:
        own: Element | None = annotation
        for _ in range(10):  # a dependent tier refers to its parent, that perhaps to another
            if own is None or own.tag != "REF_ANNOTATION":
                break
            own = values.get(own.get("ANNOTATION_REF", ""))
        ends = (
            [times.get(own.get(f"TIME_SLOT_REF{i}", "")) for i in (1, 2)] if own is not None else []
        )
        if codes and len(ends) == 2 and ends[0] is not None and ends[1] is not None:
            yield ends[0], ends[1], codes


def _times(root: Element) -> dict[str, float]:
    """Time slot -> seconds; slots without a time lie evenly between their neighbors."""
    slots = [
        (slot.get("TIME_SLOT_ID", ""), slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")
    ]
    known = [(i, int(value) / 1000) for i, (_, value) in enumerate(slots) if value]
    if not known:
        return {}
    import numpy as np

    filled = np.interp(range(len(slots)), [i for i, _ in known], [at for _, at in known])
    return {id: float(at) for (id, _), at in zip(slots, filled, strict=True)}


def on_turns(spans: Sequence[Span], session: Session) -> tuple[CodedTurn, ...]:
    """Every turn of a session, with the codes of the annotations that lie on it.

    An annotation holds for the turn it shares most time with (in a pause the nearest), and for
    each turn that it covers by half or more.
    """
    ends = _ends(session)
    held: list[set[str]] = [set() for _ in session.turns]
    for start, end, codes in spans:
        shares = [min(end, b) - max(start, a) for a, b in ends]
        main = max(range(len(shares)), key=shares.__getitem__)
        for i, (a, b) in enumerate(ends):
            if i == main or (b > a and shares[i] >= MOST * (b - a)):
                held[i] |= set(codes)
    return tuple(
        CodedTurn(i, parse_codes(held[i]) or (), None, turn.role, True, turn.start, turn.end)
        for i, turn in enumerate(session.turns)
    )


def _ends(session: Session) -> list[tuple[float, float]]:
    """Start and end of each turn; a turn without an end lasts until the next begins."""
    starts = [turn.start or 0.0 for turn in session.turns]
    after = [*starts[1:], starts[-1] + 60.0]
    return [
        (start, turn.end if turn.end is not None else max(start, then))
        for turn, start, then in zip(session.turns, starts, after, strict=True)
    ]
