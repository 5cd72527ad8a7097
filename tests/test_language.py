import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reattune.errors import LanguageError
from reattune.language import check_language, looks_english
from reattune.types import Session

DATA = Path(__file__).parent / "data"
LANGUAGES = tomllib.loads((DATA / "other_languages.toml").read_text("utf-8"))

ENGLISH = [
    ("T", "So how have things been since we last spoke about your sister?"),
    ("C", "Not great. I keep thinking I should've said something at the time, you know."),
    ("T", "It sounds like it's still going round in your head when you try to sleep."),
    ("C", "Yeah, and I don't really see what good it does to talk about it every single week."),
]
# Speech recognition, Scots, and people whose first language is another.
MANNERS = {
    "recognized": "yeah so i dunno um i was like thinking about it and i just didnt go you know",
    "scots": "aye well i wisnae late the bus wis stuck and i telt the lassie on the desk like",
    "second language": "yes but i want she call me because at home is lunch here i cannot sleep",
    "caribbean": "you know it have no branch for that in your book darling i bury him in january",
    "chat": "ok thx. didnt sleep much tbh, its just the same stuff goin round my head again",
}


def session(turns):
    return Session.from_turns(turns, source="talk.txt")


def test_an_english_session_passes_without_a_note():
    assert check_language(session(ENGLISH * 3)) == ()


@pytest.mark.parametrize("manner", MANNERS)
def test_spoken_english_of_any_manner_passes(manner):
    assert check_language(session([("C", MANNERS[manner])] * 4)) == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_session_in_another_language_is_refused(language):
    with pytest.raises(LanguageError) as refused:
        check_language(session(LANGUAGES[language]["turns"]))
    assert refused.value.slug == "not-english"
    assert refused.value.where == "talk.txt"
    assert "--any-language" in refused.value.remedy


def test_the_refusal_holds_no_words_of_the_session():
    turns = LANGUAGES["german"]["turns"]
    with pytest.raises(LanguageError) as refused:
        check_language(session(turns))
    said = {word for _, text in turns for word in text.split() if len(word) > 5}
    assert not said & set(str(refused.value).split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_any_language_lets_it_pass_and_lists_its_turns(language):
    turns = LANGUAGES[language]["turns"]
    (note,) = check_language(session(turns), any_language=True)
    assert note.slug == "turns-not-english"
    assert len(note.turns) >= len(turns) - 1
    assert "scored all the same" in note.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_interpreted_session_is_judged_turn_by_turn(language):
    foreign = [("I", text) for _, text in LANGUAGES[language]["turns"]][:4]
    mixed = [turn for pair in zip(ENGLISH, foreign, strict=True) for turn in pair]
    (note,) = check_language(session(mixed))
    assert set(note.turns) <= {1, 3, 5, 7}
    assert len(note.turns) >= 3
    assert note.text.endswith("not scored.")


def test_too_few_words_are_not_judged():
    assert check_language(session([("T", "Guten Tag."), ("C", "Ja, danke.")])) == ()
    assert check_language(session([])) == ()
    assert check_language(session([("C", "🙂🙂🙂 [laughs] ...")] * 30)) == ()


def test_names_addresses_and_eye_charts_are_not_another_language():
    lists = [
        "E, F, P. T, O, Z. L, P, E, D. F, E, L.",
        "Monday none, Tuesday two, Thursday four, nine",
    ]
    assert check_language(session([("C", text) for text in lists] + ENGLISH)) == ()


def test_share_of_english_words():
    assert looks_english("don't know what you mean") == 1.0
    assert looks_english("") is None
    assert looks_english("[laughs] 12 🙂") is None
    assert looks_english("שלום, מה שלומך היום") == 0.0
    assert looks_english("Ich habe wieder schlecht geschlafen") < 0.1


@given(st.text(max_size=300))
def test_any_text_has_a_share_or_none(text):
    share = looks_english(text)
    assert share is None or 0 <= share <= 1


@given(st.lists(st.tuples(st.sampled_from("TC"), st.text(max_size=80)), max_size=20))
def test_a_note_names_only_turns_that_exist(turns):
    for note in check_language(session(turns), any_language=True):
        assert all(0 <= turn < len(turns) for turn in note.turns)


def test_five_hundred_turns_take_milliseconds():
    long = session(ENGLISH * 125)
    started = time.process_time()
    check_language(long)
    assert time.process_time() - started < 0.1  # 0.01 s at rest
