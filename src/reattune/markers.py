"""Scores and features -> markers: which turns are flagged, as what, and why, in plain words.

A family's probability decides that there is a marker; the codes name it. Near misses are kept with
`decided=False`, so that "why not?" has an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from reattune.calibration import Scores, shares_of
from reattune.codebook import CLIENT_FAMILIES, CODES, FAMILIES, code, columns
from reattune.features import Context, is_open_question, latency
from reattune.thresholds import OperatingPoint
from reattune.types import Baseline, Evidence, Family, Intensity, Marker

WHOLE_QUOTE = 25  # words; a longer turn is quoted by the sentence that carries most
SHORT_BY = 0.5  # a turn under this share of the usual words is said to be short
SLOW_BY, SLOW_SECONDS = 2.0, 2.0  # times the usual latency, and seconds above it

SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=\S)|\s+--\s+|\n+")

Salience = Callable[[int, Sequence[str], int], int]
"""(turn, its sentences, column) -> index of the sentence that carries the code most."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a marker is made from: a row of `contexts` and of `scores` for each turn."""

    contexts: Sequence[Context]
    scores: Scores
    baseline: Baseline | None
    by: str
    salience: Salience


def find_markers(reading: Reading, point: OperatingPoint) -> tuple[Marker, ...]:
    """Markers, moves and near misses in order of turn, then of probability."""
    found = []
    for i, family_row in enumerate(reading.scores.families):
        for f, family in enumerate(FAMILIES):
            if family_row[f] >= point.near * point.decide[family]:
                found += list(_markers_of(reading, point, i, family, float(family_row[f])))
    return tuple(sorted(found, key=lambda m: (m.turn, -m.probability)))


def _markers_of(
    reading: Reading, point: OperatingPoint, turn: int, family: Family, probability: float
) -> Iterator[Marker]:
    decided = probability >= point.decide[family]
    for column in _named(reading.scores, turn, family, point.second if decided else 1.0):
        yield Marker(
            turn=turn,
            code=CODES[column],
            family=family,
            intensity=_intensity(reading.scores, turn, family, point),
            probability=float(reading.scores.codes[turn, column]),
            by=reading.by,
            why=explain(reading, turn, column),
            evidence=tuple(_evidence(reading, turn, column)),
            decided=decided,
            family_probability=probability,
        )


def _named(scores: Scores, turn: int, family: Family, second: float) -> list[int]:
    """The likeliest code's column, and any other with at least `second` of the family's share."""
    own = list(columns(family))
    share = shares_of(scores.codes[turn, own])
    first = int(share.argmax())
    return [c for k, c in enumerate(own) if k == first or share[k] >= second]


def _intensity(
    scores: Scores, turn: int, family: Family, point: OperatingPoint
) -> Intensity | None:
    if family not in CLIENT_FAMILIES:
        return None
    return "major" if scores.major[turn] >= point.major else "micro"


def explain(reading: Reading, turn: int, column: int) -> str:
    """Why the turn was flagged: what the code looks like, and what can be counted in this turn."""
    facts = list(_facts(reading.contexts[turn], reading.baseline))
    return " ".join([code(CODES[column]).why, *facts])


def _facts(context: Context, baseline: Baseline | None) -> Iterator[str]:
    if context.turn.role != "client" or baseline is None:
        return
    said, usual = len(context.said), baseline.words
    if said < SHORT_BY * usual:
        after = context.answered is not None and is_open_question(context.answered.text)
        where = " after an open question" if after else ""
        yield f"{_count(said, 'word')}{where}; this client's turns usually have about {usual:.0f}."
    wait = latency(context)
    if wait is not None and baseline.latency is not None and _slow(wait, baseline.latency):
        yield f"It came after {wait:.0f} seconds; usually about {baseline.latency:.0f}."


def _slow(wait: float, usual: float) -> bool:
    return wait >= SLOW_BY * usual and wait >= usual + SLOW_SECONDS


def _count(n: int, noun: str) -> str:
    return f"{n or 'No'} {noun}{'' if n == 1 else 's'}"


def _evidence(reading: Reading, turn: int, column: int) -> Iterator[Evidence]:
    context = reading.contexts[turn]
    yield Evidence(turn=turn, quote=quote(reading, turn, column))
    yield Evidence(turn=turn, name="words", value=float(len(context.said)), unit="words")
    if context.turn.role == "client" and reading.baseline is not None:
        usual = round(reading.baseline.words, 1)
        yield Evidence(name="usual words", value=usual, unit="words")
    wait = latency(context)
    if wait is not None:
        yield Evidence(turn=turn, name="latency", value=round(wait, 2), unit="s")


def quote(reading: Reading, turn: int, column: int) -> str:
    """The words shown: the whole turn if it is short, else the sentence that carries most."""
    text = reading.contexts[turn].turn.text
    if len(reading.contexts[turn].said) <= WHOLE_QUOTE:
        return text
    sentences = split_sentences(text)
    return sentences[reading.salience(turn, sentences, column)]


def split_sentences(text: str) -> list[str]:
    """Sentences of a turn; speech recognition without punctuation is cut every 20 words."""
    pieces: list[str] = []
    for sentence in SENTENCE.split(text):
        tokens = sentence.split()
        if len(tokens) <= 2 * WHOLE_QUOTE:
            pieces.append(sentence.strip())
        else:
            pieces += [" ".join(tokens[i : i + 20]) for i in range(0, len(tokens), 20)]
    return [piece for piece in pieces if piece] or [text]


def split_roles(markers: Sequence[Marker]) -> tuple[tuple[Marker, ...], tuple[Marker, ...]]:
    """(markers on client turns, moves on therapist turns)."""
    return (
        tuple(m for m in markers if m.family in CLIENT_FAMILIES),
        tuple(m for m in markers if m.family not in CLIENT_FAMILIES),
    )
