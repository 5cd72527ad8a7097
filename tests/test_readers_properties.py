"""Properties of the readers: any bytes give sessions or our own errors, and words survive."""

import csv
import html
import io
import json
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reattune.errors import ReattuneError
from reattune.readers import READERS, read_all_bytes, read_bytes, sniff_format
from reattune.readers.clean import merge, tidy
from reattune.readers.clock import seconds
from reattune.readers.source import open_source
from reattune.types import Session, Turn

FILES = sorted((Path(__file__).parent / "data" / "transcripts").iterdir())
CONTENTS = [path.read_bytes() for path in FILES]

quick = settings(deadline=None, max_examples=80)

# Words as people write them, in any script, with a colon or a time among them now and then.
letters = st.characters(categories=["Lu", "Ll", "Lo"])
word = st.one_of(
    st.text(letters, min_size=1, max_size=9),
    st.sampled_from(["so,", "no.", "10:30", "him: no", "why?", "it's", "—", "(yes)", "Well:"]),
)
text = st.lists(word, min_size=1, max_size=8).map(" ".join)
speakers = st.sampled_from([("T", "C"), ("Dr. Mora", "Sol"), ("Speaker 1", "Speaker 2", "Anna Li")])


@st.composite
def dialogues(draw) -> list[tuple[str, str]]:
    names = draw(speakers)
    return draw(st.lists(st.tuples(st.sampled_from(names), text), min_size=1, max_size=12))


def parse(data: str, name: str = "", format: str | None = None) -> Session:
    content = data.encode()
    reader = READERS[format or sniff_format(content, name)]
    (session,) = reader.parse(open_source(content, name))
    return session


def said(session: Session) -> list[tuple[str, str]]:
    return [(turn.speaker, turn.text) for turn in session.turns]


