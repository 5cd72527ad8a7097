"""Street addresses and post codes, of several countries, written or dictated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reattune.redaction.lexicon import NO_WORD, Lexicon, fold
from reattune.redaction.numbers import DIGITS, ONES, SMALL, words_in
from reattune.redaction.spans import ADDRESS, Found

BY = "rules/1"
_STREETS = r"street|road|avenue|lane|drive|crescent|terrace|boulevard|mews|strasse|gasse|causeway"
_SHORT = r"st|rd|ave|ln|dr|blvd|cres|pl|ct|hwy|pkwy|sq"
_OTHERS = (
    r"close|court|place|row|way|gardens?|grove|square|hill|park|walk|parade|view|rise|green|yard"
    r"|quay|wharf|heights"
    r"|circle|trail|parkway|highway|pike|loop|alley|bridge|villas|buildings|house|mansions|estate"
    r"|meadows?|field|fields"
)
_HOUSE = r"(?:\d{1,5}\s?[a-zA-Z]?(?:[-/]\d{1,4}[a-zA-Z]?)?)"
_SPOKEN = (
    rf"(?:(?:(?:{ONES})\s)?(?:hundred\s(?:and\s)?)?{SMALL}(?:\s(?:{SMALL}))?"
    rf"|(?:{ONES})\shundred)(?:\s[a-d](?=\s))?"
)
_FLAT = (
    r"(?i:(?:flat|apartment|apt\.?|unit|suite|room|block|number|no\.)\s"
    rf"(?:\d{{1,4}}[a-z]?|[a-z](?!\w)|{_SPOKEN}),?\s)"
)
_UNIT = r"(?:,?\s(?:unit|apt\.?|apartment|suite|flat|#)\s?(?:\d{1,4}\s?[a-z]?\b|[a-z]\b))?"
_CAP = r"(?:[A-ZÀ-Þ][\w'’À-ÿ-]*|\d{1,3}(?:st|nd|rd|th))"
_COMPASS = r"(?:[NSEW]\.?|North|South|East|West)"

_NUMBERED = re.compile(
    rf"\b(?:{_FLAT})?(?:(?<!\d)(?<![\d.,/-]){_HOUSE}"
    rf"|(?i:\b{_SPOKEN}))\s(?:{_COMPASS}\s)?(?:{_CAP}\s){{1,3}}"
    rf"(?i:{_STREETS}|{_OTHERS}|{_SHORT})\b\.?{_UNIT}"
)
_NUMBERED_FLAT = re.compile(
    rf"\b(?:{_FLAT})?(?:number\s)?(?:(?<![\d.,/-]){_HOUSE}"
    rf"|\b{_SPOKEN})\s(?P<name>(?:[a-z'’]+\s){{1,3}}?)(?P<type>{_STREETS}|{_OTHERS})\b{_UNIT}",
    re.I,
)
_NAMED = re.compile(
    rf"(?<![\w'’])(?P<name>(?:{_CAP}(?:['’]s)?\s){{1,3}})(?:(?i:{_STREETS})|(?:St|Rd|Ave|Ln|Dr(?!\.?\s[A-Z])"
    rf"|Blvd)\b\.?|(?:Gardens|Grove|Row|Mews|Close|Crescent|Parade|Square|Wharf|Quay|Highway"
    rf"|Parkway|Park))(?!\w)"
)
_NAMED_FLAT = re.compile(
    rf"\b(?P<name>[a-z'’-]+)\s(?P<type>{_STREETS}|close|park|grove|gardens|parade|mews)\b", re.I
)
_GERMAN = re.compile(
    r"\b[A-ZÄÖÜ][\wäöüß-]*(?:straße|strasse|str\.|gasse|allee|platz|weg|ring|damm"
    r"|ufer)(?:\s\d{1,4}\s?[a-z]?\b)?"
)
_GERMAN_SURE = re.compile(r"(?:straße|strasse|str\.|gasse|allee|platz)|\d")
_ROMANCE = re.compile(
    r"\b(?:\d{1,4}(?:\s?bis)?,?\s)?(?:[Rr]ue|[Bb]oulevard|[Qq]uai|[Ii]mpasse|[Cc]hemin|[Cc]alle"
    r"|[Aa]venida|[Pp]aseo|[Cc]arrer|[Rr]ua|[Tt]ravessa|[Pp]raça|[Vv]ia|[Vv]iale|[Pp]iazza"
    r"|[Pp]laza|[Cc]orso|Avenue)"
    r"(?:\s(?:de\sla|de\slos|de\slas|de|del|du|des|da|do|dos|das|della|dei"
    r"|d['’]))*\s?[A-ZÀ-Þ][\w'’À-ÿ-]+(?:\s[A-ZÀ-Þ][\wÀ-ÿ-]+)*(?:,?\s\d{1,4}[a-z]?\b)?"
)
_BOX = re.compile(
    rf"\b(?:p\.?\s?o\.?\s?)box\s(?:number\s)?(?:\d{{1,6}}|(?:(?:{DIGITS})\s?){{1,8}})", re.I
)
_POSTCODE = re.compile(r"\b(?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]\d[A-Z]\s\d[A-Z]\d)\b")
_ZIP = re.compile(r"(?P<before>[A-Za-z.]+),?\s(?P<zip>\d{5}(?:-\d{4})?)(?![\d-])")
_STATE = re.compile(
    r"A[LKZR]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]"
    r"|T[NX]|UT|V[AT]|W[AIVY]"
)
_APARTMENT = re.compile(
    r"\b(?:apartment|apt\.?|flat|unit)\s(?P<number>\d{1,4}\s?[a-zA-Z]?|[A-Z])\b", re.I
)
_SPELLED_CODE = re.compile(
    rf"(?<![\w'’])[a-z](?:\s[a-z])?\s(?:{DIGITS})(?:\s(?:{DIGITS}"
    rf"|[a-z]))?\s(?:{DIGITS})\s[a-z]\s[a-z](?![\w'’])",
    re.I,
)
# Words before a kind of street that do not name one.
_COMMON = frozenset(
    "the this that my our your his her their a an main other next same whole every each one busy"
    " country open cross memory"
    " fast slow back side long right left wrong only down up of on in off to and middle new old"
    " quiet narrow little big"
    " hard rocky bumpy car theme water skate dog national amusement business trailer retail"
    " industrial very so too is was"
    " really get be are were stay got getting bit pretty quite that's it's how as came come comes"
    " so keep bring far"
    " local nearby public hit shopping ball end i you we he she they it no any some local private"
    " dead two three".split()
)


# No address is without one of these words, or a German one.
_HINTS = frozenset(
    re.sub(r"[?)(]", "", f"{_STREETS}|{_OTHERS}|{_SHORT}|{DIGITS}").split("|")
) | frozenset(
    "0 garden meadow flat apartment apt unit box rue calle avenida via viale piazza plaza rua"
    " carrer paseo quai chemin impasse praça travessa corso boulevard".split()
)
_HINT = re.compile(r"stra(?:ß|ss)e|str\.|gasse|allee|platz", re.I)


def find_addresses(texts: Sequence[str], lexicon: Lexicon) -> Iterator[Found]:
    """Every street, house and post code in the turns."""
    for turn, text in enumerate(texts):
        if _HINTS.isdisjoint(words_in(text)) and not _HINT.search(text):
            continue
        yield from _streets(turn, text, lexicon)
        for match in _BOX.finditer(text):
            yield _found(turn, *match.span(), "A post office box.", 0.95)
        for match in _POSTCODE.finditer(text):
            yield _found(turn, *match.span(), "A post code.", 0.9)
        for match in _SPELLED_CODE.finditer(text):
            yield _found(turn, *match.span(), "A post code spelled out.", 0.8)
        for match in _APARTMENT.finditer(text):
            yield _found(turn, *match.span("number"), "The number of a flat.", 0.7, rank=4)
        for match in _ZIP.finditer(text):
            before = fold(match["before"]).rstrip(".")
            if _STATE.fullmatch(match["before"]):
                yield _found(turn, *match.span(), "A state and its post code.", 0.9)
            elif lexicon.places.get(before) or before == "zip":
                yield _found(turn, *match.span("zip"), "A post code.", 0.85)


def _streets(turn: int, text: str, lexicon: Lexicon) -> Iterator[Found]:
    for match in _NUMBERED.finditer(text):
        yield _found(turn, *match.span(), "A house in a street.", 0.95)
    for match in _NUMBERED_FLAT.finditer(text):
        if _may_name(match["name"].split(), match["type"], lexicon) and not _ONE.match(match[0]):
            yield _found(turn, *match.span(), "A house in a street.", 0.8)
    for match in _NAMED.finditer(text):
        start = match.start() + _skipped(match["name"], lexicon)
        if start < match.end("name"):
            yield _found(turn, start, match.end(), "A street.", 0.85, rank=6)
    for match in _NAMED_FLAT.finditer(text):
        if _names(match["name"], lexicon, match["type"]):
            yield _found(turn, *match.span(), "A street.", 0.6, rank=1)
    for match in _ROMANCE.finditer(text):
        yield _found(turn, *match.span(), "A street.", 0.9)
    for match in _GERMAN.finditer(text):
        if _GERMAN_SURE.search(match[0]):
            yield _found(turn, *match.span(), "A street.", 0.85)


_ONE = re.compile(r"one\b", re.I)
_SURE = re.compile(
    r"street|road|avenue|lane|crescent|terrace|boulevard|mews|gardens|grove|court|parade", re.I
)


def _may_name(words: Sequence[str], kind: str, lexicon: Lexicon) -> bool:
    """Whether words between a number and a kind of street may be its name."""
    lows = [fold(word).removesuffix("'s") for word in words]
    if any(low in _COMMON or "'" in low for low in lows):
        return False
    if _SURE.fullmatch(kind):
        return any(lexicon.tier(low) < 4 for low in lows)
    return any(
        lexicon.tier(low) < 2 and (lexicon.tier(low) < 0 or lexicon.is_name(low)) for low in lows
    )


def _names(word: str, lexicon: Lexicon, kind: str) -> bool:
    """Whether a word in lower case names a street by itself: "the london road"."""
    low = fold(word).removesuffix("'s")
    if "'" in low:
        return False
    named = lexicon.is_name(low) or low in lexicon.one_word_places
    limit = NO_WORD if fold(kind) not in ("road", "street", "avenue") else 0
    return low not in _COMMON and (
        lexicon.tier(low) == NO_WORD or (named and lexicon.tier(low) <= limit)
    )


def _skipped(name: str, lexicon: Lexicon) -> int:
    """Characters of common words at the beginning of a capitalized name: "The", "On"."""
    skipped = 0
    for match in re.finditer(r"\S+\s", name):
        low = fold(match[0].strip())
        if low not in _COMMON and low not in lexicon.kept and lexicon.tier(low) < 4:
            break
        skipped = match.end()
    return skipped


def _found(turn: int, start: int, end: int, why: str, sure: float, rank: int = 7) -> Found:
    return Found(turn, start, end, ADDRESS, BY, why, sure, label="address", rank=rank)
