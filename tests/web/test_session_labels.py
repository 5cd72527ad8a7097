"""The latest human word counts, whatever was said before and whatever a newer model finds."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from reattune.codebook import CODES
from reattune.codebook import code as code_of
from reattune.episodes import find_episodes
from reattune.errors import InputError
from reattune.features import contexts
from reattune.pipeline import analyze
from reattune.types import Marker
from reattune.web.accounts.models import User
from reattune.web.clients.models import Client
from reattune.web.reviews import ingest, labels, models, page, results
from reattune.web.reviews.labels import ADDED, CLEARED, CONFIRMED, DISMISSED, RELABELED
from reattune.web.reviews.words import save_words, to_baseline, to_session
from tests.web.sessions import FLAGS, TURNS, make_session, read

STRAINS = [id for id in CODES if code_of(id).role == "client"]
MOVES = [id for id in CODES if code_of(id).role == "therapist"]

turns = st.integers(0, 3)
codes = st.sampled_from(STRAINS[:4])
levels = st.sampled_from(["", "micro", "major"])
words = st.tuples(turns, codes, st.sampled_from(models.Judgement.VERDICTS), codes, levels)
sequences = st.lists(words, max_size=12)
findings = st.dictionaries(
    st.tuples(turns, codes), st.tuples(st.booleans(), st.sampled_from(["micro", "major"]))
)


def said(rows: list[tuple[int, str, str, str, str]]) -> list[models.Judgement]:
    """Judgements in the order they were made."""
    return [
        models.Judgement(
            pk=i,
            turn=turn,
            code=code,
            verdict=verdict,
            to=to if verdict == RELABELED else "",
            intensity=intensity,
        )
        for i, (turn, code, verdict, to, intensity) in enumerate(rows)
    ]


def found(rows: dict[tuple[int, str], tuple[bool, Any]]) -> list[Marker]:
    """Markers as a model left them."""
    return [
        Marker(turn, code, code_of(code).family, level, 0.5, "model/1", "", (), decided, 0.5)
        for (turn, code), (decided, level) in rows.items()
    ]


def state(standing: labels.Standing) -> dict[tuple[int, str], tuple[bool, str | None, bool]]:
    """Turn and code -> whether it counts, its intensity, whether a person said so."""
    return {(m.turn, m.code): (m.decided, m.intensity, m.by == labels.BY) for m in standing.all}


@given(findings, sequences, words)
def test_the_latest_word_counts_whatever_was_said_before(model, before, last):
    turn, code, verdict, to, intensity = last
    now = labels.standing(found(model), said([*before, last]))
    counts = {key for key, (decided, _, _) in state(now).items() if decided}
    if verdict == CLEARED:
        assert (turn, code) not in now.judged
    elif verdict == DISMISSED:
        assert (turn, code) not in counts
    elif verdict == RELABELED:
        assert (turn, to) in counts
        assert to == code or (turn, code) not in counts
    else:
        assert (turn, code) in counts
    if verdict not in (CLEARED, DISMISSED):
        right = to if verdict == RELABELED else code
        decided, level, human = state(now)[turn, right]
        assert decided
        assert human
        assert not intensity or level == intensity


@given(findings, sequences, words)
def test_a_word_changes_nothing_on_other_turns(model, before, last):
    then = state(labels.standing(found(model), said(before)))
    now = state(labels.standing(found(model), said([*before, last])))
    others = {key for key in (*then, *now) if key[0] != last[0]}
    assert {key: then.get(key) for key in others} == {key: now.get(key) for key in others}


@given(findings, sequences)
def test_taking_everything_back_leaves_what_the_model_found(model, before):
    back = [(turn, code, CLEARED, code, "") for turn, code, *_ in before]
    now = labels.standing(found(model), said([*before, *back]))
    assert state(now) == state(labels.standing(found(model), []))
    assert not now.judged
    assert not now.word


@given(findings, findings, sequences)
def test_a_newer_model_changes_no_human_label(older, newer, rows):
    first = labels.standing(found(older), said(rows))
    again = labels.standing(found(newer), said(rows))
    assert first.word.keys() == again.word.keys()
    for key, word in first.word.items():
        counts = key in {k for k, (decided, _, _) in state(first).items() if decided}
        assert counts == (key in {k for k, (decided, _, _) in state(again).items() if decided})
        if counts and word.intensity:
            assert state(first)[key] == state(again)[key]


@given(findings, sequences)
def test_what_nobody_spoke_of_stays_as_the_model_left_it(model, rows):
    now = labels.standing(found(model), said(rows))
    for (turn, code), (decided, level) in model.items():
        if (turn, code) not in now.word:
            assert state(now)[turn, code] == (decided, level, False)


@pytest.mark.django_db
def test_without_a_word_the_episodes_are_those_of_the_analysis(client_record: Client) -> None:
    text = "\n".join(f"{who}: {said}" for who, said in TURNS)
    record = ingest.take(client_record, "2026-03-05.txt", text.encode())
    made = analyze(to_session(record))
    results.save(record, made)
    loaded = results.load(record)
    assert loaded is not None
    assert made.episodes
    for kept, fresh in zip(loaded[0].episodes, made.episodes, strict=True):
        assert (kept.first, kept.last, kept.until) == (fresh.first, fresh.last, fresh.until)
        assert (kept.kind, kept.intensity, kept.state) == (fresh.kind, fresh.intensity, fresh.state)
        assert {m.code for m in kept.markers} == {m.code for m in fresh.markers}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(5))
def test_episodes_and_page_follow_any_sequence_of_judgements(
    client_record: Client, therapist: User, seed: int
) -> None:
    chance = random.Random(seed)
    record = make_session(client_record)
    for _ in range(12):
        turn = chance.randrange(len(TURNS))
        known = STRAINS if TURNS[turn][0] == "C" else MOVES
        code, to = chance.choice(known[:3]), chance.choice(known[:3])
        verdict = chance.choice(models.Judgement.VERDICTS)
        level = chance.choice(["", "micro", "major"])
        now = labels.judge(record, therapist, turn, code, verdict, to=to, intensity=level)
        kept = list(record.episodes.values_list("first", "last", "kind", "intensity", "state"))
        row = labels.current(record)
        assert row is not None
        rows = contexts(to_session(record), to_baseline(row.payload["baseline"]))
        due = find_episodes(now.markers, now.moves, rows)
        assert kept == [(e.first, e.last, e.kind, e.intensity, e.state) for e in due]
        shown = page.build(record)
        assert len(shown.cards) == len(due)
        assert shown.tally.added == sum(
            m.state == ADDED for line in shown.lines for m in line.marks
        )
        assert {f.code.id for f in shown.flags} == {m.code for m in now.all if m.decided}


@pytest.mark.django_db
def test_reading_again_keeps_what_people_said(client_record: Client, therapist: User) -> None:
    record = make_session(client_record)
    labels.judge(record, therapist, 5, "complaint_therapy", CONFIRMED)
    labels.judge(record, therapist, 7, "complaint_therapist", DISMISSED)
    labels.judge(record, therapist, 9, "complaint_therapist", RELABELED, to="defends_self")
    labels.judge(record, therapist, 1, "topic_shift", ADDED, intensity="major")
    newer = [(7, "complaint_therapist", 0.99, True), (3, "abstract_talk", 0.4, True)]
    read(record, newer, "model/2")
    loaded = results.load(record)
    assert loaded is not None
    assert loaded[0].by == "model/2"
    counts = {(m.turn, m.code): m.intensity for m in loaded[0].markers if m.decided}
    assert counts == {
        (1, "topic_shift"): "major",
        (3, "abstract_talk"): "micro",
        (5, "complaint_therapy"): "micro",
        (9, "defends_self"): "micro",
    }
    assert record.judgements.count() == 4
    assert set(record.judgements.values_list("of", flat=True)) == {"model/1"}
    assert record.analyses.filter(current=True).count() == 1


@pytest.mark.django_db
def test_who_confirms_holds_to_the_intensity_that_was_shown(
    client_record: Client, therapist: User
) -> None:
    record = make_session(client_record)
    models.Finding.objects.filter(turn=5).update(intensity="major")
    labels.judge(record, therapist, 5, "complaint_therapy", CONFIRMED)
    read(record, FLAGS, "model/2")
    now = results.load(record)
    assert now is not None
    assert [m.intensity for m in now[0].markers if m.turn == 5] == ["major"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("turn", "code", "verdict", "to"),
    [
        (99, "deference", ADDED, ""),
        (-1, "deference", ADDED, ""),
        (5, "validate", ADDED, ""),
        (6, "deference", CONFIRMED, ""),
        (5, "no_such_code", ADDED, ""),
        (5, "deference", "praised", ""),
        (5, "complaint_therapy", RELABELED, "validate"),
        (5, "complaint_therapy", RELABELED, ""),
    ],
)
def test_what_a_turn_cannot_carry_is_refused(
    client_record: Client, therapist: User, turn: int, code: str, verdict: str, to: str
) -> None:
    record = make_session(client_record)
    with pytest.raises(InputError) as caught:
        labels.judge(record, therapist, turn, code, verdict, to=to)
    assert caught.value.slug == "bad-judgement"
    assert caught.value.remedy
    assert not record.judgements.exists()


@pytest.mark.django_db
def test_words_on_a_turn_count_again_when_its_speaker_has_the_role_again(
    client_record: Client, therapist: User
) -> None:
    record = make_session(client_record)
    labels.judge(record, therapist, 1, "topic_shift", ADDED)
    right = to_session(record)
    swapped = right.from_turns(({"T": "C", "C": "T"}[t.speaker], t.text) for t in right.turns)
    save_words(record, swapped)
    assert all(m.turn != 1 for m in labels.rebuild(record).all)
    save_words(record, right)
    assert any(m.code == "topic_shift" and m.decided for m in labels.rebuild(record).markers)


def test_nobody_but_client_and_therapist_carries_codes() -> None:
    assert set(labels.known_codes("client")) | set(labels.known_codes("therapist")) == set(CODES)
    assert not labels.known_codes("other")
    assert not labels.known_codes("unknown")


@pytest.mark.django_db(transaction=True)
def test_words_said_at_once_leave_each_episode_once(client_record: Client, therapist: User) -> None:
    record = make_session(client_record)
    flags = [(turn, code) for turn, code, _, decided in FLAGS if decided]

    def say(flag: tuple[int, str]) -> None:
        try:
            for verdict in (DISMISSED, CLEARED, CONFIRMED):
                labels.judge(record, therapist, *flag, verdict)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(flags)) as pool:
        list(pool.map(say, flags))
    assert record.judgements.count() == 3 * len(flags)
    kept = record.episodes.get()
    assert (kept.first, kept.last, kept.confirmed) == (5, 10, True)
