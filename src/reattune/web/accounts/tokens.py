"""One-time and long-lived secrets: shown once, kept as SHA-256."""

from __future__ import annotations

import hashlib
import secrets


def new() -> tuple[str, str]:
    """A secret of 256 bits for an address or a header, and its hash to keep."""
    token = secrets.token_urlsafe(32)
    return token, hashed(token)


def hashed(token: str) -> str:
    """The hash by which a secret is looked up; the secret has 256 bits, so it needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
