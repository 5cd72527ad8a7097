"""The next-session sheet as one page: PDF and HTML say the same, from one table of words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from reattune import __version__, guidance
from reattune.codebook import code
from reattune.guidance import Guidance
from reattune.next_session import Focus, NextSession, Told
from reattune.repair_cases import Case
from reattune.report.pages import new_environment
from reattune.report.pdf import compile_pdf
from reattune.report.plan_words import (
    RUPTURE_STATES,
    episodes_in_words,
    name_of,
    quote_dict,
    sentence_of,
    sources_of,
    title_of,
)
from reattune.report.reference import Paper, typographic
from reattune.report.told import day_words, sessions_in_words
from reattune.report.words import counted, shorten
from reattune.types import Note

QUOTE = 190  # characters of a quote
BECAUSE = 150  # characters of a reason
CLIENT = 44  # characters of a client's name
DO = 2  # sentences of a hard case on what to do
LATER = {"noticed_late": {"return", "write", "next_time"}}
"""Of a hard case what is for the next hour, by key, where some is for the hour that passed."""

NOT_TESTED = (
    "Prompts for your own judgment, chosen by rule and not tested in a trial; no assessment of "
    "client or therapist. It quotes words of a session: keep it with your psychotherapy notes."
)


def page(sheet: NextSession) -> dict[str, Any]:
    """What stands on the sheet, JSON-ready, in the order of the page."""
    whole = guidance.load(sheet.language)
    told = [*sheet.needed, *sheet.openings, *sheet.avoid, *sheet.timing, *sheet.consult]
    told += sheet.closing
    used = [one.id for one in told] + [one.id for one in sheet.personal]
    return {
        "language": sheet.language,
        "title": f"Before session {sheet.last + 1}",
        "client": name_of(sheet.client, CLIENT),
        "after": f"After session {sheet.last}, {day_words(sheet.date)}".rstrip(", "),
        "risks": risks_told(sheet.notes),
        "focus": _focus(sheet.focus) if sheet.focus else None,
        "quotes": [quote_dict(basis, QUOTE) for basis in sheet.happened],
        "answer": _answer(sheet, whole),
        "needed": [_told(whole, one) for one in sheet.needed],
        "openings": _openings(sheet, whole),
        "step": _step(sheet, whole),
        "personal": _personal(sheet, whole),
        "avoid": [_told(whole, one) for one in sheet.avoid],
        "timing": [_told(whole, one) for one in sheet.timing],
        "consult": [_told(whole, one) for one in sheet.consult],
        "cases": [_case(case, whole) for case in sheet.cases],
        "closing": [_told(whole, one) for one in sheet.closing],
        "others": [f"{title_of(k, i)}, since session {n}" for k, i, n in sheet.others],
        "sources": sources_of(whole, used),
        "made": f"Reattune {__version__}, guidance {sheet.guidance}",
        "disclaimer": NOT_TESTED,
    }


def risks_told(notes: Sequence[Note]) -> list[str]:
    """The latest note on risk in full, the sessions of the others in short."""
    if not notes:
        return []
    *others, last = notes
    found = [re.match(r"Session (\d+): ", note.text) for note in others]
    sessions = sorted({int(told[1]) for told in found if told})
    also = f" Risk also came up in {sessions_in_words(sessions)}." if sessions else ""
    return [f"{last.text}{also}"]


def _focus(focus: Focus) -> dict[str, Any]:
    looks = focus.looks_repaired
    return {
        "kind": focus.kind,
        "title": title_of(focus.kind, focus.intensity),
        "state": f"{RUPTURE_STATES[focus.state].name} since session {focus.since}",
        "episodes": episodes_in_words(focus.episodes),
        "looks": "" if looks is None else f"The words look repaired in session {looks}.",
    }


def _answer(sheet: NextSession, whole: Guidance) -> dict[str, str] | None:
    if sheet.answer is None:
        return None
    told = whole.planning.answers[sheet.answer.id]
    return {"name": told.name.strip("“”"), "why": shorten(sheet.answer.why, BECAUSE)}


def _told(whole: Guidance, told: Told) -> dict[str, str]:
    words = sentence_of(whole, told.id)
    return {"text": words, "because": shorten(told.because, BECAUSE)}


def _openings(sheet: NextSession, whole: Guidance) -> list[dict[str, str]]:
    """The openings; where the next one has the same reason, it stands once, with the last."""
    made = [_told(whole, one) for one in sheet.openings]
    for one, two in pairwise(made):
        if one["because"] == two["because"]:
            one["because"] = ""
    return made


def _step(sheet: NextSession, whole: Guidance) -> dict[str, Any] | None:
    if not sheet.step:
        return None
    step = whole.step(sheet.step)
    return {"number": step.number, "name": step.name, "aim": sentence_of(whole, sheet.step_aim)}


def _personal(sheet: NextSession, whole: Guidance) -> list[dict[str, str]]:
    return [
        {
            "text": sentence_of(whole, one.id),
            "because": f"{code(one.code).name}, confirmed {counted(one.count, 'time')} before",
        }
        for one in sheet.personal
    ]


def _case(case: Case, whole: Guidance) -> dict[str, Any]:
    branch = whole.branches[case.id]
    do = [text for text in branch.do if text.key in LATER.get(case.id, {text.key})]
    say = [text for text in branch.say if text.key in LATER.get(case.id, {text.key})]
    return {
        "name": branch.name,
        "because": shorten(case.because, BECAUSE),
        "do": [text.text for text in do[:DO]],
        "say": say[0].text,
    }


def render_pdf(sheet: NextSession, paper: Paper = "a4", *, made: date) -> bytes:
    """The sheet as a PDF of one page, A4 or US Letter."""
    data = {**typographic(page(sheet)), "paper": paper, "day": day_words(made)}
    return compile_pdf("next_session", data, system_fonts=True)


def render_html(sheet: NextSession, paper: Paper = "a4", *, made: date) -> str:
    """The sheet as one HTML file that asks for nothing else and prints on one page."""
    template = new_environment().get_template("next_session.html.j2")
    return template.render(**typographic(page(sheet)), paper=paper, day=day_words(made)) + "\n"
