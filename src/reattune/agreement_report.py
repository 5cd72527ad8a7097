"""How far coders agree: per family and code, by turn or by segment, with what it does not say.

Schema "reattune.agreement-report/1", docs/agreement.md. Families count as coded where any of their
codes is. A unit is one that two coders or more judged and whose speaker can carry the code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from reattune.codebook import CLIENT_FAMILIES, CODES, FAMILIES, code
from reattune.codings import CodedTurn, Coding, check_aligned, role_among
from reattune.coefficients import (
    MISLEADS,
    Coefficient,
    brennan_prediger,
    fleiss_kappa,
    gwet_ac,
    icc,
    kappa,
    krippendorff_alpha,
    percent_agreement,
)
from reattune.types import Note, Role

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

SCHEMA = "reattune.agreement-report/1"
Level = Literal["turn", "segment"]
TARGETS: dict[str, tuple[str, ...]] = {"any": CLIENT_FAMILIES, **{f: (f,) for f in FAMILIES}}

SEGMENT_MINUTES = 5.0  # the segments of the 3RS
SHARES = 10  # segments of a session whose turns have no times: 50 minutes by fives
RARE = 0.10  # a code on fewer units than this, or on more than its opposite, is called rare
FEW = 30  # units; below, intervals are rough
OFTEN = 2.0  # times one coder codes as often as another before it is said
SAYS_ONE = 0.90  # share of a coder's units on one level before it is said
RELY, TENTATIVE = 0.800, 0.667  # Krippendorff 2004, Content Analysis, 2nd ed., chapter 11
FEW_SESSIONS = 3  # sessions before counts are compared


@dataclass(frozen=True, slots=True)
class Units:
    """What is compared: turns or segments of the sessions that several coders coded.

    `codes` (n, coders, 26), `families` (n, coders, 4) and `levels` (n, coders; 0 none, 1 micro,
    2 major) are nan where a coder did not judge; `roles` (n,) hold who can be coded ("unknown":
    anybody); `sessions` (n,) the session's number in `names`.
    """

    coders: tuple[str, ...]
    names: tuple[str, ...]
    sessions: Array
    roles: tuple[Role, ...]
    codes: Array
    families: Array
    levels: Array
    timed: tuple[bool, ...] = ()

    def of(self, role: Role) -> Array:
        """Whether each unit can carry the codes of a role (n,)."""
        import numpy as np

        return np.array([own in (role, "unknown") for own in self.roles], bool)


def units_of(
    codings: Sequence[Coding], *, level: Level = "turn", minutes: float = SEGMENT_MINUTES
) -> Units:
    """The codings laid beside each other; InputError where sessions or turns do not match.

    Segments are of equal minutes where every turn has a time, else a tenth of the turns each. A
    segment carries the codes of its turns; it is judged where all of them were.
    """
    import numpy as np

    names = check_aligned(codings)
    coders = tuple(dict.fromkeys(c.coder for c in codings if c.session in names))
    found: list[tuple[int, Role, list[list[CodedTurn]]]] = []
    timed = []
    for number, session in enumerate(names):
        own = {c.coder: c.turns for c in codings if c.session == session}
        groups, by_time = _groups(list(own.values()), level, minutes)
        timed.append(by_time)
        for group in groups:
            turns = [[own[c][i] for i in group] if c in own else [] for c in coders]
            found.append((number, _role(turns, level), turns))
    marks = np.array([[_mark(turns) for turns in row] for _, _, row in found], float)
    k = len(CODES)
    return Units(
        coders,
        names,
        np.array([number for number, _, _ in found], float),
        tuple(role for _, role, _ in found),
        marks[:, :, :k],
        marks[:, :, k:-1],
        marks[:, :, -1],
        tuple(timed),
    )


def _groups(
    turns: Sequence[Sequence[CodedTurn]], level: Level, minutes: float
) -> tuple[list[list[int]], bool]:
    """The places of the turns of each unit, and whether they were cut by time."""
    n = len(turns[0])
    if level == "turn":
        return [[i] for i in range(n)], False
    starts = [
        next((own[i].start for own in turns if own[i].start is not None), None) for i in range(n)
    ]
    by_time = all(start is not None for start in starts)
    cut = [
        int((start or 0.0) // (60 * minutes)) if by_time else i * SHARES // n
        for i, start in enumerate(starts)
    ]
    return [[i for i in range(n) if cut[i] == part] for part in sorted(set(cut))], by_time


def _role(turns: Sequence[Sequence[CodedTurn]], level: Level) -> Role:
    return "unknown" if level == "segment" else role_among(t for own in turns for t in own)


def _mark(turns: Sequence[CodedTurn]) -> list[float]:
    """A coder's codes, families and level of a unit; nan where it was not judged."""
    if not turns or not all(turn.judged for turn in turns):
        return [float("nan")] * (len(CODES) + len(FAMILIES) + 1)
    said = {id for turn in turns for id in turn.codes}
    families = said | {code(id).family for id in said if id in CODES}
    client = [turn for turn in turns if _client(turn)]
    level = 2 if any(t.intensity == "major" for t in client) else 1 if client else 0
    return [*(float(id in said) for id in CODES), *(float(f in families) for f in FAMILIES), level]


