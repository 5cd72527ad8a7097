"""The sequence layer: gated convolutions over the turn vectors of a session, in torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from reattune.calibration import N_RAW
from reattune.codebook import CODES, FAMILIES, columns

VECTOR = 384
LARGE = 1000  # numbers; smaller weights stay float32
N = len(CODES)
TENSORS = ("vectors", "cues", "codes", "carries", "major")


@dataclass(frozen=True, slots=True)
class Settings:
    """What `training/RESULTS.md` found to work.

    `annomi` is the weight of AnnoMI's sessions in the loss; `dressed` the share of stretches that
    are seen in other dress (training/noise.py).
    """

    hidden: int = 128
    kernel: int = 3
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    dropout: float = 0.4
    epochs: int = 16
    batch: int = 16
    window: int = 64
    rate: float = 2e-3
    decay: float = 1e-2
    positive: float = 2.0
    family: float = 0.5
    dressed: float = 0.25
    seeds: int = 3
    annomi: float = 2.0


@dataclass(frozen=True, slots=True)
class Example:
    """One session as tensors: `vectors` (n, 384), `cues` (n, n_cues), labels and masks."""

    vectors: torch.Tensor
    cues: torch.Tensor
    codes: torch.Tensor
    carries: torch.Tensor
    major: torch.Tensor
    weight: float


class Head(nn.Module):
    """Turn vectors and cues to raw logits of codes, families and major intensity.

    Gated dilated convolutions over the turns with residuals: each turn sees `reach(settings)`
    turns on either side and nothing beyond.
    """

    def __init__(self, n_cues: int, settings: Settings) -> None:
        super().__init__()
        width, k = settings.hidden, settings.kernel
        self.drop = nn.Dropout(settings.dropout)
        self.inner_drop = nn.Dropout(min(0.3, settings.dropout))
        self.enter = nn.Linear(VECTOR + n_cues, width)
        self.enter_norm = nn.LayerNorm(width)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, 2 * width, k, padding=d * (k // 2), dilation=d)
            for d in settings.dilations
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in settings.dilations)
        self.out = nn.Linear(2 * width, N_RAW)

    def forward(
        self, vectors: torch.Tensor, cues: torch.Tensor, real: torch.Tensor | None = None
    ) -> torch.Tensor:
        """(batch, n, N_RAW) logits; `real` (batch, n, 1) is 0 on padding."""
        x = self.drop(torch.cat([vectors, cues], -1))
        h = alone = self._mask(
            self.inner_drop(functional.gelu(self.enter_norm(self.enter(x)))), real
        )
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            value, gate = convolution(h.transpose(1, 2)).transpose(1, 2).chunk(2, -1)
            h = self._mask(norm(h + self.inner_drop(value * torch.sigmoid(gate))), real)
        return self.out(torch.cat([h, alone], -1))

    @staticmethod
    def _mask(h: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        return h if real is None else h * real


def reach(settings: Settings) -> int:
    """Turns on either side that a turn's scores can depend on."""
    return sum(settings.kernel // 2 * d for d in settings.dilations)


class Ensemble(nn.Module):
    """Several heads, the logit of their mean probability."""

    def __init__(self, heads: list[Head]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)

    def forward(self, vectors: torch.Tensor, cues: torch.Tensor) -> torch.Tensor:
        """(1, n, N_RAW) logits."""
        chance = torch.stack([torch.sigmoid(head(vectors, cues)) for head in self.heads]).mean(0)
        return torch.logit(chance.clamp(1e-6, 1 - 1e-6))


def families_of(codes: torch.Tensor) -> torch.Tensor:
    """(..., 4): 1 where any code of the family is."""
    return torch.stack([codes[..., list(columns(f))].amax(-1) for f in FAMILIES], -1)


def loss_of(raw: torch.Tensor, batch: dict[str, torch.Tensor], settings: Settings) -> torch.Tensor:
    """Cross-entropy over codes and families a turn can carry, and intensity of coded turns."""
    weight, positive = batch["weight"][:, None, None], torch.tensor(settings.positive)

    def entropy(z: torch.Tensor, y: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        each = functional.binary_cross_entropy_with_logits(
            z, y, pos_weight=positive, reduction="none"
        )
        return (each * mask * weight).sum() / mask.sum().clamp(min=1)

    codes, carries = batch["codes"], batch["carries"]
    client = families_of(codes)[..., :2].amax(-1, keepdim=True)
    return (
        N / 2 * entropy(raw[..., :N], codes, carries)
        + 2 * settings.family * entropy(raw[..., N:-1], families_of(codes), families_of(carries))
        + 0.3 * entropy(raw[..., -1:], batch["major"][..., None], client)
    )


def collate(examples: list[Example]) -> dict[str, torch.Tensor]:
    """Padded tensors of several sessions."""
    batch = {
        name: pad_sequence([getattr(e, name) for e in examples], batch_first=True)
        for name in TENSORS
    }
    batch["weight"] = torch.tensor([e.weight for e in examples])
    batch["real"] = pad_sequence([torch.ones(len(e.vectors), 1) for e in examples], True)
    return batch


@dataclass(frozen=True, slots=True)
class Stretch:
    """Turns `[start, end)` of one session."""

    session: int
    start: int
    end: int


def stretches(sizes: Sequence[int], size: int, rng: np.random.Generator) -> list[Stretch]:
    """Every session cut into stretches of at most `size` turns, at other places each time.

    One long session would make a batch of short ones mostly padding.
    """
    cut = []
    for session, n in enumerate(sizes):
        starts = [0, *range(int(rng.integers(size // 2, size + 1)), n, size)] if n > size else [0]
        ends = [*starts[1:], n]
        cut += [Stretch(session, a, b) for a, b in zip(starts, ends, strict=True)]
    return cut


def part_of(example: Example, part: Stretch) -> Example:
    """The example's turns of a stretch."""
    fields = {f: getattr(example, f)[part.start : part.end] for f in TENSORS}
    return Example(**fields, weight=example.weight)


def dress(cut: Sequence[Stretch], share: float, rng: np.random.Generator) -> list[int]:
    """For each stretch 1 where it is seen in other dress, else 0."""
    return [int(rng.random() < share) for _ in cut]


def train_head(copies: Sequence[list[Example]], settings: Settings, seed: int) -> Head:
    """One head trained on these sessions, given as they are and in other dress."""
    torch.manual_seed(seed)
    examples = copies[0]
    rng = np.random.default_rng(seed)
    head = Head(examples[0].cues.shape[1], settings)
    optimizer = torch.optim.AdamW(head.parameters(), settings.rate, weight_decay=settings.decay)
    turns = sum(len(example.vectors) for example in examples)
    steps = -(-turns // (settings.batch * settings.window))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.rate, total_steps=settings.epochs * steps, pct_start=0.15
    )
    for _ in range(settings.epochs):
        cut = stretches([len(e.vectors) for e in examples], settings.window, rng)
        wear, order = dress(cut, settings.dressed, rng), rng.permutation(len(cut))
        for chosen in np.array_split(order, steps):
            batch = collate([part_of(copies[wear[i]][cut[i].session], cut[i]) for i in chosen])
            loss = loss_of(head(batch["vectors"], batch["cues"], batch["real"]), batch, settings)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(head.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return head.eval()


def train_ensemble(copies: Sequence[list[Example]], settings: Settings) -> Ensemble:
    """Heads of several seeds, averaged."""
    heads = [train_head(copies, settings, seed) for seed in range(settings.seeds)]
    return Ensemble(heads).eval()


def predict(ensemble: Ensemble, example: Example) -> np.ndarray:
    """float32 (n, N_RAW) raw logits of one session."""
    with torch.no_grad():
        raw = ensemble(example.vectors[None], example.cues[None])[0]
    return raw.numpy().astype(np.float32)


def export_head(ensemble: Ensemble, n_cues: int, folder: Path) -> None:
    """Write head.onnx: vectors (1, n, 384) and cues (1, n, n_cues) to raw (1, n, N_RAW)."""
    example = (torch.zeros(1, 3, VECTOR), torch.zeros(1, 3, n_cues))
    torch.onnx.export(
        ensemble,
        example,
        str(folder / "head.onnx"),
        input_names=["vectors", "cues"],
        output_names=["raw"],
        dynamic_axes={"vectors": {1: "n"}, "cues": {1: "n"}, "raw": {1: "n"}},
        opset_version=17,
        dynamo=False,
    )
    halve(folder / "head.onnx")


def halve(path: Path) -> None:
    """Store the graph's large weights as float16; they are cast back when it is loaded."""
    graph = onnx.load(path)
    casts = []
    for weight in graph.graph.initializer:
        values = onnx.numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size > LARGE:
            name = weight.name
            half = onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half")
            weight.CopyFrom(half)
            casts.append(
                onnx.helper.make_node("Cast", [half.name], [name], to=onnx.TensorProto.FLOAT)
            )
    for node in reversed(casts):
        graph.graph.node.insert(0, node)
    onnx.checker.check_model(graph)
    onnx.save(graph, path)
