"""Names, places, dates and numbers become placeholders; words that only look like names stay."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.redaction import courses, excerpts, read_marked, run
from reattune.cli.redact import SCHEMA, command
from reattune.errors import InputError
from reattune.redact import CATEGORIES, Review, Span, apply, find, find_all, speaker_labels
from reattune.redaction.lexicon import fold, load_lexicon
from reattune.types import Session, Turn


def hidden(text: str, **options: object) -> list[tuple[str, str]]:
    """(words, placeholder) of what is found."""
    return [(text[s.start : s.end], s.placeholder) for s in find(text, **options)]  # type: ignore[arg-type]


def redacted(text: str, **options: object) -> str:
    return apply(text, find(text, **options))  # type: ignore[arg-type]


# Words that are names as well, used as words.
KEPT = [
    "Will you stop? I hope things get better, I may find some joy in it, but mark my words.",
    "I will say this, it may be the bill, or the art class, or my faith. Let me be frank.",
    "It was grace under pressure. She rose early and drew a line under it.",
    "i will mark the date because i may forget and my hope is it brings some joy",
    "will it ever stop i hope so may i open the window",
    "On Sunday I rest. Sunday is slow, and Mondays are worse. I watch Netflix at Christmas.",
    "I took Sertraline, I speak Polish, and Mum rang the GP about my CBT app on WhatsApp.",
    "They march up and down, and I may march in there in my own time.",
]


@pytest.mark.parametrize("text", KEPT)
def test_words_that_are_names_too_are_kept(text: str):
    assert hidden(text) == []


NAMED = [
    ("{Will} said he'd come. I said, will you really?", "person"),
    ("{Mark} laughed. He'll mark it in the calendar.", "person"),
    ("my brother {will} came round and he will not stop", "person"),
    ("i told {mark} that i mark every day", "person"),
    ("I saw {Grace} and {Hope}, and I hope they liked it.", "person"),
    ("so i was talking to {saoirse} about it and she said no", "person"),
    ("my sister {jo} is the one who cooks", "person"),
    ("what would {kestutis} say about it", "person"),
    ("Everyone calls him {Moose}. {Moose} is kind.", "person"),
    ("i met mr {fossington} the head", "person"),
    ("It's K-O-R-Z-A, is it, or with an S?", "person"),
    ("We moved from {Leeds} to {Bursa}, and then to {Pellbridge}.", "place"),
    ("she lives in {bath} now and he went back to {wuppertal}", "place"),
    ("I work at {Hallam & Pryce}, he is at the {University of Leicester}.", "organization"),
    ("he got a bed at {croydon hospital} in the end", "organization"),
    ("They moved Dad to {St Brigid's Nursing Home}.", "organization"),
    ("I was born on {14 February 1971}, not {03/04/1972}.", "date"),
    ("he died on {march the third two thousand and nine}", "date"),
    ("See you on the {fourteenth}, and then in {May}.", "date"),
    ("She's {ninety-three} now and he is {94}.", "age"),
    ("My number's {07700 900733}, or {+49 30 901820}.", "phone"),
    ("it's {oh seven seven double oh nine hundred one two six}", "phone"),
    ("Write to {r.whitcombe82@example.org}, please.", "email"),
    ("it's {jonas dot lindqvist at gmail dot com}", "email"),
    ("I live at {118 Kestrel Avenue}, it's {NG7 4QX}.", "address"),
    ("i'm at {forty two marlborough road} tonight", "address"),
    ("In {Lindenstraße 44}, before that in {12 rue Lepic}.", "address"),
    ("The IBAN is {GB29 NWBK 6016 1331 9268 19}.", "account"),
    ("NHS number {485 777 3456}, policy {HX-20934-77}.", "account"),
    ("It's all on {www.rosalinds-kitchen.example.com/about}, I'm {@nadia_paints}.", "url"),
]


@pytest.mark.parametrize(("marked", "category"), NAMED)
def test_each_category_is_found_in_both_styles(marked: str, category: str):
    text, gold = read_marked(marked.replace("{", "{x|"), 0)
    spans = find(text)
    for one in gold:
        assert any(s.start <= one.start and s.end >= one.end - 1 for s in spans), one
    assert {span.category for span in spans} == {category}


def test_ages_up_to_89_weekdays_feasts_and_years_alone_are_kept():
    text = (
        "I'm 46, she's eighty-nine. Tuesday at half past two, or at Easter, as in 1999. It's 95%."
    )
    assert hidden(text) == []


def test_one_name_has_one_placeholder_whatever_its_form():
    text = "My friend Anna called. Anna's dog bit me. I love anna. ANNA again, and the Annas."
    assert {placeholder for _, placeholder in hidden(text)} == {"[friend 1]"}


def test_short_forms_and_family_names_are_the_same_person():
    text = "Elizabeth Hargreaves came. I like Liz. Mrs Hargreaves is kind. The Hargreaves know."
    names = [placeholder for _, placeholder in hidden(text)]
    assert set(names) == {"[person 1]"}
    assert len(names) == 4


def test_a_short_form_of_two_people_stays_apart():
    text = "I asked Alexander and Alexandra. Then Alex said no."
    assert len({placeholder for _, placeholder in hidden(text)}) == 3


@pytest.mark.parametrize(
    ("text", "placeholder"),
    [
        ("My sister Jo rang.", "[sister 1]"),
        ("His boss, Lorraine, said so.", "[boss 1]"),
        ("I rang Priya, my neighbor, at once.", "[neighbor 1]"),
        ("our dog is called Biscuit", "[pet 1]"),
        ("I went to see Dr. Mora.", "[doctor 1]"),
        ("uncle raj came too", "[uncle 1]"),
        ("Somebody called Dev rang.", "[person 1]"),
    ],
)
def test_the_placeholder_says_what_the_text_says_of_the_person(text: str, placeholder: str):
    assert placeholder in redacted(text)


def test_known_names_have_the_placeholder_of_their_role():
    aliases = {"client": ["Tamsin Pike"], "therapist": "Ruth"}
    text = "Ruth, it's Tam. Tamsin. Ms Pike. Will you tell ruth?"
    assert redacted(text, aliases=aliases) == (
        "[therapist], it's [client]. [client]. Ms [client]. Will you tell [therapist]?"
    )


def test_an_alias_that_is_a_word_is_hidden_only_as_a_name():
    text = "I will go if Will goes. Will you? Will's car is red."
    result = redacted(text, aliases={"client": "Will"})
    assert result == "I will go if [client] goes. Will you? [client]'s car is red."


def test_aliases_may_be_a_list_and_hold_figures_and_spaces():
    assert redacted("Ask J. R. 2 about it.", aliases=["J. R. 2"]) == "Ask [person 1] about it."
    assert redacted("Nothing here.", aliases=["", "  "]) == "Nothing here."


def session() -> Session:
    return Session.from_turns(
        [
            ("Ruth Ellery", "So how was Leeds, Tam?"),
            ("Tamsin", "Cold. My friend Anna froze."),
            ("Ruth Ellery", "Anna froze. And Tamsin?"),
        ],
        source="tamsin-2026-03-04.vtt",
    )


def test_names_in_speaker_labels_are_hidden_in_the_words_too():
    result = apply(session(), find(session()))
    words = " ".join(f"{turn.speaker} {turn.text}" for turn in result.turns)
    assert not any(name in words for name in ("Ruth", "Ellery", "Tam", "Anna", "Leeds"))
    assert result.source == ""
    assert [turn.speaker for turn in result.turns] == ["Speaker 1", "Speaker 2", "Speaker 1"]


def test_a_speaker_whose_role_is_known_has_its_placeholder():
    known = replace(session(), turns=tuple(roles(session().turns)))
    result = apply(known, find(known))
    assert result.turns[0].text == "So how was [city 1], [client]?"
    assert [turn.speaker for turn in result.turns] == ["T", "C", "T"]


def roles(turns: Iterable[Turn]) -> Iterable[Turn]:
    for turn in turns:
        yield replace(turn, role="therapist" if turn.speaker == "Ruth Ellery" else "client")


def test_roles_become_the_speaker_labels():
    labels = [("T", "Hi."), ("C", "Hello."), ("Mother", "Hm."), ("O", "Yes.")]
    made = speaker_labels(Session.from_turns(labels))
    assert made == {"T": "T", "C": "C", "Mother": "Mother", "O": "O"}


def test_sessions_of_one_client_share_their_placeholders():
    spans = find_all(["My friend Anna rang.", "It was Tom.", "I saw Anna and Tom."])
    assert [[s.placeholder for s in row] for row in spans] == [
        ["[friend 1]"],
        ["[person 1]"],
        ["[friend 1]", "[person 1]"],
    ]


def test_numbers_go_on_above_those_the_text_has_already():
    assert redacted("[friend 3] and my friend Anna.") == "[friend 3] and my friend [friend 4]."


def test_spans_hold_no_words_and_say_why():
    text = "My friend Zbyszek moved to Gdańsk in August."
    for span in find(text):
        said = f"{span.why} {span.by} {span.placeholder}"
        assert not any(word in said for word in ("Zbyszek", "Gdańsk", "August"))
        assert span.why
        assert span.by.split("/")[0] in {"rules", "lexicon", "capitals", "context", "alias"}
        assert 0 < span.sure <= 1
        assert span.category in CATEGORIES


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        find(session())
    assert caplog.records == []


# Properties

NAMES = (
    "Anna Zbyszek Oluwaseun Li Nguyen Will Grace Jo Tariq O'Brien Anne-Marie Étienne José".split()
)
FRAMES = (
    "My friend {n} said no.",
    "i told {n} to go",
    "{n} came over.",
    "And then {n}'s mum rang {n}!",
    "We moved to Leeds on 3 May, {n} and I.",
    "Call 07700 900111 or {n}@example.org.",
    "He is ninety-four, and it may rain. Will it?",
    "“{n}”, she said — [laughs] — and left.",
    "Nothing at all.",
)
texts = st.lists(
    st.tuples(st.sampled_from(FRAMES), st.sampled_from(NAMES), st.booleans()),
    min_size=1,
    max_size=6,
).map(lambda rows: " ".join(written(*row) for row in rows))


def written(frame: str, name: str, small: bool) -> str:
    text = frame.format(n=name)
    return text.lower() if small else text


@settings(deadline=None, max_examples=150)
@given(texts)
def test_a_second_reading_finds_nothing(text: str):
    once = redacted(text)
    assert find(once) == ()
    assert redacted(once) == once


@settings(deadline=None, max_examples=80)
@given(texts, st.randoms(use_true_random=False))
def test_the_order_of_spans_does_not_matter(text: str, chance: random.Random):
    spans = list(find(text))
    shuffled = chance.sample(spans, len(spans))
    assert apply(text, spans) == apply(text, shuffled) == apply(text, iter(spans))


@settings(deadline=None, max_examples=80)
@given(texts)
def test_only_the_spans_change_and_each_is_gone(text: str):
    spans = find(text)
    pieces, place = [], 0
    for span in spans:
        assert place <= span.start < span.end
        pieces += [text[place : span.start], span.placeholder]
        place = span.end
    assert apply(text, spans) == "".join([*pieces, text[place:]])
    for span in spans:
        one = apply(text, [span])
        assert one[: span.start] == text[: span.start]
        assert one[span.start :].startswith(span.placeholder)
        assert one.endswith(text[span.end :])


@settings(deadline=None, max_examples=80)
@given(texts)
def test_a_name_never_has_two_placeholders(text: str):
    found: dict[str, set[str]] = {}
    for span in find(text):
        if span.category == "person":
            found.setdefault(fold(text[span.start : span.end]), set()).add(span.placeholder)
    assert all(len(placeholders) == 1 for placeholders in found.values()), found


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200))
def test_any_text_is_read_without_error(text: str):
    spans = find(text)
    assert all(0 <= s.start < s.end <= len(text) for s in spans)
    apply(text, spans)


@pytest.mark.parametrize(
    "text",
    ["a " * 20_000, "1" * 40_000, "Anna " * 5_000, "anna@" * 8_000, "(" * 40_000, "one " * 10_000],
    ids=["letters", "digits", "names", "addresses", "brackets", "numbers"],
)
def test_odd_texts_take_no_longer(text: str):
    start = time.process_time()
    find(text)
    assert time.process_time() - start < 10


# Reviewing by hand


def span_of(text: str, words: str, placeholder: str = "[person 9]") -> Span:
    start = text.index(words)
    end = start + len(words)
    return Span(0, start, end, "person", placeholder, "hand", "Marked by hand.", 1.0)


def test_a_review_hides_what_is_not_rejected():
    text = "Anna and Tom came."
    review = Review(find(text))
    anna, tom = review.spans
    assert not review.done
    assert review.apply(text) == "[person 1] and [person 2] came."
    decided = review.accept(anna).reject(tom)
    assert decided.done
    assert decided.apply(text) == "[person 1] and Tom came."
    assert review.open == (anna, tom), "the review before is unchanged"
    assert decided.accept(tom).rejected == frozenset()


def test_a_span_added_by_hand_hides_the_same_words_everywhere():
    text = "The Tank Engine. The tank engine is red. An engine."
    review = Review(()).add(text, 0, 4, 15)
    assert review.apply(text) == "The [person 1]. The [person 1] is red. An engine."
    assert review.done
    place = review.add(text, 0, 48, 50, category="place")
    assert {s.placeholder for s in place.spans} == {"[person 1]", "[place 1]"}


def test_what_is_alike_is_decided_at_once():
    text = "Anna, Tom, Anna, Anna."
    review = Review(find(text))
    assert len(review.alike(review.spans[0])) == 3
    assert review.reject(*review.alike(review.spans[0])).apply(text) == text.replace(
        "Tom", "[person 2]"
    )


def test_overlapping_spans_hide_all_that_they_cover():
    text = "Anna Maria Weber rang."
    spans = [span_of(text, "Anna Maria"), span_of(text, "Maria Weber", "[person 8]")]
    assert apply(text, spans) == "[person 9] rang."


def wrong(call: Iterable[object]) -> str:
    with pytest.raises(InputError) as caught:
        list(call)
    return caught.value.slug


def test_wrong_spans_are_told():
    text = "Anna"
    far = Span(0, 2, 9, "person", "[person 1]", "hand", "x", 1.0)
    other = Span(3, 0, 1, "person", "[person 1]", "hand", "x", 1.0)
    review = Review(find(text))
    assert wrong(apply(text, [one]) for one in [far]) == "span-outside"
    assert wrong(apply(text, [one]) for one in [other]) == "span-outside"
    assert wrong(review.accept(one) for one in [far]) == "span-unknown"
    assert wrong(review.add(text, 0, a, 99) for a in [1]) == "span-outside"
    assert wrong(review.add(text, 0, 0, 1, category=c) for c in ["pet"]) == "unknown-category"


# The command


def test_the_command_writes_text_with_placeholders(tmp_path: Path):
    path = tmp_path / "session.txt"
    path.write_text("T: How was Leeds?\nC: My friend Anna froze. Will you ask Anna?\n", "utf-8")
    result = CliRunner().invoke(command, [str(path)])
    assert result.exit_code == 0
    assert result.stdout == (
        "T: How was [city 1]?\nC: My friend [friend 1] froze. Will you ask [friend 1]?\n"
    )
    assert "2 person, 1 place" in result.stderr
    assert "Anna" not in result.output


def test_the_command_gives_spans_with_their_category_as_json(tmp_path: Path):
    path, out = tmp_path / "anna.txt", tmp_path / "out.json"
    path.write_text("T: How was Leeds?\nC: My friend Anna froze.\n", "utf-8")
    options = [str(path), "--json", "--out", str(out), "--alias", "therapist=Ruth"]
    assert CliRunner().invoke(command, options).exit_code == 0
    raw = out.read_text("utf-8")
    data = json.loads(raw)
    assert data["schema"] == SCHEMA
    assert [s["category"] for s in data["spans"]] == ["place", "person"]
    assert data["turns"][1] == {"speaker": "C", "text": "My friend [friend 1] froze."}
    assert "Anna" not in raw
    assert "anna" not in raw


def test_the_command_reads_notes_without_speakers_and_several_sessions(tmp_path: Path):
    note = CliRunner().invoke(command, ["-"], input="Saw Ayesha on 3 May.\nRing Ayesha.\n")
    assert note.stdout == "Saw [person 1] on [date 1].\nRing [person 1].\n"
    path = tmp_path / "course.jsonl"
    rows = [{"turns": [{"who": "C", "text": f"I saw Anna {n}."}]} for n in ("now", "again")]
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    result = CliRunner().invoke(command, [str(path)])
    assert "Session 2" in result.stdout
    assert result.stdout.count("[person 1]") == 2


@pytest.mark.parametrize(
    ("options", "code", "slug"),
    [
        (["missing.txt"], 3, "missing-file"),
        (["-", "--alias", "client="], 3, "bad-alias"),
        (["-", "--alias", "3!=Anna"], 3, "bad-alias"),
    ],
)
def test_the_command_says_what_is_wrong(options: list[str], code: int, slug: str):
    result = CliRunner().invoke(command, options, input="T: Hi Zbyszek.\nC: Hello.\n")
    assert result.exit_code == code
    assert slug in result.output
    assert "Zbyszek" not in result.output


# The benchmark's texts


def test_the_excerpts_are_many_and_marked_in_every_category():
    samples = [*excerpts("development"), *excerpts("held_out")]
    marked = [gold.category for sample in samples for gold in sample.gold]
    assert len(samples) >= 120
    assert len(marked) >= 600
    assert set(marked) >= set(CATEGORIES)
    assert sum(not sample.gold for sample in samples) >= 10
    assert sum(sample.style == "asr" for sample in samples) >= 40


def test_nearly_all_is_found_in_the_held_out_texts():
    """Floors well below what docs/redaction.md reports, so that a change for the worse shows."""
    results = run([*excerpts("held_out"), *courses("held-out")])
    for people, least in ((True, 0.96), (False, 0.97)):
        gold = [(r, g) for r in results for g in r.sample.gold if g.category != "maybe"]
        own = [r.hidden(g) for r, g in gold if (g.category == "person") == people]
        assert sum(own) / len(own) >= least
    right = [r.right(span) for r in results for span in r.spans]
    assert right.count(True) / (right.count(True) + right.count(False)) > 0.95


def test_the_lists_are_folded_and_large():
    lexicon = load_lexicon()
    assert len(lexicon.given) > 10_000
    assert len(lexicon.surnames) > 9_000
    assert len(lexicon.places) > 3_000
    for words in (lexicon.given, lexicon.surnames, lexicon.places, lexicon.organizations):
        assert all(word == fold(word) for word in words)
