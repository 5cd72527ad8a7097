"""Measures: the data behind the instruments, files of the user's own, scores, series, the command.

Worked totals come from
  WAI, SRS  github.com/IanSteenstra/ai-psychotherapy-eval at a597ad0 (Apache-2.0), dataset/
            survey_wai_logs.csv and survey_srs_logs_with_total.csv: simulated clients' answers
  PHQ-9     the examples of phq9_score in the R package cliot 1.0.0
  GAD-7     HL7 PACIO Sample Data Depot 0.1.0, BSJ1-GAD7-QuestionnaireResponse-October2025
"""

from __future__ import annotations

import json
import math
import tomllib
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from reattune.cli.measures import command
from reattune.errors import InputError
from reattune.measures import (
    SHIPPED,
    Administration,
    Instrument,
    Missing,
    Score,
    find_instrument,
    own_instruments,
    read_instrument,
    score,
    series,
    shipped_instrument,
)

FREE = {"checkin_client", "checkin_therapist", "phq9", "gad7"}
UNVERIFIED = {"arm12", "haq2", "calpas"}
FORMS = {
    "checkin_client": (5, 1, 7, "mean"),
    "checkin_therapist": (5, 1, 7, "mean"),
    "phq9": (9, 0, 3, "sum"),
    "gad7": (7, 0, 3, "sum"),
    "wai": (36, 1, 7, "sum"),
    "wai_s": (12, 1, 7, "sum"),
    "wai_sr": (12, 1, 5, "sum"),
    "srs": (4, 0, 10, "sum"),
    "ors": (4, 0, 10, "sum"),
    "arm5": (5, 1, 7, "mean"),
    "arm12": (12, 1, 7, "mean"),
    "haq2": (19, 1, 6, "sum"),
    "calpas": (24, 1, 7, "mean"),
}
DAY = date(2026, 3, 2)
every = pytest.mark.parametrize("id", SHIPPED)


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder of its own; where the user's instruments go in it."""
    monkeypatch.setenv("REATTUNE_DATA", str(tmp_path / "data"))
    folder = tmp_path / "data" / "measures"
    folder.mkdir(parents=True)
    return folder


def filled(
    answers: object, *, session: int = 1, rater: str = "client", when: date | None = DAY
) -> Administration:
    """A form of client c1 with the answers in order, or by number."""
    rows = answers if isinstance(answers, dict) else dict(enumerate(answers, 1))  # type: ignore[call-overload]
    return Administration("c1", rater, when, session, rows)


def scored(id: str, answers: object, **details: object) -> Score:
    return score(shipped_instrument(id), filled(answers, **details))  # type: ignore[arg-type]


def refused(slug: str, call: object, *arguments: object) -> str:
    """The message of the InputError that the call raises."""
    with pytest.raises(InputError) as caught:
        call(*arguments)  # type: ignore[operator]
    assert caught.value.slug == slug
    assert caught.value.remedy
    return str(caught.value)


# The data


@every
def test_a_shipped_instrument_says_what_it_is_and_where_its_numbers_come_from(id: str):
    made = shipped_instrument(id)
    n, low, high, scoring = FORMS[id]
    assert [item.number for item in made.items] == list(range(1, n + 1))
    assert {(item.low, item.high) for item in made.items} == {(low, high)}
    assert (made.id, made.scoring) == (id, scoring)
    factor = 1 if scoring == "mean" else n
    assert (made.scale().low, made.scale().high) == (low * factor, high * factor)
    for said in (made.name, made.citation, made.license, made.key.source, made.missing.source):
        assert said.strip()
    assert all(cutoff.source for cutoff in made.cutoffs)


def test_shipped_files_and_the_list_of_them_agree():
    folder = Path(__file__).parents[1] / "src" / "reattune" / "measures"
    assert {path.stem for path in folder.glob("*.toml")} == set(SHIPPED) == set(FORMS)


@every
def test_only_free_wording_is_shipped(id: str):
    made = shipped_instrument(id)
    assert made.has_text == (id in FREE)
    if id not in FREE:
        assert not any(item.text for item in made.items)
        assert not made.labels
        assert not made.instructions


