"""The operations as people read of them, made from the schema: for the page and for docs/api.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reattune.codebook import CODES
from reattune.web.api.api import PREFIX, operations, schema

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A key or a parameter; `kind` in a word or two, `note` what else there is to know."""

    name: str
    kind: str
    required: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: what it takes in the address, `sent` in the body, `sends` as which kind."""

    name: str
    method: str
    path: str
    summary: str
    more: str
    scope: str
    asked: tuple[Field, ...]
    sent: tuple[Field, ...]
    sends: str
    gives: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What comes back under a name."""

    name: str
    about: str
    fields: tuple[Field, ...]


def groups() -> dict[str, list[Operation]]:
    """The operations by the part they belong to, in order."""
    document = schema()
    made: dict[str, list[Operation]] = {}
    for method, path, told in operations(document):
        made.setdefault(told["tags"][0], []).append(operation(document, method, path, told))
    return made


def shapes() -> list[Shape]:
    """What comes back, by name; lists of it have no entry of their own."""
    document = schema()
    known: Schema = document["components"]["schemas"]
    answers = [told["responses"] for _, _, told in operations(document)]
    return [
        Shape(
            name, " ".join(known[name].get("description", "").split()), tuple(fields(known[name]))
        )
        for name in sorted(named(answers, known))
        if not name.startswith("Page_")
    ]


def named(told: Any, known: Schema) -> set[str]:
    """The names that a part of the schema points to, and those that they point to in turn."""
    if isinstance(told, list):
        return set().union(*(named(one, known) for one in told))
    if not isinstance(told, dict):
        return set()
    name = str(told.get("$ref", "")).rpartition("/")[2]
    own = {name} | named(known[name], known) if name else set()
    return own.union(*(named(one, known) for one in told.values()))


def operation(document: Schema, method: str, path: str, told: Schema) -> Operation:
    """One operation from its entry in the schema."""
    content = told.get("requestBody", {}).get("content", {})
    kind: str = next(iter(content), "")
    body: Schema = content.get(kind, {})
    return Operation(
        name=told["operationId"],
        method=method,
        path=path.removeprefix(PREFIX.rstrip("/")),
        summary=told["summary"],
        more=told.get("description", ""),
        scope=told["x-scope"],
        asked=tuple(parameter(one) for one in told["parameters"] if one["in"] == "query"),
        sent=tuple(fields(resolved(document, body.get("schema", {})))),
        sends="a file" if kind.startswith("multipart") else "JSON" if kind else "",
        gives=answer(told["responses"]),
    )


def answer(responses: Schema) -> str:
    """What an operation gives when it goes well, such as "200 list of Client"."""
    status = next(code for code in responses if int(code) < 300)
    content = responses[status].get("content", {})
    if "text/csv" in content:
        return f"{status} CSV"
    return f"{status} {kind_of(content['application/json']['schema'])}" if content else f"{status}"


def parameter(told: Schema) -> Field:
    """A query parameter."""
    return Field(
        told["name"], kind_of(told["schema"]), told["required"], told.get("description", "")
    )


def fields(told: Schema) -> Iterator[Field]:
    """The keys of an object."""
    for name, one in told.get("properties", {}).items():
        yield Field(
            name, kind_of(one), name in told.get("required", ()), one.get("description", "")
        )


def resolved(document: Schema, told: Schema) -> Schema:
    """A schema, or the one that it points to."""
    name = told.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"][name] if name else told


def kind_of(told: Schema) -> str:
    """What a value is, in a word or two."""
    if "$ref" in told:
        name = told["$ref"].rpartition("/")[2]
        return f"list of {name[5:-1]}" if name.startswith("Page_") else name
    if "anyOf" in told:
        return " or ".join(dict.fromkeys(kind_of(one) for one in told["anyOf"]))
    if told.get("enum") == list(CODES):
        return "a code of the codebook"
    if "enum" in told:
        return " | ".join(str(value) or "(empty)" for value in told["enum"])
    if "const" in told:
        return str(told["const"]) or "(empty)"
    if told.get("type") == "array":
        return f"list of {kind_of(told.get('items', {}))}"
    return WORDS.get(told.get("format", ""), WORDS.get(told.get("type", ""), "object"))


WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true | false",
    "null": "null",
    "object": "object",
    "date": "day",
    "date-time": "moment",
    "uuid": "id",
    "binary": "file",
}


def markdown() -> str:
    """The operations as tables in Markdown."""
    parts = []
    for name, found in groups().items():
        parts += [f"### {name}", "", "| operation | scope | what it does |", "|---|---|---|"]
        parts += [f"| `{one.method} {one.path}` | `{one.scope}` | {one.summary} |" for one in found]
        parts.append("")
    return "\n".join(parts)


def in_page(text: str) -> str:
    """A page in Markdown with the operations between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{markdown()}{END}{after}"


BEGIN, END = "<!-- operations -->\n", "<!-- end of operations -->"
"""What the operations stand between in a page."""
