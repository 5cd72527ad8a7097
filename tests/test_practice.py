"""The simulated client: format, conditions, rules, readings, runs, feedback, drills, progress."""

from __future__ import annotations

import copy
import json
import time
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import practice as bench
from reattune import guidance, practice
from reattune.codebook import CODES, code
from reattune.errors import InputError
from reattune.practice import check, conditions, loader, rules, runs
from reattune.practice.cues import load_cues
from reattune.practice.parts import Inner, Scenario
from reattune.practice.reading import Heard, Reading, is_weaker, read_reply
from reattune.practice.sources import known_sources

FOLDER = Path(loader.__file__).parent / "scenarios"
RAW = tomllib.loads((FOLDER / "thin_yes.toml").read_text("utf-8"))
THERAPIST = tuple(id for id in CODES if code(id).role == "therapist")
REPAIR = tuple(id for id in THERAPIST if code(id).family == "repair")

GOOD = "You went quiet when I asked about the breaks. How was it for you that I asked like that?"
POOR = "You keep saying yes and then not doing it. You're just avoiding it, as with your mother."


@pytest.fixture(scope="module")
def thin() -> Scenario:
    return practice.load_scenarios()["thin_yes"]


def reading(id: str, chance: float = 0.8, **more: object) -> Reading:
    return Reading(id, code(id).family, chance, "words", 0, 5, "test", "", **more)  # type: ignore[arg-type]


def said(scenario: Scenario, run: practice.Run, *codes: str, chance: float = 0.8) -> practice.Run:
    """The run after a reply in which these codes are read."""
    heard = Heard(tuple(reading(id, chance) for id in codes))
    return runs.advance(scenario, run, f"Reply {len(run.exchanges)}.", heard)


# The format


def changed(path: str, value: object) -> dict[str, object]:
    """The scenario's table with one value changed, or removed if it is None."""
    made = copy.deepcopy(RAW)
    *way, last = path.split("/")
    part: object = made
    for key in way:
        part = part[int(key) if key.isdigit() else key]  # type: ignore[index]
    if value is None:
        del part[last]  # type: ignore[attr-defined]
    else:
        part[int(last) if last.isdigit() else last] = value  # type: ignore[index]
    return made


BAD = [
    ("kind", "mixed", "Choose one of"),
    ("intensity", None, "lacks intensity"),
    ("colour", "red", "unknown key 'colour'"),
    ("minuts", 5, "Did you mean 'minutes'?"),
    ("minutes", 0, "Write 3 to 50"),
    ("minutes", "ten", "no number"),
    ("setting", "beach", "Choose one of"),
    ("hard", "impossible", "Choose one of"),
    ("time_up", "nowhere", "Choose one of"),
    ("title", "  ", "no words in 'title'"),
    ("tempts", ["denial"], "unknown code 'denial'"),
    ("tempts", [], "Write at least 1"),
    ("sources", ["freud1912"], "unknown source 'freud1912'"),
    ("done", ["sighing"], "unknown code 'sighing'"),
    ("state/trust", 1.2, "Write 0 to 1"),
    ("state/calm", 0.2, "unknown key 'calm'"),
    ("person/speech", None, "lacks speech"),
    ("before", [], "nothing said before"),
    ("before/0/who", "Rina", "Choose one of"),
    ("node/thin/codes", ["sulking"], "unknown code 'sulking'"),
    ("node/thin/codes", ["notice"], "unknown code 'notice'"),
    ("node/thin/say", ["Yes."], "Write at least 3"),
    ("node/thin/say", ["Yes.", "Yes.", "No."], "too few different wordings"),
    ("node/thin/say/0", "  ", "no words"),
    ("node/thin/say/0", {"text": "Hm.", "when": ["repair"]}, "not about the state"),
    ("node/thin/say/0", {"text": "Hm.", "when": ["mood < 0.2"]}, "compare one of"),
    ("node/thin/good", ["One only."], "Write at least 2"),
    ("node/thin/good", ["The same.", "The same."], "says the same twice"),
    ("node/thin/mixed", ["Mm-hm."], "says the same in"),
    ("node/thin/mixed", ["word " * 91], "Keep to 90 words"),
    ("node/thin/poor", ["I'd say you want to kill yourself.", "No."], "has risk content"),
    ("node/thin/next", [], "no way on that always holds"),
    ("node/thin/next", [{"to": "wall", "when": ["repair"]}], "no way on that always holds"),
    ("node/thin/next", [{"to": "wall"}, {"to": "thin"}], "behind one that always holds"),
    ("node/thin/next", [{"to": "walll"}], "leads to 'walll', which is not there"),
    ("node/thin/next", [{"to": "thin"}], "to which no edge leads"),
    ("node/thin/next/0/when", ["trust => 0.5"], "is no condition"),
    ("node/thin/next/0/when", ["trust > 5"], "lies between 0 and 1"),
    ("node/thin/next/0/when", ["after nothing"], "is no condition"),
    ("node/thin/next/0/if", ["repair"], "unknown key 'if'"),
    ("ending/a_start/outcome", "cured", "Choose one of"),
    ("ending/a_start/after", None, "lacks after"),
    ("ending/wall", {"outcome": "partly", "say": ["Hm, well."], "after": "So."}, "and an ending"),
    ("node", {}, "lacks the table 'node'"),
]


