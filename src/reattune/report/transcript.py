"""The transcript as rows of the HTML report: words in pieces, and what stands beside them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from reattune.report.view import Flag, Told
from reattune.report.words import clean, clock, speaker_name
from reattune.types import MARK, Analysis, Risk, Turn

AROUND = 2  # turns kept on either side of a flag when only flagged parts are shown


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a turn: `quoted` if a flag rests on them, `aside` if they are a mark."""

    text: str
    quoted: bool
    aside: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One turn. `told` is the episode it lies in, `opens` whether that begins here, `close`
    whether a flag is near."""

    number: int
    turn: Turn
    speaker: str
    time: str
    pieces: tuple[Piece, ...]
    flags: tuple[Flag, ...]
    near: tuple[Flag, ...]
    risks: tuple[Risk, ...]
    told: Told | None
    opens: bool
    close: bool


def rows(
    analysis: Analysis, told: tuple[Told, ...], flags: tuple[Flag, ...], near: tuple[Flag, ...]
) -> tuple[Row, ...]:
    """A row for each turn of the session."""
    by_turn, near_by_turn = _by_turn(flags), _by_turn(near)
    owners = {i: t for t in told for i in range(t.episode.first, t.episode.last)}
    risks: dict[int, list[Risk]] = defaultdict(list)
    for risk in analysis.risks:
        risks[risk.turn].append(risk)
    busy = {n - 1 for n in by_turn} | set(owners) | set(risks)
    close = {i + step for i in busy for step in range(-AROUND, AROUND + 1)}
    made = []
    for i, turn in enumerate(analysis.session.turns):
        here = tuple(by_turn.get(i + 1, ()))
        owner = owners.get(i)
        made.append(
            Row(
                number=i + 1,
                turn=turn,
                speaker=speaker_name(turn),
                time=clock(turn.start),
                pieces=pieces(clean(turn.text), [f.quote for f in here]),
                flags=here,
                near=tuple(near_by_turn.get(i + 1, ())),
                risks=tuple(risks.get(i, ())),
                told=owner,
                opens=owner is not None and owner.episode.first == i,
                close=i in close,
            )
        )
    return tuple(made)


def _by_turn(flags: tuple[Flag, ...]) -> dict[int, list[Flag]]:
    found: dict[int, list[Flag]] = defaultdict(list)
    for flag in flags:
        found[flag.turn].append(flag)
    return found


def pieces(text: str, quotes: list[str]) -> tuple[Piece, ...]:
    """`text` cut where a quote or a mark such as `[laughs]` begins or ends."""
    if not quotes and "[" not in text:  # most turns
        return (Piece(text, False, False),) if text else ()
    asides = [m.span() for m in MARK.finditer(text)]
    found = [(text.find(quote), len(quote)) for quote in dict.fromkeys(quotes)]
    quoted = _merged([(at, at + length) for at, length in found if at >= 0])
    cuts = sorted({0, len(text), *(edge for pair in asides + quoted for edge in pair)})
    return tuple(
        Piece(text[a:b], _covered(a, quoted), _covered(a, asides)) for a, b in pairwise(cuts)
    )


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same stretches in order and without overlap."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _covered(at: int, spans: list[tuple[int, int]]) -> bool:
    """Whether `at` lies in one of `spans`, which are in order."""
    last = bisect_right(spans, at, key=lambda span: span[0]) - 1
    return last >= 0 and at < spans[last][1]
