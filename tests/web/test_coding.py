"""Finding the moments oneself: nothing of anybody else before one is done, then side by side."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from reattune import codings
from reattune.agreement_report import agreement_report
from reattune.errors import InputError
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.clients import consents, deletion, export, record
from reattune.web.clients.models import Client
from reattune.web.coding import compare, marks, pairs, transfer
from reattune.web.coding.models import Coding, Decision, Mark, Pairing, Rating, Talk
from reattune.web.coding.moments import Seen, met, moments_of
from reattune.web.coding.trend import trend_of
from reattune.web.reviews import labels, models
from tests.web.codings import begun, both_done, html, own, pairing_of, post
from tests.web.conftest import make_client, signed_in
from tests.web.sessions import FLAGS, TURNS, make_session

pytestmark = pytest.mark.django_db

Most = Callable[[int], AbstractContextManager[Any]]
RISKY = (*TURNS[:12], ("C", "Some nights I think about killing myself."), ("T", "Are you?"))


@pytest.fixture
def session(client_record: Client) -> models.Session:
    return make_session(client_record)


@pytest.fixture
def coding(session: models.Session, therapist: User) -> Coding:
    return own(session, therapist)


def rows(coding: Coding) -> list[tuple[int, str, str]]:
    """The marks that stand."""
    found = marks.standing(coding.marks.all())
    return [(turn, m.code, m.intensity) for turn, own in sorted(found.items()) for m in own]


# Marking


def test_the_page_has_no_word_of_what_anybody_found(
    session: models.Session, coding: Coding, therapist: User
) -> None:
    labels.judge(session, therapist, 5, "denial", labels.ADDED)
    session.remarks.create(turn=5, text="A remark of mine", author=therapist)
    page = unescape(html(therapist, f"/codings/{coding.pk}/"))
    for turn in session.turns.all():
        assert turn.text in page
    body = page.split("<ol", 1)[1].split("</ol>", 1)[0]
    never = ("%", "flagged", "near", "A remark", "Denial", "Complaint", "confirmed", "episode")
    for word in never:
        assert word not in body, word
    assert "A remark" not in page
    assert session.opened_at is None


def test_nothing_of_the_model_is_even_loaded(
    coding: Coding, therapist: User, django_assert_max_num_queries: Most
) -> None:
    browser = signed_in(therapist)
    with django_assert_max_num_queries(26) as held:
        browser.get(f"/codings/{coding.pk}/")
    asked = " ".join(query["sql"] for query in held.captured_queries)  # type: ignore[attr-defined]
    for table in ("reviews_finding", "reviews_episode", "reviews_judgement", "reviews_note"):
        assert table not in asked, table
    assert "reviews_risk" in asked


def test_risk_content_is_told_first_all_the_same(client_record: Client, therapist: User) -> None:
    session = make_session(client_record, turns=RISKY, number=2)
    page = html(therapist, f"/codings/{own(session, therapist).pk}/")
    assert page.index("Follow your own protocol first") < page.index("Read through, and mark")


def test_each_mark_is_a_row_and_a_family_replaces_something(
    coding: Coding, therapist: User
) -> None:
    path = f"/codings/{coding.pk}/mark/"
    assert post(therapist, path, say="mark 6 something").status_code == 302
    assert rows(coding) == [(5, "something", "micro")]
    post(therapist, path, do="mark", turn=6, code="confrontation", intensity="major", note="cross")
    assert rows(coding) == [(5, "confrontation", "major")]
    post(therapist, path, do="mark", turn=6, code="complaint_therapy")
    assert rows(coding) == [(5, "complaint_therapy", "major")]
    assert coding.marks.last().note == "cross"  # type: ignore[union-attr]
    post(therapist, path, say="micro 6 complaint_therapy")
    assert rows(coding) == [(5, "complaint_therapy", "micro")]
    post(therapist, path, say="mark 7 misstep")
    assert rows(coding)[1] == (6, "misstep", "")
    post(therapist, path, say="back 6 complaint_therapy")
    assert rows(coding) == [(6, "misstep", "")]
    assert coding.marks.count() == 8  # nothing was overwritten


@pytest.mark.parametrize(
    "data",
    [
        {"say": "mark 6 repair"},  # a client carries no repair move
        {"say": "mark 99 withdrawal"},
        {"say": "mark 0 withdrawal"},
        {"say": "mark 6 nonsense"},
        {"say": "praise 6 withdrawal"},
        {"say": "mark six withdrawal"},
        {"do": "mark", "turn": "6", "code": "withdrawal", "intensity": "huge"},
        {},
    ],
)
def test_what_cannot_be_marked_is_refused(
    coding: Coding, therapist: User, data: dict[str, str]
) -> None:
    assert post(therapist, f"/codings/{coding.pk}/mark/", **data).status_code == 400
    assert not coding.marks.exists()


def test_a_form_at_a_turn_keeps_what_was_typed(coding: Coding, therapist: User) -> None:
    page = html(therapist, f"/codings/{coding.pk}/?turn=6")
    assert "Complaint about the therapy" in page
    data = {"do": "mark", "turn": "6", "note": "A long thought"}
    answer = post(therapist, f"/codings/{coding.pk}/mark/", **data)
    assert answer.status_code == 422
    assert "A long thought" in answer.content.decode()
    assert "Choose what you see." in answer.content.decode()
    assert signed_in(therapist).get(f"/codings/{coding.pk}/?turn=77").status_code == 404
    post(therapist, f"/codings/{coding.pk}/mark/", **data, code="withdrawal")
    post(therapist, f"/codings/{coding.pk}/mark/", do="mark", turn=6, code="withdrawal", note="")
    assert coding.marks.last().note == ""  # type: ignore[union-attr]


def test_a_part_of_the_page_answers_htmx(coding: Coding, therapist: User) -> None:
    browser = signed_in(therapist)
    answer = browser.post(
        f"/codings/{coding.pk}/mark/", {"say": "mark 6 withdrawal"}, HTTP_HX_REQUEST="true"
    )
    page = answer.content.decode()
    assert 'id="t6"' in page
    assert "1 turn marked" in page
    assert 'id="t7"' not in page


# Rounds


def test_done_is_done_and_a_new_round_keeps_the_old(
    coding: Coding, session: models.Session, therapist: User
) -> None:
    marks.put(coding, 5, "something")
    before = list(coding.marks.values_list("pk", "turn", "code", "at"))
    assert post(therapist, f"/codings/{coding.pk}/done/").status_code == 302
    coding.refresh_from_db()
    closed = coding.done_at
    assert closed is not None
    for path, data in (("mark", {"say": "mark 7 misstep"}), ("done", {})):
        assert post(therapist, f"/codings/{coding.pk}/{path}/", **data).status_code == 409
    assert signed_in(therapist).get(f"/codings/{coding.pk}/").status_code == 302
    assert post(therapist, f"/codings/{coding.pk}/again/").status_code == 302
    second = session.codings.get(round=2)
    assert rows(second) == [(5, "something", "micro")]
    marks.put(second, 7, "confrontation")
    coding.refresh_from_db()
    assert coding.done_at == closed
    assert list(coding.marks.values_list("pk", "turn", "code", "at")) == before
    assert post(therapist, f"/codings/{coding.pk}/again/").status_code == 409  # one is open
    assert not second.blind
    start = post(therapist, f"/sessions/{session.pk}/moments/")
    assert start.url == f"/codings/{second.pk}/"


def test_who_saw_the_flags_before_is_told_so(session: models.Session, therapist: User) -> None:
    assert "not a blind one" not in html(therapist, f"/sessions/{session.pk}/moments/")
    signed_in(therapist).get(f"/sessions/{session.pk}/")
    session.refresh_from_db()
    assert session.opened_at
    assert "not a blind one" in html(therapist, f"/sessions/{session.pk}/moments/")
    coding = own(session, therapist, done=True)
    assert not coding.blind
    assert "You had seen the flags before" in html(therapist, f"/codings/{coding.pk}/compare/")


# Three people


def test_a_coding_is_its_own_persons(
    coding: Coding,
    session: models.Session,
    therapist: User,
    colleague: User,
    supervisor: User,
    stranger: User,
) -> None:
    marks.finish(coding)
    paths = [
        f"/sessions/{session.pk}/moments/",
        f"/sessions/{session.pk}/second-coder/",
        f"/sessions/{session.pk}/codings/import/",
        f"/codings/{coding.pk}/",
        f"/codings/{coding.pk}/compare/",
        f"/codings/{coding.pk}/export/",
    ]
    posts = [f"/codings/{coding.pk}/{name}/" for name in ("mark", "rate", "done", "again")]
    posts += [f"/codings/{coding.pk}/{name}/" for name in ("discuss", "label")]
    posts += [f"/sessions/{session.pk}/codings/take/"]
    for other in (colleague, supervisor, stranger):
        shut = [signed_in(other).get(path).status_code for path in paths]
        shut += [post(other, path, say="mark 6 something").status_code for path in posts]
        assert set(shut) <= {403, 404}, shut
    assert signed_in(therapist).get(paths[4]).status_code == 200
    assert Entry.objects.filter(action="coding.compare").exists()


def test_the_comparison_waits_until_one_is_done(coding: Coding, therapist: User) -> None:
    for name in ("compare", "export"):
        assert signed_in(therapist).get(f"/codings/{coding.pk}/{name}/").status_code == 404
    assert (
        post(therapist, f"/codings/{coding.pk}/discuss/", turn=6, state="open").status_code == 404
    )
    label = post(therapist, f"/codings/{coding.pk}/label/", turn=6, code="denial")
    assert label.status_code == 404


# Side by side


def test_marks_a_turn_apart_are_one_moment() -> None:
    seen = [Seen("own", 3, "withdrawal"), Seen("model", 4, "misstep"), Seen("model", 6, "x")]
    found = moments_of(seen)
    assert [(m.first, m.last, m.who) for m in found] == [
        (3, 5, {"own", "model"}),
        (6, 7, {"model"}),
    ]
    assert met(found, ("own",), ("model",)) == (1, 2)
    assert moments_of([]) == []


def test_both_saw_only_i_saw_and_i_did_not_mark(session: models.Session, therapist: User) -> None:
    coding = own(session, therapist, done=True, t6="confrontation", t12="withdrawal")
    found = compare.compare(coding)
    assert [(c.moment.first, c.moment.last) for c in found.both] == [(5, 10)]
    assert [c.moment.first for c in found.only_own] == [11]  # a near miss is no flag
    assert found.not_own == ()
    assert found.model == (1, 1)
    page = unescape(html(therapist, f"/codings/{coding.pk}/compare/"))
    assert "Of the 1 moment that the model flagged, you marked 1." in page
    assert "Odd. But good, I think." in page


def test_the_model_stands_as_it_flagged_whatever_was_said_since(
    session: models.Session, therapist: User
) -> None:
    labels.judge(session, therapist, 5, "complaint_therapy", labels.DISMISSED)
    labels.judge(session, therapist, 1, "denial", labels.ADDED)
    found = compare.compare(own(session, therapist, done=True))
    assert [(c.moment.first, c.moment.last) for c in found.not_own] == [(5, 10)]


def test_a_session_that_no_model_read(client_record: Client, therapist: User) -> None:
    session = make_session(client_record, flags=None, number=2)
    coding = own(session, therapist, done=True, t6="confrontation")
    page = html(therapist, f"/codings/{coding.pk}/compare/")
    assert "The model has not read this session" in page
    assert "Nobody else has coded this session." in page


def test_figures_on_the_page_are_those_of_the_exported_file(
    session: models.Session, therapist: User
) -> None:
    coding = own(
        session, therapist, done=True, t6="complaint_therapy", t7="misstep", t12="withdrawal",
        t2="something",
    )  # fmt: skip
    file = signed_in(therapist).get(f"/codings/{coding.pk}/export/").content.decode()
    page = html(therapist, f"/codings/{coding.pk}/compare/")
    assert figures_of(file) <= numbers(page), figures_of(file) - numbers(page)
    assert "1 mark without a family is left out here." in page
    assert f",2,?,,coder-{therapist.pk},C," in file
    assert not any(turn[1] in file for turn in TURNS)
    assert "Thea" not in file


def figures_of(file: str, name: str = "codings.csv") -> set[str]:
    """The figures that agreement_report makes of a file, as a page writes them."""
    upload = transfer.Upload(name)
    upload.data = file.encode()
    made = agreement_report(codings.read_codings(upload))  # type: ignore[arg-type]
    told = set()
    for row in made["families"].values():
        for key in ("agreed", "kappa", "pabak", "ac1", "alpha"):
            value, (low, high) = row[key]["value"], row[key]["interval_95"]
            if value == value:
                told.add(two(value))
            if low == low and high == high:
                told.add(f"{two(low)} to {two(high)}")
    return told


def two(value: float) -> str:
    """Two decimals, and no zero with a sign."""
    return f"{round(value, 2) + 0.0:.2f}"


def numbers(page: str) -> set[str]:
    """What stands in a page's cells of figures."""
    cells = re.findall(r'<td class="number"[^>]*>(.*?)</td>', page, re.S)
    return {part for cell in cells for part in re.split(r"<[^>]*>", cell) if part}


