"""Parses server-sent events from bytes, by the HTML standard (section 9.2), and some that break it.

Some servers part events by single newlines. The usual parsers lose the
first event to a BOM, split lines at U+2028, and take a `charset` header at its word.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import NamedTuple


class ServerSentEvent(NamedTuple):
    """A dispatched event: its data in UTF-8, and its name; "message" if the stream named none."""

    data: bytes
    event: str = "message"


class SSEDecoder:
    """A decoder that is fed with bytes and returns the events that they complete."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data = bytearray()  # the values of the incomplete event, joined
        self._data_size = 0  # bytes of its lines of data; 0 for none
        self._event = ""
        self._is_first_line = True
        self._is_after_cr = False

    @property
    def size(self) -> int:
        """Return the bytes of the incomplete event, with its line ends and names of fields."""
        return self._data_size + len(self._line)

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Return the events that `chunk` completes, in order."""
        # A CR at the end of the previous chunk ended its line: the LF of that pair ends nothing.
        if self._is_after_cr and chunk[:1] == b"\n":
            chunk = chunk[1:]
            self._is_after_cr = False
        if not chunk:
            return []
        self._is_after_cr = chunk[-1:] == b"\r"
        # On bytes, splitlines() splits at CR, LF and CRLF only, as the standard demands.
        lines = chunk.splitlines()
        incomplete_line = b"" if chunk[-1:] in b"\r\n" else lines.pop()
        events: list[ServerSentEvent] = []
        for line in lines:
            if self._line:
                line = bytes(self._line) + line
                self._line.clear()
            if line or self._data_size or self._event or self._is_first_line:
                events += self._end_line(line)
        self._line += incomplete_line
        return events

    def end(self) -> list[ServerSentEvent]:
        """Return the events that the end of the stream completes; none that is cut in mid-JSON."""
        line = bytes(self._line)
        self._line.clear()
        events = [*(self._end_line(line) if line else ()), *self._dispatch()]
        return [event for event in events if event.data.endswith((b"}", b"]"))]

    def _end_line(self, line: bytes) -> list[ServerSentEvent]:
        if self._is_first_line:
            self._is_first_line = False
            line = line.removeprefix(BOM_UTF8)
        if not line:
            return self._dispatch()
        if line.startswith(b"{"):  # an error without a field, of older servers
            return [*self._dispatch(), ServerSentEvent(line)]
        ended: list[ServerSentEvent] = []
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            # No JSON value continues with another object: a new event begins without a blank line.
            if self._data.endswith(b"}") and value.startswith((b"{", b"[DONE]")):
                ended = self._dispatch()
            self._add_data(line, value)
        elif name == b"event":
            if self._event and self._data_size:
                ended = self._dispatch()
            self._event = value.decode("utf-8", "replace")
        elif name == b"error":  # llama.cpp until autumn 2025: an event of that name
            self._event = "error"
            self._add_data(line, value)
        return ended

    def _add_data(self, line: bytes, value: bytes) -> None:
        if self._data_size:
            self._data += b"\n"
        self._data += value
        self._data_size += len(line) + 1  # a line without a value counts, too

    def _dispatch(self) -> list[ServerSentEvent]:
        event = ServerSentEvent(bytes(self._data), self._event or "message")
        has_data = bool(self._data_size)
        self._data.clear()
        self._data_size = 0
        self._event = ""
        return [event] if has_data else []