def test_the_check_in_is_marked_unvalidated_and_its_forms_mirror_each_other():
    client, therapist = (shipped_instrument(f"checkin_{who}") for who in ("client", "therapist"))
    assert not client.validated
    assert not therapist.validated
    assert (client.raters, therapist.raters) == (("client",), ("therapist",))
    for made in (client, therapist):
        assert made.item("felt_off").number == 5
        assert [item.number for item in made.items if item.reversed] == [5]
        assert [item.prompt for item in made.items] == [4, 4, 4, 4, 3]
    assert all(shipped_instrument(id).validated for id in SHIPPED if "checkin" not in id)


def test_the_symptom_measures_have_their_answers_in_words():
    for id in ("phq9", "gad7"):
        made = shipped_instrument(id)
        assert [value for value, _ in made.labels] == [0, 1, 2, 3]
        assert not made.higher_is_better


def test_bond_of_the_wai_reverses_items_1_20_and_29_not_28():
    bond = shipped_instrument("wai").scales()["bond"]
    assert [i.number for i in bond if i.reversed] == [1, 20, 29]
    assert [i.number for i in bond] == [1, 5, 8, 17, 19, 20, 21, 23, 26, 28, 29, 36]


def test_the_short_form_of_the_wai_keys_each_item_as_the_wai_does():
    parents = (2, 4, 8, 12, 21, 22, 23, 24, 26, 27, 32, 35)
    long, short = shipped_instrument("wai"), shipped_instrument("wai_s")
    for item, number in zip(short.items, parents, strict=True):
        parent = long.items[number - 1]
        assert (item.subscale, item.reversed) == (parent.subscale, parent.reversed)


@every
def test_subscales_divide_the_items_of_the_working_alliance_inventories(id: str):
    scales = shipped_instrument(id).scales()
    if id.startswith("wai"):
        assert set(scales) == {"total", "task", "bond", "goal"}
        sizes = {len(items) for name, items in scales.items() if name != "total"}
        assert sizes == {len(scales["total"]) // 3}
    else:
        assert set(scales) == {"total"}


# Worked totals

WAI_ROWS = {
    "7.1": ("573777151111771777717767772715171177", 84, 65, 79),
    "1.1": ("512121445767316156441141127111515614", 28, 41, 20),
    "18.1": ("417123446475425155612141145511725615", 26, 47, 25),
    "39.1": ("612111627576115122251121116141716612", 17, 29, 22),
    "7.3": ("537624544556671167642457245712764617", 49, 45, 40),
    "30.2": ("176777261111671577715767761716372477", 77, 67, 75),
}
"""Pairing and session: answers 1 to 36, published Task, Bond and Goal."""


@pytest.mark.parametrize("row", WAI_ROWS)
def test_task_and_goal_of_the_wai_are_the_published_totals(row: str):
    answers, task, _, goal = WAI_ROWS[row]
    made = scored("wai", map(int, answers))
    assert (made.subscales["task"], made.subscales["goal"]) == (task, goal)


@pytest.mark.parametrize("row", WAI_ROWS)
def test_bond_differs_from_the_published_one_by_its_wrong_reversal_alone(row: str):
    """Those totals reverse item 28 in place of 29, as the same author's later program says."""
    answers, task, published, goal = WAI_ROWS[row]
    made = scored("wai", map(int, answers))
    wrong = 2 * (int(answers[28 - 1]) - int(answers[29 - 1]))
    assert made.subscales["bond"] == published + wrong
    assert made.total == task + published + wrong + goal


def test_all_sevens_on_bond_count_three_items_as_one():
    """tests/test_scoring.py of ai-psychotherapy-eval at 37dc212."""
    assert scored("wai", [7] * 36).subscales["bond"] == 3 * 1 + 9 * 7


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        ((8.5, 9.0, 8.0, 8.8), 34.3),
        ((9.1, 3.5, 2.8, 2.2), 17.6),
        ((9.8, 10.0, 9.7, 9.9), 39.4),
        ((0.8, 1.1, 0.4, 0.2), 2.5),
        ((0.0, 0.0, 0.0, 0.0), 0.0),
    ],
)
def test_the_session_rating_scale_adds_up_to_published_totals(
    answers: tuple[float, ...], total: float
):
    assert scored("srs", answers).total == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize(
    ("answers", "total", "band"),
    [
        ((1, 1, 2, 2, 1, 1, 1, 1, 0), 10, "moderate symptoms"),
        ((3, 3, 3, 3, 2, 3, 2, 3, 1), 23, "severe symptoms"),
    ],
)
def test_the_phq9_adds_up_to_published_totals_and_bands(
    answers: tuple[int, ...], total: int, band: str
):
    made = scored("phq9", answers)
    assert made.total == total
    assert [band in flag.why for flag in made.flags] == [True]


