"""Practice at the terminal: the list, the talk, feedback after each reply, the summary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from reattune.practice.drills import Drill
from reattune.practice.parts import PARTS, Inner, Scenario
from reattune.practice.runs import Moved, Run
from reattune.practice.told import Cited, Feedback, Read, Summary, Used

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100  # columns that lines are wrapped at
BAR = 10  # signs of a bar from 0 to 1
HARD = {
    "": "",
    "denial": "denial",
    "apology_bait": "bait for a quick apology",
    "late_hour": "late in the hour",
    "cultural_slip": "a cultural slip",
    "telehealth_lag": "lag by video",
    "anger_bait": "bait for anger",
    "activated": "highly stirred up",
    "hopeless": "hopelessness",
    "ending": "an ending",
}
SETTINGS = {"in_person": "in person", "video": "by video", "phone": "by phone", "chat": "by chat"}

HELP = (
    "Type what you would say, and press Enter.",
    "/why: the last reply in full, with rules, sources, how sure, other readings.",
    "/contest CODE ...: a reading does not fit; add how you see it, if you like.",
    "/end: end here, with the summary (so does Ctrl-D).",
    "?: this help.",
)


def lines(console: Console, *texts: str, indent: int = 0, style: str = "") -> None:
    """Texts as they are, wrapped and indented."""
    from rich.text import Text

    width = min(WIDTH, console.width) - indent
    for text in texts:
        for paragraph in text.split("\n"):
            for line in wrap(paragraph, width, drop_whitespace=True) or [""]:
                console.print(Text(" " * indent + line, style=style), soft_wrap=True)


# The list


def render_list(scenarios: Iterable[Scenario], drills: Iterable[Drill], console: Console) -> None:
    """Scenarios by kind, intensity and hard case, then the drills."""
    from rich.table import Table

    ordered = sorted(scenarios, key=lambda s: (s.kind, s.intensity != "micro", s.hard, s.id))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Scenario", "Strain", "Hard case", "What happens"):
        table.add_column(heading, overflow="fold")
    for one in ordered:
        table.add_row(one.id, f"{one.kind}, {one.intensity}", HARD[one.hard], one.title)
    console.print(table)
    console.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Drill", "Practices", "Task"):
        table.add_column(heading, overflow="fold")
    for drill in drills:
        table.add_row(drill.id, drill.skill.replace("_", " "), drill.task)
    console.print(table)
    console.print()
    lines(console, "reattune practice SCENARIO, or reattune practice --drill DRILL")


# The talk


def render_start(scenario: Scenario, run: Run, console: Console) -> None:
    """Who the client is, what has happened, what to practice, and the first lines."""
    person = scenario.person
    console.print()
    lines(console, scenario.title, style="bold")
    lines(console, scenario.summary)
    if not scenario.drill:
        lines(console, f"{person.name}: {person.history}", style="dim")
        where = SETTINGS[scenario.setting]
        lines(console, f"{where.capitalize()}, {scenario.minutes} minutes left.", style="dim")
    lines(console, f"Practice: {scenario.task}")
    lines(console, "A made-up client. ? for help, /end to stop.", style="dim")
    console.print()
    for line in scenario.before:
        lines(console, f"{'You' if line.who == 'T' else person.name}: {line.text}", style="dim")
    render_line(scenario, run, console)


def render_line(scenario: Scenario, run: Run, console: Console) -> None:
    """The client's line as it is now."""
    lines(console, f"{scenario.person.name}: {run.said}", style="bold")


def render_feedback(made: Feedback, console: Console) -> None:
    """What came of a reply, in short."""
    if made.unscored:
        lines(console, made.unscored, indent=2)
    counted = [read for read in made.readings if read.counted]
    for read in counted:
        sign = "+" if read.family == "repair" else "-"
        lines(
            console, f"{sign} {read.name} ({read.probability:.0%} sure): “{read.quote}”", indent=2
        )
        for moved in made.moved:
            if moved.code == read.code:
                lines(console, moved.why, indent=4, style="dim")
    if not counted and not made.unscored:
        lines(console, "No repair move and no misstep was read in it; nothing moved.", indent=2)
    lines(console, course_line(made.before, made.after), indent=2)
    for rewording in made.rewordings[:1]:
        of = f" ({', '.join(rewording.sources)})" if rewording.of == "guidance" else ""
        lines(console, f"Another wording: “{rewording.text}”{of}", indent=2, style="italic")
    if made.next_note:
        lines(console, made.next_note, indent=2, style="dim")
    console.print()


