"""`python -m benchmarks.speed [--scale]`: how fast, against named baselines in the same run.

Absolute times depend on the machine; the ratios are what to read.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.sessions import session, turns, write_plain
from reattune.model import WEIGHTS, MarkerModel, load_model, threads
from reattune.pipeline import analyze

N = 500  # turns of the session that is timed
ROUNDS = 5


def best(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The shortest of several runs, seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def unique_texts(n: int) -> list[str]:
    """n different turns, so that no cache helps."""
    return list(dict.fromkeys(text for _, text in turns(4 * n)))[:n]


def cold_process() -> float:
    """Seconds of `reattune analyze` on an N-turn file in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_plain(N, Path(folder) / "session.txt")
        command = [sys.executable, "-m", "reattune", "analyze", str(path), "--json"]
        return best(lambda: subprocess.run(command, check=True, capture_output=True), 3)


def help_time() -> float:
    """Seconds of `reattune --help` in a new process."""
    command = [sys.executable, "-m", "reattune", "--help"]
    return best(lambda: subprocess.run(command, check=True, capture_output=True))


def outside_share(model: MarkerModel) -> float:
    """Share of the time of one analysis that is not spent waiting for the model.

    The model is called to score the turns and again, sentence by sentence, for the words quoted.
    """
    own, spent = session(N), 0.0

    def timed(work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal spent
            start = time.perf_counter()
            found = work(*arguments, **named)
            spent += time.perf_counter() - start
            return found

        return call

    plain = model.encode, model.read_sequence
    model.encode, model.read_sequence = timed(plain[0]), timed(plain[1])  # type: ignore[method-assign]
    start = time.perf_counter()
    analyze(own)
    whole = time.perf_counter() - start
    model.encode, model.read_sequence = plain  # type: ignore[method-assign]
    return 1 - spent / whole


def run_graph(model: MarkerModel, ids: list[list[int]]) -> None:
    """Plain onnxruntime over token ids made before, as many at a time as the package does."""
    with ThreadPoolExecutor(threads()) as pool:
        list(pool.map(model.encode_tokens, ids))


def throughput(model: MarkerModel) -> None:
    """Turns a second: ours with tokenizing, plain onnxruntime, sentence-transformers."""
    texts = unique_texts(1000)
    ids = [model.tokens(text) for text in texts]

    def fresh() -> None:
        model.wordpiece.pieces.cache_clear()
        model.encode(texts)

    ours = len(texts) / best(fresh)
    plain = len(texts) / best(lambda: run_graph(model, ids))
    print(f"model, tokenizing included   {ours:8.0f} turns/s")
    print(f"plain onnxruntime            {plain:8.0f} turns/s   ours/plain {ours / plain:.2f}")
    reference = sentence_transformers(texts)
    if reference:
        ratio = ours / reference
        print(f"sentence-transformers fp32   {reference:8.0f} turns/s   ours/theirs {ratio:.2f}")


def sentence_transformers(texts: list[str]) -> float | None:
    """Turns a second of sentence-transformers at batch 64, or None where it is not installed."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        import torch
        from sentence_transformers import SentenceTransformer

        from training.encoder import base_folder
    except ImportError:
        print("sentence-transformers is not installed here: run this with `make bench`.")
        return None
    torch.set_num_threads(threads())
    reference = SentenceTransformer(str(base_folder()), device="cpu")
    return len(texts) / best(lambda: reference.encode(texts, batch_size=64), 3)


def scale(sizes: tuple[int, ...] = (1_000, 10_000, 100_000)) -> None:
    """Seconds and peak memory of analyses of growing length, each in a new process."""
    for n in sizes:
        code = f"from benchmarks.speed import one_of_size; one_of_size({n})"
        subprocess.run([sys.executable, "-c", code], check=True)


def one_of_size(n: int) -> None:
    """Analyze one session of n turns and print what it took."""
    own = session(n)
    start = time.perf_counter()
    analyze(own)
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{n:8d} turns  {took:7.1f} s  {1000 * took / n:6.2f} ms/turn  peak {peak:6.0f} MB")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", action="store_true", help="also 1,000 to 100,000 turns")
    options = parser.parse_args()
    model = load_model()
    size = sum(path.stat().st_size for path in WEIGHTS.iterdir()) / 2**20
    print(f"weights {size:.1f} MiB, {threads()} turns encoded at a time")
    print(f"reattune --help              {help_time():8.2f} s")
    print(f"{N} turns, cold process       {cold_process():8.2f} s")
    throughput(model)
    print(f"outside the model            {100 * outside_share(model):8.1f} % of an analysis")
    if options.scale:
        scale()


if __name__ == "__main__":
    main()
