"""Organizations: listed ones, names that end or begin like one, and where somebody works."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reattune.redaction import context
from reattune.redaction.lexicon import NO_WORD
from reattune.redaction.tokens import CASED, FLAT, Token, Turns

_ENDS = (
    "university college school academy primary elementary hospital infirmary clinic surgery church"
    " chapel mosque temple synagogue"
    " cathedral bank council ltd limited inc llc plc gmbh corp corporation company trust"
    " foundation association society institute"
    " centre center inn arms tavern hotel hostel cafe restaurant bistro bakery pharmacy dental"
    " vets veterinary solicitors associates"
    " partners consulting solutions systems logistics services homecare housing prison barracks"
    " club choir orchestra"
    " fc united rovers theatre museum library steelworks shipyards factory cinema gym press motors"
    " garage estates ward nursery"
    " kindergarten preschool kita grundschule klinik krankenhaus clinique airlines airport group"
    " kollegen sons lodge hospice"
    " practice agency charity union police constabulary railways shipping insurance"
    " pharmaceuticals technologies software"
    " foods stores supermarket salon barbers studio studios gallery farm farms dairy brewery"
    " vineyard ministries fellowship"
    " parish federation league team workshop medical health hall house palace castle acres court"
    " lanes general"
)
ENDS = frozenset(_ENDS.split())
WEAK = frozenset(
    "primary house hall court palace castle group team union services arms health medical press"
    " lodge ward league united farm company police library partners acres lanes general".split()
)
"""Endings that need a capital themselves."""

STARTS = frozenset(
    "university universitat universidad universite universidade college school church bank"
    " institute ministry department museum cafe hotel hospital"
    " restaurant club casa klinik clinica hopital ecole lycee escuela colegio hmp".split()
)
JOINS = frozenset("of the and for de la du des der und y e del di da st saint".split())
WORKING = frozenset(
    "work works worked working job jobs employed intern interned internship shift shifts post"
    " manager hired nights days study"
    " studied studying student students graduated teach teaches taught training trained degree"
    " course lecturer lectures enrolled"
    " volunteer volunteers volunteered apprentice placement banked bank account mortgage contract"
    " position role offer interview"
    " started warehouse branch".split()
)
MODIFIERS = frozenset(
    "local private nearby new old whole same primary secondary high middle elementary public state"
    " boarding grammar medical"
    " dental health mental day night general main big small little nice posh church school"
    " football cricket tennis golf"
    " swimming rowing book youth social sports strip country working men's women's children's"
    " doctor's doctors gp vet vet's vets garden"
    " shopping leisure community town city county village care nursing retirement housing legal"
    " law insurance phone car"
    " train bus estate letting travel dating temp employment recruitment first last next other"
    " another different previous"
    " current former special catholic christian baptist methodist evangelical jewish muslim sunday"
    " summer after-school"
    " junior senior lower upper infant infants nursery drama art music dance language driving film"
    " food breakfast lunch gun"
    " debating chess running cycling fitness boxing yoga maternity children psychiatric teaching"
    " university college bank"
    " building computer tech software marketing security cleaning delivery removal trading oil gas"
    " water power electric"
    " drug tobacco fashion design publishing record production theatre charity trade labor labour"
    " teachers student students"
    " union support secure family gay wine coffee tea cocktail sandwich pizza indian chinese"
    " italian thai mexican fast fish"
    " chip shop corner head home main emergency walk-in eye hair nail beauty tanning prison"
    " hospital surgery clinic animal"
    " american british french german spanish orthodox drop-in crisis addiction recovery rehab"
    " outpatient inpatient pain sleep"
    " sexual fertility abortion ivf covid urgent trauma burns cancer heart stroke".split()
)
"""Ordinary words before a kind of organization that do not name one."""

PLACED = frozenset("at to from in for with outside behind near called".split())
"""Words before an organization of ordinary words: "at the elm tree surgery"."""

CAPITAL_ONLY = WEAK - {"lodge", "arms"}
SAINT_WORDS = frozenset("nursing care primary high catholic church".split())
HOMES = ENDS | {"home"}

SAINTS = frozenset("st saint sankt saints our".split())

NEAR = 7  # words around a household name in which somebody must work
LEADS = frozenset(
    "saint st royal king's queen's princess national north south east west great new old our lady"
    " city".split()
)


@dataclass(frozen=True, slots=True)
class Firm:
    """An organization of words [first, last) of a turn."""

    first: int
    last: int
    value: float
    by: str
    why: str
    own: bool = False
    """Whether the "'s" at its end belongs to it."""


def find_firms(turns: Turns, row: Sequence[Token]) -> Iterator[Firm]:
    """Every organization in a turn."""
    yield from _listed(turns, row)
    text = turns.texts[row[0].turn]
    joined = "&" in text or "+" in text
    for i, token in enumerate(row):
        if token.hidden:
            continue
        if token.low in ENDS:
            yield from _ending(turns, row, i)
        if token.low in STARTS:
            yield from _starting(turns, row, i)
        if token.low in SAINTS:
            yield from _saints(turns, row, i)
        if joined:
            yield from _joined(turns, row, i)
        if token.tier == NO_WORD or (token.cap and not token.opens):
            yield from _workplace(turns, row, i)


def _listed(turns: Turns, row: Sequence[Token]) -> Iterator[Firm]:
    lexicon = turns.lexicon
    for i in range(len(row)):
        if row[i].low not in lexicon.starts or row[i].hidden:
            continue
        phrase = ""
        for end in range(i, min(i + lexicon.longest, len(row))):
            if end > i and (row[end].comma or row[end].hidden):
                break
            phrase = f"{phrase} {row[end].low}{row[end].tail}".lstrip()
            short = phrase.removesuffix("'s")
            household = lexicon.organizations.get(phrase, lexicon.organizations.get(short))
            if household is not None and _fits(turns, row, i, end + 1, household):
                own = phrase != short and phrase in lexicon.organizations
                why = "It is in the list of organizations."
                yield Firm(i, end + 1, 6.0 + end - i, "lexicon/1", why, own)


def _fits(turns: Turns, row: Sequence[Token], first: int, last: int, household: bool) -> bool:
    """Whether a listed organization is one here, and not a word, a name or a brand."""
    token, style = row[first], turns.styles[row[first].turn]
    if household and not _works_near(row, first, last):
        return False
    if style == CASED and not token.cap and not row[last - 1].cap:
        return False
    given = token.low in turns.lexicon.given
    if last - first > 1 or not (given or token.tier > 0 or len(token.low) < 4):
        return True
    inside = token.cap and not token.opens and not given and style == CASED
    return inside or (token.upper and style != FLAT) or _at_work(row, first)


def _works_near(row: Sequence[Token], first: int, last: int) -> bool:
    around = row[max(0, first - NEAR) : first], row[last : last + NEAR + 3]
    return any(token.low in WORKING for part in around for token in part)


def _at_work(row: Sequence[Token], i: int) -> bool:
    """Whether the words before say that somebody works, studies or banks there."""
    before = context.word(row, i - 1)
    if before in ("the", "a"):
        i, before = i - 1, context.word(row, i - 2)
    if before == "joined":
        return True
    if before not in ("at", "for", "with", "from", "in"):
        return False
    return any(context.word(row, k) in WORKING for k in range(max(0, i - 5), i - 1))


def _named(turns: Turns, token: Token) -> bool:
    """Whether a word may be the name within an organization's."""
    lexicon = turns.lexicon
    if turns.styles[token.turn] != FLAT and token.cap:
        common = token.opens and token.tier > 1
        return (
            not common
            and token.low not in context.OWNERS
            and (token.low not in lexicon.kept or lexicon.is_name(token.low))
        )
    listed = (
        lexicon.is_name(token.low)
        or token.low in lexicon.one_word_places
        or token.low in lexicon.organizations
    )
    return token.low not in lexicon.kept and (token.tier == NO_WORD or (listed and token.tier < 2))


