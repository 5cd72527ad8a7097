"""The page of a course, and that of one series: the timeline with everything said in words.

One HTML file that asks for nothing else and works without script, as the session report does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reattune.charts import BASELINE, DIFFERENCE, number
from reattune.course import Appointment
from reattune.follow import Following
from reattune.report.timeline import (
    STRAND_WORDS,
    Timeline,
    columns_of,
    day_words,
    doubted,
    draw,
    environment,
    is_plotted,
    limits_of,
    timeline_of,
    timeline_of_series,
    title_of,
    told_at,
    visited,
)
from reattune.report.words import counted, joined, shorten
from reattune.signals import STRANDS, counts, strand
from reattune.types import Note, Series, Signal


def render_following(following: Following) -> str:
    """The page of a course as a complete HTML document, without script or outside reference."""
    risks = [note for note in following.notes if note.slug in ("risk-words", "risk-answer")]
    return _page(
        timeline_of(following),
        name=shorten(following.client, 60) or "Course",
        kicker="Course report",
        meta=course_meta(following),
        lead=told_in_short(following),
        risks=risks,
        entries=entries(following),
        signals=following.signals,
        charts=[
            (own, limits_of(own, following.baseline, doubted(own, following.sessions)))
            for own in following.series
            if is_plotted(own)
        ],
        figures=following.figures,
        notes=[note for note in following.notes if note not in risks],
    )


def render_chart(
    series: Series, signals: Sequence[Signal], notes: Sequence[Note], baseline: int = BASELINE
) -> str:
    """The page of one series as a complete HTML document."""
    spoken = sorted({signal.session for signal in signals})
    found = [f"{counted(len(signals), 'signal')} in {sessions_in_words(spoken)}."]
    known = sum(point.value is not None for point in series.points)
    return _page(
        timeline_of_series(series, signals, baseline),
        name=title_of(series.measure),
        kicker="Chart of one measure",
        meta=f"{counted(known, 'session')} with a score",
        lead=found if signals else ["No rule speaks."],
        risks=[],
        entries=[],
        signals=signals,
        charts=[(series, limits_of(series, baseline))],
        figures=(),
        notes=notes,
    )


def course_meta(following: Following) -> str:
    """How many appointments, from when to when."""
    days = [a.date for a in following.sessions]
    held = counted(len(following.held), "session")
    span = f"{day_words(days[0])} to {day_words(days[-1])}" if days else ""
    return f"{held} held of {counted(len(days), 'appointment')}, {span}"


def _page(timeline: Timeline, **context: Any) -> str:
    template = environment().get_template("timeline.html.j2")
    own = {"t": timeline, "drawing": draw(timeline, alone=False), **context}
    return template.render(own) + "\n"


def told_in_short(following: Following) -> list[str]:
    """What the three strands say together, in a few sentences."""
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
    back = [s for s in following.signals if s.kind == "recovery"]
    if back:
        said.append(f"Signs of recovery: {joined(list(places_of(back)))}.")
    alone = [s for s in strain if s.source == "attendance" and not s.with_]
    if alone:
        where = joined([day_words(s.date) for s in alone])
        said.append(f"Attendance alone spoke ({where}): not enough by itself.")
    return said


def repaired_sessions(following: Following) -> set[int]:
    """The sessions in which every episode that counts looks repaired, and there is one."""
    return {
        session
        for session, analysis in following.analyses.items()
        if (own := [e for e in analysis.episodes if counts(e)])
        and all(e.state == "repaired" for e in own)
    }


def sessions_in_words(held: Sequence[int]) -> str:
    """Such as "session 3" or "sessions 2 and 5"."""
    return f"session{'s' if len(held) > 1 else ''} {joined(list(map(str, held)))}"


def places_of(back: Sequence[Signal]) -> Iterator[str]:
    """The sessions of signals by strand, such as "scores in sessions 9 and 10"."""
    for name in STRANDS:
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
    first, last = run[0].session, run[-1].session
    where = f"session {first}" if first == last else f"sessions {first} to {last}"
    level = "major " if any(s.level == "major" for s in run) else ""
    return f"In {where} {strands_of(run)} bear each other out on a {level}strain."


def strands_of(run: Sequence[Signal]) -> str:
    """The strands of these signals, in words."""
    own = {strand(signal.source) for signal in run}
    return joined([name for name in STRAND_WORDS if name in own])


@dataclass(frozen=True, slots=True)
class Entry:
    """One appointment in the table: what was recorded and what was signaled."""

    session: str
    day: str
    kept: str
    words: str
    scores: tuple[tuple[str, str], ...]
    signals: tuple[Signal, ...]


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
        )
        for column, a in zip(columns, following.sessions, strict=True)
    ]


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
