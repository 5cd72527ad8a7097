"""When repair is not possible: the ending as rows, the letter, and how it is counted."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import docx
import pypdf
import pytest

from reattune import guidance
from reattune.caseload import Course, figures
from reattune.ending import (
    OUTCOMES,
    SECTIONS,
    Ending,
    EndingRow,
    add,
    chosen,
    due,
    end_ruptures,
    episode_records,
    known_values,
    letter,
    outcomes,
    untouched,
)
from reattune.errors import InputError
from reattune.repair import HUMAN, STEPS, Change, Rupture, apply, merge, open_rupture
from reattune.report.letter import render_docx, render_pdf
from reattune.report.reference import PAPERS, Paper
from tests.courses import demo
from tests.test_repair_plan import close_when, drive

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
TOLD = guidance.load()


def row(section: str, item: str, old: str, new: str, note: str = "", **values) -> EndingRow:
    return EndingRow(section, item, old, new, NOW, 6, "elin", note, **values)


def planned() -> Ending:
    return add(Ending("c-1"), row("", "", "", "planned", "He needs something else."))


def slug(ending: Ending, one: EndingRow) -> str:
    with pytest.raises(InputError) as caught:
        add(ending, one)
    return caught.value.slug


def test_the_sections_are_those_of_guidance_in_the_order_of_the_work():
    assert tuple(TOLD.ending.sections) == SECTIONS


def test_an_ending_from_plan_to_close():
    made = planned()
    assert untouched(made) == SECTIONS
    made = add(made, row("reasons", "fit", "", "chosen"))
    made = add(made, row("naming", "own", "", "chosen", "The forms stood between us."))
    made = add(made, row("options", "colleague", "", "chosen", "Dr. May, by August."))
    made = add(made, row("follow_up", "letter", "", "chosen", due=date(2026, 5, 8)))
    assert untouched(made) == ("validation", "last_session")
    made = add(made, row("", "", "planned", "held", "We had the whole hour for it."))
    made = add(made, row("follow_up", "letter", "chosen", "done"))
    made = add(made, row("", "", "held", "closed", "Said goodbye in April."))
    assert made.state == "closed"
    [item] = chosen(made, "follow_up")
    assert (item.state, item.due) == ("done", date(2026, 5, 8))
    [own] = chosen(made, "naming")
    assert own.note == "The forms stood between us."


def test_what_is_due_is_listed_until_it_is_done():
    made = add(planned(), row("follow_up", "letter", "", "chosen", due=date(2026, 5, 8)))
    made = add(made, row("follow_up", "arrived", "", "chosen", due=date(2026, 6, 1)))
    assert due(made, date(2026, 5, 7)) == ()
    assert [item.key for item in due(made, date(2026, 7, 1))] == ["letter", "arrived"]
    made = add(made, row("follow_up", "letter", "chosen", "done"))
    assert [item.key for item in due(made, date(2026, 7, 1))] == ["arrived"]


def test_an_item_can_be_dropped_and_taken_up_again_and_no_row_is_lost():
    made = add(planned(), row("options", "pause", "", "chosen"))
    made = add(made, row("options", "pause", "chosen", "dropped"))
    assert chosen(made, "options") == ()
    made = add(made, row("options", "pause", "dropped", "chosen", "After all."))
    assert [item.note for item in chosen(made, "options")] == ["After all."]
    assert len(made.rows) == 4


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (row("", "", "planned", "held"), "change-incomplete"),
        (row("", "", "planned", "closed", "Done."), "change-incomplete"),  # no reason chosen
        (row("", "", "held", "closed", "Done."), "stale-change"),
        (row("", "", "planned", "planned", "Again."), "change-not-allowed"),
        (row("reasons", "boredom", "", "chosen"), "change-not-allowed"),
        (row("moods", "fit", "", "chosen"), "change-not-allowed"),
        (row("reasons", "own", "", "chosen"), "change-incomplete"),
        (row("reasons", "fit", "chosen", "done"), "stale-change"),
        (EndingRow("reasons", "fit", "", "chosen", NOW, 6, " "), "change-incomplete"),
        (EndingRow("reasons", "fit", "", "chosen", datetime(2026, 5, 1), 6, "e"),
         "change-incomplete"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(one, expected):
    assert slug(planned(), one) == expected


def test_nothing_is_chosen_before_an_ending_is_planned():
    assert slug(Ending("c-1"), row("reasons", "fit", "", "chosen")) == "change-not-allowed"


def test_an_ending_can_be_called_off():
    made = add(planned(), row("", "", "planned", "called_off", "We go on after all."))
    assert made.state == "called_off"
    assert add(made, row("", "", "called_off", "planned", "In June.")).state == "planned"


# Outcomes


def rupture(id: str, *rows: tuple[str, str]) -> Rupture:
    made = Rupture(id, "c-1", "confrontation", "major", 2, date(2026, 3, 12))
    made = open_rupture(made, when=NOW, who="repair/1", by="analysis", note="An episode.")
    for old, new in rows:
        into = "s9-9" if new == "joined" else ""
        made = apply(made, Change(id, "", old, new, NOW, 5, "elin", HUMAN, "Because.", into))
    return made


def test_a_goodbye_counts_as_an_outcome_of_its_own():
    found = [
        rupture("a", ("open", "repaired")),
        rupture("b", ("open", "repaired_in_part")),
        rupture("c", ("open", "ended")),
        rupture("d", ("open", "ended")),
        rupture("e"),
        rupture("f", ("open", "set_aside")),
        rupture("g", ("open", "joined")),
    ]
    counted = outcomes(found)
    assert tuple(counted) == OUTCOMES
    assert counted["ended"] == 2
    assert (counted["repaired"], counted["repaired_in_part"], counted["open"]) == (1, 1, 1)
    assert sum(counted.values()) == 5


def test_ending_closes_what_is_open_and_leaves_what_was_settled():
    found = [rupture("a"), rupture("b", ("open", "repaired_in_part")), rupture("c")]
    rows = end_ruptures(found, when=NOW, session=6, who="elin", note="We parted well.")
    assert [row.rupture for row in rows] == ["a", "c"]
    made = [merge(one, human=[row for row in rows if row.rupture == one.id]) for one in found]
    assert [one.state for one in made] == ["ended", "repaired_in_part", "ended"]


def test_figures_of_a_caseload_take_what_people_decided():
    repaired = rupture("a", ("open", "repaired"))
    noticed = apply(
        repaired if not repaired.closed else rupture("b"),
        Change("b", "notice", "not_yet", "tried", NOW, 3, "elin", HUMAN),
    )
    records = list(episode_records([repaired, noticed, rupture("c", ("open", "set_aside"))]))
    assert [(one.repaired_at, one.noticed) for one in records] == [(5, None), (None, True)]
    course = Course("c-1", tuple((n, None) for n in range(1, 7)), ended=True)
    found = {figure.name: figure for figure in figures([course], records)}
    assert found["sessions_to_repair"].count == 1
    assert STEPS[0] == "notice"


def test_course_b_ends_in_part_repaired_and_with_a_goodbye():
    made, _ = drive("b", close_when("repaired_in_part", 6))
    assert end_ruptures(made.record, when=NOW, session=6, who="elin", note="We part.") == ()
    ending = add(planned(), row("reasons", "setting", "", "chosen", "The firm pays no more."))
    ending = add(ending, row("naming", "mine", "", "chosen"))
    ending = add(ending, row("", "", "planned", "held", "On April 16."))
    ending = add(ending, row("", "", "held", "closed", "Handed over to Dr. May."))
    assert ending.state == "closed"
    counted = outcomes(made.record)
    assert (counted["repaired_in_part"], counted["ended"], counted["open"]) == (1, 0, 0)
    assert letter(known_values(demo("b"), date(2026, 4, 20))).left


# The letter


def test_the_records_fill_in_dates_and_nothing_else():
    values = known_values(demo("b"), date(2026, 4, 20))
    assert values == {
        "date": "April 20, 2026",
        "sessions": "6",
        "first_session": "March 5, 2026",
        "last_session": "April 16, 2026",
    }


def test_places_stay_open_until_they_are_filled():
    made = letter()
    assert set(made.left) <= set(TOLD.ending.placeholders)
    assert "client" in made.left
    full = letter({name: f"the {name}" for name in TOLD.ending.placeholders})
    assert full.left == ()


def test_optional_parts_are_in_it_only_where_the_client_wants_them():
    ids = [paragraph.id for paragraph in letter().paragraphs]
    assert "safety" not in ids
    assert "safety" in [paragraph.id for paragraph in letter(include=["safety"]).paragraphs]


@pytest.mark.parametrize(("values", "include"), [({"mood": "x"}, ()), ({}, ("head",))])
def test_an_unknown_place_or_part_is_refused(values, include):
    with pytest.raises(InputError) as caught:
        letter(values, include)
    assert caught.value.slug == "unknown-letter-part"


VALUES = {name: f"the {name} & <b>" for name in TOLD.ending.placeholders}


@pytest.mark.parametrize("paper", PAPERS)
def test_the_pdf_holds_the_letter(paper: Paper):
    read = pypdf.PdfReader(io.BytesIO(render_pdf(letter(VALUES, ["wishes"]), paper)))
    text = " ".join(read.pages[0].extract_text().split())
    assert len(read.pages) == 1
    assert "the client & <b> wishes: the wishes & <b>." in text
    assert "Draft" not in text
    draft = pypdf.PdfReader(io.BytesIO(render_pdf(letter(), paper)))
    assert "Send it only with the client’s written consent" in " ".join(
        draft.pages[0].extract_text().split()
    )


def test_the_word_file_holds_the_letter_with_open_places_marked():
    document = docx.Document(io.BytesIO(render_docx(letter({"therapist": "Elin Prosser"}))))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "___client___" in text
    assert "Elin Prosser" in text
    assert text.startswith("Draft.")
    assert document.core_properties.author == ""
    full = docx.Document(io.BytesIO(render_docx(letter(VALUES))))
    assert "___" not in "\n".join(paragraph.text for paragraph in full.paragraphs)


def test_both_files_are_the_same_each_time():
    assert render_pdf(letter(VALUES)) == render_pdf(letter(VALUES))
