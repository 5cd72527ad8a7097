"""CHAT, tables, JSON Lines, Word, and the public functions of reading."""

import inspect
import json
import re
from pathlib import Path

import pytest

from reattune.errors import InputError, RoleError
from reattune.readers import (
    READERS,
    Reader,
    read,
    read_all,
    read_all_bytes,
    read_bytes,
)
from tests.reading import TRANSCRIPTS, note, parse, parse_all, said, slugs, times, word, workbook

# --- CHAT ----------------------------------------------------------------------------------------


def test_chat_codes_bullets_tiers_and_roles():
    session = parse("session.cha")
    assert said(session) == [
        ("THE", "so how was the [pause] the week?"),
        ("CLI", "um it was it was okay [laughs]."),
        (
            "CLI",
            "I went to my sister's and she said [crosstalk] that I was being [inaudible] about "
            "it ...",
        ),
        ("THE", "you went [crosstalk]."),
        ("INV", "sorry [whispering] the tape ran out —"),
        ("THE", "ice cream then?"),
    ]
    assert times(session)[:3] == [(1.5, 4.2), (4.2, 6.9), (7.0, 12.25)]
    roles = ["therapist", "client", "client", "therapist", "unknown", "therapist"]
    assert [turn.role for turn in session.turns] == roles
    assert "turns-empty" in slugs(session)


def test_chat_roles_come_from_the_id_header_too():
    text = "@Begin\n@ID:\teng|x|AAA|||||Therapist|||\n*AAA:\thello .\n*BBB:\thi .\n@End\n"
    assert [turn.role for turn in parse("x.cha", text).turns] == ["therapist", "unknown"]


# --- tables --------------------------------------------------------------------------------------


def test_csv_with_times_roles_and_gaps():
    session = parse("table.csv")
    assert said(session) == [
        ("Ruth", 'You said "fine", and then you looked away.'),
        ("Sol", "Did I. [laughs]"),
        ("Ruth", "You did, yes."),
        ("Client", "Okay."),
    ]
    assert times(session) == [(2.0, 6.0), (7.5, 8.0), (9.0, 12.0), (15.0, 16.0)]
    assert [turn.role for turn in session.turns] == ["therapist", "client"] * 2
    assert note(session, "turns-empty") == "Left out 1 row without words."


def test_semicolons_and_milliseconds():
    session = parse("semicolon.csv")
    assert said(session) == [("T", "Wo war das?"), ("C", "Zu Hause, glaube ich")]
    assert [turn.start for turn in session.turns] == [1.5, 2.75]


def test_tabs():
    session = parse("table.tsv")
    assert said(session)[1] == ("C", "Strange; good, I think.")


@pytest.mark.parametrize("header", ["who", "Speaker Name", "role", "interlocutor", "PARTICIPANT"])
@pytest.mark.parametrize("text", ["text", "Utterance", "utterance_text", "Transcript", "content"])
def test_usual_header_names(header, text):
    assert said(parse("x.csv", f"n,{header},{text}\n1,T,Hi\n")) == [("T", "Hi")]


def test_titles_above_the_header_and_a_line_naming_the_delimiter():
    text = "sep=;\nClinic North\nspeaker;text\nT;Hi\nC;Yo\n"
    assert said(parse("x.csv", text)) == [("T", "Hi"), ("C", "Yo")]


def test_a_table_without_header_is_told_by_known_labels():
    session = parse("x.csv", '0:01,T,"How are you, then?"\n0:04,C,Well enough.\n')
    assert said(session) == [("T", "How are you, then?"), ("C", "Well enough.")]
    assert [turn.start for turn in session.turns] == [1.0, 4.0]
    assert "columns-assumed" in slugs(session)


def test_a_row_without_speaker_goes_on_with_the_one_above():
    session = parse("x.csv", "speaker,text\nAna,One\n,Two\nBen,Three\n")
    assert said(session) == [("Ana", "One"), ("Ana", "Two"), ("Ben", "Three")]
    assert "rows-continued" in slugs(session)


def test_stray_quotation_marks_within_a_cell():
    session = parse("x.csv", 'speaker,text\nT,"I said "no" to him"\nC,Yes\n')
    assert [turn.speaker for turn in session.turns] == ["T", "C"]
    assert "no" in session.turns[0].text


def test_a_session_column_tells_sessions_apart():
    data = b"session_id,speaker,text\ns1,T,Hi\ns1,C,Yo\ns2,T,Back\n"
    sessions = parse_all("x.csv", data)
    assert [(s.source, len(s.turns)) for s in sessions] == [("s1", 2), ("s2", 1)]