def test_json_lines_are_read_again(session: models.Session, therapist: User) -> None:
    coding = own(session, therapist, done=True, t6="complaint_therapy")
    path = f"/codings/{coding.pk}/export/?form=jsonl"
    lines = signed_in(therapist).get(path).content.decode().splitlines()
    told = [json.loads(line) for line in lines]
    assert {row["coder"] for row in told} == {f"coder-{therapist.pk}", "model"}
    assert not any("text" in row for row in told)
    assert signed_in(therapist).get(path.replace("jsonl", "exe")).status_code == 400


def test_the_list_to_discuss(session: models.Session, therapist: User) -> None:
    coding = own(session, therapist, done=True)
    path, page = f"/codings/{coding.pk}/discuss/", f"/codings/{coding.pk}/compare/"
    assert post(therapist, path, turn=6, state="open").url.endswith("#m6")
    assert "on the list to discuss" in html(therapist, page)
    post(therapist, path, turn=6, state="talked", note="I had not heard the edge")
    assert "I had not heard the edge" in html(therapist, page)
    assert Talk.objects.count() == 2
    post(therapist, path, turn=6, state="off")
    assert "on the list" not in html(therapist, page)
    for wrong in ({"turn": 6, "state": "x"}, {"turn": 99, "state": "open"}, {}):
        assert post(therapist, path, **wrong).status_code == 400
    long = {"turn": 6, "state": "open", "note": "x" * 1001}
    assert post(therapist, path, **long).status_code == 400


