"""What the session page shows, worked out once from a session's rows.

It says what the HTML report says, with what people said of each flag beside it. Turn numbers in
here count from 1, as people do and as the page's anchors (#t41) do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from reattune import types
from reattune.codebook import Code, code
from reattune.guidance import Source
from reattune.report.consider import load_guidance
from reattune.report.strip import Strip, build_strip
from reattune.report.transcript import Piece, Row, rows
from reattune.report.view import Flag, Told, flag, flags, told_episodes, wrong_of_100
from reattune.report.words import ROLES
from reattune.types import Marker
from reattune.web.reviews import models, results
from reattune.web.reviews.labels import (
    ADDED,
    BY,
    CONFIRMED,
    DISMISSED,
    RELABELED,
    Standing,
)

FLAGGED, NEAR = "flagged", "near"


@dataclass(frozen=True, slots=True)
class Mark:
    """A flag on a turn with the word that settles it, None while nobody said any.

    `state` is "flagged" or "near" as the model left it, or the verdict; `key` the code to judge by;
    `wrong` how many of 100 flags of its family did not hold, None where that was not measured.
    """

    flag: Flag
    said: models.Judgement | None
    state: str
    wrong: int | None

    @property
    def key(self) -> str:
        """The code that a further word on this flag is about."""
        return self.said.code if self.said else self.flag.code.id

    @property
    def was(self) -> Code | None:
        """The code that this one was set in the place of, if it is another."""
        other = self.said is not None and self.said.to and self.said.code != self.flag.code.id
        return code(self.said.code) if self.said and other else None


@dataclass(frozen=True, slots=True)
class Card:
    """An episode with what people said: how many of its `signs` are `settled` by hand, and
    `noticed`, whether the therapist noticed it at the time (None: not answered).

    `surest` is the probability of the clearest sign that nobody settled, None if all are.
    """

    told: Told
    noticed: bool | None
    signs: int
    settled: int
    surest: float | None
    wrong: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A turn of the transcript: its row as in the report, and what people did with it.

    `card` is there on the first turn of an episode; `frame` is what other turns can change.
    """

    row: Row
    marks: tuple[Mark, ...]
    near: tuple[Mark, ...]
    remarks: tuple[models.Note, ...]
    card: Card | None
    words: SafeString
    css: str

    @property
    def number(self) -> int:
        """The turn, from 1."""
        return self.row.number

    @property
    def beside(self) -> bool:
        """Whether anything stands beside the turn."""
        return bool(self.marks or self.near or self.remarks or self.row.risks)

    @property
    def frame(self) -> tuple[object, ...]:
        """What of this turn a word on another turn can change."""
        told = self.card.told if self.card else None
        opening = (told.tag, told.title, told.span, told.episode.state) if told else None
        return self.css, opening


@dataclass(frozen=True, slots=True)
class Tally:
    """How far the therapist has come with the flags, and what was said of them."""

    flags: int
    judged: int
    confirmed: int
    dismissed: int
    relabeled: int
    added: int
    episodes: int
    noticed: int


@dataclass(frozen=True)
class Page:
    """All of the page. `analysis.by` is empty while no model has read the session.

    `misses` counts near misses that nobody judged; `near_shown` says whether the lines have them;
    `notes` are those on the session as a whole.
    """

    session: models.Session
    analysis: types.Analysis
    standing: Standing
    told: tuple[Told, ...]
    flags: tuple[Flag, ...]
    cards: tuple[Card, ...]
    lines: tuple[Line, ...]
    misses: int
    near_shown: bool
    notes: tuple[models.Note, ...]

    @cached_property
    def strip(self) -> Strip | None:
        """The session from left to right."""
        if not self.analysis.session.turns:
            return None
        return build_strip(self.analysis, self.told, self.flags)

    @cached_property
    def tally(self) -> Tally:
        """The counts, human labels in."""
        states = Counter(mark.state for line in self.lines for mark in line.marks)
        judged = states[CONFIRMED] + states[DISMISSED] + states[RELABELED]
        return Tally(
            flags=judged + states[FLAGGED],
            judged=judged,
            confirmed=states[CONFIRMED],
            dismissed=states[DISMISSED],
            relabeled=states[RELABELED],
            added=states[ADDED],
            episodes=sum(card.noticed is not None for card in self.cards),
            noticed=sum(card.noticed is True for card in self.cards),
        )

    @cached_property
    def kinds(self) -> list[tuple[str, int, int]]:
        """Kind, episodes of it, major ones, in the order they occur."""
        count = Counter(t.episode.kind for t in self.told)
        major = Counter(t.episode.kind for t in self.told if t.episode.intensity == "major")
        return [(kind, n, major[kind]) for kind, n in count.items()]

    @cached_property
    def states(self) -> list[tuple[str, str, int]]:
        """How episodes ended: state, its name, episodes."""
        count = Counter((t.episode.state, t.state.name) for t in self.told)
        return [(state, name, n) for (state, name), n in count.items()]

    @cached_property
    def moves(self) -> list[Flag]:
        """Repair moves and missteps in the order of the session."""
        return [f for f in self.flags if f.marker.family in ("repair", "misstep")]

    @cached_property
    def wrong(self) -> int | None:
        """How many of 100 flagged turns did not hold in evaluation."""
        return wrong_of_100(self.analysis, "any")

    @cached_property
    def sources(self) -> list[Source]:
        """The sources that the cards name, in the order they first name them."""
        used = [item.source for t in self.told for item in t.considerations]
        used += [land.source for t in self.told for _, land in t.landings]
        return [load_guidance().sources[id] for id in dict.fromkeys(used)]


