"""The report for the terminal: short, readable without color, never wider than the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reattune.report.consider import Consideration, load_guidance
from reattune.report.view import (
    RISK_LIMITS,
    Beat,
    Flag,
    Told,
    all_notes,
    error_rates,
    flags,
    minutes,
    near_misses,
    people,
    summary,
    told_episodes,
)
from reattune.report.words import ROLES, clean, counted, joined, percent, shorten
from reattune.types import Analysis

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

QUOTE = 150  # characters of a quote
BEATS = 2  # turns of the client, and as many of the therapist, told of an episode unless verbose
OUTSIDE = 3  # moves outside the episodes told unless verbose
IDEAS = 6  # suggestions told unless verbose
MANY = 6  # episodes; with more, micro ones are told in one line unless verbose
LABEL = 11  # columns before the timeline
STYLES = {
    "withdrawal": "cyan",
    "confrontation": "red",
    "mixed": "magenta",
    "repair": "green",
    "misstep": "yellow",
}
PLAIN = str.maketrans({"“": '"', "”": '"', "’": "'", "‘": "'", "–": "-", "…": "...", "·": "|"})


@dataclass(frozen=True, slots=True)
class Symbols:
    """What is drawn with; each is one column wide."""

    blank: str
    repair: str
    misstep: str
    both: str
    bullet: str


UNICODE = Symbols(blank="·", repair="●", misstep="×", both="◆", bullet="•")
ASCII = Symbols(blank=".", repair="o", misstep="x", both="#", bullet="-")


def render_terminal(analysis: Analysis, console: Console, *, verbose: bool = False) -> None:
    """Prints the report on one session; `verbose` adds near misses and tells every flagged turn."""
    sheet = Sheet(console)
    told = told_episodes(analysis)
    found = flags(analysis, told)
    _head(sheet, analysis)
    _risks(sheet, analysis)
    sheet.put(" ".join(summary(analysis)), style="bold")
    _timeline(sheet, analysis, found)
    for t in told:
        _episode(sheet, t, verbose, brief=len(told) > MANY and t.episode.intensity == "micro")
    _outside(sheet, found, verbose)
    if verbose:
        _near(sheet, analysis)
    _ideas(sheet, told, verbose)
    _closing(sheet, analysis)


class Sheet:
    """A console with its symbols: wraps, indents, and replaces what it cannot show."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.encoding = console.encoding
        self.symbols = UNICODE if self._carries("·●×◆•“”’–…") else ASCII

    def _carries(self, text: str) -> bool:
        try:
            text.encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    def fit(self, text: str) -> str:
        """`text` on one line in characters that the console can show."""
        text = " ".join(clean(text).split())
        if self.symbols is ASCII:
            text = text.translate(PLAIN)
        return text if self._carries(text) else text.encode("ascii", "replace").decode("ascii")

    def put(
        self, *parts: str | tuple[str, str], indent: int = 0, lead: str = "", style: str = ""
    ) -> None:
        """Prints parts, each a text or (text, style), as one wrapped paragraph.

        `lead` stands in the indent of the first line.
        """
        from rich.text import Text

        text = Text(style=style)
        for part in parts:
            words, own = (part, "") if isinstance(part, str) else part
            text.append(words, own)
        self._print(text, indent, lead)

    def _print(self, text: Text, indent: int, lead: str) -> None:
        from rich.text import Text

        room = max(self.console.width - indent, 10)
        for i, line in enumerate(text.wrap(self.console, room)):
            line.rstrip()
            before = lead.ljust(indent) if i == 0 else " " * indent
            self.console.print(Text(before) + line, soft_wrap=True)

    def gap(self) -> None:
        """An empty line."""
        self.console.print()


def _head(sheet: Sheet, analysis: Analysis) -> None:
    said = [counted(len(analysis.session.turns), "turn")]
    if length := minutes(analysis):
        said.append(counted(length, "minute"))
    said.append(people(analysis))
    dot = f" {sheet.fit('·')} "
    name = shorten(analysis.session.source, 60) or "Session"
    sheet.put((sheet.fit(name), "bold"), dot + sheet.fit(dot.join(filter(None, said))))
    sheet.gap()


