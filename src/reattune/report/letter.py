"""The referral letter as PDF and as DOCX: a template to edit, places left open marked as such."""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reattune import guidance
from reattune.ending import Letter, Piece
from reattune.report.pdf import compile_pdf
from reattune.report.reference import Paper, typographic
from reattune.report.words import clean

if TYPE_CHECKING:
    from docx.document import Document

SUBJECT = "subject"  # the part that is set as a heading
SIZES_MM = {"a4": (210, 297), "letter": (215.9, 279.4)}  # width and height of the paper
BLANK = "\N{LOW LINE}" * 3
"""Around the name of a place left open, so that it is seen on paper and found by searching."""


def page(letter: Letter) -> dict[str, Any]:
    """What stands in the letter, JSON-ready: paragraphs of pieces, what is open by name."""
    return {
        "language": letter.language,
        "intro": guidance.load(letter.language).texts[letter.intro].text,
        "left": [place.replace("_", " ") for place in letter.left],
        "paragraphs": [
            {"id": own.id, "name": own.name, "pieces": [_piece(piece) for piece in own.pieces]}
            for own in letter.paragraphs
        ],
    }


def _piece(piece: Piece) -> dict[str, str]:
    return {"text": clean(piece.text), "open": piece.open.replace("_", " ")}


def render_pdf(letter: Letter, paper: Paper = "a4") -> bytes:
    """The letter as a PDF to sign, A4 or US Letter.

    While places are open, a line says that it is a draft, and names them.
    """
    return compile_pdf("letter", {**typographic(page(letter)), "paper": paper}, system_fonts=True)


def render_docx(letter: Letter, paper: Paper = "a4") -> bytes:
    """The letter as a Word file to edit; open places are set in gray, between low lines."""
    from docx import Document as new_document

    document = new_document()
    _set_page(document, paper)
    data = typographic(page(letter))
    if letter.left:
        _note(document, f"Draft. {data['intro']} Open: {', '.join(data['left'])}.")
    for own in data["paragraphs"]:
        _add(document, own)
    _plain_properties(document)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def _set_page(document: Document, paper: Paper) -> None:
    from docx.shared import Mm, Pt

    section, normal = document.sections[0], document.styles["Normal"]
    width, height = SIZES_MM[paper]
    section.page_width, section.page_height = Mm(width), Mm(height)
    section.left_margin = section.right_margin = Mm(25)
    section.top_margin = section.bottom_margin = Mm(22)
    normal.font.name, normal.font.size = "Calibri", Pt(11)
    normal.paragraph_format.space_after = Pt(9)


def _note(document: Document, words: str) -> None:
    from docx.shared import Pt, RGBColor

    run = document.add_paragraph().add_run(words)
    run.italic, run.font.size, run.font.color.rgb = True, Pt(9), RGBColor(0x4C, 0x57, 0x5F)


def _add(document: Document, own: dict[str, Any]) -> None:
    """A paragraph of the letter; the subject is a heading."""
    from docx.shared import RGBColor

    paragraph = document.add_paragraph()
    for piece in own["pieces"]:
        run = paragraph.add_run(
            f"{BLANK}{piece['open']}{BLANK}" if piece["open"] else piece["text"]
        )
        run.bold = own["id"] == SUBJECT
        if piece["open"]:
            run.font.color.rgb = RGBColor(0x75, 0x52, 0x00)


def _plain_properties(document: Document) -> None:
    """The file's properties without a name: whoever edits it adds their own."""
    properties = document.core_properties
    properties.author, properties.title, properties.comments = "", "Referral", ""
    properties.last_modified_by = ""
    properties.created = properties.modified = datetime(2000, 1, 1)
