"""What the timeline says in words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reattune.change import signals
from reattune.course import build
from reattune.follow import figures_of, follow
from reattune.report.course import (
    chart_in_short,
    render_caseload,
    render_chart,
    render_following,
    told_in_short,
)
from reattune.report.timeline import (
    timeline_of,
)
from reattune.report.told import (
    answers,
    brief,
    headline,
    more,
    named,
    notes_told,
    often,
    rule_words,
    sessions_in_words,
)
from reattune.types import Note, Point, Scale, Series
from tests.test_timeline import DRAWN, PAGES, chart_page, day, sample, series

# What is said


def test_a_signal_is_told_in_plain_words():
    (limits, drop, *_) = signals(series(48, 50, 49, 51, 50, 49, 38, 44))
    assert headline(limits) == "alliance: beyond the limits"
    assert headline(drop) == "alliance: a clear drop"
    assert brief(limits).startswith("The score 38 is below the lower limit")
    assert more(limits) == ""
    assert often(limits) == "0.25 false alarms in 12 uneventful sessions"
    assert often(replace(limits, false_per_12=None)) == "False alarms not measured"
    assert often(replace(limits, false_per_12=0.0)).startswith("Under 0.01")
    assert often(replace(limits, false_per_12=1.0)).startswith("1 false alarm in")


def test_a_prompt_quotes_the_items_that_are_ours():
    (prompt,) = [s for s in sample().signals if s.rule == "item-prompt" and s.session == 7]
    assert len(answers(prompt)) == 5
    assert "“Something between us felt off” 6 of 7" in brief(prompt)
    (single,) = signals(
        Series("c", "checkin_client:item5", "client", (Point(1, None, 4.0),), Scale(1, 7, 1)),
        ["item-prompt"],
    )
    assert answers(single) == [(5, 4.0)]
    assert headline(single) == "Session Check-in, client form: answers worth a word"


def test_a_prompt_of_a_licensed_form_has_numbers_only():
    (prompt,) = [s for s in sample().signals if s.rule == "item-prompt" and s.session == 7]
    assert brief(replace(prompt, source="srs")).startswith("Answered: item 1 2 of 10, item 2 2 of")


def test_symptoms_worsen_and_do_not_drop():
    own = Series("c", "phq9", "client", series(8, 9, 8, 9, 8, 9, 20).points, Scale(
        0, 27, 1, higher_is_better=False
    ))  # fmt: skip
    assert "phq9" in own.measure
    assert {headline(s) for s in signals(own, ["drop"])} == {"PHQ-9: a clear worsening"}


def test_measures_are_called_by_name_in_reasons_and_notes():
    text = "Borne out by checkin_client (session 2), checkin_client:item5 and words."
    assert named(text, ["words", "checkin_client"]) == (
        "Borne out by Session Check-in (client form) (session 2), checkin_client:item5 and words."
    )
    notes = [
        Note("short", "srs: The limits are loose."),
        Note("short", "phq9: The limits are loose."),
    ]
    assert notes_told(notes) == [Note("short", "SRS and PHQ-9: the limits are loose.")]
    plain = Note("file-left-out", "srs.csv is left out: no text.")
    assert notes_told([plain]) == [plain]


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ([3], "session 3"),
        ([2, 3], "sessions 2 and 3"),
        ([9, 2, 4, 5, 6, 6], "sessions 2, 4 to 6 and 9"),
    ],
)
def test_sessions_in_words(held, said):
    assert sessions_in_words(held) == said


def test_a_chart_in_short_keeps_slight_signals_apart():
    own = series(33.2, 35.3, 31.3, 34.8, 32.5, 32.5, 36.4, 33.3, 26.4)
    said = chart_in_short(signals(own))
    assert said[0] == "Beyond the limits in session 9."
    assert said[-1] == "Slight, and common by chance: a slight drop in session 8."
    assert chart_in_short(()) == [
        "No rule speaks. A course without signals is not thereby a good one."
    ]


def test_in_short_tells_a_major_strain_that_stands_alone():
    low = [6.0] * 6 + [3.0]
    rows = [{"date": day(n).isoformat(), "measures": {"checkin_client": [v, v, v, v, 8 - v]}}
            for n, v in enumerate(map(int, low))]  # fmt: skip
    said = told_in_short(follow(build({"client": "c", "sessions": rows})))
    assert "In session 7 scores alone show a major strain." in said


def test_in_short_leaves_symptoms_to_their_chart():
    assert "symptoms" not in " ".join(told_in_short(sample(weeks=45)))


def test_in_short_says_where_strands_agree():
    first, second, *_ = told_in_short(sample())
    assert first == "In session 7 words and scores bear each other out on a major strain."
    assert second.startswith("In session 8 words")
    assert second.endswith("share a strain that looks repaired in its own session.")


def test_in_short_says_that_nothing_agrees():
    said = told_in_short(sample(weeks=4))
    assert said == ["No rule speaks. A course without signals is not thereby a good one."]


def test_the_page_gives_each_signal_its_false_alarm_figure_and_reason():
    made, page = sample(), render_following(sample())
    beside = re.findall(r"(?:false alarms? .*in 12|False alarms not measured)", page)
    assert len(beside) >= len(made.signals)
    assert "Borne out within 2 sessions by" in page
    assert "not enough by itself" in page
    assert "never a verdict" in page


def test_the_page_gives_the_figure_of_rules_that_said_nothing_too():
    quiet = chart_page(series(48, 50, 49, 51, 50, 49, 50))
    rows = re.findall(r'scope="row">([^<]+)</th><td[^>]*>[^<]+</td><td[^>]*>([^<]+)<', quiet)
    assert dict(rows)["Beyond the limits"] == "0.25"
    other = render_chart(series(48, 50), (), (), rules=["ewma"])
    assert "Ewma</th>" in other
    assert "Beyond the limits</th>" not in other


def test_the_page_says_what_was_not_measured():
    rows = re.findall(
        r'scope="row">([^<]+)</th><td[^>]*>[^<]+</td><td[^>]*>([^<]+)<', render_following(sample())
    )
    figures = dict(rows)
    assert figures["Looks repaired"] == "not measured"
    assert figures["Answers worth a word"] == (
        "0.02 to 0.9 (one answer of 1 to 7; others, and several at once, not measured)"
    )


def test_what_came_back_of_a_drop_is_told_by_its_size_and_whether_it_is_whole():
    whole = signals(series(48, 50, 49, 51, 50, 49, 48, 51), ["drop"])
    assert list(map(rule_words, whole)) == ["a slight drop", "a slight drop made up"]
    parts = signals(series(48, 50, 49, 51, 50, 49, 38, 45, 51), ["drop"])
    assert list(map(rule_words, parts)) == [
        "a clear drop",
        "a drop made up in part",
        "a clear drop made up",
    ]


def test_the_page_explains_its_terms():
    page = render_following(sample())
    for term in ("Baseline", "Limits, center", "Major, micro", "False alarms"):
        assert f"<dt>{term}</dt>" in page


def test_the_drawing_leads_to_each_session():
    page = render_following(sample())
    for n in range(1, 10):
        assert f'href="#session-{n}"' in page
        assert f'id="session-{n}"' in page


def test_sessions_without_a_signal_are_folded_away():
    page = render_following(sample(weeks=45))
    assert "Sessions 12 to 45: no signal" in page


def test_figures_of_a_caseload_stand_beside_the_literature():
    several = [
        replace(
            sample(),
            client=f"c-{n}",
            series=(),
            episodes=tuple(replace(one, client=f"c-{n}") for one in sample().episodes),
        )
        for n in range(6)
    ]
    page = render_caseload(several, figures_of(several))
    assert "Relationships with a rupture" in page
    assert "100%" in page
    assert "doi:10.1080/10503307.2016.1174345" in page
    assert page.count("showed a drop in the client&#39;s session ratings") == 1
    assert "c-5" in page


def test_risk_comes_first_on_a_page_of_several_courses_too():
    note = Note("risk-answer", "Session 3: follow your protocol.")
    page = render_caseload([sample(), replace(sample("D"), notes=(note,))], ())
    assert "D: Session 3: follow your protocol." in page
    assert page.index('id="risk"') < page.index('id="figures"')


def test_risk_comes_first():
    risky = replace(sample(), notes=(Note("risk-answer", "Session 3: follow your protocol."),))
    page = render_following(risky)
    assert page.index('id="risk"') < page.index('id="summary"')
    assert 'id="risk"' not in render_following(sample())


@pytest.mark.parametrize("name", PAGES)
def test_the_page_has_no_script_and_no_outside_reference(name):
    page = PAGES[name]()
    assert "<script" not in page.lower()
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    assert not re.search(r"url\(|@import|https?://", page)
    assert "default-src 'none'" in page
    assert "\u202e" not in page


@pytest.mark.parametrize("name", PAGES)
def test_ids_are_unique_and_links_lead_somewhere(name):
    page = PAGES[name]()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_the_rows_are_named_once_more_for_those_who_scroll():
    page = render_following(sample())
    names = page.split('<div class="names"')[1].split("</div>")[0]
    drawn = page.split('id="timeline-all"')[1].split("</svg>\n</div></div>")[0]
    for name in re.findall(r'class="row"[^>]*>([^<]+)<', names):
        assert f">{name}</text>" in drawn
    assert len(re.findall("<span", names)) == 3 + 2 * len(timeline_of(sample()).panels)


@pytest.mark.parametrize("name", ["course", "series"])
def test_the_slices_for_paper_make_up_the_drawing(name):
    page, made = PAGES[name](), DRAWN[name]()
    slices = re.findall(r'height="(\d+)"><use href="#timeline-all" y="(-?\d+)"', page)
    edges = [0]
    for height, y in slices:
        assert int(y) == -edges[-1]
        edges.append(edges[-1] + int(height))
    assert edges[-1] == made.height
    assert len(slices) == len(made.panels) + (2 if made.visits else 1)
