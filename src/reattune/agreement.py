"""How far two codings of the same things agree: kappa, PABAK and AC1, for two coders.

kappa corrects for chance by each coder's own rate (Cohen 1960; with weights, Cohen 1968). Where a
code is rare, kappa can be low though the coders hardly differ; PABAK (Byrt, Bishop & Carlin 1993)
and AC1 (Gwet 2008) say how much of that is the rarity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    Categories = npt.NDArray[Any]
    Levels = npt.NDArray[np.integer[Any]]


def cohen_kappa(first: Categories, second: Categories) -> float:
    """Cohen's kappa of two codings (n,) into any categories; nan if both hold the same one only."""
    import numpy as np

    if not len(first):
        return float("nan")
    rates = [(np.mean(first == c), np.mean(second == c)) for c in np.union1d(first, second)]
    return corrected(np.mean(first == second), sum(one * two for one, two in rates))


def weighted_kappa(first: Levels, second: Levels, *, levels: int) -> float:
    """Kappa of two codings (n,) on ordered levels 0 to `levels` - 1, with linear weights.

    With two levels this is Cohen's kappa. nan if both hold the same level only.
    """
    import numpy as np

    if not len(first):
        return float("nan")
    table = np.zeros((levels, levels))
    np.add.at(table, (first, second), 1 / len(first))
    apart = np.abs(np.subtract.outer(np.arange(levels), np.arange(levels)))
    chance = float((apart * np.outer(table.sum(1), table.sum(0))).sum())
    return 1 - float((apart * table).sum()) / chance if chance else float("nan")


def corrected(agreed: float, chance: float) -> float:
    """Agreement beyond chance, as a share of what chance leaves; nan if it leaves nothing."""
    return float((agreed - chance) / (1 - chance)) if chance < 1 else float("nan")


def pabak(first: Bools, second: Bools) -> float:
    """Prevalence- and bias-adjusted kappa: twice the observed agreement less one."""
    return 2 * float((first == second).mean()) - 1 if len(first) else float("nan")


def gwet_ac1(first: Bools, second: Bools) -> float:
    """Gwet's AC1 of two boolean codings: chance is 2 m (1 - m) at the mean rate m."""
    if not len(first):
        return float("nan")
    mean = (float(first.mean()) + float(second.mean())) / 2
    return corrected(float((first == second).mean()), 2 * mean * (1 - mean))


def agreement(first: Bools, second: Bools) -> dict[str, float]:
    """What two coders share: turns each coded and both coded, share agreed, and coefficients."""
    same = float((first == second).mean()) if len(first) else float("nan")
    return {
        "n": len(first),
        "first": int(first.sum()),
        "second": int(second.sum()),
        "both": int((first & second).sum()),
        "agreed": same,
        "kappa": cohen_kappa(first, second),
        "pabak": pabak(first, second),
        "ac1": gwet_ac1(first, second),
    }
