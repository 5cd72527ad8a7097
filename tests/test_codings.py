"""Codings as data: read from every form, checked against each other, compared, settled, written."""

from __future__ import annotations

import json
import math

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reattune.agreement_report import agreement_report, units_of
from reattune.codebook import CODES, FAMILIES
from reattune.codings import (
    KNOWN,
    CodedTurn,
    Coding,
    disagreements,
    disagreements_csv,
    read_all_codings,
    read_codings,
    settle,
    to_csv,
    to_jsonl,
)
from reattune.errors import InputError
from reattune.types import Session, Turn

SECRET = "Ludmilla Krasnapolski"

A_CSV = """session,turn,codes,intensity,who
s1,1,,,T
s1,2,minimal_response;denial,micro,C
s1,3,invite,,T
s1,4,?,,C
"""
B_CSV = A_CSV.replace("minimal_response;denial", "minimal_response").replace("?", "")


def write(folder, **files):
    paths = []
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        path = folder / f"{stem}.{suffix}"
        path.write_text(text, "utf-8")
        paths.append(path)
    return paths


def turn(number, *codes, **more):
    return CodedTurn(number, codes, **more)


def refused(call) -> InputError:
    with pytest.raises(InputError) as error:
        call()
    assert SECRET not in str(error.value)
    return error.value


# Reading


def test_a_table_is_read(tmp_path):
    (path,) = write(tmp_path, ann_csv=A_CSV)
    (coding,) = read_codings(path)
    assert (coding.session, coding.coder, len(coding.turns)) == ("s1", "ann", 4)
    assert coding.turns[1] == turn(
        1, "minimal_response", "denial", intensity="micro", role="client"
    )
    assert coding.turns[0].judged
    assert not coding.turns[3].judged


@pytest.mark.parametrize(
    "text",
    [
        "Session;Turn;Codes;Coder\ns1;1;denial,repair;Ann\ns1;2;;Ben\n",
        "session\tturn\tcodes\tcoder\ns1\t1\tdenial|repair\tAnn\ns1\t2\t\tBen\n",
        'session,turn,codes,coder\ns1,1,"repair, denial",Ann\ns1,2,,Ben\n',
    ],
)
def test_delimiters_and_coders_in_a_column(text, tmp_path):
    (path,) = write(tmp_path, all_csv=text)
    one, two = read_codings(path)
    assert (one.coder, two.coder) == ("Ann", "Ben")
    assert one.turns == (turn(0, "denial", "repair"),)


def test_a_workbook_and_short_rows(tmp_path):
    book = openpyxl.Workbook()
    for row in (["Session", "Turn", "Codes", "Start"], ["s1", 1, "denial", "0:30"], ["s1", 2]):
        book.active.append(row)
    book.save(tmp_path / "ann.xlsx")
    (coding,) = read_codings(tmp_path / "ann.xlsx")
    assert coding.turns == (turn(0, "denial", start=30.0), turn(1))
    (path,) = write(tmp_path, ben_csv="session,turn,codes\ns1,1,denial\ns1,2\n")
    assert read_codings(path)[0].turns == (turn(0, "denial"), turn(1))


def test_json_lines_by_turn_and_by_session(tmp_path):
    rows = [
        {"session": "s1", "turn": 1, "codes": ["denial"], "start": "0:01:05"},
        {"session": "s1", "turn": 2, "codes": None},
    ]
    whole = {
        "id": "s1",
        "turns": [
            {"who": "C", "text": SECRET, "codes": ["denial"], "intensity": "major"},
            {"who": "T", "text": "Mm."},
        ],
    }
    by_turn, labelled = write(
        tmp_path, a_jsonl="\n".join(map(json.dumps, rows)), b_jsonl=json.dumps(whole)
    )
    (one,), (two,) = read_codings(by_turn), read_codings(labelled)
    assert one.turns == (turn(0, "denial", start=65.0), turn(1, judged=False))
    assert two.turns[0] == turn(0, "denial", intensity="major", role="client")
    assert two.turns[1] == turn(1, role="therapist")


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("who,text\nT,Hello\n", "codings-unreadable"),
        ("session,turn,codes\ns1,0,\n", "bad-coding"),
        ("session,turn,codes\ns1,one,\n", "bad-coding"),
        ("session,turn,codes\n,1,\n", "bad-coding"),
        ("session,turn,codes\ns1,1,\ns1,1,denial\n", "bad-coding"),
        ("session,turn,codes\n", "bad-coding"),
        ("session,turn,codes,intensity\ns1,1,denial,huge\n", "bad-coding"),
        (f"session,turn,codes\ns1,1,{SECRET}\n", "unknown-code"),
    ],
)
def test_bad_files_are_refused_without_words(text, slug, tmp_path):
    (path,) = write(tmp_path, a_csv=text)
    error = refused(lambda: read_codings(path))
    assert error.slug == slug
    assert error.remedy
    assert "a.csv" in error.where


