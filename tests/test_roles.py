import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reattune.errors import InputError, RoleError
from reattune.readers import read_bytes
from reattune.roles import MIN_CONFIDENCE, assign_roles, require_roles
from reattune.types import Session, Turn

COURSES = Path(__file__).parents[1] / "examples" / "courses"

THERAPIST = [
    "So how have you been since we last met?",
    "It sounds like you felt let down by that. What was it like for you?",
    "Okay. And what would you like to do with our time today?",
    "I wonder if some of that is happening here, between us.",
    "Mm-hmm. Can you tell me a bit more about what happened next?",
]
CLIENT = [
    "Yeah, I went to see my mum and she said I never do anything right, so I just left.",
    "No, because he was late again and I had dinner ready and I was really angry with him.",
    "I don't know. I mean I got home and I just went to bed, like I always do.",
    "My sister thinks I should move out but I can't, she doesn't know what they're like.",
    "I guess. I didn't say anything, I never do.",
]


def talk(*labels, rounds=2):
    """A session in which the first label talks like a therapist and the others like clients."""
    turns = []
    for i in range(5 * rounds):
        turns.append(Turn(labels[0], THERAPIST[i % 5]))
        turns += [Turn(label, CLIENT[i % 5]) for label in labels[1:]]
    return Session(tuple(turns), source="talk.vtt")


def roles(session, **options):
    return {turn.speaker: turn.role for turn in assign_roles(session, **options).turns}


STATED = [
    ("T", "C"),
    ("T1", "C1"),
    ("t", "p"),
    ("Therapist", "Client"),
    ("THERAPIST", "Patient"),
    ("Counsellor", "Anna"),
    ("Counselor 1", "Client 1"),
    ("Dr. Ellery", "Tamsin"),
    ("Ruth Ellery (Therapist)", "Tamsin"),
    ("*INV", "*PAR"),
    ("Interviewer", "Participant"),
    ("Provider", "Pt"),
    ("Clinician", "Jo"),
    ("Psychologist:", "Speaker 2"),
    ("D", "P"),
    ("Social worker", "Caller"),
]


@pytest.mark.parametrize("labels", STATED)
def test_labels_that_state_the_roles_settle_them(labels):
    # The therapist's words under the client's label: only the labels can tell.
    for first, second in (labels, labels[::-1]):
        session = assign_roles(talk(first, second))
        found = {turn.speaker: turn.role for turn in session.turns}
        assert found == {labels[0]: "therapist", labels[1]: "client"}
        assert session.roles.by == "labels"
        assert session.roles.confidence == 1.0
        assert session.roles.therapist == labels[0]


@pytest.mark.parametrize(
    "labels",
    [
        ("SPEAKER_00", "SPEAKER_01"),
        ("Ruth", "Tamsin"),
        ("R", "T"),  # initials: T is Tamsin
        ("C", "P"),  # counselor and patient, or client and psychologist
        ("Dr Ellery", "Dr Tarrow"),
        ("", "Tamsin"),
    ],
)
def test_labels_that_say_nothing_leave_it_to_the_manner_of_talking(labels):
    for first, second in (labels, labels[::-1]):
        session = assign_roles(talk(first, second))
        assert session.turns[0].role == "therapist"
        assert session.turns[1].role == "client"
        assert session.roles.by == "inferred/1"
        assert MIN_CONFIDENCE <= session.roles.confidence < 1
        assert session.roles.therapist == first
        assert session.roles.why.endswith(".")


def test_the_other_label_says_client():
    session = assign_roles(talk("Anna", "Client"))
    assert session.roles.by == "labels"
    assert session.roles.therapist == "Anna"
    assert session.turns[0].role == "therapist"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("Therapist", "Client", "Interpreter"), ("therapist", "client", "other")),
        (("Therapist", "Client", "Mother"), ("therapist", "client", "other")),
        (("Therapist", "Effie", "Effie's mum"), ("therapist", "client", "other")),
        (("Therapist", "Client 1", "Client 2"), ("therapist", "client", "client")),
        (("Therapist", "Client", "Partner"), ("therapist", "client", "client")),
        (("Therapist", "Husband", "Wife"), ("therapist", "client", "client")),
        (("Therapist", "Ada", "Bo"), ("therapist", "client", "client")),
        (("Ruth", "Ada", "Bo"), ("therapist", "client", "client")),
        (("Ruth", "Ada", "Interpreter"), ("therapist", "client", "other")),
        (("Therapist 1", "Client", "Therapist 2"), ("therapist", "client", "therapist")),
    ],
)
def test_third_speakers(labels, expected):
    assert tuple(roles(talk(*labels, rounds=4)).values()) == expected


