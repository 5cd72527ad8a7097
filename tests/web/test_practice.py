"""Practice: talks with feedback, drills, progress; the learner's alone, and found nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reattune import practice
from reattune.web.accounts.models import User
from reattune.web.practice import drawing, speaking, talks, words
from reattune.web.practice import shown as showing
from reattune.web.practice.models import Talk
from tests.web.conftest import signed_in
from tests.web.practicing import (
    DRILL,
    GOOD,
    LANDS,
    POOR,
    SCENARIO,
    begin,
    ended,
    kept,
    plain,
    say,
    share,
    shown,
)

pytestmark = pytest.mark.django_db
WORD = "quizzaciously"  # planted in a reply and in a view, and nowhere else
Most = Callable[[int], AbstractContextManager[Any]]


def restore(talk: Talk, run: practice.Run) -> None:
    """Put another run into a talk."""
    now = kept(talk)
    assert talks.save(replace(now, run=run))


# The way in


def test_the_first_page_teaches_and_offers_drills_and_scenarios(therapist: User) -> None:
    html = shown(signed_in(therapist), "/rehearse/")
    assert "How it goes" in html
    assert "not significantly related to outcome" in html
    assert practice.load_scenarios()[SCENARIO].title in html
    assert next(iter(practice.load_drills().values())).title in html
    begin(signed_in(therapist))
    assert "How it goes" not in shown(signed_in(therapist), "/rehearse/")


def test_scenarios_are_filtered_and_nonsense_shows_all(therapist: User) -> None:
    browser = signed_in(therapist)
    known = practice.load_scenarios().values()
    html = shown(browser, "/rehearse/?kind=confrontation&intensity=major")
    for one in known:
        fits = one.kind == "confrontation" and one.intensity == "major"
        assert (f"/rehearse/scenarios/{one.id}/" in html) == fits, one.id
    assert "No scenario is like that" in shown(browser, "/rehearse/?intensity=micro&hard=ending")
    assert f"/rehearse/scenarios/{SCENARIO}/" in shown(browser, "/rehearse/?kind=x&hard=%00")


def test_a_scenario_says_what_has_happened_and_begins_once(therapist: User) -> None:
    browser, scenario = signed_in(therapist), practice.load_scenarios()[SCENARIO]
    html = shown(browser, f"/rehearse/scenarios/{SCENARIO}/")
    for text in (scenario.summary, scenario.task, scenario.person.history):
        assert text in html
    talk = begin(browser)
    again = browser.post(f"/rehearse/scenarios/{SCENARIO}/")
    assert again.headers["Location"] == f"/rehearse/talks/{talk.pk}/"
    assert Talk.objects.count() == 1
    assert browser.get("/rehearse/scenarios/no_such_one/").status_code == 404
    assert browser.post("/rehearse/scenarios/no_such_one/").status_code == 404


def test_a_supervisor_practices_too(supervisor: User) -> None:
    browser = signed_in(supervisor)
    assert "Practice repair" in shown(browser, "/rehearse/")
    assert GOOD[:20] in say(browser, begin(browser), GOOD)


# A reply


def test_feedback_comes_with_each_reply(therapist: User) -> None:
    browser = signed_in(therapist)
    talk = begin(browser)
    html = say(browser, talk, GOOD)
    told = practice.feedback(kept(talk).run, 0)
    counted = [read for read in told.readings if read.counted]
    assert counted
    for read in counted:
        assert f'<q dir="auto">{read.quote}</q>' in html
        assert read.doubt in html
    assert '<mark class="repair">' in html
    assert "more trust" in html
    assert f"{round(100 * told.before.trust)} → {round(100 * told.after.trust)} of 100" in html
    assert told.rewordings[0].text in html
    assert told.next in html
    assert f"{told.minutes_left} minutes left" in html
    assert "less trust" in say(browser, talk, POOR)


def test_a_reply_that_is_not_scored_says_why(therapist: User) -> None:
    browser = signed_in(therapist)
    html = say(browser, begin(browser), "asdf qwer zxcv uiop hjkl")
    assert "Not scored" in html
    assert "so nothing moved" not in html


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "Nothing is written yet"), (" \n\t ", "Nothing is written yet"),
     ("\x00\x07\u202e", "Nothing is written yet"), ("a" * 4001, "at most 4000 characters")],
)  # fmt: skip
def test_bad_input_is_refused_and_kept(therapist: User, text: str, said: str) -> None:
    browser = signed_in(therapist)
    talk = begin(browser)
    html = say(browser, talk, text)
    assert said in html
    assert text.strip("\x00\x07\u202e \n\t") in html
    assert not kept(talk).run.exchanges


def test_characters_that_nobody_sees_are_taken_out(therapist: User) -> None:
    browser = signed_in(therapist)
    talk = begin(browser)
    say(browser, talk, " You said yes\x00 very\u202e quickly,\r\nand\x1b[2J I noticed it.\r\n")
    assert kept(talk).run.exchanges[0].reply == ("You said yes very quickly,\nand[2J I noticed it.")


@pytest.mark.parametrize("number", ["", "-1", "x", "99999999999999999999", "7"])
def test_a_reply_to_no_line_is_not_counted(therapist: User, number: str) -> None:
    browser = signed_in(therapist)
    talk = begin(browser)
    answer = browser.post(f"/rehearse/talks/{talk.pk}/reply/", {"number": number, "text": GOOD})
    assert answer.status_code == 200
    assert GOOD in plain(answer.content.decode())
    assert not kept(talk).run.exchanges


def test_words_are_escaped(therapist: User) -> None:
    browser = signed_in(therapist)
    html = say(browser, begin(browser), "<script>alert(1)</script> You went quiet just now & left")
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


def test_the_same_reply_twice_counts_once(therapist: User) -> None:
    browser = signed_in(therapist)
    talk = begin(browser)
    say(browser, talk, GOOD, number=0)
    html = say(browser, talk, GOOD, number=0)
    assert "answered already" not in html
    assert len(kept(talk).run.exchanges) == 1
    html = say(browser, talk, "And something else.", number=0)
    assert "answered already" in html
    assert "And something else.</textarea>" in html
    assert len(kept(talk).run.exchanges) == 1


def test_two_replies_at_once_count_once(therapist: User) -> None:
    talk = begin(signed_in(therapist))
    one, other = kept(talk), kept(talk)
    first = talks.reply(one, 0, GOOD)
    second = talks.reply(other, 0, POOR)
    assert second.run == first.run == kept(talk).run
    assert [exchange.reply for exchange in second.run.exchanges] == [GOOD]


def test_a_change_from_elsewhere_is_not_overwritten(therapist: User) -> None:
    browser = signed_in(therapist)
    talk = begin(browser)
    say(browser, talk, GOOD)
    stale = kept(talk)
    code = stale.run.exchanges[0].counted[0].code
    talks.contest(kept(talk), 0, code, "")
    after = talks.reply(stale, 1, "What was it like for you when I asked that?")
    assert [len(exchange.contested) for exchange in after.run.exchanges] == [1, 0]


def test_only_what_is_new_comes_where_the_page_stays(therapist: User) -> None:
    browser = signed_in(therapist)
    talk = begin(browser)
    path, header = f"/rehearse/talks/{talk.pk}/reply/", {"HX-Request": "true"}
    html = browser.post(path, {"number": 0, "text": GOOD}, headers=header).content.decode()
    assert "<html" not in html
    assert html.count('hx-swap-oob="true"') == 2
    assert 'id="l1"' in html
    assert 'name="number" value="1"' in html
    answer = browser.post(path, {"number": 1, "text": ""}, headers=header)
    assert answer.headers["HX-Retarget"] == "#answer"
    assert "Nothing is written yet" in answer.content.decode()
    html = browser.post(path, {"number": 0, "text": POOR}, headers=header).content.decode()
    assert "answered already" in html
    assert 'id="l1"' in html
    browser.post(f"/rehearse/talks/{talk.pk}/end/")
    answer = browser.post(path, {"number": 1, "text": GOOD}, headers=header)
    assert answer.headers["HX-Redirect"] == f"/rehearse/talks/{talk.pk}/"


def test_the_microphone_is_allowed_on_the_talk_alone(therapist: User) -> None:
    browser = signed_in(therapist)
    talk = begin(browser)
    for path, allowed in (("/rehearse/", False), (f"/rehearse/talks/{talk.pk}/", True)):
        policy = browser.get(path).headers["Permissions-Policy"]
        assert ("microphone=(self)" in policy) == allowed


# Contesting


def test_a_contested_reading_counts_in_no_direction(therapist: User) -> None:
    browser = signed_in(therapist)
    talk = begin(browser)
    say(browser, talk, POOR)
    read = next(r for r in kept(talk).run.exchanges[0].counted if r.family == "misstep")
    told = {"number": 0, "code": read.code, "view": f"I meant it warmly, {WORD}."}
    answer = browser.post(f"/rehearse/talks/{talk.pk}/contest/", told, follow=True)
    html = plain(answer.content.decode())
    assert "contested by you" in html
    assert f"I meant it warmly, {WORD}." in html
    assert read.code not in {r.code for r in kept(talk).run.exchanges[0].counted}
    browser.post(f"/rehearse/talks/{talk.pk}/end/")
    assert WORD in shown(browser, f"/rehearse/talks/{talk.pk}/after/")


@pytest.mark.parametrize(
    "told",
    [{}, {"number": 0, "code": "rescuing_x"}, {"number": 9, "code": "notice"},
     {"number": "x", "code": "notice"}, {"number": 0, "code": "notice", "view": "a" * 1001}],
)  # fmt: skip
def test_what_was_not_read_cannot_be_contested(therapist: User, told: dict[str, Any]) -> None:
    browser = signed_in(therapist)
    talk = begin(browser)
    say(browser, talk, GOOD)
    before = kept(talk).run
    answer = browser.post(f"/rehearse/talks/{talk.pk}/contest/", told, follow=True)
    assert 'class="error"' in answer.content.decode()
    assert kept(talk).run == before


# The end


def test_a_talk_comes_to_its_end_and_is_summed_up(therapist: User) -> None:
    browser = signed_in(therapist)
    talk, number = begin(browser), 0
    while not kept(talk).run.over:
        run, scenario = kept(talk).run, practice.load_scenarios()[SCENARIO]
        good = scenario.nodes[run.at].replies["good"]
        said = {exchange.reply for exchange in run.exchanges}
        text = next((one for one in good if one not in said), f"And then, number {number}?")
        html, number = say(browser, talk, text), number + 1
    assert "The talk has ended" in html
    assert "What would you say?" not in html
    html = shown(browser, f"/rehearse/talks/{talk.pk}/after/")
    made = practice.summary(kept(talk).run)
    assert f"How it ended: {words.OUTCOMES[made.outcome]}" in html
    assert made.after in html
    assert made.turned[0].quote in html
    assert made.cautions[0].text in html
    assert html.count('<circle r="4.5"') == len(made.states) + 1
    assert "This talk has ended" in say(browser, talk, GOOD, number=number)
    assert len(kept(talk).run.exchanges) == number


def test_ending_it_leads_to_the_summary_and_before_that_to_the_talk(therapist: User) -> None:
    browser = signed_in(therapist)
    talk = begin(browser)
    path = f"/rehearse/talks/{talk.pk}/"
    assert browser.get(f"{path}after/").headers["Location"] == path
    answer = browser.post(f"{path}end/")
    assert answer.headers["Location"] == f"{path}after/"
    html = shown(browser, f"{path}after/")
    assert "How it ended: ended early" in html
    assert "No reply was given" in html
    assert browser.post(f"{path}end/").status_code == 302
    for name in ("end", "reply", "contest", "delete", "share"):
        assert browser.get(f"{path}{name}/").status_code == 405


@pytest.mark.parametrize("scenario", [SCENARIO, "one_that_is_gone"])
def test_a_talk_of_another_version_is_shown_without_going_on(
    therapist: User, scenario: str
) -> None:
    browser = signed_in(therapist)
    talk = begin(browser)
    say(browser, talk, GOOD)
    restore(talk, replace(kept(talk).run, version="0", scenario=scenario))
    path = f"/rehearse/talks/{talk.pk}/"
    html = shown(browser, path)
    assert GOOD in html
    assert "cannot go on" in html
    assert "What would you say?" not in html
    assert 'class="feedback"' not in html
    assert "has ended, or its scenario" in say(browser, talk, GOOD, number=1)
    assert len(kept(talk).run.exchanges) == 1
    told = {"number": 0, "code": kept(talk).run.exchanges[0].readings[0].code}
    browser.post(f"{path}contest/", told)
    assert not kept(talk).run.exchanges[0].contested
    assert "not explained any more" in shown(browser, f"{path}after/")
    assert "the scenario has changed since" in shown(browser, "/rehearse/talks/")
    assert shown(browser, "/rehearse/")
    assert shown(browser, "/rehearse/progress/")


# Drills and progress


def test_a_drill_that_landed_comes_again_later_and_the_next_is_offered(therapist: User) -> None:
    browser = signed_in(therapist)
    assert "First now" in shown(browser, "/rehearse/drills/")
    talk = begin(browser, DRILL)
    assert "3 tries left" in shown(browser, f"/rehearse/talks/{talk.pk}/")
    assert "That was the drill" in say(browser, talk, LANDS)
    html = shown(browser, f"/rehearse/talks/{talk.pk}/after/")
    assert "How it ended: it landed" in html
    assert "Next drill" in html
    drills = shown(browser, "/rehearse/drills/")
    assert "again after 3 days" in drills
    assert drills.count("not tried yet") == len(practice.load_drills()) - 1


def test_progress_counts_what_was_read(therapist: User) -> None:
    browser = signed_in(therapist)
    assert "Nothing to count yet" in shown(browser, "/rehearse/progress/")
    ended(therapist, GOOD, POOR)
    html = shown(browser, "/rehearse/progress/")
    assert "Notices and names" in html
    assert html.count('class="bars') >= 2
    assert "You alone see this page" in html


# How much is asked of the database


def test_pages_ask_the_database_few_times(
    therapist: User, supervisor: User, django_assert_max_num_queries: Most
) -> None:
    made = ended(therapist, GOOD, POOR)
    run, row = kept(made).run, Talk.objects.get(pk=made.pk)
    for day in range(1, 25):
        one = Talk(learner=therapist)
        now = talks.Kept(one, replace(run, begun=date(2026, 1, day)))
        one.sealed = talks.as_sealed(now)
        one.save()
    share(signed_in(therapist), made, supervisor)
    browser = signed_in(therapist)
    talk = begin(browser)
    paths = ("", "drills/", "talks/", "progress/", f"scenarios/{SCENARIO}/",
             f"talks/{talk.pk}/", f"talks/{row.pk}/after/")  # fmt: skip
    for path in paths:
        with django_assert_max_num_queries(12):
            assert browser.get(f"/rehearse/{path}").status_code == 200
    with django_assert_max_num_queries(12):
        browser.post(f"/rehearse/talks/{talk.pk}/reply/", {"number": 0, "text": GOOD})


# The voice


class Wording(BaseHTTPRequestHandler):
    """A server that words every line alike."""

    said = "Sure. Whatever you think is best, I will do it."

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"choices": [{"message": {"content": self.said}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Wording)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    monkeypatch.setenv(speaking.ENDPOINT, url)
    monkeypatch.setenv(speaking.MODEL, "small-one")
    yield url
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("endpoint")
def test_the_client_speaks_through_the_server_s_endpoint_and_the_page_says_so(
    therapist: User,
) -> None:
    browser = signed_in(therapist)
    assert "speaks through “small-one”" in shown(browser, "/rehearse/")
    talk = begin(browser)
    html = shown(browser, f"/rehearse/talks/{talk.pk}/")
    assert "small-one" in html
    assert Wording.said in html or "The authored line stands" in html


def test_an_endpoint_elsewhere_is_not_used(
    therapist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(speaking.ENDPOINT, "http://models.example/v1")
    monkeypatch.setenv(speaking.MODEL, "x")
    html = shown(signed_in(therapist), "/rehearse/")
    assert "cannot be used" in html
    assert speaking.configured().voice is None


def test_without_an_endpoint_nothing_is_said_of_one(therapist: User) -> None:
    assert "speaks through" not in shown(signed_in(therapist), "/rehearse/")
    assert speaking.configured() == speaking.Speaking()


# What is drawn


def test_the_drawing_keeps_within_its_frame_however_long_the_talk() -> None:
    low, high = practice.Inner(0, 1, 0), practice.Inner(1, 0, 1)
    assert drawing.course([low]) is None
    for count in (2, 3, 60):
        made = drawing.course([low, high] * (count // 2) + [low] * (count % 2))
        assert made is not None
        for curve in made.curves:
            assert len(curve.segments) == len(curve.dots) - 1 == count - 1
            assert all(0 < dot.at < 100 and 0 < dot.y < made.height for dot in curve.dots)
        assert sum(bool(tick.label) for tick in made.ticks) <= drawing.MOST_LABELS
        assert len(made.rows) == count


@given(
    st.text(max_size=40), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=4)
)
def test_a_reply_in_pieces_is_the_reply(reply: str, spans: list[tuple[int, int]]) -> None:
    told: Any = [
        SimpleNamespace(
            number=n,
            read=SimpleNamespace(
                first=min(a, b, len(reply)), last=min(max(a, b), len(reply)), counted=bool(n % 2),
                family="repair",
            ),
        )
        for n, (a, b) in enumerate(spans, 1)
    ]  # fmt: skip
    made = list(showing.pieces(reply, told))
    assert "".join(piece.text for piece in made) == reply
    marked = {n for piece in made for n in piece.numbers}
    assert marked == {one.number for one in told if one.read.first < one.read.last}
