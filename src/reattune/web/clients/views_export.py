"""Exports: a client's whole record, and the scores of all own clients."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterator

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.checkins.scores import read_all
from reattune.web.checkins.views import CSV_COLUMNS, csv_rows, plain
from reattune.web.clients import export


@gates.therapist
def page(request: HttpRequest, id: uuid.UUID) -> HttpResponseBase:
    """What an export holds, and a warning; a POST sends it."""
    posted = request.method == "POST"
    action = "client.export" if posted else "client.details"
    client = gates.client_of(gates.user_of(request), id, action)
    if not posted:
        context = {"client": client, "sessions": client.sessions.count()}
        return render(request, "clients/export.html", context)
    response = StreamingHttpResponse(export.pack(client), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{export.file_name(client)}"'
    return response


@gates.therapist
def scores(request: HttpRequest) -> StreamingHttpResponse:
    """Every score of all own clients, a row for each total and subscale."""
    user = gates.user_of(request)
    gates.note(user, "scores.export", clients=gates.own_clients(user).count())
    response = StreamingHttpResponse(score_lines(user), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="scores.csv"'
    return response


def score_lines(user: User) -> Iterator[str]:
    """The lines of the table, client by client."""
    writer = csv.writer(Echo())
    yield writer.writerow(["client", *CSV_COLUMNS])
    for client in gates.own_clients(user).select_related("practice").order_by("name"):
        for one in read_all(client.practice, client.answers.all()):
            for row in csv_rows(one):
                yield writer.writerow([plain(client.name), *row])


class Echo:
    """What `csv.writer` writes to in order to give each line back."""

    def write(self, line: str) -> str:
        """The line."""
        return line
