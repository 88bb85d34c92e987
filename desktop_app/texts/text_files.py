"""The files that a text came from, or is exported to."""

from __future__ import annotations

import codecs
import hashlib
from difflib import unified_diff
from pathlib import Path
from typing import Final, NamedTuple

from desktop_app.foreign_file import open_file

_MAX_DIFF_LINES: Final = 2000


class FileState(NamedTuple):
    """A file as it is on disk.

    Attributes:
        data: its content; None if there is no such file.
    """

    data: bytes | None

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the content; "" without a file."""
        return "" if self.data is None else hashlib.sha256(self.data).hexdigest()

    @property
    def text(self) -> str | None:
        """Return the content as text; None if it is not UTF-8."""
        try:
            return (self.data or b"").decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            return None

    def encode(self, text: str) -> bytes:
        """Return a text as bytes, with the line ends and the byte order mark of the file."""
        data = self.data or b""
        ends = data.count(b"\n")
        lines = text.replace("\n", "\r\n") if ends and ends == data.count(b"\r\n") else text
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        return mark + lines.encode("utf-8", "replace")


def read_state(path: Path) -> FileState:
    """Return the state of a file. Raises OSError, RefusedFileError."""
    try:
        with open_file(path) as file:
            return FileState(file.read())
    except FileNotFoundError:
        return FileState(None)


def differences(old: str, new: str) -> str:
    """Return the lines that differ, with those around them; "" if none does."""
    lines = list(unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1))[2:]
    lines = ["…" if line.startswith("@@") else line for line in lines]
    shown = lines[:_MAX_DIFF_LINES]
    return "\n".join([*shown, *(["…"] if len(lines) > len(shown) else [])])
