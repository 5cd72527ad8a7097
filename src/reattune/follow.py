"""The order of the steps over one client's course, written once: `follow(course)`.

Words, scores and attendance become series and signals, joined in time order. `follow_many` does
the same for the scores and visits of a whole caseload, on arrays.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from reattune import attendance, caseload, change
from reattune.attendance import Habits, Visit
from reattune.batch import batch_signals
from reattune.caseload import EpisodeRecord, Figure
from reattune.change import DEFAULT_RULES, discrepancy
from reattune.charts import BASELINE, DIFFERENCE, check_baseline, limitations, observe
from reattune.course import Appointment, Course, Form, left_out
from reattune.errors import InputError, ReattuneError, RoleError
from reattune.features import measure_baseline
from reattune.measures import (
    Administration,
    Instrument,
    find_instrument,
    known_instrument,
    score,
)
from reattune.measures import series as score_series
from reattune.pipeline import analyze
from reattune.signals import (
    SYMPTOMS,
    Read,
    counts,
    join,
    merge_prompts,
    repaired_at,
    symptoms_as_declines,
    words_series,
    words_signals,
)
from reattune.thresholds import DEFAULT_POINT
from reattune.types import Analysis, Baseline, Note, Point, Scale, Series, Session, Signal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from reattune.model import Progress

ARRAY_RULES = ("individuals", "drop")  # those that `batch_signals` runs
MIRRORS = (("checkin_client", "checkin_therapist"),)  # forms that ask two people the same
JUMP = 0.25  # share of a scale; a form all alike that is better by so much is doubted (ours)
FELT_OFF = "felt_off"  # the item that asks for a strain itself
FEWEST_ITEMS = 5  # shorter forms are often all alike
GAPS = "sessions-without-score"  # a note that a doubted form does not bring about: it has a score


@dataclass(frozen=True, slots=True, eq=False)
class Following:
    """One client's course as `follow` sees it.

    `sessions` are all appointments, held or not; `series` holds words, scores (totals, subscales,
    therapist minus client) and attendance; `analyses` are by number of the session; `signals` in
    time order; `episodes` and `figures` as in `reattune.caseload`; `baseline` is how many sessions
    with a score the limits rest on.
    """

    client: str
    sessions: tuple[Appointment, ...]
    series: tuple[Series, ...]
    analyses: Mapping[int, Analysis]
    signals: tuple[Signal, ...]
    episodes: tuple[EpisodeRecord, ...]
    figures: tuple[Figure, ...]
    notes: tuple[Note, ...]
    baseline: int
    ended: bool = False

    @property
    def held(self) -> tuple[tuple[int, date | None], ...]:
        """Number and date of each session held."""
        return tuple((a.number, a.date) for a in self.sessions if a.number is not None)

    @property
    def firm(self) -> tuple[EpisodeRecord, ...]:
        """The episodes that count: a flag or two alone are too often wrong (`signals.counts`)."""
        read = [one for analysis in self.analyses.values() for one in analysis.episodes]
        return tuple(record for record, one in zip(self.episodes, read, strict=True) if counts(one))

    @property
    def alliance(self) -> Series | None:
        """The client's own view of the alliance: the first total by the client, if any."""
        for own in self.series:
            if own.rater == "client" and ":" not in own.measure and own.measure not in SYMPTOMS:
                return own
        return None


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of a course: series to show, series of items, doubted forms, and notes."""

    series: tuple[Series, ...]
    items: tuple[Series, ...]
    doubtful: frozenset[tuple[str, int]]
    notes: tuple[Note, ...]


def follow(
    course: Course,
    *,
    therapist: str | None = None,
    baseline: int = BASELINE,
    rules: Sequence[str | change.Rule] = DEFAULT_RULES,
    habits: Habits = attendance.DEFAULT,
    point: str = DEFAULT_POINT,
    progress: Progress | None = None,
) -> Following:
    """Words, scores and attendance of a course, with their signals joined in time order.

    `therapist` names the therapist's label in the transcripts; `baseline` is how many sessions with
    a score freeze the limits; `rules` run on totals and on therapist minus client, item prompts
    always; `habits` are what clients usually do; `progress(done, total)` counts transcripts.

    A transcript that cannot be analyzed is left out with a note. InputError for answers, scores or
    visits that cannot be, for a baseline under 3 and for unknown rules.
    """
    check_baseline(baseline)
    reads, notes = read_words(course, therapist or course.therapist, point, progress)
    told = replace(course, notes=(*course.notes, *notes))
    return follow_reads(told, reads, baseline=baseline, rules=rules, habits=habits)


def follow_reads(
    course: Course,
    reads: Sequence[Read],
    *,
    baseline: int = BASELINE,
    rules: Sequence[str | change.Rule] = DEFAULT_RULES,
    habits: Habits = attendance.DEFAULT,
) -> Following:
    """As `follow`, for words that were read already: their analyses are taken as they stand.

    Nothing is analyzed; transcripts in the course are not looked at.
    """
    check_baseline(baseline)
    scored = score_all(course)
    words = words_series(course.client, reads, course.held)
    found = [
        *words_signals(course.client, reads),
        *score_signals(scored, rules, baseline),
        *attendance.signals(course.client, course.visits, habits),
    ]
    episodes = tuple(records(course.client, reads, noticed(course)))
    visits = [attendance.series(course.client, course.visits)] if course.visits else []
    made = Following(
        client=course.client,
        sessions=tuple(with_doubt(a, scored.doubtful) for a in course.appointments),
        series=(*([words] if reads else []), *scored.series, *visits),
        analyses={read.session: read.analysis for read in reads},
        signals=join(found),
        episodes=episodes,
        figures=(),
        notes=(
            *risk_notes(reads),
            *course.notes,
            *scored.notes,
            *limit_notes(scored, baseline),
        ),
        baseline=baseline,
        ended=course.ended,
    )
    return replace(made, figures=figures_of([made]))


def figures_of(followings: Sequence[Following]) -> tuple[Figure, ...]:
    """The figures of a caseload over these courses (`reattune.caseload.figures`).

    Episodes are those of the words that count (`signals.counts`), each with its state at the end of
    its session, the session that looks like its repair (`signals.repaired_at`), and whether the
    therapist's form saw a strain. Sessions whose words were not read count as not looked through.
    """
    courses = [
        caseload.Course(made.client, made.held, made.alliance, made.ended, frozenset(made.analyses))
        for made in followings
    ]
    return caseload.figures(courses, [one for made in followings for one in made.firm])


# Words


def read_words(
    course: Course, therapist: str, point: str, progress: Progress | None
) -> tuple[list[Read], list[Note]]:
    """The analysis of each transcript, against the client's habit in the sessions before it."""
    known = [a for a in course.appointments if a.transcript is not None and a.number is not None]
    reads: list[Read] = []
    notes: list[Note] = []
    earlier: list[Baseline] = []
    for done, a in enumerate(known, 1):
        try:
            analysis = analyze_one(a.transcript, therapist, earlier, point)  # type: ignore[arg-type]
        except ReattuneError as error:
            notes.append(left_out(a.file or f"session {a.number}", error))
            continue
        finally:
            if progress is not None:
                progress(done, len(known))
        own = measure_baseline(analysis.session)
        earlier += [own] if own else []
        reads.append(Read(a.number or 0, a.date, analysis))
    return reads, notes


