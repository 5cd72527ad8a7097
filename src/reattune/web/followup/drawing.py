"""The timeline of a client's page: the report's drawing, its sessions linked to their own pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.urls import reverse

from reattune.follow import Following
from reattune.report.legend import keys_of
from reattune.report.timeline import Timeline, draw, environment, timeline_of
from reattune.web.followup.course import Records

STEP = 200  # pixels; followup.css has a class for each multiple that a drawing may need
MOST = 20  # steps; a longer course is drawn narrower


def timeline(records: Records, following: Following) -> dict[str, Any]:
    """The drawing, its legend, and how many STEPs wide it must at least be; {} without anything."""
    if not following.sessions:
        return {}
    links = {n: reverse("session", args=[s.pk]) for n, s in records.sessions.items()}
    made = linked(timeline_of(following), links)
    legend = environment().get_template("legend.html.j2")
    return {
        "drawing": draw(made, alone=False),
        "legend": legend.render(keys=keys_of(made)),
        "steps": min(-(-made.least // STEP), MOST),
    }


def linked(made: Timeline, links: Mapping[int, str]) -> Timeline:
    """The timeline with each session that has a transcript leading to its page, others nowhere."""
    columns = (replace(c, link=links.get(c.session or 0, "")) for c in made.columns)
    return replace(made, columns=tuple(columns))
