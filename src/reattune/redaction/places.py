"""Places by the lists, by what ends their names, and by what stands before them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reattune.redaction import context, slots
from reattune.redaction.lexicon import NO_WORD
from reattune.redaction.names import NEVER
from reattune.redaction.tokens import CASED, FLAT, Token, Turns

ACCEPT = 2.0
INSIDE, SMALL, OPENING = 2.5, -2.5, 0.5
LISTED, LISTED_TOO, PHRASE = 4.0, 1.0, 5.0
"""For a listed place; for one that is a given name as well; for one of several words."""

WORD_TOO = {0: 0.0, 1: -1.0, 2: -2.0, 3: -3.5, 4: -5.0}
PREPOSITION, LIVING, TO, BESIDE, PERSONAL = 2.5, 2.0, 2.0, 1.5, -4.0
SLOT, SLOT_LIMIT = 0.4, 4.0
ENDING = re.compile(
    r"..(?:ton|ham|ford|bridge|bury|borough|burgh|ville|burg|chester|caster|wick|worth|mouth|dale"
    r"|shire|stead|minster"
    r"|haven|ness|pool|well|wood|combe|thwaite|kirk|bourne|brook|port|gate|holm|heim|dorf|hausen"
    r"|furt|stadt|bach|feld"
    r"|grad|polis|pur|abad|nagar|stan|ovo|ice|any|mere|field|land|ley|beach|springs|falls|heights"
    r"|valley|town|city|lake|creek|island)$"
)
UNKNOWN, UNKNOWN_ENDING = 0.5, 1.5
DIRECTIONS = frozenset(
    "north south east west upper lower central inner outer greater downtown".split()
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place of words [first, last) of a turn; `label` is city, region, country or place."""

    first: int
    last: int
    value: float
    label: str
    by: str
    why: str


def find_places(turns: Turns, row: Sequence[Token]) -> Iterator[Place]:
    """Every listed place in a turn, and unlisted ones that stand as places do."""
    i = 0
    starts = turns.lexicon.starts
    while i < len(row):
        last, label = _longest(turns, row, i) if row[i].low in starts else (i, "")
        if label:
            value = _listed(turns, row, i, last)
            yield Place(i, last, value, label, "lexicon/1", "It is in the lists of places.")
            i = last if value >= ACCEPT else i + 1
            continue
        if (value := _unlisted(turns, row, i)) >= ACCEPT:
            yield Place(i, i + 1, value, "place", "context/1", "It stands where places stand.")
        i += 1


def _longest(turns: Turns, row: Sequence[Token], i: int) -> tuple[int, str]:
    """The longest listed place that begins at the i-th word: its end and its label."""
    found = (i, "")
    phrase = ""
    for end in range(i, min(i + turns.lexicon.longest, len(row))):
        if row[end].hidden or (
            end > i
            and (
                row[end].comma
                or (row[end].stop and row[end - 1].low not in ("st", "d", "l", "u", "s", "k"))
            )
        ):
            break
        phrase = f"{phrase} {row[end].low}".lstrip()
        label = turns.lexicon.places.get(phrase)
        if label and (end > i or not _written_otherwise(turns, row, i)):
            found = (end + 1, label)
        if row[end].tail and row[end].tail != "'s":
            break
    return found


def _written_otherwise(turns: Turns, row: Sequence[Token], i: int) -> bool:
    """Whether a short listed place is a word here: "us" is no country."""
    token = row[i]
    return len(token.low) < 4 and turns.styles[token.turn] == CASED and not token.cap


def _listed(turns: Turns, row: Sequence[Token], first: int, last: int) -> float:
    token = row[first]
    value = _capital(turns, row, first, last) + _around(turns, row, first, last)
    if last - first > 1:
        common = all(one.tier > 1 for one in row[first:last])
        return value + (PHRASE if not common or row[last - 1].cap else 0.5)
    if token.tier > NO_WORD:
        return value + WORD_TOO[token.tier]
    if token.low in turns.lexicon.given:
        return value + LISTED_TOO
    return value + LISTED


def _capital(turns: Turns, row: Sequence[Token], first: int, last: int) -> float:
    token, style = row[last - 1], turns.styles[row[first].turn]
    if style == FLAT:
        return 0.0
    if not token.cap:
        return SMALL if style == CASED else -0.5
    return OPENING if row[first].opens and last - first == 1 else INSIDE


def _around(turns: Turns, row: Sequence[Token], first: int, last: int) -> float:
    """What the words beside it say for a place."""
    value = 0.0
    before, before2 = context.word(row, first - 1), context.word(row, first - 2)
    if before in DIRECTIONS:
        before, before2 = before2, context.word(row, first - 3)
    if context.tied(row, first):
        if before in (
            context.AROUND if row[first].low in turns.lexicon.places else context.IN_PLACE
        ):
            value += PREPOSITION + (LIVING if before == "in" and before2 in context.LIVING else 0)
        elif before == "to" and before2 in context.GOING:
            value += TO
    if (
        context.title_before(row, first)
        or context.relation_before(row, first)
        or context.named_before(row, first)
    ):
        value += PERSONAL
    if last < len(row) and row[last].comma and row[last].low in turns.lexicon.places:
        value += BESIDE
    if first and row[first].comma and row[first - 1].low in turns.lexicon.places:
        value += BESIDE
    _, place, _ = slots.fit(turns.shown[row[first].turn], first)
    fit = place - slots.load_slots()["bias"][1]
    return value + SLOT * max(-SLOT_LIMIT, min(SLOT_LIMIT, fit))


def _placed(row: Sequence[Token], i: int) -> bool:
    """Whether a preposition of place stands before the i-th word."""
    before = context.word(row, i - 1)
    moved = before == "to" and context.word(row, i - 2) in context.GOING
    return context.tied(row, i) and (before in context.IN_PLACE or moved)


def _unlisted(turns: Turns, row: Sequence[Token], i: int) -> float:
    """How much speaks for a place that no list has."""
    token, lexicon = row[i], turns.lexicon
    if token.tier > 1:
        return -9.0
    style = turns.styles[token.turn]
    capital = style != FLAT and token.cap and not token.opens
    if (
        token.low in NEVER
        or token.tier > 1
        or token.low in lexicon.kept
        or token.low in lexicon.given
        or token.hidden
    ):
        return -9.0
    if token.tier > NO_WORD and not capital:
        return -9.0
    if (style == CASED and not capital) or (token.upper and capital):
        return -9.0
    if token.low in lexicon.organizations or (not capital and not _placed(row, i)):
        return -9.0
    value = UNKNOWN_ENDING if ENDING.search(token.low) else UNKNOWN
    if token.low in lexicon.surnames:
        value -= 1.0
    value += 1.0 if capital else 0.0
    value += _around(turns, row, i, i + 1)
    return (
        value
        if context.word(row, i - 1) in (*context.IN_PLACE, "to", "at", "of", "the", *DIRECTIONS)
        or ENDING.search(token.low)
        else value - 2.0
    )
