"""Agreement of two or more coders on the same units, ratings missing here and there.

Coefficients that correct for chance follow one form, (pa - pe) / (1 - pe), and differ in what they
hold for chance. Weights give part of the credit for being near on ordered levels. Standard errors
are Gwet's linearized ones over units, with intervals from t on n - 1 (Gwet, Handbook of Inter-Rater
Reliability, 4th ed. 2014; for alpha: On Krippendorff's alpha coefficient, 2015); they take units as
independent of each other. Intraclass correlations: Shrout & Fleiss 1979, McGraw & Wong 1996.

Ratings are numbers, an array (n_units, n_coders) with nan where a coder did not rate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

Ratings = Any  # whatever numpy takes for an array (n_units, n_coders) of numbers or nan
Weights = Literal["identity", "linear", "quadratic", "ordinal", "ratio"]
Level = Literal["nominal", "ordinal", "interval", "ratio"]
Form = Literal["1", "A1", "C1", "1k", "Ak", "Ck"]

NAN = float("nan")
CERTAIN = 0.975  # quantile for two-sided intervals of 95%
SAME = 1e-12  # chance agreement this near to 1 leaves nothing to be beyond

MISLEADS = {
    "agreed": "The share agreed is high for any rare code: not seeing it is agreed on, too.",
    "kappa": "Kappa falls where a code is rare or nearly always there, though the coders hardly "
    "differ; read AC1 and PABAK beside it.",
    "weighted_kappa": "Weighted kappa depends on the weights: quadratic ones forgive small "
    "differences, so it grows with the number of levels. It falls where one level prevails.",
    "fleiss": "Fleiss' kappa takes chance from all coders' rates together: where one coder codes "
    "more often than another, that counts as disagreement only. It falls where a code is rare.",
    "pabak": "PABAK is the share agreed, rescaled as if every category were equally likely by "
    "chance; for a rare code it is high even if the coders never meet on it.",
    "ac1": "AC1 stays high for a rare code even if the coders never meet on it: read how many "
    "units both coded.",
    "ac2": "AC2 with quadratic weights flatters a coder who nearly always says one level: nearly "
    "all pairs are at most one level apart, and chance is taken to be low.",
    "alpha": "Alpha falls like kappa where one category prevails; it needs variety to tell "
    "agreement from habit.",
    "icc": "An ICC depends on how much the units differ: among sessions that are alike it is low "
    "though coders are near each other. A1 counts a coder's constant excess as error, C1 does not. "
    "Average forms hold for the mean of these coders, not for one of them.",
}
"""When a coefficient misleads, in a sentence or two."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient with its standard error and 95% interval.

    `value`, `se`, `low` and `high` are nan where they do not exist; `why` then says why. `n` counts
    the units that two coders or more rated (all, for an ICC). `chance` is pe, nan for an ICC.
    """

    name: str
    value: float
    se: float
    low: float
    high: float
    n: int
    chance: float = NAN
    why: str = ""

    @property
    def misleads(self) -> str:
        """When this coefficient misleads."""
        return MISLEADS[self.name]


@dataclass(frozen=True, slots=True)
class _Table:
    """Ratings counted: `counts` (n_units, q) coders by category, `weights` (q, q)."""

    ratings: Array
    values: Array
    counts: Array
    weights: Array

    @property
    def raters(self) -> Array:
        """How many coders rated each unit (n_units,)."""
        summed: Array = self.counts.sum(1)
        return summed

    def units(self) -> tuple[Array, Bools]:
        """Agreement within each unit (n_units,), 0 where fewer than two rated; where two did."""
        import numpy as np

        raters = self.raters
        near = (self.counts * (self.counts @ self.weights - 1)).sum(1)
        several = raters >= 2
        return np.where(several, near / np.maximum(raters * (raters - 1), 1), 0.0), several

    def shares(self) -> Array:
        """The categories' mean share of the ratings of a unit (q,)."""
        mean: Array = (self.counts / self.raters[:, None]).mean(0)
        return mean


# Ratings and weights


def weight_matrix(weights: Weights, values: Sequence[float] | Array) -> Array:
    """The weights (q, q) of categories with these values in ascending order: 1 on the diagonal.

    "ordinal" goes by rank, "linear", "quadratic" and "ratio" by the values themselves.
    """
    import numpy as np

    known = np.asarray(values, float)
    apart = np.abs(np.subtract.outer(known, known))
    if weights == "identity":
        apart = (apart > 0).astype(float)
    elif weights == "quadratic":
        apart = apart**2
    elif weights == "ordinal":
        ranks = np.arange(len(known), dtype=float)
        apart = np.abs(np.subtract.outer(ranks, ranks))
        apart = apart * (apart + 1) / 2
    elif weights == "ratio":
        apart = _ratios(known, apart)
    return _nearness(apart)


