"""Keys, sealed files, backups, a new key: what protects the records, on real files."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reattune.errors import InputError
from reattune.web import files, vault
from tests.conftest import ROOT

KEY = bytes(range(32))


@pytest.fixture
def own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key in the environment: the vault's own sources count."""
    monkeypatch.delenv(vault.KEY)
    vault.forget()


@pytest.fixture(autouse=True)
def forgotten() -> object:
    """Keys of other tests are forgotten before and after."""
    vault.forget()
    yield
    vault.forget()


# Keys


@pytest.mark.usefixtures("own_key")
def test_a_key_file_is_private_and_comes_back(data_folder: Path) -> None:
    vault.create("file")
    key = vault.master_key()
    assert len(key) == 32
    assert (data_folder / "key").stat().st_mode & 0o077 == 0
    vault.forget()
    assert vault.master_key() == key
    with pytest.raises(InputError, match="has its key already"):
        vault.create("file")


@pytest.mark.usefixtures("own_key")
def test_a_passphrase_opens_only_when_right(data_folder: Path) -> None:
    vault.create("passphrase", "slow river, tall reed")
    assert not (data_folder / "key").exists()
    with pytest.raises(InputError, match="is a passphrase"):
        vault.master_key()
    with pytest.raises(InputError, match="not the right key"):
        vault.unlock("slow river")
    assert vault.unlock("slow river, tall reed") == vault.master_key()


@pytest.mark.usefixtures("own_key")
def test_an_empty_passphrase_is_refused(data_folder: Path) -> None:
    with pytest.raises(InputError, match="empty"):
        vault.create("passphrase", "")
    assert not data_folder.exists()


@pytest.mark.usefixtures("own_key")
@pytest.mark.parametrize("bad", ["", "zz" * 32, "ab" * 31])
def test_a_damaged_key_is_told(data_folder: Path, bad: str) -> None:
    vault.create("file")
    (data_folder / "key").write_text(bad)
    vault.forget()
    with pytest.raises(InputError, match="64 hexadecimal digits"):
        vault.master_key()


@pytest.mark.usefixtures("own_key")
def test_another_key_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    vault.create("file")
    monkeypatch.setenv(vault.KEY, "cd" * 32)
    vault.forget()
    with pytest.raises(InputError, match="not the right key"):
        vault.master_key()


def test_purposes_have_keys_of_their_own() -> None:
    """HKDF-SHA256 (RFC 5869) with another info gives an unrelated key."""
    made = {vault.derived(KEY, purpose) for purpose in ("database", "files", "secret", "check")}
    assert len(made) == 4
    assert KEY not in made


def test_hkdf_is_that_of_rfc_5869() -> None:
    """Against an independent computation from hmac alone: extract with a zero salt, one expand."""
    import hmac

    extracted = hmac.digest(bytes(32), KEY, "sha256")
    expected = hmac.digest(extracted, b"reattune/1 files\x01", "sha256")
    assert vault.derived(KEY, "files") == expected


def test_argon2_parameters_are_those_of_rfc_9106() -> None:
    """Second recommended option: 64 MiB, 3 passes, 4 lanes, a salt of 128 bits, 256 bits out."""
    assert (vault.MEMORY, vault.PASSES, vault.LANES) == (65536, 3, 4)
    assert vault.SALT_BYTES == 16
    assert len(vault.stretch("x", bytes(16))) == 32


# Sealed files


@given(st.binary(max_size=200), st.integers(0, 3), st.binary(max_size=9))
def test_sealed_content_comes_back(content: bytes, chunks: int, aad: bytes) -> None:
    whole = content + bytes(chunks * files.CHUNK)
    sealed = files.seal_bytes(whole, KEY, aad=aad)
    assert files.unseal_bytes(sealed, KEY, aad=aad) == whole
    if len(content) > 8:
        assert content not in sealed


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_change_of_a_sealed_file_shows(data: st.DataObject) -> None:
    sealed = bytearray(files.seal_bytes(bytes(3 * files.CHUNK), KEY))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InputError, match="damaged"):
        files.unseal_bytes(bytes(sealed), KEY)


@pytest.mark.parametrize("cut", [1, files.TAG, files.CHUNK + files.TAG, 2 * files.CHUNK])
def test_a_cut_off_sealed_file_shows(cut: int) -> None:
    sealed = files.seal_bytes(bytes(2 * files.CHUNK + 5), KEY)
    with pytest.raises(InputError, match="damaged"):
        files.unseal_bytes(sealed[:-cut], KEY)


def test_swapped_chunks_show() -> None:
    sealed = files.seal_bytes(os.urandom(3 * files.CHUNK), KEY)
    head, size = 16, files.CHUNK + files.TAG
    swapped = (
        sealed[:head]
        + sealed[head + size : head + 2 * size]
        + sealed[head : head + size]
        + sealed[head + 2 * size :]
    )
    with pytest.raises(InputError, match="damaged"):
        files.unseal_bytes(swapped, KEY)


