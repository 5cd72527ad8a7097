"""A supervision packet as a PDF. Everything in it comes as text that was read and confirmed."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from reattune.report.pdf import compile_pdf
from reattune.report.reference import Paper, typographic
from reattune.report.transcript import Piece


@dataclass(frozen=True, slots=True)
class Sign:
    """A flag on a line: what it is called, how sure, how often such flags are wrong.

    `about` is what the codebook says of it, for a page that can fold it away.
    """

    family: str
    name: str
    sure: str
    wrong: str
    why: str
    about: tuple[str, ...] = ()
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn: its number from 1, who speaks by role, the words in pieces."""

    number: int
    role: str
    who: str
    pieces: tuple[Piece, ...]
    signs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A moment: its heading, what the therapist says of it, the episodes it touches, its turns."""

    title: str
    note: str
    episodes: tuple[str, ...]
    lines: tuple[Spoken, ...]


@dataclass(frozen=True, slots=True)
class Packet:
    """What a packet says, in the language of whoever reads it; `labels` are its headings.

    `title` names no client, `confidential` says for whom it is and until when, `course` is the
    course in short, `limits` what the flags are worth.
    """

    language: str
    title: str
    confidential: str
    made: str
    question: str
    moments: tuple[Excerpt, ...]
    course: tuple[str, ...]
    limits: tuple[str, ...]
    labels: dict[str, str]


def render_pdf(packet: Packet, paper: Paper = "a4") -> bytes:
    """The packet as a PDF, A4 or US Letter, each page marked as confidential and numbered."""
    data = {**typographic(_plain(asdict(packet))), "paper": paper}
    return compile_pdf("packet", data, system_fonts=True)


def _plain(value: object) -> object:
    """Tuples as lists, for JSON and for `typographic`."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
