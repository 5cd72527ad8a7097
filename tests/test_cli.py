"""The command line as people use it: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reattune.cli import COMMANDS
from tests.conftest import ROOT, TALK

Result = subprocess.CompletedProcess[str]


def reattune(*arguments: str | Path, stdin: bytes = b"", home: Path | None = None) -> Result:
    env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "80"}
    if home is not None:
        env["HOME"] = str(home)
    done = subprocess.run(
        [sys.executable, "-m", "reattune", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=env,
        check=False,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def test_help_names_every_command_and_the_exit_codes():
    done = reattune("--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS)
    assert "4 unclear who the therapist is" in " ".join(done.stdout.split())


def test_help_imports_nothing_heavy():
    heavy = {"numpy", "onnxruntime", "rich", "jinja2", "webvtt", "docx", "openpyxl"}
    code = f"import reattune.cli, sys; print([m for m in sys.modules if m in {heavy!r}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_the_report_shows_episode_quote_and_repair(transcript: Path):
    done = reattune("analyze", transcript)
    assert done.returncode == 0, done.stderr
    assert "confrontation" in done.stdout.lower()
    assert "don't see the point of those forms" in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_json_is_one_object_for_one_file_and_a_list_for_several(transcript: Path):
    one = json.loads(reattune("analyze", transcript, "--json").stdout)
    assert one["schema"] == "reattune.analysis/1"
    two = json.loads(reattune("analyze", transcript, transcript, "--json").stdout)
    assert [row["schema"] for row in two] == ["reattune.analysis/1"] * 2


def test_standard_input_gives_what_the_file_gives(transcript: Path):
    by_file = json.loads(reattune("analyze", transcript, "--json").stdout)
    piped = json.loads(reattune("analyze", "-", "--json", stdin=TALK.encode()).stdout)
    for result in (by_file, piped):
        result["session"].pop("source")
    assert piped == by_file


def test_html_is_written_whole_and_named(transcript: Path, tmp_path: Path):
    out = tmp_path / "report.html"
    done = reattune("analyze", transcript, "--html", out)
    assert done.returncode == 0
    assert out.read_text("utf-8").rstrip().endswith("</html>")
    assert str(out) in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.html", "session.txt"]


def test_several_sessions_are_written_into_a_folder(transcript: Path, tmp_path: Path):
    other = tmp_path / "second.txt"
    other.write_text(TALK, "utf-8")
    done = reattune("analyze", transcript, other, transcript, "--html", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == ["second.html", "session-2.html", "session.html"]


def test_an_output_that_cannot_be_written_leaves_nothing(transcript: Path, tmp_path: Path):
    done = reattune("analyze", transcript, "--html", tmp_path / "missing" / "report.html")
    assert done.returncode == 8
    assert "output-not-written" in done.stderr
    assert not (tmp_path / "missing").exists()


def test_one_bad_file_does_not_end_the_batch(transcript: Path, tmp_path: Path):
    empty = tmp_path / "empty.vtt"
    empty.touch()
    done = reattune("analyze", empty, transcript, "--json")
    assert done.returncode == 9
    assert len(json.loads(done.stdout)) == 1
    assert "empty.vtt" in done.stderr


def test_unclear_roles_ask_and_naming_the_therapist_answers(tmp_path: Path):
    path = tmp_path / "two.txt"
    path.write_text("Ada: Hello there.\nBo: Hello.\nAda: Right then.\nBo: Yes, right.\n", "utf-8")
    asked = reattune("analyze", path)
    assert asked.returncode == 4
    assert "--therapist" in asked.stderr
    assert "Ada" in asked.stderr
    told = json.loads(reattune("analyze", path, "--therapist", "Bo", "--json").stdout)
    assert [turn["role"] for turn in told["session"]["turns"]] == ["client", "therapist"] * 2


def test_an_earlier_session_shifts_the_baseline(transcript: Path, tmp_path: Path):
    earlier = tmp_path / "previous.json"
    earlier.write_text(reattune("analyze", transcript, "--json").stdout, "utf-8")
    done = reattune("analyze", transcript, "--json", "--client-baseline", earlier)
    result = json.loads(done.stdout)
    assert result["baseline"]["sessions"] == 2
    bad = reattune("analyze", transcript, "--client-baseline", transcript)
    assert bad.returncode == 3
    assert "baseline-unreadable" in bad.stderr


def test_fewer_flags_are_a_subset_of_more(transcript: Path):
    def decided(point: str) -> set[tuple[int, str]]:
        rows = json.loads(reattune("analyze", transcript, "--json", "--flags", point).stdout)
        markers = rows["markers"] + rows["moves"]
        return {(m["turn"], m["family"]) for m in markers if m["decided"]}

    assert decided("few") <= decided("balanced") <= decided("many")


BAD_FILES = {
    "empty": (b"", 3),
    "spaces": (b" \n\n ", 3),
    "binary": (bytes(range(256)) * 40, 3),
    "pdf": (b"%PDF-1.7\n\x00\x01", 3),
    "truncated-json": (b'{"segments": [{"start": 0.0, "text": "hel', 3),
    "truncated-docx": (b"PK\x03\x04\x14\x00\x00\x00", 3),
    "no-speakers": (b"WEBVTT\n\n00:00.000 --> 00:02.000\nHello there.\n", 3),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_get_a_clear_error_and_their_exit_code(name: str, tmp_path: Path):
    data, code = BAD_FILES[name]
    path = tmp_path / f"{name}.vtt"
    path.write_bytes(data)
    done = reattune("analyze", path, "--html", tmp_path / "out.html")
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("Error: ")
    assert path.name in done.stderr
    assert not (tmp_path / "out.html").exists()


def test_german_is_refused_unless_asked_for(tmp_path: Path):
    path = tmp_path / "german.txt"
    lines = [
        "T: Wie war die Woche für Sie, und was ist seit dem letzten Mal geschehen?",
        "C: Es war ganz ordentlich, aber ich habe nicht viel geschlafen und war oft müde.",
        "T: Was hat Sie denn nachts wach gehalten?",
        "C: Die Arbeit, und dann auch das Gespräch mit meiner Schwester am Sonntag.",
    ]
    path.write_text("\n".join(lines * 3), "utf-8")
    done = reattune("analyze", path)
    assert done.returncode == 5
    assert "--any-language" in done.stderr
    assert "Schwester" not in done.stderr
    assert reattune("analyze", path, "--any-language", "--json").returncode == 0


def test_utf16_and_a_byte_order_mark_are_read(tmp_path: Path):
    for encoding in ("utf-16", "utf-8-sig"):
        path = tmp_path / f"{encoding}.txt"
        path.write_bytes(TALK.encode(encoding))
        assert json.loads(reattune("analyze", path, "--json").stdout)["episodes"]


def test_a_wrong_option_is_a_usage_error(transcript: Path):
    assert reattune("analyze", transcript, "--flags", "all").returncode == 2
    assert reattune("analyze").returncode == 2
    unknown = reattune("analyze", transcript, "--format", "word97")
    assert unknown.returncode == 3
    assert "webvtt" in unknown.stderr


def test_demo_writes_its_report(tmp_path: Path):
    done = reattune("demo", "--out", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "demo" / "report.html").is_file()
    assert "fictional" in done.stdout


def test_evaluate_prints_a_table_and_json(tmp_path: Path):
    corpus = ROOT / "training" / "data" / "written_dialogues.jsonl"
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(corpus.read_text("utf-8").splitlines()[:8]), "utf-8")
    table = reattune("evaluate", few, "--resamples", "20")
    assert table.returncode == 0, table.stderr
    assert "cross-validation" in table.stdout
    result = json.loads(reattune("evaluate", few, "--json", "--resamples", "0").stdout)
    assert result["out_of_fold_sessions"] == 8
    assert set(result["families"]) == {"any", "withdrawal", "confrontation", "repair", "misstep"}
    for row in result["families"].values():
        assert {"n", "auc", "average_precision", "f1", "balanced_accuracy", "ppv"} <= set(row)


def test_evaluate_refuses_what_is_not_labelled(tmp_path: Path, transcript: Path):
    done = reattune("evaluate", transcript)
    assert done.returncode == 3
    assert "session.txt, line 1" in done.stderr
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"id": "x", "turns": [{"who": "C", "text": "a", "codes": ["anger"]}]}\n')
    assert "anger" in reattune("evaluate", wrong).stderr


def test_evaluate_compares_a_second_coder_and_draws(tmp_path: Path):
    corpus = ROOT / "training" / "data" / "written_dialogues.jsonl"
    rows = [json.loads(line) for line in corpus.read_text("utf-8").splitlines()[:6]]
    for name, edit in (("first", None), ("second", "codes")):
        for row in rows:
            for turn in row["turns"][::3] if edit else []:
                turn.pop(edit, None)
                turn.pop("intensity", None)
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)), "utf-8")
    first, second, plot = tmp_path / "first", tmp_path / "second", tmp_path / "plot.svg"
    done = reattune("evaluate", first, "--second", second, "--plot", plot, "--resamples", "0")
    assert done.returncode == 0, done.stderr
    assert "Agreement of two coders on 6 sessions" in done.stdout
    assert plot.read_text("utf-8").startswith("<svg")
    command = ("evaluate", first, "--json", "--resamples", "0", "--second", second)
    row = json.loads(reattune(*command).stdout)["agreement"]["families"]["any"]
    assert row["both"] == row["second"] < row["first"]
    assert 0 < row["kappa"] < 1
    other = tmp_path / "other"
    rows[0]["turns"][0]["text"] += " more"
    other.write_text(json.dumps(rows[0]), "utf-8")
    refused = reattune("evaluate", first, "--second", other)
    assert refused.returncode == 3
    assert "second-coder-mismatch" in refused.stderr


def test_only_judged_turns_count_where_flags_were_reviewed(tmp_path: Path):
    session = {
        "id": "mine",
        "turns": [
            {"who": "T", "text": "How was that for you?"},
            {"who": "C", "text": "Fine.", "review": "dismissed"},
            {"who": "T", "text": "And the homework?"},
            {"who": "C", "text": "No. You never listen.", "review": "confirmed"}
            | {"codes": ["complaint_therapist"], "intensity": "micro"},
        ],
    }
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps(session), "utf-8")
    result = json.loads(reattune("evaluate", path, "--json").stdout)
    assert (result["turns"], result["judged_turns"]) == (4, 2)
    assert result["families"]["any"]["n"] == 2
    assert result["families"]["repair"]["n"] == 0
    assert result["points"]["few"]["episodes"] is None
    assert "Only the 2 turns" in reattune("evaluate", path).stdout
    session["turns"][1]["review"] = "perhaps"
    path.write_text(json.dumps(session), "utf-8")
    assert "perhaps" in reattune("evaluate", path).stderr
    session["turns"][1] = {**session["turns"][1], "review": "confirmed"}
    path.write_text(json.dumps(session), "utf-8")
    assert "needs its codes" in reattune("evaluate", path).stderr
