"""Measures: the same form in several languages, and instruments kept elsewhere than in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from reattune.errors import InputError
from reattune.measures import (
    SHIPPED,
    bringing,
    find_instrument,
    known_instrument,
    parse_instrument,
    read_instrument,
    shipped_instrument,
)
from tests.test_measures import refused, write
from tests.test_measures_own import OWN

pytestmark = pytest.mark.usefixtures("own")

LANGUAGES = ("en", "de", "es", "fr", "pt")
GERMAN = """
[texts.de]
title = "Der Raum"
instructions = "Gerade eben:"
[texts.de.items]
1 = "Es war warm."
2 = "Es war kalt."
[texts.de.labels]
0 = "nein"
4 = "ja"
"""


@pytest.mark.parametrize("id", ["checkin_client", "checkin_therapist"])
def test_our_own_check_in_is_whole_in_five_languages(id: str):
    made = shipped_instrument(id)
    assert made.languages == LANGUAGES
    seen = [made.wording(language) for language in LANGUAGES]
    assert [words.language for words in seen] == list(LANGUAGES)
    for words in seen:
        assert words.whole
        assert len(words.items) == len(set(words.items)) == 5
        assert words.title
        assert words.instructions
        assert [answer for answer, _ in words.labels] == [1, 4, 7]
    assert len({words.items for words in seen}) == len({words.title for words in seen}) == 5


def test_other_instruments_are_here_in_english_or_without_words():
    for id in set(SHIPPED) - {"checkin_client", "checkin_therapist"}:
        made = shipped_instrument(id)
        assert made.languages == (("en",) if id in ("phq9", "gad7") else ())


def test_a_language_that_is_not_here_gives_the_words_that_are():
    assert shipped_instrument("phq9").wording("de").language == "en"
    assert shipped_instrument("checkin_client").wording("nl").language == "en"
    assert shipped_instrument("checkin_client").wording().language == "en"


def test_a_file_of_ones_own_has_languages(own: Path):
    made = read_instrument(write(own, OWN + GERMAN))
    assert made.languages == ("en", "de")
    german = made.wording("de")
    assert (german.title, german.items) == ("Der Raum", ("Es war warm.", "Es war kalt."))
    assert (german.label(4), german.label(1)) == ("ja", "")


def test_words_with_gaps_are_not_offered(own: Path):
    made = read_instrument(write(own, OWN + GERMAN.replace('2 = "Es war kalt."', "")))
    assert made.languages == ("en",)
    assert made.wording("de").language == "en"


def test_a_translation_of_a_shipped_form_stands_beside_ours(own: Path):
    words = "\n".join(f'{i} = "Zeile {i}."' for i in range(1, 10))
    text = f'extends = "phq9"\n[texts.de]\ntitle = "PHQ-9"\n[texts.de.items]\n{words}\n'
    assert read_instrument(write(own, text)).languages == ("en", "de")
    swapped = f'extends = "phq9"\nlanguage = "de"\n[text.items]\n{words}\n'
    made = read_instrument(write(own, swapped))
    assert made.languages == ("de", "en")
    assert made.wording("en").items == shipped_instrument("phq9").wording().items


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (OWN.replace("items = 2\n", 'items = 2\nlanguage = "German"\n'), "language"),
        (OWN + GERMAN.replace("texts.de", "texts.Deutsch"), "texts.Deutsch"),
        (OWN + GERMAN.replace("texts.de", "texts.en"), "texts.en"),
        (OWN + GERMAN.replace("2 = ", "3 = "), "texts.de.items.3"),
        (OWN + GERMAN.replace('"Es war kalt."', "5"), "texts.de.items"),
        (OWN + GERMAN.replace("4 = ", "9 = "), "texts.de.labels.9"),
        (OWN + GERMAN.replace("title =", "tone ="), "texts.de.tone"),
        (OWN.replace("items = 2\n", "items = 100000\n"), "items"),
        (OWN.replace("[0, 4]", "[0, 1e300]"), "range"),
        (OWN.replace("[0, 4]", f"[0, 1{'0' * 400}]"), "range"),
    ],
)
def test_a_broken_translation_is_refused_with_its_key(text: str, key: str, tmp_path: Path):
    assert f"The key `{key}` " in refused("bad-measure", read_instrument, write(tmp_path, text))


def test_the_content_of_a_file_is_read_as_the_file_is(own: Path):
    path = write(own, OWN)
    assert parse_instrument(path.read_bytes(), "mine.toml") == read_instrument(path)


def test_toml_that_is_nested_without_end_is_refused():
    said = refused("measure-unreadable", parse_instrument, b"a = " + b"[" * 50_000, "deep.toml")
    assert "nested too deeply" in said


def test_instruments_are_brought_for_a_while():
    mine = parse_instrument(OWN.encode(), "room.toml")
    assert known_instrument("room") is None
    with bringing({"room": mine}):
        assert find_instrument("room") is mine
        with bringing({"other": mine}):
            assert known_instrument("room") is mine
        assert known_instrument("other") is None
    with pytest.raises(InputError):
        find_instrument("room")
