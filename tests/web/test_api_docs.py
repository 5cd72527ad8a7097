"""What is written about the API is true: the page, docs/api.md and its examples."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reattune.web.accounts.models import User
from reattune.web.api import reference
from reattune.web.api.api import operations, schema
from reattune.web.api.refusals import STATUS
from reattune.web.clients.models import Client
from tests.conftest import CI, ROOT
from tests.web.conftest import SESSION, signed_in
from tests.web.program import make_token, read_session

PAGE = ROOT / "docs" / "api.md"
TEXT = PAGE.read_text("utf-8")
EXAMPLES = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)


def test_the_table_of_operations_is_made_from_the_schema() -> None:
    assert reference.in_page(TEXT) == TEXT, "run: python -m tools.make_docs"


def test_every_error_of_the_api_is_on_the_page() -> None:
    for slug, status in STATUS.items():
        assert f"| {status} | `{slug}` |" in TEXT


def test_every_operation_explains_itself() -> None:
    for _, _, told in operations(schema()):
        assert len(told["summary"]) > 15, told["operationId"]
        assert told["security"] == [{"Bearer": [told["x-scope"]]}]


@pytest.mark.django_db
def test_the_schema_needs_no_account_and_is_openapi(client: Any) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")
    assert set(answer.json()["components"]["securitySchemes"]) == {"Bearer"}


@pytest.mark.django_db
def test_the_page_shows_every_operation_to_who_is_signed_in(therapist: User, client: Any) -> None:
    assert client.get("/api/").headers["Location"].startswith("/login/")
    text = signed_in(therapist).get("/api/").content.decode()
    for _, path, told in operations(schema()):
        assert f'id="{told["operationId"]}"' in text
        assert path.removeprefix("/api/v1") in text
    assert "<script>" not in text
    assert "style=" not in text


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_examples_run(
    live_server: Any, therapist: User, client_record: Client, tmp_path: Path
) -> None:
    if shutil.which("curl") is None and not CI:
        pytest.skip("curl is not installed")
    (tmp_path / "session.vtt").write_bytes(SESSION.read_bytes())
    known = {
        "TOKEN": make_token(therapist)[1],
        "ADDRESS": live_server.url,
        "CLIENT": str(client_record.pk),
        "SESSION": str(read_session(client_record).pk),
    }
    assert len(EXAMPLES) >= 5
    for example in EXAMPLES:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", example],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **known},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (example, done.stdout, done.stderr)
    assert client_record.sessions.count() == 2
    assert client_record.answers.count() == 1
    assert Client.objects.filter(name="Rowan").exists()
