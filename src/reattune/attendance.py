"""Visits -> a series and signals: where attendance departs from this client's own habit.

Missed appointments and late arrivals support other signs that the alliance may be strained; no
published rule makes a rupture of them, and this one does not either. How often a client misses or
comes late is a beta-binomial: a Beta prior from the caseload, updated by the client's own earlier
appointments, so that a short course leans on the caseload and a long one on itself. A signal stands
where the last few appointments would be unusual for that habit, by the one-sided posterior
predictive probability, computed from what came before them alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, get_args

from reattune.errors import InputError
from reattune.types import Evidence, Intensity, Point, Scale, Series, Signal, SignalKind

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Codes = npt.NDArray[np.int8]
    Floats = npt.NDArray[np.float64]

VERSION = "attendance/1"

Status = Literal["scheduled", "attended", "late", "cancelled", "no_show", "rescheduled"]
Person = Literal["client", "therapist"]
Rule = Literal["missed", "late", "irregular", "back"]
STATUSES: tuple[Status, ...] = get_args(Status)

# No study with thresholds was found; the numbers below are our own proposal.
LATE = 10  # minutes; less is on time
GOOD_NOTICE = 24  # hours; an appointment that the client moves so far ahead says nothing
PLANNED = 168  # hours; an appointment canceled a week ahead was planned around and says nothing
OWN = 2  # earlier appointments that a client must have before there is a habit to depart from
WINDOW = 3  # the longest stretch of appointments that is compared with the habit
UNUSUAL = 0.04  # probability; about one false signal in three stable courses of 12 follows
BACK = 3  # appointments kept in a row after which attendance is back
MOST_MINUTES = 600  # more than any session lasts: a slip of the pen
FEWEST_CLIENTS = 10  # from fewer no prior is made of a caseload
WEIGHTS = (2.0, 200.0)  # appointments that a prior made of a caseload weighs at least and at most

PLANNED_OR_OTHERS, ON_TIME, CAME_LATE, MISSED = -1, 0, 1, 2  # what an appointment says
VALUES = {PLANNED_OR_OTHERS: None, ON_TIME: 1.0, CAME_LATE: 0.5, MISSED: 0.0}
RULES: tuple[Rule, ...] = ("missed", "late", "irregular")  # of equally unusual ones the first

FALSE_PER_12: dict[tuple[Rule, Intensity], float] = {
    ("missed", "micro"): 0.05,
    ("missed", "major"): 0.13,
    ("late", "micro"): 0.14,
    ("irregular", "micro"): 0.04,
    ("irregular", "major"): 0.01,
    ("back", "micro"): 0.18,
    ("back", "major"): 0.12,
}
"""Signals in 12 appointments of a stable course, by rule and level, all rules at work.

Made by `false_signals()`: 20,000 clients of 40 appointments, seed 0, each with a fixed habit of
their own drawn from the default prior. Other caseloads are in docs/attendance.md.
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment, held or not.

    `minutes_late` is 0 where a late arrival was not timed; `notice_hours` how long before the
    appointment it was called off or moved, None where nobody noted it; `by` who did so or came
    late, None likewise, which is read as the client. `session` is the number of the session held,
    from 1; without numbers the visits held are counted.
    """

    date: date
    status: Status
    minutes_late: float = 0
    notice_hours: float | None = None
    by: Person | None = None
    session: int | None = None


@dataclass(frozen=True, slots=True)
class Prior:
    """Beta(a, b): what is known of a rate before a client's own appointments are seen."""

    a: float
    b: float

    @property
    def mean(self) -> float:
        """The rate to expect."""
        return self.a / (self.a + self.b)

    @property
    def weight(self) -> float:
        """How many of a client's own appointments it weighs as much as."""
        return self.a + self.b


@dataclass(frozen=True, slots=True)
class Habits:
    """What clients usually do: appointments missed, late among those attended, either of the two.

    `by` says where the numbers come from.
    """

    missed: Prior
    late: Prior
    irregular: Prior
    by: str


