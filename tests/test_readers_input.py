"""Bad input: each kind gives an InputError with file, line and remedy, or a note that says so."""

import contextlib
import io
import os
import random
import struct
import time
import zipfile

import docx
import pytest

from reattune.errors import InputError, ReattuneError
from reattune.readers import READERS, package, read, read_all_bytes, read_bytes, sniff_format
from reattune.readers.decode import MAX_BYTES
from reattune.readers.source import open_source
from reattune.types import Session

SECRET = "zebrafinch"


def refused(data: bytes, name: str = "s.txt", format: str | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        read_all_bytes(data, name=name, format=format)
    error = caught.value
    assert error.where.startswith(name)
    assert error.what
    assert error.remedy.endswith((".", "turns.", '"...".'))
    return error


def outcome(data: bytes, name: str = "s.txt", format: str | None = None) -> str:
    """The slug of the error that the bytes give, or of each note on the session read."""
    try:
        return " ".join(slugs(read_bytes(data, name=name, format=format)))
    except ReattuneError as error:
        return error.slug


def slugs(session: Session) -> list[str]:
    return [note.slug for note in session.notes]


def parse(data: bytes, name: str = "s.txt") -> Session:
    (session,) = READERS[sniff_format(data, name)].parse(open_source(data, name))
    return session


# --- nothing, too little, too much ---------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"", b" \n\t\r\n ", b"\xef\xbb\xbf", "\ufeff\n ".encode("utf-16")]
)
def test_empty_files(data):
    assert refused(data).slug == "empty-file"


def test_one_turn_and_one_speaker_are_read_and_said():
    assert slugs(read_bytes(b"T: Hello.\n")) == ["one-turn", "one-speaker", "no-times"]
    session = read_bytes(b"T: Hello.\nT: Anybody?\n")
    assert slugs(session) == ["one-speaker", "no-times"]


def test_labels_without_words():
    assert refused(b"T:\nC:\nT:\n").slug == "no-turns"
    session = read_bytes(b"T: Hello\nC:\nT: Well?\nC: Yes\n")
    assert [turn.text for turn in session.turns] == ["Hello", "Well?", "Yes"]
    assert "turns-empty" in slugs(session)


def test_larger_than_the_limit(tmp_path):
    assert refused(b"T" * (MAX_BYTES + 1)).slug == "too-large"
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 10)
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.slug == "too-large"


@pytest.mark.parametrize("name", ["s.txt", "s.vtt", "s.srt", "s.csv", "s.cha", "s.json", "o.txt"])
def test_a_turn_of_a_megabyte_is_one_turn(name):
    long = "word " * 210_000
    text = {
        "s.txt": f"T: {long}\nC: ok\n",
        "s.vtt": f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v T>{long}\n\n"
        "00:03.000 --> 00:04.000\n<v C>ok",
        "s.srt": f"1\n00:00:01,000 --> 00:00:02,000\nT: {long}\n\n"
        "2\n00:00:03,000 --> 00:00:04,000\nC: ok\n",
        "s.csv": f"who,text\nT,{long}\nC,ok\n",
        "s.cha": f"@Begin\n*T:\t{long}\n*C:\tok .\n@End\n",
        "s.json": f'{{"turns": [{{"who": "T", "text": "{long}"}}, {{"who": "C", "text": "ok"}}]}}',
        "o.txt": f"Ana  0:01\n{long}\n\nBen  0:09\nok\n",
    }[name]
    session = parse(text.encode(), name)
    assert len(session.turns) == 2
    assert len(session.turns[0].text.split()) == 210_000


