"""The word lists, loaded once: names, places, organizations, short forms, ordinary words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

NO_WORD, COMMON = -1, 4
"""The tier of a word that is in no list of ordinary words, and of the commonest."""

# Letters that have no accent to take off.
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "ß": "ss", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
    | {"’": "'", "‘": "'", "‐": "-", "‑": "-"}
)
# Endings of ordinary English words that a list need not hold, and what stands there without them.
_ENDINGS = (
    ("'s", ""),
    ("ies", "y"),
    ("es", ""),
    ("s", ""),
    ("ied", "y"),
    ("ed", ""),
    ("ed", "e"),
    ("d", ""),
    ("ing", ""),
    ("ing", "e"),
    ("in'", "ing"),
    ("er", ""),
    ("er", "e"),
    ("est", ""),
    ("ier", "y"),
    ("ly", ""),
    ("ily", "y"),
    ("y", ""),
    ("ness", ""),
    ("iness", "y"),
    ("less", ""),
    ("ful", ""),
    ("able", ""),
    ("able", "e"),
    ("ish", ""),
    ("ism", ""),
    ("ist", ""),
    ("ment", ""),
    ("or", ""),
    ("or", "e"),
    ("ise", ""),
    ("ize", ""),
)
_MEDICINES = tuple(
    "azepam azolam cillin dipine flozin gliptin idone mycin oxetine pril olol prazole profen"
    " sartan statin triptan"
    " triptyline tiapine zepine zodone".split()
)
"""Endings of medicines' names."""

_FRONTS = (
    "un",
    "re",
    "non",
    "over",
    "under",
    "out",
    "mis",
    "dis",
    "pre",
    "self",
    "ex",
    "co",
    "anti",
)
SHORTEST = 3  # letters that must be left when an ending is taken off


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All lists, folded. `tiers` is how common an ordinary word is, 0 (rare) to 4 (very common).

    `places` and `organizations` hold phrases too; a place's value is country, region or city, an
    organization's whether it is a household name, which identifies nobody by itself.
    """

    given: frozenset[str]
    surnames: frozenset[str]
    places: dict[str, str]
    organizations: dict[str, bool]
    kept: frozenset[str]
    nicknames: dict[str, frozenset[str]]
    tiers: dict[str, int]
    one_word_places: frozenset[str]
    longest: int
    starts: frozenset[str]
    """First words of places and organizations."""
    kept_starts: frozenset[str]
    """First words of kept phrases."""

    def tier(self, word: str) -> int:
        """How common a folded word is, 0 to 4; NO_WORD (-1) for what is no ordinary word."""
        if len(word) == 1:
            return COMMON
        own = self.tiers.get(word)
        if own is not None:
            return own
        return self.derived(word)

    def derived(self, word: str) -> int:
        """The tier of the word that `word` is made from by an ending, at most 1; else NO_WORD."""
        if word in self.given or word in self.one_word_places:
            return NO_WORD
        if len(word) > 6 and word.endswith(_MEDICINES):
            return 0
        return _derived(self, word)

    def is_name(self, word: str) -> bool:
        """Whether a folded word is a given or a family name of our lists."""
        return word in self.given or word in self.surnames


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """`text` in lower case without accents, with plain apostrophes and hyphens."""
    lowered = text.lower().translate(_LETTERS)
    if lowered.isascii():
        return lowered
    parts = unicodedata.normalize("NFD", lowered)
    return "".join(c for c in parts if not unicodedata.combining(c))


def _derived(lexicon: Lexicon, word: str) -> int:
    found = [lexicon.tiers[stem] for stem in _stems(word) if stem in lexicon.tiers]
    if "-" in word:
        parts = [lexicon.tiers.get(part, NO_WORD) for part in word.split("-") if part]
        found += [min(parts)] if parts else []
    return min(1, max(found, default=NO_WORD))


def _stems(word: str) -> Iterator[str]:
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
            stem = word[: -len(ending)]
            yield stem + instead
            if not instead and stem[-1:] == stem[-2:-1]:
                yield stem[:-1]
    for front in _FRONTS:
        if word.startswith(front) and len(word) - len(front) >= SHORTEST:
            yield word[len(front) :].lstrip("-")


@cache
def load_lexicon() -> Lexicon:
    """The shipped lists."""
    places = dict(_sections("places.txt"))
    kept = frozenset(word.replace("_", " ") for word in _words("kept_words.txt"))
    rows = dict(_sections("organizations.txt"))
    companies = {name: kind == "household" for name, kind in rows.items() if kind != "kept"}
    kept |= {name for name, kind in rows.items() if kind == "kept"}
    return Lexicon(
        given=frozenset(_words("given_names.txt")),
        surnames=frozenset(_words("surnames.txt")),
        places=places,
        organizations=companies,
        kept=kept,
        nicknames=_nicknames(),
        tiers=_tiers(),
        one_word_places=frozenset(name for name in places if " " not in name),
        starts=frozenset(name.split()[0].split("'")[0] for name in (*places, *companies)),
        kept_starts=frozenset(name.split()[0].split("'")[0] for name in kept if " " in name),
        longest=max(len(name.split()) for name in (*places, *companies, *kept)),
    )


def _lines(name: str) -> Iterator[str]:
    text = files("reattune.redaction").joinpath(name).read_text("utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def _words(name: str) -> Iterator[str]:
    return (word for line in _lines(name) for word in line.split())


def _sections(name: str) -> Iterator[tuple[str, str]]:
    """(phrase, section); what stands in several sections counts for the first."""
    section, seen = "", set()
    for line in _lines(name):
        if line.startswith("=="):
            section = line[2:].strip()
            continue
        for phrase in map(str.strip, line.split(",")):
            if phrase and phrase not in seen:
                seen.add(phrase)
                yield phrase, section


def _nicknames() -> dict[str, frozenset[str]]:
    """Short form -> the names it may stand for; several lines for one form add up."""
    found: dict[str, set[str]] = {}
    for line in _lines("nicknames.txt"):
        short, _, names = line.partition(":")
        found.setdefault(short.strip(), set()).update(names.split())
    return {short: frozenset(names) for short, names in found.items()}


def _tiers() -> dict[str, int]:
    found: dict[str, int] = {}
    tier = 0
    for line in _lines("words.txt"):
        if line.startswith("=="):
            tier = int(line[2:])
            continue
        found.update(dict.fromkeys(line.split(), tier))
    return dict.fromkeys(map(fold, _words("more_words.txt")), 0) | found
