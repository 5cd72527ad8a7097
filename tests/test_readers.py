"""Each format by a hand-written export of its kind: turns, speakers, times, marks, notes."""

import inspect
import io
import json
import re
from pathlib import Path

import docx
import openpyxl
import pytest

from reattune.errors import InputError, RoleError
from reattune.readers import (
    READERS,
    Reader,
    read,
    read_all,
    read_all_bytes,
    read_bytes,
    sniff_format,
)
from reattune.readers.source import open_source
from reattune.types import Session

TRANSCRIPTS = Path(__file__).parent / "data" / "transcripts"


def parse_all(name: str, data: bytes | None = None) -> tuple[Session, ...]:
    """The sessions as the reader gives them, before anybody infers roles."""
    content = (TRANSCRIPTS / name).read_bytes() if data is None else data
    return READERS[sniff_format(content, name)].parse(open_source(content, name))


def parse(name: str, text: str | bytes | None = None) -> Session:
    data = text.encode() if isinstance(text, str) else text
    (session,) = parse_all(name, data)
    return session


def said(session: Session) -> list[tuple[str, str]]:
    return [(turn.speaker, turn.text) for turn in session.turns]


def times(session: Session) -> list[tuple[float | None, float | None]]:
    return [(turn.start, turn.end) for turn in session.turns]


def slugs(session: Session) -> list[str]:
    return [note.slug for note in session.notes]


def note(session: Session, slug: str) -> str:
    (found,) = [note.text for note in session.notes if note.slug == slug]
    return found


def word(build) -> bytes:
    document, file = docx.Document(), io.BytesIO()
    build(document)
    document.save(file)
    return file.getvalue()


def workbook(*sheets) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(file)
    return file.getvalue()


# --- which format --------------------------------------------------------------------------------


FORMATS = {
    "zoom.vtt": "zoom",
    "teams.vtt": "teams",
    "teams_graph.vtt": "teams",
    "voices.vtt": "webvtt",
    "speakers.srt": "srt",
    "whisperx.srt": "srt",
    "otter.txt": "otter",
    "whisperx.json": "whisper_json",
    "whisper.json": "whisper_json",
    "letters.txt": "plain",
    "times.txt": "plain",
    "rev.txt": "plain",
    "bold.md": "plain",
    "own_line.txt": "plain",
    "numbered.txt": "plain",
    "session.cha": "chat",
    "table.csv": "table",
    "table.tsv": "table",
    "semicolon.csv": "table",
    "annomi.csv": "annomi",
    "sessions.jsonl": "jsonl",
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("shown", ["same", "none", "misleading"])
def test_the_content_tells_the_format_whatever_the_file_is_called(name, shown):
    called = {"same": name, "none": "", "misleading": "session.csv.txt.vtt"}[shown]
    assert sniff_format((TRANSCRIPTS / name).read_bytes(), called) == FORMATS[name]


def test_every_example_file_is_covered():
    assert set(FORMATS) == {path.name for path in TRANSCRIPTS.iterdir()}


def test_the_extension_decides_only_where_the_content_does_not():
    data = b"left,right\nsome words here,more\nother words,again\n"
    assert sniff_format(data, "x.csv") == "table"
    assert sniff_format(data, "x.txt") == "plain"


def test_readers_are_a_visible_dict_with_titles_for_people():
    assert list(READERS) == (
        "webvtt zoom teams srt otter whisper_json docx table chat jsonl annomi plain".split()
    )
    for name, reader in READERS.items():
        assert isinstance(reader, Reader)
        assert reader.name == name
        assert reader.title


# --- captions ------------------------------------------------------------------------------------


def test_zoom_names_split_cues_and_missing_names():
    session = parse("zoom.vtt")
    assert said(session) == [
        ("Dr. Ines Halvorsen", "Good to see you. Where would you like to start today?"),
        (
            "Milo Brandt (he/him)",
            "I don't know. It was a week. My sister said: you never call. So there is that. "
            "[laughs]",
        ),
        (
            "Dr. Ines Halvorsen",
            "You laughed when you said that. I wonder what it was like to hear it.",
        ),
        ("Milo Brandt (he/him)", "Fine."),
    ]
    assert times(session) == [(4.12, 7.3), (9.84, 15.99), (17.2, 21.0), (25.7, 26.9)]
    assert session.turns[1].marks == ("[laughs]",)
    assert note(session, "cues-continued").startswith("No speaker is named in 1 cue;")
    assert note(session, "fragments-joined") == "Joined 6 consecutive fragments into 4 turns."
    assert (session.format, session.source) == ("zoom", "zoom.vtt")


def test_teams_voices_entities_and_overlapping_times():
    session = parse("teams.vtt")
    assert said(session) == [
        (
            "Halvorsen, Ines",
            "Last week we ended on the new job. How has that been sitting with you?",
        ),
        ("Milo Brandt", "It's R&D, so <five people> and a kettle."),
        ("Halvorsen, Ines", "Mhm."),
        ("Milo Brandt", "[crosstalk] No, it is good."),
    ]
    assert times(session)[2] == (12.9, 13.3)
    assert "times-backward" not in slugs(session)


def test_teams_times_without_leading_zeros():
    session = parse("teams_graph.vtt")
    assert times(session) == [(0.0, 5.32), (6.9, 8.48), (3723.5, 3724.0)]


def test_two_voices_in_one_cue_are_two_turns_and_damaged_cues_are_named_by_line():
    session = parse("voices.vtt")
    assert said(session) == [
        ("Ruth", "You came in and said, nothing helps."),
        ("Sol", "I did. [laughs]"),
        ("Ruth", "What did you need [music] from me?"),
        ("Sol", "5 < 6 & that's it. [pause]"),
    ]
    assert times(session)[:2] == [(1.0, 4.0), (1.0, 4.0)]
    lines = (TRANSCRIPTS / "voices.vtt").read_text().split("\n")
    assert "line 15, 18" in note(session, "cues-malformed")
    assert "->" in lines[14]
    assert lines[17].endswith("00:09")


def test_words_before_the_first_voice_are_nobodys():
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nHello?\n\n00:03.000 --> 00:04.000\n<v Sol>Hi.\n"
    assert said(parse("x.vtt", text)) == [("Unknown", "Hello?"), ("Sol", "Hi.")]


def test_srt_labels_continuations_two_speakers_in_a_cue_and_a_number_at_the_end():
    session = parse("speakers.srt")
    assert said(session) == [
        ("THERAPIST", "You were going to try the breathing this week."),
        ("CLIENT", "I forgot. I mean, I did not want to."),
        ("THERAPIST", "Thank you for saying that."),
        ("CLIENT", "You asked. How many times? 42"),
    ]
    assert times(session)[1] == (5.25, 8.0)
    assert [turn.role for turn in session.turns] == ["therapist", "client"] * 2


def test_srt_with_bracketed_speakers():
    assert said(parse("whisperx.srt")) == [
        ("SPEAKER_01", "So where are we with the sleep?"),
        ("SPEAKER_00", "Same as ever. [laughs] Four hours."),
    ]


def test_srt_cue_with_broken_times_goes_to_the_cue_before_and_is_named():
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\nT: One.\n\n2\n00:00:03,000 --> later\nT: Two.\n\n"
        "3\n00:00:05,000 --> 00:00:06,000\nC: Three.\n"
    )
    session = parse("x.srt", text)
    assert said(session) == [("T", "One. Two."), ("C", "Three.")]
    assert "line 6" in note(session, "cues-malformed")


