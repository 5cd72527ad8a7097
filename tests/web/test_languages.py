"""German and Spanish: complete, no English left on the pages, dates in the reader's language."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest
from django.test import Client as Browser
from django.utils import formats, translation
from django.utils.translation import ngettext

from reattune.risk import load_screen
from reattune.types import Risk
from reattune.web.accounts.models import User
from reattune.web.clients.models import Appointment, Client
from reattune.web.reviews import models
from reattune.web.reviews.told import facts_told, risk_told
from tests.web.conftest import signed_in
from tests.web.sessions import TURNS, make_session
from tools import messages

pytestmark = pytest.mark.django_db

LANGUAGES = ("de", "es")
ENGLISH = re.compile(r"\b(?:the|and|you|your|this|with|what|there|which|than|are|were|not)\b", re.I)
"""Words that neither German nor Spanish has, so that a page that has one is not all translated."""

KEPT = re.compile(r"“?reattune [a-z]+|quotation marks")
"""What stays English in a translation: the program's commands."""

RISKY = (*TURNS[:12], ("C", "Some nights I think about killing myself."), ("T", "Are you safe?"))


class Words(HTMLParser):
    """The words that a page says in its own language: not those marked as another's, such as the
    words of a session and of the library's reports, nor code and scripts."""

    VOID = frozenset("input br link meta img hr use path rect line circle".split())
    SILENT = frozenset("script style code pre blockquote q".split())

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language
        self.open: list[bool] = []  # for each element around, whether it is read
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.said += [told.get(name) or "" for name in ("title", "aria-label") if self.reads]
        if tag in self.VOID:
            return
        other = told.get("lang", self.language) != self.language
        back = told.get("lang") == self.language
        silent = tag in self.SILENT or "dir" in told or tag == "bdi" or other
        self.open.append((self.reads or back) and not silent)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Elements of SVG that end at once."""

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID and self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.reads:
            self.said.append(data)

    @property
    def reads(self) -> bool:
        return not self.open or self.open[-1]


def words(page: str, language: str) -> str:
    """What a page says in its language."""
    reader = Words(language)
    reader.feed(page)
    return " ".join(" ".join(reader.said).split())


@pytest.fixture
def record(client_record: Client) -> models.Session:
    """A session with flags, an episode and risk content, and an appointment of its day."""
    Appointment.objects.create(
        client=client_record, starts=datetime(2026, 3, 5, 13, 30, tzinfo=UTC), status="attended"
    )
    return make_session(client_record, turns=RISKY)


@pytest.fixture
def everyone(therapist: User) -> User:
    """Somebody with all three roles, in Berlin."""
    therapist.is_supervisor = therapist.is_administrator = True
    therapist.time_zone = "Europe/Berlin"
    therapist.save()
    return therapist


def speaking(user: User, language: str) -> Browser:
    """A browser of somebody who chose this language."""
    user.language = language
    user.save()
    return signed_in(user)


PAGES = (
    *("/clients/", "/clients/figures/", "/clients/new/", "/clients/archived/"),
    *("/clients/{c}/", "/clients/{c}/details/", "/clients/{c}/consents/"),
    *("/clients/{c}/appointments/", "/clients/{c}/appointments/import/", "/clients/{c}/export/"),
    *("/clients/{c}/delete/", "/clients/{c}/upload/", "/clients/{c}/checkins/"),
    *("/clients/{c}/checkins/link/", "/clients/{c}/checkins/tablet/"),
    *("/clients/{c}/checkins/paper/", "/instruments/", "/reading/", "/search/"),
    *("/sessions/{s}/", "/sessions/{s}/?near=1&turn=6", "/sessions/{s}/details/"),
    *("/sessions/{s}/speakers/", "/sessions/{s}/delete/", "/sessions/{s}/share/"),
    *("/shared/", "/shared/given/", "/practice/", "/practice/invite/"),
    *("/account/", "/account/password/", "/account/tokens/", "/account/trail/"),
    *("/clients/{c}/plan/", "/clients/{c}/next-session/", "/clients/{c}/ending/"),
    *("/clients/{c}/ending/letter/", "/missteps/", "/journal/"),
    *("/clients/{c}/consents/text/", "/clients/{c}/checkins/mirror/", "/api/"),
    *("/second-factor/new/", "/nowhere/"),
)


# The catalogs


def test_every_text_has_its_translation():
    """Mend with `make messages`, see docs/translating.md."""
    assert messages.check() == []


def test_a_text_that_is_missing_fuzzy_or_filled_in_otherwise_is_told(tmp_path, monkeypatch):
    shutil.copytree(messages.LOCALE, tmp_path / "locale")
    monkeypatch.setattr(messages, "LOCALE", tmp_path / "locale")
    some = [("Search", ""), ("Sign out", ""), ("ended %(day)s", "")]
    monkeypatch.setattr(messages, "texts", lambda: some)
    assert messages.write() == messages.check() == []
    path = messages.path_of("de")
    catalog = polib.pofile(str(path), wrapwidth=100)
    catalog.find("Search").msgstr = ""
    catalog.find("Sign out").flags.append("fuzzy")
    catalog.find("ended %(day)s").msgstr = "beendet"
    path.write_text(f"{catalog}\n", "utf-8")
    assert messages.check() == [
        "de: not translated: Search",
        "de: fuzzy: Sign out",
        "de: other placeholders: ended %(day)s",
        "de: django.mo is not that of django.po",
    ]


def test_what_a_page_no_longer_says_leaves_the_catalogs(tmp_path, monkeypatch):
    shutil.copytree(messages.LOCALE, tmp_path / "locale")
    monkeypatch.setattr(messages, "LOCALE", tmp_path / "locale")
    monkeypatch.setattr(messages, "texts", lambda: [("Search", ""), ("Only now", "")])
    assert messages.write() == ["de: not translated: Only now", "es: not translated: Only now"]
    kept = polib.pofile(str(messages.path_of("es")))
    assert [(entry.msgid, entry.msgstr) for entry in kept] == [
        ("Search", "Buscar"),
        ("Only now", ""),
    ]


def test_texts_are_found_in_python_and_both_kinds_of_template(tmp_path: Path):
    python = tmp_path / "a.py"
    python.write_text(
        "from django.utils.translation import gettext_lazy as _, ngettext\n"
        "NAME = 'by name'\n"
        "f\"{_('inside')}\"; _('a' 'b'); ngettext('one', 'some', 2)\n"
        "_(NAME); _(unknown); other('x')\n"
    )
    assert set(messages.of_python(python)) == {
        ("inside", ""),
        ("ab", ""),
        ("one", "some"),
        ("by name", ""),
    }
    template = tmp_path / "a.html"
    template.write_text(
        '{% translate "It is (so)" %}{% blocktranslate count n=x %}{{ n }} a{% plural %}{{ n }} b'
        '{% endblocktranslate %}{{ _("jinja") }}{% translate name %}'
    )
    assert list(messages.of_template(template)) == [
        ("It is (so)", ""),
        ("%(n)s a", "%(n)s b"),
        ("jinja", ""),
    ]


def test_what_is_translated_too_early_is_told(tmp_path: Path):
    module = tmp_path / "a.py"
    module.write_text(
        "from django.utils.translation import gettext as _, gettext_lazy\n"
        "class Form:\n"
        "    lazy = gettext_lazy('a')\n"
        "    eager = field(_('b'))\n"
        "    def told(self):\n"
        "        return _('c')\n"
    )
    assert list(messages.too_early(module)) == [4]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("de", ["0 Anzeichen", "1 Anzeichen", "2 Anzeichen"]),
        ("es", ["0 indicios", "1 indicio", "2 indicios"]),
    ],
)
def test_counts_have_their_form(language: str, told: list[str]):
    with translation.override(language):
        assert [ngettext("%(n)s sign", "%(n)s signs", n) % {"n": n} for n in range(3)] == told


@pytest.mark.parametrize(
    ("language", "month"), [("de", "5. Mai 2026"), ("es", "5 de mayo de 2026")]
)
def test_months_keep_their_names(language: str, month: str):
    """Our texts come before Django's own, which has the months."""
    with translation.override(language):
        assert formats.date_format(date(2026, 5, 5), "DATE_FORMAT") == month


