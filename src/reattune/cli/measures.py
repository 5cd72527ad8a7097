"""`reattune measures`: the instruments there are, one in full, and a check of the user's own."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reattune.cli.evaluate import plain_table
from reattune.cli.output import console, errors_told, tell

if TYPE_CHECKING:
    from rich.console import Console

    from reattune.measures.instrument import Cutoff, Instrument, Item, Key, Norms

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")


@click.group(name="measures")
def command() -> None:
    """The questionnaires that Reattune scores: list them, show one, check a file of your own.

    PHQ-9, GAD-7 and our own Session Check-in come with their wording. Of the others only item
    numbers, ranges and keys are here; a TOML file of your own adds the wording you are licensed
    to use. Nothing is scored with a key that is not verified until your file confirms it.
    """


@command.command(name="list")
@as_json_option
def list_(as_json: bool) -> None:
    """List the measures: who answers, how many items, key and wording."""
    with errors_told():
        found, errors = everything()
        if as_json:
            rows = [row | {"id": id} for id, row in ((i, summary(m)) for i, m in found.items())]
            click.echo(json.dumps(rows, ensure_ascii=False))
        else:
            show_list(found, console())
        for error in errors:
            tell(error)
        if errors:
            raise SystemExit(errors[0].exit_code)


@command.command(name="show")
@click.argument("measure", metavar="ID")
@as_json_option
def show(measure: str, as_json: bool) -> None:
    """Show the measure ID in full: items, key, scoring, cut-offs, and where each comes from."""
    from reattune.measures import find_instrument

    with errors_told():
        found = find_instrument(measure)
        if as_json:
            click.echo(json.dumps(full(found), ensure_ascii=False))
        else:
            show_one(found, console())


@command.command(name="validate")
@click.argument("file", type=click.Path(path_type=Path))
def validate(file: Path) -> None:
    """Check FILE, a TOML file of your own: wording for a shipped measure, or a measure.

    Says what the file adds, what is still missing, and where to put it.
    """
    from reattune.measures import read_instrument
    from reattune.measures.loader import own_folder

    with errors_told():
        found = read_instrument(file)
        without = [str(item.number) for item in found.items if not item.text]
        out = console()
        out.print(
            f"{file.name} can be used: {found.name}, {len(found.items)} items.", soft_wrap=True
        )
        if without:
            out.print(
                f"Without wording: items {', '.join(without)}. They can be scored, not given."
            )
        else:
            out.print("Every item has its wording.")
        out.print(f"Key: {key_line(found.key)}", soft_wrap=True)
        out.print(f"To use it, copy it to {own_folder() / found.id}.toml", soft_wrap=True)


def everything() -> tuple[dict[str, Instrument], tuple[Any, ...]]:
    """Every instrument by id, the user's own in place of ours, and the errors of broken files."""
    from reattune.measures import SHIPPED, own_instruments, shipped_instrument

    own, errors = own_instruments()
    return {id: shipped_instrument(id) for id in SHIPPED} | own, errors


def summary(found: Instrument) -> dict[str, Any]:
    """What the list says of an instrument."""
    return {
        "name": found.name,
        "raters": list(found.raters),
        "items": len(found.items),
        "key_verified": found.key.verified,
        "scores": found.key.usable,
        "text": found.has_text,
        "validated": found.validated,
        "origin": found.origin,
    }


def full(found: Instrument) -> dict[str, Any]:
    """An instrument as JSON-ready data: its fields, and the range of each scale."""
    scales = {name: asdict(found.scale(name)) for name in found.scales()}
    return asdict(found) | {
        "scales": scales,
        "scores": found.key.usable,
        "has_text": found.has_text,
    }


def show_list(found: dict[str, Instrument], out: Console) -> None:
    """The table for people."""
    made = plain_table("id", "items")
    for title in ("raters", "validated", "key", "wording"):
        made.add_column(title, no_wrap=True)
    for id, one in found.items():
        raters = ", ".join(one.raters)
        key = "verified" if one.key.verified else "confirmed" if one.key.usable else "unverified"
        validated = "yes" if one.validated else "no"
        made.add_row(id, str(len(one.items)), raters, validated, key, wording(one))
    out.print(made)
    out.print(
        "unverified: nothing is scored until a file of your own confirms the key. not here: only "
        "item numbers and keys; add the wording of your licensed form. Not validated: nobody has "
        "studied what the scores mean."
    )


