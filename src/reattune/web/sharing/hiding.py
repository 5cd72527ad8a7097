"""What is hidden in a packet: proposed by `reattune.redact`, settled by the therapist.

The sessions are read as a whole, because what is said elsewhere tells who is who; only the
passages of the packet are shown and kept. Words of a session never go to a log or an error.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from reattune import redact, types
from reattune.errors import InputError
from reattune.redact import BY_HAND, Review, Span
from reattune.redaction.detect import find_words
from reattune.redaction.lexicon import NO_WORD, fold, load_lexicon
from reattune.redaction.spans import PERSON
from reattune.redaction.tokens import PLACEHOLDER
from reattune.report.words import clean
from reattune.web.accounts.models import User
from reattune.web.reviews.models import Turn
from reattune.web.reviews.words import to_session
from reattune.web.sharing.models import Moment, Packet

UNSURE = 0.8
"""Below this `sure` of a span the page says so. It ranks, it is no measured probability."""

MOST_WORDS = 200  # characters of what is marked by hand

Names = list[list[Any]]
"""[words, placeholder, strict] of what is hidden, the longest first; `strict` is hidden wherever it
is written, the rest (a name that is a word as well) where its context says that it is a name."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text of a packet: the question, a moment's note, or a turn of it."""

    key: str
    text: str
    moment: Moment | None = None
    turn: Turn | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Some words of a passage: hidden behind a placeholder, kept though proposed, or neither."""

    text: str
    placeholder: str = ""
    kept: bool = False


def passages(packet: Packet) -> list[Passage]:
    """Every text of a draft, in the order in which it is read. Turns are read from the session."""
    made = [Passage("question", clean(packet.question))]
    for moment in packet.chosen():
        if moment.note:
            made.append(Passage(f"note {moment.pk}", clean(moment.note), moment))
        turns = moment.session.turns.filter(number__gte=moment.first, number__lt=moment.last)
        made += [Passage(f"turn {moment.pk} {t.number}", clean(t.text), moment, t) for t in turns]
    return made


def texts_of(found: Sequence[Passage]) -> list[str]:
    """The texts alone."""
    return [one.text for one in found]


# Proposing


def propose(packet: Packet, found: Sequence[Passage]) -> tuple[Span, ...]:
    """What may identify somebody in the passages; `turn` of a span is the passage's place."""
    sessions = {one.moment.session.pk: one.moment.session for one in found if one.moment}
    written = [one for one in found if one.turn is None]
    sources: list[types.Session | str] = [cleaned(to_session(s)) for s in sessions.values()]
    rows = redact.find_all([*sources, *texts_of(written)], aliases=aliases_of(packet))
    spans = dict(zip([*sessions, *(one.key for one in written)], rows, strict=True))
    made = [replace(s, turn=i) for i, one in enumerate(found) for s in within(one, spans)]
    return numbered(made, texts_of(found))


def within(passage: Passage, spans: Mapping[Any, Sequence[Span]]) -> Iterable[Span]:
    """The spans of a passage among those of its source."""
    if passage.turn is None:
        return spans[passage.key]
    own, number = spans[passage.turn.session_id], passage.turn.number
    return (span for span in own if span.turn == number)


def cleaned(session: types.Session) -> types.Session:
    """The session with its texts as passages have them, so that places agree."""
    turns = tuple(replace(turn, text=clean(turn.text)) for turn in session.turns)
    return replace(session, turns=turns)


def aliases_of(packet: Packet) -> dict[str, list[str]]:
    """Names that are known: the client's as they are recorded, those of who works here."""
    known: dict[str, list[str]] = {"client": [packet.client.name], "therapist": [], "colleague": []}
    therapist = packet.client.therapist_id
    for user in User.objects.filter(practice=packet.client.practice_id):
        own = known["therapist" if user.pk == therapist else "colleague"]
        own += [name for name in (user.name, user.get_full_name()) if name]
    return known


def numbered(spans: Sequence[Span], texts: Sequence[str]) -> tuple[Span, ...]:
    """The spans with placeholders numbered as they appear in the packet.

    They stay as they are where the texts hold placeholders of their own.
    """
    if any(PLACEHOLDER.search(text) for text in texts):
        return tuple(sorted(spans))
    new: dict[str, str] = {}
    last: dict[str, int] = {}
    for span in sorted(spans):
        label, _, number = span.placeholder[1:-1].rpartition(" ")
        if number.isdigit() and span.placeholder not in new:
            last[label] = last.get(label, 0) + 1
            new[span.placeholder] = f"[{label} {last[label]}]"
    return tuple(
        replace(s, placeholder=new.get(s.placeholder, s.placeholder)) for s in sorted(spans)
    )


# The review, and how it is kept


