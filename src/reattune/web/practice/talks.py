"""A learner's talks: begun, gone on with, contested, ended, deleted. Nobody else's are reached.

The client's answer may take a while, so no transaction is held meanwhile: a change is kept only if
the talk is as it was read (`revision`), else it is worked out again from what it is now.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from django.db import transaction
from django.utils import timezone

from reattune import practice
from reattune.errors import InputError
from reattune.web.accounts.models import User
from reattune.web.practice import sealing, speaking
from reattune.web.practice.models import Talk

TRIES = 5  # of a change that others come before


@dataclass(frozen=True)
class Kept:
    """A talk as it was opened.

    `notes` say of a reply, by its number from 0, why the client's next line is worded as it is.
    """

    row: Talk
    run: practice.Run
    notes: dict[int, str] = field(default_factory=dict)

    @cached_property
    def scenario(self) -> practice.Scenario | None:
        """What was practiced, None if that is no longer there."""
        try:
            return practice.find(self.run.scenario)
        except InputError:
            return None

    @property
    def current(self) -> bool:
        """Whether its scenario is still as it was, so that it can go on and be explained."""
        return self.scenario is not None and self.scenario.version == self.run.version

    @property
    def title(self) -> str:
        """What it is called."""
        return self.scenario.title if self.scenario else self.run.scenario

    @property
    def going(self) -> bool:
        """Whether it can go on."""
        return self.current and not self.run.over


class Changed(Exception):
    """Somebody, in another window, came before each try."""


Change = Callable[[Kept], Kept]


# Reading


def opened(row: Talk, key: bytes | None = None) -> Kept:
    """A talk; InputError "bad-sealed-file" or "bad-run" if it is damaged."""
    content = sealing.opened(row, key or sealing.talk_key())
    notes = {int(number): note for number, note in content["notes"].items()}
    return Kept(row, practice.run_from_dict(content["run"]), notes)


def all_of(user: User) -> tuple[list[Kept], list[Talk]]:
    """The user's talks, the latest first, and those that are damaged."""
    key, kept, damaged = sealing.talk_key(), [], []
    for row in Talk.objects.filter(learner=user):
        try:
            kept.append(opened(row, key))
        except InputError:
            damaged.append(row)
    return kept, damaged


def runs_of(kept: Sequence[Kept]) -> Iterator[practice.Run]:
    """The runs themselves."""
    return (one.run for one in kept)


# Changing


def begin(user: User, what: practice.Scenario | practice.Drill, today: date) -> Kept:
    """A new talk, or the one that was begun and has no reply yet: pressing twice begins once."""
    scenario = what.scenario if isinstance(what, practice.Drill) else what
    for one in all_of(user)[0]:
        if one.going and not one.run.exchanges and one.run.scenario == scenario.id:
            return one
    voice = speaking.configured().voice
    run = practice.start(what, secrets.randbelow(1 << 31), on=today, voice=voice)
    made = Kept(Talk(learner=user), run)
    made.row.sealed = as_sealed(made)
    made.row.save()
    return made


def reply(kept: Kept, number: int, text: str) -> Kept:
    """The talk after reply `number` (from 0); as it is, if that was given already.

    InputError "practice-over" or "practice-outdated"; `Changed` if it could not be kept.
    """

    def change(now: Kept) -> Kept:
        if number != len(now.run.exchanges):
            return now
        voice = speaking.configured().voice
        speaking.ready()
        run, told = practice.reply(now.run, text, voice=voice)
        notes = now.notes | ({number: told.next_note} if told.next_note else {})
        return replace(now, run=run, notes=notes)

    return changed(kept, change)


def contest(kept: Kept, number: int, code: str, view: str) -> Kept:
    """The talk with a reading contested; InputError "unknown-reading"."""
    return changed(
        kept, lambda now: replace(now, run=practice.contest(now.run, number, code, view))
    )


def end(kept: Kept) -> Kept:
    """The talk, ended by the learner if it had not ended."""
    from reattune.practice.runs import stop

    return changed(kept, lambda now: replace(now, run=stop(now.run)))


def changed(kept: Kept, change: Change) -> Kept:
    """The talk after a change, kept unless nothing changed."""
    for _ in range(TRIES):
        after = change(kept)
        if after.run == kept.run or save(after):
            return after
        kept = opened(Talk.objects.get(pk=kept.row.pk))
    raise Changed


def save(kept: Kept) -> bool:
    """Keep a talk; False if it is no longer as it was read."""
    row = kept.row
    with transaction.atomic():
        same = Talk.objects.filter(pk=row.pk, revision=row.revision)
        done = same.update(
            sealed=as_sealed(kept), revision=row.revision + 1, changed=timezone.now()
        )
    if done:
        row.revision += 1
    return bool(done)


def as_sealed(kept: Kept) -> bytes:
    """A talk as ciphertext."""
    content = {"run": practice.run_to_dict(kept.run), "notes": kept.notes}
    return sealing.sealed(kept.row, content, sealing.talk_key())
