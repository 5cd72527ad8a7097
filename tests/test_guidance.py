"""Guidance is complete, every sentence is sourced, and what breaks its rules is refused by id."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import pytest

from reattune import guidance
from reattune.codebook import CODES, code, load_codebook
from reattune.errors import InputError
from reattune.guidance import FILES, Guidance, Text
from reattune.guidance.data import read_files
from reattune.guidance.loader import FEWEST, MOST, build
from reattune.types import Intensity, Kind
from tests.conftest import ROOT

TOLD = guidance.load()
RAW = read_files(files("reattune.guidance"))
SIDES = ("withdrawal", "confrontation")
INTENSITIES = get_args(Intensity)
NAMES = {"name", "short", "citation", "strength", "version"}  # not sentences of guidance
CLIENT = [id for id in CODES if code(id).role == "client"]
MISSTEPS = [id for id in CODES if code(id).family == "misstep"]
ARTICLES = {"therafocus2025", "kaira"}
LONGEST = 170  # characters of an example phrase: more than one breath is not said


def phrases(told: Guidance) -> list[Text]:
    parts = [*told.steps, *told.moves.values()]
    cells = [p.phrases[side][i] for p in parts for side in SIDES for i in INTENSITIES]
    spoken = [text for cell in cells for text in cell]
    spoken += [text for b in told.branches.values() for text in b.say]
    spoken += [text for m in told.missteps.values() for text in m.instead]
    for answer in told.planning.answers.values():
        spoken += [answer.openings[side][i] for side in SIDES for i in INTENSITIES]
    return spoken


# Sources


def strings(value: Any, path: str) -> list[tuple[str, str, Any]]:
    """Path, last key and table of every string in the data."""
    found = []
    for key, item in value.items():
        if isinstance(item, str):
            found.append((f"{path}.{key}", key, value))
        elif isinstance(item, dict):
            found += strings(item, f"{path}.{key}")
    return found


def test_every_sentence_has_a_known_source() -> None:
    known = set(RAW["sources"]["source"])
    for file in FILES:
        for path, key, table in strings(RAW[file], file):
            if " " not in table[key] or key in NAMES:
                continue
            assert key == "text", path
            source = table.get("source")
            own = [source] if isinstance(source, str) else source
            assert own, path
            assert set(own) <= known, path


def test_all_sentences_can_be_found_by_id() -> None:
    counted = sum(key == "text" for file in FILES for _, key, _ in strings(RAW[file], file))
    assert len(TOLD.texts) == counted > 600
    for id, text in TOLD.texts.items():
        assert text.id == id
        assert id.endswith(f".{text.key}")


def test_every_source_says_how_strong_it_is_and_is_used() -> None:
    used = {id for text in TOLD.texts.values() for id in text.sources}
    assert used == set(TOLD.sources)
    for source in TOLD.sources.values():
        assert source.short
        assert len(source.citation) > 20
        assert source.strength.endswith(".")


def test_quotations_are_brief_few_and_of_the_articles() -> None:
    quotes = [text for text in TOLD.texts.values() if text.quote]
    assert 0 < len({text.text for text in quotes}) <= 20
    for text in quotes:
        assert len(text.text.split()) <= 18
        assert len(text.sources) == 1
        assert set(text.sources) <= ARTICLES


def test_what_the_evidence_does_not_support_is_said() -> None:
    told = " ".join(text.text for text in TOLD.unsupported)
    assert "r = .11" in told
    assert "not significant" in told
    assert "quick apology" in told
    assert "no quantitative evidence" in told


# What is there


def test_the_five_steps_are_those_of_the_codebook() -> None:
    assert [(s.number, s.name) for s in TOLD.steps] == list(load_codebook().steps.items())
    for step in TOLD.steps:
        assert code(step.id).step == step.number
        assert TOLD.step(step.number) is TOLD.step(step.id) is step
    with pytest.raises(KeyError):
        TOLD.step("own_contribution")


def test_the_order_is_told_as_a_default() -> None:
    told = " ".join(text.text for text in TOLD.order)
    assert "not a law" in told
    assert "later sessions" in told
    assert "all that is needed" in told


@pytest.mark.parametrize("which", [*(s.id for s in TOLD.steps), *TOLD.moves])
@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("intensity", INTENSITIES)
def test_three_to_five_phrasings_for_every_strain(
    which: str, kind: Kind, intensity: Intensity
) -> None:
    found = TOLD.phrasings(which, kind, intensity)
    assert FEWEST <= len(found) <= MOST
    assert len({text.text for text in found}) == len(found)
    assert not any(text.quote for text in found)


def test_a_mixed_strain_begins_with_the_objection() -> None:
    mixed = TOLD.phrasings(3, "mixed", "major")
    assert mixed[0] == TOLD.phrasings(3, "confrontation", "major")[0]
    assert mixed[-1] in TOLD.phrasings(3, "withdrawal", "major")


def test_phrases_are_short_and_no_two_alike() -> None:
    spoken = phrases(TOLD)
    assert len(spoken) > 180
    assert len({text.text for text in spoken}) == len(spoken)
    for text in spoken:
        assert len(text.text) <= LONGEST, text.id
        assert text.text[-1] in ".?”", text.id


def test_advice_does_not_command() -> None:
    spoken = {text.id for text in phrases(TOLD)}
    for id, text in TOLD.texts.items():
        assert id in spoken or not re.search(r"\b(must|should|always)\b", text.text), id


def test_hard_cases_are_all_there() -> None:
    assert list(TOLD.branches) == [
        *("denial", "cause", "apology", "anger_or_fear", "risk", "difference"),
        *("telehealth", "couples", "noticed_late", "activated"),
    ]
    denial = TOLD.branches["denial"]
    assert denial.codes == ("denial",)
    assert denial.watch == guidance.Watch(remind=1, expires=3)
    assert "protocol" in TOLD.branches["risk"].do[0].text
    assert "Ground first" in TOLD.branches["activated"].do[0].text


def test_each_misstep_has_rewordings_and_both_ways_to_land() -> None:
    assert list(TOLD.missteps) == MISSTEPS
    for id, misstep in TOLD.missteps.items():
        assert misstep.code == id
        assert len(misstep.instead) in (2, 3)
        assert TOLD.lands(id) is misstep.lands


def test_each_repair_code_has_ways_to_land() -> None:
    for id in (id for id in CODES if code(id).family == "repair"):
        assert TOLD.lands(id).badly.text
        assert TOLD.serving(id).codes[0] == id
    with pytest.raises(KeyError):
        TOLD.lands("denial")


def test_each_sign_of_a_client_has_a_need() -> None:
    assert list(TOLD.needs) == CLIENT


def test_an_ending_has_its_whole_workflow() -> None:
    ending = TOLD.ending
    assert "not as a failed repair" in ending.outcome.text
    assert list(ending.sections) == [
        *("reasons", "naming", "validation", "options", "last_session", "follow_up")
    ]
    open_ = {name for part in ending.letter for name in re.findall(r"{(\w+)}", part.text.text)}
    assert open_ == set(ending.placeholders)
    filled = [part.text.text.format_map(dict.fromkeys(open_, "…")) for part in ending.letter]
    assert not any("{" in text for text in filled)
    assert any(part.optional for part in ending.letter)


def test_the_therapists_side_has_the_articles_questions() -> None:
    side = TOLD.therapist
    assert "no export" in side.privacy.text
    assert {"reactions", "body", "thoughts", "questions"} <= set(side.reflection)
    assert len([text for text in side.reflection["questions"].items if text.quote]) == 5
    assert len(side.self_care.items) >= 5
    assert side.consult.items


def test_a_plan_has_its_states_and_an_opening_for_every_answer() -> None:
    planning = TOLD.planning
    assert list(planning.states) == ["not_yet", "tried", "landed", "did_not_land", "skipped"]
    assert "denied" in planning.answers
    for answer in planning.answers.values():
        openings = [answer.openings[side][i] for side in SIDES for i in INTENSITIES]
        assert len({text.text for text in openings}) == 4


# What is refused


def leaf(text: str = "A sentence.", source: Any = "own") -> dict[str, Any]:
    return {"text": text, "source": source}


def cell(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = raw["steps"]["invite"]["phrases"]["confrontation"]["micro"]
    return found


CHANGES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda r: r["steps"]["notice"]["aim"].pop("source"), "steps.notice.aim has no source"),
    (lambda r: r["steps"]["notice"]["aim"].update(source=[]), "steps.notice.aim has no source"),
    (lambda r: r["steps"]["notice"]["aim"].update(source="nobody"), "unknown source 'nobody'"),
    (lambda r: r["steps"]["notice"].update(aim="A bare one."), "a sentence without a source"),
    (lambda r: r["steps"]["notice"]["avoid"].update(x="A bare one."), "steps.notice.avoid.x"),
    (lambda r: r["steps"]["notice"]["aim"].update(text=" "), "is empty"),
    (lambda r: r["steps"]["notice"].update(codes=["noticed"]), "unknown code 'noticed'"),
    (lambda r: r["steps"]["notice"].update(codes=["denial"]), "unknown code 'denial'"),
    (lambda r: r["steps"]["notice"].update(codes=["invite"]), "not named by its first code"),
    (lambda r: r["steps"]["notice"].update(number=7), "unknown number 7"),
    (lambda r: r["steps"]["notice"].update(number=2), "five steps in order"),
    (lambda r: r["steps"].pop("negotiate"), "five steps in order"),
    (lambda r: r["steps"]["notice"].update(tone=leaf()), "unknown key 'tone'"),
    (lambda r: r["steps"]["notice"].pop("landed"), "lacks landed"),
    (lambda r: cell(r).clear(), "has 0 sentences"),
    (lambda r: cell(r).popitem(), "has 2 sentences. Write 3 to 5"),
    (lambda r: cell(r).update({f"x{i}": leaf() for i in range(3)}), "has 6 sentences"),
    (lambda r: r["steps"]["invite"]["phrases"].pop("withdrawal"), "lacks the table 'withdrawal'"),
    (lambda r: r["steps"]["invite"]["phrases"]["withdrawal"].pop("major"), "'major'"),
    (lambda r: r["steps"]["invite"]["phrases"].update(mixed={}), "unknown part 'mixed'"),
    (lambda r: r["moves"]["client_leads"]["phrases"].pop("confrontation"), "'confrontation'"),
    (lambda r: r["moves"]["client_leads"].update(steps=[6]), "unknown step 6"),
    (lambda r: r["branches"]["denial"].update(codes=["nothing"]), "unknown code 'nothing'"),
    (lambda r: r["branches"]["denial"]["watch"].update(remind=4), "reminds after it has ended"),
    (lambda r: r["missteps"].update(hurrying={}), "unknown code 'hurrying'"),
    (lambda r: r["missteps"].pop("ignoring"), "missteps lacks ignoring"),
    (lambda r: r["missteps"]["ignoring"]["instead"].update(a=leaf(), b=leaf()), "Write 2 to 3"),
    (lambda r: r["ruptures"]["need"].pop("denial"), "lacks denial"),
    (lambda r: r["ending"]["section"].pop("options"), "lacks options"),
    (lambda r: r["ending"]["letter"].update(placeholders=[]), "leaves {practice} open"),
    (lambda r: r["consider"]["rule"]["denial"].update(marker="nothing"), "unknown marker"),
    (lambda r: r["plan"]["answer"]["thin"]["opening"]["withdrawal"].pop("micro"), "thin"),
    (lambda r: r["moves"].update(version="0"), "Version '0' differs"),
    (lambda r: r.pop("plan"), "The file is missing"),
]


@pytest.mark.parametrize(("change", "what"), CHANGES)
def test_what_breaks_the_rules_is_refused_by_id(
    change: Callable[[dict[str, Any]], object], what: str
) -> None:
    raw = copy.deepcopy(RAW)
    change(raw)
    with pytest.raises(InputError) as caught:
        build(raw)
    assert caught.value.slug == "bad-guidance"
    assert caught.value.where.endswith(".toml")
    assert what in str(caught.value)


# Overlays

GERMAN = """
version = "1"

