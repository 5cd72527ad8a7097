"""Write the sessions of the three fictional courses in the formats that real programs export.

    python examples/make_examples.py [OUT]

reads courses/*.jsonl beside this file and writes course_a, course_b and course_c into OUT (by
default beside this file), and the bundled demo session into the package. Times come from a
plausible rate of speech; every number is drawn from a seed, so a second run writes the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import sys
import textwrap
import uuid
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "src" / "reattune" / "examples" / "demo_session.vtt"
DEMO_SOURCE = ("course_c", "2026-02-17")  # a withdrawal after a slip, noticed, owned and repaired

# The format of each attended session, in order of dates. Two sessions in which the therapist says
# much about herself are in formats that state who is who.
FORMATS = {
    "course_a": ("zoom", "teams", "srt", "otter", "teams-docx", "whisperx"),
    "course_b": ("otter", "csv", "teams", "srt", "plain", "word"),
    "course_c": ("whisperx", "teams-docx", "zoom", "teams", "csv", "plain"),
}

WORDS_A_MINUTE = (150, 170)
GAP = (0.3, 1.3)  # seconds between two speakers
MARK_SECONDS = {"long pause": (6, 11), "silence": (7, 14), "pause": (2.5, 5), "": (0.8, 2.0)}
CUE_SECONDS, CUE_CHARACTERS, LINE_CHARACTERS = 7.0, 84, 42  # two lines, as subtitling asks

_TOKEN = re.compile(r"\[[^\[\]]{1,60}\]|\S+")  # a [mark] or a word
_SENTENCE_END = re.compile(r"[.?!…][\"'”’]?$")


@dataclass(frozen=True)
class Word:
    """A word or a [mark] with the seconds it takes."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Spoken:
    """One turn: who ("T" or "C"), the name that programs show, and its timed words."""

    who: str
    name: str
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words as one line."""
        return " ".join(word.text for word in self.words)


Row = dict[str, Any]


def main() -> None:
    """Write everything into the folder given, by default this one, and the demo session."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    demo = make(out)
    if len(sys.argv) == 1:
        DEMO.parent.mkdir(exist_ok=True)
        DEMO.write_bytes(demo)


def make(out: Path) -> bytes:
    """Write all three courses under `out`; the bytes of the demo session come back."""
    written: dict[tuple[str, str], bytes] = {}
    for source in sorted((HERE / "courses").glob("*.jsonl")):
        rows = [json.loads(line) for line in source.read_text("utf-8").splitlines()]
        folder = out / source.stem
        folder.mkdir(parents=True, exist_ok=True)
        sessions, codes = [], []
        formats = iter(FORMATS[source.stem])
        for row in rows:
            kind = next(formats) if row["turns"] else None
            sessions.append(_about(row, kind))
            if kind:
                data = render(row, kind, seed=f"{source.stem} {row['date']}")
                (folder / file_name(row, kind)).write_bytes(data)
                written[source.stem, row["date"]] = data
                codes.append(_codes(row, kind))
        _write_json(folder / "course.json", {**_people(rows[0]), "sessions": sessions})
        lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in codes)
        (folder / "codes.jsonl").write_bytes(lines.encode())
    return written[DEMO_SOURCE]


def render(row: Row, kind: str, *, seed: str) -> bytes:
    """One session as the bytes of a file of this kind."""
    dice = random.Random(seed)
    return WRITERS[kind](row, list(speak(row, dice)), dice)


def file_name(row: Row, kind: str) -> str:
    """Such as "2026-02-12-zoom.vtt"."""
    return f"{row['date']}-{kind}{EXTENSIONS[kind]}"


# --- what is said about a course ------------------------------------------------------------------


def names(row: Row) -> dict[str, str]:
    """The names that programs show: the therapist's in full, the client's first name."""
    return {"T": row["therapist"].split(",")[0], "C": row["client"].split(",")[0]}


def _people(row: Row) -> Row:
    return {"fictional": True, "client": row["client"], "therapist": row["therapist"]}


