"""Plain, interpretable numbers beside each turn: surface cues and shifts against the own baseline.

Every feature declares its reach: which turns it looks at. `CUES` go into the sequence layer beside
the sentence vector; `SHIFTS` go into the calibrated last stage and into the reasons people read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Literal

from reattune.types import MARK, Baseline, Role, Session, Talk, Turn

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Reach = Literal["this turn", "turns before", "whole session", "baseline"]

SHORT_ANSWER = 2  # words; at most this many after an open question counts as a short answer
USUAL_WORDS = 10.0  # median words of a client turn in the training corpora
PRIOR_TURNS = 6.0  # the baseline leans on USUAL_WORDS as if it had seen this many turns
LONGEST_LATENCY = 30.0  # seconds; a longer gap is a break, not a latency
RECENT = 5  # answers to open questions whose share of short ones is compared with the usual share

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
OPEN_QUESTION = re.compile(
    r"\b(?:what|how|why|where do|tell me|say more|talk me through|walk me through|describe"
    r"|in what way|which part|where did)\b",
    re.IGNORECASE,
)
CLOSED_WHAT = re.compile(r"\b(?:what time|how (?:many|much|old|often|long)|what date)\b", re.I)
FILLERS = frozenset(
    "um uh er erm ah oh mm mhm hmm hm yeah yes no okay ok right well so like".split()
)


def words(text: str) -> list[str]:
    """The words of a turn, lower case, without [marks]."""
    return WORD.findall(MARK.sub(" ", text).lower())


def is_open_question(text: str) -> bool:
    """Whether the turn leaves the client room: asks what, how or why, not "how many"."""
    return bool(OPEN_QUESTION.search(CLOSED_WHAT.sub(" ", text)))


@dataclass(frozen=True, slots=True)
class Context:
    """A turn with what came before it, handed out by `contexts` so that no feature peeks ahead.

    `said` are the turn's words; `before` the previous turn; `answered` the last turn of another
    role that has words, with `answered_words`; `usual` the median words of this role's turns;
    `terse` how far the share of short answers among the client's last RECENT answers to open
    questions lies above the usual share; `usual_latency` the client's median, seconds.
    """

    turn: Turn
    said: list[str]
    before: Turn | None
    answered: Turn | None
    answered_words: list[str]
    usual: float
    terse: float = 0.0
    usual_latency: float | None = None


def contexts(session: Session, baseline: Baseline | None = None) -> list[Context]:
    """One Context a turn, in order. A given baseline replaces the client's usual length."""
    said = [words(turn.text) for turn in session.turns]
    usual = {role: usual_words(session.turns, said, role) for role in ("therapist", "client")}
    if baseline is not None:
        usual["client"] = baseline.words
    made: list[Context] = []
    last: dict[Role, int] = {}
    for i, turn in enumerate(session.turns):
        j = max((k for role, k in last.items() if role != turn.role), default=None)
        made.append(
            Context(
                turn,
                said[i],
                session.turns[i - 1] if i else None,
                session.turns[j] if j is not None else None,
                said[j] if j is not None else [],
                usual.get(turn.role, USUAL_WORDS),
            )
        )
        if said[i]:
            last[turn.role] = i
    return _against_habit(made, baseline)


def _against_habit(rows: list[Context], baseline: Baseline | None) -> list[Context]:
    """The rows with what needs the client's habit, from the baseline or from these rows."""
    asked = [i for i, row in enumerate(rows) if answers_open_question(row)]
    short = [short_answer(rows[i]) for i in asked]
    waits = [wait for row in rows if (wait := latency(row)) is not None]
    share = sum(short) / len(short) if short else 0.0
    usual = median(waits) if waits else None
    if baseline is not None:
        share, usual = baseline.short_answers, baseline.latency
    terse = {
        i: sum(short[max(0, k + 1 - RECENT) : k + 1]) / min(RECENT, k + 1) - share
        for k, i in enumerate(asked)
    }
    return [
        replace(row, terse=terse.get(i, 0.0), usual_latency=usual) for i, row in enumerate(rows)
    ]


def usual_words(turns: Sequence[Turn], said: Sequence[list[str]], role: str) -> float:
    """Median words per turn of a role, drawn toward USUAL_WORDS when there are few turns."""
    lengths = [len(w) for turn, w in zip(turns, said, strict=True) if turn.role == role]
    if not lengths:
        return USUAL_WORDS
    n = len(lengths)
    return (n * median(lengths) + PRIOR_TURNS * USUAL_WORDS) / (n + PRIOR_TURNS)


def overlap(context: Context) -> float:
    """Share of this turn's content words that the other's last turn also used, 0 to 1."""
    own = set(context.said) - FILLERS
    return len(own & set(context.answered_words)) / len(own) if own else 0.0


def shorter(context: Context) -> float:
    """Natural log of words said over words usual for this speaker; below 0 is shorter."""
    return math.log1p(len(context.said)) - math.log1p(context.usual)


def answers_open_question(context: Context) -> bool:
    """Whether this is a client's turn after an open question."""
    asked = context.answered is not None and is_open_question(context.answered.text)
    return context.turn.role == "client" and asked


def short_answer(context: Context) -> float:
    """1 where a client answers an open question with at most SHORT_ANSWER words."""
    return float(answers_open_question(context) and len(context.said) <= SHORT_ANSWER)


