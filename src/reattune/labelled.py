"""Labelled sessions: one JSON object a line, with codes and intensity on its turns.

{"id", "turns": [{"who": "T"|"C", "text", "codes": [...], "intensity": "micro"|"major"}]}

A session is either coded throughout, or a person went through some of its flags: then the turns
they judged have "review", and nothing is known about the rest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reattune.codebook import CODES
from reattune.errors import InputError
from reattune.types import Session, Turn, role_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


REVIEWS = ("confirmed", "dismissed", "added")
"""What a person said of a turn: a marker holds (by its codes), none does, one was missed."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A session with its labels: `codes` bool (n_turns, 26), `major` bool (n_turns,).

    `judged` bool (n_turns,) is False where nobody looked: elsewhere no code means none holds.
    `outcome` is the hand-given end of the excerpt where the corpus has one, else "".
    """

    id: str
    session: Session
    codes: npt.NDArray[np.bool_]
    major: npt.NDArray[np.bool_]
    judged: npt.NDArray[np.bool_]
    outcome: str = ""


def read_labelled(path: Path) -> list[Labelled]:
    """Every session of a labelled JSONL file that has turns; InputError naming the line if not."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise bad_line(path, None, "The file cannot be read as UTF-8 text.") from error
    rows = [(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    found = [labelled for n, line in rows if (labelled := _parse(path, n, line)).session.turns]
    if not found:
        raise bad_line(path, None, "The file holds no session with turns.")
    return found


def _parse(path: Path, number: int, line: str) -> Labelled:
    try:
        row = json.loads(line)
        turns = row["turns"]
        session = Session(tuple(_turn(t) for t in turns), source=str(row["id"]), format="jsonl")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise bad_line(path, number, "This is not a session with an id and turns.") from error
    codes, major = _labels(path, number, turns)
    judged = _judged(path, number, turns, codes)
    outcome = str(row.get("outcome") or "")
    return Labelled(str(row["id"]), session, codes, major, judged, outcome)


def _turn(row: dict[str, Any]) -> Turn:
    who = str(row["who"])
    return Turn(who, str(row["text"]), role_of(who))


def _labels(path: Path, number: int, turns: list[dict[str, Any]]) -> tuple[Any, Any]:
    import numpy as np

    codes = np.zeros((len(turns), len(CODES)), bool)
    for i, turn in enumerate(turns):
        for id in turn.get("codes") or ():
            if id not in CODES:
                raise bad_line(path, number, f"Turn {i + 1} has the unknown code {id!r}.")
            codes[i, CODES.index(id)] = True
    return codes, np.array([turn.get("intensity") == "major" for turn in turns], bool)


def _judged(path: Path, number: int, turns: list[dict[str, Any]], codes: Any) -> Any:
    import numpy as np

    reviews = [turn.get("review") for turn in turns]
    for i, review in enumerate(reviews):
        if review is not None and review not in REVIEWS:
            known = ", ".join(REVIEWS)
            what = f"Turn {i + 1} has the review {review!r}; it is one of {known}."
            raise bad_line(path, number, what)
        if review is not None and codes[i].any() == (review == "dismissed"):
            what = f"Turn {i + 1} is {review}, so it needs "
            raise bad_line(
                path, number, what + ("no" if review == "dismissed" else "its") + " codes."
            )
    if not any(reviews):
        return np.ones(len(turns), bool)
    return np.array([review is not None for review in reviews], bool)


def bad_line(path: Path, number: int | None, what: str) -> InputError:
    """The error for a labelled file, naming the line."""
    where = path.name if number is None else f"{path.name}, line {number}"
    remedy = "Each line is a JSON object as docs/evaluate.md describes."
    return InputError("labelled-unreadable", what, where=where, remedy=remedy)


def fingerprint(session: Session) -> str:
    """32 hex digits that stand for who said what, so that training data is recognized."""
    digest = hashlib.sha256()
    for turn in session.turns:
        digest.update(f"{turn.role}\x1f{turn.text}\x1e".encode())
    return digest.hexdigest()[:32]
