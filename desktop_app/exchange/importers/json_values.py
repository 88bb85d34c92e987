"""Reads the values of a JSON file one by one, so that a large file does not fill the memory.

A list yields its items; other files yield their values, one or, as in JSONL, several. A list of 300
MB parsed at once takes 1.5 GB.
"""

from __future__ import annotations

import json
import re
from codecs import getincrementaldecoder, lookup_error, register_error
from collections.abc import Iterator
from typing import Any, Final

from desktop_app.domain.errors import ImportRefusedError
from desktop_app.exchange.importers.imported_conversation import (
    damaged_conversation_error,
    parse_json,
)

MAX_VALUE_CHARS: Final = 512 * 1024**2
"""Of a value: a conversation, or all that one object has. Parsed, it takes up to the fivefold."""

# Some programs write control characters into texts as they are.
_DECODER: Final = json.JSONDecoder(strict=False)
_SPACES: Final = re.compile(r"[ \t\n\r]*")
# Also matches a string whose end has not been read; its group is then empty.
_STRING_OR_BRACKET: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[\[\]{}]', re.S)
_TITLE: Final = re.compile(r'"(?:title|name)"\s*:\s*("(?:[^"\\]|\\.)*+")', re.S)
_MAX_TITLE_DISTANCE: Final = 10_000  # from the beginning of a conversation
_SCALAR: Final = re.compile(r"[^,\[\]{}\s]+")
_LONGEST_TOKEN: Final = len('"\\uD83D\\uDE00')  # of those that an error points to the start of


def _half_or_mark(exc: UnicodeError) -> tuple[str | bytes, int]:
    """Decode half of a surrogate pair, which Python's JSON can contain; mark other bad bytes."""
    try:
        return lookup_error("surrogatepass")(exc)
    except UnicodeError:
        return lookup_error("replace")(exc)


register_error("half-or-mark", _half_or_mark)


def decode(data: memoryview) -> str:
    """Return UTF-8 as text; bytes that are none become U+FFFD."""
    return str(data, "utf-8", "half-or-mark")


def read_values(chunks: Iterator[bytes]) -> Iterator[Any]:
    """Yield the values, and an ImportRefusedError for one that is too large or nested too deeply.

    So does a damaged line of JSONL, such as the last that a program wrote before it was killed.

    Bytes that are no text in the file's encoding become U+FFFD.

    Raises json.JSONDecodeError if the file is not JSON, after the values before the error.
    """
    text = _Text(chunks)
    if text.next_char() != "[":
        is_first = True
        while text.next_char():
            try:
                yield text.take_value()
            except json.JSONDecodeError as exc:
                if is_first:
                    raise
                text.skip_line()
                yield damaged_conversation_error(None, exc)
            is_first = False
        return
    text.take_char()
    if text.next_char() == "]":
        text.take_char()
    else:
        mark = ","
        while mark == ",":
            text.next_char()
            yield text.take_value()
            mark = text.next_char()
            text.take_char()
        if mark != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", "", 0)
    if text.next_char():
        raise json.JSONDecodeError("Extra data", "", 0)


class _Text:
    """The text of a file from the current position on, as far as it was needed."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        first = next(chunks, b"")
        encoding = json.detect_encoding(first[:4])
        self._decoder = getincrementaldecoder(encoding)(errors="half-or-mark")
        self._text = self._decoder.decode(first)
        self._position = 0
        self._is_complete = False

    def _read_more(self) -> None:
        """Read at least as much as there is: so a long value is parsed few times."""
        pieces = [self._text[self._position :]]
        missing = len(pieces[0]) or 1
        while missing > 0 and not self._is_complete:
            chunk = next(self._chunks, b"")
            self._is_complete = not chunk
            pieces.append(self._decoder.decode(chunk, final=self._is_complete))
            missing -= len(pieces[-1])
        self._text = "".join(pieces)
        self._position = 0

    def next_char(self) -> str:
        """Go to the next character that is no white space, and return it; "" at the end."""
        while True:
            spaces = _SPACES.match(self._text, self._position)
            self._position = spaces.end() if spaces else self._position
            if self._position < len(self._text) or self._is_complete:
                return self._text[self._position : self._position + 1]
            self._read_more()

    def take_char(self) -> None:
        self._position += 1

    def skip_line(self) -> None:
        while (end := self._text.find("\n", self._position)) < 0 and not self._is_complete:
            self._position = len(self._text)
            self._read_more()
        self._position = end + 1 if end >= 0 else len(self._text)

    def take_value(self) -> Any:
        """Return the value here, and go to its end."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._position)
            except json.JSONDecodeError as exc:
                if self._is_complete or not self._is_cut(exc):
                    raise
            except (ValueError, RecursionError) as exc:  # its nesting or a number is too large
                return self._skip_value(exc)
            else:
                # The rest of a number may follow.
                if end < len(self._text) or self._is_complete:
                    self._position = end
                    return value
            if len(self._text) - self._position > MAX_VALUE_CHARS:
                return self._skip_value(ValueError(f"larger than {MAX_VALUE_CHARS >> 20} MB"))
            self._read_more()

    def _is_cut(self, exc: json.JSONDecodeError) -> bool:
        """Return True if more text may mend an error."""
        is_at_end = exc.pos >= len(self._text) - _LONGEST_TOKEN
        return is_at_end or exc.msg.startswith("Unterminated string")

    def _skip_value(self, cause: Exception) -> ImportRefusedError:
        """Go to the end of a value that is not parsed, holding little of it; return its error."""
        title = _TITLE.search(self._text, self._position, self._position + _MAX_TITLE_DISTANCE)
        error = damaged_conversation_error({"title": title and parse_json(title[1])}, cause)
        depth = 0
        while True:
            if scalar := not depth and _SCALAR.match(self._text, self._position):
                self._position = scalar.end()
                if scalar.end() < len(self._text) or self._is_complete:
                    return error
            for token in _STRING_OR_BRACKET.finditer(self._text, self._position):
                if token[1] == "":  # only the beginning of the string was read
                    self._text = f'"{self._text[token.end() :]}'
                    self._position = 0
                    break
                mark = self._text[token.start()]
                depth += (mark in "[{") - (mark in "]}")
                if depth == 0:
                    self._position = token.end()
                    return error
            else:
                self._position = len(self._text)
            if self._is_complete:
                raise json.JSONDecodeError(str(cause), "", 0)
            self._read_more()