def joined(turns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The turns as captions give them back: neighbors of one speaker in one."""
    groups = groupby(turns, key=lambda turn: turn[0])
    return [(name, " ".join(words for _, words in group)) for name, group in groups]


def clock(second: int, mark: str) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{mark}000"


# --- any bytes -----------------------------------------------------------------------------------


def holds(data: bytes, name: str, format: str | None) -> None:
    """Sessions whose words can be written, or one of our own errors; nothing else is raised."""
    try:
        sessions = read_all_bytes(data, name=name, format=format)
    except ReattuneError:
        return
    assert sessions
    for session in sessions:
        assert session.turns
        for turn in session.turns:
            assert turn.speaker.strip()
            assert turn.text.encode() is not None
            assert turn.start is None or turn.start >= 0
            assert turn.end is None or turn.start is None or turn.end >= turn.start


formats = st.sampled_from([None, *READERS])
names = st.sampled_from(["", "s.vtt", "s.csv", "s.docx", "s.jsonl"])
openings = st.sampled_from(
    [b"", b"WEBVTT\n\n", b"T: ", b'{"turns": [', b"PK\x03\x04", b"@Begin\n*T:\t", b"who,text\n"]
)


@quick
@given(openings, st.binary(max_size=300), names, formats)
@example(b"", b"a: hi\nb: no\n", "", None)
@example(b"", b"[1,2", "", "whisper_json")
def test_any_bytes_give_sessions_or_our_errors(opening, data, name, format):
    holds(opening + data, name, format)


@quick
@given(st.text(max_size=300), names, formats)
def test_any_text_gives_sessions_or_our_errors(characters, name, format):
    holds(characters.encode("utf-8", "replace"), name, format)


@settings(deadline=None, max_examples=150)
@given(st.data(), names)
def test_damaged_transcripts_give_sessions_or_our_errors(data, name):
    content = data.draw(st.sampled_from(CONTENTS))
    other = data.draw(st.sampled_from(CONTENTS))
    first = data.draw(st.integers(0, len(content)))
    last = data.draw(st.integers(first, min(len(content), first + 60)))
    start = data.draw(st.integers(0, len(other)))
    holds(content[:first] + other[start : start + 40] + content[last:], name, None)


# --- round trips ---------------------------------------------------------------------------------


@quick
@given(dialogues())
def test_webvtt_round_trip(turns):
    cues = [
        f"{clock(i, '.')} --> {clock(i + 1, '.')}\n<v {name}>{html.escape(words)}</v>\n"
        for i, (name, words) in enumerate(turns)
    ]
    session = parse("WEBVTT\n\n" + "\n".join(cues))
    assert said(session) == joined(turns)
    assert session.turns[0].start == 0.0
    assert session.turns[-1].end == len(turns)


@quick
@given(dialogues())
def test_zoom_round_trip(turns):
    cues = [
        f"{i + 1}\n{clock(i, '.')} --> {clock(i + 1, '.')}\n{name}: {html.escape(words)}\n"
        for i, (name, words) in enumerate(turns)
    ]
    session = parse("WEBVTT\n\n" + "\n".join(cues))
    assert session.format == "zoom"
    assert said(session) == joined(turns)


@quick
@given(dialogues())
def test_srt_round_trip(turns):
    cues = [
        f"{i + 1}\n{clock(i, ',')} --> {clock(i + 1, ',')}\n{name}: {words}\n"
        for i, (name, words) in enumerate(turns)
    ]
    assert said(parse("\n".join(cues))) == joined(turns)


@quick
@given(dialogues(), st.sampled_from(["{n}: {w}", "[00:00:0{i}] {n}: {w}", "**{n}:** {w}"]))
def test_plain_round_trip(turns, style):
    lines = [style.format(n=n, w=w, i=i % 10) for i, (n, w) in enumerate(turns)]
    assert said(parse("\n".join(lines), format="plain")) == turns


@quick
@given(dialogues(), st.sampled_from([",", ";", "\t"]))
def test_table_round_trip(turns, delimiter):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([("speaker", "text"), *turns])
    assert said(parse(file.getvalue())) == turns


@quick
@given(st.lists(st.tuples(st.sampled_from("TCO"), st.text(max_size=40)), min_size=1, max_size=9))
def test_jsonl_gives_texts_back_exactly(turns):
    record = {"id": "x", "turns": [{"who": who, "text": words} for who, words in turns]}
    session = read_bytes(json.dumps(record, ensure_ascii=False).encode(), name="s.jsonl")
    assert said(session) == turns


@quick
@given(dialogues())
def test_whisperx_round_trip(turns):
    segments = [
        {"start": i, "end": i + 1, "text": f" {words}", "speaker": name}
        for i, (name, words) in enumerate(turns)
    ]
    session = parse(json.dumps({"segments": segments}))
    assert said(session) == joined(turns)


# --- parts ---------------------------------------------------------------------------------------


@quick
@given(st.text(max_size=80))
def test_tidy_text_is_one_line_without_loose_space(characters):
    tidied = tidy(characters)
    assert tidied == " ".join(tidied.split())


@quick
@given(text)
def test_tidy_leaves_words_alone(words):
    assert tidy(words) == words


@quick
@given(st.lists(st.tuples(st.sampled_from("TC"), st.sampled_from("abc")), max_size=12))
def test_merging_keeps_every_word_and_alternates_speakers(turns):
    merged, _ = merge(Turn(who, words) for who, words in turns)
    assert " ".join(turn.text for turn in merged) == " ".join(words for _, words in turns)
    assert all(a.speaker != b.speaker for a, b in pairwise(merged))


@quick
@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_clock_times_are_read_back(hours, minutes, whole, thousandths):
    expected = pytest.approx(hours * 3600 + minutes * 60 + whole + thousandths / 1000, abs=1e-6)
    assert seconds(f"{hours}:{minutes:02d}:{whole:02d}.{thousandths:03d}") == expected
    assert seconds(f"{hours:02d}:{minutes}:{whole},{thousandths:03d}") == expected
