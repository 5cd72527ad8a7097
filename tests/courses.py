"""The demo courses for tests of what follows: by the model's flags, and by people's labels."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np

from reattune.codebook import CODES, code
from reattune.course import Course, read_course
from reattune.episodes import find_episodes
from reattune.features import contexts, measure_baseline
from reattune.follow import Following, follow, follow_reads
from reattune.risk import screen
from reattune.signals import HUMAN, Read
from reattune.types import Analysis, Evidence, Marker, Session
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"
Said = tuple[str, str, tuple[str, ...]]
"""A turn: who, the words, codes; "!" before a code makes it major."""


@cache
def demo(name: str) -> Following:
    """A demo course by the model's own flags."""
    return follow(read_course(EXAMPLES / f"course_{name}"))


def until(following: Following, name: str, session: int) -> Following:
    """A demo course as it stood after a session, with appointments missed before the next one."""
    whole = read_course(EXAMPLES / f"course_{name}")
    later = [a.date for a in whole.appointments if a.number is not None and a.number > session]
    kept = tuple(a for a in whole.appointments if not later or a.date < min(later))
    reads = [read for read in reads_of(following) if read.session <= session]
    return follow_reads(replace(whole, appointments=kept), reads)


def reads_of(following: Following) -> list[Read]:
    """The analyses of a course as reads."""
    days = dict(following.held)
    return [Read(n, days[n], analysis) for n, analysis in sorted(following.analyses.items())]


@cache
def labelled(name: str) -> Following:
    """A demo course as if a person had labelled every turn as its coders did, without the model."""
    whole = read_course(EXAMPLES / f"course_{name}")
    lines = (EXAMPLES / "courses" / f"course_{name}.jsonl").read_text("utf-8").splitlines()
    rows = [row for line in lines if (row := json.loads(line))["turns"]]
    held = dict(whole.held)
    reads = [Read(n, held[n], analysis_of_row(row)) for n, row in enumerate(rows, 1)]
    return follow_reads(whole, reads)


def analysis_of_row(row: dict) -> Analysis:
    """A coded session as an analysis."""
    turns = [
        (
            turn["who"],
            turn["text"],
            tuple(
                f"!{id}" if turn.get("intensity") == "major" else id for id in turn.get("codes", ())
            ),
        )
        for turn in row["turns"]
    ]
    return coded(turns)


def coded(turns: list[Said], by: str = HUMAN) -> Analysis:
    """An analysis of made turns with these codes, each sure."""
    session = Session.from_turns((who, text) for who, text, _ in turns)
    found = [marker(i, id, text, by) for i, (_, text, ids) in enumerate(turns) for id in ids]
    markers = tuple(m for m in found if code(m.code).role == "client")
    moves = tuple(m for m in found if code(m.code).role == "therapist")
    baseline = measure_baseline(session)
    return Analysis(
        session=session,
        scores=np.zeros((len(turns), len(CODES)), np.float32),
        markers=markers,
        moves=moves,
        episodes=find_episodes(markers, moves, contexts(session, baseline)),
        risks=screen(session),
        baseline=baseline,
        talk=(),
        notes=(),
        by="test",
        operating_point="balanced",
    )


def marker(turn: int, id: str, text: str, by: str = HUMAN) -> Marker:
    """A sure marker; "!" before the code makes it major."""
    own = code(id.removeprefix("!"))
    intensity = ("major" if id.startswith("!") else "micro") if own.role == "client" else None
    evidence = (Evidence(turn, quote=text),)
    return Marker(turn, own.id, own.family, intensity, 1.0, by, own.why, evidence, True, 1.0)


def course_of(client: str, weeks: int, **measures: list) -> Course:
    """A course of weekly sessions without words; answers by measure, one list a week."""
    from datetime import date, timedelta

    from reattune.course import build

    start = date(2026, 1, 5)
    sessions = [
        {
            "date": (start + timedelta(weeks=week)).isoformat(),
            "attendance": {"status": "attended"},
            "measures": {name: rows[week] for name, rows in measures.items()},
        }
        for week in range(weeks)
    ]
    return build({"client": client, "sessions": sessions})
