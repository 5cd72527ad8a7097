"""Optional: the client's lines in the words of a language model of the user's own.

Nothing is sent unless an endpoint is named, and to this machine only unless the user allows
another. The state rules and the graph stay as they are: the model words the line that the scenario
has drawn. A wording that breaks role or safety is refused, and the authored line stands.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.error import URLError
from urllib.parse import urlsplit

from reattune.codebook import code
from reattune.errors import InputError
from reattune.features import words
from reattune.language import looks_english
from reattune.practice.loader import lines_of
from reattune.practice.parts import Scenario
from reattune.practice.runs import AUTHORED, Run, course_of, dialogue
from reattune.redact import find
from reattune.risk import screen
from reattune.types import Session

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

TIMEOUT = 20.0  # seconds for the whole answer; then the authored line stands
LARGEST = 65_536  # bytes of an answer that are read
RECENT = 8  # lines of the talk that the model is shown
LONGEST = 60  # words of a line, or twice the authored one if that is more
ENGLISH = 0.15  # share of words common in English; see language.py

ROLE = re.compile(
    r"\b(?:as an? (?:ai|assistant|language model|model)|language model|chatbot|openai|chatgpt|llama"
    r"|(?:i am|i'm|im) (?:an? )?(?:ai|assistant|bot|program|simulation|therapist|counsel+or)"
    r"|as your (?:therapist|counsel+or)|my (?:clients?|patients?)\b|role-?play|system prompt"
    r"|(?:the|this) (?:scenario|prompt|instructions?)|how does that make you feel"
    r"|i (?:cannot|can't|can not) (?:assist|comply|help with that|continue this))",
    re.IGNORECASE,
)
"""Words by which a wording leaves the client's part."""

