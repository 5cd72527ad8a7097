"""Settings that protect: the secret, deployment checks, what a clinic must set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from reattune.web import vault
from tests.conftest import ROOT

CLINIC = {
    "REATTUNE_HOSTS": "reattune.clinic.example",
    "REATTUNE_TLS": "1",
    "REATTUNE_KEY": "ab" * 32,
    "DJANGO_SETTINGS_MODULE": "reattune.web.settings",
}


def django(*arguments: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """A management command in a process of its own."""
    own = {k: v for k, v in os.environ.items() if k != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    return subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        capture_output=True,
        text=True,
        env={**own, **env, "REATTUNE_DATA": str(folder)},
        cwd=ROOT,
        check=False,
    )


def test_the_secret_comes_from_the_vault() -> None:
    assert str(settings.SECRET_KEY) == vault.derive("secret").hex()
    assert len(str(settings.SECRET_KEY)) == 64


def test_deployment_checks_are_clean_in_a_clinic(tmp_path: Path) -> None:
    done = django("check", "--deploy", "--fail-level", "INFO", folder=tmp_path, **CLINIC)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_every_model_has_its_migration(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    done = django("makemigrations", "--check", "--dry-run", folder=tmp_path, **CLINIC)
    assert done.returncode == 0, done.stdout


def test_cookies_are_strict() -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.CSRF_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"
    assert settings.CSRF_COOKIE_SAMESITE == "Strict"


def test_uploads_never_touch_a_temporary_file() -> None:
    assert settings.FILE_UPLOAD_HANDLERS == [
        "django.core.files.uploadhandler.MemoryFileUploadHandler"
    ]
