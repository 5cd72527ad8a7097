"""Scoring: answers to a score, administrations of one client by one rater to series.

A score is the sum or the mean of the keyed answers. Where answers are missing, the mean of the rest
stands in for them as far as the instrument's rule allows, and the score says so; beyond that there
is none. Impossible answers are refused, never clipped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from numbers import Real
from typing import Any, Literal

from reattune.errors import InputError
from reattune.measures.instrument import TOTAL, Cutoff, Instrument, Item
from reattune.types import Evidence, Point, Series

FlagKind = Literal["cutoff", "item", "unanswered"]


@dataclass(frozen=True, slots=True)
class Administration:
    """An instrument filled in once: `answers` by item number, as given, before any reversal.

    `session` counts from 1. None, NaN and an item left out mean that it was not answered.
    """

    client: str
    rater: str
    date: date | None
    session: int
    answers: Mapping[int, float | None]


@dataclass(frozen=True, slots=True)
class Flag:
    """Something in the answers to look at: a cut-off reached, an item that prompts, an item that
    should have been answered. Never a verdict.
    """

    kind: FlagKind
    why: str
    source: str
    by: str
    evidence: Evidence
    item: int | None = None
    scale: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """One administration scored.

    `total` and each of `subscales` are None where too much is missing. `prorated` names the scales
    in which the mean stands in for missing answers, `missing` the items not answered. `risk` is
    True where an answer asks for the risk protocol, and `risk_why` says which; False never means
    that there is no risk.
    """

    instrument: str
    rater: str
    session: int
    date: date | None
    total: float | None
    subscales: dict[str, float | None]
    prorated: tuple[str, ...]
    missing: tuple[int, ...]
    flags: tuple[Flag, ...]
    risk: bool
    risk_why: str = ""


def score(instrument: Instrument, administration: Administration) -> Score:
    """The score of one administration.

    InputError for an impossible answer, an unknown item, a rater the form is not made for, and
    an instrument whose key is not verified.
    """
    require_key(instrument)
    return _score(instrument, instrument.scales(), administration)


def series(instrument: Instrument, administrations: Iterable[Administration]) -> tuple[Series, ...]:
    """The total and each subscale over one client's sessions by one rater, in order of session.

    A session too incomplete to score is a point without a value. InputError for none at all, two
    clients, two raters, a session twice, and dates that run against the sessions; else as `score`.
    """
    rows = sorted(administrations, key=_session)
    _require_one(rows, instrument)
    require_key(instrument)
    scales = instrument.scales()
    scores = [_score(instrument, scales, row) for row in rows]
    return tuple(_series(instrument, name, rows[0], scores) for name in scales)


def require_key(instrument: Instrument) -> None:
    """InputError unless the instrument's key is verified or the user confirmed it."""
    if not instrument.key.usable:
        raise InputError(
            "key-unverified",
            f"The scoring key of {instrument.id} could not be verified, so nothing is scored.",
            where=instrument.id,
            remedy="Compare it with your licensed form and confirm it in your own TOML file "
            "(`key_confirmed`); see docs/measures.md.",
        )


def _series(
    instrument: Instrument, name: str, first: Administration, scores: list[Score]
) -> Series:
    values = [made.total if name == TOTAL else made.subscales[name] for made in scores]
    points = tuple(
        Point(made.session, made.date, value) for made, value in zip(scores, values, strict=True)
    )
    measure = instrument.id if name == TOTAL else f"{instrument.id}:{name}"
    return Series(first.client, measure, first.rater, points, instrument.scale(name))


def _require_one(rows: list[Administration], instrument: Instrument) -> None:
    """Refuse what does not make one series; `rows` are in order of session."""

    def refuse(slug: str, what: str, remedy: str) -> InputError:
        return InputError(slug, what, where=instrument.id, remedy=remedy)

    if not rows:
        what, remedy = "There is nothing to score.", "Give at least one filled-in form."
        raise refuse("no-administrations", what, remedy)
    if len({row.client for row in rows}) > 1:
        what, remedy = "The forms are of several clients.", "Make a series for each client."
        raise refuse("mixed-clients", what, remedy)
    if len({row.rater for row in rows}) > 1:
        what, remedy = "The forms are of several raters.", "Make a series for each rater."
        raise refuse("mixed-raters", what, remedy)
    for before, after in pairwise(rows):
        if before.session == after.session:
            what = f"Session {after.session} is there twice."
            raise refuse("duplicate-session", what, "Keep one form for each session.")
    dated = [(row.date, row.session) for row in rows if row.date is not None]
    for (earlier, session), (later, next_session) in pairwise(dated):
        if later < earlier:
            what = f"Session {next_session} is dated before session {session}."
            remedy = "Mend the dates or the session numbers."
            raise refuse("dates-out-of-order", what, remedy)


def _session(row: Administration) -> int:
    """The session's number; InputError unless it is a whole number from 1 on."""
    if isinstance(row.session, bool) or not isinstance(row.session, int) or row.session < 1:
        remedy = "Number the sessions of a client from 1 on."
        raise InputError("bad-session", "A form has no session number.", remedy=remedy)
    return row.session


