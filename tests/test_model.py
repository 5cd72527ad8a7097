"""The shipped weights: verified, independent of company, and limited to their stated reach."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from reattune.calibration import N_RAW, sigmoid
from reattune.codebook import CODES
from reattune.errors import ModelError
from reattune.features import CUES, SHIFTS
from reattune.labelled import read_labelled
from reattune.model import LONGEST, WEIGHTS, MarkerModel, load_model
from reattune.pipeline import analyze
from tests.conftest import ROOT

TEXTS = ["Fine.", "I don't know, it was all a bit much on Sunday.", "[pause] Okay.", "Fine. " * 80]
RECORDED = re.compile(r"^\| (\d+) \| `(\w+)` \| ([\d.]+) \|$", re.MULTILINE)


@pytest.fixture
def model() -> MarkerModel:
    return load_model()


def test_a_turn_has_the_same_vector_in_any_company(model: MarkerModel):
    together = model.encode(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        assert (model.encode([text])[0] == vector).all()
    assert (model.encode(TEXTS[::-1])[::-1] == together).all()


def test_equal_turns_are_encoded_once_and_alike(model: MarkerModel):
    calls: list[tuple[int, int]] = []
    found = model.encode(["Yes."] * 300, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 1)]
    assert (found == found[0]).all()


def test_scores_see_no_further_than_the_stated_reach(model: MarkerModel):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 384)).astype(np.float32) / 3
    cues = rng.random((60, len(CUES))).astype(np.float32)
    changed = vectors.copy()
    changed[30] += 1
    moved = np.abs(model.read_sequence(vectors, cues) - model.read_sequence(changed, cues)).max(1)
    touched = np.flatnonzero(moved > 1e-4)
    assert touched.min() >= 30 - model.reach
    assert touched.max() <= 30 + model.reach
    assert {29, 30, 31} <= set(touched.tolist())


def test_a_session_read_in_spans_scores_as_if_read_at_once(
    model: MarkerModel, monkeypatch: pytest.MonkeyPatch
):
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(300, 384)).astype(np.float32) / 3
    cues = rng.random((300, len(CUES))).astype(np.float32)
    whole = sigmoid(model.read_sequence(vectors, cues))
    monkeypatch.setattr("reattune.model.SPAN", 70)
    assert sigmoid(model.read_sequence(vectors, cues)) == pytest.approx(whole, abs=1e-5)


def test_an_empty_session_has_no_rows(model: MarkerModel):
    assert model.encode([]).shape[0] == 0
    empty = np.zeros((0, 384), np.float32)
    assert model.read_sequence(empty, np.zeros((0, len(CUES)), np.float32)).shape == (0, N_RAW)


def test_weights_made_for_other_features_are_refused(tmp_path: Path):
    folder = tmp_path / "weights"
    shutil.copytree(WEIGHTS, folder)
    card = json.loads((folder / "model.json").read_text("utf-8"))
    card["shifts"] = card["shifts"][::-1]
    (folder / "model.json").write_text(json.dumps(card), "utf-8")
    with pytest.raises(ModelError, match="another version"):
        MarkerModel(folder)


def test_the_card_names_what_the_code_feeds_it(model: MarkerModel):
    assert tuple(model.card["codes"]) == CODES
    assert all(len(row) == 3 + len(SHIFTS) for row in model.stage.family.values())


def test_a_megabyte_turn_is_cut_not_refused(model: MarkerModel):
    assert len(model.tokens("word " * 200_000)) == LONGEST


def test_weights_fit_their_budget():
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 30 * 2**20


@pytest.mark.parametrize("name", ["head.onnx", "vocab.txt", "model.json", "encoder.onnx"])
def test_damaged_or_missing_weights_are_refused(name: str, tmp_path: Path):
    folder = tmp_path / "weights"
    shutil.copytree(WEIGHTS, folder)
    with (folder / name).open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(ModelError, match=re.escape(name)):
        MarkerModel(folder)
    (folder / name).unlink()
    with pytest.raises(ModelError, match="Install Reattune again"):
        MarkerModel(folder)


def test_the_weights_give_the_scores_recorded_in_the_model_card():
    card = (ROOT / "MODEL_CARD.md").read_text("utf-8")
    recorded = RECORDED.findall(card)
    assert len(recorded) >= 8
    (first, *_) = read_labelled(ROOT / "training" / "data" / "written_dialogues.jsonl")
    scores = analyze(first.session).scores
    for turn, code, value in recorded:
        found = scores[int(turn) - 1, CODES.index(code)]
        assert found == pytest.approx(float(value), abs=0.02), (turn, code)