def test_srt_with_the_name_on_the_first_line_of_each_cue():
    cue = "{}\n00:00:0{},000 --> 00:00:0{},500\n({})\n{}\n\n"
    names = ["Ruth Ellery", "Sol", "Ruth Ellery"]
    text = "".join(cue.format(i, i, i, name, "Some words.") for i, name in enumerate(names))
    assert said(parse("x.srt", text)) == [(name, "Some words.") for name in names]


def test_otter_names_times_header_and_footer():
    session = parse("otter.txt")
    assert said(session) == [
        ("Ruth Ellery", "Come in, sit wherever you like. It is 10:30 somewhere."),
        ("Sol", "Thanks. I nearly did not come. I sat in the car for a while. [pause]"),
        ("Ruth Ellery", "I am glad you told me. What kept you in the car?"),
        ("Unknown Speaker", "Sorry, wrong room."),
        ("Sol", "[sighs] This. Talking about it."),
    ]
    assert [turn.start for turn in session.turns] == [2.0, 9.0, 21.0, 3631.0, 3640.0]
    assert note(session, "preamble-skipped") == "Left out 6 lines before the first speaker."


def test_a_line_of_words_that_ends_in_a_time_is_no_name():
    for words, read_as in (
        ("Well, I-I [unclear 00:01:35]", "Well, I-I [inaudible]"),
        ("Mon 9:30",) * 2,
    ):
        text = f"Ruth  0:08  \nSo.\n\nSol  0:11  \n{words}\n"
        assert said(parse("x.txt", text)) == [("Ruth", "So."), ("Sol", read_as)]


# --- speech recognition --------------------------------------------------------------------------


