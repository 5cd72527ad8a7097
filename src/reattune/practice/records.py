"""Runs as JSON and back, and values as plain JSON-ready data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, get_args

from reattune.codebook import CODES, code
from reattune.errors import InputError
from reattune.practice.parts import PARTS, Inner, Outcome
from reattune.practice.reading import Reading
from reattune.practice.runs import Contest, Exchange, Run

SCHEMA = "reattune.practice-run/1"
OUTCOMES = ("", "stopped", *get_args(Outcome))


def plain(value: Any) -> Any:
    """A value of frozen dataclasses as dicts and lists; a state with its ease."""
    if isinstance(value, Inner):
        return {name: round(getattr(value, name), 4) for name in (*PARTS, "ease")}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    return round(value, 4) if isinstance(value, float) else value


def run_to_dict(run: Run) -> dict[str, Any]:
    """A JSON-ready dict, schema "reattune.practice-run/1". It holds the learner's words."""
    return {"schema": SCHEMA, **plain(run), "start": {p: getattr(run.start, p) for p in PARTS}}


def run_from_dict(data: Mapping[str, Any]) -> Run:
    """The run that `run_to_dict` wrote; InputError "bad-run" if it is none."""
    try:
        return _run(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise bad_run("it lacks a part, or one is not as it was written") from error


def bad_run(what: str) -> InputError:
    """The error for what is no run of practice."""
    remedy = "Use the JSON as Reattune wrote it."
    return InputError("bad-run", f"This is no run of practice: {what}.", remedy=remedy)


def _run(data: Mapping[str, Any]) -> Run:
    if data["schema"] != SCHEMA:
        raise bad_run(f"its schema is not {SCHEMA}")
    if data["outcome"] not in OUTCOMES:
        raise bad_run("its outcome is unknown")
    start = {name: float(data["start"][name]) for name in PARTS}
    if set(data["start"]) != set(PARTS) or not all(0 <= value <= 1 for value in start.values()):
        raise bad_run("its first state is not between 0 and 1")
    return Run(
        **{key: str(data[key]) for key in ("scenario", "version", "kind", "at", "said", "by")},
        drill=bool(data["drill"]),
        seed=int(data["seed"]),
        start=Inner(**start),
        minutes=int(data["minutes"]),
        exchanges=tuple(_exchange(row) for row in data["exchanges"]),
        outcome=data["outcome"],
        begun=date.fromisoformat(data["begun"]) if data["begun"] else None,
        done=tuple(_code(id) for id in data["done"]),
    )


def _exchange(row: Mapping[str, Any]) -> Exchange:
    return Exchange(
        **{key: str(row[key]) for key in ("node", "said", "by", "reply", "unscored")},
        readings=tuple(_reading(one) for one in row["readings"]),
        contested=tuple(Contest(str(one["code"]), str(one["view"])) for one in row["contested"]),
    )


def _code(id: str) -> str:
    if id not in CODES or code(id).role != "therapist":
        raise bad_run("it names an unknown code")
    return id


def _reading(row: Mapping[str, Any]) -> Reading:
    _code(row["code"])
    chance = float(row["probability"])
    if not 0 <= chance <= 1:
        raise bad_run("a probability is not between 0 and 1")
    return Reading(
        **{key: str(row[key]) for key in ("code", "quote", "by", "why", "ignored")},
        family=code(row["code"]).family,
        probability=chance,
        first=int(row["first"]),
        last=int(row["last"]),
        decided=bool(row["decided"]),
    )