def _score(
    instrument: Instrument, scales: dict[str, tuple[Item, ...]], administration: Administration
) -> Score:
    answers = _answers(instrument, administration)
    keyed = {n: instrument.items[n - 1].keyed(answer) for n, answer in answers.items()}
    values = {name: _scale_value(instrument, items, keyed) for name, items in scales.items()}
    risky = [i for i in instrument.items if _above(answers.get(i.number), i.risk_above)]
    made_up = tuple(
        name
        for name, items in scales.items()
        if values[name] is not None and any(i.number not in keyed for i in items)
    )
    return Score(
        instrument=instrument.id,
        rater=administration.rater,
        session=administration.session,
        date=administration.date,
        total=values[TOTAL],
        subscales={name: value for name, value in values.items() if name != TOTAL},
        prorated=made_up,
        missing=tuple(i.number for i in instrument.items if i.number not in keyed),
        flags=(*_cutoffs(instrument, values, made_up), *_items(instrument, answers)),
        risk=bool(risky),
        risk_why=instrument.risk_why if risky else "",
    )


def _scale_value(
    instrument: Instrument, items: tuple[Item, ...], keyed: dict[int, float]
) -> float | None:
    """Sum or mean over the items, the mean of those answered standing in for the missing."""
    given = [keyed[i.number] for i in items if i.number in keyed]
    absent = len(items) - len(given)
    if absent > instrument.missing.allowed(len(items)):
        return None
    if instrument.scoring == "sum" and not absent:
        return math.fsum(given)
    mean = min(max(math.fsum(given) / len(given), items[0].low), items[0].high)
    return mean if instrument.scoring == "mean" else mean * len(items)


def _answers(instrument: Instrument, administration: Administration) -> dict[int, float]:
    """The answers that were given, checked; unanswered items are left out."""
    where = f"{instrument.id}, session {_session(administration)}"
    if administration.rater not in instrument.raters:
        remedy = f"This form is for the {' or '.join(instrument.raters)}."
        what = "The rater is not one that the form is made for."
        raise InputError("wrong-rater", what, where=where, remedy=remedy)
    given = {}
    for number, answer in administration.answers.items():
        if type(number) is not int or not 1 <= number <= len(instrument.items):
            what = "There is an answer to an item that the form does not have."
            remedy = f"Its items are numbered 1 to {len(instrument.items)}."
            raise InputError("impossible-answer", what, where=where, remedy=remedy)
        if not _unanswered(answer):
            given[number] = _checked(instrument.items[number - 1], answer, where)
    return given


def _unanswered(answer: Any) -> bool:
    """Whether an answer is None, NaN or blank text."""
    if isinstance(answer, str):
        return not answer.strip()
    return answer is None or (isinstance(answer, Real) and bool(answer != answer))


def _checked(item: Item, answer: Any, where: str) -> float:
    """The answer as a number in the item's range; InputError naming item and range."""
    whole = item.step == 1
    number = isinstance(answer, Real) and not isinstance(answer, bool)
    if not number or not item.low <= answer <= item.high or (whole and answer != int(answer)):
        kind = "a whole number" if whole else "a number"
        raise InputError(
            "impossible-answer",
            f"The answer to item {item.number} is not {kind} {item.span}.",
            where=where,
            remedy="Look at the form again; leave the item out if it was not answered.",
        )
    return float(answer)


def _above(answer: float | None, limit: float | None) -> bool:
    return answer is not None and limit is not None and answer > limit


def _cutoffs(
    instrument: Instrument, values: dict[str, float | None], prorated: tuple[str, ...]
) -> list[Flag]:
    """For each scale the furthest verified cut-off that is reached, if any."""
    furthest: dict[tuple[str, bool], tuple[Cutoff, float]] = {}
    for cutoff in instrument.cutoffs:
        value = values[cutoff.scale]
        if not cutoff.verified or value is None or not cutoff.reached(value):
            continue
        upward = cutoff.side == "at or above"
        best = furthest.get((cutoff.scale, upward))
        if best is None or (cutoff.at > best[0].at) == upward:
            furthest[cutoff.scale, upward] = cutoff, value
    return [
        _cutoff_flag(instrument, cutoff, value, prorated=cutoff.scale in prorated)
        for cutoff, value in furthest.values()
    ]


def _cutoff_flag(instrument: Instrument, cutoff: Cutoff, value: float, *, prorated: bool) -> Flag:
    shown = f"{value:.4g}{', prorated' if prorated else ''}"
    why = f"The {cutoff.scale} is {shown}, {cutoff.side} {cutoff.at:g}: {cutoff.label}."
    evidence = Evidence(name=f"{instrument.id}:{cutoff.scale}", value=value, unit="points")
    return Flag("cutoff", why, cutoff.source, instrument.by, evidence, scale=cutoff.scale)


def _items(instrument: Instrument, answers: dict[int, float]) -> list[Flag]:
    """Items that prompt by themselves, and those of the risk path that were not answered."""
    found = []
    for item in instrument.items:
        answer = answers.get(item.number)
        if answer is None and item.risk_above is not None:
            why = f"{item.called} was not answered: ask."
            found.append(_item_flag(instrument, item, "unanswered", why, answer))
        elif answer is not None and item.prompts(
            answer, higher_is_better=instrument.higher_is_better
        ):
            side = "under" if item.low_prompts(instrument.higher_is_better) else "over"
            why = f"{item.called} was answered {answer:g}, at or {side} {item.prompt:g}: ask."
            found.append(_item_flag(instrument, item, "item", why, answer))
    return found


def _item_flag(
    instrument: Instrument, item: Item, kind: FlagKind, why: str, answer: float | None
) -> Flag:
    evidence = Evidence(
        name=f"{instrument.id} item {item.number}", value=answer, unit="as answered"
    )
    source = instrument.prompts_from if kind == "item" else instrument.citation
    return Flag(kind, why, source, instrument.by, evidence, item=item.number)
