"""The session page: what it shows, what its therapist can say, and that it is nobody else's."""

from __future__ import annotations

import html
import re
from datetime import date
from pathlib import Path

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from django.utils.translation.template import templatize

from reattune import guidance, missteps
from reattune.codebook import code
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.clients.models import Client
from reattune.web.reviews import models, queue, regions
from tests.web.conftest import make_client, signed_in
from tests.web.sessions import FLAGS, TURNS, make_session, read

pytestmark = pytest.mark.django_db

RISKY = (*TURNS[:12], ("C", "Some nights I think about killing myself."), ("T", "Are you safe?"))
HTMX = {"HX-Request": "true"}


@pytest.fixture
def record(client_record: Client) -> models.Session:
    """A session with one episode, five flags and a near miss."""
    return make_session(client_record)


@pytest.fixture
def browser(therapist: User) -> Browser:
    """Its therapist's browser."""
    return signed_in(therapist)


def shown(browser: Browser, record: models.Session, query: str = "") -> str:
    """The page's HTML."""
    answer = browser.get(f"/sessions/{record.pk}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def said(page: str) -> str:
    """The page's words, without tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def turn(page: str, number: int) -> str:
    """The HTML of one turn."""
    found = re.search(rf'<li id="t{number}" .*?</li>', page, re.S)
    assert found, number
    return found[0]


def say(browser: Browser, record: models.Session, words: str, **more: str) -> str:
    """One of the page's buttons pressed, without script; where that leads."""
    answer = browser.post(f"/sessions/{record.pk}/judge/", {"say": words, **more})
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


# What it shows


def test_it_shows_strip_episodes_words_reasons_and_how_often_flags_are_wrong(browser, record):
    page = shown(browser, record)
    words = said(page)
    assert 'class="plot"' in page
    assert 'id="episode-1"' in page
    for who, text in TURNS:
        assert text in words, who
    for number, id, _, decided in FLAGS:
        if decided:
            flagged = said(turn(page, number + 1))
            assert code(id).name in flagged
            assert code(id).why in flagged
            assert code(id).other in flagged
            assert code(id).definition in flagged
    assert "62%" in said(turn(page, 6))
    assert "about 55 of 100 such flags were not confirmed" in said(turn(page, 6))
    assert "1 episode of strain" in words
    assert "5 flags, none judged by you yet." in words
    assert "never a verdict" in words
    assert "So few turns give little context." in words
    assert "What you might consider next" in words
    assert "<mark>No. I don" in turn(page, 6)


def test_no_style_or_script_stands_in_the_page(browser, record):
    page = shown(browser, record, "?near=1&turn=6")
    assert not re.search(r"<[^>]* style=", page)
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert not re.search(r"<[^>]* on[a-z]+=", page)


def test_risk_content_comes_first_with_the_protocol(browser, client_record):
    record = make_session(client_record, turns=RISKY)
    page = shown(browser, record)
    assert page.index('id="risk"') < page.index('id="overview"')
    assert "Follow your own protocol first." in said(page)
    assert "killing myself" in page[page.index('id="risk"') : page.index('id="overview"')]
    assert "Risk content" in said(turn(page, 13))


def test_near_misses_show_on_demand(browser, record):
    assert "Show 1 near miss" in said(shown(browser, record))
    assert "Near miss" not in said(turn(shown(browser, record), 12))
    page = shown(browser, record, "?near=1")
    assert "Near miss: Deference" in said(turn(page, 12))
    say(browser, record, "confirmed 12 deference", near="1")
    page = shown(browser, record, "?near=1")
    assert "confirmed by you" in said(turn(page, 12))
    assert "Show 1 near miss" not in said(shown(browser, record))


def test_a_session_that_was_not_read_can_be_marked_by_hand(browser, client_record):
    record = make_session(client_record, flags=None)
    page = shown(browser, record)
    assert "has not been analyzed" in said(page)
    say(browser, record, "added 6 complaint_therapy")
    page = shown(browser, record)
    assert "added by you" in said(turn(page, 6))
    assert "1 episode of strain" in said(page)


def test_it_leads_to_the_client_and_the_sessions_beside_it(browser, client_record):
    days = [date(2026, 3, 5), date(2026, 3, 12), date(2026, 3, 19)]
    first, record, last = (
        make_session(client_record, number=n, held_on=day) for n, day in enumerate(days, 1)
    )
    page = shown(browser, record)
    assert f'rel="prev" href="/sessions/{first.pk}/"' in page
    assert f'rel="next" href="/sessions/{last.pk}/"' in page
    assert f'href="/clients/{client_record.pk}/"' in page
    assert 'rel="prev"' not in shown(browser, first)


def test_it_is_opened_once_there_is_something_to_see(browser, client_record):
    record = make_session(client_record, flags=None)
    shown(browser, record)
    record.refresh_from_db()
    assert record.opened_at is None
    read(record)
    Client.objects.filter(pk=client_record.pk).update(stale=False)
    shown(browser, record)
    record.refresh_from_db()
    client_record.refresh_from_db()
    assert record.opened_at is not None
    assert not client_record.stale  # nothing was said of it yet
    at = record.opened_at
    shown(browser, record)
    record.refresh_from_db()
    assert record.opened_at == at


@pytest.mark.parametrize("id", missteps.MISSTEPS)
def test_beside_a_misstep_stands_what_could_be_said_instead(browser, client_record, id):
    record = make_session(client_record, flags=[*FLAGS[:1], (6, id, 0.48, True), *FLAGS[2:]])
    page = turn(shown(browser, record), 7)
    own = guidance.load().missteps[id]
    assert html.escape(own.lands.badly.text) in page
    for text in own.instead:
        assert f"<q>{html.escape(text.text)}</q>" in page
    said = {"say": f"dismissed 7 {id}"}
    assert browser.post(reverse("judge", args=[record.pk]), said).status_code == 302
    assert "Instead:" not in turn(shown(browser, record), 7)


def test_its_queries_do_not_grow_with_the_session(
    browser, client_record, django_assert_max_num_queries
):
    long = TURNS * 20
    flags = [(n + 14 * k, id, p, d) for k in range(20) for n, id, p, d in FLAGS]
    record = make_session(client_record, turns=long, flags=flags)
    shown(browser, record)
    say(browser, record, "dismissed 6 complaint_therapy")
    with django_assert_max_num_queries(20):
        page = shown(browser, record, "?near=1")
    assert 'id="t280"' in page


@pytest.mark.parametrize("language", ["de", "es"])
def test_places_in_the_strip_read_the_same_in_every_language(therapist, client_record, language):
    record = make_session(client_record)
    therapist.language = language
    therapist.save()
    page = shown(signed_in(therapist), record)
    places = re.findall(r' (?:x|y|width|height)="([^"]*)"', page)
    assert places
    assert all(re.fullmatch(r"-?\d+(\.\d+)?%?", place) for place in places)


def test_every_text_of_the_regions_can_be_translated():
    """Django's makemessages finds in Jinja templates what it finds in its own."""
    folder = Path(regions.__file__).parent / "jinja"
    text = re.compile(r'_\(("(?:[^"\\]|\\.)*")\)')
    for path in sorted(folder.glob("*.html")):
        template = path.read_text("utf-8")
        assert set(text.findall(templatize(template))) == set(text.findall(template)), path.name


# What its therapist can say


def test_each_word_counts_in_the_figures_and_leads_back_to_the_turn(browser, record):
    assert say(browser, record, "confirmed 6 complaint_therapy").endswith("/#t6")
    say(browser, record, "dismissed 10 complaint_therapist")
    page = shown(browser, record)
    assert "confirmed by you" in said(turn(page, 6))
    assert "62%" not in said(turn(page, 6))
    assert "dismissed by you" in said(turn(page, 10))
    assert "You have been through 2 of 5 flags." in said(page)
    assert "1 confirmed · 1 dismissed" in said(page)
    assert "turns 6–8" in said(page)
    assert "2 signs, 1 settled by you" in said(page)
    assert "near miss" not in said(turn(page, 10)).lower()


def test_dismissing_every_sign_leaves_no_episode(browser, record):
    for number, id, _, decided in FLAGS:
        if decided:
            say(browser, record, f"dismissed {number + 1} {id}")
    page = shown(browser, record)
    assert "No strain is flagged in this session." in said(page)
    assert "You have been through all 5 flags." in said(page)
    assert not record.episodes.exists()


def test_a_flag_can_be_relabeled_with_another_intensity_and_taken_back(browser, record):
    form = {"verdict": "relabeled", "turn": "8", "code": "complaint_therapist"}
    form |= {"to": "rejects_intervention", "intensity": "major"}
    page = shown(browser, record, "?turn=8&code=complaint_therapist")
    assert "What is it rather than “Complaint about the therapist”?" in said(turn(page, 8))
    assert 'value="validate"' not in turn(page, 8)
    browser.post(f"/sessions/{record.pk}/judge/", form)
    page = shown(browser, record)
    assert "set by you, in place of “Complaint about the therapist”" in said(turn(page, 8))
    assert "major" in said(turn(page, 8))
    assert record.episodes.get().intensity == "major"
    say(browser, record, "cleared 8 complaint_therapist")
    assert "71%" in said(turn(shown(browser, record), 8))
    assert record.episodes.get().intensity == "micro"


def test_the_intensity_alone_can_be_set(browser, record):
    form = {"verdict": "relabeled", "turn": "8", "code": "complaint_therapist"}
    form |= {"to": "complaint_therapist", "intensity": "major"}
    browser.post(f"/sessions/{record.pk}/judge/", form)
    page = said(turn(shown(browser, record), 8))
    assert "major, set by you" in page
    assert "in place of" not in page


def test_a_marker_can_be_added_to_any_turn(browser, record):
    page = turn(shown(browser, record, "?turn=2"), 2)
    assert "Add a marker" in said(page)
    assert 'value="topic_shift"' in page
    assert 'name="intensity"' in page
    page = turn(shown(browser, record, "?turn=3"), 3)
    assert 'value="validate"' in page
    assert 'name="intensity"' not in page
    form = {"verdict": "added", "turn": "2", "code": "topic_shift", "intensity": "major"}
    browser.post(f"/sessions/{record.pk}/judge/", form)
    assert "major, added by you" in said(turn(shown(browser, record), 2))
    assert record.episodes.get().first == 1


def test_htmx_gets_the_turn_what_else_changed_and_the_figures(browser, record):
    url = f"/sessions/{record.pk}/judge/"
    answer = browser.post(url, {"say": "dismissed 6 complaint_therapy"}, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert set(re.findall(r'<li id="(t\d+)"', page)) >= {"t6", "t7", "t8"}
    assert 'id="t1"' not in page
    assert "turns 8–10" in said(turn(page, 8))
    for region in ("overview", "episodes", "said"):
        assert re.search(rf'id="{region}"[^>]* hx-swap-oob', page)
    assert "Dismissed: Complaint about the therapy, turn 6." in said(page)
    assert "<html" not in page


def test_htmx_gets_a_turn_with_its_forms(browser, record):
    answer = browser.get(f"/sessions/{record.pk}/?turn=6", headers=HTMX)
    page = answer.content.decode()
    assert re.findall(r'<li id="(t\d+)"', page) == ["t6"]
    assert "Add a marker" in said(page)
    assert 'id="overview"' not in page


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"say": "confirmed"},
        {"say": "praised 6 complaint_therapy"},
        {"say": "confirmed six complaint_therapy"},
        {"say": "confirmed 0 complaint_therapy"},
        {"say": "confirmed 99 complaint_therapy"},
        {"say": "confirmed 6 validate"},
        {"verdict": "relabeled", "turn": "6", "code": "complaint_therapy"},
        {"verdict": "added", "turn": "6"},
        {"verdict": "added", "turn": "6", "code": "denial", "intensity": "huge"},
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(browser, record, form):
    answer = browser.post(f"/sessions/{record.pk}/judge/", form)
    assert answer.status_code == 400
    assert b"Reload the page" in answer.content or b"reload it" in answer.content
    assert not models.Judgement.objects.exists()


@pytest.mark.parametrize("query", ["turn=99", "turn=x", "turn=6&code=denial", "turn=6&note=1"])
def test_forms_of_what_is_not_there_are_not_found(browser, record, query):
    assert browser.get(f"/sessions/{record.pk}/?{query}").status_code == 404


# Noticed at the time


def test_whether_it_was_noticed_is_kept_and_can_be_changed(browser, record):
    url = f"/sessions/{record.pk}/noticed/"
    assert "Did you notice this at the time?" in said(turn(shown(browser, record), 6))
    assert browser.post(url, {"say": "yes 6"})["Location"].endswith("#t6")
    page = shown(browser, record)
    assert "you noticed it at the time" in said(page)
    assert "1 of 1 noticed at the time" in said(page)
    answer = browser.post(url, {"say": "no 6"}, headers=HTMX)
    assert "you did not notice it at the time" in said(answer.content.decode())
    assert models.Noticed.objects.count() == 2


def test_the_answer_stays_with_the_episode_when_its_first_turn_changes(browser, record):
    browser.post(f"/sessions/{record.pk}/noticed/", {"say": "yes 8"})
    say(browser, record, "dismissed 6 complaint_therapy")
    assert "you noticed it at the time" in said(shown(browser, record))


@pytest.mark.parametrize("form", [{}, {"say": "maybe 6"}, {"say": "yes 99"}, {"say": "yes 0"}])
def test_an_answer_about_nothing_is_refused(browser, record, form):
    assert browser.post(f"/sessions/{record.pk}/noticed/", form).status_code == 400
    assert not models.Noticed.objects.exists()


# Notes


def test_a_note_is_written_changed_and_deleted(browser, record):
    url = f"/sessions/{record.pk}/note/"
    assert browser.post(url, {"turn": "6", "text": "I went past it."})["Location"].endswith("#t6")
    remark = models.Note.objects.get()
    assert remark.turn == 5
    assert "I went past it." in said(turn(shown(browser, record), 6))
    page = turn(shown(browser, record, f"?turn=6&note={remark.pk}"), 6)
    assert re.search(r"<textarea[^>]*>\s*I went past it.", page)
    browser.post(url, {"note": str(remark.pk), "turn": "6", "text": "I went past it twice."})
    remark.refresh_from_db()
    assert remark.text == "I went past it twice."
    assert remark.edited is not None
    assert "changed" in said(turn(shown(browser, record), 6))
    answer = browser.post(url, {"delete": str(remark.pk)}, headers=HTMX)
    assert "Note deleted." in said(answer.content.decode())
    assert not models.Note.objects.exists()


def test_a_note_can_be_on_the_session_as_a_whole(browser, record):
    answer = browser.post(f"/sessions/{record.pk}/note/", {"text": "A heavy hour."})
    assert answer["Location"].endswith("#notes")
    page = shown(browser, record)
    assert "A heavy hour." in said(page[page.index('id="notes"') : page.index('id="episodes"')])


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_note_that_cannot_be_kept_stays_as_it_was_typed(browser, record, text, headers):
    url = f"/sessions/{record.pk}/note/"
    answer = browser.post(url, {"turn": "6", "text": text}, headers=headers)
    page = answer.content.decode()
    assert answer.status_code == (200 if headers else 422)
    assert 'class="error"' in turn(page, 6)
    assert not text.strip() or text in turn(page, 6)
    assert not models.Note.objects.exists()


@pytest.mark.parametrize("form", [{"turn": "99", "text": "x"}, {"turn": "0", "text": "x"}])
def test_a_note_on_no_turn_is_refused(browser, record, form):
    assert browser.post(f"/sessions/{record.pk}/note/", form).status_code == 400


def test_only_who_wrote_a_note_changes_it(browser, record, colleague):
    other = models.Note.objects.create(session=record, turn=5, text="Theirs.", author=colleague)
    page = turn(shown(browser, record), 6)
    assert "Note by Cole" in said(page)
    assert "Delete" not in said(page)
    url = f"/sessions/{record.pk}/note/"
    assert browser.post(url, {"delete": str(other.pk)}).status_code == 404
    assert browser.post(url, {"note": str(other.pk), "text": "Mine."}).status_code == 404
    assert browser.get(f"/sessions/{record.pk}/?turn=6&note={other.pk}").status_code == 404
    other.refresh_from_db()
    assert other.text == "Theirs."


def test_a_note_of_another_session_is_not_found(browser, record, therapist, client_record):
    elsewhere = make_session(client_record, number=2)
    remark = models.Note.objects.create(session=elsewhere, text="There.", author=therapist)
    answer = browser.post(f"/sessions/{record.pk}/note/", {"delete": str(remark.pk)})
    assert answer.status_code == 404
    assert models.Note.objects.exists()


# The analysis


def test_a_session_that_waits_or_is_read_says_how_far_it_is(browser, client_record):
    record = make_session(client_record, flags=None)
    job = queue.enqueue(record)
    assert job is not None
    assert "waits to be read" in said(shown(browser, record))
    models.Job.objects.filter(pk=job.pk).update(state="running", progress=5)
    page = shown(browser, record)
    assert "5 of 14 turns" in said(page)
    url = reverse("session-progress", args=[record.pk])
    assert url in page
    entries = Entry.objects.count()
    assert "5 of 14 turns" in said(browser.get(url, headers=HTMX).content.decode())
    assert Entry.objects.count() == entries
    models.Job.objects.filter(pk=job.pk).update(state="done")
    assert browser.get(url, headers=HTMX)["HX-Refresh"] == "true"


def test_a_failed_job_says_why_and_can_be_tried_again(browser, client_record):
    record = make_session(client_record, flags=None)
    failed = {"state": "failed", "error": "weights-damaged", "message": "Install it again."}
    record.jobs.create(**failed, finished=timezone.now())
    page = shown(browser, record)
    assert "could not be read" in said(page)
    assert "Install it again." in said(page)
    assert "Try again" in said(page)
    answer = browser.post(f"/sessions/{record.pk}/again/", follow=True)
    assert "waits to be read" in said(answer.content.decode())
    assert record.jobs.filter(state="waiting").count() == 1


def test_another_language_can_be_analyzed_anyway(browser, client_record):
    record = make_session(client_record, flags=None)
    record.jobs.create(state="failed", error="not-english", message="Use --any-language.")
    page = shown(browser, record)
    assert "--any-language" not in page
    assert "Analyze anyway" in said(page)
    browser.post(f"/sessions/{record.pk}/again/", {"any_language": "1"})
    record.refresh_from_db()
    assert record.any_language
    assert record.jobs.filter(state="waiting").exists()


def test_without_consent_it_is_not_read_again(browser, therapist):
    record = make_session(make_client(therapist, "Ash", consents=False))
    answer = browser.post(f"/sessions/{record.pk}/again/", follow=True)
    assert "has not consented to analysis" in said(answer.content.decode())
    assert not record.jobs.exists()


def test_unclear_roles_ask_who_the_therapist_is(browser, client_record):
    record = make_session(client_record, flags=None)
    models.Session.objects.filter(pk=record.pk).update(state="roles")
    record.turns.update(role="unknown")
    page = shown(browser, record, "?turn=2")
    assert "Who is the therapist?" in said(page)
    assert reverse("session-roles", args=[record.pk]) in page
    assert "Add a marker" not in said(turn(page, 2))


def test_a_newer_model_is_told_and_changes_no_label(browser, record):
    say(browser, record, "dismissed 6 complaint_therapy")
    assert "now installed" in said(shown(browser, record))
    read(record, FLAGS, "model/2")
    assert "dismissed by you" in said(turn(shown(browser, record), 6))
    assert "model/2" in said(shown(browser, record))


# Whose it is


def addresses(record: models.Session) -> list[tuple[str, dict[str, str] | None]]:
    """Every address of the page, with what is posted to it."""
    url = f"/sessions/{record.pk}"
    return [
        (f"{url}/", None),
        (f"{url}/?turn=6", None),
        (f"{url}/progress/", None),
        (f"{url}/corrections/", None),
        (f"{url}/judge/", {"say": "confirmed 6 complaint_therapy"}),
        (f"{url}/noticed/", {"say": "yes 6"}),
        (f"{url}/note/", {"turn": "6", "text": "Mine."}),
        (f"{url}/again/", {}),
    ]


def test_nobody_else_sees_or_changes_it(record, stranger, colleague, supervisor, administrator):
    record.jobs.create(state="waiting")
    for user in (stranger, colleague, supervisor, administrator):
        other = signed_in(user)
        for url, form in addresses(record):
            answer = other.get(url) if form is None else other.post(url, form)
            assert answer.status_code in (403, 404), (user, url)
            assert b"sister" not in answer.content
    assert not models.Judgement.objects.exists()
    assert not models.Noticed.objects.exists()
    assert not models.Note.objects.exists()
    assert record.jobs.count() == 1


def test_who_is_not_signed_in_is_asked_to(record):
    for url, form in addresses(record):
        answer = Browser().get(url) if form is None else Browser().post(url, form)
        assert answer.status_code == 302
        assert "/login/" in answer["Location"]


def test_changes_need_a_post_and_a_token(therapist, record):
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(therapist, "django.contrib.auth.backends.ModelBackend")
    for url, form in addresses(record):
        if form is not None:
            assert strict.get(url).status_code == 405
            assert strict.post(url, form).status_code == 403


def test_each_passage_is_audited_without_words(browser, record):
    shown(browser, record)
    say(browser, record, "confirmed 6 complaint_therapy")
    browser.post(f"/sessions/{record.pk}/note/", {"turn": "6", "text": "Sister again."})
    entries = list(Entry.objects.order_by("number").values_list("action", "target", "detail"))
    assert [entry[0] for entry in entries] == ["session.see", "session.judge", "session.note"]
    assert {entry[1] for entry in entries} == {f"session:{record.pk}"}
    assert "ister" not in str(entries)
