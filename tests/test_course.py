"""Reading a course and its tables: what is taken, what is refused, what is noted."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reattune.course import build, read_course
from reattune.errors import InputError
from reattune.tables import read_series, scale_of, series_of
from reattune.types import Scale
from tests.conftest import ROOT, TALK

EXAMPLES = ROOT / "examples"


def points(data: str | bytes, name="srs.csv", **options):
    raw = data.encode() if isinstance(data, str) else data
    own = series_of(raw, name, **options)
    return [(p.session, p.date, p.value) for p in own.points]


def refused(data: str | bytes, name="srs.csv", **options) -> InputError:
    with pytest.raises(InputError) as told:
        points(data, name, **options)
    return told.value


def workbook(rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


DAY1, DAY2 = date(2026, 3, 5), date(2026, 3, 12)
EXPECTED = [(1, DAY1, 38.5), (2, DAY2, None)]


# Series


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("srs.csv", "session,date,value\n1,2026-03-05,38.5\n2,2026-03-12,\n"),
        ("srs.csv", "\ufeffSession;Date;Value\r\n1;2026-03-05;38,5\r\n2;2026-03-12;NA\r\n"),
        ("srs.tsv", "value\tdate\tsession\n38.5\t2026-03-05\t1\nnan\t2026-03-12\t2\n"),
        ("srs.csv", "date,value\n2026-03-12,-\n2026-03-05,38.5\n"),
        ("srs.csv", "session,date,value,comment\n2,2026-03-12,,x\n1,2026-03-05T16:00,38.5,y\n"),
        ("srs.json", '[{"session": 1, "date": "2026-03-05", "value": 38.5},'
                     ' {"session": 2, "date": "2026-03-12", "value": null}]'),
        ("srs.json", '{"points": [{"date": "2026-03-05", "value": 38.5},'
                     ' {"date": "2026-03-12"}]}'),
        ("srs.jsonl", '{"session": 1, "date": "2026-03-05", "value": 38.5}\n'
                      '{"session": 2, "date": "2026-03-12", "value": null}\n'),
        ("srs.xlsx", workbook([["session", "date", "value"], [1, datetime(2026, 3, 5), 38.5],
                               [2, datetime(2026, 3, 12), None]])),
        ("srs.xlsx", workbook([["Date", "Value"], ["2026-03-05", 38.5], ["2026-03-12", ""]])),
    ],
)  # fmt: skip
def test_a_series_is_read_the_same_from_every_format(name, data):
    assert points(data, name) == EXPECTED


def test_sessions_without_dates_are_read():
    assert points("session,value\n2,30\n1,31\n") == [(1, None, 31), (2, None, 30)]


def test_the_measure_is_the_files_name_and_gives_the_scale():
    own = series_of(b"session,value\n1,30\n", "srs.csv")
    assert (own.measure, own.rater, own.scale) == ("srs", "client", Scale(0, 40, 0.1))
    other = series_of(b"session,value\n1,30\n", "alliance.csv")
    assert (other.measure, other.scale) == ("alliance", None)


def test_columns_can_name_measure_rater_and_client():
    data = b"session,value,measure,rater,client\n1,5,wai_s,therapist,7\n"
    own = series_of(data, "x.csv")
    assert (own.measure, own.rater, own.client) == ("wai_s", "therapist", "7")


@pytest.mark.parametrize(
    ("measure", "scale"),
    [
        ("phq9", Scale(0, 27, 1, higher_is_better=False)),
        ("wai_sr:bond", Scale(4, 20, 1)),
        ("checkin_client:item1", Scale(1, 7, 1)),
        ("checkin_client:item5", Scale(1, 7, 1, higher_is_better=False)),
        ("something", None),
    ],
)
def test_scales_of_instruments_subscales_and_items(measure, scale):
    assert scale_of(measure) == scale


@pytest.mark.parametrize("measure", ["wai_sr:bonds", "srs:item9", "srs:item"])
def test_a_part_that_an_instrument_lacks_is_refused(measure):
    assert refused("session,value\n1,5\n", measure=measure).slug == "unknown-measure"


@pytest.mark.parametrize(
    ("data", "slug", "where"),
    [
        ("session,date,score\n1,2026-03-05,5\n", "missing-columns", "srs.csv"),
        ("comment,value\nx,5\n", "missing-columns", "srs.csv"),
        ("session,date,value\n1,2026-03-05,high\n", "not-a-number", "srs.csv, line 2"),
        ("session,date,value\n1,05/03/2026,5\n", "bad-date", "srs.csv, line 2"),
        ("session,date,value\none,2026-03-05,5\n", "bad-session", "srs.csv, line 2"),
        ("session,date,value\n1.5,2026-03-05,5\n", "bad-session", "srs.csv, line 2"),
        ("session,value\n1,5\n,6\n", "bad-session", "srs.csv, line 3"),
        ("date,value\n2026-03-05,5\n2026-03-05,6\n", "duplicate-session", "srs.csv, line 3"),
        ("date,value\n2026-03-05,5\n,6\n", "bad-session", "srs.csv, line 3"),
        ("session,value,rater\n1,5,client\n2,5,therapist\n", "mixed-series", "srs.csv"),
        ("", "empty-file", "srs.csv"),
    ],
)
def test_what_is_no_series_is_refused_with_its_line(data, slug, where):
    error = refused(data)
    assert (error.slug, error.where) == (slug, where)
    assert error.remedy


@pytest.mark.parametrize("data", ["[1, 2]", '{"a": 1}', '[{"session": 1}]'])
def test_json_without_values_is_refused(data):
    assert refused(data, "srs.json").slug == "missing-columns"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("srs.csv", ""),
        ("srs.csv", " \n"),
        ("srs.csv", "session,date,value\n"),
        ("srs.xlsx", workbook([["session", "date", "value"]])),
        ("srs.json", "[]"),
        ("srs.json", '{"points": []}'),
    ],
)
def test_a_table_without_rows_asks_for_rows_not_for_a_transcript(name, data):
    error = refused(data, name)
    assert error.slug == "empty-file"
    assert error.remedy == "Give it the columns date, value and a row for each session."


def test_a_table_of_nothing_but_commas_is_refused():
    assert refused(",,\n,,\n").slug == "missing-columns"


def test_json_names_measure_and_rater_beside_its_points():
    point = '{"session": 1, "date": "2026-03-05", "value": 30%s}'
    around = '{"measure": "wai_s", "rater": "therapist", "limits": {}, "points": [%s]}'
    own = series_of((around % point % "").encode(), "x.json")
    assert (own.measure, own.rater, own.scale) == ("wai_s", "therapist", Scale(12, 84, 1))
    same = series_of((around % point % ', "rater": "therapist"').encode(), "x.json")
    assert same == own
    assert refused(around % point % ', "rater": "client"', "x.json").slug == "mixed-series"
    assert series_of((around % point % "").encode(), "x.json", measure="srs").measure == "srs"
    nothing = around.replace('"wai_s"', "null") % point % ""
    assert series_of(nothing.encode(), "x.json").measure == "x"


def test_a_files_name_says_the_rater_too():
    own = series_of(b"session,value\n1,50\n", "wai_s@therapist.csv")
    assert (own.measure, own.rater, own.scale) == ("wai_s", "therapist", Scale(12, 84, 1))


def test_a_cell_is_never_repeated_in_an_error():
    assert "Tamsin" not in str(refused("session,value\n1,Tamsin\n"))
    assert "Tamsin" not in str(refused("date,value\nTamsin,5\n"))


def test_a_missing_file_is_refused(tmp_path: Path):
    for path, slug in ((tmp_path / "no.csv", "missing-file"), (tmp_path, "is-folder")):
        with pytest.raises(InputError) as told:
            read_series(path)
        assert told.value.slug == slug


# Folders


def write(folder: Path, name: str, data: str | bytes) -> None:
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)


@pytest.mark.parametrize("name", ["course_a", "course_b", "course_c"])
def test_the_demo_courses_are_read_by_their_dates(name):
    course = read_course(EXAMPLES / name)
    assert [n for n, _ in course.held] == [1, 2, 3, 4, 5, 6]
    assert len(course.appointments) == 7
    assert [a.number for a in course.appointments].count(None) == 1
    assert all((a.transcript is not None) == (a.number is not None) for a in course.appointments)
    assert all(len(a.forms) == 3 for a in course.appointments if a.number)
    assert course.notes == ()
    assert course.therapist in ("Ruth Ellery", "Elin Prosser", "Petra Halloway")


def test_repeated_and_missing_session_numbers_do_not_matter():
    """The source of course B counts the missed appointment as session 4 and then 4 again."""
    lines = (EXAMPLES / "courses" / "course_b.jsonl").read_text("utf-8").splitlines()
    rows = [
        {key: row[key] for key in ("session", "date", "attendance") if key in row}
        for row in map(json.loads, lines)
    ]
    assert [row["session"] for row in rows].count(4) == 2
    course = build({"sessions": rows})
    assert [a.number for a in course.appointments] == [1, 2, 3, None, 4, 5, 6]


def test_numbers_that_differ_from_the_dates_are_noted():
    rows = [{"session": 7, "date": "2026-03-05"}, {"session": 2, "date": "2026-03-12"}]
    course = build({"sessions": rows})
    assert [n for n, _ in course.held] == [1, 2]
    assert [note.slug for note in course.notes] == ["sessions-renumbered"]


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
statuses = st.sampled_from(["attended", "late", "no_show", "cancelled", None])


@given(st.dictionaries(days, statuses, min_size=1, max_size=12), st.randoms())
def test_the_order_of_the_rows_is_irrelevant(made, dice):
    rows = [
        {"date": day.isoformat(), **({"attendance": {"status": status}} if status else {})}
        for day, status in made.items()
    ]
    shuffled = list(rows)
    dice.shuffle(shuffled)
    assert build({"sessions": shuffled}) == build({"sessions": rows})
    assert [n for n, _ in build({"sessions": rows}).held] == list(
        range(1, 1 + sum(status not in ("no_show", "cancelled") for status in made.values()))
    )


def test_plain_files_named_by_date_make_a_course(tmp_path: Path):
    write(tmp_path, "2026-03-12-later.txt", TALK)
    write(tmp_path, "2026-03-05.txt", TALK)
    write(tmp_path, "srs.csv", "date,value\n2026-03-05,38\n2026-03-19,36\n")
    write(tmp_path, "wai_sr@therapist.csv", "session,value\n1,50\n2,51\n")
    write(tmp_path, "attendance.csv", "date,status,minutes_late\n2026-03-05,late,12\n"
          "2026-03-12,attended,\n2026-03-26,no-show,\n")  # fmt: skip
    write(tmp_path, "notes.md", "nothing")
    course = read_course(tmp_path)
    assert [(a.date.day, a.number) for a in course.appointments] == [
        (5, 1), (12, 2), (19, 3), (26, None),
    ]  # fmt: skip
    assert [a.transcript is not None for a in course.appointments] == [True, True, False, False]
    assert [v.status for v in course.visits] == ["late", "attended", "no_show"]
    found = {own.measure: (own.rater, [p.session for p in own.points]) for own in course.series}
    assert found == {"srs": ("client", [1, 3]), "wai_sr": ("therapist", [1, 2])}
    assert {own.client for own in course.series} == {tmp_path.name}
    assert course.notes == ()


def test_a_moved_and_a_held_appointment_can_share_a_day(tmp_path: Path):
    write(tmp_path, "2026-03-05.txt", TALK)
    write(tmp_path, "attendance.csv", "date,status,notice_hours\n2026-03-05,rescheduled,48\n"
          "2026-03-05,attended,\n")  # fmt: skip
    course = read_course(tmp_path)
    assert [(a.number, a.visit.status) for a in course.appointments if a.visit] in (
        [(None, "rescheduled"), (1, "attended")], [(1, "attended"), (None, "rescheduled")],
    )  # fmt: skip
    assert sum(a.transcript is not None for a in course.appointments) == 1


def test_a_file_that_cannot_be_read_is_left_out_with_a_note(tmp_path: Path):
    write(tmp_path, "2026-03-05.txt", TALK)
    write(tmp_path, "2026-03-12.txt", b"\x00\x01\x02" * 50)
    write(tmp_path, "srs.csv", "session,value\n1,high\n")
    course = read_course(tmp_path)
    assert [a.transcript is not None for a in course.appointments] == [True, False]
    assert [note.slug for note in course.notes] == ["file-left-out"] * 2
    assert "srs.csv, line 2 is left out: The value is not a number." in course.notes[0].text
    assert "[binary-file]" in course.notes[1].text


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("srs.csv", "session,value\n1,38\n2,41\n",
         "srs.csv, session 2 is left out: The value 41 is outside 0 to 40."),
        ("srs.csv", "session,value\n1,38\n1,36\n",
         "srs.csv, session 1 is left out: There are two values for one session."),
        ("srs.csv", "session,date,value\n1,2026-03-05,38\n2,2026-03-05,36\n",
         "srs.csv, session of 2026-03-05 is left out: There are two values for one date."),
        ("srs.csv", "session,date,value\n2,2026-03-05,38\n1,,36\n",
         "srs.csv, session 1 is left out: There are two values for one session."),
        ("srs.csv", "", "srs.csv is left out: The table has no rows."),
        ("attendance.csv", "date,status\n2026-03-05,ill\n",
         "attendance.csv, line 2 is left out: The status is not known."),
        ("attendance.csv", "date,status\n,late\n",
         "attendance.csv is left out: A visit has no date."),
        ("attendance.csv", "date,status,minutes_late\n2026-03-05,late,9999\n",
         "attendance.csv, row 1 is left out: The minutes late cannot be."),
        ("attendance.csv", "date,status\n2026-03-05,late\n2026-03-05,no_show\n",
         "attendance.csv, visit of 2026-03-05 is left out: There are two appointments on one day."),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_is_left_out_and_ends_nothing(tmp_path: Path, name, data, said):
    write(tmp_path, "2026-03-05.txt", TALK)
    write(tmp_path, "ors.csv", "date,value\n2026-03-05,30\n")
    write(tmp_path, name, data)
    course = read_course(tmp_path)
    (note,) = course.notes
    assert (note.slug, note.text.startswith(said)) == ("file-left-out", True), note.text
    assert [own.measure for own in course.series] == ["ors"]
    assert course.held == ((1, DAY1),)


def test_a_table_may_name_another_measure_than_its_file(tmp_path: Path):
    write(tmp_path, "2026-03-05.txt", TALK)
    write(tmp_path, "old.json", '{"measure": "srs", "points": [{"session": 1, "value": 30}]}')
    (own,) = read_course(tmp_path).series
    assert (own.measure, own.scale) == ("srs", Scale(0, 40, 0.1))


def test_scores_that_belong_to_no_session_are_noted(tmp_path: Path):
    write(tmp_path, "2026-03-05.txt", TALK)
    write(tmp_path, "srs.csv", "session,value\n1,38\n5,36\n")
    course = read_course(tmp_path)
    assert [note.slug for note in course.notes] == ["scores-without-session"]
    assert [p.session for p in course.series[0].points] == [1]


def test_answers_to_an_appointment_that_was_missed_are_noted():
    rows = [{"date": "2026-03-05", "attendance": {"status": "no_show"}, "measures": {"srs": [1]}}]
    course = build({"sessions": rows})
    assert [note.slug for note in course.notes] == ["session-not-held"]
    assert course.held == ()


def course_json(tmp_path: Path, data) -> InputError:
    write(tmp_path, "course.json", data if isinstance(data, str) else json.dumps(data))
    with pytest.raises(InputError) as told:
        read_course(tmp_path)
    return told.value


@pytest.mark.parametrize(
    ("data", "slug", "where"),
    [
        ("[]", "bad-course", "course.json"),
        ("{", "damaged-json", "course.json, line 1"),
        ({"client": "x"}, "bad-course", "course.json"),
        ({"sessions": [1]}, "bad-course", "course.json"),
        ({"sessions": [], "session": []}, "bad-course", "course.json"),
        ({"sessions": [{"date": "2026-03-05", "dates": 1}]}, "bad-course", "course.json, row 1"),
        ({"sessions": [{"session": 1}]}, "bad-date", "row 1"),
        ({"sessions": [{"date": "5 March"}]}, "bad-date", "row 1"),
        ({"sessions": [{"date": "2026-03-05", "file": "../x.txt"}]}, "bad-course",
         "course.json, row 1"),
        ({"sessions": [{"date": "2026-03-05", "file": 3}]}, "bad-course", "course.json, row 1"),
        ({"sessions": [{"date": "2026-03-05", "measures": [1]}]}, "bad-course", "row 1"),
        ({"sessions": [{"date": "2026-03-05", "measures": {"srs": 38}}]}, "bad-course", "row 1"),
        ({"sessions": [{"date": "2026-03-05", "measures": {"srs@mother": [1]}}]}, "bad-course",
         "row 1"),
        ({"sessions": [{"date": "2026-03-05"}, {"date": "2026-03-05"}]}, "duplicate-session",
         "session of 2026-03-05"),
        ({"sessions": [{"date": "2026-03-05"}, {"date": "2026-03-12",
          "attendance": {"status": "ill"}}]}, "bad-visit", "row 2"),
    ],
)  # fmt: skip
def test_a_course_that_cannot_be_is_refused(tmp_path, data, slug, where):
    error = course_json(tmp_path, data)
    assert (error.slug, error.where) == (slug, where)
    assert error.remedy


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path):
    inside = tmp_path / "course"
    inside.mkdir()
    write(tmp_path, "secret.txt", TALK)
    (inside / "session.txt").symlink_to(tmp_path / "secret.txt")
    data = {"sessions": [{"date": "2026-03-05", "file": "session.txt"}]}
    assert course_json(inside, data).slug == "bad-course"


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_without_a_course_is_refused(tmp_path: Path, empty):
    with pytest.raises(InputError) as told:
        read_course(tmp_path if empty else tmp_path / "nowhere")
    assert told.value.slug == "no-course"


def test_a_transcript_that_is_named_but_missing_is_noted(tmp_path: Path):
    write(tmp_path, "course.json", json.dumps(
        {"sessions": [{"date": "2026-03-05", "file": "gone.txt"}, {"date": "2026-03-12"}]}
    ))  # fmt: skip
    course = read_course(tmp_path)
    assert len(course.held) == 2
    assert "gone.txt is left out" in course.notes[0].text