def _about(row: Row, kind: str | None) -> Row:
    """An appointment without its words: when, attended or not, answers, and the file."""
    kept = ("session", "date", "start", "scheduled_minutes", "attendance", "measures")
    about = {key: row[key] for key in kept if key in row}
    if kind is None:
        return about | {"session": None}
    return about | {"turns": len(row["turns"]), "format": kind, "file": file_name(row, kind)}


def _codes(row: Row, kind: str) -> Row:
    """The session's coded turns by their number, counted from 0."""
    coded = [
        {"turn": i, "who": turn["who"], "codes": turn["codes"]}
        | ({"intensity": turn["intensity"]} if "intensity" in turn else {})
        for i, turn in enumerate(row["turns"])
        if turn.get("codes")
    ]
    return {"date": row["date"], "file": file_name(row, kind), "coded": coded}


def _write_json(path: Path, value: Row) -> None:
    """Indented, with lists of numbers on one line."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    text = re.sub(r"\[[\d,\s]+\]", lambda found: " ".join(found[0].split()), text)
    path.write_bytes((text.replace("[ ", "[").replace(" ]", "]") + "\n").encode())


# --- times ----------------------------------------------------------------------------------------


def speak(row: Row, dice: random.Random) -> Iterable[Spoken]:
    """The turns with a time for each word, to the millisecond."""
    clock, shown = dice.uniform(1, 4), names(row)
    for turn in row["turns"]:
        pace = 60 / dice.uniform(*WORDS_A_MINUTE) * dice.uniform(0.85, 1.15)
        words = []
        for token in _TOKEN.findall(turn["text"]):
            end = clock + _seconds(token, pace, dice)
            words.append(Word(token, round(clock, 3), round(end, 3)))
            clock = end
        yield Spoken(turn["who"], shown[turn["who"]], tuple(words))
        clock += dice.uniform(*GAP)


def _seconds(token: str, pace: float, dice: random.Random) -> float:
    """A word's share of the pace by its length; a mark's own length, pauses the longest."""
    if not token.endswith("]"):
        return pace * (0.55 + 0.1 * len(token))
    kind = next(kind for kind in MARK_SECONDS if kind in token)
    return dice.uniform(*MARK_SECONDS[kind])


@dataclass(frozen=True)
class Cue:
    """A caption: one speaker's words that are shown together, and whether they open a turn."""

    spoken: Spoken
    words: tuple[Word, ...]
    opens: bool

    @property
    def text(self) -> str:
        """The words as one line."""
        return " ".join(word.text for word in self.words)


def cut(turns: Iterable[Spoken], seconds: float = CUE_SECONDS) -> list[Cue]:
    """Captions of at most two lines and so many seconds, cut after a sentence where one ends."""
    cues = []
    for spoken in turns:
        rest, opens = list(spoken.words), True
        while rest:
            size = _fitting(rest, seconds)
            cues.append(Cue(spoken, tuple(rest[:size]), opens))
            rest, opens = rest[size:], False
    return cues


def _fitting(words: list[Word], seconds: float) -> int:
    """How many words the next caption takes."""
    size, characters = 0, -1
    for word in words:
        characters += 1 + len(word.text)
        if size and (characters > CUE_CHARACTERS or word.end - words[0].start > seconds):
            break
        size += 1
    if size == len(words):
        return size
    ends = [i + 1 for i in range(size) if _SENTENCE_END.search(words[i].text)]
    return next((end for end in reversed(ends) if 2 * end >= size), size)


# --- formats --------------------------------------------------------------------------------------


def _clock(seconds: float, comma: str = ".") -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    thousandths = f"{rest // 1000:02}{comma}{rest % 1000:03}"
    return f"{minutes // 60:02}:{minutes % 60:02}:{thousandths}"


def _short_clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _timing(cue: Cue, comma: str = ".") -> str:
    return f"{_clock(cue.words[0].start, comma)} --> {_clock(cue.words[-1].end, comma)}"


