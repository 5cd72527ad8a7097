"""`Analysis` to and from JSON-ready dicts, schema "reattune.analysis/1" (docs/analysis-schema.md).

Written by reading the dataclasses in `types.py`, so that a field added there is in the JSON too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from reattune.codebook import CODES, code
from reattune.errors import InputError
from reattune.types import (
    Analysis,
    Baseline,
    Episode,
    Marker,
    Note,
    Risk,
    Session,
    Talk,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SCHEMA = "reattune.analysis/1"
SCORE_FLOOR = 0.01  # probability; smaller scores are left out of the rows and read back as 0
DECIMALS = 4  # of every number that is not whole

# The keys of the document in the order written, with their types; `scores` is handled apart.
KEYS: dict[str, Any] = {
    "by": str,
    "operating_point": str,
    "reliability": dict[str, float],
    "session": Session,
    "codes": tuple[str, ...],
    "scores": tuple[dict[str, float], ...],
    "markers": tuple[Marker, ...],
    "moves": tuple[Marker, ...],
    "episodes": tuple[Episode, ...],
    "risks": tuple[Risk, ...],
    "baseline": Baseline | None,
    "talk": tuple[Talk, ...],
    "notes": tuple[Note, ...],
}


def analysis_to_dict(analysis: Analysis) -> dict[str, Any]:
    """Everything in `analysis`, made of dicts, lists, strings, numbers, booleans and None."""
    data: dict[str, Any] = {"schema": SCHEMA}
    for key in KEYS:
        if key == "codes":
            data[key] = list(CODES)
        elif key == "scores":
            data[key] = _score_rows(analysis.scores)
        else:
            data[key] = _plain(getattr(analysis, key))
    return data


def analysis_from_dict(data: Any) -> Analysis:
    """The `Analysis` a dict from `analysis_to_dict` stands for, numbers as rounded there.

    InputError names the first key that is missing, unknown, of the wrong kind, or that points to
    a turn or a code that does not exist.
    """
    _check_schema(data)
    _check_keys(data, {"schema", *KEYS}, "")
    read = {key: _read(data[key], kind, key) for key, kind in KEYS.items()}
    codes = read.pop("codes")
    _check_codes(codes, "codes")
    read["scores"] = _score_array(read["scores"], codes, len(read["session"].turns))
    analysis = Analysis(**read)
    _check_references(analysis)
    return analysis


def baseline_from_dict(data: Any) -> Baseline:
    """The client's baseline in a dict from `analysis_to_dict`, whose other keys are not read.

    InputError if it is not such a dict or holds no baseline.
    """
    _check_schema(data)
    if data.get("baseline") is None:
        raise _malformed("baseline", "This analysis holds no client's baseline.")
    baseline: Baseline = _read(data["baseline"], Baseline, "baseline")
    return baseline


def _check_schema(data: Any) -> None:
    found = data.get("schema") if isinstance(data, dict) else None
    if found != SCHEMA:
        raise InputError(
            "analysis-schema",
            f"This is not an analysis of schema {SCHEMA!r} (found {found!r:.40}).",
            where="schema",
            remedy="Give the JSON that `reattune analyze --json` writes.",
        )


def _malformed(key: str, what: str) -> InputError:
    remedy = "See docs/analysis-schema.md for what belongs there."
    return InputError("analysis-malformed", what, where=key or "analysis", remedy=remedy)


# Writing


def _plain(value: Any) -> Any:
    """Dataclasses as dicts, tuples as lists, numpy scalars as Python's, decimals rounded."""
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a lone surrogate cannot be written
    if isinstance(value, float):
        return round(value, DECIMALS) if math.isfinite(value) else None
    return value


def _score_rows(scores: npt.NDArray[np.float32]) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = [{} for _ in range(len(scores))]
    turns, columns = (scores >= SCORE_FLOOR).nonzero()
    for turn, column in zip(turns.tolist(), columns.tolist(), strict=True):
        rows[turn][CODES[column]] = round(float(scores[turn, column]), DECIMALS)
    return rows


# Reading


