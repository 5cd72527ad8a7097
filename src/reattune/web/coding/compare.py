"""An own coding beside the model's and any second coder's, moment by moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reattune import codings
from reattune.codebook import CODES, Code, code
from reattune.web.coding import coded, figures
from reattune.web.coding.lines import Shown, label_of, turns_of
from reattune.web.coding.marks import family_of, fits, pair_of, standing
from reattune.web.coding.models import SOMETHING, Coding, Talk
from reattune.web.coding.moments import Moment, Seen, moments_of
from reattune.web.reviews.labels import ADDED, CONFIRMED, current, latest
from reattune.web.reviews.models import Session, Turn
from reattune.web.reviews.regions import quoted

OWN, MODEL = "own", coded.MODEL
Taken = set[tuple[int, str]]
"""Turns and codes that are labels already."""


@dataclass(frozen=True, slots=True)
class Coder:
    """Somebody in a comparison; `coding` is None for the model."""

    key: str
    name: str
    coding: Coding | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A mark as it is compared: on which turn, from 1, and the codes it can become a label as.

    `labels` is empty for marks of others, and where the label is there (`taken`).
    """

    number: int
    mark: Shown
    labels: tuple[Code, ...] = ()
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A moment side by side: each coder's marks, the words of the marked turns, the talk on it."""

    moment: Moment
    columns: tuple[tuple[str, tuple[Cell, ...]], ...]
    quotes: tuple[tuple[int, str, SafeString], ...]
    talk: Talk | None

    @property
    def number(self) -> int:
        """Its first turn, from 1."""
        return self.moment.first + 1


@dataclass(frozen=True, slots=True)
class Pair:
    """One's own coding against one other's."""

    name: str
    report: figures.Report | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of the page; `wrong` is how many of 100 flags did not hold, None if not measured."""

    coders: tuple[Coder, ...]
    both: tuple[Card, ...]
    only_own: tuple[Card, ...]
    not_own: tuple[Card, ...]
    pairs: tuple[Pair, ...]
    wrong: int | None
    left_out: int
    has_model: bool

    @property
    def cards(self) -> tuple[Card, ...]:
        """Every moment in the order of the session."""
        return tuple(sorted((*self.both, *self.only_own, *self.not_own), key=lambda c: c.number))

    @property
    def list(self) -> tuple[Card, ...]:
        """The moments on the list to discuss."""
        return tuple(card for card in self.cards if card.talk and card.talk.state != "off")

    @property
    def model(self) -> tuple[int, int]:
        """How many of the model's moments were marked, and how many it has."""
        seen = [c for c in self.cards if MODEL in c.moment.who]
        return sum(OWN in c.moment.who for c in seen), len(seen)

    @property
    def agreed(self) -> tuple[int, int] | None:
        """The same of the moments that the model and another coder saw; None without one."""
        others = {coder.key for coder in self.coders} - {OWN, MODEL}
        if not others or not self.has_model:
            return None
        seen = [c for c in self.cards if MODEL in c.moment.who and others & c.moment.who]
        return sum(OWN in c.moment.who for c in seen), len(seen)


def others_of(session: Session, coding: Coding) -> list[Coder]:
    """The second coders whose marks may be seen: both are done, or a file was taken in."""
    found = []
    for pairing in session.pairings.select_related("coder").prefetch_related("codings"):
        pair = pair_of(pairing)
        if pair is not None and pairing.level == "turn":
            found.append(Coder(str(pair[1].pk), str(pairing.coder), pair[1]))
    files = session.codings.filter(coder=None, pairing=None).exclude(done_at=None)
    found += [Coder(str(one.pk), one.label, one) for one in files]
    return [one for one in found if one.coding != coding]


