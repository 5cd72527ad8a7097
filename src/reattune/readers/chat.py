"""CHAT, the format of TalkBank: `*PAR:` lines, `@` headers, `%` tiers, codes within the words.

The codes are those of the CHAT manual (MacWhinney, 2000 and later online editions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reattune.readers.clean import (
    about_empty,
    make_session,
    make_turn,
    same_marks,
    squeeze,
    without_empty,
)
from reattune.readers.source import Source, no_turns, wrong_format
from reattune.types import Role, Session, Turn

_MAIN = re.compile(r"\*(?P<code>[A-Za-z0-9_'\-]{1,7}):[ \t]*(?P<text>.*)", re.S)
_MAIN_LINE = re.compile(r"^\*[A-Z0-9_'\-]{1,7}:\t", re.M)
_BEGIN = re.compile(r"^@(?:Begin|UTF8|Participants:)", re.M)
_BULLET = re.compile("\x15(?:[^\x15\n]*?_)?(\\d{1,9})_(\\d{1,9})-?\x15|\x15[^\x15\n]*\x15?")

# What the roles of the @Participants and @ID headers say; other roles state nothing certain.
_ROLES: dict[str, Role] = {
    "therapist": "therapist",
    "clinician": "therapist",
    "counselor": "therapist",
    "counsellor": "therapist",
    "psychologist": "therapist",
    "psychotherapist": "therapist",
    "client": "client",
    "patient": "client",
}

# Codes in the order in which they are replaced; what is no word and no mark is dropped.
_CODES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"&=(\w+)(?::[\w:]*)?", r" [\1] "),  # &=laughs, &=imit:cat
        (r"\[=!\s*([^\]\n]{1,40})\]", r" [\1] "),  # [=! laughing]
        (r"\[[<>]\d?\]|\+<", " [crosstalk] "),  # overlap with the next or the last turn
        (r"&\*\w{1,7}:\S*", " [crosstalk] "),  # a word put in by somebody else
        (r"\(\.{1,3}\)|\(\d*:?\d+\.\d*\)", " [pause] "),  # (.) (..) (...) (2.5)
        (r"\b(?:xxx|yyy|www|xx|yy)\b(?:@\w+)?", " [inaudible] "),
        (r"\[(?:/{1,3}|/-|/\?|\?|!{1,2}|\*[^\]\n]{0,40}|x \d+)\]", " "),  # repeats, errors
        (r"\[(?:[:=%+-]|::|=\?)\s[^\]\n]{0,200}\]|\[[-+^$][^\]\n]{0,60}\]", " "),  # comments
        (r"\+\.\.\.", " ..."),  # trailing off
        (r"\+\.\.\?", " ...?"),
        (r"\+//?\.", " —"),  # interrupted, by the other or by oneself
        (r"\+//?\?|\+!\?", " ?"),
        (r"\+\"/\.|\+\"\.", "."),
        (r"\+[\"^,+]|\+≈|\+≋", " "),  # linkers
        (r"&[-~]?(?=\w)", ""),  # fillers: &-um
        (r"&\+(\w+)", r"\1-"),  # broken-off words
        (r"(?<=\w)\((\w{1,12})\)|\((\w{1,12})\)(?=\w)", r"\1\2"),  # (be)cause
        (r"(?<=\w)@\w+(?::\w+)?", ""),  # word@l
        (r"(?<=\w)[_+](?=\w)", " "),  # ice_cream
        (r"(?<!\S)0\w*(?!\S)", " "),  # an action without speech, a word left out
        (r"[<>⌈⌉⌊⌋↑↓→↗↘∬∆∇°▔▁☺♋⁎Ϋ∲§]|(?<=[^\W\d_]):(?=[^\W\d_])|[‡„]", ""),
    )
)
_BEFORE_STOP = re.compile(r"\s+([.,;?!](?:\s|$))")


def sniff(source: Source) -> float:
    """0.95 for CHAT's headers with a `*CODE:` line, 0.8 for such lines alone."""
    if not _MAIN_LINE.search(source.text):
        return 0.0
    return 0.95 if _BEGIN.search(source.text[:5000]) else 0.8


def parse(source: Source) -> tuple[Session, ...]:
    """The one session of a CHAT file, one turn for each `*CODE:` line.

    InputError "wrong-format" without such a line, "no-turns" when they hold nothing.
    """
    tiers = list(_tiers(source.text))
    lines = [match for tier in tiers if (match := _MAIN.fullmatch(tier))]
    if not lines:
        raise wrong_format(source, "CHAT", "it has no line such as *PAR:")
    roles = _roles(tiers)
    turns = without_empty(_turn(match["code"], match["text"], roles) for match in lines)
    if not turns:
        raise no_turns(source)
    notes = (*source.notes, *about_empty(len(lines) - len(turns), "line"))
    return (make_session(turns, source=source.name, format="chat", notes=notes),)


def _tiers(text: str) -> Iterator[str]:
    """The lines, each with the continuation lines that begin with white space."""
    current: list[str] = []
    for line in text.split("\n"):
        if line[:1] in ("*", "@", "%") and current:
            yield "\n".join(current)
            current = []
        if line.strip():
            current.append(line.strip())
    if current:
        yield "\n".join(current)


def _roles(tiers: list[str]) -> dict[str, Role]:
    """Code -> role, as far as the headers state it."""
    roles: dict[str, Role] = {}
    for tier in tiers:
        head, _, body = tier.partition(":")
        if head == "@Participants":
            fields = [entry.split() for entry in body.split(",")]
            pairs = [(words[0], words[-1]) for words in fields if len(words) > 1]
        elif head == "@ID" and body.count("|") >= 7:
            pairs = [(body.split("|")[2].strip(), body.split("|")[7].strip())]
        else:
            continue
        known = ((code, _ROLES.get(role.lower())) for code, role in pairs)
        roles |= {code: role for code, role in known if role}
    return roles


def _turn(code: str, text: str, roles: dict[str, Role]) -> Turn:
    times = [(int(a) / 1000, int(b) / 1000) for a, b in _BULLET.findall(text) if b]
    start, end = (times[0][0], times[-1][1]) if times else (None, None)
    return make_turn(code, words(_BULLET.sub(" ", text)), start, end, role=roles.get(code))


def words(text: str) -> str:
    """The words of a CHAT line with its codes turned into marks or taken out."""
    text = squeeze(text)
    for pattern, replacement in _CODES:
        text = pattern.sub(replacement, text)
    text = _BEFORE_STOP.sub(r"\1", squeeze(same_marks(text)))
    return "" if text in (".", "?", "!") else text
