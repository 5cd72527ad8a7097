"""The marker model: a sentence encoder and a sequence layer over the session, in onnxruntime.

Each turn is encoded once, alone, by an int8 encoder (dynamic int8 takes its scales from the whole
batch, so company would change a turn's vector: batch is 1, without padding). A few small
convolutions then read each turn's vector among those of the `reach` turns before and after it: the
model looks ahead, it is made for sessions that are over. The only module that imports onnxruntime.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reattune.calibration import N_RAW, Stage
from reattune.errors import ModelError
from reattune.features import CUES, SHIFTS
from reattune.wordpiece import WordPiece

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).parent / "weights"
WIDTH = 384  # numbers in a turn's vector
LONGEST = 128  # tokens of a turn that are read; 99 in 100 turns of the corpora have fewer than 107
LONGEST_TEXT = 4_000  # characters kept of each end of a turn before it is split into tokens
SPAN = 4096  # turns the sequence layer reads at a time
CHUNK = 64  # turns encoded between two reports of progress

Progress = Callable[[int, int], None]


class MarkerModel:
    """The loaded weights. `card` is model.json; `reach` the turns a turn's scores can see.

    `stamp` is the hash of the sequence layer, which tells one training from another.
    """

    def __init__(self, folder: Path = WEIGHTS) -> None:
        self.card = read_card(folder)
        verify(folder, self.card["sha256"])
        self.by = f"{self.card['name']}/{self.card['version']}"
        if [self.card["cues"], self.card["shifts"]] != [list(CUES), list(SHIFTS)]:
            raise damaged("model.json", "it was made for another version of Reattune")
        self.stamp = str(self.card["sha256"]["head.onnx"])
        self.reach = int(self.card["reach"])
        self.stage = Stage.from_dict(self.card["stage"])
        vocabulary = (folder / "vocab.txt").read_text("utf-8").split("\n")
        self.wordpiece = WordPiece(vocabulary)
        self._encoder = open_graph(folder / "encoder.onnx", threads=1)
        self._head = open_graph(folder / "head.onnx", threads=1)
        self._pool = ThreadPoolExecutor(threads())

    def tokens(self, text: str) -> list[int]:
        """The token ids the encoder reads of a turn; a longer turn loses its middle."""
        if len(text) > 2 * LONGEST_TEXT:
            text = f"{text[:LONGEST_TEXT]} {text[-LONGEST_TEXT:]}"
        return self.wordpiece.encode(text, longest=LONGEST)

    def encode_tokens(self, ids: Sequence[int]) -> Array:
        """float32 (384,): the vector of one turn from its token ids."""
        import numpy as np

        vector: Array = self._encoder.run(None, {"ids": np.array([ids], np.int64)})[0][0]
        return vector

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Array:
        """float32 (n, 384): a vector a text. Equal texts are encoded once."""
        import numpy as np

        unique = list(dict.fromkeys(texts))
        done: dict[str, Array] = {}
        for start in range(0, len(unique), CHUNK):
            chunk = unique[start : start + CHUNK]
            vectors = self._pool.map(lambda text: self.encode_tokens(self.tokens(text)), chunk)
            done.update(zip(chunk, vectors, strict=True))
            if progress:
                progress(len(done), len(unique))
        return np.array([done[text] for text in texts], np.float32).reshape(len(texts), WIDTH)

    def read_sequence(self, vectors: Array, cues: Array) -> Array:
        """float32 (n, N_RAW): raw logits of codes, families and intensity, in session order.

        A long session is read in spans that overlap by the reach, so that memory stays bounded.
        """
        import numpy as np

        raw = np.zeros((len(vectors), N_RAW), np.float32)
        for start in range(0, len(vectors), SPAN):
            end, first = min(start + SPAN, len(vectors)), max(0, start - self.reach)
            near = slice(first, end + self.reach)
            feed = {"vectors": vectors[near][None], "cues": cues[near][None]}
            raw[start:end] = self._head.run(None, feed)[0][0][start - first : end - first]
        return raw


@cache
def load_model(folder: Path = WEIGHTS) -> MarkerModel:
    """The shipped model, loaded and verified once a process."""
    return MarkerModel(folder)


def threads() -> int:
    """Turns encoded at a time: the processors this process may use, at most 8."""
    return max(1, min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2))


def open_graph(path: Path, *, threads: int) -> Any:
    """An onnxruntime session on the CPU that neither spins nor logs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise damaged(path.name, "onnxruntime cannot open it") from error


def read_card(folder: Path) -> dict[str, Any]:
    """The weights' model.json; ModelError if it is missing or not JSON."""
    try:
        card: dict[str, Any] = json.loads((folder / "model.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise damaged("model.json", "it is missing or not readable") from error
    return card


def verify(folder: Path, sums: dict[str, str]) -> None:
    """ModelError unless every file has its recorded SHA-256."""
    for name, expected in sums.items():
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise damaged(name, "it is missing") from error
        if found != expected:
            raise damaged(name, "it is not the file that was released")


def damaged(name: str, what: str) -> ModelError:
    """The error for weights that cannot be used."""
    return ModelError(
        "weights-damaged",
        f"The marker model's file cannot be used: {what}.",
        where=name,
        remedy="Install Reattune again: pip install --force-reinstall reattune.",
    )
