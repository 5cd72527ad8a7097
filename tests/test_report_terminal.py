from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from reattune.codebook import CODES, code
from reattune.report import render_terminal
from reattune.report.terminal import UNICODE, answer_row, episode_row
from reattune.report.view import error_rates, flags, told_episodes
from reattune.thresholds import unproven_codes
from reattune.types import Analysis
from tests.test_report_samples import assemble, coded, hostile, long_session, made, plain, timed

MIXED = coded("course-b-session-2", risk=True)
REPAIRED = coded("course-c-session-3")
QUIET = coded("course-c-session-5")
WIDTHS = (60, 80, 140)


class Ascii(io.StringIO):
    encoding = "ascii"


def shown(
    analysis: Analysis, width: int = 80, *, verbose: bool = False, file: io.StringIO | None = None
) -> str:
    file = file or io.StringIO()
    render_terminal(analysis, Console(file=file, width=width), verbose=verbose)
    return file.getvalue()


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_window(width: int) -> None:
    for analysis in (MIXED, REPAIRED, QUIET, hostile(), plain(("T", "Hello."))):
        for verbose in (False, True):
            lines = shown(analysis, width, verbose=verbose).splitlines()
            assert max(cell_len(line) for line in lines) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_each_episode_is_told(width: int) -> None:
    text = flat(shown(MIXED, width))
    for told in told_episodes(MIXED):
        assert f"{told.tag} {told.title} · {told.span} · {told.state.name.lower()}" in text
        assert f"“{told.story[0].quote}”" in text
        assert told.story[0].flags[0].marker.why in text
    assert "× Passing over" in text
    assert "● Negotiates and adjusts" in text
    assert "What you might consider next" in text
    assert "Another reading" in text
    assert "about 38 of 100 flagged turns were not confirmed" in text
    assert "therapist 56% of the words (28 questions)" in text
    assert "rests on this session alone" in text


def test_risk_comes_before_everything_found() -> None:
    text = flat(shown(MIXED))
    assert text.index("Risk content present in turn 43: follow your protocol.") < text.index(
        "episodes of strain"
    )
    assert "Risk content" not in shown(QUIET)


def test_quiet_session() -> None:
    text = flat(shown(QUIET))
    assert "No strain was flagged in this session." in text
    assert "not thereby a good one" in text
    assert "What you might consider next" not in text


def test_near_misses_and_every_turn_only_when_verbose() -> None:
    brief, full = shown(MIXED), shown(MIXED, verbose=True)
    assert "Near misses" not in brief
    assert "more flagged turns" in brief
    assert "Near misses" in full
    assert "more flagged turn" not in full
    assert len(full) > len(brief)


def test_what_repaired_an_episode_is_shown() -> None:
    both = [made(REPAIRED.session, 50, id, None, decided=True) for id in ("defensive", "validate")]
    [episode] = REPAIRED.episodes
    analysis = replace(REPAIRED, episodes=(replace(episode, moves=tuple(both)),))
    text = flat(shown(analysis))
    assert "● Validates" in text
    assert text.count("× Defensive reply: ") == 1


def test_a_suggestion_is_given_once_with_its_episodes() -> None:
    text = flat(shown(MIXED))
    assert text.count("pause the task for as long as that takes.") == 1
    assert "as long as that takes. W2 M4" in text


def test_moves_outside_episodes_are_told() -> None:
    assert "Moves outside the episodes" in shown(REPAIRED)


def test_many_small_episodes_are_told_in_one_line_each() -> None:
    text = shown(long_session())
    assert len(text.splitlines()) < 500
    assert all(f"{told.tag:<4} {told.title}" in text for told in told_episodes(long_session()))


def test_ascii_where_the_console_cannot_carry_more() -> None:
    text = shown(MIXED, file=Ascii()) + shown(hostile(), file=Ascii())
    text.encode("ascii")
    assert "x Passing over" in text
    assert '"Nothing particular."' in text
    assert "x misstep" in text


def test_color_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    file = io.StringIO()
    render_terminal(
        MIXED, Console(file=file, width=80, force_terminal=True, color_system="standard")
    )
    assert "\x1b[36m" in file.getvalue() or "36m" in file.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    file = io.StringIO()
    render_terminal(MIXED, Console(file=file, width=80, force_terminal=True))
    assert "36m" not in file.getvalue()
    assert "\x1b" not in shown(MIXED)


def test_words_of_the_session_cannot_steer_the_terminal() -> None:
    text = shown(hostile(), verbose=True)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<img src=x onerror=alert(1)>" in flat(text)
    markup = plain(("T", "[bold]not markup[/bold] :smile:"))
    marked = assemble(markup.session, [made(markup.session, 0, "notice", None, decided=True)])
    assert "[bold]not markup[/bold] :smile:" in flat(shown(marked))


def test_the_timeline_puts_episodes_and_answers_where_they_are() -> None:
    session = timed([("T", "T", "a"), ("C", "C", "b")] * 5, source="ten")
    analysis = assemble(
        session,
        [
            made(session, 1, "denial", "micro", decided=True),
            made(session, 2, "notice", None, decided=True),
            made(session, 2, "blaming", None, decided=True),
            made(session, 4, "ignoring", None, decided=True),
            made(session, 9, "pressure", "major", decided=True),
        ],
    )
    found = flags(analysis, told_episodes(analysis))
    assert episode_row(analysis, 10, "·") == "·w·······C"
    assert answer_row(found, 10, 10, UNICODE) == "··◆·×·····"
    assert episode_row(analysis, 5, "·") == "w···C"
    assert answer_row(found, 10, 5, UNICODE) == "·◆×··"


def test_without_turns_or_rates_it_still_says_so() -> None:
    empty = replace(plain(), reliability={})
    text = flat(shown(empty))
    assert "0 turns" in text
    assert "was not measured for this setup" in text


def test_kinds_that_real_speech_has_not_proven_are_named():
    session = coded("course-b-session-2")
    shown = {m.code for m in (*session.markers, *session.moves) if m.decided}
    named = error_rates(session)[-1]
    for id in CODES:
        assert (code(id).name.lower() in named) == (id in shown and id in unproven_codes()), id
    assert set(unproven_codes()) < set(CODES)
    assert not any("Too few examples" in line for line in error_rates(plain(("T", "Hello."))))
