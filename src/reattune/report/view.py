"""What both reports say, worked out once: flags with their words, episodes as told, the summary.

Turn numbers in here count from 1, as people do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from reattune.codebook import Code, code
from reattune.report.consider import Consideration, Landing, considerations, landing
from reattune.report.words import (
    INTENSITIES,
    STATES,
    Wording,
    clean,
    counted,
    joined,
    kind_words,
    number,
    percent,
    plain_number,
    sentence,
    span,
    speaker_name,
)
from reattune.thresholds import unproven_codes
from reattune.types import Analysis, Episode, Evidence, Marker, Note

UNVALIDATED = (
    "A flag is a prompt to look, never a verdict. Reattune looks at observable markers of the "
    "interaction only, in the words alone. The labels behind its model come from trained "
    "language-model coders following the codebook, not from clinicians, and it has not been "
    "validated in practice."
)
NO_EPISODE = (
    "No strain was flagged in this session.",
    "That says little by itself: quiet strain is easily missed, and a session without flags is "
    "not thereby a good one.",
)
NOT_MEASURED = "How often such flags are wrong was not measured for this setup."
RISK_LIMITS = (
    "This comes from a screen that runs first and apart. It scores nothing, it misses things, and "
    "it says nothing about how great a risk is."
)
NO_RISK = (
    "The risk screen found nothing. It looks for explicit words and misses what is only hinted at."
)


@dataclass(frozen=True, slots=True)
class Flag:
    """A marker, move or misstep with its words.

    `probability` is that of any code of its family on the turn, which is what a flag rests on;
    `episode` is the number of its episode, or 0.
    """

    marker: Marker
    code: Code
    turn: int
    speaker: str
    quote: str
    values: tuple[str, ...]
    probability: float
    episode: int


@dataclass(frozen=True, slots=True)
class Beat:
    """One turn of an episode's story with everything flagged on it."""

    turn: int
    speaker: str
    quote: str
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An episode as told to people. `tag` is its letter and number, such as "W1".

    `story` holds its flagged turns in the order of the session, `readings` another reading for
    each code in it, `landings` how each kind of therapist's answer in it may land; `probability`
    is that of its clearest marker; `wrong` says how often flags of its kind are wrong.
    """

    number: int
    tag: str
    episode: Episode
    kind: Wording
    intensity: Wording
    state: Wording
    span: str
    story: tuple[Beat, ...]
    readings: tuple[tuple[str, str], ...]
    landings: tuple[tuple[Code, Landing], ...]
    considerations: tuple[Consideration, ...]
    probability: float
    wrong: str

    @property
    def title(self) -> str:
        """Such as "Withdrawal, micro"."""
        return f"{self.kind.name}, {self.intensity.name.lower()}"


def told_episodes(analysis: Analysis) -> tuple[Told, ...]:
    """Every episode in the order of the session."""
    return tuple(_told(analysis, i, e) for i, e in enumerate(analysis.episodes, start=1))


def _told(analysis: Analysis, index: int, episode: Episode) -> Told:
    signs = [m for m in episode.markers if m.decided]
    answers = [m for m in episode.moves if m.decided]
    return Told(
        number=index,
        tag=f"{episode.kind[0].upper()}{index}",
        episode=episode,
        kind=kind_words(episode.kind),
        intensity=INTENSITIES[episode.intensity],
        state=STATES[episode.state],
        span=span(episode.first, episode.last),
        story=_story([flag(analysis, marker, index) for marker in signs + answers]),
        readings=tuple((c.name, c.other) for c in _distinct(signs)),
        landings=tuple((c, landing(c.id)) for c in _distinct(answers)),
        considerations=considerations(episode),
        probability=max((_surest(m) for m in signs), default=0.0),
        wrong=how_often_wrong(analysis, episode.kind),
    )


def _story(found: list[Flag]) -> tuple[Beat, ...]:
    by_turn: dict[int, list[Flag]] = {}
    for flag in sorted(found, key=lambda flag: flag.turn):
        by_turn.setdefault(flag.turn, []).append(flag)
    return tuple(
        Beat(turn, here[0].speaker, max((f.quote for f in here), key=len), tuple(here))
        for turn, here in by_turn.items()
    )


def _surest(marker: Marker) -> float:
    return max(marker.probability, marker.family_probability)


def _distinct(markers: Iterable[Marker]) -> list[Code]:
    return [code(id) for id in dict.fromkeys(marker.code for marker in markers)]


def flag(analysis: Analysis, marker: Marker, episode: int = 0) -> Flag:
    """`marker` with its turn, speaker and words."""
    turn = analysis.session.turns[marker.turn]
    own = (e.quote for e in marker.evidence if e.quote and e.turn in (None, marker.turn))
    return Flag(
        marker=marker,
        code=code(marker.code),
        turn=marker.turn + 1,
        speaker=speaker_name(turn),
        quote=clean(next(own, turn.text)),
        values=tuple(_value(e) for e in marker.evidence if e.name and e.value is not None),
        probability=_surest(marker),
        episode=episode,
    )


def _value(evidence: Evidence) -> str:
    unit = "" if evidence.unit in evidence.name else evidence.unit
    return f"{evidence.name}: {plain_number(evidence.value or 0.0)} {unit}".strip()


def flags(analysis: Analysis, told: tuple[Told, ...]) -> tuple[Flag, ...]:
    """All decided markers and moves in the order of the session, with their episode."""
    owner = {(f.turn, f.code.id): t.number for t in told for b in t.story for f in b.flags}
    decided = [m for m in analysis.markers + analysis.moves if m.decided]
    decided.sort(key=lambda marker: marker.turn)
    return tuple(flag(analysis, m, owner.get((m.turn + 1, m.code), 0)) for m in decided)


def near_misses(analysis: Analysis) -> tuple[Flag, ...]:
    """What came close to a flag and was not flagged, in the order of the session."""
    near = [m for m in analysis.markers + analysis.moves if not m.decided]
    near.sort(key=lambda marker: marker.turn)
    return tuple(flag(analysis, marker) for marker in near)


# Sentences


def summary(analysis: Analysis) -> tuple[str, str]:
    """Two sentences: how many episodes of which kind, and how they ended."""
    episodes = analysis.episodes
    if not episodes:
        return NO_EPISODE
    kinds = joined(
        [_kind_count(kind, episodes) for kind in dict.fromkeys(e.kind for e in episodes)]
    )
    noun = "episode of strain is" if len(episodes) == 1 else "episodes of strain are"
    return (
        sentence(f"{_say(len(episodes), episodes)} {noun} flagged: {kinds}."),
        sentence(f"{_state_counts(episodes)}."),
    )


def _kind_count(kind: str, episodes: tuple[Episode, ...]) -> str:
    ours = [e for e in episodes if e.kind == kind]
    wording = kind_words(ours[0].kind)
    major = sum(e.intensity == "major" for e in ours)
    micro = len(ours) - major
    mixture = f"{major} major, {micro} micro"
    detail = mixture if major and micro else "major" if major else "micro"
    noun = wording.one if len(ours) == 1 else wording.several
    return f"{_say(len(ours), episodes)} {noun} ({detail})"


def _state_counts(episodes: tuple[Episode, ...]) -> str:
    counts = Counter(e.state for e in episodes)
    if len(episodes) == 1:
        return f"it {STATES[episodes[0].state].one}"
    return joined(
        [
            f"{_say(n, episodes)} {STATES[state].one if n == 1 else STATES[state].several}"
            for state, n in counts.items()
        ]
    )


def _say(count: int, episodes: tuple[Episode, ...]) -> str:
    """In words where every number of the summary is small, else in digits."""
    return number(count) if len(episodes) <= 12 else f"{count:,}"


def how_often_wrong(analysis: Analysis, kind: str = "any") -> str:
    """How many flags of a kind of episode are wrong, or that it was not measured."""
    own = "any" if f"precision_{kind}" not in analysis.reliability else kind
    wrong = wrong_of_100(analysis, own)
    if wrong is None:
        return NOT_MEASURED
    flagged = "flagged turns" if own == "any" else f"turns flagged as {own}"
    return (
        f"In evaluation, about {wrong} of 100 {flagged} were not confirmed by the reference labels."
    )


def wrong_of_100(analysis: Analysis, kind: str = "any") -> int | None:
    """How many of 100 turns flagged as a kind or family were not confirmed, if measured."""
    rate = analysis.reliability.get(f"precision_{kind}")
    return None if rate is None else round(100 * (1 - rate))


def error_rates(analysis: Analysis) -> tuple[str, ...]:
    """How often such flags are wrong and how much they miss, as sentences."""
    rates, told = analysis.reliability, [how_often_wrong(analysis)]
    if "sensitivity_any" in rates:
        found = round(100 * rates["sensitivity_any"])
        told.append(f"Of 100 turns that those labels flag, about {found} were found.")
    if "false_episodes_per_100_turns" in rates:
        per_hundred = rates["false_episodes_per_100_turns"]
        here = per_hundred * len(analysis.session.turns) / 100
        told.append(
            f"Expect about {plain_number(round(per_hundred, 1))} unconfirmed episodes in 100 "
            f"turns, and so about {plain_number(round(here, 1))} in a session of this length."
        )
    shown = {m.code for m in (*analysis.markers, *analysis.moves) if m.decided}
    few = [code(id).name.lower() for id in unproven_codes() if id in shown]
    if few:
        told.append(
            "Too few examples of real speech to know how well it does on these kinds named here: "
            f"{joined(few)}."
        )
    return tuple(told)


def all_notes(analysis: Analysis) -> tuple[Note, ...]:
    """The notes of reading and of the analysis, each once."""
    return tuple(dict.fromkeys(analysis.session.notes + analysis.notes))


def minutes(analysis: Analysis) -> int | None:
    """Minutes from the start to the last known time, or None without times."""
    known = [t for turn in analysis.session.turns for t in (turn.start, turn.end) if t is not None]
    return max(1, round(max(known) / 60)) if known else None


def people(analysis: Analysis) -> str:
    """Who speaks and in which role, such as "Ruth (therapist) and Tamsin (client)"."""
    turns = sorted(analysis.session.turns, key=lambda turn: turn.role != "therapist")
    seen = dict.fromkeys((speaker_name(turn), turn.role) for turn in turns)
    names = [name if name.lower() == role else f"{name} ({role})" for name, role in seen]
    return joined(names[:6] + ([counted(len(names) - 6, "other")] if len(names) > 6 else []))


def roles_told(analysis: Analysis) -> str:
    """How it came about who is the therapist."""
    guess = analysis.session.roles
    if guess is None:
        return "Who is who was given with the turns."
    sure = f" ({percent(guess.confidence)} sure)" if guess.by.startswith("inferred") else ""
    return f"{guess.why.rstrip('.')}{sure}."


def baseline_told(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    """The client's own habit as (name, value) pairs; empty if there is none."""
    own = analysis.baseline
    if own is None:
        return ()
    spread = f"{plain_number(own.words)} (usual spread ±{plain_number(own.words_mad)})"
    no_time = "not known, the transcript has no times"
    latency = no_time if own.latency is None else f"{plain_number(own.latency)} seconds"
    return (
        ("Words in a usual turn", spread),
        ("One or two words after an open question", percent(own.short_answers)),
        ("Usual time before the client speaks", latency),
        ("Words taken up from the therapist's last turn", percent(own.overlap)),
    )
