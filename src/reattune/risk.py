"""The risk screen: suicide, self-harm, harm to others and abuse in anybody's words, shown first.

It reads each turn alone for the patterns in `risk.toml`, says that such content is present and
where, and scores nothing. It is made to miss little, so it shows figures of speech and denials too;
how often it errs is counted in docs/risk.md. English only.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Literal, get_args

from reattune.types import MARK, Risk, Session, Turn

Topic = Literal["suicide", "self-harm", "harm to others", "abuse"]
TOPICS: tuple[Topic, ...] = get_args(Topic)

QUOTE_WORDS = 40
"""A sentence longer than this is quoted around the match only: speech recognition that writes no
full stops would have whole turns quoted."""

STEM = 4
"""Letters of a word that are looked up among a pattern's stems."""

SPEAKERS = {"therapist": "The therapist", "client": "The client", "other": "A third person"}

# A word or the end of a sentence; "..." ends none.
_PIECE = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[.!?;]+(?=\W*\s|\W*$)|\n")
_TAG = re.compile(rf"{MARK.pattern}|<[^<>\n]{{1,40}}>")
_FILLERS = frozenset({"um", "umm", "uh", "uhh", "er", "erm", "em", "mm", "hmm", "ah", "eh"})
_SPELLINGS = {"od'd": "oded"}  # "odd" without its apostrophe
_STOP = re.compile(r"(?<=[^.][.!?;])[\s\"”')\]]+|\n+")


@dataclass(frozen=True, slots=True)
class Pattern:
    """What words of one kind look like: their topic and what a speaker of them speaks of.

    Where `stems` are given, some word of every match begins with one of them.
    """

    topic: Topic
    about: str
    regex: re.Pattern[str]
    stems: frozenset[str]


@dataclass(frozen=True, slots=True)
class Screen:
    """The patterns of `risk.toml`, the harmless phrases, and the version as `by` names it."""

    by: str
    patterns: tuple[Pattern, ...]
    harmless: re.Pattern[str]


def screen(session: Session) -> tuple[Risk, ...]:
    """Each topic of risk found in each turn, in order of turns: at most one per turn and topic.

    `quote` is the sentence it was found in, `why` says in which turn (counted from 1), who speaks
    and of what. Nothing is scored, and an empty result does not mean that there is no risk.
    """
    return tuple(
        risk for number, turn in enumerate(session.turns) for risk in _screen_turn(number, turn)
    )


@cache
def load_screen() -> Screen:
    """The shipped patterns."""
    data = tomllib.loads(files("reattune").joinpath("risk.toml").read_text("utf-8"))
    words: dict[str, str] = {}
    for name, regex in data["words"].items():
        words[name] = _fill(regex, words)
    patterns = tuple(
        Pattern(
            row["topic"],
            row["about"],
            _any_of(row["match"], words),
            frozenset(row.get("stems", "").split()),
        )
        for row in data["pattern"]
    )
    harmless = _any_of([regex for row in data["harmless"] for regex in row["match"]], words)
    return Screen(f"risk-screen/{data['version']}", patterns, harmless)


def _fill(regex: str, words: dict[str, str]) -> str:
    """A regex with each <name> replaced by that entry of [words]."""
    return re.sub(r"<(\w+)>", lambda found: words[found[1]], regex)


def _any_of(regexes: list[str], words: dict[str, str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_fill(regex, words) for regex in regexes)})\b")


def _screen_turn(number: int, turn: Turn) -> list[Risk]:
    """The risks of one turn, one per topic, in the order of `TOPICS`."""
    tokens, starts = _tokens(turn.text)
    found = _find(tokens)
    offsets = list(accumulate((len(token) + 1 for token in tokens), initial=0)) if found else []
    risks = []
    for topic in TOPICS:
        if topic in found:
            pattern, match = found[topic]
            quote = _quote(turn.text, starts, offsets, match)
            why = _why(number, turn, pattern)
            risks.append(Risk(number, topic, quote, load_screen().by, why))
    return risks


def _find(tokens: list[str]) -> dict[Topic, tuple[Pattern, re.Match[str]]]:
    """The first match of each topic. Harmless phrases are sought only where something matched."""
    loaded, text = load_screen(), " ".join(tokens)
    heard = {token[:STEM] for token in tokens}
    likely = [p for p in loaded.patterns if not p.stems or not heard.isdisjoint(p.stems)]
    if not any(pattern.regex.search(text) for pattern in likely):
        return {}
    text = loaded.harmless.sub(lambda phrase: "~" * len(phrase[0]), text)
    found: dict[Topic, tuple[Pattern, re.Match[str]]] = {}
    for pattern in likely:
        match = pattern.regex.search(text)
        if match and pattern.topic not in found:
            found[pattern.topic] = pattern, match
    return found


def _tokens(text: str) -> tuple[list[str], list[int]]:
    """The words as the patterns read them with "." between sentences, and where each starts."""
    tokens: list[str] = []
    starts: list[int] = []
    for piece in _PIECE.finditer(_TAG.sub(lambda mark: " " * len(mark[0]), text)):
        token = piece[0].lower().replace("’", "'")
        token = _SPELLINGS.get(token, token.replace("'", ""))
        if not token[0].isalnum():
            token = "" if token.startswith("..") else "."
        if token and token not in _FILLERS and (not tokens or token != tokens[-1]):
            tokens.append(token)
            starts.append(piece.start())
    return tokens, starts


def _quote(text: str, starts: list[int], offsets: list[int], match: re.Match[str]) -> str:
    """The sentence around a match, or the words around it where there are no sentences."""
    first = bisect_right(offsets, match.start()) - 1
    last = bisect_right(offsets, max(match.start(), match.end() - 1)) - 1
    begin = max((gap.end() for gap in _STOP.finditer(text, 0, starts[first])), default=0)
    stop = _STOP.search(text, starts[last])
    end = stop.start() if stop else len(text)
    inside = [i for i, start in enumerate(starts) if begin <= start < end]
    if len(inside) > QUOTE_WORDS:
        half = QUOTE_WORDS // 2
        begin = max(begin, starts[max(0, first - half)])
        end = min(end, starts[last + half] if last + half < len(starts) else len(text))
    return text[begin:end].strip()


def _why(number: int, turn: Turn, pattern: Pattern) -> str:
    who = SPEAKERS.get(turn.role) or f'"{turn.speaker}"'
    return (
        f"Risk content present in turn {number + 1}: follow your protocol. "
        f"{who} speaks of {pattern.about}."
    )
