"""The figures of a therapist's caseload, from the summaries, kept until one of those changes.

They describe records, not people, and compare nobody: see `reattune.caseload`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Count, Max, QuerySet

from reattune.caseload import Course, EpisodeRecord, Figure, figures
from reattune.ending import OUTCOMES
from reattune.report.told import title_of
from reattune.types import Point, Scale, Series
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.followup.models import Figures, Summary
from reattune.web.followup.told import FIGURES, STANDINGS, word
from reattune.web.plans.models import Rupture


@dataclass(frozen=True, slots=True)
class Caseload:
    """The figures as the page shows them.

    `measure` is the alliance measure that they use, `others` how many clients answered another one;
    `outcomes` how many ruptures of the plans stand where, in words.
    """

    figures: tuple[dict[str, Any], ...]
    measure: str
    others: int
    outcomes: tuple[tuple[str, int], ...]


def figures_for(user: User) -> Caseload:
    """The figures of one's own clients, computed anew only where a summary changed."""
    summaries = counted_in(user)
    basis = basis_of(summaries)
    kept = Figures.objects.filter(therapist=user).first()
    if kept is None or kept.basis != basis:
        courses = list(summaries.values_list("client_id", "course"))
        kept, _ = Figures.objects.update_or_create(
            therapist=user, defaults={"basis": basis, "payload": compute(courses)}
        )
    told = kept.payload
    named = (row | {"title": word(FIGURES, row["name"])} for row in told["figures"])
    outcomes = outcomes_of(summaries)
    return Caseload(tuple(named), told["measure"], told["others"], outcomes)


def outcomes_of(summaries: QuerySet[Summary]) -> tuple[tuple[str, int], ...]:
    """How many ruptures of these clients stand where; a goodbye is an outcome like the others."""
    own = Rupture.objects.filter(client__in=summaries.values("client")).order_by()
    counts = dict(own.values_list("state").annotate(Count("pk")))
    return tuple((word(STANDINGS, state), counts[state]) for state in OUTCOMES if state in counts)


def counted_in(user: User) -> QuerySet[Summary]:
    """The summaries of one's own clients, archived ones too; of a demo's only where all are."""
    own = Summary.objects.filter(client__in=gates.own_clients(user)).order_by()
    real = own.filter(client__demo=False)
    return real if real.exists() else own


def basis_of(summaries: QuerySet[Summary]) -> str:
    """What changes whenever one of the summaries does."""
    told = summaries.aggregate(count=Count("pk"), made=Max("made"), ids=Max("pk"))
    made = told["made"].isoformat() if told["made"] else ""
    return f"{told['count']} {told['ids']} {made}"


def compute(courses: Sequence[tuple[Any, dict[str, Any]]]) -> dict[str, Any]:
    """The figures as JSON. Alliance is that of the measure which most clients answer."""
    made = [to_course(str(client), row) for client, row in courses if row]
    kinds = Counter(key for course, _ in made if (key := kind_of(course)))
    kind = kinds.most_common(1)[0][0] if kinds else None
    kept = [c if kind_of(c) == kind else replace(c, alliance=None) for c, _ in made]
    found = figures(kept, [episode for _, own in made for episode in own])
    return {
        "figures": [to_json(figure) for figure in found],
        "measure": title_of(kind[0]) if kind else "",
        "others": sum(kinds.values()) - (kinds[kind] if kind else 0),
    }


def kind_of(course: Course) -> tuple[str, str, Scale | None] | None:
    """What must be alike for alliance scores to be compared."""
    own = course.alliance
    return (own.measure, own.rater, own.scale) if own else None


def to_course(client: str, row: dict[str, Any]) -> tuple[Course, list[EpisodeRecord]]:
    """A course with its episodes, as `refresh.course_of` kept it."""
    own = row["alliance"]
    alliance = own and Series(
        client,
        own["measure"],
        own["rater"],
        tuple(Point(n, to_date(day), value) for n, day, value in own["points"]),
        Scale(**own["scale"]) if own["scale"] else None,
    )
    sessions = tuple((n, to_date(day)) for n, day in row["sessions"])
    episodes = [EpisodeRecord(client, n, to_date(day), *told) for n, day, *told in row["episodes"]]
    read = frozenset(row["read"])
    return Course(client, sessions, alliance or None, row["ended"], read), episodes


def to_date(text: str | None) -> date | None:
    """A date from JSON."""
    return date.fromisoformat(text) if text else None


def to_json(figure: Figure) -> dict[str, Any]:
    """A figure as the page shows it."""
    told = asdict(replace(figure, literature=()))
    return told | {
        "shown": figure.shown,
        "literature": [asdict(study) for study in figure.literature],
    }