def test_the_gad7_adds_up_to_a_published_total_and_band():
    made = scored("gad7", (1, 1, 1, 1, 0, 1, 2))
    assert made.total == 7
    assert "mild anxiety" in made.flags[0].why


def test_the_arm5_is_the_mean_after_reversing_item_3():
    assert scored("arm5", (7, 7, 1, 7, 7)).total == 7
    assert scored("arm5", (7, 7, 7, 7, 7)).total == pytest.approx(29 / 5)


# Flags and risk


@pytest.mark.parametrize(("answer", "risk"), [(0, False), (1, True), (3, True)])
def test_item_9_of_the_phq9_above_0_takes_the_risk_path(answer: int, risk: bool):
    made = scored("phq9", [0] * 8 + [answer])
    assert made.risk is risk
    assert ("Item 9" in made.risk_why) is risk


def test_item_9_unanswered_is_said_and_is_no_risk_found():
    made = scored("phq9", [0] * 8)
    assert not made.risk
    assert [(flag.kind, flag.item) for flag in made.flags] == [("unanswered", 9)]
    assert made.total == 0
    assert not scored("gad7", [3] * 7).risk


def test_only_the_furthest_cutoff_of_a_scale_is_flagged():
    flags = scored("phq9", [2] * 8 + [0]).flags
    assert [flag.evidence.value for flag in flags] == [16]
    assert "moderately severe" in flags[0].why
    assert "Kroenke" in flags[0].source
    assert not scored("phq9", [0] * 8 + [0]).flags


def test_a_low_cutoff_is_below_or_at_its_value_as_its_source_says():
    assert not scored("srs", (9, 9, 9, 9)).flags
    assert scored("srs", (9, 9, 9, 8.9)).flags[0].kind == "cutoff"
    assert scored("ors", (7, 6, 6, 6)).flags
    assert not scored("ors", (7, 6, 6, 6.1)).flags


def test_cutoffs_and_prompts_that_are_not_verified_are_off():
    srs = shipped_instrument("srs")
    assert srs.prompts_from
    assert all(item.prompt is None for item in srs.items)


@pytest.mark.parametrize(
    ("answers", "items"),
    [
        ((7, 7, 7, 7, 1), []),
        ((7, 7, 7, 7, 2), []),
        ((7, 7, 7, 7, 3), [5]),
        ((5, 5, 5, 5, 1), []),
        ((4, 7, 7, 1, 1), [1, 4]),
        ((4, 4, 4, 4, 7), [1, 2, 3, 4, 5]),
    ],
)
def test_check_in_items_prompt_at_their_cut_from_the_first_session(
    answers: tuple[int, ...], items: list[int]
):
    flags = scored("checkin_client", answers).flags
    assert [flag.item for flag in flags] == items
    for flag in flags:
        assert flag.kind == "item"
        assert flag.by == "checkin_client/1"
        assert flag.evidence.value == answers[flag.item - 1]  # type: ignore[operator]
    if 5 in items:
        assert "felt off" in flags[-1].why


# Missing and impossible answers


