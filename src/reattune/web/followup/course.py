"""A client's rows as the library's course: appointments, forms, and what was found in the words.

Nothing is analyzed here. What the model found is read from its rows with what people said of it,
and the words themselves are left where they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any, cast

from django.db.models import Q

from reattune import types
from reattune.attendance import Visit, code, in_order
from reattune.codebook import CODES
from reattune.course import HELD, Appointment, Course, Form
from reattune.errors import InputError
from reattune.measures import Administration, Score, known_instrument, score
from reattune.signals import Read
from reattune.types import Note
from reattune.web.checkins.models import Answer
from reattune.web.clients import models as clients
from reattune.web.clients.appointments import OPEN as SCHEDULED
from reattune.web.clients.appointments import visit_of, zone_of
from reattune.web.reviews import models as reviews
from reattune.web.reviews.labels import Standing, standing
from reattune.web.reviews.words import to_episode

BLANK = types.Turn("", "")  # stands for a turn whose words are not needed


@dataclass(frozen=True, slots=True)
class Scored:
    """A form that can be scored, with its score and when it was filled in."""

    answer: Answer
    form: Form
    score: Score | None


@dataclass(frozen=True, slots=True)
class Records:
    """What a client's follow-up is worked out from.

    `sessions` are the transcripts' rows, `episodes` their episodes' rows and `noticed` what the
    therapist said of having noticed, all by number of the session held; `forms` are by date.
    """

    course: Course
    reads: tuple[Read, ...]
    sessions: Mapping[int, reviews.Session]
    episodes: Mapping[int, tuple[reviews.Episode, ...]]
    noticed: Mapping[int, tuple[reviews.Noticed, ...]]
    forms: tuple[Scored, ...]


def records_of(client: clients.Client) -> Records:
    """The records of a client, in a bounded number of queries."""
    notes: list[Note] = []
    forms = tuple(usable(client.answers.all(), notes))
    visits = visits_of(client, notes)
    sessions = list(client.sessions.order_by("held_on", "created"))
    appointments, numbered = lay_out(visits, sessions, forms, notes)
    words = Words.of(client, sessions)
    course = Course(
        client=client.name, appointments=appointments, ended=client.ended is not None,
        notes=tuple(notes),
    )  # fmt: skip
    return Records(
        course=course,
        reads=tuple(words.reads(numbered)),
        sessions=numbered,
        episodes={n: tuple(words.episodes[s.pk]) for n, s in numbered.items()},
        noticed={n: tuple(words.noticed[s.pk]) for n, s in numbered.items()},
        forms=forms,
    )


# Forms and visits


def usable(answers: Iterable[Answer], notes: list[Note]) -> Iterator[Scored]:
    """The forms that can be read; a note for each that cannot."""
    for answer in answers:
        form = Form(answer.measure, answer.rater, to_answers(answer.answers))
        instrument = known_instrument(answer.measure)
        if instrument is None:
            notes.append(form_left_out(answer, "The measure is not known here any more."))
            continue
        if not instrument.key.usable:
            yield Scored(answer, form, None)
            continue
        given = Administration("", answer.rater, answer.about, 1, form.answers)
        try:
            yield Scored(answer, form, score(instrument, given))
        except InputError as error:
            notes.append(form_left_out(answer, error.what))


def to_answers(kept: Any) -> dict[int, float | None]:
    """Answers by item number, as JSON keeps them (an object, or a list from item 1 on)."""
    if isinstance(kept, list):
        return dict(enumerate(kept, 1))
    return {int(item): answer for item, answer in kept.items()}


def form_left_out(answer: Answer, why: str) -> Note:
    """The note on a form that cannot be scored."""
    return Note("form-left-out", f"{answer.measure} of {answer.about} is left out: {why}")


def visits_of(client: clients.Client, notes: list[Note]) -> dict[date, list[Visit]]:
    """The visits by day, where it was recorded how they went; a note for impossible ones."""
    zone = zone_of(client.therapist)
    found: dict[date, list[Visit]] = defaultdict(list)
    for row in client.appointments.exclude(status=SCHEDULED).order_by("starts"):
        visit = visit_of(row, zone)
        try:
            in_order([visit])
            found[visit.date].append(visit)
        except InputError as error:
            notes.append(Note("visit-left-out", f"The visit of {visit.date}: {error.what}"))
    return found


# Appointments


def lay_out(
    visits: Mapping[date, Sequence[Visit]],
    sessions: Sequence[reviews.Session],
    forms: Sequence[Scored],
    notes: list[Note],
) -> tuple[tuple[Appointment, ...], dict[int, reviews.Session]]:
    """The appointments by date, and the transcripts by number of the session held.

    Held is what has a transcript or was attended, and a day with a form on which nothing was called
    off. Visits of one day that would count twice are counted once.
    """
    words, answered = by_day(sessions, "held_on"), answers_by_day(forms)
    numbers, made = count(1), []
    numbered: dict[int, reviews.Session] = {}
    for day in sorted({*visits, *words, *answered}):
        kept, off = split(visits.get(day, ()))
        own, told = words.get(day, []), answered.get(day, ())
        if off and told and not own and not kept:
            text = f"The appointment of {day} was not held, but has answers; these are left out."
            notes.append(Note("session-not-held", text))
        made += [Appointment(day, None, visit) for visit in off]
        for at in range(max(len(own), int(bool(kept or (told and not off))))):
            number = next(numbers)
            if at < len(own):
                numbered[number] = own[at]
            first = at == 0
            made.append(
                Appointment(
                    day, number, kept if first else None, forms=tuple(told) if first else ()
                )
            )
    return tuple(made), numbered


def by_day(rows: Iterable[Any], name: str) -> dict[date, list[Any]]:
    """Rows by the date in this field."""
    found: dict[date, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return found


def answers_by_day(forms: Iterable[Scored]) -> dict[date, list[Form]]:
    """Forms by the day of the session they are about."""
    found: dict[date, list[Form]] = defaultdict(list)
    for one in forms:
        found[one.answer.about].append(one.form)
    return found


def split(visits: Sequence[Visit]) -> tuple[Visit | None, list[Visit]]:
    """A day's visit that was held, and those that were not, at most one of all that counts."""
    kept = next((visit for visit in visits if visit.status in HELD), None)
    off = [visit for visit in visits if visit.status not in HELD]
    counting = [visit for visit in off if code(visit) >= 0]
    spare = counting if kept else counting[1:]
    return kept, [visit for visit in off if not any(visit is one for one in spare)]


