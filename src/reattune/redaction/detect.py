"""All rules together: the spans of some turns, each with its label and key."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from reattune.redaction import context, firms, names, places, slots
from reattune.redaction.addresses import find_addresses
from reattune.redaction.contacts import find_contacts
from reattune.redaction.dates import find_ages, find_dates
from reattune.redaction.lexicon import NO_WORD, Lexicon, fold, load_lexicon
from reattune.redaction.people import ROLES, Mention, label_of, link
from reattune.redaction.spans import (
    ACCOUNT,
    ORGANIZATION,
    PERSON,
    PHONE,
    PLACE,
    Found,
    Taken,
    settle,
)
from reattune.redaction.tokens import CASED, FLAT, PLACEHOLDER, WORD, Token, Turns, read_turns

SURE = 0.2
"""How far above ACCEPT a name must score for its other mentions to lean on it."""

MARGIN = 4.0
"""How far a place may stay behind a person where the word is no given name."""

CERTAIN = 5.0  # a person with this score is no place named elsewhere
SPELLED = 4  # fewest letters of a name that is spelled out

Elsewhere = dict[str, tuple[str, str]]
"""A word that was found to be a place or an organization -> (category, label)."""

_LETTERS = re.compile(r"(?<![\w'’])[a-z](?:(?:[\s,.-]|,\s|\.\s)[a-z](?![\w'’])){3,20}", re.I)


@dataclass(frozen=True, slots=True)
class Told:
    """Names told beforehand: folded name or word of one -> label, and the names as phrases."""

    labels: dict[str, str]
    phrases: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Row:
    """A turn's words with what was read of them: organizations, places, how like a name."""

    tokens: list[Token]
    firms: list[firms.Firm]
    places: list[places.Place]
    scores: list[names.Score]


@dataclass(slots=True)
class Read:
    """What one reading of the turns found."""

    people: list[Mention]
    others: list[Found]
    named: set[str]


def detect(texts: Sequence[str], told: Told) -> list[Found]:
    """Every stretch that may identify somebody, in order of place, without overlaps."""
    lexicon = load_lexicon()
    fixed = [*_literal(texts, told), *_fixed(texts, lexicon)]
    fixed = settle(_outside(texts, fixed))
    known = _known_words(told, lexicon)
    turns = read_turns(texts, lexicon, known)
    _hide(turns, fixed)
    _keep(turns)
    spelled = list(_spelled_out(turns))
    names.mask_names(turns)
    rows = [_row(turns, tokens, known) for tokens in turns.tokens if tokens]
    first = _read(turns, rows, {})
    known |= first.named
    _again(turns, rows, known)
    second = _read(turns, rows, _elsewhere(first, lexicon))
    people = link([*second.people, *spelled], lexicon, told.labels)
    return settle([*fixed, *people, *second.others])


def _fixed(texts: Sequence[str], lexicon: Lexicon) -> Iterator[Found]:
    for found in (
        find_contacts(texts),
        find_dates(texts),
        find_ages(texts),
        find_addresses(texts, lexicon),
    ):
        for one in found:
            words = texts[one.turn][one.start : one.end]
            yield one.named(one.label, one.key or _key(words, one.category))


def _key(text: str, category: str) -> str:
    """What makes two spans the same: digits of a number, else the folded words."""
    if category in (PHONE, ACCOUNT) and (digits := re.sub(r"\W", "", text)).isdigit():
        return digits
    return " ".join(fold(text).split()).removeprefix("the ")


def _outside(texts: Sequence[str], found: Iterable[Found]) -> Iterator[Found]:
    """Those that touch no placeholder."""
    holes = Taken()
    for turn, text in enumerate(texts):
        for match in PLACEHOLDER.finditer(text) if "[" in text else ():
            holes.take(turn, *match.span())
    return (one for one in found if holes.free(one.turn, one.start, one.end))


def _literal(texts: Sequence[str], told: Told) -> Iterator[Found]:
    """Told names of several words, or with figures, wherever they stand."""
    for phrase, label in told.phrases:
        if WORD.fullmatch(phrase):
            continue
        key = f"told {label}" if label in ROLES else _key(phrase, PERSON)
        for turn, start, end in find_words(texts, phrase):
            why = "A name that was told beforehand."
            yield Found(turn, start, end, PERSON, "alias/1", why, 1.0, label, key, rank=20)


