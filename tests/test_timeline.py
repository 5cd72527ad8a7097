"""The timeline and its page: valid, self-contained, safe, and readable in a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader

from reattune.caseload import EpisodeRecord
from reattune.change import signals
from reattune.charts import limitations
from reattune.course import build
from reattune.follow import Following, follow
from reattune.report.course import (
    render_caseload,
    render_chart,
    render_following,
)
from reattune.report.legend import keys_of, placed
from reattune.report.timeline import (
    HEAD,
    LEFT,
    RIGHT,
    Timeline,
    columns_of,
    detail,
    limits_of,
    render_svg,
    timeline_of,
    timeline_of_series,
)
from reattune.report.told import (
    KIND_WORDS,
    figures_line,
    title_of,
)
from reattune.signals import Read, join, words_series, words_signals
from reattune.types import Point, Scale, Series
from tests.test_report_browser import DESKTOP, PHONE, Opened
from tests.test_signals import analysis, episode

START = date(2026, 1, 5)
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '"><script>alert(1)</script>\u202e&amp;'


def day(week: int) -> date:
    return START + timedelta(weeks=week)


def with_words(made: Following, episodes: dict[int, list]) -> Following:
    """The course with these episodes in the words of its sessions."""
    days = dict(made.held)
    reads = [Read(n, days[n], analysis(*own)) for n, own in episodes.items()]
    found = [replace(s, with_=()) for s in made.signals if s.source != "words"]
    return replace(
        made,
        series=(words_series(made.client, reads, made.held), *made.series),
        analyses={read.session: read.analysis for read in reads},
        episodes=tuple(
            EpisodeRecord(made.client, n, days[n], e.kind, e.intensity, e.state)
            for n, own in episodes.items()
            for e in own
        ),
        signals=join([*words_signals(made.client, reads), *found]),
    )


@cache
def sample(name: str = "Course", weeks: int = 9) -> Following:
    """A check-in that falls in sessions 7 and 8, a late and a missed appointment, and words."""
    good, rows = [6, 6, 6, 6, 1], []
    for week in range(weeks):
        low = week in (6, 7)
        form = [2, 2, 3, 3, 6] if low else [6, 6, 6, 5 + week % 2, 1]
        row = {"date": day(week).isoformat(), "attendance": {"status": "attended"}}
        row["measures"] = {
            "checkin_client": form,
            "checkin_therapist": good,
            "phq9": [1, 2, *[1] * 6, 0],
        }
        if week == 7:
            row["attendance"] = {"status": "late", "minutes_late": 14}
        rows.append(row)
    if weeks > 8:
        missed = {"status": "no_show"}
        rows.append({"date": (day(7) + timedelta(days=4)).isoformat(), "attendance": missed})
        rows[2]["measures"]["phq9"] = [0] * 9
    made = follow(build({"sessions": rows, "client": name}))
    if weeks < 8:
        return made
    words = {
        2: [episode(signs=1)],
        7: [
            episode(level="major", kind="confrontation", signs=8, state="mishandled"),
            *(episode(kind="mixed", first=30 + 20 * n) for n in range(3)),
        ],
        8: [episode(state="repaired"), episode(signs=1, first=40)],
    }
    return with_words(made, words)


def series(*values: float | None, dated: bool = True, scale: Scale | None = None) -> Series:
    points = tuple(Point(n, day(n) if dated else None, value) for n, value in enumerate(values, 1))
    return Series("c", "alliance", "client", points, scale)


DRAWN = {
    "course": lambda: timeline_of(sample()),
    "long course": lambda: timeline_of(sample(weeks=45)),
    "one session": lambda: timeline_of(sample(weeks=1)),
    "hostile": lambda: timeline_of(sample(HOSTILE)),
    "series": lambda: timeline_of_series(series(48, 50, 49, 51, None, 50, 49, 38), ()),
    "one score": lambda: timeline_of_series(series(48, dated=False), ()),
    "no score": lambda: timeline_of_series(series(None), ()),
    "constant": lambda: timeline_of_series(series(*[5.0] * 9), ()),
}
PAGES = {
    "course": lambda: render_following(sample()),
    "long course": lambda: render_following(sample(weeks=45)),
    "one session": lambda: render_following(sample(weeks=1)),
    "hostile": lambda: render_following(sample(HOSTILE)),
    "series": lambda: chart_page(series(48, 50, 49, 51, 50, 49, 38, 44)),
    "one score": lambda: chart_page(series(48, dated=False)),
    "no score": lambda: chart_page(series(None)),
    "caseload": lambda: render_caseload([sample(), sample(HOSTILE)], sample().figures),
}


def chart_page(own: Series) -> str:
    return render_chart(own, signals(own), limitations(own))


# The drawing


@pytest.mark.parametrize("name", DRAWN)
def test_the_drawing_is_valid_xml_that_asks_for_nothing(name):
    text = render_svg(DRAWN[name]())
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc").text
    assert not re.search(r"<script|href=|url\(|@import|https?://(?!www\.w3\.org)", text)
    assert "var(--" not in text
    assert "%" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


def test_types_are_told_by_letter_and_shape_too():
    made = timeline_of(sample())
    text = render_svg(made)
    in_the_legend = [key.shape for key in keys_of(made)]
    letters = ["C", "M", "M", "W", *"WCM"]  # those of the legend last
    assert re.findall(r'class="letter"[^>]*>(\w)<', text) == letters
    assert 'class="confrontation major"' in text
    assert text.count('class="fixed"') == 1 + in_the_legend.count("fixed")
    assert ">no-show<" in text
    assert ">+14′<" in text


def test_more_episodes_than_fit_are_counted():
    labels = [label for _, _, label in timeline_of(sample()).few]
    assert labels == ["+1", "+1", "+1"]


def test_strands_that_agree_are_named_at_their_session():
    agree = {c.session: c.agree for c in timeline_of(sample()).columns if c.agree}
    assert {"w", "s"} <= set(agree[7])
    assert 1 not in agree


def test_a_missed_appointment_has_a_column_of_its_own():
    columns = timeline_of(sample()).columns
    assert [c.session for c in columns] == [1, 2, 3, 4, 5, 6, 7, 8, None, 9]


def test_a_doubted_score_is_drawn_hollow():
    (phq9,) = [p for p in timeline_of(sample()).panels if p.title == "PHQ-9"]
    assert [dot.label for dot in phq9.dots if dot.doubtful] == ["0"]


@pytest.mark.parametrize("name", DRAWN)
def test_everything_lies_within_the_drawing(name):
    made: Timeline = DRAWN[name]()
    for column in made.columns:
        assert LEFT <= column.left < column.at < column.left + column.width <= 100 - RIGHT + 0.01
    for panel in made.panels:
        inside = (panel.top, panel.top + HEAD + panel.plot)
        assert all(inside[0] < dot.y < inside[1] for dot in panel.dots)
        assert all(inside[0] < line.y < inside[1] for line in panel.lines)
    assert made.height > made.marks_top


def test_missing_scores_break_the_line():
    (panel,) = DRAWN["series"]().panels
    assert len(panel.dots) == 7
    assert len(panel.segments) == 5


def test_baseline_and_limits_are_drawn():
    (panel,) = DRAWN["series"]().panels
    columns = columns_of([(n, None) for n in range(1, 9)])
    assert panel.band == (columns[0].left, pytest.approx(columns[6].left + columns[6].width - LEFT))
    assert [line.kind for line in panel.lines] == ["limit", "limit", "center"]
    (short,) = DRAWN["one score"]().panels
    assert {line.kind for line in short.lines} == {"axis"}
    assert short.band is None


def test_dates_thin_out_in_a_long_course_and_on_a_phone():
    assert all(c.dated for c in columns_of([(n, day(n)) for n in range(14)]))
    assert sum(c.dated for c in columns_of([(n, day(n)) for n in range(40)])) == 14
    assert [c.spare for c in columns_of([(n, day(n)) for n in range(7)])] == [False, True] * 3 + [
        False
    ]
    assert not any(c.spare for c in columns_of([(n, day(n)) for n in range(6)]))


def test_a_long_file_of_its_own_is_no_wider_than_a_page():
    wide = timeline_of_series(series(*[40.0 + n % 3 for n in range(40)]), ())
    assert wide.width < 1250
    assert timeline_of_series(series(48, 49), ()).width > 420


def test_a_label_stands_where_no_line_runs_through_it():
    (panel,) = timeline_of_series(series(48, 50, 49, 51, 50, 49, 38, 44), ()).panels
    below = {dot.label for dot in panel.dots if dot.below}
    assert "38" in below  # the low point of a V
    assert "51" not in below


def test_a_strain_is_drawn_before_a_recovery_at_the_same_score():
    own = series(36, 37, 36.5, 38, 37, 36, 28, 33, scale=Scale(0, 40, 0.1))
    found = signals(own)
    assert {s.kind for s in found if s.session == 8} == {"rupture", "recovery"}
    (panel,) = timeline_of_series(own, found).panels
    assert panel.dots[-1].mark == "strain"


def test_no_score_has_no_axis():
    (panel,) = DRAWN["no score"]().panels
    assert panel.lines == ()
    assert panel.detail == "no scores"


def test_slight_signs_are_small_and_not_pale():
    """Opacity would take the contrast that WCAG 2.2 asks of shapes that mean something."""
    text = render_svg(timeline_of(sample()))
    assert 'transform="scale(.66)"' in text
    assert "opacity: ." not in re.sub(r"fill-opacity", "", text)


# The legend


@pytest.mark.parametrize("name", DRAWN)
def test_the_legend_names_what_is_drawn_and_nothing_else(name):
    made = DRAWN[name]()
    shapes = {key.shape for key in keys_of(made)} & set(KIND_WORDS)
    assert shapes == {mark.kind for mark in made.marks}
    tags = {key.shape for key in keys_of(made)} & {"withdrawal", "confrontation", "mixed"}
    assert tags == {tag.kind for tag in made.tags}


def test_the_legend_breaks_its_lines():
    keys = keys_of(timeline_of(sample()))
    lines = [line for _, line, _ in placed(keys, 300)]
    assert lines == sorted(lines)
    assert len(set(lines)) > 3
    assert {line for _, line, _ in placed(keys, 9000)} == {0}


def test_a_picture_says_how_often_its_rules_are_wrong():
    own = series(48, 50, 49, 51, 50, 49, 38, 44)
    assert "beyond the limits 0.25" in figures_line(signals(own))
    assert "False alarms in 12 uneventful sessions" in render_svg(
        timeline_of_series(own, signals(own))
    )
    assert figures_line(()) == ""


@pytest.mark.parametrize(
    ("measure", "title"),
    [
        ("words", "Words"),
        ("attendance", "Attendance"),
        ("phq9", "PHQ-9"),
        ("srs", "SRS"),
        ("checkin_client", "Session Check-in, client form"),
        ("checkin:therapist-minus-client", "Session Check-in: therapist minus client"),
        ("wai_sr:bond", "WAI-SR, bond"),
        ("wai_s/therapist", "WAI-S, therapist"),
        ("alliance", "alliance"),
    ],
)
def test_titles(measure, title):
    assert title_of(measure) == title


def test_the_line_under_a_title_is_short_enough_for_a_phone():
    for own in sample().series:
        assert len(detail(own, limits_of(own, 6))) <= 58


# In a browser


@pytest.mark.browser
def test_on_paper_the_timeline_begins_on_the_first_page(browser, tmp_path: Path):
    path, target = tmp_path / "course.html", tmp_path / "course.pdf"
    path.write_text(PAGES["course"](), "utf-8")
    page = browser.new_page(viewport=DESKTOP)
    page.goto(path.as_uri())
    page.pdf(path=target, format="A4", print_background=True)
    page.close()
    first = PdfReader(target).pages[0].extract_text()
    assert "Attendance" in first
    assert "Session Check-in, client form" in first


@pytest.mark.browser
def test_on_a_phone_the_rows_keep_their_names_while_a_long_course_scrolls(browser, tmp_path: Path):
    path = tmp_path / "course.html"
    path.write_text(PAGES["long course"](), "utf-8")
    page = browser.new_page(viewport=PHONE)
    page.goto(path.as_uri())
    page.evaluate("document.querySelector('.scroll').scrollLeft = 400")
    boxes = page.evaluate(
        "[...document.querySelectorAll('.names span')].map(x => x.getBoundingClientRect().left)"
    )
    assert all(0 <= left < 60 for left in boxes)
    assert not page.locator(".scroll .timeline .row").first.is_visible()
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("name", PAGES)
def test_the_page_fits_and_loads_nothing_else(browser, tmp_path: Path, name, size):
    path = tmp_path / "course.html"
    path.write_text(PAGES[name](), "utf-8")
    page = browser.new_page(viewport=size)
    opened = Opened(page, path)
    page.wait_for_load_state("networkidle")
    assert opened.requests == [path.as_uri()]
    assert opened.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_drawing_stands_out_in_light_and_dark(browser, tmp_path: Path, scheme):
    """Contrast of texts and lines against the card: 4.5 and 3, as WCAG 2.2 asks."""
    path = tmp_path / "course.html"
    path.write_text(PAGES["course"](), "utf-8")
    page = browser.new_page(viewport=DESKTOP, color_scheme=scheme)
    page.goto(path.as_uri())
    card = page.evaluate("getComputedStyle(document.querySelector('.strip')).backgroundColor")
    glow = page.evaluate("getComputedStyle(document.querySelector('.joined')).fill")
    for selector, kind, least in (
        (".timeline .row", "fill", 4.5),
        (".timeline text.middle", "fill", 4.5),
        (".timeline .dot.strain", "fill", 3),
        (".timeline .path", "stroke", 3),
        (".timeline .limit", "stroke", 3),
    ):
        color = page.evaluate(f"getComputedStyle(document.querySelector('{selector}')).{kind}")
        assert contrast(color, card) >= least, selector
        assert contrast(color, glow) >= least - 0.2, selector
    page.close()


@pytest.mark.browser
def test_sessions_are_reached_by_keyboard_without_script(browser, tmp_path: Path):
    path = tmp_path / "course.html"
    path.write_text(PAGES["long course"](), "utf-8")
    context = browser.new_context(viewport=DESKTOP, java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    page.locator("a[href='#session-9']").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/course.html#session-9")
    assert page.locator("#session-9 h3").is_visible()
    context.close()


def contrast(one: str, two: str) -> float:
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
