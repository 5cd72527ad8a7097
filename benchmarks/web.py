"""`python -m benchmarks.web`: how long pages take with a large practice and several users at once.

Builds a practice of made clients (200 with 40 analyzed sessions of 300 turns: 2.4 million turns) in
a data folder of its own, starts `reattune serve` on it and lets signed-in users open the caseload,
client pages and session pages for a while, each one right after the other. Prints the 50th, 95th
and 99th percentile a page, its median against that of a plain page in the same run, errors and
pages a second. On SQLite; with DATABASE_URL on PostgreSQL,
in a database that must be empty.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

USERNAME, PASSWORD = "bench", secrets.token_urlsafe(18)
PLAIN = "plain"  # the form for a new password: what a page with no record costs here and now
MIX = (("caseload", 2), ("client", 4), ("session", 4), (PLAIN, 2))  # how often each is opened
WAIT = 60.0  # seconds for the server to come up


@dataclass(frozen=True, slots=True)
class Addresses:
    """What the users open."""

    plain: Sequence[str]
    caseload: Sequence[str]
    client: Sequence[str]
    session: Sequence[str]


@dataclass(slots=True)
class Told:
    """Seconds of each page by kind, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)


def main() -> None:
    """Build, serve, drive, print."""
    given = arguments()
    folder = Path(given.data or tempfile.mkdtemp(prefix="reattune-bench-"))
    os.environ |= {
        "REATTUNE_DATA": str(folder),
        "REATTUNE_KEY": os.environ.get("REATTUNE_KEY", secrets.token_hex(32)),
        "DJANGO_SETTINGS_MODULE": "reattune.web.settings",
    }
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        addresses = prepare(given)
        with serving(given.port or free_port()) as port:
            told = drive(port, addresses, given.users, given.seconds, given.pause)
    finally:
        if not given.data:
            shutil.rmtree(folder, ignore_errors=True)
    report(told, given)
    sys.exit(bool(told.errors))


def arguments() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--sessions", type=int, default=40, help="of each client")
    parser.add_argument("--turns", type=int, default=300, help="of each session")
    parser.add_argument("--users", type=int, default=8, help="at once")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=0, help="seconds between a user's pages")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--data", help="folder to keep; one that was built is used again")
    return parser.parse_args()


# The practice


def prepare(given: argparse.Namespace) -> Addresses:
    """The practice built, unless it is there, and what can be opened in it."""
    from reattune.web import server

    server.prepare()
    from django.db import connections

    from benchmarks import made_practice
    from reattune.web.accounts.models import User
    from reattune.web.clients.models import Client
    from reattune.web.followup import refresh

    user = account()
    if not Client.objects.exists():
        started = time.monotonic()
        made_practice.build(
            user, made_practice.pieces(), clients=given.clients, sessions=given.sessions,
            turns=given.turns,
        )  # fmt: skip
        told("built", started)
    stale, started = list(Client.objects.filter(stale=True)), time.monotonic()
    for client in stale:
        refresh.refresh(client)
    if stale:
        told(f"{len(stale)} summaries", started)
    User.objects.filter(pk=user.pk).update(time_zone="Europe/Berlin")
    found = addresses_of()
    connections.close_all()
    return found


def account():  # type: ignore[no-untyped-def]
    """The therapist who has all clients, with this run's password."""
    from reattune.web.accounts.models import Practice, User

    user = User.objects.filter(username=USERNAME).first()
    if user is None:
        practice = Practice.objects.create(name="Benchmark")
        user = User(username=USERNAME, name="Bench", practice=practice, is_therapist=True)
    user.set_password(PASSWORD)
    user.save()
    return user


def addresses_of() -> Addresses:
    """The addresses of the caseload, of each client and of each session."""
    from reattune.web.clients.models import Client
    from reattune.web.reviews.models import Session, Turn

    sessions = Session.objects.values_list("pk", flat=True)
    print(
        f"{Client.objects.count()} clients, {len(sessions)} sessions, {Turn.objects.count()} turns"
    )
    return Addresses(
        plain=("/account/password/",),
        caseload=("/clients/",),
        client=[f"/clients/{key}/" for key in Client.objects.values_list("pk", flat=True)],
        session=[f"/sessions/{key}/" for key in sessions],
    )