@pytest.mark.parametrize("none", [None, math.nan, np.float64("nan"), "", " "])
def test_none_nan_blank_and_absent_all_mean_not_answered(none: object):
    made = scored("phq9", [2] * 7 + [none, 0])
    assert made == scored("phq9", dict.fromkeys(range(1, 8), 2) | {9: 0})
    assert made.missing == (8,)
    assert made.prorated == ("total",)
    assert made.total == pytest.approx(14 / 8 * 9)
    assert "prorated" in made.flags[0].why


def test_too_many_missing_answers_give_no_score():
    two, three = [None] * 2 + [3] * 7, [None] * 3 + [3] * 6
    assert scored("phq9", two).total == 27
    made = scored("phq9", three)
    assert (made.total, made.prorated, made.missing) == (None, (), (1, 2, 3))
    assert made.risk
    assert not [flag for flag in made.flags if flag.kind == "cutoff"]


def test_each_scale_is_prorated_by_its_own_items():
    made = scored("wai_s", [None, *[4] * 11])
    assert made.prorated == ("total",)
    assert made.subscales == {"task": None, "bond": 16, "goal": 16}
    wai = scored("wai", {1: 7, 5: 7})
    assert wai.total is None
    assert set(wai.subscales.values()) == {None}


def test_an_empty_form_has_no_score():
    made = scored("checkin_client", {})
    assert made.total is None
    assert made.missing == (1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("rule", "n", "allowed"),
    [
        (Missing(2, None, "s"), 9, 2),
        (Missing(0, None, "s"), 4, 0),
        (Missing(9, None, "s"), 3, 2),
        (Missing(None, 0.2, "s"), 36, 7),
        (Missing(None, 0.2, "s"), 5, 1),
        (Missing(None, 0.2, "s"), 4, 0),
        (Missing(None, 0.3, "s"), 10, 3),
    ],
)
def test_how_much_may_be_missing(rule: Missing, n: int, allowed: int):
    assert rule.allowed(n) == allowed
    assert "score" in str(rule)


@pytest.mark.parametrize("answer", [0, 8, 3.5, math.inf, "3", "often", True, [3], 10**400])
def test_an_impossible_answer_is_refused_with_item_and_range(answer: object):
    said = refused("impossible-answer", scored, "checkin_client", [3, 3, answer, 3, 3])
    assert "item 3 " in said
    assert "1 to 7" in said
    assert "checkin_client, session 1" in said
    assert "often" not in said
    assert "c1" not in said


@pytest.mark.parametrize("number", [0, 10, -1, "1", True, 1.0])
def test_an_item_that_the_form_lacks_is_refused(number: object):
    assert "1 to 9" in refused("impossible-answer", scored, "phq9", {number: 1})


def test_a_fine_scale_takes_any_number_in_its_range_and_nothing_beyond():
    assert scored("srs", (9.87, 10, 0, np.float32(5))).total == pytest.approx(24.87)
    refused("impossible-answer", scored, "srs", (10.01, 10, 10, 10))
    refused("impossible-answer", scored, "srs", (-0.1, 10, 10, 10))


def test_numpy_answers_count_as_numbers():
    assert scored("gad7", np.array([1, 1, 1, 1, 0, 1, 2])).total == 7


def test_a_rater_whom_the_form_is_not_made_for_is_refused():
    said = refused(
        "wrong-rater", score, shipped_instrument("wai_sr"), filled([1], rater="therapist")
    )
    assert "client" in said
    assert scored("wai", [4] * 36, rater="therapist").total == 144


@pytest.mark.parametrize("session", [0, -1, 1.0, "2", None, True])
def test_a_session_without_a_number_is_refused(session: object):
    refused("bad-session", score, shipped_instrument("gad7"), filled([0] * 7, session=session))  # type: ignore[arg-type]