def course_line(before: Inner, after: Inner) -> str:
    """The three numbers, each with where it came from if it moved."""
    return ", ".join(_step(name, getattr(before, name), getattr(after, name)) for name in PARTS)


def _step(name: str, before: float, after: float) -> str:
    same = abs(after - before) < 0.005
    return f"{name} {after:.2f}" if same else f"{name} {before:.2f} → {after:.2f}"


def _bar(value: float) -> str:
    full = round(BAR * value)
    return f"{'█' * full}{'░' * (BAR - full)} {value:.2f}"


def render_why(made: Feedback, console: Console) -> None:
    """A reply in full: every reading with its doubts, the rules, other wordings."""
    for read in made.readings:
        _why(read, [moved for moved in made.moved if moved.code == read.code], console)
    if not made.readings:
        lines(console, made.unscored or "Nothing was read, and nothing nearly.", indent=2)
    for rewording in made.rewordings:
        named = f" ({', '.join(rewording.sources)})" if rewording.sources else ""
        lines(console, f"Another wording: “{rewording.text}”{named}", indent=2, style="italic")
    console.print()


def _why(read: Read, moved: Sequence[Moved], console: Console) -> None:
    lines(console, f"{read.name} [{read.code}] {_standing(read)}", indent=2, style="bold")
    lines(console, f"“{read.quote}” (characters {read.first} to {read.last})", indent=4)
    lines(console, f"{read.why} Or: {read.other}", indent=4)
    sure = f"{read.probability:.0%} sure, read by {read.by}. {read.doubt}"
    lines(console, sure, indent=4, style="dim")
    for one in moved:
        lines(console, f"Rule {one.rule}: {one.why} ({', '.join(one.sources)})", indent=4)
        change = ", ".join(f"{name} {getattr(one, name):+.2f}" for name in PARTS)
        lines(console, change, indent=4)


def _standing(read: Read) -> str:
    if read.contested:
        return "contested by you; it counts in no direction"
    if not read.decided:
        return "nearly read; it moved nothing"
    return "" if read.counted else f"not counted: {read.ignored}"


# The end


def render_summary(made: Summary, console: Console) -> None:
    """How it ended, the course of the state, what was used, what turned it, and the cautions."""
    console.print()
    lines(console, f"{made.title}: {_ended(made)}", style="bold")
    if made.after:
        lines(console, made.after)
    console.print()
    _states(made.states, console)
    console.print()
    for turned in made.turned:
        how = "Eased most by" if turned.ease > 0 else "Strained most by"
        lines(console, f"{how} reply {turned.number + 1}: “{turned.quote}” {turned.why}")
    _parts("Steps read", _only("step", made.used), console)
    _parts("Moves that these may have been", _only("move", made.used), console)
    if not made.drill:
        _parts("Not read this time", made.unused, console)
    _parts("Missteps read", made.missteps, console)
    for number, contest in made.contested:
        view = f": {contest.view}" if contest.view else ""
        lines(console, f"You contested {contest.code} in reply {number + 1}{view}")
    console.print()
    for caution in made.cautions:
        lines(console, cited(caution), style="dim")


def _states(states: Sequence[Inner], console: Console) -> None:
    """The course of the state, a row for each reply."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="")
    for heading in ("after", *PARTS):
        table.add_column(heading)
    for number, state in enumerate(states):
        label = f"reply {number}" if number else "start"
        table.add_row(label, *(_bar(getattr(state, name)) for name in PARTS))
    console.print(table)


def _ended(made: Summary) -> str:
    if made.drill and made.outcome != "stopped":
        return "landed" if made.outcome == "repaired" else "not this time"
    return made.outcome_name.lower()


def _only(part: str, used: Sequence[Used]) -> list[Used]:
    return [one for one in used if one.part == part]


def _parts(heading: str, used: Sequence[Used], console: Console) -> None:
    if used:
        named = [f"{one.name}{_in_replies(one.replies)}" for one in used]
        lines(console, f"{heading}: {'; '.join(named)}.")


def _in_replies(replies: Sequence[int]) -> str:
    return f" ({', '.join(str(number + 1) for number in replies)})" if replies else ""


def cited(caution: Cited) -> str:
    """A sentence with its sources."""
    return f"{caution.text} ({', '.join(caution.sources)})"
