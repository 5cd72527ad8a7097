"""Instruments that a practice brings along."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from reattune.errors import InputError
from reattune.measures import known_instrument
from reattune.web.accounts.models import User
from reattune.web.audit.models import Entry
from reattune.web.checkins import instruments
from reattune.web.checkins.models import OwnInstrument
from reattune.web.clients.models import Client
from tests.web.checkins import ROOM, answered, bring, give, make_link
from tests.web.conftest import make_client, signed_in

pytestmark = pytest.mark.django_db

WORDS = "\n".join(f'{i} = "Line {i} of our form."' for i in range(1, 13))
WAI_SR = f'extends = "wai_sr"\n[text]\ninstructions = "Ours."\n[text.items]\n{WORDS}\n'


def upload(browser: Browser, content: str | bytes, name: str = "mine.toml") -> str:
    data = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(name, data)
    return browser.post(reverse("instruments"), {"file": file}, follow=True).content.decode()


def test_a_form_of_the_practice_is_brought_given_and_scored(
    therapist: User, client_record: Client
) -> None:
    browser = signed_in(therapist)
    assert "How the room felt can be used now." in upload(browser, ROOM)
    page = browser.get(reverse("link-make", args=[client_record.pk])).content.decode()
    assert "How the room felt" in page
    _, token = make_link(client_record, "room")
    assert "It was warm." in Browser().get(f"/answer/{token}/").content.decode()
    give(token, {"item1": "3,5", "item2": "0.5"})
    page = browser.get(reverse("checkins", args=[client_record.pk])).content.decode()
    assert "3.5 of 0 to 4" in page
    assert Entry.objects.filter(action="instrument.add", target="instrument:room").exists()


def test_wording_is_added_to_a_shipped_key(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    upload(browser, WAI_SR)
    _, token = make_link(client_record, "wai_sr")
    page = Browser().get(f"/answer/{token}/").content.decode()
    assert "Line 12 of our form." in page
    give(token, {f"item{n}": "4" for n in range(1, 13)})
    page = browser.get(reverse("checkins", args=[client_record.pk])).content.decode()
    assert "48 of 12 to 60" in page


def test_an_instrument_is_found_by_its_practice_only(therapist: User, stranger: User) -> None:
    bring(therapist)
    assert instruments.instrument_for(therapist.practice, "room").name == "How the room felt"
    with pytest.raises(InputError, match="There is no measure"):
        instruments.instrument_for(stranger.practice, "room")
    with instruments.known(therapist.practice):
        found = known_instrument("room")
        assert found is not None
        assert found.origin == "room.toml"
    with instruments.known(stranger.practice):
        assert known_instrument("room") is None
    assert known_instrument("room") is None
    page = signed_in(stranger).get(reverse("instruments")).content.decode()
    assert "How the room felt" not in page
    assert signed_in(stranger).get(reverse("instrument-file", args=["room"])).status_code == 404
    assert signed_in(stranger).post(reverse("instrument-remove", args=["room"])).status_code == 404


def test_another_practice_may_have_one_of_the_same_id(therapist: User, stranger: User) -> None:
    bring(therapist)
    bring(stranger, ROOM.replace("How the room felt", "Another room"))
    assert instruments.instrument_for(stranger.practice, "room").name == "Another room"
    assert instruments.instrument_for(therapist.practice, "room").name == "How the room felt"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "The submitted file is empty"),
        ("x = 1", "The key `x` is not known here"),
        (ROOM.replace('id = "room"', ""), "The key `id` is missing"),
        ("id = ", "This is not TOML"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"\x00" * 100, "This is not TOML"),
        (ROOM.replace("[0, 4]", "[4, 0]"), "The key `range` is not two numbers, the lower first"),
        (ROOM.replace('2 = "It', '9 = "It'), "Items are numbered 1 to 2."),
        (ROOM.replace("reversed = [2]", "reversed = [3]"), "The key `reversed`"),
        (ROOM.replace('"room"', f'"{"r" * 61}"'), "Use at most 60 characters"),
        (ROOM.replace('"room"', '"wai"'), "Write extends ="),
        ("# " + "x" * instruments.LARGEST, "too large"),
        ("a = " + "[" * 30_000, "nested too deeply"),
        (ROOM.replace("items = 2", "items = 900000000"), "The key `items`"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_key_and_remedy(
    content: str | bytes, told: str, therapist: User
) -> None:
    page = upload(signed_in(therapist), content)
    assert told in page.replace("&#x27;", "'")
    assert "mine.toml" in page or not content
    assert not OwnInstrument.objects.exists()


def test_no_file_at_all_is_told(therapist: User) -> None:
    page = signed_in(therapist).post(reverse("instruments")).content.decode()
    assert 'class="error"' in page


def test_names_with_markup_are_shown_as_text(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    evil = ROOM.replace("How the room felt", "<script>alert(1)</script>")
    upload(browser, evil.replace("It was warm.", "<img src=x onerror=alert(1)>"), "<b>.toml")
    _, token = make_link(client_record, "room")
    for page in (
        browser.get(reverse("instruments")).content.decode(),
        browser.get(
            reverse("paper", args=[client_record.pk]), {"measure": "room"}
        ).content.decode(),
        Browser().get(f"/answer/{token}/").content.decode(),
    ):
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_a_file_is_replaced_if_the_forms_there_fit_it(
    therapist: User, client_record: Client
) -> None:
    browser = signed_in(therapist)
    upload(browser, ROOM)
    answered(client_record, measure="room", answers={"1": 3.5, "2": 1})
    Client.objects.update(stale=False)
    other = make_client(therapist, "Moss")
    Client.objects.filter(pk=other.pk).update(stale=False)
    page = upload(browser, ROOM.replace("[0, 4]", "[0, 3]"))
    assert "1 of the forms filled in do not fit it" in page
    assert instruments.instrument_for(therapist.practice, "room").items[0].high == 4
    assert "was replaced" in upload(browser, ROOM.replace("It was warm", "It felt warm"))
    assert OwnInstrument.objects.count() == 1
    client_record.refresh_from_db()
    other.refresh_from_db()
    assert (client_record.stale, other.stale) == (True, False)
    assert Entry.objects.filter(action="instrument.replace").count() == 1


def test_a_file_is_taken_away_unless_forms_need_it(therapist: User, client_record: Client) -> None:
    browser = signed_in(therapist)
    upload(browser, ROOM)
    row = answered(client_record, measure="room", answers={"1": 3, "2": 1})
    remove = reverse("instrument-remove", args=["room"])
    assert "Forms of it have been filled in" in browser.post(remove, follow=True).content.decode()
    row.delete()
    assert "The instrument is gone" in browser.post(remove, follow=True).content.decode()
    assert not OwnInstrument.objects.exists()
    assert Entry.objects.filter(action="instrument.remove").count() == 1
    assert browser.get(remove).status_code == 405
    assert browser.post(remove).status_code == 404


def test_words_for_a_shipped_form_can_go_while_its_answers_stay(
    therapist: User, client_record: Client
) -> None:
    browser = signed_in(therapist)
    upload(browser, WAI_SR)
    answered(client_record, measure="wai_sr", answers={str(n): 4 for n in range(1, 13)})
    page = browser.post(reverse("instrument-remove", args=["wai_sr"]), follow=True)
    assert "The instrument is gone" in page.content.decode()
    page = browser.get(reverse("checkins", args=[client_record.pk])).content.decode()
    assert "48 of 12 to 60" in page


def test_the_file_comes_back_as_it_was(therapist: User) -> None:
    browser = signed_in(therapist)
    upload(browser, "﻿" + ROOM)
    response = browser.get(reverse("instrument-file", args=["room"]))
    assert response.content.decode() == ROOM
    assert response["Content-Type"].startswith("text/plain")


def test_a_file_that_a_later_version_cannot_read_is_named(
    therapist: User, client_record: Client
) -> None:
    bring(therapist)
    OwnInstrument.objects.update(toml="id = 3")
    browser = signed_in(therapist)
    assert "cannot use the file any more" in browser.get(reverse("instruments")).content.decode()
    answered(client_record, measure="room", answers={"1": 3})
    page = browser.get(reverse("checkins", args=[client_record.pk])).content.decode()
    assert "its instrument is no longer here" in page


def test_only_therapists_bring_forms(
    supervisor: User, administrator: User, colleague: User, therapist: User
) -> None:
    for user in (supervisor, administrator):
        browser = signed_in(user)
        assert browser.get(reverse("instruments")).status_code == 403
        upload(browser, ROOM)
    assert not OwnInstrument.objects.exists()
    bring(therapist)
    assert "How the room felt" in signed_in(colleague).get(reverse("instruments")).content.decode()
    assert Browser().get(reverse("instruments")).status_code == 302