@pytest.mark.parametrize("unit", ["(", "[", "*", "<", "T:", "0:", '"', "{\\", "♪ ", "\n1 ", "-->"])
@pytest.mark.parametrize("name", ["s.txt", "s.vtt", "s.srt"])
def test_no_pattern_slows_down_on_repetition(unit, name):
    long = unit * (200_000 // len(unit))
    cue = "00:00:01.000 --> 00:00:02.000"
    head = {"s.txt": "", "s.vtt": f"WEBVTT\n\n{cue}\n", "s.srt": f"1\n{cue}\n"}[name]
    data = f"{head}T: {long}\nC: ok\n".encode()
    started = time.process_time()
    with contextlib.suppress(InputError):
        parse(data, name)
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize("name", ["s.txt", "s.vtt", "o.txt", "s.cha"])
def test_time_grows_with_the_number_of_turns_not_faster(name):
    def text(turns: int) -> bytes:
        unit = {
            "s.txt": "{w}: words {i}\n",
            "s.vtt": "00:00:01.000 --> 00:00:02.000\n{w}: words {i}\n\n",
            "o.txt": "Person {w}  0:01\nwords {i}\n\n",
            "s.cha": "*{w}:\twords {i} .\n",
        }[name]
        head = {"s.vtt": "WEBVTT\n\n", "s.cha": "@Begin\n"}.get(name, "")
        return (head + "".join(unit.format(w="TC"[i % 2], i=i) for i in range(turns))).encode()

    def seconds(data: bytes) -> float:
        started = time.process_time()
        assert len(parse(data, name).turns) >= 1000
        return time.process_time() - started

    small, large = text(1000), text(6000)
    assert seconds(large) < 18 * max(seconds(small), 0.01)


# --- not a transcript ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (random.Random(7).randbytes(4000), "binary-file"),
        (bytes(range(256)) * 4, "binary-file"),
        (b"T: hi\x00\x00C: yo" * 9, "binary-file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 40, "image-file"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image-file"),
        (b"%PDF-1.7\n1 0 obj", "pdf-file"),
        (b"ID3\x04\x00\x00\x00", "audio-file"),
        (b"RIFF\x24\x08\x00\x00WAVEfmt ", "audio-file"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00", "audio-file"),
        (b"\x1aE\xdf\xa3\x01\x00", "audio-file"),
        (b"OggS\x00\x02", "audio-file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500, "old-office-file"),
        (b"\x1f\x8b\x08\x00aaaa", "packed-file"),
        (b"{\\rtf1\\ansi T: hi}", "rich-text"),
        (b"<!DOCTYPE html>\n<html><p>T: hi", "web-page"),
        (b"PK\x03\x04 and nothing else", "damaged-file"),
    ],
)
@pytest.mark.parametrize("name", ["x", "x.docx", "x.vtt"])
def test_foreign_files(data, slug, name):
    assert refused(data, name).slug == slug


def test_what_to_do_with_a_pdf_and_a_recording():
    assert "DOCX or plain text" in refused(b"%PDF-1.4").remedy
    assert "Transcribe it first" in refused(b"ID3\x03").remedy


# --- encodings -----------------------------------------------------------------------------------


WORDS = "T: Où est le café?\nC: Là-bas, “derrière”.\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_encodings_and_line_endings(encoding, ending):
    session = read_bytes(WORDS.replace("\n", ending).encode(encoding))
    assert [turn.text for turn in session.turns] == ["Où est le café?", "Là-bas, “derrière”."]
    assert "encoding-guessed" not in slugs(session)


def test_utf16_without_mark_in_hebrew():
    session = read_bytes("T: שלום לך, מה נשמע?\nC: בסדר גמור\n".encode("utf-16-be"))
    assert session.turns[1].text == "בסדר גמור"


def test_windows_and_latin_1_are_read_and_said():
    session = read_bytes(WORDS.encode("cp1252"))
    assert session.turns[1].text == "Là-bas, “derrière”."
    assert "encoding-guessed" in slugs(session)
    undefined = read_bytes(b"T: caf\xe9 \x81\nC: yes\n")
    assert undefined.turns[0].text.startswith("café")
    assert "encoding-guessed" in slugs(undefined)


def test_a_few_damaged_bytes_do_not_spoil_the_rest():
    session = read_bytes(WORDS.encode() + b"T: \x92 oui\n")
    assert session.turns[0].text == "Où est le café?"
    assert "encoding-repaired" in slugs(session)


def test_a_file_that_breaks_the_encoding_it_declares():
    assert refused(b"\xff\xfeT\x00:\x00 \x00\xff\xdf").slug == "damaged-file"


def test_emoji_and_right_to_left():
    text = "T: \u202bשלום\u202c 🙂👩‍👩‍👧\nC: مرحبا 😢\n"
    assert [turn.text for turn in read_bytes(text.encode()).turns][1] == "مرحبا 😢"


# --- no speakers ---------------------------------------------------------------------------------


VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nHow are you?\n\n00:03.000 --> 00:04.000\nFine: thanks.\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (VTT, "s.vtt"),
        (VTT.replace("WEBVTT\n\n", "").replace("00:0", "00:00:0"), "s.srt"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n", "s.vtt"),
        ('{"text": "Hi", "segments": [{"start": 0, "end": 1, "text": "Hi"}]}', "s.json"),
        ("0:02  \nHow are you?\n\n0:05  \nFine.\n\nTranscribed by https://otter.ai\n", "s.txt"),
        ("We talked about sleep. He said: no.\n\nThen we stopped.\n", "s.txt"),
        ("Assessment: tired.\nslept badly\nand late\nPlan: rest.\nmore walks\nand tea\n", "s.txt"),
    ],
)
def test_speakers_are_never_guessed(text, name):
    error = refused(text.encode(), name)
    assert error.slug == "no-speakers"
    assert "Export it again with speaker names" in error.remedy


