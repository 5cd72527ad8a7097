"""How signals are told to people: what things are called, a reason in short, how often it is wrong.

Pages and the terminal say the same, so the wording stands here once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

from reattune import attendance
from reattune.change import RULES
from reattune.charts import DIFFERENCE, false_per_12, number
from reattune.drops import BACK
from reattune.report.words import clean, joined, sentence
from reattune.signals import (
    DROPS,
    FEW,
    PROMPT,
    REPAIRED,
    WITHIN,
    WORDS,
    form_of,
    strand,
    value_of,
    weight,
)
from reattune.types import Note, Signal, SignalKind

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
KIND_WORDS: dict[SignalKind, str] = {
    "rupture": "sign of a rupture",
    "decline": "decline",
    "absence": "absence",
    "recovery": "recovery",
}
STRAND_WORDS = {"words": "words", "scores": "scores", "attendance": "attendance"}

RULE_WORDS: Mapping[str, str] = {
    "withdrawal": "withdrawal",
    "confrontation": "confrontation",
    "mixed": "withdrawal and confrontation",
    FEW: "a flag or two",
    REPAIRED: "looks repaired",
    PROMPT: "answers worth a word",
    "individuals": "beyond the limits",
    "individuals-robust": "beyond the robust limits",
    "moving-range": "a large step for the worse",
    "missed": "appointments missed",
    "late": "coming late",
    "irregular": "missed or late",
    "back": "attendance is back",
}
"""What people call what a rule finds, the drops in DROP_WORDS; the rest go by their own names."""

DROP_WORDS = {"major": "a clear drop", "micro": "a slight drop"}
"""What people call a drop or a dip, by its level."""
PARTLY_BACK = "a drop made up in part"
"""What they call a partial return (at least half), of a clear drop or a slight one."""

NOT = "not measured"
"""What stands where a false-alarm figure was not measured."""
MEASURED_CUTS = ("3 or over of 1 to 7", "4 or under of 1 to 7")
"""The item prompts whose false alarms were measured (benchmarks/false_alarms.py)."""

FIGURE_WORDS: Mapping[str, str] = {
    "with_rupture": "relationships with a rupture",
    "with_major_rupture": "relationships with a major rupture",
    "never_addressed": "ruptures never addressed",
    "alliance_after_repair": "alliance after repair, against without",
    "sessions_to_repair": "sessions to repair",
    "sessions_to_later_repair": "sessions to repair, of those not repaired at once",
    "noticed": "ruptures that the therapist noticed",
    "noticed_withdrawal": "withdrawals that the therapist noticed",
    "noticed_confrontation": "confrontations that the therapist noticed",
}
"""What people call the figures of a caseload."""

GLOSSARY: Mapping[str, str] = {
    "Signal": "What a rule says when a session does not fit the earlier ones. A prompt to look, "
    "never a verdict.",
    "Words, scores, attendance": "The three strands of evidence: what was said, what the forms "
    "say, who came when.",
    "Agree": f"Signals of different strands at most {WITHIN} sessions apart say the same, and one "
    "of them is firm. It makes chance less likely; it is no proof.",
    "Major, micro": "A clear strain, and a slight one. Slight signals alone are common where "
    "nothing happened.",
    "Baseline": "This client's first sessions with a score. They say what is usual for this "
    "client, and later sessions never change them.",
    "Limits, center": "The center is the average of the baseline. Nearly all scores would fall "
    "between the limits if nothing changed: they lie three sigma from the center.",
    "Sigma, SD": "How much this client's scores vary from one session to the next without any "
    "reason that we know.",
    "False alarms": "How often a rule speaks in 12 sessions in which nothing happened, as measured "
    "on made courses. For words: how many episodes in so many turns labels did not confirm.",
}
"""Terms of the page, in plain words."""


def day_words(day: date | None) -> str:
    """Such as "12 Feb 2026"."""
    return f"{short_day(day)} {day.year}" if day else ""


def short_day(day: date | None) -> str:
    """Such as "12 Feb"."""
    return f"{day.day} {MONTHS[day.month - 1]}" if day else ""


def sessions_in_words(held: Sequence[int]) -> str:
    """Such as "session 3" or "sessions 2, 4 to 6 and 9"."""
    known = sorted(set(held))
    parts: list[str] = []
    for first, last in stretches(known):
        parts += [f"{first} to {last}"] if last - first > 1 else map(str, range(first, last + 1))
    return f"session{'s' if len(known) > 1 else ''} {joined(parts)}"


def stretches(known: Sequence[int]) -> list[tuple[int, int]]:
    """The first and the last of each stretch of whole numbers without a gap."""
    found: list[tuple[int, int]] = []
    for n in known:
        if found and n - found[-1][1] == 1:
            found[-1] = (found[-1][0], n)
        else:
            found.append((n, n))
    return found


# Measures


def title_of(measure: str) -> str:
    """What people call a series: the instrument's name, the part after it."""
    form, _, part = measure.partition(":")
    if part == DIFFERENCE:
        return f"{title_of(form).partition(',')[0]}: therapist minus client"
    name = instrument_name(form_of(form))
    rater = form.partition("/")[2]
    return ", ".join(filter(None, (name, part.replace("item", "item "), rater)))


