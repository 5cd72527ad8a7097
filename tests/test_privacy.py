"""No word leaves: traced at the level of system calls, and in what is logged."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import TALK

NETWORK = re.compile(r"\b(?:socket|connect|sendto|sendmsg|bind)\((.*)")
LOCAL = ("AF_UNIX", "AF_LOCAL", "AF_NETLINK")
OPENED = re.compile(r'openat\([^,]+, "([^"]*)", ([A-Z_|0-9]+)')
WRITING = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC")
HARMLESS = ("/dev/null", "/dev/tty", "/proc/self", "/sys/")


@pytest.mark.strace
@pytest.mark.slow
def test_analysis_opens_no_connection_and_writes_only_its_outputs(tmp_path: Path):
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    (work / "session.txt").write_text(TALK, "utf-8")
    log = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-e", "trace=network,openat", "-o", str(log)]
    command += [sys.executable, "-B", "-m", "reattune", "analyze", "session.txt"]
    env = {**os.environ, "HOME": str(home)}
    env.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([*command, "--html", "report.html"], cwd=work, env=env, check=True)
    lines = log.read_text("utf-8", "replace").splitlines()
    assert len(lines) > 100, "the trace is empty: strace did not follow the program"
    outward = [m for line in lines if (m := NETWORK.search(line)) and not_local(m.group(1))]
    assert outward == []
    written = {path for line in lines for path in opened_to_write(line)}
    assert {p for p in written if not p.startswith((".report.html.", str(work)))} == set()
    assert sorted(p.name for p in work.iterdir()) == ["report.html", "session.txt"]
    assert list(home.iterdir()) == []


def not_local(arguments: str) -> bool:
    return not any(family in arguments for family in LOCAL)


def opened_to_write(line: str) -> list[str]:
    found = OPENED.search(line)
    if not found or not any(flag in found.group(2) for flag in WRITING):
        return []
    path = found.group(1)
    return [] if path.startswith(HARMLESS) else [path]


def test_the_trace_would_show_a_connection_and_a_stray_file():
    line = "12 connect(3, {sa_family=AF_INET, sin_port=htons(443)}, 16) = -1"
    assert not_local(NETWORK.search(line).group(1))  # type: ignore[union-attr]
    assert opened_to_write('12 openat(AT_FDCWD, "/root/.cache/x", O_RDWR|O_CREAT, 0644) = 3')
    assert not opened_to_write('12 openat(AT_FDCWD, "/root/.cache/x", O_RDONLY) = 3')


def test_telemetry_is_off_before_onnxruntime_is_imported():
    code = "import reattune, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"1"