def load(packet: Packet, found: Sequence[Passage]) -> tuple[Review, bool]:
    """The review as it stands, and whether the texts have changed since it was kept.

    Then what is hidden was proposed anew, with the therapist's decisions taken over by word.
    """
    kept = packet.review
    if kept.get("digest") == digest(found):
        return review_of(kept["spans"]), False
    review = Review(propose(packet, found))
    return carried(review, texts_of(found), kept.get("spans", ())), bool(kept)


def save(packet: Packet, review: Review, found: Sequence[Passage]) -> None:
    """Keep a review with the texts that it is of."""
    texts = texts_of(found)
    rows = [
        asdict(s) | {"state": state_of(review, s), "words": texts[s.turn][s.start : s.end]}
        for s in review.spans
    ]
    packet.review = {"digest": digest(found), "spans": rows}
    packet.save(update_fields=["review"])


def digest(found: Sequence[Passage]) -> str:
    """What tells whether texts are the same."""
    return hashlib.sha256(json.dumps([(p.key, p.text) for p in found]).encode()).hexdigest()


def version(packet: Packet) -> str:
    """What tells whether somebody saw the review as it is now."""
    return hashlib.sha256(json.dumps(packet.review, sort_keys=True).encode()).hexdigest()[:20]


def state_of(review: Review, span: Span) -> str:
    """What was decided on a span, "" while nobody did."""
    return "accepted" if span in review.accepted else "rejected" if span in review.rejected else ""


def review_of(rows: Iterable[Mapping[str, Any]]) -> Review:
    """A review as it was kept."""
    made = [(span_of(row), row["state"]) for row in rows]
    return Review(
        tuple(span for span, _ in made),
        frozenset(span for span, state in made if state == "accepted"),
        frozenset(span for span, state in made if state == "rejected"),
    )


def span_of(row: Mapping[str, Any]) -> Span:
    """A span as it was kept."""
    return Span(**{name: row[name] for name in Span.__slots__})


