"""Fit the constants by which `reattune.roles` infers who the therapist is.

    python -m training.fit_roles DATA

reads DATA/{written_dialogues,plain_dialogues,primock57_dev,annomi_dev}.jsonl, puts the labels
aside, prints `COEFFICIENTS` fitted on everything, and how often the inference is right on sessions
and on whole corpora it has not seen, as in docs/roles.md. Needs scikit-learn; takes about a minute.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from reattune import roles

CORPORA = ("written_dialogues", "plain_dialogues", "primock57_dev", "annomi_dev")
CUES = tuple(roles.COEFFICIENTS)
SEED = 20
STRENGTH = 1.0  # inverse strength of the ridge penalty, on cues scaled to unit deviation
LENGTHS = (10, 20, 40)  # turns of the stretches cut from the middle of sessions, two of each
BINS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, roles.MIN_CONFIDENCE, 0.99, 1.000001)

Turns = list[tuple[str, str]]


@dataclass(frozen=True)
class Stretch:
    """Some turns of one session: which, how cut, with or without punctuation."""

    corpus: str
    session: str
    cut: str
    punctuated: bool
    turns: Turns


def main() -> None:
    """Fit, print the constants, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    stretches = list(_stretches(parser.parse_args().data))
    cues = np.array([_difference(stretch.turns) for stretch in stretches])
    names = [f'    "{c}": {w:.2f},' for c, w in zip(CUES, _fit(cues), strict=True)]
    print("COEFFICIENTS = {", *names, "}", sep="\n")
    for title, groups in (
        ("sessions held out, ten folds", [s.corpus + s.session for s in stretches]),
        ("a whole corpus held out", [s.corpus for s in stretches]),
    ):
        chances = _held_out(cues, np.array(groups))
        print(f"\n{title}")
        _accuracy(stretches, chances)
        _calibration(stretches, chances)
    _third_speakers(stretches, _fit(cues))


def _stretches(data: Path) -> Iterator[Stretch]:
    """Whole sessions, their first 10 and 20 turns, stretches, each also as a bare word stream."""
    dice = random.Random(SEED)
    for corpus in CORPORA:
        for line in (data / f"{corpus}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            turns = [(turn["who"], turn["text"]) for turn in row["turns"]]
            for cut, part in _cuts(turns, dice):
                if {who for who, _ in part} == {"T", "C"}:
                    yield Stretch(corpus, row["id"], cut, True, part)
                    bare = [(who, _bare(text)) for who, text in part]
                    yield Stretch(corpus, row["id"], cut, False, bare)


def _cuts(turns: Turns, dice: random.Random) -> Iterator[tuple[str, Turns]]:
    yield "whole", turns
    yield "first 20", turns[:20]
    yield "first 10", turns[:10]
    yield "first 6", turns[:6]
    for length in LENGTHS:
        for _ in range(2 if len(turns) > length else 0):
            start = dice.randrange(len(turns) - length)
            yield f"any {length}", turns[start : start + length]


def _bare(text: str) -> str:
    """As a poor speech recognizer writes: no case, no punctuation."""
    return re.sub(r"[^\w\s\[\]]", "", text.lower())


def _cues(turns: Turns, who: str) -> NDArray[np.float64]:
    counted = roles.speaker_cues(text for speaker, text in turns if speaker == who)
    return np.array([counted[cue] for cue in CUES])


def _difference(turns: Turns) -> NDArray[np.float64]:
    return _cues(turns, "T") - _cues(turns, "C")


def _fit(cues: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients on unscaled cues; each stretch counts once with either speaker first."""
    scale = cues.std(axis=0)
    both = np.vstack([cues, -cues]) / scale
    first = np.repeat([1, 0], len(cues))
    model = LogisticRegression(C=STRENGTH, fit_intercept=False, max_iter=2000).fit(both, first)
    return np.asarray(model.coef_[0] / scale)


def _held_out(cues: NDArray[np.float64], groups: NDArray[np.str_]) -> NDArray[np.float64]:
    """The chance given to the true therapist by a fit that has not seen the group."""
    chances = np.zeros(len(cues))
    folds = min(10, len(set(groups)))
    split = GroupKFold(folds, shuffle=True, random_state=SEED).split(cues, groups=groups)
    for seen, unseen in split:
        chances[unseen] = 1 / (1 + np.exp(-cues[unseen] @ _fit(cues[seen])))
    return chances


def _accuracy(stretches: list[Stretch], chances: NDArray[np.float64]) -> None:
    sure = np.maximum(chances, 1 - chances) >= roles.MIN_CONFIDENCE
    print("cut       punctuated     n  right  sure   sure and wrong")
    cuts = ["whole", "any 40", "first 20", "any 20", "first 10", "any 10", "first 6"]
    for cut in cuts:
        for punctuated in (True, False):
            here = np.array([s.cut == cut and s.punctuated == punctuated for s in stretches])
            _row(f"{cut:9} {punctuated!s:10}", here, chances, sure)
    _row("all of ten and more ", np.array([s.cut != "first 6" for s in stretches]), chances, sure)


def _row(
    name: str, here: NDArray[np.bool_], chances: NDArray[np.float64], sure: NDArray[np.bool_]
) -> None:
    wrong = int((here & sure & (chances < 0.5)).sum())
    right, share = (chances[here] > 0.5).mean(), sure[here].mean()
    print(f"{name} {here.sum():5}  {right:.3f}  {share:.3f}  {wrong} of {(here & sure).sum()}")


def _calibration(stretches: list[Stretch], chances: NDArray[np.float64]) -> None:
    """How often guesses of each confidence are right, over all cuts of ten turns and more."""
    kept = chances[[s.cut != "first 6" for s in stretches]]
    confidence = np.maximum(kept, 1 - kept)
    for low, high in pairwise(BINS):
        here = (confidence >= low) & (confidence < high)
        stated, right = confidence[here].mean(), (kept[here] > 0.5).mean()
        print(
            f"  {low:.2f} to {min(high, 1):.2f}: n {here.sum():5}, {stated:.3f}, right {right:.3f}"
        )


def _third_speakers(stretches: list[Stretch], weights: NDArray[np.float64]) -> None:
    """The same with the client's turns dealt to two speakers, as a stand-in for couples."""
    dice = random.Random(SEED)
    print("\nclient's turns dealt to two speakers (constants above, not held out)")
    for cut in ("whole", "any 40", "any 20", "first 20"):
        chances = []
        for stretch in (s for s in stretches if s.cut == cut):
            dealt = [("T" if w == "T" else dice.choice("CD"), text) for w, text in stretch.turns]
            names = sorted({who for who, _ in dealt}, reverse=True)
            scores = np.array([_cues(dealt, name) @ weights for name in names])
            chances.append(np.exp(scores[0]) / np.exp(scores).sum())
        given = np.array(chances)
        wrong = int((given < 1 - roles.MIN_CONFIDENCE).sum())
        sure = (given >= roles.MIN_CONFIDENCE).mean()
        print(f"{cut:9} n {len(given)}, right {(given > 0.5).mean():.3f}, sure {sure:.3f}, {wrong}")


if __name__ == "__main__":
    main()
