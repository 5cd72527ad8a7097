"""`reattune chart` and `reattune follow` as people meet them: terminals, files, several courses."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from reattune.cli.chart import command as chart_command
from reattune.cli.follow import command as follow_command
from tests.conftest import TALK

START = date(2026, 1, 5)
SCORES = [36, 37, 36.5, 38, 37, 36, 28, 33, 36, 37.5, 38]


def day(week: int) -> date:
    return START + timedelta(weeks=week)


def run(command, *arguments, width: int = 80, encoding: str = "utf-8") -> Result:
    env = {"COLUMNS": str(width), "PYTHONIOENCODING": encoding}
    return CliRunner(charset=encoding).invoke(command, [str(a) for a in arguments], env=env)


def rows(scores=SCORES) -> list[tuple[int, str, float]]:
    return [(n, day(n).isoformat(), score) for n, score in enumerate(scores, 1)]


@pytest.fixture
def srs(tmp_path: Path) -> Path:
    path = tmp_path / "srs.csv"
    lines = [f"{n},{when},{score}" for n, when, score in rows()]
    path.write_text("\n".join(["session,date,value", *lines]), "utf-8")
    return path


def course(folder: Path, weeks: int = 12, words: bool = False, **measures) -> Path:
    """A check-in that falls in session 8, a late and a missed appointment after it."""
    folder.mkdir()
    sessions = []
    for week in range(weeks):
        low = week == 7
        answers = [3, 3, 2, 3, 5] if low else [6, 6, 6, 5 + week % 2, 1]
        sessions.append(
            {
                "date": day(week).isoformat(),
                "attendance": {"status": "attended"},
                "measures": {"checkin_client": answers, **measures},
            }
        )
    if words:
        (folder / "first.txt").write_text(TALK, "utf-8")
        sessions[0]["file"] = "first.txt"
    if weeks > 8:
        sessions[8]["attendance"] = {"status": "late", "minutes_late": 18}
        away = {"date": (day(8) + timedelta(days=3)).isoformat()}
        sessions.append({**away, "attendance": {"status": "no_show"}})
    path = folder / "course.json"
    path.write_text(json.dumps({"client": folder.name, "sessions": sessions}), "utf-8")
    return folder


# chart


def test_chart_begins_with_what_was_found_in_plain_words(srs: Path):
    lines = run(chart_command, srs).stdout.splitlines()
    assert lines[0] == "SRS"
    assert lines[1].startswith("Beyond the limits in sessions 7 and 8. A clear drop in session 7.")


@pytest.mark.parametrize("width", [80, 120])
def test_chart_fits_the_window(srs: Path, width):
    out = run(chart_command, srs, width=width).stdout
    assert max(map(len, out.splitlines())) <= width
    (row,) = [line for line in out.splitlines() if line.startswith(" 7 ")]
    assert "!! beyond the limits" in row
    assert row.split()[-2:] == ["individuals", "0.25"]


def test_chart_marks_stand_under_their_bars(srs: Path):
    lines = run(chart_command, srs).stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if "28 to 38" in line)
    assert lines[at][:11] == "▆▆▆▇▆▆▁▄▆▇▇"
    assert lines[at + 1] == "      !! +"


def test_chart_gives_the_figures_of_rules_that_say_nothing(srs: Path):
    said = " ".join(run(chart_command, srs, "--rules", "six-falling,cusum").stdout.split())
    assert "Rules at work, each with false in 12: six-falling under 0.01, cusum 0.17." in said


@pytest.mark.usefixtures("srs")
def test_chart_reads_xlsx_and_json_alike(tmp_path: Path):
    book = openpyxl.Workbook()
    book.active.append(["Session", "Date", "Value"])
    for n, when, score in rows():
        book.active.append([n, date.fromisoformat(when), score])
    book.save(tmp_path / "srs.xlsx")
    data = [{"session": n, "date": when, "value": score} for n, when, score in rows()]
    (tmp_path / "srs.json").write_text(json.dumps(data), "utf-8")
    made = [json.loads(run(chart_command, tmp_path / f"srs.{kind}", "--json").stdout)
            for kind in ("csv", "xlsx", "json")]  # fmt: skip
    assert made[0] == made[1] == made[2]
    assert [s["session"] for s in made[0]["signals"]] == [7, 7, 8, 8, 10]


def test_chart_of_a_measure_that_is_not_known_says_which_way_is_better(tmp_path: Path):
    path = tmp_path / "ours.csv"
    path.write_text("session,value\n1,4\n2,5\n", "utf-8")
    data = json.loads(run(chart_command, path, "--json").stdout)
    assert data["notes"][0]["slug"] == "scale-unknown"
    named = json.loads(run(chart_command, path, "--measure", "srs", "--json").stdout)
    assert "scale-unknown" not in {note["slug"] for note in named["notes"]}


def test_chart_of_symptoms_tells_declines_and_no_ruptures(tmp_path: Path):
    path = tmp_path / "phq9.csv"
    lines = [f"{n},{score}" for n, score in enumerate([14, 13, 15, 14, 12, 13, 24], 1)]
    path.write_text("\n".join(["session,value", *lines]), "utf-8")
    data = json.loads(run(chart_command, path, "--json").stdout)
    assert {s["kind"] for s in data["signals"]} == {"decline"}
    assert "a clear worsening" in run(chart_command, path).stdout


def test_chart_without_a_score_says_so(tmp_path: Path):
    path = tmp_path / "srs.csv"
    path.write_text("session,value\n1,\n2,NA\n", "utf-8")
    out = run(chart_command, path, "--html", tmp_path / "o.html", "--svg", tmp_path / "o.svg")
    assert out.exit_code == 0
    assert "No limits yet: 0 scores" in out.stdout
    assert "no scores" in (tmp_path / "o.svg").read_text("utf-8")


# follow


@pytest.mark.parametrize("width", [80, 120])
def test_follow_fits_the_window(tmp_path: Path, width):
    forms = {"checkin_therapist": [6, 6, 6, 5, 1], "srs": [9] * 4, "ors": [7] * 4}
    folder = course(tmp_path / "c", weeks=40, phq9=[1] * 9, gad7=[1] * 7, **forms)
    out = run(follow_command, folder, width=width).stdout
    assert max(map(len, out.splitlines())) <= width
    assert "…" not in out
    assert ("No room here for" in out) == (width == 80)


def test_follow_puts_visit_score_and_agreement_in_one_row(tmp_path: Path):
    out = run(follow_command, course(tmp_path / "c")).stdout
    low, late, missed = (
        next(line for line in out.splitlines() if line.startswith(f" {start} "))
        for start in ("8", "9", "-")
    )
    assert low.split() == ["8", "23", "Feb", "attended", "2.8", "!!", "s", "a"]
    assert "18 min late" in late
    assert "no-show !" in missed


def test_follow_names_items_and_partners_and_figures(tmp_path: Path):
    out = run(follow_command, course(tmp_path / "c")).stdout
    said = " ".join(out.split())
    assert "“Something between us felt off” 5 of 7" in said
    assert "agrees with attendance; individuals, false in 12: 0.25" in said
    assert "checkin_client" not in out


def test_follow_counts_what_is_slight_and_alone(tmp_path: Path):
    folder = course(tmp_path / "c")
    plain = run(follow_command, folder).stdout
    data = json.loads(run(follow_command, folder, "--json").stdout)
    hidden = [line for line in plain.splitlines() if "slight and alone: --html" in line]
    assert len(hidden) <= 1
    assert len(data["signals"]) > 3


def test_follow_speaks_to_a_terminal_without_unicode(tmp_path: Path):
    out = run(follow_command, course(tmp_path / "c"), encoding="ascii")
    assert out.exit_code == 0
    assert '"Something between us felt off" 5 of 7' in " ".join(out.stdout.split())


def test_follow_draws_a_picture(tmp_path: Path):
    pytest.importorskip("resvg_py")
    target = tmp_path / "out.png"
    assert run(follow_command, course(tmp_path / "c"), "--png", target).exit_code == 0
    assert target.read_bytes().startswith(b"\x89PNG")


def test_several_courses_give_figures_beside_the_literature(tmp_path: Path):
    folders = [course(tmp_path / f"c{n}", words=n < 5) for n in range(6)]
    out = run(follow_command, *folders, "--html", tmp_path / "all.html")
    assert out.exit_code == 0
    assert out.stdout.index("c0") < out.stdout.index("c5")
    said = " ".join(out.stdout.split())
    assert "Relationships with a rupture: " in said
    assert said.count("doi:10.1080/10503307.2016.1174345") == 1
    assert "nobody is ranked" in said
    assert "Relationships with a rupture" in (tmp_path / "all.html").read_text("utf-8")
    data = json.loads(run(follow_command, *folders, "--json").stdout)
    assert data["schema"] == "reattune.caseload/1"
    assert [one["client"] for one in data["courses"]] == [folder.name for folder in folders]
    assert data["figures"][0]["literature"]
    assert (data["figures"][0]["n"], data["figures"][0]["clients"]) == (5, 5)
    assert "the 5 of 6 courses whose words were read, in 5 of their 60 sessions." in said
    assert data["failures"] == []


def test_a_course_that_cannot_be_read_ends_no_other(tmp_path: Path):
    good, bad = course(tmp_path / "good"), tmp_path / "bad"
    out = run(follow_command, good, bad, "--json")
    assert out.exit_code == 9
    assert "bad is left out." in out.stderr
    data = json.loads(out.stdout)
    assert [one["client"] for one in data["courses"]] == ["good"]
    assert [failure["slug"] for failure in data["failures"]] == ["no-course"]
    assert run(follow_command, bad, bad).exit_code == 3


def test_courses_measured_differently_are_not_compared(tmp_path: Path):
    one, two = course(tmp_path / "one", words=True), tmp_path / "two"
    two.mkdir()
    (two / "2026-01-05.txt").write_text(TALK, "utf-8")
    (two / "srs.csv").write_text("date,value\n2026-01-05,38\n2026-01-12,37\n", "utf-8")
    data = json.loads(run(follow_command, one, two, "--json").stdout)
    assert [note["slug"] for note in data["notes"]] == ["alliance-not-compared"]


def test_courses_without_words_have_nothing_to_count(tmp_path: Path):
    folders = [course(tmp_path / name) for name in ("one", "two")]
    said = " ".join(run(follow_command, *folders).stdout.split())
    assert "No words of these courses were read, so there is nothing to count." in said
    assert "Relationships" not in said


def test_a_drawing_is_of_one_course(tmp_path: Path):
    one, two = course(tmp_path / "one"), course(tmp_path / "two")
    out = run(follow_command, one, two, "--svg", tmp_path / "out.svg")
    assert out.exit_code == 2
    assert "draw one course" in out.stderr