def _ratios(values: Array, apart: Array) -> Array:
    """Squared differences as shares of the sums; two zeros do not differ."""
    import numpy as np

    sums = np.abs(np.add.outer(values, values))
    return np.divide(apart, sums, out=np.zeros_like(apart), where=sums > 0) ** 2


def _nearness(apart: Array) -> Array:
    """Weights from distances: the greatest gets 0."""
    most = apart.max(initial=0.0)
    return 1 - apart / most if most else 1 - apart


def _array(ratings: Ratings) -> Array:
    """The ratings without units nobody rated and coders who rated nothing."""
    import numpy as np

    made = np.asarray(ratings, float)
    if made.ndim != 2:
        raise ValueError("ratings are an array of units by coders")
    known = ~np.isnan(made)
    kept: Array = made[known.any(1)][:, known.any(0)]
    return kept


def _table(
    ratings: Ratings, weights: Weights, categories: Sequence[float] | None = None
) -> _Table | None:
    """The ratings counted; None where they show one category only, or fewer than two coders."""
    import numpy as np

    made = _array(ratings)
    seen = np.unique(made[~np.isnan(made)])
    values = seen if categories is None else np.unique(np.asarray(categories, float))
    if not np.isin(seen, values).all():
        raise ValueError("a rating is none of the categories")
    counts = (made[:, :, None] == values).sum(1).astype(float)
    if len(values) < 2 or not (counts.sum(1) >= 2).any():
        return None
    return _Table(made, values, counts, weight_matrix(weights, values))


def _missing(name: str, ratings: Ratings) -> Coefficient:
    """What is said where there is nothing to work out."""
    made = _array(ratings)
    several = int(((made == made).sum(1) >= 2).sum())
    why = "No unit was rated by two coders."
    if several:
        why = "All ratings are the same category, so nothing can be told from chance."
    return Coefficient(name, NAN, NAN, NAN, NAN, several, why=why)


def _made(name: str, table: _Table, chance: float, chances: Array) -> Coefficient:
    """A coefficient from chance agreement and its parts by unit (n_units,)."""
    own, several = table.units()
    n, rated = len(own), int(several.sum())
    if chance > 1 - SAME:
        return _missing(name, table.ratings)
    value = (float(own.sum()) / rated - chance) / (1 - chance)
    parts = (n / rated) * (own - chance * several) - 2 * (1 - value) * (chances - chance)
    se, low, high = _interval(value, parts / (1 - chance))
    return Coefficient(name, value, se, low, high, rated, chance)


# Coefficients by name


def percent_agreement(
    ratings: Ratings, *, weights: Weights = "identity", categories: Sequence[float] | None = None
) -> Coefficient:
    """The share of pairs of coders that agree, mean over units."""
    table = _table(ratings, weights, categories)
    if table is None:
        missing = _missing("agreed", ratings)
        return Coefficient("agreed", 1.0, 0.0, 1.0, 1.0, missing.n, 0.0) if missing.n else missing
    own, several = table.units()
    rated = int(several.sum())
    value = float(own.sum()) / rated
    se, low, high = _interval(value, own * len(own) / rated)
    return Coefficient("agreed", value, se, max(0.0, low), high, rated, 0.0)


def kappa(
    ratings: Ratings, *, weights: Weights = "identity", categories: Sequence[float] | None = None
) -> Coefficient:
    """Cohen's kappa of two coders (1960; weighted 1968), Conger's (1980) of more.

    Chance is each coder's own rate, mean over the pairs of coders.
    """
    name = "kappa" if weights == "identity" else "weighted_kappa"
    table = _table(ratings, weights, categories)
    if table is None:
        return _missing(name, ratings)
    chance, chances = _chance_of_pairs(table)
    return _made(name, table, chance, chances)


def _chance_of_pairs(table: _Table) -> tuple[float, Array]:
    """Chance agreement from each coder's own shares, and its parts by unit (n_units,)."""
    import numpy as np

    given = (table.ratings[:, :, None] == table.values).astype(float)  # units, coders, categories
    rated = given.sum(2)
    n, coders = rated.shape
    shares = given.sum(0) / rated.sum(0)[:, None]
    others = (shares.sum(0) - shares) @ table.weights / (coders * (coders - 1))
    chance = float((shares * others).sum())
    moved = (given - rated[:, :, None] * shares) * (n / rated.sum(0))[:, None]
    return chance, chance + np.einsum("igk,gk->i", moved, others)


