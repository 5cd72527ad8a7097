"""Sheets to read or print: before the next session, and the quick reference."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from reattune.missteps import tendencies
from reattune.next_session import NextSession, next_session
from reattune.report import next_sheet, reference
from reattune.report.reference import PAPERS, Paper, typographic
from reattune.web import gates
from reattune.web.clients.models import Client
from reattune.web.followup import refresh
from reattune.web.followup.told import moment
from reattune.web.plans import renewal
from reattune.web.plans.own import own_sessions
from reattune.web.reviews.models import Session

STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def paper_of(request: HttpRequest) -> Paper:
    """The paper that was asked for."""
    asked = request.GET.get("paper", "")
    return next((paper for paper in PAPERS if paper == asked), "a4")


def sheet_of(client: Client) -> NextSession:
    """The sheet as of now; what is personal rests on missteps that the therapist confirmed."""
    refresh.fresh(client)
    plan, _following = renewal.current(client)
    own = own_sessions(client.therapist)
    return next_session(plan, tendencies(one.analysis for one in own))


@gates.therapist
def next_page(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The next-session sheet, to read or to print."""
    client = gates.client_of(gates.user_of(request), id, "plan.sheet")
    sheet = sheet_of(client)
    keys = dict(Session.objects.filter(client=client).values_list("number", "pk"))
    told = typographic(next_sheet.page(sheet))
    hrefs = [
        moment(str(keys[b.session]), b.turn) if b.session in keys else "" for b in sheet.happened
    ]
    quotes = [q | {"href": href} for q, href in zip(told["quotes"], hrefs, strict=True)]
    context = {
        "client": client,
        "sheet": told | {"quotes": quotes},
        "rupture": sheet.focus.id if sheet.focus else "",
        "intensity": sheet.focus.intensity if sheet.focus else "",
        "day": timezone.localdate(),
    }
    return render(request, "plans/next_session.html", context)


@gates.therapist
def next_pdf(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
    """The same as a PDF of one page."""
    client = gates.client_of(gates.user_of(request), id, "plan.sheet", form="pdf")
    made = next_sheet.render_pdf(sheet_of(client), paper_of(request), made=timezone.localdate())
    return pdf(made, f"before-session-{client.pk}.pdf")


def pdf(content: bytes, name: str) -> HttpResponse:
    """A PDF that the browser shows."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@gates.therapist
def reference_page(request: HttpRequest) -> HttpResponse:
    """The quick reference sheet; its style is let through by its hash."""
    html, digests = reference_html(paper_of(request))
    response = HttpResponse(html)
    response._csp_update = {"style-src": list(digests)}  # type: ignore[attr-defined]
    return response


@cache
def reference_html(paper: Paper) -> tuple[str, tuple[str, ...]]:
    """The sheet and the hashes of its styles, as a Content-Security-Policy names them."""
    html = reference.render_html(paper)
    styles = STYLE.findall(html)
    made = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in styles]
    return html, tuple(f"'sha256-{one}'" for one in made)


@gates.therapist
def reference_pdf(request: HttpRequest) -> HttpResponse:
    """The quick reference sheet as a PDF."""
    return pdf(reference_file(paper_of(request)), "reattune-reference.pdf")


@cache
def reference_file(paper: Paper) -> bytes:
    """The sheet; it is the same for everybody."""
    return reference.render_pdf(paper)