def _risks(sheet: Sheet, analysis: Analysis) -> None:
    for risk in analysis.risks:
        sheet.put((risk.why, "bold red"), indent=3, lead="!!")
        sheet.put(_quoted(sheet, risk.quote), f" ({risk.topic})", indent=3)
    if analysis.risks:
        sheet.put((RISK_LIMITS, "dim"), indent=3)
        sheet.gap()


def _quoted(sheet: Sheet, text: str) -> str:
    return sheet.fit(f"“{shorten(text, QUOTE)}”")


# The timeline


def _timeline(sheet: Sheet, analysis: Analysis, found: tuple[Flag, ...]) -> None:
    count = len(analysis.session.turns)
    columns = min(count, sheet.console.width - LABEL - 1)
    if columns < 1:
        return
    sheet.gap()
    episodes = episode_row(analysis, columns, sheet.symbols.blank)
    sheet.put(*_colored(episodes), indent=LABEL, lead="Episodes")
    answers = answer_row(found, count, columns, sheet.symbols)
    sheet.put(*_colored(answers, sheet.symbols), indent=LABEL, lead="Therapist")
    marks = sheet.symbols
    legend = (
        f"{'turn 1' if count == 1 else f'turns 1 to {count:,}'}; w withdrawal, c confrontation, "
        f"m mixed, capitals: major; {marks.repair} repair move, {marks.misstep} misstep, "
        f"{marks.both} both"
    )
    sheet.put((legend, "dim"), indent=LABEL)