def compare(coding: Coding) -> Comparison:
    """The comparison of an own coding that is done."""
    session = coding.session
    turns = turns_of(session, 0, session.turn_count)
    model = coded.coded_by_model(session, turns)
    coders = [Coder(OWN, _("You"), coding)]
    coders += [Coder(MODEL, _("The model"))] if model else []
    coders += others_of(session, coding)
    moments = moments_of(one for coder in coders for one in seen_by(coder, session, turns, coding))
    cards = cards_of(moments, coders, coding, turns)
    analysis = current(session)
    rate = analysis.payload.get("reliability", {}).get("precision_any") if analysis else None
    own = coded.coded(coding, turns)
    return Comparison(
        coders=tuple(coders),
        both=tuple(c for c in cards if OWN in c.moment.who and len(c.moment.who) > 1),
        only_own=tuple(c for c in cards if c.moment.who == {OWN}),
        not_own=tuple(c for c in cards if OWN not in c.moment.who),
        pairs=tuple(pair_with(own, coder, model, turns) for coder in coders[1:]),
        wrong=None if rate is None else round(100 * (1 - rate)),
        left_out=sum(
            m.code == SOMETHING for own in standing(coding.marks.all()).values() for m in own
        ),
        has_model=model is not None,
    )


def coded_together(coding: Coding) -> list[codings.Coding]:
    """All the codings of a comparison, for a file."""
    turns = turns_of(coding.session, 0, coding.session.turn_count)
    model = coded.coded_by_model(coding.session, turns)
    others = [c.coding for c in others_of(coding.session, coding) if c.coding is not None]
    made = [coded.coded(one, turns) for one in (coding, *others)]
    return [*made, model] if model else made


def pair_with(
    own: codings.Coding, coder: Coder, model: codings.Coding | None, turns: Sequence[Turn]
) -> Pair:
    """How far one agrees with one other."""
    other = coded.coded(coder.coding, turns) if coder.coding else model
    assert other is not None  # the model is among the coders only if it has read the session
    return Pair(coder.name, figures.of_turns([own, other]))


def seen_by(
    coder: Coder, session: Session, turns: Sequence[Turn], coding: Coding
) -> Iterable[Seen]:
    """The marks of a coder on the turns that one coded oneself."""
    roles = {turn.number: turn.role for turn in turns}
    first, last = coding.span
    if coder.coding is None:
        rows = ((m.turn, m.code, m.intensity, "") for m in coded.flagged(session))
    else:
        marks = standing(coder.coding.marks.all()).values()
        rows = ((m.turn, m.code, m.intensity, m.note) for own in marks for m in own)
    for turn, id, intensity, note in rows:
        if first <= turn < last and fits(id, roles.get(turn, "")):
            yield Seen(coder.key, turn, id, intensity, note)


def cards_of(
    moments: Iterable[Moment], coders: Sequence[Coder], coding: Coding, turns: Sequence[Turn]
) -> list[Card]:
    """The moments with what stands in them."""
    talks = list(coding.talks.all())
    taken = taken_of(coding.session)
    return [
        Card(
            moment=moment,
            columns=tuple(
                (coder.name, tuple(cell_of(s, taken) for s in moment.by(coder.key)))
                for coder in coders
            ),
            quotes=quotes_of(moment, turns),
            talk=next((t for t in reversed(talks) if moment.first <= t.turn < moment.last), None),
        )
        for moment in moments
    ]


def quotes_of(moment: Moment, turns: Sequence[Turn]) -> tuple[tuple[int, str, SafeString], ...]:
    """The marked turns: number from 1, role, words."""
    return tuple(
        (n + 1, turns[n].role, quoted(turns[n].text)) for n in sorted({s.turn for s in moment.seen})
    )


def cell_of(seen: Seen, taken: Taken) -> Cell:
    """A mark with what it can become."""
    mark = Shown(seen.code, label_of(seen.code), family_of(seen.code), seen.intensity, seen.note)
    if seen.who != OWN:
        return Cell(seen.turn + 1, mark)
    labels = labels_for(seen.code)
    done = any((seen.turn, one.id) in taken for one in labels)
    return Cell(seen.turn + 1, mark, () if done else labels, done)


def labels_for(id: str) -> tuple[Code, ...]:
    """The codes that a mark can become a label as; none for one without a family."""
    if id in CODES:
        return (code(id),)
    return tuple(code(c) for c in CODES if code(c).family == id)


def taken_of(session: Session) -> Taken:
    """What people set or confirmed."""
    return {
        (turn, judgement.to or id)
        for (turn, id), judgement in latest(session.judgements.all()).items()
        if judgement.verdict in (CONFIRMED, ADDED, "relabeled")
    }
