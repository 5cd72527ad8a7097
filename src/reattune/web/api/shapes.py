"""What goes in and what comes out. In is strict: unknown keys and other types are refused.

Turn numbers count from 0, as in "reattune.analysis/1"; days are 2026-03-05, moments ISO 8601 with
a zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from reattune.codebook import CODES
from reattune.web.clients.models import PURPOSES, STATUSES
from reattune.web.reviews.models import Judgement

T = TypeVar("T")

MOST = 200  # rows of one answer
MOST_TURN = 1_000_000
MOST_NUMBER = 2**63 - 1
"""What both databases can hold as a whole number."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)")


def as_day(value: Any) -> Any:
    """A day from its text; ValueError for other texts and other kinds."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("Write the day as year, month, day: 2026-03-05")
    return date.fromisoformat(value)


def as_moment(value: Any) -> Any:
    """A moment from its text; ValueError for other texts and other kinds."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("Write day, time and zone: 2026-03-05T14:00:00+01:00")
    return datetime.fromisoformat(value.upper().replace("Z", "+00:00"))


def as_flag(value: Any) -> Any:
    """True or false from its text in an address; ValueError for other texts."""
    known = {"true": True, "false": False, True: True, False: False}
    if value not in known:
        raise ValueError("Write true or false")
    return known[value]


Day = Annotated[date, BeforeValidator(as_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(as_moment)]
Flag = Annotated[bool, BeforeValidator(as_flag)]
Number = Annotated[int, Field(ge=1, le=MOST_NUMBER)]
TurnNumber = Annotated[int, Field(ge=0, le=MOST_TURN)]
Language = Annotated[
    str, Field(json_schema_extra={"enum": [c for c, _ in settings.CHECKIN_LANGUAGES]})
]
Purpose = Annotated[str, Field(json_schema_extra={"enum": [purpose for purpose, _ in PURPOSES]})]
Status = Annotated[str, Field(json_schema_extra={"enum": [status for status, _ in STATUSES]})]
Code = Annotated[str, Field(json_schema_extra={"enum": list(CODES)})]
Verdict = Annotated[str, Field(json_schema_extra={"enum": list(Judgement.VERDICTS)})]
By = Literal["", "client", "therapist"]
Intensity = Literal["", "micro", "major"]


def text(longest: int) -> Any:
    """A text that is not blank, of so many characters at most, without the character 0."""
    return Field(min_length=1, max_length=longest, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")


class In(BaseModel):
    """What a program sends."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @property
    def given(self) -> dict[str, Any]:
        """The keys that were sent, with their values."""
        return self.model_dump(exclude_unset=True)


class Cut(BaseModel):
    """Which rows of a list."""

    limit: Annotated[int, Field(ge=1, le=MOST, description="rows of one answer")] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000, description="rows left out before")] = 0


class Page(BaseModel, Generic[T]):
    """Some rows of a list; `total` counts all of them."""

    items: list[T]
    total: int
    limit: int
    offset: int


def page(rows: QuerySet[Any] | Sequence[Any], cut: Cut, of: Callable[[Any], T]) -> dict[str, Any]:
    """The rows of a list that were asked for."""
    total = rows.count() if isinstance(rows, QuerySet) else len(rows)
    chosen: Iterable[Any] = rows[cut.offset : cut.offset + cut.limit]
    return {
        "items": [of(row) for row in chosen],
        "total": total,
        "limit": cut.limit,
        "offset": cut.offset,
    }


# Clients


class Client(BaseModel):
    """A client under a pseudonym; `consents` are the purposes consented to now."""

    id: UUID
    name: str
    language: str
    telehealth: bool
    started: date | None
    ended: date | None
    archived: bool
    consents: list[str]


class NewClient(In):
    """A client to make; `consents` are given today."""

    name: Annotated[str, text(80)]
    language: Language = "en"
    telehealth: bool = False
    consents: Annotated[list[Purpose], Field(max_length=len(PURPOSES))] = []


class ClientChange(In):
    """What to change of a client; keys left out stay, null empties a date."""

    name: Annotated[str, text(80)] = ""
    language: Language = "en"
    telehealth: bool = False
    started: Day | None = None
    ended: Day | None = None


class Consent(BaseModel):
    """One consent: to which wording, when given, when taken back."""

    purpose: str
    given_on: date
    wording: str
    revoked_at: datetime | None


class NewConsent(In):
    """A consent that the client gave to the current wording."""

    purpose: Purpose
    given_on: Day


class Revoked(BaseModel):
    """A consent taken back, and how much of each kind was deleted or closed with it."""

    purpose: str
    gone: dict[str, int]


class Appointment(BaseModel):
    """An appointment, held or not; `session` is that of its transcript."""

    id: UUID
    starts: datetime
    status: str
    minutes_late: int
    notice_hours: float | None
    by: str
    session: UUID | None


class NewAppointment(In):
    """An appointment to keep; seconds of `starts` count, fractions do not."""

    starts: Moment
    status: Status = "scheduled"
    minutes_late: Annotated[int, Field(ge=0, le=600)] = 0
    notice_hours: Annotated[float, Field(ge=0, le=24 * 366, allow_inf_nan=False)] | None = None
    by: By = ""


class AppointmentChange(In):
    """What to change of an appointment; keys left out stay."""

    starts: Moment | None = None
    status: Status = "scheduled"
    minutes_late: Annotated[int, Field(ge=0, le=600)] = 0
    notice_hours: Annotated[float, Field(ge=0, le=24 * 366, allow_inf_nan=False)] | None = None
    by: By = ""


# Sessions


class Session(BaseModel):
    """A session. `state` is "roles" while somebody must say who the therapist is, else "ready";
    `analyzed` whether there is an analysis; `job` that of the last time it was read."""

    id: UUID
    client: UUID
    number: int
    held_on: date
    source: str
    format: str
    state: str
    turn_count: int
    analyzed: bool
    job: str


class Turn(BaseModel):
    """Who said what; `start` and `end` in seconds from the start of the session."""

    number: int
    speaker: str
    role: str
    text: str
    start: float | None
    end: float | None


class Speaker(BaseModel):
    """A speaker's label with the role it has, its turns, and its share of all words."""

    label: str
    role: str
    turns: int
    share: float


class FullSession(Session):
    """A session with its words."""

    speakers: list[Speaker]
    turns: list[Turn]


class SessionChange(In):
    """The day on which a session was held."""

    held_on: Day


class Roles(In):
    """The label of the speaker who is the therapist."""

    therapist: Annotated[str, text(80)]


class Again(In):
    """How to read a session once more."""

    any_language: bool = False


class Job(BaseModel):
    """How far the reading of a session is; `progress` and `total` count turns.

    `state` is waiting, running, done or failed; `error` a slug and `message` why it failed.
    """

    state: str
    progress: int
    total: int
    error: str
    message: str
    created: datetime
    started: datetime | None
    finished: datetime | None


class Marker(BaseModel):
    """A flag, or a near miss. `state` is flagged or near as the model left it, else the verdict of
    the person who judged it; only where `decided` is true does it count."""

    turn: int
    code: str
    family: str
    intensity: str | None
    probability: float
    family_probability: float
    decided: bool
    state: str
    by: str
    why: str


class Judging(In):
    """A person's word on a code of a turn. "relabeled" names the right code in `to`; "cleared"
    takes an earlier word back; `intensity` is for codes of withdrawal and confrontation."""

    turn: TurnNumber
    code: Code
    verdict: Verdict
    to: Code | Literal[""] = ""
    intensity: Intensity = ""


class Notice(BaseModel):
    """Whether the therapist noticed this at the time."""

    turn: int
    yes: bool
    at: datetime


class NewNotice(In):
    """Whether you noticed this at the time."""

    turn: TurnNumber
    yes: bool


class Note(BaseModel):
    """A note on a turn; on the session where `turn` is null."""

    id: int
    turn: int | None
    text: str
    created: datetime
    edited: datetime | None


class NewNote(In):
    """A note to keep."""

    text: Annotated[str, text(4000)]
    turn: TurnNumber | None = None


class NoteChange(In):
    """The note's text from now on."""

    text: Annotated[str, text(4000)]


# Check-ins


class Item(BaseModel):
    """A line of a form: what can be answered."""

    number: int
    name: str
    low: float
    high: float
    step: float


class Measure(BaseModel):
    """A form that can be answered; `languages` are those whose wording is here."""

    id: str
    name: str
    raters: list[str]
    languages: list[str]
    validated: bool
    items: list[Item]


class Answer(BaseModel):
    """A form filled in, with its score; `total` is null where it cannot be scored."""

    id: UUID
    measure: str
    rater: str
    about: date
    how: str
    at: datetime
    answers: dict[str, float | None]
    total: float | None
    subscales: dict[str, float | None]
    risk: str


class NewAnswer(In):
    """A form to keep: `answers` by number of the item, null where left out; `about` is the day of
    the session. `instead` puts it in the place of one that is there."""

    measure: Annotated[str, text(60)]
    rater: Literal["client", "therapist", "observer"] = "client"
    about: Day
    answers: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")],
            Annotated[float, Field(allow_inf_nan=False)] | None,
        ],
        Field(max_length=500, json_schema_extra={"additionalProperties": False}),
    ]
    language: Annotated[str, Field(max_length=5, pattern=r"^[A-Za-z-]*$")] = ""
    instead: bool = False