DEFAULT = Habits(
    missed=Prior(1, 9),
    late=Prior(1, 9),
    irregular=Prior(1.9, 8.1),
    by="an assumed 1 in 10 missed and 1 in 10 of the others late",
)
"""For a client without a caseload: rates of .10, .10 and so .19, each as firm as 10 appointments.
Our own proposal, not from a study; replace it by `habits_of` as soon as there are records."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The last `size` appointments that a rule looks at, `hits` of which are what it looks for.

    Of the `before` earlier ones `hits_before` are; `expected` is the habit's rate from those alone
    and `chance` the probability of at least `hits` of `size` under it. `missed` counts the missed
    ones in the stretch.
    """

    rule: Rule
    hits: int
    size: int
    hits_before: int
    before: int
    expected: float
    chance: float
    missed: int


def read_visits(rows: Sequence[Mapping[str, Any]]) -> tuple[Visit, ...]:
    """Visits from rows as in `examples/course_a/course.json`, in the order given.

    A row has `date`, perhaps `session`, and `attendance` with `status` and, where known,
    `minutes_late`, `notice_hours` and `by`; other keys of the row are passed over, a row without
    attendance as well. InputError for anything that is not a visit, with the number of the row.
    """
    return tuple(
        _read(row, f"row {number}")
        for number, row in enumerate(rows, 1)
        if row.get("attendance") is not None
    )


def _read(row: Mapping[str, Any], where: str) -> Visit:
    told = row["attendance"]
    if not isinstance(told, Mapping):
        raise _refused("The attendance is not an object.", where, "Give it a status.")
    unknown = sorted(set(told) - {"status", "minutes_late", "notice_hours", "by"})
    if unknown:
        raise _refused(f"Attendance has no {unknown[0]!r}.", where, "Correct or remove it.")
    status: Any = told.get("status")
    visit = Visit(
        _date(row.get("date"), where),
        status,
        0 if told.get("minutes_late") is None else told["minutes_late"],
        told.get("notice_hours"),
        told.get("by"),
        row.get("session"),
    )
    wrong = _wrong(visit)
    if wrong:
        raise _refused(wrong[0], where, wrong[1])
    return visit


def _date(value: object, where: str) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise _refused(
            "The date is missing or not like 2026-03-05.", where, "Correct it."
        ) from None


def _wrong(visit: Visit) -> tuple[str, str] | None:
    """What no visit can be and what to do about it; None for a possible one."""
    if type(visit.date) is not date:
        return "The date is not a day.", "Give a date without a time."
    if visit.status not in STATUSES:
        return "The status is not known.", f"Use one of: {', '.join(STATUSES)}."
    if visit.by not in (None, "client", "therapist"):
        return "Who called it off is not known.", "Use client or therapist."
    if not _number(visit.minutes_late, MOST_MINUTES):
        return "The minutes late cannot be.", f"Give 0 to {MOST_MINUTES}."
    if visit.notice_hours is not None and not _number(visit.notice_hours, math.inf):
        return "The hours of notice cannot be.", "Give 0 or more, or none."
    if visit.session is not None and not (type(visit.session) is int and visit.session > 0):
        return "This is no session number.", "Number the sessions from 1."
    return None


def _number(value: object, most: float) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and math.isfinite(value) and 0 <= value <= most  # type: ignore[operator, arg-type]


def _refused(what: str, where: str, remedy: str) -> InputError:
    return InputError("bad-visit", what, where=where, remedy=remedy)


def in_order(visits: Sequence[Visit]) -> list[Visit]:
    """The visits by date; InputError for an impossible one and two that count on one day."""
    for visit in visits:
        wrong = _wrong(visit)
        if wrong:
            raise _refused(wrong[0], f"visit of {visit.date}", wrong[1])
    if len({visit.date for visit in visits}) == len(visits):
        return sorted(visits, key=attrgetter("date"))
    ordered = sorted(visits, key=_order)
    for one, two in pairwise(ordered):
        if one.date == two.date and code(one) >= 0 and code(two) >= 0:
            raise InputError(
                "duplicate-visit",
                "There are two appointments on one day.",
                where=f"visit of {two.date}",
                remedy="Keep one; mark one that was moved as rescheduled, with its notice.",
            )
    return ordered


