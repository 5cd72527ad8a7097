"""`python -m tools.messages`: the texts of the practice application, for its translations.

Collects every text that pages show into `src/reattune/web/locale/*/LC_MESSAGES/django.po`, keeps
the translations that are there and compiles the `.mo` files, which wheels carry. With `--check` it
writes nothing and says what is missing; docs/translating.md has the glossary.

Texts are read from the code itself: Python's by its syntax tree, those of templates through
Django's own `templatize`, which also reads our Jinja templates. What pages look up only when they
run, such as the names of codes, is listed in `looked_up`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import polib
from django.utils.translation.template import templatize

from reattune import episodes
from reattune.codebook import CODES, FAMILIES, code, load_codebook
from reattune.measures import SHIPPED, shipped_instrument
from reattune.report.consider import load_guidance
from reattune.report.words import INTENSITIES, ROLES, STATES, kind_words
from reattune.risk import load_screen
from reattune.thresholds import load_points

WEB = Path(episodes.__file__).parent / "web"
LOCALE = WEB / "locale"
LANGUAGES = ("de", "es")
PLURALS = "nplurals=2; plural=(n != 1);"  # both languages; see translating.md before adding others

CALLS = {
    name: count
    for names, count in (
        (("_", "gettext", "gettext_lazy", "gettext_noop", "noop", "lazy"), 1),
        (("ngettext", "ngettext_lazy"), 2),
    )
    for name in names
}
"""Function -> how many of its first arguments are texts."""

CALL = re.compile(r"\b(_|gettext|ngettext)\(")
PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]|%[a-z]|\{\w*\}")

Text = tuple[str, str]
"""A text, and its plural or ""."""


# What there is


def texts() -> list[Text]:
    """Every text, in the order of the alphabet."""
    found = chain(
        chain.from_iterable(map(of_python, sorted(WEB.rglob("*.py")))),
        chain.from_iterable(map(of_template, sorted(WEB.rglob("*.html")))),
        ((text, "") for text in looked_up()),
    )
    kept: dict[str, str] = {}
    for one, several in found:
        kept[one] = several or kept.get(one, "")
    return sorted((one, several) for one, several in kept.items() if one)


def of_python(path: Path) -> Iterator[Text]:
    """The texts of a module."""
    tree = ast.parse(path.read_text("utf-8"))
    names = names_of(tree)
    named = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from of_call(node, called(node, names), named)


def names_of(tree: ast.Module) -> dict[str, str]:
    """What a module calls the functions of Django's translation -> what they are called there."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
    }


def too_early(path: Path) -> Iterator[int]:
    """The lines of a module at which a text is translated when the module is loaded, and so in the
    language of whoever comes first."""
    tree = ast.parse(path.read_text("utf-8"))
    names = names_of(tree)
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call) and called(node, names) in ("gettext", "ngettext"):
            yield node.lineno
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def called(call: ast.Call, names: dict[str, str]) -> str:
    """Which function of Django's translation is called, "" for any other."""
    return names.get(call.func.id, "") if isinstance(call.func, ast.Name) else ""


