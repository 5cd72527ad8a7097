"""`reattune practice` as people meet it at a terminal and in scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reattune import practice
from reattune.cli.practice import LIST_SCHEMA, SCHEMA, command
from reattune.practice import loader

GOOD = "You went quiet when I asked about the breaks. How was it for you that I asked like that?"
POOR = "You keep saying yes and then not doing it. You're just avoiding it, as with your mother."


def run(*arguments: str, typed: str = "", width: int = 100, **env: str) -> Result:
    """The command with these lines typed."""
    return CliRunner().invoke(
        command, list(arguments), input=typed, env={"COLUMNS": str(width)} | env
    )


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_list_names_every_scenario_and_drill():
    shown = run("--list")
    assert shown.exit_code == 0
    for id in (*practice.load_scenarios(), *practice.load_drills()):
        assert id in shown.stdout
    assert run().stdout == shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 100
    data = json.loads(run("--list", "--json").stdout)
    assert data["schema"] == LIST_SCHEMA
    assert [one["id"] for one in data["scenarios"]] == list(practice.load_scenarios())
    assert len(data["drills"]) == len(practice.load_drills())


def test_a_talk_shows_what_was_read_and_ends_with_the_summary():
    shown = run("thin_yes", "--seed", "1", typed=f"{GOOD}\nOkay.\n{POOR}\n")
    assert shown.exit_code == 0
    text = flat(shown.stdout)
    assert "A made-up client." in text
    assert "+ Notices and names" in text or "+ Invites exploration" in text
    assert "So few words carry no move" in text
    assert "- Premature interpretation" in text or "- Blaming" in text
    assert "Another wording:" in text
    assert "ended by you" in text
    assert "Eased most by reply 1" in text
    assert "practice alone did not" in text
    assert "(Louie et al. 2026)" in text
    for word in ("score", "grade", "rank", "well done"):
        assert word not in text.lower()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_lines_fit_the_terminal(width):
    shown = run("thin_yes", typed=f"{GOOD}\n/why\n", width=width)
    typed = {GOOD, f"You: {GOOD}"}
    wide = [line for line in shown.stdout.splitlines() if line not in typed]
    assert max(len(line.rstrip()) for line in wide) <= min(width, 100)


def test_why_names_rule_doubt_and_place():
    text = flat(run("thin_yes", "--seed", "1", typed=f"{POOR}\n/why\n/end\nnever read\n").stdout)
    assert "(characters " in text
    assert "% sure, read by " in text
    assert "coders did not agree with" in text or "were coded so" in text
    assert "Rule " in text
    assert "never read" not in text


def test_contesting_takes_the_reading_out():
    made = practice.reply(practice.start(practice.find("thin_yes"), 1), POOR)[1]
    id = next(one.code for one in made.readings if one.counted)
    shown = run("thin_yes", "--seed", "1", typed=f"{POOR}\n/contest {id} I only asked\n/why\n")
    text = flat(shown.stdout)
    assert f"{id} counts in no direction now." in text
    assert "contested by you; it counts in no direction" in text
    assert f"You contested {id} in reply 1: I only asked" in text
    assert "was not read as" in flat(run("thin_yes", typed=f"{GOOD}\n/contest blaming\n").stdout)


def test_help_is_a_question_mark_away_and_moves_nothing():
    for typed in ("?\n", "/what\n", "/why\n", "/contest\n"):
        text = run("thin_yes", typed=typed).stdout
        assert "/contest CODE" in text
        assert "reply 1" not in text


def test_json_holds_run_feedback_and_summary(tmp_path: Path):
    replies = tmp_path / "replies.txt"
    replies.write_text(f"{GOOD}\n\n{POOR}\n", "utf-8")
    shown = run("thin_yes", "--json", "--seed", "1", "--replies", str(replies))
    data = json.loads(shown.stdout)
    assert data["schema"] == SCHEMA
    assert [one["reply"] for one in data["feedback"]] == [GOOD, POOR]
    back = practice.run_from_dict(data["run"])
    assert back.outcome == "stopped"
    assert data["summary"]["states"][0]["trust"] == data["run"]["start"]["trust"]
    assert data["scenario"]["kind"] == "withdrawal"
    assert (
        shown.stdout == run("thin_yes", "--json", "--seed", "1", typed=f"{GOOD}\n{POOR}\n").stdout
    )


def test_replies_from_files_are_shown_with_the_talk(tmp_path: Path):
    paths = []
    for number, text in enumerate((GOOD, POOR)):
        paths.append(tmp_path / f"{number}.txt")
        paths[-1].write_text(text, "utf-8")
    shown = run("thin_yes", "--replies", str(paths[0]), "--replies", str(paths[1]))
    assert f"You: {GOOD}" in shown.stdout
    assert shown.stdout.index(GOOD) < shown.stdout.index(POOR)


def test_a_drill_is_over_when_it_lands_or_after_three_tries():
    drill = practice.load_drills()["shorter_answers"]
    good = drill.scenario.nodes["line"].replies["good"][0]
    landed = flat(run("--drill", drill.id, typed=f"{good}\nnot read\n").stdout)
    assert f"{drill.title}: landed" in landed
    tries = "Which day was that?\nAnd who was there?\nWas it raining then?\nnever heard\n"
    missed = flat(run("--drill", drill.id, typed=tries).stdout)
    assert f"{drill.title}: not this time" in missed
    assert "never heard" not in missed


def test_a_scenario_of_ones_own_is_played_from_its_file(tmp_path: Path):
    path = tmp_path / "own.toml"
    text = (Path(loader.__file__).parent / "scenarios" / "thin_yes.toml").read_text("utf-8")
    path.write_text(text.replace("A yes without a yes in it", "My own client"), "utf-8")
    shown = run(str(path), typed=f"{GOOD}\n/why\n/end\n")
    assert shown.exit_code == 0
    assert "My own client: ended by you" in flat(shown.stdout)
    assert "bad-scenario" in run(str(tmp_path / "none.toml")).stderr


@pytest.mark.parametrize(
    ("arguments", "code", "slug"),
    [
        (["no_such"], 3, "unknown-scenario"),
        (["--drill", "no_such"], 3, "unknown-scenario"),
        (["thin_yes", "--drill", "unsure"], 2, "not both"),
        (["thin_yes", "--replies", "missing.txt"], 2, "missing.txt"),
        (["thin_yes", "--endpoint", "http://192.0.2.1/v1", "--model", "m"], 3, "practice-endpoint"),
        (["thin_yes", "--endpoint", "http://127.0.0.1:9/v1"], 3, "practice-endpoint"),
    ],
)
def test_wrong_usage_is_told(arguments, code, slug):
    shown = run(*arguments)
    assert shown.exit_code == code
    assert slug in shown.stderr


def test_an_unreadable_file_is_told_without_its_words(tmp_path: Path):
    path = tmp_path / "replies.txt"
    path.write_bytes(b"secret \xff\xfe")
    shown = run("thin_yes", "--replies", str(path))
    assert shown.exit_code == 3
    assert "replies.txt" in shown.stderr
    assert "secret" not in shown.stderr


def test_the_endpoint_of_the_environment_is_used_and_its_failure_told():
    shown = run(
        "thin_yes",
        typed=f"{GOOD}\n",
        REATTUNE_PRACTICE_ENDPOINT="http://127.0.0.1:9/v1",
        REATTUNE_PRACTICE_MODEL="small",
    )
    assert shown.exit_code == 0
    assert "The authored line stands" in flat(shown.stdout)
