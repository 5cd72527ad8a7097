"""What `reattune chart` and `reattune follow` print and write."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from reattune.charts import BASELINE
from reattune.cli.chart import command as chart_command
from reattune.cli.follow import command as follow_command
from tests.conftest import TALK
from tests.test_follow import EXAMPLES, VECTOR, day, demo

# The commands

SIGNAL_KEYS = {"session", "date", "source", "kind", "rule", "level", "why", "false_per_12"}


def run(command, *arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    rows = [f"{n},{day(n).isoformat()},{value}" for n, value in enumerate(VECTOR, 1)]
    path = tmp_path / "wai_sr.csv"
    path.write_text("\n".join(["session,date,value", *rows]), "utf-8")
    return path


def test_chart_gives_the_limits_of_the_published_vector_as_json(scores: Path):
    result = run(chart_command, scores, "--json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert data["schema"] == "reattune.chart/1"
    limits = data["limits"]
    assert limits["center"] == 49.5
    assert (limits["lower"], limits["upper"]) == pytest.approx((45.7766, 53.2234), abs=1e-4)
    assert limits["baseline"] == 6
    assert all(set(signal) >= SIGNAL_KEYS for signal in data["signals"])
    figures = [signal["false_per_12"] for signal in data["signals"]]
    assert figures == [0.25, 0.3, 0.25, 1.51, 0.14]  # of the kind and level that spoke
    found = [(s["session"], s["rule"]) for s in data["signals"]]
    assert found == [(7, "individuals"), (7, "drop"), (8, "individuals"), (9, "drop"), (10, "drop")]


def test_chart_tells_people_the_false_alarm_figure_of_each_signal(scores: Path):
    result = run(chart_command, scores)
    assert result.exit_code == 0
    assert "▇" in result.stdout
    assert "Limits 45.78 to 53.22 around 49.5" in result.stdout
    (row,) = [line for line in result.stdout.splitlines() if line.strip().startswith("8 ")]
    assert "individuals" in row
    assert "0.25" in row


def test_chart_takes_rules_baseline_and_measure(scores: Path):
    result = run(
        chart_command, scores, "--json", "--rules", "ewma, cusum", "--baseline", 5,
        "--measure", "alliance",
    )  # fmt: skip
    data = json.loads(result.stdout)
    assert {s["rule"] for s in data["signals"]} <= {"ewma", "cusum"}
    assert data["limits"]["sessions"] == [1, 2, 3, 4, 5]
    assert {s["source"] for s in data["signals"]} == {"alliance"}


def test_chart_of_a_short_series_says_what_it_cannot_say(tmp_path: Path):
    path = tmp_path / "srs.csv"
    path.write_text("session,value\n1,30\n2,31\n", "utf-8")
    data = json.loads(run(chart_command, path, "--json").stdout)
    assert data["limits"]["center"] is None
    assert [note["slug"] for note in data["notes"]] == ["baseline-not-reached"]
    assert "No limits yet" in run(chart_command, path).stdout


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("session,value\n1,41\n", "value-outside-scale"),
        ("session,value\n1,30\n1,31\n", "duplicate-session"),
        ("session,date,value\n1,2026-03-12,30\n2,2026-03-05,31\n", "dates-out-of-order"),
        ("session,value\n1,inf\n", "not-a-number"),
        ("a,b\n1,2\n", "missing-columns"),
    ],
)
def test_chart_refuses_with_a_slug_and_exit_code_3(tmp_path: Path, text, slug):
    path = tmp_path / "srs.csv"
    path.write_text(text, "utf-8")
    result = run(chart_command, path)
    assert result.exit_code == 3
    assert f"[{slug}]" in result.stderr
    assert result.stdout == ""


def test_chart_writes_its_files(scores: Path, tmp_path: Path):
    svg, html = tmp_path / "out.svg", tmp_path / "out.html"
    result = run(chart_command, scores, "--svg", svg, "--html", html, "--json")
    assert result.exit_code == 0
    assert svg.read_text("utf-8").startswith("<svg")
    assert html.read_text("utf-8").lstrip().startswith("<!doctype html>")


def test_a_picture_without_its_package_names_the_install_line(scores: Path, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    result = run(chart_command, scores, "--png", tmp_path / "out.png")
    assert result.exit_code == 7
    assert "pip install 'reattune[png]'" in result.stderr
    assert "[png-not-installed]" in result.stderr
    assert not (tmp_path / "out.png").exists()


def test_a_picture_is_drawn_where_the_package_is(scores: Path, tmp_path: Path):
    pytest.importorskip("resvg_py")
    out = tmp_path / "out.png"
    assert run(chart_command, scores, "--png", out).exit_code == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    away = run(chart_command, scores, "--png", tmp_path / "nowhere" / "out.png")
    assert away.exit_code == 8


@pytest.fixture
def small_course(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "2026-03-05.txt").write_text(TALK, "utf-8")
    (folder / "2026-03-12.txt").write_text(TALK, "utf-8")
    (folder / "srs.csv").write_text("date,value\n2026-03-05,38\n2026-03-12,30\n", "utf-8")
    visits = "date,status\n2026-03-05,attended\n2026-03-12,attended\n2026-03-19,no_show\n"
    (folder / "attendance.csv").write_text(visits, "utf-8")
    return folder


def test_follow_gives_signals_episodes_and_figures_as_json(small_course: Path):
    result = run(follow_command, small_course, "--json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert data["schema"] == "reattune.follow/1"
    assert {"limits", "signals", "episodes", "figures"} <= set(data)
    assert set(data["limits"]) >= {"center", "lower", "upper", "baseline"}
    assert data["limits"]["baseline"] == BASELINE
    assert data["limits"]["center"] is None  # two sessions with a score
    assert all(set(signal) >= SIGNAL_KEYS for signal in data["signals"])
    assert {s["source"] for s in data["signals"]} <= {"words", "srs", "attendance"}
    assert {e["session"] for e in data["episodes"]} == {1, 2}
    assert all({"repaired_at", "noticed"} <= set(e) for e in data["episodes"])
    assert [s["status"] for s in data["sessions"]] == ["attended", "attended", "no_show"]
    assert {own["measure"] for own in data["series"]} == {"words", "srs", "attendance"}


def test_follow_says_of_each_episode_when_it_was_repaired_and_whether_it_was_noticed():
    data = json.loads(run(follow_command, EXAMPLES / "course_b", "--json").stdout)
    told = [(e["session"], e["repaired_at"], e["noticed"]) for e in data["episodes"]]
    assert told == [(e.session, e.repaired_at, e.noticed) for e in demo("b").episodes]
    assert [e["session"] for e in data["episodes"]] == sorted(
        e["session"] for e in data["episodes"]
    )
    assert {(2, 4, True), (3, 4, True), (1, 1, False)} <= set(told)


def test_a_score_that_cannot_be_leaves_its_file_out_and_ends_nothing(small_course: Path):
    (small_course / "ors.csv").write_text("date,value\n2026-03-05,38\n2026-03-12,41\n", "utf-8")
    result = run(follow_command, small_course, "--json")
    assert result.exit_code == 9
    data = json.loads(result.stdout)
    assert "ors" not in {own["measure"] for own in data["series"]}
    (note,) = [note for note in data["notes"] if note["slug"] == "file-left-out"]
    assert note["text"].startswith("ors.csv, session 2 is left out: The value 41 is outside 0 to")


def test_follow_repeats_no_word_of_a_session(small_course: Path):
    for arguments in ((), ("--json",)):
        out = run(follow_command, small_course, *arguments).stdout
        assert "you cared more about the sheet" not in out
        assert "listening" not in out


def test_follow_tells_people(small_course: Path, tmp_path: Path):
    html, svg = tmp_path / "out.html", tmp_path / "out.svg"
    result = run(follow_command, small_course, "--html", html, "--svg", svg)
    assert result.exit_code == 0
    assert "SRS  " in result.stdout
    assert "no-show" in result.stdout
    assert "19 Mar" in result.stdout
    assert "never a verdict" in " ".join(result.stdout.split())
    assert html.exists()
    assert svg.exists()


def test_follow_exits_with_9_when_a_file_is_left_out(small_course: Path):
    (small_course / "2026-03-26.txt").write_bytes(b"\x00\x01\x02" * 50)
    result = run(follow_command, small_course)
    assert result.exit_code == 9
    assert "2026-03-26.txt is left out" in " ".join(result.stdout.split())


def test_follow_refuses_what_is_no_course(tmp_path: Path):
    result = run(follow_command, tmp_path / "nothing")
    assert result.exit_code == 3
    assert "[no-course]" in result.stderr


def test_follow_takes_a_course_json(tmp_path: Path):
    folder = tmp_path / "b"
    shutil.copytree(EXAMPLES / "course_b", folder)
    for file in folder.glob("2026-*"):
        file.unlink()
    result = run(follow_command, folder, "--json", "--baseline", 3)
    assert result.exit_code == 9
    data = json.loads(result.stdout)
    assert data["limits"]["baseline"] == 3
    assert [s["doubtful"] for s in data["sessions"] if s["session"] == 3] == [["phq9"]]