def _ending(turns: Turns, row: Sequence[Token], i: int) -> Iterator[Firm]:
    """ "Larkfield Vets", "croydon council": words before one that ends such names."""
    token, style = row[i], turns.styles[row[i].turn]
    if not context.tied(row, i):
        return
    capital = style != FLAT and token.cap
    first = _start_in_capitals(row, i) if capital else _start_in_lower(turns, row, i)
    last = _on(row, i + 1, ENDS, capital=True) if capital else i + 1
    own = [one for one in row[first:i] if one.low not in JOINS and _counts(turns, one)]
    small = style == CASED and not token.cap and not row[first].cap
    if own and not (small and token.low in WEAK):
        yield Firm(first, last, 7.0 if capital else 5.0, "rules/1", ENDS_SO)


ENDS_SO = "It ends like the name of an organization."


def _counts(turns: Turns, token: Token) -> bool:
    """Whether a word before the kind of an organization may name it."""
    plain = token.low not in MODIFIERS and token.low not in LEADS
    return plain and (_named(turns, token) or (token.tier < 3 and not token.cap))


def _start_in_capitals(row: Sequence[Token], i: int) -> int:
    """Where the capitals before the i-th word begin, without what only opens a sentence."""
    first = i
    while first > 0 and _in_name(row, first):
        first -= 1
    while first < i and _opens_only(row[first]):
        first += 1
    return first


def _opens_only(token: Token) -> bool:
    common = token.opens and (token.tier > 1 or token.low in MODIFIERS)
    return common or token.low in JOINS - {"st", "saint"} or token.low in context.OWNERS


def _in_name(row: Sequence[Token], first: int) -> bool:
    """Whether the word before belongs to the same name in capitals."""
    before = row[first - 1]
    full_stop = row[first].stop and before.low not in ("st", "mt")
    if before.hidden or row[first].comma or full_stop:
        return False
    inner = before.low in ("of", "the", "and", "for", "de", "la") and first > 1
    return before.cap or (inner and row[first - 2].cap and row[first].cap)