def test_whisperx_segments_are_cut_where_the_words_change_speaker():
    session = parse("whisperx.json")
    assert said(session) == [
        ("SPEAKER_01", "So where are we with the sleep?"),
        ("SPEAKER_00", "Same as ever."),
        ("SPEAKER_01", "Is it?"),
        ("SPEAKER_00", "Yes. Four hours. [laughs]"),
        ("Unknown", "Mhm."),
    ]
    assert times(session) == [(0.031, 2.4), (3.1, 4.0), (4.5, 5.0), (5.5, 7.0), (8.0, 8.5)]
    (unknown,) = [note for note in session.notes if note.slug == "speaker-unknown"]
    assert unknown.turns == (4,)


@pytest.mark.parametrize(
    "value",
    [
        [{"start": 1, "end": 2.5, "text": " Hi.", "speaker": "A"}, {"text": "Yo", "speaker": "B"}],
        {"chunks": [{"timestamp": [1, 2.5], "text": "Hi.", "speaker": "A"}, {"text": "Yo"}]},
        {
            "transcription": [
                {"offsets": {"from": 1000, "to": 2500}, "text": " Hi.", "speaker": "A"},
                {"offsets": {"from": 3000, "to": 3500}, "text": "Yo", "speaker": "B"},
            ]
        },
    ],
    ids=["list", "pipeline", "whisper.cpp"],
)
def test_relatives_of_whisper_json(value):
    session = parse("x.json", json.dumps(value))
    assert session.format == "whisper_json"
    assert session.turns[0].speaker == "A"
    assert session.turns[0].text == "Hi."
    assert times(session)[0] == (1.0, 2.5)
    assert len(session.turns) == 2


# --- plain text ----------------------------------------------------------------------------------


def test_letters_with_continuation_lines_marks_and_a_colon_within_an_utterance():
    session = parse("letters.txt")
    assert said(session) == [
        ("T", "How did the week go?"),
        ("C", "Badly. I told him: no, and then he left. He just left."),
        ("T", "[pause] He left."),
        (
            "C",
            "Anyway: that was Tuesday. [inaudible] I cried (a bit) and [NAME] came over.",
        ),
        ("O", "Shall I wait outside?"),
        ("T", "No, please stay."),
        ("C", "[crosstalk] Stay."),
    ]
    assert [turn.role for turn in session.turns] == [
        "therapist",
        "client",
        "therapist",
        "client",
        "other",
        "therapist",
        "client",
    ]
    assert slugs(session) == ["preamble-skipped", "no-times"]


def test_times_before_the_label_backward_and_missing():
    session = parse("times.txt")
    assert [turn.start for turn in session.turns] == [5.0, 9.0, 11.0, 10.0, None]
    assert session.turns[3].text == "I have somewhere to be at 10:30."
    found = {note.slug: note.turns for note in session.notes}
    assert found == {"times-missing": (4,), "times-backward": (3,)}


def test_times_between_label_and_colon_with_the_words_below():
    session = parse("rev.txt")
    assert said(session) == [
        ("Speaker 1", "We said we would look at the plan."),
        ("Speaker 2", "You said. [inaudible] I nodded."),
        ("Speaker 1", "I hear that."),
    ]
    assert [turn.start for turn in session.turns] == [3.0, 7.0, 3732.0]


def test_bold_names_and_titles():
    session = parse("bold.md")
    assert [turn.speaker for turn in session.turns] == ["Dr. Okafor", "Lena"] * 2
    assert session.turns[2].text == "All right. And if he comes up?"
    assert session.turns[2].start == 12.0


def test_names_on_lines_of_their_own():
    assert said(parse("own_line.txt")) == [
        ("Therapist", "You went quiet just then."),
        ("Client", "Yeah."),
        ("Therapist", "Did I miss something? I may have gone too fast."),
        ("Client", "Maybe."),
    ]


def test_numbered_turns_lose_their_numbers_and_numbered_speakers_keep_them():
    assert {turn.speaker for turn in parse("numbered.txt").turns} == {"T", "C"}
    twice = "S1: Hello.\nS2: Hello.\nS1: Again.\nS2: Again.\n"
    assert {turn.speaker for turn in parse("x.txt", twice).turns} == {"S1", "S2"}


