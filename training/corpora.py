"""The labelled corpora, each session with the corpus it comes from."""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reattune.labelled import Labelled, read_labelled

DATA = Path(__file__).parent / "data"
WRITTEN = ("written", "plain", "further", "wider")
"""Corpora written for the project, in data/NAME_dialogues.jsonl."""

ANNOMI_PLACES = (DATA / "annomi_dev.jsonl", Path("../shared/data/annomi_dev.jsonl"))


@dataclass(frozen=True, slots=True)
class Item:
    """A labelled session of one of the corpora: a name of WRITTEN, or "annomi"."""

    corpus: str
    labelled: Labelled


def load_corpora() -> list[Item]:
    """Every labelled session at hand, in a fixed order; AnnoMI only where its text is found."""
    items = [
        Item(name, row)
        for name in WRITTEN
        for row in read_labelled(DATA / f"{name}_dialogues.jsonl")
    ]
    path = find_annomi()
    if path is None:
        print("AnnoMI's text was not found: training on the written corpora alone.")
        return items
    joined = path if path.suffix == ".jsonl" else join_annomi(path)
    return items + [Item("annomi", row) for row in read_labelled(joined)]


def find_annomi() -> Path | None:
    """The joined JSONL or the public CSV: from REATTUNE_ANNOMI, else the usual places."""
    named = os.environ.get("REATTUNE_ANNOMI")
    places = [Path(named)] if named else list(ANNOMI_PLACES)
    return next((path for path in places if path.is_file()), None)


def join_annomi(public: Path) -> Path:
    """Join the public CSV with our labels; writes and returns data/annomi_dev.jsonl (ignored)."""
    words = read_public(public)
    target = DATA / "annomi_dev.jsonl"
    with target.open("w", encoding="utf-8") as out:
        for line in (DATA / "annomi_labels.jsonl").read_text("utf-8").splitlines():
            out.write(json.dumps(with_words(json.loads(line), words)) + "\n")
    return target


def read_public(public: Path) -> dict[int, dict[int, tuple[str, str]]]:
    """transcript_id -> utterance number -> (T or C, text) of the public CSV."""
    found: dict[int, dict[int, tuple[str, str]]] = defaultdict(dict)
    with public.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            who = "T" if row["interlocutor"] == "therapist" else "C"
            number = int(row["utterance_id"])
            found[int(row["transcript_id"])][number] = (who, row["utterance_text"])
    return found


def with_words(
    labels: dict[str, Any], words: dict[int, dict[int, tuple[str, str]]]
) -> dict[str, Any]:
    """One transcript's labels with the words of its turns."""
    coded = {row["u"]: row for row in labels["coded"]}
    turns = []
    for number, (who, text) in sorted(words[labels["transcript_id"]].items()):
        own = {k: v for k, v in coded.get(number, {}).items() if k != "u"}
        turns.append({"u": number, "who": who, "text": text, **own})
    return {"id": labels["id"], "transcript_id": labels["transcript_id"], "turns": turns}


def assign_folds(items: list[Item], n: int) -> list[int]:
    """A fold a session, dealt round within each corpus by a fixed shuffle: never by turn."""
    import numpy as np

    rng = np.random.default_rng(2026)
    folds = [0] * len(items)
    for corpus in sorted({item.corpus for item in items}):
        own = [i for i, item in enumerate(items) if item.corpus == corpus]
        for k, i in enumerate(rng.permutation(own)):
            folds[int(i)] = k % n
    return folds
