"""What clients are asked for each purpose: `consents.toml`, versioned, in several languages."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from typing import Any

from reattune.web.clients.models import PURPOSES

DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Wording:
    """What a client is asked for one purpose, and what follows when they take it back."""

    purpose: str
    version: str
    title: str
    asks: str
    withdrawn: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """All purposes in one language, as one reads them out or prints them."""

    version: str
    language: str
    intro: str
    made_up_name: str
    back: str
    yes: str
    no: str
    signed: str
    wordings: tuple[Wording, ...]


@cache
def data() -> dict[str, Any]:
    """`consents.toml`."""
    return tomllib.loads(resources("reattune.web.clients").joinpath("consents.toml").read_text())


def current_version() -> str:
    """The version of the wording that clients are asked by now."""
    version: str = data()["current"]
    return version


def sheet(language: str, version: str = "") -> Sheet:
    """The wording in a language, in English where there is none; KeyError for no such version."""
    version = version or current_version()
    texts = data()["versions"][version]
    language = language if language in texts else DEFAULT_LANGUAGE
    own = texts[language]
    return Sheet(
        version=version,
        language=language,
        wordings=tuple(Wording(purpose, version, **own[purpose]) for purpose, _name in PURPOSES),
        **{key: own[key] for key in ("intro", "made_up_name", "back", "yes", "no", "signed")},
    )


def languages(version: str = "") -> list[str]:
    """The languages in which a wording can be read."""
    return list(data()["versions"][version or current_version()])