def episode_row(analysis: Analysis, columns: int, blank: str) -> str:
    """One letter for each column: the episode there, in capitals if it is major."""
    row = [blank] * columns
    count = len(analysis.session.turns)
    for episode in sorted(analysis.episodes, key=lambda e: e.intensity == "major"):
        letter = episode.kind[0].upper() if episode.intensity == "major" else episode.kind[0]
        first = episode.first * columns // count
        last = max((episode.last - 1) * columns // count, first)
        row[first : last + 1] = letter * (last + 1 - first)
    return "".join(row)


def answer_row(found: tuple[Flag, ...], count: int, columns: int, marks: Symbols) -> str:
    """One symbol for each column: the therapist's repair moves and missteps there."""
    seen: list[set[str]] = [set() for _ in range(columns)]
    for flag in found:
        if flag.marker.family in ("repair", "misstep"):
            seen[(flag.turn - 1) * columns // count].add(flag.marker.family)
    one = {"repair": marks.repair, "misstep": marks.misstep}
    return "".join(
        marks.both if len(here) == 2 else one[min(here)] if here else marks.blank for here in seen
    )


def _colored(row: str, marks: Symbols | None = None) -> list[tuple[str, str]]:
    if marks is None:
        kinds = {"w": "withdrawal", "c": "confrontation", "m": "mixed"}
        return [(char, STYLES.get(kinds.get(char.lower(), ""), "dim")) for char in row]
    own = {marks.repair: "green", marks.misstep: "yellow", marks.both: "bold"}
    return [(char, own.get(char, "dim")) for char in row]


# Episodes and moves


def _episode(sheet: Sheet, told: Told, verbose: bool, *, brief: bool) -> None:
    sheet.gap()
    dot = f" {sheet.fit('·')} "
    sure = f"clearest sign {percent(told.probability)}"
    facts = sheet.fit(dot.join([told.span, told.state.name.lower(), sure]))
    style = f"bold {STYLES[told.episode.kind]}"
    sheet.put((told.title, style), dot + facts, indent=5, lead=told.tag)
    if brief and not verbose:
        return
    sheet.put(sheet.fit(told.episode.why or told.state.meaning), indent=5)
    shown = told.story if verbose else _chosen(told.story)
    for beat in shown:
        _beat(sheet, beat)
    _left_out(sheet, len(told.story) - len(shown), "more flagged turn", "more flagged turns")
    for _, other in told.readings if verbose else told.readings[:1]:
        sheet.put(("Another reading: ", "bold"), sheet.fit(other), indent=5)


def _left_out(sheet: Sheet, count: int, noun: str, plural: str) -> None:
    if count:
        sheet.put((f"and {counted(count, noun, plural)}", "dim"), indent=5)


def _chosen(story: tuple[Beat, ...]) -> tuple[Beat, ...]:
    """The client's first turns, the first misstep and the first repair move, in order."""
    client = [beat for beat in story if beat.flags[0].marker.intensity is not None]
    answers = {f.marker.family: beat for beat in reversed(story) for f in beat.flags}
    firsts = [answers[family] for family in ("misstep", "repair") if family in answers]
    chosen = {beat.turn: beat for beat in [*client[:BEATS], *firsts]}
    return tuple(chosen[turn] for turn in sorted(chosen))


def _beat(sheet: Sheet, beat: Beat) -> None:
    sheet.put(
        (sheet.fit(beat.speaker), "bold"), " ", _quoted(sheet, beat.quote),
        indent=10, lead=f"     {beat.turn:<4}",
    )  # fmt: skip
    for flag in beat.flags:
        sheet.put(*_named(sheet, flag), f": {sheet.fit(flag.marker.why)}", indent=10)


def _named(sheet: Sheet, flag: Flag) -> list[tuple[str, str]]:
    family = flag.marker.family
    sign = {"repair": sheet.symbols.repair, "misstep": sheet.symbols.misstep}.get(family)
    name = f"{sign} {flag.code.name}" if sign else flag.code.name
    return [(name, STYLES[family])]


def _outside(sheet: Sheet, found: tuple[Flag, ...], verbose: bool) -> None:
    moves = [f for f in found if f.marker.family in ("repair", "misstep") and not f.episode]
    if moves:
        sheet.gap()
        sheet.put(("Moves outside the episodes", "bold"))
    shown = moves if verbose else moves[:OUTSIDE]
    for flag in shown:
        _line(sheet, flag)
    _left_out(sheet, len(moves) - len(shown), "more", "more")


def _line(sheet: Sheet, flag: Flag) -> None:
    words = f" {percent(flag.probability)} "
    sheet.put(*_named(sheet, flag), words, _quoted(sheet, flag.quote), indent=10,
              lead=f"     {flag.turn:<4}")  # fmt: skip


def _near(sheet: Sheet, analysis: Analysis) -> None:
    near = near_misses(analysis)
    sheet.gap()
    sheet.put(("Near misses", "bold"), " (not enough for a flag)" if near else ": none")
    for flag in near:
        _line(sheet, flag)


def _ideas(sheet: Sheet, told: tuple[Told, ...], verbose: bool) -> None:
    """Each suggestion once, with the episodes it is for."""
    tags: dict[Consideration, list[str]] = {}
    for t in told:
        for item in t.considerations:
            tags.setdefault(item, []).append(t.tag)
    if tags:
        sheet.gap()
        sheet.put(("What you might consider next", "bold"))
    shown = list(tags.items())[: None if verbose else IDEAS]
    for item, own in shown:
        names = " ".join(own[:4]) + (sheet.fit("…") if len(own) > 4 else "")
        source = f" ({load_guidance().sources[item.source].short})" if verbose else ""
        sheet.put(
            sheet.fit(item.text), (source, "dim"), (f" {names}" if len(told) > 1 else "", "bold"),
            indent=5, lead=f"   {sheet.symbols.bullet}",
        )  # fmt: skip
    _left_out(sheet, len(tags) - len(shown), "more", "more")


def _closing(sheet: Sheet, analysis: Analysis) -> None:
    sheet.gap()
    shares = [
        f"{ROLES[talk.role].lower()} {percent(talk.share)} of the words "
        f"({counted(talk.questions, 'question')})"
        for talk in analysis.talk
    ]
    if shares:
        sheet.put(("Talk: ", "bold"), joined(shares) + ".")
    for note in all_notes(analysis):
        sheet.put(("Note: ", "bold"), sheet.fit(note.text))
    sheet.put(
        ("A flag is a prompt to look, never a verdict. " + " ".join(error_rates(analysis)), "dim")
    )