def _start_in_lower(turns: Turns, row: Sequence[Token], i: int) -> int:
    """Where a name in lower case before the i-th word begins."""
    if row[i].low in CAPITAL_ONLY and not _named(turns, row[i - 1]):
        return i
    first = i
    while first > 0 and not row[first].stop and _leads(turns, row[first - 1]):
        first -= 1
    while first < i and row[first].low in ("our", "new", "old", "great", "city", "lady"):
        first += 1
    middle = row[i - 1]
    if first == i and i > 1 and middle.tier < 4 and middle.low in MODIFIERS:
        first = i - 2 if _named(turns, row[i - 2]) and context.tied(row, i - 1) else i
    return first if first < i else _after_preposition(row, i)


def _leads(turns: Turns, token: Token) -> bool:
    return not token.hidden and (_named(turns, token) or token.low in LEADS)


def _after_preposition(row: Sequence[Token], i: int) -> int:
    """Where a name of ordinary words begins: "at the elm tree surgery", "for sunrise homecare"."""
    first = i
    while first > max(0, i - 3) and not row[first].stop and _in_lower_name(row[first - 1]):
        first -= 1
    start = first - 1 if context.word(row, first - 1) == "the" else first
    placed = context.word(row, start - 1) in PLACED
    own = any(one.low not in MODIFIERS and one.tier < 3 for one in row[first:i])
    return first if own and placed else i


def _in_lower_name(token: Token) -> bool:
    common = token.tier > 3 and token.low not in MODIFIERS
    return not token.hidden and not common and token.low not in context.OWNERS


def _on(row: Sequence[Token], last: int, words: frozenset[str], *, capital: bool) -> int:
    """The end of a run of `words` from `last` on."""
    while last < len(row) and context.tied(row, last) and row[last].low in words:
        if capital and not row[last].cap:
            break
        last += 1
    return last


def _starting(turns: Turns, row: Sequence[Token], i: int) -> Iterator[Firm]:
    """ "University of X", "Café X"."""
    token, style = row[i], turns.styles[row[i].turn]
    if style != FLAT and not token.cap:
        return
    begins = _on(row, i + 1, JOINS, capital=False)
    last = begins
    while last < len(row) and context.tied(row, last) and _leads(turns, row[last]):
        last += 1
        if row[last - 1].tail:
            break
    if last > begins and (begins > i + 1 or style != FLAT or token.low in NAMED_AFTER):
        yield Firm(i, last, 7.0, "rules/1", "It begins like the name of an organization.")


NAMED_AFTER = frozenset("cafe hotel hmp klinik restaurant".split())


def _saints(turns: Turns, row: Sequence[Token], i: int) -> Iterator[Firm]:
    """ "St Bride's", "saint margaret's hospital", "Our Lady of Lourdes"."""
    words = [context.word(row, k) for k in range(i, i + 3)]
    why = "It is named after a saint."
    if words == ["our", "lady", "of"] and i + 3 < len(row):
        yield Firm(i, i + 4, 8.0, "rules/1", why, own=True)
    if words[0] == "our" or i + 1 >= len(row) or row[i + 1].comma:
        return
    saint, last = row[i + 1], _on(row, i + 2, SAINT_WORDS | ENDS, capital=False)
    plural = saint.low.endswith("s") and saint.low[:-1] in turns.lexicon.given
    if saint.tail == "'s" or saint.low.endswith("s'") or plural or last > i + 2:
        yield Firm(i, _on(row, last, HOMES, capital=False), 8.0, "rules/1", why, own=True)


def _joined(turns: Turns, row: Sequence[Token], i: int) -> Iterator[Firm]:
    """ "Hallam & Pryce"."""
    if i + 1 >= len(row) or not (row[i].cap and row[i + 1].cap) or row[i].low in context.OWNERS:
        return
    text = turns.texts[row[i].turn]
    if text[row[i].end : row[i + 1].start].strip() in ("&", "+") and len(row[i].low) > 1:
        yield Firm(i, i + 2, 8.0, "rules/1", "Two names joined like a company's.")


def _workplace(turns: Turns, row: Sequence[Token], i: int) -> Iterator[Firm]:
    """A name where somebody works or studies, that is in no list of places."""
    token, style, lexicon = row[i], turns.styles[row[i].turn], turns.lexicon
    if token.low in lexicon.places or token.low in lexicon.kept or not _at_work(row, i):
        return
    capital = token.cap and not token.opens and style != FLAT
    listed = lexicon.is_name(token.low)
    if not capital and (token.tier > NO_WORD or listed or style == CASED):
        return
    person = token.low in lexicon.given and context.word(row, i - 1) in ("with", "for")
    if person or (capital and token.tier > 3):
        return
    last = i + 1
    while capital and last < len(row) and context.tied(row, last) and row[last].cap:
        last += 1
    why = "Somebody works or studies there."
    yield Firm(i, last, 4.0 if capital else 2.5, "context/1", why)
