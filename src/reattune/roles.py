"""Who is the therapist: told, stated by the labels, or inferred from how people talk.

Every speaker gets a role and the session a `RoleGuess` that says how it came about; words are
never changed. The inference is a logistic regression on differences between speakers
(`COEFFICIENTS`): training/fit_roles.py makes its numbers, docs/roles.md says how often it is right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reattune.errors import InputError, RoleError
from reattune.types import MARK, Role, RoleGuess, Session, Turn, role_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


VERSION = "inferred/1"

MIN_CONFIDENCE = 0.97
"""Under this nobody's role is guessed. Of the guesses above it on held-out stretches of ten turns
and more one in 409 was wrong, on corpora unlike those of the fit one in 259 (docs/roles.md)."""

MIN_TURNS, MIN_TURNS_MANY, SHORT_CONFIDENCE = 10, 40, 0.9
"""With fewer turns than 10 (between two) or 40 (among more) too many confident guesses were wrong,
so confidence stops at 0.9."""

BIT_PART = 0.05
"""Among more than two, who speaks less than this share of the words is not guessed at: a stray
voice, or a fragment that speech recognition gave to nobody."""

HIGHEST = 0.999
"""No guess claims more: of the guesses above 0.99 on held-out sessions 0.999 were right."""

BY_ELIMINATION = 0.98
"""Confidence in a therapist whose own label says nothing while the other's says "client"."""

DOMINANT = 4.0
"""Of several people beside the therapist, who speaks less than a quarter of the words of the most
talkative is taken for a third person, not for a client who shares the hour."""

# Words that state a role anywhere in a label. Weak ones count only if no strong one is about.
THERAPIST = _words(
    "therapist psychotherapist cotherapist counselor counsellor clinician psychologist "
    "psychiatrist provider interviewer investigator practitioner psychoanalyst"
)
THERAPIST_WEAK = _words(
    "dr doctor gp physician analyst coach nurse helper facilitator worker advisor adviser "
    "examiner operator listener volunteer physiotherapist pharmacist"
)
CLIENT = _words(
    "client clients patient patients participant interviewee respondent consumer couple"
)
CLIENT_WEAK = _words("caller texter visitor student pupil user helpee")
PARTNER = _words("partner husband wife spouse boyfriend girlfriend fiance fiancee")
RELATIVE = _words(
    "mother father mom mum dad parent parents son daughter child sister brother guardian carer "
    "family grandmother grandfather"
)
OTHER = _words("interpreter translator observer narrator receptionist supervisor researcher")
# Words and codes that state a role only as the whole label, numbers aside.
WHOLE: Mapping[str, Role] = {
    **dict.fromkeys(_words("th ther tx psy coun inv"), "therapist"),
    **dict.fromkeys(_words("cl cli pt pat par"), "client"),
    **dict.fromkeys(
        _words(
            "o oth other unknown unidentified unclear all both everyone multiple crosstalk system "
            "bot recording announcement"
        ),
        "other",
    ),
}
# Codes that state roles only side by side: "C" alone may be the counselor, "T" alone may be Tom.
PAIRS = frozenset({("t", "c"), ("t", "p"), ("d", "p"), ("i", "p"), ("i", "r"), ("q", "a")})
# In these formats T, C and O are defined, so that each states a role by itself.
LETTERS_STATE = frozenset({"turns", "jsonl"})