@pytest.mark.parametrize(("path", "value", "says"), BAD, ids=[f"{p}={v}"[:50] for p, v, _ in BAD])
def test_a_scenario_that_breaks_a_rule_is_refused_with_place_and_remedy(path, value, says):
    with pytest.raises(InputError) as caught:
        loader.build("thin_yes", changed(path, value), "thin_yes.toml")
    error = caught.value
    assert error.slug == "bad-scenario"
    assert error.where == "thin_yes.toml"
    assert error.remedy
    assert says in str(error)


def test_files_that_are_no_toml_and_folders_that_are_not_there_are_refused(tmp_path):
    (tmp_path / "broken.toml").write_text("title = ", "utf-8")
    with pytest.raises(InputError, match="This is not TOML"):
        loader.load_scenarios(tmp_path)
    (tmp_path / "broken.toml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match="UTF-8"):
        loader.load_scenario(tmp_path / "broken.toml")
    with pytest.raises(InputError, match="no such folder"):
        loader.load_scenarios(tmp_path / "none")
    with pytest.raises(InputError, match="cannot be read"):
        loader.load_scenario(tmp_path / "missing.toml")


def test_the_check_says_what_is_wrong_with_a_file(tmp_path, capsys):
    path = tmp_path / "short.toml"
    path.write_text((FOLDER / "thin_yes.toml").read_text("utf-8").replace("minutes = 20", ""))
    assert check.main([str(path)]) == 1
    assert "lacks minutes" in capsys.readouterr().out


# Conditions


def moment(**more: object) -> conditions.Moment:
    numbers = {"trust": 0.5, "arousal": 0.5, "engagement": 0.5, "replies": 2.0, "minutes": 9.0}
    return conditions.Moment(**({"numbers": numbers, "kind": "withdrawal"} | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "read", "earlier", "holds"),
    [
        ("trust >= 0.5", (), (), True),
        ("trust > .5", (), (), False),
        ("not trust > 0.5", (), (), True),
        ("minutes<10", (), (), True),
        ("repair", ("invite",), (), True),
        ("misstep", ("invite",), (), False),
        ("invite", ("invite",), (), True),
        ("nothing", (), (), True),
        ("nothing", ("invite",), (), False),
        ("after invite", ("invite",), (), False),
        ("after repair", (), ("invite",), True),
        ("kind withdrawal", (), (), True),
        ("kind confrontation", (), (), False),
    ],
)
def test_conditions_hold_as_they_read(text, read, earlier, holds):
    at = moment(read=conditions.families(read), earlier=conditions.families(earlier))
    assert conditions.holds(conditions.parse(text), at) is holds


def test_a_strain_of_both_kinds_is_of_either():
    for kind in ("withdrawal", "confrontation"):
        assert conditions.holds(conditions.parse(f"kind {kind}"), moment(kind="both"))


# Rules


def test_every_move_and_misstep_has_rules_with_known_sources():
    loaded = rules.load_rules()
    assert set(loaded.of) == set(THERAPIST)
    for id, own in loaded.of.items():
        for rule in own:
            assert set(rule.sources) <= set(known_sources())
            eases = rule.trust + rule.engagement - rule.arousal
            early = rule.id in ("meaning_early", "meaning_stirred")
            assert (eases > 0) is (code(id).family == "repair" and not early), rule.id


def effect(thin: Scenario, *codes: str, **more: object) -> float:
    """What a reply with these codes does to the ease of a client with this state or past."""
    run = replace(practice.start(thin), **more)  # type: ignore[arg-type]
    after = runs.course_of(said(thin, run, *codes))
    return after.now.ease - after.states[0].ease


def test_interpreting_first_hurts_and_helps_after_the_client_was_heard(thin):
    assert effect(thin, "explore_meaning") < 0
    assert effect(thin, "explore_meaning", done=("validate",)) > 0
    assert effect(thin, "validate", "explore_meaning") > effect(thin, "validate")


def test_accepting_a_stirred_up_client_calms_more_than_asking(thin):
    stirred = Inner(0.4, 0.85, 0.5)

    def calmed(id: str) -> float:
        run = said(thin, replace(practice.start(thin), start=stirred, kind="confrontation"), id)
        return stirred.arousal - runs.course_of(run).now.arousal

    assert calmed("validate") > 2 * calmed("notice")
    assert calmed("validate") > 2 * calmed("invite")


def test_a_change_offered_before_anything_was_heard_helps_little(thin):
    assert 0 < effect(thin, "negotiate") < effect(thin, "negotiate", done=("invite",)) / 1.5


def test_missteps_cost_engagement_in_withdrawal_and_stir_up_in_confrontation(thin):
    def moved(kind: str) -> Inner:
        run = said(thin, replace(practice.start(thin), kind=kind), "defensive")
        return runs.course_of(run).now

    assert moved("withdrawal").engagement < moved("confrontation").engagement
    assert moved("withdrawal").arousal < moved("confrontation").arousal


def test_an_unsure_reading_moves_less_and_a_repeated_move_counts_less(thin):
    run = practice.start(thin)
    sure, unsure = (said(thin, run, "validate", chance=chance) for chance in (0.9, 0.3))
    assert runs.course_of(sure).now.ease > runs.course_of(unsure).now.ease
    once = runs.course_of(said(thin, run, "validate")).moved[0][0].trust
    start = replace(run, start=run.start)
    again = said(thin, said(thin, start, "validate"), "validate")
    twice = runs.course_of(again).moved[1][0].trust
    left = 1 - runs.course_of(again).states[1].trust
    assert twice / left == pytest.approx(0.75 * once / (1 - run.start.trust))


# Reading


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("   \n ", "empty"),
        ("[sighs]", "empty"),
        ("Okay.", "short"),
        ("I understand.", "short"),
        ("xqz plof trumb asdf jkl qwertz", "foreign"),
        ("Ich glaube, ich habe Sie da nicht richtig verstanden, und das tut mir leid.", "foreign"),
        ("Что для вас было трудно в нашем разговоре?", "foreign"),
        ("lorem ipsum dolor sit amet consectetur adipiscing elit sed eiusmod tempor", "foreign"),
        ("I notice you I notice you I notice you I notice you I notice you", "varied"),
        ("We did say every day, though. If it's only two days I can't see much in it.", "same"),
    ],
)
def test_what_is_no_reply_is_not_scored(thin, text, why):
    run = practice.start(thin, seed=1)
    after, made = practice.reply(run, text)
    assert after.exchanges[0].unscored == why
    assert made.unscored == rules.load_rules().unscored[why]
    assert made.after == made.before
    assert made.moved == ()