def fleiss_kappa(
    ratings: Ratings, *, weights: Weights = "identity", categories: Sequence[float] | None = None
) -> Coefficient:
    """Fleiss' kappa (1971): chance is the rate of all coders together; Scott's pi for two."""
    table = _table(ratings, weights, categories)
    if table is None:
        return _missing("fleiss", ratings)
    shares = table.shares()
    near = table.weights @ shares
    return _made("fleiss", table, float(shares @ near), table.counts @ near / table.raters)


def brennan_prediger(
    ratings: Ratings, *, weights: Weights = "identity", categories: Sequence[float] | None = None
) -> Coefficient:
    """Brennan & Prediger (1981): each category is as likely by chance; PABAK where there are two.

    Give `categories` where some were not used.
    """
    table = _table(ratings, weights, categories)
    if table is None:
        return _missing("pabak", ratings)
    chance = float(table.weights.mean())
    return _made("pabak", table, chance, table.raters * 0 + chance)


def gwet_ac(
    ratings: Ratings, *, weights: Weights = "identity", categories: Sequence[float] | None = None
) -> Coefficient:
    """Gwet's AC1 (2008), or AC2 with weights: chance from how even the categories' shares are.

    Give `categories` where some were not used.
    """
    name = "ac1" if weights == "identity" else "ac2"
    table = _table(ratings, weights, categories)
    if table is None:
        return _missing(name, ratings)
    shares, q = table.shares(), len(table.values)
    scale = float(table.weights.sum()) / (q * (q - 1))
    chances = scale * (table.counts @ (1 - shares)) / table.raters
    return _made(name, table, scale * float((shares * (1 - shares)).sum()), chances)


def krippendorff_alpha(ratings: Ratings, *, level: Level = "nominal") -> Coefficient:
    """Krippendorff's alpha; only units that two coders or more rated count.

    "ordinal" has Krippendorff's own distances, by how many ratings lie between two categories; the
    standard error takes these distances as given.
    """
    made = _array(ratings)
    table = _table(made[(made == made).sum(1) >= 2], "identity")
    if table is None:
        return _missing("alpha", ratings)
    return _alpha(replace(table, weights=_alpha_weights(level, table)))


def _alpha_weights(level: Level, table: _Table) -> Array:
    import numpy as np

    if level == "ordinal":
        totals = table.counts.sum(0)
        middle = np.cumsum(totals) - totals / 2
        return _nearness(np.subtract.outer(middle, middle) ** 2)
    named: dict[str, Weights] = {"nominal": "identity", "interval": "quadratic", "ratio": "ratio"}
    return weight_matrix(named[level], table.values)


def _alpha(table: _Table) -> Coefficient:
    """Alpha as pa and pe, with its small-sample term; the variance is that of irrCAC 1.0."""
    raters = table.raters
    n, mean = len(raters), float(raters.mean())
    near = (table.counts * (table.counts @ table.weights - 1)).sum(1) / (mean * (raters - 1))
    shares = table.counts.sum(0) / (n * mean)
    chance = float(shares @ table.weights @ shares)
    if chance > 1 - SAME:
        return _missing("alpha", table.ratings)
    small, raw = 1 / float(raters.sum()), float(near.mean())
    agreed = (1 - small) * raw + small
    uneven = (raters - mean) / mean
    chances = table.counts @ (table.weights @ shares) / mean - chance * uneven
    parts = near - agreed * uneven - chance - 2 * (1 - raw) * (chances - chance) / (1 - chance)
    value = (agreed - chance) / (1 - chance)
    return Coefficient("alpha", value, *_interval(value, parts / (1 - chance)), n, chance)


def _interval(value: float, parts: Array) -> tuple[float, float, float]:
    """Standard error and 95% interval of a value from its parts by unit; t on n - 1."""
    import math

    from scipy.stats import t

    n = len(parts)
    if n < 2:
        return NAN, NAN, NAN
    se = math.sqrt(float(((parts - parts.mean()) ** 2).sum()) / (n * (n - 1)))
    reach = se * float(t.ppf(CERTAIN, n - 1))
    return se, max(-1.0, value - reach), min(1.0, value + reach)


# Intraclass correlations