_LEAD = r"(?:(?:um+|uh+|er+|erm|oh|ah|well|and|but|so|okay|ok|right|yeah|mm+|hmm+)\W+){0,4}"
# What is counted, on lower-case words without apostrophes: turns in which a pattern occurs ...
TURN_CUES: Mapping[str, re.Pattern[str]] = {
    "question_mark": re.compile(r"\?"),
    "asks": re.compile(
        rf"^\W*{_LEAD}(?:what|how|when|where|which|who|why|do|did|are|is|have|has|can|could|would"
        r"|will|any)\b|\btell me\b|\b(?:what|how) (?:is|are|was|were|do|did|does|would|about|else"
        r"|kind|often|long|many|much)\b|\b(?:do|did|are|have|can|could|would) you\b"
    ),
    "so_you": re.compile(r"\bso (?:youre|youve|you|your|if you|when you|what|how)\b|sounds like"),
    "proposes": re.compile(
        r"\b(?:shall we|would you (?:like|be)|do you want to|would it help|(?:how about|what if) we"
        r"|how would|how does|does that|is that ok(?:ay)?|what would|could we|we could"
        r"|c(?:an|ould) i (?:ask|check)|i wonder|im wondering|i was wondering|what was that like"
        r"|whats that like|how was that|what happen(?:s|ed)|what makes)\b"
    ),
    "acknowledges": re.compile(
        r"^\W*(?:mm+|mhm|mm-?hm+|uh-?huh|okay|ok|right|great|good|sure|all ?right|i see|i hear"
        r"|i understand|thank you|thanks)\b"
    ),
    "answers": re.compile(
        r"^\W*(?:(?:um+|uh+|er+|well|oh)\W+){0,2}(?:yeah|yes|no|nah|nope|yep|yup|aye|not"
        r"|dont know|dunno|i|im|ive|id|my|because|cause|cos|like)\b"
    ),
}
# ... and words of a kind.
WORD_CUES: Mapping[str, frozenset[str]] = {
    "you": _words("you your youre youve yours youd youll yourself"),
    "i": _words("i im ive id ill me my mine myself"),
    "they": _words("he she they him her his them their hes shes theyre mum mom dad husband wife"),
    "we": _words("we us lets our weve"),
    "wonders": _words(
        "wonder wondering hear hearing notice noticing curious sounds seems imagine mentioned "
        "saying describing feels session sessions together here today might perhaps sense part "
        "bit sort"
    ),
    "tells": _words(
        "dont cant just really like guess know whatever because cause cos thing stuff got went "
        "was had did didnt said never anyway"
    ),
}
PHRASES: Mapping[str, str] = {
    "question_mark": "asks more questions",
    "asks": "words more turns as questions",
    "so_you": 'reflects ("so you ...", "sounds like ...")',
    "proposes": "asks leave and proposes more",
    "acknowledges": "acknowledges more",
    "answers": "answers less",
    "you": 'says "you" more',
    "i": 'says "I" less',
    "they": "talks less about other people",
    "we": 'says "we" more',
    "wonders": "wonders and notices more",
    "tells": "tells fewer stories",
    "length": "speaks in longer turns",
}
# Shrinkage: each speaker starts with this many turns (or words) at this rate.
PRIOR_TURNS, PRIOR_TURN_RATE = 2.0, 0.2
PRIOR_WORDS, PRIOR_WORD_RATE = 40.0, 0.03
PRIOR_LENGTH = 2.3  # mean of log(1 + words) over turns

# Made by training/fit_roles.py: logistic regression without intercept on the difference of two
# speakers' log rates. Who opens is left out: in corpora that were written or cut for their purpose
# the therapist nearly always does.
COEFFICIENTS: Mapping[str, float] = {
    "question_mark": 0.64,
    "asks": 0.29,
    "so_you": 0.20,
    "proposes": 1.20,
    "acknowledges": 0.38,
    "answers": -0.48,
    "you": 2.68,
    "i": -1.36,
    "they": -1.94,
    "we": 1.38,
    "wonders": 1.24,
    "tells": -2.05,
    "length": 2.09,
}

_NOISE = re.compile(r"<[^<>\n]{1,40}>")  # tags some exporters leave in, besides [marks]
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Speaker:
    """One speaker: `label` as first written, its `tokens`, their `turns`, and the stated role."""

    label: str
    tokens: tuple[str, ...]
    turns: tuple[Turn, ...]
    stated: Role = "unknown"

    @property
    def words(self) -> int:
        """Words spoken, marks apart."""
        return sum(len(_WORD.findall(MARK.sub(" ", turn.text))) for turn in self.turns)


def assign_roles(session: Session, *, therapist: str | None = None) -> Session:
    """The same turns with their roles, and `roles` saying how sure that is and why.

    `therapist` names the therapist's label (any case, a unique beginning will do) and settles it.
    Otherwise the labels do where they state it, else the manner of talking; under
    `MIN_CONFIDENCE` the undecided stay "unknown" and `roles` holds the best guess. RoleError
    "unknown-speaker" when nobody, or more than one speaker, bears the name given.
    """
    told_before = session.roles is not None and session.roles.by == "told"
    if therapist is None and (told_before or not session.turns):
        return session
    speakers = _state(_speakers(session))
    if therapist is not None:
        named = _find(session, speakers, therapist)
        guess = RoleGuess("told", 1.0, speakers[named].label, "You said who the therapist is.")
        roles = _settle(_overrule(speakers, named), named)
    else:
        roles, guess = _decide(speakers)
    turns = tuple(replace(turn, role=roles[_key(turn.speaker)]) for turn in session.turns)
    return replace(session, turns=turns, roles=guess)


