"""The files that a text came from, or is exported to."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final, NamedTuple

from desktop_app.foreign_file import open_file
from desktop_app.texts.text_edits import word_edits

_MAX_DIFF_LINES: Final = 2000
_LINE_END: Final = re.compile("\r\n|[\n\r\u2029]")
"""What ends a line in the editor. A file may have several of them."""
_UTF_8: Final = "utf-8"
_MARKS: Final = {
    codecs.BOM_UTF8: _UTF_8,
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark is its beginning
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_CODECS: Final = (
    *("cp1252", "iso8859_15", "iso8859_2", "cp1250", "cp1251", "koi8_r", "koi8_u", "cp1253"),
    *("iso8859_7", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "iso8859_1", "cp874"),
    *("cp932", "euc_jp", "iso2022_jp_2", "gb18030", "big5hkscs", "cp949", "utf_16_le", "utf_16_be"),
    *("cp437", "cp850", "cp866", "mac_roman"),
)
"""Encodings of old files, those of one language together, the most frequent first."""
DELETED: Final = "-"
INSERTED: Final = "+"


class FileState(NamedTuple):
    """A file as it is on disk.

    Attributes:
        data: its content; None if there is no such file.
        codec: Python's name of its encoding.
        mode: its permissions; None if there is no such file.
    """

    data: bytes | None
    codec: str = _UTF_8
    mode: int | None = None

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the content; "" without a file."""
        return "" if self.data is None else hashlib.sha256(self.data).hexdigest()

    @property
    def text(self) -> str | None:
        """Return the content as text, its lines ended by LF; None in another encoding."""
        raw = self._raw
        return None if raw is None else _LINE_END.sub("\n", raw)

    def read_as(self, text: str) -> FileState:
        """Return the state with the encoding in which the file is this text, if there is one.

        Outer white space does not count: the readers of documents leave it out.
        """
        if self.text is not None:
            return self
        for codec in _CODECS:
            found = self._replace(codec=codec)
            if found.text is not None and found.text.strip() == text.strip():
                return found
        return self

    @property
    def _mark(self) -> bytes:
        return next((mark for mark in _MARKS if (self.data or b"").startswith(mark)), b"")

    @property
    def _codec(self) -> str:
        return _MARKS.get(self._mark, self.codec)

    @property
    def _raw(self) -> str | None:
        try:
            return (self.data or b"")[len(self._mark) :].decode(self._codec)
        except UnicodeDecodeError:
            return None

    def keeps_encoding(self, text: str) -> bool:
        """Return True if the file's encoding is known and has all letters of a text."""
        try:
            text.encode(self._codec)
        except UnicodeEncodeError:
            return self._codec == _UTF_8  # half characters, which no encoding has
        return self.text is not None

    def encode(self, text: str) -> bytes:
        """Return a text as bytes in the file's encoding, with its byte order mark.

        If that lacks letters of the text, it is UTF-8. Lines that the file has, too, keep their
        ends; others get the one that is most common there.
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
        joined = "".join(map("".join, zip(lines, ends, strict=True)))
        if self.keeps_encoding(joined):
            return self._mark + joined.encode(self._codec, "replace")
        return joined.encode(_UTF_8, "replace")


def read_state(path: Path) -> FileState:
    """Return the state of a file. Raises OSError, RefusedFileError."""
    try:
        with open_file(path) as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            return FileState(file.read(), mode=mode)
    except FileNotFoundError:
        return FileState(None)


class Piece(NamedTuple):
    """A part of a difference.

    Attributes:
        change: DELETED, INSERTED, or "" for what stays.
    """

    text: str
    change: str = ""


def differences(old: str, new: str) -> list[Piece]:
    """Return what differs, by words, with a line around it; nothing if nothing does.

    The end of a line that comes or goes is shown as "¶".
    """
    pieces: list[Piece] = []
    old_lines, new_lines = old.split("\n"), new.split("\n")
    count = 0
    for group in SequenceMatcher(None, old_lines, new_lines).get_grouped_opcodes(1):
        if group[0][1] or pieces:
            pieces.append(Piece("…\n"))
        for tag, old_start, old_end, new_start, new_end in group:
            before = "\n".join(old_lines[old_start:old_end])
            after = "\n".join(new_lines[new_start:new_end])
            if tag == "equal":
                pieces.append(Piece(f"{before}\n"))
            elif tag == "replace":
                pieces += _word_pieces(before, after)
                pieces.append(Piece("\n"))
            else:
                change = DELETED if tag == "delete" else INSERTED
                pieces.append(_changed(f"{before or after}\n", change))
        count += max(group[-1][2] - group[0][1], group[-1][4] - group[0][3])
        if count > _MAX_DIFF_LINES:
            pieces.append(Piece("…"))
            break
    return pieces


def _word_pieces(before: str, after: str) -> Iterator[Piece]:
    done = 0
    for start, end, text in word_edits(before, after):
        yield from filter(
            lambda piece: piece.text,
            (
                Piece(before[done:start]),
                _changed(before[start:end], DELETED),
                _changed(text, INSERTED),
            ),
        )
        done = end
    yield Piece(before[done:])


def _changed(text: str, change: str) -> Piece:
    return Piece(text.replace("\n", "¶\n"), change)
