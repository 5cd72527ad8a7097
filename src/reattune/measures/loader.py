"""Instruments from TOML: those shipped beside this module, and files of the user's own.

A file of the user's own adds licensed text to a shipped instrument, confirms or states a key that
we could not verify, or describes an instrument of its own. What cannot be used is refused with the
key and what to do.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from reattune.errors import InputError
from reattune.measures.instrument import (
    RATERS,
    SCORINGS,
    SIDES,
    TOTAL,
    Cutoff,
    Instrument,
    Item,
    Key,
    Missing,
    Norms,
    Wording,
)
from reattune.settings import data_folder

SHIPPED = (
    *("checkin_client", "checkin_therapist", "phq9", "gad7", "wai", "wai_s", "wai_sr"),
    *("srs", "ors", "arm5", "arm12", "haq2", "calpas"),
)
"""The shipped instruments in the order of `reattune measures list`."""

MOST_SHARE = 0.5
"""No rule for missing answers may let more than half of a scale be made up."""

MOST_ITEMS, LARGEST = 1000, 1e9
"""No form has more items, nor larger numbers; a slip of the pen must not fill the memory."""

REQUIRED = {
    "id": "a short name of small letters, digits and underscores",
    "name": "the full name",
    "citation": "where it was published",
    "license": "whose it is and what may be done with it",
    "raters": f"a list of some of {', '.join(RATERS)}",
    "validated": "true or false",
    "higher_is_better": "true or false",
    "scoring": '"sum" or "mean"',
    "items": "the number of items",
    "range": "the lowest and the highest answer, as in [1, 7]",
    "missing": "a table with `source` and either `items` or `share`, as in share = 0.2",
    "key": "a table with the `source` of subscales and reversed items",
}
"""Keys that an instrument must have, and what they hold."""

OPTIONAL = {
    "version": "a whole number",
    "about": "a sentence",
    "step": "the smallest difference between answers; 1 takes whole numbers only",
    "reversed": "the numbers of the items to reverse, [] for none",
    "subscales": "a table of lists of item numbers, as in bond = [1, 2]",
    "named": "a table of item names and numbers, as in felt_off = 5",
    "cutoff": "tables with `at`, `side`, `label`, `source` and `verified`",
    "norms": "tables with `sd`, `reliability`, `source` and `verified`",
    "prompts": "a table with `items`, `source` and `verified`",
    "risk": "a table with `items`, `above` and `why`",
    "language": 'the language of `text` in two letters, as in "en"',
    "text": "a table with `title`, `instructions`, `items` and `labels`",
    "texts": "tables like `text` in other languages, as in [texts.de]",
}
"""Keys that an instrument may have."""

KEY_PARTS = ("scoring", "range", "step", "reversed", "subscales")
"""What makes up a key; a user's own file may state it where ours is not verified."""

EXTENDING = {
    "extends": f"one of {', '.join(SHIPPED)}",
    "key_confirmed": 'what you compared the key with, as in "manual of 2004, page 3"',
} | {
    key: (REQUIRED | OPTIONAL)[key]
    for key in (
        *(*KEY_PARTS, "raters", "missing", "cutoff", "norms", "prompts"),
        *("language", "text", "texts"),
    )
}
"""Keys of a file that extends a shipped instrument."""

