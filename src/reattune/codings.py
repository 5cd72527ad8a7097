"""Codings of sessions by coders: read, laid beside each other, compared, settled, written.

A coding file is CSV (or TSV, XLSX, JSON Lines) with a row a turn: `session`, `turn` (from 1),
`codes` (ids of the codebook or names of families, by semicolons), and perhaps `intensity` (micro or
major), `coder`, `who` (T or C), `start` and `end` (seconds or 0:01:05). Empty codes mean that none
holds; "?" means that this coder did not judge the turn. JSON Lines may also be whole labelled
sessions, as `reattune evaluate` takes them; docs/agreement.md has all forms.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from reattune.codebook import CODES, FAMILIES
from reattune.errors import InputError
from reattune.labelled import Labelled, read_labelled
from reattune.readers.clock import seconds
from reattune.readers.columns import cell_text
from reattune.readers.jsontext import load
from reattune.readers.source import Source, open_source
from reattune.readers.table import DELIMITERS, xlsx_sheets
from reattune.tables import file_bytes
from reattune.types import Intensity, Role, Session, role_of

KNOWN: tuple[str, ...] = (*CODES, *FAMILIES)
"""What `codes` may hold."""

NEEDED = ("session", "turn", "codes")
COLUMNS = (*NEEDED, "intensity", "coder", "who", "start", "end")
UNJUDGED = "?"
CONSENSUS = "consensus"

Row = Mapping[str, Any]
Sessions = Mapping[str, Session]  # transcripts by session id


@dataclass(frozen=True, slots=True)
class CodedTurn:
    """What a coder said of one turn: `number` from 0, `codes` in codebook order.

    `judged` is False where the coder did not look. `start` and `end` are seconds.
    """

    number: int
    codes: tuple[str, ...] = ()
    intensity: Intensity | None = None
    role: Role = "unknown"
    judged: bool = True
    start: float | None = None
    end: float | None = None

    @property
    def said(self) -> tuple[bool, tuple[str, ...], str | None]:
        """What two coders of this turn can differ in."""
        return self.judged, self.codes, self.intensity


@dataclass(frozen=True, slots=True)
class Coding:
    """One coder's coding of one session, its turns in order."""

    session: str
    coder: str
    turns: tuple[CodedTurn, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A turn (from 0) that coders who judged it saw differently: coder -> codes, intensity.

    `text` is empty unless a transcript was given.
    """

    session: str
    turn: int
    role: Role
    codes: Mapping[str, tuple[str, ...]]
    intensity: Mapping[str, Intensity | None]
    text: str = ""


# Reading


def read_codings(path: Path, sessions: Sessions | None = None) -> list[Coding]:
    """Every coding in a file: CSV, TSV, XLSX, JSON Lines or ELAN (EAF).

    The coder is that of the rows, or of the tiers in ELAN, else the file's name. ELAN needs the
    session's transcript with times among `sessions`. InputError names the line.
    """
    data = file_bytes(path)
    if path.suffix.lower() == ".eaf":
        from reattune.elan import read_eaf

        return read_eaf(data, path.name, sessions or {})
    source = open_source(data, path.name)
    rows = list(_rows(source))
    if rows and rows[0][1] is None:
        return [_of_labelled(row, path.stem) for row in read_labelled(path)]
    return _group([(where, row) for where, row in rows if row is not None], path)


def _rows(source: Source) -> Iterator[tuple[str, Row | None]]:
    """Where each row is and its cells; None where lines are whole labelled sessions."""
    if source.kind == "text" and source.suffix in (".jsonl", ".ndjson", ".json"):
        yield from _json_rows(source)
        return
    header, body = _sheet(source)
    for line, row in body:
        yield source.at(line), dict.fromkeys(header) | dict(zip(header, row, strict=False))


def _json_rows(source: Source) -> Iterator[tuple[str, Row | None]]:
    for line, value in load(source):
        for row in value if isinstance(value, list) else [value]:
            if isinstance(row, dict) and "turns" in row:
                yield source.at(line), None
            elif isinstance(row, dict) and all(key in row for key in NEEDED):
                yield source.at(line), row | {"codes": _listed(row["codes"])}
            else:
                raise _columns(source.name, source.at(line))


def _listed(codes: object) -> object:
    """JSON has null where a coder did not look."""
    return UNJUDGED if codes is None else codes


def _sheet(source: Source) -> tuple[list[str], list[tuple[int, Sequence[Any]]]]:
    """Header in lower case and rows with their lines."""
    for rows in _sheets(source):
        header = [cell_text(cell).strip().lower() for cell in rows[0][1]]
        if set(NEEDED) <= set(header):
            return header, rows[1:]
    raise _columns(source.name)


def _sheets(source: Source) -> Iterator[list[tuple[int, Sequence[Any]]]]:
    if source.kind == "xlsx":
        yield from (list(enumerate(sheet, 1)) for sheet in xlsx_sheets(source))
    if source.kind != "text":
        return
    for mark in DELIMITERS:
        reader = csv.reader(io.StringIO(source.text, newline=""), delimiter=mark)
        try:
            rows = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
        except csv.Error:
            continue
        if rows:
            yield cast("list[tuple[int, Sequence[Any]]]", rows)


def _columns(name: str, where: str = "") -> InputError:
    return InputError(
        "codings-unreadable",
        "This is no coding: it needs session, turn and codes.",
        where=where or name,
        remedy="Give each turn a row with these columns, as docs/agreement.md describes.",
    )


def _group(rows: Sequence[tuple[str, Row]], path: Path) -> list[Coding]:
    """The rows as codings, in order of appearance."""
    found: dict[tuple[str, str], dict[int, CodedTurn]] = {}
    for where, row in rows:
        session, coder = cell_text(row["session"]), cell_text(row.get("coder")) or path.stem
        if not session:
            raise _bad(where, "The row names no session.", "Give each row its session.")
        turn = _turn(row, where)
        turns = found.setdefault((session, coder), {})
        if turn.number in turns:
            raise _bad(where, "This coder has the turn twice.", "Keep one row a turn.")
        turns[turn.number] = turn
    if not found:
        raise _bad(path.name, "The file codes no turn.", "Give each turn a row.")
    return [
        Coding(session, coder, tuple(turns[n] for n in sorted(turns)))
        for (session, coder), turns in found.items()
    ]


def _bad(where: str, what: str, remedy: str) -> InputError:
    return InputError("bad-coding", what, where=where, remedy=remedy)


def _turn(row: Row, where: str) -> CodedTurn:
    number = cell_text(row["turn"])
    if not re.fullmatch(r"\d{1,6}", number) or int(number) < 1:
        raise _bad(where, "The turn is no number from 1.", "Number turns as reports do.")
    codes, judged = _codes(row["codes"], where)
    return CodedTurn(
        int(number) - 1,
        codes,
        _intensity(row.get("intensity"), where),
        role_of(cell_text(row.get("who"))),
        judged,
        seconds(row.get("start")),
        seconds(row.get("end")),
    )


def _codes(cell: Any, where: str) -> tuple[tuple[str, ...], bool]:
    """The codes of a cell in codebook order, and whether the turn was judged."""
    words = cell if isinstance(cell, list) else re.split(r"[;,|\s]+", cell_text(cell))
    if cell == UNJUDGED:
        return (), False
    codes = parse_codes(words)
    if codes is None:
        raise InputError(
            "unknown-code",
            "A code is in no codebook.",
            where=where,
            remedy="Use the ids in docs/codebook.md or the names of families, by semicolons.",
        )
    return codes, True


def parse_codes(words: Iterable[object]) -> tuple[str, ...] | None:
    """Codes in codebook order; None if one is neither a code nor a family."""
    given = {str(word).strip().lower() for word in words} - {""}
    return tuple(id for id in KNOWN if id in given) if given <= set(KNOWN) else None


def _intensity(cell: Any, where: str) -> Intensity | None:
    text = cell_text(cell).lower()
    if text not in ("", "micro", "major"):
        raise _bad(where, "The intensity is neither micro nor major.", "Use one of them.")
    return cast("Intensity | None", text or None)


def _of_labelled(row: Labelled, coder: str) -> Coding:
    turns = tuple(
        CodedTurn(
            i,
            codes := tuple(id for id, on in zip(CODES, row.codes[i], strict=True) if on),
            ("major" if row.major[i] else "micro") if codes and turn.role == "client" else None,
            turn.role,
            bool(row.judged[i]),
            turn.start,
            turn.end,
        )
        for i, turn in enumerate(row.session.turns)
    )
    return Coding(row.id, coder, turns)


def read_all_codings(paths: Sequence[Path], sessions: Sessions | None = None) -> list[Coding]:
    """The codings of several files; files of one name whose rows name no coder stay apart.

    InputError where one coder coded a session twice.
    """
    found: list[Coding] = []
    for number, path in enumerate(paths, 1):
        own = read_codings(path, sessions)
        if any(path.stem == other.stem for other in paths[: number - 1]):
            own = [
                replace(c, coder=f"{c.coder} ({number})") if c.coder == path.stem else c
                for c in own
            ]
        found += own
    twice = [key for key, n in Counter((c.session, c.coder) for c in found).items() if n > 1]
    if twice:
        raise InputError(
            "codings-mismatch",
            "One coder has this session in two files.",
            where=twice[0][0],
            remedy="Give each coder's coding once, or name the coders in a column.",
        )
    return [with_transcript(coding, sessions) for coding in found]


def with_transcript(coding: Coding, sessions: Sessions | None) -> Coding:
    """The coding with roles and times from the session's transcript where there is one."""
    session = (sessions or {}).get(coding.session)
    if session is None:
        return coding
    if coding.turns[-1].number >= len(session.turns):
        raise InputError(
            "codings-mismatch",
            f"{coding.coder} coded turn {coding.turns[-1].number + 1}; the transcript has "
            f"{len(session.turns)} turns.",
            where=coding.session,
            remedy="Give the transcript that was coded.",
        )
    told = [session.turns[turn.number] for turn in coding.turns]
    turns = (
        replace(turn, role=own.role, start=own.start, end=own.end)
        for turn, own in zip(coding.turns, told, strict=True)
    )
    return replace(coding, turns=tuple(turns))


# Beside each other


def check_aligned(codings: Sequence[Coding]) -> tuple[str, ...]:
    """The sessions that two coders or more coded, in order; InputError unless turns match.

    Where coders name the speaker, they must name the same one.
    """
    by_session: dict[str, list[Coding]] = {}
    for coding in codings:
        by_session.setdefault(coding.session, []).append(coding)
    shared = {session: own for session, own in by_session.items() if len(own) > 1}
    if not shared:
        coders = len({coding.coder for coding in codings})
        raise InputError(
            "codings-mismatch",
            f"No session was coded by two coders ({coders} coders, {len(by_session)} sessions).",
            remedy="Give the codings of two coders, with the same session names.",
        )
    for own in shared.values():
        for other in own[1:]:
            _check_turns(own[0], other)
    return tuple(shared)


def _check_turns(one: Coding, two: Coding) -> None:
    first, second = ({turn.number: turn for turn in c.turns} for c in (one, two))
    apart = sorted(first.keys() ^ second.keys())
    roles = [
        n
        for n in sorted(first.keys() & second.keys())
        if len({first[n].role, second[n].role} - {"unknown"}) > 1
    ]
    if not apart and not roles:
        return
    what = f"{one.coder} has {len(first)} turns and {two.coder} {len(second)}; "
    if apart:
        what += f"{len(apart)} stand with one of them only, turn {apart[0] + 1} first."
    else:
        what = f"{one.coder} and {two.coder} name different speakers, turn {roles[0] + 1} first."
    remedy = f"Give both files a row for every turn: no codes where none holds, {UNJUDGED} where "
    remedy += "the coder did not look."
    raise InputError("codings-mismatch", what, where=one.session, remedy=remedy)


def disagreements(
    codings: Sequence[Coding], sessions: Sessions | None = None
) -> list[Disagreement]:
    """The turns on which coders who judged them differ, by session and turn."""
    found = []
    for session in check_aligned(codings):
        own = [coding for coding in codings if coding.session == session]
        for turns in zip(*(coding.turns for coding in own), strict=True):
            if len({turn.said for turn in turns if turn.judged}) > 1:
                found.append(_differing(session, own, turns, sessions or {}))
    return found


def _differing(
    session: str, own: Sequence[Coding], turns: Sequence[CodedTurn], sessions: Sessions
) -> Disagreement:
    judged = [(c.coder, turn) for c, turn in zip(own, turns, strict=True) if turn.judged]
    number = turns[0].number
    text = sessions[session].turns[number].text if session in sessions else ""
    return Disagreement(
        session,
        number,
        role_among(turns),
        {coder: turn.codes for coder, turn in judged},
        {coder: turn.intensity for coder, turn in judged},
        text,
    )


def role_among(turns: Iterable[CodedTurn]) -> Role:
    """The role that any coder states for a turn."""
    return next((turn.role for turn in turns if turn.role != "unknown"), "unknown")


def settle(
    codings: Sequence[Coding], decided: Sequence[Coding] = ()
) -> tuple[list[Coding], list[Disagreement]]:
    """The consensus coding by session, and what is left to settle.

    Where all who judged a turn agree, that stands; elsewhere what `decided` says, a coding of the
    turns that were talked over. Open turns are unjudged in the consensus.
    """
    said = {(c.session, turn.number): turn for c in decided for turn in c.turns if turn.judged}
    left = [d for d in disagreements(codings) if (d.session, d.turn) not in said]
    open_turns = {(d.session, d.turn) for d in left}
    made = []
    for session in check_aligned(codings):
        own = [coding for coding in codings if coding.session == session]
        turns = (
            _open(turns)
            if (session, turns[0].number) in open_turns
            else _settled(turns, said.get((session, turns[0].number)))
            for turns in zip(*(coding.turns for coding in own), strict=True)
        )
        made.append(Coding(session, CONSENSUS, tuple(turns)))
    return made, left


def _settled(turns: Sequence[CodedTurn], decided: CodedTurn | None) -> CodedTurn:
    chosen = decided or next((turn for turn in turns if turn.judged), turns[0])
    return replace(chosen, role=role_among(turns), start=turns[0].start, end=turns[0].end)


def _open(turns: Sequence[CodedTurn]) -> CodedTurn:
    return CodedTurn(
        turns[0].number,
        role=role_among(turns),
        judged=False,
        start=turns[0].start,
        end=turns[0].end,
    )


# Writing


def _cells(coding: Coding, turn: CodedTurn) -> dict[str, Any]:
    """A turn as a row, in the order of COLUMNS."""
    letter = {"therapist": "T", "client": "C", "other": "O"}.get(turn.role, "")
    codes = ";".join(turn.codes) if turn.judged else UNJUDGED
    values = (
        coding.session, turn.number + 1, codes, turn.intensity, coding.coder, letter, turn.start,
        turn.end,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def to_csv(codings: Iterable[Coding]) -> str:
    """Codings as CSV that `read_codings` reads again; no words."""
    return _csv(COLUMNS, ([*_cells(c, turn).values()] for c in codings for turn in c.turns))


def to_jsonl(codings: Iterable[Coding]) -> str:
    """Codings as JSON Lines, a turn a line; `codes` is a list, null where nobody looked."""
    lines = []
    for coding in codings:
        for turn in coding.turns:
            row = _cells(coding, turn) | {"codes": list(turn.codes) if turn.judged else None}
            kept = {k: v for k, v in row.items() if k in NEEDED or v not in (None, "")}
            lines.append(json.dumps(kept, ensure_ascii=False))
    return "\n".join(lines) + "\n" if lines else ""


def disagreements_csv(found: Sequence[Disagreement]) -> str:
    """The list of disagreements: a row a turn, a column a coder; words where they are known."""
    coders = sorted({coder for d in found for coder in d.codes})
    worded = any(d.text for d in found)
    header = ("session", "turn", "who", *coders, *(["text"] if worded else []))
    return _csv(header, (_differing_cells(d, coders, worded) for d in found))


def _differing_cells(found: Disagreement, coders: Sequence[str], worded: bool) -> list[Any]:
    said = []
    for coder in coders:
        codes = found.codes.get(coder)
        level = found.intensity.get(coder)
        words = UNJUDGED if codes is None else ";".join(codes) or "-"
        said.append(f"{words} ({level})" if level else words)
    role = "" if found.role == "unknown" else found.role
    return [found.session, found.turn + 1, role, *said, *([found.text] if worded else [])]


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
