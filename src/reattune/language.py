"""Whether the words are English, the one language the model and the risk screen were made for.

A plain method: the share of words that are common in English, where those that other languages
have too count half, and the script of the letters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reattune.errors import LanguageError
from reattune.types import MARK, Note, Session

SESSION_WORDS, SESSION_LETTERS = 40, 20
"""A session is judged from this many words upward, or this many letters if most are not Latin."""

SESSION_SHARE = 0.15
"""A session below this is refused. The 497 English sessions at hand have 0.54 to 0.74, sessions in
the eleven other languages of the tests at most 0.06; one that is half interpreted passes."""

TURN_WORDS, TURN_SHARE = 8, 0.14
"""A turn of at least this many words below this share is left out: 1 of 17,641 English turns that
long (a list of bills), 72 of 73 in the other languages."""

# Common words that other languages written in Latin letters hardly use; contractions lack their
# apostrophe, as in much speech recognition, and numbers are there because people list them.
ENGLISH = frozenset(
    """
    the and that this these those there then than they them their theirs you your yours yourself
    youre youve youd youll its she shes herself him his himself who whos whose what whats which
    when where why how with without from into about because cause cos been being were are arent
    isnt wasnt werent have havent having hasnt hadnt does doesnt dont doing done did didnt could
    couldnt would wouldnt should shouldnt cant cannot might must wont ill ive im hes theyre theyve
    well weve lets not nothing nobody never always maybe just like really very quite only even
    still again too much many more most some something someone somebody any anything anyone anybody
    every everything everyone everybody other another each both all know think thought feel feeling
    feels felt say saying said says tell telling told talk talking mean means make makes made
    making get gets getting got gonna wanna going went gone come comes came coming take took look
    looking see saw seen put things thing people time day today week last next back right good
    better bad little bit kind sort yeah yes yep nah sure guess suppose sorry thank thanks please
    first after before while if but out up down through here now myself ourselves themselves our
    ours my it can will until though although since enough around away own old new work working
    home need needs help try trying keep start stop happen happened happens wrong hard same
    different long way aye wee didnae wasnae cannae dunno reckon okay one two three four five six
    seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty ninety hundred
    thousand second third half quarter month months weeks year years days monday tuesday wednesday
    thursday friday saturday sunday january february march april may june july august september
    october november december knows wants
    """.split()
)
# Common words that German, Dutch, the Romance or Slavic languages or Turkish have too.
SHARED = frozenset(
    "a am an as at be by do for go had has he her i in is me no of off on or over so to us was we "
    "want um uh er erm mm".split()
)

# Single letters are no evidence, "a" and "I" apart: people spell names and read eye charts.
_WORD = re.compile(r"\b[ai]\b|[^\W\d_]{2,}(?:['’][^\W\d_]+)*|[^\W\d_]['’][^\W\d_]+")
_TAG = re.compile(rf"{MARK.pattern}|<[^<>\n]{{1,40}}>")
_LATIN = re.compile(r"[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")


@dataclass(frozen=True, slots=True)
class Count:
    """Of some text: words, how many of them are English (shared ones half), letters, Latin ones."""

    words: int = 0
    english: float = 0.0
    letters: int = 0
    latin: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.words + other.words,
            self.english + other.english,
            self.letters + other.letters,
            self.latin + other.latin,
        )

    @property
    def share(self) -> float:
        """English words of all words; 0 where most letters are of another script."""
        return 0.0 if self.other_script or not self.words else self.english / self.words

    @property
    def other_script(self) -> bool:
        """Whether most letters are not Latin."""
        return self.latin * 2 < self.letters


def looks_english(text: str) -> float | None:
    """The share of words common in English, 0 to 1, or None for a text without words.

    English talk has about two thirds, other languages less than a tenth, text in another script 0.
    A handful of words may have any share.
    """
    count = _count(text)
    return count.share if count.words else None


def check_language(session: Session, *, any_language: bool = False) -> tuple[Note, ...]:
    """A note "turns-not-english" with the turns that are not English; nothing if there are none.

    LanguageError "not-english" when the session as a whole is not, unless `any_language`.
    """
    counts = [_count(turn.text) for turn in session.turns]
    if not any_language:
        _refuse(sum(counts, Count()), session.source)
    turns = tuple(i for i, count in enumerate(counts) if _is_other(count))
    if not turns:
        return ()
    many = "1 turn does" if len(turns) == 1 else f"{len(turns)} turns do"
    what = "scored all the same." if any_language else "not scored."
    return (Note("turns-not-english", f"{many} not look English; {what}", turns),)


def _count(text: str) -> Count:
    said = _TAG.sub(" ", text).lower()
    words = [word.replace("’", "").replace("'", "") for word in _WORD.findall(said)]
    english = sum(1.0 if word in ENGLISH else 0.5 if word in SHARED else 0.0 for word in words)
    letters = sum(map(len, words))
    latin = letters if said.isascii() else len(_LATIN.findall("".join(words)))
    return Count(len(words), english, letters, latin)


def _is_other(count: Count) -> bool:
    """Whether a turn is long enough to tell, and not English."""
    if count.other_script:
        return count.letters - count.latin >= SESSION_LETTERS or count.words >= TURN_WORDS
    return count.words >= TURN_WORDS and count.share < TURN_SHARE


def _refuse(whole: Count, source: str) -> None:
    """LanguageError for a session that is long enough to tell, and not English."""
    script = whole.other_script and whole.letters >= SESSION_LETTERS
    if not script and (whole.words < SESSION_WORDS or whole.share >= SESSION_SHARE):
        return
    what = (
        "Most letters are not Latin" if script else f"{whole.share:.0%} of the words look English"
    )
    raise LanguageError(
        "not-english",
        f"{what}, and only English can be analyzed.",
        where=source,
        remedy="Use --any-language to score it anyway; no accuracy is known for that.",
    )