def told(what: str, started: float) -> None:
    """How long something took."""
    print(f"{what} in {time.monotonic() - started:.0f} s", flush=True)


# The server


@contextmanager
def serving(port: int) -> Iterator[int]:
    """`reattune serve` on this port, up when the block begins."""
    command = [sys.executable, "-m", "reattune", "serve", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers; RuntimeError if it ends or takes too long."""
    until = time.monotonic() + WAIT
    while time.monotonic() < until and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server did not come up")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


# The users


class Visitor:
    """A signed-in user with a connection of their own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, bytes]:
        """The status and the body of a page."""
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        body = urlencode(form) if form is not None else None
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie", ()):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.read()

    def sign_in(self) -> None:
        """Sign in by the form, as people do."""
        _, page = self.ask("GET", "/login/")
        found = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        token = found[1].decode() if found else ""
        form = {"username": USERNAME, "password": PASSWORD, "csrfmiddlewaretoken": token}
        status, _ = self.ask("POST", "/login/", form)
        if status != 302:
            raise RuntimeError(f"signing in answered {status}")


def drive(port: int, addresses: Addresses, users: int, seconds: float, pause: float) -> Told:
    """So many users opening pages for so long; the first second of each is not counted."""
    visitors = [Visitor(port) for _ in range(users)]
    for visitor in visitors:
        visitor.sign_in()
    told = [Told() for _ in visitors]
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=visit, args=(visitor, addresses, own, until, pause, seed))
        for seed, (visitor, own) in enumerate(zip(visitors, told, strict=True))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return merged(told)


def visit(
    visitor: Visitor, addresses: Addresses, told: Told, until: float, pause: float, seed: int
) -> None:
    """Open one page after the other until the time is over."""
    rng = random.Random(seed)
    time.sleep(rng.uniform(0, pause))  # people do not click in step
    kinds = [kind for kind, often in MIX for _ in range(often)]
    warm = time.monotonic() + 1
    while time.monotonic() < until:
        kind = rng.choice(kinds)
        path = rng.choice(getattr(addresses, kind))
        started = time.monotonic()
        try:
            status, body = visitor.ask("GET", path)
        except OSError as error:
            told.errors.append(f"{kind}: {type(error).__name__}")
            visitor.connection.close()
            continue
        if status != 200 or b"</html>" not in body:
            told.errors.append(f"{kind}: {status}")
        if started > warm:
            told.seconds[kind].append(time.monotonic() - started)
        time.sleep(rng.uniform(0.5, 1.5) * pause)


def merged(parts: Sequence[Told]) -> Told:
    """What all users saw."""
    made = Told()
    for part in parts:
        made.errors += part.errors
        for kind, seconds in part.seconds.items():
            made.seconds[kind] += seconds
    return made


# What came out


def report(told: Told, given: argparse.Namespace) -> None:
    """The table."""
    heads = ("p50 ms", "p95 ms", "p99 ms", "most", "to plain")
    print(f"\n{'page':10}{'pages':>8}{''.join(f'{head:>9}' for head in heads)}")
    plain = quantile(told.seconds[PLAIN], 0.5)
    every = [second for seconds in told.seconds.values() for second in seconds]
    for kind, seconds in [*sorted(told.seconds.items()), ("all", every)]:
        figures = "".join(f"{1000 * quantile(seconds, q):9.0f}" for q in (0.5, 0.95, 0.99, 1))
        ratio = quantile(seconds, 0.5) / plain if plain else 0.0
        print(f"{kind:10}{len(seconds):8}{figures}{ratio:9.1f}")
    print(f"{len(every) / max(given.seconds - 1, 1):.1f} pages/s, {len(told.errors)} errors")
    for error in sorted(set(told.errors)):
        print(f"  {error} ({told.errors.count(error)} times)")


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


if __name__ == "__main__":
    main()
