"""The report of a client's course as a PDF, from the records."""

from __future__ import annotations

from datetime import datetime

from reattune.follow import follow_reads
from reattune.report.course_pdf import render_pdf
from reattune.web.checkins.instruments import known
from reattune.web.clients.appointments import zone_of
from reattune.web.clients.models import Client
from reattune.web.followup.course import records_of
from reattune.web.followup.episodes import closings, with_closed, with_noticed
from reattune.web.plans import store


def render(client: Client) -> bytes:
    """The PDF. No word of a session is in it. DependencyError where typst is not installed."""
    with known(client.practice):
        records = records_of(client)
        following = with_noticed(records, follow_reads(records.course, records.reads))
        following = with_closed(records, following, closings(store.load(client)))
        return render_pdf(following, made=datetime.now(zone_of(client.therapist)).date())
