"""The optional endpoint: a real server on this machine words lines; what breaks role is refused."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from reattune import practice
from reattune.errors import InputError
from reattune.practice.voice import LARGEST, Voice, endpoint_voice, refusals

GOOD = "You went quiet when I asked about the breaks. How was it for you that I asked like that?"


class Handler(BaseHTTPRequestHandler):
    """Answers as an OpenAI-compatible server does, with what the test has told it."""

    says: ClassVar[Any] = ""
    status: ClassVar[int] = 200
    raw: ClassVar[bytes | None] = None
    wait: ClassVar[float] = 0.0
    seen: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        type(self).seen.append({"path": self.path, **json.loads(self.rfile.read(length))})
        body = json.dumps({"choices": [{"message": {"content": self.says}}]}).encode()
        raw = body if self.raw is None else self.raw
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", "http://192.0.2.1/v1/chat/completions")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        try:
            for start in range(0, len(raw), 16 if self.wait else len(raw) or 1):
                self.wfile.write(raw[start : start + (16 if self.wait else len(raw))])
                self.wfile.flush()
                time.sleep(self.wait)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """The base URL of a server whose answers are set on Handler."""
    Handler.says, Handler.status, Handler.raw, Handler.wait, Handler.seen = "", 200, None, 0.0, []
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}/v1"
    made.shutdown()
    made.server_close()
    thread.join()


def thin() -> practice.Scenario:
    return practice.load_scenarios()["thin_yes"]


def voice_at(url: str, **more: Any) -> Voice:
    return endpoint_voice(url, "small-model", **more)


def test_the_model_words_the_line_that_the_rules_chose(server):
    Handler.says = '"Okay, sure. You know best, so I\'ll just do it every day then."'
    plain = practice.start(thin(), seed=1)
    run = practice.start(thin(), seed=1, voice=voice_at(server))
    assert run.said == "Okay, sure. You know best, so I'll just do it every day then."
    assert run.by == "small-model"
    assert run.at == plain.at
    [sent] = Handler.seen
    assert sent["path"] == "/v1/chat/completions"
    assert sent["model"] == "small-model"
    assert plain.said in sent["messages"][-1]["content"]
    after, _ = practice.reply(run, GOOD, voice=voice_at(server))
    bare, _ = practice.reply(plain, GOOD)
    assert after.at == bare.at
    assert after.exchanges[0].by == "small-model"
    back = practice.run_from_dict(practice.run_to_dict(after))
    assert back.exchanges[0].said == run.said


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("As an AI language model, I cannot feel tired.", "leaves the client's part"),
        ("Therapist: How does that make you feel?", "leaves the client's part"),
        ("As your therapist I would suggest that you breathe.", "leaves the client's part"),
        ("Sure. By the way, this scenario is quite good.", "leaves the client's part"),
        ("Sometimes I think I want to kill myself, honestly.", "has risk content"),
        ("Ja, natürlich, ich mache das gerne jeden Tag für Sie.", "is not in English"),
        ("Sure. I'll ask Gregory about it, he's in Manchester.", "names somebody"),
        ("Okay, yes. " * 60, "is too long"),
        ("", "is empty"),
        ("You never listen to me! This is useless and you are no good at it.", "was read as"),
    ],
)
def test_a_wording_that_breaks_role_or_safety_gives_way_to_the_authored_one(server, says, why):
    Handler.says = says
    plain = practice.start(thin(), seed=1)
    run, made = practice.reply(plain, GOOD, voice=voice_at(server))
    bare, _ = practice.reply(plain, GOOD)
    assert run == bare
    assert made.next == bare.said
    assert made.next_by == "authored"
    assert why in made.next_note
    assert made.next_note.startswith("The authored line stands")


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (500, b"oops"),
        (302, b""),
        (200, b"no json"),
        (200, b"[]"),
        (200, b'{"choices": []}'),
        (200, b'{"choices": [{"message": {"content": 7}}]}'),
        (200, b'{"choices": [{"message": null}]}'),
        (200, b"x" * (LARGEST + 1)),
    ],
)
def test_a_server_that_fails_gives_way_to_the_authored_line(server, status, raw):
    Handler.status, Handler.raw = status, raw
    plain = practice.start(thin(), seed=1)
    run, made = practice.reply(plain, GOOD, voice=voice_at(server))
    assert run.by == "authored"
    assert "no answer that can be used" in made.next_note


def test_a_slow_server_is_not_waited_for(server):
    Handler.says, Handler.wait = "Okay, sure. " * 20, 0.1
    start = time.monotonic()
    run = practice.start(thin(), seed=1, voice=voice_at(server, timeout=0.5))
    assert time.monotonic() - start < 5
    assert run.by == "authored"


def test_nobody_listening_gives_way_to_the_authored_line():
    plain = practice.start(thin(), seed=1)
    _, made = practice.reply(plain, GOOD, voice=voice_at("http://127.0.0.1:9/v1", timeout=2))
    assert "not reached" in made.next_note


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://192.0.2.7:11434/v1", "another machine"),
        ("https://api.example.org/v1", "another machine"),
        ("http://127.0.0.1.example.org/v1", "another machine"),
        ("http://0.0.0.0:11434/v1", "another machine"),
        ("http://me:secret@127.0.0.1/v1", "a name or password"),
        ("ftp://127.0.0.1/v1", "no URL of a server"),
        ("127.0.0.1:11434", "no URL of a server"),
        ("http://127.0.0.1:99999/v1", "no URL"),
        ("http://127.0.0.1/v1?key=1", "no URL of a server"),
    ],
)
def test_what_is_not_this_machine_or_no_url_is_refused(url, told):
    with pytest.raises(InputError, match=told) as caught:
        voice_at(url)
    assert caught.value.slug == "practice-endpoint"
    assert "secret" not in str(caught.value)


def test_another_machine_needs_to_be_allowed_and_a_model_named():
    assert voice_at("https://llm.example.org/v1", allow_remote=True)
    for url in ("http://localhost:8080/v1", "http://[::1]:8080/v1", "http://127.8.0.1/v1"):
        assert voice_at(url)
    with pytest.raises(InputError, match="No model is named"):
        endpoint_voice("http://localhost:8080/v1", "")


def test_the_proxy_of_the_environment_is_not_used(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:3128")
    Handler.says = "Sure, sure. You know best, I'll just do it."
    assert practice.start(thin(), seed=1, voice=voice_at(server, timeout=5)).by == "small-model"


@pytest.mark.slow
@pytest.mark.parametrize("id", sorted(practice.load_scenarios()))
def test_the_authored_wordings_are_themselves_never_refused(id):
    scenario = practice.load_scenarios()[id]
    run = practice.start(scenario, seed=1)
    for place in (*scenario.nodes.values(), *scenario.endings.values()):
        for wording in place.say:
            at = replace(run, at=place.id, said=wording.text)
            assert list(refusals(wording.text, scenario, at)) == []
