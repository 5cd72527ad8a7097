"""Measures: the data behind the instruments, scores and series.

Worked totals come from
  WAI, SRS  github.com/IanSteenstra/ai-psychotherapy-eval at a597ad0 (Apache-2.0), dataset/
            survey_wai_logs.csv and survey_srs_logs_with_total.csv: simulated clients' answers
  PHQ-9     the examples of phq9_score in the R package cliot 1.0.0
  GAD-7     HL7 PACIO Sample Data Depot 0.1.0, BSJ1-GAD7-QuestionnaireResponse-October2025
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reattune.errors import InputError
from reattune.measures import (
    SHIPPED,
    Administration,
    Instrument,
    Missing,
    Score,
    find_instrument,
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


pytestmark = pytest.mark.usefixtures("own")


def filled(
    answers: object, *, session: int = 1, rater: str = "client", when: date | None = DAY
) -> Administration:
    """A form of client c1 with the answers in order, or by number."""
    rows = answers if isinstance(answers, dict) else dict(enumerate(answers, 1))  # type: ignore[call-overload]
    return Administration("c1", rater, when, session, rows)


def scored(id: str, answers: object, **details: object) -> Score:
    return score(shipped_instrument(id), filled(answers, **details))  # type: ignore[arg-type]


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


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
