"""The next-session sheet: what is chosen, and that it is one page on both papers."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pypdf
import pytest

from reattune import guidance
from reattune.next_session import QUOTES, NextSession, next_session
from reattune.repair import HUMAN, Change, accept, waiting
from reattune.repair_plan import make_plan
from reattune.report.next_sheet import page, render_html, render_pdf
from reattune.report.reference import PAPERS, Paper
from reattune.types import Note
from tests.courses import Said, demo, until
from tests.test_repair_find import AGAINST, AWAY, CALM, CURT, MENDED, following
from tests.test_repair_plan import DENIED

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TOLD = guidance.load()
NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
TODAY = date(2026, 5, 1)
APOLOGY: list[Said] = [*AGAINST, ("T", "Sorry. Now, the diary.", ("premature_apology",)), *CALM]


def sheet(*sessions: list[Said], tendencies=None, told=()) -> NextSession:
    return next_session(make_plan(following(*sessions), when=NOW, told=told), tendencies)


def texts(found) -> list[str]:
    return [TOLD.texts[one.id].text for one in found]


# What is chosen


def test_at_most_three_quotes_with_turn_and_session_in_order():
    for name in "abc":
        made = next_session(make_plan(demo(name), when=NOW))
        assert 1 <= len(made.happened) <= QUOTES
        places = [(b.session, b.turn) for b in made.happened]
        assert places == sorted(set(places))
        for basis in made.happened:
            turn = demo(name).analyses[basis.session].session.turns[basis.turn]
            assert basis.quote in turn.text


def test_the_quotes_tell_of_the_latest_session_first():
    made = sheet(AWAY + CALM, APOLOGY)
    assert {basis.session for basis in made.happened} == {2}
    assert [basis.role for basis in made.happened] == ["client", "therapist"]


def test_needs_follow_from_the_signs():
    made = sheet(AWAY + CALM)
    assert made.needed[0].id == "ruptures.need.minimal_response"
    assert len(made.needed) == 2


@pytest.mark.parametrize(
    ("said", "opening"),
    [
        (AWAY + CALM, "plan.answer.unspoken.opening.withdrawal.micro"),
        (AGAINST + CALM, "plan.answer.unspoken.opening.confrontation.major"),
        (DENIED, "plan.answer.denied.opening.withdrawal.micro"),
        (MENDED, "plan.answer.opened.opening.withdrawal.micro"),
    ],
)
def test_the_opening_fits_kind_intensity_and_last_answer(said, opening):
    made = sheet(said)
    assert made.openings[0].id == opening
    assert 1 <= len(made.openings) <= 2


def test_of_a_mixed_strain_the_objection_is_opened_first():
    made = sheet([*AWAY, *AGAINST, *CALM])
    sides = [one.id.split(".")[4] for one in made.openings]
    assert sides == ["confrontation", "withdrawal"]


def test_what_to_leave_out_is_personal_only_where_it_was_confirmed():
    made = sheet(APOLOGY)
    assert (made.personal, made.confirmed) == ((), False)
    known = {"over_explaining": 4, "defensive": 2, "ignoring": 1, "nonsense": 9, "blaming": 0}
    made = sheet(APOLOGY, tendencies=known)
    assert [(one.code, one.count) for one in made.personal] == [
        ("over_explaining", 4),
        ("defensive", 2),
    ]
    assert texts(made.personal)[0] == TOLD.missteps["over_explaining"].own.text


def test_timing_follows_from_the_hard_cases():
    assert sheet(AWAY + CALM).timing[0].id == "plan.timing.item.late"
    assert sheet(APOLOGY).timing[0].id == "plan.timing.item.activated"
    risky = [*AWAY, ("C", "I want to kill myself.", ()), *CURT]
    assert sheet(risky).timing[0].id == "plan.timing.item.risk"
    assert [one.id for one in sheet(MENDED).timing] == ["plan.timing.item.micro"]
    assert "plan.timing.item.no_drift" in [one.id for one in sheet(AWAY, CALM).timing]


def test_consultation_is_named_where_it_holds_here():
    major = [one.id for one in sheet(AGAINST + CALM).consult]
    assert "therapist.consult.item.major" in major
    stuck = [one.id for one in sheet(AWAY, CALM, CALM, CALM).consult]
    assert "therapist.consult.item.stuck" in stuck
    told = [one.id for one in sheet(AWAY, told=("difference",)).consult]
    assert "therapist.consult.item.difference" in told


def test_a_watch_does_not_push():
    course = following(DENIED)
    made = make_plan(course, when=NOW).record[0]
    [offer] = [p for p in waiting(made) if p.new == "watched"]
    made = accept(made, offer.id, when=NOW, who="ruth", note="All is well, she says.")
    told = next_session(make_plan(course, [made], when=NOW))
    assert told.focus is not None
    assert told.focus.state == "watched"
    assert told.openings[0].id == "plan.answer.denied.opening.withdrawal.micro"
    assert told.step == ""
    assert "plan.timing.item.soon" not in [one.id for one in told.timing]
    assert "branches.denial.avoid.push" in [one.id for one in told.avoid]


def test_closure_is_put_as_a_question():
    made = next_session(make_plan(demo("a"), when=NOW))
    assert [one.id for one in made.closing] == ["plan.prompt.close"]
    assert "session 5" in made.closing[0].because


def test_several_ruptures_are_kept_apart():
    made = sheet(AWAY + CALM, AGAINST + CALM)
    assert made.focus is not None
    assert made.focus.kind == "confrontation"
    assert made.others == (("withdrawal", "micro", 1),)


def test_where_nothing_is_followed_a_question_keeps_the_door_open():
    made = sheet(CALM)
    assert made.focus is None
    assert len(made.openings) == 1
    closed = make_plan(
        following(MENDED),
        changes=[Change("s1-1", "", "open", "repaired", NOW, 1, "ruth", HUMAN, "Yes.")],
        when=NOW,
    )
    assert next_session(closed).focus is None


def test_every_sentence_on_it_is_one_of_guidance():
    for session in range(1, 7):
        made = next_session(make_plan(until(demo("b"), "b", session), when=NOW), {"defensive": 1})
        told = (*made.needed, *made.openings, *made.avoid, *made.timing, *made.consult)
        assert {one.id for one in (*told, *made.closing, *made.personal)} <= set(TOLD.texts)


# The page


def longest(made: NextSession) -> NextSession:
    """A sheet with as much on it as there can be."""
    words = "and then I thought that nobody in the world would ever understand why " * 12
    quotes = tuple(replace(basis, quote=words) for basis in made.happened)
    notes = tuple(
        Note("risk-words", f"Session {n}: the risk screen found words on suicide, self-harm, harm "
             "to others, abuse. Follow your protocol; see that session's own report.")
        for n in range(1, 30, 2)
    )  # fmt: skip
    others = tuple(("withdrawal", "major", n) for n in range(4))
    name = "Somebody with a long name and a description " * 4
    return replace(made, happened=quotes, notes=notes, others=others, client=name)


FULL = longest(
    next_session(
        make_plan(until(demo("b"), "b", 3), when=NOW), {"over_explaining": 40, "defensive": 20}
    )
)
SHEETS = {
    "full": FULL,
    "calm": sheet(CALM),
    "small": sheet(MENDED),
}


@pytest.fixture(params=PAPERS)
def paper(request: pytest.FixtureRequest) -> Paper:
    chosen: Paper = request.param
    return chosen


def flat(text: str) -> str:
    return " ".join(text.replace("’", "'").replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.mark.parametrize("name", SHEETS)
def test_the_pdf_is_one_page_of_real_text(paper: Paper, name: str):
    read = pypdf.PdfReader(io.BytesIO(render_pdf(SHEETS[name], paper, made=TODAY)))
    assert len(read.pages) == 1
    text = flat(read.pages[0].extract_text())
    data = page(SHEETS[name])
    for one in (*data["openings"], *data["needed"], *data["timing"], *data["consult"]):
        assert flat(one["text"]) in text
    assert "no assessment of client or therapist" in text
    assert {"/Lang", "/StructTreeRoot", "/MarkInfo"} <= set(read.trailer["/Root"])


def test_the_html_says_the_same_and_asks_for_nothing(paper: Paper):
    html = render_html(FULL, paper, made=TODAY)
    text = flat(re.sub(r"<[^>]+>", "", html).replace("&#39;", "'").replace("&amp;", "&"))
    data = page(FULL)
    for one in (*data["openings"], *data["avoid"], *data["timing"], *data["consult"]):
        assert flat(one["text"]) in text
    for case in data["cases"]:
        assert flat(case["say"]) in text
    assert "default-src 'none'" in html
    assert not re.search(r"(src|href)=|url\(|@import|<script", html)


@pytest.mark.browser
def test_the_html_prints_on_one_page_and_fits_a_telephone(browser: Browser, paper: Paper):
    view = browser.new_page(viewport={"width": 360, "height": 800})
    view.set_content(render_html(FULL, paper, made=TODAY))
    assert view.evaluate("document.documentElement.scrollWidth") <= 360
    printed = pypdf.PdfReader(
        io.BytesIO(view.pdf(prefer_css_page_size=True, print_background=True))
    )
    view.close()
    assert len(printed.pages) == 1


def test_words_of_clients_cannot_change_the_page():
    evil = "<script>alert(1)</script> #let x = 1 $ \\ _*`"
    made = replace(FULL, happened=(replace(FULL.happened[0], quote=evil),))
    assert "<script>" not in render_html(made, made=TODAY)
    read = pypdf.PdfReader(io.BytesIO(render_pdf(made, made=TODAY)))
    assert "#let x = 1 $" in flat(read.pages[0].extract_text())


def test_what_stands_on_the_page_is_json():
    assert json.loads(json.dumps(page(FULL))) == page(FULL)


def test_a_case_noticed_late_is_told_for_the_next_hour():
    [case] = [c for c in page(sheet(AWAY + CALM))["cases"] if c["name"].startswith("Noticed")]
    assert case["say"] == "I have thought about how we ended last time. I'd like to start there."