def _order(visit: Visit) -> tuple[object, ...]:
    """A full order, so that the order of the rows never matters."""
    notice = -1 if visit.notice_hours is None else visit.notice_hours
    said = (visit.status, visit.by or "", visit.minutes_late, notice, visit.session or 0)
    return (visit.date, code(visit) >= 0, *said)


def code(visit: Visit) -> int:
    """What an appointment says of the client: on time, late, missed, or nothing (-1).

    Nothing: still to come, called off or moved by the therapist, canceled a week ahead, moved with
    good or unknown notice. A late start that was the therapist's is on time.
    """
    if visit.status in ("attended", "late"):
        late = visit.minutes_late >= LATE or (visit.status == "late" and not visit.minutes_late)
        return CAME_LATE if late and visit.by != "therapist" else ON_TIME
    if visit.status == "scheduled" or visit.by == "therapist":
        return PLANNED_OR_OTHERS
    notice = visit.notice_hours
    if visit.status == "cancelled":
        return PLANNED_OR_OTHERS if notice is not None and notice >= PLANNED else MISSED
    if visit.status == "rescheduled":
        return MISSED if notice is not None and notice < GOOD_NOTICE else PLANNED_OR_OTHERS
    return MISSED


def session_numbers(visits: Sequence[Visit]) -> list[int]:
    """For each visit in order its session; for one not held the last session held, or 1.

    InputError where session numbers run against the dates.
    """
    numbers, last = [], 0
    for visit in visits:
        held = visit.status in ("attended", "late")
        own = visit.session if visit.session is not None else last + 1 if held else None
        if own is not None and own <= last:
            raise InputError(
                "dates-out-of-order",
                f"Session {own} comes after session {last} by its date.",
                where=f"visit of {visit.date}",
                remedy="Correct the date or the session number.",
            )
        last = last if own is None else own
        numbers.append(max(last, 1))
    return numbers


def series(client: str, visits: Sequence[Visit]) -> Series:
    """Attendance as a series: 1 on time, 0.5 late, 0 missed, None where it says nothing.

    A missed appointment has no session, so `Point.session` counts appointments, from 1. InputError
    as `in_order`.
    """
    points = tuple(
        Point(number, visit.date, VALUES[code(visit)])
        for number, visit in enumerate(in_order(visits), 1)
    )
    return Series(client, "attendance", "record", points, Scale(0, 1, 0.5))


def signals(client: str, visits: Sequence[Visit], habits: Habits = DEFAULT) -> tuple[Signal, ...]:
    """Absences and recoveries of one client in order; InputError as `in_order`.

    Later visits never change a signal. While attendance is away, another signal comes only if it
    gets worse, from micro to major (two appointments missed among the last three).
    """
    return signals_of_many({client: visits}, habits)[client]


def signals_of_many(
    caseload: Mapping[str, Sequence[Visit]], habits: Habits = DEFAULT
) -> dict[str, tuple[Signal, ...]]:
    """As `signals`, for each client of a caseload, in one pass over arrays; linear in visits."""
    ordered = {client: in_order(visits) for client, visits in caseload.items()}
    codes = to_codes(list(ordered.values()))
    chances = compare(codes, habits)
    return {
        client: tuple(_signals(client, visits, codes[at], chances[:, at], habits))
        for at, (client, visits) in enumerate(ordered.items())
    }


def to_codes(visits: Sequence[Sequence[Visit]]) -> Codes:
    """What the appointments say, int8 (clients, appointments), -1 after the last of a client."""
    import numpy as np

    longest = max((len(own) for own in visits), default=0)
    codes = np.full((len(visits), longest), PLANNED_OR_OTHERS, np.int8)
    for at, own in enumerate(visits):
        codes[at, : len(own)] = [code(visit) for visit in own]
    return codes


