"""Everything Reattune raises on purpose.

ReattuneError
├── InputError        a file, a form or an argument that cannot be used
├── RoleError         who is the therapist is not clear enough to go on
├── LanguageError     the words are not in a language the model was made for
├── ModelError        weights missing, damaged or of another version
├── DependencyError   an optional package is not installed
└── OutputError       a result could not be written

Each error says what is wrong, where, and what to do; its `slug` is an anchor in docs/errors.md.
"""

from __future__ import annotations


class ReattuneError(Exception):
    """Root of the tree. `where` is a file name, with line or turn; `remedy` one imperative."""

    exit_code = 1

    def __init__(self, slug: str, what: str, *, where: str = "", remedy: str = "") -> None:
        self.slug, self.what, self.where, self.remedy = slug, what, where, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head} {self.remedy}".rstrip()


class InputError(ReattuneError):
    """A file, form or argument that cannot be used as it is."""

    exit_code = 3


class RoleError(ReattuneError):
    """Who the therapist is cannot be told with enough confidence; `speakers` are the labels."""

    exit_code = 4

    def __init__(
        self, slug: str, what: str, *, where: str = "", remedy: str = "", speakers: tuple[str, ...]
    ) -> None:
        self.speakers = speakers
        super().__init__(slug, what, where=where, remedy=remedy)


class LanguageError(ReattuneError):
    """The words do not look like English, the one language the model was made for."""

    exit_code = 5


class ModelError(ReattuneError):
    """The weights are missing, damaged or belong to another version."""

    exit_code = 6


class DependencyError(ReattuneError):
    """An optional package is missing; the remedy is its install line."""

    exit_code = 7


class OutputError(ReattuneError):
    """A result could not be written; nothing partial is left behind."""

    exit_code = 8