def instrument_name(form: str) -> str:
    """The instrument's abbreviation where its name has one, else its name; the id of any other."""
    from reattune.measures import known_instrument

    if form == "checkin":
        return "Session Check-in"
    instrument = known_instrument(form)
    if instrument is None:
        return {WORDS: "Words", "attendance": "Attendance"}.get(form, clean(form))
    short = re.search(r"\(([^(),]+)[^()]*\)\s*$", instrument.name)
    return short[1] if short else instrument.name


def listed(measure: str) -> str:
    """A measure's title for a list, without a comma: "Session Check-in (client form)"."""
    name, comma, rest = title_of(measure).partition(", ")
    return f"{name} ({rest})" if comma else name


# Signals


def rule_words(signal: Signal) -> str:
    """What people call what the rule found."""
    if signal.rule in DROPS:
        words = drop_words(signal)
        return words.replace("drop", "worsening") if of_symptoms(signal) else words
    if signal.rule in RULE_WORDS:
        return RULE_WORDS[signal.rule]
    return RULES[signal.rule].finds if signal.rule in RULES else signal.rule.replace("-", " ")


def drop_words(signal: Signal) -> str:
    """What people call a drop, or what of it was made up."""
    words = DROP_WORDS[signal.level]
    if signal.kind != "recovery":
        return words
    return f"{words} made up" if value_of(signal, BACK) else PARTLY_BACK


def of_symptoms(signal: Signal) -> bool:
    """Whether a signal says how a client is doing, and nothing of the alliance."""
    return strand(signal.source) == "symptoms"


def headline(signal: Signal) -> str:
    """Where a signal comes from and what it found: "SRS: beyond this client's limits"."""
    source = signal.source.partition(":item")[0] if signal.rule == PROMPT else signal.source
    return f"{title_of(source)}: {rule_words(signal)}"


def brief(signal: Signal) -> str:
    """The reason in a sentence or two, without the session's number and standing remarks."""
    if signal.rule == PROMPT and answers(signal):
        return answers_words(signal)
    text = first_words(signal).removeprefix(f"Session {signal.session}: ")
    return sentence(text.removeprefix(f"{signal.rule}, {signal.level}, "))  # the headline says so


def first_words(signal: Signal) -> str:
    """What was found, without remarks: the first sentence of a reason, with a count after it."""
    first, *rest = re.split(r"(?<=\.) (?=[A-Z0-9])", signal.why)
    return " ".join([first, *(said for said in rest[:1] if said[:1].isdigit())])


def answers(signal: Signal) -> list[tuple[int, float]]:
    """(item, answer as given) of a prompt."""
    known = [(e.name, e.value) for e in signal.evidence if e.value is not None]
    numbers = [(re.fullmatch(r"item (\d+)", name), value) for name, value in known]
    found = [(int(item[1]), value) for item, value in numbers if item]
    item = re.search(r":item(\d+)", signal.source)
    if item and not found:
        found = [(int(item[1]), value) for name, value in known if name == "score"]
    return found


def answers_words(signal: Signal) -> str:
    """The answers of a prompt, each with its wording where that is here."""
    from reattune.measures import known_instrument

    instrument = known_instrument(form_of(signal.source))
    items = {item.number: item for item in instrument.items} if instrument else {}
    told = []
    for number_, answer in answers(signal):
        item = items.get(number_)
        what = f"“{item.text.rstrip('.')}”" if item and item.text else f"item {number_}"
        told.append(f"{what} {number(answer)}{f' of {number(item.high)}' if item else ''}")
    return f"Answered: {', '.join(told)}."


def reason(signal: Signal) -> str:
    """The whole reason, with measures called by their names."""
    return named(signal.why, signal.with_)


def more(signal: Signal) -> str:
    """The whole reason where the short one leaves something out, else ""."""
    whole, short = reason(signal), brief(signal)
    return "" if whole.lower().endswith(short.lower()) else whole


def named(text: str, measures: Iterable[str]) -> str:
    """`text` with the ids of these measures replaced by their names."""
    for measure in sorted(measures, key=len, reverse=True):
        if measure not in (WORDS, "attendance"):
            text = re.sub(rf"(?<![\w:/-]){re.escape(measure)}(?![\w:/-])", listed(measure), text)
    return text


def agrees(signal: Signal) -> str:
    """The sources that say the same, by name; "" where none does."""
    return joined([s if s in (WORDS, "attendance") else listed(s) for s in signal.with_])


def alone(signal: Signal) -> bool:
    """Whether a signal is slight and nothing bears it out; one of symptoms stands alone always."""
    if of_symptoms(signal):
        return signal.level == "micro" and signal.rule in {*DROPS, PROMPT}
    return weight(signal) == "slight" and not signal.with_


