"""Names of people: how much the lists, the capitals and the neighbors speak for each word.

Every word gets a sum of log-odds: what the lists say of it, how this session writes it, what
stands around it. From ACCEPT on it is taken for a name. The weights were set by hand on the
development half of benchmarks/redaction and are no probabilities.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reattune.redaction import context, slots
from reattune.redaction.letters import name_like
from reattune.redaction.lexicon import NO_WORD, Lexicon
from reattune.redaction.tokens import ARTICLES, CASED, FLAT, Token, Turns

ACCEPT = 1.6
GIVEN = {NO_WORD: 4.0, 0: 1.8, 1: 1.2, 2: 0.2, 3: -0.8, 4: -3.0}
FAMILY = {NO_WORD: 2.7, 0: -0.3, 1: -1.2, 2: -2.0, 3: -3.0, 4: -5.0}
OTHER = {NO_WORD: 0.3, 0: -1.5, 1: -2.3, 2: -3.0, 3: -4.0, 4: -6.0}
"""Log-odds of a given name, a family name and any other word, by how common it is as a word."""

INSIDE, OPENING, OPENING_WORD, SMALL, SMALL_WORD = 4.5, 0.3, -0.7, -2.0, -5.0
"""For a capital amid a sentence, at its beginning, and for none where capitals are written."""

SEEN_INSIDE, SEEN_SMALL = 3.0, -2.0
"""For a word at the beginning of a sentence that elsewhere has a capital amid one; or none."""

SLOT, SLOT_BASE, SLOT_LIMIT = 0.9, 4.8, 3.5
TITLE, NAMED, RELATION, ANSWER, DETERMINED, VERBAL = 5.0, 3.5, 2.8, 3.0, -2.5, -2.5
KNOWN, STANDS_OUT, FLAT_BONUS = 3.0, -0.8, 0.4
_CAPITAL_AFTER = re.compile(r"\s[A-Z\d]")
ASKED, BARE_NOUN = 2.5, 1.2
KEPT, MODAL, ACTS, ACTS_FLAT, KNOWN_WORD = -4.0, -5.0, 2.0, 1.2, 0.7
VERBAL_NAME = 1.0
FINITE = -7.0  # instead of MODAL where another verb follows
CALLS, CALLS_WORD, CALLS_AGAIN = 2.5, 1.0, 1.5
MODALS = frozenset({"will", "may"})
ADVERBS = frozenset("nearly always never just actually really even".split())
BARE = frozenset("do be not have never also just".split())
"""What may follow "will" at the beginning of a sentence where it is the verb."""

BEFORE_VERB = frozenset(
    "i you we they he she it to please who that not don't didn't can't would could".split()
)
BESIDE = "context/1"
LETTERS = 2  # fewest letters of a name
LETTER_WEIGHT, LETTER_LIMIT = 0.5, 3.0

NEVER = frozenset(
    "i monday tuesday wednesday thursday friday saturday sunday january february march september"
    " october november"
    " december mum mom dad god ok okay tv the a an and but or so if he she it they we you who what"
    " when where why how this"
    " that hello hi hey hiya bye goodbye thanks please sorry welcome congrats congratulations"
    " headmaster there here yes no not well oh my your his her our their in on at to of for from"
    " with by as is was are were be".split()
) | (
    frozenset(context.TITLES)
    - {"don", "dom", "dona", "judge", "justice", "pan", "major", "sir", "lord", "lady"}
)
"""Never a name by itself."""


@dataclass(frozen=True, slots=True)
class Score:
    """How much speaks for a person, and the strongest reason in words."""

    value: float
    by: str
    why: str


def score(turns: Turns, row: Sequence[Token], i: int, known: frozenset[str]) -> Score:
    """How much speaks for the i-th word being a person's name; `known` are names told before."""
    token = row[i]
    if token.hidden or not _plausible(turns, token, known):
        return NO_NAME
    reasons = [
        _listed(turns, token, known),
        _capital(turns, token),
        _context(turns, row, i),
        _slot(turns, row, i),
    ]
    best = max(reasons, key=lambda reason: reason.value)
    total = sum(reason.value for reason in reasons)
    if token.low in known and token.tier == NO_WORD and _as_written(turns, token):
        total = max(total, KNOWN)
    return Score(total, best.by, best.why)


