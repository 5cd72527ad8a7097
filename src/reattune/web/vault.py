"""The keys: one master key, from which each purpose has its own.

The master key is 256 bits. `vault.json` in the data folder says where it comes from: "file" (a
file of mode 600), "keyring" (the system's), "passphrase" (Argon2id, RFC 9106) or "environment"
(REATTUNE_KEY, 64 hexadecimal digits, which goes before any other). Keys for purposes are derived
by HKDF-SHA256 (RFC 5869), so that the database key says nothing about the key of the files.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from reattune.errors import InputError
from reattune.settings import data_folder

KEY = "REATTUNE_KEY"
VAULT, KEY_FILE, DATABASE = "vault.json", "key", "reattune.db"
WORK, COMPLETE = "rekey", "complete"  # a change of the key on its way
KEY_BYTES = 32
SALT_BYTES = 16
MEMORY, PASSES, LANES = 65536, 3, 4  # KiB, rounds, threads: RFC 9106, second recommended option
KEYRING_SERVICE = "reattune"

Source = Literal["file", "keyring", "passphrase", "environment"]
SOURCES: tuple[Source, ...] = get_args(Source)


@dataclass(frozen=True, slots=True)
class Vault:
    """Where the master key comes from; `check` tells a wrong key before any file is touched."""

    source: Source
    salt: str
    check: str
    version: int = 1


def exists() -> bool:
    """Whether this data folder has a vault."""
    return (data_folder() / VAULT).is_file()


def create(source: Source, passphrase: str = "") -> Vault:
    """A new master key, kept as asked. InputError if there is a vault, or for an empty passphrase.

    Nothing is written until the key is kept.
    """
    if exists():
        what = "This data folder has its key already."
        remedy = "Use `reattune rekey` to change it."
        raise InputError("vault-exists", what, where=VAULT, remedy=remedy)
    salt = secrets.token_bytes(SALT_BYTES)
    master = new_key(source, salt, passphrase)
    return keep(source, salt, master)


def new_key(source: Source, salt: bytes, passphrase: str) -> bytes:
    """A fresh master key for a source; InputError where the source cannot give one."""
    if source == "passphrase":
        return stretch(passphrase, salt)
    if source == "environment":
        return from_environment()
    return secrets.token_bytes(KEY_BYTES)


def keep(source: Source, salt: bytes, master: bytes) -> Vault:
    """Write the key where it is kept, then `vault.json`; the vault from now on."""
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if source == "file":
        write_private(folder / KEY_FILE, master.hex().encode())
    elif source == "keyring":
        keep_in_keyring(master)
    made = Vault(source, salt.hex(), tag(master))
    write_private(folder / VAULT, json.dumps(asdict(made), indent=2).encode())
    forget()
    return made


def keep_in_keyring(master: bytes) -> None:
    """Keep the key in the system's keyring, under the name of the data folder."""
    keyring().set_password(KEYRING_SERVICE, str(data_folder().resolve()), master.hex())