def carried(review: Review, texts: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Review:
    """With earlier decisions on the same words: kept ones kept, those marked by hand hidden."""
    decided = {(row["words"].casefold(), row["by"] == BY_HAND): row for row in rows if row["state"]}
    for (words, by_hand), row in decided.items():
        if by_hand and row["state"] == "accepted" and find_words(texts, words):
            review = hide(review, texts, words, row["category"])
    for span in review.spans:
        earlier = decided.get((texts[span.turn][span.start : span.end].casefold(), False))
        if earlier:
            step = review.accept if earlier["state"] == "accepted" else review.reject
            review = step(span)
    return review


def hide(
    review: Review,
    texts: Sequence[str],
    words: str,
    category: str = PERSON,
    where: int | None = None,
) -> Review:
    """With some words hidden by hand, in the passage `where` or everywhere.

    They get one placeholder: that of the same words hidden already, else a new one. InputError
    "words-not-there" if they do not stand there.
    """
    places = [p for p in places_of(texts, words) if where is None or p[0] == where]
    if not places:
        what = "These words do not stand there as they were typed."
        raise InputError(
            "words-not-there", what, remedy="Copy them from the text, letter by letter."
        )
    first = redact.occurrences(
        as_session(texts), *places[0], category=category, beside=review.spans
    )
    model = next(span for span in first if (span.turn, span.start, span.end) == places[0])
    known = placeholder_of(review, texts, words)
    model = replace(model, placeholder=known or model.placeholder)
    free = [p for p in places if not covered(review, *p)]
    again = [s for s in review.rejected if (s.turn, s.start, s.end) in places]
    new = [replace(model, turn=t, start=a, end=b) for t, a, b in free]
    new = [
        s for s in new if all((s.turn, s.start, s.end) != (r.turn, r.start, r.end) for r in again)
    ]
    spans = tuple(sorted({*review.spans, *new}))
    return Review(spans, review.accepted | frozenset(new), review.rejected).accept(*again)


def places_of(texts: Sequence[str], words: str) -> list[tuple[int, int, int]]:
    """(passage, start, end) wherever some words stand; within words only where nowhere else."""
    words = " ".join(words.split())
    if not words:
        return []
    found = find_words(texts, words)
    inside = re.compile(re.escape(words), re.I)
    return found or [(i, *m.span()) for i, text in enumerate(texts) for m in inside.finditer(text)]


def placeholder_of(review: Review, texts: Sequence[str], words: str) -> str:
    """The placeholder behind which the same words are hidden, "" if they are not."""
    same = words.casefold()
    held = (s for s in review.spans if texts[s.turn][s.start : s.end].casefold() == same)
    return next((span.placeholder for span in held), "")


def covered(review: Review, turn: int, start: int, end: int) -> bool:
    """Whether all of a stretch is hidden."""
    return any(s.turn == turn and s.start <= start and end <= s.end for s in review.hidden)


def as_session(texts: Sequence[str]) -> types.Session:
    """The texts as the turns of a session, for what takes one."""
    return types.Session(tuple(types.Turn("", text, "unknown") for text in texts))


# What is written


def parts(text: str, spans: Iterable[Span], rejected: Iterable[Span] = ()) -> list[Part]:
    """A passage cut where something is hidden, or was proposed and is kept."""
    cuts = [(start, end, own) for start, end, own in merged(spans)]
    free = [s for s in rejected if all(s.end <= a or b <= s.start for a, b, _ in cuts)]
    made, place = [], 0
    for start, end, placeholder in sorted([*cuts, *((s.start, s.end, "") for s in free)]):
        if start < place:
            continue
        made += [Part(text[place:start]), Part(text[start:end], placeholder, not placeholder)]
        place = end
    return [part for part in (*made, Part(text[place:])) if part.text]


def merged(spans: Iterable[Span]) -> list[tuple[int, int, str]]:
    """(start, end, placeholder) of each stretch, overlapping ones joined."""
    made: list[tuple[int, int, str]] = []
    for span in sorted(spans):
        if made and span.start < made[-1][1]:
            start, end, placeholder = made[-1]
            made[-1] = (start, max(end, span.end), placeholder)
        else:
            made.append((span.start, span.end, span.placeholder))
    return made


def written(review: Review, texts: Sequence[str]) -> list[str]:
    """The texts with what is hidden behind its placeholders."""
    return [written_as(parts(text, hidden_in(review, i))) for i, text in enumerate(texts)]


def hidden_in(review: Review, passage: int) -> list[Span]:
    """What is hidden in a passage."""
    return [span for span in review.hidden if span.turn == passage]


def written_as(found: Iterable[Part]) -> str:
    """The parts of a passage as text that others read."""
    return "".join(part.placeholder or part.text for part in found)


def moved(stretch: tuple[int, int], spans: Iterable[Span]) -> tuple[int, int]:
    """Where a stretch of a text lies once the spans are hidden; a placeholder is never cut."""
    start, end = stretch
    first, last = start, end
    for a, b, placeholder in merged(spans):
        by = len(placeholder) - (b - a)
        if b <= start:
            first, last = first + by, last + by
        elif a < end:
            first -= max(start - a, 0)
            last += max(b - end, 0) + by
    return first, last


def key_of(review: Review, texts: Sequence[str]) -> Names:
    """Which words stand behind which placeholder, for comments."""
    made: dict[str, list[Any]] = {}
    for span in review.hidden:
        words = " ".join(texts[span.turn][span.start : span.end].split())
        strict = span.by == BY_HAND or is_strict(words)
        known = made.setdefault(words.casefold(), [words, span.placeholder, strict])
        known[2] = known[2] or strict
    return sorted(made.values(), key=lambda row: -len(row[0]))


def still_there(review: Review, texts: Sequence[str]) -> list[str]:
    """Words that are hidden in one place and stand open in another."""
    shown = written(review, texts)
    key = key_of(review, texts)
    return [words for words, _, strict in key if strict and find_words(shown, words)]


def is_strict(words: str) -> bool:
    """Whether some words are no ordinary word, so that they are hidden wherever they stand."""
    return " " in words or load_lexicon().tier(fold(words)) == NO_WORD


def in_comment(packet: Packet, text: str, *, read: bool) -> str:
    """What a comment says with names hidden, by the packet's own placeholders.

    `read` says that its author has seen it so and may have put back a word that is no name; what
    the packet hides as a name is hidden all the same.
    """
    for words, placeholder, strict in packet.names:
        if strict:
            text = put(text, find_words([text], words), placeholder)
    return text if read else hidden_anew(packet, text)


def put(text: str, places: Sequence[tuple[int, int, int]], placeholder: str) -> str:
    """A placeholder at each of these places."""
    for _, start, end in reversed(places):
        text = text[:start] + placeholder + text[end:]
    return text


def hidden_anew(packet: Packet, text: str) -> str:
    """What else in a text looks like a name hidden, numbered above the packet's placeholders."""
    lines = [line.text for moment in packet.moments.all() for line in moment.lines.all()]
    before = "\n".join([packet.question, *lines, *(one.text for one in packet.comments.all())])
    spans = redact.find_all([before, text], aliases=aliases_of(packet))[1]
    known = {words.casefold(): own for words, own, _ in packet.names}
    return redact.apply(
        text,
        [
            replace(s, placeholder=known.get(text[s.start : s.end].casefold(), s.placeholder))
            for s in spans
        ],
    )
