import json
import random
import re
import time
import tomllib
from importlib.resources import files
from pathlib import Path
from re import _constants, _parser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reattune.risk import STEM, TOPICS, load_screen, screen
from reattune.types import Session, Turn

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "data"
SENTENCES = tomllib.loads((DATA / "risk_sentences.toml").read_text("utf-8"))
LABELS = tomllib.loads((DATA / "risk_labels.toml").read_text("utf-8"))
ROLES = {"T": "therapist", "C": "client"}
PAIRS = {part: [(t, s) for t, some in SENTENCES[part].items() for s in some] for part in SENTENCES}


def said(text, who="C"):
    return Session((Turn(who, text, ROLES.get(who, "unknown")),))


def topics(text):
    return {risk.topic for risk in screen(said(text))}


@pytest.mark.parametrize(("topic", "text"), PAIRS["shown"])
def test_risk_content_is_shown(topic, text):
    assert topic in topics(text)


@pytest.mark.parametrize(("topic", "text"), PAIRS["shown"])
def test_risk_content_is_shown_as_speech_recognition_writes_it(topic, text):
    bare = re.sub(r"[^\w\s-]", "", text.lower().replace("od'd", "oded"))
    assert topic in topics("okay um " + bare.replace(" i ", " i uh "))


@pytest.mark.parametrize(("topic", "text"), PAIRS["missed"])
def test_known_misses_are_still_missed(topic, text):
    assert topic not in topics(text), "caught now: move it to `shown`, and tell docs/risk.md"


@pytest.mark.parametrize("text", SENTENCES["quiet"]["quiet"])
def test_figures_of_speech_are_not_shown(text):
    assert not topics(text)


def test_a_risk_says_where_who_and_that_the_protocol_rules():
    session = Session(
        (
            Turn("T", "Are you having any thoughts of suicide?", "therapist"),
            Turn("C", "No. Not since the spring. I'd tell you.", "client"),
            Turn("C", "Back then I took an overdose. My mum found me.", "client"),
            Turn("Bo", "he hits me", "unknown"),
        )
    )
    asked, told, third = screen(session)
    assert (asked.turn, asked.topic, asked.by) == (0, "suicide", "risk-screen/1")
    assert asked.why == (
        "Risk content present in turn 1: follow your protocol. The therapist speaks of suicide."
    )
    assert (told.turn, told.topic) == (2, "self-harm")
    assert told.quote == "Back then I took an overdose."
    assert "turn 3: follow your protocol. The client speaks of an overdose" in told.why
    assert third.topic == "abuse"
    assert '"Bo" speaks of' in third.why


def test_a_denial_is_shown_too():
    assert topics("No, I'm not suicidal.") == {"suicide"}


def test_one_risk_for_each_topic_of_a_turn():
    text = "I want to die. I cut myself. I want to kill myself, and then I hit her. He hits me."
    assert [risk.topic for risk in screen(said(text))] == list(TOPICS)


def test_a_long_turn_without_full_stops_is_quoted_around_the_words():
    text = "and then we went on " * 60 + "and i want to die " + "so that was that " * 60
    (risk,) = screen(said(text))
    assert "i want to die" in risk.quote
    assert len(risk.quote.split()) <= 46


def test_sentences_do_not_run_together():
    assert not topics("We made it to the end. It was lovely. I could hit. Him and me, we bowl.")


def test_marks_fillers_and_repetitions_do_not_hide_words():
    for text in ("I want, um, to [pause] die.", "i i want to to die", "I want to—to die"):
        assert topics(text) == {"suicide"}


def alternatives():
    data = tomllib.loads(files("reattune").joinpath("risk.toml").read_text("utf-8"))
    words = {}

    def fill(regex):
        return re.sub(r"<(\w+)>", lambda found: words[found[1]], regex)

    for name, regex in data["words"].items():
        words[name] = fill(regex)
    return [
        (row["about"], frozenset(row["stems"].split()), fill(regex))
        for row in data["pattern"]
        if "stems" in row
        for regex in row["match"]
    ]