@dataclass(frozen=True, slots=True)
class _Squares:
    """Mean squares of a two-way table of n units by k coders."""

    n: int
    k: int
    rows: float
    columns: float
    error: float
    within: float

    @classmethod
    def of(cls, made: Array) -> _Squares:
        n, k = made.shape
        rows, columns = made.mean(1, keepdims=True), made.mean(0, keepdims=True)
        left = made - rows - columns + made.mean()
        between = float(((rows - made.mean()) ** 2).sum()) * k / (n - 1)
        across = float(((columns - made.mean()) ** 2).sum()) * n / (k - 1)
        within = float(((made - rows) ** 2).sum()) / (n * (k - 1))
        return cls(n, k, between, across, float((left**2).sum()) / ((n - 1) * (k - 1)), within)


def icc(ratings: Ratings, form: Form = "A1") -> Coefficient:
    """An intraclass correlation, over the units that every coder rated, with its F interval.

    "1" one-way (ICC(1,1)), "A1" two-way agreement (ICC(2,1) or ICC(A,1)), "C1" two-way consistency
    (ICC(3,1) or ICC(C,1)); "1k", "Ak", "Ck" the same for the mean of the coders. There is no
    standard error: the interval comes from F. McGraw & Wong 1996, Shrout & Fleiss 1979.
    """
    made = _array(ratings)
    made = made[(made == made).all(1)]
    n, k = made.shape if made.size else (len(made), 0)
    if n < 2 or k < 2:
        why = "An ICC needs two units that two coders rated."
        return Coefficient("icc", NAN, NAN, NAN, NAN, n, why=why)
    if float(made.max() - made.min()) == 0:
        why = "All ratings are the same, so nothing can be told from chance."
        return Coefficient("icc", NAN, NAN, NAN, NAN, n, why=why)
    value, low, high = ICC_FORMS[form[0]](_Squares.of(made))
    if form[1:] == "k":
        value, low, high = (_of_mean(x, k) for x in (value, low, high))
    why = "" if value == value else "The units do not differ, so there is nothing to be told apart."
    return Coefficient("icc", value, NAN, low, high, n, why=why)


def _of_mean(value: float, k: int) -> float:
    """Spearman and Brown: the reliability of the mean of k coders, from that of one."""
    below = 1 + (k - 1) * value
    return k * value / below if below > SAME else NAN


def _by_f(own: float, other: float, df: tuple[int, int], k: int) -> tuple[float, float, float]:
    """A one-way or consistency ICC with its interval from F = own / other."""
    from scipy.stats import f

    def of(quantile: float) -> float:
        below = own * quantile + (k - 1) * other
        return (own * quantile - other) / below

    low, high = 1 / float(f.ppf(CERTAIN, *df)), float(f.ppf(CERTAIN, *reversed(df)))
    return of(1.0), of(low), of(high)


def _one_way(squares: _Squares) -> tuple[float, float, float]:
    n, k = squares.n, squares.k
    return _by_f(squares.rows, squares.within, (n - 1, n * (k - 1)), k)


def _consistency(squares: _Squares) -> tuple[float, float, float]:
    n, k = squares.n, squares.k
    if squares.rows + squares.error == 0:
        return NAN, NAN, NAN
    return _by_f(squares.rows, squares.error, (n - 1, (n - 1) * (k - 1)), k)


def _absolute(squares: _Squares) -> tuple[float, float, float]:
    """McGraw & Wong's ICC(A,1); the interval's degrees of freedom are Satterthwaite's."""
    from scipy.stats import f

    n, k, rows, columns, error = (
        squares.n, squares.k, squares.rows, squares.columns, squares.error,
    )  # fmt: skip
    total = rows + (k - 1) * error + k * (columns - error) / n
    if total < SAME:  # two units that two coders rated crosswise
        return NAN, NAN, NAN
    value = (rows - error) / total
    one, two = k * value * columns, (n * (1 + (k - 1) * value) - k * value) * error
    if not one and not two:
        return value, value, value
    df = (k - 1) * (n - 1) * (one + two) ** 2 / ((n - 1) * one**2 + two**2)
    noise = k * columns + (k * n - k - n) * error
    least, most = float(f.ppf(CERTAIN, n - 1, df)), float(f.ppf(CERTAIN, df, n - 1))
    low = n * (rows - least * error) / (least * noise + n * rows)
    high = n * (most * rows - error) / (noise + n * most * rows)
    return value, low, high


ICC_FORMS: dict[str, Callable[[_Squares], tuple[float, float, float]]] = {
    "1": _one_way,
    "A": _absolute,
    "C": _consistency,
}
"""Form -> the ICC of one coder and its interval."""
