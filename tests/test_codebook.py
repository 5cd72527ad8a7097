"""The codebook holds what design and data rely on."""

from __future__ import annotations

import json
from pathlib import Path

import reattune
from reattune.codebook import CODES, FAMILIES, code, codes_for, columns, load_codebook

DATA = Path(__file__).parents[1] / "training" / "data"
ORDER = (
    "minimal_response topic_shift abstract_talk deference denial affect_split hopelessness "
    "complaint_therapist complaint_therapy rejects_intervention defends_self pressure "
    "notice invite validate explore_meaning negotiate own_contribution "
    "defensive premature_apology blaming premature_interpretation personalizing "
    "over_explaining rescuing ignoring"
).split()


def test_codes_stand_in_codebook_order():
    assert list(CODES) == ORDER
    assert reattune.CODES is CODES


def test_every_code_is_explained():
    for id in CODES:
        own = code(id)
        assert own.name
        assert own.definition
        assert own.is_not
        assert own.why.endswith(".")
        assert own.other.endswith(".")
        assert (own.step is not None) == (own.family == "repair")


def test_families_divide_the_columns():
    found = sorted(c for family in FAMILIES for c in columns(family))
    assert found == list(range(26))
    assert sorted(codes_for("client") + codes_for("therapist")) == found
    assert codes_for("other") == ()


def test_all_five_repair_steps_are_served():
    assert {code(id).step for id in CODES} - {None} == set(load_codebook().steps)


def test_every_label_in_the_corpora_is_a_code_of_the_right_speaker():
    for name in ("written_dialogues.jsonl", "plain_dialogues.jsonl"):
        for line in (DATA / name).read_text("utf-8").splitlines():
            for turn in json.loads(line)["turns"]:
                role = {"T": "therapist", "C": "client"}[turn["who"]]
                assert all(code(id).role == role for id in turn.get("codes", ()))
