"""The quick reference sheet: one page on both papers, whole, legible, never stale."""

from __future__ import annotations

import io
import json
import re
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pypdf
import pytest
from click.testing import CliRunner
from rich.console import Console

from reattune import guidance
from reattune.cli import main
from reattune.codebook import CODES, code, load_codebook
from reattune.errors import DependencyError, OutputError
from reattune.report.pdf import compile_pdf, draw_pages
from reattune.report.reference import (
    FIRST,
    PAPERS,
    SIGNS,
    Paper,
    lead,
    render_html,
    render_pdf,
    render_terminal,
    sheet,
    typographic,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TOLD = guidance.load()
SIZES = {"a4": (595.28, 841.89), "letter": (612, 792)}  # points
SMALLEST = 8.5  # points
TAGGED = {"/Lang", "/StructTreeRoot", "/MarkInfo"}


def whole_text() -> list[str]:
    """Every piece of text that belongs on the sheet, straight from guidance and codebook."""
    pieces = []
    for id in CODES:
        if code(id).role == "client":
            pieces += [code(id).name, code(id).definition]
    for side in TOLD.sides.values():
        pieces += [side.name, side.meaning.text, side.approach.text]
        pieces += [sign.text for sign in side.signs[:SIGNS]]
    for intensity in TOLD.intensities.values():
        pieces += [intensity.name, intensity.meaning.text, intensity.brief.text]
    for step in TOLD.steps:
        pieces += [step.name, step.brief.text, *(lead(step, side).text for side in TOLD.sides)]
    for misstep in TOLD.missteps.values():
        pieces += [misstep.dont.text, misstep.do.text]
    for move in TOLD.moves.values():
        pieces += [move.name, move.brief.text, move.quotes[0].text]
    own = ("not_strain", "order", *FIRST, "ending", "strength", "disclaimer")
    pieces += [TOLD.sheet[key].text for key in own]
    pieces += [text.text for text in TOLD.ending.brief]
    return pieces


def flat(text: str) -> str:
    """Text without line breaks and with one kind of apostrophe."""
    return " ".join(text.replace("’", "'").replace("\N{NO-BREAK SPACE}", " ").split())


def read(data: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(data))


@pytest.fixture(params=PAPERS)
def paper(request: pytest.FixtureRequest) -> Paper:
    chosen: Paper = request.param
    return chosen


def test_the_pdf_is_one_page_of_its_paper(paper: Paper) -> None:
    reader = read(render_pdf(paper))
    assert len(reader.pages) == 1
    box = reader.pages[0].mediabox
    assert (float(box.width), float(box.height)) == pytest.approx(SIZES[paper], abs=0.1)


def test_the_pdf_holds_the_whole_sheet_as_real_text(paper: Paper) -> None:
    page = flat(read(render_pdf(paper)).pages[0].extract_text())
    assert [piece for piece in whole_text() if flat(piece) not in page] == []
    for source in sheet()["sources"]:
        assert flat(source["short"]) in page
    assert f"codebook {load_codebook().version}" in page


def test_the_pdf_is_tagged_titled_and_has_headings(paper: Paper) -> None:
    reader = read(render_pdf(paper))
    root = reader.trailer["/Root"]
    assert set(root) >= TAGGED
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part>1<" in root["/Metadata"].get_data()
    assert reader.metadata is not None
    assert "Rupture and repair" in str(reader.metadata.title)
    headings = [item.title for item in reader.outline[1] if not isinstance(item, list)]
    labels = sheet()["labels"]
    keys = ("kinds", "intensity", "steps", "dos", "first", "moves", "ending")
    assert headings == [typographic(labels[key]) for key in keys]


def test_nothing_in_the_pdf_is_too_small_to_read(paper: Paper) -> None:
    sizes: list[float] = []

    def note(text: str, cm: list[float], tm: list[float], _: object, size: float) -> None:
        if text.strip():
            sizes.append(abs(size * tm[3] * cm[3]))

    read(render_pdf(paper)).pages[0].extract_text(visitor_text=note)
    assert len(sizes) > 50
    assert min(sizes) >= SMALLEST - 0.01


def test_the_last_line_stands_within_the_page(paper: Paper) -> None:
    """All sections share what space is left, so the page is full and not a line more."""
    heights: list[float] = []

    def note(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        if text.strip():
            heights.append(cm[5] + cm[3] * tm[5])

    read(render_pdf(paper)).pages[0].extract_text(visitor_text=note)
    lowest = min(heights)
    assert 0.02 * SIZES[paper][1] < lowest < 0.08 * SIZES[paper][1]


def test_the_same_sheet_gives_the_same_bytes() -> None:
    assert render_pdf("a4") == render_pdf("a4")


def test_letters_that_no_font_has_do_not_stop_a_page_nor_show_in_an_error() -> None:
    data = {**sheet(), "paper": "a4", "disclaimer": "\N{CUNEIFORM SIGN A}"}
    assert len(read(compile_pdf("reference", data)).pages) == 1
    words = {"title": "said in a session"}
    with pytest.raises(OutputError) as caught:
        compile_pdf("reference", {"labels": words})
    assert caught.value.slug == "pdf-not-made"
    assert "said in" not in "".join(traceback.format_exception(caught.value))


def test_pages_can_be_drawn() -> None:
    [page] = draw_pages("reference", {**typographic(sheet()), "paper": "a4"}, ppi=40)
    assert page.startswith(b"\x89PNG")


def test_the_sheet_is_json_and_its_notes_point_at_sources() -> None:
    data = json.loads(json.dumps(sheet()))
    count = len(data["sources"])
    noted = {n for part in data.values() if isinstance(part, dict) for n in part.get("notes", [])}
    assert noted == set(range(1, count + 1))
    steps = data["steps"]["notes"]
    assert "Eubanks, Burckell & Goldfried 2018" in {data["sources"][n - 1]["short"] for n in steps}


def test_the_html_holds_the_whole_sheet_and_asks_for_nothing(paper: Paper) -> None:
    page = render_html(paper)
    text = flat(re.sub(r"<[^>]+>", "", page).replace("&#39;", "'").replace("&amp;", "&"))
    assert [piece for piece in whole_text() if flat(piece) not in text] == []
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=|url\(|@import", page)
    assert ("size: letter" in page) == (paper == "letter")
    for source in sheet()["sources"]:
        assert flat(source["citation"]) in text
    assert "not significant" in text


@pytest.mark.browser
def test_the_html_prints_on_one_page_and_fits_a_telephone(browser: Browser, paper: Paper) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.set_content(render_html(paper))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    printed = read(page.pdf(prefer_css_page_size=True, print_background=True))
    page.close()
    assert len(printed.pages) == 1
    assert "assessment of client or therapist" in flat(printed.pages[0].extract_text())


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("width", [48, 100])
def test_the_terminal_tells_the_whole_sheet(encoding: str, width: int) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    render_terminal(Console(file=out, width=width))
    out.flush()
    shown = out.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert max(map(len, shown.splitlines())) <= width
    plain = re.compile('[“”"]| [—-] ')
    told = plain.sub("", flat(shown))
    assert [p for p in whole_text() if plain.sub("", flat(p)) not in told] == []
    assert "�" not in shown
    assert encoding == "utf-8" or shown.count("?") == out_of(whole_text())


def out_of(pieces: list[str]) -> int:
    """The question marks that belong there."""
    return sum(piece.count("?") for piece in pieces)


# The command


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["reference", *arguments])
    return result.exit_code, result.output


def test_the_command_prints_the_sheet() -> None:
    status, shown = run()
    assert status == 0
    assert "Five steps of repair" in shown
    assert "replaces neither training nor supervision" in flat(shown)


def test_the_command_writes_both_files(tmp_path: Path) -> None:
    pdf, html = tmp_path / "sheet.pdf", tmp_path / "sheet.html"
    status, shown = run("--pdf", str(pdf), "--html", str(html), "--paper", "letter")
    assert status == 0
    assert str(pdf) in shown
    assert str(html) in shown
    assert "Five steps" not in shown
    assert float(read(pdf.read_bytes()).pages[0].mediabox.width) == 612
    assert html.read_text("utf-8") == render_html("letter")


def test_a_file_name_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("--pdf", "--html")[0] == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "reattune-reference.pdf",
        "reattune-reference.html",
    }


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    status, shown = run("--pdf", str(tmp_path / "none" / "sheet.pdf"))
    assert status == 8
    assert "[output-not-written]" in shown


@pytest.mark.parametrize("arguments", [("--paper", "a5"), ("--pdf", "."), ("sheet.pdf",)])
def test_wrong_usage_is_told(arguments: tuple[str, ...]) -> None:
    status, shown = run(*arguments)
    assert status == 2
    assert "Error" in shown


def test_without_typst_the_install_line_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(DependencyError, match="pip install typst"):
        compile_pdf("reference", {})
    status, shown = run("--pdf", str(tmp_path / "sheet.pdf"))
    assert status == 7
    assert "[typst-not-installed]" in shown
    assert list(tmp_path.iterdir()) == []
    assert run()[0] == 0
