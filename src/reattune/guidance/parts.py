"""What guidance consists of: cited sentences, and the steps, moves, branches and lists of them.

Every sentence is a `Text` with an id that stays the same from version to version and in every
language; plans, notes and pages refer to that id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reattune.types import Intensity, Kind

Side = Literal["withdrawal", "confrontation"]
Phrases = Mapping[Side, Mapping[Intensity, tuple["Text", ...]]]

MIXED = (3, 2)
"""Of a mixed strain: phrasings for the confrontation first, then for the withdrawal."""


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or phrase shown to users.

    `id` is file and keys, such as `steps.notice.aim`; `sources` ids of `Source`, the main one
    first. The words are ours unless `quote`: then they are a brief quotation of that source.
    """

    id: str
    text: str
    sources: tuple[str, ...]
    quote: bool = False

    @property
    def key(self) -> str:
        """The last part of the id, to store as a choice."""
        return self.id.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Source:
    """Where words come from: how to name it, the full citation, and how strong it is."""

    id: str
    short: str
    citation: str
    strength: str


@dataclass(frozen=True, slots=True)
class Section:
    """A titled list: `intro` says what it is for, `items` are its sentences in order."""

    id: str
    name: str
    intro: Text
    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Lands:
    """Why a therapist's move may land `badly` with the client, and when it may land `well`."""

    badly: Text
    well: Text


@dataclass(frozen=True, slots=True)
class SideGuide:
    """One of the two kinds of strain.

    `meaning` what it is, `needs` what the client may need, `missed` why it is overlooked,
    `approach` how to come closer, `signs` what to watch beyond the words of the session.
    """

    id: Side
    name: str
    meaning: Text
    needs: Text
    missed: Text
    approach: Text
    signs: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class IntensityGuide:
    """Micro or major: what it is, in `brief` what it asks of the therapist, and in full."""

    id: Intensity
    name: str
    meaning: Text
    brief: Text
    asks: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One of the five steps of repair; `number` is its place in the default order.

    `codes` are the repair moves of the codebook that serve it, `brief` its aim in a line,
    `listen` what to listen for, `phrases` three to five wordings for each kind and intensity,
    `quotes` example phrases of the articles, `avoid` what not to do, `landed` signs that the step
    has landed, `evidence` how strong its basis is.
    """

    number: int
    id: str
    name: str
    codes: tuple[str, ...]
    aim: Text
    brief: Text
    listen: tuple[Text, ...]
    phrases: Phrases
    quotes: tuple[Text, ...]
    avoid: tuple[Text, ...]
    landed: tuple[Text, ...]
    lands: Lands
    evidence: Text


@dataclass(frozen=True, slots=True)
class Move:
    """One of the four moves of repair, a way of speaking that serves the steps numbered `steps`.

    The other fields are those of `Step`.
    """

    id: str
    name: str
    codes: tuple[str, ...]
    steps: tuple[int, ...]
    aim: Text
    brief: Text
    listen: tuple[Text, ...]
    phrases: Phrases
    quotes: tuple[Text, ...]
    avoid: tuple[Text, ...]
    landed: tuple[Text, ...]
    lands: Lands
    evidence: Text


@dataclass(frozen=True, slots=True)
class Watch:
    """A quiet watch: remind after `remind` sessions, let it end after `expires` sessions."""

    remind: int
    expires: int


@dataclass(frozen=True, slots=True)
class Branch:
    """A hard case: `when` it applies, what to `do`, what one might `say`, what to `avoid`.

    `codes` are codes of the codebook that suggest it; `watch` is set where waiting is advised.
    """

    id: str
    name: str
    codes: tuple[str, ...]
    when: Text
    do: tuple[Text, ...]
    say: tuple[Text, ...]
    avoid: tuple[Text, ...]
    consult: Text
    watch: Watch | None = None


@dataclass(frozen=True, slots=True)
class Misstep:
    """A misstep of the codebook, `code`, and what to do instead.

    `dont` and `do` are the pair for a sheet; `instead` two or three rewordings to stand beside
    the therapist's own turn; `own` is for a therapist who knows this of themselves.
    """

    code: str
    dont: Text
    do: Text
    lands: Lands
    instead: tuple[Text, ...]
    own: Text


@dataclass(frozen=True, slots=True)
class LetterPart:
    """A part of the referral letter with {placeholders}; some parts may be left out."""

    id: str
    name: str
    text: Text
    optional: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """When repair is not possible: a thoughtful ending, counted as an outcome.

    `sections` are reasons, naming, validation, options, last_session and follow_up, in the order
    of the work; `placeholders` are the names that the letter's texts may leave open.
    """

    outcome: Text
    brief: tuple[Text, ...]
    sections: Mapping[str, Section]
    letter_intro: Text
    letter: tuple[LetterPart, ...]
    placeholders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TherapistSide:
    """Prompts for a private journal in groups, a list for self-care, when to take it further."""

    privacy: Text
    reflection: Mapping[str, Section]
    self_care: Section
    consult: Section


@dataclass(frozen=True, slots=True)
class StepState:
    """What a state of a step is called and means."""

    id: str
    name: str
    meaning: Text


@dataclass(frozen=True, slots=True)
class Answer:
    """The client's last answer to a strain, and an opening for each kind and intensity."""

    id: str
    name: str
    meaning: Text
    openings: Mapping[Side, Mapping[Intensity, Text]]


