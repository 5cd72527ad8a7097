"""`python -m benchmarks.practice [--cues]`: how fast a reply is read, against a bare model run.

Replies to a talk of thirty turns, each time new words, on the processors at hand; absolute times
depend on the machine, the ratio is what to read. `--cues` counts how often the turns of phrase of
practice/cues.toml were right in the coded written dialogues, and says where the file differs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles

from reattune import practice
from reattune.codebook import code
from reattune.features import cue_table, words
from reattune.markers import split_sentences
from reattune.model import load_model
from reattune.practice.cues import Cue, load_cues, matching
from reattune.practice.likeness import OF, RIGHT, alike
from reattune.practice.reading import RUN
from reattune.practice.runs import dialogue
from reattune.types import Session

DATA = Path(__file__).parents[1] / "training" / "data"
CORPORA = ("written", "plain", "further", "wider")
NEAR = 12  # turns before a therapist's turn in which a coded client turn makes it count
TURNS = 30
ROUNDS = 40


def talk_of(turns: int) -> practice.Run:
    """A run whose talk has about so many turns, by ordinary questions."""
    scenario = practice.load_scenarios()["thin_yes"]
    run = practice.start(scenario, seed=5)
    while len(dialogue(scenario, run)) < turns - 1 and not run.over:
        number = len(run.exchanges)
        run, _ = practice.reply(run, f"And what was it that came next, at about {number} o'clock?")
    return run


def reply_text(number: int) -> str:
    """A reply of three sentences with words that were not read before."""
    return (
        f"You went quiet when I asked about the {number} boxes, and I noticed it. "
        f"I went past your {number} nights on the ward, and that was my mistake. "
        f"How was it for you, when I said it for the {number}th time?"
    )


def bare(run: practice.Run, text: str) -> None:
    """The model alone: every turn of the talk encoded, and the sequence read once."""
    scenario = practice.find(run.scenario)
    session = Session.from_turns([*dialogue(scenario, run), ("T", text)])
    vectors = load_model().encode([turn.text for turn in session.turns])
    load_model().read_sequence(vectors, cue_table(session))


def times(work: Callable[[str], object], first: int) -> list[float]:
    """Seconds of each round."""
    found = []
    for number in range(first, first + ROUNDS):
        text = reply_text(number)
        start = time.perf_counter()
        work(text)
        found.append(time.perf_counter() - start)
    return found


def speed() -> dict[str, float]:
    """Milliseconds: median and 95th percentile of a reply with feedback, and of the bare model."""
    load_model()
    run = talk_of(TURNS)
    spent = time.process_time()
    own = times(lambda text: practice.reply(run, text), 1000)
    spent = time.process_time() - spent
    base = times(lambda text: bare(run, text), 2000)
    return {
        "median": 1000 * median(own),
        "p95": 1000 * quantiles(own, n=20)[-1],
        "processor": 1000 * spent / ROUNDS,
        "bare": 1000 * median(base),
        "ratio": median(own) / median(base),
    }


# Cues


def strained_turns(near: int = NEAR) -> Iterator[tuple[str, set[str]]]:
    """(words, codes) of the therapist's turns at most `near` turns after a coded client turn."""
    for name in CORPORA:
        for line in (DATA / f"{name}_dialogues.jsonl").read_text("utf-8").splitlines():
            turns = json.loads(line)["turns"]
            marked = [turn["who"] == "C" and bool(turn.get("codes")) for turn in turns]
            for at, turn in enumerate(turns):
                if turn["who"] == "T" and any(marked[max(0, at - near) : at]):
                    yield turn["text"], set(turn.get("codes", ()))


def count(cue: Cue, turns: list[tuple[str, set[str]]]) -> tuple[int, int]:
    """(right, of) for a cue."""
    hits = [codes for text, codes in turns if matching(cue, text)]
    return sum(cue.code in codes for codes in hits), len(hits)


def count_alike() -> tuple[int, int]:
    """(right, of) for likeness to a phrasing of guidance, directly after a coded client turn."""
    right = of = 0
    for text, codes in strained_turns(1):
        sentences = [one for one in split_sentences(text) if len(words(one)) > RUN]
        found = alike(load_model().encode(sentences)) if sentences else []
        near = [phrasing for phrasing in found if phrasing]
        of += bool(near)
        right += any(codes & set(phrasing.codes) for phrasing in near)
    return right, of


def print_cues() -> None:
    """Each cue's count, and what the file says where it differs; the count of likeness."""
    turns = list(strained_turns())
    for cue in load_cues()[1]:
        right, of = count(cue, turns)
        differs = "" if (right, of) == (cue.right, cue.of) else f"  file: {cue.right} of {cue.of}"
        print(f"{code(cue.code).name:26} right {right:3} of {of:3}{differs}")
    right, of = count_alike()
    print(f"{'Likeness to guidance':26} right {right:3} of {of:3}  file: {RIGHT} of {OF}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cues", action="store_true", help="count the cues instead")
    if parser.parse_args().cues:
        print_cues()
        return
    found = speed()
    print(f"a reply in a talk of {TURNS} turns, {ROUNDS} rounds, feedback included")
    print(f"median {found['median']:.0f} ms, 95th percentile {found['p95']:.0f} ms")
    print(f"processor time {found['processor']:.0f} ms a reply (whatever else the machine does)")
    print(f"bare model over all turns {found['bare']:.0f} ms; ratio {found['ratio']:.2f}")


if __name__ == "__main__":
    main()
