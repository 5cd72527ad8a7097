"""How far codings agree, as a page tells it: figures with intervals and what they do not say.

The figures are those of reattune.agreement_report and reattune.coefficients; here they get words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reattune import codings
from reattune.agreement_report import FEW, agreement_report, figure
from reattune.coefficients import (
    MISLEADS,
    Coefficient,
    gwet_ac,
    icc,
    kappa,
    krippendorff_alpha,
    percent_agreement,
)
from reattune.web.coding.lines import label_of
from reattune.web.coding.marks import LEAST, MOST
from reattune.web.coding.models import KINDS

Ratings = Mapping[tuple[int, str], int]
"""(segment, kind) -> rating."""

NAMES: dict[str, str | Promise] = {
    "agreed": gettext_lazy("Agreed"),
    "kappa": gettext_lazy("Kappa"),
    "pabak": gettext_lazy("PABAK"),
    "ac1": gettext_lazy("Gwet's AC1"),
    "alpha": gettext_lazy("Alpha"),
    "kappa_linear": gettext_lazy("Kappa, linear weights"),
    "kappa_quadratic": gettext_lazy("Kappa, quadratic weights"),
    "ac2_linear": gettext_lazy("Gwet's AC2, linear weights"),
    "ac2_quadratic": gettext_lazy("Gwet's AC2, quadratic weights"),
    "alpha_ordinal": gettext_lazy("Alpha, ordered"),
    "icc_A1": gettext_lazy("ICC, absolute (A,1)"),
    "icc_C1": gettext_lazy("ICC, consistency (C,1)"),
}
TURNS = ("agreed", "kappa", "pabak", "ac1", "alpha")
LEVELS = (
    "agreed",
    "kappa_linear",
    "kappa_quadratic",
    "ac2_linear",
    "ac2_quadratic",
    "alpha_ordinal",
)
SEGMENTS = (*LEVELS[:3], *LEVELS[4:], "icc_A1", "icc_C1")
ANY = gettext_lazy("Any sign of strain")


@dataclass(frozen=True, slots=True)
class Told:
    """A figure in words: its value, the interval around it, or why there is none."""

    name: str
    value: str
    interval: str
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """What two coders share in one family, code or kind.

    Of `n` units that both judged they said the `same` of so many; each marked so many, and both
    did `by_all`.
    """

    name: str
    n: int
    same: int
    marked: tuple[int, ...]
    by_all: int
    figures: tuple[Told, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The rows of a report; `level` is that of intensities, None without any."""

    rows: tuple[Row, ...]
    codes: tuple[Row, ...] = ()
    level: Row | None = None
    notes: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    level_heads: tuple[str, ...] = ()

    @property
    def any(self) -> Row:
        """The first row: any sign of strain."""
        return self.rows[0]


def number(value: float) -> str:
    """A figure with two decimals, in the reader's language."""
    return formats.number_format(round(value, 2) + 0.0, decimal_pos=2)  # it would cut, and say -0


def told(name: str, one: Mapping[str, Any]) -> Told:
    """A figure of a report in words."""
    value, (low, high) = one["value"], one["interval_95"]
    if value != value:
        return Told(str(NAMES[name]), "–", "", one.get("why", ""))
    known = low == low and high == high
    ends = {"low": number(low), "high": number(high)} if known else {}
    interval = _("%(low)s to %(high)s") % ends if known else ""
    return Told(str(NAMES[name]), number(value), interval, one.get("why", ""))


def heads(names: Sequence[str]) -> tuple[str, ...]:
    """What figures are called."""
    return tuple(str(NAMES[name]) for name in names)


def of_turns(codings_: Sequence[codings.Coding], *, codes: bool = False) -> Report | None:
    """The report of codings turn by turn; None where no turn was judged by two of them.

    With `codes` also of each code that anybody used.
    """
    made = agreement_report(codings_)
    if not made["families"]["any"]["n"] and not made["families"]["repair"]["n"]:
        return None
    own = {id: one for id, one in made["codes"].items() if codes and any(one["marked"].values())}
    families = made["families"].items()
    return Report(
        rows=tuple(row(str(ANY) if id == "any" else label_of(id), one) for id, one in families),
        codes=tuple(row(label_of(id), one) for id, one in own.items()),
        level=level_row(made["intensity"]),
        notes=tuple(note["text"] for note in made["notes"]),
        heads=heads(TURNS),
        level_heads=heads(LEVELS),
    )