@pytest.mark.parametrize("id", sorted(UNVERIFIED))
def test_an_unverified_key_refuses_to_score_until_the_user_confirms_it(id: str, own: Path):
    n, low, _, _ = FORMS[id]
    form = filled([low] * n)
    said = refused("key-unverified", score, shipped_instrument(id), form)
    assert "key_confirmed" in said
    refused("key-unverified", series, shipped_instrument(id), [form])
    stated = "" if id == "haq2" else "reversed = [2]\n"
    write(own, f'extends = "{id}"\nkey_confirmed = "the manual"\n{stated}', f"{id}.toml")
    assert score(find_instrument(id), form).total is not None


# Properties


@st.composite
def forms(draw: st.DrawFn, *, gaps: bool = False) -> tuple[Instrument, dict[int, float]]:
    """A verified instrument and answers that are possible, with gaps if wanted."""
    made = shipped_instrument(draw(st.sampled_from([id for id in SHIPPED if id not in UNVERIFIED])))
    answers: dict[int, float] = {}
    for item in made.items:
        one = (
            st.integers(int(item.low), int(item.high))
            if item.step == 1
            else st.floats(item.low, item.high)
        )
        value = draw(st.none() | one if gaps else one)
        if value is not None:
            answers[item.number] = value
    return made, answers


@given(forms())
def test_reversal_twice_is_the_answer_and_once_stays_in_range(form: tuple):
    made, answers = form
    for item in made.items:
        once = item.keyed(answers[item.number])
        assert item.low <= once <= item.high
        assert item.keyed(once) == pytest.approx(answers[item.number], abs=1e-12)


@given(forms(gaps=True))
def test_scores_prorated_or_not_stay_in_their_range(form: tuple):
    made, answers = form
    found = score(made, filled(answers, rater=made.raters[0]))
    for name, value in {"total": found.total, **found.subscales}.items():
        scale = made.scale(name)
        assert value is None or scale.low <= value <= scale.high
    allowed = made.missing.allowed(len(made.items))
    assert (found.total is None) == (len(found.missing) > allowed)