def latency(context: Context) -> float | None:
    """Seconds from the end of the turn before to a client's start; None if unknown.

    Overlaps count as 0, gaps over LONGEST_LATENCY as None.
    """
    before, turn = context.before, context.turn
    if before is None or before.end is None or turn.start is None:
        return None
    if turn.role != "client" or before.role == turn.role:
        return None
    gap = max(0.0, turn.start - before.end)
    return gap if gap <= LONGEST_LATENCY else None


def slower(context: Context) -> float:
    """Natural log of the latency over this client's usual one; 0 where times are missing."""
    wait = latency(context)
    if wait is None or context.usual_latency is None:
        return 0.0
    return math.log((wait + 0.5) / (context.usual_latency + 0.5))


@dataclass(frozen=True, slots=True)
class Feature:
    """A number beside a turn. `reach` says which turns it may look at."""

    reach: Reach
    of: Callable[[Context], float]


def _said(context: Context, *parts: str) -> float:
    return float(any(part in context.turn.text for part in parts))


def _again(context: Context) -> float:
    return float(context.before is not None and context.before.role == context.turn.role)


CUES: dict[str, Feature] = {
    "therapist": Feature("this turn", lambda c: float(c.turn.role == "therapist")),
    "client": Feature("this turn", lambda c: float(c.turn.role == "client")),
    "words": Feature("this turn", lambda c: math.log1p(len(c.said)) / 2),
    "shorter": Feature("whole session", lambda c: shorter(c) / 2),
    "ends_asking": Feature("this turn", lambda c: float(c.turn.text.rstrip().endswith("?"))),
    "asks": Feature("this turn", lambda c: _said(c, "?")),
    "laughs": Feature("this turn", lambda c: _said(c, "[laugh", "[chuckle")),
    "pauses": Feature("this turn", lambda c: _said(c, "[pause", "[silence", "...", "…")),
    "exclaims": Feature("this turn", lambda c: _said(c, "!")),
    "again": Feature("turns before", _again),
    "overlap": Feature("turns before", overlap),
    "clipped": Feature("this turn", lambda c: float(len(c.said) <= SHORT_ANSWER)),
    "short_answer": Feature("turns before", short_answer),
}
"""What the sequence layer sees beside each sentence vector, in column order."""

SHIFTS: dict[str, Feature] = {
    "shorter": Feature("baseline", lambda c: max(-2.5, min(2.5, shorter(c)))),
    "short_answer": Feature("turns before", short_answer),
    "terse": Feature("baseline", lambda c: c.terse),
    "slower": Feature("baseline", slower),
    "overlap": Feature("turns before", overlap),
}
"""What the calibrated last stage adds to the model's score, in column order."""


def table(features: dict[str, Feature], rows: Sequence[Context]) -> npt.NDArray[np.float32]:
    """float32 (n_turns, n_features), columns in the order of the dict."""
    import numpy as np

    values = [[feature.of(row) for feature in features.values()] for row in rows]
    return np.array(values, np.float32).reshape(len(rows), len(features))


def cue_table(session: Session) -> npt.NDArray[np.float32]:
    """The sequence layer's cues, always against this session alone."""
    return table(CUES, contexts(session))


def measure_baseline(session: Session) -> Baseline | None:
    """The client's habit in this session; None without a client turn."""
    rows = [c for c in contexts(session) if c.turn.role == "client"]
    if not rows:
        return None
    lengths = [len(c.said) for c in rows]
    middle = rows[0].usual
    asked = [c for c in rows if answers_open_question(c)]
    return Baseline(
        sessions=1,
        turns=len(rows),
        words=middle,
        words_mad=float(median(abs(n - middle) for n in lengths)),
        short_answers=sum(map(short_answer, asked)) / len(asked) if asked else 0.0,
        latency=rows[0].usual_latency,
        overlap=sum(map(overlap, rows)) / len(rows),
    )


def join_baselines(parts: Sequence[Baseline]) -> Baseline | None:
    """One baseline from several sessions, each weighted by its client turns; None from none."""
    if not parts:
        return None
    total = sum(part.turns for part in parts)

    def mean(values: list[tuple[float, int]]) -> float:
        return sum(v * n for v, n in values) / sum(n for _, n in values)

    timed = [(p.latency, p.turns) for p in parts if p.latency is not None]
    return Baseline(
        sessions=sum(part.sessions for part in parts),
        turns=total,
        words=mean([(p.words, p.turns) for p in parts]),
        words_mad=mean([(p.words_mad, p.turns) for p in parts]),
        short_answers=mean([(p.short_answers, p.turns) for p in parts]),
        latency=mean(timed) if timed else None,
        overlap=mean([(p.overlap, p.turns) for p in parts]),
    )


def measure_talk(session: Session) -> tuple[Talk, ...]:
    """Turns, words, share of words and questions of each role that speaks."""
    total = sum(len(words(turn.text)) for turn in session.turns) or 1
    found = []
    for role in ("therapist", "client", "other", "unknown"):
        own = [turn for turn in session.turns if turn.role == role]
        if own:
            said = sum(len(words(turn.text)) for turn in own)
            asked = sum("?" in turn.text for turn in own)
            found.append(Talk(role, len(own), said, said / total, asked))
    return tuple(found)
