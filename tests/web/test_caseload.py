"""The caseload page: who needs a look first and why, in two clicks to the moment, never ranked."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.clients.models import Client
from reattune.web.followup import caseload, refresh
from reattune.web.reviews.models import Job, Session
from tests.web.browsing import go
from tests.web.conftest import PASSWORD, make_client, signed_in
from tests.web.rows import add_form, add_session, add_visit, day, major, moment

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db
AXE = Path(__file__).parent / "axe.min.js"
GOOD = [6, 6, 6, 6, 1]


def page(user: User, query: str = "") -> str:
    """The caseload as this user sees it, everything worked out."""
    refresh.fresh_many(gates.own_clients(user).filter(stale=True), budget=60)
    answer = signed_in(user).get(f"/clients/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def groups(html: str) -> dict[str, list[str]]:
    """The names in each group, in the order of the page."""
    found = re.split(r'<section class="group (\w+)"', html)[1:]
    parts = zip(found[::2], found[1::2], strict=True)
    return {why: re.findall(r'dir="auto">([^<]+)</a>', part) for why, part in parts}


def made(therapist: User, name: str, **reason: object) -> Client:
    """A client with a reason to look: strain, risk, absence, new, or none."""
    client = make_client(therapist, name)
    flags = major() if reason.get("strain") else ()
    risk = 2 if reason.get("risk") else None
    add_session(client, 0, flags, risk=risk, opened=not reason.get("new"))
    if reason.get("absence"):
        for week in range(1, 8):
            add_visit(client, week)
        for week in (8, 9):
            add_visit(client, week, "no_show")
    return client


def test_clients_are_grouped_by_the_reason_and_sorted_by_name(therapist: User) -> None:
    made(therapist, "Zoe", strain=True)
    made(therapist, "ada", strain=True)
    made(therapist, "Bo", strain=True, risk=True)
    made(therapist, "Cy", absence=True)
    made(therapist, "Di", new=True)
    made(therapist, "Eve")
    found = groups(page(therapist))
    assert list(found.items()) == [
        ("risk", ["Bo"]),
        ("strain", ["ada", "Zoe"]),
        ("absence", ["Cy"]),
        ("new", ["Di"]),
        ("quiet", ["Eve"]),
    ]


def test_a_reason_leads_to_the_turn(therapist: User) -> None:
    client = made(therapist, "Zoe", strain=True)
    session = client.sessions.get()
    html = page(therapist)
    assert f'href="/sessions/{session.pk}/#t5"' in html
    assert "Session of Jan. 8, 2026: major strain (withdrawal), not taken up" in html


def test_filters_by_reason_by_name_and_archived(therapist: User) -> None:
    made(therapist, "Zoe", strain=True)
    made(therapist, "Bo", strain=True, risk=True)
    made(therapist, "Eve")
    old = made(therapist, "Old")
    Client.objects.filter(pk=old.pk).update(archived_at=timezone.now())
    assert groups(page(therapist, "?why=strain")) == {"risk": ["Bo"], "strain": ["Zoe"]}
    assert groups(page(therapist, "?why=quiet")) == {"quiet": ["Eve"]}
    assert groups(page(therapist, "?q=zO")) == {"strain": ["Zoe"]}
    assert groups(page(therapist, "?why=archived")) == {"quiet": ["Old"]}
    assert "Old" not in page(therapist)


@pytest.mark.parametrize("query", ["?why=nonsense", "?why=", "?q=%00%ff", f"?q={'x' * 999}"])
def test_filters_that_mean_nothing_do_no_harm(therapist: User, query: str) -> None:
    made(therapist, "Eve")
    page(therapist, query)


def test_a_name_is_never_markup(therapist: User) -> None:
    make_client(therapist, "<script>alert(1)</script>")
    html = page(therapist, '?q="><b>')
    assert "<script>alert" not in page(therapist)
    assert '"><b>' not in html


def test_empty_states_teach(therapist: User) -> None:
    assert "No clients yet" in page(therapist)
    assert "Nobody is archived" in page(therapist, "?why=archived")
    made(therapist, "Eve")
    assert "Nobody fits" in page(therapist, "?q=nobody")


def test_a_form_is_news_until_the_client_s_page_was_opened(therapist: User) -> None:
    client = make_client(therapist, "Eve")
    add_session(client, 0)
    add_form(client, 0, GOOD, at=timezone.now() - timedelta(hours=1))
    assert "answered, about the session" in page(therapist)
    signed_in(therapist).get(f"/clients/{client.pk}/")
    assert groups(page(therapist)) == {"quiet": ["Eve"]}


def test_files_that_wait_or_failed_are_told(therapist: User) -> None:
    client = make_client(therapist, "Eve")
    one, two = (add_session(client, week, analyzed=False) for week in range(2))
    Job.objects.create(session=one, state="failed", error="not-english")
    Job.objects.create(session=two, state="waiting")
    html = page(therapist)
    assert "Session of Jan. 8, 2026 could not be read" in html
    assert "One session is still to be read." in html
    assert 'hx-trigger="every 4s"' in html
    Job.objects.create(session=one, state="done")
    two.jobs.update(state="done")
    html = page(therapist)
    assert "could not be read" not in html
    assert "hx-trigger" not in html


def test_only_the_list_is_sent_to_htmx_and_such_looks_are_not_audited(therapist: User) -> None:
    made(therapist, "Eve")
    browser = signed_in(therapist)
    browser.get("/clients/")
    answer = browser.get("/clients/", headers={"HX-Request": "true"})
    assert answer.content.decode().startswith('<div id="caseload"')
    assert Entry.objects.filter(action="caseload.see").count() == 1


def test_what_is_stale_is_worked_out_on_the_way(therapist: User) -> None:
    client = made(therapist, "Eve")
    signed_in(therapist).get("/clients/")
    assert not Client.objects.get(pk=client.pk).stale


def test_what_takes_too_long_is_told_and_not_waited_for(
    therapist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(therapist, "Eve")
    monkeypatch.setattr(refresh, "tried", lambda client: None)  # noqa: ARG005
    html = page(therapist)
    assert "One client is being worked out anew." in html
    assert groups(html) == {"pending": ["Eve"]}


def test_nobody_sees_the_clients_of_another(
    therapist: User,
    colleague: User,
    supervisor: User,
    stranger: User,
    administrator: User,
) -> None:
    made(therapist, "Eve", strain=True)
    for user in (colleague, stranger):
        assert "Eve" not in page(user)
        assert "Eve" not in page(user, "?q=eve")
    for user in (supervisor, administrator):
        for path in ("/clients/", "/clients/figures/"):
            assert signed_in(user).get(path).status_code == 403


def test_figures_say_how_little_they_rest_on(therapist: User) -> None:
    made(therapist, "Eve", strain=True)
    page(therapist)
    html = signed_in(therapist).get("/clients/figures/").content.decode()
    assert "1 of 1" in html
    assert "a figure needs at least 5" in html
    assert "What studies say" in html


def test_figures_of_nobody(therapist: User) -> None:
    html = signed_in(therapist).get("/clients/figures/").content.decode()
    assert "Nobody is ranked" in html


def test_queries_are_bounded(
    therapist: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for at in range(25):
        client = made(therapist, f"Client {at:02}", strain=at % 2, new=at % 3)
        refresh.refresh(client)
    browser = signed_in(therapist)
    browser.get("/clients/")
    with django_assert_max_num_queries(12):
        browser.get("/clients/")
    browser.get("/clients/figures/")
    with django_assert_max_num_queries(13):
        browser.get("/clients/figures/")


def test_every_reason_and_filter_has_a_name_and_a_meaning() -> None:
    from reattune.web.followup.reasons import WHYS
    from reattune.web.followup.told import GROUPS, MEANINGS, SAID

    assert list(GROUPS) == [*WHYS, caseload.PENDING, caseload.QUIET] == list(MEANINGS)
    assert set(SAID) == set(WHYS)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("script", [True, False])
def test_from_the_caseload_to_the_moment_in_two_clicks(
    browser: Browser, live_server: LiveServer, therapist: User, script: bool
) -> None:
    client = made(therapist, "Zoe", strain=True)
    made(therapist, "Eve", new=True)
    session = client.sessions.get()
    Session.objects.filter(pk=session.pk).update(opened_at=moment(day(0)))
    view = browser.new_page(base_url=live_server.url, java_script_enabled=script)
    view.goto("/login/")
    view.fill("[name=username]", "thea")
    view.fill("[name=password]", PASSWORD)
    go(view, "main button")
    go(view, "text=major strain")
    view.wait_for_url(f"**/sessions/{session.pk}/#t5")
    assert view.locator("#t5").count() == 1
    view.close()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_have_no_axe_violation(
    browser: Browser, live_server: LiveServer, therapist: User, scheme: str
) -> None:
    client = made(therapist, "Zoe", strain=True, risk=True)
    made(therapist, "Cy", absence=True, new=True)
    for week in range(1, 4):
        add_session(client, week, [(4, "complaint_therapist", "micro")])
        add_form(client, week, GOOD)
    context = browser.new_context(
        base_url=live_server.url, bypass_csp=True, color_scheme=scheme  # type: ignore[arg-type]
    )  # fmt: skip
    view = context.new_page()
    view.goto("/login/")
    view.fill("[name=username]", "thea")
    view.fill("[name=password]", PASSWORD)
    go(view, "main button")
    for path in (
        "/clients/",
        "/clients/?why=archived",
        "/clients/figures/",
        f"/clients/{client.pk}/",
    ):
        view.goto(path)
        for width in (1280, 390):
            view.set_viewport_size({"width": width, "height": 900})
            assert view.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            view.evaluate(AXE.read_text("utf-8"))
            found = view.evaluate("axe.run()")["violations"]
            assert not found, (path, [(v["id"], v["nodes"][0]["html"]) for v in found])
    context.close()
