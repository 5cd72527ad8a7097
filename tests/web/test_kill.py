"""Kill -9 of server and worker at random moments: nothing is lost, nothing is doubled."""

from __future__ import annotations

import hashlib
import http.client
import http.cookiejar
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, TALK

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

UPLOADS = 50
KILLS = 9
SEED = 20260305
PATIENCE = 240  # seconds for all of it, on a machine that has other things to do
PASSWORD = "a calm harbour at dusk"
TURNS = 12
RUNNING = 3  # how the server ends that finds another one on its folder


def transcript(n: int) -> bytes:
    """A short session of its own, with its number in the words."""
    lines = TALK.replace("Sunday", f"day number {n}").splitlines()[2 : 2 + TURNS]
    return "\n".join(lines).encode()


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, path.read_text().split())
    return found


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""


class Server:
    """`reattune serve` on a folder of its own, started again whenever it ends, as by systemd."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.env = {key: value for key, value in os.environ.items() if key != "REATTUNE_KEY"}
        self.env |= {"REATTUNE_DATA": str(folder), "PYTHONPATH": str(ROOT)}
        self.said = folder.parent / "server.log"
        self.log = self.said.open("ab")
        self.ends: list[int] = []
        self.over = threading.Event()
        self.main = self.start()
        self.keeper = threading.Thread(target=self.keep, daemon=True)
        self.keeper.start()

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "reattune", "serve", "--no-browser"]
        return subprocess.Popen(
            [*command, "--port", str(self.port)],
            env=self.env,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    def keep(self) -> None:
        """Start it again at once, however it ended; what is left of it must not be in the way."""
        while not self.over.wait(0.05):
            if (end := self.main.poll()) is not None:
                self.ends.append(end)
                self.main = self.start()

    @property
    def first(self) -> str:
        """The address that it tells at its first start."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = re.search(r"Reattune is at (\S+)", self.said.read_text("utf-8"))
            if found:
                return found[1]
            time.sleep(0.1)
        raise AssertionError("the server does not start")

    def kill(self, chance: random.Random) -> str:
        """Kill one of its processes, or all at once; what was hit, "" if that was not there."""
        main = self.main.pid
        own = children(main)
        workers = [pid for pid in own if "worker" in command(pid)]
        servers = [pid for pid in own if pid not in workers]
        what = chance.choice(["worker", "worker", "server", "main", "all"])
        told = {"worker": workers, "server": servers[:1], "main": [main], "all": [main, *own]}
        hit = [pid for pid in told[what] if dead(pid)]
        return what if hit else ""

    def stop(self) -> None:
        self.over.set()
        self.keeper.join()
        self.main.send_signal(signal.SIGTERM)
        self.main.wait(timeout=60)
        self.log.close()


def dead(pid: int) -> bool:
    """Kill a process without a word; whether it was there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "data")
    yield made
    made.over.set()
    made.keeper.join()
    for pid in [*children(made.main.pid), made.main.pid]:
        dead(pid)


class Visitor:
    """A therapist's browser, which tries again where nobody answers."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.jar = http.cookiejar.CookieJar()
        handler = urllib.request.HTTPCookieProcessor(self.jar)
        self.opener = urllib.request.build_opener(handler)
        self.until = time.monotonic() + PATIENCE

    def open(self, path: str, told: bytes | None = None, kind: str = "") -> tuple[str, str]:
        """The address and text of a page; asks until there is an answer."""
        while True:
            assert time.monotonic() < self.until, "nobody answers"
            request = urllib.request.Request(f"{self.server.address}{path}", told)
            if kind:
                request.add_header("Content-Type", kind)
            try:
                with self.opener.open(request, timeout=30) as answer:
                    return answer.url, answer.read().decode()
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    raise
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.15)

    def post(self, path: str, **told: Any) -> tuple[str, str]:
        told["csrfmiddlewaretoken"] = self.token(path)
        return self.open(path, urllib.parse.urlencode(told, doseq=True).encode())

    def token(self, path: str) -> str:
        _, page = self.open(path)
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found, page[:500]
        return found[1]

    def upload(self, path: str, name: str, content: bytes, token: str) -> str:
        """Send a file once an answer says what became of it."""
        edge = uuid.uuid4().hex
        head = "Content-Disposition: form-data; name="
        lines = [
            f"--{edge}",
            f'{head}"csrfmiddlewaretoken"',
            "",
            token,
            f"--{edge}",
            f'{head}"files"; filename="{name}"',
            "Content-Type: text/plain",
            "",
            content.decode(),
            f"--{edge}--",
            "",
        ]
        body = "\r\n".join(lines).encode()
        _, page = self.open(path, body, f"multipart/form-data; boundary={edge}")
        return page


