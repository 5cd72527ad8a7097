"""A therapist's own sessions with what was found in their turns, for missteps; no words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Q

from reattune import types
from reattune.codebook import CODES
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.reviews import models as reviews
from reattune.web.reviews.labels import standing


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A session of one's own, and its moves with the human labels in."""

    row: reviews.Session
    analysis: types.Analysis


def own_sessions(user: User) -> list[OwnSession]:
    """The analyzed sessions of one's own clients in order of time; four queries for all."""
    of_user = Q(session__client__in=gates.own_clients(user))
    analyses = {
        row.session_id: row
        for row in reviews.Analysis.objects.filter(of_user, current=True)
        .select_related("session__client")
        .only("by", "point", "session")
    }
    judged: dict[Any, list[reviews.Judgement]] = defaultdict(list)
    for row in reviews.Judgement.objects.filter(of_user).order_by("id"):
        judged[row.session_id].append(row)
    found = moves_of(user, {j.turn for own in judged.values() for j in own})
    roles = roles_of(user, {j.turn for own in judged.values() for j in own})
    rows = [(analysis.session, analysis) for analysis in analyses.values()]
    rows.sort(key=lambda pair: (pair[0].held_on, pair[0].created))
    return [
        OwnSession(
            row, bare(analysis, standing(found[row.pk], judged[row.pk], roles[row.pk]).moves)
        )
        for row, analysis in rows
    ]


def moves_of(user: User, turns: Iterable[int]) -> dict[Any, list[types.Marker]]:
    """The decided missteps of each session, and whatever was found on turns people judged."""
    rows = reviews.Finding.objects.filter(
        Q(decided=True, family="misstep") | Q(turn__in=turns),
        analysis__session__client__in=gates.own_clients(user),
        analysis__current=True,
    ).order_by("turn", "id")
    columns = (
        "analysis__session_id", "turn", "code", "family", "intensity", "probability",
        "family_probability", "decided", "by",
    )  # fmt: skip
    found: dict[Any, list[types.Marker]] = defaultdict(list)
    for key, turn, code, family, intensity, sure, of_family, decided, by in rows.values_list(
        *columns
    ):
        found[key].append(
            types.Marker(
                turn=turn,
                code=code,
                family=family,
                intensity=intensity or None,
                probability=sure,
                by=by,
                why="",
                decided=decided,
                family_probability=of_family,
            )
        )
    return found


def roles_of(user: User, turns: Iterable[int]) -> dict[Any, dict[int, str]]:
    """The role of each turn with one of these numbers, by session."""
    found: dict[Any, dict[int, str]] = defaultdict(dict)
    rows = reviews.Turn.objects.filter(
        session__client__in=gates.own_clients(user), number__in=turns
    ).order_by()
    for key, number, role in rows.values_list("session_id", "number", "role"):
        found[key][number] = role
    return found


def bare(row: reviews.Analysis, moves: tuple[types.Marker, ...]) -> types.Analysis:
    """An analysis of nothing but these moves."""
    return types.Analysis(
        session=types.Session(()),
        scores=np.zeros((0, len(CODES)), np.float32),
        markers=(),
        moves=moves,
        episodes=(),
        risks=(),
        baseline=None,
        talk=(),
        notes=(),
        by=row.by,
        operating_point=row.point,
    )
