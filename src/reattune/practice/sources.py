"""Where words and rules of practice come from: the sources of guidance, and a few of its own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from reattune import guidance
from reattune.guidance.parts import Source
from reattune.practice.table import Table, read_toml


@cache
def known_sources() -> dict[str, Source]:
    """Every source by id, those of guidance first."""
    raw = read_toml(files("reattune.practice").joinpath("sources.toml"))
    own = Table("sources.toml", "", raw).only("version source").children("source")
    made = {id: _source(id, part) for id, part in own.items()}
    return {**guidance.load().sources, **made}


def _source(id: str, part: Table) -> Source:
    part.only("short citation strength")
    return Source(id, *(part.text(key) for key in ("short", "citation", "strength")))


def shorts(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Sources named in short, such as "Chen et al. 2018"."""
    return tuple(known_sources()[id].short for id in ids)