[notice]
aim = "Sagen, dass sich etwas verschoben hat."

[notice.phrases.withdrawal.micro]
shorter = "Ihre Antworten wurden eben kürzer. Täusche ich mich?"
"""


def overlay(folder: Path, text: str, name: str = "steps") -> Path:
    (folder / "de").mkdir(exist_ok=True)
    (folder / "de" / f"{name}.toml").write_text(text, "utf-8")
    return folder


def test_an_overlay_replaces_texts_by_id_and_keeps_the_rest(tmp_path: Path) -> None:
    overlay(tmp_path, GERMAN)
    overlay(tmp_path, 'version = "1"\n[tracking_shift]\nname = "Die Wendung verfolgen"\n', "moves")
    german = guidance.load("de", tmp_path)
    assert german.language == "de"
    aim = german.step("notice").aim
    assert aim.text == "Sagen, dass sich etwas verschoben hat."
    assert (aim.id, aim.sources) == (TOLD.step("notice").aim.id, TOLD.step("notice").aim.sources)
    first, second, *_ = german.phrasings("notice", "withdrawal", "micro")
    assert first.text.startswith("Ihre Antworten")
    assert second == TOLD.phrasings("notice", "withdrawal", "micro")[1]
    assert german.moves["tracking_shift"].name == "Die Wendung verfolgen"
    assert list(german.texts) == list(TOLD.texts)
    assert len(german.untranslated) == len(TOLD.texts) - 2
    assert aim.id not in german.untranslated
    assert TOLD.untranslated == ()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('version = "1"\n[notise]\naim = "x"', "no text steps.notise. Did you mean steps.notice?"),
        ('version = "1"\n[notice]\nmood = "x"', "There is no text steps.notice.mood"),
        ('version = "1"\n[notice]\naim = " "', "steps.notice.aim has no text"),
        ('version = "1"\n[notice]\naim = 3', "steps.notice.aim has no text"),
        ('version = "1"\n[notice.aim]\ntext = "x"', "steps.notice.aim has no text"),
        ('version = "1"\n[notice]\navoid = "x"', "is not a sentence or a name"),
        ('version = "1"\n[notice]\nnumber = 2', "is not a sentence or a name"),
        ('version = "1"\n[notice]\ncodes = []', "is not a sentence or a name"),
        ('[notice]\naim = "x"', "version None"),
        ('version = "0"\n[notice]\naim = "x"', "Compare it with version '1'"),
        ('version = "1"\n[notice', "This is not TOML"),
    ],
)
def test_an_overlay_that_cannot_be_used_is_refused_by_id(
    tmp_path: Path, text: str, what: str
) -> None:
    with pytest.raises(InputError) as caught:
        guidance.load("de", overlay(tmp_path, text))
    assert caught.value.slug == "bad-guidance"
    assert caught.value.where == "steps.toml"
    assert what in str(caught.value)


def test_an_overlay_keeps_placeholders_and_file_names(tmp_path: Path) -> None:
    lost = 'version = "1"\n[letter.part.subject]\nwords = "Überweisung von {client}."\n'
    with pytest.raises(InputError, match=r"differs from the original in {birth_date}"):
        guidance.load("de", overlay(tmp_path, lost, "ending"))
    (tmp_path / "de" / "ending.toml").unlink()
    with pytest.raises(InputError, match=r"endings\.toml: Guidance has no file of this name"):
        guidance.load("de", overlay(tmp_path, lost, "endings"))


@pytest.mark.parametrize("language", ["fr", "../en", "", "EN", "de.x"])
def test_a_language_without_an_overlay_is_refused(tmp_path: Path, language: str) -> None:
    with pytest.raises(InputError) as caught:
        guidance.load(language, tmp_path)
    assert caught.value.slug == "unknown-guidance-language"


def test_an_overlay_in_another_encoding_is_refused(tmp_path: Path) -> None:
    overlay(tmp_path, "")
    (tmp_path / "de" / "steps.toml").write_bytes(GERMAN.encode("utf-16"))
    with pytest.raises(InputError, match="not text in UTF-8"):
        guidance.load("de", tmp_path)


# Docs


def test_the_page_lists_every_source_and_what_is_not_supported() -> None:
    page = (ROOT / "docs" / "guidance.md").read_text("utf-8")
    rows = [f"| `{s.id}` | {s.citation} | {s.strength} |" for s in TOLD.sources.values()]
    assert re.findall(r"^\| `[a-z0-9]+` \|.*$", page, re.M) == rows
    for text in TOLD.unsupported:
        assert f"- {text.text} ({TOLD.named(text)})" in page
    for file in FILES:
        assert f"`{file}.toml`" in page
    for branch in TOLD.branches.values():
        assert f"| {branch.name} | {branch.when.text} |" in page


def test_all_files_are_toml_of_one_version() -> None:
    folder = ROOT / "src" / "reattune" / "guidance"
    found = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in folder.glob("*.toml")}
    assert set(found) == set(FILES)
    assert {table["version"] for table in found.values()} == {TOLD.version}
