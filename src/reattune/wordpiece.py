"""BERT's uncased WordPiece tokenizer in plain Python.

Devlin et al. 2019. Gives the same ids as the `tokenizers` library on the text of sessions (tested),
without its 35 MB and its network client.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

UNKNOWN, START, END = "[UNK]", "[CLS]", "[SEP]"
LONGEST_WORD = 100  # characters; longer words are unknown, as in the reference
CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """Text to token ids with a vocabulary of one token a line."""

    def __init__(self, vocabulary: list[str]) -> None:
        self.ids = {token: i for i, token in enumerate(vocabulary)}
        self.pieces = lru_cache(maxsize=50_000)(self._pieces)

    def encode(self, text: str, *, longest: int) -> list[int]:
        """Token ids with start and end; over `longest` the middle is left out.

        A turn's opening and its end carry more of what it does than its middle.
        """
        body = [id for word in split_words(text) for id in self.pieces(word)]
        room = longest - 2
        if len(body) > room:
            body = body[: room - room // 2] + body[len(body) - room // 2 :]
        return [self.ids[START], *body, self.ids[END]]

    def _pieces(self, word: str) -> tuple[int, ...]:
        """Greedy longest match from the left; the unknown token if any part has no match."""
        if len(word) > LONGEST_WORD:
            return (self.ids[UNKNOWN],)
        found: list[int] = []
        start = 0
        while start < len(word):
            end, id = self._longest(word, start)
            if id is None:
                return (self.ids[UNKNOWN],)
            found.append(id)
            start = end
        return tuple(found)

    def _longest(self, word: str, start: int) -> tuple[int, int | None]:
        prefix = "##" if start else ""
        for end in range(len(word), start, -1):
            id = self.ids.get(prefix + word[start:end])
            if id is not None:
                return end, id
        return start, None


def split_words(text: str) -> Iterator[str]:
    """Lower-cased words without accents; each punctuation mark and CJK character on its own."""
    for chunk in _clean(text).split():
        plain = unicodedata.normalize("NFD", chunk.lower())
        yield from _split_punctuation("".join(c for c in plain if unicodedata.category(c) != "Mn"))


def _clean(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(_clean_character(c) for c in text)


@lru_cache(maxsize=10_000)
def _clean_character(c: str) -> str:
    if c in "\t\n\r" or unicodedata.category(c) == "Zs":
        return " "
    if c in "\0�" or unicodedata.category(c) in ("Cc", "Cf", "Cn", "Co", "Cs"):
        return ""
    return f" {c} " if any(low <= ord(c) <= high for low, high in CJK) else c


def _split_punctuation(word: str) -> Iterator[str]:
    start = 0
    for i, c in enumerate(word):
        if _is_punctuation(c):
            if i > start:
                yield word[start:i]
            yield c
            start = i + 1
    if start < len(word):
        yield word[start:]


@lru_cache(maxsize=10_000)
def _is_punctuation(c: str) -> bool:
    ascii_mark = 33 <= ord(c) <= 126 and not c.isalnum()
    return ascii_mark or unicodedata.category(c).startswith("P")