def test_another_key_or_another_name_does_not_open() -> None:
    sealed = files.seal_bytes(b"words", KEY, aad=b"one")
    for key, aad in ((bytes(32), b"one"), (KEY, b"two")):
        with pytest.raises(InputError, match="damaged"):
            files.unseal_bytes(sealed, key, aad=aad)


def test_a_stored_file_is_unreadable_on_disk(data_folder: Path) -> None:
    files.store("transcripts/one", b"I think you are not listening to me")
    raw = (data_folder / "files" / "transcripts" / "one").read_bytes()
    assert b"listening" not in raw
    assert files.fetch("transcripts/one") == b"I think you are not listening to me"
    files.remove("transcripts/one")
    assert not (data_folder / "files" / "transcripts").exists()
    with pytest.raises(InputError, match="gone"):
        files.fetch("transcripts/one")


@pytest.mark.parametrize("name", ["../key", "/etc/passwd", "a/../../key"])
def test_a_name_cannot_lead_out_of_the_folder(name: str) -> None:
    with pytest.raises(ValueError, match="out of the folder"):
        files.store(name, b"")


def test_a_stream_is_sealed_in_bounded_pieces() -> None:
    pieces = list(files.seal(iter([bytes(10)] * 20000), KEY))
    assert max(map(len, pieces)) == files.CHUNK + files.TAG
    assert b"".join(files.unseal(io.BytesIO(b"".join(pieces)), KEY)) == bytes(200000)


# The commands, each in a process of its own, on a data folder of its own


