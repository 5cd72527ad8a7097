"""`python -m benchmarks.practice_pages`: how long a reply takes through the page, with feedback.

Starts `reattune serve` on a data folder of its own, signs in and replies in talks with the
simulated client with one example reply after the other: as the page does with script (only what is
new comes back), and as it does without (the redirection and the whole page). Prints the first
replies, which may wait for the model, and the median and 95th percentile of the others. Absolute
times depend on the machine.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode

from benchmarks.web import Visitor, account, free_port, serving
from reattune.markers import split_sentences
from reattune.practice import load_scenarios

ROUNDS = 40  # replies of each way
FIRST = 4  # replies that may wait for the model in one of the server's processes
SCENARIO = "/rehearse/scenarios/thin_yes/"
TALK = re.compile(r"/rehearse/talks/[0-9a-f-]+/")


def main() -> None:
    """Serve, reply, print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    folder = Path(tempfile.mkdtemp(prefix="reattune-bench-"))
    os.environ |= {
        "REATTUNE_DATA": str(folder),
        "REATTUNE_KEY": secrets.token_hex(32),
        "DJANGO_SETTINGS_MODULE": "reattune.web.settings",
    }
    try:
        from reattune.web import server

        server.prepare()
        account()
        with serving(free_port()) as port:
            visitor = Visitor(port)
            visitor.sign_in()
            texts = said()
            report("with script", list(replies(visitor, texts, script=True)))
            report("without", list(replies(visitor, texts, script=False)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def said() -> Iterator[str]:
    """The example replies of two sentences or more, in an order that keeps no scenario together."""
    nodes = [node for one in load_scenarios().values() for node in one.nodes.values()]
    found = [text for node in nodes for kind in node.replies.values() for text in kind]
    longer = [text for text in found if len(split_sentences(text)) > 1]
    random.Random(7).shuffle(longer)
    return iter(longer)


def replies(visitor: Visitor, texts: Iterator[str], *, script: bool) -> Iterator[float]:
    """Seconds of each reply that is read; a talk that has ended is followed by another."""
    path, number, found = "", 0, 0
    while found < ROUNDS + FIRST:
        path, number = (path, number) if path else (begun(visitor), 0)
        text = next(texts)
        started = time.perf_counter()
        page = given(visitor, path, number, text, script=script)
        spent = time.perf_counter() - started
        number += 1
        if f'id="f{number}"' in page and "Not scored" not in page:
            found += 1
            yield spent
        if 'id="id_text"' not in page:
            path = ""


def begun(visitor: Visitor) -> str:
    """The address of a new talk."""
    status, headers, _ = posted(visitor, SCENARIO, {})
    found = TALK.search(headers)
    if status != 302 or found is None:
        raise RuntimeError(f"beginning answered {status}")
    return found[0]


def given(visitor: Visitor, path: str, number: int, text: str, *, script: bool) -> str:
    """The page, or what is new of it, after a reply."""
    form = {"number": str(number), "text": text}
    status, _, page = posted(visitor, f"{path}reply/", form, script=script)
    if not script and status == 302:
        status, body = visitor.ask("GET", path)
        page = body.decode()
    if status != 200 or f'id="l{number + 1}"' not in page:
        raise RuntimeError(f"a reply answered {status}")
    return page


def posted(
    visitor: Visitor, path: str, form: dict[str, str], *, script: bool = False
) -> tuple[int, str, str]:
    """Status, where to, and body of a form that was sent."""
    headers = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items()),
        "Content-Type": "application/x-www-form-urlencoded",
        "X-CSRFToken": visitor.cookies["csrftoken"],
    }
    headers |= {"HX-Request": "true"} if script else {}
    visitor.connection.request("POST", path, urlencode(form), headers)
    answer = visitor.connection.getresponse()
    return answer.status, answer.headers.get("Location", ""), answer.read().decode()


def report(how: str, seconds: list[float]) -> None:
    """The figures."""
    first, times = seconds[:FIRST], [1000 * one for one in seconds[FIRST:]]
    print(
        f"{how:12} {len(times)} replies: median {median(times):.0f} ms, "
        f"95th percentile {quantiles(times, n=20)[-1]:.0f} ms, most {max(times):.0f} ms; "
        f"the first {', '.join(f'{1000 * one:.0f}' for one in first)} ms"
    )


if __name__ == "__main__":
    main()
