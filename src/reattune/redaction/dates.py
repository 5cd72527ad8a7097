"""Dates and ages over 89, in digits and in words.

A month named as such is a date, and so is the day of a month by itself ("on the twelfth"). Kept:
weekdays, feasts without a year, times of day, years alone (other than of birth), ages up to 89.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reattune.redaction.numbers import (
    ONES,
    ORDINAL,
    ORDINAL_LATER,
    ORDINAL_ONES,
    ORDINAL_WORDS,
    SMALL,
    TEENS,
    YEAR,
    words_in,
)
from reattune.redaction.spans import AGE, DATE, Found

BY = "rules/1"

_LONG = r"january|february|april|june|july|august|september|october|november|december"
_SHORT = r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
_MONTH = rf"(?:{_LONG}|march|may|(?:{_SHORT})\b\.?)"
_DAY = r"(?:mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:day)?\b\.?"
_NUMERAL = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_WEEKDAY = rf"(?:{_DAY},?\s(?:the\s)?)?"
_FEAST = (
    r"christmas|easter|thanksgiving|halloween|hanukkah|passover|ramadan|eid|diwali|new\syear['’]?s?"
)

_FULL = re.compile(
    rf"\b{_WEEKDAY}(?:"
    rf"(?:{_NUMERAL}|{ORDINAL})\s(?:day\s)?(?:of\s)?{_MONTH}(?:,?\s(?:of\s)?(?:{YEAR}))?"
    rf"|{_MONTH}\s(?:the\s)?(?:{_NUMERAL}|{ORDINAL})\b(?!\s(?:{TEENS}|o['’]clock|times?|days|weeks"
    rf"|months|years|minutes|hours|of\sus|or|to|per)\b)"
    rf"(?:,?\s(?:{YEAR}))?"
    rf"|{_MONTH},?\s(?:of\s)?(?:{YEAR})"
    rf"|(?:{_FEAST})(?:\s(?:day|eve|sunday|monday))?,?\s(?:of\s)?(?:{YEAR})"
    r")(?!\w)",
    re.I,
)
_NUMERIC = re.compile(
    r"(?<![\d/.-])(?:(?:0?[1-9]|[12]\d|3[01])([/.-])(?:0?[1-9]|[12]\d|3[01])\1(?:(?:19|20)?\d\d)"
    r"|(?:19|20)\d\d([/.-])(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0[1-9]|1[0-2])/(?:\d\d|(?:19|20)\d\d)|[1-9]/(?:19|20)\d\d|(?:0[1-9]|[12]\d"
    r"|3[01])/(?:0[1-9]|1[0-2]))(?![\d/-]|\.\d)"
)
_BARE = re.compile(rf"\b(?:{_LONG})\b", re.I)
_BARE_SHORT = re.compile(rf"\b(?<=in\s)(?:{_SHORT})\b", re.I)
_UNSURE = re.compile(r"\b(?:may|march)\b", re.I)
# What stands before "may" or "march" where it is the month.
_BEFORE_MONTH = re.compile(
    r"\b(?:in|of|since|until|till|by|last|next|early|late|mid|during|from|before|after|every"
    r"|end\sof|each|this\scoming|the\s(?:start|end|beginning)\sof)\s(?:the\s)?$",
    re.I,
)
_AFTER_MODAL = re.compile(
    r"\s(?:i|we|you|he|she|they|it|be|have|not|never|well|even|also|just|as\swell)\b", re.I
)

_NOUNS = (
    r"time|times|floor|grade|century|place|birthday|anniversary|street|avenue|year|years|week|weeks"
    r"|day|days|month|months|session|sessions|round|person|one|ones|thing|half|half-hour|hour"
    r"|quarter"
    r"|attempt|child|kid|baby|son|daughter|wife|husband|marriage|step|class|form|row|line|page"
    r"|chapter"
    r"|column|sentence|question|generation|trimester|degree|appointment|visit|meeting|date|language"
    r"|name|thought|reason|part|stage|phase|night|morning|party|world|opinion|chance|choice|hand"
    r"|look"
    r"|letter|message|email|call|job|house|car|pint|drink|bit|most|of\s(?!(?:the\smonth|next"
    r"|this\smonth|last))"
)
_END = rf"(?!\w|[\s-](?:{_NOUNS})\b|\s\w+\s(?:time|floor|birthday)\b)"
_OF_MONTH = r"(?:\sof\s(?:the\smonth|next\smonth|this\smonth|last\smonth))?"
_ON_DAY = re.compile(
    rf"\b(?:on|by|until|till|til|from|before|after|since|for|to|between|(?:it|that)['’]?s"
    rf"|{_DAY},?)\s(?:{_DAY},?\s)?the\s"
    rf"(?P<day>(?:{_NUMERAL}(?<=[a-z])|{ORDINAL}){_OF_MONTH}){_END}",
    re.I,
)
_THE_LATER = re.compile(
    rf"\bthe\s(?P<day>(?:{ORDINAL_LATER}|(?:{_NUMERAL})(?<=st|nd|rd|th)){_OF_MONTH}){_END}", re.I
)
_WOULD = re.compile(
    rf"\bthe\s(?P<day>{ORDINAL})(?=\swould\shave|\sworks|\ssuits|\sat\s(?:half|quarter|\d|noon"
    rf"|{ONES}))",
    re.I,
)
_ALONE = re.compile(
    rf"^\W*(?:(?:the|and\sthe|so\sthe)\s)?(?P<day>{ORDINAL_LATER}|{ORDINAL_ONES}"
    rf"|{_NUMERAL}(?<=[a-z]))(?=\s*(?:[.,?!]|$|ok\b|okay\b|yes\b|yeah\b|works\b|then\b|it\sis\b))",
    re.I,
)
_AFTER_WEEK = re.compile(
    rf"\b(?:week|month|time|{_DAY}),\s(?:the\s)?(?P<day>{ORDINAL_ONES}"
    rf"|{ORDINAL_LATER})(?=\s*[.,?!]|\s*$)",
    re.I,
)
_BIRTH = re.compile(
    r"\bborn\s(?:back\s)?in\s(?P<day>(?:18|19|20)\d\d|['’]\d\d)\b"
    r"|\bborn\sin\s(?P<said>nineteen[\s-]\w+(?:[\s-]\w+)?)",
    re.I,
)

_OLD = (
    rf"(?:9\d|1[0-2]\d|ninety(?:[\s-](?:{ONES}))?"
    rf"|(?:a|one)\shundred(?:\s(?:and\s)?(?:{SMALL}))?)"
)
_UNITS = (
    r"percent|per\b|%|miles?|kilos?|kg|lbs?|pounds?|degrees?|dollars?|euros?|quid|bucks|cents"
    r"|pence|p\b|times|minutes?"
    r"|mins?|seconds?|secs?|hours?|days?|weeks?|months?|people|of\sus|of\sthem|pages?|things|feet"
    r"|meters|metres|km|cm"
    r"|mg|men|women|words|questions|calories|thousand|million|years?\sof\s(?!age)|odd"
    r"|years?\b(?!\s(?:old|of\sage))|something|second|minute|point"
    r"|times?|reps|steps|units|points|beats|kilometers|guests|witnesses|kids|steps|and\scounting|\d"
)
_NOT_UNIT = rf"(?!\w|[\s-]*(?:{_UNITS}))(?![.,:]\d)"
_HEDGE = (
    r"(?:\s(?:only|just|about|almost|nearly|over|now|already|still|like|well\sover|going\son"
    r"|around|probably))*"
)
_AGES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"\b(?P<age>{_OLD})[\s-]years?[\s-](?:old|of\sage|young)s?",
        rf"\b(?:aged?|age\sof|turn(?:s|ed|ing)?|lived\sto(?:\sbe)?|reach(?:ed|es)?|made\sit\sto"
        rf"|planning\son|past){_HEDGE}\s(?P<age>{_OLD}){_NOT_UNIT}",
        rf"(?:\b(?<!it )(?<!that )(?<!there )(?:is|was|are|were|being|be|turning)"
        rf"|(?<!\bit)(?<!\bthat)(?<!\bthere)(?<!\bwhat)(?<!\bhere)['’](?:s|re|m)|\b(?:he|she|dad"
        rf"|mum|mom|nan|gran)s){_HEDGE}\s(?P<age>{_OLD}){_NOT_UNIT}",
        rf"\b(?:at|when\s\w+\s(?:was|is)|died|passed|dead\sat)\s(?P<age>{_OLD}){_NOT_UNIT}(?=\W"
        rf"|$)(?!\s(?:the|a)\b)",
        r"\bin\s(?:her|his|their|my|our|your)\s(?:early\s|mid\s|late\s|mid-"
        r"|late-)*(?P<age>nineties|90['’]?s|hundreds)\b",
        rf"\b(?P<age>ninet(?:ieth|y[\s-](?:{ORDINAL_ONES}))|9\d(?:st|nd|rd|th)|hundredth"
        rf"|10\dth)\sbirthday",
    )
)
_OLD_HINT = re.compile(r"9\d|1[0-2]\d|ninet|hundred", re.I)
_HOW_OLD = re.compile(r"\b(?:how\sold|what\sage|whose\sage)\b", re.I)
_ANSWER = re.compile(rf"^\W*(?:(?:she|he|they)['’]?(?:s|re)\s)?(?P<age>{_OLD}){_NOT_UNIT}", re.I)
_SINGLE = re.compile(r"^\W*(?:a\s)?(?:ninety|hundred|9\d)", re.I)


# No date is without one of these.
_HINTS = ORDINAL_WORDS | frozenset(f"{_LONG}|march|may|{_SHORT}|sep|sept|born|0".split("|"))


def find_dates(texts: Sequence[str]) -> Iterator[Found]:
    """Every date in the turns."""
    for turn, text in enumerate(texts):
        if _HINTS.isdisjoint(words_in(text)):
            continue
        yield from _of_pattern(turn, text, _FULL, "A day of a month, or a month of a year.", 0.97)
        yield from _of_pattern(turn, text, _NUMERIC, "Figures written as a date.", 0.9)
        yield from _of_pattern(turn, text, _BARE, "A month.", 0.9)
        yield from _of_pattern(turn, text, _BARE_SHORT, "A month, shortened.", 0.8)
        yield from _of_pattern(turn, text, _ON_DAY, "The day of a month.", 0.8)
        yield from _of_pattern(turn, text, _THE_LATER, "The day of a month.", 0.75)
        yield from _of_pattern(turn, text, _WOULD, "The day of a month.", 0.7)
        yield from _of_pattern(turn, text, _AFTER_WEEK, "The day of a month.", 0.75)
        yield from _of_pattern(turn, text, _BIRTH, "A year of birth.", 0.9)
        yield from _unsure_months(turn, text)
    yield from _answers(texts)


def _of_pattern(
    turn: int, text: str, pattern: re.Pattern[str], why: str, sure: float
) -> Iterator[Found]:
    for match in pattern.finditer(text):
        named = [name for name, value in match.groupdict().items() if value]
        start, end = match.span(named[0]) if named else match.span()
        if not _is_modal(text, start, end):
            yield _date(turn, start, end, why, sure)


def _is_modal(text: str, start: int, end: int) -> bool:
    """Whether "may" within a match is the verb: "may second that"."""
    words = text[start:end].lower().split()
    verb = words[0] == "may" and len(words) > 1 and text[start].islower()
    return verb and bool(
        re.search(r"\b(?:i|you|he|she|we|they|it|who|that)\s$", text[:start], re.I)
    )


def _unsure_months(turn: int, text: str) -> Iterator[Found]:
    """ "May" and "March" where they are the months."""
    for match in _UNSURE.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if _AFTER_MODAL.match(after) and not _BEFORE_MONTH.search(before):
            continue
        opens = not before.strip(" \"'“‘[(") or before.rstrip(" \"'“‘")[-1:] in ".?!…:]"
        capital = match[0][0].isupper() and not match[0].isupper()
        alone = opens and (
            after[:1] in ("", ".", "?", "!", ",") or after[:4] in (" is ", " was", " and")
        )
        if _BEFORE_MONTH.search(before) or (capital and (not opens or alone)):
            yield _date(
                turn, *match.span(), "A month, by its capital or what stands before it.", 0.8
            )


def _answers(texts: Sequence[str]) -> Iterator[Found]:
    """A day of the month said alone, in a turn beside one that speaks of days."""
    pattern = re.compile(
        rf"{_THE_LATER.pattern}|{_ON_DAY.pattern}|{_FULL.pattern}".replace("?P<day>", "?:"), re.I
    )
    speaks: dict[int, bool] = {}
    for turn, text in enumerate(texts):
        match = _ALONE.search(text)
        if match is None:
            continue
        for near in range(max(0, turn - 2), turn):
            if near not in speaks:
                speaks[near] = bool(pattern.search(texts[near]) or _AFTER_WEEK.search(texts[near]))
        if any(speaks[near] for near in range(max(0, turn - 2), turn)):
            yield _date(turn, *match.span("day"), "The day of a month, said again.", 0.7)


def find_ages(texts: Sequence[str]) -> Iterator[Found]:
    """Every age of 90 or more in the turns."""
    for turn, text in enumerate(texts):
        if not _OLD_HINT.search(text):
            continue
        for pattern in _AGES:
            for match in pattern.finditer(text):
                yield _age(turn, *match.span("age"))
        asked = turn > 0 and _HOW_OLD.search(texts[turn - 1]) is not None
        if asked and (answer := _ANSWER.search(text)):
            yield _age(turn, *answer.span("age"))


def _date(turn: int, start: int, end: int, why: str, sure: float) -> Found:
    return Found(turn, start, end, DATE, BY, why, sure, label="date", rank=5)


def _age(turn: int, start: int, end: int) -> Found:
    why = "An age of 90 or more, or what is said like one."
    return Found(turn, start, end, AGE, BY, why, 0.85, label="age", rank=4)