def find_words(texts: Sequence[str], words: str) -> list[tuple[int, int, int]]:
    """(turn, start, end) wherever some words stand, whatever their case and spacing."""
    parts = r"\s+".join(map(re.escape, words.split()))
    if not parts:
        return []
    pattern = re.compile(rf"(?<!\w){parts}(?!\w)", re.I)
    return [(i, *m.span()) for i, text in enumerate(texts) for m in pattern.finditer(text)]


def _known_words(told: Told, lexicon: Lexicon) -> frozenset[str]:
    """Told names that are one word, with their short and long forms."""
    words = {word for word in told.labels if " " not in word}
    short = {form for form, names_ in lexicon.nicknames.items() if names_ & words}
    long = {name for word in words for name in lexicon.nicknames.get(word, ())}
    return frozenset(words | {w for w in short | long if lexicon.tier(w) == NO_WORD})


def _hide(turns: Turns, found: Sequence[Found]) -> None:
    """Leave out words that are hidden already."""
    taken = Taken()
    for one in found:
        taken.take(one.turn, one.start, one.end)
    for turn in taken.starts:
        for token in turns.tokens[turn]:
            token.hidden = not taken.free(turn, token.start, token.end)


def _keep(turns: Turns) -> None:
    """Leave out words of phrases that identify nobody, such as "Good Friday"."""
    kept, starts = turns.lexicon.kept, turns.lexicon.kept_starts
    for row in turns.tokens:
        for i, token in enumerate(row):
            if token.low not in starts:
                continue
            for last in (i + 2, i + 3):
                words = row[i:last]
                if last <= len(row) and " ".join(w.low + w.tail for w in words) in kept:
                    for word in words:
                        word.hidden = True


def _spelled_out(turns: Turns) -> Iterator[Mention]:
    """Names spelled letter by letter: "K-O-W-A-L"; no words, no alphabet."""
    for turn, text in enumerate(turns.texts):
        for match in _LETTERS.finditer(text):
            letters = re.sub(r"[^a-z]", "", fold(match[0]))
            if len(letters) < SPELLED or letters in _ALPHABET or turns.lexicon.tier(letters) >= 0:
                continue
            row = turns.tokens[turn]
            first = bisect_left(row, match.start(), key=attrgetter("start"))
            inside = row[first : bisect_left(row, match.end(), key=attrgetter("start"))]
            if any(token.hidden for token in inside):
                continue
            for token in inside:
                token.hidden = True
            why = "It is spelled letter by letter."
            found = Found(turn, *match.span(), PERSON, "rules/1", why, 0.7, rank=3)
            yield Mention(found, (letters,), False, "")


_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def _row(turns: Turns, tokens: list[Token], known: frozenset[str]) -> Row:
    scores = [names.score(turns, tokens, i, known) for i in range(len(tokens))]
    found = list(firms.find_firms(turns, tokens))
    return Row(tokens, found, list(places.find_places(turns, tokens)), scores)


def _again(turns: Turns, rows: Sequence[Row], known: frozenset[str]) -> None:
    """Score anew what is known to be a name by now, and what stands beside it."""
    for row in rows:
        at = [i for i, token in enumerate(row.tokens) if token.low in known]
        for i in at:
            if row.tokens[i].tier < 2:
                turns.shown[row.tokens[i].turn][i] = slots.NAME
        beside = {k for i in at for k in range(i - 2, i + 3) if 0 <= k < len(row.tokens)}
        for k in beside:
            row.scores[k] = names.score(turns, row.tokens, k, known)


def _read(turns: Turns, rows: Sequence[Row], elsewhere: Elsewhere) -> Read:
    read = Read([], [], set())
    for row in rows:
        _read_turn(turns, row, elsewhere, read)
    return read


def _read_turn(turns: Turns, row: Row, elsewhere: Elsewhere, read: Read) -> None:
    taken = {i for firm in row.firms for i in range(firm.first, firm.last)}
    read.others.extend(_firm(turns, row.tokens, firm) for firm in row.firms)
    for place in row.places:
        inside = set(range(place.first, place.last))
        if not taken & inside and _is_place(turns, row, place):
            read.others.append(_place(turns, row.tokens, place))
            taken |= inside
    for i, one in (*_known_elsewhere(turns, row, elsewhere), *_institutions(turns, row)):
        if i not in taken:
            read.others.append(one)
            taken.add(i)
    for first, last, score in names.mentions(turns, row.tokens, row.scores, frozenset(taken)):
        read.people.append(_mention(row.tokens, first, last, score))
        for i in range(first, last):
            if row.scores[i].value >= names.ACCEPT + SURE:
                read.named.add(row.tokens[i].low)


