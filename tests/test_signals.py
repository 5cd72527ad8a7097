"""Words as signals, and what bears out what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reattune.codebook import CODES
from reattune.signals import (
    ALONE,
    ENDS,
    FEW,
    REPAIRED,
    SIGNS,
    STANDS,
    WITHIN,
    Read,
    agree,
    join,
    merge_prompts,
    repaired_at,
    strand,
    symptoms_as_declines,
    weight,
    words_series,
    words_signals,
)
from reattune.types import Analysis, Episode, Evidence, Marker, Session, Signal

START = date(2026, 1, 5)


def day(session: int) -> date:
    return START + timedelta(weeks=session - 1)


def episode(signs=SIGNS, kind="withdrawal", level="micro", state="unnoticed", first=2) -> Episode:
    """An episode of so many flagged client turns, two turns apart."""
    markers = tuple(
        Marker(first + 2 * i, "deference", "withdrawal", level, 0.4, "test", "It defers.")
        for i in range(signs)
    )
    last = markers[-1].turn + 1
    return Episode(first, last, last + 4, kind, level, state, markers, (), "test/1", "So it was.")


def analysis(*episodes: Episode, turns=100, rate: float | None = 0.5) -> Analysis:
    session = Session.from_turns([("T", "Hm."), ("C", "Yes.")] * (turns // 2))
    known = {} if rate is None else {"false_episodes_per_100_turns": rate}
    return Analysis(
        session=session,
        scores=np.zeros((turns, len(CODES)), np.float32),
        markers=(),
        moves=(),
        episodes=episodes,
        risks=(),
        baseline=None,
        talk=(),
        notes=(),
        by="test",
        operating_point="balanced",
        reliability=known,
    )


def reads(**sessions) -> list[Read]:
    """Analyses by session: reads(s2=[episode()])."""
    return [Read(int(k[1:]), day(int(k[1:])), analysis(*own)) for k, own in sessions.items()]


def signal(source="checkin_client", session=1, **changes) -> Signal:
    kinds = {"attendance": "absence", "words": "rupture"}
    base = Signal(
        "c", session, day(session), source, kinds.get(source, "rupture"), "individuals", "major",
        "test/1", f"Session {session}.",
    )  # fmt: skip
    return replace(base, **changes)


def drop(session=1, level="micro", **changes) -> Signal:
    return signal(session=session, rule="drop", level=level, **changes)


def absence(session=1, **changes) -> Signal:
    return signal("attendance", session, rule="missed", level="micro", **changes)


def words(session=1, **changes) -> Signal:
    (found,) = words_signals("c", reads(**{f"s{session}": [episode(**changes)]}))
    return found


# Words


def test_an_episode_becomes_a_signal_that_says_where_and_how_it_ended():
    found = words(3, signs=4, kind="mixed", level="major", state="mishandled")
    assert (found.session, found.date, found.source) == (3, day(3), "words")
    assert (found.kind, found.rule, found.level) == ("rupture", "mixed", "major")
    assert found.why == (
        "Session 3: mixed, major, in turns 3 to 9; 4 of the client's turns are flagged; "
        "may have widened. So it was."
    )
    assert found.by == "test/1"


def test_words_of_the_session_are_not_in_the_evidence():
    found = words(signs=4)
    assert all(not evidence.quote for evidence in found.evidence)
    assert [e.turn for e in found.evidence if e.turn is not None] == [2, 4, 6, 8]


def test_two_codes_on_one_turn_are_one_sign():
    one = episode(signs=SIGNS - 1)
    twice = replace(one, markers=one.markers * 2)
    (found,) = words_signals("c", reads(s1=[twice]))
    assert found.rule == FEW


def test_slight_episodes_of_a_session_are_one_signal():
    slight = [episode(signs=1, first=2), episode(signs=2, kind="confrontation", first=40)]
    found = words_signals("c", reads(s1=[*slight, episode(first=70)], s2=[]))
    assert [s.rule for s in found] == ["withdrawal", FEW]
    assert "2 micro episodes of fewer than 3 flagged turns each" in found[1].why
    assert "withdrawal in turn 3, confrontation in turn 41" in found[1].why


def test_a_single_major_sign_counts():
    assert words(signs=1, level="major").rule == "withdrawal"


def test_the_false_alarm_figure_follows_the_length_of_the_session():
    assert words().false_per_12 == 6.0
    unknown = [Read(1, None, analysis(episode(), rate=None))]
    assert words_signals("c", unknown)[0].false_per_12 is None


def test_the_series_counts_episodes_and_leaves_gaps():
    own = words_series("c", reads(s1=[], s3=[episode()] * 2), [(n, day(n)) for n in (1, 2, 3)])
    assert [point.value for point in own.points] == [0, None, 2]
    assert own.scale is not None
    assert not own.scale.higher_is_better


def test_many_episodes_stay_within_the_scale():
    own = words_series("c", reads(s1=[episode()] * 31), [(1, None)])
    assert own.scale is not None
    assert own.scale.high == 31


# Repairs in a later session


@pytest.mark.parametrize("gap", range(1, STANDS + 3))
def test_a_later_session_that_looks_repaired_is_a_recovery_for_a_while(gap):
    later = f"s{1 + gap}"
    found = words_signals("c", reads(s1=[episode()], **{later: [episode(state="repaired")]}))
    told = [s for s in found if s.rule == REPAIRED]
    assert bool(told) == (gap <= STANDS)
    if told:
        assert (told[0].kind, told[0].session) == ("recovery", 1 + gap)
        assert "that of session 1 (withdrawal, micro)" in told[0].why


def test_what_is_left_standing_again_is_no_recovery():
    own = reads(s1=[episode()], s2=[episode(state="repaired"), episode(state="open", first=40)])
    assert REPAIRED not in {s.rule for s in words_signals("c", own)}


def test_a_repair_without_a_strain_before_it_is_no_recovery():
    own = reads(s1=[episode(state="repaired")], s2=[episode(state="repaired")])
    assert REPAIRED not in {s.rule for s in words_signals("c", own)}


@pytest.mark.parametrize("gap", range(1, STANDS + 3))
def test_an_episode_is_repaired_by_the_next_session_that_mends_within_three(gap):
    strain, mended = episode(state="mishandled"), episode(state="repaired")
    later = reads(s1=[strain], **{f"s{1 + gap}": [mended]})
    assert repaired_at(strain, 1, later) == (1 + gap if gap <= STANDS else None)
    assert repaired_at(mended, 1 + gap, later) == 1 + gap
    assert repaired_at(strain, 1 + gap, later) is None  # nothing after it


def test_what_mends_is_strain_that_counts_all_of_it_repaired():
    strain, mended, slight = episode(), episode(state="repaired"), episode(signs=1)
    kept = [strain, replace(mended, first=40)]
    for session in ([], [slight], [episode(signs=1, state="repaired")], kept):
        assert repaired_at(strain, 1, reads(s1=[strain], s2=session)) is None
    assert repaired_at(strain, 1, reads(s1=[strain], s2=[mended, slight])) == 2
    assert repaired_at(strain, 1, reads(s3=[mended], s1=[strain], s2=[mended])) == 2
    assert repaired_at(slight, 1, reads(s1=[slight], s2=[mended])) is None


# Weight and agreement


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (words(), "firm"),
        (words(state="repaired"), "here"),
        (words(signs=1), "slight"),
        (words(signs=1, level="major"), "firm"),
        (signal(), "firm"),
        (drop(), "slight"),
        (drop(level="major"), "firm"),
        (signal(rule="ewma", level="micro"), "firm"),
        (absence(), "slight"),
        (signal("phq9"), "slight"),
    ],
)
def test_weights(found, expected):
    assert weight(found) == expected


def test_strands():
    assert [strand(s) for s in ("words", "attendance", "srs", "wai:bond", "phq9")] == [
        "words", "attendance", "scores", "scores", "symptoms",
    ]  # fmt: skip
    assert strand("checkin:therapist-minus-client") == "scores"
    assert strand("ors/therapist") == "symptoms"


@pytest.mark.parametrize("gap", range(5))
def test_strands_bear_each_other_out_within_two_sessions(gap):
    one, two = join([words(3), drop(3 + gap)])
    joined = gap <= WITHIN
    assert one.with_ == (("checkin_client",) if joined else ())
    assert two.with_ == (("words",) if joined else ())
    assert ("Borne out within 2 sessions by words (session 3)." in two.why) == joined
    assert (ALONE in two.why) == (not joined)


def test_three_strands_name_one_another():
    found = join([absence(4), signal(session=4), words(3)])
    assert {s.source: s.with_ for s in found} == {
        "words": ("checkin_client", "attendance"),
        "checkin_client": ("words", "attendance"),
        "attendance": ("words", "checkin_client"),
    }


@pytest.mark.parametrize("found", [absence(2), drop(2), words(2, signs=1)])
def test_slight_signals_alone_are_not_enough_by_themselves(found):
    (alone,) = join([found])
    assert alone.with_ == ()
    assert alone.why.endswith(ALONE)
    assert "not enough by itself" in alone.why


def test_two_slight_signals_do_not_make_one_firm():
    assert all(not s.with_ for s in join([absence(2), drop(2), words(2, signs=1)]))


def test_an_episode_repaired_in_its_session_explains_no_later_absence():
    assert not any(s.with_ for s in join([words(3, state="repaired"), absence(4)]))
    assert all(s.with_ for s in join([words(3, state="repaired"), drop(3)]))


def test_a_flag_or_two_is_borne_out_only_in_its_own_session():
    slight = words(3, signs=1)
    assert not any(s.with_ for s in join([slight, signal(session=4)]))
    assert all(s.with_ for s in join([slight, signal(session=3)]))


def test_signals_of_one_strand_do_not_bear_each_other_out():
    assert not any(s.with_ for s in join([signal("srs", 2), signal("checkin_client", 2)]))


def test_strain_and_recovery_do_not_bear_each_other_out():
    assert not any(s.with_ for s in join([words(3), drop(3, "major", kind="recovery")]))
    back = replace(absence(4), kind="recovery", rule="back")
    assert all(s.with_ for s in join([drop(3, "major", kind="recovery"), back]))


def test_symptoms_are_declines_that_bear_nothing_out():
    (own,) = symptoms_as_declines([signal("phq9", 3)])
    assert own.kind == "decline"
    assert "not how the two work together" in own.why
    assert not any(s.with_ for s in join([own, words(3), absence(3)]) if s.source == "phq9")
    assert list(symptoms_as_declines([signal()])) == [signal()]


# Prompts


def prompt(item: int, answer: float, session=3, form="checkin_client") -> Signal:
    evidence = (Evidence(name="score", value=answer),)
    return signal(
        f"{form}:item{item}", session, rule="item-prompt", level="micro", evidence=evidence,
        false_per_12=0.9,
    )  # fmt: skip


def test_prompts_of_one_form_are_one_signal():
    found = merge_prompts([prompt(5, 4), signal("srs", 2), prompt(2, 3), prompt(1, 4, session=4)])
    assert [(s.source, s.session) for s in found] == [
        ("srs", 2), ("checkin_client", 3), ("checkin_client", 4),
    ]  # fmt: skip
    several, one = found[1], found[2]
    assert "item 2 (3), item 5 (4)" in several.why
    assert several.false_per_12 is None
    assert one.false_per_12 == 0.9
    assert (weight(several), weight(one)) == ("firm", "slight")


def test_a_prompt_alone_asks_for_a_word_and_no_more():
    (alone,) = join(merge_prompts([prompt(5, 4)]))
    assert ALONE not in alone.why


# Properties

makers = st.sampled_from([words, drop, absence, signal])
some = st.lists(st.builds(lambda make, n: make(session=n), makers, st.integers(1, 12)), max_size=14)


@given(some, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_is_irrelevant(found, dice):
    shuffled = list(found)
    dice.shuffle(shuffled)
    assert join(shuffled) == join(found)


@given(some)
def test_naming_is_mutual_and_close_by(found):
    made = join(found)
    for one in made:
        partners = [two for two in made if agree(one, two)]
        assert set(one.with_) == {two.source for two in partners}
        assert all(abs(one.session - two.session) <= WITHIN for two in partners)


@given(some, st.integers(1, 12))
def test_later_sessions_never_change_what_is_settled(found, last):
    early = join([s for s in found if s.session <= last])
    later = [s for s in join(found) if s.session <= last]
    settled = last - WITHIN
    assert [s for s in early if s.session <= settled] == [s for s in later if s.session <= settled]
    plain = [replace(s, why="", with_=()) for s in early]
    assert plain == [replace(s, why="", with_=()) for s in later]


def test_time_order_puts_a_missed_appointment_after_the_session_before():
    missed = absence(3, date=day(3) + timedelta(days=7))
    assert [s.source for s in join([missed, signal(session=4), words(3)])] == [
        "words", "attendance", "checkin_client",
    ]  # fmt: skip


def test_ends_have_the_words_of_the_reports():
    from reattune.report.words import STATES

    assert {state: wording.name.lower() for state, wording in STATES.items()} == dict(ENDS)
