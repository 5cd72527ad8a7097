"""E-mail addresses, web addresses, telephone and account numbers, written and spelled out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from reattune.redaction.numbers import DIGITS, STRETCH, VALUES, words_in
from reattune.redaction.spans import ACCOUNT, EMAIL, PHONE, URL, Found

BY = "rules/1"
NEAR = 3  # turns after a telephone number in which a few digits are part of it
LOOK_BACK = 70  # characters before a number that are read for what it is
ANY_DIGITS = 6  # least digits of a number that is hidden whatever stands around it

_TLD = (
    r"com|org|net|edu|gov|info|biz|example|test|app|dev|blog|shop|online|site|health|clinic|care"
    r"|page|xyz|club|email"
    r"|uk|de|fr|es|pt|br|nl|ch|eu|ca|au|nz|ie|ng|za|ke|gh|pl|se|dk|fi|jp|cn|kr|mx|ar|cl|ru|ua|tr"
    r"|gr|io|tv|ly|gl|fm"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_URL = re.compile(
    rf"(?:\bhttps?://|\bwww\.)[^\s<>\"“”]{{2,200}}"
    rf"|(?<![\w@.-])(?:[a-z0-9][\w-]{{0,62}}\.){{1,4}}(?:(?:{_TLD})\b(?:/[^\s<>\"“”]{{0,200}})?|(?:be|me|it|to|us|at)/[^\s<>\"“”]{{1,200}})"
    r"|(?<![\w@./])@[a-z_][\w.]{1,40}\w",
    re.I,
)
_IP = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_TRAILING = ".,;:!?)]}'’…"

_SPELLED_TLD = (
    r"(?:com|org|net|edu|gov|info|example|co|ac|uk|de|fr|es|ie|ca|au|nz|io|me|nl|ch|pt|br|tv|in|us)"
)
_LINK = r"(?:dot|underscore|dash|hyphen|plus|point)"
_PIECE = r"[a-z0-9]+"
_SPELLED_EMAIL = re.compile(
    rf"(?P<local>(?:{_PIECE}\s){{0,7}}{_PIECE})\sat\s(?P<domain>(?:{_PIECE}\s){{1,4}}?(?:dot\s{_SPELLED_TLD})(?:\sdot\s{_SPELLED_TLD})*)\b",
    re.I,
)
_SPELLED_URL = re.compile(
    rf"(?:\bwww\sdot\s(?:{_PIECE}\s){{1,6}}?|\b(?:{_PIECE}\s){{1,5}}?)dot\s(?:com|org|net"
    rf"|co\sdot\suk|org\sdot\suk|co|info|io|edu|gov|me|tv|de|fr|ie|ca|au)(?:\sdot\s(?:uk|au|nz"
    rf"|za))?(?:\s(?:forward\s)?slash\s{_PIECE})*\b",
    re.I,
)
# Words that end what may belong to a spelled address, going left.
_STOPS = frozenset(
    "is it's its to my at email e-mail mail address on me the a an and so use just it was that's"
    " that this there's here's"
    " send try wrote write have has had got page site website blog called named yes yeah no or i"
    " for up from of her his"
    " your our their who see look with in be because say says said you".split()
)

_RUN = re.compile(r"(?<![\w.,/-])\+?\(?\d(?:[\d\s().–-]{4,28})\d(?!\w|[.,/]\d|\s?%)")
_EXTENSION = re.compile(
    r"\b(?:extension|ext)\b\.?\s?(?:is\s|number\s)?(?P<digits>\d{2,6}(?:[ -]\d{2,4})?)", re.I
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,3})?\b")
_CODE = re.compile(
    r"(?<![\w.@/-])(?=[A-Za-z0-9/-]*\d[A-Za-z0-9/-]*\d[A-Za-z0-9/-]*\d)(?=[A-Z0-9/-]*[A-Z])[A-Z0-9]{1,12}(?:[-/][A-Z0-9]{1,12}){0,4}(?![\w@])"
)
_PLATE = re.compile(r"\b[A-Z]{2}\d{2}\s?[A-Z]{3}\b")
_DATE = re.compile(r"\d{1,2}([. -])\d{1,2}\1(?:19|20)?\d\d|(?:19|20)\d\d([.-])\d{1,2}\2\d{1,2}")
_DOTTED = re.compile(r"(?<![\w./-])\d{2,4}(?:[./-]\d{2,6}){2,4}(?![\w/-])")
_SSN = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")

_THINGS = (
    r"account|iban|sort\scode|bsb|routing|swift|card|credit\scard|debit\scard|policy|claim|case"
    r"|ticket|complaint|reference|ref"
    r"|member(?:ship)?|customer|client|patient|insurance|national\sinsurance|social(?:\ssecurity)?"
    r"|ssn|nhs|hospital|medical\srecord|record|mrn|chart|passport|visa"
    r"|licen[cs]e|licen[cs]e\splate|number\splate|plate|registration|reg|prisoner|inmate|group"
    r"|serial|vin|order|booking|confirmation|file|court\sfile|docket|crime(?:\sreference)?"
    r"|invoice|tax|tax\sid|student|badge|employee|staff|payroll|pin|id|i\.d\.|user|username"
    r"|medicare|medicaid|aadhaar|pan|cpf|dni|nie|steuer|vehicle|tracking|loan|mortgage"
)
_CONTEXT = re.compile(
    rf"\b(?:{_THINGS})(?:['’]s)?(?:\s(?:number|no\.?|nummer|id|code|card|details|file|reference"
    rf"|plate|account))*(?:\s(?:is|was|ends?|ending|in|with|it['’]s))*(?:['’]s)?\s?[:#]?\s?,?\s?"
    r"(?P<value>(?=[A-Za-z0-9/-]{0,12}\s?[A-Za-z0-9/-]{0,12}\d)[A-Z]{0,5}[ -]?\d[A-Z0-9/-]*"
    r"(?:[ /-][A-Z]{0,2}\d[A-Z0-9/-]*){0,7}"
    r"|[A-Z0-9]{2,}\d[A-Z0-9/-]*(?:[ /-]\d[\d/-]*){0,6})(?![\w])",
    re.I,
)
_NEAR_THING = re.compile(
    rf"\b(?:{_THINGS})(?:['’]s)?(?:\s(?:number|no|code|id)(?:['’]s)?)?\b|\bend(?:s|ing)?\s(?:in|with)\s$",
    re.I,
)
_NEAR_PHONE = re.compile(
    r"\b(?:phone|mobile|cell|landline|number['’]?s?|call|ring|rang|text|reach|fax|tel|telephone"
    r"|helpline|hotline|line|whatsapp|dial|extension)\b",
    re.I,
)
_DIGIT_WORD = rf"(?:{DIGITS}|o|double|triple|treble|hundred|thousand)"
_SPELLED = re.compile(
    rf"(?<![\w'’-])(?:[a-z][\s,]{{1,2}}){{0,12}}(?:{_DIGIT_WORD})(?:[\s,.-]+(?:and\s)?(?:dash\s|hyphen\s"
    rf"|slash\s|space\s|stroke\s)?(?:{_DIGIT_WORD}|[a-z](?![\w'’])))+(?![\w'’-])",
    re.I,
)
_SHORT_RUN = re.compile(
    rf"(?:^|[.?!]\s|\b(?:it['’]?s|is|ends?|ending\sin|then|with)\s)(?P<run>(?:{DIGITS}|oh|o|double"
    rf"|\d)(?:[\s,-]+(?:{DIGITS}|oh|o|double|\d)){{2,}})\b",
    re.I,
)


_SPELLING = frozenset(VALUES) | frozenset(STRETCH)


def find_contacts(texts: Sequence[str]) -> Iterator[Found]:
    """Addresses of e-mail and the web, numbers of telephones and accounts."""
    phones: list[int] = []
    for turn, text in enumerate(texts):
        found = list(_in_turn(turn, text))
        if turn - max(phones, default=-99) <= NEAR:
            found += _parts(turn, text)
        if any(one.category == PHONE for one in found):
            phones.append(turn)
        yield from found


def _in_turn(turn: int, text: str) -> Iterator[Found]:
    lowered = text.lower()
    if "@" in text or "." in text:
        yield from _written(turn, text)
    if " dot " in lowered:
        yield from _spelled_addresses(turn, lowered if len(lowered) == len(text) else text)
    words = words_in(text)
    if "0" in words:
        yield from _digits(turn, text)
    if len(words & _SPELLING) > 1:
        yield from _spelled_numbers(turn, text)


def _written(turn: int, text: str) -> Iterator[Found]:
    for match in _EMAIL.finditer(text):
        end = match.start() + len(match[0].rstrip(_TRAILING))
        yield _found(turn, match.start(), end, EMAIL, "An e-mail address.", 0.99, 9)
    for match in _URL.finditer(text):
        end = match.start() + len(match[0].rstrip(_TRAILING))
        yield _found(turn, match.start(), end, URL, "A web address or a name on the web.", 0.95, 8)
    for match in _IP.finditer(text):
        yield _found(turn, *match.span(), URL, "An address on the internet.", 0.9, 8)


def _spelled_addresses(turn: int, text: str) -> Iterator[Found]:
    for match in _SPELLED_EMAIL.finditer(text):
        start = _left_edge(match["local"], match.start("local"))
        yield _found(turn, start, match.end(), EMAIL, "An e-mail address spelled out.", 0.9, 9)
    for match in _SPELLED_URL.finditer(text):
        before = match[0].split(" dot ")[0]
        start = match.start() if before == "www" else _left_edge(before, match.start(), longest=4)
        yield _found(turn, start, match.end(), URL, "A web address spelled out.", 0.85, 8)


def _left_edge(words: str, start: int, longest: int = 7) -> int:
    """Where a spelled address begins in the words before its sign: after the last stop word."""
    pieces = list(re.finditer(r"\S+", words))
    first = len(pieces) - 1
    while first > 0 and len(pieces) - first < longest:
        if pieces[first - 1][0].lower() in _STOPS:
            break
        first -= 1
    return start + pieces[first].start()


def _digits(turn: int, text: str) -> Iterator[Found]:
    for pattern, why in (
        (_IBAN, "A bank account."),
        (_PLATE, "A number plate."),
        (_SSN, "A social security number."),
    ):
        for match in pattern.finditer(text):
            yield _found(turn, *match.span(), ACCOUNT, why, 0.95, 7)
    for match in _CONTEXT.finditer(text):
        if _is_code(match["value"]):
            why = "Stands after a word for an account or a file."
            yield _found(turn, *match.span("value"), ACCOUNT, why, 0.9, 7)
    for match in _CODE.finditer(text):
        if len(match[0]) >= 5:
            yield _found(turn, *match.span(), ACCOUNT, "Letters and figures in one.", 0.75, 6)
    for match in _DOTTED.finditer(text):
        if sum(c.isdigit() for c in match[0]) > 8:
            yield _found(turn, *match.span(), ACCOUNT, "A long number.", 0.8, 4)
    for match in _EXTENSION.finditer(text):
        yield _found(turn, *match.span("digits"), PHONE, "A telephone extension.", 0.9, 7)
    yield from _runs(turn, text)


def _is_code(value: str) -> bool:
    """Whether figures after a word for an account are one: three, or two among letters; no year."""
    digits = sum(c.isdigit() for c in value)
    mixed = digits > 1 and len(value) > 4 and value.isupper()
    word_or_year = re.match(r"[a-z]{2,}\s|(?:19|20)\d\d$", value.strip())
    return (digits > 2 or mixed) and not word_or_year


def _runs(turn: int, text: str) -> Iterator[Found]:
    """Long runs of figures: telephones, cards, accounts."""
    for match in _RUN.finditer(text):
        run = match[0].rstrip(" (-–.")
        count = sum(c.isdigit() for c in run)
        if count < ANY_DIGITS or _DATE.fullmatch(run):
            continue
        before = text[max(0, match.start() - LOOK_BACK) : match.start()]
        category = _which(before, run, count)
        start = match.start()
        yield _found(turn, start, start + len(run), category, "A long number.", 0.85, 6)


def _which(before: str, run: str, count: int) -> str:
    thing = [m.end() for m in _NEAR_THING.finditer(before)]
    call = [m.end() for m in _NEAR_PHONE.finditer(before)]
    if thing and max(thing) >= max(call, default=-1):
        return ACCOUNT
    if call or run[0] in "+(0" or re.search(r"\d{3}[-. ]\d{3,4}[-. ]\d{4}|\d{3}-\d{4}", run):
        return ACCOUNT if count > 15 else PHONE
    return PHONE if 10 <= count <= 12 and not run.isdigit() else ACCOUNT


def _spelled_numbers(turn: int, text: str) -> Iterator[Found]:
    """Numbers read out digit by digit."""
    for match in _SPELLED.finditer(text):
        start, end = _trim(text, *match.span())
        digits, letters = _said(text[start:end])
        if len(digits) < 3 or (set(digits) <= set("0123") and not letters and len(digits) < 10):
            continue
        before = text[max(0, start - LOOK_BACK) : start]
        thing = _NEAR_THING.search(before)
        if _counts(digits) and not letters:
            continue
        if len(digits) + letters >= ANY_DIGITS or (thing and len(digits) >= 4):
            category = _which(before, "0" if digits[:1] == "0" and not letters else "9", 10)
            if letters and category == PHONE:
                category = ACCOUNT
            why = "A number read out digit by digit."
            yield _found(turn, start, end, category, why, 0.85, 6)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Without an "a" or "i" that is a word, and without stray signs."""
    while (match := re.match(r"[ai][\s,]+", text[start:end], re.I)) and not re.match(
        r"[ai]\s[a-z]\s", text[start:end], re.I
    ):
        start += match.end()
    while match := re.search(r"[\s,.-]+[ai]?$", text[start:end], re.I):
        end = start + match.start()
    return start, end