def test_the_same_sentence_again_does_not_score(thin):
    run, first = practice.reply(practice.start(thin, seed=1), GOOD)
    run, again = practice.reply(run, GOOD.upper())
    run, nearly = practice.reply(run, GOOD.replace("like that", "that way"))
    assert first.after.ease > first.before.ease
    assert again.after == again.before
    assert nearly.after == nearly.before
    more = (
        f"{GOOD} And tomorrow it may well rain in the hills, I think, as it did all of last week."
    )
    _, padded = practice.reply(run, more)
    assert padded.after.ease <= padded.before.ease


def test_a_sentence_said_before_does_not_count_inside_a_new_reply():
    before = [("C", "Sure. Fine."), ("T", GOOD), ("C", "Mm.")]
    fresh = "The bus was late again this morning and I had to run all the way up the hill."
    heard = read_reply(before, f"{fresh} {GOOD.split('? ')[0]}")
    assert not any(one.counts for one in heard.readings if one.quote in GOOD)


def test_of_a_lecture_no_repair_move_counts(thin):
    lecture = " ".join(
        [GOOD, "It makes sense to me that you agreed so fast, and I was too quick there."]
        + [
            f"When I look at the week and at day {n}, I could say what I think about it as well."
            for n in range(9)
        ]
    )
    _, made = practice.reply(practice.start(thin, seed=1), lecture)
    assert made.unscored.startswith("This became a lecture")
    assert not any(one.counted and one.family == "repair" for one in made.readings)
    assert made.after.ease <= made.before.ease


