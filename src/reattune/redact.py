"""De-identification: names, places, dates, numbers -> placeholders, reviewed by hand.

`find` proposes spans, a `Review` takes them up, `apply` writes the text with placeholders. All of
it works offline, by rules, lists and the session's own spelling; docs/redaction.md says how often
it errs. Something is always missed: nothing may leave before a person has read the result.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from operator import itemgetter
from typing import Any, overload

from reattune.errors import InputError
from reattune.redaction.detect import Told, detect, find_words
from reattune.redaction.lexicon import fold
from reattune.redaction.people import ROLES
from reattune.redaction.spans import CATEGORIES, PERSON, Found
from reattune.redaction.tokens import PLACEHOLDER, WORD
from reattune.types import ROLE_LABELS, Role, RoleGuess, Session

__all__ = ["CATEGORIES", "Review", "Span", "apply", "find", "find_all", "occurrences"]

ROUNDS = 3
"""Readings of the text with what is found already hidden; a second one finds hardly anything."""

BY_HAND = "hand"

Aliases = Mapping[str, str | Iterable[str]] | Iterable[str]
"""Known names: as they are, or under "client", "therapist" or another label for placeholders."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Something that may identify a person: characters [start, end) of a turn (0 for plain text).

    `category` is one of CATEGORIES; `placeholder` what is written instead; `by` the rule with its
    version, `why` one sentence; `sure` from 0 to 1 ranks findings and is no measured probability.
    Holds no words of the session.
    """

    turn: int
    start: int
    end: int
    category: str
    placeholder: str
    by: str
    why: str
    sure: float

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict, without words of the session."""
        return asdict(self)


def find(source: Session | str, *, aliases: Aliases = ()) -> tuple[Span, ...]:
    """Spans of a session or a text that may identify somebody, in order of place.

    `aliases` are names known beforehand, as a list, or by label: {"client": ["Anna Weber"]}; short
    forms and parts of them count too. The names in a session's speaker labels are taken along.
    A name has one placeholder, whatever its case, its ending or its short form. InputError
    "bad-alias" for a label that is no word.
    """
    return find_all([source], aliases=aliases)[0]


def find_all(
    sources: Sequence[Session | str], *, aliases: Aliases = ()
) -> tuple[tuple[Span, ...], ...]:
    """As `find`, for several sessions of one client, whose placeholders then agree."""
    texts, owners = _texts(sources)
    told = _told(aliases, sources)
    spans = _numbered(_rounds(texts, told), texts)
    rows: list[list[Span]] = [[] for _ in sources]
    for span in spans:
        source, turn = owners[span.turn]
        rows[source].append(replace(span, turn=turn))
    return tuple(tuple(row) for row in rows)


def _texts(sources: Sequence[Session | str]) -> tuple[list[str], list[tuple[int, int]]]:
    """The turns of all sources, and of each (source, turn) it came from."""
    texts: list[str] = []
    owners: list[tuple[int, int]] = []
    for number, source in enumerate(sources):
        turns = [source] if isinstance(source, str) else [turn.text for turn in source.turns]
        texts += turns
        owners += [(number, turn) for turn in range(len(turns))]
    return texts, owners


def _told(aliases: Aliases, sources: Sequence[Session | str]) -> Told:
    rows = [
        *_alias_rows(aliases),
        *(row for one in sources if isinstance(one, Session) for row in _speakers(one)),
    ]
    labels: dict[str, str] = {}
    for name, label in rows:
        folded = " ".join(fold(name).split())
        labels.setdefault(folded, label)
        for word in WORD.findall(folded):
            if len(word) > 1 and word not in _TITLES:
                labels.setdefault(word, label)
    return Told(labels, tuple(dict.fromkeys(rows)))


_TITLES = frozenset("mr mrs ms miss mx dr prof professor doctor the of de van von".split())


def _alias_rows(aliases: Aliases) -> list[tuple[str, str]]:
    if isinstance(aliases, str):
        aliases = [aliases]
    if isinstance(aliases, Mapping):
        _check_labels(aliases)
        return [
            (name.strip(), label)
            for label, names in aliases.items()
            for name in ([names] if isinstance(names, str) else names)
            if name.strip()
        ]
    return [(name.strip(), PERSON) for name in aliases if name.strip()]


def _check_labels(labels: Iterable[str]) -> None:
    """InputError "bad-alias" for a label that no placeholder can hold."""
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise InputError(
            "bad-alias",
            "What a name stands for is a word or two in small letters, such as client or friend.",
            remedy='Give names under "client", "therapist" or a word for what they are.',
        )


_LABEL = re.compile(r"[a-z][a-z -]{1,24}")


def _speakers(session: Session) -> list[tuple[str, str]]:
    """Names among the speaker labels, with the role they speak in."""
    from reattune.readers.labels import is_known, is_name

    found: dict[str, Role] = {}
    for turn in session.turns:
        label = turn.speaker.strip()
        plain = label.upper() in ROLE_LABELS or is_known(label) or label == "Unknown"
        if label and not plain and is_name(label):
            found.setdefault(label, turn.role)
    return [(_without_brackets(n), role if role in ROLES else PERSON) for n, role in found.items()]