def test_the_line_is_named(tmp_path):
    (path,) = write(tmp_path, a_csv="session,turn,codes\ns1,1,\ns1,2,nonsense\n")
    assert refused(lambda: read_codings(path)).where == "a.csv, line 3"


def test_files_of_one_name_stay_apart(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, s1_csv=A_CSV)
    codings = read_all_codings([tmp_path / "x" / "s1.csv", tmp_path / "y" / "s1.csv"])
    assert [c.coder for c in codings] == ["s1", "s1 (2)"]
    twice = tmp_path / "z.csv"
    twice.write_text("session,turn,codes,coder\ns1,1,,s1\n", "utf-8")
    error = refused(lambda: read_all_codings([tmp_path / "x" / "s1.csv", twice]))
    assert error.slug == "codings-mismatch"


# ELAN

TIMED = Session(
    (
        Turn("T", "How was that?", "therapist", 0.0, 4.0),
        Turn("C", SECRET, "client", 4.5, 6.0),
        Turn("T", "Mm.", "therapist", 6.5, 7.0),
        Turn("C", "Whatever.", "client", 7.5, 12.0),
    )
)


def eaf(*tiers: str) -> str:
    slots = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="ts{i}" {f"""TIME_VALUE="{at}" """ if at is not None else ""}/>'
        for i, at in enumerate([4400, 6100, 7600, None, 11000, 7100])
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT VERSION="3.0">'
        f"<TIME_ORDER>{slots}</TIME_ORDER>{''.join(tiers)}</ANNOTATION_DOCUMENT>"
    )


def tier(name: str, *annotations: tuple[int, int, str], annotator: str = "") -> str:
    rows = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}{i}" TIME_SLOT_REF1="ts{a}" '
        f'TIME_SLOT_REF2="ts{b}"><ANNOTATION_VALUE>{value}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
        for i, (a, b, value) in enumerate(annotations)
    )
    return f'<TIER TIER_ID="{name}" ANNOTATOR="{annotator}">{rows}</TIER>'


def test_elan_tiers_are_coders_on_turns(tmp_path):
    text = eaf(
        tier("words", (0, 1, SECRET)),
        tier("Ann", (0, 1, "denial"), (2, 4, "withdrawal")),
        tier("codes B1", (0, 1, "denial; minimal_response"), annotator="Ben"),
        tier("codes B2", (1, 5, "invite"), annotator="Ben"),
    )
    (path,) = write(tmp_path, s1_eaf=text)
    ann, ben = read_codings(path, {"s1": TIMED})
    assert (ann.coder, ann.session, ben.coder) == ("Ann", "s1", "Ben")
    assert [t.codes for t in ann.turns] == [(), ("denial",), (), ("withdrawal",)]
    assert [t.codes for t in ben.turns] == [(), ("minimal_response", "denial"), ("invite",), ()]
    assert ann.turns[1].role == "client"


def test_elan_of_dependent_tiers_and_pauses(tmp_path):
    child = (
        '<TIER TIER_ID="Ann" PARENT_REF="words"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="r1" '
        'ANNOTATION_REF="words0"><ANNOTATION_VALUE>denial</ANNOTATION_VALUE></REF_ANNOTATION>'
        "</ANNOTATION></TIER>"
    )
    (path,) = write(tmp_path, s1_eaf=eaf(tier("words", (0, 1, SECRET)), child))
    (ann,) = read_codings(path, {"only": TIMED})
    assert ann.session == "only"
    assert ann.turns[1].codes == ("denial",)


@pytest.mark.parametrize(
    ("text", "sessions", "slug"),
    [
        (eaf(tier("Ann", (0, 1, "denial"))), {}, "eaf-needs-transcript"),
        (eaf(), {"s1": Session.from_turns([("T", "a")])}, "eaf-needs-transcript"),
        (eaf(tier("Ann", (0, 1, "denial"), (1, 2, SECRET))), {"s1": TIMED}, "eaf-unreadable"),
        (eaf(tier("words", (0, 1, SECRET))), {"s1": TIMED}, "eaf-unreadable"),
        ("<!DOCTYPE x><ANNOTATION_DOCUMENT/>", {"s1": TIMED}, "eaf-unreadable"),
        ("<ANNOTATION_DOC", {"s1": TIMED}, "eaf-unreadable"),
        ("<html/>", {"s1": TIMED}, "eaf-unreadable"),
    ],
)
def test_bad_elan_is_refused(text, sessions, slug, tmp_path):
    (path,) = write(tmp_path, s1_eaf=text)
    assert refused(lambda: read_codings(path, sessions)).slug == slug