class Machine:
    """A machine with a data folder: runs commands as a user does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {k: v for k, v in os.environ.items() if k not in (vault.KEY, "DATABASE_URL")}
        self.env |= {"REATTUNE_DATA": str(folder), "NO_COLOR": "1"}

    def run(self, *arguments: str, stdin: str = "", ok: bool = True) -> str:
        """A command's output; it must succeed, or fail if not `ok`."""
        command = [sys.executable, "-m", "reattune", *arguments]
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, env=self.env, cwd=ROOT,
            check=False,
        )  # fmt: skip
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        return done.stdout + done.stderr

    def python(self, code: str, key: str = "") -> str:
        """The output of code in which Django is set up on the records."""
        setup = "import django; django.setup()\n"
        env = self.env | {"DJANGO_SETTINGS_MODULE": "reattune.web.settings"}
        env |= {vault.KEY: key} if key else {}
        done = subprocess.run(
            [sys.executable, "-c", setup + code], capture_output=True, text=True, env=env,
            cwd=ROOT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


FILL = """
from reattune.web.accounts.models import Practice, User
from reattune.web.audit import chain
from reattune.web import files
p = Practice.objects.create(name="Heron Practice")
User.objects.create_user("thea", password="x", practice=p, name="Thea")
files.store("transcripts/one", b"a planted sentence")
chain.record(p.pk, "user:1", "client.see")
"""
LOOK = """
from reattune.web.accounts.models import User
from reattune.web.audit import chain
from reattune.web.audit.models import Entry
from reattune.web import files
print(User.objects.get().practice.name, files.fetch("transcripts/one").decode(),
      Entry.objects.count(), list(chain.verify()))
"""
SEEN = "Heron Practice a planted sentence 1 []"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with records under a key file."""
    made = Machine(tmp_path / "own")
    made.run("doctor")
    made.python(FILL)
    return made


def no_trace(folder: Path, *words: bytes) -> None:
    """No file in the folder holds any of these words."""
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert not any(word in raw for word in words), path


@pytest.mark.slow
def test_records_are_unreadable_without_the_key(machine: Machine) -> None:
    assert machine.python(LOOK) == SEEN
    no_trace(machine.folder, b"Heron", b"planted", b"SQLite format")
    (machine.folder / "key").write_text("00" * 32)
    assert "not the right key" in machine.run("doctor", ok=False)
    (machine.folder / "key").unlink()
    assert "key file cannot be read" in machine.run("doctor", ok=False)


@pytest.mark.slow
def test_a_second_server_says_only_that_one_runs(machine: Machine) -> None:
    from filelock import FileLock

    with FileLock(machine.folder / "serving.lock"):
        told = machine.run("serve", "--no-browser", "--port", "0", ok=False)
    assert "Reattune runs on this data folder." in told
    assert "http" not in told


@pytest.mark.slow
@pytest.mark.parametrize("by", ["key", "passphrase"])
def test_a_backup_comes_back_on_another_machine(machine: Machine, tmp_path: Path, by: str) -> None:
    target, other = tmp_path / "a.backup", Machine(tmp_path / "other")
    secret = ["--passphrase"] if by == "passphrase" else []
    typed = "tall reed\n" if secret else ""
    machine.run("backup", "--out", str(target), *secret, stdin=typed)
    assert target.stat().st_mode & 0o077 == 0
    no_trace(tmp_path, b"Heron", b"planted")
    if by == "key":
        other.env[vault.KEY] = (machine.folder / "key").read_text()
    told = other.run("restore", str(target), stdin=typed)
    assert "is restored" in told
    assert other.python(LOOK) == SEEN
    assert "has records" in machine.run("restore", str(target), stdin=typed, ok=False)


@pytest.mark.slow
def test_a_damaged_backup_changes_nothing(machine: Machine, tmp_path: Path) -> None:
    target, other = tmp_path / "a.backup", Machine(tmp_path / "other")
    machine.run("backup", "--out", str(target), "--passphrase", stdin="tall reed\n")
    raw = bytearray(target.read_bytes())
    for change in ("flip", "cut", "other passphrase", "no backup"):
        bad = tmp_path / "bad.backup"
        changed = bytearray(raw)
        if change == "flip":
            changed[len(raw) // 2] ^= 1
        elif change == "cut":
            changed = changed[: len(raw) // 2]
        elif change == "no backup":
            changed[0] ^= 1
        bad.write_bytes(changed)
        typed = "short reed\n" if change == "other passphrase" else "tall reed\n"
        told = other.run("restore", str(bad), stdin=typed, ok=False)
        assert "damaged" in told or "no backup" in told, (change, told)
        assert not (other.folder / "reattune.db").exists()
        assert not list(other.folder.glob("restore-*"))
    assert "is whole" in machine.run("restore", "--check", str(target), stdin="tall reed\n")


@pytest.mark.slow
def test_a_new_key_keeps_everything_and_ends_the_old(machine: Machine) -> None:
    old = (machine.folder / "key").read_text()
    machine.run("rekey", "--key", "file")
    new = (machine.folder / "key").read_text()
    assert new != old
    assert machine.python(LOOK) == SEEN
    (machine.folder / "key").write_text(old)
    assert "not the right key" in machine.run("doctor", ok=False)
    (machine.folder / "key").write_text(new)
    machine.run("rekey", "--key", "passphrase", stdin="tall reed\n")
    assert not (machine.folder / "key").exists()
    assert "not the right key" in machine.run("doctor", stdin="short reed\n", ok=False)
    machine.run("audit", "verify", stdin="tall reed\n")
    told = machine.run("rekey", "--key", "environment", stdin="tall reed\n")
    key = told.split("REATTUNE_KEY=")[1].split()[0]
    assert machine.python(LOOK, key) == SEEN


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["before", "middle"])
def test_a_crash_while_the_key_changes_loses_nothing(machine: Machine, stage: str) -> None:
    place = "vault.write_private" if stage == "before" else "shutil.rmtree"
    crash = f"""
import os, shutil
from pathlib import Path
from reattune.web import rekey, vault
from reattune.web.vault import shutil as own
if {stage!r} == "before":
    kept = rekey.note_key
    rekey.note_key = lambda *a: os._exit(9)
else:
    plain, seen = Path.replace, []
    def replace(self, target):
        if "rekey" in str(self) and "/." not in str(self):
            seen.append(self)
            if len(seen) == 2:
                os._exit(9)
        return plain(self, target)
    Path.replace = replace
rekey.rekey("file")
"""
    env = machine.env | {"DJANGO_SETTINGS_MODULE": "reattune.web.settings"}
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()\n" + crash], env=env, cwd=ROOT,
        check=False,
    )  # fmt: skip
    assert done.returncode == 9, place
    assert (machine.folder / "rekey").exists()
    machine.run("doctor")
    assert not (machine.folder / "rekey").exists()
    assert machine.python(LOOK) == SEEN


@pytest.mark.slow
def test_doctor_tells_what_is_wrong(machine: Machine) -> None:
    found = {one["what"]: one for one in json.loads(machine.run("doctor", "--json"))}
    assert found["database"]["state"] == "fine"
    assert found["audit chain"]["state"] == "fine"
    assert found["backup"]["state"] == "look"
    machine.python("from reattune.web.audit.models import Entry; Entry.objects.update(actor='x')")
    told = machine.run("doctor", "--json", ok=False)
    found = {one["what"]: one for one in json.loads(told)}
    assert found["audit chain"]["state"] == "wrong"
    assert "was changed" in machine.run("audit", "verify", ok=False)
    (machine.folder / "key").chmod(0o644)
    found = {one["what"]: one for one in json.loads(machine.run("doctor", "--json", ok=False))}
    assert found["key"]["state"] == "wrong"
