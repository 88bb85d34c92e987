"""The files that a text came from, or is exported to."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from difflib import SequenceMatcher, unified_diff
from pathlib import Path
from typing import Final, NamedTuple

from desktop_app.foreign_file import open_file

_MAX_DIFF_LINES: Final = 2000
_LINE_END: Final = re.compile("\r\n|[\n\r\u2029]")
"""What ends a line in the editor. A file may have several of them."""


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
        """Return the content as text, its lines ended by LF; None if it is not UTF-8."""
        raw = self._raw
        return None if raw is None else _LINE_END.sub("\n", raw)

    @property
    def _raw(self) -> str | None:
        try:
            return (self.data or b"").decode("utf-8-sig")
        except UnicodeDecodeError:
            return None

    def encode(self, text: str) -> bytes:
        """Return a text as bytes, with the byte order mark of the file.

        Lines that the file has, too, keep their ends; others get the one that is most common there.
        """
        raw = self._raw or ""
        old_ends = _LINE_END.findall(raw)
        counts = Counter(old_ends).most_common()
        lines = text.split("\n")
        ends = [counts[0][0] if counts else "\n"] * len(lines)
        if len(counts) > 1:
            matcher = SequenceMatcher(None, _LINE_END.split(raw), lines)
            for start, new_start, size in matcher.get_matching_blocks():
                kept = old_ends[start : start + size]  # the last line has no end
                ends[new_start : new_start + len(kept)] = kept
        ends[-1] = ""
        mark = codecs.BOM_UTF8 if (self.data or b"").startswith(codecs.BOM_UTF8) else b""
        joined = "".join(map("".join, zip(lines, ends, strict=True)))
        return mark + joined.encode("utf-8", "replace")


def read_state(path: Path) -> FileState:
    """Return the state of a file. Raises OSError, RefusedFileError."""
    try:
        with open_file(path) as file:
            return FileState(file.read())
    except FileNotFoundError:
        return FileState(None)


def differences(old: str, new: str) -> str:
    """Return the lines that differ, with those around them; "" if none does."""
    lines = list(unified_diff(old.split("\n"), new.split("\n"), lineterm="", n=1))[2:]
    lines = ["…" if line.startswith("@@") else line for line in lines]
    shown = lines[:_MAX_DIFF_LINES]
    return "\n".join([*shown, *(["…"] if len(lines) > len(shown) else [])])
