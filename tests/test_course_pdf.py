"""The report of a course as a PDF: what stands in it, and that it can be set."""

from __future__ import annotations

import json
import re
from datetime import date

from reattune.course import Course, read_course
from reattune.follow import follow, follow_reads
from reattune.report.course_pdf import FONT, page, render_pdf
from tests.conftest import ROOT

DAY = date(2026, 11, 26)
FOLLOWING = follow(read_course(ROOT / "examples" / "course_a"))


def test_it_tells_sessions_episodes_and_signals_with_their_figures():
    told = page(FOLLOWING, DAY)
    assert told["meta"].startswith("6 sessions held of 7 appointments")
    assert [row[0] for row in told["sessions"]] == ["1", "2", "3", "–", "4", "5", "6"]
    assert len(told["episodes"]) == len(FOLLOWING.firm)
    assert all(len(row) == 4 and row[3] for row in told["signals"])
    days = [row[0] for row in told["signals"]]
    assert days
    assert told["risks"]
    assert "never a verdict" in told["disclaimer"]
    assert told["made"].startswith("Made on 26 Nov 2026")


def test_the_drawing_has_a_font_that_is_there_everywhere():
    drawing = page(FOLLOWING, DAY)["drawing"]
    assert set(re.findall(r"font-family: ([^;]+);", drawing)) == {FONT.partition(": ")[2][:-1]}


def test_it_holds_no_word_of_a_session():
    text = json.dumps(page(FOLLOWING, DAY))
    said = [turn.text for a in FOLLOWING.analyses.values() for turn in a.session.turns]
    assert not [words for words in said if len(words) > 30 and words in text]


def test_it_is_set_as_a_pdf_that_says_its_language_and_title():
    made = render_pdf(FOLLOWING, made=DAY)
    assert made.startswith(b"%PDF-")
    assert b"/Lang" in made
    assert b"/StructTreeRoot" in made


def test_a_course_without_anything_is_set_too():
    empty = follow_reads(Course("Fern", ()), ())
    told = page(empty, DAY)
    assert (told["sessions"], told["episodes"], told["signals"], told["drawing"]) == (
        [],
        [],
        [],
        "",
    )
    assert render_pdf(empty, made=DAY).startswith(b"%PDF-")


def test_a_name_cannot_break_the_page():
    odd = follow_reads(Course('#let x = "]$_*`<b> ' + "y" * 200, ()), ())
    assert len(page(odd, DAY)["name"]) <= 60
    assert render_pdf(odd, made=DAY).startswith(b"%PDF-")
