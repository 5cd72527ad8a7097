from __future__ import annotations

import difflib
import os
import re
import time
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from reattune.report import render_html
from reattune.report.html import STORY
from reattune.report.transcript import pieces
from reattune.report.words import percent, shorten
from reattune.types import Analysis, Note, RoleGuess
from tests.test_report_samples import DATA, coded, hostile, long_session, plain

GOLDEN = DATA / "report_golden.html"
TEMPLATES = Path(__file__).parents[1] / "src/reattune/report/templates"
VOID = {"meta", "br", "input", "link", "img", "hr"}

MIXED = coded("course-b-session-2", risk=True)
QUIET = coded("course-c-session-5")
EXCERPT = coded("course-c-session-3", first=36, last=66, risk=True)
ODD: dict[str, Analysis] = {
    "one turn": plain(("T", "Hello.")),
    "no turn": plain(),
    "no client": plain(("T", "Hello."), ("T", "Are you there?")),
    "third person": plain(("T", "Hello."), ("C", "Hi."), ("O", "May I come in?")),
    "empty words": plain(("T", ""), ("C", "[pause]")),
    "hostile": hostile(),
}


class Page(HTMLParser):
    """What the tests ask of a page: tags with attributes, visible text, and that tags match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


def test_golden_report() -> None:
    """A change of the report shows as a diff; REATTUNE_UPDATE_GOLDEN=1 accepts it."""
    html = render_html(EXCERPT)
    if os.environ.get("REATTUNE_UPDATE_GOLDEN") == "1":
        GOLDEN.write_text(html, encoding="utf-8")
    golden = GOLDEN.read_text("utf-8")
    if html != golden:
        changes = difflib.unified_diff(
            golden.splitlines(), html.splitlines(), "golden", "now", lineterm="", n=1
        )
        pytest.fail("\n".join(list(changes)[:80]), pytrace=False)


def test_parts_come_in_order_with_risk_first() -> None:
    html = render_html(MIXED)
    ids = ["risk", "summary", "episodes", "moves", "talk", "transcript", "limits"]
    places = [
        html.index(f'<section id="{id}"') if id != "risk" else html.index('id="risk"') for id in ids
    ]
    assert places == sorted(places)
    assert "Risk content present in turn 43: follow your protocol." in html


def test_no_risk_section_without_risk_but_a_word_about_the_screen() -> None:
    html = render_html(QUIET)
    assert 'id="risk"' not in html
    assert "The risk screen found nothing" in html


def test_episode_cards_say_all_there_is_to_say() -> None:
    text = Page(render_html(EXCERPT)).text
    [episode] = EXCERPT.episodes
    for words in (
        "M1", "Mixed, micro", "Looks repaired", "Turns 6–22", "slight, momentary strain",
        "May land badly", "May land well", "Another reading", "How sure, and how often wrong",
        "What you might consider next", "repair step 1", episode.why,
        "about 38 of 100 flagged turns were not confirmed",
    ):  # fmt: skip
        assert words in text, words
    for marker in (*episode.markers, *episode.moves):
        assert marker.why in text


def test_every_decided_flag_stands_beside_its_turn() -> None:
    html = render_html(MIXED)
    beside = re.findall(r'<div class="note (?:withdrawal|confrontation|repair|misstep)">', html)
    decided = [m for m in MIXED.markers + MIXED.moves if m.decided]
    assert len(beside) == len(decided)


def test_the_percent_shown_is_that_of_the_family() -> None:
    marker = replace(EXCERPT.markers[0], probability=0.31, family_probability=0.83, decided=True)
    episode = replace(EXCERPT.episodes[0], markers=(marker,), moves=())
    html = render_html(replace(EXCERPT, markers=(marker,), moves=(), episodes=(episode,)))
    assert "The clearest sign is at 83%" in html
    assert "in particular 31%" in html


def test_near_misses_wait_until_asked_for() -> None:
    html = render_html(MIXED)
    near = sum(not m.decided for m in MIXED.markers + MIXED.moves)
    assert html.count('class="note near"') == near > 0
    assert ".note.near { display: none;" in html
    assert f"Show near misses ({near})" in html


def test_long_stories_and_tables_fold_away() -> None:
    assert MIXED.episodes[2].last - MIXED.episodes[2].first > STORY
    html = render_html(MIXED)
    assert re.search(r"<summary>\d+ more turns</summary>", html)


def test_quiet_session_is_told_without_comfort() -> None:
    text = Page(render_html(QUIET)).text
    assert "No strain was flagged in this session." in text
    assert "not thereby a good one" in text
    assert 'id="episodes"' not in render_html(QUIET)


def test_error_rates_are_said_or_said_to_be_missing() -> None:
    assert "about 43 of 100 turns flagged as withdrawal" in render_html(MIXED)
    html = render_html(replace(MIXED, reliability={}))
    assert html.count("was not measured for this setup") == 2 + len(MIXED.episodes)
    assert "In evaluation" not in html


def test_roles_say_how_they_came_about() -> None:
    guess = RoleGuess("inferred/1", 0.93, "Ruth", "Ruth asks most questions.")
    session = replace(MIXED.session, roles=guess)
    assert "Ruth asks most questions (93% sure)." in render_html(replace(MIXED, session=session))
    session = replace(MIXED.session, roles=None)
    assert "was given with the turns" in render_html(replace(MIXED, session=session))


def test_notes_are_told_once_with_their_turns() -> None:
    note = Note("times-missing", "Some turns have no time.", tuple(range(12)))
    session = replace(MIXED.session, notes=(note,))
    html = render_html(replace(MIXED, session=session, notes=(note,)))
    assert html.count("Some turns have no time.") == 1
    assert "and 4 more" in html


@pytest.mark.parametrize("name", ODD)
def test_odd_sessions_render(name: str) -> None:
    page = Page(render_html(ODD[name]))
    assert len(page.all("h1")) == 1
    rows = [attrs for attrs in page.all("li") if attrs.get("class", "").startswith("turn ")]
    assert len(rows) == len(ODD[name].session.turns)


def test_hostile_text_stays_text() -> None:
    html = render_html(hostile())
    page = Page(html)
    names = {name for name, _ in page.tags}
    assert not {"script", "img", "b", "i", "iframe"} & names
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)
    for words in ('<script>alert("x")</script>', "{{ 7*7 }}", "{% raw %}", "שלום עולם", "👩‍👩‍👧‍👦"):
        assert words in page.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", html)
    html.encode("utf-8")


def test_turns_find_their_own_direction() -> None:
    page = Page(render_html(hostile()))
    texts = [attrs for attrs in page.all("p") if attrs.get("class") == "text"]
    assert texts
    assert all(attrs.get("dir") == "auto" for attrs in texts)


def test_nothing_is_asked_for_from_outside() -> None:
    html = render_html(MIXED)
    assert not re.search(r"https?:|//[a-z]|url\((?!#)|@import|<link|<script", html)
    assert "default-src 'none'" in html


def test_a_three_hour_session_renders_in_time() -> None:
    analysis = long_session()
    start = time.process_time()
    html = render_html(analysis)
    assert time.process_time() - start < 2
    assert len(html) < 4_000_000
    assert html.count('class="hit"') <= 400
    assert "Not every episode has room for its tag here" in html


def test_no_word_ranks_or_diagnoses() -> None:
    own = re.sub(r"(?s)<style>.*?</style>", "", render_html(QUIET))
    text = Page(own).text.lower()
    for turn in QUIET.session.turns:
        text = text.replace(" ".join(turn.text.split()).lower(), "")
    for word in (
        "diagnos",
        "disorder",
        "resistan",
        "best",
        "worst",
        "angry",
        "anxious",
        "score of",
    ):
        assert word not in text, word


# Structure that a screen reader relies on


@pytest.mark.parametrize("analysis", [MIXED, QUIET, *ODD.values()])
def test_headings_landmarks_and_labels(analysis: Analysis) -> None:
    page = Page(render_html(analysis))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for landmark in ("main", "header", "nav", "footer"):
        assert page.all(landmark)
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("a")[0] == {"class": "skip", "href": "#main"}
    labels = {attrs["for"] for attrs in page.all("label")}
    assert {attrs["id"] for attrs in page.all("input")} == labels


@pytest.mark.parametrize("analysis", [MIXED, QUIET, hostile(), long_session(400)])
def test_ids_are_unique_and_every_link_arrives(analysis: Analysis) -> None:
    page = Page(render_html(analysis))
    ids = Counter(attrs["id"] for _, attrs in page.tags if "id" in attrs)
    assert not [id for id, count in ids.items() if count > 1]
    targets = {attrs["href"][1:] for _, attrs in page.tags if "href" in attrs}
    assert targets <= set(ids)
    named = [
        v
        for _, a in page.tags
        for k, v in a.items()
        if k in ("aria-labelledby", "aria-describedby")
    ]
    assert {id for value in named for id in value.split()} <= set(ids)


def test_pictures_have_a_title_or_are_hidden() -> None:
    html = render_html(MIXED)
    for svg in re.findall(r"<svg [^>]*>", html):
        nested = ' x="' in svg
        assert nested or 'aria-hidden="true"' in svg or "aria-labelledby" in svg, svg
    assert '<title id="strip-title">' in html
    assert "M3: Mixed, major, turns 46–94, may have widened." in html


# Contrast, from the colors of the style sheet


def palette(dark: bool) -> dict[str, str]:
    css = (TEMPLATES / "report.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, flags=re.DOTALL)
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[0]))
    return colors | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[1])) if dark else colors


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


OWN = ("withdrawal", "confrontation", "mixed", "repair", "misstep", "risk")
TEXT_PAIRS = [
    *((text, ground) for text in ("ink", "muted", "link") for ground in ("bg", "card")),
    *((own, ground) for own in OWN for ground in ("bg", "card", f"{own}-tint")),
    *((text, f"{own}-tint") for text in ("ink", "muted", "link") for own in OWN),
    *(("on", own) for own in OWN[:3]),
    ("ink", "glow"),
]
SHAPE_PAIRS = [("bar", "card"), ("bar-2", "card"), ("bar", "bg"), ("bar-2", "bg")]


def test_contrast_reference_values() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # WebAIM's example


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast_meets_wcag_aa(dark: bool) -> None:
    colors = palette(dark)
    poor = [
        (first, second, round(contrast(colors[first], colors[second]), 2))
        for pairs, least in ((TEXT_PAIRS, 4.5), (SHAPE_PAIRS, 2.5))
        for first, second in pairs
        if contrast(colors[first], colors[second]) < least
    ]
    assert not poor


# Small things


def test_pieces_keep_every_character() -> None:
    text = "No. [laughs] It's fine [pause]"
    found = pieces(text, ["It's fine [pause]", "fine"])
    assert "".join(piece.text for piece in found) == text
    assert [p.text for p in found if p.aside] == ["[laughs]", "[pause]"]
    assert "".join(p.text for p in found if p.quoted) == "It's fine [pause]"


def test_pieces_of_a_huge_turn_take_no_time() -> None:
    start = time.process_time()
    assert len(pieces("word [laughs] " * 70_000, ["word"])) > 100_000
    assert time.process_time() - start < 10  # a scan of all marks for each would take minutes


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0%"), (0.004, "under 1%"), (0.5, "50%"), (0.999, "over 99%"), (1.0, "100%")],
)
def test_percent_never_claims_certainty(share: float, said: str) -> None:
    assert percent(share) == said


def test_shorten_cuts_between_words() -> None:
    assert shorten("one two three four", 12) == "one two…"
    assert shorten("one\n two", 12) == "one two"
    assert len(shorten("x" * 100, 12)) == 12
