"""Talks with the simulated client are their learner's alone: sharing, deleting, sealing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from reattune import practice
from reattune.web import backup, rekey, vault
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry, Secret
from reattune.web.practice import sealing
from reattune.web.practice.models import Share, Talk
from tests.web.conftest import make_client, signed_in
from tests.web.practicing import (
    GOOD,
    POOR,
    SCENARIO,
    begin,
    ended,
    kept,
    say,
    share,
    shown,
)
from tests.web.test_journal import held_in_tables, tried_api, words_in
from tests.web.test_practice import WORD

pytestmark = pytest.mark.django_db


# Nobody else


def test_nobody_else_comes_to_it(
    therapist: User, colleague: User, stranger: User, supervisor: User, administrator: User
) -> None:
    talk = ended(therapist, GOOD)
    base = f"/rehearse/talks/{talk.pk}/"
    for user in (colleague, stranger, supervisor, administrator):
        browser = signed_in(user)
        for path in (base, f"{base}after/"):
            assert browser.get(path).status_code == 404, (user, path)
        for name in ("reply", "contest", "end", "delete", "share"):
            answer = browser.post(f"{base}{name}/", {"number": 0, "text": "x", "code": "notice"})
            assert answer.status_code == 404, (user, name)
    for path in ("", "drills/", "talks/", "talks/delete/", "progress/", "shared/"):
        assert signed_in(administrator).get(f"/rehearse/{path}").status_code == 404
    assert signed_in(administrator).post(f"/rehearse/scenarios/{SCENARIO}/").status_code == 404
    assert GOOD[:30] not in shown(signed_in(colleague), "/rehearse/talks/")
    assert "No talks yet" in shown(signed_in(supervisor), "/rehearse/talks/")
    assert Talk.objects.filter(pk=talk.pk).exists()


def test_practicing_leaves_nothing_in_the_audit_chain(therapist: User) -> None:
    ended(therapist, GOOD)
    assert not Entry.objects.filter(action__startswith="run.").exists()


# Sharing


def test_a_supervisor_sees_the_summary_until_it_is_taken_back(
    therapist: User, supervisor: User, stranger: User, colleague: User, administrator: User
) -> None:
    plain_words = "And what else has happened on the ward this week, on those nights?"
    talk, other = ended(therapist, GOOD, plain_words), ended(therapist, POOR)
    browser, theirs = signed_in(therapist), signed_in(supervisor)
    assert share(browser, talk, supervisor).status_code == 302
    path = f"/rehearse/shared/{Share.objects.get().pk}/"
    assert path in shown(theirs, "/rehearse/shared/")
    html = shown(theirs, path)
    assert practice.summary(kept(talk).run).turned[0].quote in html
    assert plain_words not in html
    assert POOR not in html
    assert "Supervisor" not in html
    for user in (stranger, colleague, administrator, therapist):
        assert signed_in(user).get(path).status_code == 404
    for one in (talk, other):
        assert theirs.get(f"/rehearse/talks/{one.pk}/after/").status_code == 404
    assert str(supervisor) in shown(browser, "/rehearse/talks/")
    end = f"/rehearse/shares/{Share.objects.get().pk}/end/"
    assert theirs.post(end).status_code == 404
    assert browser.post(end).status_code == 302
    assert theirs.get(path).status_code == 404
    assert "Nothing is shown to you now" in shown(theirs, "/rehearse/shared/")
    actions = list(Entry.objects.filter(action__startswith="run.").values_list("action", flat=True))
    assert actions == ["run.give", "run.see", "run.revoke"]


def test_the_talk_itself_is_shown_only_if_it_was_added(therapist: User, supervisor: User) -> None:
    plain_words = "And what else has happened on the ward this week, on those nights?"
    talk = ended(therapist, GOOD, plain_words)
    browser = signed_in(therapist)
    share(browser, talk, supervisor)
    share(browser, talk, supervisor, with_words="on")
    old, new = Share.objects.order_by("created")
    theirs = signed_in(supervisor)
    assert theirs.get(f"/rehearse/shared/{old.pk}/").status_code == 404
    html = shown(theirs, f"/rehearse/shared/{new.pk}/")
    assert plain_words in html
    assert "/contest/" not in html
    assert str(therapist) in html


def test_a_share_is_over_with_its_time_its_people_and_its_talk(
    therapist: User, supervisor: User, stranger: User
) -> None:
    talk = ended(therapist, GOOD)
    share(signed_in(therapist), talk, supervisor)
    made, theirs = Share.objects.get(), signed_in(supervisor)
    path = f"/rehearse/shared/{made.pk}/"
    assert theirs.get(path).status_code == 200
    Share.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert theirs.get(path).status_code == 404
    Share.objects.update(until=timezone.now() + timedelta(days=1))
    User.objects.filter(pk=supervisor.pk).update(is_supervisor=False, is_therapist=True)
    assert theirs.get(path).status_code == 404
    User.objects.filter(pk=supervisor.pk).update(is_supervisor=True, practice=stranger.practice_id)
    assert theirs.get(path).status_code == 404
    User.objects.filter(pk=supervisor.pk).update(practice=therapist.practice_id)
    assert theirs.get(path).status_code == 200
    signed_in(therapist).post(f"/rehearse/talks/{talk.pk}/delete/")
    assert theirs.get(path).status_code == 404
    assert not Share.objects.exists()


def test_a_share_with_somebody_else_or_for_ever_is_refused(
    therapist: User, supervisor: User, colleague: User, stranger: User
) -> None:
    talk, browser = ended(therapist, GOOD), signed_in(therapist)
    for reader in (colleague, stranger, therapist):
        assert "Select a valid choice" in share(browser, talk, reader).content.decode()
    for days in ("0", "61", "", "x", "-3"):
        answer = share(browser, talk, supervisor, days=days)
        assert 'class="error"' in answer.content.decode()
    going = begin(browser)
    share(browser, going, supervisor)
    assert not Share.objects.exists()


# Deleting


def test_one_and_all_are_deleted_by_their_learner(therapist: User, colleague: User) -> None:
    one, two = ended(therapist, GOOD), ended(therapist, POOR)
    theirs, browser = ended(colleague, GOOD), signed_in(therapist)
    browser.post(f"/rehearse/talks/{one.pk}/delete/")
    assert set(Talk.objects.all()) == {two, theirs}
    assert "nothing was deleted" in browser.post("/rehearse/talks/delete/").content.decode()
    browser.post("/rehearse/talks/delete/", {"sure": "on"})
    assert list(Talk.objects.all()) == [theirs]


# Sealed


def test_a_talk_is_bound_to_its_learner_and_its_id(therapist: User, colleague: User) -> None:
    one, two, theirs = ended(therapist, GOOD), ended(therapist, POOR), ended(colleague, POOR)
    browser = signed_in(therapist)
    Talk.objects.filter(pk=one.pk).update(sealed=two.sealed)
    Talk.objects.filter(pk=theirs.pk).update(learner=therapist)
    html = shown(browser, "/rehearse/talks/")
    assert html.count("This talk is damaged") == 2
    assert browser.get(f"/rehearse/talks/{one.pk}/").status_code == 404
    for path in ("", "drills/", "progress/"):
        assert shown(browser, f"/rehearse/{path}")
    browser.post(f"/rehearse/talks/{one.pk}/delete/")
    assert shown(browser, "/rehearse/talks/").count("This talk is damaged") == 1


def test_the_key_outlives_a_change_of_the_master_key(
    therapist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = ended(therapist, GOOD)
    key, was, now = sealing.talk_key(), vault.derive("files"), bytes(range(32))
    row = Secret.objects.get(name=sealing.NAME)
    row.sealed = rekey.resealed(row.name, bytes(row.sealed), was, now)
    row.save()
    monkeypatch.setattr(vault, "derive", lambda _purpose: now)
    assert sealing.talk_key() == key
    assert kept(talk).run.exchanges[0].reply == GOOD


def test_no_field_holds_words() -> None:
    """A field in the clear is added here with a reason or not at all."""
    assert {field.name for field in Talk._meta.concrete_fields} == {
        "id", "learner", "sealed", "revision", "created", "changed",
    }  # fmt: skip
    assert {field.name for field in Share._meta.concrete_fields} == {
        "id", "talk", "reader", "with_words", "created", "until", "ended_at",
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_nothing_of_it_is_in_any_export_page_answer_table_log_or_backup(
    therapist: User, supervisor: User, tmp_path: Path, data_folder: Path,
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    from tests.web.rows import add_session

    caplog.set_level("DEBUG")
    client = make_client(therapist)
    add_session(client, 0, ())
    browser = signed_in(therapist)
    talk = begin(browser)
    say(browser, talk, f"{POOR} {WORD}")
    code = kept(talk).run.exchanges[0].readings[0].code
    told = {"number": 0, "code": code, "view": WORD}
    browser.post(f"/rehearse/talks/{talk.pk}/contest/", told)
    assert WORD in shown(browser, f"/rehearse/talks/{talk.pk}/")
    say(browser, talk, WORD * 400)
    base = f"/clients/{client.pk}"
    for path in ("/clients/", f"{base}/", f"{base}/export/", "/account/", "/missteps/",
                 f"/search/?q={WORD[:6]}", "/scores.csv", "/codings/", "/shared/"):  # fmt: skip
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert not words_in(b"".join(answer)), path
    assert not words_in(browser.post(f"{base}/export/").getvalue())
    assert tried_api(therapist, client) >= 3
    assert not held_in_tables()
    data_folder.mkdir(parents=True, exist_ok=True)
    assert backup.make(tmp_path / "backup", "").bytes
    assert WORD.encode() not in (tmp_path / "backup").read_bytes()
    assert supervisor
    out, err = capfd.readouterr()
    assert WORD not in out + err + caplog.text