# --- damaged, disguised, of another format -------------------------------------------------------


def test_truncated_json_names_the_line():
    lines = b'{"turns": [{"who": "T", "text": "a"}]}\n' * 3 + b'{"turns": [{"who": "T", "te\n'
    error = refused(lines, "s.jsonl")
    assert (error.slug, error.where) == ("damaged-json", "s.jsonl, line 4")
    error = refused(b'{\n "turns": [\n  {"who": "T",\n', "s.json")
    assert (error.slug, error.where) == ("damaged-json", "s.json, line 4")
    assert refused(b'{"segments": [{"text": "a"', "w.json").slug == "damaged-json"


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (b'{"name": "settings", "speaker": "A"}', "unknown-json"),
        (b'[{"a": 1}, {"a": 2}]', "unknown-json"),
        (b"{}", "unknown-json"),
        (b'{"turns": []}', "no-turns"),
        (b'{"turns": "T: hi"}', "bad-turn"),
        (b'{"turns": ["T: hi"]}', "bad-turn"),
        (b'{"turns": [{"who": "T"}]}', "bad-turn"),
        (b'{"turns": [{"who": true, "text": "a"}]}', "bad-turn"),
        (b'{"segments": []}', "no-turns"),
        (b'{"segments": 5}', "wrong-format"),
        (b'{"turns": ' + b"[" * 100_000, "damaged-json"),
        (b'{"turns": []}\n{"turns": ' + b"[" * 100_000, "damaged-json"),
        (b"[" * 100_000 + b"\n[]", "damaged-json"),
        (b'{"turns": ' + b"9" * 10_000 + b"}", "damaged-json"),
    ],
)
def test_json_that_is_something_else(data, slug):
    assert refused(data, "s.json").slug == slug


def test_odd_times_in_json_are_left_out():
    turns = '{"who": "T", "text": "a", "start": NaN}, {"who": "C", "text": "b", "start": 1e400}'
    session = read_bytes(
        f'{{"turns": [{turns}, {{"who": "C", "text": "c", "start": -4}}]}}'.encode()
    )
    assert [turn.start for turn in session.turns] == [None, None, None]


def test_an_end_before_its_start_is_dropped_and_said():
    data = (
        b'{"turns": [{"who": "T", "text": "a", "start": 9, "end": 4}, {"who": "C", "text": "b"}]}'
    )
    session = read_bytes(data)
    assert (session.turns[0].start, session.turns[0].end) == (9.0, None)
    assert {note.slug: note.turns for note in session.notes}["times-backward"] == (0,)


