"""Changes, ruptures and plans as JSON, there and back."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from reattune.errors import InputError
from reattune.repair import HUMAN, Change
from reattune.repair_rows import (
    change_from_dict,
    change_to_dict,
    plan_to_dict,
    read_changes,
    rupture_from_dict,
    rupture_to_dict,
    write_changes,
)
from tests.courses import demo
from tests.test_repair_find import (
    AWAY,
    CALM,
    following,
)
from tests.test_repair_plan import NOW, TOLD, plan

# Rows and JSON


def test_a_change_is_read_back_as_written(tmp_path):
    row = Change("s1-1", "notice", "not_yet", "tried", NOW, 1, "ruth", HUMAN, "“Quiet”, I said.")
    assert change_from_dict(json.loads(json.dumps(change_to_dict(row)))) == row
    path = tmp_path / "repair.jsonl"
    path.write_text(write_changes([row, row]) + "\n", "utf-8")
    assert read_changes(path) == (row, row)


@pytest.mark.parametrize("name", "ab")
def test_a_rupture_is_read_back_as_written(name):
    for rupture in plan(demo(name)).record:
        assert rupture_from_dict(json.loads(json.dumps(rupture_to_dict(rupture)))) == rupture


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "line 1"),
        ("[]", "line 1"),
        ('{"rupture": "s1-1"}', "missing"),
        ('{"rupture": "s1-1", "mood": "sad"}', "mood"),
        ('{"rupture": 3}', "rupture"),
        ('{"when": "yesterday"}', "ISO"),
        ('{"by": "nobody"}', "by"),
    ],
)
def test_a_line_that_is_no_change_is_named(tmp_path, line, what):
    path = tmp_path / "repair.jsonl"
    path.write_text(line, "utf-8")
    with pytest.raises(InputError, match=what) as caught:
        read_changes(path)
    assert caught.value.slug == "bad-change"


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.jsonl"):
        read_changes(tmp_path / "none.jsonl")


def test_a_change_of_a_rupture_that_is_not_there_is_refused():
    row = Change("s9-1", "", "open", "repaired", NOW, 9, "ruth", HUMAN, "Yes.")
    with pytest.raises(InputError) as caught:
        plan(following(AWAY), (), [row])
    assert caught.value.slug == "change-elsewhere"


def test_rows_may_be_about_ruptures_that_only_earlier_rows_set_apart():
    course = following(AWAY + CALM, CALM, AWAY + CALM)
    rows = [
        Change("s1-1", "", "open", "repaired", NOW, 1, "ruth", HUMAN, "Settled by phone."),
        Change("s3-1", "notice", "not_yet", "tried", NOW + timedelta(hours=1), 3, "ruth", HUMAN),
    ]
    made = plan(course, (), rows)
    assert [(own.rupture.id, own.rupture.state) for own in made.ruptures] == [
        ("s3-1", "open"),
        ("s1-1", "repaired"),
    ]
    assert plan(course, made.record, rows) == made


@pytest.mark.parametrize("name", "abc")
def test_the_json_holds_the_plan_with_the_sentences_it_names(name):
    data = json.loads(json.dumps(plan_to_dict(plan(demo(name)))))
    assert data["schema"] == "reattune.plan/1"
    for own in data["ruptures"]:
        for step in own["steps"]:
            for id in (step["aim"], *step["phrases"], *step["avoid"]):
                assert data["texts"][id]["text"] == TOLD.texts[id].text
                assert data["texts"][id]["sources"]
    assert all(TOLD.texts[id].text == text["text"] for id, text in data["texts"].items())
