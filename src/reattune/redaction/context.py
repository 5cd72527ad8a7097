"""The words around a name that say what it names: titles, relations, verbs of saying and going."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reattune.redaction.tokens import ARTICLES, Token, Turns

RELATIONS: dict[str, str] = {
    word: label
    for label, words in {
        "friend": "friend bestie mate pal buddy friends mates bff",
        "sister": "sister sis half-sister stepsister step-sister twin",
        "brother": "brother bro half-brother stepbrother step-brother",
        "mother": "mother mum mom mam mummy mommy stepmother stepmum stepmom step-mother ma",
        "father": "father dad daddy stepfather stepdad step-father step-dad papa",
        "wife": "wife missus",
        "husband": "husband hubby",
        "partner": "partner fiance fiancee spouse other-half bf gf boyfriend girlfriend",
        "ex": "ex ex-wife ex-husband ex-boyfriend ex-girlfriend ex-partner",
        "son": "son stepson",
        "daughter": "daughter stepdaughter",
        "person": "boy lad girl guy woman man lady bloke chap fella gentleman someone somebody",
        "child": "child kid baby children kids sons daughters",
        "cousin": "cousin cousins",
        "aunt": "aunt auntie aunty great-aunt tante tia",
        "uncle": "uncle great-uncle onkel tio",
        "niece": "niece",
        "nephew": "nephew",
        "grandmother": "grandmother gran granny nan nana nanna grandma oma nonna abuela avo"
        " great-grandmother",
        "grandfather": "grandfather grandad granddad grandpa opa nonno abuelo great-grandfather",
        "grandchild": "grandson granddaughter grandchild grandkid",
        "mother-in-law": "mother-in-law",
        "father-in-law": "father-in-law",
        "sister-in-law": "sister-in-law",
        "brother-in-law": "brother-in-law",
        "boss": "boss manager supervisor line-manager gaffer employer",
        "colleague": "colleague coworker co-worker workmate colleagues assistant deputy",
        "neighbor": "neighbor neighbour neighbors neighbours",
        "roommate": "roommate flatmate housemate lodger tenant",
        "landlord": "landlord landlady",
        "doctor": "doctor gp psychiatrist consultant surgeon dentist dr",
        "nurse": "nurse midwife carer",
        "counselor": "counselor counsellor psychologist",
        "teacher": "teacher tutor professor headteacher coach prof instructor",
        "lawyer": "lawyer solicitor barrister attorney",
        "worker": "caseworker keyworker sponsor probation-officer",
        "pet": "dog cat puppy kitten rabbit hamster horse tortoise parrot pony budgie bunny pup",
    }.items()
    for word in words.split()
}
"""What somebody is to the speaker -> the label of their placeholder."""

TITLES: dict[str, str] = dict.fromkeys(
    "mr mrs ms miss mx mister madam sir dame lord lady rev reverend father fr pastor rabbi imam"
    " sheikh bishop canon"
    " psychologist headmaster sergeant sgt officer constable pc dc inspector detective judge"
    " justice captain major colonel lieutenant"
    " herr frau fraulein monsieur madame mademoiselle senor senora senorita don dona dom signor"
    " signora signore doktor"
    " pan pani bey hanim sri shri chief councillor senator president principal coach prof"
    " professor".split(),
    "person",
) | {
    "dr": "doctor",
    "doctor": "doctor",
    "nurse": "nurse",
    "professor": "teacher",
    "prof": "teacher",
}
"""Titles before a name -> the label."""

KIN = frozenset(
    "aunt auntie aunty uncle nan nana nanna gran granny grandma grandpa grandad granddad tante"
    " onkel oma opa mama papa abuela"
    " abuelo nonna nonno tia tio avo brother sister cousin babcia dziadek teta amma baba mamma mum"
    " dad mom".split()
)
"""Words for relatives that stand before a name like a title."""

OWNERS = frozenset("my your his her our their the a me another this that own".split())
SAYING = frozenset(
    "said says goes told tells asked asks thinks thought reckons texted texts rang rings called"
    " calls laughed smiled cried"
    " shouted screamed yelled whispered replied answered wants wanted knows knew hates loves came"
    " comes went left hit"
    " walked looked emailed phoned messaged moved lives works lived worked died passed kept keeps"
    " got gets made makes"
    " took gave gives brought found felt feels likes liked needs needed says'd always never just"
    " also has had is was does did doesn't didn't"
    " wasn't isn't hasn't hadn't won't wouldn't can't couldn't would could".split()
)
"""What somebody does; stands after a name."""

TALKING_TO = frozenset(
    "talk talked talking talks speak spoke speaking speaks listen listened said say saying married"
    " engaged close write wrote"
    " writing lied lie shout shouted apologize apologized sorry related next introduced explain"
    " explained report reported"
    " admit admitted text texted".split()
)
"""What is done to a person with "to"."""

GOING = frozenset(
    "go goes going went gone move moved moving moves drive drove driving fly flew flying travel"
    " traveled travelled travelling"
    " traveling come came coming back return returned trip trips train bus flight off up down over"
    " emigrated relocated"
    " commute commuting get got getting on way welcome sent ran run holiday road close out"
    " visit".split()
)
"""What is done to a place with "to"."""

LIVING = frozenset("live lives lived living born based up house flat settled stayed".split())
"""What people do in a place, before "in"."""

IN_PLACE = frozenset("in from near outside".split())
AROUND = IN_PLACE | frozenset("around across towards toward throughout within via over at".split())
MEETING = frozenset(
    "told tell telling asked ask asking met meet meeting with and rang ring called call calling"
    " texted text phoned emailed"
    " saw see seeing visited visit miss missed married marry dated hate love loved like hated"
    " blame blamed without about"
    " than hug hugged kissed lost for by hi hello hey dear thanks bye that because if when but or"
    " not says said like's"
    " poor dearest morning".split()
)
"""What stands before a person's name as its object, or in an address."""

