"""Long sessions for the benchmarks, strung together from the written excerpts."""

from __future__ import annotations

import json
from itertools import cycle, islice
from pathlib import Path

from reattune.types import Session

DATA = Path(__file__).parents[1] / "training" / "data"


def turns(n: int) -> list[tuple[str, str]]:
    """n (speaker, text) pairs; once the corpora are used up, texts are numbered to stay unique."""
    rows = []
    for name in ("written_dialogues.jsonl", "plain_dialogues.jsonl"):
        for line in (DATA / name).read_text("utf-8").splitlines():
            rows += [(turn["who"], turn["text"]) for turn in json.loads(line)["turns"]]
    laps = (
        (who, f"{text} {lap}" if lap else text)
        for lap, (who, text) in zip(
            (i // len(rows) for i in range(n)), islice(cycle(rows), n), strict=True
        )
    )
    return list(laps)


def session(n: int) -> Session:
    """A session of n turns."""
    return Session.from_turns(turns(n))


def write_plain(n: int, path: Path) -> Path:
    """The session as plain text with T: and C: labels."""
    path.write_text("\n".join(f"{who}: {text}" for who, text in turns(n)) + "\n", "utf-8")
    return path
