"""Speaker labels in running text: which words before a colon name a speaker and which do not.

A line may begin with anything that ends in a colon. What names a speaker is told by its shape
("Dr. Mora", "Speaker 1"), by known words ("Therapist", "T"), and by how often it recurs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reattune.readers.clean import INVISIBLE, mark_for
from reattune.readers.clock import CLOCK, NO_STAMP, Stamp, take_stamp


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HEAD = 160
"""Characters of a line that are looked at for a label, so that a long line costs no more."""

LABEL_LENGTH, LABEL_WORDS = 60, 6

LOOSE_SHARE = 0.6
"""Of all lines, how many must begin with a recurring label before any spelling is taken for one."""

ONLY_SHARE = 0.5
"""Of all lines, how many a single label, or labels that never recur, must begin."""

KNOWN = _words(
    "t th ther therapist c cl cli client p pt pat patient co-therapist cotherapist counselor "
    "counsellor clinician psychologist psychiatrist psychotherapist doctor dr coach nurse provider "
    "interviewer interviewee int q a participant mother father mom mum dad husband wife partner "
    "daughter son child sister brother interpreter translator supervisor observer host guest other "
    "o caller helper worker student"
)
_NUMBERED = re.compile(
    r"(?:speaker|spk|participant|person|client|patient|therapist|interviewer|partner|part)"
    r"[ _#-]?[0-9a-f]{1,3}|[stcp][ _-]?\d{1,2}|(?:unknown|unidentified) speaker|speaker",
    re.I,
)
_TURN_NUMBER = re.compile(r"([A-Za-z]{1,12})[ .]?(\d{1,5})")
# Words before a colon that name no speaker.
_NEVER = _words(
    "date time start end duration length session location place file filename title subject topic "
    "recorded recording transcript transcription transcriber note notes ps nb http https www "
    "summary keywords speakers speaker(s) participants attendees present page version copyright "
    "key legend example examples question questions answer answers then first second third finally "
    "also so and but or because anyway well okay ok yes no maybe like meaning i.e e.g re warning "
    "remember conclusion goal goals plan homework agenda today"
)
_FILLERS = _words(
    "yeah yes yep no nope okay ok right mm mmm mhm mm-hmm uh-huh hm hmm um uh oh ah well so sure "
    "maybe thanks sorry exactly hi hello bye good fine really wow"
)
_PARTICLES = _words("de del della der den di da dos du el la le van von bin ibn al of the")
_BOLD = re.compile(
    r"(?P<mark>\*{1,3}|_{1,2})(?P<label>[^*_:：\n]{1,60})"
    r"(?:[:：]\s*(?P=mark)|(?P=mark)\s*(?P<stamp>[\[(][^\])\n]{3,30}[\])])?\s*[:：])"
)
_BRACKETED = re.compile(r"\[(?P<label>[^\[\]\n:：]{1,60})\]\s*[:：]?")
_PLAIN = re.compile(
    rf"(?P<label>[^:：\n]{{1,60}}?)\s*(?P<stamp>[\[(<]?{CLOCK}(?:\s*[-–]\s*{CLOCK})?[\])>]?)?\s*[:：]"
)
_LINE_NUMBER = re.compile(r"\d{1,5}(?:[.)]\s*|\s+)(?=[^\W\d])")
_LEAD = re.compile(r"(?:>>+|[-–—•])\s*")
_BAD = re.compile(r"[?!;\"“”<>{}()\[\]=|\\/]")
_ABBREVIATION = re.compile(r"(?:dr|mrs?|ms|mx|prof|rev|st|jr|sr|fr)\.|(?:[^\W\d_]\.)+", re.I)


@dataclass(frozen=True, slots=True)
class Labeled:
    """A line with a possible speaker: the label, the words after it, and a time beside it."""

    label: str
    rest: str
    stamp: Stamp = NO_STAMP


def split_label(line: str) -> Labeled | None:
    """The possible speaker label at the beginning of `line`, or None.

    Reads `T: words`, `**Name:** words`, `[SPEAKER_00] words`, `12. T: words`, with a time before
    the label, between label and colon, or in brackets after the colon.
    """
    text = line.strip(INVISIBLE + " \t")
    stamp, body = take_stamp(text[:HEAD])
    body = _LEAD.sub("", body, count=1) if _LEAD.match(body) else body
    number = _LINE_NUMBER.match(body)
    match = _match(body[number.end() :] if number else body)
    if match is None:
        return None
    return _finish(match, match.string[match.end() :] + text[HEAD:], stamp)


def _match(body: str) -> re.Match[str] | None:
    if body.startswith(("*", "_")):
        return _BOLD.match(body)
    if body.startswith("["):
        found = _BRACKETED.match(body)
        return found if found and is_known(found["label"]) else None
    found = _PLAIN.match(body)
    return None if found is None or _no_label(found["label"], body[found.end() :]) else found


def _no_label(label: str, rest: str) -> bool:
    """Whether the colon belongs to a web address or a time of day."""
    time_of_day = rest[:1].isdigit() and (label[-1:].isdigit() or not is_known(label))
    return time_of_day or rest.startswith("//")


def _finish(match: re.Match[str], rest: str, stamp: Stamp) -> Labeled | None:
    label = match["label"].strip(INVISIBLE + " \t*_")
    groups = match.groupdict()
    if stamp is NO_STAMP and groups.get("stamp"):
        stamp, _ = take_stamp(groups["stamp"])
    rest = rest.lstrip(INVISIBLE + " \t")
    if stamp is NO_STAMP and rest[:1] in ("[", "("):
        stamp, rest = take_stamp(rest)
    return Labeled(label, rest, stamp) if label and mark_for(label) is None else None


def is_known(label: str) -> bool:
    """Whether a label names a speaker whatever surrounds it: a role word, "Speaker 1", "S2"."""
    text = label.strip().rstrip(".").casefold()
    return text in KNOWN or _NUMBERED.fullmatch(text) is not None


def is_name(label: str) -> bool:
    """Whether a label is written like a name: few words, capitals, no sentence punctuation."""
    if len(label) > LABEL_LENGTH or _BAD.search(_without_brackets(label)):
        return False
    words = _without_brackets(label).split()
    if not 1 <= len(words) <= LABEL_WORDS or label.casefold() in _NEVER:
        return False
    if len(words) > 1 and words[0] in ("I", "He", "She", "They", "We", "You", "It", "And", "But"):
        return False
    return any(map(str.isalpha, label)) and not _is_date(words) and all(map(_is_name_word, words))


def _is_date(words: Sequence[str]) -> bool:
    year = any(len(word) > 2 and word.isdigit() for word in words)
    return len(words) > 1 and (year or words[0].isdigit())


def _is_name_word(word: str) -> bool:
    if "." in word and not _ABBREVIATION.fullmatch(word):
        return False
    first = word.lstrip("'’(")[:1]
    return word in _PARTICLES or (not first.islower() and "," not in word[:-1])


def _without_brackets(label: str) -> str:
    """A label without "(she/her)" or "(Host)" at its end."""
    return re.sub(r"\s*\([^()]{1,30}\)$", "", label)


def is_filler(label: str) -> bool:
    """Whether a line of its own is a short answer rather than a name."""
    return label.casefold().rstrip(".,") in _FILLERS


def choose_labels(labels: Sequence[str], total: int, *, opening: Sequence[bool]) -> dict[str, str]:
    """Which of the possible labels name speakers: label in lower case -> label as first written.

    `total` is the number of lines or cues they could have begun; `opening` says of each whether
    it stands at the beginning of a paragraph, where one mention is enough for a name. A label
    found alone lets the others in wherever they stand, since a conversation takes two.
    """
    counts = Counter(label.casefold() for label in labels)
    chosen = _choose(labels, counts, total, opening)
    if len(chosen) == 1:
        chosen = _choose(labels, counts, total, [True] * len(labels))
    return chosen if _enough(chosen, counts, total) else {}


def _choose(
    labels: Sequence[str], counts: Counter[str], total: int, opening: Sequence[bool]
) -> dict[str, str]:
    everywhere = total >= 2 and len(labels) >= total
    recurring = sum(n for label, n in counts.items() if n > 1 and label not in _NEVER)
    loose = recurring >= LOOSE_SHARE * total
    chosen: dict[str, str] = {}
    for label, opens in zip(labels, opening, strict=True):
        key = label.casefold()
        short = everywhere and key not in _NEVER and len(label.split()) <= 3
        if short or _names_speaker(label, counts[key], opens or everywhere, loose):
            chosen.setdefault(key, label)
    return chosen


def _names_speaker(label: str, count: int, opens: bool, loose: bool) -> bool:
    if label.casefold() in _NEVER:
        return False
    if is_known(label):
        return True
    if count > 1:
        return loose or is_name(label)
    return opens and is_name(label)


def _enough(chosen: dict[str, str], counts: Counter[str], total: int) -> bool:
    """Whether the labels, unless known words, are too regular for chance or for headings.

    Two of which one recurs will do; else they must begin half of the lines, and a single label
    that never recurs all of them.
    """
    if any(map(is_known, chosen.values())):
        return True
    recurs = any(counts[key] > 1 for key in chosen)
    if recurs and len(chosen) > 1:
        return True
    share = ONLY_SHARE if recurs or len(chosen) > 1 else 1.0
    return bool(chosen) and sum(counts[key] for key in chosen) >= share * total


def fold_numbers(labels: Sequence[str]) -> list[str]:
    """Labels that count the turns ("T1", "C1", "T2", ...) without their numbers.

    A stem counts turns when it bears more than four numbers, hardly any of them twice; "S1" and
    "S2" or "Speaker 1" stay as they are.
    """
    numbers: dict[str, list[str]] = {}
    found = [_TURN_NUMBER.fullmatch(label) for label in labels]
    for match in found:
        if match:
            numbers.setdefault(match[1], []).append(match[2])
    counting = {s for s, n in numbers.items() if len(set(n)) > max(4, 0.8 * len(n))}
    return [
        match[1] if match and match[1] in counting else label
        for match, label in zip(found, labels, strict=True)
    ]
