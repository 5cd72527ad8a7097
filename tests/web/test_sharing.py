"""Moments shared with a supervisor: what is seen, by whom, how long, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from reattune.errors import InputError
from reattune.web.accounts.models import Practice, User
from reattune.web.audit.models import Entry
from reattune.web.clients import consents
from reattune.web.clients.models import Client
from reattune.web.reviews import labels, models
from reattune.web.reviews.words import to_session
from reattune.web.sharing import moments
from reattune.web.sharing.models import Comment, Share
from reattune.web.sharing.views_given import offers
from tests.web.conftest import make_client, make_user, signed_in
from tests.web.program import read_session

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.django_db

Most = Callable[[int], AbstractContextManager[Any]]
ASKED = "Did I push here?"


@pytest.fixture
def session(client_record: Client) -> models.Session:
    return read_session(client_record)


@pytest.fixture
def share(session: models.Session, therapist: User, supervisor: User) -> Share:
    """Turns 4 to 6 of the session, as people count."""
    return moments.make(
        session, therapist, first=3, last=6, supervisor=supervisor, days=14, question=ASKED
    )


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def sent(share_with: User, **changed: Any) -> dict[str, Any]:
    """The form filled in."""
    return {
        "first": 4,
        "last": 6,
        "supervisor": share_with.pk,
        "days": 14,
        "question": ASKED,
        **changed,
    }


def post(user: User, session: models.Session, data: dict[str, Any]) -> Any:
    return signed_in(user).post(f"/sessions/{session.pk}/share/", data)


# What a supervisor sees


def test_the_supervisor_sees_those_turns_and_nothing_else(
    share: Share, supervisor: User, session: models.Session
) -> None:
    page = text_of(signed_in(supervisor).get(f"/shared/{share.pk}/"))
    for turn in session.turns.all():
        assert (turn.text in page.replace("&#x27;", "'")) == (3 <= turn.number < 6), turn.number
    assert ASKED in page
    assert "Fern" in page
    told = (str(session.pk), str(session.client_id), "/clients/", "/sessions/", "talk.txt")
    for never in (*told, "March 5", "session 1"):
        assert never not in page, never


def test_the_flags_are_those_that_stand_on_these_turns(
    share: Share, session: models.Session, therapist: User
) -> None:
    labels.judge(session, therapist, 3, "complaint_therapy", labels.DISMISSED)
    labels.judge(session, therapist, 4, "defensive", labels.ADDED)
    labels.judge(session, therapist, 9, "topic_shift", labels.ADDED)
    lines = moments.excerpt(session, share.first, share.last)
    shown = {(line.number - 1, m.code.id): m.confirmed for line in lines for m in line.marks}
    assert shown == {(4, "defensive"): True, (5, "complaint_therapist"): False}
    whole = labels.standing_of(session, labels.current(session), to_session(session))
    standing = {(m.turn, m.code) for m in whole.all if m.decided and 3 <= m.turn < 6}
    assert set(shown) == standing


def test_words_alone_are_shared_before_any_analysis(
    share: Share, session: models.Session, supervisor: User
) -> None:
    session.analyses.all().delete()
    assert "You are not listening" in text_of(signed_in(supervisor).get(f"/shared/{share.pk}/"))


def test_names_of_speakers_stay_behind(
    share: Share, session: models.Session, supervisor: User
) -> None:
    session.turns.filter(role="client").update(speaker="Martha Miller")
    page = text_of(signed_in(supervisor).get(f"/shared/{share.pk}/"))
    assert "Martha" not in page
    assert "<script>alert" not in page


def test_the_list_shows_what_is_open(share: Share, supervisor: User) -> None:
    page = text_of(signed_in(supervisor).get("/shared/"))
    assert str(share.pk) in page
    assert "turns 4–6" in page
    assert ASKED in page
    assert "not listening" not in page


# Who may not


def test_nobody_else_opens_it(
    share: Share,
    session: models.Session,
    therapist: User,
    colleague: User,
    administrator: User,
    stranger: User,
    practice: Practice,
) -> None:
    other = make_user(practice, "olga", is_supervisor=True)
    for user, status in (
        (other, 404),
        (stranger, 404),
        (colleague, 403),
        (administrator, 403),
        (therapist, 403),
    ):
        browser = signed_in(user)
        assert browser.get(f"/shared/{share.pk}/").status_code == status, user
        assert browser.post(f"/shared/{share.pk}/", {"text": "x"}).status_code == status, user
    for user in (other, stranger):
        assert "Fern" not in text_of(signed_in(user).get("/shared/"))
    assert not share.comments.exists()
    assert session.pk


def test_only_the_therapist_of_the_client_shares_sees_and_ends(
    share: Share,
    session: models.Session,
    colleague: User,
    administrator: User,
    supervisor: User,
    stranger: User,
) -> None:
    for user, status in (
        (colleague, 404),
        (stranger, 404),
        (supervisor, 403),
        (administrator, 403),
    ):
        browser = signed_in(user)
        assert browser.get(f"/sessions/{session.pk}/share/").status_code == status, user
        assert post(user, session, sent(supervisor)).status_code == status, user
        assert browser.get(f"/shared/given/{share.pk}/").status_code == status, user
        assert browser.post(f"/shared/given/{share.pk}/end/").status_code == status, user
    for user in (colleague, stranger):
        assert "Fern" not in text_of(signed_in(user).get("/shared/given/"))
    share.refresh_from_db()
    assert share.revoked_at is None
    assert Share.objects.count() == 1


def test_the_supervisor_gets_no_further_than_the_share(
    share: Share, session: models.Session, supervisor: User
) -> None:
    browser = signed_in(supervisor)
    for path in (
        f"/sessions/{session.pk}/",
        f"/clients/{session.client_id}/",
        "/clients/",
        f"/shared/given/{share.pk}/",
        "/search/?q=listening",
    ):
        assert browser.get(path).status_code in (403, 404), path


# How long


def over(share: Share, **_people: User) -> None:
    Share.objects.filter(pk=share.pk).update(until=timezone.now())


def ended(share: Share, therapist: User, **_people: User) -> None:
    answer = signed_in(therapist).post(f"/shared/given/{share.pk}/end/")
    assert answer.headers["Location"] == "/shared/given/"


def withdrawn(share: Share, therapist: User, **_people: User) -> None:
    consents.revoke(share.session.client, "supervision", therapist)


def consent_gone(share: Share, **_people: User) -> None:
    share.session.client.consents.filter(purpose="supervision").delete()


def no_supervisor(supervisor: User, **_people: Any) -> None:
    supervisor.is_supervisor = False
    supervisor.save()


def moved_away(supervisor: User, stranger: User, **_people: Any) -> None:
    supervisor.practice = stranger.practice
    supervisor.save()


@pytest.mark.parametrize(
    "happens", [over, ended, withdrawn, consent_gone, no_supervisor, moved_away]
)
def test_it_is_gone_at_once(
    happens: Callable[..., None],
    share: Share,
    therapist: User,
    supervisor: User,
    stranger: User,
) -> None:
    browser = signed_in(supervisor)
    assert browser.get(f"/shared/{share.pk}/").status_code == 200
    happens(share=share, therapist=therapist, supervisor=supervisor, stranger=stranger)
    assert browser.get(f"/shared/{share.pk}/").status_code in (403, 404)
    assert browser.post(f"/shared/{share.pk}/", {"text": "x"}).status_code in (403, 404)
    listed = browser.get("/shared/")
    assert listed.status_code == 403 or "Fern" not in text_of(listed)
    assert not Comment.objects.exists()


def test_a_share_goes_with_its_session(share: Share, session: models.Session) -> None:
    Comment.objects.create(share=share, author=share.supervisor, text="hm")
    session.delete()
    assert not Share.objects.exists()
    assert not Comment.objects.exists()


# Making one


def test_sharing_from_the_session_page(
    session: models.Session, therapist: User, supervisor: User
) -> None:
    browser = signed_in(therapist)
    page = text_of(browser.get(f"/sessions/{session.pk}/share/?first=4&last=6"))
    assert 'value="4"' in page
    assert "You are not listening" in page
    assert "sister" not in page
    answer = browser.post(f"/sessions/{session.pk}/share/", sent(supervisor), follow=True)
    assert "Shared with Sunny" in text_of(answer)
    share = Share.objects.get()
    assert (share.first, share.last, share.question) == (3, 6, ASKED)
    assert abs(share.until - timezone.now() - timedelta(days=14)) < timedelta(minutes=1)
    assert "turns 4–6" in text_of(browser.get("/shared/given/"))


def test_looking_first_shares_nothing(
    session: models.Session, therapist: User, supervisor: User
) -> None:
    page = text_of(post(therapist, session, sent(supervisor, look="1", question="Why?")))
    assert "You are not listening" in page
    assert "Why?" in page
    assert not Share.objects.exists()


def test_an_episode_is_offered_with_what_is_around_it(
    session: models.Session, therapist: User, supervisor: User
) -> None:
    assert supervisor.is_supervisor
    page = text_of(signed_in(therapist).get(f"/sessions/{session.pk}/share/"))
    found = offers(session)
    assert found
    for name, first, last in found:
        assert f'href="?first={first}&amp;last={last}"' in page
        assert 1 <= first <= last <= session.turn_count
        assert name in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": 0},
        {"first": ""},
        {"first": 7},
        {"last": 99},
        {"days": 0},
        {"days": 91},
        {"question": ""},
        {"question": "x" * 2001},
        {"supervisor": 0},
        {"supervisor": "nobody"},
    ],
)
def test_what_cannot_be_shared(
    session: models.Session, therapist: User, supervisor: User, wrong: dict[str, Any]
) -> None:
    page = text_of(post(therapist, session, sent(supervisor, **{"question": "kept", **wrong})))
    assert 'class="error"' in page
    assert "kept" in page or "question" in wrong
    assert not Share.objects.exists()


def test_a_share_is_a_moment_not_a_session(
    session: models.Session, therapist: User, supervisor: User
) -> None:
    models.Session.objects.update(turn_count=100)
    page = text_of(post(therapist, session, sent(supervisor, first=1, last=41)))
    assert "41 turns" in page
    assert not Share.objects.exists()
    assert post(therapist, session, sent(supervisor, first=1, last=40)).status_code == 302
    assert text_of(signed_in(therapist).get(f"/sessions/{session.pk}/share/?first=1&last=41"))


def test_only_with_supervisors_of_the_practice(
    session: models.Session,
    therapist: User,
    supervisor: User,
    colleague: User,
    stranger: User,
) -> None:
    therapist.is_supervisor = True
    therapist.save()
    gone = make_user(therapist.practice, "gil", is_supervisor=True)
    gone.is_active = False
    gone.save()
    for other in (colleague, stranger, therapist, gone):
        assert post(therapist, session, sent(other)).status_code == 200
    assert list(moments.supervisors(therapist)) == [supervisor]
    assert not Share.objects.exists()


def test_the_same_turns_are_not_shared_twice(
    share: Share, session: models.Session, therapist: User, supervisor: User
) -> None:
    assert "already" in text_of(post(therapist, session, sent(supervisor)))
    moments.end(share)
    assert post(therapist, session, sent(supervisor)).status_code == 302


def test_nothing_is_shared_without_consent(
    session: models.Session, therapist: User, supervisor: User
) -> None:
    consents.revoke(session.client, "supervision", therapist)
    page = text_of(signed_in(therapist).get(f"/sessions/{session.pk}/share/?first=4&last=6"))
    assert "has not consented to supervision" in page
    post(therapist, session, sent(supervisor))
    assert not Share.objects.exists()
    with pytest.raises(InputError, match="consented"):
        moments.make(
            session, therapist, first=3, last=6, supervisor=supervisor, days=1, question=""
        )


def test_without_a_supervisor_the_page_says_what_to_do(
    session: models.Session, therapist: User
) -> None:
    page = text_of(signed_in(therapist).get(f"/sessions/{session.pk}/share/"))
    assert "Nobody to share with" in page


# Talking about it


def test_both_say_something_and_read_it(share: Share, therapist: User, supervisor: User) -> None:
    theirs, own = signed_in(supervisor), signed_in(therapist)
    theirs.post(f"/shared/{share.pk}/", {"text": "Where did you feel it?\nHere?"})
    page = text_of(own.get(f"/shared/given/{share.pk}/"))
    assert "Where did you feel it?" in page
    own.post(f"/shared/given/{share.pk}/", {"text": "At <b>turn five</b>."})
    page = text_of(theirs.get(f"/shared/{share.pk}/"))
    assert "At &lt;b&gt;turn five&lt;/b&gt;." in page
    assert [one.author for one in share.comments.all()] == [supervisor, therapist]
    assert "2 comments" in text_of(theirs.get("/shared/"))
    assert "2 comments" in text_of(own.get("/shared/given/"))


def test_a_comment_that_cannot_be_keeps_what_was_typed(share: Share, supervisor: User) -> None:
    for text in ("", "  ", "x" * 4001):
        page = text_of(signed_in(supervisor).post(f"/shared/{share.pk}/", {"text": text}))
        assert 'class="error"' in page
    assert not share.comments.exists()


def test_what_was_said_can_be_read_when_it_is_over_and_no_more_is_said(
    share: Share, therapist: User, supervisor: User
) -> None:
    signed_in(supervisor).post(f"/shared/{share.pk}/", {"text": "Bring it along."})
    moments.end(share)
    own = signed_in(therapist)
    assert "Bring it along." in text_of(own.get(f"/shared/given/{share.pk}/"))
    own.post(f"/shared/given/{share.pk}/", {"text": "Late"})
    assert share.comments.count() == 1


# Audit, queries


def test_every_step_is_in_the_audit(
    share: Share, session: models.Session, therapist: User, supervisor: User
) -> None:
    theirs, own = signed_in(supervisor), signed_in(therapist)
    theirs.get("/shared/")
    theirs.get(f"/shared/{share.pk}/")
    theirs.post(f"/shared/{share.pk}/", {"text": "Where did you feel it?"})
    own.get(f"/shared/given/{share.pk}/")
    own.post(f"/shared/given/{share.pk}/end/")
    theirs.get(f"/shared/{share.pk}/")
    entries = Entry.objects.filter(practice=therapist.practice_id).order_by("number")
    told = [(e.actor, e.action) for e in entries]
    both = f"user:{supervisor.pk}", f"user:{therapist.pk}"
    assert told == [
        (both[1], "share.make"),
        (both[0], "shares.see"),
        (both[0], "share.see"),
        (both[0], "share.comment"),
        (both[1], "share.given"),
        (both[1], "share.end"),
    ]
    assert all(e.client == session.client_id for e in entries if e.action != "shares.see")
    assert "feel" not in str([e.detail for e in entries])


def test_queries_do_not_grow_with_shares_or_turns(
    share: Share,
    session: models.Session,
    therapist: User,
    supervisor: User,
    django_assert_max_num_queries: Most,
) -> None:
    for name in ("Ash", "Elm", "Oak"):
        other = read_session(make_client(therapist, name))
        moments.make(
            other, therapist, first=0, last=10, supervisor=supervisor, days=9, question="?"
        )
    theirs, own = signed_in(supervisor), signed_in(therapist)
    for browser, path, most in (
        (theirs, "/shared/", 12),
        (theirs, f"/shared/{share.pk}/", 17),
        (own, "/shared/given/", 16),
        (own, f"/shared/given/{share.pk}/", 20),
        (own, f"/sessions/{session.pk}/share/?first=1&last=10", 21),
    ):
        browser.get(path)
        with django_assert_max_num_queries(most):
            assert browser.get(path).status_code == 200