@given(forms(gaps=True), st.randoms())
def test_the_order_of_answers_is_irrelevant(form: tuple, random: object):
    made, answers = form
    shuffled = list(answers.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    rater = made.raters[0]
    assert score(made, filled(dict(shuffled), rater=rater)) == score(
        made, filled(answers, rater=rater)
    )


@given(forms())
def test_subscales_of_a_sum_add_up_to_the_total(form: tuple):
    made, answers = form
    found = score(made, filled(answers, rater=made.raters[0]))
    if found.subscales:
        assert math.fsum(found.subscales.values()) == found.total


@given(st.permutations(range(1, 7)))
def test_the_order_of_administrations_is_irrelevant(order: list[int]):
    rows = [filled([s, 3, 3, 3, 1], session=s, when=DAY + timedelta(7 * s)) for s in order]
    made = series(shipped_instrument("checkin_client"), rows)
    assert [point.session for point in made[0].points] == [1, 2, 3, 4, 5, 6]
    assert [point.value for point in made[0].points] == [(s + 16) / 5 for s in range(1, 7)]


# Series


def test_a_series_for_the_total_and_each_subscale():
    rows = [filled([i] * 12, session=i, when=DAY + timedelta(7 * i)) for i in (1, 2, 4)]
    made = series(shipped_instrument("wai_sr"), rows)
    assert [one.measure for one in made] == ["wai_sr", "wai_sr:task", "wai_sr:bond", "wai_sr:goal"]
    assert {(one.client, one.rater) for one in made} == {("c1", "client")}
    assert [(p.session, p.date, p.value) for p in made[1].points] == [
        (i, DAY + timedelta(7 * i), 4 * i) for i in (1, 2, 4)
    ]
    assert made[0].scale == shipped_instrument("wai_sr").scale()
    assert (made[2].scale.low, made[2].scale.high) == (4, 20)  # type: ignore[union-attr]


def test_an_incomplete_session_is_a_point_without_a_value():
    rows = [filled([5, 5, 5, 5, 1]), filled({}, session=2)]
    assert [p.value for p in series(shipped_instrument("checkin_client"), rows)[0].points] == [
        pytest.approx(5.4),
        None,
    ]


def test_what_is_not_one_series_is_refused():
    made = shipped_instrument("wai")

    def form(session: int, when: date | None = None, **change: str) -> Administration:
        who = {"client": "c1", "rater": "client"} | change
        return Administration(who["client"], who["rater"], when, session, {})

    def tried(*rows: Administration) -> Instrument:
        return series(made, rows)  # type: ignore[return-value]

    assert refused("no-administrations", tried)
    assert "Secret" not in refused("mixed-clients", tried, form(1), form(2, client="Secret"))
    assert refused("mixed-raters", tried, form(1), form(2, rater="therapist"))
    assert "Session 2" in refused("duplicate-session", tried, form(2), form(1), form(2))
    said = refused("dates-out-of-order", tried, form(1, DAY), form(2), form(3, DAY - timedelta(1)))
    assert "Session 3 is dated before session 1" in said
    assert len(tried(form(2, DAY), form(1, DAY), form(3))) == 4  # type: ignore[arg-type]


# Files of the user's own

OWN = """
id = "room"
name = "How the room felt"
citation = "Ours, unpublished."
license = "Ours."
raters = ["client", "observer"]
validated = false
higher_is_better = true
scoring = "mean"
items = 2
range = [0, 4]
reversed = [2]
[missing]
items = 1
source = "Ours."
[key]
source = "Ours."
[subscales]
warmth = [1]
[[cutoff]]
scale = "warmth"
at = 1
side = "at or below"
label = "cold"
source = "Ours."
verified = true
[text]
instructions = "Just now:"
[text.items]
1 = "It was warm."
2 = "It was cold."
[text.labels]
0 = "no"
4 = "yes"
"""


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_an_instrument_of_the_users_own_is_scored(own: Path):
    write(own, OWN, "room.toml")
    made = find_instrument("room")
    assert (made.origin, made.has_text, made.key.usable) == ("room.toml", True, True)
    assert made.labels == ((0, "no"), (4, "yes"))
    found = score(made, filled([1, 1], rater="observer"))
    assert (found.total, found.subscales) == (2, {"warmth": 1})
    assert [flag.scale for flag in found.flags] == ["warmth"]


def test_a_file_adds_wording_to_a_shipped_key(own: Path):
    words = "\n".join(f'{i} = "Line {i} of my form."' for i in range(1, 13))
    text = f'extends = "wai_sr"\n[text]\ninstructions = "Mine."\n[text.items]\n{words}\n'
    write(own, text, "wai_sr.toml")
    made = find_instrument("wai_sr")
    assert made.has_text
    assert made.instructions == "Mine."
    assert made.key == shipped_instrument("wai_sr").key
    assert made.scales().keys() == shipped_instrument("wai_sr").scales().keys()
    assert not shipped_instrument("wai_sr").has_text


def test_a_file_confirms_or_states_a_key_that_is_not_verified(own: Path):
    text = 'extends = "arm12"\nkey_confirmed = "my form"\nreversed = [2, 5]\n'
    text += "[subscales]\nbond = [1, 2, 3]\n"
    made = read_instrument(write(own, text))
    assert [item.number for item in made.items if item.reversed] == [2, 5]
    assert set(made.scales()) == {"total", "bond"}
    assert made.key.confirmed == "my form"
    only = read_instrument(write(own, 'extends = "arm12"\n[text.items]\n1 = "Words."\n'))
    assert not only.key.usable


def test_a_file_turns_on_prompts_and_adds_cutoffs_and_a_missing_rule(own: Path):
    text = """
extends = "srs"
[missing]
items = 1
source = "my clinic"
[prompts]
source = "my clinic"
verified = true
items = {1 = 8.5}
[[cutoff]]
at = 30
side = "below"
label = "our own line"
source = "my clinic"
verified = true
"""
    found = score(read_instrument(write(own, text)), filled([5, 6, 5]))
    assert found.total == pytest.approx(64 / 3)
    assert [(flag.kind, flag.source) for flag in found.flags] == [
        ("cutoff", "my clinic"),
        ("item", "my clinic"),
    ]


def change(old: str, new: str) -> str:
    assert old in OWN
    return OWN.replace(old, new, 1)


BROKEN = {
    "raters": change('["client", "observer"]', '["everybody"]'),
    "range": change("[0, 4]", "[4, 0]"),
    "scoring": change('"mean"', '"median"'),
    "items": change("items = 2", "items = 2.5"),
    "reversed": change("[2]", "[3]"),
    "validated": change("validated = false", 'validated = "no"'),
    "missing": change("items = 1\nsource", "source"),
    "missing.share": change("items = 1\nsource", "share = 0.9\nsource"),
    "missing.source": change('items = 1\nsource = "Ours."', "items = 1"),
    "key.source": change('[key]\nsource = "Ours."', '[key]\nsource = ""'),
    "subscales.warmth": change("[1]\n[[", "[1, 1]\n[["),
    "subscales.total": change("warmth = [1]", "total = [1]"),
    "cutoff.scale": change('scale = "warmth"', 'scale = "heat"'),
    "cutoff.side": change('"at or below"', '"near"'),
    "cutoff.at": change("at = 1", 'at = "one"'),
    "cutoff.verified": change("verified = true\n[text]", "[text]"),
    "cutoff.mood": change("at = 1", "at = 1\nmood = 2"),
    "text.items.3": change('2 = "It was cold."', '3 = "It was cold."'),
    "text.items.2": change('2 = "It was cold."', "2 = 5"),
    "text.labels.9": change('4 = "yes"', '9 = "yes"'),
    "text.labels.often": change('4 = "yes"', 'often = "yes"'),
    "text.tone": change("[text]", '[text]\ntone = "warm"'),
    "licence": change("license", "licence"),
    "license": change('license = "Ours."\n', ""),
    "id": change('"room"', '"My Room"'),
    "name": change('name = "How the room felt"', 'name = " "'),
    "cutoff": change("[[cutoff]]", "[cutoff]"),
    "subscales": change("[subscales]\nwarmth = [1]", "").replace("id =", "subscales = 3\nid ="),
}
"""The key that the error must name, and the file."""


@pytest.mark.parametrize("key", BROKEN)
def test_a_broken_file_is_refused_with_the_key_and_a_remedy(key: str, tmp_path: Path):
    tomllib.loads(BROKEN[key])
    said = refused("bad-measure", read_instrument, write(tmp_path, BROKEN[key]))
    assert f"mine.toml: The key `{key}` " in said


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('extends = "mmpi"', "extends"),
        ('extends = "wai"\nreversed = [28]\nkey_confirmed = "x"', "reversed"),
        ('extends = "haq2"\nrange = [1, 5]', "key_confirmed"),
        ('extends = "haq2"\nkey_confirmed = true', "key_confirmed"),
        ('extends = "calpas"\nkey_confirmed = "my form"', "reversed"),
        ('extends = "wai"\nname = "Mine"', "name"),
        ('extends = "wai"\n[text.items]\n37 = "One too many."', "text.items.37"),
        ('extends = "srs"\n[prompts]\nitems = {1 = 8}', "prompts.verified"),
        ('extends = "phq9"\n[missing]\nshare = 0.1\nitems = 1\nsource = "x"', "missing"),
        ('id = "wai"\nname = "Mine"', "id"),
        ('name = "Mine"', "id"),
    ],
)
def test_a_file_that_cannot_extend_is_refused(text: str, key: str, tmp_path: Path):
    said = refused("bad-measure", read_instrument, write(tmp_path, text))
    assert f"The key `{key}` " in said