# Beside each other


def pair(*two: tuple[CodedTurn, ...], session: str = "s1") -> list[Coding]:
    return [Coding(session, coder, turns) for coder, turns in zip("AB", two, strict=True)]


def test_other_sessions_and_turns_are_refused():
    other = [Coding("s1", "A", (turn(0),)), Coding("s2", "B", (turn(0),))]
    error = refused(lambda: disagreements(other))
    assert error.slug == "codings-mismatch"
    assert "2 coders, 2 sessions" in error.what
    shorter = pair((turn(0), turn(1), turn(2)), (turn(0),))
    error = refused(lambda: agreement_report(shorter))
    assert error.where == "s1"
    assert "2 stand with one of them only, turn 2 first" in error.what
    roles = pair((turn(0, role="client"),), (turn(0, role="therapist"),))
    assert "different speakers, turn 1" in refused(lambda: disagreements(roles)).what


def test_a_shorter_transcript_is_refused(tmp_path):
    (path,) = write(tmp_path, a_csv="session,turn,codes\ns1,9,\n")
    error = refused(lambda: read_all_codings([path], {"s1": TIMED}))
    assert error.slug == "codings-mismatch"
    assert "turn 9" in error.what


def test_disagreements_leave_out_who_did_not_judge(tmp_path):
    one, two = write(tmp_path, ann_csv=A_CSV, ben_csv=B_CSV)
    (found,) = disagreements(read_all_codings([one, two]))
    assert (found.session, found.turn, found.role) == ("s1", 1, "client")
    assert found.codes == {"ann": ("minimal_response", "denial"), "ben": ("minimal_response",)}
    assert found.text == ""
    assert disagreements_csv([found]) == (
        "session,turn,who,ann,ben\n"
        "s1,2,client,minimal_response;denial (micro),minimal_response (micro)\n"
    )


def test_words_stand_with_disagreements_where_the_transcript_is_given():
    codings = pair(tuple(map(turn, range(4))), (turn(0), turn(1, "denial"), turn(2), turn(3)))
    (found,) = disagreements(codings, {"s1": TIMED})
    assert found.text == SECRET
    assert disagreements_csv([found]).splitlines()[0] == "session,turn,who,A,B,text"


def test_consensus_keeps_what_agrees_and_says_what_is_left():
    codings = pair(
        (turn(0, "denial"), turn(1, "invite"), turn(2)),
        (turn(0, "denial"), turn(1), turn(2, "validate")),
    )
    (made,), left = settle(codings)
    assert [t.codes for t in made.turns] == [("denial",), (), ()]
    assert [t.judged for t in made.turns] == [True, False, False]
    assert [d.turn for d in left] == [1, 2]
    talked = [Coding("s1", "consensus", (turn(1, "invite"),))]
    (made,), left = settle(codings, talked)
    assert made.coder == "consensus"
    assert made.turns[1] == turn(1, "invite")
    assert [d.turn for d in left] == [2]


# Writing

turns_of = st.lists(
    st.tuples(
        st.lists(st.sampled_from(KNOWN), unique=True, max_size=4),
        st.sampled_from([None, "micro", "major"]),
        st.sampled_from(["client", "therapist", "other", "unknown"]),
        st.booleans(),
        st.one_of(st.none(), st.integers(0, 9000).map(float)),
    ),
    min_size=1,
    max_size=8,
)


def made_of(rows) -> tuple[CodedTurn, ...]:
    return tuple(
        CodedTurn(
            i, tuple(c for c in KNOWN if judged and c in codes), level, role, judged, start, start
        )
        for i, (codes, level, role, judged, start) in enumerate(rows)
    )


@given(turns_of, st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9))
def test_what_is_written_is_read_again(tmp_path_factory, rows, name):
    folder = tmp_path_factory.mktemp("codings")
    codings = [Coding(name, "Ann, B.", made_of(rows)), Coding("s 2", 'O"B', made_of(rows[:1]))]
    for suffix, text in (("csv", to_csv(codings)), ("jsonl", to_jsonl(codings))):
        path = folder / f"codings.{suffix}"
        path.write_text(text, "utf-8")
        assert read_codings(path) == codings
        path.unlink()


