"""The quick reference sheet: one page, made from guidance and codebook, so never stale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from reattune import __version__, guidance
from reattune.codebook import columns, load_codebook
from reattune.guidance import Guidance, Misstep, Move, Side, SideGuide, Step, Text
from reattune.report.pages import new_environment
from reattune.report.pdf import compile_pdf
from reattune.report.terminal import STYLES, UNICODE, Sheet

if TYPE_CHECKING:
    from rich.console import Console

Paper = Literal["a4", "letter"]
PAPERS: tuple[Paper, ...] = get_args(Paper)
FIRST = ("risk", "activated", "late", "denied")
"""The sentences on hard cases that stand on the sheet."""

SIGNS = 3
"""Signs beyond the codebook's markers, of each type; the page has no room for more."""


@dataclass(slots=True)
class Notes:
    """The sources named so far; each gets its number where the sheet first needs it."""

    whole: Guidance
    ids: list[str]

    def numbers(self, texts: Iterable[Text]) -> list[int]:
        """The numbers of the sources of these texts, in ascending order."""
        used = dict.fromkeys(id for text in texts for id in text.sources if id != "own")
        self.ids += [id for id in used if id not in self.ids]
        return sorted(self.ids.index(id) + 1 for id in used)

    def listed(self) -> list[dict[str, str]]:
        """The sources by number: how to name each in short, the citation and its strength."""
        found = [self.whole.sources[id] for id in self.ids]
        return [{"short": s.short, "citation": s.citation, "strength": s.strength} for s in found]


def sheet(language: str = "en") -> dict[str, Any]:
    """What stands on the sheet, JSON-ready, in the order of the page.

    Sections are tables with `notes`, the numbers of their sources in `sources`; sentences of our
    own have none.
    """
    whole = guidance.load(language)
    notes = Notes(whole, [])
    parts = {
        "kinds": _kinds(whole, notes),
        "intensities": _intensities(whole, notes),
        "steps": _steps(whole, notes),
        "pairs": _pairs(whole, notes),
        "moves": _moves(whole, notes),
        "first": _list(notes, [whole.sheet[key] for key in FIRST]),
        "ending": _list(notes, [whole.sheet["ending"], *whole.ending.brief]),
    }
    strength = whole.sheet["strength"]
    return {
        "language": language,
        "labels": dict(whole.labels),
        **parts,
        "strength": {"text": strength.text, "notes": notes.numbers([strength])},
        "sources": notes.listed(),
        "unsupported": [text.text for text in whole.unsupported],
        "disclaimer": whole.sheet["disclaimer"].text,
        "made": whole.sheet["made"].text.format(
            version=__version__, guidance=whole.version, codebook=load_codebook().version
        ),
    }


def _list(notes: Notes, texts: list[Text]) -> dict[str, Any]:
    return {"items": [text.text for text in texts], "notes": notes.numbers(texts)}


def _kinds(whole: Guidance, notes: Notes) -> dict[str, Any]:
    used = [whole.sheet["not_strain"]]
    for side in whole.sides.values():
        used += [side.meaning, side.approach, *side.signs[:SIGNS]]
    return {
        "items": [_kind(side) for side in whole.sides.values()],
        "caution": whole.sheet["not_strain"].text,
        "notes": notes.numbers(used),
    }


def _kind(side: SideGuide) -> dict[str, Any]:
    codes = [list(load_codebook().codes.values())[column] for column in columns(side.id)]
    return {
        "id": side.id,
        "name": side.name,
        "meaning": side.meaning.text,
        "approach": side.approach.text,
        "markers": [{"name": code.name, "definition": code.definition} for code in codes],
        "signs": [sign.text for sign in side.signs[:SIGNS]],
    }


def _intensities(whole: Guidance, notes: Notes) -> dict[str, Any]:
    found = list(whole.intensities.values())
    return {
        "items": [
            {"id": i.id, "name": i.name, "meaning": i.meaning.text, "brief": i.brief.text}
            for i in found
        ],
        "notes": notes.numbers([text for i in found for text in (i.meaning, i.brief)]),
    }


def _steps(whole: Guidance, notes: Notes) -> dict[str, Any]:
    order = whole.sheet["order"]
    used = [order]
    for step in whole.steps:
        used += [step.brief, *(lead(step, side) for side in whole.sides)]
    return {
        "items": [_step(whole, step) for step in whole.steps],
        "order": order.text,
        "notes": notes.numbers(used),
    }


def _step(whole: Guidance, step: Step) -> dict[str, Any]:
    phrases = {side: lead(step, side).text for side in whole.sides}
    return {"number": step.number, "name": step.name, "brief": step.brief.text, "phrases": phrases}


def lead(step: Step | Move, side: Side) -> Text:
    """The phrase that stands for a step on the sheet: the first of its micro ones."""
    return step.phrases[side]["micro"][0]


def _pairs(whole: Guidance, notes: Notes) -> dict[str, Any]:
    missteps: list[Misstep] = list(whole.missteps.values())
    return {
        "items": [{"dont": m.dont.text, "do": m.do.text} for m in missteps],
        "notes": notes.numbers([text for m in missteps for text in (m.dont, m.do)]),
    }


