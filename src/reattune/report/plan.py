"""The plan at the terminal: each rupture with its steps, what is proposed, what comes next."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reattune import guidance
from reattune.codebook import code
from reattune.guidance import Guidance
from reattune.repair import Basis, Proposal
from reattune.repair_plan import Plan, Planned, Step
from reattune.report.plan_words import (
    RUPTURE_STATES,
    episodes_in_words,
    name_of,
    sign_words,
    sources_of,
    state_words,
    title_of,
    where_words,
)
from reattune.report.terminal import STYLES, Sheet
from reattune.report.told import day_words
from reattune.report.words import counted, joined, shorten

if TYPE_CHECKING:
    from rich.console import Console

QUOTE = 110  # characters of a quote
QUOTES = 2  # of the client, of an open rupture
PHRASES = 2  # wordings shown of the next step; --json has all
STEP = 20  # columns of a step's name
STANDS = 13  # columns of its state
VERDICT = (
    "What the words look like is a proposal until a person confirms it, and it is often wrong. The "
    "order of the steps is a default, not a law; the rules have not been tested in a trial. No "
    "assessment of client or therapist."
)
NOTHING = (
    "No rupture is followed, and the words show none that counts. Quiet strain is missed easily."
)


def render_terminal(plan: Plan, console: Console) -> None:
    """Prints the plan."""
    sheet, whole = Sheet(console), guidance.load(plan.language)
    sheet.put(sheet.fit(name_of(plan.client, 100)), style="bold")
    sheet.put(f"Plan after session {plan.session}, {day_words(plan.date)}".rstrip(", "))
    for note in plan.notes:
        sheet.put(sheet.fit(note.text), indent=3, lead="!!", style="bold red")
    sheet.gap()
    for id in plan.asks:
        sheet.put(sheet.fit(whole.texts[id].text))
        sheet.gap()
    shown = [own for own in plan.ruptures if own.rupture.state not in ("joined", "withdrawn")]
    for own in shown:
        _rupture(sheet, own, whole)
        sheet.gap()
    if not shown:
        sheet.put(NOTHING)
        sheet.gap()
    _unexplained(sheet, plan)
    _cases(sheet, plan, whole)
    _missteps(sheet, plan)
    _closing(sheet, plan, whole)


def _rupture(sheet: Sheet, own: Planned, whole: Guidance) -> None:
    rupture = own.rupture
    title = (title_of(rupture.kind, rupture.intensity) + ".", f"bold {STYLES[rupture.kind]}")
    sheet.put(title, " ", (f"{state_words(rupture)}.", "bold"), (f"  [{rupture.id}]", "dim"))
    sheet.put(episodes_in_words(own.episodes), indent=2, lead="  ")
    closing = rupture.closing
    if closing is not None:
        sheet.put(sheet.fit(f"Why: {closing.note}"), indent=2, lead="  ")
    if own.live:
        _words(sheet, own, whole)
    _steps(sheet, own, whole)
    if own.live:
        _proposed(sheet, own, whole)
        _next(sheet, own, whole)


def _words(sheet: Sheet, own: Planned, whole: Guidance) -> None:
    """The client's clearest words of the last session, and how the client left it."""
    latest = [o for o in own.episodes if o.session == own.rupture.latest]
    for basis in [b for o in latest for b in o.words[:1]][-QUOTES:]:
        _quote(sheet, basis)
    answer = whole.planning.answers[own.answer.id]
    if own.rupture.episodes:
        told = f"The client's last answer: {answer.name.strip('“”').lower()}. {own.answer.why}"
        sheet.put(sheet.fit(told), indent=2, lead="  ")


def _quote(sheet: Sheet, basis: Basis) -> None:
    words = sheet.fit(f"“{shorten(basis.quote, QUOTE)}”")
    said = f"{where_words(basis)}, {sign_words(basis).lower()}"
    sheet.put((words, "italic"), "  ", (sheet.fit(said), "dim"), indent=4)


def _steps(sheet: Sheet, own: Planned, whole: Guidance) -> None:
    """A line for each step: where it stands, and what looks like it in the words."""
    for step in own.steps:
        state = whole.planning.states[step.state].name
        marked = ">" if step.id == own.next else " "
        lead = f"  {marked} {step.number} {step.name:{STEP}} {state:{STANDS}} "
        sheet.put(sheet.fit(_heard(step)) or " ", indent=len(lead), lead=lead)