def looked_for(codes: Codes, rule: Rule) -> Codes:
    """1 where an appointment is what the rule looks for, 0 where not, -1 where it says nothing."""
    import numpy as np

    hit = {"missed": codes == MISSED, "late": codes == CAME_LATE}.get(rule, codes > ON_TIME)
    silent = (codes < 0) | ((codes == MISSED) & (rule == "late"))
    return np.where(silent, -1, hit).astype(np.int8)


def compare(codes: Codes, habits: Habits) -> Floats:
    """How unusual each appointment is, (rules, clients, appointments); 1 where not looked at.

    The least predictive probability over stretches of up to WINDOW that end with what the rule
    looks for, given at least OWN earlier appointments.
    """
    import numpy as np

    return np.stack([_unusual(looked_for(codes, rule), getattr(habits, rule)) for rule in RULES])


def _unusual(marks: Codes, prior: Prior) -> Floats:
    import numpy as np

    order = np.argsort(marks < 0, axis=1, kind="stable")  # those that count first, in their order
    dense = np.take_along_axis(marks, order, 1)
    sums = np.cumsum(dense > 0, axis=1)
    least = np.ones(dense.shape)
    for size in range(1, WINDOW + 1):
        last = np.arange(OWN + size - 1, dense.shape[1])
        before = last + 1 - size
        known = sums[:, before - 1]
        chance = tail(sums[:, last] - known, size, prior.a + known, prior.b + before - known)
        least[:, last] = np.where(
            dense[:, last] > 0, np.minimum(chance, least[:, last]), least[:, last]
        )
    result = np.ones(dense.shape)
    np.put_along_axis(result, order, least, 1)
    return result


def tail(hits: Any, size: int, a: Any, b: Any) -> Any:
    """P(X >= hits) for X beta-binomial(size, a, b); arrays or numbers.

    The probability of exactly j is C(size, j) a..(a+j-1) b..(b+size-j-1) / (a+b)..(a+b+size-1), a
    Polya urn (Johnson, Kemp & Kotz 2005); no gamma function is needed.
    """
    total: Any = 0.0
    for j in range(size + 1):
        ways = math.comb(size, j) * _rising(a, j) * _rising(b, size - j) / _rising(a + b, size)
        total = total + ways * (j >= hits)
    return total


def _rising(start: Any, steps: int) -> Any:
    result: Any = 1.0
    for step in range(steps):
        result = result * (start + step)
    return result


def follow(
    codes: Codes, chances: Floats, habits: Habits
) -> Iterator[tuple[int, Intensity, Stretch]]:
    """Where one client's signals stand, (appointment, level, what it rests on), by rule "back" too.

    `codes` is (appointments,) and `chances` (rules, appointments).
    """
    away: tuple[Intensity, Stretch] | None = None
    kept = 0
    unusual = chances.min(axis=0) < UNUSUAL
    first = int(unusual.argmax()) if unusual.any() else len(codes)
    for at in range(first, len(codes)):
        if codes[at] < 0:
            continue
        if away:
            kept = kept + 1 if _kept(int(codes[at]), away[1].rule) else 0
            if kept == BACK:
                yield at, away[0], Stretch("back", BACK, BACK, 0, 0, 0, 1, 0)
                away = None
                continue
        if unusual[at]:
            stretch = describe(codes[: at + 1], RULES[int(chances[:, at].argmin())], habits)
            level: Intensity = "major" if stretch.missed > 1 else "micro"
            if away is None or (away[0], level) == ("micro", "major"):
                away, kept = (level, stretch), 0
                yield at, level, stretch


def _kept(said: int, rule: Rule) -> bool:
    """Whether an appointment counts toward a return; after misses, coming late is coming."""
    return said == ON_TIME or (said == CAME_LATE and rule == "missed")


