"""Receiving uploads: in memory, each file up to the readers' limit, none lost without a word.

Django's own handler for memory leaves out all files of a request that is too large as a whole,
silently. This one takes file by file and says which were too large.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest

from reattune.readers.decode import MAX_BYTES

MOST_BYTES = 256 << 20  # of one request; what comes after that is not kept
TOO_LARGE, NOT_TAKEN = "too-large", "not-taken"


class Memory(FileUploadHandler):
    """Keeps files in memory and notes in `refused` those that it did not keep, as (name, why)."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.refused: list[tuple[str, str]] = []
        self.all = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)
        self.file, self.size = BytesIO(), 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Take a piece; the rest of a file that is too large is passed over."""
        del start
        self.size += len(raw_data)
        self.all += len(raw_data)
        if self.all > MOST_BYTES:
            self.refused.append((self.file_name or "", NOT_TAKEN))
            raise StopUpload(connection_reset=False)
        if self.size > MAX_BYTES:
            self.file = BytesIO()
            self.refused.append((self.file_name or "", TOO_LARGE))
            raise SkipFile
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """The file."""
        self.file.seek(0)
        return InMemoryUploadedFile(
            self.file,
            self.field_name,
            self.file_name,
            self.content_type,
            file_size,
            self.charset,
            self.content_type_extra,
        )
