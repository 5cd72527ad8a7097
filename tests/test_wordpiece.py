"""The tokenizer against the reference implementation, on the words it will meet and on others."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer

from reattune.model import WEIGHTS
from reattune.wordpiece import WordPiece

VOCABULARY = WEIGHTS / "vocab.txt"
CORPUS = Path(__file__).parents[1] / "training" / "data" / "written_dialogues.jsonl"
WORDS = st.text(st.characters(codec="latin-1", exclude_categories=("Cc", "Cf")), max_size=80)


@cache
def our_tokenizer() -> WordPiece:
    return WordPiece(VOCABULARY.read_text("utf-8").split("\n"))


@cache
def reference_tokenizer() -> BertWordPieceTokenizer:
    return BertWordPieceTokenizer(str(VOCABULARY), lowercase=True)


@pytest.fixture
def ours() -> WordPiece:
    return our_tokenizer()


def test_ids_equal_the_reference_on_a_corpus(ours: WordPiece):
    lines = CORPUS.read_text("utf-8").splitlines()[:60]
    texts = [turn["text"] for line in lines for turn in json.loads(line)["turns"]]
    assert len(texts) > 2000
    for text in texts:
        assert ours.encode(text, longest=9999) == reference_tokenizer().encode(text).ids, text


@settings(max_examples=300, deadline=None)
@given(text=WORDS)
def test_ids_equal_the_reference_on_latin_text(text: str):
    assume("[" not in text)  # the reference obeys "[SEP]" in the words; ours must not
    assert our_tokenizer().encode(text, longest=9999) == reference_tokenizer().encode(text).ids


@pytest.mark.parametrize("text", ["", "   ", "\0\0", "😀😀", "مرحبا", "漢字かな", "a" * 300])
def test_odd_text_is_tokenized_without_error(ours: WordPiece, text: str):
    ids = ours.encode(text, longest=16)
    assert ids[0] == ours.ids["[CLS]"]
    assert ids[-1] == ours.ids["[SEP]"]


def test_a_long_turn_keeps_its_beginning_and_its_end(ours: WordPiece):
    text = "first " + "middle " * 500 + "last"
    ids = ours.encode(text, longest=128)
    assert len(ids) == 128
    assert ids[1] == ours.ids["first"]
    assert ids[-2] == ours.ids["last"]


def test_words_of_a_session_cannot_pose_as_control_tokens(ours: WordPiece):
    ids = ours.encode("[SEP] [CLS]", longest=64)
    assert ids.count(ours.ids["[SEP]"]) == ids.count(ours.ids["[CLS]"]) == 1