def _as_written(turns: Turns, token: Token) -> bool:
    """Whether a word has a capital, or this turn writes none."""
    return token.cap or turns.styles[token.turn] != CASED


NO_NAME = Score(-9.0, "", "")


def _plausible(turns: Turns, token: Token, known: frozenset[str]) -> bool:
    """Whether a word is worth a look: neither a common word nor one that never names."""
    if token.low in NEVER or len(token.low) < LETTERS:
        return False
    if token.tier < 3 or token.low in known or turns.lexicon.is_name(token.low):
        return True
    return token.cap and not token.opens and turns.styles[token.turn] != FLAT


def _listed(turns: Turns, token: Token, known: frozenset[str]) -> Score:
    lexicon, low = turns.lexicon, token.low
    if low in known:
        value = 4.0 - KNOWN_WORD * max(0, token.tier)
        if low in turns.told:
            return Score(value + 1, "alias/1", "It is a name that was told beforehand.")
        return Score(value, BESIDE, "It is named elsewhere in this session.")
    parts = low.split("-")
    given = low in lexicon.given or (len(parts) > 1 and parts[0] in lexicon.given)
    family = (
        low in lexicon.surnames
        or (low.endswith("s") and low[:-1] in lexicon.surnames)
        or (len(parts) > 1 and all(p in lexicon.surnames for p in parts))
    )
    table = GIVEN if given else FAMILY if family else OTHER
    value = table[token.tier]
    if not given and NO_WORD < token.tier < 3 and _stands_out(turns, token):
        value = max(value, STANDS_OUT)
    if table is OTHER and token.tier == NO_WORD:
        value += LETTER_WEIGHT * max(-LETTER_LIMIT, min(LETTER_LIMIT, name_like(low)))
    if low in lexicon.kept or low + token.tail in lexicon.organizations:
        value += KEPT if given and not token.upper else 3 * KEPT
    return Score(value, "lexicon/1", "It is in the lists of names.")


def _stands_out(turns: Turns, token: Token) -> bool:
    """Whether a common word has a capital amid a sentence, and no number after it."""
    if not token.cap or token.opens or token.upper or turns.styles[token.turn] != CASED:
        return False
    after = turns.texts[token.turn][token.end : token.end + 3]
    return not _CAPITAL_AFTER.match(after) and not turns.capital_before(token)


def _capital(turns: Turns, token: Token) -> Score:
    style = turns.styles[token.turn]
    value = 0.0
    if style == FLAT:
        value = FLAT_BONUS + (turns.inside[token.low] > 0 and token.tier < 1)
    elif not token.cap:
        value = _small(turns, token)
    elif token.opens:
        value = _opening(turns, token)
    elif token.upper and len(token.low) < 6 and token.low not in turns.lexicon.given:
        value = -3.0
    else:
        value = INSIDE if style == CASED else INSIDE - 1
    return Score(value, "capitals/1", "It has a capital letter amid a sentence.")


def _small(turns: Turns, token: Token) -> float:
    """No capital where this turn has some."""
    if turns.styles[token.turn] != CASED:
        return -0.3 if token.tier < 1 else -1.0
    if token.tier > 0 or token.low not in turns.lexicon.given:
        return SMALL_WORD
    return SMALL + (1.5 if turns.inside[token.low] else 0)


def _opening(turns: Turns, token: Token) -> float:
    value = OPENING if token.tier < 4 else OPENING_WORD
    if turns.inside[token.low]:
        value += SEEN_INSIDE
    if turns.small[token.low]:
        value += SEEN_SMALL / (2 if token.tier > 1 else 1)
    if token.tier == NO_WORD and not turns.small[token.low]:
        value += 1.0
    return value


