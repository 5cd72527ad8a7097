"""`load`: the guidance from its files, checked as it is built.

What cannot be used is refused with the id and what to do: a sentence without a source, an unknown
source or code, a kind or intensity without phrasings, fewer than three or more than five of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, get_args

from reattune.codebook import CODES, code, load_codebook
from reattune.errors import InputError
from reattune.guidance.data import FILES, PLACEHOLDER, Node, bad, overlaid, read_files, sentences
from reattune.guidance.parts import (
    Answer,
    Branch,
    Ending,
    Guidance,
    IntensityGuide,
    Lands,
    LetterPart,
    Misstep,
    Move,
    Phrases,
    Planning,
    Rule,
    Section,
    Side,
    SideGuide,
    Source,
    Step,
    StepState,
    Text,
    TherapistSide,
    Watch,
)
from reattune.types import Family, Intensity, Kind, State

ENGLISH = "en"
SIDES: tuple[Side, ...] = get_args(Side)
INTENSITIES: tuple[Intensity, ...] = get_args(Intensity)
CONDITIONS: dict[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "intensity": INTENSITIES,
    "state": get_args(State),
    "marker": tuple(id for id in CODES if code(id).role == "client"),
    "misstep": tuple(id for id in CODES if code(id).family == "misstep"),
}
FEWEST, MOST = 3, 5
"""Phrasings for each kind and intensity: fewer is a script, more is not read."""

REWORDINGS = (2, 3)
"""How many rewordings stand beside a misstep."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def load(language: str = ENGLISH, folder: Path | None = None) -> Guidance:
    """The guidance in a language, "en" as written or the overlay of another one.

    Overlays lie in `folder/LANGUAGE/`, in the package if `folder` is None; what an overlay leaves
    out stays in English and is listed in `untranslated`. InputError for a language without an
    overlay, and naming the id for an overlay that cannot be used.
    """
    return _load(language, folder)


@cache
def _load(language: str, folder: Path | None) -> Guidance:
    base = _shipped()
    if language == ENGLISH:
        return build(base)
    own = _overlay(language, folder or files("reattune.guidance"))
    made, replaced = overlaid(base, own)
    return build(made, language, replaced)


@cache
def _shipped() -> dict[str, Any]:
    return read_files(files("reattune.guidance"))


def _overlay(language: str, folder: Traversable) -> dict[str, Any]:
    """The overlay's files; InputError if there are none for this language."""
    found = folder.joinpath(language) if _LANGUAGE.fullmatch(language) else None
    own = {}
    if found is not None and found.is_dir():
        _refuse_other_files(found)
        own = read_files(found)
    if not own:
        raise InputError(
            "unknown-guidance-language",
            f"There is no guidance in the language {language!r}.",
            remedy=f"Choose {ENGLISH}, or put an overlay into a folder of that name.",
        )
    return own


def _refuse_other_files(folder: Traversable) -> None:
    """InputError for a TOML file in an overlay that translates none of ours."""
    for file in folder.iterdir():
        name = file.name.removesuffix(".toml")
        if file.name.endswith(".toml") and name not in FILES:
            raise bad(file.name, "Guidance has no file of this name.", f"Use {', '.join(FILES)}.")


def build(
    raw: Mapping[str, Any], language: str = ENGLISH, replaced: set[str] | None = None
) -> Guidance:
    """The guidance that the files' tables describe, by file name; InputError naming what fails."""
    version = _version(raw)
    texts = sentences(raw)
    file = {name: Node(name, _without_version(raw[name]), texts) for name in FILES}
    sources = file["sources"].only("source unsupported")
    ruptures = file["ruptures"].only("order side intensity need")
    steps = tuple(_step(node) for node in file["steps"].children().values())
    _check_steps(steps, file["steps"])
    return Guidance(
        version,
        language,
        {id: _source(id, node) for id, node in sources.child("source").children().items()},
        sources.list_of("unsupported"),
        ruptures.list_of("order"),
        {id: _side(id, _one_of(ruptures.child("side"), id)) for id in SIDES},
        {id: _intensity(id, _one_of(ruptures.child("intensity"), id)) for id in INTENSITIES},
        _needs(ruptures.child("need")),
        steps,
        {id: _move(id, node) for id, node in file["moves"].children().items()},
        {id: _branch(id, node) for id, node in file["branches"].children().items()},
        _missteps(file["missteps"]),
        _ending(file["ending"]),
        _therapist(file["therapist"]),
        _planning(file["plan"]),
        tuple(_rule(id, node) for id, node in file["consider"].child("rule").children().items()),
        {id: node.only("name").get("name", str) for id, node in _labels(file["sheet"]).items()},
        {text.key: text for text in file["sheet"].list_of("sentence")},
        texts,
        () if replaced is None else tuple(id for id in texts if id not in replaced),
    )