def test_xlsx_takes_the_sheet_that_has_a_transcript():
    data = workbook(
        [["Notes"], ["nothing here"]],
        [["Session 3"], [], ["Start", "Speaker", "Text"], [1.5, "T", "Hi"], [3, "C", 42]],
    )
    session = parse("x.xlsx", data)
    assert session.format == "table"
    assert said(session) == [("T", "Hi"), ("C", "42")]
    assert [turn.start for turn in session.turns] == [1.5, 3.0]


def test_annomi_transcripts_texts_as_given_repeats_left_out():
    first, second = parse_all("annomi.csv")
    assert (first.source, second.source) == ("annomi-0", "annomi-7")
    assert said(first) == [
        ("therapist", "Thanks for  coming in, Sol. "),
        ("client", "[laughter] Sure."),
    ]
    assert [turn.start for turn in first.turns] == [13.0, 24.0]
    assert "rows-repeated" in slugs(first)
    assert "times-backward" in slugs(second)


# --- JSON Lines ----------------------------------------------------------------------------------


def test_jsonl_keeps_texts_as_given_and_says_what_it_skipped():
    first, second = parse_all("sessions.jsonl")
    assert said(first) == [("T", "You  found parking? "), ("C", "(laughs) Round back.")]
    assert first.source == "a-01"
    assert note(first, "sessions-skipped") == "Skipped 1 record without turns."
    assert second.source == "sessions.jsonl#4"
    assert said(second)[2] == ("O", "")
    assert times(second) == [(2.5, 4.0), (5.0, None), (None, None)]
    assert [turn.role for turn in second.turns] == ["therapist", "client", "other"]


def test_one_json_object_and_a_list_of_them():
    one = {"id": 5, "turns": [{"who": "T", "text": "Hi"}, {"speaker": "C", "text": "Yo"}]}
    assert said(parse("x.json", json.dumps(one, indent=2))) == [("T", "Hi"), ("C", "Yo")]
    assert [s.source for s in parse_all("x.json", json.dumps([one, one]).encode())] == ["5", "5"]


def test_half_a_surrogate_pair_is_replaced_so_that_the_text_can_be_written():
    session = parse("x.json", r'{"turns": [{"who": "T", "text": "a\ud83dz"}]}')
    assert session.turns[0].text == "a\ufffdz"


# --- Word ----------------------------------------------------------------------------------------


def test_word_paragraphs_with_names():
    def build(document):
        document.add_heading("Session 5", 1)
        paragraph = document.add_paragraph()
        paragraph.add_run("Ruth:").bold = True
        paragraph.add_run(" You are early.")
        document.add_paragraph("Sol:\tThe bus was early.")
        document.add_paragraph("I ran. (laughs)")
        document.add_paragraph("Ruth: You ran?")

    session = parse("x.docx", word(build))
    assert said(session) == [
        ("Ruth", "You are early."),
        ("Sol", "The bus was early. I ran. [laughs]"),
        ("Ruth", "You ran?"),
    ]
    assert slugs(session) == ["preamble-skipped", "no-times"]


def test_word_export_of_teams():
    def build(document):
        document.add_paragraph("Weekly session-20260312_100033-Meeting Transcript")
        document.add_paragraph("March 12, 2026, 10:00AM")
        document.add_paragraph("48m 7s")
        document.add_paragraph("Ruth Ellery started transcription")
        for name, time, text in (
            ("Ruth Ellery", "0:03", "Can you hear me?"),
            ("Ruth Ellery", "0:05", "Good."),
            ("Sol (Guest)", "0:09", "Yes."),
            ("Ruth Ellery", "1:00:12", "We have to stop."),
        ):
            paragraph = document.add_paragraph()
            paragraph.add_run(name).bold = True
            paragraph.add_run(f"   {time}")
            paragraph.add_run().add_break()
            paragraph.add_run(text)
        document.add_paragraph("Ruth Ellery stopped transcription")

    session = parse("x.docx", word(build))
    assert said(session) == [
        ("Ruth Ellery", "Can you hear me? Good."),
        ("Sol (Guest)", "Yes."),
        ("Ruth Ellery", "We have to stop."),
    ]
    assert [turn.start for turn in session.turns] == [3.0, 9.0, 3612.0]
    assert "fragments-joined" in slugs(session)