def _is_place(turns: Turns, row: Row, place: places.Place) -> bool:
    """Whether a place is one rather than a person."""
    if place.value < places.ACCEPT:
        return False
    rival = max(score.value for score in row.scores[place.first : place.last])
    given = row.tokens[place.first].low in turns.lexicon.given
    return place.last - place.first > 1 or place.value >= rival - (0 if given else MARGIN)


def _firm(turns: Turns, row: Sequence[Token], firm: firms.Firm) -> Found:
    last = row[firm.last - 1]
    turn, start, end = last.turn, row[firm.first].start, last.end
    if firm.own:
        end += len(last.tail)
    key = _key(turns.texts[turn][start:end], ORGANIZATION)
    sure = _sure(firm.value)
    return Found(turn, start, end, ORGANIZATION, firm.by, firm.why, sure, ORGANIZATION, key, rank=3)


def _place(turns: Turns, row: Sequence[Token], place: places.Place) -> Found:
    turn, start, end = row[0].turn, row[place.first].start, row[place.last - 1].end
    key = _key(turns.texts[turn][start:end], PLACE)
    sure = _sure(place.value)
    return Found(turn, start, end, PLACE, place.by, place.why, sure, place.label, key, rank=3)


def _known_elsewhere(turns: Turns, row: Row, elsewhere: Elsewhere) -> Iterator[tuple[int, Found]]:
    """Words found to be places or organizations elsewhere in the session."""
    for i, token in enumerate(row.tokens):
        if token.low not in elsewhere or token.hidden or row.scores[i].value > CERTAIN:
            continue
        plain = turns.styles[token.turn] == FLAT or token.cap
        if plain and (token.tier == NO_WORD or (token.cap and not token.opens)):
            category, label = elsewhere[token.low]
            yield i, _single(token, category, label, "It was named elsewhere in this session.", 2)


def _institutions(turns: Turns, row: Row) -> Iterator[tuple[int, Found]]:
    """ "the Willowbrook": a name in capitals after an article that is nobody's."""
    lexicon = turns.lexicon
    for i, token in enumerate(row.tokens):
        if not token.cap or token.upper or token.tier > NO_WORD or token.hidden:
            continue
        after = context.word(row.tokens, i - 1) == "the" and context.tied(row.tokens, i)
        plain = token.low not in lexicon.kept and token.low not in lexicon.organizations
        cased = turns.styles[token.turn] == CASED
        if after and plain and cased and row.scores[i].value < names.ACCEPT:
            why = "A name in capitals after an article."
            yield i, _single(token, ORGANIZATION, ORGANIZATION, why, 1)


def _single(token: Token, category: str, label: str, why: str, rank: int) -> Found:
    by = "context/1"
    return Found(
        token.turn, token.start, token.end, category, by, why, 0.65, label, token.low, rank
    )


def _mention(row: Sequence[Token], first: int, last: int, score: names.Score) -> Mention:
    turn, start, end = row[0].turn, row[first].start, row[last - 1].end
    found = Found(turn, start, end, PERSON, score.by, score.why, _sure(score.value), rank=2)
    words = tuple(token.low for token in row[first:last])
    titled = bool(context.title_before(row, first))
    return Mention(found, words, titled, label_of(row, first, last))


def _sure(value: float) -> float:
    """A sum of log-odds as a share of 1: what is just accepted is a little above one half."""
    return round(1 / (1 + math.exp((1.5 - value) / 1.2)), 2)


def _elsewhere(read: Read, lexicon: Lexicon) -> Elsewhere:
    """Single words, and first words of organizations, -> (category, label)."""
    found: Elsewhere = {}
    for one in read.others:
        word = one.key.split()[0] if one.category == ORGANIZATION else one.key
        if one.sure > 0.6 and len(word) > 3 and " " not in word and lexicon.tier(word) < 1:
            found.setdefault(word, (one.category, one.label))
    return found