def _version(raw: Mapping[str, Any]) -> str:
    """The version that all files share."""
    for name in FILES:
        if name not in raw:
            raise bad(f"{name}.toml", "The file is missing.", "Install again.")
    versions = {name: raw[name].get("version") for name in FILES}
    first = versions["sources"]
    for name, version in versions.items():
        if not isinstance(version, str) or version != first:
            what = f"Version {version!r} differs from {first!r} of sources.toml."
            raise bad(f"{name}.toml", what, "Give all files one version.")
    return str(first)


def _without_version(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key != "version"}


# Small parts


def _source(id: str, node: Node) -> Source:
    node.only("short citation strength")
    return Source(id, *(node.get(key, str) for key in ("short", "citation", "strength")))


def _one_of(node: Node, key: str) -> Node:
    """The table under a key, in a table that may have other ones of its sort only."""
    known = {*SIDES} if key in SIDES else {*INTENSITIES}
    for other in node.value:
        if other not in known:
            raise node.fail(f"has the unknown part {other!r}", f"Use {', '.join(sorted(known))}.")
    return node.child(key)


def _section(id: str, node: Node) -> Section:
    node.only("name intro item")
    return Section(id, node.get("name", str), node.text("intro"), node.list_of("item"))


def _lands(node: Node) -> Lands:
    node.only("badly well")
    return Lands(node.text("badly"), node.text("well"))


def _codes(node: Node, *families: Family) -> tuple[str, ...]:
    """The codes listed, which must be of these families."""
    found = tuple(node.get("codes", list))
    for id in found:
        _known(node, id, *families)
    return found


def _known(node: Node, id: str, *families: Family) -> None:
    if id not in CODES or code(id).family not in families:
        raise node.fail(f"names the unknown code {id!r}", f"Use codes of {', '.join(families)}.")


def _cells(node: Node) -> dict[Side, dict[Intensity, Node]]:
    """The tables of each kind and intensity; InputError if one is missing."""
    return {side: {i: _one_of(_one_of(node, side), i) for i in INTENSITIES} for side in SIDES}


def _phrases(node: Node) -> Phrases:
    return {
        side: {intensity: cell.all_texts(FEWEST, MOST) for intensity, cell in row.items()}
        for side, row in _cells(node).items()
    }


# Strains


def _side(id: Side, node: Node) -> SideGuide:
    node.only("name meaning needs missed approach sign")
    parts = {key: node.text(key) for key in ("meaning", "needs", "missed", "approach")}
    return SideGuide(id, node.get("name", str), **parts, signs=node.list_of("sign"))


def _intensity(id: Intensity, node: Node) -> IntensityGuide:
    node.only("name meaning brief ask")
    name, meaning, brief = node.get("name", str), node.text("meaning"), node.text("brief")
    return IntensityGuide(id, name, meaning, brief, node.list_of("ask"))


def _needs(node: Node) -> dict[str, Text]:
    """What a client may need, for each client code of the codebook."""
    node.only(" ".join(CONDITIONS["marker"]))
    return {id: node.text(id) for id in CONDITIONS["marker"]}


# Steps and moves

SHARED = "name codes aim brief evidence lands listen phrases quotes avoid landed"


def _shared(node: Node) -> dict[str, Any]:
    """What steps and moves have in common."""
    return {
        **{key: node.text(key) for key in ("aim", "brief", "evidence")},
        **{key: node.list_of(key) for key in ("listen", "quotes", "avoid", "landed")},
        "codes": _codes(node, "repair"),
        "phrases": _phrases(node.child("phrases")),
        "lands": _lands(node.child("lands")),
    }


def _step(node: Node) -> Step:
    node.only(SHARED.replace("name ", "") + " number")
    number = node.get("number", int)
    names = load_codebook().steps
    if number not in names:
        raise node.fail(f"has the unknown number {number}", "Use the numbers of the codebook.")
    return Step(number, node.path.rpartition(".")[2], names[number], **_with_own_code(node))


def _with_own_code(node: Node) -> dict[str, Any]:
    """The parts of a step, which is named by the first code that serves it."""
    parts = _shared(node)
    if parts["codes"][:1] != (node.path.rpartition(".")[2],):
        raise node.fail("is not named by its first code", "Name the step by the code it serves.")
    return parts