def figure_words(wrong: float | None) -> str:
    """A false-alarm figure for a cell, never a false 0."""
    if wrong is None:
        return NOT
    return number(wrong) if wrong >= 0.005 else "under 0.01"


def chance(signal: Signal) -> str:
    """How often a signal's rule is wrong in 12 sessions, for a cell."""
    return figure_words(signal.false_per_12)


def often(signal: Signal) -> str:
    """How often a signal's rule is wrong, in words."""
    if signal.false_per_12 is None:
        return "False alarms not measured"
    if signal.source == WORDS:
        count = f"{signal.false_per_12:.0f}"
        return f"About {count} false alarms of any kind in 12 uneventful sessions"
    figure = figure_words(signal.false_per_12)
    return f"{sentence(figure)} false alarm{'s' * (figure != '1')} in 12 uneventful sessions"


def in_order(told: Iterable[Signal]) -> list[Signal]:
    """The signals of a session: strain before recovery, then major, then borne out, first."""
    return sorted(told, key=lambda s: (s.kind == "recovery", s.level != "major", not s.with_))


# Rules


@dataclass(frozen=True, slots=True)
class RuleTold:
    """A rule on the page: its name for people, what it looks for, how often it is wrong."""

    name: str
    finds: str
    figure: str


def rules_told(
    signals: Sequence[Signal], rules: Sequence[object], baseline: int, strands: Set[str]
) -> Iterator[RuleTold]:
    """Each rule that was at work in these strands, also those that said nothing."""
    if "words" in strands:
        known = [s.false_per_12 for s in signals if s.source == WORDS and s.false_per_12]
        figure = range_words(list(map(round, known)))
        finds = "stretches of turns that look like withdrawal or confrontation"
        yield RuleTold("episodes in the words", f"{finds}, slight ones included", figure)
        finds = "a strain left standing, then a session in which all strain looks repaired"
        yield RuleTold(RULE_WORDS[REPAIRED], finds, figure_words(None))
    for name in (rule for rule in RULES if "scores" in strands and rule in {PROMPT, *names(rules)}):
        called = RULE_WORDS.get(name, f"a {name}" if name in DROPS else name.replace("-", " "))
        yield RuleTold(called, RULES[name].finds, figure_of(name, baseline))
    for name, wrong in away_figures().items() if "attendance" in strands else ():
        finds = "the last 3 appointments kept" if name == "back" else "more than this client's way"
        yield RuleTold(RULE_WORDS[name], finds, figure_words(wrong))


def figure_of(rule: str, baseline: int) -> str:
    """The false-alarm figure of a rule of scores, all levels together."""
    if rule == PROMPT:
        known = [false_per_12(PROMPT, baseline, cut) for cut in MEASURED_CUTS]
        figures = range_words([figure for figure in known if figure is not None])
        return f"{figures} (one answer of 1 to 7; others, and several at once, {NOT})"
    return figure_words(false_per_12(rule, baseline) if RULES[rule].measured else None)


def away_figures() -> dict[str, float]:
    """False signals in 12 appointments by rule of attendance, all levels together."""
    found: dict[str, float] = {}
    for (rule, _), wrong in attendance.FALSE_PER_12.items():
        found[rule] = found.get(rule, 0.0) + wrong
    return found


def names(rules: Iterable[object]) -> list[str]:
    """The names of rules given by name or as such."""
    return [rule if isinstance(rule, str) else str(getattr(rule, "name", "")) for rule in rules]


def figures_line(signals: Iterable[Signal]) -> str:
    """The false-alarm figures of the rules that spoke, for a picture; "" where none did."""
    found: dict[str, list[float]] = {}
    for signal in signals:
        words = signal.source == WORDS and signal.rule != REPAIRED
        known = found.setdefault("episodes in the words" if words else rule_words(signal), [])
        if signal.false_per_12 is not None:
            known.append(round(signal.false_per_12) if words else signal.false_per_12)
    told = [f"{what} {range_words(known)}" for what, known in found.items()]
    return f"False alarms in 12 uneventful sessions: {', '.join(told)}." if told else ""


def range_words(known: Sequence[float]) -> str:
    """The least and the greatest of false-alarm figures."""
    if not known:
        return NOT
    ends = [figure_words(value) for value in (min(known), max(known))]
    return " to ".join(dict.fromkeys(ends))


def figure_name(name: str) -> str:
    """What people call a figure of a caseload."""
    return FIGURE_WORDS.get(name, name.replace("_", " "))


# Notes


def notes_told(notes: Iterable[Note]) -> list[Note]:
    """The notes with measures by name, one that holds for several measures told once."""
    merged: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        head, colon, text = note.text.partition(": ")
        own = colon and " " not in head and title_of(head) != head
        key = (note.slug, text if own else note.text)
        merged.setdefault(key, []).extend([listed(head)] if own else [])
    return [
        Note(slug, f"{joined(who)}: {text[:1].lower()}{text[1:]}" if who else text)
        for (slug, text), who in merged.items()
    ]