def example(tree, dice):
    """Some text that a parsed regular expression matches, lookaheads aside."""
    made = ""
    for op, value in tree:
        if op is _constants.LITERAL:
            made += chr(value)
        elif op is _constants.IN:
            made += "q" if value[0][0] is _constants.CATEGORY else chr(dice.choice(value)[1])
        elif op is _constants.BRANCH:
            made += example(dice.choice(value[1]), dice)
        elif op is _constants.SUBPATTERN:
            made += example(value[3], dice)
        elif op is _constants.MAX_REPEAT:
            low, high, part = value
            made += "".join(example(part, dice) for _ in range(dice.randint(low, min(high, 3))))
    return made


def test_every_match_has_a_word_that_begins_with_one_of_its_stems():
    dice = random.Random(1)
    for about, stems, regex in alternatives():
        tree = _parser.parse(regex)
        for _ in range(120):
            text = example(tree, dice)
            assert not stems.isdisjoint(word[:STEM] for word in text.split()), (about, text)


def test_all_stems_are_short_and_patterns_have_known_topics():
    for pattern in load_screen().patterns:
        assert pattern.topic in TOPICS
        assert all(0 < len(stem) <= STEM for stem in pattern.stems)


def listed(part):
    return {
        (id, int(turn), topic)
        for topic, rows in LABELS[part].items()
        for id, *turns in (row.split() for row in rows)
        for turn in turns
    }


def sessions():
    for path in (ROOT / "training" / "data" / f"{n}_dialogues.jsonl" for n in ("plain", "written")):
        yield from ((row["id"], row["turns"]) for row in read_lines(path))
    for path in sorted((ROOT / "examples" / "courses").glob("*.jsonl")):
        yield from ((f"{path.stem}-{row['date']}", row["turns"]) for row in read_lines(path))


def read_lines(path):
    return map(json.loads, path.read_text("utf-8").splitlines())


def test_flags_on_our_own_corpora_are_those_that_were_read():
    """The counts in docs/risk.md: every flag was read, so a new one has to be read too."""
    found, ids = set(), set()
    for id, rows in sessions():
        ids.add(id)
        turns = tuple(Turn(row["who"], row["text"], ROLES[row["who"]]) for row in rows)
        found |= {(id, risk.turn, risk.topic) for risk in screen(Session(turns))}
    ours = {part: {key for key in listed(part) if key[0] in ids} for part in LABELS}
    assert ours["false"] <= found
    assert not ours["missed"] & found
    assert len(found) - len(ours["false"]) == 99
    assert len(ours["false"]) == 41


@given(st.lists(st.text(max_size=80), max_size=8))
def test_risks_are_in_order_one_a_topic_and_quote_the_turn(texts):
    session = Session(tuple(Turn("C", text, "client") for text in texts))
    risks = screen(session)
    keys = [(risk.turn, TOPICS.index(risk.topic)) for risk in risks]
    assert keys == sorted(set(keys))
    assert all(risk.quote and risk.quote in texts[risk.turn] for risk in risks)


@given(st.sampled_from(PAIRS["shown"]), st.sampled_from(["So.", "[laughs]", "🙂", "Mm, okay."]))
def test_words_around_do_not_hide_it(pair, around):
    topic, text = pair
    assert topic in topics(f"{around} {text}")


def test_five_hundred_turns_take_a_fraction_of_a_second():
    texts = [text for part in ("shown", "missed") for _, text in PAIRS[part]]
    texts += SENTENCES["quiet"]["quiet"]
    session = Session(tuple(Turn("C", texts[i % len(texts)]) for i in range(500)))
    screen(session)
    started = time.process_time()
    screen(session)
    assert time.process_time() - started < 1.0  # 0.15 s at rest, with risk in most turns