LOOK = """
import hashlib, json, os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "reattune.web.settings"
django.setup()
from django.db import connection
from reattune.web import files
from reattune.web.audit import chain
from reattune.web.reviews import leftovers, models
rows = []
for session in models.Session.objects.order_by("held_on"):
    rows.append({
        "source": session.source,
        "digest": hashlib.sha256(files.fetch(session.file)).hexdigest(),
        "number": session.number,
        "counted": session.turn_count,
        "turns": list(session.turns.order_by("number").values_list("number", "text")),
        "jobs": list(session.jobs.values_list("state", flat=True)),
        "analyses": session.analyses.count(),
        "current": session.analyses.filter(current=True).count(),
        "findings": models.Finding.objects.filter(analysis__session=session).count(),
    })
with connection.cursor() as cursor:
    sound = "ok"
    if connection.vendor == "sqlite":
        cursor.execute("PRAGMA integrity_check")
        sound = cursor.fetchone()[0]
        cursor.execute("PRAGMA foreign_key_check")
        assert not cursor.fetchall()
named = {session.file.rpartition("/")[2] for session in models.Session.objects.all()}
swept = leftovers.sweep(age=0)
print(json.dumps({
    "rows": rows, "sound": sound, "breaks": [str(b) for b in chain.verify()], "swept": swept,
    "left": sorted({path.name for path in leftovers.stored()} ^ named),
}))
"""


def look(server: Server) -> dict[str, Any]:
    """What is in the records, read by a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LOOK)],
        env={**server.env, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_nothing_is_lost_and_nothing_doubled(server: Server) -> None:
    chance, visitor, killed = random.Random(SEED), Visitor(server), []
    pause = random.Random(SEED + 1)
    query = urllib.parse.urlsplit(server.first).query
    token = urllib.parse.parse_qs(query)["token"][0]
    account = {"practice": "Harbour", "name": "Thea", "username": "thea", "password": PASSWORD}
    visitor.post(f"/start/?{query}", token=token, **account)
    consents = ["transcription", "analysis"]
    where, _ = visitor.post("/clients/new/", name="Fern", language="en", consents=consents)
    path = f"{urllib.parse.urlsplit(where).path}upload/"

    def keep_killing() -> None:
        while len(killed) < KILLS and not server.over.wait(chance.uniform(0.2, 2.2)):
            killed.extend(filter(None, [server.kill(chance)]))

    killer = threading.Thread(target=keep_killing, daemon=True)
    killer.start()
    form, files = visitor.token(path), {}
    for n in range(UPLOADS):
        name = f"2025-{n // 28 + 1:02d}-{n % 28 + 1:02d}.txt"
        files[name] = transcript(n)
        page = visitor.upload(path, name, files[name], form)
        assert "Taken" in page or "Here already" in page, page[-3000:]
        time.sleep(pause.uniform(0, 0.3))
    killer.join()
    while "to go" in visitor.open("/reading/")[1]:
        time.sleep(0.5)
    server.stop()
    found = look(server)
    print(f"killed {killed}, ended {server.ends}, swept {found['swept']}")
    assert set(killed) >= {"worker", "main"}
    assert RUNNING not in server.ends
    assert found["sound"] == "ok"
    assert found["breaks"] == []
    assert found["left"] == []
    rows = {row["source"]: row for row in found["rows"]}
    assert set(rows) == set(files)
    assert len(found["rows"]) == UPLOADS
    for n, (name, content) in enumerate(files.items(), 1):
        row = rows[name]
        assert row["digest"] == hashlib.sha256(content).hexdigest()
        assert (row["number"], row["counted"]) == (n, TURNS)
        assert [turn for turn, _ in row["turns"]] == list(range(TURNS))
        assert f"day number {n - 1}" in " ".join(text for _, text in row["turns"])
        assert (row["jobs"], row["analyses"], row["current"]) == (["done"], 1, 1)
        assert row["findings"] > 0
    assert "thought record" not in server.said.read_text("utf-8", "replace")
