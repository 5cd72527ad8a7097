"""A rupture as rows: what may follow what, by whom; people and analyses at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reattune import guidance
from reattune.errors import InputError
from reattune.repair import (
    ANALYSIS,
    CLOSED,
    HUMAN,
    STEPS,
    TRANSITIONS,
    Change,
    Occurrence,
    Proposal,
    Rupture,
    accept,
    allowed,
    apply,
    decline,
    merge,
    open_rupture,
    renew,
    state_of,
    waiting,
    with_proposal,
)

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
ID = "s2-1"


def fresh(**values) -> Rupture:
    made = Rupture(ID, "c-1", "withdrawal", "micro", 2, None)
    made = replace(made, **values)
    return open_rupture(made, when=NOW, who="repair/1", by=ANALYSIS, note="An episode.")


def change(part: str, old: str, new: str, note: str = "We spoke of it.", **values) -> Change:
    made = Change(ID, part, old, new, NOW, 3, "ruth", HUMAN, note)
    return replace(made, **values)


def proposal(
    part: str = "validate", new: str = "landed", session: int = 3, id: str = ""
) -> Proposal:
    asks = "plan.prompt.looks_like" if part else "plan.prompt.close"
    return Proposal(
        id or f"{part or 'rupture'}-{new}-s{session}", part, new, session, asks, "Heard.", "test"
    )


def slug(rupture: Rupture, row: Change) -> str:
    with pytest.raises(InputError) as caught:
        apply(rupture, row)
    return caught.value.slug


# The table


def test_every_state_can_be_reached_and_closing_always_says_why():
    reached = {new for (part, _, new) in TRANSITIONS if part == "rupture"}
    assert reached >= {"open", "watched", "withdrawn", *CLOSED}
    for (part, old, new), row in TRANSITIONS.items():
        if part == "rupture" and (new in CLOSED or old in CLOSED):
            assert row.by == {HUMAN}
            assert row.why


def test_an_analysis_decides_no_step_and_no_closure():
    for (part, old, new), row in TRANSITIONS.items():
        if ANALYSIS in row.by:
            assert part == "proposal" or {old, new} <= {"", "open", "withdrawn"}


def test_the_steps_are_those_of_guidance():
    assert tuple(step.id for step in guidance.load().steps) == STEPS
    known = {new for (part, _, new) in TRANSITIONS if part == "step"} | {"not_yet"}
    assert known == set(guidance.load().planning.states)


def test_the_order_of_the_steps_is_no_law():
    made = apply(fresh(), change("negotiate", "not_yet", "landed"))
    made = apply(made, change("notice", "not_yet", "tried"))
    assert (made.step("negotiate"), made.step("notice")) == ("landed", "tried")
    assert made.step("invite") == "not_yet"


def test_a_step_can_be_tried_again_in_another_session():
    made = apply(fresh(), change("invite", "not_yet", "tried"))
    made = apply(made, change("invite", "tried", "tried", session=4))
    made = apply(made, change("invite", "tried", "did_not_land", session=4))
    assert [row.session for row in made.rows("invite")] == [3, 4, 4]


@pytest.mark.parametrize("new", ["skipped", "not_yet"])
def test_leaving_a_step_out_or_taking_it_back_needs_a_reason(new):
    made = apply(fresh(), change("invite", "not_yet", "tried"))
    assert slug(made, change("invite", "tried", new, note=" ")) == "change-incomplete"
    assert apply(made, change("invite", "tried", new)).step("invite") == new


# What is refused


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (change("", "open", "repaired", who=" "), "change-incomplete"),
        (change("", "open", "repaired", note=""), "change-incomplete"),
        (change("", "open", "repaired", when=datetime(2026, 5, 1)), "change-incomplete"),
        (change("", "open", "repaired", session=1), "change-incomplete"),
        (change("", "open", "joined"), "change-incomplete"),
        (change("", "open", "joined", into=ID), "change-incomplete"),
        (change("", "open", "repaired", into="s4-1"), "change-incomplete"),
        (change("", "watched", "repaired"), "stale-change"),
        (change("invite", "tried", "landed"), "stale-change"),
        (change("", "open", "withdrawn"), "change-not-allowed"),
        (change("", "open", "mended"), "change-not-allowed"),
        (change("", "open", "open"), "change-not-allowed"),
        (change("", "open", "repaired", by=ANALYSIS), "change-not-allowed"),
        (change("invite", "not_yet", "tried", by=ANALYSIS), "change-not-allowed"),
        (change("listen", "not_yet", "tried"), "change-elsewhere"),
        (change("", "open", "repaired", rupture="s9-1"), "change-elsewhere"),
    ],
)
def test_a_row_that_cannot_be_is_refused_and_nothing_changes(row, expected):
    made = fresh()
    before = made.changes
    assert slug(made, row) == expected
    assert made.changes == before


def test_errors_say_what_where_and_what_to_do_without_the_note():
    with pytest.raises(InputError) as caught:
        apply(fresh(), change("", "open", "mended", note="said in the session"))
    assert "said in the session" not in str(caught.value)
    assert "session 3" in caught.value.where
    assert "repaired" in caught.value.remedy


def test_a_closed_rupture_stands_until_a_person_reopens_it_and_says_why():
    made = apply(fresh(), change("", "open", "repaired"))
    assert made.closed
    assert made.closing == made.changes[-1]
    assert slug(made, change("invite", "not_yet", "tried")) == "change-not-allowed"
    assert slug(made, change("", "repaired", "open", note="")) == "change-incomplete"
    assert slug(made, change("", "repaired", "open", by=ANALYSIS)) == "change-not-allowed"
    again = apply(made, change("", "repaired", "open", note="It came back."))
    assert not again.closed
    assert len(again.changes) == 3


def test_what_is_repaired_in_part_can_go_on():
    made = apply(fresh(), change("", "open", "repaired_in_part"))
    made = apply(made, change("validate", "not_yet", "landed"))
    assert apply(made, change("", "repaired_in_part", "ended")).state == "ended"


def test_joining_names_the_other_rupture():
    made = apply(fresh(), change("", "open", "joined", into="s1-1"))
    assert made.closing is not None
    assert made.closing.into == "s1-1"


def test_allowed_lists_what_a_person_may_do_now():
    made = fresh()
    assert set(allowed(made)) == {"watched", *CLOSED}
    assert "withdrawn" not in allowed(made)
    assert set(allowed(made, "invite")) == {"tried", "landed", "did_not_land", "skipped"}
    closed = apply(made, change("", "open", "repaired"))
    assert allowed(closed) == ("open",)
    assert allowed(closed, "invite") == ()


# Proposals


def test_accepting_makes_two_rows_and_declining_one():
    made = with_proposal(fresh(), proposal())
    yes = accept(made, "validate-landed-s3", when=NOW, who="ruth")
    assert yes.step("validate") == "landed"
    assert [(row.part, row.new) for row in yes.changes[1:]] == [
        ("validate-landed-s3", "accepted"),
        ("validate", "landed"),
    ]
    no = decline(made, "validate-landed-s3", when=NOW, who="ruth", note="It was small talk.")
    assert no.step("validate") == "not_yet"
    assert no.answer("validate-landed-s3") == "declined"
    assert waiting(no) == ()


def test_a_closure_is_accepted_with_a_note_only():
    made = with_proposal(fresh(), proposal("", "repaired", 5))
    with pytest.raises(InputError, match="why"):
        accept(made, "rupture-repaired-s5", when=NOW, who="ruth")
    closed = accept(made, "rupture-repaired-s5", when=NOW, who="ruth", note="She said so.")
    assert closed.closing is not None
    assert closed.closing.session == 5


def test_a_closure_can_be_dated_otherwise():
    made = with_proposal(fresh(), proposal("", "repaired", 5))
    closed = accept(made, "rupture-repaired-s5", when=NOW, who="r", note="At once.", session=2)
    assert closed.closing is not None
    assert closed.closing.session == 2


def test_what_leads_no_further_does_not_wait():
    made = with_proposal(fresh(), proposal("validate", "tried"))
    assert [p.new for p in waiting(made)] == ["tried"]
    further = apply(made, change("validate", "not_yet", "landed"))
    assert waiting(further) == ()


def test_after_a_further_strain_a_step_may_be_proposed_again():
    later = Occurrence(5, None, 0, 4, "withdrawal", "micro", "unnoticed")
    made = apply(fresh(episodes=(later,)), change("validate", "not_yet", "landed"))
    made = with_proposal(made, proposal("validate", "landed", 6))
    assert [p.session for p in waiting(made)] == [6]


def test_an_unknown_proposal_is_told():
    for answer in (accept, decline):
        with pytest.raises(InputError) as caught:
            answer(fresh(), "none", when=NOW, who="ruth")
        assert caught.value.slug == "change-elsewhere"


def test_a_new_analysis_takes_back_and_puts_again_with_a_row_each():
    made = with_proposal(fresh(), proposal())
    gone = renew(made, [], when=NOW, who="repair/1")
    assert gone.answer(proposal().id) == "withdrawn"
    assert gone.changes[-1].note
    back = renew(gone, [proposal()], when=NOW, who="repair/1")
    assert back.answer(proposal().id) == "pending"
    assert len(back.changes) == 3
    assert renew(back, [proposal()], when=NOW, who="repair/1") == back


def test_a_new_analysis_leaves_answered_proposals_alone():
    made = decline(with_proposal(fresh(), proposal()), proposal().id, when=NOW, who="ruth")
    assert renew(made, [], when=NOW, who="repair/1") == made
    assert renew(made, [proposal()], when=NOW, who="repair/1") == made


# People and analyses at once


def test_an_analysis_that_decides_is_turned_into_a_proposal():
    row = change("validate", "not_yet", "landed", who="repair/1", by=ANALYSIS)
    made = merge(fresh(), analysis=[row])
    assert made.step("validate") == "not_yet"
    assert [p.new for p in waiting(made)] == ["landed"]


def test_an_analysis_takes_back_only_what_nobody_has_touched():
    row = change("", "open", "withdrawn", who="repair/1", by=ANALYSIS)
    assert merge(fresh(), analysis=[row]).state == "withdrawn"
    touched = merge(fresh(), analysis=[row], human=[change("notice", "not_yet", "tried")])
    assert touched.state == "open"
    assert [p.new for p in waiting(touched)] == ["set_aside"]


def test_a_row_of_an_analysis_cannot_pass_for_a_persons():
    with pytest.raises(InputError):
        merge(fresh(), human=[change("", "open", "repaired", by=ANALYSIS)])


def test_two_people_at_once_do_not_overwrite_each_other():
    made = merge(fresh(), human=[change("notice", "not_yet", "tried")])
    with pytest.raises(InputError) as caught:
        merge(made, human=[change("notice", "not_yet", "landed")])
    assert caught.value.slug == "stale-change"


def test_a_merge_can_be_repeated():
    rows = [change("notice", "not_yet", "tried"), change("notice", "tried", "landed")]
    once = merge(fresh(), [proposal()], rows)
    assert merge(once, [proposal()], rows) == once


PARTS = st.sampled_from(["", *STEPS])
WORDS = st.sampled_from(["", "We spoke of it."])


@st.composite
def decisions(draw: st.DrawFn, rupture: Rupture, count: int = 6) -> list[Change]:
    """Rows that a person may make one after the other."""
    rows: list[Change] = []
    for n in range(draw(st.integers(0, count))):
        part = draw(PARTS)
        choices = allowed(rupture, part)
        if not choices:
            continue
        new = draw(st.sampled_from(choices))
        old = state_of(rupture, "step" if part else "rupture", part)
        into = "s9-9" if new == "joined" else ""
        row = change(part, old, new, when=NOW + timedelta(minutes=n), into=into)
        rupture = apply(rupture, row)
        rows.append(row)
    return rows


@st.composite
def findings(draw: st.DrawFn) -> list[Change | Proposal]:
    """What an analysis may come with: proposals, and rows that it had better not make."""
    found: list[Change | Proposal] = []
    for _ in range(draw(st.integers(0, 6))):
        part = draw(PARTS)
        if draw(st.booleans()):
            new = draw(st.sampled_from(["tried", "landed"] if part else ["repaired", "watched"]))
            found.append(proposal(part, new, draw(st.integers(2, 6))))
        else:
            old = draw(st.sampled_from(["open", "repaired", "not_yet", "tried", "withdrawn"]))
            new = draw(st.sampled_from(["open", "withdrawn", "repaired", "landed", "not_yet"]))
            found.append(change(part, old, new, draw(WORDS), who="repair/1", by=ANALYSIS))
    return found


def states(rupture: Rupture) -> dict[str, str]:
    return {"": rupture.state, **{step: rupture.step(step) for step in STEPS}}


@given(st.data())
@settings(max_examples=300)
def test_whatever_an_analysis_says_people_have_the_last_word(data: st.DataObject):
    human = data.draw(decisions(fresh()))
    analysis = data.draw(findings())
    alone = merge(fresh(), human=human)
    together = merge(fresh(), analysis, human)
    if human:
        assert states(together) == states(alone)
    else:
        assert {k: v for k, v in states(together).items() if k} == dict.fromkeys(STEPS, "not_yet")
        assert together.state in ("open", "withdrawn")
    assert [row for row in together.changes if row.by == HUMAN] == human
    known = {p.id for p in together.proposals}
    assert known >= {found.id for found in analysis if isinstance(found, Proposal)}


@given(st.data())
@settings(max_examples=200)
def test_it_does_not_matter_who_comes_first_once_people_have_spoken(data: st.DataObject):
    human = [change("notice", "not_yet", "tried")]
    human += data.draw(decisions(merge(fresh(), human=human)))
    analysis = [found for found in data.draw(findings()) if isinstance(found, Proposal)]
    one = merge(merge(fresh(), human=human), analysis)
    other = merge(merge(fresh(), analysis), human=human)
    assert states(one) == states(other)
    assert set(one.proposals) == set(other.proposals)


class Life(RuleBasedStateMachine):
    """A rupture through any life: rows by people, analyses between them, and mistakes."""

    @initialize()
    def begin(self) -> None:
        self.rupture = fresh()
        self.seen: tuple[Change, ...] = self.rupture.changes
        self.proposed: set[str] = set()
        self.n = 0

    def _row(self, part: str, old: str, new: str, note: str, by: str = HUMAN) -> Change:
        self.n += 1
        into = "s9-9" if new == "joined" else ""
        when = NOW + timedelta(minutes=self.n)
        who = "ruth" if by == HUMAN else "repair/1"
        return Change(ID, part, old, new, when, 3, who, by, note, into)  # type: ignore[arg-type]

    @rule(part=PARTS, data=st.data())
    def a_person_decides(self, part: str, data: st.DataObject) -> None:
        choices = allowed(self.rupture, part)
        if choices:
            new = data.draw(st.sampled_from(choices))
            old = state_of(self.rupture, "step" if part else "rupture", part)
            self.rupture = merge(self.rupture, human=[self._row(part, old, new, "Because.")])

    @rule(part=PARTS, old=st.text(max_size=3), new=st.sampled_from(sorted(CLOSED)), note=WORDS)
    def somebody_errs(self, part: str, old: str, new: str, note: str) -> None:
        before = self.rupture
        row = self._row(part, old, new, note)
        if old == state_of(before, "step" if part else "rupture", part):
            return
        with pytest.raises(InputError):
            apply(before, row)

    @rule(found=findings())
    def an_analysis_comes_in(self, found: list[Change | Proposal]) -> None:
        self.rupture = merge(self.rupture, found)

    @rule(found=st.lists(st.builds(proposal, st.sampled_from(STEPS), session=st.integers(2, 6))))
    def the_words_are_read_again(self, found: list[Proposal]) -> None:
        self.n += 1
        when = NOW + timedelta(minutes=self.n)
        self.rupture = renew(self.rupture, found, when=when, who="repair/1")

    @precondition(lambda self: waiting(self.rupture))
    @rule(data=st.data(), yes=st.booleans())
    def a_proposal_is_answered(self, data: st.DataObject, yes: bool) -> None:
        self.n += 1
        chosen = data.draw(st.sampled_from(waiting(self.rupture)))
        when = NOW + timedelta(minutes=self.n)
        answer = accept if yes else decline
        self.rupture = answer(self.rupture, chosen.id, when=when, who="ruth", note="Because.")
        if yes and chosen.new:
            at = state_of(self.rupture, "step" if chosen.part else "rupture", chosen.part)
            assert at == chosen.new

    @invariant()
    def no_row_is_lost_or_changed(self) -> None:
        assert self.rupture.changes[: len(self.seen)] == self.seen
        self.seen = self.rupture.changes
        now = {p.id for p in self.rupture.proposals}
        assert now >= self.proposed
        self.proposed = now

    @invariant()
    def every_row_starts_where_the_one_before_ended(self) -> None:
        last: dict[str, str] = {}
        for row in self.rupture.changes:
            start = "" if row.part == "" else "not_yet" if row.part in STEPS else "pending"
            assert row.old == last.get(row.part, start)
            last[row.part] = row.new

    @invariant()
    def nothing_closes_or_reopens_without_a_person_who_says_why(self) -> None:
        for row in self.rupture.changes:
            assert row.who.strip()
            if row.part == "" and (row.new in CLOSED or row.old in CLOSED):
                assert row.by == HUMAN
                assert row.note.strip()

    @invariant()
    def an_analysis_moves_no_step(self) -> None:
        assert all(row.by == HUMAN for row in self.rupture.changes if row.part in STEPS)

    @invariant()
    def after_a_person_spoke_no_analysis_moves_the_rupture(self) -> None:
        spoken = False
        for row in self.rupture.changes:
            assert not (spoken and row.by == ANALYSIS and row.part == "")
            spoken = spoken or row.by == HUMAN


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLife = Life.TestCase
