"""Looking after the application: what is well, what is not, what to do."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from reattune.errors import ReattuneError
from reattune.settings import data_folder
from reattune.web import backup, files, vault
from reattune.web.audit import chain
from reattune.web.reviews.models import FAILED, RUNNING, Job, Session

State = Literal["fine", "look", "wrong"]

FREE = 1 << 30  # bytes that should be free
BACKUP_AGE = timedelta(days=14)
OLDEST_POSTGRESQL = 150000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it is, and what to do where it is not well."""

    what: str
    state: State
    told: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Every check in turn; one that breaks is told as wrong and the rest go on."""
    for what, check in CHECKS.items():
        try:
            yield from check(what)
        except ReattuneError as error:
            yield Finding(what, "wrong", f"{error.where}: {error.what}".lstrip(": "), error.remedy)
        except Exception as error:
            yield Finding(what, "wrong", f"{type(error).__name__}", "Restore a backup, or ask.")


def key(what: str) -> Iterator[Finding]:
    """Where the key is, and whether only its owner can read it."""
    vault.master_key()
    source = vault.read().source if vault.exists() else "environment"
    path = data_folder() / vault.KEY_FILE
    if source == "file" and stat.S_IMODE(path.stat().st_mode) & 0o077 and os.name == "posix":
        yield Finding(what, "wrong", "others can read the key file", f"chmod 600 {path.name}")
    elif source == "file":
        told = "in a file beside the records: safe from other users, not from who has the disk"
        yield Finding(what, "look", told, "Encrypt the disk, or `reattune rekey --key passphrase`.")
    else:
        yield Finding(what, "fine", f"kept as {source}")


def database(what: str) -> Iterator[Finding]:
    """Whether the database opens, is whole and up to date."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA cipher_integrity_check")
            damaged = [row[0] for row in cursor.fetchall()]
            cursor.execute("PRAGMA integrity_check")
            damaged += [row[0] for row in cursor.fetchall() if row[0] != "ok"]
            if damaged:
                told = f"{len(damaged)} damaged places"
                yield Finding(what, "wrong", told, "Restore a backup with `reattune restore`.")
                return
        elif connection.pg_version < OLDEST_POSTGRESQL:  # type: ignore[attr-defined]
            yield Finding(what, "wrong", "PostgreSQL is older than 15", "Upgrade it.")
            return
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield Finding(what, "wrong", "not up to date", "Start `reattune serve` once.")
        return
    yield Finding(what, "fine", f"{connection.display_name}, whole and up to date")


def stored(what: str) -> Iterator[Finding]:
    """Whether every transcript's file is there and opens."""
    names = set(Session.objects.exclude(file="").values_list("file", flat=True))
    bad = sum(not opens(name) for name in names)
    there = {p.relative_to(files.folder()).as_posix() for p in backup.stored_files()}
    orphans = {name for name in there if name.startswith("transcripts/")} - names
    if bad:
        told = f"{bad} of {len(names)} files are missing or damaged"
        yield Finding(what, "wrong", told, "Restore a backup; the words are still in the database.")
    elif orphans:
        told = f"{len(names)} files open; {len(orphans)} belong to nothing"
        yield Finding(what, "look", told, "They are removed when `reattune serve` starts.")
    else:
        yield Finding(what, "fine", f"{len(names)} files, all open")


def opens(name: str) -> bool:
    """Whether a stored file is there and whole."""
    try:
        files.fetch(name)
    except ReattuneError:
        return False
    return True


def audit(what: str) -> Iterator[Finding]:
    """Whether the audit chain holds."""
    broken = list(chain.verify())
    if broken:
        told = f"broken in {len(broken)} places, first at entry {broken[0].number}"
        yield Finding(what, "wrong", told, "`reattune audit verify` lists them; find out who.")
    else:
        yield Finding(what, "fine", "every entry follows the one before")


def jobs(what: str) -> Iterator[Finding]:
    """Whether sessions wait in vain."""
    late = timezone.now() - timedelta(minutes=10)
    stuck = Job.objects.filter(state=RUNNING, lease__lt=late).count()
    failed = Job.objects.filter(state=FAILED).count()
    if stuck:
        yield Finding(what, "wrong", f"{stuck} wait for a worker", "Start `reattune serve`.")
    elif failed:
        yield Finding(what, "look", f"{failed} failed", "Their session pages say why.")
    else:
        yield Finding(what, "fine", "none is stuck")


def model(what: str) -> Iterator[Finding]:
    """Whether the weights load and telemetry is off."""
    from reattune.model import load_model

    by = load_model().by
    if os.environ.get("ORT_DISABLE_TELEMETRY") != "1":
        yield Finding(what, "wrong", "telemetry of onnxruntime is on", "Report this.")
    else:
        yield Finding(what, "fine", by)


def space(what: str) -> Iterator[Finding]:
    """Whether there is room, and the folder is private."""
    free = shutil.disk_usage(data_folder()).free
    open_to_others = os.name == "posix" and data_folder().stat().st_mode & 0o077
    if open_to_others:
        yield Finding(what, "look", "others can look into the data folder", "chmod 700 on it.")
    elif free < FREE:
        told = f"{free >> 20} MB are free"
        yield Finding(what, "look", told, "Make room before the next backup.")
    else:
        yield Finding(what, "fine", f"{free >> 30} GB are free")


def last_backup(what: str) -> Iterator[Finding]:
    """How old the last backup is."""
    path = data_folder() / backup.LAST
    if not path.exists():
        yield Finding(what, "look", "there is none yet", "`reattune backup --passphrase`.")
        return
    at = datetime.fromisoformat(json.loads(path.read_text())["at"])
    age = datetime.now(UTC) - at
    state: State = "look" if age > BACKUP_AGE else "fine"
    yield Finding(what, state, f"{age.days} days old", "Make one." if state == "look" else "")


def server(what: str) -> Iterator[Finding]:
    """Whether a server that others reach speaks TLS."""
    open_hosts = set(settings.ALLOWED_HOSTS) - {"127.0.0.1", "localhost", "[::1]"}
    if open_hosts and not settings.TLS:
        told = "reachable by a name of its own, without TLS"
        yield Finding(what, "wrong", told, "Put a TLS proxy before it and set REATTUNE_TLS=1.")
    else:
        yield Finding(what, "fine", "behind TLS" if settings.TLS else "on this machine only")


CHECKS: dict[str, Callable[[str], Iterator[Finding]]] = {
    "key": key,
    "database": database,
    "stored files": stored,
    "audit chain": audit,
    "jobs": jobs,
    "model": model,
    "disk": space,
    "backup": last_backup,
    "server": server,
}
"""What `reattune doctor` looks at, by the name it tells."""
