"""Reading a reply: the repair moves and missteps that the marker model sees in it, and where.

The model reads the reply with the thresholds of the pipeline, as shipped (a user's own calibration
is left aside, so that scenarios behave alike everywhere). Its probabilities are the mean of three
views of what came before, since by the whole dialogue alone one repair move makes it expect
another. A sentence that shows a further move by itself is read too, a few turns of phrase
(`cues.toml`), and where no repair move was read, likeness to a phrasing of guidance
(`likeness.py`); each reading says which it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from reattune.calibration import Scores, calibrate, carriers, shares_of
from reattune.codebook import CODES, FAMILIES, code, columns
from reattune.features import SHIFTS, contexts, cue_table, table, words
from reattune.language import looks_english
from reattune.markers import split_sentences
from reattune.model import load_model
from reattune.practice.cues import load_cues, matching
from reattune.practice.likeness import BY, SURE, alike, phrasings
from reattune.practice.rules import load_rules
from reattune.thresholds import OperatingPoint, operating_point, unproven_codes
from reattune.types import Family, Session

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

POINT, ALONE = "balanced", "few"
"""Operating points: of the whole reply, and the stricter one of a sentence read by itself."""

READ: tuple[Family, ...] = ("repair", "misstep")
OTHER = 0.6  # probability of the other family from which a cue is not used
RUN = 3  # words of the runs that are compared to find the same words again
SENTENCES = 12  # sentences of a reply that are read one by one; more would take too long
FROM = 10  # words from which the variety of a reply is looked at

Said = tuple[str, str]
"""(speaker, words); the speaker "T" or "C"."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One repair move or misstep read in a reply.

    `probability` is the calibrated probability of the code; `quote` the words that carry it, at
    characters `[first, last)` of the reply; `decided` False for a near miss, which moves nothing.
    `ignored` says why a decided one was not counted, "" if it was.
    """

    code: str
    family: Family
    probability: float
    quote: str
    first: int
    last: int
    by: str
    why: str
    decided: bool = True
    ignored: str = ""

    @property
    def counts(self) -> bool:
        """Whether it moves the state."""
        return self.decided and not self.ignored


@dataclass(frozen=True, slots=True)
class Heard:
    """What was read in a reply; `unscored` is a key of [unscored] in rules.toml, or ""."""

    readings: tuple[Reading, ...]
    unscored: str = ""


def read_reply(
    dialogue: Sequence[Said], reply: str, *, before: int = 0, strained: bool = True
) -> Heard:
    """What is read in a reply to this dialogue, in order of the codebook.

    `before` is how many lines at its beginning show what led to the strain; `strained` whether
    the client's last line shows one.
    """
    unscored = why_unscored(dialogue, reply)
    if unscored not in ("", "long"):
        return Heard((), unscored)
    found = _read(_views(dialogue, before), reply, strained)
    return Heard(tuple(_judged(dialogue, found, unscored)), unscored)


def _views(dialogue: Sequence[Said], before: int) -> list[list[Said]]:
    """What the model is shown before the reply: three views of the dialogue, at times the same.

    The dialogue so far, where after one move the model expects another; the lines that led to the
    strain with the client's last line; and that line alone.
    """
    lately = load_rules().limits.window - 1
    return [[*dialogue[-lately:]], [*dialogue[:before], *dialogue[-1:]], [*dialogue[-1:]]]


def prepare() -> None:
    """Load what reading needs, once a process, so that the first reply is as quick as the rest."""
    load_rules()
    load_cues()
    phrasings()


def _judged(dialogue: Sequence[Said], found: Sequence[Reading], unscored: str) -> Iterator[Reading]:
    """The readings with those set aside that a rule of [unscored] concerns."""
    for reading in found:
        ignored = ""
        if unscored and reading.family == "repair":
            ignored = unscored
        elif is_again(reading.quote, dialogue) and len(words(reading.quote)) > RUN:
            ignored = "same"
        elif is_weaker(reading, found):
            ignored = "weaker"
        yield replace(reading, ignored=ignored)


def is_weaker(reading: Reading, found: Sequence[Reading]) -> bool:
    """Whether the same words were read as of the other family, much more surely."""
    return any(
        reading.probability <= load_rules().limits.weaker * other.probability
        for other in found
        if other.decided and other.family != reading.family and other.quote == reading.quote
    )


# What is not scored


def why_unscored(dialogue: Sequence[Said], reply: str) -> str:
    """The key of [unscored] for a reply that is not scored, else ""."""
    limits, said = load_rules().limits, words(reply)
    if not said:
        return "empty"
    if len(said) < limits.fewest:
        return "short"
    if (looks_english(reply) or 0) < limits.english:
        return "foreign"
    if len(said) >= FROM and len(set(said)) < limits.varied * min(len(said), 60):
        return "varied"
    if is_again(reply, dialogue):
        return "same"
    return "long" if len(said) > limits.most else ""


def is_again(text: str, dialogue: Sequence[Said]) -> bool:
    """Whether most of these words, in runs of three, were said before in this dialogue."""
    own = runs(text)
    limit = load_rules().limits.same
    return any(len(own & runs(said)) >= limit * len(own) for _, said in dialogue)


@lru_cache(maxsize=512)
def runs(text: str) -> frozenset[tuple[str, ...]]:
    """The runs of three words in a text; a shorter text is one run."""
    said = words(text)
    return frozenset(tuple(said[i : i + RUN]) for i in range(max(1, len(said) - RUN + 1)))


# The model


def _read(views: Sequence[Sequence[Said]], reply: str, strained: bool) -> list[Reading]:
    """The readings of the whole reply, of its sentences, and by cues; of each code the surest."""
    whole, sentences = _scores(views, reply), split_sentences(reply)[:SENTENCES]
    each = {s: _scores(views, s) for s in sentences} if sentences[1:] else {}
    found = {reading.code: reading for reading in _whole(reply, whole, each)}
    further = [one for s, scores in each.items() for one in _alone(reply, s, scores)]
    for reading in (*further, *_cued(reply, whole, strained)):
        known = found.get(reading.code)
        if not known or not known.decided or reading.probability > known.probability:
            found[reading.code] = reading
    moved = any(one.decided and one.family == "repair" for one in found.values())
    if strained and not moved and whole.families["misstep"] < OTHER:
        found |= {reading.code: reading for reading in _alike(reply, sentences)}
    return sorted(found.values(), key=lambda reading: CODES.index(reading.code))


def _whole(reply: str, scores: Scored, each: Mapping[str, Scored]) -> Iterator[Reading]:
    """The codes that the reply as a whole shows, decided ones and near misses."""
    point, by = operating_point(POINT), load_model().by
    for column, probability, decided in _found(scores, point, point.near):
        quote = _quote(reply, each, column)
        yield _reading(reply, quote, CODES[column], probability, by, decided=decided)


def _quote(reply: str, each: Mapping[str, Scored], column: int) -> str:
    """The sentence with a turn of phrase of the code, else the one likeliest to carry it alone."""
    cue = next((cue for cue in load_cues()[1] if cue.code == CODES[column]), None)
    likely = sorted(each, key=lambda sentence: -each[sentence].codes[column])
    cued = [sentence for sentence in likely if cue and matching(cue, sentence)]
    return (cued or likely or [reply.strip()])[0]


def _alone(reply: str, sentence: str, scores: Scored) -> Iterator[Reading]:
    """The codes that a sentence shows where it stands for the whole reply, surely enough."""
    by = f"{load_model().by}, sentence alone"
    if len(words(sentence)) > RUN:
        for column, probability, _ in _found(scores, operating_point(ALONE), 1.0):
            yield _reading(reply, sentence, CODES[column], probability, by)


def _cued(reply: str, scores: Scored, strained: bool) -> Iterator[Reading]:
    """The codes that a turn of phrase shows, unless the model is fairly sure of the other kind."""
    by, cues = load_cues()
    for cue in cues:
        if cue.code == "ignoring" and not strained:
            continue
        other = scores.families["misstep" if code(cue.code).family == "repair" else "repair"]
        place = matching(cue, reply)
        if place and other < OTHER:
            quote = next((s for s in split_sentences(reply) if matching(cue, s)), reply)
            yield _reading(reply, quote, cue.code, cue.sure, by)


def _alike(reply: str, sentences: Sequence[str]) -> Iterator[Reading]:
    """The codes of phrasings of guidance that sentences of the reply are like."""
    texts = [s for s in sentences if len(words(s)) > RUN]
    if texts:
        for sentence, phrasing in zip(texts, alike(_vectors(texts)), strict=True):
            if phrasing:
                yield _reading(reply, sentence, phrasing.codes[0], SURE, BY)


@dataclass(frozen=True, slots=True)
class Scored:
    """A reply's probabilities: `codes` float32 (26,), and of the families in READ."""

    codes: Array
    families: dict[Family, float]


