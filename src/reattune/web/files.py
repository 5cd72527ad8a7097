"""Files at rest: AES-256-GCM in chunks, so that a large file needs little memory.

Layout: 8 bytes of magic, 8 random bytes, then chunks of ciphertext, each sealed with its number and
whether it is the last, so that chunks cannot be dropped, moved or cut off unnoticed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reattune.errors import InputError
from reattune.settings import data_folder
from reattune.web import vault

MAGIC = b"REATTUN1"
PREFIX = 8  # random bytes of the nonce; the other four count chunks
CHUNK = 1 << 16
TAG = 16


def seal(source: Iterable[bytes], key: bytes, *, aad: bytes = b"") -> Iterator[bytes]:
    """The pieces of an encrypted file; `aad` is bound to it but not in it."""
    cipher, prefix = AESGCM(key), secrets.token_bytes(PREFIX)
    yield MAGIC + prefix
    pieces = rechunk(source)
    piece = next(pieces, b"")
    for number in range(1 << 32):
        following = next(pieces, None)
        yield cipher.encrypt(nonce(prefix, number), piece, mark(aad, last=following is None))
        if following is None:
            return
        piece = following


def unseal(file: BinaryIO, key: bytes, *, aad: bytes = b"", where: str = "") -> Iterator[bytes]:
    """The content of an encrypted file; InputError if it is damaged or the key is another."""
    cipher, head = AESGCM(key), file.read(len(MAGIC) + PREFIX)
    if head[: len(MAGIC)] != MAGIC or len(head) != len(MAGIC) + PREFIX:
        raise damaged(where)
    prefix, number = head[len(MAGIC) :], 0
    piece = file.read(CHUNK + TAG)
    while True:
        following = file.read(CHUNK + TAG)
        try:
            yield cipher.decrypt(nonce(prefix, number), piece, mark(aad, last=not following))
        except (InvalidTag, ValueError) as error:
            raise damaged(where) from error
        if not following:
            return
        piece, number = following, number + 1


def seal_bytes(content: bytes, key: bytes, *, aad: bytes = b"") -> bytes:
    """Content sealed in memory."""
    return b"".join(seal([content], key, aad=aad))


def unseal_bytes(sealed: bytes, key: bytes, *, aad: bytes = b"", where: str = "") -> bytes:
    """Sealed content opened in memory; InputError as for `unseal`."""
    return b"".join(unseal(BytesIO(sealed), key, aad=aad, where=where))


def rechunk(source: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of CHUNK, the last one shorter."""
    rest = bytearray()
    for piece in source:
        rest += piece
        while len(rest) >= CHUNK:
            yield bytes(rest[:CHUNK])
            del rest[:CHUNK]
    if rest:
        yield bytes(rest)


def nonce(prefix: bytes, number: int) -> bytes:
    """The nonce of a chunk, 12 bytes."""
    return prefix + number.to_bytes(4, "big")


def mark(aad: bytes, *, last: bool) -> bytes:
    """What is bound to a chunk."""
    return aad + (b"\x01" if last else b"\x00")


def damaged(where: str) -> InputError:
    """The error for a file that cannot be trusted."""
    what = "The encrypted file is damaged, or was made with another key."
    return InputError("bad-sealed-file", what, where=where, remedy="Restore it from a backup.")


def store(name: str, content: bytes) -> None:
    """Keep content under `files/NAME` in the data folder, encrypted, whole or not at all."""
    path = place(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    vault.write_private(path, seal_bytes(content, vault.derive("files"), aad=name.encode()))


def fetch(name: str) -> bytes:
    """What was stored under a name; InputError if it is missing or damaged."""
    try:
        sealed = place(name).read_bytes()
    except FileNotFoundError as error:
        remedy = "Restore it from a backup."
        raise InputError("no-file", "The file is gone.", where=name, remedy=remedy) from error
    return unseal_bytes(sealed, vault.derive("files"), aad=name.encode(), where=name)


def remove(name: str) -> None:
    """Delete a stored file, if it is there."""
    path = place(name)
    path.unlink(missing_ok=True)
    if path.parent != folder() and path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def place(name: str) -> Path:
    """Where a stored file lies; ValueError for a name that leads out of the folder."""
    path = (folder() / name).resolve()
    if not path.is_relative_to(folder().resolve()):
        raise ValueError("the name leads out of the folder")
    return path


def folder() -> Path:
    """The folder of stored files."""
    return data_folder() / "files"
