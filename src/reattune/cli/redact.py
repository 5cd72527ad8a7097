"""`reattune redact`: a transcript with placeholders for what identifies people."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reattune.cli.output import errors_told, write_whole
from reattune.errors import InputError

if TYPE_CHECKING:
    from reattune.redact import Span
    from reattune.types import Session

SCHEMA = "reattune.redaction/1"

Aliases = dict[str, list[str]]


@click.command(name="redact")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help=f"Print JSON ({SCHEMA}) instead.")
@click.option(
    "--alias",
    "names",
    multiple=True,
    metavar="NAME",
    help='A name to hide, or "client=NAME", "therapist=NAME"; repeat for several.',
)
@click.option(
    "--out",
    "out",
    type=click.Path(path_type=Path),
    help="Write to this file instead of standard output.",
)
def command(file: Path, as_json: bool, names: tuple[str, ...], out: Path | None) -> None:
    """Write FILE with placeholders for names, places, dates, numbers and the like.

    FILE is a transcript in any format that `reattune analyze` reads, or plain text; "-" reads
    standard input. The same name has the same placeholder throughout. Names are missed: read the
    result before it leaves your hands.
    """
    with errors_told():
        from reattune.redact import find_all

        sources = read_sources(file)
        found = find_all(sources, aliases=aliases_of(names))
        pairs = list(zip(sources, found, strict=True))
        text = as_rows(pairs) if as_json else as_text(pairs)
        if out is None:
            click.echo(text)
        else:
            write_whole(out, text + "\n")
        click.echo(summary(found), err=True)


def aliases_of(names: Sequence[str]) -> Aliases:
    """Label -> names, from "NAME" and "client=NAME". InputError "bad-alias" for an empty one."""
    found: Aliases = {}
    for given in names:
        label, equals, name = given.partition("=")
        label, name = (label.strip().lower(), name.strip()) if equals else ("person", given.strip())
        if not name:
            raise InputError(
                "bad-alias",
                "A name to hide is empty.",
                remedy='Write --alias "Anna Weber" or --alias "client=Anna Weber".',
            )
        found.setdefault(label, []).append(name)
    return found


def read_sources(file: Path) -> list[Session | str]:
    """The sessions of a file, or its text where nobody is named as speaking."""
    from reattune.readers import read_all, read_all_bytes
    from reattune.readers.source import open_source

    piped = sys.stdin.buffer.read() if str(file) == "-" else b""
    name = "standard input" if str(file) == "-" else file.name
    try:
        if str(file) == "-":
            return list(read_all_bytes(piped, name=name))
        return list(read_all(file))
    except InputError as error:
        if error.slug != "no-speakers":
            raise
        source = open_source(piped or file.read_bytes(), name)
        if source.kind != "text" or source.suffix in (".vtt", ".srt", ".json"):
            raise
        return [source.text]


def as_text(pairs: Sequence[tuple[Session | str, Sequence[Span]]]) -> str:
    """The texts with placeholders: a line a turn, several sessions under headings."""
    from reattune.redact import apply

    parts = []
    for number, (source, spans) in enumerate(pairs, 1):
        if isinstance(source, str):
            parts.append(apply(source, spans).rstrip("\n"))
            continue
        heading = [f"Session {number}", ""] if len(pairs) > 1 else []
        turns = apply(source, spans).turns
        parts.append("\n".join([*heading, *(f"{turn.speaker}: {turn.text}" for turn in turns)]))
    return "\n\n".join(parts)


def as_rows(pairs: Sequence[tuple[Session | str, Sequence[Span]]]) -> str:
    """JSON: an object for one session, a list for several; no words of the original."""
    rows = [row_of(source, spans) for source, spans in pairs]
    return json.dumps(rows[0] if len(rows) == 1 else rows, ensure_ascii=False)


def row_of(source: Session | str, spans: Sequence[Span]) -> dict[str, Any]:
    """One session: its turns with placeholders, and where in the original each span stands."""
    from reattune.redact import apply

    if isinstance(source, str):
        turns = [{"speaker": "", "text": apply(source, spans)}]
    else:
        hidden = apply(source, spans)
        turns = [{"speaker": turn.speaker, "text": turn.text} for turn in hidden.turns]
    return {"schema": SCHEMA, "turns": turns, "spans": [span.to_dict() for span in spans]}


def summary(found: Sequence[Sequence[Span]]) -> str:
    """How many spans of each category are hidden, and what is still to do."""
    counts = Counter(span.category for spans in found for span in spans)
    kinds = ", ".join(f"{count} {category}" for category, count in counts.most_common())
    hidden = f"Hidden: {kinds}." if kinds else "Nothing was found to hide."
    return f"{hidden} Some of what identifies people is missed: read it before it leaves."
