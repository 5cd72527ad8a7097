"""Backups: the whole data folder as one encrypted file, and the way back.

A backup is a header (where the key comes from) and a sealed tar of a manifest, a copy of the
database and the stored files. Sealed by a passphrase it holds the master key and opens on any
machine; sealed by the key of the records it needs that key. On PostgreSQL the database is in it as
`pg_dump` writes it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import connection

from reattune import __version__
from reattune.errors import DependencyError, InputError
from reattune.settings import data_folder
from reattune.web import files, vault

MAGIC = b"REATTBK1"
DATABASE, MANIFEST, MASTER = "database", "manifest.json", "master"
LAST = "last-backup.json"
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Told:
    """What a backup holds."""

    made: str
    version: str
    files: int
    bytes: int


# Making one


def make(target: Path, passphrase: str = "") -> Told:
    """Write a backup, whole or not at all, and read it back; what it holds."""
    with tempfile.TemporaryDirectory(dir=data_folder(), prefix="backup-") as work:
        contents = Path(work)
        copy_database(contents / DATABASE)
        if passphrase:
            vault.write_private(contents / MASTER, vault.master_key())
        manifest = describe(contents)
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                write(out, contents, manifest, passphrase)
                out.flush()
                os.fsync(out.fileno())
            made = verify(part, passphrase)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    vault.write_private(data_folder() / LAST, json.dumps({"at": made.made}).encode())
    return made


def copy_database(target: Path) -> None:
    """A consistent copy of the database while others go on working."""
    if connection.vendor == "postgresql":
        run_tool("pg_dump", "--format=custom", f"--file={target}", database_url())
        target.chmod(0o600)
        return
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(target)])
    target.chmod(0o600)


def database_url() -> str:
    """The address of the clinic's database."""
    return os.environ["DATABASE_URL"]


