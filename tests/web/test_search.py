"""Search in own words and notes: what is found, and that nobody else's is."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.clients.models import Client
from reattune.web.reviews.models import Note, Session, Turn
from reattune.web.search.find import Hit, search, terms
from tests.web.conftest import make_client, signed_in

pytestmark = pytest.mark.django_db


def make_session(client: Client, *words: str) -> Session:
    """A session of these turns, therapist and client by turns."""
    session = Session.objects.create(
        client=client, held_on=date(2026, 3, 5), number=1, source="a.vtt", digest=words[0]
    )
    Turn.objects.bulk_create(
        Turn(session=session, number=i, speaker="S", role=("therapist", "client")[i % 2], text=text)
        for i, text in enumerate(words)
    )
    return session


@pytest.fixture
def session(client_record: Client) -> Session:
    return make_session(
        client_record,
        "How was it to walk along the river again?",
        "I was feeling stuck, honestly, as if the river had frozen.",
        "Stuck how?",
        "I don't know. It's fine.",
    )


def texts(hits: list[Hit]) -> list[str]:
    return ["".join(text for text, _ in hit.parts) for hit in hits]


def test_words_are_found_in_their_forms(therapist: User, session: Session) -> None:
    (hit,) = search(therapist.pk, "feel")
    assert (hit.session, hit.turn, hit.who, hit.client) == (session.pk, 1, "client", "Fern")
    assert ("feeling", True) in hit.parts


def test_all_words_must_stand_in_one_turn(therapist: User, session: Session) -> None:
    assert len(search(therapist.pk, "river")) == 2
    assert len(search(therapist.pk, "river frozen")) == 1
    assert search(therapist.pk, "river fine") == []
    assert session.pk


def test_phrases_and_words_left_out(therapist: User, session: Session) -> None:
    assert len(search(therapist.pk, '"river again"')) == 1
    assert len(search(therapist.pk, "“river again”")) == 1
    assert search(therapist.pk, '"again river"') == []
    assert len(search(therapist.pk, "river -frozen")) == 1
    assert search(therapist.pk, "-river") == []
    assert session.pk


def test_who_said_it_narrows(therapist: User, session: Session) -> None:
    assert [h.turn for h in search(therapist.pk, "stuck", where="therapist")] == [2]
    assert [h.turn for h in search(therapist.pk, "stuck", where="client")] == [1]
    assert search(therapist.pk, "stuck", where="notes") == []
    Note.objects.create(session=session, turn=1, text="he looked stuck", author=therapist)
    assert [h.who for h in search(therapist.pk, "stuck", where="notes")] == ["note"]
    assert len(search(therapist.pk, "stuck")) == 3


def test_a_client_narrows(therapist: User, session: Session) -> None:
    other = make_client(therapist, "Ash")
    make_session(other, "The river is high.")
    assert len(search(therapist.pk, "river")) == 3
    (hit,) = search(therapist.pk, "river", client=other.pk)
    assert hit.client == "Ash"
    assert session.pk


def test_nobody_finds_what_is_not_theirs(
    session: Session, stranger: User, colleague: User, supervisor: User, administrator: User
) -> None:
    for user in (stranger, colleague, supervisor, administrator):
        assert search(user.pk, "river") == []
    for user in (stranger, colleague):
        page = signed_in(user).get("/search/", {"q": "river", "client": session.client_id})
        assert "frozen" not in page.content.decode()
        assert "Fern" not in page.content.decode()
    assert signed_in(supervisor).get("/search/?q=river").status_code == 403


def test_changed_and_deleted_words_leave_the_index(therapist: User, session: Session) -> None:
    turn = session.turns.get(number=1)
    turn.text = "I was cold."
    turn.save()
    assert search(therapist.pk, "frozen") == []
    assert len(search(therapist.pk, "cold")) == 1
    session.delete()
    assert search(therapist.pk, "cold") == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's index has no table")
def test_a_deleted_word_is_gone_from_the_tables_of_the_index(
    therapist: User, client_record: Client
) -> None:
    session = make_session(client_record, "zanzibarquell", "more words")
    session.delete()
    with connection.cursor() as cursor:
        for table in ("data", "idx", "docsize"):
            cursor.execute(f"SELECT * FROM reviews_turn_search_{table}")
            assert b"zanzibarquel" not in repr(cursor.fetchall()).encode()
    assert therapist.pk


@given(st.text(max_size=60))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None
)
def test_whatever_is_typed_is_no_operator(therapist: User, text: str) -> None:
    assert search(therapist.pk, text.replace("\x00", "")) == []


@pytest.mark.parametrize(
    "text", ['"', "NEAR(a b)", "a AND", "*", "col:x", "'; DROP", "a^2", "((", "-"]
)
def test_syntax_of_the_index_is_only_words(therapist: User, session: Session, text: str) -> None:
    search(therapist.pk, text)
    assert session.pk


def test_terms() -> None:
    assert [(t.words, t.without) for t in terms('a "b c" -d it\'s')] == [
        (("a",), False),
        (("b", "c"), False),
        (("d",), True),
        (("it", "s"), False),
    ]


def test_the_page_links_to_the_moment_and_keeps_the_query_to_itself(
    therapist: User, session: Session
) -> None:
    page = signed_in(therapist).get("/search/", {"q": "frozen"}).content.decode()
    assert f"/sessions/{session.pk}/#t2" in page
    assert "<mark>frozen</mark>" in page
    assert Entry.objects.filter(action="search").get().detail == {"found": 1}
    assert not Entry.objects.filter(detail__icontains="frozen").exists()


def test_markup_in_words_is_text(therapist: User, client_record: Client) -> None:
    make_session(client_record, "x", "the <script>alert(1)</script> river")
    page = signed_in(therapist).get("/search/", {"q": "river"}).content.decode()
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "query", ["?page=0", "?page=x", "?q=a&page=99", "?client=x&q=a", "?where=x&q=a"]
)
def test_odd_addresses_still_answer(therapist: User, query: str) -> None:
    assert signed_in(therapist).get(f"/search/{query}").status_code == 200


def test_pages_go_on(therapist: User, client_record: Client) -> None:
    make_session(client_record, *["the river"] * 65)
    browser = signed_in(therapist)
    first = browser.get("/search/?q=river").content.decode()
    assert first.count("<blockquote>") == 30
    assert "page=2" in first
    third = browser.get("/search/?q=river&page=3").content.decode()
    assert third.count("<blockquote>") == 5
    assert "page=4" not in third
