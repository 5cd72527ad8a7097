"""The public AnnoMI table of motivational-interviewing demonstrations, many transcripts a file.

Wu et al. (2022, 2023). Texts are kept exactly as given, one turn for each utterance number,
because labels are keyed to them; the fuller table repeats each utterance for each annotator.
"""

from __future__ import annotations

from collections.abc import Sequence

from reattune.readers.clean import counted, make_session, make_turn
from reattune.readers.clock import seconds
from reattune.readers.columns import Row
from reattune.readers.source import Source, no_turns, wrong_format
from reattune.readers.table import csv_rows
from reattune.types import Note, Session, Turn

NEEDED = ("transcript_id", "utterance_id", "interlocutor", "utterance_text")


def sniff(source: Source) -> float:
    """0.95 for a first line with AnnoMI's columns."""
    header = source.text[:2000].partition("\n")[0]
    return 0.95 if all(name in header for name in NEEDED) else 0.0


def parse(source: Source) -> tuple[Session, ...]:
    """Every transcript, named "annomi-" with its transcript_id.

    InputError "wrong-format" without AnnoMI's columns, "no-turns", "damaged-file".
    """
    if not sniff(source):
        raise wrong_format(source, "AnnoMI", f"it lacks the columns {', '.join(NEEDED)}")
    rows = csv_rows(source)
    names = [str(name).strip() for name in rows[0]]
    if not all(name in names for name in NEEDED):
        raise wrong_format(source, "AnnoMI", f"it lacks the columns {', '.join(NEEDED)}")
    transcripts, repeated = _group(rows[1:], names)
    if not transcripts:
        raise no_turns(source)
    notes = (*source.notes, *_about_repeated(repeated))
    return tuple(
        make_session(
            list(turns.values()),
            source=f"annomi-{key}",
            format="annomi",
            notes=notes if number == 0 else source.notes,
        )
        for number, (key, turns) in enumerate(transcripts.items())
    )


def _group(rows: Sequence[Row], names: list[str]) -> tuple[dict[str, dict[str, Turn]], int]:
    """Transcript -> utterance -> turn, in the order of the file, and how many rows repeat one."""
    which, number, who, text = (names.index(name) for name in NEEDED)
    time = names.index("timestamp") if "timestamp" in names else None
    transcripts: dict[str, dict[str, Turn]] = {}
    repeated = 0
    for row in rows:
        if len(row) < len(names):
            continue
        turns = transcripts.setdefault(str(row[which]), {})
        if str(row[number]) in turns:
            repeated += 1
            continue
        start = None if time is None else seconds(row[time])
        turns[str(row[number])] = make_turn(str(row[who]), str(row[text]), start)
    return transcripts, repeated


def _about_repeated(count: int) -> list[Note]:
    if not count:
        return []
    text = f"Left out {counted(count, 'row')}, each repeating an utterance for another annotator."
    return [Note("rows-repeated", text)]