# The pages


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_is_left(language: str, everyone: User, record: models.Session):
    browser = speaking(everyone, language)
    left = {}
    for address in PAGES:
        answer = browser.get(address.format(c=record.client_id, s=record.pk))
        page = answer.content.decode()
        assert f'<html lang="{language}"' in page, address
        assert answer.headers["Content-Language"] == language
        said = KEPT.sub("", words(page, language))
        found = [said[max(0, m.start() - 40) : m.end() + 40] for m in ENGLISH.finditer(said)]
        left |= {address: found} if found else {}
    assert left == {}


def test_the_search_for_english_finds_it(everyone: User, record: models.Session):
    page = speaking(everyone, "en").get(f"/sessions/{record.pk}/").content.decode()
    assert len(ENGLISH.findall(words(page, "en"))) > 100


@pytest.mark.parametrize(
    ("language", "ways", "day", "time"),
    [
        ("en", ["Clients", "Search", "People"], "March 5, 2026", "2:30 p.m."),
        ("de", ["Klient:innen", "Suche", "Personen"], "5. März 2026", "14:30"),
        ("es", ["Clientes", "Buscar", "Personas"], "5 de marzo de 2026", "14:30"),
    ],
)
def test_the_ways_the_days_and_the_hours(
    language: str, ways: list[str], day: str, time: str, everyone: User, record: models.Session
):
    page = speaking(everyone, language).get(f"/clients/{record.client_id}/appointments/")
    said = words(page.content.decode(), language)
    for text in (*ways, day, time):
        assert text in said