def test_a_reading_quotes_the_words_that_carry_it(thin):
    text = f"It's raining again, isn't it. {GOOD}"
    _, made = practice.reply(practice.start(thin, seed=1), text)
    counted = [one for one in made.readings if one.counted]
    assert {one.family for one in counted} == {"repair"}
    for one in counted:
        assert text[one.first : one.last] == one.quote
        assert "raining" not in one.quote
        assert 0 < one.probability <= 1
        assert one.by
        assert one.why
        assert one.other
        assert one.doubt


@pytest.mark.parametrize("gap", [" ", "  ", "\n", " \t "])
def test_quotes_stand_in_the_reply_whatever_its_blanks(gap):
    line = [("C", "It's fine. Whatever you think is best, really.")]
    long = (
        "when I kept on asking you about the sheet, and the boxes, and your breaks at night, after "
        "three long shifts on that ward, while a sick boy was waiting for his mother to come home, "
        "which you had told me already, at length, before we even got to any paper at all today"
    )
    reply = gap.join(f" I notice that you went quiet {long}. {GOOD} ".split(" "))
    found = read_reply(line, reply).readings
    assert any(one.counts for one in found)
    for one in found:
        assert reply[one.first : one.last] == one.quote


def test_a_whole_book_as_a_reply_is_soon_read(thin):
    start = time.process_time()
    book = " ".join(f"It was the night of day {n}, and I said so to them all." for n in range(4000))
    _, made = practice.reply(practice.start(thin, seed=1), book)
    assert made.unscored
    assert time.process_time() - start < 5


def test_of_opposite_readings_of_the_same_words_the_much_weaker_does_not_count():
    sure, weak = reading("validate", 0.8), reading("personalizing", 0.25)
    near = reading("personalizing", 0.6)
    elsewhere = replace(weak, quote="other words")
    assert is_weaker(weak, [sure, weak])
    assert not is_weaker(sure, [sure, weak])
    assert not is_weaker(near, [sure, near])
    assert not is_weaker(elsewhere, [sure, elsewhere])
    assert not is_weaker(reading("notice", 0.2), [sure])


def test_several_moves_in_one_reply_are_read_each():
    line = [("C", "It's fine. Whatever you think is best, really.")]
    reply = (
        "Something changed between us just now, when I asked about the sheet. "
        "I went straight past what you had done, and that was my mistake. "
        "What was that like for you?"
    )
    found = {one.code for one in read_reply(line, reply).readings if one.counts}
    assert {"notice", "own_contribution", "invite"} <= found


