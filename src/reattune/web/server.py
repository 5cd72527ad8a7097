"""Running the application: migrations, the worker beside it, the server, the browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager

from reattune.web import vault

WORKERS = 2  # processes; pages of one do not wait for those of the other
THREADS = 4  # in each of them
SECONDS_TO_END = 10  # for what a server's process still answers; then it is killed
PAGES = ("followup/caseload.html", "followup/client.html", "reviews/session.html")
GARBAGE = 50_000  # objects made until the collector looks at the new ones; a page makes as many
WATCH = 0.3  # seconds between looks at whether the parent is there
PARENT = "REATTUNE_PARENT"  # the process whose end ends those of the server


def prepare() -> None:
    """Django set up and the database brought up to date."""
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reattune.web.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    from reattune.web.audit import chain

    chain.seal_key(vault.derive("files"))  # made now, outside of any transaction


def first_address(host: str, port: int) -> str:
    """Where to begin: the first account if there is none, else the start page."""
    from reattune.web.accounts.models import User
    from reattune.web.accounts.views import start_token

    base = base_address(host, port)
    return base if User.objects.exists() else f"{base}start/?token={start_token()}"


def demo_address(host: str, port: int) -> str:
    """The link into the demo's account, its clients put there if they are missing."""
    from reattune.web import demo

    os.environ[demo.DEMO] = "1"
    demo.fill_demo(demo.account())
    return f"{base_address(host, port)}demo/?token={demo.token()}"


def base_address(host: str, port: int) -> str:
    """The address of the start page."""
    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host
    return f"http://{shown}:{port}/"


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """The process that reads sessions, alive as long as the server is, restarted if it dies."""
    os.environ[vault.KEY] = vault.master_key().hex()
    stop = threading.Event()
    running = [start_worker()]

    def watch() -> None:
        while not stop.wait(1.0):
            if running[0].poll() is not None:
                running[0] = start_worker()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield running[0]
    finally:
        stop.set()
        thread.join()
        running[0].terminate()
        try:
            running[0].wait(timeout=30)
        except subprocess.TimeoutExpired:
            running[0].kill()  # its job is claimed again at the next start


def start_worker() -> subprocess.Popen[bytes]:
    """`reattune worker` as a process that ends when this one does: it reads our end of a pipe."""
    command = [sys.executable, "-m", "reattune", "worker", "--with-parent"]
    return subprocess.Popen(command, stdin=subprocess.PIPE)


def work(*, with_parent: bool) -> None:
    """Read sessions until SIGTERM, or until the parent's pipe closes."""
    from reattune.web.reviews import queue

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    if with_parent:
        threading.Thread(target=wait_for_parent, args=[stop], daemon=True).start()
    queue.work(stop)


def wait_for_parent(stop: threading.Event) -> None:
    """Set `stop` when the parent is gone: its end of standard input closes then."""
    os.read(sys.stdin.fileno(), 1)  # not by sys.stdin, whose lock would be held at the end
    stop.set()


def warm_up() -> None:
    """Load what the first pages would load, before anybody waits for them.

    What is loaded stays for good, so the garbage collector is told to leave it alone: going through
    all of it takes a tenth of a second, in the middle of some page.
    """
    import gc

    import numpy as np  # noqa: F401
    from django.template.loader import get_template
    from django.urls import reverse

    from reattune import guidance
    from reattune.model import WEIGHTS, read_card
    from reattune.web.reviews import regions

    reverse("caseload")  # every view
    for name in PAGES:
        get_template(name)
    for name in regions.NAMES:
        regions.environment().get_template(f"{name}.html")
    guidance.load()
    read_card(WEIGHTS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)


def end_with_parent() -> None:
    """End this process of the server when the one that started it is gone, as after a kill.

    It would go on answering on the port, and hold the folder against the next start.
    """
    parent = os.environ.get(PARENT, "")

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(WATCH)
        os._exit(1)

    if parent == str(os.getppid()):
        threading.Thread(target=watch, daemon=True).start()


def serve(host: str, port: int, *, browser: bool, address: str) -> None:
    """Serve until stopped; the caller holds the data folder (`lock.alone`).

    The keys go to the server's processes by their environment.
    """
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    os.environ[vault.KEY] = vault.master_key().hex()
    os.environ[PARENT] = str(os.getpid())
    if browser:
        threading.Timer(1.5, webbrowser.open, [address]).start()
    with worker():
        Granian(
            "reattune.web.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=WORKERS,
            blocking_threads=THREADS,
            respawn_failed_workers=True,
            workers_kill_timeout=SECONDS_TO_END,
            log_enabled=True,
            log_level=LogLevels.warning,
            websockets=False,
        ).serve()