def require_roles(session: Session) -> None:
    """Nothing when the session has a therapist and a client.

    InputError "one-speaker" when fewer than two people speak, RoleError "roles-unclear" when it is
    not clear who is who.
    """
    speakers = _speakers(session)
    if len(speakers) < 2:
        raise _one_speaker(session, tuple(speakers.values()))
    if not {"therapist", "client"} <= {turn.role for turn in session.turns}:
        raise _unclear(session, tuple(speakers.values()))


# --- what the labels state -----------------------------------------------------------------------


def _key(label: str) -> str:
    """A label without case, stray space and a closing colon."""
    return " ".join(label.casefold().split()).rstrip(": ")


def _speakers(session: Session) -> dict[str, Speaker]:
    """The speakers by key in order of appearance, with the roles that their turns came with.

    Roles that an earlier inference set are no statements, nor are those that a reader took from a
    letter outside our own formats.
    """
    inferred = session.roles is not None and session.roles.by == VERSION
    grouped: dict[str, list[Turn]] = {}
    for turn in session.turns:
        grouped.setdefault(_key(turn.speaker), []).append(turn)
    made = {}
    for key, turns in grouped.items():
        letter = role_of(key) if len(key) == 1 and session.format not in LETTERS_STATE else None
        stated = [t.role for t in turns if t.role not in ("unknown", letter) and not inferred]
        label = turns[0].speaker.strip()
        made[key] = Speaker(label, _tokens(key), tuple(turns), stated[0] if stated else "unknown")
    return made


def _tokens(key: str) -> tuple[str, ...]:
    """The words of a label: letters only, so that numbered forms read like plain ones."""
    return tuple(_WORD.findall(key.replace("co-", "co")))


def _state(speakers: dict[str, Speaker]) -> dict[str, Speaker]:
    """The speakers with the roles their labels state, strong words first."""
    said = {key: speaker.stated for key, speaker in speakers.items()}
    for rule in (_whole, _relation, _strong):
        said = {k: r if r != "unknown" else rule(speakers[k].tokens) for k, r in said.items()}
    said = _pair(speakers, said)
    said = _add(said, {k: _weak(speakers[k].tokens, said) for k in said})
    people = [role for role in said.values() if role != "other"]
    if len(people) > 1 and set(people) == {"therapist"}:
        said = {k: "unknown" if r == "therapist" else r for k, r in said.items()}
    return {key: replace(speaker, stated=said[key]) for key, speaker in speakers.items()}


def _add(said: dict[str, Role], more: Mapping[str, Role]) -> dict[str, Role]:
    """`said`, with `more` where it says nothing and unless `more` gives everybody one role."""
    fresh = {k: more.get(k, "unknown") if r == "unknown" else r for k, r in said.items()}
    alone = len(said) > 1 and len(set(fresh.values())) == 1
    return said if alone else fresh


def _whole(tokens: tuple[str, ...]) -> Role:
    return WHOLE.get(tokens[0], "unknown") if len(tokens) == 1 else "unknown"


def _relation(tokens: tuple[str, ...]) -> Role:
    """A partner is a client too; "Client's mother" is no client, whatever the first word says."""
    if not _names_relation(tokens):
        return "unknown"
    return "client" if tokens[-1] in PARTNER else "other" if len(tokens) > 1 else "unknown"


def _names_relation(tokens: tuple[str, ...]) -> bool:
    """Whether a label is a relation ("Mother", "Effie's mum"), not a surname such as Son."""
    if not tokens or tokens[-1] not in RELATIVE | PARTNER:
        return False
    return len(tokens) == 1 or "s" in tokens or tokens[0] in CLIENT


def _strong(tokens: tuple[str, ...]) -> Role:
    words = frozenset(tokens)
    if words & OTHER:
        return "other"
    if words & THERAPIST:
        return "therapist"
    return "client" if words & CLIENT else "unknown"


def _pair(speakers: dict[str, Speaker], said: dict[str, Role]) -> dict[str, Role]:
    """Roles from one-letter codes, which mean something only beside their partner."""
    letters = {s.tokens[0] for s in speakers.values() if len(s.tokens) == 1}
    found: dict[str, Role] = {}
    for first, second in PAIRS:
        if first in letters and second in letters:
            found |= {first: "therapist", second: "client"}
    codes = {k: found.get("".join(s.tokens), "unknown") for k, s in speakers.items()}
    return _add(said, codes)


