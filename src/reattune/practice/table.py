"""A table of a data file of practice, read strictly: what is missing or unknown is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from typing import Any

from reattune.errors import InputError
from reattune.guidance import data
from reattune.practice.conditions import Condition, parse

SEE = "docs/practicing.md describes the format."


def bad(where: str, what: str, remedy: str) -> InputError:
    """The error for a file of practice that cannot be used."""
    return InputError("bad-scenario", what, where=where, remedy=remedy)


def read_toml(file: Traversable) -> dict[str, Any]:
    """The tables of a file; InputError where it cannot be read or is not TOML."""
    return data.read_toml(file, bad, SEE)


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its file and the path that leads to it."""

    file: str
    path: str
    value: dict[str, Any]

    def fail(self, what: str, remedy: str = SEE) -> InputError:
        """The error for this table, which is named first."""
        name = f"[{self.path}] " if self.path else "The file "
        return bad(self.file, f"{name}{what}.", remedy)

    def only(self, required: str, optional: str = "") -> Table:
        """Itself, if it has these keys (separated by blanks) and no others."""
        known = [*required.split(), *optional.split()]
        for key in self.value:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                raise self.fail(
                    f"has the unknown key {key!r}",
                    f"Did you mean {near[0]!r}?" if near else f"It can have {', '.join(known)}.",
                )
        missing = [key for key in required.split() if key not in self.value]
        if missing:
            raise self.fail(f"lacks {', '.join(missing)}", f"Add it; {SEE}")
        return self

    def child(self, key: str) -> Table:
        """The table under a key."""
        found = self.value.get(key)
        if not isinstance(found, dict) or not found:
            raise self.fail(f"lacks the table {key!r}")
        return Table(self.file, f"{self.path}.{key}".lstrip("."), found)

    def children(self, key: str) -> dict[str, Table]:
        """The tables in the table under a key, by name, in order."""
        own = self.child(key)
        return {name: own.child(name) for name in own.value}

    def rows(self, key: str) -> Iterator[Table]:
        """The tables of the list under a key."""
        found = self.value.get(key, [])
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise self.fail(f"has no list of tables in {key!r}")
        for number, row in enumerate(found, 1):
            yield Table(self.file, f"{self.path}.{key} {number}".lstrip("."), row)

    def text(self, key: str) -> str:
        """The words under a key, not empty, blanks tidied."""
        found = self.value.get(key)
        if not isinstance(found, str) or not found.strip():
            raise self.fail(f"has no words in {key!r}", "Write them, or remove the part.")
        return " ".join(found.split())

    def number(self, key: str, low: float, high: float) -> float:
        """The number under a key, within bounds."""
        found = self.value.get(key)
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise self.fail(f"has no number in {key!r}", f"Write {low:g} to {high:g}.")
        if not low <= found <= high:
            raise self.fail(f"has {found:g} in {key!r}", f"Write {low:g} to {high:g}.")
        return float(found)

    def choice(self, key: str, known: Iterable[str]) -> str:
        """The word under a key, one of those known; "" only where that is one of them."""
        found, names = self.value.get(key), list(known)
        if found not in names:
            listed = ", ".join(repr(name) for name in names)
            raise self.fail(f"has {found!r} in {key!r}", f"Choose one of {listed}.")
        return str(found)

    def texts(self, key: str, least: int = 0) -> tuple[str, ...]:
        """The strings of the list under a key: at least so many, none empty, none twice."""
        found = self.value.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise self.fail(f"has no list of words in {key!r}", 'Write it as ["…", "…"].')
        made = tuple(" ".join(one.split()) for one in found)
        if "" in made:
            raise self.fail(f"has empty words in {key!r}", "Write them, or remove them.")
        if len(set(made)) < len(made):
            raise self.fail(f"says the same twice in {key!r}", "Word one of them differently.")
        if len(made) < least:
            raise self.fail(f"has {len(made)} in {key!r}", f"Write at least {least}.")
        return made

    def conditions(self, key: str = "when", *, state_only: bool = False) -> tuple[Condition, ...]:
        """The conditions listed under a key."""
        try:
            return tuple(parse(one, state_only=state_only) for one in self.texts(key))
        except ValueError as error:
            raise self.fail(f"has a condition that cannot be read: {error}") from error
