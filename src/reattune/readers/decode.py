"""Bytes to text: encodings, line endings, and the refusal of what is not text."""

from __future__ import annotations

import codecs
import re

from reattune.errors import InputError
from reattune.types import Note

MAX_BYTES = 64 * 1024 * 1024
"""Largest file read. A three-hour session is about 0.3 MB of text, a large corpus 10 MB."""

CONTROL_SHARE = 0.005
"""Share of control characters above which a file is not text: random bytes have about 0.1."""

_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_PDF = ("pdf-file", "This is a PDF.", "Export the transcript as DOCX or plain text and read that.")
_SOUND = (
    "audio-file",
    "This is an audio or video recording, not a transcript.",
    "Transcribe it first, with speaker names, and read the transcript.",
)
_IMAGE = ("image-file", "This is an image.", "Type or recognize its text and read that.")
_OLD = (
    "old-office-file",
    "This is an old Word or Excel file, or one locked with a password.",
    "Save it as DOCX, XLSX or plain text without a password.",
)
_PACKED = ("packed-file", "This is a compressed archive.", "Unpack it and read the files inside.")
_RTF = ("rich-text", "This is an RTF document.", "Save it as DOCX or plain text.")
_WEB = ("web-page", "This is a web page.", "Save its text as plain text, or export it as DOCX.")

# First bytes of files that are no transcript, and where in the file they stand.
_FOREIGN = (
    (0, b"%PDF-", _PDF),
    (0, b"ID3", _SOUND),
    (0, b"\xff\xfb", _SOUND),
    (0, b"\xff\xf3", _SOUND),
    (0, b"\xff\xf1", _SOUND),
    (0, b"fLaC", _SOUND),
    (0, b"OggS", _SOUND),
    (0, b"#!AMR", _SOUND),
    (8, b"WAVE", _SOUND),
    (8, b"AVI ", _SOUND),
    (8, b"AIFF", _SOUND),
    (4, b"ftyp", _SOUND),
    (0, b"\x1aE\xdf\xa3", _SOUND),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _SOUND),
    (0, b"\x89PNG", _IMAGE),
    (0, b"\xff\xd8\xff", _IMAGE),
    (0, b"GIF8", _IMAGE),
    (0, b"II*\x00", _IMAGE),
    (0, b"MM\x00*", _IMAGE),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLD),
    (0, b"\x1f\x8b", _PACKED),
    (0, b"7z\xbc\xaf\x27\x1c", _PACKED),
    (0, b"Rar!", _PACKED),
    (0, b"BZh9", _PACKED),
    (0, b"\xfd7zXZ", _PACKED),
    (0, b"{\\rtf", _RTF),
)

# Control characters that text may hold: tab, line feed, carriage return, vertical tab and form
# feed (Word's line and page breaks), and 0x15, which encloses times in CHAT.
_CONTROL = re.compile("[\x00-\x08\x0e-\x14\x16-\x1f]")
_WEB_PAGE = re.compile(r"\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype html|html)\b", re.I)


def decode(data: bytes, where: str) -> tuple[str, tuple[Note, ...]]:
    """The text of a file with "\\n" line endings, and a note where its encoding was guessed.

    InputError "empty-file" for nothing but white space, "too-large", "binary-file", or the slug
    of a file kind that is no transcript, such as "pdf-file" or "audio-file".
    """
    check_size(data, where)
    refuse_foreign(data, where)
    text, notes = _to_text(data, where)
    text = _drop_controls(text, where).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip("\ufeff \t\n\v\f"):
        raise _empty(where)
    if _WEB_PAGE.match(text[:1000]):
        raise InputError(_WEB[0], _WEB[1], where=where, remedy=_WEB[2])
    return text.lstrip("\ufeff"), notes


def check_size(data: bytes, where: str) -> None:
    """Nothing, or InputError "empty-file" or "too-large"."""
    if not data:
        raise _empty(where)
    if len(data) > MAX_BYTES:
        raise InputError(
            "too-large",
            f"The file is larger than {MAX_BYTES // 2**20} MB.",
            where=where,
            remedy="Split it into one file a session.",
        )


def refuse_foreign(data: bytes, where: str) -> None:
    """Nothing, or the InputError of a known kind of file that is no transcript."""
    for offset, magic, (slug, what, remedy) in _FOREIGN:
        if data.startswith(magic, offset):
            raise InputError(slug, what, where=where, remedy=remedy)


def _empty(where: str) -> InputError:
    return InputError(
        "empty-file",
        "The file holds no text.",
        where=where,
        remedy="Export the transcript again and check that it has words in it.",
    )


def _to_text(data: bytes, where: str) -> tuple[str, tuple[Note, ...]]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _strictly(data, encoding, where), ()
    if encoding := _utf16_order(data):
        return _strictly(data, encoding, where), ()
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        return _repair(data)


def _strictly(data: bytes, encoding: str, where: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            "damaged-file",
            f"The file says it is {encoding.upper()} text but breaks that encoding.",
            where=where,
            remedy="Save it again as UTF-8.",
        ) from error


def _utf16_order(data: bytes) -> str:
    """The byte order of UTF-16 without a mark, told by where the null bytes stand, else ""."""
    sample = data[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    few = even + odd < max(1, len(sample) // 20)
    if len(data) % 2 or few or min(even, odd) > max(even, odd) // 50:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _repair(data: bytes) -> tuple[str, tuple[Note, ...]]:
    """Text that is mostly UTF-8 with the broken bytes replaced, else Windows or Latin-1 text."""
    replaced = data.decode("utf-8", "replace")
    bad = replaced.count("\ufffd")
    if sum(char > "\x7f" for char in replaced) - bad >= 2 * bad:
        text = f"{bad} damaged characters were replaced; the rest is read as UTF-8."
        return replaced, (Note("encoding-repaired", text),)
    text = "The file is not UTF-8; it was read as Western European text (Windows-1252)."
    note = (Note("encoding-guessed", text),)
    try:
        return data.decode("cp1252"), note
    except UnicodeDecodeError:
        return data.decode("latin-1"), note


def _drop_controls(text: str, where: str) -> str:
    found = len(_CONTROL.findall(text))
    if "\x00" in text or found > CONTROL_SHARE * len(text):
        raise InputError(
            "binary-file",
            "The file is binary data, not text.",
            where=where,
            remedy="Export the transcript as VTT, SRT, DOCX, CSV or plain text.",
        )
    return _CONTROL.sub("", text) if found else text