@dataclass(frozen=True, slots=True)
class Planning:
    """The words of a plan: states of a step, prompts, openings by last answer, timing."""

    states: Mapping[str, StepState]
    prompts: Mapping[str, Text]
    answers: Mapping[str, Answer]
    timing: Section


@dataclass(frozen=True, slots=True)
class Rule:
    """A suggestion after an episode, with its conditions ("" always holds) and its rank."""

    id: str
    text: Text
    rank: int
    kind: str = ""
    intensity: str = ""
    state: str = ""
    marker: str = ""
    misstep: str = ""


@dataclass(frozen=True, slots=True)
class Guidance:
    """All of it, in one language.

    `order` says how far the order of steps holds, `unsupported` what the evidence does not
    support, `needs` what a client may need after each client code, `labels` and `sheet` the words
    of the reference sheet; `texts` is every sentence by id, `untranslated` the ids that an
    overlay leaves in English.
    """

    version: str
    language: str
    sources: Mapping[str, Source]
    unsupported: tuple[Text, ...]
    order: tuple[Text, ...]
    sides: Mapping[Side, SideGuide]
    intensities: Mapping[Intensity, IntensityGuide]
    needs: Mapping[str, Text]
    steps: tuple[Step, ...]
    moves: Mapping[str, Move]
    branches: Mapping[str, Branch]
    missteps: Mapping[str, Misstep]
    ending: Ending
    therapist: TherapistSide
    planning: Planning
    rules: tuple[Rule, ...]
    labels: Mapping[str, str]
    sheet: Mapping[str, Text]
    texts: Mapping[str, Text]
    untranslated: tuple[str, ...] = ()

    def step(self, which: int | str) -> Step:
        """The step with this number or id; KeyError if there is none."""
        for step in self.steps:
            if which in (step.number, step.id):
                return step
        raise KeyError(which)

    def phrasings(self, which: int | str, kind: Kind, intensity: Intensity) -> tuple[Text, ...]:
        """Three to five wordings of a step (number or id) or move (id) for this strain.

        For a mixed strain the objection comes first. KeyError if there is no such step or move.
        """
        move = self.moves.get(str(which))
        part: Step | Move = move if move is not None else self.step(which)
        if kind != "mixed":
            return part.phrases[kind][intensity]
        against, away = MIXED
        return (
            *part.phrases["confrontation"][intensity][:against],
            *part.phrases["withdrawal"][intensity][:away],
        )

    def serving(self, code: str) -> Step | Move:
        """The step or move that a repair code of the codebook serves; KeyError for others."""
        parts: list[Step | Move] = [*self.steps, *self.moves.values()]
        for part in parts:
            if part.codes[0] == code:
                return part
        raise KeyError(code)

    def lands(self, code: str) -> Lands:
        """How a repair move or misstep may land with the client; KeyError for other codes."""
        return self.missteps[code].lands if code in self.missteps else self.serving(code).lands

    def named(self, text: Text) -> str:
        """The sources of a text, named in short, such as "Kaira; Chen et al. 2018"."""
        return "; ".join(self.sources[id].short for id in text.sources)
