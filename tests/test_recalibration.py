"""The user's own calibration: what it learns, what it refuses, how it is kept and undone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from reattune import analyze, recalibration
from reattune.calibration import Scores, adjust, adjusted, family_scores, log_odds
from reattune.cli.recalibrate import keep
from reattune.codebook import CODES, FAMILIES, columns
from reattune.errors import InputError
from reattune.evaluate import score_labelled
from reattune.labelled import Labelled, read_labelled
from reattune.model import load_model
from reattune.recalibration import Recalibration, current, load_versions, store
from reattune.refit import FEWEST_EACH, Turns, fit, refit
from reattune.thresholds import load_points, operating_point
from reattune.types import Session
from tests.conftest import ROOT, TALK
from tests.test_cli import reattune

PLAIN = ROOT / "training" / "data" / "plain_dialogues.jsonl"


NO_POINTS = json.dumps(
    {
        "schema": recalibration.SCHEMA,
        "versions": [
            {"model": "m", "weights": "w", "made": "d", "sessions": 1, "turns": 1}
            | {"families": {}, "decide": {}, "ppv": {}}
        ],
    }
)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("REATTUNE_DATA", str(folder))
    return folder


def made(**changes) -> Recalibration:
    row = Recalibration(
        model=load_model().by,
        weights=load_model().card["sha256"]["head.onnx"],
        made="2026-02-03",
        sessions=6,
        turns=80,
        families={"confrontation": (1.0, -2.0)},
        decide={name: {"confrontation": 0.2} for name in load_points()},
        ppv={name: {"confrontation": 0.5} for name in load_points()},
    )
    return replace(row, **changes)


def talk() -> Session:
    lines = TALK.strip().split("\n")
    return Session.from_turns([tuple(line.split(": ", 1)) for line in lines])


def reviewed(share: float, rows: list[Labelled]) -> list[Labelled]:
    """Only flags reviewed; a therapist who holds `share` of the labelled ones to be markers."""
    rng, found = np.random.default_rng(0), []
    low = operating_point("many").decide
    for row in rows:
        families = family_scores(score_labelled(row).scores)
        flags = np.any([families[:, i] >= low[f] for i, f in enumerate(FAMILIES)], axis=0)
        agrees = rng.random(len(flags)) < share
        found.append(replace(row, codes=row.codes & agrees[:, None], judged=flags))
    return found


def test_a_stricter_user_gets_lower_probabilities_that_fit_better():
    rows = reviewed(0.4, read_labelled(PLAIN))
    proposal = refit(rows, today="2026-02-03")
    own = proposal.recalibration
    assert own is not None
    assert set(own.families) == set(FAMILIES)
    for family in FAMILIES:
        outcome = proposal.outcomes[family]
        assert outcome.after["log_loss"] < outcome.before["log_loss"]
        assert outcome.after["calibration_error"] < outcome.before["calibration_error"]
        assert adjusted(np.array([0.5]), *own.families[family])[0] < 0.45
        assert own.decide["few"][family] >= own.decide["many"][family]


def test_a_user_who_judges_as_the_labels_do_changes_little():
    own = refit(reviewed(1.0, read_labelled(PLAIN)), today="2026-02-03").recalibration
    for slope, intercept in own.families.values() if own else ():
        assert abs(adjusted(np.array([0.3]), slope, intercept)[0] - 0.3) < 0.2


def test_too_few_judgements_are_refused_with_what_is_lacking():
    with pytest.raises(InputError) as caught:
        refit(reviewed(1.0, read_labelled(PLAIN)[:4]), today="2026-02-03")
    assert caught.value.slug == "too-few-corrections"
    assert f"of {FEWEST_EACH} turns with a marker" in str(caught.value)
    assert "of 5 sessions" in str(caught.value)


def test_the_fit_is_penalized_logistic_regression():
    """With a weak prior the fit is scikit-learn's without a penalty."""
    rng = np.random.default_rng(1)
    chance = rng.uniform(0.02, 0.9, 4000)
    truth = rng.random(4000) < adjusted(chance, 0.7, -0.6)
    slope, intercept = fit(Turns(chance, truth, np.arange(4000)))
    known = LogisticRegression(C=1e6, tol=1e-8).fit(log_odds(chance)[:, None], truth)
    assert slope == pytest.approx(known.coef_[0, 0], abs=0.02)
    assert intercept == pytest.approx(known.intercept_[0], abs=0.02)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 0.99), min_size=3, max_size=3), st.floats(0.3, 3), st.floats(-3, 3))
