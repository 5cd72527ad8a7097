"""Words, scores and attendance as one list of signals in time order, joined where they agree.

An episode of strain in a session becomes a signal of source "words". Signals of different strands
that are at most WITHIN sessions apart and say the same bear each other out, provided that one of
them is firm; two slight ones do not make one firm. A signal is never dropped for standing alone:
it says that it does. The numbers below are our own proposal, not from a study.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from reattune.charts import number
from reattune.types import (
    Analysis,
    Episode,
    Evidence,
    Marker,
    Point,
    Scale,
    Series,
    Signal,
    SignalKind,
    State,
)

VERSION = "signals/1"

SIGNS = 3  # flagged client turns from which a micro episode counts; single flags are often wrong
WITHIN = 2  # sessions between signals that may bear each other out
STANDS = 3  # sessions for which a strain that was left standing is looked after
ITEMS = 2  # items at their cut in one form from which a prompt is firm
MOST_EPISODES = 20.0  # top of the scale of episodes in a session, more only where there are more

WORDS, ATTENDANCE = "words", "attendance"
PROMPT, REPAIRED, FEW = "item-prompt", "repaired", "few-signs"
HUMAN = "human"  # the `by` of a marker that a person confirmed or set
DROPS = frozenset({"drop", "dip"})
SYMPTOMS = frozenset({"phq9", "gad7", "ors"})
"""Measures of how a client is doing. A change in them is a decline, never a rupture, and bears
nothing out."""

Strand = Literal["words", "scores", "attendance", "symptoms"]
Weight = Literal["firm", "here", "slight"]
STRANDS: tuple[Strand, ...] = ("words", "scores", "attendance", "symptoms")
ENDS: Mapping[State, str] = {
    "unnoticed": "not taken up",
    "addressed": "taken up",
    "repaired": "looks repaired",
    "mishandled": "may have widened",
    "open": "left open",
}
"""How an episode stood at the end of its session, in words."""


@dataclass(frozen=True, slots=True)
class Read:
    """The words of one session held: its number from 1, its date, its analysis."""

    session: int
    date: date | None
    analysis: Analysis


def form_of(measure: str) -> str:
    """The instrument of a series: its measure without subscale, item or rater."""
    return measure.partition(":")[0].partition("/")[0]


def strand(source: str) -> Strand:
    """Which strand of evidence a signal's source belongs to."""
    if source in (WORDS, ATTENDANCE):
        return "words" if source == WORDS else "attendance"
    return "symptoms" if form_of(source) in SYMPTOMS else "scores"


# Words


def words_series(
    client: str, reads: Sequence[Read], sessions: Sequence[tuple[int, date | None]]
) -> Series:
    """Episodes in each session held, None where its words are not known. Fewer is better."""
    counts = {read.session: float(len(read.analysis.episodes)) for read in reads}
    points = tuple(Point(session, day, counts.get(session)) for session, day in sessions)
    most = max([MOST_EPISODES, *counts.values()])
    return Series(client, WORDS, "program", points, Scale(0, most, 1, higher_is_better=False))


def words_signals(client: str, reads: Sequence[Read]) -> tuple[Signal, ...]:
    """A signal for each episode that counts, and one a session for those that hardly do.

    Another where what had been left standing looks repaired. An episode counts that is major or has
    at least SIGNS flagged turns.
    """
    found: list[Signal] = []
    for read in reads:
        episodes = read.analysis.episodes
        few = [episode for episode in episodes if not counts(episode)]
        found += [episode_signal(client, read, e) for e in episodes if e not in few]
        found += [few_signs(client, read, few)] if few else []
    return (*found, *repairs(client, reads, found))


def signs(episode: Episode) -> int:
    """The client's turns in it that are flagged."""
    return len({marker.turn for marker in episode.markers})


def counts(episode: Episode) -> bool:
    """Whether it is more than a flag or two: major, at least SIGNS of them, or set by a person."""
    told = any(marker.by == HUMAN for marker in episode.markers)
    return told or episode.intensity == "major" or signs(episode) >= SIGNS


def episode_signal(client: str, read: Read, episode: Episode) -> Signal:
    """An episode of strain as a signal; `rule` is its kind."""
    count = signs(episode)
    turns = f"turns {episode.first + 1} to {episode.last}"
    where = turns if episode.last - episode.first > 1 else f"turn {episode.last}"
    why = (
        f"Session {read.session}: {episode.kind}, {episode.intensity}, in {where}; "
        f"{count} of the client's turns {'is' if count == 1 else 'are'} flagged; "
        f"{ENDS[episode.state]}. {episode.why}"
    )
    return replace(
        of_words(client, read),
        rule=episode.kind,
        level=episode.intensity,
        by=episode.by,
        why=why.strip(),
        evidence=(
            Evidence(name="signs", value=float(count), unit="client turns"),
            Evidence(name=ENDS["repaired"], value=float(episode.state == "repaired")),
            *map(sign, episode.markers),
        ),
    )


