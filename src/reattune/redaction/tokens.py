"""The words of turns with what their spelling says: capitals, stops before them, endings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from reattune.redaction.lexicon import Lexicon, fold

WORD = re.compile(r"[^\W\d_]+(?:['’‐‑-][^\W\d_]+)*")
_TAIL = re.compile(r"['’](?:s|d|ll|re|ve|m|em)$", re.I)
_STOP = re.compile(r"[^\s,&'’(/+)\d\0-]|[-–—]\s|[-–—]$")
HOLE = "\0"
_NO_NAMES = tuple("s ed ing ly ic ive ous al able ible less ful ant ent ary".split())
_BREAK = re.compile(rf"[,\d{HOLE}]")
_QUOTES = " \t\"“”'‘’([*_"

PLACEHOLDER = re.compile(r"\[(?:[a-z][a-z -]{1,24} \d{1,5}|client|therapist)\]")
"""What a hidden span looks like; `find` never looks inside."""

CASED, INFORMAL, FLAT = "cased", "informal", "flat"
"""How a turn writes capitals: as usual; some, as in chat; none or nothing else."""

ARTICLES = frozenset(
    "the a an this these those some any no every each another my your his her its our their".split()
)
LOOK_BACK = 40  # characters in which the word before is looked for
FLAT_WORDS = 3
"""A turn of fewer words than this is read as the others of its session."""


@dataclass(slots=True)
class Token:
    """A word: `low` folded without a contracted ending, `tail` that ending, [start, end) without
    it. `opens` says that a sentence may begin there, `stop` that punctuation stands before it.
    """

    turn: int
    start: int
    end: int
    low: str
    tail: str
    cap: bool
    upper: bool
    opens: bool
    stop: bool
    comma: bool
    tier: int
    hidden: bool = False


@dataclass(slots=True)
class Turns:
    """The texts with their tokens by turn, how each writes capitals, and counts over all of them.

    `inside` counts words capitalized amid a sentence, `openers` at its beginning, `small` in lower
    case; turns that write no capitals as usual are left out of these.
    """

    texts: Sequence[str]
    tokens: list[list[Token]]
    styles: list[str]
    lexicon: Lexicon
    inside: Counter[str] = field(default_factory=Counter)
    openers: Counter[str] = field(default_factory=Counter)
    small: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    articled: Counter[str] = field(default_factory=Counter)
    told: frozenset[str] = frozenset()
    shown: list[list[str]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Token]:
        return (token for row in self.tokens for token in row if not token.hidden)

    def capital_before(self, token: Token) -> bool:
        """Whether the word right before has a capital that opens no sentence."""
        text = self.texts[token.turn]
        before = text[max(0, token.start - LOOK_BACK) : token.start].rsplit(None, 1)
        return bool(before) and before[-1][:1].isupper() and before[-1][1:2].islower()

    def stands_bare(self, token: Token) -> bool:
        """Whether a rare word comes again and again without an article, as names do."""
        often = self.seen[token.low] > 1 and not self.articled[token.low]
        return often and -1 < token.tier < 2 and not token.low.endswith(_NO_NAMES)


def read_turns(texts: Sequence[str], lexicon: Lexicon, told: frozenset[str]) -> Turns:
    """The tokens of each text, and how each writes its capitals; `told` are names told before."""
    tiers: dict[str, int] = {}
    tokens = [list(_tokens(i, text, lexicon, tiers)) for i, text in enumerate(texts)]
    styles = _styles(tokens)
    turns = Turns(texts, tokens, styles, lexicon, told=told)
    for row, style in zip(tokens, styles, strict=True):
        turns.seen.update(token.low for token in row)
        turns.articled.update(b.low for a, b in pairwise(row) if a.low in ARTICLES)
        _count(turns, row, style)
    turns.shown = [[token.low + token.tail for token in row] for row in tokens]
    return turns


def _tokens(turn: int, text: str, lexicon: Lexicon, tiers: dict[str, int]) -> Iterator[Token]:
    plain = PLACEHOLDER.sub(_blank, text) if "[" in text else text
    last = 0
    for match in WORD.finditer(plain):
        start, end = match.span()
        if start and plain[start - 1] in "'’" and plain[start - 2 : start - 1] == HOLE:
            continue
        word = match[0]
        tail = _TAIL.search(word) if "'" in word or "’" in word else None
        if tail:
            end, word = start + tail.start(), word[: tail.start()]
        low = fold(word)
        if low not in tiers:
            tiers[low] = lexicon.tier(low)
        gap = plain[last:start]
        broken = gap != " " and bool(_STOP.search(gap))
        begins = last == 0 and HOLE not in gap
        yield Token(
            turn=turn,
            start=start,
            end=end,
            low=low,
            tail=fold(tail[0]) if tail else "",
            cap=word[0].isupper(),
            upper=len(word) > 1 and word.isupper(),
            opens=broken or (begins and not gap.strip(_QUOTES)),
            stop=broken or begins,
            comma=gap != " " and bool(_BREAK.search(gap)),
            tier=tiers[low],
        )
        last = match.end()


def _blank(match: re.Match[str]) -> str:
    """As many signs as the placeholder has, none of them a letter."""
    return HOLE * len(match[0])


def _styles(tokens: Iterable[Sequence[Token]]) -> list[str]:
    found = [_style(row) for row in tokens]
    known = Counter(style for style in found if style)
    usual = known.most_common(1)[0][0] if known else CASED
    return [style or usual for style in found]


def _style(row: Sequence[Token]) -> str:
    """How one turn writes capitals, or "" where it is too short to tell."""
    capitals = sum(token.cap for token in row)
    if len(row) < FLAT_WORDS and (not row or row[0].cap):
        return ""
    large = sum(token.upper for token in row if len(token.low) > 1)
    if capitals == 0 or large > 0.7 * sum(len(token.low) > 1 for token in row):
        return FLAT
    small_i = any(token.low in ("i", "im", "ive") and not token.cap for token in row)
    opening = [token.cap for token in row if token.opens]
    return INFORMAL if small_i or sum(opening) < 0.6 * len(opening) else CASED


def _count(turns: Turns, row: Sequence[Token], style: str) -> None:
    if style == FLAT:
        return
    for token in row:
        if not token.cap:
            turns.small[token.low] += style == CASED
        elif token.opens:
            turns.openers[token.low] += 1
        else:
            turns.inside[token.low] += 1
