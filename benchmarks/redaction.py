"""`python -m benchmarks.redaction`: how much of what identifies people `reattune.redact` finds.

Reads benchmarks/redaction/*.jsonl: written excerpts in two halves, with {category|words} around
what must be hidden and {maybe|words} around what counts neither way, and our marks on the demo
courses. Prints recall and precision of each category with 95% intervals. Names are found without
being told any, which is harder than in use, where the client's and the therapist's are known.

A gold span is found when all its letters and digits are hidden, whatever category hides them; a
span is right when it touches a gold span. `--errors` shows the development half's, never the
other's.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from math import sqrt
from pathlib import Path

from reattune.redact import CATEGORIES, Span, find
from reattune.redaction.lexicon import fold, load_lexicon
from reattune.redaction.tokens import WORD
from reattune.types import Session

FOLDER = Path(__file__).parent / "redaction"
COURSES = Path(__file__).parents[1] / "examples" / "courses"
HALVES = ("development", "held_out")
FLAT = ("asr", "caps", "flat")
"""Styles without capitals that tell anything."""

MAYBE = "maybe"
NAMED = ("person", "place", "organization")
"""What is counted where a text was made flat: numbers and addresses need their punctuation."""

_MARKED = re.compile(r"\{(?P<category>[a-z]+)\|(?P<words>[^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Gold:
    """What must be hidden: characters [start, end) of a turn."""

    turn: int
    start: int
    end: int
    category: str


@dataclass(frozen=True, slots=True)
class Sample:
    """An excerpt with its gold spans."""

    id: str
    style: str
    session: Session
    gold: tuple[Gold, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """A sample with what was found."""

    sample: Sample
    spans: tuple[Span, ...]

    def text(self, one: Gold | Span) -> str:
        """The words of a span."""
        return self.sample.session.turns[one.turn].text[one.start : one.end]

    def hidden(self, gold: Gold) -> bool:
        """Whether every letter and digit of a gold span lies in some span."""
        text = self.sample.session.turns[gold.turn].text
        places = (i for i in range(gold.start, gold.end) if text[i].isalnum())
        own = [s for s in self.spans if s.turn == gold.turn]
        return all(any(s.start <= i < s.end for s in own) for i in places)

    def named_right(self, gold: Gold) -> bool:
        """Whether a span of its category touches it."""
        return any(s.category == gold.category and touch(s, gold) for s in self.spans)

    def right(self, span: Span) -> bool | None:
        """Whether a span touches a gold one; None if only one that counts neither way."""
        touched = [g.category for g in self.sample.gold if touch(span, g)]
        if not touched:
            return False
        return None if set(touched) == {MAYBE} else True


def touch(one: Gold | Span, other: Gold | Span) -> bool:
    """Whether two spans share a character."""
    return one.turn == other.turn and one.start < other.end and one.end > other.start


def read_marked(text: str, turn: int) -> tuple[str, list[Gold]]:
    """The text without its marks, and the gold spans."""
    plain, gold, place = "", [], 0
    for match in _MARKED.finditer(text):
        plain += text[place : match.start()]
        start = len(plain)
        plain += match["words"]
        gold.append(Gold(turn, start, len(plain), match["category"]))
        place = match.end()
    return plain + text[place:], gold


def excerpts(half: str) -> Iterator[Sample]:
    """The written excerpts of a half."""
    for line in (FOLDER / f"{half}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        turns, gold = [], []
        for i, (who, marked) in enumerate(row["turns"]):
            text, spans = read_marked(marked, i)
            turns.append((who, text))
            gold += spans
        yield Sample(row["id"], row["style"], Session.from_turns(turns), tuple(gold))


_SIGNS = re.compile(r"[^\w\s'’&@]")


def flatten(sample: Sample) -> Sample:
    """As speech recognition would have it: lower case, no punctuation; marks of names only."""
    turns, gold = [], []
    for i, turn in enumerate(sample.session.turns):
        places, text = [0], ""
        for char in turn.text:
            text += " " if char == "-" else "" if _SIGNS.match(char) else char.lower()[:1]
            places.append(len(text))
        turns.append((turn.speaker, text))
        gold += [
            Gold(i, places[g.start], places[g.end], g.category if g.category in NAMED else MAYBE)
            for g in sample.gold
            if g.turn == i
        ]
    return Sample(sample.id, "flat", Session.from_turns(turns), tuple(gold))


@cache
def course(name: str) -> dict[int, Session]:
    """The sessions of a demo course by number."""
    lines = (COURSES / f"{name}.jsonl").read_text("utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["turns"]]
    return {
        row["session"]: Session.from_turns((t["who"], t["text"]) for t in row["turns"])
        for row in rows
    }


def courses(half: str) -> Iterator[Sample]:
    """The sessions of the demo courses of a half."""
    for line in (FOLDER / "courses.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["half"] != half:
            continue
        session = course(row["course"])[row["session"]]
        gold = tuple(Gold(t, a, a + len(words), kind) for t, a, words, kind in row["spans"])
        for one, (*_, words, _) in zip(gold, row["spans"], strict=True):
            assert session.turns[one.turn].text[one.start : one.end] == words, (
                row["course"],
                words,
            )
        yield Sample(f"{row['course']}/{row['session']}", "course", session, gold)


def run(samples: Iterable[Sample]) -> list[Result]:
    """What is found in each sample, without any name told."""
    return [Result(sample, find(sample.session)) for sample in samples]


def wilson(part: int, whole: int) -> tuple[float, float, float]:
    """A share with its 95% interval (Wilson 1927); spans are counted as if independent."""
    if not whole:
        return float("nan"), float("nan"), float("nan")
    z, share = 1.959964, part / whole
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return share, middle - half, middle + half


def shown(part: int, whole: int) -> str:
    """A share as ".97 (.95-.98)"."""
    values = [f"{value:.3f}".lstrip("0") for value in wilson(part, whole)]
    return f"{values[0]} ({values[1]}–{values[2]})" if whole else "–"


def unlisted(result: Result, gold: Gold) -> bool:
    """Whether no word of a name of a person stands in our lists of names."""
    lexicon = load_lexicon()
    words = WORD.findall(fold(result.text(gold)))
    return not any(lexicon.is_name(part) for word in words for part in (word, *word.split("-")))


def row(name: str, gold: list[tuple[Result, Gold]], spans: list[tuple[Result, Span]]) -> str:
    """A line of the table."""
    found = sum(result.hidden(one) for result, one in gold)
    agree = sum(result.hidden(one) and result.named_right(one) for result, one in gold)
    judged = [result.right(span) for result, span in spans]
    right, wrong = judged.count(True), judged.count(False)
    cells = (
        name,
        str(len(gold)),
        shown(found, len(gold)),
        f"{agree / found:.2f}".lstrip("0") if found else "–",
        str(right + wrong),
        shown(right, right + wrong) if spans else "–",
    )
    return "| " + " | ".join(cells) + " |"


def table(results: list[Result]) -> list[str]:
    """The table of some results, by category and by style."""
    gold = [(r, g) for r in results for g in r.sample.gold if g.category != MAYBE]
    spans = [(r, s) for r in results for s in r.spans]
    lines = [
        "| what | gold | recall (95%) | category right | found | precision (95%) |",
        "|---|---|---|---|---|---|",
    ]
    for category in CATEGORIES:
        own = [(r, g) for r, g in gold if g.category == category]
        if not own:
            continue
        lines.append(row(category, own, [(r, s) for r, s in spans if s.category == category]))
    rest = [(r, g) for r, g in gold if g.category != "person"]
    lines.append(row("all but people", rest, [(r, s) for r, s in spans if s.category != "person"]))
    lines.append(row("all", gold, spans))
    people = [(r, g) for r, g in gold if g.category == "person"]
    for name, styles in {
        "without capitals": FLAT,
        "chat": ("chat", "mixed"),
        "with capitals": ("cased",),
    }.items():
        own = [(r, g) for r, g in people if r.sample.style in styles]
        found = [(r, s) for r, s in spans if s.category == "person" and r.sample.style in styles]
        if own:
            lines.append(row(f"people, {name}", own, found))
    lines.append(row("people in no list", [(r, g) for r, g in people if unlisted(r, g)], []))
    return lines


def words_in(results: list[Result]) -> int:
    """Words of the samples."""
    return sum(len(WORD.findall(t.text)) for r in results for t in r.sample.session.turns)


def show_errors(results: list[Result]) -> None:
    """Misses and false finds with their turns."""
    for result in results:
        missed = [g for g in result.sample.gold if g.category != MAYBE and not result.hidden(g)]
        false = [s for s in result.spans if result.right(s) is False]
        turns: defaultdict[int, list[str]] = defaultdict(list)
        for one in missed:
            turns[one.turn].append(f"MISSED {one.category} {result.text(one)!r}")
        for span in false:
            turns[span.turn].append(
                f"FALSE {span.category} {result.text(span)!r} {span.by} {span.sure}"
            )
        for turn, notes in sorted(turns.items()):
            print(
                f"{result.sample.id} {result.sample.style} [{turn}]",
                result.sample.session.turns[turn].text[:300],
            )
            print("      ", "; ".join(notes))


def kept_words(results: list[Result]) -> str:
    """Of all words outside gold spans, how many are hidden."""
    wrong = sum(
        len(WORD.findall(r.text(s))) for r in results for s in r.spans if r.right(s) is False
    )
    return (
        f"{wrong} words hidden for nothing, {1000 * wrong / max(1, words_in(results)):.1f} of 1,000"
    )


LOCALES = (
    "en_US en_GB en_IE en_IN en_NG en_NZ es_ES es_MX pt_BR fr_FR de_DE nl_NL sv_SE fi_FI pl_PL"
    " cs_CZ hu_HU ro_RO it_IT tr_TR hr_HR"
).split()
SENTENCES = (
    "so i was talking to {} about it and she said just leave",
    "my brother {} came round last night and we had a row",
    "and then {} goes you always do this",
    "i rang {} in the end because i couldn't sleep",
    "{} is the one who does the cooking at home",
    "it's just me and {} now really",
    "he told {} before he told me",
    "i don't know what {} would say to that",
    "me and {} we used to go every week",
    "yeah {} was there too",
)
EACH = 60  # names of a locale


def other_names() -> None:
    """How many given names of another list (Faker's, MIT) are found, one to a sentence."""
    from faker import Faker

    listed = found = capital = total = 0
    for locale in LOCALES:
        source = Faker(locale)
        source.seed_instance(5)
        for number in range(EACH):
            name = source.first_name()
            sentence = SENTENCES[number % len(SENTENCES)]
            small = sentence.format(name.lower())
            large = sentence.format(name).replace(" i ", " I ") + "."
            listed += fold(name.split()[0]) in load_lexicon().given
            found += covers(small, name)
            capital += covers(large[0].upper() + large[1:], name)
            total += 1
    print(f"{total} names of {len(LOCALES)} locales, {shown(listed, total)} of them in our list")
    print(f"found in lower case {shown(found, total)}, with capitals {shown(capital, total)}")


def covers(text: str, name: str) -> bool:
    """Whether a name in a text is hidden whole."""
    start = text.lower().index(name.lower())
    places = [i for i in range(start, start + len(name)) if text[i].isalnum()]
    spans = find(text)
    return all(any(s.start <= i < s.end for s in spans) for i in places)


def main() -> None:
    """Print the tables of both halves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=HALVES, help="only this half")
    parser.add_argument("--errors", action="store_true", help="show the development half's errors")
    parser.add_argument("--other-names", action="store_true", help="names of Faker's lists alone")
    chosen = parser.parse_args()
    if chosen.other_names:
        other_names()
        return
    if chosen.errors and chosen.half == "held_out":
        parser.error("the held-out half's errors are not shown: rules would be fit to them")
    for half in [chosen.half] if chosen.half else HALVES:
        parts = {
            "written excerpts": run(excerpts(half)),
            "demo courses": run(courses(half.replace("_", "-"))),
        }
        cased = [
            s for s in (*excerpts(half), *courses(half.replace("_", "-"))) if s.style not in FLAT
        ]
        parts["the cased and chat texts of both, without capitals and punctuation"] = run(
            map(flatten, cased)
        )
        for name, results in parts.items():
            counts = Counter(r.sample.style for r in results)
            print(
                f"\n{half.replace('_', ' ')}: {name}, {sum(counts.values())} texts,"
                f" {words_in(results):,} words\n"
            )
            print("\n".join(table(results)))
            print(f"\n{kept_words(results)}")
            if chosen.errors and half == "development":
                show_errors(results)


if __name__ == "__main__":
    main()