def _client(turn: CodedTurn) -> bool:
    own = {code(id).family if id in CODES else id for id in turn.codes}
    return bool(own & set(CLIENT_FAMILIES))


# The report


def agreement_report(
    codings: Sequence[Coding], *, level: Level = "turn", minutes: float = SEGMENT_MINUTES
) -> dict[str, Any]:
    """Agreement of the coders, schema "reattune.agreement-report/1"; nan where nothing exists."""
    units = units_of(codings, level=level, minutes=minutes)
    left = {c.session for c in codings} - set(units.names)
    return {
        "schema": SCHEMA,
        "level": level,
        "segment_minutes": minutes if level == "segment" else None,
        "coders": list(units.coders),
        "sessions": len(units.names),
        "units": len(units.roles),
        "families": {name: _row(units, *_target(units, name)) for name in TARGETS},
        "codes": {
            id: _row(units, units.codes[:, :, i], code(id).role) for i, id in enumerate(CODES)
        },
        "intensity": _intensity(units, codings),
        "counts": _counts(units),
        "notes": [{"slug": n.slug, "text": n.text} for n in _notes(units, level, len(left))],
    }


def _target(units: Units, name: str) -> tuple[Array, Role]:
    index = [FAMILIES.index(f) for f in TARGETS[name]]
    role: Role = "client" if TARGETS[name][0] in CLIENT_FAMILIES else "therapist"
    return units.families[:, :, index].max(2), role


def _row(units: Units, marks: Array, role: Role) -> dict[str, Any]:
    """Figures of one code or family from marks (n, coders) of 0, 1 or nan."""
    own = marks[units.of(role)]
    several = own[(own == own).sum(1) >= 2]
    every = (several == 1).sum(1) == (several == several).sum(1)
    values = {
        "agreed": percent_agreement(several, categories=(0, 1)),
        "kappa": kappa(several, categories=(0, 1)),
        "pabak": brennan_prediger(several, categories=(0, 1)),
        "ac1": gwet_ac(several, categories=(0, 1)),
        "alpha": krippendorff_alpha(several),
    }
    if len(units.coders) > 2:
        values["fleiss"] = fleiss_kappa(several, categories=(0, 1))
    return {
        "n": len(several),
        "marked": dict(zip(units.coders, (int(x) for x in (several == 1).sum(0)), strict=True)),
        "by_all": int(every.sum()),
        **{name: figure(value) for name, value in values.items()},
        "words": list(_words(several, values)),
    }


def figure(value: Coefficient) -> dict[str, Any]:
    """A coefficient as JSON-ready data."""
    told = {"value": value.value, "se": value.se, "interval_95": [value.low, value.high]}
    return told | ({"why": value.why} if value.why else {})


def _words(marks: Array, values: dict[str, Coefficient]) -> Iterator[str]:
    """What these figures do not say, in plain words."""
    n, seen = len(marks), int((marks == 1).sum())
    if not n:
        yield "No unit was judged by two coders."
        return
    if not seen:
        yield "Nobody used it: that all agree says nothing about how they would see it."
        return
    rate = seen / int((marks == marks).sum())
    if min(rate, 1 - rate) < RARE:
        limits = f"under {RARE:.0%} or over {1 - RARE:.0%} of what was judged"
        yield f"Rare, or nearly everywhere ({limits}). {MISLEADS['kappa']} {MISLEADS['ac1']}"
    yield from _uneven(marks)
    if n < FEW:
        yield f"With {n} units the intervals are rough."
    yield from _reliance(values["alpha"])