LABEL = re.compile(r"^\s*\**[A-Z][\w ]{0,20}\**\s*:", re.MULTILINE)
QUOTED = re.compile(r'^["“](.*)["”]$', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A client's line: its words, whose they are, and what is to be said about that, or ""."""

    text: str
    by: str
    note: str = ""


Voice = Callable[[Scenario, Run], Spoken]
"""Words the line that a run has come to."""


def endpoint_voice(
    url: str, model: str, *, allow_remote: bool = False, timeout: float = TIMEOUT
) -> Voice:
    """A voice at an OpenAI-compatible base URL, such as http://127.0.0.1:11434/v1.

    InputError "practice-endpoint" for a URL that cannot be used, one on another machine unless
    `allow_remote`, or no model's name. `timeout` is in seconds.
    """
    base = checked(url, allow_remote)
    if not model:
        raise unusable("No model is named.", "Name it with --model.")
    opener = direct_opener()

    def voice(scenario: Scenario, run: Run) -> Spoken:
        try:
            text = tidy(ask(opener, base, request_for(scenario, run, model), timeout))
        except (OSError, ValueError, LookupError, TypeError) as error:
            return authored(run, f"the endpoint gave no answer that can be used ({named(error)})")
        wrong = next(refusals(text, scenario, run), "")
        return authored(run, f"its wording {wrong}") if wrong else Spoken(text, model)

    return voice


def authored(run: Run, why: str) -> Spoken:
    """The authored line, saying why it stands."""
    return Spoken(run.said, AUTHORED, f"The authored line stands: {why}.")


def named(error: Exception) -> str:
    """The kind of an error, without words of the talk."""
    slow = isinstance(error, TimeoutError) or "timed out" in str(error)
    if slow:
        return "too slow"
    return "not reached" if isinstance(error, URLError) else type(error).__name__


# Where to


def unusable(what: str, remedy: str) -> InputError:
    """The error for an endpoint that cannot be used."""
    return InputError("practice-endpoint", what, where="--endpoint", remedy=remedy)


def checked(url: str, allow_remote: bool) -> str:
    """The base URL without a slash at its end, if it may be used."""
    remedy = "Write it like http://127.0.0.1:11434/v1."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise unusable("The endpoint is no URL.", remedy) from error
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise unusable("The endpoint is no URL of a server.", remedy)
    if parts.username or parts.password:
        raise unusable("The endpoint's URL holds a name or password.", "Leave it out.")
    if not (is_loopback(host) or allow_remote):
        raise unusable(
            "The endpoint is on another machine, which would be sent the practice talk.",
            "Use one on this machine, or add --allow-remote.",
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def direct_opener() -> OpenerDirector:
    """An opener that uses no proxy and follows no redirection to another place."""
    from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> NoReturn:
            raise URLError("redirection")

    return build_opener(ProxyHandler({}), Stay())


def ask(opener: OpenerDirector, base: str, body: dict[str, Any], timeout: float) -> str:
    """The words of the model's answer, within the time and size allowed.

    OSError, ValueError, LookupError or TypeError where there is none.
    """
    from urllib.request import Request

    until = time.monotonic() + timeout
    request = Request(
        f"{base}/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    raw = b""
    with opener.open(request, timeout=timeout) as response:
        while piece := response.read1(LARGEST):
            raw += piece
            if len(raw) > LARGEST:
                raise ValueError("too long")
            if time.monotonic() > until:
                raise TimeoutError
    text = json.loads(raw)["choices"][0]["message"]["content"]
    if not isinstance(text, str):
        raise TypeError("no words")
    return text


# What is sent


def request_for(scenario: Scenario, run: Run, model: str) -> dict[str, Any]:
    """The request: who the client is, the last lines of the talk, the line to be worded."""
    said = dialogue(scenario, run)
    talk = [
        {"role": "assistant" if who == "C" else "user", "content": text}
        for who, text in said[:-1][-RECENT:]
    ]
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": part_of(scenario, run)},
            *talk,
            {"role": "user", "content": direction(scenario, run)},
        ],
        "temperature": 0.8,
        "max_tokens": 160,
        "seed": run.seed,
        "stream": False,
    }


def part_of(scenario: Scenario, run: Run) -> str:
    """Who is to be played, and the rules of it."""
    person, state = scenario.person, course_of(run).now
    return (
        f"You play {person.name}, an invented person who talks with a therapist. {person.history} "
        f"Way of speaking: {person.speech} Right now, from 0 to 1: trust {state.trust:.1f}, "
        f"agitation {state.arousal:.1f}, involvement {state.engagement:.1f}. "
        "Speak English, only what this person says aloud, a few plain sentences at most. Never "
        "speak as the therapist, as an assistant or about being played. No new names or facts, and "
        "nothing about suicide, self-harm, violence or abuse."
    )


def direction(scenario: Scenario, run: Run) -> str:
    """What is to be said next: the drawn line, in other words, doing the same."""
    node = scenario.nodes.get(run.at)
    shows = [code(id).definition for id in node.codes] if node else []
    does = f" It does this: {' '.join(shows)}" if shows else " It is open and engaged."
    return (
        f"(Direction, not speech.) {scenario.person.name} now says in their own words, in about as "
        f'many words, what this line says: "{run.said}"{does}'
    )


# What is accepted


def tidy(text: str) -> str:
    """The words without blanks around them and without quotation marks about the whole."""
    text = " ".join(text.split())
    found = QUOTED.match(text)
    return found[1].strip() if found else text


def refusals(text: str, scenario: Scenario, run: Run) -> Iterator[str]:
    """Why a wording cannot stand, one reason after the other; nothing if it can."""
    said = words(text)
    if not said and run.said.strip("[] ") and not text.startswith("["):
        yield "is empty"
    if len(said) > max(LONGEST, 2 * len(words(run.said))):
        yield "is too long"
    if LABEL.search(text) or ROLE.search(text):
        yield "leaves the client's part"
    if len(said) >= 4 and (looks_english(text) or 0) < ENGLISH:
        yield "is not in English"
    if screen(Session.from_turns([("C", text)])):
        yield "has risk content, which is not played here"
    if new_names(text, scenario):
        yield "names somebody or something that is not in the scenario"
    if strange := strange_codes(text, scenario, run):
        yield f"was read as {', '.join(code(id).name.lower() for id in strange)}, unlike the line"


def new_names(text: str, scenario: Scenario) -> bool:
    """Whether a wording holds a name, place or number that the scenario's own words do not."""
    person = scenario.person
    own = " ".join(
        [person.name, *person.others, person.history, *(t for _, t in lines_of(scenario))]
    )
    known = set(words(own))
    return any(set(words(text[s.start : s.end])) - known for s in find(text))


def strange_codes(text: str, scenario: Scenario, run: Run) -> list[str]:
    """The client codes that the model decides on in a wording, and neither node nor line has."""
    node = scenario.nodes.get(run.at)
    allowed = {*(node.codes if node else ())} | client_codes(run.said, scenario, run)
    return sorted(client_codes(text, scenario, run) - allowed)


def client_codes(text: str, scenario: Scenario, run: Run) -> set[str]:
    """The client codes that the marker model decides on where this is the client's line."""
    from reattune.pipeline import analyze

    talk = [*dialogue(scenario, run)[:-1][-RECENT:], ("C", text)]
    found = analyze(Session.from_turns(talk), any_language=True, as_shipped=True).markers
    return {m.code for m in found if m.decided and m.turn == len(talk) - 1}