def _moves(whole: Guidance, notes: Notes) -> dict[str, Any]:
    moves = list(whole.moves.values())
    return {
        "items": [
            {
                "name": move.name,
                "brief": move.brief.text,
                "quote": move.quotes[0].text,
            }
            for move in moves
        ],
        "by": "; ".join(dict.fromkeys(whole.named(move.quotes[0]) for move in moves)),
        "notes": notes.numbers([text for m in moves for text in (m.brief, m.quotes[0])]),
    }


def typographic(value: Any) -> Any:
    """The same data with curly apostrophes, for pages that are set."""
    if isinstance(value, dict):
        return {key: typographic(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typographic(item) for item in value]
    return value.replace("'", "’") if isinstance(value, str) else value


def render_pdf(paper: Paper = "a4", language: str = "en") -> bytes:
    """The sheet as a PDF of one page, A4 or US Letter."""
    return compile_pdf("reference", {**typographic(sheet(language)), "paper": paper})


def render_html(paper: Paper = "a4", language: str = "en") -> str:
    """The sheet as one HTML file that asks for nothing else and prints on the paper."""
    template = new_environment().get_template("reference.html.j2")
    return template.render(**typographic(sheet(language)), paper=paper) + "\n"


def render_terminal(console: Console, language: str = "en") -> None:
    """Prints the sheet."""
    data, page = sheet(language), Sheet(console)
    labels = data["labels"]
    page.put((_fit(page, labels["title"]), "bold"), f": {_fit(page, labels['subtitle'])}")
    _section(page, labels["kinds"], data["kinds"])
    page.put(_fit(page, data["kinds"]["caution"]))
    for kind in data["kinds"]["items"]:
        _tell_kind(page, kind, labels)
    _section(page, labels["intensity"], data["intensities"])
    for item in data["intensities"]["items"]:
        _entry(page, item["name"], f"{item['meaning']} {item['brief']}")
    _tell_steps(page, data["steps"], labels)
    _tell_pairs(page, data["pairs"], labels)
    _tell_moves(page, data["moves"], labels)
    for key in ("first", "ending"):
        _section(page, labels[key], data[key])
        page.put(_fit(page, " ".join(data[key]["items"])))
    _tell_sources(page, data)


def _tell_kind(page: Sheet, kind: dict[str, Any], labels: dict[str, str]) -> None:
    page.gap()
    page.put((kind["name"], f"bold {STYLES[kind['id']]}"), f": {_fit(page, kind['meaning'])}")
    for marker in kind["markers"]:
        _entry(page, marker["name"], marker["definition"])
    for key, words in (("beyond", " ".join(kind["signs"])), ("approach", kind["approach"])):
        page.put((f"{labels[key]}: ", "bold"), _fit(page, words), indent=2)


def _tell_steps(page: Sheet, steps: dict[str, Any], labels: dict[str, str]) -> None:
    _section(page, labels["steps"], steps)
    page.put(_fit(page, steps["order"]))
    for step in steps["items"]:
        name, words = (f"{step['name']}. ", "bold"), _fit(page, step["brief"])
        page.put(name, words, indent=4, lead=f"  {step['number']}")
        for side, phrase in step["phrases"].items():
            label = (f"{labels[f'{side}_phrase']}: ", STYLES[side])
            page.put(label, _fit(page, f"“{phrase}”"), indent=4)


def _tell_pairs(page: Sheet, pairs: dict[str, Any], labels: dict[str, str]) -> None:
    against, toward = page.symbols.misstep, page.symbols.repair
    _section(page, labels["dos"], pairs, f" ({against} {labels['dont']}, {toward} {labels['do']})")
    for pair in pairs["items"]:
        page.put(_fit(page, pair["dont"]), indent=4, lead=f"  {against}")
        page.put(_fit(page, pair["do"]), indent=4, lead=f"  {toward}", style=STYLES["repair"])


def _tell_moves(page: Sheet, moves: dict[str, Any], labels: dict[str, str]) -> None:
    _section(page, labels["moves"], moves, f" ({labels['quoted']} {moves['by']})")
    for move in moves["items"]:
        _entry(page, move["name"], f"{move['brief']} “{move['quote']}”")


def _tell_sources(page: Sheet, data: dict[str, Any]) -> None:
    page.gap()
    page.put((data["labels"]["sources"], "bold"))
    for number, source in enumerate(data["sources"], 1):
        words = _fit(page, f"{source['short']}. {source['strength']}")
        page.put((words, "dim"), indent=4, lead=f"  {number}")
    for text in (data["strength"]["text"], data["disclaimer"], data["made"]):
        page.put((_fit(page, text), "dim"))


def _section(page: Sheet, name: str, part: dict[str, Any], after: str = "") -> None:
    page.gap()
    numbers = ", ".join(map(str, part["notes"]))
    told = f" {numbers} {_fit(page, after)}".rstrip()
    page.put((_fit(page, name), "bold"), (told, "dim"))


def _entry(page: Sheet, name: str, words: str) -> None:
    bold = (_fit(page, f"{name}.") + " ", "bold")
    page.put(bold, _fit(page, words), indent=4, lead=f"  {page.symbols.bullet}")


def _fit(page: Sheet, text: str) -> str:
    """`text` in characters that the console can show."""
    return page.fit(text if page.symbols is UNICODE else text.replace("—", "-"))
