"""The session's and the course's report as PDF: whole, tagged, numbered, true to the analysis."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pypdf
import pytest

from reattune import guidance
from reattune.repair import accept, waiting
from reattune.repair_plan import make_plan
from reattune.report import course_pdf, session_pdf
from reattune.report.reference import PAPERS, Paper
from reattune.types import Analysis, Session
from tests.courses import Said, coded, demo
from tests.test_repair_find import AGAINST, AWAY, CALM

TODAY = date(2026, 5, 1)
NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
TOLD = guidance.load()


def flat(text: str) -> str:
    return " ".join(text.replace("’", "'").replace("\N{NO-BREAK SPACE}", " ").split())


def text_of(data: bytes) -> tuple[str, pypdf.PdfReader]:
    read = pypdf.PdfReader(io.BytesIO(data))
    return flat(" ".join(page.extract_text() for page in read.pages)), read


def session_text(analysis: Analysis, **options) -> str:
    return text_of(session_pdf.render_pdf(analysis, made=TODAY, **options))[0]


# The session


@pytest.mark.parametrize("paper", PAPERS)
def test_a_session_report_has_numbered_tagged_pages(paper: Paper):
    made = session_pdf.render_pdf(demo("b").analyses[3], paper, made=TODAY, day=TODAY)
    text, read = text_of(made)
    count = len(read.pages)
    assert 2 <= count <= 6
    for n, page in enumerate(read.pages, 1):
        assert f"Page {n} of {count}" in flat(page.extract_text())
    assert {"/Lang", "/StructTreeRoot", "/MarkInfo"} <= set(read.trailer["/Root"])
    assert "1 May 2026" in text
    width = {"a4": 595.28, "letter": 612}[paper]
    assert abs(float(read.pages[0].mediabox.width) - width) < 1


def test_it_tells_episodes_with_words_another_reading_and_how_often_wrong():
    text = session_text(demo("c").analyses[3])
    assert "W3 Withdrawal, micro" in text
    assert "Looks repaired" in text
    assert "Another reading" in text
    assert "were not confirmed by the reference labels" in text
    assert "never a verdict" in text
    assert "TheraFocus Team 2025" in text


def test_risk_stands_first_with_its_words():
    analysis = demo("b").analyses[3]
    text = session_text(analysis)
    at = text.index("Risk content is present")
    assert at < text.index("episode of strain is flagged")
    assert flat(analysis.risks[0].quote) in text
    assert "Follow your protocol" in text
    assert "The risk screen found nothing" in session_text(coded(CALM))


def test_missteps_stand_beside_rewordings_and_why_they_may_land_badly():
    said: list[Said] = [*AGAINST, ("T", "I went by the book.", ("defensive",)), *CALM]
    text = session_text(coded(said))
    told = TOLD.missteps["defensive"]
    assert "I went by the book." in text
    assert "You never listen to me." in text
    assert flat(told.lands.badly.text) in text
    for words in told.instead:
        assert flat(words.text) in text
    assert "confirmed by you" in text


def test_slight_episodes_are_told_in_a_line():
    text = session_text(coded([*AWAY, *CALM], by="model"))
    assert "Slight ones" in text
    assert "Minimal response" in text


def test_a_session_without_a_flag_says_that_this_says_little():
    text = session_text(coded(CALM))
    assert "No strain was flagged" in text
    assert "Missteps" not in text.replace("Missteps Turn", "")


def test_a_session_of_no_turns_makes_a_page():
    empty = replace(coded(CALM), session=Session(()), markers=(), moves=(), episodes=())
    assert "No strain was flagged" in session_text(replace(empty, talk=()))


def test_words_of_a_session_cannot_change_the_page():
    evil = "#panic() $x$ <svg onload=alert(1)> \\ ``` * _"
    said: list[Said] = [("T", "How so?", ()), ("C", evil, ("minimal_response",)), *CALM]
    text = session_text(coded(said))
    assert "#panic()" in text
    drawn = session_pdf.page(coded(said), made=TODAY)["drawing"]
    assert "onload" not in drawn


def test_the_drawing_is_a_picture_of_its_own():
    analysis = demo("a").analyses[2]
    drawn = session_pdf.page(analysis, made=TODAY)["drawing"]
    assert drawn.lstrip().startswith("<svg")
    assert not re.search(r"href|url\(|<style|var\(", drawn)
    assert drawn.count(">M2<") == 1


def test_what_stands_in_the_report_is_json():
    made = session_pdf.page(demo("a").analyses[3], made=TODAY)
    assert json.loads(json.dumps(made)) == made


def test_a_long_session_is_told_in_few_pages():
    long = [*AWAY, *AGAINST, ("T", "I went by the book.", ("defensive",))] * 60
    read = text_of(session_pdf.render_pdf(coded(long), made=TODAY))[1]
    assert len(read.pages) <= 6


def test_the_same_session_gives_the_same_bytes():
    analysis = demo("c").analyses[3]
    assert session_pdf.render_pdf(analysis, made=TODAY) == session_pdf.render_pdf(
        analysis, made=TODAY
    )


# The course


def course_text(name: str, **options) -> tuple[str, pypdf.PdfReader]:
    return text_of(course_pdf.render_pdf(demo(name), made=TODAY, **options))


def test_a_course_report_tells_ruptures_with_dated_steps():
    made = make_plan(demo("a"), when=NOW)
    rupture = made.record[0]
    for offer in waiting(rupture):
        rupture = accept(rupture, offer.id, when=NOW, who="ruth", note="We both say so.")
    text, read = course_text("a", plan=make_plan(demo("a"), [rupture], when=NOW))
    assert "Withdrawal, major. Repaired, session 5." in text
    assert "session 3: tried; session 4: landed" in text
    assert "We both say so." in text
    assert "Proposal accepted" not in text
    count = len(read.pages)
    assert f"Page {count} of {count}" in flat(read.pages[-1].extract_text())


def test_what_nobody_confirmed_is_told_as_a_proposal():
    text, _ = course_text("b", plan=make_plan(demo("b"), when=NOW))
    assert "Session 4, not confirmed" in text
    assert "Proposed:" in text
    assert "Confrontation, major. Open since session 1." in text


@pytest.mark.parametrize("name", "abc")
def test_a_course_report_quotes_nobody(name):
    text, _ = course_text(name, plan=make_plan(demo(name), when=NOW))
    said = {
        flat(basis.quote)
        for own in make_plan(demo(name), when=NOW).ruptures
        for occurrence in own.episodes
        for basis in (*occurrence.words, *occurrence.answers)
        if len(basis.quote) > 30
    }
    assert said
    assert not [words for words in said if words in text]


def test_without_a_plan_the_report_is_as_before():
    text, _ = course_text("a")
    assert "Ruptures and their steps" not in text
    assert "Episodes that count" in text


def test_the_drawing_is_set_in_the_pages_own_font():
    drawn = course_pdf.page(demo("a"), TODAY)["drawing"]
    families = set(re.findall(r"font-family: ([^;]+);", drawn))
    assert families == {'"Source Sans 3"'}
    assert "font-weight: 400" not in drawn
