"""A new master key: everything encrypted anew beside the old, then put in its place.

A crash before the last file is written leaves the old records as they are; one after it is made
good at the next start (`resume`), since putting a file in its place can be repeated.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import asdict
from pathlib import Path

from django.db import connection, transaction

from reattune.settings import data_folder
from reattune.web import backup, files, vault
from reattune.web.audit.models import Secret


def rekey(source: vault.Source, passphrase: str = "") -> bytes:
    """The new key of the records, kept as `source` says. Nobody else may use the folder now."""
    vault.resume()
    old, work = vault.master_key(), data_folder() / vault.WORK
    work.mkdir(mode=0o700)
    salt = secrets.token_bytes(vault.SALT_BYTES)
    master = fresh(source, salt, passphrase)
    try:
        copy_files(work, old, master)
        copy_database(work, old, master)
        note_key(work, source, salt, master)
    except BaseException:
        shutil.rmtree(work)
        raise
    connection.close()
    vault.write_private(work / vault.COMPLETE, b"")
    vault.resume()
    os.environ.pop(vault.KEY, None)
    return master


def fresh(source: vault.Source, salt: bytes, passphrase: str) -> bytes:
    """The new key; for the environment one to be set by the user is made here."""
    if source == "environment":
        return secrets.token_bytes(vault.KEY_BYTES)
    return vault.new_key(source, salt, passphrase)


def copy_files(work: Path, old: bytes, master: bytes) -> None:
    """Every stored file under the new key."""
    was, now = vault.derived(old, "files"), vault.derived(master, "files")
    for path in backup.stored_files():
        name = path.relative_to(files.folder())
        target = work / "files" / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aad = name.as_posix().encode()
        content = files.unseal_bytes(path.read_bytes(), was, aad=aad, where=name.as_posix())
        vault.write_private(target, files.seal_bytes(content, now, aad=aad))


def copy_database(work: Path, old: bytes, master: bytes) -> None:
    """The database under the new key; on PostgreSQL only what the vault seals in it."""
    was, now = vault.derived(old, "files"), vault.derived(master, "files")
    if connection.vendor == "postgresql":
        reseal(was, now)
        return
    from sqlcipher3 import dbapi2

    target = work / vault.DATABASE
    backup.copy_database(target)
    copy = dbapi2.connect(str(target), isolation_level=None)
    try:
        copy.execute(f"PRAGMA key = \"x'{vault.derived(old, 'database').hex()}'\"")
        for name, sealed in copy.execute("SELECT name, sealed FROM audit_secret").fetchall():
            fresh_seal = resealed(name, bytes(sealed), was, now)
            copy.execute("UPDATE audit_secret SET sealed = ? WHERE name = ?", (fresh_seal, name))
        copy.execute(f"PRAGMA rekey = \"x'{vault.derived(master, 'database').hex()}'\"")
    finally:
        copy.close()


def reseal(was: bytes, now: bytes) -> None:
    """Seal the secrets in the database anew."""
    with transaction.atomic():
        for row in Secret.objects.select_for_update():
            row.sealed = resealed(row.name, bytes(row.sealed), was, now)
            row.save()


def resealed(name: str, sealed: bytes, was: bytes, now: bytes) -> bytes:
    """One secret under the new key."""
    aad = name.encode()
    return files.seal_bytes(files.unseal_bytes(sealed, was, aad=aad, where=name), now, aad=aad)


def note_key(work: Path, source: vault.Source, salt: bytes, master: bytes) -> None:
    """The new key and the new `vault.json`, to be put in place last."""
    if source == "file":
        vault.write_private(work / vault.KEY_FILE, master.hex().encode())
    elif source == "keyring":
        vault.keep_in_keyring(master)
    made = vault.Vault(source, salt.hex(), vault.tag(master))
    vault.write_private(work / vault.VAULT, json.dumps(asdict(made), indent=2).encode())