def write_zoom(_row: Row, turns: list[Spoken], _dice: random.Random) -> bytes:
    """Zoom's WebVTT: numbered cues, the display name before the words of each."""
    cues = enumerate(cut(turns), start=1)
    blocks = [f"{n}\n{_timing(cue)}\n{cue.spoken.name}: {cue.text}\n" for n, cue in cues]
    return "\n".join(["WEBVTT\n", *blocks]).encode()


def write_teams(_row: Row, turns: list[Spoken], dice: random.Random) -> bytes:
    """Teams' WebVTT: cues with an id, the name as a voice."""
    id = uuid.UUID(int=dice.getrandbits(128), version=4)
    blocks = [
        f"{id}/{n}-{n % 2}\n{_timing(cue)}\n<v {cue.spoken.name}>{escape(cue.text)}</v>\n"
        for n, cue in enumerate(cut(turns), start=4)
    ]
    return "\n".join(["WEBVTT\n", *blocks]).encode()


def write_srt(_row: Row, turns: list[Spoken], _dice: random.Random) -> bytes:
    """SubRip: two lines at most, "Name: " where the speaker changes."""
    blocks = []
    for number, cue in enumerate(cut(turns), start=1):
        text = f"{cue.spoken.name}: {cue.text}" if cue.opens else cue.text
        lines = "\n".join(textwrap.wrap(text, max(LINE_CHARACTERS, (len(text) + 1) // 2 + 8)))
        blocks.append(f"{number}\n{_timing(cue, ',')}\n{lines}\n")
    return "\n".join(blocks).encode()


def write_otter(_row: Row, turns: list[Spoken], _dice: random.Random) -> bytes:
    """Otter's text: name and time, the words below, long turns in several paragraphs."""
    blocks = [
        f"{cue.spoken.name}  {_short_clock(cue.words[0].start)}  \n{cue.text}\n"
        for cue in _paragraphs(turns)
    ]
    return "\n".join([*blocks, "Transcribed by https://otter.ai\n"]).encode()


def _paragraphs(turns: list[Spoken]) -> list[Cue]:
    """Whole turns, but those over 40 seconds halved after a sentence, as programs do."""
    cues = []
    for spoken in turns:
        words = spoken.words
        middle = (words[0].start + words[-1].end) / 2
        late = [
            i + 1
            for i, word in enumerate(words[:-1])
            if word.end > middle and _SENTENCE_END.search(word.text)
        ]
        size = late[0] if late and words[-1].end - words[0].start > 40 else len(words)
        cues += [Cue(spoken, part, True) for part in (words[:size], words[size:]) if part]
    return cues


def write_teams_docx(row: Row, turns: list[Spoken], _dice: random.Random) -> bytes:
    """The Word file that Teams offers: a heading, then name, time and words in a paragraph."""
    day = date.fromisoformat(row["date"])
    length = _short_clock(turns[-1].words[-1].end).replace(":", "m ") + "s"
    heading = f"Session-{day:%Y%m%d}-Meeting Recording", f"{day:%B} {day.day}, {day.year}", length
    paragraphs = [_paragraph(("", line)) for line in heading]
    for cue in _paragraphs(turns):
        stamp = f"   {_short_clock(cue.words[0].start)}"
        paragraphs.append(_paragraph(("b", cue.spoken.name), ("", stamp), ("br", cue.text)))
    return _docx(paragraphs)


def write_word(_row: Row, turns: list[Spoken], _dice: random.Random) -> bytes:
    """A transcript typed in Word: first name, colon, words."""
    said = [(("b", f"{turn.name.split()[0]}:"), ("", f" {turn.text}")) for turn in turns]
    return _docx([_paragraph(*runs) for runs in said])


def _paragraph(*runs: tuple[str, str]) -> str:
    """A paragraph of (style, text) runs: "b" is bold, "br" begins with a line break."""
    styles = {"b": "<w:rPr><w:b/></w:rPr>", "br": "<w:br/>", "": ""}
    made = [
        f'<w:r>{styles[style]}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
        for style, text in runs
    ]
    return f"<w:p>{''.join(made)}</w:p>"


def _docx(paragraphs: list[str]) -> bytes:
    """The smallest Word file, stored without compression so that its bytes never change."""
    parts = {**DOCX_PARTS, "word/document.xml": DOCX_BODY.format("".join(paragraphs))}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            archive.writestr(info, text.encode())
    return buffer.getvalue()


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OPEN = "http://schemas.openxmlformats.org"
_TYPE = "application/vnd.openxmlformats-"
DOCX_BODY = (
    f'{_XML}<w:document xmlns:w="{_OPEN}/wordprocessingml/2006/main"><w:body>{{}}</w:body>'
    "</w:document>"
)
DOCX_PARTS = {
    "[Content_Types].xml": (
        f'{_XML}<Types xmlns="{_OPEN}/package/2006/content-types">'
        f'<Default Extension="rels" ContentType="{_TYPE}package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/word/document.xml" '
        f'ContentType="{_TYPE}officedocument.wordprocessingml.document.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'{_XML}<Relationships xmlns="{_OPEN}/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{_OPEN}/officeDocument/2006/relationships/officeDocument" '
        'Target="word/document.xml"/></Relationships>'
    ),
}


def write_whisperx(_row: Row, turns: list[Spoken], dice: random.Random) -> bytes:
    """WhisperX's JSON, less its second copy of the words; speakers by diarization only."""
    ids = dict(zip("TC", dice.sample(["SPEAKER_00", "SPEAKER_01"], 2), strict=True))
    segments = [_segment(cue, ids[cue.spoken.who], dice) for cue in cut(turns, seconds=15)]
    return (
        json.dumps({"segments": segments, "language": "en"}, ensure_ascii=False) + "\n"
    ).encode()


def _segment(cue: Cue, speaker: str, dice: random.Random) -> Row:
    words = [
        {
            "word": word.text,
            "start": word.start,
            "end": word.end,
            "score": round(dice.uniform(0.5, 0.99), 3),
            "speaker": speaker,
        }
        for word in cue.words
    ]
    start, end = cue.words[0].start, cue.words[-1].end
    return {
        "start": start,
        "end": end,
        "text": f" {cue.text}",
        "words": words,
        "speaker": speaker,
    }


def write_plain(row: Row, turns: list[Spoken], _dice: random.Random) -> bytes:
    """Typed text: T: and C:, a heading."""
    lines = [f"Session of {row['date']}, transcribed by hand", ""]
    lines += [f"{turn.who}: {turn.text}" for turn in turns]
    return ("\n".join(lines) + "\n").encode()


def write_csv(_row: Row, turns: list[Spoken], _dice: random.Random) -> bytes:
    """A table with a row for each turn, times in seconds."""
    buffer = io.StringIO(newline="")
    table = csv.writer(buffer)
    table.writerow(["turn", "start", "end", "speaker", "text"])
    for number, turn in enumerate(turns, start=1):
        start, end = turn.words[0].start, turn.words[-1].end
        table.writerow([number, f"{start:.2f}", f"{end:.2f}", turn.name, turn.text])
    return buffer.getvalue().encode()


WRITERS: dict[str, Callable[[Row, list[Spoken], random.Random], bytes]] = {
    "zoom": write_zoom,
    "teams": write_teams,
    "srt": write_srt,
    "otter": write_otter,
    "teams-docx": write_teams_docx,
    "word": write_word,
    "whisperx": write_whisperx,
    "plain": write_plain,
    "csv": write_csv,
}
EXTENSIONS = {
    "zoom": ".vtt",
    "teams": ".vtt",
    "srt": ".srt",
    "otter": ".txt",
    "teams-docx": ".docx",
    "word": ".docx",
    "whisperx": ".json",
    "plain": ".txt",
    "csv": ".csv",
}

if __name__ == "__main__":
    main()
