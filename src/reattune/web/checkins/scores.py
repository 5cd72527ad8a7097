"""What a filled-in form says: its score, and that in a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reattune.errors import InputError
from reattune.measures import Instrument, Score, score
from reattune.measures.instrument import TOTAL
from reattune.web.accounts.models import Practice
from reattune.web.checkins.answers import administration, given
from reattune.web.checkins.instruments import everything
from reattune.web.checkins.models import Answer

RATERS = {
    "client": gettext_lazy("the client"),
    "therapist": gettext_lazy("the therapist"),
    "observer": gettext_lazy("somebody who watched"),
}
WAYS = {
    "link": gettext_lazy("by link"),
    "kiosk": gettext_lazy("on the tablet"),
    "own": gettext_lazy("own form"),
    "paper": gettext_lazy("from paper"),
    "api": gettext_lazy("by a program"),
}


@dataclass(frozen=True, slots=True)
class Read:
    """A form with its score.

    `score` is None where the instrument is not scored, and `why` then says why; `before` is the
    total of the form before by the same rater.
    """

    row: Answer
    instrument: Instrument | None
    score: Score | None
    before: float | None = None
    why: str = ""

    @property
    def name(self) -> str:
        """What people call the form."""
        return _(self.instrument.name) if self.instrument else self.row.measure

    @property
    def who(self) -> str:
        """Who answered."""
        return str(RATERS.get(self.row.rater, self.row.rater))

    @property
    def way(self) -> str:
        """How the answers came in."""
        return str(WAYS.get(self.row.how, self.row.how))

    @property
    def total(self) -> float | None:
        """The total, None where there is none."""
        return self.score.total if self.score else None

    @property
    def shown(self) -> str:
        """The total and its range, such as "5.2 of 1 to 7"."""
        if self.instrument is None or self.total is None:
            return ""
        own = self.instrument.scale()
        value = f"{self.total:.4g}"
        return _("%(value)s of %(low)g to %(high)g") % {
            "value": value,
            "low": own.low,
            "high": own.high,
        }

    @property
    def risk_why(self) -> str:
        """Which answer asks for the risk protocol, "" for none."""
        why = self.score.risk_why if self.score else ""
        return why and _(why)

    @property
    def meaning(self) -> list[str]:
        """What the score says in a word each: bands reached, change, items to ask about."""
        if self.score is None:
            return [self.why]
        bands = [_(f.why.partition(": ")[2].rstrip(".")) for f in self.score.flags if f.scale]
        ask = [f.why for f in self.score.flags if f.kind == "unanswered"]
        return list(filter(None, [*bands, self.moved, self.asks, self.left_out, *ask]))

    @property
    def moved(self) -> str:
        """How the total compares with the form before, and which way is the better."""
        if self.total is None or self.before is None or self.instrument is None:
            return ""
        change = round(self.total - self.before, 6)
        if not change:
            return _("as the time before")
        up = _("%(size)s more than the time before")
        down = _("%(size)s less than the time before")
        more = self.instrument.higher_is_better
        better = _("more is better") if more else _("less is better")
        told = (up if change > 0 else down) % {"size": f"{abs(change):.3g}"}
        return f"{told} ({better})"

    @property
    def asks(self) -> str:
        """The items whose answer asks for a word."""
        items = [f.item for f in self.score.flags if f.kind == "item"] if self.score else []
        if not items:
            return ""
        told = ngettext("ask about item %(items)s", "ask about items %(items)s", len(items))
        return told % {"items": ", ".join(map(str, items))}

    @property
    def left_out(self) -> str:
        """The items not answered, and what that does to the score."""
        if self.score is None or not self.score.missing:
            return ""
        items = ", ".join(map(str, self.score.missing))
        if self.score.total is None:
            return _("too much left out to be scored: item %(items)s") % {"items": items}
        return _("left out: item %(items)s; the mean of the rest stands in") % {"items": items}


def read_all(practice: Practice, rows: Iterable[Answer]) -> list[Read]:
    """Each form with its score and that of the rater's form before; `rows` are earliest first."""
    instruments = everything(practice)
    last: dict[tuple[str, str], float] = {}
    found = []
    for row in rows:
        key = (row.measure, row.rater)
        one = read(row, instruments.get(row.measure), last.get(key))
        if one.total is not None:
            last[key] = one.total
        found.append(one)
    return found


def read(row: Answer, instrument: Instrument | None, before: float | None = None) -> Read:
    """One form with its score."""
    if instrument is None:
        return Read(row, None, None, why=_("its instrument is no longer here"))
    try:
        made = score(instrument, administration(given(row), row.rater, row.about))
    except InputError as error:
        return Read(row, instrument, None, why=error.what)
    return Read(row, instrument, made, before)


def values(one: Read) -> Iterator[tuple[str, str, float | None]]:
    """The total and each subscale of a scored form: name of its series, name, value."""
    if one.score is not None:
        for name, value in {TOTAL: one.score.total, **one.score.subscales}.items():
            yield (one.row.measure if name == TOTAL else f"{one.row.measure}:{name}"), name, value
