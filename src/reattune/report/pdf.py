"""PDF from a typst template and data: real text, tagged for screen readers, nothing fetched.

Templates lie in `typst/`, the font they are set in beside them, so that a page looks and breaks
alike on every machine. This is the only module that imports typst.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from reattune.errors import DependencyError, OutputError

if TYPE_CHECKING:
    from typst import Compiler

ACCESSIBLE: Final = "ua-1"
"""PDF/UA-1, the standard for documents that a screen reader can follow."""


def compile_pdf(template: str, data: Mapping[str, Any], *, system_fonts: bool = False) -> bytes:
    """The PDF that a template of `typst/` makes of JSON-ready data, as PDF/UA-1.

    The template finds the data as JSON under `sys.inputs.data`. `system_fonts` lets letters that
    the shipped font lacks come from the machine's own, for words that users write; where none has
    them, the PDF is tagged all the same but does not claim the standard. DependencyError where
    typst is not installed; OutputError, without a word of the data, where nothing can be made.
    """
    typst = _typst()
    compiler = _compiler(typst, template, data, system_fonts)
    try:
        made = compiler.compile(format="pdf", pdf_standards=[ACCESSIBLE])
    except typst.TypstError:
        made = _without_standard(typst, compiler)
    assert isinstance(made, bytes)
    return made


def _without_standard(typst: ModuleType, compiler: Compiler) -> Any:
    try:
        return compiler.compile(format="pdf")
    except typst.TypstError:
        what = "The PDF could not be set."
        remedy = "Please report it, with the version of Reattune and of typst."
        raise OutputError("pdf-not-made", what, remedy=remedy) from None


def draw_pages(template: str, data: Mapping[str, Any], *, ppi: int = 144) -> tuple[bytes, ...]:
    """The pages of the same document as PNG pictures, in order."""
    made = _compiler(_typst(), template, data, False).compile(format="png", ppi=ppi)
    return tuple(made) if isinstance(made, list) else (made or b"",)


def _typst() -> ModuleType:
    try:
        import typst
    except ImportError as error:
        raise DependencyError(
            "typst-not-installed",
            "Making a PDF needs the package typst.",
            remedy="Install it with: pip install typst",
        ) from error
    return typst


def _compiler(
    typst: ModuleType, template: str, data: Mapping[str, Any], system_fonts: bool
) -> Compiler:
    folder = Path(str(files("reattune.report").joinpath("typst")))
    compiler: Compiler = typst.Compiler(
        folder / f"{template}.typ",
        root=folder,
        font_paths=[folder / "fonts"],
        ignore_system_fonts=not system_fonts,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )
    return compiler