def wording(found: Instrument) -> str:
    """Where the words of the items are."""
    if not found.has_text:
        return "not here"
    return "here" if found.origin == "shipped" else "yours"


def show_one(found: Instrument, out: Console) -> None:
    """One instrument for people."""
    for line in lines(found):
        out.print(line, soft_wrap=True, markup=False)
    out.print(items_table(found))
    if found.instructions:
        out.print(found.instructions, markup=False)
    for item in found.items if found.has_text else ():
        out.print(f"{item.number}. {item.text}", markup=False)
    if found.labels:
        answers = ", ".join(f"{value:g} {label}" for value, label in found.labels)
        out.print(f"Answers: {answers}", markup=False)


def lines(found: Instrument) -> list[str]:
    """What is said of an instrument before its items."""
    scale, unit = found.scale(), "higher is better" if found.higher_is_better else "higher is worse"
    said = [
        f"{found.name} [{found.by}]",
        found.about,
        "" if found.validated else "NOT VALIDATED: nobody has studied what its scores mean.",
        f"Answered by: {', '.join(found.raters)}. Origin: {found.origin}.",
        f"Wording in: {', '.join(found.languages)}." if found.languages else "",
        f"Score: {found.scoring}, {scale.low:g} to {scale.high:g}, {unit}.",
        f"Missing answers: {found.missing}. {found.missing.source}",
        f"Key: {key_line(found.key)}",
        *(f"Cut-off: {cutoff_line(cutoff)}" for cutoff in found.cutoffs),
        *([] if found.cutoffs else ["Cut-offs: none."]),
        *(f"Norms: {norms_line(norms)}" for norms in found.norms),
        *prompt_lines(found),
        *([f"Risk path: {found.risk_why}"] if found.risk_why else []),
        f"License: {found.license}",
        f"Citation: {found.citation}",
    ]
    return [line for line in said if line]


def key_line(key: Key) -> str:
    """How far the key can be relied on."""
    if key.verified:
        return f"verified. {key.source}"
    if key.confirmed:
        return f"confirmed by you ({key.confirmed}). {key.source}"
    return f"NOT verified, so nothing is scored. {key.source}"


def cutoff_line(cutoff: Cutoff) -> str:
    """One cut-off with its source."""
    off = "" if cutoff.verified else " NOT verified, off."
    return f"{cutoff.scale} {cutoff.side} {cutoff.at:g}: {cutoff.label}.{off} ({cutoff.source})"


def norms_line(norms: Norms) -> str:
    """One sample's SD and reliability, which reliable change needs, with its source."""
    off = "" if norms.verified else " NOT verified, off."
    known = f"SD {norms.sd:g}, reliability {norms.reliability:g}"
    return f"{norms.scale}: {known}.{off} ({norms.source})"


def prompt_lines(found: Instrument) -> list[str]:
    """Where item prompts come from, or that they are off."""
    if not found.prompts_from:
        return []
    on = any(item.prompt is not None for item in found.items)
    return [f"Item prompts: {'on' if on else 'off, not verified'}. {found.prompts_from}"]


def items_table(found: Instrument) -> Any:
    """Number, name, scale, range, reversal and prompt of each item."""
    made = plain_table("item", "range")
    for title in ("reversed", "subscale", "prompts at", "name"):
        made.add_column(title, no_wrap=True)
    for item in found.items:
        turned = "yes" if item.reversed else ""
        ends = f"{item.low:g}-{item.high:g}"
        made.add_row(
            str(item.number), ends, turned, item.subscale or "", prompt_cell(found, item), item.name
        )
    return made


def prompt_cell(found: Instrument, item: Item) -> str:
    """The answers that prompt, as answered."""
    if item.risk_above is not None:
        return f"risk: > {item.risk_above:g}"
    if item.prompt is None:
        return ""
    return f"{'≤' if item.low_prompts(found.higher_is_better) else '≥'} {item.prompt:g}"
