"""What only happens at a terminal: the question for the therapist, and the progress bar."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

from tests.conftest import TALK

ENV = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}


def at_terminal(*arguments: str | Path, typed: str = "") -> tuple[int, str, str]:
    """Exit code, standard output, and what the terminal showed on standard error."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "reattune", *map(str, arguments)]
    process = subprocess.Popen(
        command, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, env=ENV, text=True
    )
    os.close(theirs)
    shown: list[bytes] = []
    reader = threading.Thread(target=drain, args=(ours, shown))
    reader.start()
    os.write(ours, typed.encode())
    out, _ = process.communicate(timeout=120)
    reader.join(timeout=10)
    os.close(ours)
    return process.returncode, out, b"".join(shown).decode("utf-8", "replace")


def drain(terminal: int, shown: list[bytes]) -> None:
    """Read what the terminal shows until its other end is closed, so that nobody has to wait."""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            return
        if not part:
            return
        shown.append(part)


def test_unclear_roles_are_asked_for_and_the_answer_is_used(tmp_path: Path):
    path = tmp_path / "two.txt"
    path.write_text("Ada: Hello there.\nBo: Hello.\nAda: Right then.\nBo: Yes, right.\n", "utf-8")
    code, out, shown = at_terminal("analyze", path, "--json", typed="Bo\n")
    assert code == 0, shown
    assert "Who is the therapist?" in shown
    roles = [turn["role"] for turn in json.loads(out)["session"]["turns"]]
    assert roles == ["client", "therapist", "client", "therapist"]


def test_several_files_show_progress_and_one_short_file_does_not(tmp_path: Path):
    paths = [tmp_path / f"{n}.txt" for n in "ab"]
    for path in paths:
        path.write_text(TALK, "utf-8")
    code, out, shown = at_terminal("analyze", *paths, "--json")
    assert code == 0
    assert len(json.loads(out)) == 2
    assert "Sessions" in shown
    assert "Sessions" not in at_terminal("analyze", paths[0], "--json")[2]