@pytest.mark.parametrize(
    ("accept", "language", "said"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "Anmelden"),
        ("es-MX,es;q=0.9", "es", "Iniciar sesión"),
        ("fr", "en", "Sign in"),
        ("", "en", "Sign in"),
    ],
)
def test_the_way_in_is_in_the_language_of_the_browser(
    accept: str, language: str, said: str, therapist: User
):
    del therapist  # without an account the first start is shown
    page = Browser().get("/login/", headers={"accept-language": accept}).content.decode()
    assert f'<html lang="{language}"' in page
    assert said in page


def test_what_was_found_is_said_in_german(everyone: User, record: models.Session):
    browser = speaking(everyone, "de")
    page = words(browser.get(f"/sessions/{record.pk}/").content.decode(), "de")
    assert "Konfrontation, leicht" in page
    assert "Klage über die Therapie" in page
    assert "Risikoinhalt in Beitrag 13: Folgen Sie Ihrem Krisenleitfaden." in page
    assert "Die Klient:in spricht von" in page


def test_what_was_counted_in_a_turn_is_said_anew():
    told = "2 words after an open question; this client's turns usually have about 12."
    slow = "It came after 9 seconds; usually about 2."
    with translation.override("de"):
        assert facts_told(f" {told} {slow}") == (
            " 2 Worte nach einer offenen Frage; üblich sind bei dieser Klient:in etwa 12. "
            "Es kam nach 9 Sekunden; üblich sind etwa 2."
        )
    with translation.override("es"):
        said = facts_told("No words; this client's turns usually have about 12.")
    assert said == "Ninguna palabra; los turnos de este cliente suelen tener unas 12."
    assert facts_told("Something else.") == "Something else."
    for english in (told, slow):
        assert facts_told(english) == english


def test_the_sentences_of_risk_are_known():
    """Each that the screen can say is taken apart and said anew."""
    for about in {pattern.about for pattern in load_screen().patterns}:
        with translation.override("es"):
            first = "Risk content present in turn 3: follow your protocol."
            why = f"{first} The client speaks of {about}."
            said = risk_told(Risk(2, "suicide", "", "screen", why))
        assert said.startswith("Contenido de riesgo en el turno 3: siga su protocolo. El cliente ")
        assert about not in said.split()