def describe(codes: Codes, rule: Rule, habits: Habits) -> Stretch:
    """The most unusual stretch that ends at the last of these appointments (appointments,)."""
    marks = looked_for(codes, rule)
    dense, told = marks[marks >= 0].astype(int), codes[marks >= 0]
    prior: Prior = getattr(habits, rule)
    found = []
    for size in range(1, WINDOW + 1):
        before = len(dense) - size
        if before >= OWN:
            known, hits = int(dense[:before].sum()), int(dense[before:].sum())
            own = Prior(prior.a + known, prior.b + before - known)
            chance = float(tail(hits, size, own.a, own.b))
            missed = int((told[before:] == MISSED).sum())
            found.append(Stretch(rule, hits, size, known, before, own.mean, chance, missed))
    return min(found, key=lambda stretch: stretch.chance)


def _signals(
    client: str, visits: Sequence[Visit], codes: Codes, chances: Floats, habits: Habits
) -> Iterator[Signal]:
    numbers = session_numbers(visits)
    for at, level, stretch in follow(codes, chances, habits):
        back = stretch.rule == "back"
        kind: SignalKind = "recovery" if back else "absence"
        yield Signal(
            client=client,
            session=numbers[at],
            date=visits[at].date,
            source="attendance",
            kind=kind,
            rule=stretch.rule,
            level=level,
            by=VERSION,
            why=_why_back() if back else _why(visits[at], stretch, habits),
            evidence=_evidence(stretch),
            false_per_12=FALSE_PER_12[stretch.rule, level],
        )


WORDS: dict[Rule, str] = {
    "missed": "missed",
    "late": f"attended {LATE} minutes late or more",
    "irregular": f"missed or attended {LATE} minutes late or more",
    "back": "kept",
}
ONLY_SUPPORT = (
    "Attendance only supports other signs and is no rupture by itself; illness, work, travel and "
    "money are common reasons."
)


def _why_back() -> str:
    return (
        f"The last {BACK} appointments were kept: attendance is back. {ONLY_SUPPORT.split(';')[0]}."
    )


def _why(visit: Visit, stretch: Stretch, habits: Habits) -> str:
    """The signal in plain words: what happened, against what habit, how unusual."""
    words, hundred = WORDS[stretch.rule], round(100 * stretch.chance)
    often = f"about {hundred} times in 100" if hundred else "less than once in 100 times"
    among = "attended before" if stretch.rule == "late" else "before"
    lately = f" {stretch.hits} of the last {stretch.size} appointments were {words}."
    return (
        f"{_what(visit)}{lately if stretch.size > 1 else ''} Of the {stretch.before} {among}, "
        f"{stretch.hits_before or 'none'} {'was' if stretch.hits_before < 2 else 'were'}; by this "
        f"habit, which starts from {habits.by}, as much would be expected {often}. "
        f"{ONLY_SUPPORT}"
    )


def _what(visit: Visit) -> str:
    notice = "" if visit.notice_hours is None else f", {visit.notice_hours:g} hours ahead"
    unknown = "" if visit.by else " (who did so is not recorded)"
    minutes = f"{visit.minutes_late:g} minutes late" if visit.minutes_late else "late"
    return {
        "no_show": "The client did not come.",
        "cancelled": f"The appointment was canceled{notice}{unknown}.",
        "rescheduled": f"The appointment was moved{notice}{unknown}.",
    }.get(visit.status, f"The client came {minutes}.")


def _evidence(stretch: Stretch) -> tuple[Evidence, ...]:
    words = WORDS[stretch.rule]
    if stretch.rule == "back":
        return (Evidence(name="kept in a row", value=BACK, unit="appointments"),)
    return (
        Evidence(name=words, value=stretch.hits, unit=f"of the last {stretch.size}"),
        Evidence(name=f"{words} before", value=stretch.hits_before, unit=f"of {stretch.before}"),
        Evidence(name="expected from habit", value=stretch.expected, unit="share"),
        Evidence(name="chance of as much", value=stretch.chance, unit="probability"),
    )


