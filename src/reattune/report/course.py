"""The page of a course, of one series and of a caseload: everything said in words too.

One HTML file that asks for nothing else and works without script, as the session report does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from reattune.caseload import Figure
from reattune.change import DEFAULT_RULES
from reattune.charts import BASELINE, DIFFERENCE, number
from reattune.course import Appointment
from reattune.follow import Following
from reattune.report.legend import keys_of
from reattune.report.pages import new_environment
from reattune.report.timeline import (
    Timeline,
    columns_of,
    doubted,
    draw,
    is_plotted,
    limits_of,
    link_of,
    timeline_of,
    timeline_of_series,
    told_at,
    visited,
)
from reattune.report.told import (
    GLOSSARY,
    KIND_WORDS,
    STRAND_WORDS,
    agrees,
    alone,
    brief,
    day_words,
    figure_name,
    headline,
    in_order,
    more,
    notes_told,
    often,
    rule_words,
    rules_told,
    sessions_in_words,
    title_of,
)
from reattune.report.view import UNVALIDATED
from reattune.report.words import clean, counted, joined, sentence, shorten
from reattune.signals import STRANDS, counts, strand
from reattune.types import Note, Series, Signal

if TYPE_CHECKING:
    from jinja2 import Environment

RISKS = ("risk-words", "risk-answer")  # notes that stand first and apart
FOLDED = 3  # sessions in a row without a signal that are folded away
QUIET = "No rule speaks. A course without signals is not thereby a good one."


def render_following(following: Following) -> str:
    """The page of a course as a complete HTML document, without script or outside reference."""
    drawn = timeline_of(following)
    parts = {strand(own.measure) for own in following.series}
    parts |= {"scores"} if "symptoms" in parts else set()
    return _page(
        "timeline.html.j2",
        name=shorten(following.client, 60) or "Course",
        kicker="Course report",
        meta=course_meta(following),
        lead=told_in_short(following),
        notes=following.notes,
        figures=following.figures,
        groups=list(grouped(entries(following))),
        whole=True,
        charts=[
            (own, limits_of(own, following.baseline, doubted(own, following.sessions)))
            for own in following.series
            if is_plotted(own)
        ],
        rules=list(rules_told(following.signals, DEFAULT_RULES, following.baseline, parts)),
        **drawing(drawn),
    )


def render_chart(
    series: Series,
    signals: Sequence[Signal],
    notes: Sequence[Note],
    baseline: int = BASELINE,
    rules: Sequence[object] = DEFAULT_RULES,
) -> str:
    """The page of one series as a complete HTML document; `rules` are those that were run."""
    known = sum(point.value is not None for point in series.points)
    return _page(
        "timeline.html.j2",
        name=title_of(series.measure),
        kicker="Chart of one measure",
        meta=f"{counted(known, 'session')} with a score",
        lead=chart_in_short(signals),
        notes=notes,
        figures=(),
        groups=list(grouped(list(chart_entries(series, signals)))),
        whole=False,
        charts=[(series, limits_of(series, baseline))],
        rules=list(rules_told(signals, rules, baseline, {"scores"})),
        **drawing(timeline_of_series(series, signals, baseline)),
    )


def render_caseload(
    followings: Sequence[Following], figures: Sequence[Figure], notes: Sequence[Note] = ()
) -> str:
    """The page of several courses: the figures of the caseload, and each course in short."""
    held = sum(len(made.held) for made in followings)
    return _page(
        "caseload.html.j2",
        name="Caseload",
        kicker="Figures of a caseload",
        meta=f"{counted(len(followings), 'course')}, {counted(held, 'session')} held",
        notes=[*of_courses(followings), *notes],
        figures=figures,
        courses=[
            (shorten(made.client, 60) or "Course", course_meta(made), told_in_short(made))
            for made in followings
        ],
    )


def of_courses(followings: Sequence[Following]) -> Iterator[Note]:
    """What must be told of single courses on a page of several: risk, and files left out."""
    for made in followings:
        for note in made.notes:
            if note.slug in (*RISKS, "file-left-out"):
                yield Note(note.slug, f"{shorten(made.client, 60)}: {note.text}")


def drawing(timeline: Timeline) -> dict[str, Any]:
    """The timeline as a page needs it."""
    return {"t": timeline, "drawing": draw(timeline, alone=False), "keys": keys_of(timeline)}


def course_meta(following: Following) -> str:
    """How many appointments, from when to when."""
    days = [a.date for a in following.sessions]
    held = counted(len(following.held), "session")
    span = f", {day_words(days[0])} to {day_words(days[-1])}" if days else ""
    return f"{held} held of {counted(len(days), 'appointment')}{span}"


def _page(template: str, *, notes: Sequence[Note], **context: Any) -> str:
    risks = [note for note in notes if note.slug in RISKS]
    rest = notes_told(note for note in notes if note not in risks)
    made = environment().get_template(template).render(risks=risks, notes=rest, **context)
    return made + "\n"


@cache
def environment() -> Environment:
    """The templates of the pages."""
    made = new_environment()
    made.filters |= {
        "clean": clean,
        "number": number,
        "measure": title_of,
        "often": often,
        "headline": headline,
        "figure": figure_name,
        "brief": brief,
        "more": more,
        "agrees": agrees,
        "sentence": sentence,
    }
    made.globals |= {
        "UNVALIDATED": UNVALIDATED,
        "KIND_WORDS": KIND_WORDS,
        "GLOSSARY": GLOSSARY,
        "QUIET": QUIET,
    }
    return made


# In short


def told_in_short(following: Following) -> list[str]:
    """What the three strands say together, in a few sentences."""
    if not following.signals:
        return [QUIET]
    strain = [s for s in following.signals if s.kind != "recovery"]
    borne = [s for s in strain if s.with_]
    fixed = {s.session for s in borne} & repaired_sessions(following)
    said = [run_words(run) for run in runs([s for s in borne if s.session not in fixed])]
    if fixed:
        where = sessions_in_words(sorted(fixed))
        names = strands_of([s for s in borne if s.session in fixed])
        said.append(f"In {where} {names} share a strain that looks repaired in its own session.")
    if not borne:
        said = ["No two strands bear each other out on a strain."]
    said += alone_words([s for s in strain if not s.with_])
    back = [s for s in following.signals if s.kind == "recovery" and not alone(s)]
    back += [s for s in following.signals if s.kind == "recovery" and s.source == "attendance"]
    places = list(places_of(back))
    return [*said, f"Signs of recovery: {joined(places)}."] if places else said


def alone_words(left: Sequence[Signal]) -> Iterator[str]:
    """What is told of strains that stand alone: major ones of words and scores, attendance."""
    for name in ("words", "scores"):
        held = [s.session for s in left if strand(s.source) == name and s.level == "major"]
        if held:
            yield f"In {sessions_in_words(held)} {name} alone {tell(name)} a major strain."
    away = [s for s in left if s.source == "attendance"]
    if away:
        where = joined([day_words(s.date) for s in away])
        yield f"Attendance alone spoke ({where}): not enough by itself."


def tell(name: str) -> str:
    """The verb: words tell of something, scores show it."""
    return "tell of" if name == "words" else "show"


def chart_in_short(signals: Sequence[Signal]) -> list[str]:
    """What the rules found in one series, a sentence a finding."""
    if not signals:
        return [QUIET]
    loud = found_words([signal for signal in signals if not alone(signal)])
    slight = found_words([signal for signal in signals if alone(signal)])
    said = [f"{sentence(what)}." for what in loud]
    return [*said, f"Slight, and common by chance: {joined(slight)}."] if slight else said


def found_words(signals: Sequence[Signal]) -> list[str]:
    """What was found and where, strain before recovery: "a clear drop in session 7"."""
    found: dict[str, list[int]] = {}
    for signal in sorted(signals, key=lambda signal: signal.kind == "recovery"):
        found.setdefault(rule_words(signal), []).append(signal.session)
    return [f"{what} in {sessions_in_words(held)}" for what, held in found.items()]


def repaired_sessions(following: Following) -> set[int]:
    """The sessions in which every episode that counts looks repaired, and there is one."""
    return {
        session
        for session, analysis in following.analyses.items()
        if (own := [e for e in analysis.episodes if counts(e)])
        and all(e.state == "repaired" for e in own)
    }


def places_of(back: Sequence[Signal]) -> Iterator[str]:
    """The sessions of signals by strand, such as "scores in sessions 9 and 10"; no symptoms."""
    for name in STRANDS[:3]:
        held = sorted({s.session for s in back if strand(s.source) == name})
        if held:
            yield f"{name} in {sessions_in_words(held)}"


def runs(borne: Sequence[Signal]) -> list[list[Signal]]:
    """Signals that are borne out, in stretches of neighboring sessions."""
    found: list[list[Signal]] = []
    for signal in sorted(borne, key=lambda signal: signal.session):
        if found and signal.session - found[-1][-1].session <= 1:
            found[-1].append(signal)
        else:
            found.append([signal])
    return found


def run_words(run: Sequence[Signal]) -> str:
    """A stretch in a sentence: where, which strands, how strong."""
    where = sessions_in_words([signal.session for signal in run])
    level = "major " if any(s.level == "major" for s in run) else ""
    return f"In {where} {strands_of(run)} bear each other out on a {level}strain."


def strands_of(run: Sequence[Signal]) -> str:
    """The strands of these signals, in words."""
    own = {strand(signal.source) for signal in run}
    return joined([name for name in STRAND_WORDS if name in own])


# Session by session


@dataclass(frozen=True, slots=True)
class Entry:
    """One appointment in words: what was recorded and what was signaled; `link` names its part."""

    session: str
    day: str
    kept: str
    words: str
    scores: tuple[tuple[str, str], ...]
    signals: tuple[Signal, ...]
    link: str

    @property
    def loud(self) -> list[Signal]:
        """The signals that say something by themselves or with others."""
        return in_order(s for s in self.signals if not alone(s))

    @property
    def slight(self) -> list[Signal]:
        """Those that are slight and stand alone."""
        return in_order(s for s in self.signals if alone(s))


@dataclass(frozen=True, slots=True)
class Group:
    """Appointments one after the other; `fold` where there are several and no signal in them."""

    entries: tuple[Entry, ...]
    fold: bool

    @property
    def name(self) -> str:
        """The sessions in it."""
        held = [int(entry.session) for entry in self.entries if entry.session]
        return sentence(sessions_in_words(held)) if held else "Not held"


def grouped(found: Sequence[Entry]) -> Iterator[Group]:
    """The appointments, each stretch of FOLDED or more without a signal put together."""
    for quiet, own in groupby(found, key=lambda entry: not entry.signals and not entry.words):
        part = tuple(own)
        yield Group(part, fold=quiet and len(part) >= FOLDED)


def entries(following: Following) -> list[Entry]:
    """The appointments in order, in words."""
    columns = columns_of([(a.number, a.date) for a in following.sessions])
    plotted = [own for own in following.series if is_plotted(own)]
    return [
        Entry(
            session=str(a.number or ""),
            day=day_words(a.date),
            kept=visited(column, a).title.partition(": ")[2] if a.visit else "",
            words=heard(following, a.number),
            scores=tuple(scores_in(plotted, a)),
            signals=tuple(told_at(column, columns, following.signals)),
            link=link_of(a.number, a.date),
        )
        for column, a in zip(columns, following.sessions, strict=True)
    ]


def chart_entries(series: Series, signals: Sequence[Signal]) -> Iterator[Entry]:
    """The sessions of a series in which a rule spoke."""
    for point in series.points:
        told = tuple(signal for signal in signals if signal.session == point.session)
        if told:
            value = "" if point.value is None else number(point.value)
            yield Entry(
                session=str(point.session),
                day=day_words(point.date),
                kept="",
                words="",
                scores=((series.measure, value),),
                signals=told,
                link=link_of(point.session, point.date),
            )


def heard(following: Following, session: int | None) -> str:
    """What is said of words that no signal tells of."""
    if session is None or session not in following.analyses:
        return ""
    episodes = following.analyses[session].episodes
    return "" if episodes else "no strain flagged"


def scores_in(plotted: Sequence[Series], a: Appointment) -> Iterator[tuple[str, str]]:
    """(measure, value) of an appointment."""
    for own in plotted:
        value = next((p.value for p in own.points if p.session == a.number), None)
        if value is not None and a.number is not None and own.rater != DIFFERENCE:
            doubt = " (clicked through?)" if own.measure in a.doubtful else ""
            yield own.measure, number(value) + doubt