SUBJECTS = frozenset(
    "i you he she it we they this that these those there the a an my your his our their anyone"
    " anybody someone everyone".split()
)
ACTING = SAYING | frozenset("is was has had does did isn't wasn't has hasn't are and".split())
"""What a name at the beginning of a sentence is followed by."""

NO_SUBJECT = frozenset(
    "with to about for from of told asked like likes loves love loved poor was is hi hey rang"
    " called saw met by at than dear"
    " hello bye thanks that's it's only even where's how's and's me us him texted tell ask see"
    " visit miss hates hate".split()
)
"""Words that no verb "will" can follow, but a name can."""

FINITE = frozenset(
    "said says goes thinks thought knows knew wants wanted came comes went left brought found felt"
    " feels likes liked was is"
    " has had did does got gets made makes took gives gave keeps kept told tells asks asked rang"
    " rings called sees saw doesn't"
    " didn't wasn't isn't hasn't hadn't looked laughed dropped".split()
)
"""Verbs that cannot follow the verb "will"."""

LINKS = frozenset(
    "and then so but when because cause cos if yeah yes no that before after until while since"
    " well like um uh er anyway"
    " obviously apparently suddenly yesterday today saturday sunday monday tuesday wednesday"
    " thursday friday".split()
)
"""Words after which a sentence may begin that nobody punctuated."""

DETERMINERS = ARTICLES | frozenset(
    "that such what which enough much more less most many few all whose too very so quite really"
    " pretty bit".split()
)
OBJECTS = frozenset(
    "it me him her us them you my the a an this that these those your his their our down out off"
    " up over".split()
)
VERBAL_NAMES = frozenset(
    "mark rob sue drew chase grant pat nick rose chuck bill ward wade pierce jack josh".split()
)
"""Given names that are verbs too."""

NAMING = frozenset("named nicknamed christened baptized".split())
CALLED = frozenset("him her me them us you myself".split())
CALLERS = frozenset("i he she they we you and just then who ever got had have been".split())
"""Words before "called" that make it a telephone call."""