def analyze_one(
    session: Session, therapist: str, earlier: Sequence[Baseline], point: str
) -> Analysis:
    """One transcript; the therapist's name is used where the transcript has it."""
    try:
        return analyze(session, therapist=therapist or None, earlier=earlier, point=point)
    except RoleError as error:
        if not therapist or error.slug != "unknown-speaker":
            raise
    return analyze(session, earlier=earlier, point=point)


def records(
    client: str, reads: Sequence[Read], seen: Mapping[int, bool]
) -> Iterator[EpisodeRecord]:
    """Each episode of the words as a record of the caseload; `seen` as `noticed` gives it."""
    for read in reads:
        for one in read.analysis.episodes:
            yield EpisodeRecord(
                client,
                read.session,
                read.date,
                one.kind,
                one.intensity,
                one.state,
                noticed=seen.get(read.session),
                repaired_at=repaired_at(one, read.session, reads),
            )


def noticed(course: Course) -> dict[int, bool]:
    """By session, whether the therapist's own form says that something felt off.

    Only sessions in which that was answered. It is about the session, not about one of its
    episodes.
    """
    found: dict[int, bool] = {}
    for a in course.appointments:
        for form in a.forms if a.number is not None else ():
            felt = felt_off(form) if form_rater(form) == "therapist" else None
            if felt is not None:
                found[a.number or 0] = felt
    return found