def test_a_mark_becomes_a_label_one_by_one(session: models.Session, therapist: User) -> None:
    coding = own(session, therapist, done=True, t6="complaint_therapy", t12="withdrawal")
    path = f"/codings/{coding.pk}/label/"
    post(therapist, path, turn=6, code="complaint_therapy")
    post(therapist, path, turn=12, code="deference")
    told = list(session.judgements.values_list("turn", "code", "verdict"))
    assert told == [(5, "complaint_therapy", "confirmed"), (11, "deference", "confirmed")]
    page = html(therapist, f"/codings/{coding.pk}/compare/")
    assert page.count("a label of yours already") == 2
    for wrong in (
        {"turn": 8, "code": "complaint_therapist"},  # not marked
        {"turn": 6, "code": "denial"},  # another family
        {"turn": 6, "code": "confrontation"},  # a family is no label
    ):
        assert post(therapist, path, **wrong).status_code == 400
    assert session.judgements.count() == 2


# Over time


def test_the_trend_counts_blind_first_rounds_and_says_when_that_is_little(
    client_record: Client, therapist: User, supervisor: User
) -> None:
    for number in range(1, 4):
        session = make_session(client_record, number=number, held_on=date(2026, 3, number))
        said = {"t6": "confrontation"} if number > 1 else {}
        coding = own(session, therapist, done=True, **said)
        if number == 3:
            models.Session.objects.filter(pk=session.pk).update(
                opened_at=coding.started - timezone.timedelta(days=1)  # type: ignore[attr-defined]
            )
    trend = trend_of(therapist)
    assert [(p.met, p.all) for p in trend.points] == [(0, 1), (1, 1)]
    assert trend.few
    page = html(therapist, "/codings/")
    assert "too little to tell" in page
    assert trend_of(supervisor).points == ()
    assert "Your eye, over time" not in html(supervisor, "/codings/")
    both_done(pairing_of(session, therapist, supervisor))
    first = client_record.sessions.get(number=1)
    both_done(pairing_of(first, therapist, supervisor))
    assert trend_of(therapist).agreed == (0, 1)
    assert "Of the 1 that a second coder saw as well, you marked 0." in html(therapist, "/codings/")


