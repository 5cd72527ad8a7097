from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reattune.codebook import CODES
from reattune.errors import InputError
from reattune.schema import analysis_from_dict, analysis_to_dict, baseline_from_dict
from reattune.types import Analysis, Evidence, Note
from tests.test_report_samples import coded, hostile, long_session, plain

DOC = (Path(__file__).parents[1] / "docs" / "analysis-schema.md").read_text("utf-8")
SAMPLES = {
    "mixed": coded("course-b-session-2", risk=True),
    "quiet": coded("course-c-session-5"),
    "one turn": plain(("T", "Hello.")),
    "no turn": plain(),
}


def through_json(analysis: Analysis) -> Any:
    return json.loads(json.dumps(analysis_to_dict(analysis), allow_nan=False))


def broken(path: str, value: Any) -> dict[str, Any]:
    """A sound document with one value changed; a path such as "markers.0.turn"."""
    data = copy.deepcopy(through_json(SAMPLES["mixed"]))
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = data
    for step in steps:
        place = place[step]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return data


@pytest.mark.parametrize("name", SAMPLES)
def test_round_trip_keeps_everything(name: str) -> None:
    analysis = SAMPLES[name]
    back = analysis_from_dict(through_json(analysis))
    assert back.session == analysis.session
    for key in ("markers", "moves", "episodes", "risks", "baseline", "talk", "notes", "by"):
        assert getattr(back, key) == getattr(analysis, key), key
    assert back.operating_point == analysis.operating_point
    assert back.reliability == analysis.reliability
    assert back.scores.dtype == np.float32
    assert back.scores.shape == (len(analysis.session.turns), len(CODES))
    assert np.allclose(back.scores, analysis.scores, atol=1e-4)


def test_to_dict_method_gives_the_schema() -> None:
    assert SAMPLES["quiet"].to_dict()["schema"] == "reattune.analysis/1"


def test_small_scores_are_left_out_and_numbers_rounded() -> None:
    scores = np.zeros((1, len(CODES)), dtype=np.float32)
    scores[0, :3] = (0.009, 0.123456, 1.0)
    data = analysis_to_dict(replace(plain(("C", "Fine.")), scores=scores))
    assert data["scores"] == [{CODES[1]: 0.1235, CODES[2]: 1.0}]
    assert data["codes"] == list(CODES)


def test_numpy_scalars_become_plain_numbers() -> None:
    sample = SAMPLES["mixed"]
    marker = replace(sample.markers[0], probability=np.float32(0.75), decided=np.bool_(True))
    data = through_json(replace(sample, markers=(marker,)))
    assert data["markers"][0]["probability"] == 0.75
    assert data["markers"][0]["decided"] is True


def test_a_value_that_is_not_a_number_is_written_as_null() -> None:
    sample = SAMPLES["mixed"]
    evidence = Evidence(name="latency", value=float("nan"), unit="s")
    marker = replace(sample.markers[0], evidence=(evidence,))
    data = through_json(replace(sample, markers=(marker,)))
    assert data["markers"][0]["evidence"][0]["value"] is None


def test_hostile_text_survives_and_can_be_encoded() -> None:
    data = through_json(hostile())
    json.dumps(data, ensure_ascii=False).encode("utf-8")
    assert "<script>" in data["session"]["turns"][0]["text"]


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("by", KeyError, "by"),
        ("extra", 1, "extra"),
        ("session.turns.3.text", KeyError, "session.turns[3].text"),
        ("session.turns.3.role", "doctor", "session.turns[3].role"),
        ("session.turns.3.start", "soon", "session.turns[3].start"),
        ("markers.0.turn", 4000, "markers[0].turn"),
        ("markers.0.turn", True, "markers[0].turn"),
        ("markers.0.code", "sulking", "markers[0].code"),
        ("markers.0.family", "misstep", "markers[0].family"),
        ("markers.0.probability", 1.5, "markers[0].probability"),
        ("markers.0.evidence.0.turn", -1, "markers[0].evidence[0].turn"),
        ("moves", {}, "moves"),
        ("moves.0", [], "moves[0]"),
        ("moves.0.decided", "yes", "moves[0].decided"),
        ("episodes.0.kind", "storm", "episodes[0].kind"),
        ("episodes.0.last", 0, "episodes[0]"),
        ("episodes.2.moves.0.why", None, "episodes[2].moves[0].why"),
        ("baseline.words", float("inf"), "baseline.words"),
        ("risks.0.turn", 128, "risks[0].turn"),
        ("notes.0.turns", [999], "notes[0].turns"),
        ("reliability.precision_any", "high", "reliability.precision_any"),
        ("scores", [], "scores"),
        ("scores.2", {"sulking": 0.5}, "scores[2].sulking"),
        ("scores.2", {"denial": 2.0}, "scores[2].denial"),
        ("codes", ["denial", "sulking"], "codes"),
    ],
)
def test_malformed_content_is_refused_by_key(path: str, value: Any, where: str) -> None:
    with pytest.raises(InputError) as caught:
        analysis_from_dict(broken(path, value))
    assert caught.value.where == where
    assert caught.value.slug == "analysis-malformed"


@pytest.mark.parametrize("data", [None, [], "text", {}, {"schema": "reattune.analysis/2"}])
def test_another_schema_is_refused(data: Any) -> None:
    for read in (analysis_from_dict, baseline_from_dict):
        with pytest.raises(InputError) as caught:
            read(data)
        assert caught.value.slug == "analysis-schema"


def test_the_baseline_alone_can_be_read() -> None:
    data = through_json(SAMPLES["mixed"])
    assert baseline_from_dict(data) == SAMPLES["mixed"].baseline
    with pytest.raises(InputError, match="baseline"):
        baseline_from_dict(data | {"baseline": None})
    with pytest.raises(InputError, match="words"):
        baseline_from_dict(data | {"baseline": data["baseline"] | {"words": "many"}})


def test_reading_a_long_session_stays_quick() -> None:
    analysis = long_session()
    assert len(analysis_from_dict(through_json(analysis)).markers) == len(analysis.markers)


RECORDS = {
    "session": "Session",
    "turns": "Turn",
    "roles": "RoleGuess",
    "notes": "Note",
    "markers": "Marker",
    "moves": "Marker",
    "evidence": "Evidence",
    "episodes": "Episode",
    "risks": "Risk",
    "baseline": "Baseline",
    "talk": "Talk",
    "reliability": "Reliability",
}


def keys_of(data: Any, record: str) -> set[tuple[str, str]]:
    """Every (record, key) that occurs; the keys of score rows are codes and not looked into."""
    found = set()
    for key, value in data.items():
        found.add((record, key))
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and key != "scores":
                found |= keys_of(item, RECORDS[key])
    return found


def documented() -> set[tuple[str, str]]:
    parts = re.split(r"^## (.+)$", DOC, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {
        (record, key)
        for record, text in sections.items()
        for cell in re.findall(r"^\| (`.+?) \|", text, flags=re.MULTILINE)
        for key in re.findall(r"`(\w+)`", cell)
    }


def test_every_key_is_documented_and_no_other() -> None:
    sample = replace(SAMPLES["mixed"], notes=(Note("short-session", "Short.", (1,)),))
    occurring = keys_of(analysis_to_dict(sample), "The document")
    assert occurring <= documented()
    stale = {pair for pair in documented() - occurring if pair[0] != "Reliability"}
    assert not stale