def _weak(tokens: tuple[str, ...], said: Mapping[str, Role]) -> Role:
    words = frozenset(tokens)
    if words & THERAPIST_WEAK and "therapist" not in said.values():
        return "therapist"
    return "client" if words & CLIENT_WEAK and "client" not in said.values() else "unknown"


def _find(session: Session, speakers: dict[str, Speaker], name: str) -> str:
    """The key of the one speaker called `name`, or whose label or one of its words begins so."""
    wanted = _key(name)
    if wanted in speakers:
        return wanted
    by_start = [key for key in speakers if wanted and key.startswith(wanted)]
    by_word = [k for k, s in speakers.items() if wanted and _any_starts(s.tokens, wanted)]
    for found in (by_start, by_word):
        if len(found) == 1:
            return found[0]
    known = ", ".join(f'"{speaker.label}"' for speaker in speakers.values())
    what = "More than one speaker" if by_start or by_word else "No speaker"
    raise RoleError(
        "unknown-speaker",
        f'{what} is called "{name}"; the speakers are {known or "none"}.',
        where=session.source,
        remedy="Give --therapist one of these names.",
        speakers=tuple(speaker.label for speaker in speakers.values()),
    )


def _any_starts(tokens: Iterable[str], start: str) -> bool:
    return any(token.startswith(start) for token in tokens)


# --- deciding ------------------------------------------------------------------------------------


def _decide(speakers: dict[str, Speaker]) -> tuple[dict[str, Role], RoleGuess]:
    """Roles by key from labels or manner of talking; the undecided stay "unknown"."""
    stated = [key for key, speaker in speakers.items() if speaker.stated == "therapist"]
    if stated:
        label = speakers[stated[0]].label
        return _settle(speakers, stated[0]), RoleGuess(
            "labels", 1.0, label, "The labels say who is who."
        )
    undecided: dict[str, Role] = {key: speaker.stated for key, speaker in speakers.items()}
    candidates = _candidates(speakers)
    if not candidates or len(speakers) < 2:
        return undecided, RoleGuess(VERSION, 0.0, None, "Nobody here could be the therapist.")
    best, guess = _guess(speakers, candidates)
    return (_settle(speakers, best) if guess.confidence >= MIN_CONFIDENCE else undecided), guess


def _candidates(speakers: dict[str, Speaker]) -> list[str]:
    """Who may be the therapist: no role stated, no relative, and named (or one of two)."""
    return [
        key
        for key, speaker in speakers.items()
        if speaker.stated == "unknown"
        and not _names_relation(speaker.tokens)
        and (key or len(speakers) == 2)
    ]


def _guess(speakers: dict[str, Speaker], candidates: list[str]) -> tuple[str, RoleGuess]:
    """The likeliest therapist by elimination or by manner of talking."""
    if len(candidates) == 1 and any(s.stated == "client" for s in speakers.values()):
        label = speakers[candidates[0]].label
        why = "The other labels say who the client is."
        return candidates[0], RoleGuess("labels", BY_ELIMINATION, label, why)
    if len(candidates) == 1:
        why = "Only one speaker is left who could be the therapist."
        return candidates[0], RoleGuess(VERSION, 0.5, speakers[candidates[0]].label, why)
    candidates = _main_parts(speakers, candidates)
    cues = {key: speaker_cues(turn.text for turn in speakers[key].turns) for key in candidates}
    chances = therapist_chances(list(cues.values()))
    confidence, best = max(zip(chances, candidates, strict=True), key=lambda pair: pair[0])
    fewest = MIN_TURNS if len(candidates) == 2 else MIN_TURNS_MANY
    short = sum(len(speakers[key].turns) for key in candidates) < fewest
    confidence = min(confidence, SHORT_CONFIDENCE if short else HIGHEST)
    why = _because(speakers[best].label, cues[best], [cues[k] for k in candidates if k != best])
    return best, RoleGuess(VERSION, round(confidence, 4), speakers[best].label, why)


def _main_parts(speakers: dict[str, Speaker], candidates: list[str]) -> list[str]:
    """The candidates without those who hardly speak, unless fewer than two would be left."""
    words = {key: speakers[key].words for key in candidates}
    main = [key for key in candidates if words[key] >= BIT_PART * sum(words.values())]
    return main if len(main) > 1 else candidates


def _overrule(speakers: dict[str, Speaker], named: str) -> dict[str, Speaker]:
    """The speakers with labels put aside that contradict what we were told."""
    if speakers[named].stated in ("therapist", "unknown"):
        return speakers
    return {
        key: replace(speaker, stated="client") if speaker.stated == "therapist" else speaker
        for key, speaker in speakers.items()
    }


