"""A second coder: who is asked and passes, that both are blind until done, what they settle on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.http import Http404
from django.utils import timezone

from reattune import codings
from reattune.coefficients import gwet_ac, icc
from reattune.errors import InputError
from reattune.web import gates
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.clients import consents, record
from reattune.web.clients.models import Client
from reattune.web.coding import marks, pairs, transfer
from reattune.web.coding.models import Coding, Decision, Pairing
from reattune.web.coding.segments import cut
from reattune.web.reviews import models
from tests.web.codings import begun, both_done, html, marked, own, pairing_of, post
from tests.web.conftest import make_client, make_user, signed_in
from tests.web.sessions import TURNS, make_session
from tests.web.test_coding import figures_of, numbers, two

pytestmark = pytest.mark.django_db

Most = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture
def session(client_record: Client) -> models.Session:
    return make_session(client_record)


@pytest.fixture
def pairing(session: models.Session, therapist: User, supervisor: User) -> Pairing:
    return pairing_of(session, therapist, supervisor)


def sent(coder: User, **changed: Any) -> dict[str, Any]:
    """The form of an invitation filled in."""
    return {
        "coder": coder.pk, "purpose": "supervision", "first": 3, "last": 12, "level": "turn",
        "detail": "codes", "days": 7, "note": "", **changed,
    }  # fmt: skip


# Asking


def test_asking_somebody(session: models.Session, therapist: User, supervisor: User) -> None:
    answer = post(therapist, f"/sessions/{session.pk}/second-coder/", **sent(supervisor))
    made = Pairing.objects.get()
    assert answer.url == f"/second/{made.pk}/"
    assert (made.first, made.last, made.detail) == (2, 12, "codes")
    assert (made.until - timezone.now()).days == 6
    assert Entry.objects.filter(action="coding.invite").exists()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"last": 99}, "The session has no such turn."),
        ({"first": 9, "last": 3}, "This is before the first turn."),
        ({"first": 0}, "greater than or equal to 1"),
        ({"days": 91}, "less than or equal to 90"),
        ({"days": ""}, "This field is required."),
        ({"level": "word"}, "Select a valid choice"),
        ({"purpose": "fun"}, "Select a valid choice"),
        ({"note": "x" * 1001}, "at most 1000"),
        ({"level": "segment", "turns_each": 1}, "greater than or equal to 2"),
    ],
)
def test_a_form_that_is_wrong_says_where_and_keeps_what_was_typed(
    session: models.Session, therapist: User, supervisor: User, changed: dict[str, Any], told: str
) -> None:
    data = sent(supervisor, **({"note": "Look at the end"} | changed))
    answer = post(therapist, f"/sessions/{session.pk}/second-coder/", **data)
    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert told in page
    assert data["note"] in page
    assert not Pairing.objects.exists()


def test_only_people_of_the_practice_can_be_asked(
    session: models.Session,
    therapist: User,
    colleague: User,
    supervisor: User,
    administrator: User,
    stranger: User,
) -> None:
    assert set(pairs.coders_for(therapist)) == {colleague, supervisor}
    for other in (administrator, stranger, therapist):
        answer = post(therapist, f"/sessions/{session.pk}/second-coder/", **sent(other))
        assert answer.status_code == 422


def test_the_same_turns_are_not_asked_for_twice(
    session: models.Session, therapist: User, supervisor: User
) -> None:
    path = f"/sessions/{session.pk}/second-coder/"
    assert post(therapist, path, **sent(supervisor)).status_code == 302
    answer = post(therapist, path, **sent(supervisor))
    assert "open to this person already" in answer.content.decode()


@pytest.mark.parametrize("purpose", ["supervision", "research"])
def test_the_purpose_needs_its_own_consent(
    session: models.Session,
    client_record: Client,
    therapist: User,
    supervisor: User,
    purpose: str,
) -> None:
    consents.revoke(client_record, purpose, therapist)
    path = f"/sessions/{session.pk}/second-coder/"
    answer = post(therapist, path, **sent(supervisor, purpose=purpose))
    assert "The client has not consented to this." in answer.content.decode()
    with pytest.raises(InputError, match="not consented"):
        pairing_of(session, therapist, supervisor, purpose=purpose)


def test_without_any_consent_the_page_teaches(therapist: User, supervisor: User) -> None:
    bare = make_session(make_client(therapist, "Moss", consents=False))
    assert supervisor.pk
    page = html(therapist, f"/sessions/{bare.pk}/second-coder/")
    assert "neither to supervision nor to research" in page
    alone = make_user(make_other_practice(), "solo", is_therapist=True)
    single = make_session(make_client(alone, "Ash"))
    assert "Nobody to ask" in html(alone, f"/sessions/{single.pk}/second-coder/")


def make_other_practice() -> Any:
    from reattune.web.accounts.models import Practice

    return Practice.objects.create(name="Alone")


# Who passes


def addresses(pairing: Pairing, coding: Coding | None = None) -> list[tuple[str, str]]:
    """Every address of a pairing and of a coding in it: method and path."""
    found = [("get", f"/second/{pairing.pk}/{name}") for name in ("", "export/", "words/")]
    found += [("post", f"/second/{pairing.pk}/{name}/") for name in ("start", "settle", "end")]
    if coding is not None:
        base = f"/codings/{coding.pk}/"
        found += [("get", base), ("get", f"{base}compare/"), ("get", f"{base}export/")]
        posts = ("mark", "rate", "done", "again", "discuss", "label")
        found += [("post", f"{base}{name}/") for name in posts]
    return found


def shut(user: User, pairing: Pairing, coding: Coding | None = None) -> bool:
    """Whether every address of it answers as if nothing were there."""
    browser = signed_in(user)
    told = {
        path: getattr(browser, method)(path, {"say": "mark 6 something"}).status_code
        for method, path in addresses(pairing, coding)
    }
    assert set(told.values()) <= {403, 404}, told
    return True


def test_one_that_is_closed_early_offers_nothing(pairing: Pairing, therapist: User) -> None:
    post(therapist, f"/second/{pairing.pk}/end/")
    page = html(therapist, f"/second/{pairing.pk}/")
    assert "closed before both were done" in page
    assert "Begin coding" not in page
    assert "Closed before both were done" in html(therapist, "/codings/")


def test_nobody_else_passes(
    pairing: Pairing, supervisor: User, colleague: User, stranger: User, administrator: User
) -> None:
    coding = begun(pairing, supervisor)
    for other in (colleague, stranger, administrator):
        assert shut(other, pairing, coding)
        assert f"{pairing.short}" not in signed_in(other).get("/codings/").content.decode()
        with pytest.raises(Http404):
            gates.coding_of(other, pairing.pk)
    assert gates.coding_of(supervisor, pairing.pk) == pairing


def test_the_second_coder_sees_roles_and_those_turns_only(
    session: models.Session, therapist: User, supervisor: User
) -> None:
    session.turns.filter(role="client").update(speaker="Martha Miller")
    pairing = pairing_of(session, therapist, supervisor, first=2, last=8, note="Take your time.")
    page = html(supervisor, f"/second/{pairing.pk}/")
    coding = begun(pairing, supervisor)
    page += unescape(html(supervisor, f"/codings/{coding.pk}/"))
    for n, (_speaker, text) in enumerate(TURNS):
        assert (text in page) == (2 <= n < 8), n
    assert "Take your time." in page
    for never in ("Fern", "Martha", "March 5", "/clients/", "/sessions/", "Complaint", "%"):
        assert never not in page.split("<main", 1)[1], never
    assert post(supervisor, f"/codings/{coding.pk}/mark/", say="mark 1 repair").status_code == 400
    assert Entry.objects.filter(action="coding.see", target=f"pairing:{pairing.pk}").exists()


@pytest.mark.parametrize("purpose", ["supervision", "research"])
def test_names_are_replaced_for_both(
    client_record: Client, therapist: User, colleague: User, purpose: str
) -> None:
    named = (("T", "How was it?"), ("C", "My sister Martha Miller called from Leeds."), *TURNS)
    session = make_session(client_record, turns=named, number=2)
    pairing = pairing_of(session, therapist, colleague, purpose=purpose)
    first, second = begun(pairing, therapist), begun(pairing, colleague)
    for who, coding in ((therapist, first), (colleague, second)):
        assert "Miller" not in html(who, f"/codings/{coding.pk}/")
    page = html(colleague, f"/codings/{second.pk}/")
    assert "My sister" in page
    marked(first, done=True, t2="withdrawal")
    marked(second, done=True)
    page = html(colleague, f"/second/{pairing.pk}/")
    assert "My sister" in page
    assert "Miller" not in page
    path = f"/second/{pairing.pk}/words/"
    assert "Miller" not in html(therapist, path)
    look = post(therapist, path, look=1, also="forms\nhomework").content.decode()
    assert "homework" not in look.split("<ol", 1)[1]
    assert post(therapist, path, also="homework", kind="csv").status_code == 422  # not read yet
    answer = post(therapist, path, also="homework", kind="csv", read="on")
    file = answer.content.decode()
    assert answer["Content-Type"].startswith("text/csv")
    assert "My sister" in file
    assert "Miller" not in file
    assert "homework" not in file
    assert figures_of(file)
    lines = post(therapist, path, kind="jsonl", read="on").content.decode().splitlines()
    assert "My sister" in json.loads(lines[1])["text"]


@pytest.mark.parametrize("how", ["ended", "expired", "consent", "inactive role"])
def test_it_closes_at_once(
    pairing: Pairing, client_record: Client, therapist: User, supervisor: User, how: str
) -> None:
    _first, second = both_done(pairing)
    assert "How far you agree" in html(supervisor, f"/second/{pairing.pk}/")
    if how == "ended":
        assert post(therapist, f"/second/{pairing.pk}/end/").status_code == 302
    elif how == "expired":
        Pairing.objects.update(until=timezone.now() - timedelta(seconds=1))
    elif how == "consent":
        consents.revoke(client_record, "supervision", therapist)
        given = timezone.now().date()
        consents.give(client_record, "supervision", given, therapist)  # does not open it again
    else:
        User.objects.filter(pk=supervisor.pk).update(is_supervisor=False, is_administrator=True)
        supervisor.refresh_from_db()
    assert shut(supervisor, pairing, second)
    if how != "inactive role":
        assert pairing.short not in html(supervisor, "/codings/")
        page = html(therapist, f"/second/{pairing.pk}/")
        assert "closed to the second coder" in page
        assert "How far you agree" in page  # the therapist keeps what was done


def test_the_second_coder_neither_ends_nor_exports(pairing: Pairing, supervisor: User) -> None:
    both_done(pairing)
    assert post(supervisor, f"/second/{pairing.pk}/end/").status_code in (403, 404)
    path = f"/second/{pairing.pk}/export/"
    assert signed_in(supervisor).get(path).status_code in (403, 404)


def test_a_therapist_as_second_coder_exports_nothing_either(
    session: models.Session, therapist: User, colleague: User
) -> None:
    pairing = pairing_of(session, therapist, colleague)
    _first, second = both_done(pairing)
    for path in (
        f"/second/{pairing.pk}/export/",
        f"/codings/{second.pk}/compare/",
        f"/codings/{second.pk}/export/",
    ):
        assert signed_in(colleague).get(path).status_code == 404, path


# Blind until both are done


OWN, SECRET = "what only the therapist wrote", "what only the second coder wrote"


def pages_of(user: User, pairing: Pairing, coding: Coding) -> str:
    """Everything that somebody can open of a pairing."""
    browser, found = signed_in(user), ""
    session = pairing.session_id
    paths = [
        "/codings/", f"/second/{pairing.pk}/", f"/second/{pairing.pk}/export/",
        f"/second/{pairing.pk}/export/?form=jsonl", f"/codings/{coding.pk}/",
        f"/codings/{coding.pk}/compare/", f"/codings/{coding.pk}/export/",
        f"/sessions/{session}/", f"/sessions/{session}/moments/",
    ]  # fmt: skip
    for path in paths:
        found += browser.get(path, follow=True).content.decode()
    return found


def test_nobody_sees_the_others_marks_before_both_are_done(
    pairing: Pairing, client_record: Client, therapist: User, supervisor: User
) -> None:
    first, second = begun(pairing, therapist), begun(pairing, supervisor)
    marks.put(first, 3, "withdrawal", note=OWN)
    assert OWN not in pages_of(supervisor, pairing, second)
    marks.finish(first)
    assert OWN not in pages_of(supervisor, pairing, second)
    assert OWN in json.dumps(record.record_of(client_record))
    marks.put(second, 11, "withdrawal", note=SECRET)
    page = pages_of(therapist, pairing, first)
    assert SECRET not in page
    assert "is not done yet" in page
    assert "Where you differ" not in page
    assert SECRET not in json.dumps(record.record_of(client_record))
    settle = post(therapist, f"/second/{pairing.pk}/settle/", unit=12, codes="withdrawal")
    assert settle.status_code == 409
    mine = own(pairing.session, therapist, done=True)
    assert SECRET not in html(therapist, f"/codings/{mine.pk}/compare/")
    marks.finish(second)
    assert SECRET in html(therapist, f"/second/{pairing.pk}/")
    assert SECRET in html(therapist, f"/codings/{mine.pk}/compare/")
    assert SECRET in json.dumps(record.record_of(client_record))


def test_a_round_can_be_taken_up_again_until_the_other_is_done(
    pairing: Pairing, therapist: User, supervisor: User
) -> None:
    first = marked(begun(pairing, therapist), done=True, t6="confrontation")
    assert post(therapist, f"/codings/{first.pk}/again/").status_code == 302
    later = pairing.codings.get(round=2)
    assert marks.standing(later.marks.all()).keys() == {5}
    marked(begun(pairing, supervisor), done=True)
    assert not marks.both_done(Pairing.objects.get())
    marks.finish(later)
    assert marks.both_done(Pairing.objects.get())
    answer = post(therapist, f"/codings/{later.pk}/again/")
    assert answer.status_code == 409
    assert first.marks.count() == 1


# Together


def test_figures_are_those_of_the_exported_file(pairing: Pairing, therapist: User) -> None:
    both_done(pairing)
    answer = signed_in(therapist).get(f"/second/{pairing.pk}/export/")
    assert answer["Content-Disposition"].startswith("attachment")
    file = answer.content.decode()
    page = html(therapist, f"/second/{pairing.pk}/")
    assert figures_of(file) <= numbers(page), figures_of(file) - numbers(page)
    assert "Of 7 client turns you both marked 2 as strain." in page
    for name in ("Thea", "Sunny", "Fern", "sister"):
        assert name not in file
    lines = signed_in(therapist).get(f"/second/{pairing.pk}/export/?form=jsonl")
    assert figures_of(lines.content.decode(), "c.jsonl") == figures_of(file)


def test_differences_are_settled_turn_by_turn_and_rows_are_only_added(
    pairing: Pairing, therapist: User, supervisor: User
) -> None:
    both_done(pairing)
    held = pairs.together(pairing)
    assert held is not None
    assert [unit.number for unit in held.units] == [7, 9, 12]
    path = f"/second/{pairing.pk}/settle/"
    assert post(supervisor, path, unit=7, codes="misstep", note="yes").status_code == 302
    assert post(therapist, path, unit=9, other="repair").status_code == 302
    assert post(therapist, path, unit=12, intensity="micro").status_code == 302
    assert post(supervisor, path, unit=12, codes="withdrawal", intensity="major").status_code == 302
    assert Decision.objects.count() == 4
    told = [(d.unit, d.said["codes"], d.intensity, d.by) for d in Decision.objects.all()]
    assert told[2:] == [
        (11, [], "", therapist),
        (11, ["withdrawal"], "major", supervisor),
    ]
    page = unescape(html(supervisor, f"/second/{pairing.pk}/"))
    assert "0 left to settle." in page
    assert "Before:" in page
    file = signed_in(therapist).get(f"/second/{pairing.pk}/export/?what=consensus").content
    upload = transfer.Upload("c.csv")
    upload.data = file
    (consensus,) = codings.read_codings(upload)  # type: ignore[arg-type]
    assert {t.number: t.codes for t in consensus.turns if t.codes} == {
        5: ("confrontation",),
        6: ("misstep",),
        7: ("confrontation",),
        8: ("repair",),
        11: ("withdrawal",),
    }
    assert all(turn.judged for turn in consensus.turns)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"unit": 99, "codes": "withdrawal"},
        {"unit": 7, "codes": "withdrawal"},  # a therapist's turn
        {"unit": 6, "codes": "denial"},  # these two code families
        {"unit": 6, "codes": "nonsense"},
        {"unit": 6, "codes": "withdrawal", "note": "x" * 1001},
    ],
)
def test_what_cannot_be_settled_is_refused(
    pairing: Pairing, therapist: User, data: dict[str, Any]
) -> None:
    both_done(pairing)
    assert post(therapist, f"/second/{pairing.pk}/settle/", **data).status_code == 400
    assert not Decision.objects.exists()


def test_codes_are_told_one_by_one(
    session: models.Session, therapist: User, supervisor: User
) -> None:
    pairing = pairing_of(session, therapist, supervisor, detail="codes")
    marked(begun(pairing, therapist), done=True, t6="complaint_therapy", t12="something")
    marked(begun(pairing, supervisor), done=True, t6="rejects_intervention")
    page = html(therapist, f"/second/{pairing.pk}/")
    assert "Label by label" in page
    held = pairs.together(Pairing.objects.get())
    assert held is not None
    assert [unit.number for unit in held.units] == [6, 12]  # the unclear one is talked over too


def test_two_who_see_the_same_have_nothing_to_settle(
    pairing: Pairing, therapist: User, supervisor: User
) -> None:
    for user in (therapist, supervisor):
        marked(begun(pairing, user), done=True)
    page = html(therapist, f"/second/{pairing.pk}/")
    assert "Nowhere: you see the same everywhere." in page
    assert "Nobody used it" in page


def test_questions_to_the_database_are_bounded(
    pairing: Pairing, therapist: User, supervisor: User, django_assert_max_num_queries: Most
) -> None:
    both_done(pairing)
    for user in (therapist, supervisor):
        browser = signed_in(user)
        with django_assert_max_num_queries(36):
            assert browser.get(f"/second/{pairing.pk}/").status_code == 200


def test_words_leave_only_with_consent_to_research_and_when_both_are_done(
    pairing: Pairing, client_record: Client, therapist: User, supervisor: User
) -> None:
    path = f"/second/{pairing.pk}/words/"
    assert signed_in(therapist).get(path).status_code == 409
    both_done(pairing)
    assert signed_in(supervisor).get(path).status_code == 403
    assert path in html(therapist, f"/second/{pairing.pk}/")
    consents.revoke(client_record, "research", therapist)
    assert path not in html(therapist, f"/second/{pairing.pk}/")
    assert post(therapist, path, kind="csv", read="on").status_code == 400


# Segments


def test_segments_are_of_five_minutes_or_of_so_many_turns(session: models.Session) -> None:
    turns = list(session.turns.all())
    assert [(s.first, s.last) for s in cut(turns, 6)] == [(0, 6), (6, 12), (12, 14)]
    for n, turn in enumerate(turns):
        turn.start = n * 45.0
    assert [(s.first, s.last, s.minute) for s in cut(turns)] == [(0, 7, 0), (7, 14, 5)]
    turns[8].start = 10.0  # steps back
    assert [(s.first, s.last) for s in cut(turns)] == [(0, 7), (7, 14)]
    assert cut([], 5) == ()


def rated(coding: Coding, *rows: tuple[int, int, int]) -> None:
    """Rate segment by segment: withdrawal, confrontation, resolution."""
    for n, (one, two_, three) in enumerate(rows):
        values = {"withdrawal": one, "confrontation": two_, "resolution": three}
        marks.rate(coding, n, values, len(rows))
    marks.finish(coding)


FIRST, SECOND = ((1, 2, 1), (2, 4, 3), (1, 1, 5)), ((1, 3, 1), (1, 5, 3), (1, 1, 5))


@pytest.fixture
def segments(session: models.Session, therapist: User, supervisor: User) -> Pairing:
    return pairing_of(session, therapist, supervisor, level="segment", turns_each=5)


def test_segments_are_rated_and_figures_told(
    segments: Pairing, therapist: User, supervisor: User
) -> None:
    first, second = begun(segments, therapist), begun(segments, supervisor)
    path = f"/codings/{first.pk}/rate/"
    assert post(therapist, path, segment=1, withdrawal=1).url.endswith("#s1")
    assert post(therapist, path, segment=1, withdrawal=3, confrontation=2).status_code == 302
    assert first.ratings.count() == 3
    page = html(therapist, f"/codings/{first.pk}/")
    assert page.count('type="radio"') == 3 * 3 * 5
    assert page.count(" checked") == 2
    rated(first, *FIRST)
    rated(second, *SECOND)
    page = html(supervisor, f"/second/{segments.pk}/")
    pairs_ = [[a[1], b[1]] for a, b in zip(FIRST, SECOND, strict=True)]
    for found in (icc(pairs_, "A1"), gwet_ac(pairs_, weights="quadratic", categories=range(1, 6))):
        assert two(found.value) in numbers(page)
    assert "ICC, absolute" in page
    held = pairs.together(Pairing.objects.get())
    assert held is not None
    assert [unit.number for unit in held.units] == [1, 2]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"segment": 9, "withdrawal": 1},
        {"segment": 0, "withdrawal": 1},
        {"segment": 1, "withdrawal": 6},
        {"segment": 1, "withdrawal": 0},
        {"segment": 1, "withdrawal": "much"},
    ],
)
def test_a_rating_that_is_none_is_refused(
    segments: Pairing, therapist: User, data: dict[str, Any]
) -> None:
    coding = begun(segments, therapist)
    assert post(therapist, f"/codings/{coding.pk}/rate/", **data).status_code == 400
    assert not coding.ratings.exists()
    assert (
        post(therapist, f"/codings/{coding.pk}/mark/", say="mark 6 withdrawal").status_code == 400
    )
    turns = own(segments.session, therapist)
    assert post(therapist, f"/codings/{turns.pk}/rate/", segment=1, withdrawal=1).status_code == 400


def test_segments_are_settled_and_exported(
    segments: Pairing, therapist: User, supervisor: User
) -> None:
    rated(begun(segments, therapist), *FIRST)
    rated(begun(segments, supervisor), *SECOND)
    path = f"/second/{segments.pk}/settle/"
    whole = {"withdrawal": 1, "confrontation": 3, "resolution": 2}
    assert post(therapist, path, unit=1, **whole, note="a bit").status_code == 302
    for wrong in (
        {"unit": 1, "withdrawal": 1},
        {"unit": 9, **whole},
        {"unit": 1, **whole, "resolution": 7},
    ):
        assert post(therapist, path, **wrong).status_code == 400
    export = f"/second/{segments.pk}/export/"
    rows = list(csv.DictReader(io.StringIO(signed_in(therapist).get(export).content.decode())))
    assert len(rows) == 6
    assert {row["coder"] for row in rows} == {f"coder-{u.pk}" for u in (therapist, supervisor)}
    assert rows[1]["confrontation"] == "4"
    answer = signed_in(therapist).get(f"{export}?what=consensus&form=jsonl").content.decode()
    settled = [json.loads(line) for line in answer.splitlines()]
    assert [row["confrontation"] for row in settled] == [3, None, 1]
    assert [row["withdrawal"] for row in settled] == [1, None, 1]
    page = html(therapist, f"/second/{segments.pk}/")
    assert "1 left to settle." in page
    assert "a bit" in page


def test_segments_that_nobody_rated_have_no_figure(
    segments: Pairing, therapist: User, supervisor: User
) -> None:
    for user in (therapist, supervisor):
        marks.finish(begun(segments, user))
    assert "No segment was rated by both." in html(therapist, f"/second/{segments.pk}/")