def _found(
    scores: Scored, point: OperatingPoint, least: float
) -> Iterator[tuple[int, float, bool]]:
    """(column, probability, decided) of the codes from `least` of the threshold upward."""
    for family, chance in scores.families.items():
        if chance >= least * point.decide[family]:
            for column in _named(scores.codes, family, point):
                yield column, float(scores.codes[column]), chance >= point.decide[family]


def _scores(views: Sequence[Sequence[Said]], reply: str) -> Scored:
    """The mean over the views of the probabilities of a reply."""
    import numpy as np

    rows = [_score_one((*view, ("T", reply))) for view in views]
    families = np.mean([row.families[0] for row in rows], axis=0)
    return Scored(
        np.mean([row.codes[0] for row in rows], axis=0),
        {family: float(families[FAMILIES.index(family)]) for family in READ},
    )


@lru_cache(maxsize=2048)
def _score_one(turns: tuple[Said, ...]) -> Scores:
    """The calibrated scores of the last of these turns, the therapist's; those of late are kept."""
    model, session = load_model(), Session.from_turns(turns)
    raw = model.read_sequence(_vectors([t.text for t in session.turns]), cue_table(session))
    shifts = table(SHIFTS, contexts(session))
    return calibrate(raw[-1:], shifts[-1:], carriers(["therapist"]), model.stage)


