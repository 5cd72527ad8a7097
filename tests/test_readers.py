"""Captions, speech recognition and plain text by hand-written exports."""

import json

import pytest

from reattune.readers import (
    READERS,
    Reader,
    sniff_format,
)
from tests.reading import TRANSCRIPTS, note, parse, said, slugs, times

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