def test_a_file_that_is_no_toml_is_refused_with_its_line(tmp_path: Path):
    said = refused("measure-unreadable", read_instrument, write(tmp_path, 'id = "a"\nname = \n'))
    assert "line 2" in said
    path = tmp_path / "other.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in refused("measure-unreadable", read_instrument, path)
    refused("measure-unreadable", read_instrument, tmp_path / "none.toml")


def test_a_byte_order_mark_is_no_hindrance(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(OWN, "utf-8-sig")
    assert read_instrument(path).id == "room"


def test_a_broken_own_file_is_never_passed_over_for_the_shipped_one(own: Path):
    write(own, 'extends = "wai"\nfoo = 1', "wai.toml")
    refused("bad-measure", find_instrument, "wai")
    write(own, 'extends = "wai"', "wai_s.toml")
    assert "wai.toml" in refused("bad-measure", find_instrument, "wai_s")
    found, errors = own_instruments()
    assert (found, len(errors)) == ({}, 2)


@pytest.mark.parametrize("id", ["", "mmpi", "../wai", "WAI", "wai.toml"])
def test_an_unknown_measure_is_refused_with_those_there_are(id: str):
    assert "phq9" in refused("unknown-measure", find_instrument, id)


def test_without_own_files_the_shipped_instrument_is_found():
    assert find_instrument("wai") is shipped_instrument("wai")


# The command


def run(*arguments: object) -> tuple[int, str, str]:
    env = {"NO_COLOR": "1", "COLUMNS": "80", "TERM": "dumb"}
    done = CliRunner().invoke(command, [str(each) for each in arguments], env=env)
    return done.exit_code, done.stdout, done.stderr


def test_list_names_every_measure_and_what_cannot_be_scored(own: Path):
    write(own, OWN, "room.toml")
    code, out, _ = run("list")
    assert code == 0
    for id in (*SHIPPED, "room"):
        assert f" {id} " in out
    assert out.count("unverified ") == len(UNVERIFIED)
    assert max(map(len, out.splitlines())) <= 80
    rows = json.loads(run("list", "--json")[1])
    assert [row["id"] for row in rows] == [*SHIPPED, "room"]
    assert {row["id"] for row in rows if not row["scores"]} == UNVERIFIED
    assert rows[-1]["origin"] == "room.toml"


def test_list_goes_on_past_a_broken_file_and_says_so(own: Path):
    write(own, "id = ", "bad.toml")
    code, out, err = run("list")
    assert code == 3
    assert "checkin_client" in out
    assert "bad.toml" in err


@every
def test_show_gives_key_source_and_license(id: str):
    code, out, _ = run("show", id)
    said = " ".join(out.split())
    made = shipped_instrument(id)
    assert code == 0
    for part in (made.name, made.key.source, made.license, made.citation, made.missing.source):
        assert " ".join(part.split()) in said
    assert ("NOT verified" in said) == (id in UNVERIFIED)
    assert ("NOT VALIDATED" in said) == ("checkin" in id)


def test_show_prints_wording_where_it_may_and_where_prompts_lie():
    assert "Something between us felt off." in run("show", "checkin_client")[1]
    assert "≥ 3" in run("show", "checkin_client")[1]
    assert "risk: > 0" in run("show", "phq9")[1]
    row = json.loads(run("show", "phq9", "--json")[1])
    assert row["items"][8]["risk_above"] == 0
    assert row["scales"]["total"] == {"low": 0, "high": 27, "step": 1, "higher_is_better": False}


def test_show_refuses_an_unknown_measure():
    code, _, err = run("show", "mmpi")
    assert code == 3
    assert "unknown-measure" in err


def test_validate_says_what_a_file_adds_and_where_it_goes(tmp_path: Path, own: Path):
    text = 'extends = "haq2"\nkey_confirmed = "my form"\n[text.items]\n1 = "Words."\n'
    code, out, _ = run("validate", write(tmp_path, text))
    said = " ".join(out.split())
    assert code == 0
    assert "Without wording: items 2, 3" in said
    assert "confirmed by you (my form)" in said
    assert str(own / "haq2.toml") in said
    code, out, _ = run("validate", write(tmp_path, OWN))
    assert "Every item has its wording" in out


def test_validate_names_key_and_remedy(tmp_path: Path):
    code, out, err = run("validate", write(tmp_path, BROKEN["licence"]))
    assert (code, out) == (3, "")
    assert "`licence`" in err
    assert "bad-measure" in err
