"""What every reader is given and what it is: a `Source` in, sessions out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reattune.errors import InputError
from reattune.readers.decode import check_size, decode
from reattune.readers.package import Kind, is_package, package_kind
from reattune.types import Note, Session


@dataclass(frozen=True, slots=True)
class Source:
    """A file opened for reading.

    `name` is the file's name without a folder, for messages; `text` its decoded text, empty
    unless `kind` is "text"; `notes` what was tolerated in decoding.
    """

    data: bytes
    name: str
    kind: Kind
    text: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def suffix(self) -> str:
        """The extension in lower case with its dot, or ""."""
        return f".{self.name.rpartition('.')[2].lower()}" if "." in self.name else ""

    def at(self, line: int) -> str:
        """The file's name with a line number, for `InputError.where`."""
        return f"{self.name}, line {line}" if self.name else f"line {line}"


@dataclass(frozen=True, slots=True)
class Reader:
    """One transcript format.

    `sniff` says how sure it is, 0 to 1, that a source is of this format; `parse` gives the
    sessions in it with the speakers as labeled; `suffixes` break ties between sure readers.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    sniff: Callable[[Source], float]
    parse: Callable[[Source], tuple[Session, ...]]

    def read(self, data: bytes, name: str = "") -> Session:
        """The one session in `data`, roles as far as labels state them; raises InputError."""
        return only(self.parse(open_source(data, name)), name)


def open_source(data: bytes, name: str = "") -> Source:
    """The bytes of a file, decoded or recognized as a safe DOCX or XLSX package.

    InputError for anything that is neither text nor such a package.
    """
    check_size(data, name)
    if is_package(data):
        return Source(data, name, package_kind(data, name))
    text, notes = decode(data, name)
    return Source(data, name, "text", text, notes)


def only(sessions: tuple[Session, ...], where: str) -> Session:
    """The only session of several, or InputError "several-sessions" with their number."""
    if len(sessions) == 1:
        return sessions[0]
    raise InputError(
        "several-sessions",
        f"The file holds {len(sessions)} sessions.",
        where=where,
        remedy="Use reattune.read_all, or run `reattune analyze` on it.",
    )


def wrong_format(source: Source, title: str, detail: str) -> InputError:
    """The error for a file that is not of the format it was said to be."""
    return InputError(
        "wrong-format",
        f"This does not read as {title}: {detail}.",
        where=source.name,
        remedy="Leave --format out and the format is found from the content.",
    )


def no_speakers(source: Source) -> InputError:
    """The error for a transcript that does not say who speaks; that is never guessed."""
    return InputError(
        "no-speakers",
        "The transcript does not say who speaks.",
        where=source.name,
        remedy="Export it again with speaker names, or start each turn with its speaker, as in "
        '"T: ..." and "C: ...".',
    )


def no_turns(source: Source) -> InputError:
    """The error for a file in a known format without a single turn."""
    return InputError(
        "no-turns",
        "The file is in a known format but holds no turn with words.",
        where=source.name,
        remedy="Check that the export finished and is of the right session.",
    )