def test_a_third_voice_of_few_words_is_no_client():
    session = talk("SPEAKER_00", "SPEAKER_01")
    stray = Turn("SPEAKER_02", "Sorry, wrong room.")
    found = roles(replace(session, turns=(*session.turns, stray)))
    assert found == {"SPEAKER_00": "therapist", "SPEAKER_01": "client", "SPEAKER_02": "other"}


def test_turns_without_a_name_among_named_ones_stay_unknown():
    session = talk("Therapist", "Client")
    found = roles(replace(session, turns=(*session.turns, Turn("", "Hm."))))
    assert found[""] == "unknown"


@pytest.mark.parametrize("name", ["Ruth Ellery", "ruth ellery", "RUTH", "ru", "Ellery"])
def test_the_therapist_is_told_by_any_case_and_a_unique_beginning(name):
    session = assign_roles(talk("Tamsin", "Ruth Ellery"), therapist=name)
    assert session.roles.by == "told"
    assert session.roles.therapist == "Ruth Ellery"
    assert session.turns[1].role == "therapist"
    assert session.turns[0].role == "client"


def test_telling_wins_over_labels_that_say_otherwise():
    assert roles(talk("Therapist", "Client"), therapist="client") == {
        "Therapist": "client",
        "Client": "therapist",
    }


@pytest.mark.parametrize("name", ["Petra", "R", ""])
def test_a_name_that_nobody_or_more_than_one_bears_is_refused_with_the_labels(name):
    with pytest.raises(RoleError) as refused:
        assign_roles(talk("Ruth", "Rhys"), therapist=name)
    assert refused.value.slug == "unknown-speaker"
    assert refused.value.speakers == ("Ruth", "Rhys")
    assert '"Ruth"' in str(refused.value)


def test_what_was_told_is_kept_and_an_inference_is_made_afresh():
    told = assign_roles(talk("Ruth", "Tamsin"), therapist="Tamsin")
    assert assign_roles(told) is told
    inferred = assign_roles(talk("Ruth", "Tamsin"))
    assert assign_roles(inferred) == inferred
    assert assign_roles(inferred, therapist="Tamsin").roles.therapist == "Tamsin"


def test_roles_that_turns_came_with_are_statements():
    session = Session.from_turns([("T", CLIENT[0]), ("C", THERAPIST[0])] * 5)
    assert roles(session) == {"T": "therapist", "C": "client"}


def test_initials_in_a_file_are_no_statement():
    turns = talk("R", "T").turns  # Ruth and Tamsin
    lines = "\n".join(f"{turn.speaker}: {turn.text}" for turn in turns)
    session = read_bytes(lines.encode(), name="talk.txt")
    assert session.roles.by == "inferred/1"
    assert session.roles.therapist == "R"


def test_a_role_column_states_roles_whatever_the_labels():
    rows = "".join(
        f'{turn.speaker},{"client" if turn.speaker == "A" else "therapist"},"{turn.text}"\n'
        for turn in talk("A", "B").turns
    )
    session = read_bytes(f"speaker,role,text\n{rows}".encode(), name="talk.csv")
    assert session.roles.by == "labels"
    assert session.turns[0].role == "client"


def test_few_turns_are_never_sure():
    session = assign_roles(Session(talk("Ruth", "Tamsin").turns[:6]))
    assert session.roles.confidence <= 0.9
    assert session.roles.therapist == "Ruth"
    assert {turn.role for turn in session.turns} == {"unknown"}