def _uneven(marks: Array) -> Iterator[str]:
    counts = [int(x) for x in (marks == 1).sum(0)]
    least, most = min(counts), max(counts)
    if most >= OFTEN * max(least, 1) and most - least >= 2:
        yield (
            f"One coder used it {most} times, another {least}: talk over where it begins before "
            "reading a coefficient."
        )


def _reliance(alpha: Coefficient) -> Iterator[str]:
    """Krippendorff's bounds, held against the lower end of the interval."""
    if alpha.why or alpha.low != alpha.low:
        return
    if alpha.low >= RELY:
        yield f"Alpha is {RELY:.2f} or more even at the low end: such codes are usually relied on."
    elif alpha.high < TENTATIVE:
        yield f"Alpha stays under {TENTATIVE:.3f} even at the high end: settle the turns by talk."
    elif alpha.low < TENTATIVE:
        yield f"Alpha may be under {TENTATIVE:.3f}: too few units, or too little agreement."


def _intensity(units: Units, codings: Sequence[Coding]) -> dict[str, Any] | None:
    """None, micro, major by unit; None where nobody gave intensities."""
    if not any(turn.intensity for coding in codings for turn in coding.turns):
        return None
    own = units.levels[units.of("client")]
    levels = (0, 1, 2)
    values = {
        "agreed": percent_agreement(own, categories=levels),
        "kappa_linear": kappa(own, weights="linear", categories=levels),
        "kappa_quadratic": kappa(own, weights="quadratic", categories=levels),
        "ac2_linear": gwet_ac(own, weights="linear", categories=levels),
        "ac2_quadratic": gwet_ac(own, weights="quadratic", categories=levels),
        "alpha_ordinal": krippendorff_alpha(own, level="ordinal"),
    }
    return {
        "n": values["agreed"].n,
        **{name: figure(value) for name, value in values.items()},
        "words": list(_level_words(units.coders, own)),
    }


def _level_words(coders: Sequence[str], levels: Array) -> Iterator[str]:
    for own in levels.T:
        judged = own[own == own]
        if len(judged) and max((judged == x).mean() for x in (0, 1, 2)) >= SAYS_ONE:
            yield f"At least one of the {len(coders)} coders nearly always says one level. " + (
                f"{MISLEADS['ac2']} Read alpha and the linear kappa."
            )
            return


def _counts(units: Units) -> dict[str, Any] | None:
    """ICC of how many units of a session each coder marked; None for fewer than three sessions."""
    import numpy as np

    if len(units.names) < FEW_SESSIONS:
        return None
    found = {}
    for name in TARGETS:
        marks, role = _target(units, name)
        marks = np.where(units.of(role)[:, None], marks, 0.0)
        sums = [marks[units.sessions == i].sum(0) for i in range(len(units.names))]
        table = np.array(sums)  # nan where a coder left out a unit of the session
        values = {form: icc(table, form) for form in ("A1", "C1", "Ak")}
        found[name] = {"n": values["A1"].n, **{f"icc_{f}": figure(v) for f, v in values.items()}}
    return found


def _notes(units: Units, level: Level, left: int) -> Iterator[Note]:
    yield Note(
        "units-taken-alone",
        (
            "Intervals take units as independent; those of one session are alike, so the true ones "
            "are wider."
        ),
    )
    if left:
        yield Note("sessions-by-one-coder", f"{left} sessions of one coder only are left out.")
    if level == "turn" and "unknown" in units.roles:
        yield Note(
            "speakers-unknown",
            (
                "Some turns do not say who speaks, so they count for client and therapist codes "
                "both; agreement then looks better. Add a column who, or --transcript."
            ),
        )
    if level == "segment" and not all(units.timed):
        yield Note(
            "segments-without-times",
            (f"Sessions without a time on every turn are cut into {SHARES} equal shares of turns."),
        )
