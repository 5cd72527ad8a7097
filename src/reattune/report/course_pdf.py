"""The report of a client's course as a PDF: what the page of the course says, to print and file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from reattune import __version__, guidance
from reattune.follow import Following
from reattune.repair import HUMAN, STEPS, Change
from reattune.repair_plan import Plan, Planned, Step
from reattune.report.course import RISKS, course_meta, entries, told_in_short
from reattune.report.pdf import compile_pdf
from reattune.report.plan_words import (
    RUPTURE_STATES,
    episodes_in_words,
    state_words,
    title_of,
)
from reattune.report.timeline import render_svg, timeline_of
from reattune.report.told import (
    agrees,
    alone,
    brief,
    chance,
    day_words,
    headline,
    in_order,
    listed,
    notes_told,
)
from reattune.report.words import INTENSITIES, STATES, clean, counted, kind_words, shorten
from reattune.types import Signal

FONT = 'font-family: "Source Sans 3";'
REGULAR = "font-weight: 500;"
"""Of the drawing's letters: at a weight of 400 drawings get the variable font at its lightest."""

NAME = 60  # letters of a name that fit beside the page number
TALL = 1.05  # height to width from which a drawing gets a page of its own
DISCLAIMER = (
    "A flag is a prompt to look, never a verdict or a diagnosis; many are wrong, and the figures "
    "beside them say how many. Reattune is not a medical device and was not validated in practice."
)


def render_pdf(following: Following, *, made: date, plan: Plan | None = None) -> bytes:
    """The course as a PDF, A4, with the words of nobody: dates, episodes, scores, signals.

    With a plan its ruptures and their dated steps as well, with what people noted on them.
    """
    return compile_pdf("course", page(following, made, plan), system_fonts=True)


def page(following: Following, made: date, plan: Plan | None = None) -> dict[str, Any]:
    """What stands in the report, JSON-ready."""
    name = shorten(clean(following.client), NAME) or "Course"
    risks = [note.text for note in following.notes if note.slug in RISKS]
    rest = [note.text for note in notes_told(n for n in following.notes if n.slug not in RISKS)]
    drawn = timeline_of(following)
    slight = sum(alone(signal) for signal in following.signals)
    left_out = f"Left out: {counted(slight, 'slight signal')} that nothing bears out."
    return {
        "name": name,
        "meta": course_meta(following),
        "made": f"Made on {day_words(made)} with Reattune {__version__}",
        "risks": risks,
        "lead": told_in_short(following) if following.sessions else [],
        "ruptures": [rupture_told(own) for own in plan.ruptures] if plan else [],
        "tall": is_tall(render_svg(drawn)),
        "drawing": in_font(render_svg(drawn)) if following.sessions else "",
        "describes": drawn.describes,
        "sessions": [list(row) for row in session_rows(following)],
        "episodes": [list(row) for row in episode_rows(following)],
        "signals": [list(row) for row in signal_rows(following.signals)],
        "left_out": left_out if slight else "",
        "notes": rest,
        "disclaimer": DISCLAIMER,
    }


def in_font(drawing: str) -> str:
    """The drawing with its letters in a font that is there on every machine."""
    return re.sub(r"font-family: [^;]+;", FONT, drawing).replace("font-weight: 400;", REGULAR)


def is_tall(drawing: str) -> bool:
    """Whether a drawing as wide as the page would take most of its height."""
    size = re.search(r'<svg[^>]* width="(\d+)" height="(\d+)"', drawing)
    return bool(size) and int(size[2]) > TALL * int(size[1])  # type: ignore[index]


def rupture_told(own: Planned) -> dict[str, Any]:
    """A rupture with its dated rows: what people noted, and what the words look like."""
    rupture = own.rupture
    return {
        "title": title_of(rupture.kind, rupture.intensity),
        "kind": rupture.kind,
        "state": state_words(rupture),
        "episodes": episodes_in_words(own.episodes),
        "steps": [step_row(step) for step in own.steps],
        "rows": [list(change_row(row)) for row in rupture.changes if row_told(row)],
        "proposed": [proposal.why for proposal in own.waiting if not proposal.part],
    }


def row_told(row: Change) -> bool:
    """Whether a row by a person says more than that a proposal was taken up."""
    return row.by == HUMAN and (row.part in ("", *STEPS) or row.new != "accepted")


def step_row(step: Step) -> list[str]:
    """A step: its name, its state, the sessions in which it moved, and what was only heard."""
    states = guidance.load().planning.states
    moved = [f"session {row.session}: {states[row.new].name.lower()}" for row in step.rows]
    heard = f"Session {step.seen.session}, not confirmed" if step.seen else ""
    name = f"{step.number} {step.name}"
    return [name, states[step.state].name, "; ".join(moved), heard]


def change_row(row: Change) -> tuple[str, str, str, str]:
    """A row by a person about the rupture or a step: session, day it was made, what, why."""
    whole = guidance.load()
    if row.part in STEPS:
        what = f"{whole.step(row.part).name}: {whole.planning.states[row.new].name.lower()}"
    elif row.part:
        what = f"Proposal {row.new}"
    else:
        what = RUPTURE_STATES[row.new].name  # type: ignore[index]
    return str(row.session), day_words(row.when.date()), what, clean(row.note)


def session_rows(following: Following) -> Iterator[tuple[str, str, str, str]]:
    """Each appointment: number, day, how it was kept, scores."""
    for entry in entries(following):
        scores = "; ".join(f"{listed(measure)} {value}" for measure, value in entry.scores)
        yield entry.session or "–", entry.day, entry.kept or entry.words, scores


def episode_rows(following: Following) -> Iterator[tuple[str, str, str, str, str]]:
    """Each episode that counts: session, day, kind, intensity, how it stands."""
    for one in following.firm:
        state = STATES[one.state].name
        if one.repaired_at and one.repaired_at > one.session:
            state = f"{state}; repaired by session {one.repaired_at}"
        intensity = INTENSITIES[one.intensity].name
        yield str(one.session), day_words(one.date), kind_words(one.kind).name, intensity, state


def signal_rows(signals: Sequence[Signal]) -> Iterator[tuple[str, str, str, str]]:
    """Each signal that says something, in order of time: day, what, why, false alarms."""
    loud = in_order(signal for signal in signals if not alone(signal))
    ordered = sorted(loud, key=lambda s: (s.session, s.date or date.min))
    for signal in ordered:
        agreed = f" Agrees with: {agrees(signal)}." if signal.with_ else ""
        level = INTENSITIES[signal.level].name.lower()
        yield (
            day_words(signal.date) or f"Session {signal.session}",
            f"{clean(headline(signal))} ({level})",
            clean(brief(signal)) + agreed,
            chance(signal),
        )
