"""How a talk is sealed: AES-256-GCM under a key of its own, bound to its learner and its id.

The key lies in the records, itself sealed by the vault as the key of the audit chain is, so that it
outlives a change of the master key.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from reattune.web import files, vault
from reattune.web.audit.models import Secret
from reattune.web.practice.models import Talk

NAME = "practice"
PAD = 1024  # bytes; the size of a talk says little of its length


def talk_key() -> bytes:
    """The key of the talks, made at first need."""
    files_key, aad = vault.derive("files"), NAME.encode()
    row = Secret.objects.filter(name=NAME).first()
    if row is None:
        fresh = files.seal_bytes(secrets.token_bytes(vault.KEY_BYTES), files_key, aad=aad)
        row, _made = Secret.objects.get_or_create(name=NAME, defaults={"sealed": fresh})
    return files.unseal_bytes(bytes(row.sealed), files_key, aad=aad, where="the key of practice")


def sealed(talk: Talk, content: dict[str, Any], key: bytes) -> bytes:
    """JSON-ready content as ciphertext."""
    plain = json.dumps(content, ensure_ascii=False).encode()
    padded = plain.ljust(-(-len(plain) // PAD) * PAD)
    return files.seal_bytes(padded, key, aad=bound(talk))


def opened(talk: Talk, key: bytes) -> dict[str, Any]:
    """What a talk holds; InputError "bad-sealed-file" if it is damaged or another learner's."""
    plain = files.unseal_bytes(bytes(talk.sealed), key, aad=bound(talk), where="practice")
    content: dict[str, Any] = json.loads(plain)
    return content


def bound(talk: Talk) -> bytes:
    """What a talk's ciphertext is bound to."""
    return f"practice:{talk.learner_id}:{talk.pk}".encode()