def _without_brackets(label: str) -> str:
    return label.split("(")[0].strip()


def _rounds(texts: Sequence[str], told: Told) -> list[Found]:
    """What is found, and what is found once that is hidden."""
    found: list[Found] = []
    for _ in range(ROUNDS):
        shown, offsets = _hidden(texts, found)
        more = [_moved(one, offsets[one.turn]) for one in detect(shown, told)]
        found = sorted([*found, *more], key=lambda f: (f.turn, f.start))
        if not more:
            break
    return found


def _hidden(
    texts: Sequence[str], found: Sequence[Found]
) -> tuple[list[str], list[list[tuple[int, int]]]]:
    """The texts with placeholders, and of each (place in it, how much further right it was)."""
    shown, offsets = list(texts), [[(0, 0)] for _ in texts]
    by_turn: dict[int, list[Span]] = {}
    for span in _numbered(found, texts):
        by_turn.setdefault(span.turn, []).append(span)
    for turn, spans in by_turn.items():
        shown[turn] = _write(texts[turn], spans)
        shift = 0
        for span in spans:
            shift += span.end - span.start - len(span.placeholder)
            offsets[turn].append((span.end - shift, shift))
    return shown, offsets


def _moved(found: Found, offsets: Sequence[tuple[int, int]]) -> Found:
    """The same, placed in the text as it was."""
    shift = offsets[bisect_right(offsets, found.start, key=itemgetter(0)) - 1][1]
    return replace(found, start=found.start + shift, end=found.end + shift)


def _numbered(found: Sequence[Found], texts: Sequence[str]) -> list[Span]:
    """Spans with placeholders numbered by first appearance, above numbers the text has already."""
    last = _numbers_in(texts)
    numbers: dict[tuple[str, str], int] = {}
    spans = []
    for one in found:
        own = (one.label, one.key)
        if one.label not in ROLES and own not in numbers:
            last[one.label] = numbers[own] = last.get(one.label, 0) + 1
        placeholder = f"[{one.label}]" if one.label in ROLES else f"[{one.label} {numbers[own]}]"
        spans.append(
            Span(one.turn, one.start, one.end, one.category, placeholder, one.by, one.why, one.sure)
        )
    return spans


def _numbers_in(texts: Iterable[str]) -> dict[str, int]:
    """The highest number of each label among placeholders that stand in the text."""
    found: dict[str, int] = {}
    for text in texts:
        for match in PLACEHOLDER.finditer(text) if "[" in text else ():
            label, _, number = match[0][1:-1].rpartition(" ")
            if number.isdigit():
                found[label] = max(found.get(label, 0), int(number))
    return found


@overload
def apply(source: str, spans: Iterable[Span]) -> str: ...
@overload
def apply(source: Session, spans: Iterable[Span]) -> Session: ...
def apply(source: Session | str, spans: Iterable[Span]) -> Session | str:
    """The text or session with a placeholder for each span; nothing else in the text changes.

    Where spans overlap, all of what they cover is hidden behind the first one's placeholder. A
    session loses its source, and its speaker labels become roles or "Speaker 1". InputError
    "span-outside" for a span that is not within its turn.
    """
    by_turn: dict[int, list[Span]] = {}
    for span in spans:
        by_turn.setdefault(span.turn, []).append(span)
    texts = [source] if isinstance(source, str) else [turn.text for turn in source.turns]
    written = [_write(text, by_turn.pop(i, ())) for i, text in enumerate(texts)]
    if by_turn:
        raise _outside(min(by_turn))
    return written[0] if isinstance(source, str) else _nameless(source, written)


def _write(text: str, spans: Iterable[Span]) -> str:
    """`text` with the placeholders in."""
    parts, place = [], 0
    for start, end, placeholder in _merged(text, spans):
        parts += [text[place:start], placeholder]
        place = end
    return "".join([*parts, text[place:]])


def _merged(text: str, spans: Iterable[Span]) -> list[tuple[int, int, str]]:
    """(start, end, placeholder) of each stretch, overlapping ones joined."""
    merged: list[tuple[int, int, str]] = []
    for span in sorted(spans):
        if not 0 <= span.start < span.end <= len(text):
            raise _outside(span.turn)
        if merged and span.start < merged[-1][1]:
            start, end, placeholder = merged[-1]
            merged[-1] = (start, max(end, span.end), placeholder)
        else:
            merged.append((span.start, span.end, span.placeholder))
    return merged


def _outside(turn: int) -> InputError:
    return InputError(
        "span-outside",
        "A span to hide does not lie within its turn.",
        where=f"turn {turn}",
        remedy="Find the spans again in the text as it is now.",
    )


def _nameless(session: Session, texts: Sequence[str]) -> Session:
    """The session with other texts, without names in labels, source and notes."""
    speakers = speaker_labels(session)
    turns = tuple(
        replace(turn, text=text, speaker=speakers[turn.speaker])
        for turn, text in zip(session.turns, texts, strict=True)
    )
    roles = session.roles
    if roles is not None:
        therapist = speakers.get(roles.therapist or "", None)
        roles = RoleGuess(roles.by, roles.confidence, therapist, "")
    return replace(session, turns=turns, source="", notes=(), roles=roles)