def test_what_guidance_proposes_is_read_as_a_repair_move():
    """Each phrasing in answer to a strain of its kind and intensity."""
    lines = {
        ("withdrawal", "micro"): "shorter_answers",
        ("withdrawal", "major"): "own_interruption",
        ("confrontation", "micro"): "edge_in_voice",
        ("confrontation", "major"): "anger_fits",
    }
    loaded, missed, asked = guidance.load(), [], 0
    for part in (*loaded.steps, *loaded.moves.values()):
        for side, cells in part.phrases.items():
            for intensity, texts in cells.items():
                scenario = practice.load_drills()[lines[side, intensity]].scenario
                talk = runs.dialogue(scenario, practice.start(scenario))
                for text in texts:
                    asked += 1
                    heard = read_reply(talk, text.text, before=len(scenario.before))
                    if not any(one.counts and one.family == "repair" for one in heard.readings):
                        missed.append(text.id)
    assert asked > 100
    assert len(missed) <= asked / 50, missed


def test_ordinary_talk_moves_nothing(thin):
    run = practice.start(thin, seed=1)
    for text in check.FILLERS:
        run, made = practice.reply(run, text)
        assert made.after == made.before


def test_how_often_readings_are_wrong_is_said(thin):
    _, good = practice.reply(practice.start(thin, seed=1), GOOD)
    _, poor = practice.reply(practice.start(thin, seed=1), POOR)
    of = {one.family: one for made in (good, poor) for one in made.readings if one.counted}
    by_model = [one for one in (*good.readings, *poor.readings) if one.by.startswith("minilm")]
    assert set(of) == {"repair", "misstep"}
    assert all(one.right in (0.315, 0.333) for one in by_model)
    assert all("%" in one.doubt for one in by_model)


def test_cues_say_how_often_they_were_right():
    by, cues = load_cues()
    assert by == "practice-cues/1"
    for cue in cues:
        assert 0 < cue.right <= cue.of
        assert 0 < cue.sure < 1


# Runs

codes_read = st.lists(
    st.tuples(st.sampled_from(THERAPIST), st.floats(0, 1)), max_size=3, unique_by=lambda r: r[0]
)
talks = st.lists(codes_read, min_size=1, max_size=12)


def played(talk: list[list[tuple[str, float]]], seed: int = 0) -> practice.Run:
    scenario = practice.load_scenarios()["thin_yes"]
    run = practice.start(scenario, seed)
    for number, read in enumerate(talk):
        if run.over:
            break
        heard = Heard(tuple(reading(id, chance) for id, chance in read))
        run = runs.advance(scenario, run, f"Reply {number}.", heard)
    return run


@given(talks, st.integers(0, 2**31))
def test_the_state_stays_between_0_and_1_and_the_seed_decides_all(talk, seed):
    run = played(talk, seed)
    assert run == played(talk, seed)
    for state in runs.course_of(run).states:
        assert all(0 <= part <= 1 for part in (state.trust, state.arousal, state.engagement))
        assert 0 <= state.ease <= 1


@given(talks, st.data())
def test_a_contested_reading_counts_in_no_direction(talk, data):
    run = played(talk)
    all_read = [(n, r.code) for n, e in enumerate(run.exchanges) for r in e.readings]
    if not all_read:
        return
    number, id = data.draw(st.sampled_from(all_read))
    contested = practice.contest(run, number, id, "I only asked.")
    without = [[(c, p) for c, p in read if (n, c) != (number, id)] for n, read in enumerate(talk)]
    exchanges = [
        replace(one, readings=tuple(reading(c, p) for c, p in read))
        for one, read in zip(run.exchanges, without, strict=False)
    ]
    assert runs.course_of(contested) == runs.course_of(replace(run, exchanges=tuple(exchanges)))
    for number, id in all_read:
        contested = practice.contest(contested, number, id)
    assert set(runs.course_of(contested).states) == {run.start}
    assert [one.reply for one in contested.exchanges] == [one.reply for one in run.exchanges]