def test_three_need_more_turns_than_two():
    few, many = (assign_roles(talk("Ruth", "Ada", "Bo", rounds=n)) for n in (2, 3))
    assert len(few.turns) < 40 <= len(many.turns)
    assert {turn.role for turn in few.turns} == {"unknown"}
    assert many.turns[0].role == "therapist"


def test_two_who_talk_alike_are_left_undecided_and_the_error_says_what_to_do():
    turns = tuple(Turn(name, text) for text in CLIENT * 3 for name in ("Ada", "Bo"))
    session = assign_roles(Session(turns, source="talk.vtt"))
    assert session.roles.confidence < MIN_CONFIDENCE
    with pytest.raises(RoleError) as refused:
        require_roles(session)
    assert refused.value.slug == "roles-unclear"
    assert refused.value.speakers == ("Ada", "Bo")
    assert '"Ada" (15 turns)' in str(refused.value)
    assert "confidence 0.5" in str(refused.value)
    assert refused.value.remedy == "Say who it is with --therapist NAME."
    assert str(refused.value).startswith("talk.vtt: ")


@pytest.mark.parametrize("label", ["Ruth", "", "T"])
def test_one_speaker_is_no_exchange(label):
    session = assign_roles(Session((Turn(label, "Hello?"), Turn(label, "Anybody there?"))))
    with pytest.raises(InputError) as refused:
        require_roles(session)
    assert refused.value.slug == "one-speaker"


def test_a_therapist_with_nobody_but_an_interpreter_has_no_client():
    with pytest.raises(RoleError, match="Nobody here is the client"):
        require_roles(assign_roles(talk("Therapist", "Interpreter")))


def test_a_session_with_both_is_let_through():
    assert require_roles(assign_roles(talk("Ruth", "Tamsin"))) is None


names = st.text("abcdefgh", min_size=2, max_size=6)
says = st.text(st.characters(codec="utf-8"), max_size=60)
sessions = st.lists(st.tuples(names, says), min_size=1, max_size=25).map(
    lambda pairs: Session(tuple(Turn(who, text) for who, text in pairs))
)


@given(sessions)
def test_words_order_and_number_of_turns_never_change(session):
    after = assign_roles(session)
    said = [(turn.speaker, turn.text, turn.start, turn.end) for turn in session.turns]
    assert said == [(turn.speaker, turn.text, turn.start, turn.end) for turn in after.turns]


@given(sessions, st.data())
def test_the_one_who_was_told_is_always_the_therapist(session, data):
    name = data.draw(st.sampled_from([turn.speaker for turn in session.turns]))
    for turn in assign_roles(session, therapist=name).turns:
        assert (turn.role == "therapist") == (turn.speaker == name)


@given(st.permutations(["Ruth", "Tamsin", "Bo"]), st.integers(2, 4))  # 2 are too few to tell
def test_exchanging_labels_exchanges_roles(labels, rounds):
    first = list(roles(talk("Ruth", "Tamsin", "Bo", rounds=rounds)).values())
    assert list(roles(talk(*labels, rounds=rounds)).values()) == first


@given(st.lists(st.sampled_from(THERAPIST + CLIENT), min_size=4, max_size=16), st.booleans())
def test_the_confidence_of_two_speakers_adds_up(texts, swap):
    assume(len(texts) % 2 == 0)
    names = ("Bo", "Ada") if swap else ("Ada", "Bo")
    session = Session(tuple(Turn(names[i % 2], text) for i, text in enumerate(texts)))
    guess = assign_roles(session).roles
    assert 0.5 <= guess.confidence < 1
    assert guess.therapist in names


@pytest.mark.parametrize("turns", [None, 20])
def test_the_example_courses_are_told_without_their_labels(turns):
    dice, told = random.Random(7), 0
    for path in sorted(COURSES.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            rows = json.loads(line)["turns"][:turns]
            names = dict(zip("TC", dice.sample(["SPEAKER_00", "SPEAKER_01"], 2), strict=True))
            session = assign_roles(Session(tuple(Turn(names[r["who"]], r["text"]) for r in rows)))
            if rows and session.roles.confidence >= MIN_CONFIDENCE:
                told += 1
                assert session.roles.therapist == names["T"]
    assert told >= 15
