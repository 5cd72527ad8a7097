"""Checks on DOCX and XLSX files before any parser opens them.

Both are zip archives of XML, so a small file can unpack to more than the memory holds.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from typing import Literal

from reattune.errors import InputError

Kind = Literal["text", "docx", "xlsx"]

MAX_ENTRIES = 5_000
"""Parts in one document. A long transcript with a picture a paragraph has about 3,000."""

MAX_UNPACKED = 256 * 1024 * 1024
"""Unpacked bytes of the whole document, pictures included."""

MAX_PART = 64 * 1024 * 1024
"""Unpacked bytes of one part. The text of a three-hour session takes about 10 MB of XML."""

MAX_RATIO, RATIO_FROM = 300, 1024 * 1024
"""Unpacked to packed bytes of a part above 1 MB. Real documents stay under 100."""

_ZIP = b"PK\x03\x04"
_ENTRY = b"PK\x01\x02"
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_OPENING = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    ValueError,
    NotImplementedError,
    EOFError,
)


def is_package(data: bytes) -> bool:
    """Whether the bytes begin like a zip archive."""
    return data.startswith(_ZIP)


def package_kind(data: bytes, where: str) -> Kind:
    """ "docx" or "xlsx", once the archive is known to be whole and safe to open.

    InputError "damaged-file", "unsafe-archive", or "unknown-format" for other archives.
    """
    if data.count(_ENTRY) > MAX_ENTRIES:  # before zipfile builds an object for each
        raise _unsafe(where, f"more than {MAX_ENTRIES} parts")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_sizes(entries, where)
            kind = _kind(entries, where)
            _check_parts(archive, entries, where)
    except _OPENING as error:
        raise damaged(where) from error
    return kind


def damaged(where: str) -> InputError:
    """The error for a DOCX or XLSX file that cannot be opened."""
    return InputError(
        "damaged-file",
        "The document is damaged or incomplete.",
        where=where,
        remedy="Open it in Word or Excel, save it again, and read the new copy.",
    )


def _unsafe(where: str, why: str) -> InputError:
    return InputError(
        "unsafe-archive",
        f"The document is refused because it holds {why}.",
        where=where,
        remedy="Copy its text into a new document, or save it as plain text.",
    )


def _kind(entries: Sequence[zipfile.ZipInfo], where: str) -> Kind:
    names = {entry.filename for entry in entries}
    if "word/document.xml" in names:
        return "docx"
    if "xl/workbook.xml" in names:
        return "xlsx"
    raise InputError(
        "unknown-format",
        "This is an archive or a document of another program, not DOCX or XLSX.",
        where=where,
        remedy="Unpack it, or save the transcript as DOCX, XLSX or plain text.",
    )


def _check_sizes(entries: Sequence[zipfile.ZipInfo], where: str) -> None:
    """The declared sizes are held to, because zipfile never reads past the declared size."""
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise _unsafe(where, f"more than {MAX_UNPACKED // 2**20} MB when unpacked")
    for entry in entries:
        if entry.file_size > MAX_PART:
            raise _unsafe(where, f"a part of more than {MAX_PART // 2**20} MB")
        if entry.file_size > max(RATIO_FROM, MAX_RATIO * entry.compress_size):
            raise _unsafe(where, f"a part packed more than {MAX_RATIO} times smaller")


def _check_parts(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], where: str) -> None:
    """Every part is read once: whole, not encrypted, and without declarations of XML entities."""
    for entry in entries:
        if entry.flag_bits & 1 or entry.compress_type not in _READABLE:
            raise damaged(where)
        content = archive.read(entry)
        if "/media/" in entry.filename:  # pictures, which may be SVG with a document type
            continue
        plain = content.replace(b"\0", b"") if b"\0" in content else content  # UTF-16 as ASCII
        if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
            raise _unsafe(where, "XML declarations that no Office program writes")