_ID = re.compile(r"[a-z][a-z0-9_]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_TEXT = ("title", "instructions", "items", "labels")
_brought: ContextVar[Mapping[str, Instrument]] = ContextVar("brought", default={})  # noqa: B039


def find_instrument(id: str) -> Instrument:
    """The instrument of this id: the user's own file of that name if there is one, else ours.

    InputError for an id that is neither, and for a file of the user's that cannot be used.
    """
    made = known_instrument(id)
    if made is None:
        raise InputError(
            "unknown-measure",
            f"There is no measure {id!r}.",
            remedy=f"Choose one of {', '.join(SHIPPED)}, or put its file into {own_folder()}.",
        )
    return made


def known_instrument(id: str) -> Instrument | None:
    """As `find_instrument`, None for an id that is neither."""
    if id in _brought.get():
        return _brought.get()[id]
    own = own_folder() / f"{id}.toml"
    if _ID.fullmatch(id) and own.is_file():
        return _own(own, _state(own))
    return shipped_instrument(id) if id in SHIPPED else None


@contextmanager
def bringing(instruments: Mapping[str, Instrument]) -> Iterator[None]:
    """Within this block these instruments are found by their id, before all others.

    For whoever keeps instruments elsewhere than in the data folder.
    """
    token = _brought.set({**_brought.get(), **instruments})
    try:
        yield
    finally:
        _brought.reset(token)


@cache
def shipped_instrument(id: str) -> Instrument:
    """The instrument as shipped; `id` is one of SHIPPED."""
    return _build(_raw(id), f"{id}.toml", "shipped")


def own_folder() -> Path:
    """Where the user's own instruments lie, each in a file named by its id."""
    return data_folder() / "measures"


def own_instruments() -> tuple[dict[str, Instrument], tuple[InputError, ...]]:
    """The user's own instruments by id, and the errors of files that cannot be used."""
    found, errors = {}, []
    for path in sorted(own_folder().glob("*.toml")):
        try:
            found[path.stem] = _own(path, _state(path))
        except InputError as error:
            errors.append(error)
    return found, tuple(errors)


def read_instrument(path: str | Path) -> Instrument:
    """The instrument in a TOML file of the user's own.

    With `extends` it adds to a shipped instrument, else it holds a whole one. InputError naming
    the key that cannot be used and what to do.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        what, remedy = "The file cannot be opened.", "Check its name and that you may read it."
        raise InputError("measure-unreadable", what, where=path.name, remedy=remedy) from error
    return parse_instrument(content, path.name)


def parse_instrument(content: bytes, name: str) -> Instrument:
    """As `read_instrument`, from the content of a file of this name."""
    data = _toml(content, name)
    if "extends" in data:
        return _build(_extended(data, name), name, name)
    if data.get("id") in SHIPPED:
        remedy = f'Write extends = "{data["id"]}" to add to it, or choose another id.'
        raise _bad(name, "id", "is that of a shipped instrument", remedy)
    return _build(_vouched(data), name, name)


def _state(path: Path) -> tuple[int, int]:
    """When a file was last changed, and its size."""
    told = path.stat()
    return told.st_mtime_ns, told.st_size


@cache
def _own(path: Path, state: tuple[int, int]) -> Instrument:
    """The instrument in a file of the own folder, which must bear its id; kept while in `state`."""
    del state
    made = read_instrument(path)
    if made.id != path.stem:
        raise _bad(path.name, "id", "differs from the file's name", f"Name it {made.id}.toml.")
    return made


@cache
def _raw(id: str) -> dict[str, Any]:
    return tomllib.loads(files("reattune.measures").joinpath(f"{id}.toml").read_text("utf-8"))


def _toml(content: bytes, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        known = isinstance(error, tomllib.TOMLDecodeError)
        what = f"This is not TOML: {error}." if known else "This is not text in UTF-8."
        if isinstance(error, RecursionError):
            what = "This is not TOML of an instrument: it is nested too deeply."
        remedy = "Mend it; docs/measures.md has an example."
        raise InputError("measure-unreadable", what, where=where, remedy=remedy) from error


def _vouched(data: dict[str, Any]) -> dict[str, Any]:
    """A whole instrument of the user's own: whoever writes its key vouches for it."""
    key = data.get("key")
    if not isinstance(key, dict) or "source" not in key:
        return data
    return data | {"key": {"confirmed": key["source"], **key}}


def _extended(data: dict[str, Any], where: str) -> dict[str, Any]:
    """The data of the shipped instrument with what the user's file adds, states or confirms."""
    _refuse_unknown(data, EXTENDING, where)
    if data["extends"] not in SHIPPED:
        raise _bad(where, "extends", "names no shipped instrument", _holds("extends"))
    base = _raw(data["extends"])
    confirmed = _string(data.get("key_confirmed", ""), "key_confirmed", where).strip()
    stated = [part for part in KEY_PARTS if part in data]
    if stated and base["key"]["verified"]:
        remedy = "Leave it out, or describe an instrument with an id of your own."
        raise _bad(where, stated[0], "would change a key that is verified", remedy)
    if stated and not confirmed:
        raise _bad(where, "key_confirmed", "is missing", _holds("key_confirmed"))
    added = (*stated, "raters", "missing", "prompts", "language", "text")
    merged = base | {key: data[key] for key in added if key in data}
    if confirmed and "reversed" not in merged:
        remedy = "List the items that your form reverses; [] if there are none."
        raise _bad(where, "reversed", "is not known for this instrument", remedy)
    cutoffs = [*base.get("cutoff", ()), *_tables(data, "cutoff", where)]
    norms = [*_tables(data, "norms", where), *base.get("norms", ())]
    key = base["key"] | {"confirmed": confirmed}
    texts = _all_texts(data, base, where)
    return merged | {"key": key, "cutoff": cutoffs, "norms": norms, "texts": texts}


def _all_texts(data: dict[str, Any], base: dict[str, Any], where: str) -> dict[str, Any]:
    """Our translations and the user's; our own text beside a `text` in another language."""
    ours = {base.get("language", "en"): base["text"]} if "text" in base else {}
    texts = {**ours, **base.get("texts", {}), **_table(data, "texts", where)}
    own = data.get("language", base.get("language", "en"))
    return {language: text for language, text in texts.items() if language != own}


def _build(data: dict[str, Any], where: str, origin: str) -> Instrument:
    """The instrument that the data describe; InputError naming the first key that cannot be."""
    _refuse_unknown(data, REQUIRED | OPTIONAL, where)
    for key in REQUIRED:
        if key not in data:
            raise _bad(where, key, "is missing", _holds(key))
    items = _items(data, where)
    scales = {TOTAL, *data.get("subscales", ())}
    text = _table(data, "text", where, _TEXT)
    risk = _table(data, "risk", where, ("items", "above", "why"))
    prompts = _table(data, "prompts", where, ("items", "source", "verified"))
    return Instrument(
        id=_id(data, where),
        version=_whole(data.get("version", 1), "version", where),
        name=_text(data, "name", where),
        about=_string(data.get("about", ""), "about", where),
        citation=_text(data, "citation", where),
        license=_text(data, "license", where),
        raters=_raters(data["raters"], where),
        items=items,
        scoring=_one_of(data["scoring"], SCORINGS, "scoring", where),
        missing=_missing(data, where),
        higher_is_better=_flag(data, "higher_is_better", where),
        key=_key(data, where),
        validated=_flag(data, "validated", where),
        cutoffs=tuple(_cutoff(row, scales, where) for row in _tables(data, "cutoff", where)),
        norms=tuple(_norms(row, scales, where) for row in _tables(data, "norms", where)),
        prompts_from=_text(prompts, "source", where, "prompts.") if prompts else "",
        risk_why=_text(risk, "why", where, "risk.") if risk else "",
        instructions=_string(text.get("instructions", ""), "text.instructions", where),
        labels=_labels(text, items[0], where),
        origin=origin,
        language=_language(data.get("language", "en"), "language", where),
        title=_string(text.get("title", ""), "text.title", where),
        texts=_texts(data, items, where),
    )


def _texts(data: dict[str, Any], items: tuple[Item, ...], where: str) -> tuple[Wording, ...]:
    """The wordings in other languages than that of `text`."""
    found = []
    tables = _table(data, "texts", where)
    for language in tables:
        path = f"texts.{language}"
        if _language(language, path, where) == data.get("language", "en"):
            raise _bad(where, path, "is in the language of `text`", "Keep one of the two.")
        table = _table(tables, language, where, _TEXT, path="texts.")
        words = _by_item(table, len(items), path, where)
        found.append(
            Wording(
                language,
                tuple(_string(words.get(i.number, ""), f"{path}.items", where) for i in items),
                _string(table.get("title", ""), f"{path}.title", where),
                _string(table.get("instructions", ""), f"{path}.instructions", where),
                _labels(table, items[0], where, f"{path}."),
            )
        )
    return tuple(found)


def _items(data: dict[str, Any], where: str) -> tuple[Item, ...]:
    """The items, with what the other tables say of them by number."""
    n = _whole(data["items"], "items", where)
    if n > MOST_ITEMS:
        raise _bad(where, "items", f"is more than {MOST_ITEMS}", "Write the number of items.")
    low, high = _range(data["range"], where)
    step = _number(data.get("step", 1), "step", where)
    turned = _numbers(data.get("reversed", []), n, "reversed", where)
    places, names = _subscales(data, n, where), _names(data, n, where)
    texts = _by_item(_table(data, "text", where), n, "text", where)
    prompts, risks = _prompts(data, n, where), _risks(data, n, where)
    return tuple(
        Item(
            number=i,
            low=low,
            high=high,
            step=step,
            reversed=i in turned,
            subscale=places.get(i),
            name=names.get(i, ""),
            text=_string(texts.get(i, ""), f"text.items.{i}", where),
            prompt=prompts.get(i),
            risk_above=risks.get(i),
        )
        for i in range(1, n + 1)
    )


def _subscales(data: dict[str, Any], n: int, where: str) -> dict[int, str]:
    """Item number -> subscale; each item belongs to at most one."""
    places: dict[int, str] = {}
    for name, numbers in _table(data, "subscales", where).items():
        key = f"subscales.{name}"
        if not _ID.fullmatch(name) or name == TOTAL:
            raise _bad(where, key, "has no fit name", "Use small letters, and not 'total'.")
        for number in _numbers(numbers, n, key, where):
            if number in places:
                what = f"holds item {number}, which {places[number]} holds too"
                raise _bad(where, key, what, "Give each item to one subscale.")
            places[number] = name
    return places


def _names(data: dict[str, Any], n: int, where: str) -> dict[int, str]:
    """Item number -> our name for it."""
    named = _table(data, "named", where)
    return {_item(number, n, f"named.{name}", where): name for name, number in named.items()}


def _prompts(data: dict[str, Any], n: int, where: str) -> dict[int, float]:
    """Item number -> the answer that prompts; none where they are not verified."""
    table = _table(data, "prompts", where)
    found = _by_item(table, n, "prompts", where)
    rows = {i: _number(at, f"prompts.items.{i}", where) for i, at in found.items()}
    return rows if not table or _flag(table, "verified", where, "prompts.") else {}


def _risks(data: dict[str, Any], n: int, where: str) -> dict[int, float]:
    """Item number -> the answer above which the risk path is taken."""
    table = _table(data, "risk", where)
    if not table:
        return {}
    above = _number(table.get("above"), "risk.above", where)
    return dict.fromkeys(_numbers(table.get("items"), n, "risk.items", where), above)


def _missing(data: dict[str, Any], where: str) -> Missing:
    table = _table(data, "missing", where, ("items", "share", "source"))
    source = _text(table, "source", where, "missing.")
    if ("items" in table) == ("share" in table):
        raise _bad(where, "missing", "needs either `items` or `share`", _holds("missing"))
    if "items" in table:
        return Missing(_whole(table["items"], "missing.items", where, least=0), None, source)
    share = _number(table["share"], "missing.share", where)
    if not 0 <= share <= MOST_SHARE:
        raise _bad(where, "missing.share", "is outside 0 to 0.5", "Half the items at most.")
    return Missing(None, share, source)


def _key(data: dict[str, Any], where: str) -> Key:
    table = _table(data, "key", where, ("verified", "source", "confirmed"))
    verified = "verified" in table and _flag(table, "verified", where, "key.")
    confirmed = _string(table.get("confirmed", ""), "key.confirmed", where)
    return Key(verified, _text(table, "source", where, "key."), confirmed)


def _cutoff(row: dict[str, Any], scales: set[str], where: str) -> Cutoff:
    _refuse_unknown(row, Cutoff.__slots__, where, "cutoff.")
    return Cutoff(
        scale=_one_of(row.get("scale", TOTAL), tuple(scales), "cutoff.scale", where),
        at=_number(row.get("at"), "cutoff.at", where),
        side=_one_of(row.get("side"), SIDES, "cutoff.side", where),
        label=_text(row, "label", where, "cutoff."),
        source=_text(row, "source", where, "cutoff."),
        verified=_flag(row, "verified", where, "cutoff."),
    )


def _norms(row: dict[str, Any], scales: set[str], where: str) -> Norms:
    _refuse_unknown(row, Norms.__slots__, where, "norms.")
    sd = _number(row.get("sd"), "norms.sd", where)
    reliability = _number(row.get("reliability"), "norms.reliability", where)
    if sd <= 0:
        raise _bad(where, "norms.sd", "is not above 0", "Write the SD in points.")
    if not 0 <= reliability < 1:
        raise _bad(where, "norms.reliability", "is outside 0 to below 1", "Write it as in 0.91.")
    return Norms(
        scale=_one_of(row.get("scale", TOTAL), tuple(scales), "norms.scale", where),
        sd=sd,
        reliability=reliability,
        source=_text(row, "source", where, "norms."),
        verified=_flag(row, "verified", where, "norms."),
    )


def _labels(
    text: dict[str, Any], item: Item, where: str, path: str = "text."
) -> tuple[tuple[float, str], ...]:
    """The words of answers, lowest answer first."""
    rows = []
    for answer, label in _table(text, "labels", where, path=path).items():
        key = f"{path}labels.{answer}"
        value = float(answer) if re.fullmatch(r"-?\d+(\.\d+)?", answer) else math.nan
        if not item.low <= value <= item.high:
            raise _bad(where, key, "is no answer", f"Answers run {item.span}.")
        rows.append((value, _string(label, key, where)))
    return tuple(sorted(rows))


def _raters(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(rater in RATERS for rater in value):
        raise _bad(where, "raters", "names somebody who cannot rate", _holds("raters"))
    return tuple(value)


def _range(value: Any, where: str) -> tuple[float, float]:
    if isinstance(value, list) and len(value) == 2:
        low, high = (_number(each, "range", where) for each in value)
        if low < high:
            return low, high
    raise _bad(where, "range", "is not two numbers, the lower first", _holds("range"))


def _numbers(value: Any, n: int, key: str, where: str) -> frozenset[int]:
    """A list of item numbers, each once."""
    if not isinstance(value, list):
        raise _bad(where, key, "is no list", "List item numbers, as in [1, 4].")
    found = [_item(each, n, key, where) for each in value]
    if len(found) != len(set(found)):
        raise _bad(where, key, "names an item twice", "Name each item once.")
    return frozenset(found)


def _item(value: Any, n: int, key: str, where: str) -> int:
    """An item's number, which is text where it is a key of TOML."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,4}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= n:
        raise _bad(where, key, "names no item of the form", f"Items are numbered 1 to {n}.")
    return value


def _by_item(table: dict[str, Any], n: int, key: str, where: str) -> dict[int, Any]:
    """The entries of a table's `items`, by number."""
    rows = _table(table, "items", where, path=f"{key}.")
    return {_item(number, n, f"{key}.items.{number}", where): row for number, row in rows.items()}


def _table(
    data: dict[str, Any], key: str, where: str, known: Iterable[str] = (), *, path: str = ""
) -> dict[str, Any]:
    """A sub-table, empty if there is none; its keys are among `known` where those are given."""
    table = data.get(key, {})
    if not isinstance(table, dict):
        raise _bad(where, f"{path}{key}", "is no table", f"Head it with [{path}{key}].")
    if known:
        _refuse_unknown(table, known, where, f"{path}{key}.")
    return table


def _tables(data: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    """A list of tables, empty if there is none."""
    rows = data.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _bad(where, key, "is no list of tables", f"Head each with [[{key}]].")
    return rows


def _id(data: dict[str, Any], where: str) -> str:
    value = _text(data, "id", where)
    if not _ID.fullmatch(value):
        raise _bad(where, "id", "has characters that it cannot have", _holds("id"))
    return value


def _language(value: Any, key: str, where: str) -> str:
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise _bad(where, key, "is no language", _holds("language"))
    return value


def _text(data: Mapping[str, Any], key: str, where: str, path: str = "") -> str:
    value = _string(data.get(key, ""), f"{path}{key}", where)
    if not value.strip():
        raise _bad(where, f"{path}{key}", "is missing or empty", _holds(f"{path}{key}"))
    return value


def _string(value: Any, key: str, where: str) -> str:
    if not isinstance(value, str):
        raise _bad(where, key, "is no text", "Put it between quotation marks.")
    return value


def _flag(data: Mapping[str, Any], key: str, where: str, path: str = "") -> bool:
    value = data.get(key)
    if not isinstance(value, bool):
        raise _bad(where, f"{path}{key}", "is not true or false", "Write true or false.")
    return value


def _whole(value: Any, key: str, where: str, *, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise _bad(where, key, f"is no whole number from {least} on", "Write it without a point.")
    return value


def _number(value: Any, key: str, where: str) -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if not known or not -LARGEST < value < LARGEST:  # nan is neither
        raise _bad(where, key, "is missing or no number", "Write a number.")
    return float(value)


def _one_of(value: Any, known: tuple[str, ...], key: str, where: str) -> Any:
    if value not in known:
        remedy = f"Write one of {', '.join(map(repr, sorted(known)))}."
        raise _bad(where, key, "is missing or not one of those it can be", remedy)
    return value


def _refuse_unknown(data: dict[str, Any], known: Iterable[str], where: str, path: str = "") -> None:
    for key in data:
        if key not in known:
            remedy = f"Keys here are {', '.join(sorted(known))}."
            raise _bad(where, f"{path}{key}", "is not known here", remedy)


def _holds(key: str) -> str:
    meaning = (EXTENDING | REQUIRED | OPTIONAL).get(key, "")
    return f"It holds {meaning}." if meaning else "Fill it in."


def _bad(where: str, key: str, what: str, remedy: str) -> InputError:
    """The error for a file of an instrument, naming the key."""
    return InputError("bad-measure", f"The key `{key}` {what}.", where=where, remedy=remedy)