def test_the_index_teaches_when_it_is_empty(
    therapist: User, supervisor: User, administrator: User
) -> None:
    assert "Find the moments yourself first" in html(therapist, "/codings/")
    assert "can ask you to code" in html(supervisor, "/codings/")
    assert signed_in(administrator).get("/codings/").status_code == 403


def test_questions_to_the_database_do_not_grow(
    client_record: Client, therapist: User, supervisor: User, django_assert_max_num_queries: Most
) -> None:
    for number in range(1, 9):
        session = make_session(client_record, number=number, held_on=date(2026, 3, number))
        coding = own(session, therapist, done=True, t6="confrontation", t12="something")
        pairing_of(session, therapist, supervisor)
    for user, path, most in (
        (therapist, "/codings/", 26),
        (supervisor, "/codings/", 20),
        (therapist, f"/codings/{coding.pk}/compare/", 40),
        (therapist, f"/sessions/{session.pk}/moments/", 20),
    ):
        browser = signed_in(user)
        with django_assert_max_num_queries(most):
            assert browser.get(path).status_code == 200


# The record


@pytest.mark.parametrize("how", ["client", "consent"])
def test_codings_go_with_the_session_and_into_the_record(
    session: models.Session, client_record: Client, therapist: User, supervisor: User, how: str
) -> None:
    coding = own(session, therapist, done=True, t6="confrontation")
    Talk.objects.create(coding=coding, turn=5, state="open")
    pairing = pairing_of(session, therapist, supervisor)
    both_done(pairing)
    pairs.settle(pairing, therapist, 6, {"codes": ["misstep"]}, note="yes")
    segments = pairing_of(session, therapist, supervisor, level="segment", turns_each=7)
    marks.rate(begun(segments, therapist), 0, {"withdrawal": 2}, 2)
    told = record.record_of(client_record)["sessions"][0]
    assert told["codings"][0]["marks"][0]["code"] == "confrontation"
    assert told["pairings"][1]["decisions"][0]["said"] == {"codes": ["misstep"]}
    export.to_json(told)
    assert any(loss.kind == "codings" for loss in deletion.losses_of(client_record))
    if how == "client":
        deletion.delete(client_record, therapist)
    else:
        consents.revoke(client_record, "transcription", therapist)
    for model in (Pairing, Coding, Mark, Rating, Decision, Talk):
        assert not model.objects.exists(), model