def run_tool(name: str, *arguments: str) -> None:
    """Run a program of PostgreSQL; errors say its first line, which holds no records."""
    if shutil.which(name) is None:
        remedy = "Install PostgreSQL's client programs."
        raise DependencyError("no-pg-tools", f"{name} is not installed.", remedy=remedy)
    done = subprocess.run([name, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["It gave no reason."])[0]
        raise InputError("pg-failed", said, where=name, remedy="Mend that and try again.")


def describe(contents: Path) -> dict[str, Any]:
    """The manifest: each file with its SHA-256."""
    stored = {f"files/{p.relative_to(files.folder())}": digest(p) for p in stored_files()}
    own = {p.name: digest(p) for p in sorted(contents.iterdir())}
    return {
        "version": __version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "database": connection.vendor,
        "files": {**own, **stored},
    }


def stored_files() -> Iterator[Path]:
    """Every stored file, without those that are being written."""
    folder = files.folder()
    if folder.is_dir():
        yield from (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name[0] != ".")


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(out: BinaryIO, contents: Path, manifest: dict[str, Any], passphrase: str) -> None:
    """Header, then the sealed tar, through a pipe so that nothing lies about unsealed."""
    salt = secrets.token_bytes(vault.SALT_BYTES)
    header = json.dumps({"by": "passphrase" if passphrase else "key", "salt": salt.hex()}).encode()
    out.write(MAGIC + len(header).to_bytes(4, "big") + header)
    key = seal_key(passphrase, salt)
    reader, writer = os.pipe()
    child = _Packer(writer, contents, manifest)
    child.start()
    with os.fdopen(reader, "rb") as packed:
        for piece in files.seal(iter(lambda: packed.read(PIECE), b""), key, aad=header):
            out.write(piece)
    child.finish()


def seal_key(passphrase: str, salt: bytes) -> bytes:
    """The key that a backup is sealed by."""
    return vault.stretch(passphrase, salt) if passphrase else vault.derive("backup")


class _Packer(threading.Thread):
    """Writes the tar into a pipe on a thread of its own."""

    def __init__(self, writer: int, contents: Path, manifest: dict[str, Any]) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self.writer, self.contents, self.manifest = writer, contents, manifest

    def finish(self) -> None:
        """Wait for the end; raises what went wrong."""
        self.join()
        if self.error is not None:
            raise self.error

    def run(self) -> None:
        """Write the manifest and every file in it."""
        try:
            with (
                os.fdopen(self.writer, "wb") as pipe,
                tarfile.open(fileobj=pipe, mode="w|") as tar,
            ):
                (self.contents / MANIFEST).write_text(json.dumps(self.manifest))
                for name in (MANIFEST, *self.manifest["files"]):
                    own = name.startswith("files/")
                    tar.add((data_folder() if own else self.contents) / name, name)
        except BaseException as error:
            self.error = error


# Reading one


def verify(source: Path, passphrase: str = "") -> Told:
    """Read a whole backup and check every file in it; InputError if anything is wrong."""
    with tempfile.TemporaryDirectory(dir=existing_parent(), prefix="verify-") as work:
        return unpack(source, passphrase, Path(work))


def existing_parent() -> Path:
    """The data folder, made if need be."""
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def sealed_by(source: Path) -> str:
    """Whether a backup is sealed by "passphrase" or by "key"."""
    with source.open("rb") as file:
        return str(read_header(file)[0]["by"])


def read_header(file: BinaryIO) -> tuple[dict[str, str], bytes]:
    """The header of a backup, parsed and raw; InputError if this is none."""
    magic, size = file.read(len(MAGIC)), int.from_bytes(file.read(4), "big")
    if magic != MAGIC or size > 4096:
        remedy = "Name a file that `reattune backup` wrote."
        raise InputError("not-a-backup", "This is no backup of Reattune.", remedy=remedy)
    raw = file.read(size)
    try:
        return json.loads(raw), raw
    except ValueError as error:
        remedy = "Use an earlier backup."
        raise InputError("bad-backup", "The backup is damaged.", remedy=remedy) from error


def unpack(source: Path, passphrase: str, into: Path) -> Told:
    """Unpack a backup into an empty folder and check it against its manifest."""
    with source.open("rb") as file:
        header, raw = read_header(file)
        if (header["by"] == "passphrase") != bool(passphrase):
            what = f"This backup is sealed by a {header['by']}."
            remedy = "Give the passphrase, or start with the key of the records."
            raise InputError("needs-passphrase", what, where=source.name, remedy=remedy)
        key = seal_key(passphrase, bytes.fromhex(header["salt"]))
        plain = files.unseal(file, key, aad=raw, where=source.name)
        try:
            with tarfile.open(fileobj=io.BufferedReader(_Pieces(plain)), mode="r|") as tar:
                tar.extractall(into, filter="data")
            for _rest in plain:  # to the last chunk, so that a cut-off end shows
                pass
        except tarfile.TarError as error:
            remedy = "Use an earlier backup."
            raise InputError("bad-backup", "The backup is damaged.", remedy=remedy) from error
    return check(into, source.name)


def check(unpacked: Path, where: str) -> Told:
    """The unpacked files against the manifest."""
    manifest = json.loads((unpacked / MANIFEST).read_text())
    for name, expected in manifest["files"].items():
        path = unpacked / name
        if not path.is_file() or digest(path) != expected:
            what, remedy = f"{name} in the backup is damaged.", "Use an earlier backup."
            raise InputError("bad-backup", what, where=where, remedy=remedy)
    size = sum((unpacked / name).stat().st_size for name in manifest["files"])
    return Told(manifest["made"], manifest["version"], len(manifest["files"]), size)


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a file to read on."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.rest = pieces, memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer from the next piece; 0 at the end."""
        if not self.rest:
            self.rest = memoryview(next(self.pieces, b""))
        size = min(len(buffer), len(self.rest))
        buffer[:size], self.rest = self.rest[:size], self.rest[size:]
        return size


# Back


def restore(source: Path, passphrase: str = "", *, keep_key: vault.Source = "file") -> Told:
    """Put a backup into an empty data folder; nothing is changed before all of it was checked.

    A backup sealed by a passphrase brings its key along, which is then kept as `keep_key` says.
    """
    folder = existing_parent()
    if vault.exists() and (folder / "reattune.db").exists():
        what, remedy = "This data folder has records.", "Name an empty one with --data-dir."
        raise InputError("not-empty", what, where=folder.name, remedy=remedy)
    with tempfile.TemporaryDirectory(dir=folder, prefix="restore-") as work:
        told = unpack(source, passphrase, Path(work))
        put_back(Path(work), folder)
        if passphrase:
            master = (Path(work) / MASTER).read_bytes()
            vault.keep(keep_key, secrets.token_bytes(vault.SALT_BYTES), master)
    return told


def put_back(unpacked: Path, folder: Path) -> None:
    """Move the stored files and the database to their places."""
    kept = unpacked / "files"
    if kept.is_dir():
        shutil.rmtree(folder / "files", ignore_errors=True)
        kept.rename(folder / "files")
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        archive = str(unpacked / DATABASE)
        run_tool(
            "pg_restore",
            "--clean",
            "--if-exists",
            "--no-owner",
            f"--dbname={database_url()}",
            archive,
        )
        return
    (unpacked / DATABASE).rename(folder / "reattune.db")