# Words


@dataclass(frozen=True, slots=True)
class Words:
    """What was found in a client's transcripts, by the key of the session."""

    analyses: Mapping[Any, reviews.Analysis]
    standing: Mapping[Any, Standing]
    episodes: Mapping[Any, list[reviews.Episode]]
    risks: Mapping[Any, list[types.Risk]]
    noticed: Mapping[Any, list[reviews.Noticed]]

    @classmethod
    def of(cls, client: clients.Client, sessions: Sequence[reviews.Session]) -> Words:
        """Read from the rows, one query a table."""
        of_client = Q(session__client=client)
        analyses = reviews.Analysis.objects.filter(of_client, current=True).defer("scores")
        judged = grouped(reviews.Judgement.objects.filter(of_client).order_by("id"))
        turns = {j.turn for own in judged.values() for j in own}
        found, roles = markers_of(client, turns), roles_of(client, turns)
        return cls(
            analyses={analysis.session_id: analysis for analysis in analyses},
            standing={s.pk: standing(found[s.pk], judged[s.pk], roles[s.pk]) for s in sessions},
            episodes=grouped(reviews.Episode.objects.filter(of_client).order_by("number")),
            risks=risks_of(client),
            noticed=grouped(reviews.Noticed.objects.filter(of_client).order_by("id")),
        )

    def reads(self, numbered: Mapping[int, reviews.Session]) -> Iterator[Read]:
        """The sessions that were analyzed, as they stand with the human labels in."""
        for number, session in numbered.items():
            analysis = self.analyses.get(session.pk)
            if analysis is not None:
                yield Read(number, session.held_on, self.analysis(session, analysis))

    def analysis(self, session: reviews.Session, row: reviews.Analysis) -> types.Analysis:
        """What a course needs of an analysis: everything but the words and the scores."""
        import numpy as np

        now, size = self.standing[session.pk], session.turn_count
        return types.Analysis(
            session=types.Session((BLANK,) * size),
            scores=np.broadcast_to(np.float32(0), (size, len(CODES))),
            markers=now.markers,
            moves=now.moves,
            episodes=tuple(to_episode(e, now.all) for e in self.episodes[session.pk]),
            risks=tuple(self.risks[session.pk]),
            baseline=None,
            talk=(),
            notes=(),
            by=row.by,
            operating_point=row.point,
            reliability=row.payload["reliability"],
        )


def grouped(rows: Iterable[Any]) -> dict[Any, list[Any]]:
    """Rows by the key of their session."""
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.session_id].append(row)
    return found


def markers_of(client: clients.Client, judged: set[int]) -> dict[Any, list[types.Marker]]:
    """The decided findings of each session, and those on turns that people judged; no reasons."""
    columns = (
        "analysis__session_id", "turn", "code", "family", "intensity", "probability",
        "family_probability", "decided", "by",
    )  # fmt: skip
    rows = reviews.Finding.objects.filter(
        Q(decided=True) | Q(turn__in=judged),
        analysis__session__client=client,
        analysis__current=True,
    )
    found: dict[Any, list[types.Marker]] = defaultdict(list)
    for row in rows.order_by("turn", "id").values_list(*columns):
        key, turn, code_, family, intensity, probability, of_family, decided, by = row
        found[key].append(
            types.Marker(
                turn=turn,
                code=code_,
                family=cast(types.Family, family),
                intensity=cast("types.Intensity | None", intensity or None),
                probability=probability,
                by=by,
                why="",
                decided=decided,
                family_probability=of_family,
            )
        )
    return found


def roles_of(client: clients.Client, judged: set[int]) -> dict[Any, dict[int, str]]:
    """The role of each turn with one of these numbers, by session."""
    found: dict[Any, dict[int, str]] = defaultdict(dict)
    if judged:
        rows = reviews.Turn.objects.filter(session__client=client, number__in=judged).order_by()
        for key, number, role in rows.values_list("session_id", "number", "role"):
            found[key][number] = role
    return found


def risks_of(client: clients.Client) -> dict[Any, list[types.Risk]]:
    """Where the risk screen found something, and on what; without the words."""
    rows = reviews.Risk.objects.filter(analysis__session__client=client, analysis__current=True)
    found: dict[Any, list[types.Risk]] = defaultdict(list)
    columns = ("analysis__session_id", "turn", "topic", "by")
    for key, turn, topic, by in rows.order_by("turn").values_list(*columns):
        found[key].append(types.Risk(turn, topic, "", by, ""))
    return found
