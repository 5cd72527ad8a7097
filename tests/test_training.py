"""The parts of the training pipeline that need no torch."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from reattune.calibration import N_RAW, calibrate, carriers
from reattune.codebook import CODES, columns
from reattune.features import SHIFTS
from reattune.labelled import fingerprint, read_labelled
from reattune.metrics import lowest_threshold
from training import corpora
from training.stage import fit_stage


@pytest.fixture
def without_annomi(monkeypatch: pytest.MonkeyPatch) -> list[corpora.Item]:
    monkeypatch.setattr(corpora, "find_annomi", lambda: None)
    return corpora.load_corpora()


def test_the_public_table_is_joined_with_our_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    labels = {"id": "annomi-7", "transcript_id": 7, "turns": 3}
    coded = [{"u": 1, "codes": ["denial"], "intensity": "micro"}]
    (tmp_path / "annomi_labels.jsonl").write_text(json.dumps({**labels, "coded": coded}) + "\n")
    public = tmp_path / "AnnoMI-full.csv"
    public.write_text(
        "transcript_id,utterance_id,interlocutor,utterance_text\n"
        "7,0,therapist,How was it?\n7,1,client,Fine.\n7,1,client,Fine.\n7,2,therapist,Mm.\n"
        "8,0,client,Hello.\n"
    )
    monkeypatch.setattr(corpora, "DATA", tmp_path)
    (row,) = read_labelled(corpora.join_annomi(public))
    assert [(t.role, t.text) for t in row.session.turns] == [
        ("therapist", "How was it?"),
        ("client", "Fine."),
        ("therapist", "Mm."),
    ]
    assert row.codes[1, CODES.index("denial")]
    assert row.codes.sum() == 1


def test_our_annomi_labels_hold_no_words():
    for line in (corpora.DATA / "annomi_labels.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        assert set(row) == {"id", "transcript_id", "turns", "coded"}
        assert all(set(turn) <= {"u", "codes", "intensity"} for turn in row["coded"])


def test_no_session_is_in_the_corpora_twice(without_annomi: list[corpora.Item]):
    prints = Counter(fingerprint(item.labelled.session) for item in without_annomi)
    assert len(prints) == len(without_annomi) == 945
    names = Counter((item.corpus, item.labelled.id) for item in without_annomi)
    assert max(names.values()) == 1


def test_folds_hold_whole_sessions_of_every_corpus_alike(without_annomi: list[corpora.Item]):
    folds = corpora.assign_folds(without_annomi, 3)
    assert folds == corpora.assign_folds(without_annomi, 3)
    for name in corpora.WRITTEN:
        own = Counter(
            f for f, item in zip(folds, without_annomi, strict=True) if item.corpus == name
        )
        assert max(own.values()) - min(own.values()) <= 1


def test_the_threshold_is_the_lowest_that_reaches_the_aim():
    score = np.linspace(1, 0, 101)
    truth = np.arange(101) < 40
    found = lowest_threshold(score, truth, 0.5, fewest=20)
    assert truth[score >= found].mean() >= 0.5
    assert truth[score >= found - 0.02].mean() < 0.5


def test_the_stage_recovers_calibrated_probabilities():
    rng = np.random.default_rng(1)
    n, own = 6000, list(columns("withdrawal"))
    raw = rng.normal(-2, 1.5, size=(n, N_RAW)).astype(np.float32)
    true = 1 / (1 + np.exp(-(1.5 * raw[:, 26] - 0.5)))
    codes = np.zeros((n, 26), bool)
    codes[np.arange(n), rng.choice(own, n)] = rng.random(n) < true
    for column in range(7, 26):
        codes[:, column] = rng.random(n) < 0.1
    carries = carriers(["client", "therapist"] * (n // 2)) * 0 + 1
    shifts = np.zeros((n, len(SHIFTS)), np.float32)
    major = rng.random(n) < 0.3
    stage = fit_stage(raw, shifts, carries, codes, major)
    found = calibrate(raw, shifts, carries, stage).families[:, 0]
    assert np.abs(found - true).mean() < 0.02
