"""The report of a session as a PDF, for the therapist's own file: plot, episodes, missteps.

It says what the HTML report says, to print and file. It quotes the session.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from reattune import __version__, guidance
from reattune.codebook import code
from reattune.guidance import Guidance
from reattune.missteps import Recognized, recognized
from reattune.report.consider import load_guidance
from reattune.report.pages import new_environment
from reattune.report.pdf import compile_pdf
from reattune.report.plan_words import sentence_of
from reattune.report.reference import Paper, typographic
from reattune.report.strip import build_strip
from reattune.report.told import day_words
from reattune.report.view import (
    NO_RISK,
    RISK_LIMITS,
    UNVALIDATED,
    Beat,
    Flag,
    Told,
    all_notes,
    error_rates,
    flags,
    minutes,
    people,
    roles_told,
    summary,
    told_episodes,
)
from reattune.report.words import clean, counted, percent, sentence, shorten
from reattune.signals import HUMAN, counts
from reattune.types import Analysis

QUOTE = 240  # characters of a quote
BEATS = 8  # flagged turns told of an episode; the HTML report has them all
TURNS = 4  # turns told of each kind of misstep
READINGS = 4  # other readings told of an episode
BEFORE = 110  # characters of the client's turn before it
NAME = 70  # characters of a session's name


def render_pdf(
    analysis: Analysis, paper: Paper = "a4", *, made: date, day: date | None = None
) -> bytes:
    """The session's report as a PDF, A4 or US Letter; `day` is that of the session, if known."""
    data = {**typographic(page(analysis, made=made, day=day)), "paper": paper}
    return compile_pdf("session", data, system_fonts=True)


def page(analysis: Analysis, *, made: date, day: date | None = None) -> dict[str, Any]:
    """What stands in the report, JSON-ready, in the order of the pages."""
    told = told_episodes(analysis)
    grave = [t for t in told if counts(t.episode)]
    found = recognized(analysis)
    return {
        "name": shorten(clean(analysis.session.source), NAME) or "Session",
        "meta": meta(analysis, day),
        "made": f"Made on {day_words(made)} with Reattune {__version__}",
        "roles": roles_told(analysis),
        "risks": [_risk(analysis, risk.turn, risk.topic, risk.quote) for risk in analysis.risks],
        "risk_limits": RISK_LIMITS if analysis.risks else NO_RISK,
        "summary": " ".join(summary(analysis)),
        "drawing": drawing(analysis, told),
        "describes": describes(told),
        "episodes": [_episode(t) for t in grave],
        "slight": [_slight(t) for t in told if t not in grave],
        "missteps": [_misstep(id, found, guidance.load()) for id in ordered(found)],
        "rates": list(error_rates(analysis)),
        "notes": [sentence(clean(note.text)) for note in all_notes(analysis)],
        "sources": _sources(grave, found),
        "disclaimer": UNVALIDATED,
    }


def meta(analysis: Analysis, day: date | None) -> str:
    """Who speaks, how long, when."""
    long = minutes(analysis)
    parts = [
        sentence(people(analysis)),
        counted(len(analysis.session.turns), "turn"),
        f"{long} minutes" if long else "",
        day_words(day),
    ]
    return ", ".join(filter(None, parts))


def _risk(analysis: Analysis, turn: int, topic: str, quote: str) -> dict[str, str]:
    who = analysis.session.turns[turn].role
    return {
        "where": f"Turn {turn + 1}, {who}: {topic}",
        "quote": shorten(quote, QUOTE),
    }


def drawing(analysis: Analysis, told: tuple[Told, ...]) -> str:
    """The strip of the session as SVG, "" where there is no turn."""
    if not analysis.session.turns:
        return ""
    strip = build_strip(analysis, told, flags(analysis, told))
    template = new_environment().get_template("strip_print.svg.j2")
    return template.render(strip=strip, timed=any(tick.time for tick in strip.ticks))