class NewLink(In):
    """A link to make, for one form about the session of one day, else in the client's language."""

    measure: Annotated[str, text(60)]
    language: Annotated[str, Field(max_length=5, pattern=r"^[A-Za-z-]*$")] = ""
    about: Day
    days: Annotated[int, Field(ge=1, le=60)] = 7
    instead: bool = False


class Link(BaseModel):
    """A link by which the client answers once; the address is told this once."""

    id: int
    address: str
    measure: str
    language: str
    about: date
    expires: datetime


class MadeLink(BaseModel):
    """A link that was made: whether it still opens the form, and when it was used or closed."""

    id: int
    measure: str
    language: str
    about: date
    expires: datetime
    used: datetime | None
    revoked: datetime | None
    open: bool


# What follows


class Signal(BaseModel):
    """A prompt to look at a client's course; `false_per_12` false alarms in 12 sessions."""

    session: int
    date: date | None
    source: str
    kind: str
    rule: str
    level: str
    why: str
    by: str
    false_per_12: float | None
    with_sources: list[str]


class Episode(BaseModel):
    """A stretch `[first, last)` of strain; `number` counts the sessions held, `session` is its id.

    `repaired_at` is the number of the session in which it looks repaired.
    """

    number: int
    session: UUID
    date: date
    first: int
    last: int
    kind: str
    intensity: str
    state: str
    signs: int
    confirmed: bool
    noticed: bool | None
    repaired_at: int | None


class Piece(BaseModel):
    """Some words of a hit, and whether they are what was looked for."""

    text: str
    found: bool


class Hit(BaseModel):
    """A turn or note that fits; `turn` is null for a note on a whole session."""

    session: UUID
    client: str
    held_on: date
    number: int
    turn: int | None
    who: str
    parts: list[Piece]


class Hits(BaseModel):
    """Up to 30 hits, best first; `next` is the page after, null on the last."""

    items: list[Hit]
    next: int | None