def _named(codes: Array, family: Family, point: OperatingPoint) -> list[int]:
    """The likeliest code's column, and any other with enough of the family's probability."""
    own = list(columns(family))
    share = shares_of(codes[own])
    first = int(share.argmax())
    return [c for k, c in enumerate(own) if k == first or share[k] >= point.second]


def _reading(
    reply: str, quote: str, id: str, probability: float, by: str, *, decided: bool = True
) -> Reading:
    if quote not in reply:  # a sentence that was cut with its blanks tidied
        quote = reply.strip()
    first = reply.find(quote)
    last, own = first + len(quote), code(id)
    return Reading(id, own.family, round(probability, 4), quote, first, last, by, own.why, decided)


def _vectors(texts: Sequence[str]) -> Array:
    """float32 (n, 384): the vector of each text; those of late are kept."""
    import numpy as np

    return np.array([_vector(text) for text in texts], np.float32)


@lru_cache(maxsize=512)
def _vector(text: str) -> Array:
    vector: Array = load_model().encode([text])[0]
    return vector


# How often it is wrong


def share_right(family: Family) -> float:
    """The share of such readings that the coders of real transcripts agreed with, 0 to 1."""
    return operating_point(POINT).reliability[f"precision_{family}"]


def is_unproven(code: str) -> bool:
    """Whether too few such turns of real speech were coded for anything to be known about it."""
    return code in unproven_codes()
