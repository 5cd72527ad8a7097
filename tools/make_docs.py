"""`python -m tools.make_docs`: the pages that are made from code, so that they are never stale."""

from __future__ import annotations

import os
from pathlib import Path

from reattune.codebook import FAMILIES, Code, load_codebook

PAGE = Path(__file__).parents[1] / "docs" / "codebook.md"
API = PAGE.with_name("api.md")

HEAD = """# Codebook

Made from `src/reattune/codebook.toml`; change it there.

A rupture is a strain in the working relationship of client and therapist: the client moves away
from (withdrawal) or against (confrontation) the therapist or the work they do together. It is lack
of collaboration, not lack of agreement. What is coded is what one turn does in the relationship,
read in the context of the turns before it. Most turns carry no code. The codes follow the Rupture
Resolution Rating System (3RS; Eubanks, Muran & Safran 2015; version 2022), in our own words; the
project is not connected with its authors.

`micro`: a slight, momentary strain, softened or followed by cooperation. `major`: the client
refuses the conversation or leaves, is openly angry, accuses directly or gives an ultimatum; the
collaboration has visibly broken down.
"""


def row(code: Code) -> str:
    """One code as a table row."""
    return f"| `{code.id}` | {code.name} | {code.definition} | {code.is_not} | {code.other} |"


def page() -> str:
    """The codebook as Markdown."""
    book = load_codebook()
    parts = [HEAD]
    for family in FAMILIES:
        parts.append(f"## {family.capitalize()}\n\n{book.families[family]}\n")
        parts.append("| code | name | it is | it is not | another reading |\n|---|---|---|---|---|")
        parts += [row(code) for code in book.codes.values() if code.family == family]
        parts.append("")
    parts.append("## The five repair steps and the moves that serve them\n")
    for number, name in book.steps.items():
        own = [c for c in book.codes.values() if c.step == number]
        moves = ", ".join(f"`{c.id}` ({c.strategies})" for c in own)
        parts.append(f"{number}. {name}: {moves}")
    return "\n".join(parts) + "\n"


def api_page() -> str:
    """The page about the API, its operations made anew from the schema."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reattune.web.settings")
    django.setup()
    from reattune.web.api import reference

    return reference.in_page(API.read_text("utf-8"))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    API.write_text(api_page(), "utf-8")