def felt_off(form: Form) -> bool | None:
    """Whether the item that asks for a strain is at its prompt or beyond; None if not answered."""
    instrument = find_instrument(form.measure)
    for item in instrument.items:
        answer = form.answers.get(item.number)
        if item.name == FELT_OFF and isinstance(answer, int | float) and not math.isnan(answer):
            return item.prompts(answer, higher_is_better=instrument.higher_is_better)
    return None


def risk_notes(reads: Sequence[Read]) -> Iterator[Note]:
    """That the risk screen found something, by session; its words are in that session's report."""
    for read in reads:
        topics = ", ".join(dict.fromkeys(risk.topic for risk in read.analysis.risks))
        if topics:
            what = f"Session {read.session}: the risk screen found words on {topics}"
            yield Note(
                "risk-words", f"{what}. Follow your protocol; see that session's own report."
            )


# Scores


def score_all(course: Course) -> Scored:
    """Every form of the course scored, ready-made series added, and what is doubted."""
    forms: dict[tuple[str, str], list[Administration]] = {}
    for a in course.appointments:
        for form in a.forms if a.number is not None else ():
            own = form_rater(form)
            made = Administration(course.client, own, a.date, a.number or 0, form.answers)
            forms.setdefault((form.measure, own), []).append(made)
    shown: list[Series] = []
    items: list[Series] = []
    notes: list[Note] = []
    doubtful: set[tuple[str, int]] = set()
    for (measure, rater), answered in forms.items():
        instrument = find_instrument(measure)
        if not instrument.key.usable:
            text = f"{measure}: its scoring key could not be verified, so nothing is scored."
            notes.append(Note("measure-not-scored", text))
            continue
        shown += [named(own, instrument) for own in score_series(instrument, answered)]
        items += [named(own, instrument) for own in item_series(instrument, answered)]
        doubted = doubts(instrument, answered)
        doubtful |= {(name_of(measure, rater, instrument), session) for session in doubted}
        notes += answer_notes(instrument, answered, doubted)
    for given in course.series:
        check(given)
        shown.append(with_rater(given))
    shown += differences(shown)
    return Scored(tuple(shown), tuple(items), frozenset(doubtful), tuple(notes))


def check(own: Series) -> None:
    """InputError that names the measure, for a ready-made series that cannot be charted."""
    try:
        observe(own)
    except InputError as error:
        raise named_error(own, error) from error


def form_rater(form: Form) -> str:
    """Who filled the form in: as recorded, else the one it is made for, the client first."""
    raters = find_instrument(form.measure).raters
    return form.rater or ("client" if "client" in raters else raters[0])


def name_of(measure: str, rater: str, instrument: Instrument) -> str:
    """A measure's name among a client's series: with the rater where several use the form."""
    own = rater == "client" or len(instrument.raters) == 1
    return measure if own else f"{measure}/{rater}"


def named(own: Series, instrument: Instrument) -> Series:
    """The series under its name among a client's series."""
    form, colon, part = own.measure.partition(":")
    return replace(own, measure=name_of(form, own.rater, instrument) + colon + part)


def with_rater(own: Series) -> Series:
    """A ready-made series, named with the rater where it is not the client's own view."""
    instrument = known_instrument(own.measure.partition(":")[0])
    if instrument is not None and own.rater in instrument.raters:
        return named(own, instrument)
    other = own.rater not in ("client", DIFFERENCE) and "/" not in own.measure
    form, colon, part = own.measure.partition(":")
    return replace(own, measure=f"{form}/{own.rater}{colon}{part}") if other else own


