"""Measures: instrument files of the user's own, and the command."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from reattune.cli.measures import command
from reattune.measures import (
    SHIPPED,
    Norms,
    find_instrument,
    own_instruments,
    read_instrument,
    score,
    shipped_instrument,
)
from tests.test_measures import UNVERIFIED, every, filled, refused, write

pytestmark = pytest.mark.usefixtures("own")

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
[[norms]]
scale = "warmth"
sd = 0.8
reliability = 0.7
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


def test_an_instrument_of_the_users_own_is_scored(own: Path):
    write(own, OWN, "room.toml")
    made = find_instrument("room")
    assert (made.origin, made.has_text, made.key.usable) == ("room.toml", True, True)
    assert made.labels == ((0, "no"), (4, "yes"))
    found = score(made, filled([1, 1], rater="observer"))
    assert (found.total, found.subscales) == (2, {"warmth": 1})
    assert [flag.scale for flag in found.flags] == ["warmth"]
    assert made.norms_of("warmth") == Norms("warmth", 0.8, 0.7, "Ours.", verified=True)
    assert made.norms_of() is None


def test_no_norms_are_shipped_since_they_belong_to_a_sample():
    assert {id: shipped_instrument(id).norms for id in SHIPPED} == dict.fromkeys(SHIPPED, ())


def test_a_changed_file_is_read_again(own: Path):
    write(own, OWN, "room.toml")
    assert find_instrument("room").name == "How the room felt"
    write(own, OWN.replace("How the room felt", "The room"), "room.toml")
    assert find_instrument("room").name == "The room"


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
    "cutoff.verified": change(
        'label = "cold"\nsource = "Ours."\nverified = true', 'label = "cold"\nsource = "Ours."'
    ),
    "norms.sd": change("sd = 0.8", "sd = 0"),
    "norms.reliability": change("reliability = 0.7", "reliability = 1"),
    "norms.scale": change('scale = "warmth"\nsd', 'scale = "heat"\nsd'),
    "norms.source": change('reliability = 0.7\nsource = "Ours."', "reliability = 0.7"),
    "norms.verified": change("verified = true\n[text]", "[text]"),
    "norms.mean": change("sd = 0.8", "sd = 0.8\nmean = 3"),
    "norms": change("[[norms]]", "[norms]"),
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
