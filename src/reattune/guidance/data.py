"""Guidance as raw data: TOML files, an overlay in another language, and every sentence in them.

A sentence is a table with `text` and `source`, one id or a list of them. A plain string under any
other key than those of PLAIN is refused, so that no sentence goes without a source.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from typing import Any

from reattune.errors import InputError
from reattune.guidance.parts import Text

FILES = (
    *("sources", "ruptures", "steps", "moves", "branches", "missteps", "ending", "therapist"),
    *("plan", "sheet", "consider"),
)
"""The files of guidance; an overlay may hold any of them."""

PLAIN = frozenset(
    "version name short citation strength kind intensity state marker misstep".split()
)
"""Keys whose strings are names, citations or conditions rather than sentences."""

LEAF = {"text", "source", "quote"}
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def bad(where: str, what: str, remedy: str) -> InputError:
    """The error for guidance that cannot be used."""
    return InputError("bad-guidance", what, where=where, remedy=remedy)


def read_files(folder: Traversable, names: tuple[str, ...] = FILES) -> dict[str, Any]:
    """The tables of `NAME.toml` in a folder, by name; a file that is not there is left out."""
    found = {}
    for name in names:
        file = folder.joinpath(f"{name}.toml")
        if file.is_file():
            found[name] = read_toml(file)
    return found


def read_toml(
    file: Traversable,
    fail: Callable[[str, str, str], Exception] = bad,
    see: str = "docs/guidance.md has an example.",
) -> dict[str, Any]:
    """The tables of a file; what `fail` makes of place, reason and remedy where it is none."""
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise fail(file.name, "The file cannot be read.", "Check its name and rights.") from error
    except ValueError as error:
        known = isinstance(error, tomllib.TOMLDecodeError)
        what = f"This is not TOML: {error}." if known else "This is not text in UTF-8."
        raise fail(file.name, what, f"Mend it; {see}") from error


# Overlays


def overlaid(
    base: Mapping[str, Any], overlay: Mapping[str, Any]
) -> tuple[dict[str, Any], set[str]]:
    """The base with the overlay's texts and names in place of its own, and the ids replaced.

    An overlay has the shape of the base with a string where the base has a sentence or a name.
    InputError naming an id that the base does not have, an empty text, a placeholder that got
    lost, or an overlay made for another version of the file.
    """
    replaced: set[str] = set()
    made = dict(base)
    for name, table in overlay.items():
        where = f"{name}.toml"
        if table.get("version") != base[name]["version"]:
            what = f"This overlay is for version {table.get('version')!r} of the texts."
            remedy = f"Compare it with version {base[name]['version']!r} and state that."
            raise bad(where, what, remedy)
        own = {key: value for key, value in table.items() if key != "version"}
        made[name] = _merged(base[name], own, name, where, replaced)
    return made, replaced


def _merged(
    base: Mapping[str, Any], own: Mapping[str, Any], path: str, where: str, replaced: set[str]
) -> dict[str, Any]:
    made = dict(base)
    for key, value in own.items():
        id = f"{path}.{key}"
        if key not in base:
            near = get_close_matches(key, base, n=1)
            remedy = f"Did you mean {path}.{near[0]}?" if near else "Remove it."
            raise bad(where, f"There is no text {id}.", remedy)
        made[key] = _replaced(base[key], value, id, where, replaced)
    return made


def _replaced(base: Any, value: Any, id: str, where: str, replaced: set[str]) -> Any:
    """The base's part of this id with the overlay's value in it."""
    sentence = isinstance(base, dict) and "text" in base
    if isinstance(base, dict) and not sentence and isinstance(value, dict):
        return _merged(base, value, id, where, replaced)
    name = isinstance(base, str) and id.rpartition(".")[2] == "name"
    if not (sentence or name):
        raise bad(where, f"{id} is not a sentence or a name.", "Remove it from the overlay.")
    if not isinstance(value, str) or not value.strip():
        raise bad(where, f"{id} has no text.", "Write the translation, or remove the line.")
    replaced.add(id)
    if name:
        return value.strip()
    _same_placeholders(base["text"], value, id, where)
    return base | {"text": value.strip()}


def _same_placeholders(text: str, translation: str, id: str, where: str) -> None:
    lost = set(PLACEHOLDER.findall(text)) ^ set(PLACEHOLDER.findall(translation))
    if lost:
        names = ", ".join(f"{{{name}}}" for name in sorted(lost))
        raise bad(where, f"{id} differs from the original in {names}.", "Keep the placeholders.")


# Sentences


def sentences(raw: Mapping[str, Any]) -> dict[str, Text]:
    """Every sentence in the files by id, in order.

    InputError naming one without a source or with an unknown one, an empty one, and any string
    that is not a sentence where only a sentence can be.
    """
    known = set(raw["sources"]["source"])
    return {text.id: text for file in raw for text in _walk(raw[file], file, f"{file}.toml", known)}


def _walk(value: Any, path: str, where: str, known: set[str]) -> Iterator[Text]:
    if isinstance(value, dict) and "text" in value:
        yield _text(value, path, where, known)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str) and key not in PLAIN:
                remedy = 'Write it as { text = "…", source = "…" }.'
                raise bad(where, f"{path}.{key} is a sentence without a source.", remedy)
            yield from _walk(item, f"{path}.{key}", where, known)


def _text(value: Mapping[str, Any], path: str, where: str, known: set[str]) -> Text:
    words, source = value["text"], value.get("source", [])
    sources = (source,) if isinstance(source, str) else tuple(source)
    if not isinstance(words, str) or not words or words != words.strip():
        raise bad(where, f"{path} is empty or has blanks around it.", "Write one sentence.")
    if not sources:
        raise bad(where, f"{path} has no source.", "Name an id of sources.toml.")
    for id in sources:
        if id not in known:
            raise bad(where, f"{path} names the unknown source {id!r}.", "Add it to sources.toml.")
    return Text(path, words, sources, bool(value.get("quote", False)))


@dataclass(frozen=True, slots=True)
class Node:
    """A table of the data with the path that leads to it; what it lacks is refused by name."""

    path: str
    value: Any
    texts: Mapping[str, Text]

    @property
    def where(self) -> str:
        """The file it is in."""
        return self.path.partition(".")[0] + ".toml"

    def fail(self, what: str, remedy: str) -> InputError:
        """The error for this table."""
        return bad(self.where, f"{self.path} {what}.", remedy)

    def only(self, required: str, optional: str = "") -> Node:
        """Itself, if it has these keys (separated by blanks) and no others."""
        needed, allowed = required.split(), {*required.split(), *optional.split()}
        missing = [key for key in needed if key not in self.value]
        unknown = [key for key in self.value if key not in allowed]
        if missing:
            raise self.fail(f"lacks {', '.join(missing)}", "Add what is missing.")
        if unknown:
            raise self.fail(f"has the unknown key {unknown[0]!r}", "Remove or rename it.")
        return self

    def child(self, key: str) -> Node:
        """The table under a key."""
        if not isinstance(self.value.get(key), dict):
            raise self.fail(f"lacks the table {key!r}", "Add it.")
        return replace(self, path=f"{self.path}.{key}", value=self.value[key])

    def children(self) -> dict[str, Node]:
        """All tables in it by key, in order."""
        return {key: self.child(key) for key, item in self.value.items() if isinstance(item, dict)}

    def text(self, key: str) -> Text:
        """The sentence under a key."""
        id = f"{self.path}.{key}"
        if id not in self.texts or set(self.value[key]) - LEAF:
            raise self.fail(f"lacks the sentence {key!r}", "Write it with its text and source.")
        return self.texts[id]

    def all_texts(self, least: int = 1, most: int = 99) -> tuple[Text, ...]:
        """Every sentence in it, in order, if there are `least` to `most` of them."""
        found = tuple(self.text(key) for key in self.value)
        if not least <= len(found) <= most:
            remedy = f"Write {least} to {most}." if most < 99 else f"Write at least {least}."
            raise self.fail(f"has {len(found)} sentences", remedy)
        return found

    def list_of(self, key: str, least: int = 1, most: int = 99) -> tuple[Text, ...]:
        """The sentences of the table under a key."""
        return self.child(key).all_texts(least, most)

    def get(self, key: str, kind: type) -> Any:
        """The value under a key, of this type."""
        found = self.value.get(key)
        if not isinstance(found, kind) or found == "":
            raise self.fail(f"lacks {key!r}", f"Write it as {kind.__name__}.")
        return found