def _heard(step: Step) -> str:
    """When it moved by the therapist's word, and what looks like it in the words."""
    moved = [f"session {row.session}" for row in step.rows if row.new == step.state]
    if step.seen is None:
        return joined(list(dict.fromkeys(moved)))
    turn = step.seen.rests_on[0].turn if step.seen.rests_on else None
    where = f"session {step.seen.session}" + (f", turn {turn + 1}" if turn is not None else "")
    looks = {"landed": "looks landed", "tried": "looks tried"}.get(
        step.seen.new, "looks turned down"
    )
    return f"{looks} in {where}"


def _proposed(sheet: Sheet, own: Planned, whole: Guidance) -> None:
    """What an analysis proposes for the rupture itself."""
    for proposal in own.waiting:
        if not proposal.part:
            _proposal(sheet, proposal, whole)
    if own.watch is not None:
        said = f"Quiet watch: look again after session {own.watch.remind}, ends with session "
        sheet.put(f"{said}{own.watch.expires}.", indent=2, lead="  ")


def _proposal(sheet: Sheet, proposal: Proposal, whole: Guidance) -> None:
    name = RUPTURE_STATES[proposal.new].name.lower() if proposal.new else "a question"  # type: ignore[index]
    asks = whole.texts[proposal.asks].text
    head = (f"Proposed: {name}. ", f"bold {STYLES['repair']}")
    sheet.put(head, sheet.fit(f"{proposal.why} {asks}"), indent=2, lead="  ")


def _next(sheet: Sheet, own: Planned, whole: Guidance) -> None:
    """The step to think of first, with wordings."""
    if not own.next:
        return
    step = next(step for step in own.steps if step.id == own.next)
    head = (f"Next, if you like: {step.name.lower()}. ", "bold")
    sheet.put(head, sheet.fit(whole.texts[step.aim].text), indent=2, lead="  ")
    for id in step.phrases[:PHRASES]:
        said = sheet.fit(f"“{whole.texts[id].text}”")
        sheet.put((said, "italic"), indent=4, lead="    ")


def _unexplained(sheet: Sheet, plan: Plan) -> None:
    if not plan.unexplained:
        return
    sheet.put("Signs that no rupture accounts for", style="bold")
    for basis in plan.unexplained:
        sheet.put(sheet.fit(basis.why), indent=4, lead=f"  {sheet.symbols.bullet}")
    sheet.gap()


def _cases(sheet: Sheet, plan: Plan, whole: Guidance) -> None:
    """The hard cases that apply in short, the others by name."""
    if plan.cases:
        sheet.put("Hard cases that apply", style="bold")
        for case in plan.cases:
            branch = whole.branches[case.id]
            name = (sheet.fit(f"{branch.name}.") + " ", "bold")
            said = sheet.fit(f"{case.because} {branch.do[0].text}")
            sheet.put(name, said, indent=4, lead=f"  {sheet.symbols.bullet}")
        sheet.gap()
    if plan.live:
        names = joined(list(plan.offered))
        sheet.put(sheet.fit(f"Others that you may know of, with --case: {names}."), style="dim")
        sheet.gap()


def _missteps(sheet: Sheet, plan: Plan) -> None:
    """How many missteps look likely, by name; each with its rewording is in the session report."""
    if not plan.missteps:
        return
    counts = Counter(one.code for one in plan.missteps)
    sessions = len({one.own.session for one in plan.missteps})
    names = joined([f"{code(id).name.lower()} {n}" for id, n in counts.most_common()])
    told = f"{counted(len(plan.missteps), 'misstep')} flagged in {counted(sessions, 'session')}: "
    sheet.put(sheet.fit(f"{told}{names}. Each beside a rewording: reattune analyze --pdf."))
    sheet.gap()


def _closing(sheet: Sheet, plan: Plan, whole: Guidance) -> None:
    used = [id for own in plan.live for step in own.steps for id in (step.aim, *step.phrases)]
    used += [p.asks for own in plan.live for p in own.waiting]
    if used:
        sheet.put(sheet.fit(f"Sources: {'; '.join(sources_of(whole, used))}."), style="dim")
    sheet.put(VERDICT, style="dim")