HELPERS = frozenset("would did does will could can should might".split())
BASE_VERBS = frozenset(
    "say think do want feel know tell see like need make mean ask call come go get take react"
    " respond notice hear understand love hate help stay leave live work".split()
)

SHORTENED = frozenset("mr mrs ms dr fr prof rev sgt st".split())
"""Titles that may have a full stop."""

LOOSE = frozenset(
    "major coach don judge justice pan chief lady miss sir dom doctor nurse officer".split()
)
"""Titles that are words or names as well."""

ASKS_NAME = re.compile(
    r"\b(?:name|names|called|call (?:him|her|you|them|it|that)|who(?:['’]s| is| was| are| were| do"
    r"| did| have| has| else)|with whom"
    r"|go by|goes by|and (?:\w+|the \w+) is)\b[^.?!]{0,45}\??\s*$|\bwhich one\b\W*$",
    re.I,
)


def word(row: Sequence[Token], i: int) -> str:
    """The i-th word of a turn, folded, or ""."""
    return row[i].low if 0 <= i < len(row) else ""


def tied(row: Sequence[Token], i: int) -> bool:
    """Whether no stop or comma stands before the i-th word."""
    return 0 < i < len(row) and not row[i].stop and not row[i].comma


def title_before(row: Sequence[Token], i: int) -> str:
    """The label of a title or of a word of kin before the i-th word, or ""."""
    before = word(row, i - 1)
    if not before or row[i].comma or (row[i].stop and before not in SHORTENED):
        return ""
    if before in TITLES and (before not in LOOSE or _titled(row, i)):
        return TITLES[before]
    if before in KIN and (row[i].cap or row[i].tier < 1):
        owned = word(row, i - 2) in OWNERS
        return RELATIONS.get(before, "person") if row[i - 1].cap or not owned else ""
    return ""


def _titled(row: Sequence[Token], i: int) -> bool:
    """Whether a word that need not be a title is one: "the judge said", "Judge Amari"."""
    alone = word(row, i - 2) in ("the", "a", "my", "i") and not row[i].cap
    return not alone and (row[i - 1].cap or row[i].tier < 1)


def relation_before(row: Sequence[Token], i: int) -> str:
    """The label of "my friend", "his older sister", "our neighbor" before the i-th word, or ""."""
    if i < 1 or row[i].stop:
        return ""
    label = RELATIONS.get(word(row, i - 1), "")
    if not label or row[i - 1].tail:
        return ""
    near = row[max(0, i - 4) : i - 1]
    return label if any(one.low in OWNERS or one.tail == "'s" for one in near) else ""


def named_before(row: Sequence[Token], i: int) -> bool:
    """Whether the i-th word stands after "called", "named", "name is", "goes by", "known as"."""
    if not tied(row, i):
        return False
    one, two, three = word(row, i - 1), word(row, i - 2), word(row, i - 3)
    if one == "called":
        return two not in CALLERS or bool(row[i - 2].tail)
    if one in ("name", "nickname"):
        return row[i - 1].tail == "'s" or two not in (*ARTICLES, "what")
    if one in ("is", "was", "it"):
        return two in ("name", "nickname", "names")
    short = one == "for" and two == "short" and three in ("is", "it", "was", "that")
    return short or one in NAMING or (one, two) in (("by", "goes"), ("by", "go"), ("as", "known"))


def calls_before(row: Sequence[Token], i: int) -> bool:
    """Whether the i-th word stands after "call him", "they call me"."""
    called = word(row, i - 2) in ("call", "calls", "called", "calling")
    return tied(row, i) and called and word(row, i - 1) in CALLED


def asked_of(row: Sequence[Token], i: int) -> bool:
    """Whether the i-th word is the subject of a question: "what would X say"."""
    return tied(row, i) and word(row, i - 1) in HELPERS and word(row, i + 1) in BASE_VERBS


def answers_name(turns: Turns, turn: int) -> bool:
    """Whether the turn before asks for a name at its end."""
    return turn > 0 and bool(ASKS_NAME.search(turns.texts[turn - 1][-160:]))
