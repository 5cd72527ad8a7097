"""`reattune agreement` as people use it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from reattune.cli import main
from reattune.coefficients import MISLEADS
from tests.conftest import ROOT

SECRET = "Ludmilla"
VTT = f"""WEBVTT

00:00.000 --> 00:04.000
<v Therapist>How was that for you, coming here today?

00:04.500 --> 00:06.000
<v Client>Fine, {SECRET}.

00:06.500 --> 00:07.000
<v Therapist>What do you make of it?

00:07.500 --> 00:12.000
<v Client>I do not know.
"""


@pytest.fixture
def coders(tmp_path):
    """Two coders of a demo course, the second with some codes left out."""
    lines = (ROOT / "examples" / "courses" / "course_a.jsonl").read_text("utf-8").splitlines()
    rows = [row for line in lines if (row := json.loads(line)).get("turns")]
    paths = []
    for coder, step in (("ann", 0), ("ben", 5)):
        out, seen = ["session,turn,codes,intensity,who"], 0
        for k, row in enumerate(rows):
            for i, turn in enumerate(row["turns"], 1):
                codes, level = turn.get("codes") or [], turn.get("intensity") or ""
                seen += bool(codes)
                if step and codes and seen % step == 0:
                    codes, level = [], ""
                out.append(f"s{k},{i},{';'.join(codes)},{level},{turn['who']}")
        path = tmp_path / f"{coder}.csv"
        path.write_text("\n".join(out), "utf-8")
        paths.append(path)
    return paths


def reattune(*arguments: object, columns: int = 80) -> Result:
    return CliRunner().invoke(
        main, ["agreement", *map(str, arguments)], env={"COLUMNS": str(columns), "NO_COLOR": "1"}
    )


def test_the_table_fits_and_says_what_misleads(coders):
    done = reattune(*coders)
    assert done.exit_code == 0, done.output
    assert max(map(len, done.output.splitlines())) <= 80
    words = " ".join(done.output.split())
    assert "Coders: ann, ben." in words
    for title in ("agreed", "kappa", "PABAK", "AC1", "alpha", "withdrawal", "Intensity"):
        assert title in words
    assert "Kappa falls where a code is rare" in words
    assert "the true ones are wider" in words
    assert "…" not in done.output


def test_json_has_the_schema_and_no_nan(coders):
    found = json.loads(reattune(*coders, "--json").stdout)
    assert found["schema"] == "reattune.agreement-report/1"
    assert (found["level"], found["segment_minutes"]) == ("turn", None)
    row = found["families"]["withdrawal"]
    assert set(row["marked"]) == {"ann", "ben"}
    low, high = row["kappa"]["interval_95"]
    assert low < row["kappa"]["value"] < high < 1
    unused = next(r for r in found["codes"].values() if not sum(r["marked"].values()))
    assert unused["kappa"]["value"] is None
    assert unused["kappa"]["why"]
    assert found["intensity"]["ac2_quadratic"]["se"] > 0


def test_segments(coders):
    turns = json.loads(reattune(*coders, "--json").stdout)
    done = reattune(*coders, "--json", "--level", "segment", "--segment-minutes", "10")
    found = json.loads(done.stdout)
    assert found["segment_minutes"] == 10
    assert found["units"] < turns["units"]
    assert "segments" in reattune(*coders, "--level", "segment").output


def test_disagreements_are_listed_without_words(coders, tmp_path):
    out = tmp_path / "d.csv"
    done = reattune(*coders, "--disagreements", out)
    assert done.exit_code == 0
    lines = out.read_text("utf-8").splitlines()
    assert lines[0] == "session,turn,who,ann,ben"
    assert f"{len(lines) - 1} turns to talk over" in done.stderr


def test_elan_with_its_transcript(tmp_path):
    from tests.test_codings import eaf, tier

    coded = eaf(tier("Ann", (0, 1, "denial")), tier("Ben", (0, 1, "deference")))
    (tmp_path / "s1.eaf").write_text(coded, "utf-8")
    (tmp_path / "s1.vtt").write_text(VTT, "utf-8")
    done = reattune(tmp_path / "s1.eaf")
    assert done.exit_code == 3
    assert "[eaf-needs-transcript]" in done.stderr
    out = tmp_path / "d.csv"
    done = reattune(
        tmp_path / "s1.eaf", "--transcript", tmp_path / "s1.vtt", "--disagreements", out, "--json"
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["codes"]["denial"]["marked"] == {"Ann": 1, "Ben": 0}
    assert SECRET in out.read_text("utf-8")  # the transcript was given
    assert SECRET not in done.output


def test_the_page_has_every_sentence_on_what_misleads():
    page = " ".join((ROOT / "docs" / "agreement.md").read_text("utf-8").split())
    assert [name for name, words in MISLEADS.items() if words not in page] == []


def test_errors_are_told(coders, tmp_path):
    assert reattune().exit_code == 2
    alone = reattune(coders[0])
    assert alone.exit_code == 3
    assert "[codings-mismatch]" in alone.stderr
    missing = reattune(coders[0], tmp_path / "none.csv")
    assert missing.exit_code == 3
    assert "[missing-file]" in missing.stderr
    written = reattune(*coders, "--disagreements", tmp_path / "no" / "d.csv")
    assert written.exit_code == 8