def speaker_labels(session: Session) -> dict[str, str]:
    """Each speaker label -> one without a name: T, C, O by role, what is no name, "Speaker 1"."""
    from reattune.readers.labels import is_known

    letters = {role: letter for letter, role in ROLE_LABELS.items()}
    made: dict[str, str] = {}
    for turn in session.turns:
        if turn.speaker in made:
            continue
        plain = is_known(turn.speaker) or turn.speaker == "Unknown"
        taken = sum(label.startswith("Speaker ") for label in made.values())
        own = turn.speaker if plain else f"Speaker {taken + 1}"
        by_role = letters.get(turn.role, own)
        made[turn.speaker] = own if by_role in made.values() else by_role
    return made


@dataclass(frozen=True, slots=True)
class Review:
    """Spans under a person's eyes. Every step returns a new review; nothing is changed in place.

    What is neither accepted nor rejected is hidden too, so that forgetting leaks nothing.
    """

    spans: tuple[Span, ...]
    accepted: frozenset[Span] = frozenset()
    rejected: frozenset[Span] = frozenset()

    @property
    def open(self) -> tuple[Span, ...]:
        """Spans that nobody has decided on."""
        return tuple(s for s in self.spans if s not in self.accepted and s not in self.rejected)

    @property
    def done(self) -> bool:
        """Whether each span was accepted or rejected."""
        return not self.open

    @property
    def hidden(self) -> tuple[Span, ...]:
        """Spans that `apply` hides: all but the rejected."""
        return tuple(span for span in self.spans if span not in self.rejected)

    def accept(self, *spans: Span) -> Review:
        """With these spans accepted; InputError "span-unknown" for one that is not among them."""
        chosen = self._own(spans)
        return replace(self, accepted=self.accepted | chosen, rejected=self.rejected - chosen)

    def reject(self, *spans: Span) -> Review:
        """With these spans rejected: their words stay. Errors as for `accept`."""
        chosen = self._own(spans)
        return replace(self, accepted=self.accepted - chosen, rejected=self.rejected | chosen)

    def alike(self, span: Span) -> tuple[Span, ...]:
        """All spans with the same placeholder, to decide on them at once."""
        return tuple(one for one in self.spans if one.placeholder == span.placeholder)

    def add(
        self, source: Session | str, turn: int, start: int, end: int, *, category: str = PERSON
    ) -> Review:
        """With characters [start, end) of a turn, and the same words elsewhere, accepted as spans.

        InputError "span-outside" for a place that is not in the turn, "unknown-category" for a
        category that is not in CATEGORIES.
        """
        made = occurrences(source, turn, start, end, category=category, beside=self.spans)
        new = tuple(span for span in made if span not in self.spans)
        return Review(
            tuple(sorted((*self.spans, *new))), self.accepted | frozenset(made), self.rejected
        )

    @overload
    def apply(self, source: str) -> str: ...
    @overload
    def apply(self, source: Session) -> Session: ...
    def apply(self, source: Session | str) -> Session | str:
        """The text or session with all but the rejected spans hidden."""
        return apply(source, self.hidden)

    def _own(self, spans: Iterable[Span]) -> frozenset[Span]:
        chosen = frozenset(spans)
        if not chosen <= frozenset(self.spans):
            raise InputError(
                "span-unknown",
                "A span to decide on is not among those of this review.",
                remedy="Take the spans from the review's own list.",
            )
        return chosen


def occurrences(
    source: Session | str,
    turn: int,
    start: int,
    end: int,
    *,
    category: str = PERSON,
    beside: Iterable[Span] = (),
) -> tuple[Span, ...]:
    """A span by hand for characters [start, end) of a turn, and for the same words elsewhere.

    All get one placeholder, numbered above those `beside` them. Errors as for `Review.add`.
    """
    if category not in CATEGORIES:
        raise InputError(
            "unknown-category",
            f'There is no category "{category}" of spans.',
            remedy=f"The categories are {', '.join(CATEGORIES)}.",
        )
    texts = [source] if isinstance(source, str) else [t.text for t in source.turns]
    if not (0 <= turn < len(texts) and 0 <= start < end <= len(texts[turn])):
        raise _outside(turn)
    beside = tuple(beside)
    placeholder = _next_placeholder(category, beside, texts)
    places = {(turn, start, end), *find_words(texts, texts[turn][start:end])}
    covered = [(s.turn, s.start, s.end) for s in beside]
    return tuple(
        Span(t, a, b, category, placeholder, BY_HAND, "Marked by hand.", 1.0)
        for t, a, b in sorted(places)
        if (t, a, b) == (turn, start, end)
        or not any(t == u and a < d and b > c for u, c, d in covered)
    )


def _next_placeholder(category: str, beside: Iterable[Span], texts: Iterable[str]) -> str:
    last = _numbers_in([*texts, *(span.placeholder for span in beside)]).get(category, 0)
    return f"[{category} {last + 1}]"
