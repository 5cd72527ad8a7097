import importlib.util
import json
import random
import sys
from functools import cache
from pathlib import Path

import pytest

from reattune.readers import read, read_all
from reattune.readers.clean import tidy
from reattune.roles import MIN_CONFIDENCE

EXAMPLES = Path(__file__).parents[1] / "examples"
DEMO = EXAMPLES.parent / "src" / "reattune" / "examples" / "demo_session.vtt"
COURSES = ("course_a", "course_b", "course_c")
ROLES = {"T": "therapist", "C": "client"}
READ_AS = {
    "zoom": "zoom",
    "teams": "teams",
    "srt": "srt",
    "otter": "otter",
    "teams-docx": "docx",
    "word": "docx",
    "whisperx": "whisper_json",
    "plain": "plain",
    "csv": "table",
}


@cache
def maker():
    spec = importlib.util.spec_from_file_location("make_examples", EXAMPLES / "make_examples.py")
    module = sys.modules["make_examples"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def source(course):
    text = (EXAMPLES / "courses" / f"{course}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def about(course):
    return json.loads((EXAMPLES / course / "course.json").read_text("utf-8"))["sessions"]


def attended():
    return [
        pytest.param(course, row, entry, id=entry["file"])
        for course in COURSES
        for row, entry in zip(source(course), about(course), strict=True)
        if row["turns"]
    ]


def test_running_the_script_again_writes_the_same_bytes(tmp_path):
    demo = maker().make(tmp_path)
    assert demo == DEMO.read_bytes()
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.*")}
    kept = {
        path.relative_to(EXAMPLES): path.read_bytes()
        for course in COURSES
        for path in (EXAMPLES / course).iterdir()
    }
    assert made == kept


@pytest.mark.parametrize(("course", "row", "entry"), attended())
def test_a_file_gives_back_the_words_and_speakers_of_its_source(course, row, entry):
    session = read(EXAMPLES / course / entry["file"])
    assert session.format == READ_AS[entry["format"]]
    assert [turn.text for turn in session.turns] == [tidy(turn["text"]) for turn in row["turns"]]
    label = {
        turn["who"]: read_.speaker for turn, read_ in zip(row["turns"], session.turns, strict=True)
    }
    assert len(set(label.values())) == 2
    assert [t.speaker for t in session.turns] == [label[turn["who"]] for turn in row["turns"]]
    if entry["format"] not in ("plain", "whisperx"):
        assert label["C"] == row["client"].split(",")[0]
        assert row["therapist"].startswith(label["T"])


@pytest.mark.parametrize(("course", "row", "entry"), attended())
def test_a_file_is_read_with_the_right_roles_without_being_told(course, row, entry):
    session = read(EXAMPLES / course / entry["file"])
    assert session.roles.confidence >= MIN_CONFIDENCE
    assert [turn.role for turn in session.turns] == [ROLES[turn["who"]] for turn in row["turns"]]


@pytest.mark.parametrize(("course", "row", "entry"), attended())
def test_times_run_forward_at_the_rate_of_speech(course, row, entry):
    turns = read(EXAMPLES / course / entry["file"]).turns
    if entry["format"] in ("plain", "word"):
        assert all(turn.start is None for turn in turns)
        return
    starts = [turn.start for turn in turns]
    assert starts == sorted(starts)
    words = sum(len(turn["text"].split()) for turn in row["turns"])
    assert 100 < words / (starts[-1] / 60) < 170  # pauses included


@pytest.mark.parametrize("course", COURSES)
def test_the_sources_are_read_too(course):
    sessions = read_all(EXAMPLES / "courses" / f"{course}.jsonl")
    assert sum(len(s.turns) for s in sessions) == sum(len(row["turns"]) for row in source(course))


@pytest.mark.parametrize("course", COURSES)
def test_a_course_lists_every_appointment_without_words(course):
    rows, entries = source(course), about(course)
    assert [entry["date"] for entry in entries] == [row["date"] for row in rows]
    assert [entry["attendance"] for entry in entries] == [row["attendance"] for row in rows]
    assert any(entry["attendance"]["status"] in ("cancelled", "no_show") for entry in entries)
    numbers = [entry["session"] for entry in entries if "file" in entry]
    assert numbers == list(range(1, 7))
    assert all(entry["session"] is None for entry in entries if "file" not in entry)
    text = (EXAMPLES / course / "course.json").read_text("utf-8")
    assert not any(turn["text"] in text for row in rows for turn in row["turns"][:30])


@pytest.mark.parametrize("course", COURSES)
def test_codes_name_the_turns_of_their_file(course):
    lines = (EXAMPLES / course / "codes.jsonl").read_text("utf-8").splitlines()
    sessions = {row["date"]: row["turns"] for row in source(course)}
    for entry in map(json.loads, lines):
        turns = sessions[entry["date"]]
        for coded in entry["coded"]:
            assert turns[coded["turn"]]["codes"] == coded["codes"]
            assert turns[coded["turn"]]["who"] == coded["who"]
        assert len(entry["coded"]) == sum(bool(turn.get("codes")) for turn in turns)


def test_captions_keep_to_two_lines_and_seven_seconds():
    for row in source("course_c"):
        for spoken in maker().cut(maker().speak(row, random.Random(1))):
            first, last = spoken.words[0], spoken.words[-1]
            one = len(spoken.words) == 1
            assert one or (len(spoken.text) <= 84 and last.end - first.start <= 7.001)


def test_the_demo_has_a_rupture_that_is_repaired():
    session = read(DEMO)
    assert session.format == "zoom"
    assert session.roles.therapist == "Petra Halloway"
    course, date = maker().DEMO_SOURCE
    (row,) = (row for row in source(course) if row["date"] == date)
    codes = {code for turn in row["turns"] for code in turn.get("codes", ())}
    assert {"minimal_response", "own_contribution", "explore_meaning", "negotiate"} <= codes