def read() -> Vault:
    """The vault of this data folder; InputError if there is none or it is damaged."""
    path = data_folder() / VAULT
    try:
        return Vault(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        what, remedy = "There is no key in this data folder.", "Run `reattune serve` once."
        raise InputError("no-vault", what, where=VAULT, remedy=remedy) from None
    except (ValueError, TypeError, OSError) as error:
        what, remedy = "The file that says where the key is cannot be read.", "Restore a backup."
        raise InputError("bad-vault", what, where=VAULT, remedy=remedy) from error


@lru_cache(maxsize=1)
def master_key() -> bytes:
    """The master key, 32 bytes. InputError if it is missing, wrong or needs the passphrase.

    Without a vault REATTUNE_KEY alone is enough: a clinic's server keeps no key on disk.
    """
    if os.environ.get(KEY):
        master = from_environment()
        if exists() and not fits(read(), master):
            raise wrong_key(KEY)
        return master
    vault = read()
    return checked(vault, kept(vault))


def kept(vault: Vault) -> bytes:
    """The key as its source gives it, without asking anybody."""
    folder = data_folder()
    if vault.source == "file":
        try:
            return from_hex((folder / KEY_FILE).read_text().strip(), KEY_FILE)
        except OSError as error:
            what, remedy = "The key file cannot be read.", "Put it back, or restore a backup."
            raise InputError("no-key", what, where=KEY_FILE, remedy=remedy) from error
    if vault.source == "keyring":
        found = keyring().get_password(KEYRING_SERVICE, str(folder.resolve()))
        return from_hex(found or "", "the system's keyring")
    if vault.source == "passphrase":
        what, remedy = "The key is a passphrase.", "Start with `reattune serve`, which asks for it."
        raise InputError("needs-passphrase", what, where=VAULT, remedy=remedy)
    return from_environment()


def unlock(passphrase: str) -> bytes:
    """The master key by passphrase, kept for this process and its children.

    InputError ("wrong-key") if it is not the one.
    """
    vault = read()
    master = checked(vault, stretch(passphrase, bytes.fromhex(vault.salt)))
    os.environ[KEY] = master.hex()
    forget()
    return master


def checked(vault: Vault, master: bytes) -> bytes:
    """The key, if it is the vault's."""
    if not fits(vault, master):
        raise wrong_key(VAULT)
    return master


def fits(vault: Vault, master: bytes) -> bool:
    """Whether the key is the vault's."""
    return hmac.compare_digest(tag(master), vault.check)


def wrong_key(where: str) -> InputError:
    """The error for a key that does not fit."""
    remedy = "Check the passphrase or the key; nothing was changed."
    return InputError("wrong-key", "This is not the right key.", where=where, remedy=remedy)


def stretch(passphrase: str, salt: bytes) -> bytes:
    """Argon2id of a passphrase, 32 bytes."""
    from argon2.low_level import Type, hash_secret_raw

    if not passphrase:
        remedy = "Choose one of several words."
        raise InputError("no-passphrase", "The passphrase is empty.", remedy=remedy)
    return hash_secret_raw(
        passphrase.encode(),
        salt,
        time_cost=PASSES,
        memory_cost=MEMORY,
        parallelism=LANES,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )


def derive(purpose: str) -> bytes:
    """The key for one purpose, 32 bytes: "database", "files", "secret", ..."""
    return derived(master_key(), purpose)


@lru_cache(maxsize=64)
def derived(master: bytes, purpose: str) -> bytes:
    """HKDF-SHA256 of a master key for a purpose."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), KEY_BYTES, None, f"reattune/1 {purpose}".encode()).derive(master)


def tag(master: bytes) -> str:
    """What `vault.json` keeps to tell the right key by."""
    return hmac.digest(derived(master, "check"), b"reattune", "sha256").hex()


def django_secret() -> str:
    """Django's SECRET_KEY."""
    return derive("secret").hex()


def forget() -> None:
    """Drop the keys that this process remembers; the next call reads them anew."""
    master_key.cache_clear()
    derived.cache_clear()


def from_environment() -> bytes:
    """The key in REATTUNE_KEY; InputError if it is not 64 hexadecimal digits."""
    return from_hex(os.environ.get(KEY, ""), KEY)


def from_hex(text: str, where: str) -> bytes:
    """32 bytes from hexadecimal digits."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != KEY_BYTES:
        what = "The key is missing or is not 64 hexadecimal digits."
        raise InputError("no-key", what, where=where, remedy="Put the right key there.")
    return found


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def resume() -> None:
    """Finish a change of the key that a crash cut off, or drop one that was not complete."""
    work = data_folder() / WORK
    if not work.is_dir():
        return
    if (work / COMPLETE).exists():
        put_in_place(work)
        forget()
    else:
        shutil.rmtree(work)


def put_in_place(work: Path) -> None:
    """Move every new file over the old one; can be repeated. `vault.json` goes last."""
    folder = data_folder()
    for tail in ("-wal", "-shm"):
        if (work / DATABASE).exists():
            (folder / f"{DATABASE}{tail}").unlink(missing_ok=True)
    moved = [p for p in work.rglob("*") if p.is_file() and p.name not in (COMPLETE, VAULT)]
    for path in moved:
        target = folder / path.relative_to(work)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.replace(target)
    if (work / VAULT).exists():
        old = json.loads((folder / VAULT).read_text()) if exists() else {}
        (work / VAULT).replace(folder / VAULT)
        if old.get("source") == "file" and read().source != "file":
            (folder / KEY_FILE).unlink(missing_ok=True)
    shutil.rmtree(work)


def keyring() -> Any:
    """The system's keyring; DependencyError if it is not installed."""
    from reattune.errors import DependencyError

    try:
        import keyring as found
    except ImportError as error:
        remedy = "pip install keyring"
        raise DependencyError("no-keyring", "The keyring is missing.", remedy=remedy) from error
    return found