# From files


CSV = "session,turn,codes,intensity,coder,who\n" + "".join(
    f"s1,{n},{'withdrawal' if n == 12 else ''},,Zelda,{'T' if n % 2 else 'C'}\n"
    for n in range(1, 15)
)


def upload(user: User, session: models.Session, text: str | bytes, name: str = "z.csv") -> Any:
    data = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    data.name = name
    return post(user, f"/sessions/{session.pk}/codings/import/", file=data)


def test_a_coding_is_taken_in_after_a_look(session: models.Session, therapist: User) -> None:
    answer = upload(therapist, session, CSV)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Zelda" in page
    assert "withdrawal" not in page.lower()
    waiting = session.codings.get()
    assert waiting.done_at is None
    mine = own(session, therapist, done=True)
    assert "Zelda" not in html(therapist, f"/codings/{mine.pk}/compare/")
    answer = post(therapist, f"/sessions/{session.pk}/codings/take/", take=str(waiting.pk))
    assert answer.status_code == 302
    page = html(therapist, f"/codings/{mine.pk}/compare/")
    assert "Zelda" in page
    assert [c.moment.first for c in compare.compare(mine).not_own] == [5, 11]
    assert figures_of(signed_in(therapist).get(f"/codings/{mine.pk}/export/").content.decode())
    drop = f"/sessions/{session.pk}/codings/{waiting.pk}/drop/"
    assert signed_in(therapist).get(drop).status_code == 404
    assert post(therapist, drop).status_code == 302
    assert "Zelda" not in html(therapist, f"/codings/{mine.pk}/compare/")


