"""How ruptures and their plan are told to people: states, headlines, quotes, sources.

Sheets, reports and the terminal say the same, so the wording stands here once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reattune.codebook import CODES, code
from reattune.guidance import Guidance
from reattune.repair import Basis, Occurrence, Rupture, RuptureState
from reattune.report.told import day_words, sessions_in_words
from reattune.report.words import INTENSITIES, STATES, Wording, clean, kind_words, shorten
from reattune.types import Intensity, Kind

RUPTURE_STATES: Mapping[RuptureState, Wording] = {
    "open": Wording("Open", "It is followed."),
    "watched": Wording("Watched quietly", "It was noted and is not pushed; you stay attentive."),
    "repaired": Wording("Repaired", "You are working together again, by your own word."),
    "repaired_in_part": Wording("Repaired in part", "Some of it is mended, and some is left."),
    "accepted_unrepaired": Wording(
        "Accepted as unrepaired", "It stays as it is, and both of you know of it."
    ),
    "ended": Wording("Ended with a goodbye", "It ended with the therapy, talked through."),
    "set_aside": Wording("Set aside", "You looked at it: no strain, or nothing came of it."),
    "joined": Wording("Part of another", "It belongs to another rupture."),
    "withdrawn": Wording(
        "Taken back", "The words no longer show it, and nobody had said anything."
    ),
}
"""What the states of a rupture are called and mean."""

SPEAKERS = {"client": "Client", "therapist": "Therapist", "other": "Other person"}


def title_of(kind: Kind, intensity: Intensity) -> str:
    """Such as "Withdrawal, major"."""
    return f"{kind_words(kind).name}, {INTENSITIES[intensity].name.lower()}"


def state_words(rupture: Rupture) -> str:
    """The state with who set it and when: "Repaired in session 5"."""
    name = RUPTURE_STATES[rupture.state].name
    rows = rupture.rows("")
    if rupture.state == "open" or not rows:
        return f"{name} since session {rupture.session}"
    return f"{name}, session {rows[-1].session}"


def episodes_in_words(episodes: Iterable[Occurrence]) -> str:
    """The sessions of its episodes, and how the last of them stood."""
    known = list(episodes)
    if not known:
        return "No words of it are known."
    where = sessions_in_words([own.session for own in known])
    last = [own for own in known if own.session == known[-1].session]
    ends = list(dict.fromkeys(STATES[own.state].one for own in last))
    first = f"An episode in {where}" if len(known) == 1 else f"{len(known)} episodes in {where}"
    return f"{first}; {'it' if len(known) == 1 else 'the last'} {' or '.join(ends)}."


def where_words(basis: Basis) -> str:
    """Such as "Client, session 3, turn 49"."""
    turn = "" if basis.turn is None else f", turn {basis.turn + 1}"
    who = SPEAKERS.get(basis.role, "")
    return f"{who}, session {basis.session}{turn}" if who else f"Session {basis.session}{turn}"


def sign_words(basis: Basis) -> str:
    """The code that words carry, by name; "" where they carry none."""
    return code(basis.code).name if basis.code in CODES else ""


def quote_dict(basis: Basis, room: int) -> dict[str, Any]:
    """Words as a page shows them, at most `room` characters of them."""
    family = code(basis.code).family if basis.code in CODES else ""
    return {
        "quote": shorten(basis.quote, room),
        "where": where_words(basis),
        "day": day_words(basis.date),
        "sign": sign_words(basis),
        "family": family,
    }


def sentence_of(whole: Guidance, id: str) -> str:
    """The words of a sentence of guidance."""
    return whole.texts[id].text


def sources_of(whole: Guidance, ids: Iterable[str]) -> list[str]:
    """The sources of these sentences, named in short, each once; our own last."""
    used = dict.fromkeys(source for id in ids for source in whole.texts[id].sources)
    ordered = [id for id in used if id != "own"] + (["own"] if "own" in used else [])
    return [whole.sources[id].short for id in ordered]


def name_of(client: str, room: int = 60) -> str:
    """A client's name as it fits on a page."""
    return shorten(clean(client), room) or "Client"
