"""Fine-tuning the encoder under the sequence layer, end to end, in bfloat16.

The sequence layer is first trained on the base encoder's vectors, so that the encoder is not torn
about by an untrained head; then both are trained on stretches of sessions. Dropout stays in the
head; the encoder has none, which with plain attention doubles its speed on a processor.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.nn.utils import clip_grad_norm_

from reattune.model import LONGEST
from reattune.wordpiece import WordPiece
from training.encoder import SCALE, base_folder
from training.head import (
    Example,
    Head,
    Settings,
    Stretch,
    collate,
    dress,
    loss_of,
    part_of,
    stretches,
)

CHUNK_TOKENS = 3000  # tokens encoded in one go, of turns of like length


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the encoder is tuned. Embeddings stay fixed: the corpora know few of their words."""

    epochs: int = 2
    rate: float = 5e-5
    head_rate: float = 5e-4
    batch: int = 8
    seed: int = 1


def tokenize(copies: Sequence[Copy]) -> dict[str, list[int]]:
    """Token ids of every turn."""
    wordpiece = WordPiece((base_folder() / "vocab.txt").read_text("utf-8").split("\n"))
    texts = {text for copy in copies for rows in copy.texts for text in rows}
    return {text: wordpiece.encode(text, longest=LONGEST) for text in texts}


def load_trainable() -> Any:
    """The base encoder without dropout, its embeddings fixed."""
    from transformers import AutoModel

    encoder = AutoModel.from_pretrained(
        base_folder(),
        local_files_only=True,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )
    for name, parameter in encoder.named_parameters():
        parameter.requires_grad = name.startswith("encoder.layer.")
    return encoder.train()


def encode_turns(encoder: Any, texts: Sequence[str], ids: dict[str, list[int]]) -> torch.Tensor:
    """float32 (n, 384) vectors, through which gradients flow."""
    unique = sorted(set(texts), key=lambda text: len(ids[text]))
    parts, start = [], 0
    while start < len(unique):
        end = start + 1
        while end < len(unique) and (end + 1 - start) * len(ids[unique[end]]) <= CHUNK_TOKENS:
            end += 1
        parts.append(encode_chunk(encoder, [ids[text] for text in unique[start:end]]))
        start = end
    row = {text: i for i, text in enumerate(unique)}
    return torch.cat(parts)[[row[text] for text in texts]]


def encode_chunk(encoder: Any, rows: list[list[int]]) -> torch.Tensor:
    """Vectors of turns of like length."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    real = mask[..., None].float()
    mean = (hidden.float() * real).sum(1) / real.sum(1)
    return SCALE * torch.nn.functional.normalize(mean, dim=-1)


@dataclass(frozen=True, slots=True)
class Copy:
    """The sessions in one dress: the words of their turns, and examples of the same turns."""

    texts: list[list[str]]
    examples: list[Example]


def fine_tune(copies: Sequence[Copy], head: Head, settings: Settings, tuning: Tuning) -> Any:
    """The tuned encoder, from sessions as they are and in other dress.

    The examples hold the base encoder's vectors, which are not used.
    """
    torch.manual_seed(tuning.seed)
    rng = np.random.default_rng(tuning.seed)
    ids, encoder = tokenize(copies), load_trainable()
    texts = copies[0].texts
    steps = -(-sum(map(len, texts)) // (tuning.batch * settings.window))
    tuned = [p for p in encoder.parameters() if p.requires_grad]
    optimizer, schedule = optimizers(head, tuned, settings, tuning, tuning.epochs * steps)
    head.train()
    for epoch in range(tuning.epochs):
        begun, total = time.time(), 0.0
        cut = stretches([len(row) for row in texts], settings.window, rng)
        wear = dress(cut, settings.dressed, rng)
        for chosen in np.array_split(rng.permutation(len(cut)), steps):
            worn = [(cut[i], copies[wear[i]]) for i in chosen]
            batch = collate(load_stretches(worn, encoder, ids))
            loss = loss_of(head(batch["vectors"], batch["cues"], batch["real"]), batch, settings)
            optimizer.zero_grad()
            loss.backward()
            clip_grad_norm_(head.parameters(), 1.0)
            clip_grad_norm_(tuned, 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"  tuning epoch {epoch + 1}: loss {total / steps:.3f}, {time.time() - begun:.0f} s")
    return encoder.eval()


def optimizers(head: Head, tuned: list, settings: Settings, tuning: Tuning, steps: int) -> tuple:
    """AdamW over head and encoder at their own rates, and the one-cycle schedule."""
    optimizer = torch.optim.AdamW(
        [
            {"params": head.parameters(), "lr": tuning.head_rate, "weight_decay": settings.decay},
            {"params": tuned, "lr": tuning.rate, "weight_decay": 0.01},
        ]
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [tuning.head_rate, tuning.rate], total_steps=steps, pct_start=0.1
    )
    return optimizer, schedule


def load_stretches(
    worn: Sequence[tuple[Stretch, Copy]], encoder: Any, ids: dict[str, list[int]]
) -> list[Example]:
    """The stretches, each of its copy, with fresh vectors from the encoder as it is now."""
    said = [text for part, own in worn for text in own.texts[part.session][part.start : part.end]]
    vectors = encode_turns(encoder, said, ids)
    ends = np.cumsum([part.end - part.start for part, _ in worn]).tolist()
    return [
        replace(
            part_of(own.examples[part.session], part),
            vectors=vectors[end - part.end + part.start : end],
        )
        for (part, own), end in zip(worn, ends, strict=True)
    ]
