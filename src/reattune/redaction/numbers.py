"""Numbers as digits and as words, the way people and speech recognition write them."""

from __future__ import annotations

import re

DIGITS = r"zero|oh|nought|one|two|three|four|five|six|seven|eight|nine"
ONES = r"one|two|three|four|five|six|seven|eight|nine"
TEENS = r"ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
TENS = r"twenty|thirty|forty|fourty|fifty|sixty|seventy|eighty|ninety"
SMALL = rf"(?:(?:{TENS})(?:[\s-](?:{ONES}))?|{TEENS}|{ONES})"
"""A number from one to ninety-nine."""

ORDINAL_ONES = r"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
ORDINAL_LATER = (
    r"tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth"
    rf"|nineteenth|twentieth|thirtieth|(?:twenty|thirty)[\s-](?:{ORDINAL_ONES})"
)
ORDINAL = rf"(?:{ORDINAL_LATER}|{ORDINAL_ONES})"
"""The day of a month in words."""

ORDINAL_WORDS = frozenset(re.findall(r"[a-z]{4,}", f"{ORDINAL_ONES}|{ORDINAL_LATER}"))
"""Every word of one."""

YEAR = (
    rf"(?:19|20)\d\d|['’]\d\d|(?:nineteen|twenty)[\s-](?:oh[\s-](?:{ONES})|{SMALL})"
    rf"|two\sthousand(?:\s(?:and\s)?{SMALL})?"
)
"""A year in digits or words."""

STRETCH = {"double": 2, "triple": 3, "treble": 3}


def words_in(text: str) -> frozenset[str]:
    """The words of a text in lower case, its figures as "0"; tells quickly what cannot be there."""
    return frozenset(_WORDS.findall(text.lower())) | ({"0"} if _FIGURE.search(text) else set())


_WORDS, _FIGURE = re.compile(r"[^\W\d_]+"), re.compile(r"\d")

VALUES = {word: str(i) for i, word in enumerate(ONES.split("|"), 1)} | dict.fromkeys(
    ("zero", "oh", "nought", "o"), "0"
)
"""Digit words and the digit they say."""