def item_series(instrument: Instrument, answered: Sequence[Administration]) -> Iterator[Series]:
    """The answers, as given, to each item that prompts."""
    first = answered[0]
    for item in instrument.items:
        if item.prompt is None:
            continue
        scale = instrument.item_scale(item)
        points = tuple(
            Point(form.session, form.date, None if answer is None else float(answer))
            for form in answered
            for answer in [form.answers.get(item.number)]
        )
        yield Series(first.client, f"{instrument.id}:item{item.number}", first.rater, points, scale)


def doubts(instrument: Instrument, answered: Sequence[Administration]) -> list[int]:
    """Sessions whose form may have been clicked through, told from the forms before.

    All answers alike, those of the form before not, and the total better by at least JUMP of its
    scale: a form that is filled in to be done looks like this. A change for the worse is never
    doubted.
    """
    scale, found = instrument.scale(), []
    jump = JUMP * (scale.high - scale.low)
    before: tuple[float, bool] | None = None
    for form in answered:
        total = score(instrument, form).total
        given = [answer for answer in form.answers.values() if answer is not None]
        alike = len(given) >= FEWEST_ITEMS and len(set(given)) == 1
        if total is None:
            continue
        good = total if scale.higher_is_better else -total
        if alike and before and not before[1] and good - before[0] >= jump:
            found.append(form.session)
        else:
            before = (good, alike)
    return found


def answer_notes(
    instrument: Instrument, answered: Sequence[Administration], doubted: Sequence[int]
) -> Iterator[Note]:
    """Answers that ask for the risk protocol, and forms that are doubted."""
    for form in answered:
        made = score(instrument, form)
        if made.risk:
            yield Note("risk-answer", f"Session {form.session}: {made.risk_why}")
    for session in doubted:
        what = "every item has the same answer, much better than on the form before"
        yield Note(
            "form-doubted",
            f"Session {session}, {instrument.id}: {what}. It may have been clicked through: ask. "
            "The score is shown, and left out of limits and rules.",
        )


def differences(shown: Sequence[Series]) -> list[Series]:
    """Therapist minus client for each pair of mirror forms or of raters of one form."""
    totals = {(own.measure, own.rater): own for own in shown if ":" not in own.measure}
    pairs = [((one, "client"), (two, "therapist")) for one, two in MIRRORS]
    pairs += [((form, "client"), (f"{form}/therapist", "therapist")) for form, _ in totals]
    made = []
    for client, therapist in pairs:
        if client in totals and therapist in totals:
            theirs = totals[therapist]
            own = replace(theirs, measure=theirs.measure.removesuffix("/therapist"))
            made.append(discrepancy(own, totals[client]))
    return made


def charted(scored: Scored) -> Iterator[Series]:
    """The series that rules run on: totals and differences, doubted forms left out.

    Subscales say mostly what their total says, and would add its false signals again.
    """
    for own in filter(is_charted, scored.series):
        form = own.measure.partition(":")[0]
        points = tuple(
            replace(p, value=None) if (form, p.session) in scored.doubtful else p
            for p in own.points
        )
        yield replace(own, points=points)


def is_charted(own: Series) -> bool:
    """Whether rules run on it: a total or a difference."""
    return own.measure.partition(":")[2] in ("", DIFFERENCE)


def score_signals(
    scored: Scored, rules: Sequence[str | change.Rule], baseline: int
) -> tuple[Signal, ...]:
    """The signals of the scores: these rules, and item prompts as one a form and session."""
    chosen = [rule for rule in map(change.pick, rules) if rule.name != "item-prompt"]
    prompts = [s for own in scored.items for s in change.signals(own, ("item-prompt",), baseline)]
    found = [s for own in charted(scored) for s in change.signals(own, chosen, baseline)]
    return tuple(symptoms_as_declines((*merge_prompts(prompts), *found)))