@pytest.mark.parametrize("format", list(READERS))
def test_a_forced_format_that_is_wrong(format):
    samples = [b"Nothing here names anybody.\nAt all.", b'{"a": 1}', word(lambda d: d)]
    for data in samples:
        error = refused(data, "s.txt", format)
        assert error.slug in (
            "wrong-format",
            "no-speakers",
            "no-turns",
            "damaged-json",
            "unknown-json",
            "missing-columns",
        )


def test_an_unknown_format_lists_the_known_ones():
    with pytest.raises(InputError) as caught:
        read_bytes(b"T: hi", format="cassette")
    assert caught.value.slug == "unknown-format"
    assert all(name in caught.value.remedy for name in READERS)


# --- tables --------------------------------------------------------------------------------------


def test_missing_columns_are_named_by_what_was_found():
    error = refused(b"date,mood,comment\n1,2,ab\n3,4,cd\n", "s.csv")
    assert error.slug == "missing-columns"
    assert 'its columns are "date", "mood", "comment"' in error.what


def test_a_first_row_of_data_is_never_quoted():
    rows = f"Ana,Yes I saw the {SECRET}\nBen,No\nAna,But you did\nBen,No\n"
    error = refused(rows.encode(), "s.csv")
    assert error.slug == "missing-columns"
    assert SECRET not in str(error)
    assert "Ana" not in str(error)


def test_header_only_tables():
    assert refused(b"speaker,text\n", "s.csv").slug == "no-turns"
    assert refused(b"speaker,text\n,\nT,\n", "s.csv").slug == "no-turns"


def test_a_quotation_that_never_ends_names_its_line():
    error = refused(b'speaker,text\nT,hi\nC,"oh no\nT,more\n', "s.csv")
    assert (error.slug, error.where) == ("damaged-file", "s.csv, line 3")


# --- documents -----------------------------------------------------------------------------------


def word(build) -> bytes:
    document, file = docx.Document(), io.BytesIO()
    build(document)
    document.save(file)
    return file.getvalue()


def rezip(data: bytes, **changes: bytes) -> bytes:
    """The document with parts replaced or added; keys are paths with "__" for "/"."""
    file, parts = io.BytesIO(), {key.replace("__", "/"): part for key, part in changes.items()}
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", 8) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            new.writestr(name, part)
    return file.getvalue()


DOCUMENT = word(lambda d: [d.add_paragraph("T: Hello."), d.add_paragraph("C: Hi.")])


def test_truncated_documents():
    for share in (0.2, 0.6, 0.95, 0.999):
        assert refused(DOCUMENT[: int(len(DOCUMENT) * share)], "s.docx").slug == "damaged-file"


def test_a_document_without_words():
    assert refused(word(lambda d: d), "s.docx").slug == "no-turns"


@pytest.mark.parametrize(
    "xml", [b"", b"<w:document", b"<a/>", b"\xff\xfe\x00", b"<?xml version='1.0'?><x>&y;</x>"]
)
def test_damaged_parts(xml):
    error = refused(rezip(DOCUMENT, **{"word__document.xml": xml}), "s.docx")
    assert error.slug in ("damaged-file", "no-turns")


def test_flipped_bytes_give_an_error_or_the_document():
    for place in range(40, len(DOCUMENT) - 40, 397):
        data = bytearray(DOCUMENT)
        data[place] ^= 0x55
        assert outcome(bytes(data)) in ("damaged-file", "unknown-format", "no-times")


def test_zip_bombs_are_refused_before_they_are_opened(monkeypatch):
    huge, dense = bomb_of(70), bomb_of(8)
    assert len(huge) < 200_000
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_, **__: pytest.fail("unpacked"))
    error = refused(huge, "s.docx")
    assert error.slug == "unsafe-archive"
    assert "part of more than 64 MB" in error.what
    assert "300 times" in refused(dense, "s.docx").what


def bomb_of(megabytes: int) -> bytes:
    return rezip(DOCUMENT, **{"word__document.xml": b" " * (megabytes * 2**20)})


