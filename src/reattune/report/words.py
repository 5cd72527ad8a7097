"""The plain words of the reports: what kinds, intensities and states are called and mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from reattune.codebook import load_codebook
from reattune.types import Intensity, Kind, Role, State, Turn, role_of

# Invisible characters that could reorder or hide what surrounds a quote: controls except tab and
# line feed, lone surrogates, and the explicit bidirectional overrides and isolates.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Wording:
    """What something is called, what that means, and how one or several of it are told."""

    name: str
    meaning: str
    one: str = ""
    several: str = ""


STATES: dict[State, Wording] = {
    "unnoticed": Wording(
        "Not taken up",
        "The strain may still be there, and the client may not raise it again.",
        "was not taken up",
        "were not taken up",
    ),
    "addressed": Wording(
        "Taken up",
        "A beginning was made; whether it settled, the words do not show.",
        "was taken up",
        "were taken up",
    ),
    "repaired": Wording(
        "Looks repaired",
        "As far as the words show, the two are working together again.",
        "looks repaired",
        "look repaired",
    ),
    "mishandled": Wording(
        "May have widened",
        "The client may have come away less heard than before; it can still be repaired.",
        "may have widened",
        "may have widened",
    ),
    "open": Wording(
        "Left open",
        "It may be worth coming back to.",
        "was left open",
        "were left open",
    ),
}

KINDS: tuple[Kind, ...] = ("withdrawal", "confrontation", "mixed")

INTENSITIES: dict[Intensity, Wording] = {
    "micro": Wording("Micro", "a slight, momentary strain"),
    "major": Wording("Major", "the collaboration has visibly broken down for a while"),
}

ROLES: dict[Role, str] = {
    "therapist": "Therapist",
    "client": "Client",
    "other": "Other person",
    "unknown": "Unknown speaker",
}

NUMBERS: tuple[str, ...] = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


@cache
def kind_words(kind: Kind) -> Wording:
    """What a kind of episode is called and means; the families in the codebook's own words."""
    if kind == "mixed":
        meaning = "The client moves both away from and against the therapist or the work."
        return Wording("Mixed", meaning, "mixed episode", "mixed episodes")
    return Wording(kind.capitalize(), load_codebook().families[kind], kind, f"{kind}s")


def clean(text: str) -> str:
    """`text` without characters that could hide or reorder what stands beside it."""
    return UNSAFE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def number(count: int) -> str:
    """Twelve and less in words, more in digits."""
    return NUMBERS[count] if 0 <= count < len(NUMBERS) else f"{count:,}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Such as "1 turn" or "2,500 turns"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def joined(parts: Sequence[str]) -> str:
    """Such as "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else list(parts))


def sentence(text: str) -> str:
    """`text` with a capital first letter."""
    return text[:1].upper() + text[1:]


def percent(share: float) -> str:
    """A share as whole percent, never a false 0 or 100."""
    if 0 < share < 0.01:
        return "under 1%"
    return "over 99%" if 0.99 < share < 1 else f"{share * 100:.0f}%"


def plain_number(value: float) -> str:
    """Up to two decimals, no trailing zeros."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def span(first: int, last: int) -> str:
    """The half-open range `[first, last)` for people, who count from 1."""
    return f"turn {last}" if last - first == 1 else f"turns {first + 1}–{last}"


def clock(seconds: float | None) -> str:
    """Minutes and seconds from the start, with hours when there are any; "" if not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def shorten(text: str, limit: int) -> str:
    """`text` on one line of at most `limit` characters, cut between words."""
    text = " ".join(clean(text).split())
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut).rstrip(" ,;:") + "…"


def speaker_name(turn: Turn) -> str:
    """The speaker's label, or the role where the label is only a code such as "T"."""
    if role_of(turn.speaker) != "unknown" or not turn.speaker.strip():
        return ROLES[turn.role]
    return shorten(turn.speaker, 40)
