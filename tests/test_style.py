"""A client whose way is to say little is not flagged for it: demo course C."""

from __future__ import annotations

import json

from reattune import analyze
from reattune.features import words
from reattune.types import Session
from tests.conftest import ROOT

SHORT = 3  # words
ROWS = [
    row
    for line in (ROOT / "examples" / "courses" / "course_c.jsonl").read_text("utf-8").splitlines()
    if (row := json.loads(line))["turns"]
]


def test_a_terse_client_is_not_flagged_all_session():
    """At most one in four client turns a session; of short ones without a label, one in seven."""
    short = seen = 0
    for row in ROWS:
        analysis = analyze(Session.from_turns((t["who"], t["text"]) for t in row["turns"]))
        flagged = {m.turn for m in analysis.markers if m.decided}
        client = {i for i, turn in enumerate(row["turns"]) if turn["who"] == "C"}
        assert len(flagged) <= len(client) / 4, row["date"]
        calm = {i for i in client if not row["turns"][i].get("codes")}
        own = {i for i in calm if len(words(row["turns"][i]["text"])) <= SHORT}
        short, seen = short + len(own), seen + len(flagged & own)
    assert short > 50
    assert seen <= short / 7