def limit_notes(scored: Scored, baseline: int) -> Iterator[Note]:
    """What the charts of each series cannot say, and where the baseline takes in all there is."""
    for given, own in zip(filter(is_charted, scored.series), charted(scored), strict=True):
        gaps = [note for note in limitations(given, baseline) if note.slug == GAPS]
        rest = [note for note in limitations(own, baseline) if note.slug != GAPS]
        for note in (*gaps, *rest):
            yield Note(note.slug, f"{own.measure}: {note.text}")
        if sum(point.value is not None for point in own.points) == baseline:
            text = f"{own.measure}: the baseline takes in all {baseline} sessions with a score"
            yield Note("baseline-only", f"{text}; its chart can speak from the next one on.")


def with_doubt(a: Appointment, doubtful: frozenset[tuple[str, int]]) -> Appointment:
    """The appointment with the measures whose form is doubted."""
    own = tuple(sorted(measure for measure, session in doubtful if session == a.number))
    return replace(a, doubtful=own)


# Many clients at once


@dataclass(frozen=True, slots=True)
class CaseloadSignals:
    """Signals by client, in time order, and the errors of clients whose records cannot be used."""

    signals: dict[str, tuple[Signal, ...]]
    failures: dict[str, InputError]


def follow_many(
    series: Iterable[Series],
    visits: Mapping[str, Sequence[Visit]],
    *,
    baseline: int = BASELINE,
    habits: Habits = attendance.DEFAULT,
) -> CaseloadSignals:
    """Scores and visits of a caseload, without words: the default rules and attendance, joined.

    A series of items ("checkin_client:item5") is looked through for prompts, any other by the rules
    "individuals" and "drop". The same signals as client by client (tested), linear in sessions.
    InputError only for a baseline under 3.
    """
    check_baseline(baseline)
    found, failures = many_scores(series, baseline)
    for client, own in many_visits(visits, habits, failures).items():
        found.setdefault(client, []).extend(own)
    return CaseloadSignals(
        {client: join(own) for client, own in found.items() if client not in failures}, failures
    )


def many_scores(
    series: Iterable[Series], baseline: int
) -> tuple[dict[str, list[Signal]], dict[str, InputError]]:
    """The signals of each client's scores, and the errors of clients whose scores cannot be."""
    found: dict[str, list[Signal]] = {}
    failures: dict[str, InputError] = {}
    groups: dict[tuple[str, str, Scale | None], list[tuple[Series, tuple[float, ...]]]] = {}
    prompts: dict[str, list[Signal]] = {}
    for own in series:
        found.setdefault(own.client, [])
        try:
            if change.ITEM.fullmatch(own.measure):
                told = change.signals(own, ("item-prompt",), baseline)
                prompts.setdefault(own.client, []).extend(told)
            else:
                key = (own.measure, own.rater, own.scale)
                groups.setdefault(key, []).append((own, observe(own).values))
        except InputError as error:
            failures[own.client] = named_error(own, error)
    for client, own_prompts in prompts.items():
        found[client] += merge_prompts(own_prompts)
    for (_, _, scale), rows in groups.items():
        table = pack_rows([values for _, values in rows])
        speaking = set(batch_signals(table, scale=scale, baseline=baseline).row.tolist())
        for at in sorted(speaking):
            own = rows[at][0]
            told = change.signals(own, ARRAY_RULES, baseline)
            found[own.client] += symptoms_as_declines(told)
    return found, failures


def pack_rows(rows: Sequence[Sequence[float]]) -> npt.NDArray[np.float64]:
    """The values of many series as (series, sessions with a value), NaN after the last."""
    import numpy as np

    table = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for row, values in zip(table, rows, strict=True):
        row[: len(values)] = values
    return table


def many_visits(
    visits: Mapping[str, Sequence[Visit]], habits: Habits, failures: dict[str, InputError]
) -> dict[str, tuple[Signal, ...]]:
    """The attendance signals of each client; adds to `failures` those whose visits cannot be."""
    good: dict[str, Sequence[Visit]] = {}
    for client, own in visits.items():
        try:
            attendance.session_numbers(attendance.in_order(own))
            good[client] = own
        except InputError as error:
            failures[client] = error
    return attendance.signals_of_many(good, habits)


def named_error(own: Series, error: InputError) -> InputError:
    """The error with the measure in its place."""
    where = f"{own.measure}, {error.where}" if error.where else own.measure
    return InputError(error.slug, error.what, where=where, remedy=error.remedy)