def describes(told: tuple[Told, ...]) -> str:
    """What the drawing shows, in words."""
    listed = "; ".join(f"{t.tag}: {t.title}, {t.span}, {t.state.name.lower()}" for t in told)
    what = "Words of each turn as bars, the client above the line and the therapist below."
    return f"{what} {listed or 'No episode is flagged'}."


# Episodes


def _episode(t: Told) -> dict[str, Any]:
    return {
        "tag": t.tag,
        "kind": t.episode.kind,
        "title": t.title,
        "span": sentence(t.span),
        "state": t.state.name,
        "means": t.state.meaning,
        "why": clean(t.episode.why),
        "beats": [_beat(beat) for beat in clearest(t.story)],
        "more": max(0, len(t.story) - BEATS),
        "readings": [f"{name}: {other}" for name, other in t.readings[:READINGS]],
        "ideas": [
            {"text": idea.text, "source": load_guidance().sources[idea.source].short}
            for idea in t.considerations
        ],
        "wrong": t.wrong,
    }


def clearest(story: Sequence[Beat]) -> list[Beat]:
    """The BEATS turns flagged most clearly, major ones first, in the order of the session."""
    ranked = sorted(story, key=lambda beat: max(map(_weight, beat.flags)), reverse=True)
    return sorted(ranked[:BEATS], key=lambda beat: beat.turn)


def _weight(flag: Flag) -> tuple[bool, bool, float]:
    return flag.marker.by == HUMAN, flag.marker.intensity == "major", flag.probability


def _beat(beat: Beat) -> dict[str, Any]:
    return {
        "turn": beat.turn,
        "who": beat.speaker,
        "quote": shorten(beat.quote, QUOTE),
        "flags": [
            {
                "name": flag.code.name,
                "family": flag.code.family,
                "sure": "confirmed" if flag.marker.by == HUMAN else percent(flag.probability),
            }
            for flag in beat.flags
        ],
    }


def _slight(t: Told) -> list[str]:
    first = t.story[0] if t.story else None
    names = ", ".join(flag.code.name for flag in first.flags) if first else ""
    quote = f"“{shorten(first.quote, 90)}”" if first else ""
    return [t.tag, t.span, f"{names}: {quote}", t.state.name]


# Missteps


def ordered(found: Sequence[Recognized]) -> list[str]:
    """The codes of the missteps, the most frequent first."""
    return [id for id, _ in Counter(one.code for one in found).most_common()]


def _misstep(id: str, found: Sequence[Recognized], whole: Guidance) -> dict[str, Any]:
    """One kind of misstep: the turns that carry it, the surest of them told, and what helps."""
    own = [one for one in found if one.code == id]
    told = sorted(own, key=lambda one: (one.confirmed, one.probability), reverse=True)[:TURNS]
    return {
        "name": code(id).name,
        "turns": [_turn(one) for one in sorted(told, key=lambda one: one.own.turn or 0)],
        "more": len(own) - len(told),
        "badly": sentence_of(whole, own[0].badly),
        "well": sentence_of(whole, own[0].well),
        "instead": [sentence_of(whole, text) for text in own[0].instead],
    }


def _turn(one: Recognized) -> dict[str, str]:
    sure = "confirmed by you" if one.confirmed else percent(one.probability)
    return {
        "where": f"Turn {(one.own.turn or 0) + 1}, {sure}",
        "before": shorten(one.before.quote, BEFORE) if one.before else "",
        "own": shorten(one.own.quote, QUOTE),
    }


def _sources(told: Sequence[Told], found: Sequence[Recognized]) -> list[str]:
    """The sources named, each in short with its strength."""
    whole = guidance.load()
    used = [idea.source for t in told for idea in t.considerations]
    used += [
        id
        for one in found
        for text in (one.badly, *one.instead)
        for id in whole.texts[text].sources
    ]
    named = [whole.sources[id] for id in dict.fromkeys(used)]
    return [f"{source.short}. {source.strength}" for source in named]
