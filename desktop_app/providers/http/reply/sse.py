"""Parses server-sent events from bytes, by the HTML standard (section 9.2).

The decoder does no I/O and keeps only the incomplete event. It collects bytes until a line ends, so
chunks may split a character. Event names are decoded as UTF-8, whatever a header says. Each byte is
read once, however small the chunks are. Data is not decoded: as a str, 16 MB with one emoji would
take 64 MB.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import Final, NamedTuple

from desktop_app.providers.http.reply.reply_limits import MAX_EVENT_BYTES, EventTooLargeError

_LINE_COST: Final = 64
"""Bytes of memory that a line of data takes beyond its content."""
_MAX_FIELD_BYTES: Final = 1024
"""Maximum bytes of a line of any field but data. A longer line is ignored."""


class ServerSentEvent(NamedTuple):
    """A dispatched event.

    Attributes:
        data: the bytes received, in UTF-8 if the server follows the standard.
        event: the name; "message" if the stream named none.
    """

    data: bytes | bytearray
    event: str = "message"


class SSEDecoder:
    """A decoder that is fed with bytes and returns the events that they complete.

    An event that is incomplete when the stream ends is never dispatched, as the standard demands.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._line = bytearray()
        self._data: list[bytes | bytearray] = []
        self._size = 0
        self._event = ""
        self._is_first_line = True
        self._is_after_cr = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Return the events that `chunk` completes, in order.

        Raises:
            EventTooLargeError: the incomplete event exceeds the decoder's limit.
        """
        events: list[ServerSentEvent] = []
        # A CR at the end of the previous chunk ended its line: the LF of that pair ends nothing.
        if self._is_after_cr and chunk[:1] == b"\n":
            chunk = chunk[1:]
            self._is_after_cr = False
        if not chunk:
            return events
        self._is_after_cr = chunk[-1:] == b"\r"
        # On bytes, splitlines() splits at CR, LF and CRLF only, as the standard demands.
        lines = chunk.splitlines()
        incomplete_line = b"" if chunk[-1:] in b"\r\n" else lines.pop()
        for piece in lines:
            line: bytes | bytearray = piece
            if self._line:
                line = self._line
                self._line = bytearray()
                line += piece
            event = self._end_line(line)
            if event is not None:
                events.append(event)
        self._line += incomplete_line
        if self._size + len(self._line) > self._max_event_bytes:
            raise EventTooLargeError
        return events

    def _end_line(self, line: bytes | bytearray) -> ServerSentEvent | None:
        if self._is_first_line:
            self._is_first_line = False
            line = line.removeprefix(BOM_UTF8)
        if not line:
            return self._dispatch()
        if line[:5] == b"data:" or line == b"data":
            self._size += len(line) + _LINE_COST
            start = 6 if line[5:6] == b" " else 5
            if isinstance(line, bytearray):
                del line[:start]  # avoids a copy of a long line
            else:
                line = line[start:]
            self._data.append(line)
        elif line[:1] != b":":
            self._size += len(line)
            if len(line) <= _MAX_FIELD_BYTES:
                name, _, value = line.decode("utf-8", "replace").partition(":")
                if name == "event":  # ids and retry times are for clients that reconnect
                    self._event = value.removeprefix(" ")
                elif name == "error":  # llama.cpp until autumn 2025: an event of that name
                    self._event = name
                    self._data.append(value.removeprefix(" ").encode())
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        data, event = self._data, self._event
        self._data = []
        self._event = ""
        self._size = 0
        if not data:
            return None
        joined_data = data[0] if len(data) == 1 else b"\n".join(data)
        return ServerSentEvent(joined_data, event or "message")