def of_words(client: str, read: Read) -> Signal:
    """A strain in a session's words, of a rule still to be named."""
    return Signal(
        client=client,
        session=read.session,
        date=read.date,
        source=WORDS,
        kind="rupture",
        rule=FEW,
        level="micro",
        by=VERSION,
        why="",
        false_per_12=false_episodes(read.analysis),
    )


def few_signs(client: str, read: Read, episodes: Sequence[Episode]) -> Signal:
    """The micro episodes of a session that have fewer than SIGNS signs, as one signal."""
    count = sum(map(signs, episodes))
    several = len(episodes) > 1
    kinds = [f"{one.kind} in turn {one.first + 1}" for one in episodes]
    why = (
        f"Session {read.session}: {len(episodes)} micro episode{'s' if several else ''} of fewer "
        f"than {SIGNS} flagged turns{' each' if several else ''}: {', '.join(kinds)}."
    )
    return replace(
        of_words(client, read),
        by=episodes[0].by,
        why=why,
        evidence=(
            Evidence(name="episodes", value=float(len(episodes))),
            Evidence(name="signs", value=float(count), unit="client turns"),
            *(sign(marker) for one in episodes for marker in one.markers),
        ),
    )


def sign(marker: Marker) -> Evidence:
    """A flagged turn as evidence: the code's probability, without the words."""
    value = max(marker.probability, marker.family_probability)
    return Evidence(marker.turn, name=marker.code, value=value, unit="probability")


def false_episodes(analysis: Analysis) -> float | None:
    """Episodes that labels would not confirm, in 12 sessions of this length; None if not measured.

    All episodes of a session together, whatever their kind and level.
    """
    rate = analysis.reliability.get("false_episodes_per_100_turns")
    return None if rate is None else round(12 * rate * len(analysis.session.turns) / 100, 1)


def repairs(client: str, reads: Sequence[Read], found: Sequence[Signal]) -> Iterator[Signal]:
    """The first session, within STANDS of a strain left standing, whose strains look repaired.

    Only episodes that count (major, or at least SIGNS signs) are looked at, and there must be one.
    """
    standing: Signal | None = None
    for read in sorted(reads, key=lambda read: read.session):
        left = [s for s in found if s.session == read.session and weight(s) == "firm"]
        if left:
            standing = max(left, key=lambda signal: signal.level == "major")
        elif mends(read) and standing and read.session - standing.session <= STANDS:
            yield repaired_signal(client, read, standing)
            standing = None


def mends(read: Read) -> bool:
    """Whether there is strain that counts in the session and all of it looks repaired."""
    ends = [episode.state for episode in read.analysis.episodes if counts(episode)]
    return bool(ends) and set(ends) == {"repaired"}


def repaired_at(episode: Episode, session: int, reads: Iterable[Read]) -> int | None:
    """The session that repairs an episode of this one: itself, else the first of STANDS that mends.

    None where none does, and for episodes that do not count. The words do not show whether the
    strain that was repaired later was the same one.
    """
    if episode.state == "repaired":
        return session
    later = [read.session for read in reads if 0 < read.session - session <= STANDS and mends(read)]
    return min(later, default=None) if counts(episode) else None


def repaired_signal(client: str, read: Read, standing: Signal) -> Signal:
    """That a session repairs where an earlier one had not."""
    why = (
        f"Session {read.session}: each strain that counts looks repaired, and that of session "
        f"{standing.session} ({standing.rule}, {standing.level}) had been left standing. The words "
        "do not show whether it was the same one."
    )
    since = Evidence(name="left standing in session", value=float(standing.session))
    return Signal(
        client,
        read.session,
        read.date,
        WORDS,
        "recovery",
        REPAIRED,
        standing.level,
        VERSION,
        why,
        (since,),
    )


# Scores


def merge_prompts(found: Iterable[Signal]) -> tuple[Signal, ...]:
    """Item prompts of one form in one session as one signal; the rest as they are."""
    rest: list[Signal] = []
    forms: dict[tuple[str, int], list[Signal]] = {}
    for signal in found:
        if signal.rule == PROMPT:
            form = signal.source.replace(":item" + item_of(signal), "")
            forms.setdefault((form, signal.session), []).append(signal)
        else:
            rest.append(signal)
    return (*rest, *(merged(form, prompts) for (form, _), prompts in forms.items()))


def item_of(signal: Signal) -> str:
    """The number of the item that a prompt is about, as text."""
    return signal.source.partition(":item")[2].partition("/")[0]


def merged(form: str, prompts: Sequence[Signal]) -> Signal:
    """One signal of the prompts of one form."""
    prompts = sorted(prompts, key=lambda signal: int(item_of(signal)))
    first = prompts[0]
    answers = [(item_of(signal), signal.evidence[0].value or 0.0) for signal in prompts]
    listed = ", ".join(f"item {item} ({number(answer)})" for item, answer in answers)
    several = len(prompts) > 1
    why = (
        f"Session {first.session}: {len(prompts)} answers are at or beyond the cut of their item: "
        f"{listed}. The rater's own answers, no statistic; they need no baseline."
    )
    return replace(
        first,
        source=form,
        why=why if several else first.why,
        evidence=(
            Evidence(name="items at their cut", value=float(len(prompts))),
            *(Evidence(name=f"item {item}", value=answer) for item, answer in answers),
        ),
        false_per_12=None if several else first.false_per_12,
    )