def habits_of(caseload: Mapping[str, Sequence[Visit]], *, before: date) -> Habits:
    """Priors from a caseload's appointments before a day, by the method of moments.

    For client i with k_i hits in n_i appointments, p = sum k / sum n and S = sum n_i (k_i/n_i -
    p)^2. The variation between clients beyond chance is rho = (S - p(1-p)(N-1)) / (p(1-p)(sum n -
    sum n^2 / sum n - (N-1))), and the prior Beta(p w, (1-p) w) with w = 1/rho - 1, kept within
    WEIGHTS (Kleinman 1973, weights n_i). Fewer than FEWEST_CLIENTS clients, or rates of 0 or 1,
    leave the default. Make it once for a day and keep it: a prior made of later visits would let
    the signals look ahead. InputError as `in_order`.
    """
    earlier = [
        [visit for visit in in_order(visits) if visit.date < before] for visits in caseload.values()
    ]
    codes = to_codes(earlier)
    clients = int((codes >= 0).any(axis=1).sum()) if codes.size else 0
    if clients < FEWEST_CLIENTS:
        return DEFAULT
    made = {rule: _prior(looked_for(codes, rule), getattr(DEFAULT, rule)) for rule in RULES}
    by = f"the caseload of {clients} clients before {before.isoformat()}"
    return Habits(made["missed"], made["late"], made["irregular"], by)


def _prior(marks: Codes, default: Prior) -> Prior:
    sizes, hits = (marks >= 0).sum(axis=1), (marks > 0).sum(axis=1)
    return moments(hits[sizes > 0], sizes[sizes > 0], default)


def moments(hits: npt.NDArray[Any], sizes: npt.NDArray[Any], default: Prior) -> Prior:
    """The Beta prior whose first two moments the rates hits / sizes (clients,) have."""
    total, n = float(sizes.sum()), len(sizes)
    share = float(hits.sum()) / total if total else 0.0
    if n < FEWEST_CLIENTS or share in (0.0, 1.0):
        joined = total + default.weight
        mean = (share * total + default.a) / joined
        return Prior(mean * default.weight, (1 - mean) * default.weight)
    spread = float((sizes * (hits / sizes - share) ** 2).sum())
    chance = share * (1 - share)
    room = chance * (total - float((sizes**2).sum()) / total - (n - 1))
    rho = (spread - chance * (n - 1)) / room if room > 0 else 0.0
    weight = min(max(1 / rho - 1, WEIGHTS[0]), WEIGHTS[1]) if rho > 0 else WEIGHTS[1]
    return Prior(share * weight, (1 - share) * weight)


def draw(rng: np.random.Generator, clients: int, visits: int, habits: Habits = DEFAULT) -> Codes:
    """Stable courses, int8 (clients, visits): each client's habit is drawn once and never moves."""
    import numpy as np

    missed = rng.beta(habits.missed.a, habits.missed.b, (clients, 1))
    late = rng.beta(habits.late.a, habits.late.b, (clients, 1))
    came = np.where(rng.random((clients, visits)) < late, CAME_LATE, ON_TIME)
    return np.where(rng.random((clients, visits)) < missed, MISSED, came).astype(np.int8)


def false_signals(
    *,
    clients: int = 20_000,
    visits: int = 40,
    seed: int = 0,
    drawn: Habits = DEFAULT,
    habits: Habits = DEFAULT,
) -> dict[tuple[Rule, Intensity], float]:
    """Signals in 12 appointments by rule and level, simulated: stable courses from `drawn`."""
    import numpy as np

    codes = draw(np.random.default_rng(seed), clients, visits, drawn)
    chances = compare(codes, habits)
    counts = dict.fromkeys(FALSE_PER_12, 0)
    for at in range(clients):
        for _, level, stretch in follow(codes[at], chances[:, at], habits):
            counts[stretch.rule, level] += 1
    return {told: 12 * count / (clients * visits) for told, count in counts.items()}
