"""`reattune.analyze` from turns to an explained result."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reattune
from reattune.codebook import CLIENT_FAMILIES, CODES, THERAPIST_FAMILIES, code, codes_for
from reattune.errors import InputError, LanguageError, ReattuneError, RoleError
from reattune.thresholds import load_points
from tests.conftest import TALK

PAIRS = [(line[0], line[3:]) for line in TALK.splitlines()]


@pytest.fixture(scope="module")
def analysis() -> reattune.Analysis:
    return reattune.analyze(reattune.Session.from_turns(PAIRS))


def test_scores_have_a_row_a_turn_and_a_column_a_code(analysis: reattune.Analysis):
    assert analysis.scores.shape == (len(PAIRS), 26)
    assert analysis.scores.dtype == np.float32
    for turn, row in zip(analysis.session.turns, analysis.scores, strict=True):
        other = "therapist" if turn.role == "client" else "client"
        assert not row[list(codes_for(other))].any()
        assert row[list(codes_for(turn.role))].all()


def test_turns_are_kept_exactly_as_given(analysis: reattune.Analysis):
    assert [(t.speaker, t.text) for t in analysis.session.turns] == PAIRS


def test_markers_sit_on_clients_and_moves_on_therapists(analysis: reattune.Analysis):
    assert analysis.markers
    assert analysis.moves
    for markers, families, role in (
        (analysis.markers, CLIENT_FAMILIES, "client"),
        (analysis.moves, THERAPIST_FAMILIES, "therapist"),
    ):
        for marker in markers:
            assert marker.family in families
            assert analysis.session.turns[marker.turn].role == role
            assert (marker.intensity is not None) == (role == "client")


def test_every_marker_explains_itself(analysis: reattune.Analysis):
    for marker in analysis.markers + analysis.moves:
        assert marker.why.startswith(code(marker.code).why)
        quoted = marker.evidence[0]
        assert quoted.turn == marker.turn
        assert quoted.quote
        assert quoted.quote in analysis.session.turns[marker.turn].text
        assert marker.by.startswith("minilm")
        assert 0 < marker.probability <= marker.family_probability + 1e-6


def test_decisions_follow_the_table_of_thresholds(analysis: reattune.Analysis):
    point = load_points()["balanced"]
    for marker in analysis.markers + analysis.moves:
        above = marker.family_probability >= point.decide[marker.family]
        assert marker.decided == above
        assert marker.family_probability >= point.near * point.decide[marker.family]


def test_the_complaint_is_found_answered_and_repaired(analysis: reattune.Analysis):
    (episode,) = analysis.episodes
    assert episode.kind == "confrontation"
    assert episode.first <= 7 < episode.last
    assert {m.family for m in episode.moves} == {"repair", "misstep"}
    assert episode.state in ("repaired", "addressed")
    assert analysis.scores[7, CODES.index("complaint_therapist")] == analysis.scores[7].max()


def test_the_same_session_always_scores_the_same(analysis: reattune.Analysis):
    again = reattune.analyze(reattune.Session.from_turns(PAIRS))
    assert (again.scores == analysis.scores).all()
    assert again.to_dict() == analysis.to_dict()


def test_the_result_is_json(analysis: reattune.Analysis):
    assert json.loads(json.dumps(analysis.to_dict(), allow_nan=False))["schema"] == (
        "reattune.analysis/1"
    )


def test_a_long_turn_is_quoted_by_its_telling_sentence():
    calm = "On Tuesday I went to the market and bought some plums. "
    sting = "You never listen to me, you just hand me these forms, and I am sick of it."
    text = f"{calm}{sting} {calm}"
    pairs = [*PAIRS[:7], ("C", text), *PAIRS[8:]]
    found = reattune.analyze(reattune.Session.from_turns(pairs), point="many")
    quotes = {m.evidence[0].quote for m in found.markers if m.turn == 7}
    assert quotes == {sting}


def test_risk_content_is_shown_apart_and_hides_no_marker():
    pairs = [*PAIRS, ("C", "Sometimes I think about killing myself and you just hand me forms.")]
    found = reattune.analyze(reattune.Session.from_turns(pairs))
    assert [(r.turn, r.topic) for r in found.risks] == [(len(PAIRS), "suicide")]
    assert "follow your protocol" in found.risks[0].why
    assert found.episodes


def test_other_speakers_are_kept_and_not_scored():
    pairs = [*PAIRS[:6], ("O", "He says the forms do not help him."), *PAIRS[6:]]
    found = reattune.analyze(reattune.Session.from_turns(pairs))
    assert len(found.session.turns) == len(pairs)
    assert not found.scores[6].any()


def test_turns_in_another_language_are_left_out_and_said():
    line = "Ich weiß nicht genau, was ich dazu noch sagen soll, es war einfach zu viel."
    found = reattune.analyze(reattune.Session.from_turns([*PAIRS, ("C", line)]))
    assert not found.scores[len(PAIRS)].any()
    assert [note.turns for note in found.notes if note.slug == "turns-not-english"] == [
        (len(PAIRS),)
    ]


def test_a_foreign_session_is_refused_and_may_be_forced():
    lines = [
        ("T", "Wie war die Woche für Sie, und was ist seit dem letzten Mal alles geschehen?"),
        ("C", "Es war ganz ordentlich, aber ich habe nicht viel geschlafen und war oft müde."),
    ] * 5
    session = reattune.Session.from_turns(lines)
    with pytest.raises(LanguageError):
        reattune.analyze(session)
    forced = reattune.analyze(session, any_language=True)
    assert forced.scores.any()
    assert any(note.slug == "turns-not-english" for note in forced.notes)


def test_unclear_roles_are_refused_and_may_be_told():
    turns = [("Ada", "Hello there."), ("Bo", "Hello."), ("Ada", "Right then.")]
    session = reattune.Session.from_turns(turns)
    with pytest.raises(RoleError) as refused:
        reattune.analyze(session)
    assert set(refused.value.speakers) == {"Ada", "Bo"}
    assert [t.role for t in reattune.analyze(session, therapist="Ada").session.turns] == [
        "therapist",
        "client",
        "therapist",
    ]


def test_a_session_without_turns_is_refused():
    with pytest.raises(InputError):
        reattune.analyze(reattune.Session.from_turns([]))


def test_an_earlier_habit_changes_what_counts_as_short():
    session = reattune.Session.from_turns(PAIRS)
    talkative = reattune.types.Baseline(5, 400, 60.0, 20.0, 0.0, None, 0.2)
    with_habit = reattune.analyze(session, earlier=[talkative])
    assert with_habit.baseline is not None
    assert with_habit.baseline.words > 50
    said = [e for m in with_habit.markers for e in m.evidence if e.name == "usual words"]
    assert said
    assert all(e.value is not None and e.value > 50 for e in said)


def test_an_unknown_operating_point_names_the_known():
    with pytest.raises(InputError, match="few, balanced, many"):
        reattune.analyze(reattune.Session.from_turns(PAIRS), point="all")


def test_one_megabyte_turn_emoji_and_right_to_left_are_analyzed():
    pairs = [*PAIRS, ("C", "well " * 200_000), ("T", "😀😀"), ("C", "طيب، لا بأس")]
    found = reattune.analyze(reattune.Session.from_turns(pairs))
    assert any(note.slug == "turn-truncated" for note in found.notes)
    assert len(found.scores) == len(pairs)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    pairs=st.lists(
        st.tuples(
            st.sampled_from(["T", "C", "O", "X"]),
            st.one_of(st.text(max_size=40), st.sampled_from([t for _, t in PAIRS])),
        ),
        max_size=12,
    )
)
def test_any_turns_give_a_result_or_a_reattune_error(pairs: list[tuple[str, str]]):
    try:
        found = reattune.analyze(reattune.Session.from_turns(pairs))
    except ReattuneError:
        return
    assert found.scores.shape == (len(pairs), 26)
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    json.dumps(found.to_dict(), allow_nan=False)
    held = [m for episode in found.episodes for m in episode.markers]
    assert len(held) == sum(m.decided for m in found.markers)