def test_codes_keep_their_share_of_an_adjusted_family(chances, slope: float, intercept: float):
    codes = np.zeros((1, len(CODES)), np.float32)
    own = columns("withdrawal")
    codes[0, list(own[:3])] = np.array(chances) / 3
    families = family_scores(codes)
    after = adjust(Scores(codes, families, np.zeros(1)), {"withdrawal": (slope, intercept)})
    np.testing.assert_allclose(family_scores(after.codes), after.families, atol=1e-5)
    assert (after.codes[codes == 0] == 0).all()
    assert after.families[0, 1:].tolist() == families[0, 1:].tolist()


def test_an_analysis_uses_the_own_calibration_and_says_so():
    shipped = analyze(talk())
    keep([made()])
    own = analyze(talk())
    column = list(columns("confrontation"))
    assert own.scores[:, column].sum() < shipped.scores[:, column].sum()
    np.testing.assert_array_equal(
        np.delete(own.scores, column, 1), np.delete(shipped.scores, column, 1)
    )
    assert "+own" in own.by
    assert [n.slug for n in own.notes if n not in shipped.notes] == ["recalibrated"]
    assert own.reliability["precision_confrontation"] == 0.5
    np.testing.assert_array_equal(analyze(talk(), as_shipped=True).scores, shipped.scores)


def test_a_calibration_of_other_weights_is_left_aside():
    keep([made(weights="0" * 64)])
    found = analyze(talk())
    assert "+own" not in found.by
    assert "recalibration-stale" in {note.slug for note in found.notes}


def test_versions_are_kept_and_undone_one_by_one(own_folder: Path):
    keep([made()])
    keep([*load_versions(), made(made="2026-02-04")])
    assert reattune("recalibrate", "--undo").returncode == 0
    assert [v.made for v in load_versions()] == ["2026-02-03"]
    assert current(made().weights)[0] == made()
    assert "shipped calibration is in use" in reattune("recalibrate", "--undo").stdout
    assert list(own_folder.iterdir()) == []
    again = reattune("recalibrate", "--undo")
    assert (again.returncode, "nothing-to-undo" in again.stderr) == (3, True)


@pytest.mark.parametrize(
    "text", ["", "{", '{"schema": "x"}', '{"versions": 3}', "[]", "null", NO_POINTS]
)
def test_a_damaged_file_is_named_and_kept(own_folder: Path, text: str):
    own_folder.mkdir()
    store().write_text(text)
    with pytest.raises(InputError) as caught:
        analyze(talk())
    assert caught.value.slug == "recalibration-damaged"
    assert str(store()) in str(caught.value)
    assert store().read_text() == text


def test_the_command_shows_before_and_after_and_keeps_or_does_not(tmp_path: Path):
    dry = reattune("recalibrate", PLAIN, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "Nothing is changed" in dry.stdout
    assert not store().exists()
    done = reattune("recalibrate", PLAIN)
    assert "shipped" in done.stdout
    assert "refitted" in done.stdout
    assert "Kept." in done.stdout
    assert "fitted to" in reattune("recalibrate", "--show").stdout
    data = json.loads(reattune("recalibrate", PLAIN, "--json", "--dry-run").stdout)
    assert set(data["outcomes"]) == set(FAMILIES)
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(PLAIN.read_text("utf-8").splitlines()[:2]), "utf-8")
    refused = reattune("recalibrate", few)
    assert refused.returncode == 3
    assert "too-few-corrections" in refused.stderr
    assert reattune("recalibrate").returncode == 2
    assert recalibration.SCHEMA in store().read_text()
