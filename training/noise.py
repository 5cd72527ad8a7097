"""The same meaning in other dress: speech recognition, stammer, dialect, names, an interpreter.

Each change keeps turns, roles and labels one to one. Training sees some of them on part of its
sessions (`SEEN`); `training.robustness` measures all of them on sessions held out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from reattune.labelled import Labelled
from reattune.types import MARK, Turn

Change = Callable[[str, random.Random], str]

HOMOPHONES = {
    "their": "there",
    "there": "their",
    "they're": "there",
    "you're": "your",
    "your": "you're",
    "it's": "its",
    "to": "too",
    "too": "to",
    "know": "no",
    "right": "write",
    "hear": "here",
    "week": "weak",
    "whole": "hole",
    "than": "then",
    "would've": "would of",
    "should've": "should of",
    "wait": "weight",
    "meant": "mint",
    "felt": "fell",
    "saw": "sore",
}
SMALL = frozenset("a an the to of and is it that i'm in was".split())
FILLERS = ("um", "uh", "er", "like", "you know", "I mean", "sort of")
FILLER = re.compile(r"\b(?:um+|uh+|er+m?|hm+|mm+)\b[,.]?\s*|,?\s*\b(?:you know|I mean),\s*", re.I)
CUT_OFF = re.compile(r"\b(\w+)-\s+(?=\1\b)|\b(\w+)[,-]+\s+(?=\2\b)", re.I)
DIALECT = (
    (r"\bisn't\b|\baren't\b|\bam not\b", "ain't"),
    (r"\bdoesn't\b", "don't"),
    (r"\bwas not\b", "weren't"),
    (r"\b(?!\w*thing\b)(\w{3,})ing\b", r"\1in"),
    (r"\bgoing to\b", "gonna"),
    (r"\bthem\b(?= \w+s\b)", "dem"),
    (r"\bthose\b", "them"),
    (r"\bmyself\b", "meself"),
    (r"\banything\b", "nothing"),
    (r"\byes\b", "aye"),
)
LEARNER = (
    (r"\b(?:the|a|an) ", ""),
    (r"\b(he|she|it) (\w{3,})s\b", r"\1 \2"),
    (r"\bhave been\b", "am"),
    (r"\bI've\b", "I have"),
    (r"\bdidn't (\w+)\b", r"did not \1"),
    (r"\bam (\w+)ing\b", r"\1"),
    (r"\bto (\w+)\b", r"for \1"),
    (r"th(?=e|i)", "d"),
)
OWNED = re.compile(r" (?!to\b|if\b|that\b|and\b|about\b|for\b|what\b|the\b|a\b)[a-z]")
SWAPS = {
    "he": "she",
    "she": "he",
    "him": "her",
    "his": "her",
    "her": "his",
    "himself": "herself",
    "herself": "himself",
    "mother": "father",
    "father": "mother",
    "mum": "dad",
    "mom": "dad",
    "dad": "mum",
    "sister": "brother",
    "brother": "sister",
    "wife": "husband",
    "husband": "wife",
    "boyfriend": "girlfriend",
    "girlfriend": "boyfriend",
    "son": "daughter",
    "daughter": "son",
    "sir": "ma'am",
    "man": "woman",
    "woman": "man",
}
NAMES = (
    "Amara Tunde Ngozi Kwame Fatima Yusuf Leila Omar Noor Hassan Priya Arjun Meera Ravi Ananya Wei "
    "Mei Jun Hana Kenji Yuki Minh Linh Thuy Jose Lucia Mateo Ximena Rosa Diego Olga Dmitri Irina "
    "Pavel Ania Marek Chloe Pierre Ingrid Lars Aroha Tane Shanice Darnell Latoya Jamal Siobhan Liam"
).split()
INTERPRETED = (
    (r"\bI'm\b|\bI am\b", "she is"),
    (r"\bI've\b|\bI have\b", "she has"),
    (r"\bI was\b", "she was"),
    (r"\bI don't\b", "she does not"),
    (r"\bI\b", "she"),
    (r"\bmy\b", "her"),
    (r"\bme\b", "her"),
    (r"\bmyself\b", "herself"),
)


def as_heard(text: str, rng: random.Random) -> str:
    """As speech recognition gives it: lower case, no punctuation, slips, small words lost."""
    kept = []
    for word in re.sub(r"[^\w\s']", " ", MARK.sub(" ", text.lower())).split():
        slip = rng.random()
        if word in SMALL and slip < 0.04:
            continue
        kept.append(HOMOPHONES[word] if word in HOMOPHONES and slip < 0.25 else word)
    return " ".join(kept) or text.lower()


def with_fillers(text: str, rng: random.Random) -> str:
    """With fillers and repeated beginnings of words, about one in eight words."""
    said = []
    for word in text.split():
        chance = rng.random()
        if chance < 0.06:
            said.append(f"{rng.choice(FILLERS)},")
        elif chance < 0.12 and word.isalpha():
            said.append(f"{word}-")
        said.append(word)
    return " ".join(said)


def without_fillers(text: str, _rng: random.Random) -> str:
    """Tidied: fillers, repeats and cut-offs taken out, unless nothing would be left."""
    tidy = " ".join(CUT_OFF.sub("", FILLER.sub(" ", text)).split()).strip(" ,-")
    return tidy[:1].upper() + tidy[1:] if re.search(r"\w", tidy) else text


def in_dialect(text: str, _rng: random.Random) -> str:
    """Spelled as spoken in several dialects at once, more than anybody would."""
    return rewritten(text, DIALECT)


def by_a_learner(text: str, _rng: random.Random) -> str:
    """Second-language English: articles and endings lost, other prepositions."""
    return rewritten(text, LEARNER)


def rewritten(text: str, rules: Iterable[tuple[str, str]]) -> str:
    """The text after every rule in turn."""
    for pattern, into in rules:
        text = re.sub(pattern, into, text, flags=re.I)
    return text


def other_people(names: frozenset[str]) -> Change:
    """Everybody named otherwise, he for she, mother for father; each name always alike."""

    def change(text: str, _rng: random.Random) -> str:
        def swap(found: re.Match[str]) -> str:
            word = found.group()
            if word in names:
                return NAMES[sum(map(ord, word)) % len(NAMES)]
            other = SWAPS.get(word.lower(), word)
            if word.lower() == "her" and not OWNED.match(text, found.end()):
                other = "him"
            return other.capitalize() if word[0].isupper() else other

        return re.sub(r"[A-Za-z]+", swap, text)

    return change


def through_an_interpreter(text: str, _rng: random.Random) -> str:
    """A client's words as an interpreter gives them, in the third person."""
    return f"She says {rewritten(text, INTERPRETED)}"


def names_in(rows: Iterable[Labelled]) -> frozenset[str]:
    """Words that stand inside sentences with a capital and nowhere without: mostly names."""
    inside, small = set(), set()
    for row in rows:
        for turn in row.session.turns:
            inside |= set(re.findall(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b", turn.text))
            small |= set(re.findall(r"\b[a-z]{3,}\b", turn.text))
    return frozenset(word for word in inside if word.lower() not in small)


def changed(row: Labelled, change: Change, *, client_only: bool = False, seed: int = 0) -> Labelled:
    """The session with the change made to every turn, or to the client's."""
    rng = random.Random(f"{seed}{row.id}")

    def new(turn: Turn) -> Turn:
        keep = client_only and turn.role != "client"
        return turn if keep else replace(turn, text=change(turn.text, rng))

    turns = tuple(map(new, row.session.turns))
    return replace(row, session=replace(row.session, turns=turns))


SEEN: tuple[Change, ...] = (as_heard, with_fillers, without_fillers, in_dialect, by_a_learner)


def in_other_dress(row: Labelled, *, seed: int = 0) -> Labelled:
    """The session with one of the changes that training sees, chosen by the session's id."""
    return changed(row, random.Random(f"{seed}{row.id}").choice(SEEN), seed=seed)