def test_older_word_export_of_teams():
    def build(document):
        document.add_paragraph("0:0:0.0 --> 0:0:1.510\nSol\nOK. Yeah.")
        document.add_paragraph("0:0:3.270 --> 0:0:4.250\nRuth Ellery\nUmm.")

    session = parse("x.docx", word(build))
    assert said(session) == [("Sol", "OK. Yeah."), ("Ruth Ellery", "Umm.")]
    assert times(session) == [(0.0, 1.51), (3.27, 4.25)]


@pytest.mark.parametrize("header", [True, False])
def test_word_tables(header):
    def build(document):
        document.add_paragraph("Session 5")
        rows = [("Speaker", "Text")] * header + [("T:", "Hello."), ("C:", "Hi. (pause)")]
        table = document.add_table(0, 2)
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text

    session = parse("x.docx", word(build))
    assert said(session) == [("T", "Hello."), ("C", "Hi. [pause]")]
    assert note(session, "preamble-skipped") == "Left out 1 paragraph outside the table."


def test_word_tracked_insertions_are_read_and_deletions_are_not():
    def build(document):
        from docx.oxml import parse_xml
        from docx.oxml.ns import nsdecls

        document.add_paragraph("T: Hello ")
        run = "<w:{0} {1}><w:r><w:{2}>{3}</w:{2}></w:r></w:{0}>"
        for kind, tag, text in (("ins", "t", "new"), ("del", "t", "old"), ("moveFrom", "t", "old")):
            xml = run.format(kind, nsdecls("w"), tag, text)
            document.paragraphs[0]._p.append(parse_xml(xml))
        document.add_paragraph("C: Hi.")

    assert said(parse("x.docx", word(build)))[0] == ("T", "Hello new")


def test_word_content_controls_are_read():
    def build(document):
        from docx.oxml import parse_xml
        from docx.oxml.ns import nsdecls

        paragraph = document.add_paragraph("T: Hello.")._p
        control = parse_xml(f"<w:sdt {nsdecls('w')}><w:sdtContent/></w:sdt>")
        paragraph.addprevious(control)
        control[0].append(paragraph)
        document.add_paragraph("C: Hi.")

    assert said(parse("x.docx", word(build))) == [("T", "Hello."), ("C", "Hi.")]


# --- the public functions ------------------------------------------------------------------------


def test_read_assigns_roles_from_labels_and_from_what_we_tell(tmp_path):
    path = tmp_path / "week one.txt"
    path.write_text("Ana: Hello there, how are you?\nBen: Fine.\nAna: What happened?\n")
    session = read(path, therapist="Ana")
    assert [turn.role for turn in session.turns] == ["therapist", "client", "therapist"]
    assert session.roles is not None
    assert session.roles.by == "told"
    assert session.source == "week one.txt"
    with pytest.raises(RoleError):
        read(str(path), therapist="Zoe")


def test_read_refuses_several_sessions_and_read_all_gives_them():
    path = TRANSCRIPTS / "sessions.jsonl"
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.slug == "several-sessions"
    assert "2 sessions" in caught.value.what
    assert "read_all" in caught.value.remedy
    sessions = read_all(path)
    assert [len(session.turns) for session in sessions] == [2, 3]
    assert all(session.roles is not None for session in sessions)
    assert sessions == read_all_bytes(path.read_bytes(), name=path.name)


def test_a_forced_format_is_used():
    data = b"Ana  0:12\nHello.\n\nBen  0:15\nHi.\n"
    assert read_bytes(data).format == "otter"
    assert read_bytes(data, format="plain").format == "plain"
    assert READERS["plain"].read(data).format == "plain"


def test_stated_roles_survive_reading():
    assert [t.role for t in read(TRANSCRIPTS / "letters.txt").turns][:2] == ["therapist", "client"]


# --- the documentation ---------------------------------------------------------------------------


FORMATS_PAGE = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")


def test_every_format_note_and_error_is_documented():
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in Path(inspect.getfile(Reader)).parent.iterdir()
        if path.suffix == ".py"
    )
    calls = re.findall(r'(?:Note|InputError|_unopened)\(\s*"([a-z-]+)"', source)
    kinds = re.findall(r'= \(\s*"([a-z-]+)",\s*"This', source)
    assert len({*calls, *kinds}) > 35
    missing = [slug for slug in {*calls, *kinds, *READERS} if f"`{slug}`" not in FORMATS_PAGE]
    assert missing == []


def test_the_example_in_the_documentation_runs():
    (example,) = re.findall(r"```python\n(.*?)```", FORMATS_PAGE, re.S)
    exec(example, {})
