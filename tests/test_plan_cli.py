"""`reattune plan` as people meet it, and the PDFs of `analyze` and `follow`."""

from __future__ import annotations

import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import docx
import pypdf
import pytest
from click.testing import CliRunner, Result

from reattune.cli.analyze import command as analyze_command
from reattune.cli.follow import command as follow_command
from reattune.cli.plan import command as plan_command
from reattune.repair import HUMAN, Change
from reattune.repair_rows import write_changes
from tests.conftest import ROOT
from tests.test_cli_follow import course

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)


def run(command, *arguments, width: int = 80, encoding: str = "utf-8") -> Result:
    env = {"COLUMNS": str(width), "PYTHONIOENCODING": encoding}
    return CliRunner(charset=encoding).invoke(command, [str(a) for a in arguments], env=env)


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Course A up to its third session: read in seconds."""
    folder = tmp_path_factory.mktemp("short") / "course"
    folder.mkdir()
    source = ROOT / "examples" / "course_a"
    about = json.loads((source / "course.json").read_text("utf-8"))
    about["sessions"] = about["sessions"][1:3]
    (folder / "course.json").write_text(json.dumps(about), "utf-8")
    for row in about["sessions"]:
        shutil.copy(source / row["file"], folder)
    return folder


@pytest.mark.parametrize("width", [80, 120])
def test_the_plan_fits_the_window_and_says_what_it_is(short: Path, width: int):
    out = run(plan_command, short, width=width)
    assert out.exit_code == 0, out.stderr
    assert max(map(len, out.stdout.splitlines())) <= width
    said = flat(out.stdout)
    assert "Withdrawal, major. Open since session 1." in said or "Mixed, major." in said
    assert "1 Notice and name" in said
    assert "proposal until a person confirms it" in said
    assert "No assessment of client or therapist" in said
    assert "Sources: " in said


def test_it_speaks_to_a_terminal_without_unicode(short: Path):
    out = run(plan_command, short, encoding="ascii")
    assert out.exit_code == 0
    assert out.stdout.isascii()
    assert "Next, if you like" in out.stdout or "Proposed" in out.stdout


def test_the_json_is_the_documented_schema(short: Path):
    data = json.loads(run(plan_command, short, "--json").stdout)
    assert data["schema"] == "reattune.plan/1"
    assert {"client", "session", "ruptures", "cases", "offered", "missteps", "texts"} <= set(data)
    [own, *_] = data["ruptures"]
    assert own["id"] == "s1-1"
    assert [step["number"] for step in own["steps"]] == [1, 2, 3, 4, 5]


def test_decisions_in_the_folder_are_taken(short: Path, tmp_path: Path):
    folder = tmp_path / "course"
    shutil.copytree(short, folder)
    rows = [
        Change("s1-1", "notice", "not_yet", "tried", NOW, 2, "ruth", HUMAN, "At the door."),
        Change("s1-1", "", "open", "accepted_unrepaired", NOW, 2, "ruth", HUMAN, "We leave it."),
    ]
    (folder / "repair.jsonl").write_text(write_changes(rows), "utf-8")
    out = run(plan_command, folder)
    assert out.exit_code == 0, out.stderr
    said = flat(out.stdout)
    assert "Accepted as unrepaired, session 2." in said
    assert "Why: We leave it." in said
    other = tmp_path / "other.jsonl"
    other.write_text(write_changes(rows[:1]), "utf-8")
    named = run(plan_command, folder, "--changes", other)
    assert "Tried" in named.stdout
    assert "Accepted" not in named.stdout


def test_a_decision_that_cannot_be_is_told_by_its_slug(short: Path, tmp_path: Path):
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"rupture": "s1-1"}\n', "utf-8")
    out = run(plan_command, short, "--changes", wrong)
    assert out.exit_code == 3
    assert "[bad-change]" in out.stderr
    row = Change("s9-9", "", "open", "repaired", NOW, 2, "ruth", HUMAN, "Yes.")
    wrong.write_text(write_changes([row]), "utf-8")
    assert "[change-elsewhere]" in run(plan_command, short, "--changes", wrong).stderr


def test_a_hard_case_that_the_therapist_names_is_told(short: Path):
    said = flat(run(plan_command, short, "--case", "telehealth").stdout)
    assert "By video or telephone. You said so." in said
    out = run(plan_command, short, "--case", "video")
    assert out.exit_code == 3
    assert "[unknown-case]" in out.stderr


def test_sheet_and_letter_are_written(short: Path, tmp_path: Path):
    sheet, letter = tmp_path / "sheet.pdf", tmp_path / "letter.docx"
    out = run(plan_command, short, "--sheet", sheet, "--letter", letter, "--paper", "letter")
    assert out.exit_code == 0, out.stderr
    read = pypdf.PdfReader(io.BytesIO(sheet.read_bytes()))
    assert len(read.pages) == 1
    assert float(read.pages[0].mediabox.width) == 612
    text = "\n".join(p.text for p in docx.Document(io.BytesIO(letter.read_bytes())).paragraphs)
    assert "We met for 2 sessions" in text
    assert "___client___" in text
    html, pdf = tmp_path / "sheet.html", tmp_path / "letter.pdf"
    assert run(plan_command, short, "--sheet", html, "--letter", pdf, "--json").exit_code == 0
    assert "Before session 3" in html.read_text("utf-8")
    assert pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    "arguments", [("--sheet", "sheet.doc"), ("--letter", "letter.html"), ("--paper", "a5")]
)
def test_wrong_usage_is_told_before_anything_is_read(arguments: tuple[str, ...]):
    out = run(plan_command, "none", *arguments)
    assert out.exit_code == 2


def test_a_course_without_words_has_a_calm_page(tmp_path: Path):
    out = run(plan_command, course(tmp_path / "c", weeks=4))
    assert out.exit_code == 0
    assert "No rupture is followed" in flat(out.stdout)
    low = run(plan_command, course(tmp_path / "d", weeks=12))
    assert "Signs that no rupture accounts for" in flat(low.stdout)


def test_a_folder_that_is_none_is_told(tmp_path: Path):
    out = run(plan_command, tmp_path / "none")
    assert out.exit_code == 3
    assert "[no-course]" in out.stderr


def test_follow_writes_its_report(short: Path, tmp_path: Path):
    target = tmp_path / "course.pdf"
    out = run(follow_command, short, "--pdf", target)
    assert out.exit_code == 0, out.stderr
    assert "Written" in out.stderr
    text = pypdf.PdfReader(io.BytesIO(target.read_bytes())).pages[0].extract_text()
    assert "Ruptures and their steps" in text
    both = run(follow_command, short, short, "--pdf", target)
    assert both.exit_code == 2


def test_analyze_writes_its_report(transcript: Path, tmp_path: Path):
    target = tmp_path / "session.pdf"
    out = run(analyze_command, transcript, "--pdf", target)
    assert out.exit_code == 0, out.stderr
    assert f"Report: {target}" in out.stderr
    text = pypdf.PdfReader(io.BytesIO(target.read_bytes())).pages[0].extract_text()
    assert "session.txt" in text
    folder = tmp_path / "reports"
    other = tmp_path / "other.txt"
    shutil.copy(transcript, other)
    out = run(analyze_command, transcript, other, "--pdf", folder, "--html", folder, "--json")
    assert out.exit_code == 0, out.stderr
    assert sorted(path.name for path in folder.iterdir()) == [
        "other.html",
        "other.pdf",
        "session.html",
        "session.pdf",
    ]