def _said(words: str) -> tuple[str, int]:
    """The digits that number words say, and how many single letters stand among them."""
    digits, letters, times, round_ = "", 0, 1, 0
    for word in re.findall(r"[a-z]+", words.lower()):
        if word in STRETCH:
            times = STRETCH[word]
        elif word in VALUES:
            digits, times = digits + VALUES[word] * times, 1
        elif word in ("hundred", "thousand"):
            round_ += 1
            digits += "00" if word == "hundred" else "000"
        elif len(word) == 1:
            letters, times = letters + times, 1
    return ("", 0) if round_ > 1 or ("000" in digits and round_) else (digits, letters)


def _counts(digits: str) -> bool:
    """Whether somebody counts up or down, as in an exercise."""
    steps = {int(b) - int(a) for a, b in pairwise(digits)}
    return steps in ({1}, {-1}, set())


def _parts(turn: int, text: str) -> Iterator[Found]:
    """A few digits said again after a telephone number: "four eight one, at the end"."""
    for match in _SHORT_RUN.finditer(text):
        yield _found(turn, *match.span("run"), PHONE, "Digits of a number named before.", 0.7, 2)


def _found(
    turn: int, start: int, end: int, category: str, why: str, sure: float, rank: int
) -> Found:
    labels = {URL: "web address", ACCOUNT: "account number", PHONE: "phone number", EMAIL: "email"}
    return Found(turn, start, end, category, BY, why, sure, label=labels[category], rank=rank)