def of_call(call: ast.Call, name: str, named: dict[str, ast.expr]) -> Iterator[Text]:
    """The text of a call to gettext, where it is written in the call or has a name."""
    count = CALLS.get(name, 0)
    args = [named.get(a.id, a) if isinstance(a, ast.Name) else a for a in call.args[:count]]
    said = [a.value for a in args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if count and len(said) == count:
        yield said[0], said[1] if count > 1 else ""


def of_template(path: Path) -> Iterator[Text]:
    """The texts of a template: `templatize` makes calls of them, among what is left of the page."""
    source = templatize(path.read_text("utf-8"), origin=str(path))
    for match in CALL.finditer(source):
        call = expression(source, match.start())
        if call is not None:
            yield from of_call(call, match.group(1).replace("_", "gettext", 1), {})


def expression(source: str, start: int) -> ast.Call | None:
    """The call that begins there; None where it is no Python."""
    for end in (m.end() for m in re.compile(r"\)").finditer(source, start)):
        try:
            node = ast.parse(source[start:end], mode="eval").body
        except SyntaxError:
            continue
        return node if isinstance(node, ast.Call) else None
    return None


def looked_up() -> Iterator[str]:
    """What pages translate when they run: codes, families, states, suggestions, reasons."""
    book, guide = load_codebook(), load_guidance()
    for one in map(code, CODES):
        yield from (one.name, one.definition, one.is_not, one.why, one.other)
    yield from (book.families[family] for family in FAMILIES)
    for word in (*STATES.values(), *INTENSITIES.values(), kind_words("mixed")):
        yield from (word.name, word.meaning)
    yield from ROLES.values()
    yield from load_points()
    yield from (rule.text for rule in guide.rules)
    for land in guide.lands.values():
        yield from (land.badly, land.well)
    yield from (pattern.about for pattern in load_screen().patterns)
    yield from reasons()
    yield from of_instruments()


def of_instruments() -> Iterator[str]:
    """What the forms are called and what is said of their scores; their questions are elsewhere."""
    for one in map(shipped_instrument, SHIPPED):
        yield from (one.name, one.risk_why)
        yield from (cutoff.label for cutoff in one.cutoffs if cutoff.verified)
    yield "Session Check-in: therapist minus client"


def reasons() -> Iterator[str]:
    """The sentences in which episodes.py says why an episode ended as it did."""
    for node in ast.walk(ast.parse(Path(episodes.__file__).read_text("utf-8"))):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            last = node.value.elts[-1]
            if isinstance(last, ast.Constant) and isinstance(last.value, str):
                yield last.value


# Catalogs


def path_of(language: str) -> Path:
    """Where a language's catalog is."""
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def catalog(language: str, every: Iterable[Text]) -> polib.POFile:
    """A language's catalog of these texts, with the translations that it has."""
    path = path_of(language)
    old = polib.pofile(str(path)) if path.exists() else polib.POFile()
    made = polib.POFile(wrapwidth=100)
    made.metadata = {
        "Project-Id-Version": "Reattune",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURALS,
    }
    known = {entry.msgid: entry for entry in old if not entry.obsolete}
    for one, several in every:
        made.append(entry_of(one, several, known.get(one)))
    return made


def entry_of(one: str, several: str, old: polib.POEntry | None) -> polib.POEntry:
    """A text's entry, its translation kept if it has one with as many forms."""
    entry = polib.POEntry(msgid=one, msgid_plural=several)
    if several:
        kept = old.msgstr_plural if old else {}
        entry.msgstr_plural = {n: kept.get(n, "") for n in (0, 1)}
    else:
        entry.msgstr = old.msgstr if old else ""
    if old:
        entry.flags, entry.tcomment = old.flags, old.tcomment
    return entry


def faults(made: polib.POFile) -> Iterator[str]:
    """What is missing or wrong in a catalog."""
    for entry in made:
        forms = [*entry.msgstr_plural.values()] if entry.msgid_plural else [entry.msgstr]
        source = placeholders(entry.msgid) | placeholders(entry.msgid_plural)
        if not all(forms):
            yield f"not translated: {entry.msgid}"
        elif entry.fuzzy:
            yield f"fuzzy: {entry.msgid}"
        elif not placeholders(forms[-1]) == source >= placeholders(forms[0]):
            yield f"other placeholders: {entry.msgid}"
        elif entry.msgid[:1].isspace() != forms[0][:1].isspace():
            yield f"begins otherwise: {entry.msgid}"


def placeholders(text: str) -> set[str]:
    """What is filled in when the text is shown."""
    return {match.group() for match in PLACEHOLDER.finditer(text.replace("%%", ""))}


def check() -> list[str]:
    """All that is wrong, in every language."""
    found, every = [], texts()
    for path in sorted(WEB.rglob("*.py")):
        where = path.relative_to(WEB)
        found += [f"{where}:{line}: needs gettext_lazy" for line in too_early(path)]
    for language in LANGUAGES:
        made, path = catalog(language, every), path_of(language)
        found += [f"{language}: {fault}" for fault in faults(made)]
        if not path.exists() or path.read_text("utf-8") != f"{made}\n":
            found.append(f"{language}: django.po is not up to date")
        compiled = path.with_suffix(".mo")
        if not compiled.exists() or compiled.read_bytes() != made.to_binary():
            found.append(f"{language}: django.mo is not that of django.po")
    return found


def write() -> list[str]:
    """Write all catalogs; what is still missing."""
    found, every = [], texts()
    for language in LANGUAGES:
        made, path = catalog(language, every), path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{made}\n", "utf-8")
        path.with_suffix(".mo").write_bytes(made.to_binary())
        found += [f"{language}: {fault}" for fault in faults(made)]
    return found


def main(arguments: list[str]) -> int:
    """0 when every text has its translation, else 1 with what is missing."""
    found = check() if "--check" in arguments else write()
    for fault in found:
        print(fault, file=sys.stderr)
    if found:
        print(f"{len(found)} to mend, see docs/translating.md", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