@pytest.mark.parametrize(
    ("text", "speakers", "starts"),
    [
        ("T:Hello\nC:10 years\n", ["T", "C"], [None, None]),
        ("12 T: Hello.\n13 C: Hi.\n", ["T", "C"], [None, None]),
        ("(00:12) Ana: Hello.\n(00:15) Ben: Hi.\n", ["Ana", "Ben"], [12.0, 15.0]),
        ("00:01:02 Ana: Hello.\n00:01:04 Ben: Hi.\n", ["Ana", "Ben"], [62.0, 64.0]),
        ("Ana: [00:12] Hello.\nBen: (0:15) Hi.\n", ["Ana", "Ben"], [12.0, 15.0]),
        ("[0:02 - 0:05] Ana: Hello.\n[0:06] Ben: Hi.\n", ["Ana", "Ben"], [2.0, 6.0]),
        ("[00:12]\nAna: Hello.\n\n[00:15]\nBen: Hi.\n", ["Ana", "Ben"], [12.0, 15.0]),
        ("Ana  0:12\nHello.\n\nBen  0:15\nHi.\n", ["Ana", "Ben"], [12.0, 15.0]),
        ("0:12 Ana\nHello.\n\n0:15 Ben\nHi.\n", ["Ana", "Ben"], [12.0, 15.0]),
        ("[Ana Mora] 10:01:22\nHi.\n\n[Ben] 10:01:30\nYo.\n", ["Ana Mora", "Ben"], [36082, 36090]),
        ("THERAPIST: Hello.\nTherapist: More.\n", ["THERAPIST", "THERAPIST"], [None, None]),
        ("ana: Hello.\nben: Hi.\nana: So.\n", ["ana", "ben", "ana"], [None] * 3),
        ("I: How was it?\nR: Long.\n", ["I", "R"], [None, None]),
        ("Dr. J. Mora: Hello.\nMs. O'Neill: Hi.\n", ["Dr. J. Mora", "Ms. O'Neill"], [None, None]),
        (">> Ana: Hello.\n>> Ben: Hi.\n", ["Ana", "Ben"], [None, None]),
        ("מטפל: שלום\n\u200fמטופל: היי 🙂\n", ["מטפל", "מטופל"], [None, None]),
        ("治疗师：你好\n来访者：嗯\n", ["治疗师", "来访者"], [None, None]),
        (
            "0:0:1.5 --> 0:0:3.0\nAna\nHi.\n0:0:4.0 --> 0:0:5.0\nBen\nYo.\n",
            ["Ana", "Ben"],
            [1.5, 4],
        ),
    ],
)
def test_usual_conventions(text, speakers, starts):
    session = parse("x.txt", text)
    assert [turn.speaker for turn in session.turns] == speakers
    assert [turn.start for turn in session.turns] == starts
    assert all(turn.text and ":" not in turn.text for turn in session.turns)


@pytest.mark.parametrize(
    "line",
    [
        "I told him: no.",
        "Monday: nothing. And you?",
        "At 10:30 we left.",
        "see https://example.org",
        "Note: he meant it.",
    ],
)
def test_a_continuation_line_with_a_colon_starts_no_turn(line):
    session = parse("x.txt", f"T: So\n{line}\nand more.\nC: Yes.\nT: Right.\nC: Mm.\n")
    assert said(session)[0] == ("T", f"So {line} and more.")


def test_a_third_person_who_speaks_once_is_kept():
    text = "Ana: Hello.\n\nBen: Hi.\n\nReceptionist: Sorry.\n\nAna: No.\n\nBen: Fine.\n"
    assert [turn.speaker for turn in parse("x.txt", text).turns][2] == "Receptionist"


def test_a_second_speaker_who_speaks_once_is_kept_wherever_the_line_stands():
    session = parse("x.txt", "Ruth: You ran?\nSol: I did.\nAll the way.\nRuth: In this rain.\n")
    assert said(session)[1] == ("Sol", "I did. All the way.")


def test_consecutive_lines_of_one_speaker_stay_apart_in_plain_text():
    assert len(parse("x.txt", "T: One.\nT: Two.\nC: Three.\n").turns) == 3


# --- marks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "mark"),
    [
        ("(laughs)", "[laughs]"),
        ("[LAUGHTER]", "[laughs]"),
        ("*chuckling*", "[laughs]"),
        ("<laugh>", "[laughs]"),
        ("(client laughs nervously)", "[laughs]"),
        ("(long pause)", "[pause]"),
        ("[pause 00:10]", "[pause]"),
        ("[silence, 5 seconds]", "[pause]"),
        ("[BLANK_AUDIO]", "[pause]"),
        ("[inaudible 00:12:33]", "[inaudible]"),
        ("((unintelligible))", "[inaudible]"),
        ("[cross-talk]", "[crosstalk]"),
        ("(overlapping speech)", "[crosstalk]"),
        ("♪ ♫", "[music]"),
        ("(crying)", "[cries]"),
        ("[pause] (pause)", "[pause]"),
    ],
)
def test_marks_are_written_one_way(written, mark):
    session = parse("x.txt", f"T: so {written} then\nC: ok\n")
    assert session.turns[0].text == f"so {mark} then"
    assert session.turns[0].marks == (mark,)


@pytest.mark.parametrize(
    "words",
    [
        "(I laugh about it now)",
        "(my mother)",
        "[phone rings]",
        "*really*",
        "<3",
        "a < b > c",
        "(a bit)",
        "(not laughing)",
    ],
)
def test_words_that_only_look_like_marks_stay(words):
    assert parse("x.txt", f"T: so {words} then\nC: ok\n").turns[0].text == f"so {words} then"


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
