"""The HTML report: one file that asks for nothing else, works without script, and prints."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from reattune.codebook import load_codebook
from reattune.report.consider import load_guidance
from reattune.report.pages import new_environment
from reattune.report.strip import build_strip
from reattune.report.transcript import pieces, rows
from reattune.report.view import (
    NO_RISK,
    RISK_LIMITS,
    UNVALIDATED,
    Told,
    all_notes,
    baseline_told,
    error_rates,
    flags,
    minutes,
    near_misses,
    people,
    roles_told,
    summary,
    told_episodes,
)
from reattune.report.words import (
    INTENSITIES,
    KINDS,
    ROLES,
    clean,
    counted,
    kind_words,
    percent,
    shorten,
)
from reattune.types import Analysis

if TYPE_CHECKING:
    from jinja2 import Environment

QUOTE = 320  # characters of a quote in a card or table; the transcript has the whole turn
STORY = 8  # flagged turns shown in a card before the rest folds away
TABLE = 30  # moves shown before the table folds away


def render_html(analysis: Analysis) -> str:
    """The report on one session as a complete HTML document.

    No script and no reference to anything outside the file; a content security policy in the
    file makes the browser refuse both.
    """
    template = _environment().get_template("report.html.j2")
    return template.render(_context(analysis)) + "\n"


def _context(analysis: Analysis) -> dict[str, Any]:
    told = told_episodes(analysis)
    found, near = flags(analysis, told), near_misses(analysis)
    turns = analysis.session.turns
    return {
        "analysis": analysis,
        "name": clean(analysis.session.source) or "Session",
        "people": people(analysis),
        "minutes": minutes(analysis),
        "roles_told": roles_told(analysis),
        "summary": summary(analysis),
        "told": told,
        "strip": build_strip(analysis, told, found) if turns else None,
        "moves": [f for f in found if f.marker.family in ("repair", "misstep")],
        "rows": rows(analysis, told, found, near),
        "near": near,
        "baseline": baseline_told(analysis),
        "error_rates": error_rates(analysis),
        "notes": all_notes(analysis),
        "sources": _sources(told),
    }


def _sources(told: tuple[Told, ...]) -> list[Any]:
    """The sources that the cards name, in the order they first name them."""
    used = [item.source for t in told for item in t.considerations]
    used += [land.source for t in told for _, land in t.landings]
    return [load_guidance().sources[id] for id in dict.fromkeys(used)]


@cache
def _environment() -> Environment:
    made = new_environment()
    made.filters |= {"percent": percent, "clean": clean, "pieces": lambda t: pieces(t, [])}
    made.filters |= {"quote": lambda t: shorten(t, QUOTE)}
    made.globals |= {
        "RISK_LIMITS": RISK_LIMITS,
        "NO_RISK": NO_RISK,
        "UNVALIDATED": UNVALIDATED,
        "STORY": STORY,
        "TABLE": TABLE,
        "INTENSITIES": INTENSITIES,
        "KINDS": {kind: kind_words(kind) for kind in KINDS},
        "ROLES": ROLES,
        "STEPS": load_codebook().steps,
        "FAMILIES": load_codebook().families,
        "SOURCES": load_guidance().sources,
        "counted": counted,
    }
    return made
