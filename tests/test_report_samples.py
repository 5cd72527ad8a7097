"""Analyses to report on, made from hand-coded fictional sessions, and degenerate ones.

The codes are the hand coding's; probabilities, near misses, intensities of whole episodes and
states follow fixed simple rules here, so that reports can be tested without the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reattune.codebook import CODES, code
from reattune.types import (
    Analysis,
    Baseline,
    Episode,
    Evidence,
    Intensity,
    Kind,
    Marker,
    Note,
    Risk,
    RoleGuess,
    Session,
    State,
    Talk,
    Turn,
    role_of,
)

DATA = Path(__file__).parent / "data"
BY = "reattune 0.1.0, sample coding"
GAP = 7  # turns without a marker that end an episode
ANSWER = 4  # turns read after an episode for the therapist's answer
RATES = {
    "precision_any": 0.62,
    "precision_withdrawal": 0.57,
    "sensitivity_any": 0.48,
    "false_episodes_per_100_turns": 1.8,
}
WHY: dict[State, str] = {
    "unnoticed": "Nothing the therapist says in the turns after it takes it up.",
    "addressed": "It was taken up; the client's return to the work does not show yet.",
    "repaired": "After a repair move the client talks on as usual, without a new marker.",
    "mishandled": "The answers to it are of the kind that tends to widen a strain.",
    "open": "The session ends before an answer could be seen.",
}


@cache
def coded_sessions() -> dict[str, dict[str, Any]]:
    lines = (DATA / "report_sessions.jsonl").read_text("utf-8").splitlines()
    return {row["name"]: row for row in map(json.loads, lines)}


@cache
def coded(name: str, *, risk: bool = False, first: int = 0, last: int | None = None) -> Analysis:
    """The analysis of one of the hand-coded sessions, or of its turns `[first, last)`."""
    row = coded_sessions()[name]
    turns = row["turns"][first:last]
    names = {"T": row["therapist"], "C": row["client"]}
    session = timed([(names[t["who"]], t["who"], t["text"]) for t in turns], source=name)
    flags = [
        made(session, i, id, t.get("intensity"), decided=True)
        for i, t in enumerate(turns)
        for id in t.get("codes", [])
    ]
    return assemble(session, flags, risk=risk)


def timed(turns: Iterable[tuple[str, str, str]], *, source: str) -> Session:
    """A session with times from a plausible rate of speech."""
    now, said = 0.0, []
    for name, label, text in turns:
        start = now + (2.5 if "[pause]" in text else 0.6)
        now = start + 0.4 + len(text.split()) / 2.4
        said.append(Turn(name, text, role_of(label), round(start, 2), round(now, 2)))
    names = [turn.speaker for turn in said if turn.role == "therapist"]
    roles = RoleGuess("labels", 1.0, names[0] if names else None, "The labels say who is who.")
    return Session(tuple(said), source=f"{source}.vtt", format="webvtt", roles=roles)


def made(
    session: Session, turn: int, id: str, intensity: Intensity | None, *, decided: bool
) -> Marker:
    """A marker with a probability that depends on turn and code only."""
    spread = (turn * 37 + CODES.index(id) * 11) % 30 / 100
    probability = 0.62 + spread if decided else 0.28 + spread / 3
    text = session.turns[turn].text
    sentences = text.replace("? ", "?|").replace(". ", ".|").split("|")
    words = Evidence(name="words in the turn", value=len(text.split()), unit="words")
    return Marker(
        turn=turn,
        code=id,
        family=code(id).family,
        intensity=intensity if code(id).role == "client" else None,
        probability=round(probability, 3),
        by=BY,
        why=code(id).why,
        evidence=(Evidence(turn=turn, quote=" ".join(sentences[:2])), words),
        decided=decided,
        family_probability=round(min(0.99, probability + 0.04), 3),
    )


def assemble(session: Session, flags: list[Marker], *, risk: bool = False) -> Analysis:
    """An analysis around decided flags: near misses, scores, episodes, talk and the rest."""
    taken = {marker.turn for marker in flags}
    near = [
        made(session, i, "deference" if t.role == "client" else "over_explaining", "micro",
             decided=False)
        for i, t in enumerate(session.turns)
        if i % 17 == 5 and i not in taken and t.role in ("client", "therapist")
    ]  # fmt: skip
    markers = sorted(flags + near, key=lambda m: m.turn)
    scores = np.zeros((len(session.turns), len(CODES)), dtype=np.float32)
    for marker in markers:
        scores[marker.turn, CODES.index(marker.code)] = marker.probability
    client = tuple(m for m in markers if code(m.code).role == "client")
    moves = tuple(m for m in markers if code(m.code).role == "therapist")
    return Analysis(
        session=session,
        scores=scores,
        markers=client,
        moves=moves,
        episodes=tuple(grouped(client, moves, len(session.turns))),
        risks=(found_risk(session),) if risk else (),
        baseline=Baseline(1, 52, 12.0, 7.0, 0.14, 1.2, 0.21) if client else None,
        talk=talk(session),
        notes=(Note("single-session", "The client's habit rests on this session alone."),),
        by=BY,
        operating_point="balanced/1",
        reliability=RATES,
    )


def found_risk(session: Session) -> Risk:
    turn = min(42, len(session.turns) - 1)
    quote = session.turns[turn].text
    why = f"Risk content present in turn {turn + 1}: follow your protocol. Words about death."
    return Risk(turn, "suicide", quote, "risk/1", why)


def grouped(client: tuple[Marker, ...], moves: tuple[Marker, ...], count: int) -> list[Episode]:
    groups: list[list[Marker]] = []
    for marker in (m for m in client if m.decided):
        if groups and marker.turn - groups[-1][-1].turn <= GAP:
            groups[-1].append(marker)
        else:
            groups.append([marker])
    return [episode_of(group, moves, count) for group in groups]


def episode_of(group: list[Marker], moves: tuple[Marker, ...], count: int) -> Episode:
    first, last = group[0].turn, group[-1].turn + 1
    until = min(last + ANSWER, count)
    within = tuple(m for m in moves if m.decided and first <= m.turn < until)
    families = {m.family for m in group}
    kind: Kind = "mixed" if len(families) > 1 else group[0].family  # type: ignore[assignment]
    worst: Intensity = "major" if any(m.intensity == "major" for m in group) else "micro"
    state = state_of(within)
    return Episode(first, last, until, kind, worst, state, tuple(group), within, BY, WHY[state])


def state_of(moves: tuple[Marker, ...]) -> State:
    repairs = [m for m in moves if m.family == "repair"]
    hard = [m for m in moves if m.family == "misstep" and m.code != "ignoring"]
    if len(repairs) > 2 * len(hard) and len(repairs) > 2:
        return "repaired"
    if hard:
        return "mishandled"
    return "addressed" if repairs else "unnoticed"


def talk(session: Session) -> tuple[Talk, ...]:
    total = sum(len(t.text.split()) for t in session.turns) or 1
    rows = []
    for role in ("therapist", "client", "other"):
        ours = [t for t in session.turns if t.role == role]
        words = sum(len(t.text.split()) for t in ours)
        asked = sum("?" in t.text for t in ours)
        if ours:
            rows.append(Talk(role, len(ours), words, round(words / total, 4), asked))
    return tuple(rows)


def plain(*turns: tuple[str, str], source: str = "short") -> Analysis:
    """An analysis of a few turns with no flag at all."""
    session = timed([(who, who, text) for who, text in turns], source=source)
    return assemble(session, [])


@cache
def long_session(count: int = 2500) -> Analysis:
    """The hand-coded sessions one after the other until there are `count` turns."""
    rows = list(coded_sessions().values()) * 20
    turns = [(row, turn) for row in rows for turn in row["turns"]][:count]
    said = [("Ruth" if t["who"] == "T" else "Sam", t["who"], t["text"]) for _, t in turns]
    session = timed(said, source="three-hours")
    flags = [
        made(session, i, id, t.get("intensity"), decided=True)
        for i, (_, t) in enumerate(turns)
        for id in t.get("codes", [])
    ]
    return assemble(session, flags)


HOSTILE = (
    '<script>alert("x")</script>',
    "</style><img src=x onerror=alert(1)> \" ' & {{ 7*7 }} {% raw %}",
    "\u202eright to left override\u202c then שלום עולם and 👩‍👩‍👧‍👦 🎉",
    "\x1b[31mred\x1b[0m \x00 nul \ud800 lone [laughs] [<b>bold</b>]",
)


def hostile() -> Analysis:
    """Text that tries to break out of where it is put, flagged so that it is put everywhere."""
    turns = [("T" if i % 2 == 0 else "C", text) for i, text in enumerate(HOSTILE)]
    session = timed([(f"<i>{who}</i>", who, text) for who, text in turns], source='"><b>name</b>')
    flags = [
        made(session, 1, "pressure", "major", decided=True),
        made(session, 2, "defensive", None, decided=True),
        made(session, 3, "topic_shift", "micro", decided=True),
    ]
    return assemble(session, flags, risk=True)


@pytest.mark.parametrize("name", sorted(coded_sessions()))
def test_samples_carry_the_hand_coding(name: str) -> None:
    analysis = coded(name)
    decided = sum(m.decided for m in analysis.markers + analysis.moves)
    assert decided == sum(len(t.get("codes", [])) for t in coded_sessions()[name]["turns"])
    assert (analysis.scores > 0).sum() == len(analysis.markers + analysis.moves)
