"""How far the exported int8 model departs from the torch model it was made from.

The torch model is the tuned encoder in float32, without quantization, under the same heads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from reattune.calibration import Stage, calibrate, family_scores
from reattune.codebook import CODES, FAMILIES
from reattune.labelled import Labelled
from reattune.model import LONGEST
from reattune.readers import read_all
from reattune.thresholds import DEFAULT_POINT
from reattune.wordpiece import WordPiece
from training.corpora import Item
from training.encoder import SCALE, base_folder
from training.head import Ensemble, predict
from training.parts import carries_of, examples_of, shifts_of, texts_of

COURSES = Path(__file__).parents[1] / "examples" / "courses"
TURNS = 1000


def unseen() -> list[Item]:
    """Sessions of the example courses, in no training corpus, with at least TURNS turns in all."""
    items: list[Item] = []
    for path in sorted(COURSES.glob("*.jsonl")):
        for session in read_all(path):
            n = len(session.turns)
            nothing = np.zeros((n, len(CODES)), bool), np.zeros(n, bool)
            items.append(Item("courses", Labelled(session.source, session, *nothing, nothing[1])))
    ends = np.cumsum([len(item.labelled.codes) for item in items])
    return items[: int(np.searchsorted(ends, TURNS)) + 1]


def float_vectors(encoder: Any, texts: list[str]) -> dict[str, np.ndarray]:
    """Each text's vector by the torch encoder, alone, in float32."""
    wordpiece = WordPiece((base_folder() / "vocab.txt").read_text("utf-8").split("\n"))
    found = {}
    with torch.no_grad():
        for text in set(texts):
            ids = torch.tensor([wordpiece.encode(text, longest=LONGEST)])
            hidden = encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
            found[text] = SCALE * torch.nn.functional.normalize(hidden.mean(1), dim=-1)[0].numpy()
    return found


def compare(
    encoder: Any,
    heads: Ensemble,
    vectors: dict[str, np.ndarray],
    stage: Stage,
    decide: dict[str, dict[str, float]],
) -> dict[str, float]:
    """Differences of probability by turn and code, and of decisions by turn and family.

    `vectors` are the exported encoder's, `decide` the thresholds by operating point.
    """
    items = unseen()
    exact = float_vectors(encoder, [text for row in texts_of(items) for text in row])
    low = np.array([decide[DEFAULT_POINT][family] for family in FAMILIES])
    apart, same = [], []
    for item in items:
        raw = [predict(heads, examples_of([item], own, 1.0)[0]) for own in (exact, vectors)]
        codes = [calibrate(r, shifts_of(item), carries_of(item), stage).codes for r in raw]
        apart.append(np.abs(codes[0] - codes[1]).max(1))
        same.append(((family_scores(codes[0]) >= low) == (family_scores(codes[1]) >= low)).all(1))
    by_turn, agreed = np.concatenate(apart)[:TURNS], np.concatenate(same)[:TURNS]
    return {
        "turns": len(by_turn),
        "max_difference": round(float(by_turn.max()), 4),
        "difference_99": round(float(np.quantile(by_turn, 0.99)), 4),
        "difference_median": round(float(np.median(by_turn)), 4),
        "same_decisions": round(float(agreed.mean()), 4),
    }