def _context(turns: Turns, row: Sequence[Token], i: int) -> Score:
    """Titles, relations, naming words; or what makes it a common noun or a verb."""
    token = row[i]
    if token.low in MODALS and (modal := _modal(row, i)):
        return Score(modal, BESIDE, "Of the verb that follows.")
    if context.title_before(row, i):
        return Score(TITLE, BESIDE, "It follows a title.")
    if context.named_before(row, i):
        by_name = context.word(row, i - 1) != "called"
        return Score(NAMED + by_name, BESIDE, "It follows words that introduce a name.")
    if context.relation_before(row, i) and _can_follow_relation(turns.lexicon, row, i):
        return Score(RELATION, BESIDE, "It follows a word for somebody's relation.")
    if _is_answer(row, i) and context.answers_name(turns, token.turn):
        return Score(ANSWER, BESIDE, "It answers a question for a name.")
    if context.asked_of(row, i) and token.tier < 3:
        return Score(ASKED, BESIDE, "It is the subject of a question.")
    if context.calls_before(row, i):
        value = (CALLS if token.tier < 2 else CALLS_WORD) + CALLS_AGAIN * (
            turns.seen[token.low] > 1
        )
        return Score(value, BESIDE, "It follows words that introduce a name.")
    value = _against(turns.lexicon, row, i) + _acts(row, i)
    return Score(value, BESIDE, "Of what stands around it.")


def _is_answer(row: Sequence[Token], i: int) -> bool:
    """Whether the i-th word begins a turn with a sentence of three words at most."""
    if i > 1 or not row[i].stop:
        return False
    return len(row) <= i + 3 or any(one.stop or one.comma for one in row[i + 1 : i + 4])


def _modal(row: Sequence[Token], i: int) -> float:
    """For "will" and "may": what stands around tells the verb from the name; 0 where it does not.

    The verb has its subject before it or, in a question, after it.
    """
    before, after = context.word(row, i - 1), context.word(row, i + 1)
    finite = after in context.FINITE
    adverb = after in ADVERBS and context.word(row, i + 2) in context.FINITE
    if row[i].tail == "'s" or finite or adverb:
        return -FINITE
    if row[i].low == "will" and i and not row[i].stop and before in context.NO_SUBJECT:
        return -MODAL
    if (row[i].cap and row[i].opens) or i == 0:
        asks = after in context.SUBJECTS or after in BARE
        return MODAL if asks else -FINITE if after in context.SAYING else -MODAL
    return 0.0


_VERBAL_ENDS = ("s", "ed", "ing", "ly")


def _can_follow_relation(lexicon: Lexicon, row: Sequence[Token], i: int) -> bool:
    """Whether a common word after "my brother" may be a name: "will came", not "will come"."""
    token = row[i]
    if token.cap:
        return True
    if not lexicon.is_name(token.low):
        return token.tier == NO_WORD or (token.tier < 2 and not token.low.endswith(_VERBAL_ENDS))
    if token.tier < 3:
        return True
    after = context.word(row, i + 1)
    return after in context.SAYING or after.endswith("ed") or i + 1 == len(row)


def _acts(row: Sequence[Token], i: int) -> float:
    """For a capital at the beginning of a sentence whose subject it is: "Frank is", "Rose said"."""
    token = row[i]
    if i + 1 >= len(row) or row[i + 1].stop:
        return 0.0
    after = context.word(row, i + 1)
    acts = token.tail == "'s" or after in context.ACTING
    if token.cap and token.opens:
        return ACTS if acts else 0.0
    begins = i == 0 or row[i - 1].low in context.LINKS
    return ACTS_FLAT if begins and (acts or after.endswith("ed")) and not token.cap else 0.0


def _against(lexicon: Lexicon, row: Sequence[Token], i: int) -> float:
    token, before = row[i], context.word(row, i - 1)
    if not context.tied(row, i):
        return 0.0
    family = token.low.endswith("s") and (token.cap or before == "the") and token.tier == NO_WORD
    sure = token.tier == NO_WORD and token.low in lexicon.given
    articles = ARTICLES if sure else context.DETERMINERS
    if before in articles and not family and not row[i - 1].tail:
        capital = token.cap and not token.opens and token.tier < 3
        return DETERMINED / (2 if sure or capital else 1)
    if token.low in context.VERBAL_NAMES and not token.cap:
        return _verbal(row, i)
    if before == "to" and token.tier > 0 and context.word(row, i - 2) not in context.TALKING_TO:
        return VERBAL
    return VERBAL if before in BEFORE_VERB and token.tier > 0 and not token.cap else 0.0