def test_too_many_parts_and_too_much_in_all(monkeypatch):
    many = rezip(DOCUMENT, **{f"x{i}": b"" for i in range(40)})
    monkeypatch.setattr(package, "MAX_ENTRIES", 30)
    assert "30 parts" in refused(many, "s.docx").what
    monkeypatch.setattr(package, "MAX_ENTRIES", 5000)
    monkeypatch.setattr(package, "MAX_UNPACKED", 10_000)
    assert "when unpacked" in refused(DOCUMENT, "s.docx").what


def test_a_part_that_lies_about_its_size_is_not_unpacked_past_it():
    data = bytearray(rezip(DOCUMENT, x=b" " * 5_000_000))
    entry = data.rfind(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    assert refused(bytes(data), "s.docx").slug == "damaged-file"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_entities_are_refused(encoding):
    lol = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    xml = f'<?xml version="1.0" encoding="{encoding}"?>{lol}<a>&c;</a>'.encode(encoding)
    error = refused(rezip(DOCUMENT, **{"word__styles.xml": xml}), "s.docx")
    assert error.slug == "unsafe-archive"


def test_archives_of_something_else():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    assert refused(file.getvalue(), "s.odt").slug == "unknown-format"


def test_a_spreadsheet_that_claims_a_row_far_below():
    import openpyxl

    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in (["speaker", "text"], ["T", "Hi"]):
        book.active.append(row)
    book.save(file)
    sheet = zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml")
    far = sheet.replace(b'r="2"', b'r="999999999"').replace(b'r="A2"', b'r="A999999999"')
    data = rezip(file.getvalue(), **{"xl__worksheets__sheet1.xml": far})
    started = time.process_time()
    assert refused(data, "s.xlsx").slug == "no-turns"
    assert time.process_time() - started < 1.5


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "slug"),
    [
        (lambda folder: folder / "gone.txt", "missing-file"),
        (lambda folder: folder, "is-folder"),
        (lambda folder: folder / "a\0b.txt", "unreadable-file"),
        (lambda folder: folder / ("x" * 300), "unreadable-file"),
    ],
)
def test_files_that_cannot_be_opened(tmp_path, make, slug):
    with pytest.raises(InputError) as caught:
        read(make(tmp_path))
    assert caught.value.slug == slug
    assert str(tmp_path) not in str(caught.value)


def test_a_file_without_permission(tmp_path, monkeypatch):
    path = tmp_path / "s.txt"
    path.write_text("T: hi")
    path.chmod(0)
    if os.access(path, os.R_OK):  # as root nothing is forbidden
        monkeypatch.setattr("pathlib.Path.open", forbidden)
    with pytest.raises(InputError) as caught:
        read(path)
    assert (caught.value.slug, caught.value.where) == ("no-permission", "s.txt")


def forbidden(*_args, **_options):
    raise PermissionError(13, "Permission denied")


def test_messages_name_the_file_without_its_folder_and_hold_no_words(tmp_path):
    path = tmp_path / "anna private" / "s.vtt"
    path.parent.mkdir()
    path.write_text(VTT.replace("Fine: thanks.", SECRET))
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.where == "s.vtt"
    assert "anna" not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"{SECRET}\nmore {SECRET}\n", "s.txt"),
        (f'{{"turns": [{{"who": "T", "text": "{SECRET}"', "s.jsonl"),
        (f'{{"turns": [{{"who": ["{SECRET}"], "text": "{SECRET}"}}]}}', "s.jsonl"),
        (f'speaker,text\nT,"{SECRET}\n', "s.csv"),
        (f"WEBVTT\n\n00:01.000 --> x\n{SECRET}\n", "s.vtt"),
        (f"T: {SECRET}\nC: yes\n", "s.docx"),
    ],
)
@pytest.mark.parametrize(
    "format", [None, "webvtt", "srt", "docx", "table", "chat", "jsonl", "annomi"]
)
def test_no_word_of_a_session_gets_into_a_message(text, name, format):
    try:
        said = str(read_bytes(text.encode(), name=name, format=format).notes)
    except ReattuneError as error:
        said = f"{error}{error.what}{error.where}{error.remedy}"
    assert said
    assert SECRET not in said
