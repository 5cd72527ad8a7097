"""The docs are true: slugs, commands and options are documented, examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from reattune.cli import COMMANDS, main
from tests.conftest import ROOT
from tools import make_docs

DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "reattune"
RAISED = re.compile(
    r"(?:Error|Note|_unopened|refuse|refused|unusable)\(\s*\n?\s*\"([a-z]+(?:-[a-z0-9]+)+)\"", re.M
)
EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)
PAGES = sorted(path for path in [*DOCS.glob("*.md"), ROOT / "README.md"])


def slugs() -> set[str]:
    return {
        slug for path in SOURCE.rglob("*.py") for slug in RAISED.findall(path.read_text("utf-8"))
    }


def test_every_slug_is_documented():
    pages = "\n".join(path.read_text("utf-8") for path in PAGES)
    assert len(slugs()) > 25
    assert {slug for slug in slugs() if f"`{slug}`" not in pages} == set()


def test_every_command_and_option_is_documented():
    page = (DOCS / "command-line.md").read_text("utf-8")
    for name in COMMANDS:
        assert f"reattune {name}" in page
        command = main.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        for parameter in command.params:
            for option in parameter.opts:
                assert not option.startswith("--") or f"`{option}" in page, (name, option)


def test_every_command_explains_itself():
    for name in COMMANDS:
        result = CliRunner().invoke(main, [name, "--help"])
        assert result.exit_code == 0
        assert len(result.output) > 200


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_examples_in_the_docs_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    demo = SOURCE / "examples" / "demo_session.vtt"
    (tmp_path / "session.vtt").write_bytes(demo.read_bytes())
    for example in EXAMPLE.findall(page.read_text("utf-8")):
        exec(compile(example, str(page), "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_codebook_page_is_made_from_the_codebook():
    assert (DOCS / "codebook.md").read_text("utf-8") == make_docs.page()