@given(talks, st.booleans())
def test_a_run_survives_json(talk, dated):
    run = replace(played(talk), begun=date(2026, 5, 4) if dated else None)
    if any(one.readings for one in run.exchanges):
        number = next(n for n, one in enumerate(run.exchanges) if one.readings)
        run = practice.contest(run, number, run.exchanges[number].readings[0].code, "No.")
    data = json.loads(json.dumps(practice.run_to_dict(run)))
    back = practice.run_from_dict(data)
    assert back.exchanges[0].said == run.exchanges[0].said
    assert practice.run_to_dict(back) == data
    assert back.start == run.start


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "other/1"),
        ("outcome", "won"),
        ("start", {"trust": 2, "arousal": 0, "engagement": 0}),
        ("exchanges", [{"node": "thin"}]),
        ("begun", "yesterday"),
        ("seed", "x"),
        ("done", ["denial"]),
    ],
)
def test_what_is_no_run_is_refused(thin, key, value):
    data = practice.run_to_dict(practice.start(thin)) | {key: value}
    with pytest.raises(InputError) as caught:
        practice.run_from_dict(data)
    assert caught.value.slug == "bad-run"


def test_a_wording_is_not_said_twice_while_others_are_left(thin):
    run = practice.start(thin, seed=3)
    while not run.over and len(run.exchanges) < 6:
        run = said(thin, run)
    lines = [one.said for one in run.exchanges]
    own = {text.text for node in ("thin", "thin_again") for text in thin.nodes[node].say}
    assert len(set(lines[1:5])) == 4
    assert set(lines) <= own


def test_the_state_chooses_among_wordings(thin):
    node = thin.nodes["thin"]
    cold = loader.Wording("No.", (conditions.parse("trust < 0.2"),))
    scenario = replace(thin, nodes={**thin.nodes, "thin": replace(node, say=(*node.say, cold))})
    run = practice.start(scenario)
    assert run.said != "No."
    assert runs.draw(scenario, replace(run, start=Inner(0.1, 0.5, 0.5)), "thin") == "No."


def test_the_hour_ends(thin):
    run = practice.start(thin, seed=1)
    while not run.over:
        assert run.minutes_left > 0
        run = said(thin, run)
    assert run.minutes_left == 0
    assert (run.at, run.outcome) == ("left_open", "unresolved")
    with pytest.raises(InputError) as caught:
        practice.reply(run, GOOD)
    assert caught.value.slug == "practice-over"


def test_a_run_of_another_version_is_not_continued(thin):
    run = replace(practice.start(thin), version="0")
    with pytest.raises(InputError) as caught:
        practice.reply(run, GOOD)
    assert caught.value.slug == "practice-outdated"


def test_unknown_readings_and_scenarios_are_refused(thin):
    run = said(thin, practice.start(thin), "validate")
    for number, id in ((0, "invite"), (1, "validate"), (-1, "validate")):
        with pytest.raises(InputError) as caught:
            practice.contest(run, number, id)
        assert caught.value.slug == "unknown-reading"
    with pytest.raises(InputError) as caught:
        practice.feedback(run, 5)
    assert caught.value.slug == "unknown-reading"
    with pytest.raises(InputError) as caught:
        practice.find("no_such_client")
    assert caught.value.slug == "unknown-scenario"


def test_a_reply_in_a_long_talk_is_read_well_within_300_ms():
    """Processor time, which does not depend on what else the machine does; the median of nine."""
    run = bench.talk_of(bench.TURNS)
    spent = []
    for number in range(9):
        start = time.process_time()
        practice.reply(run, bench.reply_text(7000 + number))
        spent.append(time.process_time() - start)
    assert len(runs.dialogue(practice.find(run.scenario), run)) >= bench.TURNS - 2
    assert median(spent) < 0.3
