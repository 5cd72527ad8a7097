"""Who is who: mentions of one person get one key and one label, whatever form the name takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from reattune.redaction import context
from reattune.redaction.lexicon import Lexicon
from reattune.redaction.spans import Found
from reattune.redaction.tokens import Token

PERSON = "person"
ROLES = ("client", "therapist")
"""Labels that stand for one person each and bear no number."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a turn: its folded words, whether a title stands before it, what the person is."""

    found: Found
    words: tuple[str, ...]
    titled: bool
    label: str


@dataclass(slots=True)
class Person:
    """Somebody, under every word that names them; `given` are first words, `last` last ones."""

    key: str
    label: str = ""
    given: set[str] = field(default_factory=set)
    last: set[str] = field(default_factory=set)


def label_of(row: Sequence[Token], first: int, last: int) -> str:
    """What the words around a name say its bearer is: "sister", "doctor", ...; else ""."""
    label = context.relation_before(row, first) or context.title_before(row, first)
    if label and label != PERSON:
        return label
    return _before(row, first) or _after(row, last)


def _before(row: Sequence[Token], first: int) -> str:
    """ "my sister, Jo", "my sister is called Jo", "my sister's Jo", "my friend from work, Anna"."""
    if first < 2 or (row[first].stop and not row[first].comma):
        return ""
    named = context.named_before(row, first)
    near = range(first - 1, max(-1, first - 6), -1)
    for k in near:
        label = context.RELATIONS.get(row[k].low, "")
        owned = (
            context.word(row, k - 1) in context.OWNERS or context.word(row, k - 2) in context.OWNERS
        )
        if label and owned:
            beside = k == first - 1 and (row[first].comma or row[k].tail == "'s")
            loose = row[first].comma and first - k < 4
            return label if named or beside or loose else ""
        if row[k].stop:
            return ""
    return ""


def _after(row: Sequence[Token], last: int) -> str:
    """ "Jo, my sister", "Jo is my sister", "Jo from next door"."""
    k = last
    if (k < len(row) and row[k].low in ("is", "was", "who's")) or (
        k <= len(row) and k > 0 and row[k - 1].tail == "'s"
    ):
        k += 0 if row[k - 1].tail == "'s" else 1
    elif not (k < len(row) and row[k].comma):
        return ""
    for end in range(k, min(k + 4, len(row))):
        if row[end].stop:
            return ""
        label = context.RELATIONS.get(row[end].low, "")
        if label and end > k and row[k].low in context.OWNERS | {"our"} and not row[end].tail:
            return label
    return ""


def link(mentions: Sequence[Mention], lexicon: Lexicon, told: dict[str, str]) -> list[Found]:
    """Each mention's span with its label and key; `told` maps folded names to a given label."""
    people: list[Person] = []
    whose: dict[tuple[str, ...], Person] = {}
    ordered = sorted(mentions, key=lambda m: (-len(m.words), m.found.turn, m.found.start))
    for mention in ordered:
        words = _plain(mention.words, whose)
        person = whose.get(words) or _same(mention, words, people, lexicon)
        if person is None:
            person = Person(" ".join(words))
            people.append(person)
        whose[mention.words] = whose[words] = person
        _learn(person, words, mention)
    _label(ordered, whose, told, lexicon)
    return [m.found.named(whose[m.words].label, whose[m.words].key) for m in mentions]


def _plain(words: tuple[str, ...], whose: dict[tuple[str, ...], Person]) -> tuple[str, ...]:
    """Without the plural of a family: "the Kowalczyks"."""
    last = words[-1]
    single = (*words[:-1], last[:-1])
    return single if last.endswith("s") and single in whose else words


def _learn(person: Person, words: tuple[str, ...], mention: Mention) -> None:
    if len(words) > 1:
        person.given.add(words[0])
        person.last.add(words[-1])
    elif mention.titled:
        person.last.add(words[0])
    else:
        person.given.add(words[0])


def _same(
    mention: Mention, words: tuple[str, ...], people: Sequence[Person], lexicon: Lexicon
) -> Person | None:
    """The one person whom a new form of a name can mean; None if nobody, or several."""
    if len(words) > 1:
        return None
    name = words[0]
    plural = name[:-1] if name.endswith("s") else name
    exact = [p for p in people if name in p.given or name in p.last or plural in p.last]
    if len(exact) == 1:
        return exact[0]
    if exact or mention.titled:
        return None
    short = [p for p in people if any(_short_for(name, other, lexicon) for other in p.given)]
    fitting = [p for p in short if not (p.label and mention.label and p.label != mention.label)]
    return fitting[0] if len(fitting) == 1 else None


def _short_for(one: str, other: str, lexicon: Lexicon) -> bool:
    """Whether one name is a short form of the other, or both of a third."""
    mine = lexicon.nicknames.get(one, frozenset())
    theirs = lexicon.nicknames.get(other, frozenset())
    return other in mine or one in theirs or bool(mine & theirs)


def _label(
    mentions: Sequence[Mention],
    whose: dict[tuple[str, ...], Person],
    told: dict[str, str],
    lexicon: Lexicon,
) -> None:
    """The first relation stated of each person; who was told goes before."""
    stated: defaultdict[str, list[str]] = defaultdict(list)
    for mention in sorted(mentions, key=lambda m: (m.found.turn, m.found.start)):
        person = whose[mention.words]
        known = _told(mention.words, told, lexicon)
        if known and person.label not in ROLES:
            person.label, person.key = known, f"told {known}" if known in ROLES else person.key
        if mention.label:
            stated[person.key].append(mention.label)
    for person in {id(p): p for p in whose.values()}.values():
        if not person.label:
            person.label = next(iter(stated[person.key]), PERSON)


def _told(words: tuple[str, ...], told: dict[str, str], lexicon: Lexicon) -> str:
    phrase = " ".join(words)
    if phrase in told:
        return told[phrase]
    if len(words) > 1:
        return told.get(words[0], "") if words[0] in told and words[-1] in told else ""
    short = {label for name, label in told.items() if _short_for(words[0], name, lexicon)}
    return short.pop() if len(short) == 1 else ""
