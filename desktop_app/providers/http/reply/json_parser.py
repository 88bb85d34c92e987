"""A JSON parser for replies of any size, in short steps and within limits.

`json.loads` holds the interpreter lock from the first byte to the last: the window freezes for 0.4
s per 32 MB, even if a thread parses. Here no call into C takes more than a millisecond or two, so
the window stays responsive while a thread parses. `json.loads` does not limit memory either: 32 MB
of "[]," become 700 MB of lists. This parser counts memory as it goes.

It accepts what `json.loads` accepts, except for numbers of more than 400 digits and values nested
more than 500 deep. Bytes that are not UTF-8 become U+FFFD.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from typing import Any, Final

MAX_VALUE_BYTES: Final = 100 * 1024 * 1024
"""The most bytes of memory for all values, as estimated here."""
MAX_STRING_BYTES: Final = 64 * 1024 * 1024
"""The most bytes of memory for one string, which exists twice while its pieces are joined."""
MAX_CONTAINERS: Final = 200_000
"""The most objects and lists: the garbage collector visits each, 0.1 s per million."""
MAX_OBJECT_NAMES: Final = 50_000
"""The most names in one object: its table is rebuilt as it grows, 0.1 s per million."""
MAX_DEPTH: Final = 500

_BLANKS: Final = re.compile(rb"[ \t\n\r]{0,65536}")
_NUMBER: Final = re.compile(
    rb"-?(?:0|[1-9][0-9]{0,399}+)(\.[0-9]{1,400}+)?([eE][-+]?[0-9]{1,400}+)?(?![0-9.eE])"
)
# A run of numbers, as in embeddings: `json.loads` parses a few kilobytes of them far faster than
# this parser does one by one.
_NUMBERS: Final = re.compile(rb"(?:[-+.0-9eE]{1,400},[ \t\n\r]{0,80}){8,1024}")
_LITERAL: Final = re.compile(rb"true|false|null|NaN|-?Infinity")
_LITERALS: Final[dict[bytes, Any]] = {
    b"true": True,
    b"false": False,
    b"null": None,
    b"NaN": float("nan"),
    b"Infinity": float("inf"),
    b"-Infinity": float("-inf"),
}
# At most some hundred kilobytes of a string. A surrogate pair, or a multibyte character, is never
# split.
_TEXT: Final = re.compile(
    rb"(?:[ !#-\[\]-\x7f]{1,64}+"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb'|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
    rb"|[\xc0-\xff][\x80-\xbf]{0,3}+|[\x80-\xbf]){1,4096}+"
)
# A common string after its opening quote: short, ASCII, without escapes.
_SHORT_TEXT: Final = re.compile(rb'([ !#-\[\]-\x7f]{0,64}+)"')
_WIDE_CHARACTER: Final = re.compile(rb"[\xf0-\xff]|\\u[dD][89abAB]")
_MAX_SHARED_NAMES: Final = 1024

# Estimated bytes of memory of a value, without its content.
_SCALAR_COST: Final = 32
_TEXT_COST: Final = 60
_LIST_COST: Final = 100
_OBJECT_COST: Final = 240


class ValueTooLargeError(Exception):
    """The value would take too much memory."""


def parse(data: bytes | bytearray) -> Any:
    """Return the parsed value.

    It takes about a second per 10 MB: call it in a thread.

    Raises:
        ValueError: `data` is not JSON, or nested more than 500 deep.
        ValueTooLargeError
    """
    return _Parser(data).parse()


class _Parser:
    """A parser of one value, with the position that it has reached."""

    def __init__(self, data: bytes | bytearray) -> None:
        self._data = data
        self._position = len(BOM_UTF8) if data.startswith(BOM_UTF8) else 0
        self._bytes_left = MAX_VALUE_BYTES
        self._containers_left = MAX_CONTAINERS
        self._names: dict[str, str] = {}  # objects in a list usually share their names

    def parse(self) -> Any:
        """Return the value. The open containers are kept in a list: there is no recursion."""
        # Each open container, with the name of its next value: "" in a list.
        stack: list[tuple[list[Any] | dict[str, Any], str]] = []
        while True:
            value, is_open = self._begin_value()
            if is_open:
                name = "" if isinstance(value, list) else self._parse_name()
                stack.append((value, name))
                if len(stack) > MAX_DEPTH:
                    raise ValueError("nested too deeply")
                continue
            while stack:
                container, name = stack[-1]
                if isinstance(container, list):
                    container.append(value)
                else:
                    container[name] = value
                    if len(container) > MAX_OBJECT_NAMES:
                        raise ValueTooLargeError
                if self._accept(b","):
                    if not isinstance(container, list):
                        stack[-1] = (container, self._parse_name())
                    break
                self._expect(b"]" if isinstance(container, list) else b"}")
                value, _ = stack.pop()
            else:
                if self._peek_byte():
                    raise ValueError(f"more behind the value, at {self._position}")
                return value

    def _begin_value(self) -> tuple[Any, bool]:
        """Return the next value and True if it is a container with content to come."""
        first = self._peek_byte()
        if first == b'"':
            self._position += 1
            return self._parse_text(), False
        if first == b"[":
            self._position += 1
            self._count_container(_LIST_COST)
            numbers = self._parse_numbers()
            # A run of numbers ends with a comma, so a value follows it, not the end of the list.
            is_empty = not numbers and self._accept(b"]")
            return numbers, not is_empty
        if first == b"{":
            self._position += 1
            self._count_container(_OBJECT_COST)
            return {}, not self._accept(b"}")
        return self._parse_scalar(), False

    def _peek_byte(self) -> bytes:
        """Skip blanks. Return the byte that comes next, or b"" at the end."""
        first = self._data[self._position : self._position + 1]
        if first and first not in b" \t\n\r":
            return bytes(first)
        while True:
            blanks = _BLANKS.match(self._data, self._position)
            if blanks is None or blanks.end() == self._position:
                return bytes(self._data[self._position : self._position + 1])
            self._position = blanks.end()

    def _accept(self, token: bytes) -> bool:
        """Skip `token` if it comes next. Return True if it did."""
        if self._data.startswith(token, self._position):
            self._position += 1
            return True
        is_next = self._peek_byte() == token
        self._position += is_next
        return is_next

    def _expect(self, token: bytes) -> None:
        if not self._accept(token):
            raise ValueError(f"{token.decode()} expected at {self._position}")

    def _spend_memory(self, size: int) -> None:
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise ValueTooLargeError

    def _count_container(self, cost: int) -> None:
        self._containers_left -= 1
        if self._containers_left < 0:
            raise ValueTooLargeError
        self._spend_memory(cost)

    def _parse_name(self) -> str:
        self._expect(b'"')
        name = self._parse_text()
        self._expect(b":")
        if len(self._names) == _MAX_SHARED_NAMES:
            self._names.clear()
        return self._names.setdefault(name, name)

    def _parse_numbers(self) -> list[Any]:
        """Return the numbers at the start of a list that commas follow; [] if fewer than 8."""
        row: list[Any] = []
        self._peek_byte()  # skips blanks
        while match := _NUMBERS.match(self._data, self._position):
            numbers = json.loads(b"[" + match[0].rstrip()[:-1] + b"]")
            self._spend_memory(_SCALAR_COST * len(numbers))
            row += numbers
            self._position = match.end()
        return row

    def _parse_scalar(self) -> Any:
        self._spend_memory(_SCALAR_COST)
        match = _NUMBER.match(self._data, self._position)
        if match is not None:
            self._position = match.end()
            is_whole = match[1] is None and match[2] is None
            return int(match[0]) if is_whole else float(match[0])
        match = _LITERAL.match(self._data, self._position)
        if match is None:
            raise ValueError(f"no value at {self._position}")
        self._position = match.end()
        return _LITERALS[bytes(match[0])]

    def _parse_text(self) -> str:
        """Return the string whose opening quote has been read."""
        if short := _SHORT_TEXT.match(self._data, self._position):
            self._position = short.end()
            self._spend_memory(len(short[1]) + _TEXT_COST)
            return short[1].decode("ascii")
        pieces: list[str] = []
        length = 0
        width = 1  # bytes of memory per character, as the widest needs
        while match := _TEXT.match(self._data, self._position):
            self._position = match.end()
            raw = match[0]
            text = raw.decode("utf-8", "replace")
            if b"\\" in raw:
                text = json.loads(f'"{text}"')
            if not text.isascii():
                width = 4 if _WIDE_CHARACTER.search(raw) else max(width, 2)
            length += len(text)
            if length * width > min(MAX_STRING_BYTES, self._bytes_left):
                raise ValueTooLargeError
            pieces.append(text)
        if self._data[self._position : self._position + 1] != b'"':
            raise ValueError(f"a string that does not end, at {self._position}")
        self._position += 1
        self._spend_memory(length * width + _TEXT_COST)
        return "".join(pieces)
