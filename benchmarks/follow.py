"""`python -m benchmarks.follow`: scores and visits of a caseload through `follow_many`.

Prints seconds for growing caseloads of 40 sessions each, up to 10,000 clients, and how often the
signals of stable courses are joined by chance. Made courses from a seed (`reattune.synth`).
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from reattune import attendance, synth
from reattune.attendance import CAME_LATE, MISSED, ON_TIME, Visit
from reattune.follow import CaseloadSignals, follow_many
from reattune.signals import strand
from reattune.types import Series, Signal

SESSIONS = 40
SIZES = (1_250, 2_500, 5_000, 10_000)
SEED = 41
START = date(2026, 1, 5)
WEEK = timedelta(weeks=1)


def made_scores(clients: int, sessions: int = SESSIONS, seed: int = SEED) -> list[Series]:
    """A stable course of scores for each client, one a week."""
    truth = synth.make("stable", clients, sessions, seed=seed)
    return [dated(truth.series(row)) for row in range(clients)]


def dated(own: Series) -> Series:
    """The series with a date a week."""
    points = tuple(replace(p, date=START + (p.session - 1) * WEEK) for p in own.points)
    return replace(own, points=points)


def made_visits(
    clients: int, sessions: int = SESSIONS, seed: int = SEED
) -> dict[str, tuple[Visit, ...]]:
    """Stable attendance of each client, with as many appointments missed on top as it happens."""
    codes = attendance.draw(np.random.default_rng(seed), clients, 2 * sessions)
    return {f"made-{row}": visits_of(own, sessions) for row, own in enumerate(codes)}


def visits_of(codes: Sequence[int], sessions: int) -> tuple[Visit, ...]:
    """Appointments until so many sessions were held, those missed two days before the next."""
    made: list[Visit] = []
    held = 0
    for said in codes:
        if held == sessions:
            break
        day = START + held * WEEK
        if said == MISSED:
            if not made or made[-1].date < day - timedelta(days=2):
                made.append(Visit(day - timedelta(days=2), "no_show"))
            continue
        held += 1
        late = {CAME_LATE: "late", ON_TIME: "attended"}[int(said)]
        made.append(Visit(day, late, 15 if late == "late" else 0, session=held))  # type: ignore[arg-type]
    return tuple(made)


def timed(clients: int) -> tuple[float, CaseloadSignals]:
    """Seconds of one run, and what it gave."""
    scores, visits = made_scores(clients), made_visits(clients)
    start = time.perf_counter()
    found = follow_many(scores, visits)
    return time.perf_counter() - start, found


def by_chance(found: CaseloadSignals) -> list[tuple[str, int, int]]:
    """(strand with level, signals of strain in stable courses, those joined)."""
    counts: dict[str, list[int]] = {}
    for own in found.signals.values():
        for signal in own:
            if signal.kind != "recovery":
                row = counts.setdefault(name(signal), [0, 0])
                row[0] += 1
                row[1] += bool(signal.with_)
    return [(key, *row) for key, row in sorted(counts.items())]  # type: ignore[misc]


def name(signal: Signal) -> str:
    """What a signal is counted as."""
    return f"{strand(signal.source)}, {signal.rule}, {signal.level}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="*", default=list(SIZES))
    for clients in parser.parse_args().clients:
        seconds, found = timed(clients)
        total = sum(map(len, found.signals.values()))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{clients:7,d} clients x {SESSIONS} sessions {seconds:7.2f} s "
            f"{1e6 * seconds / clients / SESSIONS:6.1f} us a session {total:8,d} signals "
            f"peak {peak:6.0f} MB"
        )
    print("\nsignals of strain in stable courses, and those joined by chance:")
    for label, n, joined in by_chance(found):
        rate = 12 * n / clients / SESSIONS
        print(f"{label:40s} {rate:6.2f} in 12 sessions {100 * joined / n:5.1f}% joined")


if __name__ == "__main__":
    main()