def _check_steps(steps: tuple[Step, ...], node: Node) -> None:
    numbers = [step.number for step in steps]
    if numbers != list(load_codebook().steps):
        raise node.fail("does not hold the five steps in order", "Give each its number.")


def _move(id: str, node: Node) -> Move:
    node.only(SHARED + " steps")
    name, steps = node.get("name", str), tuple(node.get("steps", list))
    for number in steps:
        if number not in load_codebook().steps:
            raise node.fail(f"names the unknown step {number}", "Use the numbers of the codebook.")
    return Move(id=id, name=name, steps=steps, **_shared(node))


# Hard cases and missteps


def _branch(id: str, node: Node) -> Branch:
    node.only("name codes when do say avoid consult", "watch")
    return Branch(
        id,
        node.get("name", str),
        _codes(node, "withdrawal", "confrontation", "misstep"),
        node.text("when"),
        node.list_of("do"),
        node.list_of("say"),
        node.list_of("avoid"),
        node.text("consult"),
        _watch(node.child("watch")) if "watch" in node.value else None,
    )


def _watch(node: Node) -> Watch:
    node.only("remind expires")
    remind, expires = node.get("remind", int), node.get("expires", int)
    if not 0 < remind <= expires:
        raise node.fail("reminds after it has ended", "Use sessions, the reminder first.")
    return Watch(remind, expires)


def _missteps(file: Node) -> dict[str, Misstep]:
    for id in file.value:
        _known(file, id, "misstep")
    file.only(" ".join(CONDITIONS["misstep"]))
    return {id: _misstep(id, file.child(id)) for id in CONDITIONS["misstep"]}


def _misstep(id: str, node: Node) -> Misstep:
    node.only("dont do lands instead own")
    lands, instead = _lands(node.child("lands")), node.list_of("instead", *REWORDINGS)
    return Misstep(id, node.text("dont"), node.text("do"), lands, instead, node.text("own"))


# Ending, the therapist's side, the plan


def _ending(file: Node) -> Ending:
    file.only("outcome brief section letter")
    letter = file.child("letter").only("intro placeholders part")
    placeholders = tuple(letter.get("placeholders", list))
    parts = tuple(_part(id, node) for id, node in letter.child("part").children().items())
    for part in parts:
        for name in PLACEHOLDER.findall(part.text.text):
            if name not in placeholders:
                raise letter.fail(f"leaves {{{name}}} open", "List it among the placeholders.")
    sections = file.child("section")
    sections.only("reasons naming validation options last_session follow_up")
    made = {id: _section(id, node) for id, node in sections.children().items()}
    intro, brief = letter.text("intro"), file.list_of("brief")
    return Ending(file.text("outcome"), brief, made, intro, parts, placeholders)


def _part(id: str, node: Node) -> LetterPart:
    node.only("name words optional")
    return LetterPart(id, node.get("name", str), node.text("words"), node.get("optional", bool))


def _therapist(file: Node) -> TherapistSide:
    file.only("privacy reflection self_care consult")
    reflection = file.child("reflection").children()
    return TherapistSide(
        file.text("privacy"),
        {id: _section(id, node) for id, node in reflection.items()},
        *(_section(id, file.child(id)) for id in ("self_care", "consult")),
    )


def _planning(file: Node) -> Planning:
    file.only("state prompt answer timing")
    states, answers = file.child("state").children(), file.child("answer").children()
    return Planning(
        {id: _state(id, node) for id, node in states.items()},
        {text.key: text for text in file.list_of("prompt")},
        {id: _answer(id, node) for id, node in answers.items()},
        _section("timing", file.child("timing")),
    )


def _state(id: str, node: Node) -> StepState:
    node.only("name meaning")
    return StepState(id, node.get("name", str), node.text("meaning"))


def _answer(id: str, node: Node) -> Answer:
    node.only("name meaning opening")
    openings = {
        side: {i: node.child("opening").child(side).text(i) for i in INTENSITIES} for side in SIDES
    }
    return Answer(id, node.get("name", str), node.text("meaning"), openings)


def _rule(id: str, node: Node) -> Rule:
    node.only("rank words", " ".join(CONDITIONS))
    given = {key: node.get(key, str) for key in CONDITIONS if key in node.value}
    for key, value in given.items():
        if value not in CONDITIONS[key]:
            raise node.fail(f"has the unknown {key} {value!r}", "Use a known one.")
    return Rule(id, node.text("words"), node.get("rank", int), **given)


def _labels(file: Node) -> dict[str, Node]:
    return file.only("label sentence").child("label").children()