def _verbal(row: Sequence[Token], i: int) -> float:
    """For "mark" or "sue" in lower case: the verb has a subject before it or an object after it."""
    before, after = context.word(row, i - 1), context.word(row, i + 1)
    if before in context.MEETING:
        return VERBAL_NAME
    return VERBAL if before in BEFORE_VERB or after in context.OBJECTS else VERBAL_NAME


def _slot(turns: Turns, row: Sequence[Token], i: int) -> Score:
    person, _, _ = slots.fit(turns.shown[row[i].turn], i)
    value = SLOT * max(-SLOT_LIMIT, min(SLOT_LIMIT, person + SLOT_BASE))
    if value > 0 and turns.styles[row[i].turn] != CASED and turns.stands_bare(row[i]):
        value += BARE_NOUN
    return Score(value, BESIDE, "Names stand between such words.")


def mask_names(turns: Turns) -> None:
    """Write NAME for neighbors that are surely people, for what the slots look at."""
    for row in turns.tokens:
        for i, token in enumerate(row):
            if token.low in turns.lexicon.given and token.tier == NO_WORD:
                turns.shown[token.turn][i] = slots.NAME


def mentions(
    turns: Turns, row: Sequence[Token], scores: Sequence[Score], blocked: frozenset[int]
) -> Iterator[tuple[int, int, Score]]:
    """[first, last) word of each mention with its best score, names of several words in one."""
    i = 0
    while i < len(row):
        if scores[i].value < ACCEPT or i in blocked or row[i].hidden:
            i += 1
            continue
        end = i + 1
        while end < len(row) and end not in blocked and _goes_on(turns, row, scores, end):
            end += _step(row, end)
        best = max(scores[i:end], key=lambda one: one.value)
        yield i - _adjective(turns, row, i, blocked), end, best
        i = end


NICK = frozenset("big little wee lil old young fat tall mad crazy".split())


def _adjective(turns: Turns, row: Sequence[Token], i: int, blocked: frozenset[int]) -> int:
    """1 where a nickname begins with the word before: "Big Steve"."""
    if not context.tied(row, i) or row[i - 1].low not in NICK or i - 1 in blocked:
        return 0
    if turns.styles[row[i].turn] == FLAT:
        alone = context.word(row, i - 2) not in context.DETERMINERS
        return int(alone and row[i - 1].low in ("big", "little", "wee", "lil"))
    return int(row[i - 1].cap and row[i].cap)


PARTICLES = frozenset(
    "de del della der den di da dos du la le van von bin ibn al el ben ter ten mac o' und".split()
)


def _step(row: Sequence[Token], end: int) -> int:
    return 2 if row[end].low in PARTICLES and not row[end].cap else 1


def _goes_on(turns: Turns, row: Sequence[Token], scores: Sequence[Score], end: int) -> bool:
    """Whether the word at `end` belongs to the name that the words before it begin."""
    token, before = row[end], row[end - 1]
    if not context.tied(row, end) or before.tail or token.hidden or token.low == before.low:
        return False
    style = turns.styles[token.turn]
    if token.low in PARTICLES and end + 1 < len(row):
        return row[end + 1].cap and not row[end + 1].stop and before.cap and style != FLAT
    if style == FLAT or not (token.cap and before.cap):
        lexicon = turns.lexicon
        own = token.low in lexicon.surnames and token.tier < 1 and before.low in lexicon.given
        unknown = token.tier == NO_WORD and token.low not in lexicon.kept and scores[end].value > 0
        return (own or unknown) and token.cap == before.cap
    return (
        token.low not in NEVER
        and token.low not in turns.lexicon.kept
        and token.upper == before.upper
    )
