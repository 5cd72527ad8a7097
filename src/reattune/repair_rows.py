"""Changes, ruptures and plans to and from JSON-ready dicts.

A change is one flat object, so that it can be a line of a file or a row of a table. Reading checks
every key and value; what is written is what is read back (tested).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from reattune import guidance
from reattune.errors import InputError
from reattune.repair import Change, Rupture
from reattune.repair_plan import Plan, Planned, Step

SCHEMA = "reattune.plan/1"
Made = TypeVar("Made")


def change_to_dict(change: Change) -> dict[str, Any]:
    """A change as a flat dict; `when` in ISO 8601 with its offset."""
    return dict(_plain(change))


def change_from_dict(data: Any, where: str = "change") -> Change:
    """The change a dict stands for; InputError "bad-change" naming the key that is wrong."""
    return _read(data, Change, where)


def rupture_to_dict(rupture: Rupture) -> dict[str, Any]:
    """A rupture with its episodes, proposals and rows. It holds words of sessions."""
    return dict(_plain(rupture))


def rupture_from_dict(data: Any) -> Rupture:
    """The rupture a dict stands for; InputError "bad-change" naming the key that is wrong."""
    return _read(data, Rupture, "rupture")


def read_changes(path: Path) -> tuple[Change, ...]:
    """The changes in a JSON Lines file, one a line; InputError naming the line."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(path.name, "The file cannot be read as text.", "Check it.") from error
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            where = f"{path.name}, line {number}"
            try:
                data = json.loads(line)
            except ValueError as error:
                raise _bad(where, "This is not JSON.", "Write one change a line.") from error
            found.append(change_from_dict(data, where))
    return tuple(found)


def write_changes(changes: Iterable[Change]) -> str:
    """The changes as JSON Lines, as `read_changes` reads them."""
    rows = (json.dumps(change_to_dict(change), ensure_ascii=False) for change in changes)
    return "".join(f"{row}\n" for row in rows)


# Plans


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """A plan, schema "reattune.plan/1" (docs/repair.md). It holds words of sessions.

    Sentences stand as ids; `texts` has each with its words and sources.
    """
    data = {
        "schema": SCHEMA,
        "client": plan.client,
        "session": plan.session,
        "date": _plain(plan.date),
        "by": plan.by,
        "guidance": plan.guidance,
        "language": plan.language,
        "notes": _plain(plan.notes),
        "ruptures": [planned_to_dict(own) for own in plan.ruptures],
        "cases": _plain(plan.cases),
        "offered": list(plan.offered),
        "missteps": _plain(plan.missteps),
        "unexplained": _plain(plan.unexplained),
        "asks": list(plan.asks),
    }
    return {**data, "texts": texts_in(data, plan.language)}


def planned_to_dict(own: Planned) -> dict[str, Any]:
    """A rupture of a plan: where it stands, its steps, what is proposed."""
    rupture = own.rupture
    return {
        "id": rupture.id,
        "kind": rupture.kind,
        "intensity": rupture.intensity,
        "session": rupture.session,
        "date": _plain(rupture.date),
        "state": rupture.state,
        "decided": rupture.decided,
        "looks_repaired": own.looks_repaired,
        "next": own.next,
        "next_asks": own.next_asks,
        "answer": _plain(own.answer),
        "watch": _plain(own.watch),
        "episodes": _plain(own.episodes),
        "borne_out": _plain(own.borne_out),
        "steps": [step_to_dict(step) for step in own.steps],
        "waiting": _plain(own.waiting),
        "changes": _plain(rupture.changes),
    }


def step_to_dict(step: Step) -> dict[str, Any]:
    """A step; its rows stand with the rupture's changes."""
    data = dict(_plain(step))
    return {key: value for key, value in data.items() if key != "rows"}


def texts_in(data: Any, language: str) -> dict[str, dict[str, Any]]:
    """Every sentence of guidance that some part of the data names by its id."""
    known = guidance.load(language).texts
    found: dict[str, dict[str, Any]] = {}
    stack = [data]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            stack += value
        elif isinstance(value, str) and value in known:
            text = known[value]
            found[value] = {
                "text": text.text,
                "sources": list(text.sources),
                "quote": text.quote,
            }
    return dict(sorted(found.items()))


# Plain values


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a lone surrogate cannot be written
    return round(value, 4) if isinstance(value, float) else value


def _bad(where: Where | str, what: str, remedy: str = "See docs/repair.md.") -> InputError:
    told = where if isinstance(where, str) else ", ".join(_keys(where))
    return InputError("bad-change", what, where=told, remedy=remedy)


def _keys(where: Where) -> Iterator[str]:
    if where:
        yield from _keys(where[0])
        yield where[1]


Where = tuple["Where", str] | tuple[()]
"""The way to a value: that of what it stands in, and its key. Written out only for an error."""

Reader = Callable[[Any, Where], Any]


def _read(value: Any, kind: type[Made], where: str) -> Made:
    """A dataclass from its dict; keys with a default may be missing, others are refused."""
    made: Made = _reader(cast(Any, kind))(value, ((), where))
    return made


@cache
def _reader(kind: Any) -> Reader:
    """What reads a value of this type. Made once: a plan has thousands of values."""
    origin, args = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _object_reader(kind)
    if origin is Literal:
        return lambda value, where: _expect(value in args, value, where)
    if origin is tuple:
        item = _reader(args[0])
        return lambda value, where: tuple(
            [item(one, where) for one in _expect(isinstance(value, list), value, where)]
        )
    if origin is not None:  # a value or None
        own = _reader(args[0])
        return lambda value, where: None if value is None else own(value, where)
    if kind in READS:
        return lambda value, where: _parsed(value, kind, where)
    return lambda value, where: _expect(type(value) is kind, value, where)


def _object_reader(kind: type) -> Reader:
    readers = {key: _reader(hint) for key, hint in get_type_hints(kind).items()}

    def read(value: Any, where: Where) -> Any:
        if not isinstance(value, dict):
            raise _bad(where, "This is not an object.")
        own = {}
        for key, item in value.items():
            if key not in readers:
                raise _bad(where, f"The key {key!r:.40} is not known here.")
            own[key] = readers[key](item, (where, key))
        try:
            return kind(**own)
        except TypeError as error:
            missing = ", ".join(key for key in readers if key not in value)
            raise _bad(where, f"A key is missing, one of {missing}.") from error

    return read


def _expect(fits: bool, value: Any, where: Where) -> Any:
    if not fits:
        raise _bad(where, f"{type(value).__name__} or this value does not belong here.")
    return value


READS: Mapping[Any, Callable[[str], Any]] = {
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}


def _parsed(value: Any, kind: Any, where: Where) -> Any:
    try:
        return READS[kind](_expect(isinstance(value, str), value, where))
    except ValueError as error:
        raise _bad(where, "This is not a date or time in ISO 8601.") from error