def row(name: str, one: Mapping[str, Any]) -> Row:
    """A family or code."""
    return Row(
        name,
        one["n"],
        same_of(one),
        tuple(one["marked"].values()),
        one["by_all"],
        tuple(told(key, one[key]) for key in TURNS),
        tuple(one["words"]),
    )


def same_of(one: Mapping[str, Any]) -> int:
    """Of how many units two coders said the same."""
    share = one["agreed"]["value"]
    return round(share * one["n"]) if share == share else 0


def level_row(one: Mapping[str, Any] | None) -> Row | None:
    """Intensities: none, micro, major."""
    if one is None:
        return None
    made = tuple(told(key, one[key]) for key in LEVELS)
    return Row(_("None, micro or major"), one["n"], same_of(one), (), 0, made, tuple(one["words"]))


def of_segments(one: Ratings, two: Ratings, segments: int) -> Report:
    """The report of ratings from 1 to 5, kind by kind."""
    return Report(
        rows=tuple(
            segment_row(
                str(name), [(one.get((i, kind)), two.get((i, kind))) for i in range(segments)]
            )
            for kind, name in KINDS
        ),
        heads=heads(SEGMENTS),
    )


def segment_row(name: str, pairs: Sequence[tuple[int | None, int | None]]) -> Row:
    """One kind: the segments that both rated, how often just alike, and the figures."""
    nan = float("nan")
    ratings = [[nan if value is None else float(value) for value in pair] for pair in pairs]
    both = [pair for pair in pairs if None not in pair]
    values = coefficients(ratings)
    return Row(
        name,
        len(both),
        sum(a == b for a, b in both),
        tuple(sum(pair[i] is not None for pair in pairs) for i in (0, 1)),
        sum(a == b for a, b in both),
        tuple(told(key, figure(values[key])) for key in SEGMENTS),
        tuple(segment_words(both)),
    )


def coefficients(ratings: Sequence[Sequence[float]]) -> dict[str, Coefficient]:
    """The figures that apply to ratings on an ordered scale."""
    scale = tuple(range(LEAST, MOST + 1))
    return {
        "agreed": percent_agreement(ratings, categories=scale),
        "kappa_linear": kappa(ratings, weights="linear", categories=scale),
        "kappa_quadratic": kappa(ratings, weights="quadratic", categories=scale),
        "ac2_quadratic": gwet_ac(ratings, weights="quadratic", categories=scale),
        "alpha_ordinal": krippendorff_alpha(ratings, level="ordinal"),
        "icc_A1": icc(ratings, "A1"),
        "icc_C1": icc(ratings, "C1"),
    }


def segment_words(both: Sequence[tuple[int | None, int | None]]) -> Iterator[str]:
    """What the figures of a kind do not say."""
    if not both:
        yield _("No segment was rated by both.")
        return
    if len(both) < FEW:
        yield _("With %(n)d segments the intervals are rough.") % {"n": len(both)}
    near = sum(abs((a or 0) - (b or 0)) <= 1 for a, b in both)
    yield _("Within one step of each other in %(near)d of %(n)d.") % {"near": near, "n": len(both)}


def cautions(segments: bool = False) -> tuple[tuple[str, str], ...]:
    """Each figure with the sentence that says when it misleads."""
    of_levels = ("agreed", "weighted_kappa", "ac2", "alpha", "icc")
    names = (
        of_levels
        if segments
        else ("agreed", "kappa", "pabak", "ac1", "alpha", "weighted_kappa", "ac2")
    )
    shown = {
        "weighted_kappa": _("Weighted kappa"),
        "ac2": _("Gwet's AC2"),
        "icc": _("ICC"),
    }
    return tuple((shown.get(name) or str(NAMES[name]), MISLEADS[name]) for name in names)