# Units and the report


def test_turns_are_units_of_their_speaker():
    roles = ("therapist", "client", "unknown")
    one = tuple(turn(i, role=role) for i, role in enumerate(roles))
    units = units_of(pair(one, one))
    assert units.of("client").tolist() == [False, True, True]
    report = agreement_report(pair(one, one))
    assert report["families"]["withdrawal"]["n"] == 2
    assert "speakers-unknown" in {note["slug"] for note in report["notes"]}


def test_segments_are_cut_by_time_or_by_share():
    timed = tuple(turn(i, start=100.0 * i) for i in range(12))  # 20 minutes
    coded = (turn(0, "denial", start=0.0), *timed[1:])
    units = units_of(pair(coded, timed), level="segment")
    assert len(units.roles) == 4
    assert units.codes[:, 0, CODES.index("denial")].tolist() == [1, 0, 0, 0]
    assert units.families[0, 0, FAMILIES.index("withdrawal")] == 1
    assert len(units_of(pair(coded, timed), level="segment", minutes=10).roles) == 2
    plain = tuple(turn(i) for i in range(30))
    units = units_of(pair(plain, plain), level="segment")
    assert len(units.roles) == 10
    report = agreement_report(pair(plain, plain), level="segment")
    assert "segments-without-times" in {note["slug"] for note in report["notes"]}


def test_a_segment_is_judged_where_all_of_it_was():
    plain = tuple(turn(i, start=float(i)) for i in range(4))
    holes = (*plain[:3], turn(3, judged=False, start=3.0))
    units = units_of(pair(plain, holes), level="segment")
    assert np.isnan(units.codes[0, 1]).all()
    assert agreement_report(pair(plain, holes), level="segment")["families"]["any"]["n"] == 0


def test_many_coders_and_sessions_that_only_some_coded():
    rng = np.random.default_rng(3)
    codings = []
    for s in range(4):
        truth = rng.random(40) < 0.3
        for coder in "ABC"[: 3 if s else 2]:
            own = truth ^ (rng.random(40) < 0.1)
            turns = tuple(
                turn(i, *(["denial"] if on else []), role="client") for i, on in enumerate(own)
            )
            codings.append(Coding(f"s{s}", coder, turns))
    codings.append(Coding("alone", "A", (turn(0),)))
    report = agreement_report(codings)
    row = report["codes"]["denial"]
    assert report["coders"] == ["A", "B", "C"]
    assert (report["sessions"], row["n"]) == (4, 160)
    assert "fleiss" in row
    low, high = row["kappa"]["interval_95"]
    assert low < row["kappa"]["value"] < high
    assert report["counts"]["withdrawal"]["n"] == 3  # C left out one session
    assert "sessions-by-one-coder" in {note["slug"] for note in report["notes"]}
    assert report["intensity"] is None


def test_the_words_say_what_figures_do_not():
    rare = [turn(i, *(["denial"] if i < 2 else []), role="client") for i in range(60)]
    missed = [turn(i, *(["denial"] if i == 1 else []), role="client") for i in range(60)]
    often = [turn(i, *(["denial"] if i < 9 else []), role="client") for i in range(60)]
    row = agreement_report(pair(tuple(rare), tuple(missed)))["codes"]
    assert "Kappa falls where a code is rare" in row["denial"]["words"][0]
    assert "Nobody used it" in row["deference"]["words"][0]
    assert math.isnan(row["deference"]["kappa"]["value"])
    assert row["deference"]["kappa"]["why"]
    words = " ".join(
        agreement_report(pair(tuple(often), tuple(missed)))["codes"]["denial"]["words"]
    )
    assert "One coder used it 9 times, another 1" in words


def test_intensity_warns_of_a_coder_who_says_one_level():
    def session(levels):
        return tuple(
            turn(i, *(["denial"] if level else []), intensity=level, role="client")
            for i, level in enumerate(levels)
        )

    careful = session([None] * 70 + ["micro"] * 20 + ["major"] * 10)
    careless = session([None] * 98 + ["micro"] * 2)
    found = agreement_report(pair(careful, careless))["intensity"]
    assert found["ac2_quadratic"]["value"] > found["kappa_linear"]["value"] + 0.5
    assert "AC2 with quadratic weights flatters" in found["words"][0]