def _settle(speakers: dict[str, Speaker], therapist: str) -> dict[str, Role]:
    """Everybody's role once the therapist is known (docs/roles.md says it in words)."""
    roles: dict[str, Role] = {k: s.stated for k, s in speakers.items()} | {therapist: "therapist"}
    open_ = {k: speakers[k].words for k, role in roles.items() if role == "unknown"}
    if len(open_) > 1 or "client" in roles.values():
        open_.pop("", None)
    if "client" in roles.values():
        return roles | dict.fromkeys(open_, "other")
    most = max(open_.values(), default=0)
    return roles | {k: "client" if w * DOMINANT >= most else "other" for k, w in open_.items()}


# --- how people talk -----------------------------------------------------------------------------


def speaker_cues(texts: Iterable[str]) -> dict[str, float]:
    """One speaker's log rate of each cue, shrunk so that few words say little."""
    counts = dict.fromkeys([*TURN_CUES, *WORD_CUES], 0)
    turns = words = 0
    length = 0.0
    for text in texts:
        said = _NOISE.sub(" ", MARK.sub(" ", text)).lower().replace("’", "").replace("'", "")
        tokens = _WORD.findall(said)
        turns, words, length = turns + 1, words + len(tokens), length + math.log1p(len(tokens))
        for cue, pattern in TURN_CUES.items():
            counts[cue] += pattern.search(said) is not None
        for cue, vocabulary in WORD_CUES.items():
            counts[cue] += sum(token in vocabulary for token in tokens)
    rates = {cue: _log_rate(counts[cue], turns, PRIOR_TURNS, PRIOR_TURN_RATE) for cue in TURN_CUES}
    rates |= {cue: _log_rate(counts[cue], words, PRIOR_WORDS, PRIOR_WORD_RATE) for cue in WORD_CUES}
    return rates | {"length": (length + PRIOR_TURNS * PRIOR_LENGTH) / (turns + PRIOR_TURNS)}


def _log_rate(count: int, of: int, prior: float, rate: float) -> float:
    return math.log((count + prior * rate) / (of + prior))


def therapist_chances(cues: list[dict[str, float]]) -> list[float]:
    """The probability of each speaker to be the therapist, given that exactly one of them is."""
    scores = [sum(COEFFICIENTS[cue] * rate for cue, rate in each.items()) for each in cues]
    top = max(scores)
    weights = [math.exp(score - top) for score in scores]
    return [weight / sum(weights) for weight in weights]


def _because(label: str, mine: dict[str, float], rest: list[dict[str, float]]) -> str:
    """One sentence with the two cues that told most."""
    told = {
        cue: COEFFICIENTS[cue] * (rate - sum(each[cue] for each in rest) / len(rest))
        for cue, rate in mine.items()
    }
    first, second = sorted(told, key=lambda cue: -told[cue])[:2]
    name = f'"{label}"' if label else "The speaker without a name"
    return f"{name} {PHRASES[first]} and {PHRASES[second]}."


# --- saying what is missing ----------------------------------------------------------------------


def _one_speaker(session: Session, speakers: tuple[Speaker, ...]) -> InputError:
    if speakers and speakers[0].label:
        what = "Only one person speaks, so there is no exchange to analyze."
    else:
        what = "No turn says who speaks, so there is no exchange to analyze."
    remedy = 'Start each turn with the name of its speaker, such as "T:" and "C:".'
    return InputError("one-speaker", what, where=session.source, remedy=remedy)


def _unclear(session: Session, speakers: tuple[Speaker, ...]) -> RoleError:
    """The speakers with their turns, the best guess and how sure it is."""
    listed = ", ".join(f'"{s.label}" ({len(s.turns)} turns)' for s in speakers)
    guess = session.roles
    if any(turn.role == "therapist" for turn in session.turns):
        what, remedy = f"Nobody here is the client: {listed}.", "Name the client in the labels."
    else:
        what = f"It is not clear who the therapist is: {listed}."
        remedy = "Say who it is with --therapist NAME."
    if guess is not None and guess.therapist is not None and guess.by == VERSION:
        what += f' Best guess "{guess.therapist}", confidence {guess.confidence:.2f}.'
    labels = tuple(speaker.label for speaker in speakers)
    return RoleError("roles-unclear", what, where=session.source, remedy=remedy, speakers=labels)