def build(session: models.Session, *, near: bool = False) -> Page:
    """The page of a session as it stands now; with `near`, near misses on their turns."""
    analysis, standing = results.load(session) or results.bare(session)
    told = told_episodes(analysis)
    found = flags(analysis, told)
    remarks, noticed = list(session.remarks.select_related("author")), answers(session)
    cards = tuple(card_of(t, noticed, wrong_of(analysis, t.episode.kind)) for t in told)
    close = open_misses(analysis, standing)
    marks = marks_of(analysis, standing, found)
    misses = near_marks(analysis, close) if near else {}
    beside = by_turn(remarks)
    lines = tuple(
        line_of(row, marks.get(row.number, ()), misses.get(row.number, ()), beside, cards)
        for row in rows(analysis, told, found, ())
    )
    whole = tuple(beside.get(0, ()))
    return Page(session, analysis, standing, told, found, cards, lines, len(close), near, whole)


def line_of(
    row: Row,
    marks: Iterable[Mark],
    near: Iterable[Mark],
    beside: dict[int, list[models.Note]],
    cards: tuple[Card, ...],
) -> Line:
    """One turn with all that stands beside it."""
    told, marks, remarks = row.told, tuple(marks), tuple(beside.get(row.number, ()))
    css = f"turn {row.turn.role}"
    if row.close or remarks:
        css += " close"
    if told is not None:
        css += f" in {told.episode.kind} {told.episode.intensity}"
    if marks:
        css += " flagged"
    return Line(
        row=row,
        marks=marks,
        near=tuple(near),
        remarks=remarks,
        card=cards[told.number - 1] if told is not None and row.opens else None,
        words=marked_up(row.pieces),
        css=css,
    )


def role_told(speaker: str, role: types.Role) -> str:
    """The speaker's role where the name does not say it, else ""."""
    return "" if speaker.lower() == role else _(ROLES[role])


def marked_up(pieces: tuple[Piece, ...]) -> SafeString:
    """A turn's words as HTML: those that a flag rests on, and marks such as [laughs], set off."""
    made = []
    for piece in pieces:
        text = escape(piece.text)
        if piece.aside:
            text = f'<span class="mark">{text}</span>'  # type: ignore[assignment]
        elif piece.quoted:
            text = f"<mark>{text}</mark>"  # type: ignore[assignment]
        made.append(text)
    return mark_safe("".join(made))  # each piece is escaped above


def card_of(told: Told, noticed: dict[int, bool], wrong: int | None) -> Card:
    """An episode's card. The answer on any of its turns is the episode's: they may have changed
    which is its first."""
    signs = [m for m in told.episode.markers if m.decided]
    own = [m for m in signs if m.by != BY]
    first, last = told.episode.first, told.episode.last
    said = [yes for turn, yes in noticed.items() if first <= turn < last]
    return Card(
        told=told,
        noticed=said[-1] if said else None,
        signs=len(signs),
        settled=len(signs) - len(own),
        surest=max((max(m.probability, m.family_probability) for m in own), default=None),
        wrong=wrong,
    )


def wrong_of(analysis: types.Analysis, kind: str) -> int | None:
    """How many of 100 flags of a kind or family did not hold, of all where that is not known."""
    own = wrong_of_100(analysis, kind)
    return wrong_of_100(analysis) if own is None else own


def answers(session: models.Session) -> dict[int, bool]:
    """Turn (from 0) -> whether it was noticed at the time, the latest answer last."""
    found: dict[int, bool] = {}
    for turn, yes in session.noticed.order_by("id").values_list("turn", "yes"):
        found.pop(turn, None)
        found[turn] = yes
    return found


def marks_of(
    analysis: types.Analysis, standing: Standing, found: tuple[Flag, ...]
) -> dict[int, list[Mark]]:
    """The flags on each turn that has any, dismissed ones among them."""
    gone = [
        flag(analysis, m)
        for m in standing.all
        if not m.decided and state_of(m, standing) == DISMISSED
    ]
    made: dict[int, list[Mark]] = defaultdict(list)
    for one in sorted((*found, *gone), key=lambda f: f.turn):
        made[one.turn].append(mark_of(analysis, standing, one))
    return made


def mark_of(analysis: types.Analysis, standing: Standing, one: Flag) -> Mark:
    """A flag with the word that settles it."""
    marker = one.marker
    said = standing.word.get((marker.turn, marker.code))
    return Mark(one, said, state_of(marker, standing), wrong_of(analysis, marker.family))


def state_of(marker: Marker, standing: Standing) -> str:
    """How a marker stands: "flagged", "near", or by which verdict; "relabeled" also for one that
    another was set in the place of."""
    said = standing.word.get((marker.turn, marker.code))
    if said is not None:
        return said.verdict
    return FLAGGED if marker.decided else NEAR


def open_misses(analysis: types.Analysis, standing: Standing) -> list[Marker]:
    """What came close to a flag, and nobody said a word on."""
    every = (*analysis.markers, *analysis.moves)
    return [m for m in every if not m.decided and state_of(m, standing) == NEAR]


def near_marks(analysis: types.Analysis, misses: list[Marker]) -> dict[int, list[Mark]]:
    """Near misses by turn."""
    made: dict[int, list[Mark]] = defaultdict(list)
    for marker in misses:
        one = flag(analysis, marker)
        made[one.turn].append(Mark(one, None, NEAR, None))
    return made


def by_turn(remarks: Iterable[models.Note]) -> dict[int, list[models.Note]]:
    """Notes by turn from 1, those on the whole session under 0."""
    made: dict[int, list[models.Note]] = defaultdict(list)
    for remark in remarks:
        made[0 if remark.turn is None else remark.turn + 1].append(remark)
    return made
