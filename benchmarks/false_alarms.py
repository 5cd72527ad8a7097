"""`python -m benchmarks.false_alarms`: how often each rule of change is wrong, and what it finds.

Prints a Markdown table (docs/charts.md holds it) and writes `src/reattune/false_alarms.toml`, from
which the rules read the figure that is shown beside them. Made courses with known truth
(`reattune.synth`), from a seed; the rules run as they do for one client.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median

from reattune import change, synth
from reattune.charts import BASELINE, Finding
from reattune.drops import MOST_STEPS, drop_and_return
from reattune.synth import Truth

OUT = Path(__file__).parents[1] / "src" / "reattune" / "false_alarms.toml"
CLIENTS = 4000
SEED = 20
BASELINES = tuple(range(3, 13))
SHOWN = (3, 8, 10, 12)  # in the table, beside that of 6
WATCHED = 12  # sessions after the baseline
GRACE = 2  # sessions after a V in which a lagging rule may still find it
SAMPLE_SD, RELIABILITY = 9.6, 0.90  # error of measurement 3, the SD within the made courses
NO_BASELINE = ("change-point", "reliable-change", "sudden-change")
BETWEEN = "drop, SD between clients"
GOOD_ITEM = "item-prompt, good"  # an item on which high is good, with a cut of its own
ITEMS = {"item-prompt": "item", GOOD_ITEM: "good_item"}  # the pattern that each is tried on
CHANCE = {"v_chance": "v", "lasting_chance": "lasting"}  # the same windows in stable courses
FALLS = ("major alone", "micro alone")
APART = {
    "item-prompt": ("3 or over of 1 to 7",),
    GOOD_ITEM: ("4 or under of 1 to 7",),
    **dict.fromkeys(("drop", "dip"), (*FALLS, "major returns", "micro returns")),
    **dict.fromkeys(("change-point", "reliable-change", "sudden-change"), ("recoveries",)),
}
"""By rule, the findings that have a row of their own (`charts.Finding.apart`)."""

Result = dict[str, dict[str, dict[str, "float | Found"]]]
Runs = list[list[Finding]]  # what a rule found in each course


@dataclass(frozen=True)
class Found:
    """Share of true changes that a rule found, and the median delay in sessions."""

    share: float
    delay: float | None


def tried() -> dict[str, change.Rule]:
    """All rules by the name of their row, those that need numbers with the numbers of `synth`."""
    cutoff = change.reliable_difference(SAMPLE_SD, RELIABILITY)
    ready = {
        "item-prompt": change.item_prompt(change.Cut(3, over=True)),
        "reliable-change": change.reliable_change(
            sd=SAMPLE_SD, reliability=RELIABILITY, source="made courses"
        ),
        "sudden-change": change.sudden_change(cutoff=cutoff, source="made courses"),
    }
    rules = {name: ready.get(name, rule) for name, rule in change.RULES.items()}
    items = {
        "item-prompt": rules.pop("item-prompt"),
        GOOD_ITEM: change.item_prompt(change.Cut(4)),
    }
    return {**items, **rules, BETWEEN: change.drop(sample_sd=SAMPLE_SD)}


def run(rule: change.Rule, made: Truth, baseline: int = BASELINE) -> Runs:
    """What the rule finds in each course."""
    return [list(rule.work(made.series(row), baseline)) for row in range(len(made.values))]


def counted(found: Finding, apart: str) -> bool:
    """Whether a finding is of this kind; "" are all but recoveries."""
    return found.apart == apart if apart else found.kind != "recovery"


def false_rate(runs: Runs, made: Truth, baseline: int, apart: str = "") -> float:
    """False signals in 12 sessions with a score after the baseline."""
    wrong = watched = 0
    for row, found in enumerate(runs):
        scored = [i for i, value in enumerate(made.values[row], 1) if not math.isnan(value)]
        later = set(scored[baseline:])
        watched += len(later)
        wrong += sum(f.point.session in later for f in found if counted(f, apart))
    return WATCHED * wrong / watched


def detection(runs: Runs, made: Truth, apart: str = "") -> Found:
    """How many true changes the rule found, from their onset until GRACE after their end."""
    delays = []
    for row, found in enumerate(runs):
        onset, until = int(made.onset[row]), int(made.until[row])
        last = until + GRACE if until else made.values.shape[1]
        told = [f.point.session for f in found if counted(f, apart)]
        delays += [session - onset for session in told if onset <= session <= last][:1]
    return Found(len(delays) / len(made.values), median(delays) if delays else None)


def patterns_for(name: str) -> tuple[list[str], list[str]]:
    """The stable and the changed patterns a rule is tried on: items have their own."""
    if name in ITEMS:
        return [ITEMS[name]], []
    return quiet_patterns(), [*synth.CHANGED, *CHANCE]


def quiet_patterns() -> list[str]:
    """The stable patterns but for those of items."""
    return [pattern for pattern in synth.STABLE if pattern not in ITEMS.values()]


def courses(clients: int, seed: int) -> dict[str, Truth]:
    """Made courses by pattern, and stable ones with the windows of true changes."""
    made = {p: synth.make(p, clients, BASELINE + WATCHED, seed=seed) for p in synth.PATTERNS}
    for name, pattern in CHANCE.items():
        when = made[pattern]
        made[name] = replace(made["stable"], onset=when.onset, until=when.until)
    return made


def measure(clients: int, seed: int = SEED) -> Result:
    """By rule: "stable" (by baseline), "other" (by pattern) and "found" (by pattern)."""
    made = courses(clients, seed)
    longer = {b: synth.make("stable", clients, b + WATCHED, seed=seed) for b in BASELINES}
    result: Result = {}
    for name, rule in tried().items():
        result |= rows_of(name, rule, made, {} if name in (*ITEMS, *NO_BASELINE) else longer)
    return result


def rows_of(
    name: str, rule: change.Rule, made: dict[str, Truth], longer: dict[int, Truth]
) -> Result:
    """The row of a rule and those of its findings that are counted apart."""
    quiet, changed = patterns_for(name)
    runs = {p: run(rule, made[p]) for p in (*quiet, *changed)}
    by_baseline = {b: run(rule, truth, b) for b, truth in longer.items()}
    rows: Result = {}
    for apart in ("", *APART.get(name, ())):
        rates = {p: false_rate(runs[p], made[p], BASELINE, apart) for p in quiet}
        stable = {
            str(b): false_rate(found, longer[b], b, apart) for b, found in by_baseline.items()
        }
        sought = changed if apart in ("", *FALLS) else ()
        found = {p: detection(runs[p], made[p], apart) for p in sought}
        if apart or name != GOOD_ITEM:
            own = f"{name.partition(',')[0]}, {apart}" if apart else name
            rows[own] = {
                "stable": {**(stable or {"any": rates[quiet[0]]})},
                "other": {**rates},
                "found": {**found},
            }
    return rows


def write(result: Result, clients: int) -> str:
    """The measured figures as TOML."""
    lines = [
        "# Made by `python -m benchmarks.false_alarms`; change nothing here.",
        f"# {clients} made clients a pattern, seed {SEED}. stable and other: false signals in 12",
        "# sessions with a score after the baseline, by its length and (at 6) by pattern.",
        "# found: the share of true changes found and the median delay in sessions, baseline 6.",
    ]
    for part in ("stable", "other", "found"):
        lines.append(f"\n[{part}]")
        for name, row in result.items():
            known = ", ".join(f'"{key}" = {plain(value)}' for key, value in row[part].items())
            lines.append(f'"{name}" = {{ {known} }}')
    return "\n".join(lines) + "\n"


def plain(value: float | Found) -> str:
    """A figure in TOML."""
    if not isinstance(value, Found):
        return f"{value:.2f}"
    delay = "" if value.delay is None else f", delay = {value.delay:g}"
    return f"{{ share = {value.share:.2f}{delay} }}"


def cell(value: float | Found | None) -> str:
    """A cell of the table: a rate, or share found and median delay."""
    if value is None:
        return ""
    if isinstance(value, Found):
        late = "" if value.delay is None else f", {value.delay:g}"
        return f"{100 * value.share:.0f}%{late}"
    return f"{value:.2f}"


def table(result: Result) -> str:
    """The two Markdown tables: false signals, and what is found."""
    quiet = quiet_patterns()
    longer = [str(b) for b in SHOWN]
    lines = rows_head([*quiet, f"stable, baseline {longer[0]}", *longer[1:]])
    for name, row in result.items():
        other = {**row["other"], "stable": row["stable"].get("6", row["stable"].get("any"))}
        cells = [other.get(p) for p in quiet] + [row["stable"].get(b) for b in longer]
        lines.append(f"| `{name}` | " + " | ".join(map(cell, cells)) + " |")
    lines += ["", *rows_head([*synth.CHANGED, *CHANCE])]
    for name, row in result.items():
        if row["found"]:
            lines.append(f"| `{name}` | " + " | ".join(map(cell, row["found"].values())) + " |")
    return "\n".join(lines)


def rows_head(columns: list[str]) -> list[str]:
    """The head of a table with these columns after the rule."""
    return ["| rule | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]


def peaks(clients: int, seed: int = SEED) -> str:
    """Both definitions of the peak, by k: false signals, and what is found."""
    made = courses(clients, seed)
    lines = rows_head(["k", "false per 12", *synth.CHANGED])
    for name, most_steps in (("session before", 1), ("start of the decline", MOST_STEPS)):
        for k in (2.0, 2.5, 3.0):
            work = partial(drop_and_return, k=k, most_steps=most_steps)
            rule = replace(change.RULES["drop"], work=work)
            cells = [detection(run(rule, made[p]), made[p]) for p in synth.CHANGED]
            rate = cell(false_rate(run(rule, made["stable"]), made["stable"], BASELINE))
            lines.append(f"| {name} | {k:g} | {rate} | " + " | ".join(map(cell, cells)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=CLIENTS, help="made clients a pattern")
    parser.add_argument("--print-only", action="store_true", help="leave the file as it is")
    parser.add_argument("--peaks", action="store_true", help="compare two definitions of a peak")
    options = parser.parse_args()
    if options.peaks:
        print(peaks(options.clients))
        return
    result = measure(options.clients)
    print(table(result))
    if not options.print_only:
        OUT.write_text(write(result, options.clients), "utf-8")


if __name__ == "__main__":
    main()