def symptoms_as_declines(found: Iterable[Signal]) -> Iterator[Signal]:
    """The signals, those of SYMPTOMS as declines where they would be ruptures."""
    for signal in found:
        if strand(signal.source) == "symptoms":
            kind: SignalKind = "decline" if signal.kind == "rupture" else signal.kind
            yield replace(signal, kind=kind, why=f"{signal.why} {NOT_ALLIANCE}")
        else:
            yield signal


# Joining


def value_of(signal: Signal, name: str) -> float:
    """A named value in a signal's evidence, 0 where there is none."""
    return next((e.value for e in signal.evidence if e.name == name and e.value is not None), 0.0)


def weight(signal: Signal) -> Weight:
    """How much a signal can bear out: firm, here (only in its own session), slight (nothing).

    Slight are attendance, single item prompts, micro drops, and episodes of few signs. An episode
    that looks repaired in its own session explains nothing after it.
    """
    own = strand(signal.source)
    if own == "words" and signal.rule != REPAIRED:
        if signal.rule == FEW:
            return "slight"
        return "here" if value_of(signal, ENDS["repaired"]) else "firm"
    if own in ("attendance", "symptoms"):
        return "slight"
    if signal.rule == PROMPT:
        return "firm" if value_of(signal, "items at their cut") >= ITEMS else "slight"
    return "slight" if signal.rule in DROPS and signal.level == "micro" else "firm"


def bears_out(one: Signal, other: Signal) -> bool:
    """Whether `one` is firm enough, at its distance, to bear out `other`.

    Episodes of few signs are too common to be borne out by another session.
    """
    own = weight(one)
    near = one.session == other.session
    return (own == "firm" and (near or other.rule != FEW)) or (own == "here" and near)


def agree(one: Signal, other: Signal) -> bool:
    """Whether two signals of different strands bear each other out."""
    strands = {strand(one.source), strand(other.source)}
    return (
        len(strands) == 2
        and "symptoms" not in strands
        and (one.kind == "recovery") == (other.kind == "recovery")
        and abs(one.session - other.session) <= WITHIN
        and (bears_out(one, other) or bears_out(other, one))
    )


def place(signal: Signal) -> tuple[object, ...]:
    """Where a signal stands in time; a missed appointment comes after the last session held."""
    own = STRANDS.index(strand(signal.source))
    return (signal.session, signal.date or date.min, own, signal.source, signal.rule, signal.why)


def join(found: Iterable[Signal]) -> tuple[Signal, ...]:
    """One client's signals in time order, with `with_` and `why` saying what bears each out.

    Later sessions can still bear out a signal up to WITHIN sessions after it, with the appointments
    missed before the next one; nothing else in it ever changes.
    """
    ordered = sorted(found, key=place)
    partners: list[list[Signal]] = [[] for _ in ordered]
    first = 0
    for at, signal in enumerate(ordered):
        while signal.session - ordered[first].session > WITHIN:
            first += 1
        for before in range(first, at):
            if agree(ordered[before], signal):
                partners[before].append(signal)
                partners[at].append(ordered[before])
    return tuple(joined(signal, own) for signal, own in zip(ordered, partners, strict=True))


def joined(signal: Signal, partners: Sequence[Signal]) -> Signal:
    """A signal with what bears it out, or that nothing does where that matters."""
    if not partners:
        return replace(signal, why=f"{signal.why} {ALONE}") if needs_others(signal) else signal
    sessions: dict[str, list[int]] = {}
    for other in sorted(partners, key=lambda other: STRANDS.index(strand(other.source))):
        sessions.setdefault(other.source, []).append(other.session)
    told = ", ".join(f"{source} ({in_sessions(held)})" for source, held in sessions.items())
    why = f"{signal.why} Borne out within {WITHIN} sessions by {told}."
    return replace(signal, why=why, with_=tuple(sessions))


ALONE = (
    f"No firm sign of another strand says the same within {WITHIN} sessions: not enough by itself."
)
NOT_ALLIANCE = "It says how the client is doing, not how the two work together."


def needs_others(signal: Signal) -> bool:
    """Whether a signal of strain says too little alone; a prompt asks for a word, no more."""
    if signal.kind == "recovery" or strand(signal.source) == "symptoms":
        return False
    return signal.rule != PROMPT and weight(signal) == "slight"


def in_sessions(held: Sequence[int]) -> str:
    """Such as "session 3" or "sessions 3, 4"."""
    known = sorted(set(held))
    return f"session{'s' if len(known) > 1 else ''} {', '.join(map(str, known))}"