def _read(value: Any, kind: Any, key: str) -> Any:
    """`value` as `kind`, or InputError naming `key`."""
    origin = get_origin(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _read_record(value, kind, key)
    if origin in (Union, UnionType):
        return None if value is None else _read(value, get_args(kind)[0], key)
    if origin is Literal:
        return _read_choice(value, get_args(kind), key)
    if origin is tuple:
        items = _expect(value, list, "a list", key)
        return tuple(_read(v, get_args(kind)[0], f"{key}[{i}]") for i, v in enumerate(items))
    if origin is dict:
        items = _expect(value, dict, "an object", key)
        return {str(k): _read(v, get_args(kind)[1], f"{key}.{k}") for k, v in items.items()}
    return _read_scalar(value, kind, key)


def _expect(value: Any, kind: type, name: str, key: str) -> Any:
    if not isinstance(value, kind):
        raise _malformed(key, f"This must be {name}, not {type(value).__name__}.")
    return value


def _read_scalar(value: Any, kind: type, key: str) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        raise _malformed(key, f"This must be {names[kind]}, not {value!r:.40}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise _malformed(key, "This must be a finite number.")
    return value


def _read_choice(value: Any, choices: tuple[Any, ...], key: str) -> Any:
    if value not in choices:
        allowed = ", ".join(map(str, choices))
        raise _malformed(key, f"This must be one of {allowed}, not {value!r:.40}.")
    return value


def _read_record(value: Any, kind: type, key: str) -> Any:
    hints = _hints(kind)
    data = _expect(value, dict, "an object", key)
    _check_keys(data, set(hints), key)
    return kind(**{name: _read(data[name], hint, f"{key}.{name}") for name, hint in hints.items()})


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _check_keys(data: dict[str, Any], expected: set[str], key: str) -> None:
    for name in sorted(expected ^ set(data), key=str):
        where = f"{key}.{name}" if key else str(name)
        raise _malformed(where, "This key is " + ("missing." if name in expected else "unknown."))


def _score_array(
    rows: tuple[dict[str, float], ...], codes: tuple[str, ...], turns: int
) -> npt.NDArray[np.float32]:
    import numpy as np

    if len(rows) != turns:
        raise _malformed("scores", f"There are {len(rows)} rows for {turns} turns.")
    scores = np.zeros((turns, len(CODES)), dtype=np.float32)
    for turn, row in enumerate(rows):
        for name, probability in row.items():
            if name not in codes or not 0 <= probability <= 1:
                raise _malformed(f"scores[{turn}].{name}", "A code with a number from 0 to 1.")
            scores[turn, CODES.index(name)] = probability
    return scores


# What the dataclasses cannot say: codes that exist, turns that exist, ranges in order


def _check_codes(names: tuple[str, ...], key: str) -> None:
    for name in names:
        if name not in CODES:
            raise _malformed(key, f"{name!r:.40} is not a code of this codebook.")


def _check_references(analysis: Analysis) -> None:
    count = len(analysis.session.turns)
    for key, turn in _turns_named(analysis):
        if not 0 <= turn < count:
            raise _malformed(key, f"There is no turn {turn} in a session of {count}.")
    for key, marker in _markers_named(analysis):
        _check_codes((marker.code,), f"{key}.code")
        if marker.family != code(marker.code).family:
            raise _malformed(f"{key}.family", f"{marker.code} is not of this family.")
        if not 0 <= marker.probability <= 1:
            raise _malformed(f"{key}.probability", "A probability is from 0 to 1.")
    for i, episode in enumerate(analysis.episodes):
        if not 0 <= episode.first < episode.last <= episode.until <= count:
            raise _malformed(f"episodes[{i}]", "first, last and until are not a range of turns.")


def _markers_named(analysis: Analysis) -> Iterator[tuple[str, Marker]]:
    groups = {"markers": analysis.markers, "moves": analysis.moves}
    for i, episode in enumerate(analysis.episodes):
        groups[f"episodes[{i}].markers"] = episode.markers
        groups[f"episodes[{i}].moves"] = episode.moves
    for key, markers in groups.items():
        yield from ((f"{key}[{i}]", marker) for i, marker in enumerate(markers))


def _turns_named(analysis: Analysis) -> Iterator[tuple[str, int]]:
    for key, marker in _markers_named(analysis):
        yield f"{key}.turn", marker.turn
        for i, evidence in enumerate(marker.evidence):
            if evidence.turn is not None:
                yield f"{key}.evidence[{i}].turn", evidence.turn
    yield from ((f"risks[{i}].turn", risk.turn) for i, risk in enumerate(analysis.risks))
    for key, notes in (("session.notes", analysis.session.notes), ("notes", analysis.notes)):
        for i, note in enumerate(notes):
            yield from ((f"{key}[{i}].turns", turn) for turn in note.turns)