def test_what_is_not_ticked_is_dropped(session: models.Session, therapist: User) -> None:
    upload(therapist, session, CSV)
    post(therapist, f"/sessions/{session.pk}/codings/take/")
    assert not session.codings.exists()


ELAN = """<?xml version="1.0"?><ANNOTATION_DOCUMENT><TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="50000"/><TIME_SLOT TIME_SLOT_ID="b" TIME_VALUE="59000"/>
</TIME_ORDER><TIER TIER_ID="codes" ANNOTATOR="Elan"><ANNOTATION><ALIGNABLE_ANNOTATION
ANNOTATION_ID="x" TIME_SLOT_REF1="a" TIME_SLOT_REF2="b"><ANNOTATION_VALUE>confrontation
</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"""


def test_elan_needs_times_and_is_read_with_them(session: models.Session, therapist: User) -> None:
    answer = upload(therapist, session, ELAN, "mine.eaf")
    assert answer.status_code == 422
    assert "time for each turn" in answer.content.decode()
    for turn in session.turns.all():
        session.turns.filter(pk=turn.pk).update(
            start=10.0 * turn.number, end=10.0 * turn.number + 9
        )
    assert upload(therapist, session, ELAN, "mine.eaf").status_code == 200
    found = session.codings.get()
    assert (found.label, rows(found)) == ("Elan", [(5, "confrontation", "")])


def test_json_lines_are_taken_in(session: models.Session, therapist: User) -> None:
    lines = [{"session": "x", "turn": n, "codes": None if n == 3 else []} for n in range(1, 15)]
    lines[5]["codes"] = ["complaint_therapy"]
    text = "\n".join(json.dumps(line) for line in lines)
    assert upload(therapist, session, text, "kim.jsonl").status_code == 200
    found = session.codings.get()
    assert (found.label, found.skipped) == ("kim", [2])


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("a,b\n1,2\n", "x.csv", "needs session, turn and codes"),
        ("session,turn,codes\ns,1,anger\n", "x.csv", "in no codebook"),
        ("session,turn,codes\ns,15,\n", "x.csv", "has a turn 15"),
        ("session,turn,codes\ns,x,\n", "x.csv", "no number"),
        ("session,turn,codes,who\ns,1,,C\n", "x.csv", "another speaker"),
        ("session,turn,codes\ns,1,\nt,1,\n", "x.csv", "several sessions"),
        ("not xml", "x.eaf", "time"),
        ('{"turns": 3}\n', "x.jsonl", ""),
        (b"\xff\xfe\x00\x01\x02", "x.jsonl", ""),
        ("", "x.csv", "empty"),
    ],
)
def test_a_file_that_does_not_fit_says_what_where_and_what_to_do(
    session: models.Session, therapist: User, text: str | bytes, name: str, told: str
) -> None:
    answer = upload(therapist, session, text, name)
    assert answer.status_code == 422
    page = unescape(answer.content.decode())
    assert told in page
    assert 'class="error"' in page
    assert not session.codings.exists()


def test_a_large_file_is_refused(session: models.Session) -> None:
    with pytest.raises(InputError, match="more than 8 MB"):
        transfer.read(b"x" * ((8 << 20) + 1), "x.csv", session)


def test_another_clients_session_is_never_taken_into(
    session: models.Session, colleague: User
) -> None:
    other = make_session(make_client(colleague, "Moss"))
    assert upload(colleague, session, CSV).status_code == 404
    upload(colleague, other, CSV)
    kept = other.codings.get()
    path = f"/sessions/{session.pk}/codings/{kept.pk}/drop/"
    assert post(session.client.therapist, path).status_code == 404
    assert FLAGS
